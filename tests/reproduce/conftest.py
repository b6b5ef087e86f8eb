"""A reproduction of everything, so small that it runs in seconds."""

from dataclasses import replace

import pytest
from tests.people import make_population

from monogram.population import Protocol
from monogram.reproduce import SCENARIOS, Evaluation, Scale, ScenarioName, evaluation
from monogram.reproduce.scenario import PRIOR_FRONT

PEOPLE = {"anna": 20, "ben": 18, "cleo": 12}
MORE = PEOPLE | {"dora": 15}
TINY = Scale(
    name="tiny",
    individuals=3,
    beyond_individuals=4,
    seeds=(0,),
    global_samples=100,
    width=0.05,
    epochs=1,
    batch_size=8,
    split=Protocol().fractions,
    shaping_individuals=2,
    shaping_points=(500, 5_000, 15_000),
)


def make_evaluation(scenario: ScenarioName = "class-counts", scale: Scale = TINY) -> Evaluation:
    """An evaluation on blobs of 16 × 16 pixels, with few curricula beyond the paper's."""
    more = make_population(
        MORE, shared=scale.global_samples, shape=(1, 16, 16), protocol=scale.protocol
    )
    beyond = (*PRIOR_FRONT, "transfer(20) >> blend")
    return evaluation(replace(SCENARIOS[scenario], beyond=beyond), scale, more.only(PEOPLE), more)


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The folder of a finished reproduction; not to be changed."""
    folder = tmp_path_factory.mktemp("reproduction") / "run"
    make_evaluation().run(folder, workers=1)
    return folder
