"""Convolutions by C of Monogram's own against PyTorch's: how long, and how exact.

The layers of the paper's network and of the 1-D network, forward and both gradients together, in
one process with one thread, in turn. Exact is what PyTorch computes in float64, and a distance is
the square root of the mean square, of random inputs and weights.
`python -m benchmarks convolutions`.
"""

import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from monogram import native
from monogram.engine.allocator import keep_big_blocks
from monogram.engine.machine import torch_threads
from monogram.networks import laid_out

ROUNDS = 15
BATCH = 128
FEWEST_LAST = 8  # channels; fewer are a network's inputs, which lie end to end


@dataclass(frozen=True)
class Layer:
    """A convolution: channels in and out, the picture's sides, the kernel's."""

    inputs: int
    outputs: int
    picture: tuple[int, int]
    kernel: tuple[int, int] = (3, 3)

    def made(self) -> nn.Conv2d:
        """It itself, with weights drawn at random; it keeps the picture's size."""
        high, wide = self.kernel
        padding = (high // 2, wide // 2)
        return nn.Conv2d(self.inputs, self.outputs, self.kernel, padding=padding, bias=False)

    def __str__(self) -> str:
        """For a table."""
        picture, kernel = (f"{high} × {wide}" for high, wide in (self.picture, self.kernel))
        return f"{kernel}, {self.inputs} to {self.outputs} channels of {picture}"


LAYERS = (
    Layer(6, 16, (1, 100), (1, 5)),
    Layer(16, 32, (1, 50), (1, 5)),
    Layer(32, 32, (1, 25), (1, 5)),
    Layer(8, 16, (32, 32)),
    Layer(16, 32, (16, 16)),
    Layer(32, 32, (16, 16)),
    Layer(32, 32, (8, 8)),
    Layer(32, 64, (32, 32)),
    Layer(64, 128, (16, 16)),
    Layer(128, 128, (16, 16)),
    Layer(128, 128, (8, 8)),
)
Compute = Callable[[Tensor], Tensor]


def run() -> dict[str, Any]:
    """Compare the two for each layer."""
    assert native.is_available(), "Monogram was installed without a C compiler"
    keep_big_blocks()
    with torch_threads(1):
        found = [_compared(layer) for layer in LAYERS]
    return {"layers": found, "lines": list(map(_line, found))}


def _line(found: dict[str, Any]) -> str:
    parts = (
        f"{part} {one['ratio']:.2f} of the time, "
        f"{', '.join(f'{apart:.1f}' for apart in one['apart'])} times as far from exact"
        for part, one in found["parts"].items()
    )
    return f"{found['layer']}: {'; '.join(parts)}"


def _compared(layer: Layer) -> dict[str, Any]:
    """Of each part the median of the ratios of times, and the ratios of the distances."""
    torch.manual_seed(0)
    module = laid_out(layer.made())
    inputs = torch.randn(BATCH, layer.inputs, *layer.picture)
    if layer.inputs >= FEWEST_LAST:
        inputs = inputs.to(memory_format=torch.channels_last)
    gradients = torch.randn(BATCH, layer.outputs, *layer.picture)
    gradients = gradients.to(memory_format=torch.channels_last)
    ways: tuple[Compute, Compute] = (lambda x: native.convolved(module, x), module)
    parts = [_parts(module, inputs, gradients, way) for way in ways]
    exact_module = layer.made()
    exact_module.load_state_dict(module.state_dict())
    exact_module = exact_module.double()
    exact = _parts(exact_module, inputs.double(), gradients.double(), exact_module)
    found = {}
    for part in parts[0]:
        ours, theirs = (one[part] for one in parts)
        ratios = [_seconds(ours) / _seconds(theirs) for _ in range(ROUNDS)]
        every = zip(ours(), theirs(), exact[part](), strict=True)
        apart = [_distance(one, truth) / _distance(other, truth) for one, other, truth in every]
        found[part] = {"ratio": statistics.median(ratios), "apart": apart}
    return {"layer": str(layer), **asdict(layer), "parts": found}


def _parts(
    module: nn.Conv2d, inputs: Tensor, gradients: Tensor, way: Compute
) -> dict[str, Callable[[], tuple[Tensor, ...]]]:
    """What is timed: outputs, and both gradients, of inputs and weights."""
    learning = inputs.clone(memory_format=torch.preserve_format).requires_grad_()
    outputs, both = way(learning), [learning, module.weight]

    def forward() -> tuple[Tensor, ...]:
        with torch.no_grad():
            return (way(inputs),)

    def backward() -> tuple[Tensor, ...]:
        return torch.autograd.grad(outputs, both, gradients, retain_graph=True)

    return {"forward": forward, "gradients of inputs and weights": backward}


def _distance(one: Tensor, exact: Tensor) -> float:
    return float((one.double() - exact).square().mean().sqrt())


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started
