"""A reproduction: the results of one of the paper's scenarios and what they say of the paper."""

from dataclasses import dataclass

from monogram.reproduce.values import Claim, Compared, Goal, ShapingCurve
from monogram.study import Results


@dataclass(frozen=True)
class Scenario:
    """One half of Table 2."""

    name: str
    title: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scale:
    """How much of it."""

    name: str
    changes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Reproduction:
    """What became of one of the paper's scenarios."""

    scenario: Scenario
    scale: Scale
    results: Results
    compared: tuple[Compared, ...]
    claims: tuple[Claim, ...]
    goals: tuple[Goal, ...]
    shaping: tuple[ShapingCurve, ...]
    front: tuple[str, ...]
