"""What a reproduction found beyond a study: claims judged, goals met, the early-shaping curve."""

from dataclasses import dataclass
from typing import Literal

from monogram.reproduce.paper import PaperRow

Verdict = Literal["reproduced", "contradicted", "undecided at this scale"]


@dataclass(frozen=True)
class Compared:
    """A row of Table 2 and the curriculum that is its counterpart here.

    Attributes:
        paper: what was published.
        curriculum: text form of ours, as in `Summary`; it may be shorter, see `Scale`.
    """

    paper: PaperRow
    curriculum: str


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper's Results section, judged by our own data.

    Attributes:
        text: the claim, in words.
        source: where the paper makes it, for example "Results, class counts".
        verdict: reproduced, contradicted, or undecided at this scale.
        evidence: our figures, in words: difference with its 95 % interval, p-values.
        test: which test decides, for example "paired t-test, Holm over the claims".
    """

    text: str
    source: str
    verdict: Verdict
    evidence: str
    test: str


@dataclass(frozen=True)
class Goal:
    """Something that curricula beyond the paper should reach.

    Attributes:
        text: what was to be reached, with its numbers.
        met: whether it was.
        evidence: our figures, by how much it was met or missed, and for whom it fails.
        curriculum: text form of the one that was judged; None: it was not studied.
    """

    text: str
    met: bool
    evidence: str
    curriculum: str | None


@dataclass(frozen=True)
class Proposals:
    """The curricula that are to meet the goals, text forms; chosen before there are results.

    Attributes:
        target: to meet the scenario's own goal.
        combination: to dominate each of its ideas alone.
    """

    target: str
    combination: str


@dataclass(frozen=True)
class ShapingCurve:
    """Iterations of early shaping against what is left after the whole training on D_G.

    Attributes:
        network: name, for example `paper(width=0.25)`.
        iterations: of early shaping, ascending; 0 is training on D_G alone.
        shared: mean global accuracy of each, over individuals and seeds; fractions in [0, 1].
        shared_sd: its standard deviation over individuals (seeds averaged within one); None of
            one individual.
        personal: mean personal accuracy of each.
        collapsed: fraction of the models that gave up (predict one class, or NaN).
        models: number of models behind each point.
    """

    network: str
    iterations: tuple[int, ...]
    shared: tuple[float, ...]
    shared_sd: tuple[float | None, ...]
    personal: tuple[float, ...]
    collapsed: tuple[float, ...]
    models: tuple[int, ...]
