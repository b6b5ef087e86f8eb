"""The work directory: what a personalization needs to go on; gone when it is done.

asked.json        what was asked
base.safetensors  the base
population/       D_G and the people that are to be trained for; a link for a study's own people
trunks/           what all of them share
checkpoints/      trainings in flight
engine.json       who is trained together
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from monogram.curriculum import Recipe, parse
from monogram.errors import (
    DataError,
    NoStoreError,
    OtherRunError,
    RunError,
    SettingError,
    shorten,
)
from monogram.networks import architecture, kept_factory
from monogram.networks.architecture import Factory
from monogram.personalize.given import prepared_as
from monogram.personalize.start import Start
from monogram.personalize.trunks import find_trunks
from monogram.population import Population, open_population, save_population
from monogram.store import erase_file
from monogram.training import State, load_state, save_state

FORMAT = 1
STORE_NAME = "models.db"  # in a run directory
BASE = "base"
WHOM = ("pending", "set_aside", "redo")  # in `asked.json`: who, and not how
OWN = {
    ".lock",
    "asked.json",
    f"{BASE}.safetensors",
    "population",
    "trunks",
    "checkpoints",
    "engine.json",
}
UNFINISHED = (".part", ".old")  # endings of files that a killed process leaves


def work_folder(store: str | Path, run: Path | None) -> Path:
    """Where the work on a store is done by default: beside it, or in the run directory.

    Raises:
        SettingError: the store is on a server and there is no run.
    """
    file = sqlite_file(store)
    if file is not None:
        return Path(f"{file}.work")
    if run is None:
        raise SettingError("the store is on a server; say with --work where to keep the work")
    return run / f"{STORE_NAME}.work"


def sqlite_file(store: str | Path) -> Path | None:
    """The file of a store, or None when it is on a server."""
    if isinstance(store, Path) or "://" not in store:
        return Path(store).expanduser()
    try:
        url = make_url(store)
    except ArgumentError as error:
        raise NoStoreError(f"the store's address cannot be read: {error}") from error
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def address(store: str | Path) -> str | None:
    """A store's address as it may be written down; None when it holds a password."""
    place = str(store)
    if "://" in place:
        return None if make_url(place).password is not None else place
    return os.path.abspath(place)  # noqa: PTH100 - keeps symbolic links as they are


