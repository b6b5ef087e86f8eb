"""Which of a network's parameters a phase trains."""

from fnmatch import fnmatchcase

from torch import nn

from monogram.errors import NetworkError, did_you_mean, shorten
from monogram.networks.prepared import Prepared
from monogram.networks.tied import tensor_names


def head_names(network: nn.Module) -> list[str]:
    """The names of the parameters of the last layer that has any, as `named_parameters()` has them.

    A parameter that an earlier layer has as well bears that layer's name.
    """
    first = {name: names[0] for names in tensor_names(network) for name in names}
    layers = [
        [f"{name}.{own}" if name else own for own, _ in module.named_parameters(recurse=False)]
        for name, module in network.named_modules()
    ]
    return [first[name] for name in next(names for names in reversed(layers) if names)]


def last_block_names(network: nn.Module) -> list[str]:
    """The names of the parameters from the last layer of weights before the head on.

    Layers of weights have a parameter of two axes or more: linear layers, convolutions, embeddings.
    What lies between them and the head, such as normalisation, belongs to the block.
    """
    head = set(head_names(network))
    names = [name for name, _ in network.named_parameters()]
    weights = [
        place
        for place, (name, parameter) in enumerate(network.named_parameters())
        if name not in head and parameter.dim() > 1
    ]
    return names[weights[-1] if weights else 0 :]


def trainable_names(network: nn.Module, train: str) -> list[str]:
    """The names of the parameters that a phase trains: of those that are asked for, all but frozen.

    Args:
        network: the network; frozen is what `Prepared` knows as such.
        train: "all", "head", "last-block", or names with `*` and `?`, several joined by `|`;
            names may leave out the leading "network." of `Prepared`.

    Raises:
        NetworkError: no parameter has such a name, the message lists those there are; or all that
            have it are frozen.
    """
    frozen = network.frozen if isinstance(network, Prepared) else frozenset()
    asked = _asked_for(network, train)
    names = [name for name in asked if name not in frozen]
    if not names:
        raise NetworkError(
            f"train={shorten(train)!r} leaves nothing to train: the network was made with "
            f"requires_grad=False for {shorten(', '.join(map(_bare, asked)), 200)}; train another "
            "part, or leave them unfrozen where the network is made"
        )
    return names


def _asked_for(network: nn.Module, train: str) -> list[str]:
    """The names of the parameters that an option means, frozen ones among them."""
    if train == "head":
        return head_names(network)
    if train == "last-block":
        return last_block_names(network)
    names = [name for name, _ in network.named_parameters()]
    return names if train == "all" else _matching(names, train)


def _matching(names: list[str], train: str) -> list[str]:
    """The names that any of several patterns fits.

    Raises:
        NetworkError: there is none.
    """
    patterns = train.split("|")
    chosen = [n for n in names if any(fnmatchcase(m, p) for p in patterns for m in (n, _bare(n)))]
    if not chosen:
        known = ["all", "head", "last-block", *map(_bare, names)]
        hint = did_you_mean(train, known)
        raise NetworkError(
            f"train={shorten(train)!r} matches no parameter{hint} Known: {', '.join(known)}"
        )
    return chosen


def _bare(name: str) -> str:
    """A name as the user's own network has it."""
    return name.removeprefix("network.")
