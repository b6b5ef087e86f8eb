"""Where the engine keeps what in a run directory."""

import shutil
from pathlib import Path


def population(folder: Path) -> Path:
    """The population's folder."""
    return folder / "population"


def journal(folder: Path) -> Path:
    """The folder of rows."""
    return folder / "journal"


def curves(folder: Path) -> Path:
    """The folder of points of learning curves."""
    return folder / "curves"


def trunk(folder: Path, key: str) -> Path:
    """The weights at the end of a shared node: kept when the run is over."""
    return folder / "trunks" / f"{key}.safetensors"


def engine(folder: Path) -> Path:
    """Who is trained together."""
    return folder / "engine.json"


def checkpoint(folder: Path, key: str) -> Path:
    """The state of a node in flight: gone when the run is over."""
    return folder / "checkpoints" / f"{key}.safetensors"


def prepare(folder: Path) -> None:
    """Make the folders that files are written into."""
    for name in ("trunks", "checkpoints"):
        (folder / name).mkdir(parents=True, exist_ok=True)


def clear_checkpoints(folder: Path) -> None:
    """Remove what was in flight, once nothing is."""
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)
