"""Learning curves: what a network gets right while it trains, without disturbing the training.

After the milestones of each phase its weights are copied into a second network and judged there on
at most `MOST_SAMPLES` of D_G's validation samples and of the individual's: never on test data.
Under a protocol without test data (the paper's 70/30) validation data is what reports use too.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from monogram.curriculum import Phase
from monogram.engine import layout
from monogram.engine.journal import Journal, read_records
from monogram.engine.judge import at_most
from monogram.networks import Prepared, shortened
from monogram.plan import Node, Stretch, Task
from monogram.population import Population
from monogram.training import Samples, State, Tally, Way, Weights, tally

MOST_SAMPLES = 512  # of D_G, and of an individual, that a point is judged on
POINT_BYTES = 200  # of a line, about
PointKey = tuple[str, int, str | None]


@dataclass(frozen=True, slots=True)
class Point:
    """What a network got right at one moment of its training, on validation data.

    Attributes:
        node: key of the plan's node that was trained. At the end of a shared node there is also a
            point for each individual whose own training begins there.
        step: optimizer steps since the phase began, 0 after an adjustment.
        seed: of the study's seeds.
        individual: whose model it becomes; None: everybody's.
        evaluated_on: on whose data `personal` was measured, or None.
        shared: accuracy on D_G, a fraction in [0, 1].
        personal: accuracy on D_I, a fraction in [0, 1]; None for everybody's.
    """

    node: str
    step: int
    seed: int
    individual: str | None
    evaluated_on: str | None
    shared: float
    personal: float | None

    @property
    def key(self) -> PointKey:
        """What names the point within a run."""
        return (self.node, self.step, self.evaluated_on)

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return asdict(self)


def milestones(start: int, stop: int) -> tuple[int, ...]:
    """The steps of a stretch after which it is judged: 1, 2, 5, 10, … of its phase, and its end.

    Args:
        start: first step, counted from 0 within the phase.
        stop: the step after the last; an adjustment starts and stops at 0.

    >>> milestones(0, 120), milestones(20, 200), milestones(0, 0)
    ((1, 2, 5, 10, 20, 50, 100, 120), (50, 100, 200), (0,))
    """
    round_numbers = (digit * 10**power for power in range(len(str(stop))) for digit in (1, 2, 5))
    return (*(step for step in round_numbers if start < step < stop), stop)


def marked(stretch: Stretch) -> tuple[int, ...]:
    """The steps of a stretch after which it is judged: of several runs only the end of all."""
    several = isinstance(stretch.phase, Phase) and stretch.phase.runs > 1
    return (stretch.stop,) if several else milestones(stretch.start, stretch.stop)


class Recorder:
    """Judges networks at milestones and appends points, in one process.

    A point is written before the checkpoint or the row that comes after it, so that going on after
    an interruption leaves no gap; a step taken again gives the same point again.

    Args:
        folder: the run directory.
        population: whose validation data to use.
        network: to judge with; nothing else may use it.
        device: where it is.
        progress: told the number of samples after each pass.
        way: in which it looks at many samples.
    """

    def __init__(
        self,
        folder: Path,
        population: Population,
        network: Prepared,
        device: torch.device,
        progress: Callable[[float], None],
        way: Way = shortened,
    ) -> None:
        self._way = way
        self._population = population
        self._network = network
        self._device = device
        self._progress = progress
        self._journal = Journal(layout.curves(folder))
        self._everybody = self._samples(population.global_data.validation)
        self._trunk: tuple[tuple[str, int], float] | None = None

    def mark(self, node: Node, step: int, weights: Weights) -> None:
        """Record what the weights after a step of a node get right."""
        self._network.load_state_dict(weights)
        self._append(node.key, step, node, self._accuracy(self._everybody))

    def mark_stack(self, nodes: Sequence[Node], step: int, shown: "Shown") -> None:
        """Record what several networks get right after a step of their nodes, each of its own.

        Args:
            nodes: of each individual.
            step: of their phase.
            shown: gives the tallies of all networks on the same samples, and of each on its own.
        """
        everybody = [found.accuracy for found in shown.on_all(self._everybody)]
        self._append_each(nodes, [(node.key, step) for node in nodes], everybody, shown)

    def mark_beginnings(self, tasks: Sequence[Task], state: State, shown: "Shown") -> None:
        """Record what several individuals' own training starts from, if that is everybody's."""
        parent = tasks[0].parent
        if parent is None:
            return
        place, accuracy = self._at_trunk(parent, state)
        nodes = [task.node for task in tasks]
        self._append_each(nodes, [place] * len(nodes), [accuracy] * len(nodes), shown)

    def mark_beginning(self, task: Task, state: State) -> None:
        """Record what an individual's own training starts from, if that is everybody's."""
        if task.parent is None or task.node.shared:
            return
        place, accuracy = self._at_trunk(task.parent, state)
        self._append(*place, task.node, accuracy)

    def close(self) -> None:
        """Hand everything to the disk."""
        self._journal.close()

    def _at_trunk(self, parent: str, state: State) -> tuple[tuple[str, int], float]:
        """The end of a shared node, and its accuracy on D_G; its weights are loaded."""
        self._network.load_state_dict(state.weights)
        place = (parent, state.step)
        if self._trunk is None or self._trunk[0] != place:
            self._trunk = (place, self._accuracy(self._everybody))
        return self._trunk

    def _append_each(
        self,
        nodes: Sequence[Node],
        places: Sequence[tuple[str, int]],
        shared: Sequence[float],
        shown: "Shown",
    ) -> None:
        """Add points for each of several networks, by whose data they are judged on."""
        for targets in zip(*map(_judged_on, nodes), strict=True):
            own = [self._population.individuals[str(id_)].validation for id_ in targets]
            found = shown.on_each([self._samples(rows) for rows in own])
            for node, place, target, on_all, on_own in zip(
                nodes, places, targets, shared, found, strict=True
            ):
                stretch = node.stretch
                seed, owner = stretch.seed, stretch.owner
                self._journal.append(Point(*place, seed, owner, target, on_all, on_own.accuracy))

    def _append(self, key: str, step: int, node: Node, shared: float) -> None:
        """Add a point for each whose data the network is judged on, and can be."""
        stretch = node.stretch
        for id_ in _judged_on(node):
            own = None if id_ is None else self._population.individuals[id_].validation
            try:
                personal = None if own is None else self._accuracy(self._samples(own))
            except Exception:  # of the network, given these data: judging the model tells it
                continue
            point = Point(key, step, stretch.seed, stretch.owner, id_, shared, personal)
            self._journal.append(point)

    def _accuracy(self, samples: Samples) -> float:
        """Of a network that may draw random numbers even now: they come from nobody's stream."""
        devices = [] if self._device.type == "cpu" else [self._device]
        with torch.random.fork_rng(devices=devices):
            found = tally(self._network, samples, way=self._way)
        self._progress(len(samples))
        return found.accuracy

    def _samples(self, rows: range) -> Samples:
        return at_most(MOST_SAMPLES, self._population, rows, self._device)


