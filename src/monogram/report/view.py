"""What the table, the words and the plots show of a study: one view for each curriculum."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import nan
from weakref import WeakKeyDictionary

import numpy as np

from monogram.curriculum import Curriculum, Phase, Source, Step, parse, title
from monogram.curriculum.text import STEPS
from monogram.engine import Row
from monogram.errors import shorten
from monogram.report.palette import Look, looks
from monogram.study import CurriculumSummary, Results
from monogram.study.figures import Figures, by_curriculum, by_individual, figures, gains

LONGEST_LABEL = 160  # characters
MOST_UNNUMBERED = 9  # curricula that plots can name; more have numbers


@dataclass(frozen=True, eq=False)
class View:
    """One curriculum as a report shows it; accuracies are fractions in [0, 1].

    Attributes:
        summary: over all individuals.
        label: its name in plots, tables and sentences.
        number: its place in the report from 1, where there are too many for plots to name; else
            None.
        look: its colours and its shape in plots.
        is_base: whether it is the global-only curriculum.
        is_chosen: whether it is the one to use.
        personal: accuracy on D_I, by individual, means over seeds.
        gains: personal accuracy minus the global-only model's on the same individual, over the
            seeds that both have.
        shared_gains: global accuracy minus the global-only model's, likewise.
        models: [models, 2], global and personal accuracy of each individual's model.
    """

    summary: CurriculumSummary
    label: str
    number: int | None
    look: Look
    is_base: bool
    is_chosen: bool
    personal: Mapping[str, float]
    gains: Mapping[str, float]
    shared_gains: Mapping[str, float]
    models: np.ndarray

    @property
    def name(self) -> str:
        """The label with the number that plots know it by."""
        return self.label if self.number is None else f"{self.number} {self.label}"

    @property
    def gain(self) -> float:
        """The mean of `gains`; NaN where there are none."""
        return _mean(self.gains)

    @property
    def shared_gain(self) -> float:
        """The mean of `shared_gains`; NaN where there are none."""
        return _mean(self.shared_gains)

    @property
    def harmed(self) -> list[str]:
        """The individuals who are worse off than with the global-only model, worst first."""
        worse = (individual for individual, gain in self.gains.items() if gain < 0)
        return sorted(worse, key=lambda individual: (self.gains[individual], individual))


_MADE: WeakKeyDictionary[Results, tuple[View, ...]] = WeakKeyDictionary()


def views(results: Results, like: Results | None = None) -> tuple[View, ...]:
    """A view for each curriculum, the global-only one first, then in the order of the study.

    Made once for the same results, since every plot asks.

    Args:
        results: of a study.
        like: of a study shown on the same page, in which what both have is numbered and coloured.
    """
    if like is not None and like is not results:
        return tuple(_views(results, like))
    if results not in _MADE:
        _MADE[results] = tuple(_views(results, results))
    return _MADE[results]


def _views(results: Results, like: Results) -> Iterator[View]:
    summary = results.summary
    groups = by_curriculum(results.rows)
    base = figures(groups[summary.base])
    known = dict.fromkeys(
        [summary.base, *(one.curriculum for of in (like, results) for one in of.summary.curricula)]
    )
    places = {curriculum: place for place, curriculum in enumerate(known, start=1)}
    look_of = looks(summary.base, [one for one in places if one != summary.base])
    numbered = len(places) > MOST_UNNUMBERED
    for one in sorted(summary.curricula, key=lambda one: places[one.curriculum]):
        number = places[one.curriculum] if numbered else None
        yield _view(one, groups[one.curriculum], base, look_of[one.curriculum], results, number)


def _view(
    one: CurriculumSummary,
    rows: list[Row],
    base: Figures,
    look: Look,
    results: Results,
    number: int | None,
) -> View:
    table = figures(rows)
    return View(
        summary=one,
        label=label(one.curriculum, results.config["study"].get("epochs")),
        number=number,
        look=look,
        is_base=one.curriculum == results.summary.base,
        is_chosen=one.curriculum == results.summary.choice.curriculum,
        personal=by_individual(table.personal),
        gains=gains(table.personal, base.personal),
        shared_gains=gains(table.shared, base.shared),
        models=_models(rows),
    )


def _mean(values: Mapping[str, float]) -> float:
    return float(np.mean(list(values.values()))) if values else nan


def _models(rows: list[Row]) -> np.ndarray:
    """[models, 2]: global and personal accuracy of each individual's models, means over seeds."""
    pairs: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in rows:
        pairs[row.individual].append((row.global_accuracy, row.personal_accuracy))
    return np.array([np.mean(several, axis=0) for several in pairs.values()])


def label(curriculum: str, epochs: int | None = None) -> str:
    """A curriculum's name: the paper's for as much of it as has one, else as short as can be.

    Args:
        curriculum: text form.
        epochs: the study's number of epochs, left out where a phase has it.

    >>> label("global(epochs=8) >> personal(iterations=20)")
    'Transfer(20)'
    >>> label("global(epochs=8) >> personal(iterations=20) >> blend(share=0.25)")
    'Transfer(20) >> blend(0.25)'
    >>> label("global(epochs=8) >> mixed(every=2, epochs=1)", epochs=8)
    'global >> mixed(2, epochs=1)'
    """
    return shorten(_titled(parse(curriculum), epochs), LONGEST_LABEL)


def _titled(curriculum: Curriculum, epochs: int | None) -> str:
    """The longest beginning that has a name by that name, the other steps in brief."""
    steps = curriculum.phases
    if (name := _title(curriculum, epochs)) is not None:
        return name
    for named in range(len(steps) - 1, 1, -1):
        beginning = _title(Curriculum(steps[:named]), epochs)
        if beginning is not None:
            return " >> ".join([beginning, *(_briefly(step, epochs) for step in steps[named:])])
    on_other = " on other" if curriculum.on_other else ""
    return " >> ".join(_briefly(step, epochs) for step in steps) + on_other


def _title(curriculum: Curriculum, epochs: int | None) -> str | None:
    """Its name; None if the title is a text form, which begins with a small letter."""
    name = title(curriculum, epochs)
    return name if name[0].isupper() else None


def _briefly(step: Step, epochs: int | None) -> str:
    """A step's text form without the epochs that all have and the name of its main value."""
    shared = isinstance(step, Phase) and step.source != Source.PERSONAL and step.epochs == epochs
    text = str(step.lengthless() if epochs and shared else step)
    word = text.partition("(")[0]
    main = STEPS[word][1] if word in STEPS else None
    return text.replace(f"{word}({main}=", f"{word}(", 1)


def shown_floor(results: Results) -> float:
    """The least global accuracy as the reported data show it, a fraction in [0, 1].

    A floor that was asked for is a number. The default is a distance under the global-only model,
    and that model's accuracy differs between validation and test data.
    """
    asked: float | None = results.config["study"].get("min_global_accuracy")
    if asked is not None:
        return asked
    choice, base = results.summary.choice, results.summary[results.summary.base]
    return base.shared.mean - (choice.base[1] - choice.floor)
