"""The run directory: everything that a study leaves, and what it needs to go on.

config.json       what was asked, versions, the data's fingerprint, git revision
population/       the data as it was used
journal/          a line for each finished model
curves/           a line for each point of a learning curve
trunks/           weights that all individuals share, among them the global-only model
checkpoints/      trainings in flight; gone when the run is over
failures.json     what failed for single individuals
results.parquet   a row for each model
summary.json      each curriculum over all individuals, the tests, the choice
report.html       the same to read
"""

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from monogram.errors import OtherRunError, RunError, shorten
from monogram.formats import joined

FORMAT = 2
AFTERWARDS = {"min_global_accuracy", "curves", "answers"}
"""What may differ when going on: no model depends on it, or `Study.check_code` compares it."""
CALLED = {"fingerprint": "the data", "first_weights": "the network's first weights"}
"""What a user calls what is compared; others by their own names."""
LONGEST = 300  # characters of an id or a curriculum
SHORT = 8  # digits of a hash
HASH = re.compile("[0-9a-f]{16,}")
LIBRARIES = ("monogram", "torch", "numpy", "scipy")
BEGUN = (".lock", "population", "config.json.part")  # what an interrupted beginning leaves


class RunDirectory:
    """A folder that one study owns.

    Args:
        folder: need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __truediv__(self, name: str) -> Path:
        """A file of the run."""
        return self.folder / name

    @property
    def begun(self) -> bool:
        """Whether it is known what the folder is for, so that it can be resumed."""
        return (self / "config.json").exists()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Within, no other process may run here; this one may lock again what it has locked.

        Raises:
            RunError: another process does.
        """
        if self.folder.is_file():
            raise OtherRunError(f"{self.folder} is a file; name a folder for the run")
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self / ".lock", is_singleton=True)
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise RunError(
                f"another process is running in {self.folder}; wait for it or choose another --out"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def check_free(self) -> None:
        """Refuse early, before data are read for nothing, where another process runs.

        Raises:
            RunError: another process does.
        """
        if (self / ".lock").exists():
            with self.locked():
                pass

    def holds(self, identity: Mapping[str, Any]) -> bool:
        """Whether the folder holds this study already; False when it is free for it.

        Args:
            identity: everything that the numbers depend on, plain values.

        Raises:
            OtherRunError: the folder holds another study, or something else.
        """
        if self.begun:
            self._compare(self.config()["study"], _plain(identity))
            return True
        foreign = sorted(p.name for p in self.folder.iterdir() if p.name not in BEGUN)
        if foreign:
            raise OtherRunError(
                f"{self.folder} is not empty and holds no run (found {foreign[0]}); "
                "choose another --out"
            )
        return False

    def record(self, identity: Mapping[str, Any], about: Mapping[str, Any]) -> None:
        """Write down what the folder is for: from then on it can be resumed by its name.

        Args:
            identity: everything that the numbers depend on, plain values.
            about: what the study is a part of, plain values.
        """
        config = {
            "format": FORMAT,
            "study": identity,
            "about": about,
            "environment": environment(),
        }
        self.write_json("config.json", config)

    def config(self) -> dict[str, Any]:
        """What was asked, as it was recorded.

        Raises:
            RunError: the folder holds no run, or one of another version.
        """
        try:
            config = json.loads((self / "config.json").read_text("utf-8"))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise OtherRunError(
                f"{self.folder} holds no run: there is no config.json; give the folder that a run "
                "was begun in"
            ) from error
        except (OSError, ValueError) as error:
            raise RunError(f"{self.folder} holds no run: {error} (config.json)") from error
        found = config.get("format") if isinstance(config, dict) else None
        if found != FORMAT:
            raise RunError(f"{self / 'config.json'}: format {found!r}, this version reads {FORMAT}")
        if not {"study", "about"} <= config.keys():
            raise RunError(f"{self / 'config.json'} is damaged: it lacks what was asked")
        return dict(config)

    def write_json(self, name: str, values: object) -> None:
        """Write a file so that it is whole or not there at all."""
        part = self / f"{name}.part"
        part.write_text(json.dumps(values, indent=1), encoding="utf-8")
        part.replace(self / name)

    def read_json(self, name: str, default: object = None) -> Any:
        """The values in a file, or the default where there is none."""
        file = self / name
        return json.loads(file.read_text("utf-8")) if file.exists() else default

    def _compare(self, there: Mapping[str, Any], here: Mapping[str, Any]) -> None:
        differences = [
            f"{CALLED.get(key, key)}: {_difference(there.get(key), here.get(key))}"
            for key in sorted((there.keys() | here.keys()) - AFTERWARDS)
            if there.get(key) != here.get(key)
        ]
        if differences:
            raise OtherRunError(
                f"{self.folder} holds another study ({'; '.join(sorted(differences, key=len))}); "
                f"to go on with what it holds give `monogram resume {self.folder}`; for another "
                "study choose another --out"
            )


def _difference(there: object, here: object) -> str:
    """Two values that differ; of lists and tables what differs in them."""
    if isinstance(there, list) and isinstance(here, list):
        told = {"there": _only(there, here), "now": _only(here, there)}
        if any(told.values()):
            return "; ".join(f"only {at}: {names}" for at, names in told.items() if names)
    if isinstance(there, dict) and isinstance(here, dict):
        keys = [key for key in there.keys() | here.keys() if there.get(key) != here.get(key)]
        return ", ".join(
            f"{key} {_difference(there.get(key), here.get(key))}" for key in sorted(keys)
        )
    return f"{_brief(there)} there, {_brief(here)} now"


def _brief(value: object) -> str:
    """A value; of a hash its first digits."""
    return value[:SHORT] if isinstance(value, str) and HASH.fullmatch(value) else repr(value)


def _only(some: list[Any], others: list[Any]) -> str:
    """The first few values that are not among the others."""
    known = set(map(str, others))
    return joined([shorten(name, LONGEST) for name in map(str, some) if name not in known])


def environment() -> dict[str, Any]:
    """What the numbers were made with."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processor_cores": os.cpu_count(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "git_revision": _git_revision(),
        "command": [_program(), *sys.argv[1:]],
    }


def _program() -> str:
    """The name of what was called; `python -m monogram` is called `__main__.py`."""
    name = Path(sys.argv[0]).name
    return "monogram" if name == "__main__.py" else name


def _git_revision() -> str | None:
    """The revision of the folder that the command was given in, if it is a git checkout."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they read back from JSON."""
    plain: dict[str, Any] = json.loads(json.dumps(values))
    return plain
