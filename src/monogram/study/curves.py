"""Learning curves over individuals: how accuracies develop along each curriculum.

The engine records points by node of the plan (`monogram.engine.curves`); here each model's line is
put together from the nodes that lead to it, and the lines of a curriculum are averaged.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import inf
from statistics import fmean
from typing import Any

from monogram.curriculum import Recipe, parse
from monogram.engine import Point, marked, read_points
from monogram.measure import Spread, spread
from monogram.plan import Model, Node, Plan, compile_plan
from monogram.population import Population
from monogram.study.figures import means
from monogram.study.results import Results

Points = Mapping[tuple[str, int, str | None], Point]
Place = tuple[int, float]  # phase, step of it; infinite: its end, wherever that is


@dataclass(frozen=True)
class LearningCurve:
    """How a curriculum's accuracies develop, over individuals: fractions in [0, 1].

    All but `phases` are of one length. They are judged on a part of the validation data
    (`monogram.engine.curves`), so that the last values need not equal the reported ones.

    Attributes:
        iterations: optimizer steps since the curriculum began, rising. Where an adjustment, which
            takes none, follows, the same number stands twice. Phases counted in epochs may be of
            another length for each individual: then it is the rounded mean.
        shared: mean of acc(D_G).
        shared_sd: its standard deviation over the individuals' models; 0 on shared phases, and
            None of one individual.
        personal: mean of acc(D_I); None before the last step that is the same for everyone.
        personal_sd: its standard deviation over individuals; None likewise, and of one individual.
        phases: where each step of the curriculum begins, and its text form.
    """

    iterations: tuple[int, ...]
    shared: tuple[float, ...]
    shared_sd: tuple[float | None, ...]
    personal: tuple[float | None, ...]
    personal_sd: tuple[float | None, ...]
    phases: tuple[tuple[int, str], ...]


def learning_curves_of(results: Results) -> dict[str, LearningCurve]:
    """The learning curve of each curriculum, by text form, in the order asked for.

    A model counts if all of its points are there. Curricula without such a model are left out,
    which are all of them when the curves were not recorded or the results are not from a folder.

    Raises:
        RunError: a line of the run directory's `curves/` is damaged.
    """
    points = read_points(results.folder / "curves") if results.folder else {}
    if not points:
        return {}
    study = results.config["study"]
    lines: dict[str, list[_Line]] = defaultdict(list)
    for model, path in _paths(_planned(study, results.population)):
        line = _line(model, path, points)
        if line is not None:
            lines[model.curriculum].append(line)
    return {text: _curve(text, lines[text]) for text in study["curricula"] if text in lines}


def _planned(study: Mapping[str, Any], population: Population) -> Plan:
    """The plan that was executed."""
    return compile_plan(
        [parse(text) for text in study["curricula"]],
        population,
        seeds=study["seeds"],
        epochs=study["epochs"],
        recipe=Recipe(**study["recipe"]),
    )


def _paths(plan: Plan) -> Iterator[tuple[Model, tuple[Node, ...]]]:
    """Each model with the nodes that lead to it."""

    def below(node: Node, before: tuple[Node, ...]) -> Iterator[tuple[Model, tuple[Node, ...]]]:
        path = (*before, node)
        for model in node.models:
            yield model, path
        for child in node.children:
            yield from below(child, path)

    for root in plan.roots:
        yield from below(root, ())


@dataclass(frozen=True)
class _Moment:
    """One model at one moment."""

    iteration: int
    shared: float
    personal: float | None


@dataclass(frozen=True)
class _Line:
    """One model's development.

    Attributes:
        model: whose it is.
        moments: by place.
        begins: iterations before each phase.
    """

    model: Model
    moments: Mapping[Place, _Moment]
    begins: tuple[int, ...]


def _line(model: Model, path: Sequence[Node], points: Points) -> _Line | None:
    """A model's line, or None when a point is missing."""
    moments: dict[Place, _Moment] = {}
    begins: list[int] = []
    before = 0
    for place, group in groupby(path, key=lambda node: node.stretch.place):
        nodes = list(group)
        stop = nodes[-1].stretch.stop
        begins.append(before)
        for step in marked(replace(nodes[-1].stretch, start=0)):
            node = next(node for node in nodes if step <= node.stretch.stop)
            personal = not node.shared or _branches(path, node, step)
            point = points.get((node.key, step, model.evaluated_on if personal else None))
            if point is None:
                return None
            found = _Moment(before + step, point.shared, point.personal)
            moments[place, inf if step == stop else step] = found
        before += stop
    return _Line(model, moments, tuple(begins))


def _branches(path: Sequence[Node], node: Node, step: int) -> bool:
    """Whether an individual's own training begins after a step of a shared node."""
    after = path[path.index(node) + 1 :]
    return bool(after) and not after[0].shared and step == node.stretch.stop


def _curve(curriculum: str, lines: Sequence[_Line]) -> LearningCurve:
    """The average of lines, at the places that all of them have."""
    places = sorted(set.intersection(*(set(line.moments) for line in lines)))
    shared = [_over_models(lines, place) for place in places]
    personal = [_over_individuals(lines, place) for place in places]
    steps = parse(curriculum).phases
    begins = zip(*(line.begins for line in lines), strict=True)
    return LearningCurve(
        iterations=tuple(_rounded(line.moments[p].iteration for line in lines) for p in places),
        shared=tuple(one.mean for one in shared),
        shared_sd=tuple(one.sd for one in shared),
        personal=tuple(None if one is None else one.mean for one in personal),
        personal_sd=tuple(None if one is None else one.sd for one in personal),
        phases=tuple((_rounded(all_), str(step)) for all_, step in zip(begins, steps, strict=True)),
    )


def _over_models(lines: Sequence[_Line], place: Place) -> Spread:
    """Global accuracy at a place, seeds averaged within an individual first."""
    pairs = [(line.model.individual, line.moments[place].shared) for line in lines]
    return spread(list(means(pairs).values()))


def _over_individuals(lines: Sequence[_Line], place: Place) -> Spread | None:
    """Personal accuracy at a place, seeds averaged within an individual first."""
    found = [(line.model.evaluated_on, line.moments[place].personal) for line in lines]
    pairs = [(individual, value) for individual, value in found if value is not None]
    return spread(list(means(pairs).values())) if pairs else None


def _rounded(iterations: Iterable[int]) -> int:
    """The mean as a whole number."""
    return round(fmean(iterations))
