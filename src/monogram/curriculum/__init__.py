"""In which order a network sees D_G and D_I.

A curriculum is a value: phases joined by `>>`, comparable, hashable and with a text form that
the command line, the results and the error messages share.

>>> Transfer(20) == Global() >> Personal(iterations=20)
True
>>> str(EarlyShaping(500) >> Personal(iterations=20))
'personal(iterations=500) >> global >> personal(iterations=20)'
>>> parse("sample-weighting(1/8)") == SampleWeighting(Fraction(1, 8))
True
"""

from fractions import Fraction

from monogram.curriculum.curriculum import Curriculum
from monogram.curriculum.phases import Global, Mixed, Personal, Phase, Source, Union
from monogram.curriculum.recipe import Recipe
from monogram.curriculum.shapings import (
    Baseline,
    EarlyShaping,
    Rehearsal,
    SampleWeighting,
    Transfer,
    title,
)
from monogram.curriculum.text import parse

__all__ = [
    "Baseline",
    "Curriculum",
    "EarlyShaping",
    "Fraction",
    "Global",
    "Mixed",
    "Personal",
    "Phase",
    "Recipe",
    "Rehearsal",
    "SampleWeighting",
    "Source",
    "Transfer",
    "Union",
    "parse",
    "title",
]
