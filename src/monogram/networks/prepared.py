"""A network with the preparation of its inputs and the prior of its outputs, shipped as one."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

WHITE = 255.0  # the highest grey value
PRIOR = "prior"


class Prepared(nn.Module):
    """Raw inputs to logits: grey values become fractions, each channel is standardised.

    The logits have a prior added to them, log odds of the classes against those of D_G: 0 for
    everybody until a curriculum sets an individual's.

    Args:
        network: from prepared inputs to logits [batch, classes].
        mean: [channels] of the prepared D_G, or None to leave the values as they are.
        scale: [channels], standard deviations; with `mean`.
        axes: number of axes of one input; the first is the channel.
        classes: number of logits.

    Attributes:
        frozen: names of the parameters that required no gradient when the network was made: they
            are never trained. Kept, since who trains changes what requires gradients meanwhile.
    """

    mean: Tensor | None
    scale: Tensor | None
    prior: Tensor
    frozen: frozenset[str]

    def __init__(
        self,
        network: nn.Module,
        mean: Tensor | None,
        scale: Tensor | None,
        axes: int,
        classes: int,
    ) -> None:
        super().__init__()
        self.network = network
        self.frozen = frozenset(n for n, p in self.named_parameters() if not p.requires_grad)
        self.register_buffer(PRIOR, torch.zeros(classes))
        shape = (-1, *(1 for _ in range(axes - 1)))
        self.register_buffer("mean", None if mean is None else mean.float().reshape(shape))
        self.register_buffer("scale", None if scale is None else scale.float().reshape(shape))

    def forward(self, inputs: Tensor) -> Tensor:
        """Raw inputs [batch, *shape] (float32, uint8 or int64) to logits [batch, classes]."""
        logits: Tensor = self.network(self.prepare(inputs))
        return logits + self.prior

    def prepare(self, inputs: Tensor) -> Tensor:
        """Raw inputs [batch, *shape] to what the network itself takes, of the same shape.

        Always a copy, since networks may work in place and the inputs may be the data themselves.
        """
        prepared = inputs
        if inputs.dtype == torch.uint8:
            prepared = inputs.float() / WHITE
        if self.mean is not None and self.scale is not None:
            prepared = (prepared - self.mean).div_(self.scale)
        return inputs.clone() if prepared is inputs else prepared


def with_prior(weights: Mapping[str, Tensor], classes: int) -> dict[str, Tensor]:
    """All tensors of a network, with a prior that changes nothing where they have none."""
    return {**weights, PRIOR: weights.get(PRIOR, torch.zeros(classes))}


def channel_statistics(inputs: np.ndarray, sample: int = 10_000) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel over D_G, as fractions for grey values.

    Args:
        inputs: [n, channels, …], D_G's training data; at most `sample` of them, evenly spaced,
            are read.
        sample: the most samples to read.

    Returns:
        Two float32 tensors [channels]; a channel that never changes has scale 1.
    """
    some = inputs[:: max(1, len(inputs) // sample)].astype(np.float64)
    if inputs.dtype == np.uint8:
        some /= WHITE
    rest = tuple(axis for axis in range(some.ndim) if axis != 1)
    mean, scale = some.mean(axis=rest), some.std(axis=rest)
    scale[scale < 1e-8 * np.maximum(1, np.abs(mean))] = 1.0
    return torch.from_numpy(np.atleast_1d(mean)).float(), torch.from_numpy(
        np.atleast_1d(scale)
    ).float()
