"""What stacks cannot train or judge: told before they are begun, with the reason.

Most networks that cannot be stacked raise an error or fail the engine's trial. Those here would
learn something else without anybody noticing, or only with data that the trial does not see.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from monogram.errors import NetworkError
from monogram.networks.tied import tensor_names
from monogram.training.state import copies

PAIR = 2  # samples; some layers refuse a single one
ROUNDING = 1e-3  # of the largest logit, that a batch of another size may change

EMBEDDINGS = (nn.Embedding, nn.EmbeddingBag)
PADDING_AT = {
    "aten.embedding": 2,
    "aten._embedding_bag": 8,
    "aten._embedding_bag_forward_only": 8,
}
"""Operations that look rows up, and the place of `padding_idx` among their arguments."""


def check_stackable(network: nn.Module, changing: Collection[str], inputs: Tensor) -> None:
    """Nothing where a stack may train a network.

    Args:
        network: to be trained; keeps its tensors.
        changing: names of the tensors that training may change.
        inputs: [n, *shape] raw ones on which the network is looked at.

    Raises:
        NetworkError: why not.
    """
    problems = chain(_problems(network, changing), _lookup_problems(network, changing, inputs))
    problem = next(problems, None)
    if problem:
        raise NetworkError(problem)


def judging_problem(network: nn.Module, inputs: Tensor) -> str | None:
    """Why samples of several individuals must not be judged in one batch, or None.

    Args:
        network: is put into evaluation mode; its tensors may change where that is the problem.
        inputs: [n, *shape] raw ones, more than `PAIR` of them.
    """
    network.eval()
    before = copies(network.state_dict())
    with torch.no_grad():
        among, alone = network(inputs)[-PAIR:], network(inputs[-PAIR:])
    if not all(_same(tensor, before[name]) for name, tensor in network.state_dict().items()):
        return "it changes its own tensors in evaluation mode"
    if not torch.allclose(alone, among, rtol=0, atol=ROUNDING * _largest(among), equal_nan=True):
        return "in evaluation mode its logits of a sample depend on the batch that the sample is in"
    return None


def tied_names(network: nn.Module) -> list[list[str]]:
    """The names of each of a network's tensors that has several."""
    return [names for names in tensor_names(network) if len(names) > 1]


def _problems(network: nn.Module, changing: Collection[str]) -> Iterator[str]:
    for names in tied_names(network):
        if any(name in changing for name in names):
            yield f"{' and '.join(names)} are one tensor, of which a stack would train one name"
    for place, module in network.named_modules():
        if isinstance(module, EMBEDDINGS):
            if module.max_norm is not None:
                yield f"{place} has a max_norm, which changes its weights in every pass"
            if module.padding_idx is not None and f"{place}.weight" in changing:
                yield f"{place} has a padding_idx, which a stack would train too"


def _lookup_problems(
    network: nn.Module, changing: Collection[str], inputs: Tensor
) -> Iterator[str]:
    """What a `forward` of its own does with embeddings, where no layer tells of it."""
    before = copies(network.state_dict())
    with _Lookups() as lookups, torch.random.fork_rng(devices=[]), torch.no_grad():
        network(inputs)
    network.load_state_dict(before)
    if lookups.renormed:
        yield "forward looks rows up with a max_norm, which changes its weights in every pass"
    names = {_storage(tensor): name for name, tensor in network.state_dict().items()}
    for storage in lookups.padded:
        name = names.get(storage)  # none: they are computed from others
        if name is None or name in changing:
            what = name or "weights"
            yield f"forward looks {what} up with a padding_idx, which a stack would train too"


class _Lookups(TorchDispatchMode):  # type: ignore[no-untyped-call] # PyTorch does not say
    """Within, notes which weights are looked up with a padding, and whether any are shortened."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.padded: list[int] = []
        self.renormed = False

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        operation = str(func).rpartition(".")[0]
        self.renormed |= operation == "aten.embedding_renorm_"
        place = PADDING_AT.get(operation)
        if place is not None and len(args) > place and args[place] >= 0:
            self.padded.append(_storage(args[0]))
        return func(*args, **(kwargs or {}))


def _storage(tensor: Tensor) -> int:
    """Tells apart what lies in different memory."""
    return tensor.untyped_storage().data_ptr()


def _same(one: Tensor, other: Tensor) -> bool:
    return torch.equal(one.nan_to_num(), other.nan_to_num())


def _largest(logits: Tensor) -> float:
    return float(logits.nan_to_num().abs().max())
