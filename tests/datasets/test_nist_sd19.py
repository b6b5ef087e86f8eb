"""`nist-sd19` on a small tree in NIST's own format."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from monogram.datasets import load
from monogram.datasets.nist_sd19 import read_patch
from monogram.errors import DataError

WRITERS = [f"f{i:04}_{i + 10}" for i in range(8)]


def _image(draw, size=20) -> np.ndarray:
    """Dark ink on white, 128×128, anywhere."""
    grey = np.full((128, 128), 255, dtype=np.uint8)
    top, left = draw.integers(5, 120 - size, size=2)
    ink = draw.integers(0, 100, size=(size, size))
    grey[top : top + size, left : left + size] = ink
    return grey


def _save(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


@pytest.fixture
def tree(tmp_path) -> Path:
    """Eight writers with 12 digits each, in by_write and by_class."""
    draw = np.random.default_rng(0)
    root = tmp_path / "nist-sd19"
    for w, writer in enumerate(WRITERS):
        for i in range(12):
            digit = i % 10
            image = _image(draw)
            hsf = f"hsf_{w % 2}"
            _save(
                root / "by_write" / hsf / writer / f"d{writer[1:]}" / f"d{writer[1:]}_{i:05}.png",
                image,
            )
            code = f"{0x30 + digit:x}"
            group = f"train_{code}" if i % 2 else hsf
            _save(root / "by_class" / code / group / f"{group}_{w:02}{i:03}.png", image)
            _save(
                root / "by_write" / hsf / writer / f"u{writer[1:]}" / f"u_{i:05}.png", _image(draw)
            )
    return root


def _load(tree: Path, **options):
    return load(
        "nist-sd19", data_dir=tree.parent, **{"individuals": 4, "global_samples": 90, **options}
    )


def test_writers_are_matched_with_labels(tree):
    population = _load(tree)
    assert len(population.individuals) == 4
    assert {len(split) for split in population.individuals.values()} == {36}
    assert len(population.global_data) == 90
    assert len(population.global_owners) == 3
    assert set(population.individuals) <= set(WRITERS)
    assert not population.remarks
    assert population.inputs.shape[1:] == (1, 32, 32)
    assert population.inputs.max() == 255


def test_unmatched_images_are_counted_and_remarked(tree):
    for path in tree.glob("by_class/33/*/*.png"):
        path.unlink()
    population = _load(tree)
    assert any("images of by_write" in remark.about for remark in population.remarks)
    assert any("no label of their own" in remark.text for remark in population.remarks)
    assert {len(split) for split in population.individuals.values()} == {33}


def test_an_image_in_two_classes_has_no_label(tree):
    for path in tree.glob("by_class/33/*/*.png"):
        twin = tree / "by_class" / "34" / "hsf_4" / path.name
        twin.parent.mkdir(exist_ok=True)
        twin.write_bytes(path.read_bytes())
    population = _load(tree)
    assert {len(split) for split in population.individuals.values()} == {33}
    assert population.remarks


@pytest.mark.parametrize("who", ["individual", "global"])
def test_an_unreadable_image_sets_its_writer_aside(tree, who):
    before = _load(tree)
    owners = list(before.individuals) if who == "individual" else before.global_owners
    victim = next(tree.glob(f"by_write/*/{owners[0]}/d*/*00003.png"))
    code = victim.read_bytes()
    broken = code[: len(code) // 2]
    for path in tree.glob("by_class/33/*/*.png"):
        if path.read_bytes() == code:
            path.write_bytes(broken)
    victim.write_bytes(broken)
    population = _load(tree)
    assert [one.individual for one in population.set_aside] == [owners[0]]
    assert victim.name in population.set_aside[0].reason
    assert owners[0] not in population.individuals
    assert owners[0] not in population.global_owners
    assert len(population.global_data) == 90


@pytest.mark.parametrize("folder", ["by_write", "by_class"])
def test_an_absent_folder_is_named_with_its_address(tree, folder):
    (tree / folder).rename(tree / "elsewhere")
    with pytest.raises(DataError, match=rf"get {folder}\.zip from https://www\.nist\.gov"):
        _load(tree)


def test_the_patch_is_centred_on_the_ink(tmp_path):
    draw = np.random.default_rng(1)
    for size in (4, 20, 32):
        _save(tmp_path / "a.png", _image(draw, size))
        patch = read_patch(tmp_path / "a.png")
        rows, columns = np.nonzero(patch)
        margin = (32 - size) // 2
        assert (rows.min(), columns.min()) == (margin, margin)
        assert (rows.max(), columns.max()) == (margin + size - 1, margin + size - 1)


def test_large_ink_is_shrunk_whole_and_a_blank_image_is_blank(tmp_path):
    grey = np.full((128, 128), 255, dtype=np.uint8)
    _save(tmp_path / "blank.png", grey)
    assert not read_patch(tmp_path / "blank.png").any()
    grey[2:126, 60:70] = 0
    _save(tmp_path / "tall.png", grey)
    rows, columns = np.nonzero(read_patch(tmp_path / "tall.png") > 30)
    assert (rows.min(), rows.max()) == (0, 31)
    assert 2 <= columns.max() - columns.min() <= 4


def test_an_image_of_another_size_is_named(tmp_path):
    _save(tmp_path / "small.png", np.zeros((64, 60), dtype=np.uint8))
    with pytest.raises(DataError, match=r"small\.png is 60×64 pixels, not 128×128"):
        read_patch(tmp_path / "small.png")
