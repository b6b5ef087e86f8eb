"""Whether a difference between two curricula is more than chance, over the same individuals."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy

from monogram.measure.bootstrap import Interval, mean_interval
from monogram.measure.noise import paired_differences, varies

FEWEST = 2  # individuals that a paired test needs
MOST_EXACT = 50  # individuals for whom Wilcoxon's exact distribution is used


@dataclass(frozen=True)
class Comparison:
    """Paired tests of one curriculum against another over individuals.

    Attributes:
        difference: mean of the paired differences.
        effect_size: that mean over the standard deviation of the differences (Cohen's d_z);
            None where the differences do not vary.
        t_test: two-sided p of the paired t-test; None where the differences do not vary.
        wilcoxon: two-sided p of Wilcoxon's signed-rank test; None where all differences are 0, and
            for one individual.
        t_test_holm: `t_test` corrected for all comparisons of the family (Holm 1979).
        wilcoxon_holm: `wilcoxon` corrected likewise.
        individuals: number of pairs.
        interval: 95 % bootstrap interval of `difference`; None where the differences do not vary.
    """

    difference: float
    effect_size: float | None
    t_test: float | None
    wilcoxon: float | None
    individuals: int
    t_test_holm: float | None = None
    wilcoxon_holm: float | None = None
    interval: Interval | None = None

    @property
    def p(self) -> float | None:
        """The t-test's, or Wilcoxon's where the differences do not vary."""
        return self.wilcoxon if self.t_test is None else self.t_test

    @property
    def p_holm(self) -> float | None:
        """The same, corrected."""
        return self.wilcoxon_holm if self.t_test_holm is None else self.t_test_holm


def compare(ours: np.ndarray, theirs: np.ndarray) -> Comparison:
    """Compare two figures of the same individuals, seeds averaged within an individual before.

    Args:
        ours: [individuals], at least one.
        theirs: [individuals], in the same order.
    """
    differences = paired_differences(ours, theirs)
    mean, pairs = float(differences.mean()), len(differences)
    if pairs < FEWEST or not differences.any():
        return Comparison(mean, None, None, None, pairs)
    if not varies(differences):  # all signs are the same: the exact p of two such cases
        return Comparison(mean, None, None, 2 * 0.5**pairs, pairs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few pairs: the p-value is None
        t_test = _number(scipy.stats.ttest_1samp(differences, 0.0).pvalue)
    return Comparison(
        difference=mean,
        effect_size=mean / float(differences.std(ddof=1)),
        t_test=t_test,
        wilcoxon=_wilcoxon(differences[differences != 0]),
        individuals=pairs,
        interval=mean_interval(differences),
    )


def holm(family: Sequence[Comparison]) -> list[Comparison]:
    """The same comparisons with p-values corrected for being made together (Holm 1979)."""
    t_tests = holm_corrected([one.t_test for one in family])
    wilcoxons = holm_corrected([one.wilcoxon for one in family])
    return [
        replace(one, t_test_holm=t, wilcoxon_holm=w)
        for one, t, w in zip(family, t_tests, wilcoxons, strict=True)
    ]


def holm_corrected(p_values: Sequence[float | None]) -> list[float | None]:
    """A family of p-values corrected (Holm 1979); those that are None stay it and do not count.

    >>> holm_corrected([0.01, None, 0.04])
    [0.02, None, 0.04]
    """
    known = [p for p in p_values if p is not None]
    if not known:
        return list(p_values)
    order = np.argsort(known)
    stepped = np.array(known)[order] * np.arange(len(known), 0, -1)
    adjusted = np.empty(len(known))
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    corrected = iter(adjusted)
    return [None if p is None else float(next(corrected)) for p in p_values]


def _wilcoxon(differences: np.ndarray) -> float:
    """Two-sided p of the signed-rank test of differences other than 0, exact up to `MOST_EXACT`.

    Each sign of each rank is as likely: how many of all signs give a sum follows rank by rank.
    SciPy's exact distribution knows no ties, which accuracies of few samples are full of; equal
    sizes share the mean of their ranks here, which are counted twice, to be whole numbers.
    """
    if len(differences) > MOST_EXACT:
        return float(scipy.stats.wilcoxon(differences, method="asymptotic").pvalue)
    ranks = np.rint(2 * scipy.stats.rankdata(np.abs(differences))).astype(int)
    ways = np.ones(1)  # by sum of the positive ranks; at most 2 ** 50, which floats hold
    for rank in ranks:
        ways = np.pad(ways, (0, rank)) + np.pad(ways, (rank, 0))
    positive = ranks[differences > 0].sum()
    tail = ways[: min(positive, ranks.sum() - positive) + 1].sum()
    return float(min(1.0, 2 * tail / 2.0 ** len(ranks)))


def _number(p: float) -> float | None:
    return None if np.isnan(p) else float(p)
