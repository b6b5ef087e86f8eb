"""What is given to be predicted: whether models can take it, and take it together."""

from collections.abc import Mapping

import torch
from torch import Tensor

from monogram.errors import DataError, shorten
from monogram.store.values import BaseModel


def as_trained(inputs: Tensor, base: BaseModel, origin: str = "what is to be predicted") -> Tensor:
    """Raw inputs as a base's models take them.

    Numbers of any type become float32, as they do in training. Grey values (uint8, 0 to 255) and
    other numbers are not taken for one another: the same picture would be 255 times as bright.

    Args:
        inputs: [n, *shape].
        base: says what its models were trained on; who kept it without that may give grey values
            and fractions alike.
        origin: of the inputs, for errors.

    Raises:
        DataError: inputs of another shape or type.
    """
    if tuple(inputs.shape[1:]) != base.input_shape:
        raise DataError(
            f"{origin}: inputs of shape {list(inputs.shape[1:])}; the models take "
            f"{list(base.input_shape)}"
        )
    kind = base.description.get("inputs")
    if kind == "uint8" and inputs.dtype != torch.uint8:
        raise DataError(
            f"{origin}: inputs are {_name(inputs)}; the models were trained on grey values "
            "(uint8, 0 to 255), write them as such"
        )
    if kind not in ("uint8", None) and inputs.dtype == torch.uint8:
        raise DataError(
            f"{origin}: inputs are bytes (uint8, fractions of 255); the models were trained on "
            f"{kind}, write them as such"
        )
    if base.description["tokens"]:
        return _tokens(inputs, origin)
    return inputs if inputs.dtype == torch.uint8 else inputs.float()


def check_alike(bases: Mapping[str, BaseModel]) -> None:
    """Refuse to predict together by bases whose logits mean different classes.

    Args:
        bases: each with an individual whose model is built on it, by the individual's id.

    Raises:
        DataError: names two individuals with different classes.
    """
    (one, first), *others = bases.items()
    for other, base in others:
        if base.classes != first.classes:
            raise DataError(
                f"individuals {shorten(one)!r} and {shorten(other)!r} have models with different "
                "classes; predict them one after the other"
            )


def _tokens(inputs: Tensor, origin: str) -> Tensor:
    """Whole numbers as int64."""
    if inputs.is_floating_point() or inputs.is_complex():
        raise DataError(
            f"{origin}: inputs are {_name(inputs)}; the models were trained on tokens, write them "
            "as whole numbers (int64)"
        )
    return inputs.long()


def _name(inputs: Tensor) -> str:
    """A tensor's type as NumPy writes it."""
    return str(inputs.dtype).removeprefix("torch.")
