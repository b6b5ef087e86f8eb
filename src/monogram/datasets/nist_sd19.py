"""`nist-sd19`: the paper's own data, NIST Special Database 19 in its second edition's folders.

    by_write/hsf_*/f####_##/d####_##/*.png     digits by writer, without labels
    by_class/<hex>/{train_<hex>,hsf_*}/*.png   the same images by class: <hex> is the character's
                                               ASCII code, 30 to 39 for the digits

Each image is there twice, byte for byte, so a digit's label is found by the file's hash. Both
archives are on https://www.nist.gov/srd/nist-special-database-19; unpack them into the data
folder. They are too large and too slow to unpack for a download on the way.

The images are 128×128 pixels, dark ink on white, and the digit's place in them varies. The paper
cropped a patch of 32×32, "sufficient to cover the digits in their entirety for almost all cases".
Here the patch is centred on the ink (the middle of its bounding box), so that a digit's place
tells nothing; larger ink is averaged down to 32×32 rather than cut off, since a cropped 7 is a 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path

import numpy as np
from PIL import Image

from monogram.datasets.images import SIDE
from monogram.datasets.published import data_folder
from monogram.datasets.source import Request, Source
from monogram.datasets.writers import population_of_writers
from monogram.errors import DataError
from monogram.population import Population, RawSamples, Remark, SetAside

NAME = "nist-sd19"
ADDRESS = "https://www.nist.gov/srd/nist-special-database-19"
INDIVIDUALS = 50
GLOBAL_SAMPLES = 30_000
FRAME = (128, 128)  # pixels, of a published image
INK = 128  # and brighter, once ink is bright, counts as ink
AMBIGUOUS = -1  # the label of an image that stands in two classes


def read(request: Request) -> Population:
    """The population that a request asks for."""
    folder = data_folder(request.data_dir) / NAME
    writers = Writers(_writer_folders(folder), read_labels(folder / "by_class"))
    population = population_of_writers(NAME, request, INDIVIDUALS, writers.folders, writers.read)
    if not writers.unmatched:
        return population
    remark = Remark(
        f"{len(writers.unmatched)} images of by_write",
        "have no label of their own in by_class and were left out, the first "
        f"{writers.unmatched[0]}",
    )
    return replace(population, remarks=(*population.remarks, remark))


@dataclass(eq=False)
class Writers:
    """The digits by writer, read when asked for.

    Attributes:
        folders: each writer's folder, by id.
        labels: 0 to 9 or `AMBIGUOUS`, by an image file's hash.
        unmatched: the image files of the writers read so far that have no label of their own.
    """

    folders: dict[str, Path]
    labels: dict[bytes, int]
    unmatched: list[Path] = field(default_factory=list)

    def read(self, writer: str) -> RawSamples | SetAside:
        """The labelled digits of one writer, [n, 1, 32, 32] uint8, or why they cannot be used."""
        folder = self.folders[writer]
        images, labels = [], []
        for path in sorted(folder.glob("d*/*.png")):
            content = path.read_bytes()
            label = self.labels.get(_hash(content), AMBIGUOUS)
            if label == AMBIGUOUS:
                self.unmatched.append(path)
                continue
            try:
                images.append(read_patch(path))
            except DataError as error:
                return SetAside(writer, str(error), str(folder))
            labels.append(label)
        inputs = np.array(images, dtype=np.uint8).reshape(-1, 1, SIDE, SIDE)
        return RawSamples(writer, inputs, np.array(labels, dtype=np.int64), None, str(folder))


def read_labels(folder: Path) -> dict[bytes, int]:
    """The digit on each image of `by_class`, by the file's hash.

    Raises:
        DataError: there are no digits in the folder.
    """
    labels: dict[bytes, int] = {}
    for digit in range(10):
        for path in _class_files(folder / f"{ord(str(digit)):x}"):
            key = _hash(path.read_bytes())
            labels[key] = digit if labels.get(key, digit) == digit else AMBIGUOUS
    if not labels:
        raise DataError(_missing(folder, "30/hsf_0/*.png, train_30/*.png and so on"))
    return labels


def read_patch(path: Path) -> np.ndarray:
    """The digit on an image, its ink bright and in the middle: [32, 32] uint8.

    Raises:
        DataError: the file is no image, or not one of 128×128 pixels.
    """
    try:
        with Image.open(path) as image:
            grey = 255 - np.asarray(image.convert("L"))
    except Exception as error:
        raise DataError(f"{path} cannot be read as an image: {error}") from error
    if grey.shape != FRAME:
        raise DataError(f"{path} is {grey.shape[1]}×{grey.shape[0]} pixels, not 128×128")
    return _centred(grey)


def _centred(grey: np.ndarray) -> np.ndarray:
    """A square around the ink, 32 pixels wide or averaged down to it."""
    rows, columns = np.nonzero(grey >= INK)
    if not len(rows):  # a blank image: its middle
        rows = columns = np.array([FRAME[0] // 2])
    ends = [(int(axis.min()), int(axis.max()) + 1) for axis in (rows, columns)]
    side = max(SIDE, *(stop - start for start, stop in ends))
    margin = np.pad(grey, side)
    top, left = ((start + stop - side) // 2 + side for start, stop in ends)
    patch = margin[top : top + side, left : left + side]
    if side == SIDE:
        return patch
    return np.asarray(Image.fromarray(patch).resize((SIDE, SIDE), Image.Resampling.BOX))


def _writer_folders(folder: Path) -> dict[str, Path]:
    found = {path.name: path for path in sorted((folder / "by_write").glob("hsf_*/f*_*"))}
    if not found:
        raise DataError(_missing(folder / "by_write", "hsf_0/f0000_14/d0000_14/*.png and so on"))
    return found


def _class_files(folder: Path) -> Iterator[Path]:
    for pattern in ("train_*/*.png", "hsf_*/*.png"):
        yield from folder.glob(pattern)


def _hash(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()


def _missing(folder: Path, what: str) -> str:
    return (
        f"{folder} holds no {what}; get {folder.name}.zip from {ADDRESS} and unpack it into "
        f"{folder.parent}"
    )


SOURCE = Source(
    name=NAME,
    description="NIST Special Database 19's digits by writer, from its own folders (the paper's)",
    kind="hidden factors",
    bundled=False,
    individuals=INDIVIDUALS,
    read=read,
    global_samples=GLOBAL_SAMPLES,
    downloaded=False,
)
