"""`digits` and `fashion-mnist`: a favourite class each, and no image twice."""

from collections import Counter

import numpy as np
import pytest

from monogram.datasets import load
from monogram.errors import SettingError
from monogram.population import Population


def _images(population: Population, id_: str | None) -> list[bytes]:
    split = population.global_data if id_ is None else population.individuals[id_]
    rows = range(split.train.start, split.test.stop)
    return [population.inputs[row].tobytes() + bytes([population.labels[row]]) for row in rows]


def _counts(population: Population, id_: str) -> list[int]:
    split = population.individuals[id_]
    labels = population.labels[split.train.start : split.test.stop]
    return sorted(np.bincount(labels)[np.bincount(labels) > 0].tolist())


@pytest.fixture(scope="module")
def digits() -> Population:
    return load("digits")


def test_digits_uses_each_image_once(digits):
    from sklearn.datasets import load_digits

    scaled = np.rint(load_digits().images * 255 / 16).astype(np.uint8)
    found = Counter(image.tobytes() for image in digits.inputs[:, 0])
    assert found == Counter(image.tobytes() for image in scaled)
    assert digits.inputs.max() == 255


def test_digits_favours_each_class_once(digits):
    favourites = []
    for split in digits.individuals.values():
        labels = digits.labels[split.train.start : split.test.stop]
        favourites.append(np.bincount(labels).argmax())
    assert sorted(favourites) == list(range(10))
    assert {tuple(_counts(digits, id_)) for id_ in digits.individuals} == {(11, 11, 11, 66)}


@pytest.mark.parametrize("count", [1, 4])
def test_fewer_digits_individuals_change_nothing(digits, count):
    fewer = load("digits", individuals=count)
    assert list(fewer.individuals) == list(digits.individuals)[:count]
    for id_ in (None, *fewer.individuals):
        assert _images(fewer, id_) == _images(digits, id_)


def test_fashion_mnist_is_the_papers(published):
    full = load("fashion-mnist", data_dir=published)
    assert {tuple(_counts(full, id_)) for id_ in full.individuals} == {(33, 33, 33, 200)}
    assert full.classes[0] == "T-shirt/top"
    shared = np.bincount(full.labels[: len(full.global_data)])
    assert shared.tolist() == [3000] * 10
    padding = full.inputs.copy()
    padding[:, :, 2:30, 2:30] = 0
    assert not padding.any()


def test_fashion_mnist_shares_no_image_and_is_stable(published):
    most = load("fashion-mnist", data_dir=published, individuals=100)
    fewer = load("fashion-mnist", data_dir=published, individuals=3, global_samples=1003)
    for id_ in fewer.individuals:
        assert _images(fewer, id_) == _images(most, id_)
    assert len(fewer.global_data) == 1003
    assert set(_images(fewer, None)) <= set(_images(most, None))
    # the publisher's own 60,000 images hold a few twins, so images are counted, not only compared
    taken = Counter(_images(most, None))
    for id_ in most.individuals:
        taken.update(_images(most, id_))
    assert sum(count - 1 for count in taken.values()) < 60
    with pytest.raises(
        SettingError, match="101 individuals were asked for; its data allows 1 to 100"
    ):
        load("fashion-mnist", data_dir=published, individuals=101)
    with pytest.raises(SettingError, match="ask for 57010 at most"):
        load("fashion-mnist", data_dir=published, global_samples=60_000)