class Work:
    """A work directory.

    Args:
        folder: need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Within, no other process may work here.

        Raises:
            OtherRunError: the folder holds something else, which would be gone in the end.
            RunError: another process works there.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._refuse_others()
        lock = FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise RunError(
                f"another process is personalizing in {self.folder}; wait for it"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _refuse_others(self) -> None:
        names = {entry.name for entry in self.folder.iterdir()} - OWN
        foreign = sorted(name for name in names if not name.endswith(UNFINISHED))
        if foreign:
            raise OtherRunError(
                f"{self.folder} is not empty and holds no personalization's work (found "
                f"{shorten(foreign[0])!r}); choose a folder for --work that may be emptied"
            )

    def holds(self, asked: Mapping[str, Any]) -> bool:
        """Whether this work, or more of the same, was begun here and can be gone on with."""
        there = self._begun(asked)
        return there is not None and asked["pending"].items() <= there["pending"].items()

    def redo(self, how: Mapping[str, Any]) -> dict[str, int]:
        """Whom work that was begun here trains again, and the versions that are not new enough.

        Args:
            how: what must have been asked for otherwise; other work trains nobody again.
        """
        there = self._begun(how)
        return {} if there is None else there["redo"]

    def _begun(self, how: Mapping[str, Any]) -> dict[str, Any] | None:
        """What was asked, if it was the same but for whom."""
        try:
            there = self.asked()
        except RunError:
            return None
        here = json.loads(json.dumps(how))
        same = {name: value for name, value in here.items() if name not in WHOM}
        return there if same.items() <= there.items() else None

    def asked(self) -> dict[str, Any]:
        """What was asked.

        Raises:
            RunError: nothing is left to go on with.
        """
        file = self.folder / "asked.json"
        try:
            asked: dict[str, Any] = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise RunError(
                f"{self.folder} holds no work to go on with: it was finished, or never begun; "
                "give the whole command"
            ) from error
        if asked.get("format") != FORMAT:
            raise RunError(f"{file}: format {asked.get('format')!r}, this version reads {FORMAT}")
        return asked

    def begin(self, asked: Mapping[str, Any], start: Start, people: Population) -> None:
        """Write everything down; `asked.json` comes last, so that a folder with one is whole.

        Args:
            asked: plain values.
            start: what models are made from.
            people: whom for.

        Raises:
            OSError: the disk is full or the folder cannot be written.
        """
        self.clear()
        if start.run is not None and people.inputs is start.population.inputs:
            (self.folder / "population").symlink_to((start.run / "population").resolve())
        else:
            save_population(people, self.folder / "population")
        (self.folder / "trunks").mkdir()
        for key, state in start.trunks.items():
            save_state(state, self.folder / "trunks" / f"{key}.safetensors", key)
        save_state(State(0, dict(start.base), {}), self.folder / f"{BASE}.safetensors", BASE)
        self._write(asked)

    def turn_to(self, store: str | Path) -> None:
        """Go on into a store that has moved since, or is called by another name.

        Args:
            store: path or URL.

        Raises:
            RunError: nothing is left to go on with.
            OSError: the disk is full or the folder cannot be written.
        """
        self._write(self.asked() | {"store": address(store)})

    def _write(self, asked: Mapping[str, Any]) -> None:
        part = self.folder / "asked.json.part"
        part.write_text(json.dumps(asked, indent=1), encoding="utf-8")
        part.replace(self.folder / "asked.json")

    def clear(self) -> None:
        """Remove everything but the lock; `asked.json` goes first."""
        (self.folder / "asked.json").unlink(missing_ok=True)
        for entry in list(self.folder.iterdir()):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != ".lock":
                entry.unlink()

    def remove(self) -> None:
        """Remove the folder: the work is done."""
        shutil.rmtree(self.folder, ignore_errors=True)


def as_asked(start: Start) -> dict[str, Any]:
    """What a start is made of, as plain values; base, data and trunks have files of their own."""
    return {
        "format": FORMAT,
        "network": start.architecture.name,
        "curriculum": start.curriculum_text,
        "base_curriculum": start.base_curriculum,
        "recipe": asdict(start.recipe),
        "epochs": start.epochs,
        "seed": start.seed,
        "floor": start.floor,
        "evaluation_samples": start.evaluation_samples,
        "device": start.device,
        "threads": start.threads,
    }


def start_of(work: Work, network: str | Factory | None = None) -> Start:
    """The start that work was begun with.

    Args:
        work: begun.
        network: a name or a factory of the bare network, where it cannot be imported by the name
            that it had.

    Raises:
        RunError: nothing is left to go on with, or a file is damaged.
        NetworkError: the network's code is not where it was, or does not fit the base.
    """
    asked = work.asked()
    people = open_population(work.folder / "population")
    base = load_state(work.folder / f"{BASE}.safetensors", BASE, torch.device("cpu"))
    if base is None:
        raise RunError(f"{work.folder} lacks its base; give the whole command again")
    if network is None:
        kept_factory(asked["network"])  # or it is told how to say where it is now
    made = architecture(network or asked["network"], people, standardize=False)
    made = replace(prepared_as(made, base.weights, "the base"), name=asked["network"])
    start = Start(
        population=people,
        architecture=made,
        curriculum=parse(asked["curriculum"]),
        base=base.weights,
        base_curriculum=asked["base_curriculum"],
        recipe=Recipe(**asked["recipe"]),
        epochs=asked["epochs"],
        seed=asked["seed"],
        floor=asked["floor"],
        evaluation_samples=asked["evaluation_samples"],
        device=asked["device"],
        threads=asked["threads"],
    )
    plan = start.plan()
    return replace(start, trunks=find_trunks(plan, plan, work.folder / "trunks"))


def erase_work(folder: Path, individual: str) -> bool:
    """Erase interrupted work that holds an individual's data; what is committed is not touched.

    The others' models in flight are lost with it: the whole command makes them again.

    Args:
        folder: of the work; need not exist.
        individual: its id.

    Returns:
        Whether there was such work.

    Raises:
        RunError: a process works there.
    """
    if not folder.exists():
        return False
    work = Work(folder)
    with work.locked():  # also before anything is written there: who begins, may commit it
        begun = (folder / "asked.json").exists() or (folder / "population").exists()
        if not (begun and _may_hold(folder, individual)):
            return False
        for file in folder.rglob("*"):  # does not follow the link to a study's own people
            if file.is_file() and not file.is_symlink():
                erase_file(file)
        work.remove()
    return True


def _may_hold(folder: Path, individual: str) -> bool:
    try:
        people = open_population(folder / "population")
        asked = Work(folder).asked()
    except (DataError, RunError):  # begun, not whole: nobody knows whose data it is
        return True
    aside = {one.individual for one in people.set_aside}
    return individual in asked["pending"] or individual in people.individuals.keys() | aside
