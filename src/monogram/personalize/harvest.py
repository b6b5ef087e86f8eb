"""What becomes of a trained model here: it passes the guard and goes into the store."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor

from monogram.engine import BackboneJudge, Bench
from monogram.engine.harvest import Finished, Identity
from monogram.personalize.fingerprints import of_individual
from monogram.personalize.guard import Guard, Look, Rules, Verdict, accuracy
from monogram.personalize.there import There, Wanted
from monogram.plan import Model
from monogram.store import LOSSY, Figures, Provenance, Store, decode, smallest_within
from monogram.training import Tally, Weights

SMALLEST = "smallest"
REFUSED = (float("-inf"), float("-inf"))  # accuracies below any that are accepted


@dataclass(frozen=True)
class Guarding:
    """Let each model pass the guard and commit what it takes.

    Attributes:
        store: path or URL.
        base: hash of the base.
        at_base: the base's figures on D_G.
        rules: the guard's.
        common: the fingerprint of what all models have in common.
        encoding: of deltas; "smallest": whatever is smallest and good enough.
        settings: how models are made, a JSON object as text.
        bound: the most accuracy on the individual's and on global validation data that a lossy
            encoding may cost, a fraction in [0, 1].
        in_global: individuals whose data is in D_G too.
        redo: for individuals that must be made again, the version that is not new enough.
    """

    store: str
    base: str
    at_base: Figures
    rules: Rules
    common: str
    encoding: str
    bound: float
    settings: str
    in_global: frozenset[str] = frozenset()
    redo: Mapping[str, int] = field(default_factory=dict)

    def done(self, folder: Path) -> frozenset[Identity]:  # noqa: ARG002 - of every harvest
        """Nobody: whoever has a model in the store is left out of the plan."""
        return frozenset()

    def open(self, bench: Bench) -> "_Keeper":
        """Begin in this process."""
        return _Keeper(self, bench)


class _Keeper:
    """Passes models on to the store."""

    def __init__(self, asked: Guarding, bench: Bench) -> None:
        self._asked = asked
        self._bench = bench
        self._store = Store.open(asked.store)
        self._base = self._store.base_weights(asked.base)
        self._guard = Guard(asked.rules, self._base)
        self._backbone = BackboneJudge(
            bench.judge, bench.network, bench.device, bench.progress, self._base
        )

    def gather(self, finished: Finished) -> None:
        """Decide about the models and commit them.

        Raises:
            StoreError: it could not be written; what was committed before stays.
        """
        trained = {name: tensor.cpu() for name, tensor in finished.state.weights.items()}
        for model in finished.models:
            self._keep(model, trained)

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def _keep(self, model: Model, trained: Weights) -> None:
        asked, who = self._asked, model.individual
        at_base = self._at_base(who)
        look = self._look(who)
        verdict = self._guard.decide(model.curriculum, trained, at_base, look)
        encoding, served = self._written(verdict, at_base, look)
        reasons = [verdict.decision.reason, *self._flattering(who)]
        decision = replace(verdict.decision, reason="; ".join(reasons))
        fingerprint = of_individual(self._bench.population, who, asked.common)
        there = There(self._store, Wanted(asked.base, model.curriculum, model.seed))
        if there.has(who, fingerprint, above=asked.redo.get(who, 0)):
            return  # by a worker that outlived its killed parent
        self._store.commit(
            who,
            verdict.weights,
            base=asked.base,
            decision=decision,
            provenance=Provenance(
                model.curriculum, model.seed, fingerprint, settings=asked.settings
            ),
            figures=at_base if served is None else self._figures(served, who),
            base_figures=at_base,
            encoding=encoding,
        )

    def _flattering(self, individual: str) -> Iterator[str]:
        """Why an individual's figures are better than the model, in words."""
        if individual in self._asked.in_global:
            yield "its data is part of D_G, which flatters the figures"
        if self._bench.population.protocol.reports_on == "validation":
            yield "the figures are on the data that decided, which flatters them"

    def _at_base(self, individual: str) -> Figures:
        """The base's figures for an individual."""
        validation, reported = self._bench.judge.on_individual(self._loaded(self._base), individual)
        return replace(
            self._asked.at_base,
            personal_accuracy=accuracy(reported),
            personal_accuracy_validation=accuracy(validation),
        )

    def _look(self, individual: str) -> Look:
        judge = self._bench.judge

        def personal(weights: Weights) -> Tally:
            return judge.on_individual_validation(self._loaded(weights), individual)

        return Look(personal, self._backbone.on_global_validation)

    def _written(
        self, verdict: Verdict, at_base: Figures, look: Look
    ) -> tuple[str, Weights | None]:
        """The encoding of the delta, and the weights that will be read back from it."""
        weights, asked = verdict.weights, self._asked
        if weights is None or asked.encoding == "lossless":
            return "lossless", weights

        def accuracies(candidate: dict[str, Tensor]) -> tuple[float, ...]:
            figures, problem = self._guard.judge(candidate, at_base, look)
            own, shared = figures.personal_accuracy_validation, figures.global_accuracy_validation
            return (own or 0.0, shared or 0.0) if problem is None else REFUSED

        tried = LOSSY if asked.encoding == SMALLEST else (asked.encoding,)
        chosen = smallest_within(
            self._base, weights, accuracies, bound=asked.bound, encodings=tried
        )
        return str(chosen.encoding), {**self._base, **decode(self._base, chosen.delta)}

    def _figures(self, weights: Weights, individual: str) -> Figures:
        """The final figures: here, and nowhere before, test data is looked at.

        Where a population has none, they are those on validation data, which the guard has seen.
        """
        own = self._bench.judge.on_individual(self._loaded(weights), individual)
        shared = self._backbone.on_global(weights)
        return Figures(*map(accuracy, (own[1], own[0], shared[1], shared[0])))

    def _loaded(self, weights: Weights) -> torch.nn.Module:
        self._bench.network.load_state_dict(dict(weights))
        return self._bench.network
