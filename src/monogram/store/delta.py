"""A delta: what one individual's weights differ in from the base's, as safetensors bytes.

A tensor that equals the base's bit for bit is not in it. Each of the others is written by an
encoding (`monogram.store.encodings`); the name of the encoding stands in the file for each
tensor, so that a file says by itself how to read it, given the base.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import zstandard
from torch import Tensor

from monogram.errors import SettingError, StoreError
from monogram.store.encodings import (
    AnyEncoding,
    Half,
    Lossless,
    LowRank,
    Parts,
    Quantized,
    TopK,
    can_lose,
    encoding,
    pack_exactly,
    unpack_exactly,
)
from monogram.store.tensors import Weights, from_bytes, same, to_bytes

FORMAT = 1
LOSSY: tuple[AnyEncoding, ...] = (LowRank(4), TopK(0.05), Quantized(4), Quantized(8), Half())
DEFAULT_BOUND = 0.002  # of accuracy lost, a fraction: 0.2 points


def differing(base: Weights, weights: Weights) -> list[str]:
    """The names of the tensors that are not the base's bit for bit.

    Raises:
        StoreError: the two do not belong to one network.
    """
    if base.keys() != weights.keys():
        odd = ", ".join(sorted(base.keys() ^ weights.keys())[:3])
        raise StoreError(f"the weights are not of the base's network: {odd} is in only one of them")
    for name, there in base.items():
        here = weights[name]
        if (here.shape, here.dtype) != (there.shape, there.dtype):
            raise StoreError(
                f"the weights are not of the base's network: {name} is {here.dtype} "
                f"{list(here.shape)}, the base's is {there.dtype} {list(there.shape)}"
            )
    return [name for name in base if not same(base[name], weights[name])]


def encode(base: Weights, weights: Weights, how: str | AnyEncoding = "lossless") -> bytes:
    """The delta from a base to some weights.

    Args:
        base: all tensors of the base, by name.
        weights: the individual's, of the same names, shapes and types.
        how: the encoding, or its text form.

    Returns:
        A safetensors file; no bytes at all when nothing differs.

    Raises:
        StoreError: the two do not belong to one network.
        SettingError: no such encoding.
    """
    chosen, names = encoding(how), differing(base, weights)
    if not names:
        return b""
    tensors: dict[str, Tensor] = {}
    forms: dict[str, str] = {}
    for name in names:
        form, parts = _pack(base[name], weights[name], chosen)
        forms[name] = str(form)
        tensors |= {f"{part}/{name}": torch.from_numpy(p.copy()) for part, p in parts.items()}
    return to_bytes(tensors, {"format": FORMAT, "encodings": forms})


def decode(base: Weights, delta: bytes, what: str = "the delta") -> dict[str, Tensor]:
    """The tensors of a delta with the individual's values.

    Args:
        base: all tensors of the base that it was made from.
        delta: of `encode`.
        what: names it in errors.

    Returns:
        Only those tensors that differ from the base's, by name.

    Raises:
        StoreError: the delta is damaged, or belongs to another base.
    """
    if not delta:
        return {}
    tensors, about = from_bytes(delta, what)
    if about.get("format") != FORMAT:
        raise StoreError(f"{what} has format {about.get('format')!r}; this version reads {FORMAT}")
    by_name: dict[str, Parts] = {}
    for key, tensor in tensors.items():
        part, _, name = key.partition("/")
        by_name.setdefault(name, {})[part] = tensor.numpy()
    try:
        return {
            name: _unpack(base[name], by_name[name], encoding(form))
            for name, form in about["encodings"].items()
        }
    except (KeyError, ValueError, RuntimeError, SettingError, zstandard.ZstdError) as error:
        raise StoreError(
            f"{what} does not fit its base: {type(error).__name__}: {error}"
        ) from error


@dataclass(frozen=True)
class Trial:
    """What one encoding gave.

    Attributes:
        encoding: its text form.
        size: of the delta, bytes.
        accuracies: of the decoded model, fractions in [0, 1].
    """

    encoding: str
    size: int
    accuracies: tuple[float, ...]


@dataclass(frozen=True)
class Accepted:
    """The encoding that was chosen for one individual.

    Attributes:
        encoding: to commit with.
        delta: the bytes.
        exact: accuracies of the model as it was trained.
        trials: what was tried, the smallest first; the last is the accepted one.
    """

    encoding: AnyEncoding
    delta: bytes
    exact: tuple[float, ...]
    trials: tuple[Trial, ...]


def smallest_within(
    base: Weights,
    weights: Weights,
    accuracies: Callable[[dict[str, Tensor]], tuple[float, ...]],
    *,
    bound: float = DEFAULT_BOUND,
    encodings: Sequence[str | AnyEncoding] = LOSSY,
) -> Accepted:
    """The encoding of the smallest delta with which the accuracies of the individual's model hold.

    Args:
        base: all tensors of the base.
        weights: the individual's.
        accuracies: of all tensors of a model, in [0, 1]: on the individual's validation data, on
            global validation data …
        bound: the most that any of them may lose, a fraction.
        encodings: to choose from, besides `lossless`, with which they always hold.

    Raises:
        StoreError: the two do not belong to one network.
        SettingError: no such encoding, or a bound below 0.
    """
    if not bound >= 0:
        raise SettingError(f"the bound on accuracy lost must be at least 0, not {bound}")
    exact = accuracies(dict(weights))
    trials: list[Trial] = []
    forms = [Lossless(), *map(encoding, encodings)]
    deltas = [(how, encode(base, weights, how)) for how in forms]
    for how, delta in sorted(deltas, key=lambda one: len(one[1])):
        lossless = isinstance(how, Lossless)
        reached = exact if lossless else accuracies({**base, **decode(base, delta)})
        trials.append(Trial(str(how), len(delta), reached))
        if all(now >= then - bound for now, then in zip(reached, exact, strict=True)):
            return Accepted(how, delta, exact, tuple(trials))
    raise AssertionError("the lossless encoding is always accepted")


def _pack(base: Tensor, value: Tensor, how: AnyEncoding) -> tuple[AnyEncoding, Parts]:
    """A tensor's parts by the chosen encoding, or losslessly where that one cannot be used."""
    if not isinstance(how, Lossless) and can_lose(value):
        change = _change(base, value)
        if np.isfinite(change).all():
            parts = how.pack(change)
            if np.isfinite(how.unpack(parts, change.shape)).all():
                return how, parts
    return Lossless(), pack_exactly(base, value)


def _unpack(base: Tensor, parts: Mapping[str, np.ndarray], how: AnyEncoding) -> Tensor:
    if isinstance(how, Lossless):
        return unpack_exactly(base, dict(parts))
    change = torch.from_numpy(how.unpack(dict(parts), tuple(base.shape)))
    return (base.detach().cpu().float() + change).to(base.dtype)


def _change(base: Tensor, value: Tensor) -> np.ndarray:
    """Value minus base, float32."""
    return (value.detach().cpu().float() - base.detach().cpu().float()).numpy()
