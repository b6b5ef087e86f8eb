"""What stacks must not train, and why."""

import pytest
import torch
from tests import nets
from torch import nn

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
        check_stackable(network, changing)


@pytest.mark.parametrize(
    ("network", "changing"),
    [
        (tied(), {"1.bias", "2.weight"}),
        (embedded(padding_idx=0), {"2.weight"}),
        (embedded(), {"0.weight", "2.weight"}),
    ],
    ids=["tied and frozen", "padding and frozen", "an embedding"],
)
def test_what_is_frozen_or_plain_may_be_stacked(network, changing):
    check_stackable(network, changing)


def test_what_computes_each_sample_by_itself_may_be_judged_with_others():
    assert judging_problem(nets.plain(5, 3), torch.randn(8, 5)) is None


@pytest.mark.parametrize(("network", "problem"), [(nets.batched, "batch"), (nets.Restless, "own")])
def test_what_looks_across_the_batch_or_changes_may_not(network, problem):
    assert problem in str(judging_problem(network(5, 3), torch.randn(8, 5)))
