"""What a personalization has done."""

from collections import Counter
from dataclasses import dataclass

from monogram.engine import Failure
from monogram.personalize.ahead import Ahead
from monogram.store import PersonalModel


@dataclass(frozen=True, eq=False)
class Outcome:
    """What was done.

    Attributes:
        store: where the models are.
        base: hash of the base.
        made: the models that were committed, sorted by id.
        ahead: what was to be done.
        failures: trainings that raised an error; these individuals are as they were before.
    """

    store: str
    base: str
    made: tuple[PersonalModel, ...]
    ahead: Ahead
    failures: tuple[Failure, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everybody who was asked for has a model."""
        return not (self.failures or self.ahead.set_aside)

    @property
    def counts(self) -> dict[str, int]:
        """How many models were kept, backed off, and replaced by the base."""
        kinds = Counter(model.decision.kind for model in self.made)
        return {kind: kinds[kind] for kind in ("kept", "backed off", "base")}

    def __str__(self) -> str:
        """What was done, in lines."""
        ahead, counts = self.ahead, self.counts
        cold = f" ({len(ahead.cold)} of them with too little data)" if ahead.cold else ""
        done = (
            f"{len(self.made):,} individuals committed to {self.store}: {counts['kept']:,} keep "
            f"their personal model, {counts['backed off']:,} get one backed off towards the base, "
            f"{counts['base']:,} get the base{cold}"
        )
        lines = [
            done,
            *_counted(len(ahead.unchanged), "unchanged, not trained again"),
            *_counted(len(ahead.left), "with too little new data, left as they were"),
            *self._accuracies(),
            *_counted(len(self.failures), "whose training failed, left as they were"),
            *_counted(len(ahead.set_aside), "without a new model, for data that cannot be used"),
        ]
        return "\n".join(lines)

    def _accuracies(self) -> list[str]:
        """The mean figures of those that were made, against the base on the same people."""
        pairs = [
            (one.figures.personal_accuracy, one.base_figures.personal_accuracy) for one in self.made
        ]
        known = [(ours, base) for ours, base in pairs if ours is not None and base is not None]
        if not known:
            return []
        ours, base = (sum(column) / len(known) for column in zip(*known, strict=True))
        worse = sum(mine < theirs for mine, theirs in known)
        reported = self.ahead.people.protocol.reports_on
        line = (
            f"mean personal accuracy on {reported} data {ours:.3f}, of the base {base:.3f}; "
            f"{worse:,} of {len(known):,} are under the base there"
        )
        return [line, *self._flattered()]

    def _flattered(self) -> list[str]:
        """That the figures look better than the models are, where they do."""
        if self.ahead.people.protocol.reports_on == "test":
            return []
        line = (
            "these are the validation data that the guard decided on, since no test data was set "
            "apart: the figures are optimistic; split the data in three for others"
        )
        return [line]


def _counted(count: int, what: str) -> list[str]:
    return [f"{count:,} {what}"] if count else []
