"""What a combination is made of."""

import pytest

from monogram.curriculum import parse
from monogram.reproduce.combinations import singles

BASE = "global(epochs=8)"


@pytest.mark.parametrize(
    ("combined", "alone"),
    [
        ("global >> personal(20)", []),
        ("global >> prior(10)", []),
        ("mixed(every=2)", []),
        ("global >> global(epochs=15)", []),
        (
            "global >> global(epochs=15) >> mixed(every=8, iterations=200)",
            ["global >> global(epochs=15)", "global >> mixed(every=8, iterations=200)"],
        ),
        (
            "global >> personal(20) >> global(epochs=1) >> prior(10)",
            ["global >> personal(20)", "global >> global(epochs=1)", "global >> prior(10)"],
        ),
        (
            "global(epochs=3) >> personal(20) >> prior(10)",
            ["global(epochs=3) >> personal(20)", "global(epochs=3) >> prior(10)"],
        ),
        ("global >> personal(20) >> prior(10)", ["global >> personal(20)", "global >> prior(10)"]),
        ("global >> personal(20) >> blend", ["global >> personal(20)", "global"]),
        (
            "global >> personal(20, pull=0.1) >> blend(0.5) >> prior(1)",
            ["global >> personal(20, pull=0.1)", "global", "global >> prior(1)"],
        ),
        (
            "global >> personal(20, train=head) >> personal(20)",
            ["global >> personal(20, train=head)", "global >> personal(20)"],
        ),
        (
            "personal(500) >> global >> personal(20)",
            ["personal(500) >> global", "global >> personal(20)"],
        ),
        ("mixed(every=2) >> personal(20)", ["mixed(every=2)", "global >> personal(20)"]),
        (
            "global >> mixed(every=2, iterations=200) >> prior(10)",
            ["global >> mixed(every=2, iterations=200)", "global >> prior(10)"],
        ),
        ("global >> personal(20) >> personal(20)", ["global >> personal(20)"]),
    ],
)
def test_each_idea_stands_alone(combined, alone):
    made = singles(parse(combined).with_epochs(8), parse(BASE))
    assert made == tuple(parse(text).with_epochs(8) for text in alone)
