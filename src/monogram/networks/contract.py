"""What a network must satisfy, checked before anything is trained."""

import torch
from torch import nn

from monogram.errors import NetworkError

PROBE = 2  # samples
LOOKS = 5  # in evaluation mode, to find out whether they differ


def check_network(network: nn.Module, inputs: torch.Tensor, classes: int, name: str) -> None:
    """Run two samples through the network, forward and backward, and judge them several times.

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
    with torch.random.fork_rng(devices=[]):
        _check_training(network.train(), inputs[:PROBE], classes, name)
        _check_judging(network.eval(), inputs[:PROBE], name)


def _check_training(network: nn.Module, sample: torch.Tensor, classes: int, name: str) -> None:
    """Refuse a network that has no logits for the classes, or none that it can be trained by."""
    logits = _logits(network, sample, name)
    _check_form(logits, (len(sample), classes), name)
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


def _logits(network: nn.Module, sample: torch.Tensor, name: str) -> torch.Tensor:
    """What a network says of a copy of the sample, since networks may work in place."""
    try:
        logits: object = network(sample.clone())
    except (Exception, SystemExit) as error:
        raise NetworkError(
            f"network {name} cannot take inputs of shape {list(sample.shape)}: "
            f"{type(error).__name__}: {error}{_advice(network, sample)}"
        ) from error
    if not isinstance(logits, torch.Tensor):
        raise NetworkError(
            f"network {name} must return a tensor of logits, not {type(logits).__name__}"
        )
    return logits


def _advice(network: nn.Module, sample: torch.Tensor) -> str:
    """What to do where an embedding was given numbers that are not whole."""
    embeds = any(isinstance(module, nn.Embedding) for module in network.modules())
    if embeds and sample.is_floating_point():
        return "; an embedding takes whole numbers, so read the data with tokens=True (--tokens)"
    return ""


def _check_form(logits: torch.Tensor, expected: tuple[int, int], name: str) -> None:
    samples, classes = expected
    if tuple(logits.shape) != expected:
        raise NetworkError(
            f"network {name} returns {list(logits.shape)} for {samples} samples; logits "
            f"[batch, classes] = {list(expected)} are needed, since the data has {classes} classes"
        )


def _check_judging(network: nn.Module, sample: torch.Tensor, name: str) -> None:
    """Refuse a network that says something else each time that it is judged.

    Several random states are tried: the few values of a small network may be dropped alike.
    """
    with torch.no_grad():
        looks = []
        for seed in range(LOOKS):
            torch.manual_seed(seed)
            looks.append(_logits(network, sample, name))
    if not all(torch.allclose(look, looks[0], equal_nan=True) for look in looks):
        raise NetworkError(
            f"network {name} returns other logits for the same inputs each time, in evaluation "
            "mode too, so that its figures would be others in every run; the usual cause is "
            "functional.dropout(x) without training=self.training: give it, or use nn.Dropout"
        )


def looks_like_probabilities(logits: torch.Tensor) -> bool:
    """Whether each row of [batch, classes] sums to 1 and nothing is negative: a softmax's."""
    rows = logits.detach()
    return bool((rows >= 0).all() and torch.allclose(rows.sum(1), rows.new_ones(len(rows))))
