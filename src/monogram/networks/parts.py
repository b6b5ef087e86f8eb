"""Which of a network's parameters a phase trains."""

from fnmatch import fnmatchcase

from torch import nn

from monogram.errors import NetworkError


def head_names(network: nn.Module) -> list[str]:
    """The names of the parameters of the last layer that has any."""
    layers = [
        [f"{name}.{own}" if name else own for own, _ in module.named_parameters(recurse=False)]
        for name, module in network.named_modules()
    ]
    return next(names for names in reversed(layers) if names)


def trainable_names(network: nn.Module, train: str) -> list[str]:
    """The names of the parameters that a phase trains.

    Args:
        network: the network.
        train: "all", "head", or names with `*` and `?`, several joined by `|`; names may leave
            out the leading "network." of `Prepared`.

    Raises:
        NetworkError: no parameter has such a name; the message lists those there are.
    """
    names = [name for name, _ in network.named_parameters()]
    if train == "all":
        return names
    if train == "head":
        return head_names(network)
    patterns = train.split("|")
    chosen = [
        name
        for name in names
        if any(fnmatchcase(n, p) for p in patterns for n in (name, name.removeprefix("network.")))
    ]
    if not chosen:
        own = ", ".join(name.removeprefix("network.") for name in names)
        raise NetworkError(f"train={train!r} matches no parameter; there are: {own}")
    return chosen
