"""Judging models of one base one at a time: the backbone they share runs over D_G once."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch

from monogram.engine.judge import Judge
from monogram.engine.judge_stack import Pair, StackJudge
from monogram.networks import PRIOR, Prepared
from monogram.networks.altered import is_altered
from monogram.training import (
    Findings,
    Own,
    StackedNetwork,
    Tally,
    Weights,
    judging_problem,
    with_stacked_layers,
)

LOOKED_AT = 16  # samples that tell whether they may be judged in batches of any size


class BackboneJudge:
    """Evaluates models of which each differs from the base in a part of the network.

    Where nothing but a head differs, a look at D_G takes the head's work instead of the network's;
    where all of the network differs, it is looked at as a whole. So are networks whose layers were
    altered, and those that look across a batch.

    Args:
        judge: has the data.
        network: to judge whole models with; overwritten.
        device: where it is.
        progress: told the number of samples after each pass.
        base: what the models differ from; not the tensors of that network.
    """

    def __init__(
        self,
        judge: Judge,
        network: Prepared,
        device: torch.device,
        progress: Callable[[float], None],
        base: Weights,
    ) -> None:
        self._judge, self._whole = judge, network
        self._stack_judge = StackJudge(judge, device, progress)
        self._base = {name: tensor.to(device) for name, tensor in base.items()}
        self._shared = self._in_parts()
        self._findings = Findings()

    def on_global(self, weights: Weights) -> Pair:
        """What a model gets right on D_G: validation, reported part."""
        model = self._model(weights)
        if model is None:
            return self._judge.on_global(self._loaded(weights))
        return self._stack_judge.on_global(model.network, model.own)[0]

    def on_global_validation(self, weights: Weights) -> Tally:
        """What a model gets right on D_G's validation data: the reported part is not touched."""
        model = self._model(weights)
        if model is None:
            return self._judge.on_global_validation(self._loaded(weights))
        return self._stack_judge.on_global_validation(model.network, model.own)[0]

    def _in_parts(self) -> Prepared | None:
        """A copy of the base to judge parts of, or None where it must be judged as a whole."""
        if any(map(is_altered, self._whole.modules())):
            return None
        if judging_problem(self._loaded(self._base), self._judge.shared[0].inputs[:LOOKED_AT]):
            return None
        return with_stacked_layers(copy.deepcopy(self._whole)).eval()

    def _model(self, weights: Weights) -> "_Model | None":
        """The model as a stack of one, or None where it shares no backbone with the base."""
        if self._shared is None:
            return None
        moved = {name: tensor.to(self._base[name].device) for name, tensor in weights.items()}
        own = {
            name: tensor[None]
            for name, tensor in moved.items()
            if name == PRIOR or not torch.equal(tensor, self._base[name])
        }
        probe = self._judge.shared[0].inputs[:2]
        parts = self._findings.cut(self._shared, self._base, own.keys() - {PRIOR}, probe)
        return None if parts is None else _Model(StackedNetwork(self._shared, own, parts), own)

    def _loaded(self, weights: Weights) -> Prepared:
        self._whole.load_state_dict(dict(weights))
        return self._whole


@dataclass(frozen=True, eq=False)
class _Model:
    """A stack of one.

    Attributes:
        network: in evaluation mode.
        own: the model's own tensors, [1, …] each.
    """

    network: StackedNetwork
    own: Own
