"""What a network must satisfy, checked before anything is trained."""

import torch
from torch import nn

from monogram.errors import NetworkError

PROBE = 2  # samples


def check_network(network: nn.Module, inputs: torch.Tensor, classes: int, name: str) -> None:
    """Run two samples through the network, forward and backward.

    Args:
        network: takes the inputs, gives logits [batch, classes].
        inputs: [2 or more, *shape], real ones.
        classes: number of classes of the data.
        name: what the user calls the network.

    Raises:
        NetworkError: what is not as it must be, and what to change.
    """
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise NetworkError(f"network {name} has no parameters to train")
    sample = inputs[:PROBE]
    try:
        logits = network.train()(sample)
    except Exception as error:
        raise NetworkError(
            f"network {name} cannot take inputs of shape {list(sample.shape)}: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(logits, torch.Tensor):
        raise NetworkError(
            f"network {name} must return a tensor of logits, not {type(logits).__name__}"
        )
    expected = (len(sample), classes)
    if tuple(logits.shape) != expected:
        raise NetworkError(
            f"network {name} returns {list(logits.shape)} for {len(sample)} samples; logits "
            f"[batch, classes] = {list(expected)} are needed, since the data has {classes} classes"
        )
    if not logits.requires_grad:
        raise NetworkError(f"network {name} returns logits that no parameter has a gradient from")
    if looks_like_probabilities(logits):
        raise NetworkError(
            f"network {name} returns probabilities; logits are needed, so leave out its softmax: "
            "the loss applies one itself"
        )
    logits.sum().backward()  # type: ignore[no-untyped-call] # torch's own annotation is missing
    if not torch.isfinite(logits).all():
        raise NetworkError(f"network {name} returns NaN or infinite logits before any training")


def looks_like_probabilities(logits: torch.Tensor) -> bool:
    """Whether each row of [batch, classes] sums to 1 and nothing is negative: a softmax's."""
    rows = logits.detach()
    return bool((rows >= 0).all() and torch.allclose(rows.sum(1), torch.ones(len(rows))))
