"""Whether a module computes something else than its class says."""

from torch import nn

FORWARD = "forward"
HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def is_altered(module: nn.Module) -> bool:
    """Whether a module, its parts aside, has hooks or a `forward` of its own.

    Whoever computes a layer in another way must leave such a module as it is.
    """
    return FORWARD in vars(module) or any(getattr(module, name) for name in HOOKS)
