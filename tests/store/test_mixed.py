"""Mixed batches: the same as one by one, for any mixture, order and network."""

import copy
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.making import (
    CLASSES,
    DESCRIPTION,
    HEAD,
    KEPT,
    ORIGIN,
    SHAPE,
    add_base,
    commit,
    statements,
    weights,
)
from torch import Tensor, nn

from monogram.errors import SettingError, UnknownIndividualError
from monogram.networks import MLP, Conv1dNetwork, PaperNetwork, Prepared, rebuild
from monogram.networks.split import cut
from monogram.store import Figures, Store
from monogram.store.mixed import Mixer

PEOPLE = {
    "anna": HEAD,
    "ben": HEAD,
    "cleo": tuple(weights()),
    "dora": ("network.5.weight", "network.5.running_mean", "network.9.bias"),
    "emil": (),
    "fay": ("mean",),
}


@pytest.fixture(scope="module")
def people(tmp_path_factory) -> Store:
    store = Store.create(tmp_path_factory.mktemp("mixed") / "people.db")
    base = add_base(store)
    for seed, (id_, names) in enumerate(PEOPLE.items()):
        commit(store, base, id_, names, seed)
    other = add_base(store, seed=7)
    commit(store, other, "gus", HEAD, 9)
    return store


def one_by_one(store: Store, ids: list[str], inputs: Tensor) -> Tensor:
    with torch.inference_mode():
        models = {i: store.model(i) if i in store else store.base_model() for i in set(ids)}
        return torch.cat([models[i](x[None]) for i, x in zip(ids, inputs, strict=True)])


def test_however_many_have_no_model_the_base_is_looked_up_once(people):
    people.predict(["nobody"], torch.zeros(1, *SHAPE), unknown="base")
    asked = []
    for count in (1, 30):
        with statements(people) as said:
            ids = [f"nobody {n}" for n in range(count)]
            people.predict(ids, torch.zeros(count, *SHAPE), unknown="base")
        asked.append(len(said))
    assert asked[0] == asked[1]


@given(
    st.lists(st.sampled_from([*PEOPLE, "gus", "nobody"]), min_size=1, max_size=40),
    st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_any_mixture_gives_what_one_by_one_gives(people, ids, seed):
    inputs = torch.randn(len(ids), *SHAPE, generator=torch.Generator().manual_seed(seed))
    expected = one_by_one(people, ids, inputs)
    logits = people.predict(ids, inputs, unknown="base")
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-5)
    best = expected.topk(2).values
    clear = best[:, 0] - best[:, 1] > 1e-4
    assert torch.equal(logits.argmax(1)[clear], expected.argmax(1)[clear])
    if "nobody" in ids:
        with pytest.raises(UnknownIndividualError, match="nobody"):
            people.predict(ids, inputs)


def test_none_at_all(people):
    assert people.predict([], torch.zeros(0, *SHAPE)).shape == (0, 3)


def test_ids_and_inputs_must_be_as_many(people):
    with pytest.raises(SettingError, match="2 ids do not fit 3 inputs"):
        people.predict(["anna", "ben"], torch.zeros(3, *SHAPE))


def test_threads_do_not_get_each_others_weights(people):
    inputs = torch.randn(6, *SHAPE)
    expected = {i: one_by_one(people, [i] * 6, inputs) for i in PEOPLE}
    wrong: list[str] = []

    def work(id_: str) -> None:
        for _ in range(20):
            logits = people.predict([id_] * 6, inputs)
            if not torch.allclose(logits, expected[id_], rtol=1e-4, atol=1e-5):
                wrong.append(id_)

    threads = [threading.Thread(target=work, args=(i,)) for i in PEOPLE]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_another_process_commit_and_forget_are_seen_at_once(people, tmp_path):
    path = tmp_path / "people.db"
    with Store.create(path) as mine, Store.open(path) as other:
        base = add_base(mine)
        commit(mine, base, "anna", HEAD, 1)
        inputs = torch.randn(2, *SHAPE)
        before = mine.predict(["anna"] * 2, inputs)
        commit(other, base, "anna", HEAD, 2)
        assert not torch.allclose(mine.predict(["anna"] * 2, inputs), before)
        other.forget("anna")
        with pytest.raises(UnknownIndividualError):
            mine.predict(["anna"] * 2, inputs)
        assert len(mine._loaded.deltas) <= 1  # the version that was replaced was purged as well


def test_the_cache_is_bounded_by_bytes(tmp_path):
    one = sum(weights()[n].numel() * 4 for n in HEAD)
    with Store.open(tmp_path / "p.db", create=True, cache_bytes=3 * one) as store:
        base = add_base(store)
        for i in range(8):
            commit(store, base, f"p{i}", HEAD, i)
        ids = [f"p{i}" for i in range(8)]
        inputs = torch.randn(8, *SHAPE)
        for _ in range(2):
            torch.testing.assert_close(
                store.predict(ids, inputs), one_by_one(store, ids, inputs), rtol=1e-4, atol=1e-5
            )
        assert len(store._loaded.deltas) == 3
        assert store._loaded.deltas.size == 3 * one


