"""Erasing an individual from a run directory, whose layout `monogram.study.rundir` describes.

Bytes are overwritten before a file is given up. What summarises all individuals (results, report)
is removed, to be made again without this one; a run that names this one nowhere keeps it.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from filelock import FileLock, Timeout
from pyarrow.lib import ArrowException

from monogram.errors import DataError, StoreError
from monogram.population import Population, Split, fingerprint, open_population

SUMMARIES = ("report.html", "summary.json", "results.parquet")  # last, what tells whose it is
LEFTOVERS = ("*.part", "*/*.part", "*.old", "*/*.old")
BEGINNING = {".lock", "population", "config.json.part"}  # what a run killed at once may leave
BLOCK = 2**20


@dataclass(frozen=True)
class RunErasure:
    """What was removed from one run directory.

    Attributes:
        folder: the run directory.
        named: the individual occurred in it, or in a run within it.
        samples: of the individual's own data, overwritten with zeros.
        journal_lines: rows of models that were its own, or were judged on it.
        curve_points: points of learning curves, likewise.
        checkpoints: trainings in flight, of anybody: their files do not say whose they are.
        summaries: files that were removed, to be made again.
        set_aside: the run named the individual as one whose data it could not use.
        in_global_data: D_G was made of this individual's data too.
        begun: the run had only begun, and all its files were erased: which samples they held, and
            whose, cannot be read.
        left: what this function could not do, in words.
    """

    folder: str
    named: bool = False
    samples: int = 0
    journal_lines: int = 0
    curve_points: int = 0
    checkpoints: int = 0
    summaries: tuple[str, ...] = ()
    set_aside: bool = False
    in_global_data: bool = False
    begun: bool = False
    left: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether anything of the individual was there, or may have been."""
        return self.named or self.begun


def is_run(folder: Path) -> bool:
    """Whether a folder is a run directory, even one whose run was interrupted as it began."""
    whole = (folder / "config.json").is_file()
    return (folder / "population").is_dir() and (whole or _has_only_begun(folder))


def _has_only_begun(folder: Path) -> bool:
    return {entry.name for entry in folder.iterdir()} <= BEGINNING


def runs_in(place: Path) -> list[Path]:
    """A run directory and those within it, such as the early-shaping curve's of a reproduction.

    None, where the place is no run directory.
    """
    if not is_run(place):
        return []
    within = (population.parent for population in place.rglob("population"))
    return sorted(folder for folder in within if is_run(folder))


def forget_in_run(folder: Path, individual: str) -> RunErasure:
    """Erase an individual from a run directory, which can be resumed for the others afterwards.

    Args:
        folder: the run directory; no process may be running in it.
        individual: its id.

    Raises:
        StoreError: the folder is no run directory, or in use, or cannot be written.
    """
    if not is_run(folder):
        raise StoreError(f"{folder} is no run directory: it has no config.json and population")
    try:
        with FileLock(folder / ".lock").acquire(timeout=0):
            if _has_only_begun(folder):
                return _erase_beginning(folder)
            return _erase(folder, individual)
    except Timeout as error:
        raise StoreError(f"a process is running in {folder}; wait for it, then forget") from error
    except (OSError, DataError, ValueError) as error:
        raise StoreError(f"{folder}: {error}; nothing more was erased there") from error


def erase_file(file: Path) -> int:
    """Overwrite a file with zeros, on the disk, and remove it; its size in bytes."""
    size = file.stat().st_size
    with file.open("r+b") as opened:
        for start in range(0, size, BLOCK):
            opened.write(bytes(min(BLOCK, size - start)))
        opened.flush()
        os.fsync(opened.fileno())
    file.unlink()
    return size


def _erase_beginning(folder: Path) -> RunErasure:
    """Erase what an interrupted beginning left; the same command begins anew."""
    population = folder / "population"
    if population.is_symlink():  # of interrupted work: the data are a study's own
        population.unlink()
    for file in [*population.glob("*"), folder / "config.json.part"]:
        if file.is_file():
            erase_file(file)
    if population.exists():
        population.rmdir()
    return RunErasure(str(folder), begun=True)


def _erase(folder: Path, individual: str) -> RunErasure:
    """Erase an individual, what does not say whose it is first and the population last.

    As long as that names the individual, there may be more to erase: a killed erasure is repeated.
    What summarises a run is also of the runs within it, which are erased after it.
    """
    people = open_population(folder / "population")
    in_global = individual in people.global_owners
    named = any(_names(run, individual) for run in runs_in(folder))
    for leftover in _leftovers(folder):
        _erase_leftover(leftover)
    checkpoints = [f for f in (folder / "checkpoints").glob("*") if named and f.is_file()]
    summaries = [folder / name for name in SUMMARIES if named and (folder / name).exists()]
    for file in [*checkpoints, *summaries]:
        erase_file(file)
    lines = sum(_in_journal(file, individual) for file in folder.glob("journal/*.jsonl"))
    points = sum(_in_journal(file, individual) for file in folder.glob("curves/*.jsonl"))
    _rewrite_json(folder / "failures.json", lambda old: _without_failures(old, individual))
    _in_config(folder, people, individual)
    samples = _in_population(folder / "population", people, individual)
    left = []
    if in_global:
        left.append(
            "its samples are still a part of D_G, and what was learned from them of the shared "
            "weights (trunks): make the population again without it, run the study in a new "
            "directory, and delete this one"
        )
    elif summaries:
        left.append(
            "its results and report were removed with it: `monogram resume` makes them again"
        )
    return RunErasure(
        folder=str(folder),
        named=named,
        samples=samples,
        journal_lines=lines,
        curve_points=points,
        checkpoints=len(checkpoints),
        summaries=tuple(file.name for file in summaries),
        set_aside=any(one.individual == individual for one in people.set_aside),
        in_global_data=in_global,
        left=tuple(left),
    )


