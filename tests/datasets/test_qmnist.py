"""`qmnist`: writers, flips and groups; on the published file and on small ones of our own."""

import lzma

import numpy as np
import pytest

from monogram.datasets import load, qmnist
from monogram.datasets.images import FLIPPED_CLASSES, with_flips
from monogram.datasets.published import PublishedFile, checksum
from monogram.errors import DataError, SettingError


def _idx(array: np.ndarray, kind: int) -> bytes:
    head = bytes([0, 0, kind, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.fixture
def small(tmp_path, monkeypatch):
    """40 writers with 6 digits each, in the format of the part "nist"; returns the writers."""
    draw = np.random.default_rng(0)
    images = draw.integers(1, 256, size=(240, 28, 28)).astype(np.uint8)
    facts = np.zeros((240, 8), dtype=np.int32)
    facts[:, 0] = np.arange(240) % 10
    facts[:, 2] = 1000 + draw.permutation(np.repeat(np.arange(40), 6))
    folder = tmp_path / "qmnist"
    folder.mkdir()
    files = []
    for name, array, kind in (("xnist-images", images, 8), ("xnist-labels", facts, 12)):
        path = folder / f"{name}.xz"
        path.write_bytes(lzma.compress(_idx(array, kind)))
        files.append(PublishedFile(path.name, ("http://localhost",), (f"sha256:{checksum(path)}",)))
    monkeypatch.setitem(qmnist.PARTS, "nist", tuple(files))
    return images, facts


def _load(tmp_path, **options):
    return load("qmnist", part="nist", data_dir=tmp_path, **options)


def test_a_writers_data_are_her_digits_and_their_flips(small, tmp_path):
    images, facts = small
    population = _load(tmp_path, individuals=3, global_samples=90)
    assert population.classes == FLIPPED_CLASSES
    for id_, split in population.individuals.items():
        mine = images[facts[:, 2] == int(id_.removeprefix("writer "))]
        expected = {i.tobytes() for one in mine for i in (one, one[:, ::-1], one[::-1])}
        rows = range(split.train.start, split.test.stop)
        assert {population.inputs[r, 0, 2:30, 2:30].tobytes() for r in rows} == expected


def test_a_digit_and_its_flips_stay_together(small, tmp_path):
    population = _load(tmp_path, individuals=5, global_samples=90)
    for split in (population.global_data, *population.individuals.values()):
        for part in (split.train, split.validation, split.test):
            held = {population.inputs[row].tobytes() for row in part}
            assert len(held) % 3 == 0
            for row in part:
                image = population.inputs[row]
                turned = (image[:, :, ::-1], image[:, ::-1])
                assert sum(one.tobytes() in held for one in turned) >= 1


def test_global_data_comes_from_others_and_does_not_depend_on_them(small, tmp_path):
    few, many = (_load(tmp_path, individuals=n, global_samples=90) for n in (2, 30))
    assert set(few.individuals) < set(many.individuals)
    assert few.global_owners == many.global_owners
    assert not set(many.individuals) & set(many.global_owners)
    assert len(few.global_data) == 90
    assert np.array_equal(few.inputs[:90], many.inputs[:90])
    with pytest.raises(SettingError, match="allows 1 to 35"):
        _load(tmp_path, individuals=36, global_samples=90)
    with pytest.raises(SettingError, match="its other writers have 702, so ask for fewer"):
        _load(tmp_path, global_samples=9999)
    with pytest.raises(SettingError, match="fewer than one digit"):
        _load(tmp_path, global_samples=2)


def test_files_that_do_not_belong_together(small, tmp_path, monkeypatch):
    path = tmp_path / "qmnist" / "xnist-labels.xz"
    path.write_bytes(lzma.compress(_idx(np.zeros((3, 8), np.int32), 12)))
    images, _ = qmnist.PARTS["nist"]
    labels = PublishedFile(path.name, (), (f"sha256:{checksum(path)}",))
    monkeypatch.setitem(qmnist.PARTS, "nist", (images, labels))
    with pytest.raises(DataError, match=r"expected \[240, 8\] values .* found \[3, 8\]"):
        _load(tmp_path)


def test_the_published_writers(published):
    population = load("qmnist", data_dir=published, individuals=20, global_samples=900)
    sizes = [len(split) for split in population.individuals.values()]
    assert all(size % 3 == 0 for size in sizes)
    assert 200 < np.mean(sizes) < 400
    assert next(iter(population.individuals)).startswith("writer ")


def test_flips_are_named_by_what_they_do():
    image = np.arange(4, dtype=np.uint8).reshape(1, 1, 2, 2)
    images, names, groups = with_flips(image, np.array([7]))
    assert images[:, 0].tolist() == [[[0, 1], [2, 3]], [[1, 0], [3, 2]], [[2, 3], [0, 1]]]
    assert names.tolist() == ["7", "7 flipped horizontally", "7 flipped vertically"]
    assert groups.tolist() == [0, 0, 0]