class Residual(nn.Module):
    """A value that is used twice, shapes read from it, and a branch around the head."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.scale = nn.Parameter(torch.ones(4, 1, 1))
        self.head = nn.Linear(4, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        first = torch.relu(self.one(inputs))
        second = self.two(first) * self.scale + first
        return self.head(second.flatten(2).mean(2).view(second.size(0), -1))


class Branching(nn.Module):
    """Cannot be traced: what it does depends on a value."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(72, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        flat = inputs.flatten(1)
        if self.head.weight.sum() < 1e9:
            flat = flat * 2
        return self.head(flat)


class Overwriting(nn.Module):
    """Changes a value in place that is used again."""

    def __init__(self) -> None:
        super().__init__()
        self.own, self.head = nn.Linear(72, 72), nn.Linear(72, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        flat = inputs.flatten(1) * 1.0
        personal = self.own(flat)
        return self.head(personal + flat.add_(1.0))


NETWORKS = {
    "residual head": (Residual, ["head.weight"], True),
    "residual scale": (Residual, ["scale"], True),
    "residual two": (Residual, ["two.weight", "two.bias", "head.bias"], True),
    "branching": (Branching, ["head.weight"], False),
    "overwriting": (Overwriting, ["own.weight"], False),
    "paper": (lambda: PaperNetwork(2, 3, 0.1), ["classifier.weight"], True),
    "conv1d": (lambda: Conv1dNetwork(2, 3), ["features.5.weight"], True),
    "mlp": (lambda: MLP((2, 6, 6), 3), ["classifier.weight"], True),
}


@pytest.mark.parametrize(("make", "names", "can_cut"), NETWORKS.values(), ids=NETWORKS)
def test_networks_of_any_form(make, names, can_cut):
    torch.manual_seed(0)
    network = Prepared(make(), None, None, 3, 1).eval()
    shape = {"PaperNetwork": (2, 16, 16), "Conv1dNetwork": (2, 12)}.get(
        type(network.network).__name__, (2, 6, 6)
    )
    inputs = torch.randn(11, *shape)
    assert (cut(network.network, names, inputs[:2]) is not None) == can_cut
    state = network.state_dict()
    own = [
        {
            f"network.{n}": state[f"network.{n}"] + torch.randn(state[f"network.{n}"].shape)
            for n in names
        }
        for _ in range(4)
    ]
    owners = np.random.default_rng(0).integers(0, 4, 11).tolist()
    logits = Mixer(network)(inputs, owners, own)
    with torch.inference_mode():
        expected = torch.cat(
            [
                torch.func.functional_call(network, own[o], (x[None],))
                for o, x in zip(owners, inputs, strict=True)
            ]
        )
    torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-5)


