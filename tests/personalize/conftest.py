"""A finished study of the tiny people, and what the tests of personalizing share."""

import pytest
from tests.people import make_population

from monogram.curriculum import Recipe
from monogram.personalize import Pace
from monogram.store import Store
from monogram.study import Study

CURRICULA = ("transfer(4)", "early-shaping(5)", "global >> personal(4, train=head)")
HERE = Pace(workers=1)


def make_run(folder, population=None, network="tests.nets:plain"):
    """A study of a few seconds."""
    Study(
        population or make_population(),
        curricula=CURRICULA,
        network=network,
        epochs=2,
        recipe=Recipe(batch_size=8),
        min_global_accuracy=0.1,
    ).run(folder, workers=1)
    return folder


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("study") / "run")


def content(place):
    """What matters of a store: per individual the delta, the decision and where it comes from."""
    with Store.open(place) as store:
        return {
            model.individual: (
                model.hash,
                model.decision,
                model.figures,
                model.base_figures,
                model.provenance.data_fingerprint,
                model.version,
            )
            for model in store.models()
        }
