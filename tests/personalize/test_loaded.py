"""What is loaded is what was trained: bit for bit, in another process, for every strategy."""

import json
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.people import make_population
from tests.personalize.conftest import HERE

from monogram.curriculum import Recipe
from monogram.engine import execute
from monogram.personalize import Start, personalize
from monogram.personalize.guard import Guard
from monogram.personalize.work import Work
from monogram.population import save_population
from monogram.store import Store
from monogram.study import Study

ROOT = Path(__file__).parents[2]
STRATEGIES = {
    "transfer, all": "transfer(6)",
    "transfer, head": "global >> personal(6, train=head)",
    "transfer, patterns": 'global >> personal(6, train="0.*|1.*")',
    "early shaping": "early-shaping(6)",
    "sample weighting": "sample-weighting(2)",
    "sample weighting below 1": "sample-weighting(1/2)",
    "rehearsal": "global >> mixed(2, iterations=6)",
    "union": "union",
}
FRESH = """
import json, sys
import numpy as np, torch
from monogram.store import Store
torch.set_num_threads(1)
inputs = torch.from_numpy(np.load(sys.argv[1]))
for place, ids in json.loads(sys.argv[2]).items():
    with Store.open(place) as store:
        for number, id_ in enumerate(ids):
            with torch.inference_mode():
                np.save(f"{place}.{number}.npy", store.model(id_)(inputs).numpy())
            weights = store.weights(id_)
            assert all(torch.equal(w, store.model(id_).state_dict()[n]) for n, w in weights.items())
"""


@dataclass(frozen=True, eq=False)
class Collecting:
    """A harvest that keeps the trained weights in this process."""

    found: dict = field(default_factory=dict)

    def done(self, job):
        return frozenset()

    def open(self, bench):
        return self

    def gather(self, finished):
        weights = finished.state.weights
        self.found.update({model.individual: weights for model in finished.models})

    def close(self):
        pass


def trained_weights(start, folder):
    """Everybody's weights as the engine trains them, without store or guard."""
    harvest = Collecting()
    save_population(start.population, folder / "population")
    plan, job = start.plan(start.population), replace(start.job(folder), harvest=harvest)
    Work(folder).begin({}, start, start.population)
    execute(plan, job, start.population, workers=1)
    return harvest.found


@pytest.fixture(scope="module")
def predictions(tmp_path_factory):
    """By strategy and individual: logits of the trained model, and of the reloaded one."""
    folder = tmp_path_factory.mktemp("loaded")
    run = folder / "run"
    Study(
        make_population(),
        curricula=["transfer(1)"],
        network="tests.nets:plain",
        epochs=2,
        recipe=Recipe(batch_size=8),
    ).run(run, workers=1)
    inputs = torch.from_numpy(np.array(make_population().inputs[:37]))
    np.save(folder / "inputs.npy", inputs.numpy())
    ours, ids = {}, {}
    for number, (name, curriculum) in enumerate(STRATEGIES.items()):
        start = Start.of_run(run, curriculum=curriculum)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Guard, "judge", _everything_passes(Guard.judge))
            personalize(start, store=folder / f"{number}.db", pace=HERE)
        trained = trained_weights(start, folder / f"work{number}")
        network = start.architecture.build(0).eval()
        for id_, weights in trained.items():
            network.load_state_dict(weights)
            with torch.inference_mode():
                ours[name, id_] = network(inputs).numpy()
        ids[str(folder / f"{number}.db")] = list(trained)
    code = [sys.executable, "-c", FRESH, str(folder / "inputs.npy"), json.dumps(ids)]
    subprocess.run(code, cwd=ROOT, check=True)
    theirs = {
        (name, id_): np.load(f"{place}.{n}.npy")
        for name, (place, of) in zip(STRATEGIES, ids.items(), strict=True)
        for n, id_ in enumerate(of)
    }
    return ours, theirs, folder


def _everything_passes(judge):
    def judged(self, weights, at_base, look):
        return judge(self, weights, at_base, look)[0], None

    return judged


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_reloaded_model_predicts_bit_for_bit_what_the_trained_one_does(strategy, predictions):
    ours, theirs, _ = predictions
    mine = {id_: logits for (name, id_), logits in ours.items() if name == strategy}
    assert len(mine) == 4
    for id_, logits in mine.items():
        assert logits.tobytes() == theirs[strategy, id_].tobytes(), id_


def test_only_what_was_trained_is_kept(predictions):
    folder = predictions[2]
    sizes = {}
    for number, name in enumerate(STRATEGIES):
        with Store.open(folder / f"{number}.db") as store:
            base = store.base_weights()
            own = store.weights("anna")
            differ = {n for n in base if not torch.equal(base[n], own[n])}
            sizes[name] = store.individual("anna").size
        if name == "transfer, head":
            assert differ == {"network.4.weight", "network.4.bias"}
        if name == "transfer, all":
            assert {"network.1.running_mean", "network.1.num_batches_tracked"} <= differ
    assert sizes["transfer, head"] < sizes["transfer, all"]
