"""In which order a network sees D_G and D_I.

A curriculum is a value: steps joined by `>>`, comparable, hashable and with a text form that
the command line, the results and the error messages share.

>>> Transfer(20) == Global() >> Personal(iterations=20)
True
>>> str(EarlyShaping(500) >> Personal(iterations=20))
'personal(iterations=500) >> global >> personal(iterations=20)'
>>> str(Transfer(20) >> Blend(0.5))
'global >> personal(iterations=20) >> blend(share=0.5)'
>>> parse("sample-weighting(1/8)") == SampleWeighting(Fraction(1, 8))
True
"""

from fractions import Fraction

from monogram.curriculum.adjustments import SHARES, Adjustment, Blend, Prior
from monogram.curriculum.curriculum import Curriculum, Step
from monogram.curriculum.phases import Global, Mixed, Personal, Phase, Source, Union
from monogram.curriculum.recipe import Recipe
from monogram.curriculum.shapings import (
    Baseline,
    EarlyShaping,
    HeadThenAll,
    Rehearsal,
    SampleWeighting,
    Transfer,
    title,
)
from monogram.curriculum.text import parse

__all__ = [
    "SHARES",
    "Adjustment",
    "Baseline",
    "Blend",
    "Curriculum",
    "EarlyShaping",
    "Fraction",
    "Global",
    "HeadThenAll",
    "Mixed",
    "Personal",
    "Phase",
    "Prior",
    "Recipe",
    "Rehearsal",
    "SampleWeighting",
    "Source",
    "Step",
    "Transfer",
    "Union",
    "parse",
    "title",
]
