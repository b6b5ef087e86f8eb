"""Naming and making networks: names, factories, files, choice by shape, and what is refused."""

import functools
import sys
from math import prod

import numpy as np
import pytest
import torch
from tests import nets
from tests.people import make_population
from torch import nn
from torch.nn import functional

from monogram.errors import NetworkError
from monogram.networks import MLP, PaperNetwork, architecture

PEOPLE = make_population({"anna": 8}, shared=24)
PICTURES = make_population({"anna": 8}, shared=24, shape=(1, 16, 16), kind=np.uint8)
SERIES = make_population({"anna": 8}, shared=24, shape=(3, 12))


def weights(architecture_, seed):
    return architecture_.build(seed).state_dict()


@pytest.mark.parametrize("network", [None, "mlp", "mlp(hidden=4)", nets.plain, "tests.nets:plain"])
def test_the_same_seed_gives_the_same_weights(network):
    made = architecture(network, PEOPLE)
    torch.manual_seed(1)
    first = weights(made, 5)
    torch.manual_seed(2)
    assert nets.same(weights(made, 5), first)
    assert not nets.same(weights(made, 6), first)


def test_making_a_network_leaves_the_callers_random_state_alone():
    made = architecture("mlp", PEOPLE)
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    made.build(0)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize(
    ("population", "name"),
    [
        (PEOPLE, "mlp(hidden=128)"),
        (PICTURES, "paper(width=0.25)"),
        (SERIES, "conv1d(width=16)"),
        (make_population({"anna": 8}, shape=(1, 8, 8)), "mlp(hidden=128)"),
        (make_population({"anna": 8}, shape=(3, 2)), "mlp(hidden=128)"),
    ],
    ids=["vectors", "pictures", "series", "small pictures", "short series"],
)
def test_without_a_name_the_inputs_shape_chooses(population, name):
    made = architecture(None, population)
    assert made.name == name
    inputs = torch.from_numpy(population.inputs[:4])
    assert made.build(0).eval()(inputs).shape == (4, 3)


@pytest.mark.parametrize(
    ("network", "kind"),
    [
        ("paper(width=0.1)", PaperNetwork),
        (" paper( width=0.1 ) ", PaperNetwork),
        ("paper-plain(width=0.1)", PaperNetwork),
        ("mlp(hidden=3)", MLP),
        (functools.partial(MLP, hidden=3), MLP),
        (lambda input_shape, num_classes: MLP(input_shape, num_classes, hidden=3), MLP),
        (lambda n_classes, *args, hidden=3, **more: MLP((1, 16, 16), n_classes, hidden), MLP),
        (lambda: MLP((1, 16, 16), 3), MLP),
        (MLP, MLP),
    ],
)
def test_names_and_factories_make_the_network(network, kind):
    assert isinstance(architecture(network, PICTURES).build(0).network, kind)


def test_a_factory_in_a_file_is_found_by_its_path(tmp_path):
    file = tmp_path / "net_of_mine.py"
    file.write_text("from torch import nn\ndef tiny(classes):\n    return nn.Linear(5, classes)\n")
    made = architecture(f"{file}:tiny", PEOPLE)
    assert isinstance(made.build(0).network, nn.Linear)


class Odd(nn.Module):
    """Answers with what it was given, instead of logits."""

    def __init__(self, answer):
        super().__init__()
        self.layer = nn.Linear(5, 3)
        self.answer = answer

    def forward(self, inputs):
        return self.answer(self.layer(inputs))


class Unused(nn.Linear):
    """Has a lazy layer that no input goes through."""

    def __init__(self, in_features, out_features):
        super().__init__(in_features, out_features)
        self.rest = nn.LazyLinear(out_features)


