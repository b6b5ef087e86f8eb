"""Normalisation, ReLU and pooling in one pass: the same function, gradient and statistics."""

import copy
from unittest import mock

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from monogram import native
from monogram.networks import Conv1dNetwork, PaperNetwork, Prepared, laid_out, natively
from monogram.networks.altered import is_altered

NORMALISE = functional.batch_norm

pytestmark = pytest.mark.skipif(
    not native.is_available(), reason="Monogram's C was not compiled for this processor"
)


def trained(network: nn.Module, inputs: Tensor) -> dict[str, Tensor]:
    """What a network in training mode gives, all gradients and the statistics afterwards."""
    network.train().zero_grad()
    inputs = inputs.clone(memory_format=torch.preserve_format).requires_grad_()
    torch.manual_seed(0)
    outputs = network(inputs)
    weights = torch.linspace(-1, 1, outputs.numel()).view_as(outputs)
    (outputs * weights).sum().backward()
    gradients = {f"gradient of {name}": p.grad for name, p in network.named_parameters()}
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
    found = {"outputs": outputs.detach(), "gradient": inputs.grad, **gradients, **buffers}
    return {name: tensor for name, tensor in found.items() if tensor is not None}


def left_over(network: nn.Module, inputs: Tensor, apart: float = 1e-3) -> int:
    """Check that the same comes out, and say how often PyTorch's own normalisation was left in.

    `apart` is the distance that rounding may make, as a part of each tensor's length.
    """
    plain = trained(copy.deepcopy(network), inputs)
    normalise = mock.patch.object(functional, "batch_norm", wraps=NORMALISE)
    with natively(network), normalise as own:
        other = trained(network, inputs)
    assert other.keys() == plain.keys()
    for name, tensor in plain.items():
        distance = (other[name].double() - tensor.double()).norm()
        assert distance <= apart * tensor.double().norm() + 1e-4, name
    assert not any(map(is_altered, network.modules()))
    return own.call_count


def pictures(*shape: int) -> Tensor:
    """Distinct numbers in a random order, channels last: nowhere two maxima."""
    count = torch.Size(shape).numel()
    values = torch.randperm(count, generator=torch.Generator().manual_seed(1)) / count
    return (8 * values - 3).view(shape).contiguous(memory_format=torch.channels_last)


@settings(deadline=None, max_examples=60)
@given(
    size=st.sampled_from((None, 2, (1, 2), (2, 1))),
    relu=st.booleans(),
    rows=st.integers(1, 7),
    columns=st.integers(1, 7),
    channels=st.sampled_from((8, 24, 64)),
    batch=st.integers(1, 40),
)
def test_a_chain_is_computed_at_once(size, relu, rows, columns, channels, batch):
    normalisation = nn.BatchNorm2d(channels)
    nn.init.uniform_(normalisation.weight, -2, 2)
    nn.init.normal_(normalisation.bias)
    layers = [normalisation, *[nn.ReLU()] * relu]
    inputs = pictures(batch, channels, rows, columns)
    if batch * rows * columns == 1:
        with pytest.raises(ValueError, match="more than 1 value per channel"):
            left_over(nn.Sequential(*layers), inputs)
        return
    if size is not None:
        layers.append(nn.MaxPool2d(size))
        high, wide = (size, size) if isinstance(size, int) else size
        if rows < high or columns < wide:
            with pytest.raises(RuntimeError, match="Output size is too small"):
                left_over(nn.Sequential(*layers), inputs)
            return
    assert left_over(nn.Sequential(*layers), inputs) == 0


@pytest.mark.parametrize("batch", [1, 3, 33])
def test_moments_are_exact_far_from_zero(batch):
    inputs = pictures(batch, 8, 9, 5) + 1000
    layer = nn.BatchNorm2d(8)
    with natively(layer):
        outputs = layer(inputs)
    exact = inputs.double()
    exact = (exact - exact.mean((0, 2, 3), keepdim=True)) / (
        exact.var((0, 2, 3), correction=0, keepdim=True) + layer.eps
    ).sqrt()
    torch.testing.assert_close(outputs.double(), exact, rtol=0, atol=1e-3)
    variance = inputs.double().var((0, 2, 3))
    torch.testing.assert_close(
        layer.get_buffer("running_var").double(), 0.9 + 0.1 * variance, rtol=1e-5, atol=0
    )


