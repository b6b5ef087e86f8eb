"""The claims of the paper's Results section, taken apart into differences that can be tested.

Where the text leaves open which rows it means, its Table 2 says it: what does not hold in the
table itself cannot be meant. Readings of ours:

- "Only slightly worse" and "essentially the same" are half a point at most; the differences in
  Table 2 that are meant are 0.01 to 0.39 points. "Fairly small" is one point; in Table 2 0.2 and
  0.6 points.
- "It is only slightly worse for task perf." can be read against the baseline or against early
  shaping, which the sentence begins with: both are judged.
- "Sample weighting is clearly better at the task" than transfer holds for both of its rows with
  class counts, and with hidden factors for the first row alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from monogram.reproduce.evidence import Higher, NoLower, Part, Wider, Within, each_higher
from monogram.reproduce.paper import (
    BASELINE,
    EARLY_500,
    EARLY_5000,
    MIXED_2,
    MIXED_88,
    TRANSFER_20,
    TRANSFER_200,
    ScenarioName,
)

EARLY, MIXED = (EARLY_500, EARLY_5000), (MIXED_2, MIXED_88)
TRANSFER = (TRANSFER_20, TRANSFER_200)
SHAPED = (*EARLY, *MIXED, *TRANSFER)
FAIRLY_SMALL = 0.01  # of accuracy, a fraction
SAME_EFFORT = 0.1  # of r_train


@dataclass(frozen=True)
class Statement:
    """A claim that tests decide: all of its parts must hold.

    Attributes:
        text: the claim, in words.
        source: where the paper makes it.
        parts: the differences that it consists of.
    """

    text: str
    source: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Effort:
    """A claim about costs. They are counted, so no test is needed.

    Attributes:
        text: the claim, in words.
        source: where the paper makes it.
        rows: of Table 2, that it is about.
        holds: whether it does, for r_train by row.
    """

    text: str
    source: str
    rows: tuple[str, ...]
    holds: Callable[[Mapping[str, float]], bool]


def _cheapest(costs: Mapping[str, float]) -> bool:
    return max(costs[row] for row in TRANSFER) < min(costs[row] for row in costs.keys() - TRANSFER)


def _same_effort(costs: Mapping[str, float]) -> bool:
    return all(abs(costs[row] - costs[BASELINE]) <= SAME_EFFORT for row in (*EARLY, *MIXED))


FAIRNESS = "Results, fairness"
SPREADS = (
    Statement(
        "With transfer and sample weighting individuals differ less on their own data than with "
        "the baseline (standard deviation, minimum to maximum)",
        FAIRNESS,
        tuple(Wider(BASELINE, row, "personal") for row in (*TRANSFER, *MIXED)),
    ),
    Statement(
        "On the global data the opposite holds: the baseline's models differ less",
        FAIRNESS,
        tuple(Wider(row, BASELINE, "shared") for row in (*TRANSFER, *MIXED)),
    ),
)

CLASS_COUNTS = "Results, class counts"
HIDDEN_FACTORS = "Results, hidden factors"

STATEMENTS: Mapping[ScenarioName, tuple[Statement, ...]] = {
    "class-counts": (
        Statement(
            "The baseline is best on the global data",
            CLASS_COUNTS,
            each_higher([BASELINE], SHAPED, "shared"),
        ),
        Statement(
            "Sample weighting is better than the baseline on the individuals' data",
            CLASS_COUNTS,
            (Higher(MIXED_2, BASELINE, "personal"),),
        ),
        Statement(
            "Sample weighting is only slightly worse than the baseline on the global data",
            CLASS_COUNTS,
            (Higher(BASELINE, MIXED_2, "shared"), Within(BASELINE, MIXED_2, "shared")),
        ),
        Statement(
            "Sample weighting is a better trade-off than early shaping: at most slightly worse on "
            "the global data, better on the individuals'",
            CLASS_COUNTS,
            (
                *(NoLower(MIXED_2, row, "shared") for row in EARLY),
                *each_higher([MIXED_2], EARLY, "personal"),
            ),
        ),
        Statement(
            "Early shaping is worse than the baseline on the global data: not fully reversible",
            CLASS_COUNTS,
            each_higher([BASELINE], EARLY, "shared"),
        ),
        Statement(
            "Transfer gains on the individuals' data at the cost of the global data",
            CLASS_COUNTS,
            (
                *each_higher(TRANSFER, [BASELINE], "personal"),
                *each_higher([BASELINE], TRANSFER, "shared"),
            ),
        ),
        Statement(
            "Sample weighting is better than transfer on the global data",
            CLASS_COUNTS,
            each_higher(MIXED, TRANSFER, "shared"),
        ),
        Statement(
            "Sample weighting reaches transfer's accuracy on the individuals' data with more on "
            "the global data (8 points in the paper)",
            CLASS_COUNTS,
            (
                NoLower(MIXED_88, TRANSFER_20, "personal"),
                Higher(MIXED_88, TRANSFER_20, "shared"),
            ),
        ),
        *SPREADS,
    ),
    "hidden-factors": (
        Statement(
            "Early shaping is better than the baseline on the global data",
            HIDDEN_FACTORS,
            each_higher(EARLY, [BASELINE], "shared"),
        ),
        Statement(
            "Early shaping is best on the global data",
            HIDDEN_FACTORS,
            each_higher([EARLY_500], (BASELINE, *MIXED, *TRANSFER), "shared"),
        ),
        Statement(
            "Early shaping with 500 iterations is as good as with 5,000 on the global data",
            HIDDEN_FACTORS,
            (Within(EARLY_500, EARLY_5000, "shared"),),
        ),
        Statement(
            "Sample weighting is better than the baseline on the individuals' data",
            "Table 2, hidden factors",
            (Higher(MIXED_2, BASELINE, "personal"),),
        ),
        Statement(
            "Sample weighting is better than transfer on the global data",
            HIDDEN_FACTORS,
            each_higher([MIXED_2], TRANSFER, "shared"),
        ),
        Statement(
            "Transfer and sample weighting differ little on the individuals' data",
            HIDDEN_FACTORS,
            tuple(Within(MIXED_2, row, "personal", FAIRLY_SMALL) for row in TRANSFER),
        ),
        *SPREADS,
    ),
}

RESOURCES = "Results, computational resources"

EFFORTS = (
    Effort(
        "Transfer takes the least training for one more individual",
        RESOURCES,
        (BASELINE, *SHAPED),
        _cheapest,
    ),
    Effort(
        "Early shaping and sample weighting take as much training as the baseline (within 10 %)",
        RESOURCES,
        (BASELINE, *EARLY, *MIXED),
        _same_effort,
    ),
)
