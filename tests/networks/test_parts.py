"""Which parameters a phase trains."""

import pytest
from torch import nn

from monogram.errors import NetworkError
from monogram.networks import PaperNetwork, Prepared, head_names, last_block_names, trainable_names

NETWORK = Prepared(
    nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 4, bias=False), nn.ReLU()),
    None,
    None,
    1,
    4,
)


@pytest.mark.parametrize(
    ("train", "names"),
    [
        ("all", ["0.weight", "0.bias", "1.weight", "1.bias", "2.weight"]),
        ("head", ["2.weight"]),
        ("last-block", ["0.weight", "0.bias", "1.weight", "1.bias", "2.weight"]),
        ("2.*", ["2.weight"]),
        ("network.2.*", ["2.weight"]),
        ("*.bias", ["0.bias", "1.bias"]),
        ("?.bias|2.weight", ["0.bias", "1.bias", "2.weight"]),
        ("1.*|nothing", ["1.weight", "1.bias"]),
    ],
)
def test_parameters_are_named_with_wildcards(train, names):
    assert trainable_names(NETWORK, train) == [f"network.{name}" for name in names]


def test_the_head_is_the_last_layer_with_parameters():
    assert head_names(PaperNetwork(1, 10, 0.1)) == ["classifier.weight", "classifier.bias"]
    assert head_names(nn.Linear(2, 2)) == ["weight", "bias"]


class Tied(nn.Module):
    """Decodes with the weights that it embeds with."""

    def __init__(self):
        super().__init__()
        self.embed, self.body, self.head = nn.Embedding(4, 3), nn.Linear(3, 3), nn.Linear(3, 4)
        self.head.weight = self.embed.weight


def test_what_the_head_shares_with_an_earlier_layer_has_that_layers_name():
    network = Tied()
    assert head_names(network) == ["embed.weight", "head.bias"]
    known = dict(network.named_parameters())
    for train in ("all", "head", "last-block"):
        assert set(trainable_names(network, train)) <= known.keys()


def test_the_last_block_reaches_down_to_the_last_layer_of_weights_before_the_head():
    names = last_block_names(PaperNetwork(1, 10, 0.1))
    kinds = [name.rpartition(".")[2] for name in names]
    assert kinds == ["weight", "weight", "bias", "weight", "bias"]
    assert names[-2:] == ["classifier.weight", "classifier.bias"]
    assert last_block_names(nn.Linear(2, 2)) == ["weight", "bias"]


def test_a_name_that_no_parameter_has_lists_those_there_are():
    with pytest.raises(NetworkError, match=r"'body' matches no parameter. Known: all, head, last-"):
        trainable_names(NETWORK, "body")


def test_a_name_that_is_misspelt_is_told_the_right_one():
    with pytest.raises(NetworkError, match="'haed' matches no parameter; did you mean 'head'"):
        trainable_names(NETWORK, "haed")
