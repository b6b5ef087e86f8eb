"""A folder of images: individual/class/image.png."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from monogram.datasets import read_own
from monogram.errors import DataError, SettingError

PEOPLE = ("anna", "ben", "zoë.ö")


def _save(path: Path, mode: str, value: int, size: tuple[int, int] = (6, 5)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value if mode in ("L", "I;16") else (value, 0, 0)).save(path)


def _tree(root: Path, mode: str = "L", people: tuple[str, ...] = PEOPLE) -> Path:
    for p, person in enumerate(people):
        for i in range(8):
            _save(root / person / ("cat", "dog")[i % 2] / f"{i}.png", mode, 10 * p + i)
    return root


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3)])
def test_images_become_bytes(tmp_path, mode, channels):
    population = read_own(_tree(tmp_path / "a", mode), global_from=0.3)
    assert population.inputs.shape[1:] == (channels, 5, 6)
    assert population.inputs.dtype == np.uint8
    assert population.classes == ("cat", "dog")
    assert {*population.individuals, *population.global_owners} == set(PEOPLE)
    expected = {10 * p + i for p in range(3) for i in range(8)}
    assert set(population.inputs[:, 0].reshape(-1).tolist()) == expected


def test_one_colour_image_makes_all_of_them_colour(tmp_path):
    root = _tree(tmp_path / "a")
    _save(root / "ben" / "cat" / "colour.png", "RGB", 200)
    population = read_own(root, global_from=0.3)
    assert population.inputs.shape[1] == 3
    assert not population.set_aside
    shared = _tree(tmp_path / "b", "L", ("nobody",))
    assert read_own(root, global_data=shared).inputs.shape[1] == 3


def test_global_images_may_lie_in_class_folders_alone(tmp_path):
    shared = _tree(tmp_path / "b", people=("nobody",)) / "nobody"
    population = read_own(_tree(tmp_path / "a"), global_data=shared)
    assert len(population.global_data) == 8
    assert list(population.individuals) == sorted(PEOPLE)


@pytest.mark.parametrize("fault", ["cut", "size", "text", "F", "I"])
def test_a_bad_image_sets_its_owner_aside(tmp_path, fault):
    root = _tree(tmp_path / "a")
    path = root / "ben" / "cat" / "4.png"
    if fault in ("F", "I"):
        path.unlink()
        path = path.with_suffix(".tif")
        Image.new(fault, (6, 5), 1).save(path)
    elif fault == "size":
        _save(path, "L", 1, size=(6, 6))
    else:
        path.write_bytes(path.read_bytes()[:40] if fault == "cut" else b"hello")
    population = read_own(root, global_from=0.5)
    assert [one.individual for one in population.set_aside] == ["ben"]
    assert population.set_aside[0].reason.startswith("ben/cat/4.")
    assert len(population.individuals) == len(population.global_owners) == 1
    with pytest.raises(DataError, match=r"global data .*: 1 samples cannot be used.*4\.(png|tif)"):
        read_own(_tree(tmp_path / "b"), global_data=root)


def test_sixteen_bits_are_scaled(tmp_path):
    root = _tree(tmp_path / "a")
    for path in root.rglob("*.png"):
        deep = np.full((5, 6), 65_535, dtype=np.uint16)
        deep[0, 0] = 257
        Image.fromarray(deep).save(path)
    inputs = read_own(root, global_from=0.3).inputs
    assert set(np.unique(inputs)) == {1, 255}


def test_images_in_the_wrong_place(tmp_path):
    root = _tree(tmp_path / "a")
    _save(root / "stray.png", "L", 0)
    with pytest.raises(DataError, match=r"stray\.png is not at individual/class/image.png; move"):
        read_own(root, global_from=0.5)
    with pytest.raises(SettingError, match="leave the column options out"):
        read_own(root, global_from=0.5, label_column="y")


@pytest.mark.parametrize("place", ["ben/stray.png", "ben/walk/deeper/stray.png"])
def test_an_image_astray_in_an_individuals_folder_is_that_individuals(tmp_path, place):
    root = _tree(tmp_path / "a")
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    _save(root / place, "L", 0)
    population = read_own(root, global_from=0.3)
    assert [(one.individual, one.reason) for one in population.set_aside] == [
        (
            "ben",
            f"{place} is not at individual/class/image.png; move it there, or out of the folder",
        )
    ]
    with pytest.raises(
        DataError, match=r"is not at individual/class/image\.png.*images are astray"
    ):
        read_own(tmp_path, global_from=0.3)


def test_other_files_are_passed_over(tmp_path):
    root = _tree(tmp_path / "a")
    (root / "README.txt").write_text("hello")
    (root / "ben" / ".DS_Store").write_bytes(b"x")
    assert len(read_own(root, global_from=0.3).individuals) == 2


def test_sixteen_bits_that_are_read_into_more_are_no_fault(tmp_path):
    root = _tree(tmp_path / "a")
    deep = np.full((5, 6), 257 * 100, dtype=">u2")
    path = root / "ben" / "cat" / "deep.pgm"
    path.write_bytes(b"P5 6 5 65535\n" + deep.tobytes())
    population = read_own(root, global_from=0.3)
    assert not population.set_aside
    assert 100 in population.inputs
