"""Learning curves over individuals, put together from the points that a run leaves."""

import json
from typing import Any

import pytest
from tests.people import make_population

from monogram.curriculum import Recipe
from monogram.study import Results, Study, learning_curves_of
from monogram.study.figures import figures, mean
from monogram.study.study import resume

TRANSFER = "global(epochs=3) >> personal(iterations=15)"
CURRICULA = (
    "baseline",
    "early-shaping(6)",
    "transfer(3)",
    "transfer(15)",
    "global >> prior(3)",
    "global >> personal(4) >> blend(0.5) >> personal(2)",
    "global >> personal(4, runs=2)",
)


def make_study(curricula=CURRICULA, population=None, **options):
    settings: dict[str, Any] = {
        "network": "tests.nets:plain",
        "epochs": 3,
        "recipe": Recipe(batch_size=8),
    }
    return Study(population or make_population(), curricula, **(settings | options))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return make_study(seeds=(0, 1)).run(tmp_path_factory.mktemp("run"), workers=1)


@pytest.fixture(scope="module")
def curves(results):
    return learning_curves_of(results)


def test_each_curriculum_has_a_curve_that_ends_at_its_validation_figures(results, curves):
    assert list(curves) == results.config["study"]["curricula"]
    for curriculum, curve in curves.items():
        table = figures(results.of(curriculum))
        assert curve.shared[-1] == pytest.approx(mean(table.shared_validation))
        if curriculum != results.summary.base:
            assert curve.personal[-1] == pytest.approx(mean(table.personal_validation))


def test_all_of_a_curve_is_of_one_length_and_iterations_rise(curves):
    for curve in curves.values():
        columns = (curve.shared, curve.shared_sd, curve.personal, curve.personal_sd)
        assert {len(column) for column in columns} == {len(curve.iterations)}
        assert list(curve.iterations) == sorted(curve.iterations)
        pairs = zip(curve.personal, curve.personal_sd, strict=True)
        assert all((value is None) == (sd is None) for value, sd in pairs)


def test_a_late_phase_begins_with_what_everybody_shares(results, curves):
    curve = curves[TRANSFER]
    assert curve.phases == ((0, "global(epochs=3)"), (9, "personal(iterations=15)"))
    assert curve.iterations == (1, 2, 5, 9, 10, 11, 14, 19, 24)
    assert curve.personal[:3] == (None,) * 3
    base = figures(results.of(results.summary.base))
    assert curve.personal[3] == pytest.approx(mean(base.personal_validation))
    assert curve.shared[:4] == curves["global(epochs=3)"].shared
    assert all(value is not None for value in curve.personal[3:])


def test_an_adjustment_has_one_point_where_it_stands(curves):
    assert curves["global(epochs=3) >> prior(smoothing=3)"].iterations == (1, 2, 5, 9, 9)
    blended = curves[
        "global(epochs=3) >> personal(iterations=4) >> blend(share=0.5) >> personal(iterations=2)"
    ]
    assert blended.iterations == (1, 2, 5, 9, 10, 11, 13, 13, 14, 15)
    assert [begin for begin, _ in blended.phases] == [0, 9, 13, 13]


def test_other_curricula_do_not_matter(curves, tmp_path):
    alone = learning_curves_of(make_study("transfer(15)", seeds=(0, 1)).run(tmp_path, workers=1))
    assert alone == {text: curves[text] for text in ("global(epochs=3)", TRANSFER)}


def test_phases_of_different_lengths_end_together(tmp_path):
    population = make_population({"anna": 40, "ben": 4})
    results = make_study("global >> personal(epochs=4)", population).run(tmp_path, workers=1)
    curve = learning_curves_of(results)["global(epochs=3) >> personal(epochs=4)"]
    lengths = [row.own_iterations for row in results.rows if row.own_iterations]
    assert sorted(lengths) == [4, 12]
    assert curve.iterations == (1, 2, 5, 9, 10, 11, 9 + 8)


def test_the_curves_read_back(results, curves):
    assert results.folder is not None
    assert learning_curves_of(Results.open(results.folder)) == curves


def test_a_study_without_curves_has_none_and_the_same_results(results, tmp_path):
    study = make_study(seeds=(0, 1), curves=False)
    without = study.run(tmp_path, workers=1)
    assert without.summary.choice == results.summary.choice
    assert learning_curves_of(without) == {}
    assert resume(tmp_path).curves is False


def test_curves_do_not_make_another_study(tmp_path):
    rows = make_study("transfer(3)", curves=False).run(tmp_path, workers=1).rows
    again = make_study("transfer(3)").run(tmp_path, workers=1)
    assert again.rows == rows
    assert learning_curves_of(again) == {}  # nothing was trained again


def test_a_model_without_all_of_its_points_does_not_count(tmp_path):
    results = make_study("transfer(3)").run(tmp_path, workers=1)
    [file] = (tmp_path / "curves").iterdir()
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    table = dict(figures(results.of("Transfer(3)")).shared_validation)
    del table["anna", 0]
    lost = next(n for n, line in enumerate(lines) if line["individual"] == "anna")
    file.write_text("".join(json.dumps(v) + "\n" for v in lines[:lost] + lines[lost + 1 :]))
    curve = learning_curves_of(Results.open(tmp_path))["global(epochs=3) >> personal(iterations=3)"]
    assert curve.shared[-1] == pytest.approx(mean(table))
