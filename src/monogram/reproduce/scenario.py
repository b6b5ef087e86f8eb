"""The paper's two scenarios: where individuals come from, and what is trained for them.

| scenario | differences between individuals | data |
|---|---|---|
| class-counts | which classes they have | Fashion-MNIST |
| hidden-factors | how they write | QMNIST: NIST's digits with their writers, and two flips |
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, Unpack

from monogram.curriculum import (
    Baseline,
    Curriculum,
    EarlyShaping,
    SampleWeighting,
    Transfer,
    parse,
)
from monogram.datasets import load
from monogram.population import Population
from monogram.reproduce import paper
from monogram.reproduce.paper import TABLE_2, ScenarioName
from monogram.reproduce.scale import Scale
from monogram.reproduce.values import Compared, Proposals


class LoadOptions(TypedDict):
    """Arguments of `monogram.datasets.load`."""

    data_dir: Path | None
    part: str | None
    seed: int
    progress: bool


FURTHER = (
    "rehearsal(200)",
    "global >> personal(20, train=head)",
    "global >> personal(20, train=last-block)",
    "head-then-all(20)",
    "global >> personal(200, pull=0.01)",
    "transfer(200) >> blend",
)
"""What the field has found since, one of each kind; see the guide to curricula for the sources."""

PRIOR_FRONT = tuple(f"global >> prior({smoothing})" for smoothing in (1, 3, 8, 30, 100))
"""Between the individual's own class frequencies and none: what moving the prior alone can do."""

LONGER = "global >> global(epochs=15, learning_rate=0.03, decay=0.1)"
REMINDING = "mixed(8, iterations=288, decay=0.1, decay_at=0.6)"
GENTLE = "mixed(1/3, iterations=32, learning_rate=0.005)"
LABEL_SHIFT = (
    *PRIOR_FRONT,
    LONGER,
    f"{LONGER} >> prior(3)",
    f"{LONGER} >> prior(100)",
    f"global >> {GENTLE}",
    f"global >> prior(8) >> {GENTLE}",
    f"global >> {REMINDING}",
    f"{LONGER} >> {REMINDING} >> blend(0.5) >> prior(100)",
    "transfer(20) >> blend",
)
"""Where classes differ: the prior, a base that is trained longer, since all share it, rehearsal,
and these together."""

SHORT = "personal(96, learning_rate=0.015, decay=0.1, decay_at=0.6)"
SELDOM = "mixed(16, iterations=288, decay=0.1, decay_at=0.6)"
REMINDED = "mixed(1/16, iterations=96, decay=0.1, decay_at=0.8)"
HANDWRITING = (
    LONGER,
    f"{LONGER} >> {REMINDED}",
    f"{LONGER} >> personal(96, decay=0.1, decay_at=0.6)",
    f"{LONGER} >> personal(200)",
    f"global >> {SELDOM}",
    f"{LONGER} >> {SELDOM} >> blend(0.6)",
    f"global >> {SHORT}",
    f"global >> {SHORT} >> blend(0.75)",
)
"""Where nobody sees the difference: a longer base, rehearsal or short training from it or not, and
the way back to the base."""


@dataclass(frozen=True)
class Scenario:
    """One half of Table 2.

    Attributes:
        name: as the command takes it.
        title: for headings.
        source: the named source of its data.
        beyond: curricula that the paper did not try, text forms.
        proposed: those of them that are to meet the goals, chosen on the validation data of other
            people, 12 to 32 with each of split seeds 2 and 3, at the scale `small` otherwise;
            docs/howto/reproduce.md has their margins there.
        front: those of them that only move the prior, from the individual's to everybody's.
        notes: what the paper does not say or has otherwise, whatever the scale.
    """

    name: ScenarioName
    title: str
    source: str
    beyond: tuple[str, ...]
    proposed: Proposals
    front: tuple[str, ...]
    notes: tuple[str, ...]

    def populations(self, scale: Scale, **options: Unpack[LoadOptions]) -> tuple[Population, ...]:
        """The individuals and D_G at a scale: those for all rows, and those and further ones.

        Which D_G is drawn does not depend on how many individuals there are.
        """

        def of(individuals: int) -> Population:
            return load(
                self.source,
                individuals=individuals,
                protocol=scale.protocol,
                global_samples=scale.global_samples,
                **options,
            )

        more = max(scale.individuals, scale.beyond_individuals)
        return of(scale.individuals), of(more)

    def compared(self, scale: Scale) -> tuple[Compared, ...]:
        """The rows of Table 2 and our counterparts, as the summary of a run names them."""
        return tuple(Compared(row, str(counterpart(row.name, scale))) for row in TABLE_2[self.name])

    def proposals(self, scale: Scale) -> Proposals:
        """What is to meet the goals, as the summary of a run names it."""
        target, combination = self.proposed.target, self.proposed.combination
        return Proposals(complete(target, scale), complete(combination, scale))

    def curricula(self, scale: Scale) -> tuple[str, ...]:
        """Everything that is trained: the rows of Table 2, then what goes beyond them."""
        ours = (row.curriculum for row in self.compared(scale))
        return (*ours, *(complete(text, scale) for text in self.beyond))


def complete(text: str, scale: Scale) -> str:
    """A curriculum's text form with the epochs of a scale in it."""
    return str(parse(text).with_epochs(scale.epochs))


def counterpart(row: str, scale: Scale) -> Curriculum:
    """The curriculum of a row of Table 2 at a scale, every length explicit."""
    return COUNTERPARTS[row](scale).with_epochs(scale.epochs)


COUNTERPARTS: Mapping[str, Callable[[Scale], Curriculum]] = {
    paper.BASELINE: lambda _: Baseline(),
    paper.EARLY_500: lambda scale: EarlyShaping(scale.early(500)),
    paper.EARLY_5000: lambda scale: EarlyShaping(scale.early(5_000)),
    paper.MIXED_2: lambda _: SampleWeighting(2),
    paper.MIXED_88: lambda _: SampleWeighting("1/8"),
    paper.TRANSFER_20: lambda _: Transfer(20),
    paper.TRANSFER_200: lambda _: Transfer(200),
}

UNSAID = (
    "the paper names no normalisation, initialisation or momentum: batch, He and 0.9 here",
    "SampleWeigh-Iter-88 has 88 % of its batches from the individual: n_I = 1/8, 87.5 %",
)

SCENARIOS: Mapping[ScenarioName, Scenario] = {
    "class-counts": Scenario(
        name="class-counts",
        title="Class counts",
        source="fashion-mnist",
        beyond=(*FURTHER, *LABEL_SHIFT),
        proposed=Proposals(
            target=f"{LONGER} >> prior(3)",
            combination=f"{LONGER} >> {REMINDING} >> blend(0.5) >> prior(100)",
        ),
        front=PRIOR_FRONT,
        notes=(
            *UNSAID,
            "Fashion-MNIST's pictures, 28 × 28 padded to 32 × 32; the paper says resized",
        ),
    ),
    "hidden-factors": Scenario(
        name="hidden-factors",
        title="Hidden factors",
        source="qmnist",
        beyond=(*FURTHER, *HANDWRITING),
        proposed=Proposals(
            target=f"{LONGER} >> {REMINDED}",
            combination=f"{LONGER} >> {SELDOM} >> blend(0.6)",
        ),
        front=(),
        notes=(
            *UNSAID,
            "QMNIST's digits, 28 × 28 padded to 32 × 32, instead of patches of NIST's 128 × 128",
        ),
    ),
}
