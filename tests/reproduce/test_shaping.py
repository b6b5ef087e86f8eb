"""The curve of early shaping."""

import pytest
from tests.reproduce.conftest import TINY, make_evaluation
from tests.study.standins import row

from monogram.reproduce import SCALES
from monogram.reproduce.shaping import shaping_curve, shaping_studies

BASE = "global(epochs=5)"
SHORT = "personal(iterations=100) >> global(epochs=5)"
OTHER = "mixed(every=2, epochs=5)"


def test_a_point_is_the_mean_over_individuals_with_seeds_averaged_first():
    rows = [
        row(BASE, "anna", 0.5, 0.9),
        row(BASE, "ben", 0.7, 0.9),
        row(SHORT, "anna", 0.4, 0.6),
        row(SHORT, "anna", 0.6, 0.8, seed=1),
        row(SHORT, "ben", 0.1, 0.1, collapsed=True),
        row(OTHER, "ben", 0.0, 0.0),
    ]
    curve = shaping_curve("net", rows, SCALES["small"])
    assert curve.iterations == (0, 100)
    assert curve.shared == (0.9, 0.4)
    assert curve.personal == (0.6, 0.3)
    assert curve.collapsed == (0.0, 1 / 3)
    assert curve.models == (2, 3)
    assert curve.shared_sd[1] == pytest.approx(0.4243, abs=1e-4)


def test_a_model_trained_twice_counts_once():
    curve = shaping_curve("net", [row(BASE, "anna")] * 2, SCALES["small"])
    assert curve.models == (1,)


def test_the_rows_of_table_2_are_not_trained_again():
    studies = shaping_studies(make_evaluation().studies[""].population, TINY)
    assert set(studies) == {"paper", "paper-plain"}
    assert [len(study.all_curricula) - 1 for study in studies.values()] == [1, 3]
    assert all(list(s.population.individuals) == ["anna", "ben"] for s in studies.values())