@pytest.mark.parametrize(
    ("network", "inputs"),
    [
        (PaperNetwork(1, 10, 0.25), torch.randn(9, 1, 32, 32)),
        (Conv1dNetwork(6, 3), torch.randn(9, 6, 51)),
        (
            Prepared(PaperNetwork(3, 10, 0.25), torch.zeros(3), torch.ones(3), 3, 10),
            torch.rand(9, 3, 32, 32),
        ),
    ],
    ids=["pictures", "series", "prepared"],
)
def test_whole_networks_are_computed_so(network, inputs):
    network = laid_out(network)
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    near_maxima = 0.1  # after other roundings another may be the larger one
    assert left_over(network, inputs, near_maxima) == 0


def test_what_is_no_number_in_a_part_of_a_window_is_what_is_pooled():
    network = nn.Sequential(nn.BatchNorm2d(8), nn.MaxPool2d(2))
    nn.init.constant_(network.get_parameter("0.weight"), torch.inf)
    inputs = pictures(2, 8, 4, 4)
    inputs[0, :, 0, 0] = inputs.mean((0, 2, 3))
    plain = copy.deepcopy(network)(inputs)
    with natively(network):
        assert torch.equal(network(inputs).isnan(), plain.isnan())


def test_what_is_no_number_stays_none():
    for bad in (torch.nan, torch.inf):
        inputs = pictures(2, 8, 4, 4)
        inputs[1, 3, 2, 2] = bad
        layers = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2))
        with natively(layers):
            outputs = layers(inputs)
        assert outputs[:, 3].isnan().all()
        assert not outputs[:, [0, 1, 2, 4, 5, 6, 7]].isnan().any()


class Residual(nn.Module):
    """What is normalised is used twice, by a ReLU and beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.normalise, self.relu = nn.BatchNorm2d(8), nn.ReLU()

    def forward(self, inputs: Tensor) -> Tensor:
        normalised = self.normalise(inputs)
        return self.relu(normalised) + normalised


class Shared(nn.Module):
    """One ReLU for two places."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.other, self.relu = nn.BatchNorm2d(8), nn.BatchNorm2d(8), nn.ReLU()

    def forward(self, inputs: Tensor) -> Tensor:
        return self.relu(self.other(self.relu(self.one(inputs))))


class Dynamic(nn.Module):
    """A network whose graph depends on numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.normalise, self.relu = nn.BatchNorm2d(8), nn.ReLU()

    def forward(self, inputs: Tensor) -> Tensor:
        outputs = self.normalise(inputs)
        return self.relu(outputs) if inputs.sum() > 0 else outputs


@pytest.mark.parametrize(
    "network", [Residual(), Shared(), Dynamic()], ids=lambda n: type(n).__name__
)
def test_what_is_used_elsewhere_too_is_computed_by_itself(network):
    assert left_over(network, pictures(4, 8, 5, 5)) == 0


def layer(**tensors: Tensor | None) -> nn.BatchNorm2d:
    """A normalisation of 8 channels with tensors of its own."""
    made = nn.BatchNorm2d(8)
    for name, tensor in tensors.items():
        setattr(made, name, tensor)
    return made


@pytest.mark.parametrize(
    ("layer", "inputs"),
    [
        (nn.BatchNorm2d(12), pictures(4, 12, 5, 5)),
        (layer(), pictures(4, 8, 5, 5).contiguous()),
        (layer().double(), pictures(4, 8, 5, 5).double()),
        (nn.BatchNorm2d(8, momentum=None), pictures(4, 8, 5, 5)),
        (nn.BatchNorm2d(8, affine=False), pictures(4, 8, 5, 5)),
        (nn.BatchNorm2d(8, track_running_stats=False), pictures(4, 8, 5, 5)),
        (layer(bias=None), pictures(4, 8, 5, 5)),
        (layer(num_batches_tracked=None), pictures(4, 8, 5, 5)),
    ],
    ids=[
        *("channels", "layout", "double", "momentum", "affine", "statistics"),
        *("no bias", "uncounted"),
    ],
)
def test_other_layers_and_inputs_are_left_to_pytorch(layer, inputs):
    assert left_over(nn.Sequential(layer, nn.ReLU(), nn.MaxPool2d(2)), inputs) == 1


def test_other_numbers_of_channels_are_refused_as_by_pytorch():
    network = nn.Sequential(nn.BatchNorm2d(8))
    with natively(network), pytest.raises(RuntimeError):
        network(pictures(4, 16, 5, 5))


def test_statistics_that_are_not_to_move_do_not():
    normalisation = nn.BatchNorm2d(8)
    normalisation.track_running_stats = False
    assert left_over(nn.Sequential(normalisation, nn.ReLU()), pictures(4, 8, 5, 5)) == 1


class Tapped(nn.Module):
    """Looks at what each module of a sequence gives."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2))

    def forward(self, inputs: Tensor) -> Tensor:
        total = self.layers[:1](inputs).sum()
        for module in self.layers:
            inputs = module(inputs)
            total = total + inputs.abs().sum()
        return total


