"""The base in the store: what its network's code computes is known there."""

from dataclasses import replace

import pytest
import torch
from tests import nets
from tests.people import PEOPLE, make_population
from tests.personalize.conftest import HERE
from torch import nn

from monogram.errors import NetworkError
from monogram.personalize import Start, personalize
from monogram.store import Store, from_pretrained


def changed(channels: int, classes: int) -> nn.Module:
    """The tests' network as its file would make it after a change."""
    network = nets.plain(channels, classes)
    network.register_forward_hook(lambda _, inputs, logits: logits.flip(1))
    return network


def spoilt(channels: int, classes: int) -> nn.Module:
    """A network with a buffer that is no number, and that it does not use."""
    network = nets.plain(channels, classes)
    network.register_buffer("unused", torch.tensor([torch.nan]))
    return network


def test_a_base_with_a_buffer_that_is_no_number_is_found_again(tmp_path):
    start = Start.of_base(
        spoilt(5, 3).state_dict(), make_population(), "transfer(4)", network=spoilt, floor=0.0
    )
    personalize(start, store=tmp_path / "m.db", pace=HERE)
    again = personalize(start, store=tmp_path / "m.db", pace=HERE)
    assert (len(again.made), set(again.ahead.unchanged)) == (0, set(PEOPLE))


class Wrapped(nn.Module):
    """Keeps its layers under the name that a network has within its preparation."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.network = nets.plain(channels, classes)

    def forward(self, inputs):
        return self.network(inputs)


@pytest.mark.parametrize("prepared", [False, True])
def test_a_base_is_told_from_a_prepared_one_by_its_network(prepared):
    bare = {n: t + 1 for n, t in Wrapped(5, 3).state_dict().items()}
    whole = {f"network.{name}": tensor for name, tensor in bare.items()}
    preparation = {"mean": torch.ones(5), "scale": torch.full((5,), 2.0)}
    given = whole | preparation if prepared else bare
    start = Start.of_base(given, make_population(), "transfer(4)", network=Wrapped)
    assert nets.same({n: t for n, t in start.base.items() if n in whole}, whole)
    assert start.architecture.description()["standardized"] == prepared


def test_code_that_was_changed_since_is_refused_everywhere(run, tmp_path):
    start, store = Start.of_run(run, curriculum="transfer(4)"), tmp_path / "models.db"
    personalize(start, store=store, only=["anna"], pace=HERE)
    later = Start.of_run(run, curriculum="transfer(4)")
    shape, classes = later.population.input_shape, len(later.population.classes)
    architecture = replace(later.architecture, factory=lambda: changed(shape[0], classes))
    with pytest.raises(NetworkError, match="code was changed since"):
        personalize(replace(later, architecture=architecture), store=store, pace=HERE)
    with pytest.raises(NetworkError, match="code was changed since"):
        Start.of_run(run, curriculum="transfer(4)", network=changed)
    with Store.open(store) as opened:
        assert opened.individuals() == ["anna"]
        for whole in (False, True):
            opened.save_pretrained(tmp_path / f"{whole}", "anna" if whole else None)
        with pytest.raises(NetworkError, match="code was changed since"):
            opened.predict(["anna"], torch.zeros(1, *shape), factory=changed)
        with pytest.raises(NetworkError, match="code was changed since"):
            opened.model("anna", factory=changed)
    with pytest.raises(NetworkError, match="code was changed since"):
        from_pretrained(tmp_path / "False", factory=changed)
