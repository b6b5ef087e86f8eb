"""Forgetting an individual, everywhere, and proving it.

The rows are deleted, the database file is rewritten without them, and its bytes are searched for
what was erased. What is found out goes into a receipt, which holds nothing of the individual but
a salted hash of its id: whoever knows the id can check that the receipt is about it.
"""

import hashlib
import json
import mmap
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from monogram.errors import StoreError
from monogram.formats import count
from monogram.store import rows
from monogram.store.catalog import Catalog
from monogram.store.exports import exported_files
from monogram.store.loaded import Loaded
from monogram.store.runs import RunErasure, erase_file, forget_in_run, runs_in
from monogram.store.values import now

NEEDLE = 32  # bytes of a delta that are searched for in one piece
NEEDLES = 32  # pieces of each delta, evenly spaced
SHORTEST_TEXT = 4  # bytes of an id that can be searched for without finding it by chance
Check = tuple[bool, str]
MARK = ".forgetting-"
HASH = 64  # characters of a SHA-256

AGAIN = "do the same again when nobody else uses the store, then the bytes are gone"
OTHER_PROCESSES = (
    "other processes that have the store open give up what they have in memory of the individual "
    "when they are next asked for it, or when they end"
)
OUTSIDE = (
    "the data that the individual's samples came from, files of predictions and exports copied "
    "elsewhere are not Monogram's to find: erase them too"
)
UNFINISHED = (
    "an earlier attempt was interrupted, or could not be verified: what it had erased already is "
    "neither counted here nor searched for by its weights"
)
COPIES = "copies that the file system, backups or the disk's own reserve made are out of reach"
POSTGRESQL = (
    "the bytes of PostgreSQL's own files cannot be searched from a client; its write-ahead log, "
    "archives of that log, replicas and backups keep them until they expire: let them"
)

WHY = (
    "Each personal model is trained on its own individual and on what its base was trained on, "
    "nobody else: the store refuses any other. Removing this individual's models therefore "
    "removes all that was learned from it, unless D_G contained it."
)


@dataclass(frozen=True)
class Receipt:
    """What was forgotten, how that was verified, and why it suffices.

    Attributes:
        id_hash: SHA-256 of the salt and the id in UTF-8, hexadecimal.
        salt: hexadecimal.
        forgotten_at: UTC, ISO 8601.
        store: where; parts of the path that bear the id are left out.
        versions: of its model that were deleted.
        rows: of the database that were deleted.
        delta_bytes: of weights that were deleted.
        cached: deltas that were given up in this process's memory.
        exports: files that were overwritten and removed.
        export_bytes: their size.
        resumed: an earlier attempt was not ended; what it erased is not counted here.
        runs: what was removed from run directories.
        verified: every check that could be made was made and found nothing.
        checks: how it was verified, and what was found.
        limits: what cannot be shown from here, and what is left to do.
        why: why it suffices.
        bases_to_retrain: hashes of bases whose D_G contained the individual.
        models_to_retrain: the individuals whose models are built on those.
        file: where the receipt was written; not a part of what is written. None: not yet.
    """

    id_hash: str
    salt: str
    forgotten_at: str
    store: str
    versions: int
    rows: int
    delta_bytes: int
    cached: int
    exports: int
    export_bytes: int
    resumed: bool
    runs: tuple[RunErasure, ...]
    verified: bool
    checks: tuple[str, ...]
    limits: tuple[str, ...]
    why: str
    bases_to_retrain: tuple[str, ...]
    models_to_retrain: tuple[str, ...]
    file: Path | None = None

    @property
    def found(self) -> bool:
        """Whether anything of the individual was there, or may have been."""
        there = self.rows or self.exports or self.resumed
        return bool(there or any(run.found for run in self.runs))

    def is_about(self, individual: str) -> bool:
        """Whether the receipt is about an individual."""
        return self.id_hash == _salted(bytes.fromhex(self.salt), individual)

    def save(self, folder: Path) -> Self:
        """Write the receipt as JSON, named by moment and hash; it knows then where it lies.

        Of the models to retrain only the number is written: a receipt outlives the people that it
        would name.
        """
        folder.mkdir(parents=True, exist_ok=True)
        moment = self.forgotten_at[:19].replace(":", "-")
        file = folder / f"forgotten-{moment}-{self.id_hash[:12]}.json"
        written = {name: value for name, value in asdict(self).items() if name != "file"}
        written["models_to_retrain"] = len(self.models_to_retrain)
        file.write_text(json.dumps(written, indent=1), encoding="utf-8")
        return replace(self, file=file)


def prepare_receipts(folder: Path) -> None:
    """Make the folder for receipts, and find out before anything is erased that it can be used.

    Raises:
        StoreError: it cannot be written.
    """
    trial = folder / f".{secrets.token_hex(8)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise StoreError(
            f"the receipt cannot be written: {error}; nothing was forgotten: choose another folder"
        ) from error


def marks_of(folder: Path, individual: str) -> list[Path]:
    """What forgetting an individual left because it was not ended: files named by salt and hash.

    Args:
        folder: for receipts.
        individual: its id.
    """
    marks = folder.glob(f"{MARK}*-*")
    return [mark for mark in marks if _salted(_salt_of(mark), individual) == mark.name[-HASH:]]


def _leave_mark(folder: Path, individual: str) -> None:
    """Say that an individual is being forgotten, so that the same again can end it."""
    salt = secrets.token_bytes(16)
    (folder / f"{MARK}{salt.hex()}-{_salted(salt, individual)}").touch()


def _salt_of(mark: Path) -> bytes:
    try:
        return bytes.fromhex(mark.name.removeprefix(MARK).partition("-")[0])
    except ValueError:
        return b""


