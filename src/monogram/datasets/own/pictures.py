"""Encoded images (PNG, JPEG and whatever else Pillow reads) as one array of grey or colour values.

All images of a file or folder become grey if all are, else all become colour: a network sees one
number of channels.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

SIXTEEN_BITS = {"PNG", "PPM"}  # formats whose values Pillow reads into 32 bits
GREY_MODES = {"1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "I;16N", "F"}


@dataclass(frozen=True)
class Picture:
    """An encoded image.

    Attributes:
        name: what to call it in messages.
        content: its bytes, or the file that holds them; None: it is missing.
    """

    name: str
    content: bytes | Path | None

    def open(self) -> Image.Image:
        """The image, of which only the header is read so far."""
        if self.content is None:
            raise ValueError("it is missing")
        source = BytesIO(self.content) if isinstance(self.content, bytes) else self.content
        return Image.open(source)


def read_pictures(pictures: Sequence[Picture]) -> tuple[np.ndarray, dict[int, str]]:
    """The images that can be read and have the size of most, and why the others cannot be used.

    Returns:
        [n, 1 or 3, height, width] uint8, zeros where an image cannot be used; and the reasons by
        position.
    """
    looks: dict[int, tuple[bool, tuple[int, int]]] = {}
    faults: dict[int, str] = {}
    for i, picture in enumerate(pictures):
        try:
            with picture.open() as image:
                looks[i] = (image.mode in GREY_MODES, image.size)
        except Exception as error:  # decoders raise whatever they like
            faults[i] = _unreadable(picture, error)
    sizes = Counter(size for _, size in looks.values())
    usual = sizes.most_common(1)[0][0] if sizes else (0, 0)
    mode = "L" if all(grey for grey, _ in looks.values()) else "RGB"
    images = np.zeros((len(pictures), len(mode), usual[1], usual[0]), dtype=np.uint8)
    for i, (_, size) in looks.items():
        if size != usual:
            found = f"is {_pixels(size)} pixels, most images {_pixels(usual)}"
            faults[i] = f"{pictures[i].name} {found}"
            continue
        try:
            images[i] = _values(pictures[i], mode)
        except Exception as error:  # decoders raise whatever they like
            faults[i] = _unreadable(pictures[i], error)
    return images, dict(sorted(faults.items()))


def _values(picture: Picture, mode: str) -> np.ndarray:
    """The image in one mode, [channels, height, width]."""
    with picture.open() as image:
        _check_depth(image)
        if image.mode.startswith("I"):  # 16 bits: Pillow would cut off what is above 255
            deep = (np.asarray(image).astype(np.int64) // 257).clip(0, 255).astype(np.uint8)
            values = np.asarray(Image.fromarray(deep).convert(mode))
        else:
            values = np.asarray(image.convert(mode))
    return values[np.newaxis] if mode == "L" else np.moveaxis(values, -1, 0)


def _check_depth(image: Image.Image) -> None:
    """Refuse values of 32 bits, which may mean anything; some formats' 16 bits are read as such."""
    if image.mode == "F" or (image.mode == "I" and image.format not in SIXTEEN_BITS):
        raise ValueError(
            f"its values have 32 bits, mode {image.mode}; write it with 8 or 16 bits, or give its "
            "values as a column of lists"
        )


def _pixels(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"


def _unreadable(picture: Picture, error: Exception) -> str:
    return f"{picture.name} cannot be read as an image ({error})"
