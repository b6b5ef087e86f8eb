"""Monogram: one model per person, at close to the price of one.

    population = monogram.load("watch")
    study = monogram.Study(population, ["transfer(20)", monogram.SampleWeighting(2)])
    results = study.run("runs/watch")
    print(results.summary.choice)

See `monogram.population` for one's own data and `monogram.study` for what is found.
"""

from monogram.curriculum import (
    Baseline,
    Curriculum,
    EarlyShaping,
    Global,
    Mixed,
    Personal,
    Recipe,
    Rehearsal,
    SampleWeighting,
    Transfer,
    Union,
    parse,
)
from monogram.datasets import load, read_own
from monogram.engine import Display
from monogram.errors import MonogramError
from monogram.population import Population, Protocol, from_arrays, from_datasets
from monogram.study import Results, Study

__version__ = "0.1.0"

__all__ = [
    "Baseline",
    "Curriculum",
    "Display",
    "EarlyShaping",
    "Global",
    "Mixed",
    "MonogramError",
    "Personal",
    "Population",
    "Protocol",
    "Recipe",
    "Rehearsal",
    "Results",
    "SampleWeighting",
    "Study",
    "Transfer",
    "Union",
    "from_arrays",
    "from_datasets",
    "load",
    "parse",
    "read_own",
]