def _names(folder: Path, individual: str) -> bool:
    """Whether a run names an individual, or a killed erasure has left something of its name."""
    if _has_only_begun(folder):
        return False
    people = open_population(folder / "population")
    config = _read_json(folder / "config.json", {})
    aside = (one.individual for one in people.set_aside)
    asked = config.get("study", {}).get("individuals", ())
    if individual in {*people.individuals, *people.global_owners, *aside, *asked}:
        return True
    written = json.dumps(individual).encode()
    texts = (leftover for leftover in _leftovers(folder) if ".json" in leftover.name)
    return (
        any(remark.is_on(individual) for remark in people.remarks)
        or any(written in text.read_bytes() for text in texts)
        or any(_concerns(row, individual) for file in _journals(folder) for _, row in _rows(file))
        or _is_in_results(folder / "results.parquet", individual)
    )


def _is_in_results(file: Path, individual: str) -> bool:
    """Whether results are of an individual too; those that cannot be read may be."""
    if not file.exists():
        return False
    try:
        columns = pq.read_table(file, columns=["individual", "evaluated_on"]).columns
    except (OSError, ArrowException):
        return True
    return any(individual in column.unique().to_pylist() for column in columns)


def _leftovers(folder: Path) -> list[Path]:
    """What killed processes left half done."""
    return [file for pattern in LEFTOVERS for file in folder.glob(pattern) if file.is_file()]


def _erase_leftover(file: Path) -> None:
    """Erase what a killed process left half done; a file in use only loses its second name."""
    in_use = file.with_suffix("")
    if in_use.exists() and in_use.samefile(file):
        file.unlink()
    else:
        erase_file(file)


def _in_population(folder: Path, people: Population, individual: str) -> int:
    """Overwrite the samples and take the id out of the index; how many samples there were."""
    split = people.individuals.get(individual)
    if split is not None:
        for name in ("inputs.npy", "labels.npy"):
            _zero(folder / name, split)

    def without(index: dict[str, Any]) -> dict[str, Any]:
        index["individuals"].pop(individual, None)
        index["set_aside"] = [s for s in index["set_aside"] if s["individual"] != individual]
        index["remarks"] = [asdict(r) for r in people.remarks if not r.is_on(individual)]
        index["global_owners"] = [o for o in index["global_owners"] if o != individual]
        return index

    _rewrite_json(folder / "population.json", without)
    return 0 if split is None else len(split)


def _zero(file: Path, split: Split) -> None:
    array = np.load(file, mmap_mode="r+", allow_pickle=False)
    array[split.train.start : split.test.stop] = 0
    array.flush()


def _in_config(folder: Path, people: Population, individual: str) -> None:
    """Take the id out of what was asked, so that the run can go on for the others."""

    def without(config: dict[str, Any]) -> dict[str, Any]:
        study = config.get("study", {})
        if individual in study.get("individuals", ()):
            others = people.individuals.keys() - {individual}
            study["individuals"] = [i for i in study["individuals"] if i in others]
            study["fingerprint"] = fingerprint(people.only(study["individuals"]))
        command = config.get("environment", {}).get("command", [])
        if any(individual == word or f"={individual}" in word for word in command):
            config["environment"]["command"] = command[:1]
        return config

    _rewrite_json(folder / "config.json", without)


def _journals(folder: Path) -> list[Path]:
    """Of finished models, and of the points of learning curves."""
    return [*folder.glob("journal/*.jsonl"), *folder.glob("curves/*.jsonl")]


def _in_journal(file: Path, individual: str) -> int:
    """Rewrite a journal without the lines of an individual; how many there were."""
    rows = list(_rows(file))
    kept = [line for line, row in rows if not _concerns(row, individual)]
    content = b"".join(line + b"\n" for line in kept)
    if len(content) < file.stat().st_size:
        _replace(file, content)
    return len(rows) - len(kept)


def _rows(file: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """The lines of a journal and what they say; one that a kill cut off is never read.

    Raises:
        ValueError: a line is damaged.
    """
    whole = file.read_bytes().split(b"\n")[:-1]
    for number, line in enumerate(whole, start=1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ValueError(
                f"{file.name}, line {number} is damaged; delete the line and forget again"
            ) from error
        yield line, row


def _concerns(row: dict[str, Any], individual: str) -> bool:
    return individual in (row.get("individual"), row.get("evaluated_on"))


def _without_failures(failures: list[dict[str, Any]], individual: str) -> list[dict[str, Any]]:
    return [failure for failure in failures if failure.get("individual") != individual]


def _read_json(file: Path, default: Any) -> Any:
    return json.loads(file.read_text("utf-8")) if file.exists() else default


def _rewrite_json(file: Path, change: Callable[[Any], Any]) -> None:
    """Change the values in a file, if it is there."""
    if file.exists():
        before = json.dumps(_read_json(file, None), indent=1)
        changed = json.dumps(change(_read_json(file, None)), indent=1)
        if changed != before:
            _replace(file, changed.encode())


def _replace(file: Path, content: bytes) -> None:
    """Put other content in a file's place, whole at every moment, and overwrite the old one."""
    part = file.with_name(f"{file.name}.part")
    with part.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    old = file.with_name(f"{file.name}.old")
    os.link(file, old)
    part.replace(file)
    erase_file(old)