def forget(
    catalog: Catalog,
    loaded: Loaded,
    individual: str,
    also: Sequence[Path | str],
    folder: Path,
) -> Receipt:
    """Remove an individual everywhere; see `Store.forget`.

    A mark in the folder for receipts stays until a receipt says that nothing is left. Who finds one
    goes on with what a kill interrupted or a reader was in the way of: then the rows may be gone
    already, and not their bytes.
    """
    key, places = rows.key_of(individual), [Path(place) for place in also]
    resumed = bool(marks_of(folder, individual))
    files = exported_files(catalog, individual, places, resumed=resumed)
    written = catalog.written(key)
    if not (catalog.rows_of(key) or places or resumed):
        raise loaded.unknown(individual, "there is nothing to forget")
    if not resumed:
        _leave_mark(folder, individual)
    needles = _needles(catalog, individual, written)
    runs = dict.fromkeys(run for place in places for run in runs_in(place))
    erased_runs = tuple(forget_in_run(run, individual) for run in runs)
    sizes = [erase_file(file) for file in files if file.is_file()]
    for parent in {file.parent for file in files}:
        _remove_if_empty(parent)
    deleted, tainted = catalog.erase(key)
    cached = loaded.forget(individual)
    checks, limits = prove(catalog, key, needles)
    limits += [UNFINISHED] if resumed else []
    models = sorted({id_ for base in tainted for id_ in catalog.built_on(base)})
    salt, name = secrets.token_bytes(16), catalog.database.name
    return Receipt(
        id_hash=_salted(salt, individual),
        salt=salt.hex(),
        forgotten_at=now(),
        store=_without_name(name, individual),
        versions=len(written),
        rows=deleted,
        delta_bytes=sum(row["size"] for row in written),
        cached=cached,
        exports=len(sizes),
        export_bytes=sum(sizes),
        resumed=resumed,
        runs=tuple(
            replace(run, folder=_without_name(run.folder, individual)) for run in erased_runs
        ),
        verified=all(passed for passed, _ in checks),
        checks=tuple(line.replace(name, _without_name(name, individual)) for _, line in checks),
        limits=tuple(limits),
        why=WHY if not tainted else f"{WHY} D_G of the bases below did: train them again.",
        bases_to_retrain=tuple(tainted),
        models_to_retrain=tuple(models),
    )


def prove(catalog: Catalog, key: bytes, needles: Sequence[bytes]) -> tuple[list[Check], list[str]]:
    """Rewrite the database without what was deleted and look for it.

    Args:
        catalog: of the store.
        key: of the individual.
        needles: bytes that must not be found in the database's file.

    Returns:
        The checks with what each found, and the limits of what they show.
    """
    left = catalog.rows_of(key)
    checks = [(not left, f"{left} rows of the individual are left in the database")]
    try:
        emptied = catalog.database.compact(catalog.tables)
    except StoreError as error:
        return [*checks, (False, f"the database could not be rewritten: {error}; {AGAIN}")], []
    if not emptied:
        checks.append((False, f"another process was reading, so that the log is left; {AGAIN}"))
    checks.append((True, "the database was rewritten without the deleted rows (VACUUM)"))
    limits = [OUTSIDE, OTHER_PROCESSES]
    if catalog.database.is_sqlite:
        checks.append(_search(catalog, needles))
        return checks, [*limits, COPIES]
    return checks, [*limits, POSTGRESQL]


def _search(catalog: Catalog, needles: Sequence[bytes]) -> Check:
    """Look for what was deleted in all bytes of an SQLite database.

    A piece that a model left in the store holds as well says nothing of the individual: what
    training did not change, such as zeros, is packed into the same bytes for everybody.
    """
    found: set[bytes] = set()
    searched = 0
    for file in catalog.database.files:
        if file.exists() and file.stat().st_size:
            searched += file.stat().st_size
            found |= _found(file, needles)
    left = [needle for needle in found if not catalog.has_in_weights(needle)]
    return not left, (
        f"{searched} bytes of the database's files were searched for "
        f"{count(len(needles), 'piece')} of the id, its key and the weights: {len(left)} found"
    )


def _needles(catalog: Catalog, individual: str, written: Sequence[rows.Row]) -> list[bytes]:
    """What to search for: pieces of the weights that nobody else has, the key, the id's text."""
    key, name = rows.key_of(individual), rows.id_bytes(individual)
    needles = [key]
    if len(name) >= SHORTEST_TEXT and not catalog.contains_text(individual):
        needles.append(name)
    for row in written:
        shared = catalog.has_others(row["hash"], key)
        needles += [] if shared else _pieces(catalog.content(row["number"]))
    return list(dict.fromkeys(needles))


def _pieces(content: bytes) -> list[bytes]:
    if len(content) < NEEDLE:
        return []
    tensors = 8 + int.from_bytes(content[:8], "little")  # names of tensors are in every delta
    step = max(NEEDLE, (len(content) - tensors) // NEEDLES)
    starts = range(tensors, len(content) - NEEDLE + 1, step)
    return [content[start : start + NEEDLE] for start in starts]


def _found(file: Path, needles: Sequence[bytes]) -> set[bytes]:
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as all_:
        return {needle for needle in needles if all_.find(needle) >= 0}


def _salted(salt: bytes, individual: str) -> str:
    return hashlib.sha256(salt + rows.id_bytes(individual)).hexdigest()


def _remove_if_empty(folder: Path) -> None:
    """Its name may be the individual's; nobody stands in it."""
    here = Path.cwd()
    if folder not in (here, *here.parents):
        with suppress(OSError):
            folder.rmdir()


def _without_name(place: str, individual: str) -> str:
    """A path or address without those parts that bear the id."""
    return "/".join("…" if individual in part else part for part in place.split("/"))
