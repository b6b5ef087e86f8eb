"""Judging without batch normalisation: in evaluation mode it is part of the convolution before it.

With fixed statistics batch normalisation is an affine function of each channel, and so the
convolution before it with other weights. What is left out is a pass over all activations.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from monogram.networks.altered import altered, is_altered
from monogram.networks.sequences import Step, in_steps, sequences

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMALISATIONS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def _as_it_is(convolution: nn.Module) -> Step:
    return convolution


@contextmanager
def folded(network: nn.Module, computed: Callable[[nn.Module], Step] = _as_it_is) -> Iterator[None]:
    """In this context a network's batch normalisation is folded into the convolutions before it.

    It computes the same function, but for the order of sums. Its modules and their tensors are what
    they were all the time: only sequences of them compute something else.

    Args:
        network: in evaluation mode, and not to be trained in the context.
        computed: says how the convolutions are computed that others are folded into.
    """
    steps = {one: _steps(list(one), computed) for one in sequences(network)}
    with altered({one: in_steps(one, its) for one, its in steps.items()}):
        yield


def _steps(modules: Sequence[Any], computed: Callable[[nn.Module], Step]) -> Iterator[Step]:
    """The modules of a sequence; one step for a convolution and the normalisation after it."""
    while modules:
        pair = modules[:2]
        if len(pair) == 2 and _foldable(*pair):
            yield computed(_fused(*pair))
        else:
            pair = modules[:1]
            yield pair[0]
        modules = modules[len(pair) :]


def _foldable(convolution: Any, normalisation: Any) -> bool:
    """Whether two modules are just what PyTorch made them, and what the second does is fixed."""
    return (
        type(convolution) in CONVOLUTIONS
        and type(normalisation) in NORMALISATIONS
        and normalisation.running_mean is not None
        and normalisation.num_features == convolution.out_channels
        and not (convolution.training or normalisation.training)
        and not (is_altered(convolution) or is_altered(normalisation))
    )


def _fused(convolution: Any, normalisation: Any) -> nn.Module:
    fused: nn.Module = fuse_conv_bn_eval(convolution, normalisation)
    return fused
