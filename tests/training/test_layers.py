"""Linear layers of many individuals: what each one's own layer computes, and its gradients."""

import pytest
import torch
from torch import nn
from torch.func import functional_call, vmap

from monogram.training.layers import Chain, StackedLinear, with_stacked_layers

INDIVIDUALS, SAMPLES, INPUTS = 3, 5, 4


def alone(weights, biases, inputs):
    """[individuals, …, outputs], one after the other."""
    return torch.stack(
        [
            nn.functional.linear(inputs[i], weights[i], None if biases is None else biases[i])
            for i in range(INDIVIDUALS)
        ]
    )


@pytest.mark.parametrize("outputs", [2, 70], ids=["narrow", "wide"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    "axes", [(), (SAMPLES,), (SAMPLES, 6)], ids=["a vector", "vectors", "sequences"]
)
@pytest.mark.parametrize("shared", ["inputs", "weights", "nothing"])
def test_a_stack_computes_what_each_computes_alone(outputs, bias, axes, shared):
    torch.manual_seed(0)
    layer = with_stacked_layers(nn.Linear(INPUTS, outputs, bias=bias))
    own = {
        name: torch.randn(INDIVIDUALS, *tensor.shape, requires_grad=True)
        for name, tensor in layer.named_parameters()
    }
    inputs = torch.randn(INDIVIDUALS, *axes, INPUTS, requires_grad=True)
    in_dims = [None if shared == "weights" else 0, None if shared == "inputs" else 0]
    given = (
        {n: t[0] for n, t in own.items()} if shared == "weights" else own,
        inputs[0] if shared == "inputs" else inputs,
    )
    logits = vmap(lambda p, x: functional_call(layer, p, (x,)), in_dims=tuple(in_dims))(*given)

    def each(tensor, name):
        return tensor[:1].expand_as(tensor) if shared == name else tensor

    expected = alone(
        each(own["weight"], "weights"),
        each(own["bias"], "weights") if bias else None,
        each(inputs, "inputs"),
    )
    torch.testing.assert_close(logits, expected)
    leaves = [*own.values(), inputs]
    pull = torch.randn_like(expected)
    found = torch.autograd.grad((logits * pull).sum(), leaves)
    wanted = torch.autograd.grad((expected * pull).sum(), leaves)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_alone_it_is_the_layer_bit_for_bit():
    plain = nn.Linear(4, 3)
    layer = nn.Linear(4, 3)
    layer.load_state_dict(plain.state_dict())
    assert isinstance(with_stacked_layers(layer), StackedLinear)
    inputs = torch.randn(7, 4)
    assert torch.equal(layer(inputs), plain(inputs))


class Tracer(torch.fx.Tracer):
    """Takes every layer for one step."""

    def is_leaf_module(self, m, module_qualified_name):
        return not isinstance(m, nn.Sequential)


def traced(*layers):
    network = with_stacked_layers(nn.Sequential(*layers))
    return torch.fx.GraphModule(network, Tracer().trace(network))


class Sharp(nn.Sigmoid):
    """Is called an element-wise function, and is none."""

    def forward(self, inputs):
        return inputs.softmax(-1)


class Straying(nn.Sequential):
    """Its middle layer is computed for nobody."""

    def forward(self, inputs):
        values = self[0](inputs)
        self[1](values)
        return self[2](values)


def hooked(module):
    module.register_forward_hook(lambda _, __, output: 2 * output)
    return module


def prehooked(module):
    module.register_forward_pre_hook(lambda _, inputs: (2 * inputs[0],))
    return module


def replaced(module):
    module.forward = lambda inputs: 2 * inputs
    return module


def test_chains_are_told_from_other_networks():
    assert Chain.of(traced(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)))
    assert not Chain.of(traced(nn.Linear(4, 3), nn.Dropout(0.5)))
    assert not Chain.of(traced(nn.Linear(4, 3, bias=False)))
    assert not Chain.of(traced(nn.ReLU()))
    assert not Chain.of(nn.Linear(4, 3))
    assert not Chain.of(traced(nn.Linear(4, 3), Sharp()))


@pytest.mark.parametrize("alter", [hooked, prehooked, replaced])
def test_layers_that_were_altered_are_left_alone(alter):
    assert not isinstance(with_stacked_layers(alter(nn.Linear(4, 4))), StackedLinear)
    for place in range(3):
        layers = [nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4)]
        layers[place] = alter(layers[place])
        assert not Chain.of(traced(*layers))


def test_a_chain_goes_from_each_layer_to_the_next():
    network = with_stacked_layers(Straying(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 2)))
    assert not Chain.of(torch.fx.GraphModule(network, Tracer().trace(network)))
