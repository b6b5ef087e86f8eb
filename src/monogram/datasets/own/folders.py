"""A folder of images: `individual/class/image.png`, or `class/image.png` for D_G."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from monogram.datasets.own.columns import Columns, Selection, coded_array
from monogram.datasets.own.pictures import Picture, read_pictures
from monogram.errors import DataError, SettingError


def read_folder(path: Path, selection: Selection) -> Columns:
    """The images below a folder; the folders around each name its class and its individual.

    Args:
        path: the folder.
        selection: of which nothing but `owned` means anything here.

    Raises:
        DataError: there are no images, or some lie in no individual's folder, or most of them less
            deep or deeper than they should.
        SettingError: column options are given.
    """
    if selection.label or selection.individual or selection.inputs or selection.group:
        raise SettingError(
            f"{path} is a folder of images: its folders say whose they are and of which class, so "
            "leave the column options out"
        )
    endings = Image.registered_extensions().keys()
    files = [file for file in sorted(path.rglob("*")) if file.suffix.lower() in endings]
    if not files:
        raise DataError(
            f"{path} holds no images (and no Parquet files); expected {_layout(selection)}"
        )
    places = [file.relative_to(path).parts for file in files]
    astray = _astray(path, places, selection)
    images, faults = read_pictures([Picture(str(f.relative_to(path)), f) for f in files])
    return Columns(
        inputs=images,
        labels=np.array([place[-2] for place in places]),
        owners=coded_array(np.array([place[0] for place in places])) if selection.owned else None,
        groups=None,
        faults=dict(sorted((faults | astray).items())),
        origin=str(path),
    )


def _astray(path: Path, places: Sequence[tuple[str, ...]], selection: Selection) -> dict[int, str]:
    """Which images lie less deep or deeper than they should, a fault of the folder's individual.

    Raises:
        DataError: they are most of the images, or one of them is nobody's.
    """
    allowed = {3} if selection.owned else {2, 3}
    told = f"not at {_layout(selection)}; move it there, or out of the folder"
    astray = {i: place for i, place in enumerate(places) if len(place) not in allowed}
    nobodys = [place for place in astray.values() if len(place) == 1 or not selection.owned]
    if nobodys or 2 * len(astray) > len(places):
        one = next(iter(nobodys or astray.values()))
        others = f" ({len(astray)} images are astray)" if len(astray) > 1 else ""
        raise DataError(f"{path / Path(*one)} is {told}{others}")
    return {i: f"{Path(*place)} is {told}" for i, place in astray.items()}


def _layout(selection: Selection) -> str:
    return "individual/class/image.png" if selection.owned else "class/image.png"
