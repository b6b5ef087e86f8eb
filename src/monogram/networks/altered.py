"""Modules that compute something else than their class says: told, and made for a while."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import nn

FORWARD = "forward"
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def is_altered(module: nn.Module) -> bool:
    """Whether a module, its parts aside, has hooks or a `forward` of its own.

    Whoever computes a layer in another way must leave such a module as it is.
    """
    return FORWARD in vars(module) or has_hooks(module)


def has_hooks(module: nn.Module) -> bool:
    """Whether a module, its parts aside, has hooks."""
    return any(map(vars(module).get, HOOKS))


@contextmanager
def altered(forwards: Mapping[nn.Module, Callable[..., Any]]) -> Iterator[None]:
    """In this context modules that were not altered compute what is given for each."""
    try:
        for module, forward in forwards.items():
            vars(module)[FORWARD] = forward
        yield
    finally:
        for module in forwards:
            vars(module).pop(FORWARD, None)