class Shown(Protocol):
    """What several networks get right."""

    def on_all(self, samples: Samples) -> list[Tally]:
        """Each on the same samples."""

    def on_each(self, samples: Sequence[Samples]) -> list[Tally]:
        """Each on samples of its own."""


def _judged_on(node: Node) -> tuple[str | None, ...]:
    """On whose data the models that come of a node are judged; None: on D_G alone."""
    if node.shared:
        return (None,)
    return tuple(sorted({model.evaluated_on for n in node.walk() for model in n.models}))


def read_points(folder: Path) -> dict[PointKey, Point]:
    """All points of a folder, one for each key.

    Raises:
        RunError: a line in the middle of a file is damaged.
    """
    points = read_records(folder, lambda values: Point(**values))
    return {point.key: point for point in points}


@dataclass(frozen=True)
class Looks:
    """What recording the curves of some tasks amounts to.

    Attributes:
        points: lines that will be written.
        samples: looked at.
    """

    points: int = 0
    samples: int = 0


def looks(tasks: Iterable[Task], population: Population) -> Looks:
    """The points of some tasks, and the samples that they are judged on."""
    shared = min(MOST_SAMPLES, len(population.global_data.validation))
    points = samples = 0
    for task in tasks:
        for node in task.nodes():
            targets = [id_ for id_ in _judged_on(node) if id_ is not None]
            begins = not node.shared and node is task.node and task.parent is not None
            times = len(marked(node.stretch))
            own = [len(population.individuals[id_].validation) for id_ in targets]
            points += (times + begins) * max(1, len(targets))
            samples += times * shared + (times + begins) * sum(min(MOST_SAMPLES, n) for n in own)
    return Looks(points, samples)
