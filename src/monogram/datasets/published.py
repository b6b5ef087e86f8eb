"""Published files: found in a data folder or downloaded into it, and always checked."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from monogram.datasets.download import download
from monogram.errors import DataError

VARIABLE = "MONOGRAM_DATA"


@dataclass(frozen=True)
class PublishedFile:
    """A file as its publisher offers it.

    Attributes:
        name: of the file.
        addresses: where to get it, the first choice first.
        checksums: as "md5:…" or "sha256:…"; the published one first, then those of other
            editions known to hold the same.
    """

    name: str
    addresses: tuple[str, ...]
    checksums: tuple[str, ...]


def data_folder(data_dir: Path | None) -> Path:
    """The folder that holds one folder per source: as given, $MONOGRAM_DATA or the user's cache."""
    given = data_dir or os.environ.get(VARIABLE)
    if given:
        return Path(given).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache).expanduser() / "monogram"


def obtain(
    file: PublishedFile, source: str, data_dir: Path | None = None, *, progress: bool = True
) -> Path:
    """Where the file lies, once it is there and has its checksum.

    Args:
        file: which.
        source: the source's name, which is its folder's too.
        data_dir: see `data_folder`.
        progress: whether a download shows a bar on standard error.

    Raises:
        DataError: it is not there and cannot be downloaded, or its checksum is wrong.
    """
    path = data_folder(data_dir) / source / file.name
    if not path.is_file():
        download(file.addresses, path, lambda part: verify(part, file), progress=progress)
    else:
        verify(path, file)
    return path


def verify(path: Path, file: PublishedFile) -> None:
    """Check what a file holds.

    Raises:
        DataError: its checksum is none of the known ones, or it cannot be read.
    """
    found = []
    for known in file.checksums:
        kind = known.partition(":")[0]
        if (digest := f"{kind}:{checksum(path, kind)}") == known:
            return
        found.append(digest)
    raise DataError(
        f"{path}: wrong checksum; expected {file.checksums[0]}, found {found[0]}. The file is "
        f"damaged or another edition: remove it, and it will be downloaded from {file.addresses[0]}"
    )


def checksum(path: Path, kind: str = "sha256") -> str:
    """The checksum of a file, in hexadecimal digits.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: _hash(kind)).hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def _hash(kind: str) -> "hashlib._Hash":
    return hashlib.new(kind, usedforsecurity=False)
