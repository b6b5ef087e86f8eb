"""Downloading a file that can be interrupted at any time: what has arrived is kept.

The bytes go into `<name>.part`; a later attempt asks the server for the rest (HTTP Range). The
file gets its name in one step, when all of it is there and its content has been checked.
"""

from collections.abc import Callable, Sequence
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import cast
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from filelock import FileLock
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

from monogram.errors import DataError

CHUNK = 1 << 18  # bytes
ATTEMPTS = 3  # per address, each resuming where the last one stopped
TIMEOUT = 20  # seconds without a byte
RANGE_DONE = 416  # nothing left to send


def download(
    addresses: Sequence[str],
    path: Path,
    verify: Callable[[Path], None],
    *,
    progress: bool = True,
) -> None:
    """Fetch a file from the first address that delivers it.

    Args:
        addresses: where to get it, the first choice first.
        path: where it belongs.
        verify: raises DataError unless the content of a path is the expected one.
        progress: whether to show a bar on standard error.

    Raises:
        DataError: no address delivers it, the folder cannot be written, or the content is wrong.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f"{path.name}.lock")):
            if not path.exists():  # another process may have been faster
                _download(addresses, path, verify, progress=progress)
    except OSError as error:
        raise DataError(_how_to_get(addresses, path, error)) from error


def _download(
    addresses: Sequence[str], path: Path, verify: Callable[[Path], None], *, progress: bool
) -> None:
    part = path.with_name(f"{path.name}.part")
    with _bar(progress) as bar:
        _fetch_from_any(addresses, part, bar)
    try:
        verify(part)
    except DataError:
        part.unlink()  # nothing to resume: the next attempt starts afresh
        raise
    part.replace(path)


def _fetch_from_any(addresses: Sequence[str], part: Path, bar: Progress) -> None:
    failure: Exception = OSError("no address is known")
    for address in addresses:
        for _ in range(ATTEMPTS):
            try:
                return _fetch(address, part, bar)
            except (HTTPError, HTTPException, ConnectionError, TimeoutError) as error:
                failure = error
                if isinstance(error, HTTPError):
                    break  # the server answered: asking again changes nothing
            except OSError as error:  # no network, or a full disk
                failure = error
                break
    raise OSError(str(failure)) from failure


def _fetch(address: str, part: Path, bar: Progress) -> None:
    """One attempt, from where the last one stopped."""
    have = part.stat().st_size if part.exists() else 0
    ask = Request(address, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = cast("HTTPResponse", urlopen(ask, timeout=TIMEOUT))
    except HTTPError as error:
        if have and error.code == RANGE_DONE:
            return  # all of it is there; the checksum will tell
        raise
    with answer:
        resumed = answer.status == 206
        have = have if resumed else 0
        missing = int(answer.headers["Content-Length"] or -1)
        total = have + missing if missing >= 0 else None
        task = bar.add_task(part.stem, total=total, completed=have)
        with part.open("ab" if resumed else "wb") as file:
            while chunk := answer.read(CHUNK):
                file.write(chunk)
                missing -= len(chunk)
                bar.advance(task, len(chunk))
    if missing > 0:
        raise ConnectionError(f"the connection ended {missing} bytes early")


def _bar(shown: bool) -> Progress:
    columns = ("{task.description}", BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), disable=not shown)


def _how_to_get(addresses: Sequence[str], path: Path, error: OSError) -> str:
    return (
        f"{path.name} is not in {path.parent} and could not be downloaded ({error}). "
        f"Get it from {' or '.join(addresses)} and put it into {path.parent}, or name the folder "
        "that holds it with --data-dir or MONOGRAM_DATA"
    )
