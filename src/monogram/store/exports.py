"""Which files hold one individual's exported model: nothing else is erased with it.

Those that the store tracks are known; of a folder that is named besides, `config.json` must say
that it is this individual's. The store itself, somebody else's model and files whose content
nobody wrote down are refused.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monogram.errors import StoreError, shorten
from monogram.store.catalog import Catalog
from monogram.store.pretrained import CONFIG_FILE, WEIGHTS_FILE
from monogram.store.rows import key_of
from monogram.store.runs import is_run

ONNX_FILE, PROGRAM_FILE = "model.onnx", "model.pt2"  # which `monogram.export` writes
EXPORTED = (WEIGHTS_FILE, ONNX_FILE, PROGRAM_FILE, CONFIG_FILE)  # last, what tells whose they are
NOTHING_LEFT = {".lock"}  # in a folder that was erased


def exported_files(
    catalog: Catalog, individual: str, places: Sequence[Path], *, resumed: bool
) -> list[Path]:
    """Where an individual's exported models are, as far as they still are, in erasing's order.

    Args:
        catalog: of the store.
        individual: its id.
        places: what was named besides; run directories have no part in it.
        resumed: an earlier attempt was not ended: what is not there any more is passed over.

    Raises:
        StoreError: a place is not known to hold this individual's models.
    """
    files = [Path(path) for _, path in catalog.export_rows(key_of(individual))]
    for place in places:
        if not (is_run(place) or (resumed and _is_erased(place)) or is_among(place, files)):
            files += _in_folder(catalog, individual, place)
    return list({file.resolve(): file for file in files}.values())


def is_among(place: Path, files: Sequence[Path]) -> bool:
    """Whether a place is one of some files, by whatever name."""
    return place.exists() and any(file.exists() and place.samefile(file) for file in files)


def _in_folder(catalog: Catalog, individual: str, folder: Path) -> list[Path]:
    """What exports wrote into a folder that says whose they are, but for what others track."""
    if is_among(folder, catalog.database.files):
        raise _refused(folder, "is the store itself")
    holder = _holder(folder)
    if holder != individual:
        what = "is neither a run directory nor an exported model of this individual"
        whose = f"holds the model of individual {shorten(holder)!r}"
        raise _refused(folder, what if holder is None else whose)
    files = [folder.resolve() / name for name in EXPORTED]
    return [file for file in files if catalog.export_holder(str(file)) in (None, individual)]


def _refused(place: Path, why: str) -> StoreError:
    return StoreError(
        f"{shorten(place, 200)} {why}; nothing was forgotten: give run directories and folders of "
        "this individual's exports; other files with its data are yours to erase"
    )


def _holder(folder: Path) -> str | None:
    """Whose model a folder holds, as `save_pretrained` wrote it down; None: nobody's."""
    try:
        config: Any = json.loads((folder / CONFIG_FILE).read_text("utf-8"))
        holder = config["personal"]["individual"] if "monogram_format" in config else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return holder if isinstance(holder, str) else None


def _is_erased(place: Path) -> bool:
    """Whether nothing is left of a place."""
    if place.is_dir():
        return {entry.name for entry in place.iterdir()} <= NOTHING_LEFT
    return not place.exists()
