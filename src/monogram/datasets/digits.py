"""`digits`: scikit-learn's own handwritten digits, with class-count variation.

1,797 images of 8×8 pixels with 17 grey values, from the UCI "Optical Recognition of
Handwritten Digits" data (https://archive.ics.uci.edu/dataset/80). They come with scikit-learn.

The rarest digit has 174 images. 66 of a favourite class and 11 of each of three others keep the
paper's proportion of 200 to 33, give an individual 99 images (so 15 to report on), and let one
round of ten individuals leave D_G somewhat less than half: 807 images, 75 or more of each digit.
"""

import numpy as np

from monogram.datasets.class_counts import ClassCounts, share_out
from monogram.datasets.source import Request, Source
from monogram.population import Population

INDIVIDUALS = 10
GREYS = 16  # the brightest value of the original


def read(request: Request) -> Population:
    """The population that a request asks for."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 - a second to import

    found = load_digits()
    images = np.rint(found.images * (255 / GREYS)).astype(np.uint8)[:, np.newaxis]
    data = ClassCounts(
        name="digits",
        images=images,
        labels=found.target,
        classes=tuple(str(digit) for digit in range(10)),
        favourite=66,
        other=11,
        origin="scikit-learn's load_digits",
    )
    rest = np.bincount(data.labels, minlength=len(data.classes)) - data.round_share
    return share_out(data, request, INDIVIDUALS, rest.tolist())


SOURCE = Source(
    name="digits",
    description="handwritten digits that come with scikit-learn, each individual with a favourite",
    kind="class counts",
    bundled=True,
    individuals=INDIVIDUALS,
    read=read,
)