class Placed(nn.Module):
    """Adds a constant that has one row, however many samples there are."""

    def __init__(self) -> None:
        super().__init__()
        self.token, self.place, self.head = nn.Linear(1, 4), nn.Embedding(5, 4), nn.Linear(20, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        placed = self.token(inputs[..., None]) + self.place(torch.arange(5)[None])
        logits: Tensor = self.head(placed.flatten(1))
        return logits


class Tied(nn.Module):
    """Decodes with the weights that it encodes with."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.again, self.head = nn.Linear(5, 5), nn.Linear(5, 5), nn.Linear(5, 3)
        self.again.weight = self.first.weight

    def forward(self, inputs: Tensor) -> Tensor:
        logits: Tensor = self.head(torch.tanh(self.again(torch.tanh(self.first(inputs)))))
        return logits


@pytest.mark.parametrize("names", [("first", "again"), ("first",), ("again",)])
@pytest.mark.parametrize("more", [{}, {"mean": torch.ones(5)}], ids=["", "prepared otherwise"])
def test_weights_with_several_names_are_each_individuals_own_everywhere(names, more):
    network = Prepared(Tied(), torch.zeros(5), torch.ones(5), 1, 3).eval()
    weights = torch.randn(2, 5, 5)
    own = [{f"network.{n}.weight": w.clone() for n in names} | more for w in weights]
    inputs, owners = torch.randn(5, 5), [0, 1, 0, 1, 1]
    logits = Mixer(network)(inputs, owners, own)
    for row, owner in enumerate(owners):
        theirs = copy.deepcopy(network)
        theirs.get_parameter("network.first.weight").data = weights[owner]
        theirs.load_state_dict(more, strict=False)
        torch.testing.assert_close(logits[row], theirs(inputs)[row])


def test_a_network_is_not_cut_above_weights_that_are_used_below():
    network, inputs = Tied().eval(), torch.randn(2, 5)
    assert cut(network, ["first.weight"], inputs) is None
    assert cut(network, ["head.weight"], inputs) is not None


class BothWays(nn.Module):
    """Hands over a state for each direction, [2, n, …], two of which look like two samples."""

    def __init__(self) -> None:
        super().__init__()
        self.series = nn.GRU(2, 4, bidirectional=True, batch_first=True)
        self.scale = nn.Parameter(torch.ones(2, 1, 1))
        self.head = nn.Linear(8, 3)

    def forward(self, inputs: Tensor) -> Tensor:
        states = self.series(inputs)[1] * self.scale
        logits: Tensor = self.head(torch.cat([states[0], states[1]], 1))
        return logits


def test_what_is_handed_over_has_a_row_for_each_of_any_number_of_samples():
    network = Prepared(BothWays(), None, None, 2, 3).eval()
    own = [{"network.scale": torch.randn(2, 1, 1)} for _ in range(2)]
    inputs, owners = torch.randn(5, 6, 2), [0, 1, 0, 1, 1]
    assert cut(network.network, ["scale"], inputs[:2]) is None
    assert cut(network.network, ["head.weight"], inputs[:2]) is not None
    logits = Mixer(network)(inputs, owners, own)
    with torch.inference_mode():
        for row, owner in enumerate(owners):
            alone = torch.func.functional_call(network, own[owner], (inputs[row][None],))
            torch.testing.assert_close(logits[row], alone[0])


def test_a_network_that_cannot_be_copied_is_not_cut():
    network = nn.Sequential(nn.utils.weight_norm(nn.Linear(5, 3)), nn.Linear(3, 3))
    network(torch.randn(2, 5))
    with pytest.raises(RuntimeError, match="deepcopy"):
        copy.deepcopy(network)
    assert cut(network.eval(), ["1.weight"], torch.randn(2, 5)) is None


def test_a_first_single_sample_decides_nothing():
    network = Prepared(Placed(), None, None, 1, 3).eval()
    own = [{"network.token.weight": torch.randn(4, 1)} for _ in range(2)]
    mixer, inputs = Mixer(network), torch.randn(4, 5)
    one = mixer(inputs[:1], [0], own)
    together = mixer(inputs, [0, 0, 1, 1], own)
    torch.testing.assert_close(together[:1], one)
    torch.testing.assert_close(together, Mixer(network)(inputs, [0, 0, 1, 1], own))


def test_grey_pictures_are_prepared_as_in_training(tmp_path):
    with Store.create(tmp_path / "p.db") as store:
        base = add_base(store)
        commit(store, base, "anna", HEAD)
        grey = torch.randint(0, 256, (5, *SHAPE), dtype=torch.uint8)
        torch.testing.assert_close(
            store.predict(["anna"] * 5, grey),
            store.predict(["anna"] * 5, grey.float() / 255),
            rtol=1e-5,
            atol=1e-6,
        )
        store.commit("ben", None, base=base.hash, decision=KEPT, provenance=ORIGIN)
        assert store.predict(["ben", "anna"], grey[:2]).dtype == torch.float32


class Exact(nn.Module):
    """Computes in float64."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.head = nn.Linear(72, classes).double()

    def forward(self, inputs: Tensor) -> Tensor:
        logits: Tensor = self.head(inputs.flatten(1).double())
        return logits


class Normed(nn.Module):
    """Has weights in the form of before parametrizations: it cannot be copied."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.head = nn.utils.weight_norm(nn.Linear(72, classes))

    def forward(self, inputs: Tensor) -> Tensor:
        logits: Tensor = self.head(inputs.flatten(1))
        return logits


def store_of(make: Callable[..., nn.Module], place: Path) -> Store:
    """Two people's models on a base of a network, which differ from it in the bias."""
    store, named = Store.create(place), {**DESCRIPTION, "name": "tests:made"}
    weights = rebuild(named, make).state_dict()
    base = store.add_base(named, CLASSES, weights, provenance=ORIGIN, figures=Figures())
    for seed, id_ in enumerate(("anna", "ben")):
        commit(store, base, id_, ["network.head.bias"], seed)
    return store


@pytest.mark.parametrize(("make", "kind"), [(Exact, torch.float64), (Normed, torch.float32)])
@pytest.mark.filterwarnings("ignore:.*weight_norm")
def test_networks_of_other_types_and_such_that_cannot_be_copied(tmp_path, make, kind):
    ids, inputs = ["anna", "ben", "nobody", "anna"], torch.randn(4, *SHAPE)
    with store_of(make, tmp_path / "p.db") as store:
        store.model("anna", factory=make)  # before anything is computed
        logits = store.predict(ids, inputs, unknown="base", factory=make)
        assert logits.dtype == kind
        with torch.inference_mode():
            for id_, sample, found in zip(ids, inputs, logits, strict=True):
                known = id_ in store
                model = store.model(id_, factory=make) if known else store.base_model(factory=make)
                torch.testing.assert_close(model(sample[None])[0], found)