def test_who_looks_between_the_modules_sees_what_is_there():
    assert left_over(Tapped(), pictures(4, 8, 5, 5)) == 0


class Changing(nn.Module):
    """Exchanges one of its layers, and changes the other."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(2)
        self.layers = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(), self.pool)

    def forward(self, inputs: Tensor) -> Tensor:
        pooled = self.layers(inputs).sum()
        self.pool.kernel_size = self.pool.stride = 1
        unpooled = self.layers(inputs).sum()
        self.layers[1] = nn.Tanh()
        return torch.stack([pooled, unpooled, self.layers(inputs).sum()])


def test_layers_that_are_exchanged_or_changed_meanwhile_are_followed():
    assert left_over(Changing(), pictures(4, 8, 6, 6)) == 0


def test_hooks_between_see_what_is_there():
    inner = nn.Sequential(nn.Conv2d(8, 8, 1), nn.BatchNorm2d(8))
    network = laid_out(nn.Sequential(inner, nn.ReLU()))
    seen: list[float] = []
    inner.register_forward_hook(lambda *given: seen.append(float(given[2].detach().min())))
    with natively(network):
        network(pictures(4, 8, 5, 5))
    assert seen[0] < 0


def test_a_hook_that_comes_later_is_called():
    network = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU())
    seen: list[float] = []
    with natively(network):
        network[0].register_forward_hook(lambda *given: seen.append(float(given[2].detach().min())))
        network(pictures(4, 8, 5, 5))
    assert seen[0] < 0


def test_a_copy_made_meanwhile_computes_the_same():
    network, inputs = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU()), pictures(4, 8, 5, 5)
    with natively(network):
        other = copy.deepcopy(network)
        network.get_parameter("0.weight").data.zero_()
    assert float(other(inputs).detach().max()) > 0
    assert float(other[1](torch.tensor(-1.0))) == 0


def test_gradients_can_be_differentiated_in_their_turn():
    network = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2))

    def penalty(network: nn.Module) -> tuple[Tensor, ...]:
        inputs = pictures(4, 8, 6, 6).requires_grad_()
        energy = network(inputs).pow(3).sum()
        (slope,) = torch.autograd.grad(energy, inputs, create_graph=True)
        return torch.autograd.grad(slope.pow(2).sum(), list(network.parameters()))

    plain = penalty(copy.deepcopy(network))
    with natively(network):
        torch.testing.assert_close(penalty(network), plain, rtol=1e-3, atol=1e-3)


def test_what_torch_func_transforms_is_left_to_pytorch():
    without = layer(running_mean=None, running_var=None, num_batches_tracked=None)
    network = nn.Sequential(without, nn.ReLU())
    with natively(network):
        gradient = torch.func.grad(lambda one: network(one).pow(3).sum())(pictures(3, 8, 4, 4))
    assert gradient.isfinite().all()


def test_pools_that_overlap_are_left_as_they_are():
    network = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1))
    assert left_over(network, pictures(4, 8, 7, 7)) == 0


def test_layers_in_evaluation_mode_keep_their_statistics():
    network = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)).eval()
    inputs = pictures(4, 8, 6, 6)
    plain = network(inputs)
    with natively(network):
        torch.testing.assert_close(network(inputs), plain, rtol=0, atol=0)
    assert int(network.get_buffer("0.num_batches_tracked")) == 0


def test_frozen_layers_get_no_gradients():
    network = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU())
    network[0].weight.requires_grad_(False)
    with natively(network):
        network(pictures(4, 8, 6, 6)).sum().backward()
    assert network[0].weight.grad is None
    assert network[0].bias.grad is not None


def test_many_threads_are_left_to_pytorch():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert left_over(nn.BatchNorm2d(8), pictures(4, 8, 6, 6)) == 1
    finally:
        torch.set_num_threads(before)


def test_a_module_with_a_hook_is_left_as_it_is():
    network = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU())
    seen = []
    network[1].register_forward_hook(lambda *_: seen.append(1))
    with natively(network):
        network(pictures(4, 8, 6, 6))
    assert seen == [1]


def test_a_pooling_whose_list_of_sizes_changed_in_place_is_another():
    sizes = [2, 2]
    network = nn.Sequential(nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(sizes, stride=2))  # type: ignore[arg-type]
    inputs = torch.randn(4, 8, 8, 8).contiguous(memory_format=torch.channels_last)
    with natively(network):
        network(inputs)
        sizes[1] = 1
        found = network(inputs)
    torch.testing.assert_close(found, network(inputs), rtol=1e-4, atol=1e-5)
