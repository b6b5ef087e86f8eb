"""Which of a network's parameters a phase trains."""

from fnmatch import fnmatchcase

from torch import nn

from monogram.errors import NetworkError, did_you_mean, shorten
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
    """The names of the parameters that a phase trains.

    Args:
        network: the network.
        train: "all", "head", "last-block", or names with `*` and `?`, several joined by `|`;
            names may leave out the leading "network." of `Prepared`.

    Raises:
        NetworkError: no parameter has such a name; the message lists those there are.
    """
    names = [name for name, _ in network.named_parameters()]
    if train == "all":
        return names
    if train == "head":
        return head_names(network)
    if train == "last-block":
        return last_block_names(network)
    patterns = train.split("|")
    chosen = [
        name
        for name in names
        if any(fnmatchcase(n, p) for p in patterns for n in (name, name.removeprefix("network.")))
    ]
    if not chosen:
        known = ["all", "head", "last-block", *(name.removeprefix("network.") for name in names)]
        hint = did_you_mean(train, known)
        raise NetworkError(
            f"train={shorten(train)!r} matches no parameter{hint} Known: {', '.join(known)}"
        )
    return chosen