REFUSED = {
    "too many logits": (lambda: nn.Linear(5, 4), r"returns \[2, 4\] for 2 samples.*has 3 classes"),
    "no batch": (lambda: Odd(lambda x: x[0]), r"returns \[3\] for 2 samples"),
    "a tuple": (lambda: Odd(lambda x: (x, x)), "a tensor of logits, not tuple"),
    "no gradient": (lambda: Odd(lambda x: x.detach()), "no parameter has a gradient"),
    "NaN": (lambda: Odd(lambda x: x * float("nan")), "NaN or infinite logits"),
    "infinite": (lambda: Odd(lambda x: x / 0), "NaN or infinite logits"),
    "no parameters": (nn.Identity, "no parameters to train"),
    "all frozen": (lambda: nn.Linear(5, 3).requires_grad_(False), "no parameters to train"),
    "other inputs": (
        lambda: nn.Linear(6, 3),
        r"cannot take inputs of shape \[2, 5\]",
    ),
    "tokens as numbers": (
        lambda: nn.Sequential(nn.Embedding(10, 3), nn.Flatten(), nn.Linear(15, 3)),
        r"whole numbers, so read the data with tokens=True \(--tokens\)",
    ),
    "not a module": (lambda: 3, "made a int, not an nn.Module"),
    "a factory that fails": (lambda: 1 / 0, "could not be made: ZeroDivisionError"),
    "a factory that ends the process": (lambda: sys.exit(7), "could not be made: SystemExit: 7"),
    "a network that ends the process": (
        lambda: Odd(lambda x: sys.exit(7)),
        "cannot take inputs .*SystemExit: 7",
    ),
    "a lazy layer that is not used": (
        lambda: Unused(5, 3),
        "rest.weight, rest.bias got no size from one blank input, since forward",
    ),
    "unknown arguments": (lambda depth, classes: None, "needs depth; it is called with those of"),
    "an instance": (nn.Linear(5, 3), "not the network itself"),
    "unknown name": ("vgg", "unknown network 'vgg'. Known: paper, paper-plain, conv1d, mlp"),
    "misspelt name": ("papr(width=0.5)", "did you mean 'paper'"),
    "misspelt option": ("mlp(hiden=3)", "cannot read option 'hiden=3'; did you mean 'hidden'"),
    "unknown option": ("mlp(depth=3)", "cannot read option 'depth=3'. Known: hidden"),
    "no number": (
        "mlp(hidden=many)",
        "cannot read option 'hidden=many'; hidden takes a whole number above 0, for example",
    ),
    "no value": ("mlp(hidden)", "cannot read option 'hidden'; hidden takes a whole number"),
    "below zero": ("mlp(hidden=-1)", "cannot read option 'hidden=-1'; hidden takes a whole number"),
    "half a number": (
        "paper(width=1.2.3)",
        r"cannot read option 'width=1.2.3'; width takes a number above 0, for example width=1.0",
    ),
    "zero": ("mlp(hidden=0)", "hidden must be above 0"),
    "no whole number": ("mlp(hidden=2.5)", "hidden must be a whole number"),
    "unclosed": ("mlp(hidden=2", r"unknown network 'mlp\(hidden=2'"),
    "opened only": ("mlp(", "unknown network"),
    "closed twice": ("mlp(hidden=2))", "cannot read option"),
    "for other inputs": ("paper", r"images \[channels, height, width\] of at least 16 x 16"),
    "for other inputs, plain": ("paper-plain", "at least 16 x 16"),
    "for series": ("conv1d", r"series \[channels, time\] of at least 8 points"),
    "no module": ("no.such:thing", "cannot import no.such: ModuleNotFoundError"),
    "no attribute": ("tests.nets:thing", "tests.nets has no function or class 'thing'"),
    "no callable": ("tests.nets:__doc__", "has no function or class '__doc__'"),
    "no file": (
        "nowhere/net.py:tiny",
        "cannot import nowhere/net.py: FileNotFoundError: no file nowhere/net.py in ",
    ),
}


@pytest.mark.parametrize(("network", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_fitting_network_is_refused_with_what_to_change(network, message):
    with pytest.raises(NetworkError, match=message):
        architecture(network, PEOPLE)


@pytest.mark.parametrize("affine", [True, False])
def test_lazy_layers_without_parameters_are_sized_too(affine):
    def lazy(classes):
        normalised = nn.LazyBatchNorm1d(affine=affine)
        return nn.Sequential(nn.Linear(5, 8), normalised, nn.Linear(8, classes))

    made = architecture(lazy, PEOPLE)
    assert made.build(0).state_dict()["network.1.running_mean"].tolist() == [0.0] * 8
    assert made.build(0)(torch.zeros(2, 5)).shape == (2, 3)


def test_a_file_that_bears_the_name_of_another_module_is_refused(tmp_path):
    file = tmp_path / "json.py"
    file.write_text("def tiny(): pass\n")
    with pytest.raises(NetworkError, match="json is the name of another module"):
        architecture(f"{file}:tiny", PEOPLE)


@pytest.mark.parametrize(
    ("line", "said"), [("1 / 0", "ZeroDivision"), ("exit(7)", "SystemExit: 7")]
)
def test_a_file_that_does_not_run_is_refused_with_its_error(tmp_path, line, said):
    file = tmp_path / f"broken_{said[:4]}.py"
    file.write_text(f"{line}\n")
    with pytest.raises(NetworkError, match=rf"cannot import .*{said}"):
        architecture(f"{file}:tiny", PEOPLE)


class Dropping(nn.Module):
    """Drops one of few values, now and then, in evaluation mode too."""

    def __init__(self, channels, classes):
        super().__init__()
        self.layer, self.head = nn.Linear(channels, 4), nn.Linear(4, classes)

    def forward(self, inputs):
        return self.head(functional.dropout(self.layer(inputs), 0.2))


class Counting(Dropping):
    """What it says depends on how often it was asked."""

    asked = 0

    def forward(self, inputs):
        self.asked += 1
        return self.head(self.layer(inputs)) * self.asked


@pytest.mark.parametrize("network", [Dropping, Counting])
def test_a_network_that_is_judged_otherwise_each_time_is_refused(network):
    with pytest.raises(NetworkError, match=r"evaluation mode too.*without training=self.training"):
        architecture(network, PEOPLE)


def test_checking_leaves_the_callers_random_state_alone():
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    architecture(lambda: nn.Sequential(nn.Dropout(), nn.Linear(5, 3)), PEOPLE)
    assert torch.equal(torch.rand(1), expected)


class Double(nn.Module):
    """Computes in float64, and its logits are above 0."""

    def __init__(self, channels, classes):
        super().__init__()
        self.layer = nn.Linear(channels, classes).double()

    def forward(self, inputs):
        return functional.softplus(self.layer(inputs.double()))


def test_a_network_may_compute_in_other_types():
    assert isinstance(architecture(Double, PEOPLE).build(0).network, Double)
    with pytest.raises(NetworkError, match="leave out its softmax"):
        architecture(lambda: nn.Sequential(Double(5, 3), nn.Softmax(1)), PEOPLE)


def test_a_softmax_at_the_end_is_told_to_leave():
    def probabilities(input_shape, classes):
        return nn.Sequential(nn.Flatten(), nn.Linear(prod(input_shape), classes), nn.Softmax(1))

    with pytest.raises(NetworkError, match="leave out its softmax"):
        architecture(probabilities, PEOPLE)
