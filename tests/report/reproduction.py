"""A reproduction without any training, its claims and goals made up."""

from tests.report.synthetic import BASE, BASELINE, REHEARSAL, TRANSFER, WEIGHTING, synthetic

from monogram.reproduce import TABLE_2, Claim, Compared, Goal, Reproduction, ShapingCurve
from monogram.reproduce.scale import SMALL
from monogram.reproduce.scenario import SCENARIOS
from monogram.study import Results

PRIORS = tuple(f"global(epochs=4) >> prior(smoothing={s})" for s in (1, 10, 100))
LONG = (
    "global(epochs=4) >> mixed(every=3, iterations=100, learning_rate=0.01, pull=0.1) "
    ">> blend(share=0.5) >> prior(smoothing=3)"
)
DECAYED = "personal(iterations=96, learning_rate=0.015, decay=0.1, decay_at=0.6)"
MANY = (
    BASE, BASELINE, TRANSFER, REHEARSAL, WEIGHTING, *PRIORS, LONG,
    *(f"global(epochs=4) >> personal(iterations={n}, train=head)" for n in range(10, 90, 10)),
    *(f"global(epochs=4) >> {DECAYED} >> blend(share={share})" for share in (0.5, 0.75)),
)  # fmt: skip
CLAIMS = (
    Claim("Transfer <b>gains</b>.", "Results", "reproduced", "+15.0 points", "paired t-test"),
    Claim("Early shaping gains.", "Results", "contradicted", "−4.4 points", "paired t-test"),
    Claim("It is cheap.", "Results", "undecided at this scale", "0.5 and 1.0", "ratio"),
)
GOALS = (
    Goal("95 % of the gain", False, "84 % of it", REHEARSAL),
    Goal("Nobody harmed", True, "0 of 12", None),
)
SHAPING = (
    ShapingCurve("paper(width=0.25)", (0, 40, 400), (0.84, 0.84, 0.82), (0.01,) * 3, (0.8,) * 3,
                 (0.0, 0.0, 0.0), (3, 3, 3)),
    ShapingCurve("paper-plain(width=0.25)", (0, 40, 400), (0.83, 0.6, 0.1), (0.01, 0.3, 0.0),
                 (0.8, 0.5, 0.1), (0.0, 1 / 3, 1.0), (3, 3, 3)),
)  # fmt: skip


def accuracies(curriculum: str, nth: int) -> tuple[float, float]:
    """Another pair for each curriculum, on a curve where one costs the other."""
    place = MANY.index(curriculum) / len(MANY)
    return 0.8 + 0.15 * place**0.5 + 0.002 * (nth % 5), 0.9 - 0.3 * place + 0.001 * (nth % 3)


def many() -> Results:
    """Twelve individuals and twenty curricula."""
    return synthetic([f"person {nth}" for nth in range(12)], accuracies, order=MANY)


def crowd() -> Results:
    """Forty individuals and three curricula."""
    return synthetic([f"person {nth}" for nth in range(40)], accuracies, order=MANY[:3])


def reproduction(results: Results) -> Reproduction:
    """The reproduction whose results these are."""
    rows = TABLE_2["class-counts"]
    of_rows = zip((rows[0], rows[4], rows[5]), (BASELINE, WEIGHTING, TRANSFER), strict=True)
    return Reproduction(
        scenario=SCENARIOS["class-counts"],
        scale=SMALL,
        results=results,
        beyond=results,
        compared=tuple(Compared(row, curriculum) for row, curriculum in of_rows),
        claims=CLAIMS,
        goals=GOALS,
        shaping=SHAPING,
        front=PRIORS,
    )
