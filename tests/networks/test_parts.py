"""Which parameters a phase trains."""

import copy

import pytest
import torch
from safetensors.torch import load_file
from tests.people import make_population
from torch import nn

from monogram.errors import NetworkError
from monogram.networks import PaperNetwork, Prepared, head_names, last_block_names, trainable_names
from monogram.study import Study

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


def frozen(*names):
    """A network that was made with some parameters frozen, by names as its own."""
    layers = nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 4), nn.Linear(4, 2)
    network = nn.Sequential(*layers)
    for name in names:
        network.get_parameter(name).requires_grad_(False)
    return Prepared(network, None, None, 1, 2)


@pytest.mark.parametrize(
    ("train", "names"),
    [
        ("all", ["0.bias", "1.weight", "1.bias", "2.bias", "3.weight"]),
        ("head", ["3.weight"]),
        ("last-block", ["2.bias", "3.weight"]),
        ("*.bias", ["0.bias", "1.bias", "2.bias"]),
    ],
)
def test_what_was_made_frozen_is_never_trained(train, names):
    network = frozen("0.weight", "2.weight", "3.bias")
    expected = [f"network.{name}" for name in names]
    assert trainable_names(network, train) == expected
    assert trainable_names(copy.deepcopy(network), train) == expected


def test_what_is_frozen_for_a_while_is_not_meant():
    network = frozen("0.weight").requires_grad_(False)
    assert trainable_names(network, "0.*") == ["network.0.bias"]
    assert trainable_names(nn.Linear(2, 2).requires_grad_(False), "all") == ["weight", "bias"]


@pytest.mark.parametrize("train", ["head", "3.*"])
def test_a_phase_that_would_train_nothing_is_refused(train):
    with pytest.raises(NetworkError, match=r"leaves nothing to train: .* for 3.weight, 3.bias;"):
        trainable_names(frozen("3.weight", "3.bias"), train)


def test_a_study_leaves_frozen_what_its_factory_froze(tmp_path):
    def half(channels, classes):
        network = nn.Sequential(nn.Linear(channels, 4), nn.Tanh(), nn.Linear(4, classes))
        network[0].requires_grad_(False)
        return network

    study = Study(make_population({"anna": 20}), ["transfer(3)"], network=half, epochs=1)
    study.run(tmp_path, workers=1)
    first = study.architecture.build(0).state_dict()
    trained = [load_file(file) for file in (tmp_path / "trunks").iterdir()]
    for name, moves in (("network.0.weight", False), ("network.2.weight", True)):
        moved = [not torch.equal(one[f"weights/{name}"], first[name]) for one in trained]
        assert moved == [moves] * len(trained) != []
