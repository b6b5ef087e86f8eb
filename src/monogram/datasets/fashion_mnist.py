"""`fashion-mnist`: the paper's class-count variation, 299 images for each individual.

Fashion-MNIST (Xiao, Rasul and Vollgraf 2017, MIT licence): 60,000 training images of 28×28 grey
pixels, 6,000 of each of 10 classes, padded to 32×32. Of these D_G gets 30,000, 3,000 of each
class, and each individual 200 of a favourite class and 33 of each of three others.
"""

from monogram.datasets.class_counts import ClassCounts, share_out
from monogram.datasets.idx import read_idx
from monogram.datasets.images import padded
from monogram.datasets.published import PublishedFile, obtain
from monogram.datasets.source import Request, Source
from monogram.errors import DataError
from monogram.population import Population

NAME = "fashion-mnist"
INDIVIDUALS = 50
GLOBAL_SAMPLES = 30_000
CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def _file(name: str, *checksums: str) -> PublishedFile:
    addresses = (
        f"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/{name}",
        f"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/{name}",
    )
    return PublishedFile(name, addresses, checksums)


# The second checksum of each file is that of Debian's package dataset-fashion-mnist: the same
# compressed data, byte for byte, behind a gzip header without the file's name.
IMAGES = _file(
    "train-images-idx3-ubyte.gz",
    "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "sha256:b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
)
LABELS = _file(
    "train-labels-idx1-ubyte.gz",
    "md5:25c81989df183df01b3e8a0aad5dffbe",
    "sha256:0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
)


def read(request: Request) -> Population:
    """The population that a request asks for."""
    images, labels = (
        obtain(file, NAME, request.data_dir, progress=request.progress) for file in (IMAGES, LABELS)
    )
    data = ClassCounts(
        name=NAME,
        images=padded(read_idx(images, axes=3, dtype="uint8")),
        labels=read_idx(labels, axes=1, dtype="uint8"),
        classes=CLASSES,
        favourite=200,
        other=33,
        origin=str(images),
    )
    if len(data.images) != len(data.labels):
        raise DataError(f"{images} holds {len(data.images)} images, {labels} {len(data.labels)}")
    size = request.global_samples or GLOBAL_SAMPLES
    share, left = divmod(size, len(CLASSES))
    return share_out(data, request, INDIVIDUALS, [share + (c < left) for c in range(len(CLASSES))])


SOURCE = Source(
    name=NAME,
    description="Fashion-MNIST, each individual with a favourite kind of garment (the paper's)",
    kind="class counts",
    bundled=False,
    individuals=INDIVIDUALS,
    read=read,
    global_samples=GLOBAL_SAMPLES,
)
