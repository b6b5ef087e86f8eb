"""`qmnist`: the paper's hidden-factor variation, handwriting by writer.

QMNIST (Yadav and Bottou, "Cold case: the lost MNIST digits", 2019, BSD licence) is MNIST with
the writer of each digit: 60,000 digits by 539 writers in the part "train", and in the part
"nist" all 402,953 digits of NIST's Special Database 19. 28×28 grey pixels, padded to 32×32; each
digit and its two flips are a group, 30 classes in all.
"""

from dataclasses import dataclass

import numpy as np

from monogram.datasets.idx import read_idx
from monogram.datasets.images import padded
from monogram.datasets.published import PublishedFile, obtain
from monogram.datasets.source import Request, Source
from monogram.datasets.writers import population_of_writers
from monogram.errors import DataError
from monogram.population import Population, RawSamples

NAME = "qmnist"
INDIVIDUALS = 50
GLOBAL_SAMPLES = 30_000
COLUMNS = 8  # of the label file
DIGIT, WRITER = 0, 2  # which of them hold the class and the writer


def _file(name: str, *checksums: str) -> PublishedFile:
    address = f"https://raw.githubusercontent.com/facebookresearch/qmnist/master/{name}"
    return PublishedFile(name, (address,), checksums)


PARTS = {
    "train": (
        _file(
            "qmnist-train-images-idx3-ubyte.gz",
            "md5:ed72d4157d28c017586c42bc6afe6370",
            # MNIST's own training images in this file's format: the digits that QMNIST
            # reconstructs, in the same order, up to ±3 of 255 in grey value.
            "sha256:71524e2cd1ad2968737f7f2f2ff69cbfc32df8ccddff51593f7cb2d4e0eb5b64",
        ),
        _file("qmnist-train-labels-idx2-int.gz", "md5:0058f8dd561b90ffdd0f734c6a30e5e4"),
    ),
    "nist": (
        _file("xnist-images-idx3-ubyte.xz", "md5:7f124b3b8ab81486c9d8c2749c17f834"),
        _file("xnist-labels-idx2-int.xz", "md5:5ed0e788978e45d4a8bd4b7caec3d79d"),
    ),
}


@dataclass(frozen=True, eq=False)
class Handwriting:
    """All digits of a part.

    Attributes:
        images: [n, 28, 28] uint8.
        digits: [n], 0 to 9.
        rows: which of them each writer wrote, by the writer's id.
        origin: the file with the images.
    """

    images: np.ndarray
    digits: np.ndarray
    rows: dict[str, np.ndarray]
    origin: str

    def of(self, writer: str) -> RawSamples:
        """The digits of one writer."""
        rows = self.rows[writer]
        return RawSamples(writer, padded(self.images[rows]), self.digits[rows], None, self.origin)


def read(request: Request) -> Population:
    """The population that a request asks for."""
    digits = read_handwriting(request)
    return population_of_writers(NAME, request, INDIVIDUALS, digits.rows, digits.of)


def read_handwriting(request: Request) -> Handwriting:
    """The two files of the part that a request asks for.

    Raises:
        DataError: a file is missing or damaged, or they do not belong together.
    """
    images, labels = (
        obtain(file, NAME, request.data_dir, progress=request.progress)
        for file in PARTS[request.part or "train"]
    )
    pixels = read_idx(images, axes=3, dtype="uint8")
    facts = read_idx(labels, axes=2, dtype="int32")
    if facts.shape != (len(pixels), COLUMNS):
        raise DataError(
            f"{labels}: expected [{len(pixels)}, {COLUMNS}] values for the images of {images}, "
            f"found {list(facts.shape)}; get both files again"
        )
    return Handwriting(pixels, facts[:, DIGIT], _rows_by_writer(facts[:, WRITER]), str(images))


def _rows_by_writer(writers: np.ndarray) -> dict[str, np.ndarray]:
    order = np.argsort(writers, kind="stable")
    ids, starts = np.unique(writers[order], return_index=True)
    pieces = np.split(order, starts[1:])
    return {f"writer {id_:04}": rows for id_, rows in zip(ids.tolist(), pieces, strict=True)}


SOURCE = Source(
    name=NAME,
    description="QMNIST, digits by writer, flipped ones as classes of their own (the paper's)",
    kind="hidden factors",
    bundled=False,
    individuals=INDIVIDUALS,
    read=read,
    parts=tuple(PARTS),
    global_samples=GLOBAL_SAMPLES,
)
