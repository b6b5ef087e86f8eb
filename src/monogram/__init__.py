"""Monogram: one model per person, at close to the price of one.

    population = monogram.load("watch")
    study = monogram.Study(population, ["transfer(20)", monogram.SampleWeighting(2)])
    results = study.run("runs/watch")
    print(results.summary.choice)

See `monogram.population` for one's own data and `monogram.study` for what is found.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

# Imported when they are asked for: a worker process starts in half the time without the rooms that
# it does not need.
_ROOMS = {
    **dict.fromkeys(("load", "read_own"), "datasets"),
    **dict.fromkeys(("Population", "Protocol", "from_arrays", "from_datasets"), "population"),
    **dict.fromkeys(("Results", "Study"), "study"),
    "Display": "engine",
    "MonogramError": "errors",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = importlib.import_module(f"{__name__}.{_ROOMS.get(name, 'curriculum')}")
    return getattr(room, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
