"""`watch`: windows never leak across a split, people never across D_G."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from monogram.datasets import load, watch
from monogram.errors import DataError
from monogram.population import Population


@pytest.fixture(scope="module")
def population() -> Population:
    return load("watch")


def _positions(population: Population, recordings) -> list[set[tuple[int, int]]]:
    """The (recording, measurement) pairs behind each window of the store."""
    where: dict[bytes, set[tuple[int, int]]] = {}
    for nth, measured in enumerate(recordings["X"]):
        signal = measured.astype(np.float32)
        for first, _ in watch.windows(len(signal)):
            window = np.ascontiguousarray(signal[first : first + watch.WINDOW].T)
            held = {(nth, t) for t in range(first, first + watch.WINDOW)}
            where.setdefault(window.tobytes(), set()).update(held)
    return [where[np.ascontiguousarray(window).tobytes()] for window in population.inputs]


def test_no_measurement_stands_on_both_sides_of_a_split(population):
    recordings = watch.read_recordings(watch.watch_file())
    behind = _positions(population, recordings)
    for split in (population.global_data, *population.individuals.values()):
        parts = [
            set().union(*(behind[row] for row in part))
            for part in (split.train, split.validation, split.test)
        ]
        assert all(parts)
        assert all(a.isdisjoint(b) for a, b in combinations(parts, 2))


def test_windows_stay_inside_their_block_and_overlap_by_half():
    found = list(watch.windows(1333))
    blocks = {block for _, block in found}
    assert blocks == {0, 1, 2, 3}
    for (first, block), (following, next_block) in pairwise(found):
        assert following - first == watch.STEP or next_block == block + 1
        if next_block != block:
            assert following >= first + watch.WINDOW
    assert all(0 <= first <= 1333 - watch.WINDOW for first, _ in found)
    assert [list(watch.windows(n)) for n in (0, 99, 100)] == [[], [], [(0, 0)]]


def test_people_are_either_individuals_or_shared(population):
    assert len(population.individuals) == 6
    assert len(population.global_owners) == 4
    everybody = {*population.individuals, *population.global_owners}
    assert everybody == {f"person {i}" for i in range(1, 11)}
    assert population.inputs.shape[1:] == (6, 100)
    assert population.inputs.dtype == np.float32
    assert population.classes[:2] == ("pendulum", "abduction")


def test_every_part_has_every_exercise(population):
    for split in population.individuals.values():
        for part in (split.train, split.validation, split.test):
            assert set(population.labels[list(part)]) == set(range(7))


def test_fewer_people_are_the_first_and_leave_global_data_alone(population):
    fewer = load("watch", individuals=2)
    assert set(fewer.individuals) < set(population.individuals)
    assert fewer.global_owners == population.global_owners
    stop = population.global_data.test.stop
    assert np.array_equal(fewer.inputs[:stop], population.inputs[:stop])
    for id_, split in fewer.individuals.items():
        other = population.individuals[id_]
        mine = fewer.inputs[split.train.start : split.test.stop]
        assert np.array_equal(mine, population.inputs[other.train.start : other.test.stop])


def test_another_seed_chooses_other_people():
    chosen = {tuple(load("watch", seed=seed, individuals=3).individuals) for seed in range(4)}
    assert len(chosen) > 1


def test_a_changed_file_is_refused(tmp_path):
    changed = tmp_path / "watch_dataset.npy"
    content = bytearray(watch.watch_file().read_bytes())
    content[-1000] ^= 1
    changed.write_bytes(content)
    with pytest.raises(
        DataError, match=r"watch_dataset\.npy: wrong checksum; expected sha256 eb12"
    ):
        watch.read_recordings(changed)
    with pytest.raises(DataError, match="cannot be read: No such file"):
        watch.read_recordings(tmp_path / "absent.npy")


def test_without_the_package_it_says_which_to_install(monkeypatch):
    monkeypatch.setattr(watch, "PACKAGE", "no-such-package")
    with pytest.raises(DataError, match="pip install 'no-such-package"):
        load("watch")
