"""What adjustments do to a trained network's weights, without a step of training."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import torch
from torch import Tensor

from monogram.curriculum import SHARES, Adjustment, Blend, Prior
from monogram.networks import PRIOR
from monogram.training.interpolate import Weights, interpolate
from monogram.training.state import State
from monogram.training.tally import Tally


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What an adjustment knows besides the weights.

    Attributes:
        base: the weights at the end of the trunk.
        own: [classes] int64, training samples of D_I in each class.
        shared: [classes] int64, the same of D_G.
        validate: what weights get right on the individual's validation data, in parts that are
            the same for all weights.
    """

    base: Weights
    own: Tensor
    shared: Tensor
    validate: Callable[[Weights], Sequence[Tally]]


def adjust(adjustment: Adjustment, state: State, around: Surroundings) -> State:
    """The state after an adjustment.

    Args:
        adjustment: what to do.
        state: the end of what was trained.
        around: what else it depends on.
    """
    started = perf_counter()
    validated = None
    if isinstance(adjustment, Prior):
        odds = log_odds(around.own, around.shared, adjustment.smoothing)
        weights = {**state.weights, PRIOR: odds.to(state.weights[PRIOR])}
    elif isinstance(adjustment, Blend):
        weights, validated = _blended(adjustment, state.weights, around)
    else:
        raise TypeError(f"nobody knows how to do {adjustment}")
    seconds = state.seconds + perf_counter() - started
    return replace(state, weights=weights, seconds=seconds, validated=validated)


def log_odds(own: Tensor, shared: Tensor, smoothing: float) -> Tensor:
    """How much more often an individual's samples fall into each class: log(p_I / p_G).

    Args:
        own: [classes], samples of D_I in each class.
        shared: [classes], samples of D_G; a class without any counts as one with one sample.
        smoothing: samples of D_G that each class is expected from beforehand, above 0.

    Returns:
        float64 [classes]; equal frequencies give 0.

    >>> log_odds(torch.tensor([30, 10]), torch.tensor([500, 500]), smoothing=20).exp()
    tensor([1.2500, 0.7500], dtype=torch.float64)
    """
    known = shared.double().clamp(min=1)
    expected = known / known.sum()
    beforehand = smoothing * len(expected)
    frequencies = (own.double() + beforehand * expected) / (own.double().sum() + beforehand)
    return torch.log(frequencies / expected)


def _blended(
    blend: Blend, weights: Weights, around: Surroundings
) -> tuple[dict[str, Tensor], Tally | None]:
    """The weights of the share that is asked for, or that does best on validation data.

    The best of many looks better on the data that chose it than it is. So its figure there comes
    from cross-validation: on each part that of the share which the other parts choose.
    """
    if blend.share is not None:
        return interpolate(around.base, weights, blend.share), None
    trials = [around.validate(interpolate(around.base, weights, share)) for share in SHARES]
    parts = range(len(trials[0]))
    best = _most_correct(trials, parts)
    others = [[part for part in parts if part != one] for one in parts]
    validated = (trials[_most_correct(trials, others[one])][one] for one in parts)
    return interpolate(around.base, weights, SHARES[best]), sum(validated, Tally())


def _most_correct(trials: Sequence[Sequence[Tally]], parts: Sequence[int]) -> int:
    """Which trial gets most right on some parts; the first of equals."""
    correct = [sum(trial[part].correct for part in parts) for trial in trials]
    return correct.index(max(correct))
