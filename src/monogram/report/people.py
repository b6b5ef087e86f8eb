"""The individuals that the page shows one by one: the worst off, and those to look at."""

from dataclasses import dataclass

import numpy as np

from monogram.errors import shorten
from monogram.formats import percent, points
from monogram.report.examples import Example, examples
from monogram.report.view import View
from monogram.study import Results

MOST_ROWS = 20
MOST_LOOKED_AT = 2  # at each end
ID_LENGTH = 48  # characters


@dataclass(frozen=True)
class Person:
    """One individual's figures under a curriculum, as text.

    Attributes:
        name: the id, shortened.
        before: personal accuracy of the global-only model, percent.
        after: of the own model.
        gain: in points.
        harmed: whether it is below zero.
        shared: global accuracy of the own model, percent.
        samples: that the personal accuracy was measured on.
        inputs: some of its inputs.
    """

    name: str
    before: str
    after: str
    gain: str
    harmed: bool
    shared: str
    samples: str
    inputs: tuple[Example, ...] = ()


def featured(results: Results, shown: tuple[View, ...]) -> View | None:
    """The curriculum whose individuals are shown: the chosen one, else the best for individuals."""
    candidates = results.summary.choice.candidates
    personal = [view for view in shown if view.summary.curriculum in candidates]
    chosen = [view for view in personal if view.is_chosen]
    return max(chosen or personal, key=lambda v: candidates[v.summary.curriculum], default=None)


def worst_off(results: Results, view: View) -> list[Person]:
    """Those who gain least, at most `MOST_ROWS` of them."""
    return [_person(results, view, one) for one in _ranked(view)[:MOST_ROWS]]


def extremes(results: Results, view: View) -> list[tuple[str, list[Person]]]:
    """Those who gained most and least, with inputs to look at; nothing for inputs of no form."""
    ranked = _ranked(view)
    each = min(MOST_LOOKED_AT, len(ranked) // 2)
    groups = (("Gained most", ranked[::-1][:each]), ("Gained least", ranked[:each]))
    return [
        (title, [_person(results, view, one, look=True) for one in members])
        for title, members in groups
        if members and examples(results.population, members[0])
    ]


def _ranked(view: View) -> list[str]:
    return sorted(view.gains, key=lambda one: (view.gains[one], one))


def _person(results: Results, view: View, one: str, *, look: bool = False) -> Person:
    rows = [r for r in results.of(view.summary.curriculum) if r.evaluated_on == one]
    after = view.personal[one]
    return Person(
        name=shorten(one, ID_LENGTH),
        before=percent(after - view.gains[one]),
        after=percent(after),
        gain=points(view.gains[one]),
        harmed=view.gains[one] < 0,
        shared=percent(float(np.mean([row.global_accuracy for row in rows]))),
        samples=f"{rows[0].personal_samples:,}",
        inputs=tuple(examples(results.population, one)) if look else (),
    )
