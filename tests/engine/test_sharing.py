"""Shared beginnings run once, and sharing changes no number."""

import pytest
from tests import nets
from tests.people import make_population

from monogram.curriculum import Recipe
from monogram.study import Study

FIGURES = ("personal_accuracy", "personal_loss", "global_accuracy", "global_loss")


def run(folder, *curricula, people=None, epochs=2):
    """Rows by identity, and the number of optimizer steps that were planned and taken."""
    study = Study(
        make_population(people),
        curricula,
        network=nets.recorded,
        epochs=epochs,
        recipe=Recipe(batch_size=8),
    )
    nets.Recorded.forget()
    rows = study.run(folder, workers=1).rows
    figures = {row.identity: tuple(getattr(row, name) for name in FIGURES) for row in rows}
    return figures, study.plan().steps, nets.Recorded.steps


@pytest.mark.parametrize(
    "curricula",
    [
        ["transfer(3)", "transfer(11)", "transfer(3) >> global(iterations=2)"],
        ["early-shaping(3)", "early-shaping(8)", "sample-weighting(2)", "baseline"],
        ["global(iterations=4)", "global(iterations=7)", "global(iterations=7) >> personal(2)"],
        ["personal(5)", "personal(9)", "mixed(2, iterations=4)", "mixed(2, iterations=9)"],
    ],
    ids=["late", "early", "global", "without decay"],
)
def test_the_steps_taken_are_those_planned_and_each_alone_gives_the_same(curricula, tmp_path):
    together, planned, taken = run(tmp_path / "together", *curricula)
    assert taken == planned
    for number, one in enumerate(curricula):
        alone, _, _ = run(tmp_path / str(number), one)
        assert alone.items() <= together.items()
