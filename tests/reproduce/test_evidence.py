"""The parts of claims, and how their p-values become a verdict."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monogram.reproduce.claims import opposition, support, verdict
from monogram.reproduce.evidence import Found, Higher, Wider, Within
from monogram.study.figures import Figures

pairs = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=12)
p_values = st.lists(st.floats(0, 1), min_size=1, max_size=6)


@pytest.mark.parametrize("kind", [Higher, Wider])
@settings(max_examples=30, deadline=None)
@given(both=pairs)
def test_the_other_way_round_support_is_opposition(kind, both):
    ours, theirs = np.array(both).T
    one = kind("A", "B", "shared").judge(ours, theirs)
    other = kind("B", "A", "shared").judge(theirs, ours)
    assert (one.supports, one.opposes) == pytest.approx((other.opposes, other.supports), abs=1e-6)
    assert one.supports is None or 1.0 in (one.supports, one.opposes)


def test_within_and_beyond_a_bound():
    ours = np.array([0.9, 0.8, 0.7, 0.6, 0.8, 0.9])
    near = ours + np.array([1, -1, 1, -1, 1, -1]) / 1000
    far = near - 0.05
    part = Within("A", "B", "personal")
    for theirs, expected in ((near, "reproduced"), (far, "contradicted")):
        found = part.judge(ours, theirs)
        assert verdict(found.supports, found.opposes) == expected
    wide = Within("A", "B", "personal", bound=0.1).judge(ours, far)
    assert verdict(wide.supports, wide.opposes) == "reproduced"


def test_nobody_in_common_is_told():
    tables = {
        "A": Figures({("anna", 0): 0.9}, {}, {("anna", 0): 0.9}, {}),
        "B": Figures({("ben", 0): 0.9}, {}, {("ben", 0): 0.9}, {}),
    }
    found = Higher("A", "B", "personal").find(tables)
    assert (found.supports, found.opposes) == (None, None)
    assert found.words == "no individual has both A and B"


def parts(supports, opposes):
    return [Found(one, other, "") for one, other in zip(supports, opposes, strict=True)]


def test_a_claim_needs_all_parts_and_falls_with_one():
    found = parts([0.01, 0.04, 1.0], [1.0, 1.0, 0.02])
    assert support(found) == 1.0
    assert opposition(found) == pytest.approx(0.06)
    assert support(found[:2]) == 0.04
    assert opposition(found[:2]) == 1.0
    undefined = [*found, Found(None, None, "")]
    assert support(undefined) is None
    assert opposition(undefined) == pytest.approx(0.06)
    assert (support([]), opposition([])) == (None, None)


@given(p_values, st.floats(0, 1))
def test_a_further_part_never_helps_a_claim(several, further):
    some, more = parts(several, several), parts([*several, further], [*several, further])
    before, after = support(some), support(more)
    assert before is not None
    assert after is not None
    assert after >= before


@pytest.mark.parametrize(
    ("supports", "opposes", "expected"),
    [
        (0.049, 1.0, "reproduced"),
        (0.05, 1.0, "undecided at this scale"),
        (1.0, 0.049, "contradicted"),
        (1.0, 0.05, "undecided at this scale"),
        (None, 0.01, "contradicted"),
        (None, None, "undecided at this scale"),
    ],
)
def test_the_rule(supports, opposes, expected):
    assert verdict(supports, opposes) == expected
