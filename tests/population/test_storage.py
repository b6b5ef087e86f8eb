"""A saved population is the same when opened, and half a one is refused."""

import json

import numpy as np
import pytest

from monogram.errors import DataError
from monogram.population import (
    Population,
    Protocol,
    fingerprint,
    from_arrays,
    open_population,
    save_population,
)


def _population(
    seed: int = 0, protocol: Protocol = Protocol(), ids=("a/b", "ö" * 10_000)
) -> Population:
    draw = np.random.default_rng(seed)
    return from_arrays(
        draw.normal(size=(24, 2, 2)),
        np.arange(24) // 2 % 2,
        np.array([ids[i % 2] for i in range(22)] + ["few", "few"], dtype=object),
        global_inputs=draw.normal(size=(10, 2, 2)),
        global_labels=np.arange(10) % 2,
        protocol=protocol,
    )


@pytest.mark.parametrize("protocol", [Protocol(), Protocol.paper()])
def test_it_comes_back_the_same(tmp_path, protocol):
    population = _population(protocol=protocol)
    save_population(population, tmp_path / "a" / "b")
    found = open_population(tmp_path / "a" / "b")
    assert np.array_equal(found.inputs, population.inputs)
    assert np.array_equal(found.labels, population.labels)
    for field in (
        "name",
        "classes",
        "global_data",
        "individuals",
        "protocol",
        "set_aside",
        "remarks",
    ):
        assert getattr(found, field) == getattr(population, field), field
    assert found.global_owners == population.global_owners
    assert fingerprint(found) == fingerprint(population)
    assert isinstance(found.inputs, np.memmap)
    assert sorted(p.name for p in (tmp_path / "a" / "b").iterdir()) == [
        "inputs.npy",
        "labels.npy",
        "population.json",
    ]


def test_writing_to_an_opened_one_does_not_reach_the_disk(tmp_path):
    save_population(_population(), tmp_path)
    found = open_population(tmp_path)
    found.inputs[:] = 0
    assert open_population(tmp_path).inputs.any()


def test_the_fingerprint_sees_what_results_depend_on():
    same = fingerprint(_population())
    assert fingerprint(_population()) == same
    others = [_population(1), _population(protocol=Protocol.paper()), _population(ids=("a", "b"))]
    changed = _population()
    changed.labels[0] ^= 1
    assert len({same, *map(fingerprint, [*others, changed])}) == 5


@pytest.mark.parametrize("damage", ["no index", "half index", "no labels", "cut inputs"])
def test_half_a_population_is_refused(tmp_path, damage):
    save_population(_population(), tmp_path)
    index = tmp_path / "population.json"
    if damage == "no index":
        index.unlink()
    elif damage == "half index":
        index.write_text(index.read_text()[:100])
    elif damage == "no labels":
        (tmp_path / "labels.npy").unlink()
    else:
        content = (tmp_path / "inputs.npy").read_bytes()
        (tmp_path / "inputs.npy").write_bytes(content[:-8])
    with pytest.raises(DataError, match="holds no whole population"):
        open_population(tmp_path)


def test_another_format_is_refused(tmp_path):
    save_population(_population(), tmp_path)
    index = tmp_path / "population.json"
    index.write_text(json.dumps({**json.loads(index.read_text()), "format": 99}))
    with pytest.raises(DataError, match="format 99, this version reads 1"):
        open_population(tmp_path)
