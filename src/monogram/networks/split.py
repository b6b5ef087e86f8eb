"""Cutting a network in two: what individuals share, and what is above their lowest own tensor.

The network is traced into a graph (torch.fx). A node is personal when it uses a tensor that
differs from the base's, or the value of a personal node. All others form the lower part, which is
computed once for samples of different individuals; this is exact for graphs of any form.
Networks that cannot be traced are not cut.
"""

import copy
import operator
from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn

from monogram.networks.layout import laid_out
from monogram.networks.tied import tensor_names

SHAPE_METHODS = frozenset({"size", "dim"})
SHAPE_FUNCTIONS = frozenset(
    {getattr, operator.getitem, operator.mul, operator.floordiv, operator.add, operator.sub}
)
IN_PLACE = frozenset({operator.iadd, operator.imul, operator.isub, operator.itruediv})


@dataclass(frozen=True, eq=False)
class Cut:
    """A network in two parts.

    Attributes:
        lower: inputs to a tuple of tensors, [n, …] each.
        upper: those tensors to logits [n, classes]; its parameters have the network's names.
    """

    lower: nn.Module
    upper: nn.Module


def cut(network: nn.Module, own: Collection[str], probe: Tensor) -> Cut | None:
    """A network cut below the lowest of some tensors, each part in the mode the network is in.

    Args:
        network: takes one tensor; is not changed. Its modules may be in different modes.
        own: names of the parameters and buffers that differ between individuals, at least one.
        probe: [n, …] inputs on which the cut network must equal the whole one bit for bit, with the
            same random draws, none of them in the lower part.

    Returns:
        None when the network cannot be cut; it must then be run as a whole.
    """
    if _tied(network, set(own)):
        return None
    try:
        network = _without_in_place(network)
        traced = fx.GraphModule(network, _Tracer().trace(network))
        parts = None if any(map(_overwrites, traced.graph.nodes)) else _parts(traced, set(own))
        if parts is None or not _agrees(parts, network, probe):
            return None
        laid_out(parts.lower)  # faster
        return parts
    except Exception:
        return None


def _tied(network: nn.Module, own: set[str]) -> bool:
    """Whether a tensor of the individual has several names: a part might know only some of them."""
    return any(len(names) > 1 and not own.isdisjoint(names) for names in tensor_names(network))


def _without_in_place(network: nn.Module) -> nn.Module:
    """A copy that overwrites nothing. What holds a tensor with a history cannot be copied."""
    network = copy.deepcopy(network)
    for module in network.modules():
        if hasattr(module, "inplace"):
            setattr(module, "inplace", False)  # noqa: B010 - modules of any kind
    return network


class _Tracer(fx.Tracer):
    """Takes variants of PyTorch's linear layer for one step too."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether a module is one step of the graph."""
        return isinstance(m, nn.Linear) or super().is_leaf_module(m, module_qualified_name)


def _parts(traced: fx.GraphModule, own: set[str]) -> Cut:
    personal = _personal(traced.graph, own)
    crossing: dict[fx.Node, None] = {}
    upper = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    needed = _needed(traced.graph, personal, crossing)
    for node in crossing:
        copies[node] = upper.placeholder(node.name)
    for node in traced.graph.nodes:
        if node in needed and node not in copies:
            copies[node] = upper.node_copy(node, copies.__getitem__)
    lower = fx.Graph()
    mirrored: dict[fx.Node, fx.Node] = {}
    for node in traced.graph.nodes:
        if node not in personal and node.op != "output":
            mirrored[node] = lower.node_copy(node, mirrored.__getitem__)
    lower.output(tuple(mirrored[node] for node in crossing))
    below = fx.GraphModule(traced, lower)
    below.graph.eliminate_dead_code()
    below.recompile()
    return Cut(below, fx.GraphModule(traced, upper))


def _personal(graph: fx.Graph, own: set[str]) -> set[fx.Node]:
    """The nodes whose value depends on tensors of the individual."""
    personal: set[fx.Node] = set()
    for node in graph.nodes:
        target = str(node.target)
        uses = (node.op == "get_attr" and target in own) or (
            node.op == "call_module" and any(name.startswith(f"{target}.") for name in own)
        )
        if uses or node.op == "output" or any(n in personal for n in node.all_input_nodes):
            personal.add(node)
    return personal


def _needed(graph: fx.Graph, personal: set[fx.Node], crossing: dict[fx.Node, None]) -> set[fx.Node]:
    """The nodes of the upper part: the personal ones, and cheap ones that are no samples' values.

    Constants and shapes are computed again in the upper part rather than handed over, since they
    do not have a row for each sample. `crossing` collects the values that are handed over.
    """
    needed = set(personal)
    for node in reversed(graph.nodes):
        if node not in needed:
            continue
        for used in node.all_input_nodes:
            if used in personal:
                continue
            if used.op == "get_attr" or _is_shape(used):
                needed.add(used)
            else:
                crossing[used] = None
    return needed


def _is_shape(node: fx.Node) -> bool:
    if node.op == "call_method":
        return node.target in SHAPE_METHODS
    if node.op != "call_function" or node.target not in SHAPE_FUNCTIONS:
        return False
    if node.target is getattr:
        return node.args[1] in ("shape", "device", "dtype")
    return all(_is_shape(used) for used in node.all_input_nodes)


def _overwrites(node: fx.Node) -> bool:
    """Whether a node changes a value that others use: the order of the nodes then matters."""
    in_place = (
        (node.op == "call_method" and str(node.target).endswith("_"))
        or (node.op == "call_function" and node.target in IN_PLACE)
        or bool(node.kwargs.get("inplace"))
    )
    return in_place and any(len(used.users) > 1 for used in node.all_input_nodes)


def _agrees(parts: Cut, network: nn.Module, probe: Tensor) -> bool:
    """Whether the parts do what the whole does, handing over a row for each sample.

    Two numbers of samples are tried: one alone may happen to be the length of another axis.
    """
    more = torch.cat([probe, probe[:1]])
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        return _agree_on(parts, network, more) and _agree_on(parts, network, probe)


def _agree_on(parts: Cut, network: nn.Module, inputs: Tensor) -> bool:
    torch.manual_seed(0)
    handed = parts.lower(inputs)
    if not all(isinstance(h, Tensor) and len(h) == len(inputs) for h in handed):
        return False
    logits = parts.upper(*handed)
    torch.manual_seed(0)
    same = torch.equal(logits, network(inputs))
    return same and all(map(torch.equal, handed, parts.lower(inputs)))  # it draws nothing
