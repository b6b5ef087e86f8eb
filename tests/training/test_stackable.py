"""What stacks must not train, and why."""

import pytest
import torch
from tests import nets
from torch import nn
from torch.nn import functional

from monogram.errors import NetworkError
from monogram.training.stackable import check_stackable, judging_problem


def tied():
    network = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 3))
    network[1].weight = network[0].weight
    return network


def embedded(**options):
    return nn.Sequential(nn.Embedding(9, 4, **options), nn.Flatten(), nn.Linear(8, 3))


def bagged():
    return nn.Sequential(nn.EmbeddingBag(9, 4, padding_idx=0), nn.Linear(4, 3))


class Looking(nn.Module):
    """Looks its weights up by a function rather than a layer."""

    def __init__(self, look):
        super().__init__()
        self.words, self.head = nn.Parameter(torch.randn(9, 4)), nn.Linear(4, 3)
        self.look = look

    def forward(self, inputs):
        found = self.look(inputs, self.words)
        return self.head(found.mean(1) if found.dim() == 3 else found)


def padded(inputs, weights):
    return functional.embedding(inputs, weights, padding_idx=0)


WORDS = torch.tensor([[1, 2], [3, 0]])
NUMBERS = torch.ones(2, 4)


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (padded, "forward looks words up with a padding_idx"),
        (
            lambda inputs, weights: functional.embedding_bag(inputs, weights, padding_idx=-1),
            "forward looks words up with a padding_idx",
        ),
        (lambda inputs, weights: padded(inputs, weights * 2), "forward looks weights up with a"),
        (
            lambda inputs, weights: functional.embedding(inputs, weights, max_norm=0.1),
            "forward looks rows up with a max_norm",
        ),
    ],
    ids=["padding", "padding of bags", "padding of what is computed", "norm"],
)
def test_what_a_forward_of_its_own_looks_up_is_noticed(look, reason):
    network = Looking(look)
    before = network.words.detach().clone()
    with pytest.raises(NetworkError, match=reason):
        check_stackable(network, {"words"}, WORDS)
    assert torch.equal(network.words, before)


@pytest.mark.parametrize(
    ("look", "changing"), [(padded, {"head.weight"}), (functional.embedding, {"words"})]
)
def test_a_forward_of_its_own_may_look_up_what_is_frozen_or_not_padded(look, changing):
    check_stackable(Looking(look), changing, WORDS)


@pytest.mark.parametrize(
    ("network", "changing", "reason"),
    [
        (tied(), {"0.weight"}, r"0\.weight and 1\.weight are one tensor"),
        (embedded(padding_idx=0), {"0.weight"}, "0 has a padding_idx"),
        (bagged(), {"0.weight"}, "0 has a padding_idx"),
        (embedded(max_norm=1.0), {"2.weight"}, "0 has a max_norm"),
    ],
    ids=["tied", "padding", "padding of bags", "norm"],
)
def test_what_would_learn_something_else_unnoticed_is_refused(network, changing, reason):
    with pytest.raises(NetworkError, match=reason):
        check_stackable(network, changing, NUMBERS)


@pytest.mark.parametrize(
    ("network", "changing", "inputs"),
    [
        (tied(), {"1.bias", "2.weight"}, NUMBERS),
        (embedded(padding_idx=0), {"2.weight"}, WORDS),
        (embedded(), {"0.weight", "2.weight"}, WORDS),
    ],
    ids=["tied and frozen", "padding and frozen", "an embedding"],
)
def test_what_is_frozen_or_plain_may_be_stacked(network, changing, inputs):
    check_stackable(network, changing, inputs)


def test_what_computes_each_sample_by_itself_may_be_judged_with_others():
    assert judging_problem(nets.plain(5, 3), torch.randn(8, 5)) is None


@pytest.mark.parametrize(("network", "problem"), [(nets.batched, "batch"), (nets.Restless, "own")])
def test_what_looks_across_the_batch_or_changes_may_not(network, problem):
    assert problem in str(judging_problem(network(5, 3), torch.randn(8, 5)))
