"""From curricula to the tree: equal beginnings become one node."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from math import ceil
from typing import Self, TypeGuard

import numpy as np

from monogram.curriculum import Baseline, Curriculum, Phase, Recipe, Source, Step
from monogram.errors import SettingError
from monogram.formats import count
from monogram.plan.tree import Model, Node, Plan, Stretch, node_key
from monogram.population import Population
from monogram.streams import rank


@dataclass(frozen=True)
class Sizes:
    """What the plan needs to know of the data: numbers of training samples.

    Attributes:
        shared: of D_G.
        own: of each D_I.
        batch: samples of a full batch.
    """

    shared: int
    own: Mapping[str, int]
    batch: int

    @classmethod
    def of(cls, population: Population, batch_size: int) -> Self:
        """Those of a population."""
        own = {id_: len(split.train) for id_, split in population.individuals.items()}
        return cls(len(population.global_data.train), own, batch_size)

    def per_epoch(self, source: Source, owner: str | None) -> int:
        """Iterations of one epoch: ceil(samples / batch), Algorithm 1, line 8."""
        own = self.own[owner] if owner is not None else 0
        samples = {Source.PERSONAL: own, Source.UNION: self.shared + own}.get(source, self.shared)
        return ceil(samples / self.batch)

    def steps(self, phase: Step, owner: str | None) -> int:
        """Optimizer steps of a phase, of all its runs; an adjustment takes none."""
        if not isinstance(phase, Phase):
            return 0
        length = phase.iterations or (phase.epochs or 1) * self.per_epoch(phase.source, owner)
        return phase.runs * length

    def samples(self, stretch: Stretch) -> int:
        """Samples that a stretch trains on, repetitions counted."""
        if not stretch.steps:
            return 0
        owner, source = stretch.owner, stretch.trained.source
        own = min(self.batch, self.own[owner]) if owner is not None else 0
        if source is Source.PERSONAL:
            return stretch.steps * own
        if source is Source.UNION:
            return stretch.steps * min(self.batch, self.shared + self.own[str(owner)])
        personal = 0
        if source is Source.MIXED:
            per_epoch = self.per_epoch(source, owner)
            personal = _personal_steps(stretch, per_epoch)
        return personal * own + (stretch.steps - personal) * min(self.batch, self.shared)


def _personal_steps(stretch: Stretch, per_epoch: int) -> int:
    """How many steps of a mixed stretch are personal."""
    return _personal_among(replace(stretch, seed=0, owner=None, place=0), per_epoch)


@lru_cache
def _personal_among(stretch: Stretch, per_epoch: int) -> int:
    """The same, mostly for everyone; whose it is does not matter."""
    steps = stretch.in_run(np.arange(stretch.start, stretch.stop))
    return int(is_personal(steps, stretch.trained, per_epoch).sum())


def is_personal(step: np.ndarray, phase: Phase, per_epoch: int) -> np.ndarray:
    """Whether the batch of a step of a mixed phase is personal: Algorithm 1, line 11.

    Args:
        step: steps within the phase, or within one of its runs, from 0, any shape; j of line 10 is
            1 in each epoch's first.
        phase: a mixed phase.
        per_epoch: iterations of an epoch.

    Returns:
        bool, of the shape of `step`.
    """
    every = phase.every or 1
    j = step % per_epoch + 1
    if every >= 1:
        return np.asarray(j % int(every) == 0)
    return np.asarray(j % int(1 / every) != 0)


@dataclass(frozen=True)
class _Path:
    """A curriculum for one individual; `trunk` steps of it are the same for everyone."""

    curriculum: str
    individual: str
    on_other: bool
    phases: tuple[Step, ...]
    lengthless: tuple[Step, ...]
    trunk: int


def compile_plan(
    curricula: Sequence[Curriculum],
    population: Population,
    *,
    seeds: Iterable[int] = (0,),
    epochs: int,
    recipe: Recipe = Recipe(),
) -> Plan:
    """The tree of all models of a study.

    Args:
        curricula: what to train; equal ones count once.
        population: whom to train it for.
        seeds: one model of each curriculum and individual per seed.
        epochs: the length of phases that name none.
        recipe: settings of phases that name none.

    Raises:
        SettingError: no curricula, no seeds, or no epochs.

    """
    seeds = tuple(dict.fromkeys(seeds))
    if not curricula or not seeds or epochs < 1:
        raise SettingError("a study needs at least one curriculum, one seed and one epoch")
    sizes = Sizes.of(population, recipe.batch_size)
    partners = ring(population.individuals)
    wanted = list(dict.fromkeys(c.with_epochs(epochs) for c in curricula))
    possible = [c for c in wanted if not c.on_other or len(partners) > 1]
    remarks = [
        f"{c} is left out: it is judged on another individual, and there is only one"
        for c in wanted
        if c not in possible
    ]
    remarks += one_sided_remarks(possible, sizes)
    compiler = _Compiler(sizes, partners, recipe, epochs)
    roots = [node for seed in seeds for node in compiler.roots(possible, seed)]
    return Plan(tuple(roots), partners, tuple(remarks))


def one_sided_remarks(curricula: Iterable[Curriculum], sizes: Sizes) -> list[str]:
    """What to say of mixed phases that never see D_I, or never D_G, by line 11.

    Args:
        curricula: every length explicit.
        sizes: of the data.
    """
    return [text for curriculum in curricula for text in _one_sided(curriculum, sizes)]


def uses_individual(curriculum: Curriculum, sizes: Sizes) -> bool:
    """Whether any step of a curriculum uses D_I, with these data.

    A mixed phase does not where an epoch has fewer iterations than n_I (Algorithm 1, line 11).

    Args:
        curriculum: every length explicit.
        sizes: of the data.
    """
    steps = [step for step in curriculum.phases if step.touches_individual]
    return any(not _is_mixed(step) or _personal(step, sizes).any() for step in steps)


def _is_mixed(step: Step) -> TypeGuard[Phase]:
    return isinstance(step, Phase) and step.source is Source.MIXED


def _personal(phase: Phase, sizes: Sizes) -> np.ndarray:
    """[steps] bool: which batches of a mixed phase, or of each of its runs, are personal."""
    per_epoch = sizes.per_epoch(phase.source, None)
    return is_personal(np.arange(sizes.steps(phase, None) // phase.runs), phase, per_epoch)


def _one_sided(curriculum: Curriculum, sizes: Sizes) -> Iterator[str]:
    for phase in curriculum.phases:
        if not _is_mixed(phase) or phase.every == 1:
            continue
        personal = _personal(phase, sizes)
        if personal.all() or not personal.any():
            seen = "no batch is personal" if not personal.any() else "every batch is personal"
            where = "" if len(curriculum.phases) == 1 else f"in {phase} "
            yield f"{curriculum}: {where}{seen}, since {_too_short(phase, sizes)}"


def _too_short(phase: Phase, sizes: Sizes) -> str:
    """What is too short for a mixed phase's n_I, and what would not be."""
    per_epoch = sizes.per_epoch(phase.source, None)
    steps = sizes.steps(phase, None) // phase.runs
    what, longer = "an epoch on the global data", "smaller batches (--batch-size)"
    if steps < per_epoch:
        what, longer = "each run" if phase.runs > 1 else "the phase", "more iterations"
    length = min(per_epoch, steps)
    closer = f"every={length} or less" if (phase.every or 1) > 1 else f"every=1/{length} or more"
    remedy = f"take {closer}, or {longer}" if length > 1 else f"take {longer}"
    return f"{what} has {count(length, 'iteration')}; {remedy}"


def ring(individuals: Iterable[str]) -> dict[str, str]:
    """Another individual for each, so that everyone is named once; one alone names itself.

    The individuals stand on a ring in a pseudo-random order that depends on their ids alone, and
    each is given the next one: leaving one out changes only the neighbour before it.
    """
    order = sorted(individuals, key=lambda id_: (rank(0, "ring", id_), id_))
    return dict(pairwise([*order, *order[:1]]))


def _total(phase: Phase, steps: int) -> int:
    """As in `Stretch`."""
    return steps // phase.runs if phase.decay != 1 or phase.runs > 1 else 0


class _Compiler:
    """Builds the nodes; holds what is the same for all of them."""

    def __init__(
        self, sizes: Sizes, partners: Mapping[str, str], recipe: Recipe, epochs: int
    ) -> None:
        self.sizes = sizes
        self.partners = partners
        self.recipe = recipe
        self.epochs = epochs
        self.baseline = recipe.fill_in(Baseline(), epochs)[0]

    def roots(self, curricula: Sequence[Curriculum], seed: int) -> list[Node]:
        paths = [path for c in curricula for path in self._paths(c)]
        return self._below(paths, "", seed, 0, ())

    def _paths(self, curriculum: Curriculum) -> Iterator[_Path]:
        """The curriculum for everyone; what is the same for all of them is made once."""
        phases = self.recipe.fill_in(curriculum, self.epochs)
        lengthless = tuple(phase.lengthless() for phase in phases)
        text, trunk = str(curriculum), len(curriculum.trunk)
        for id_ in self.partners:
            yield _Path(text, id_, curriculum.on_other, phases, lengthless, trunk)

    def _below(
        self, paths: list[_Path], parent: str, seed: int, place: int, done: tuple[Stretch, ...]
    ) -> list[Node]:
        """The nodes of everything that follows `done`; paths that are at their end need none."""
        alike: dict[object, list[tuple[int, _Path]]] = {}
        for path in paths:
            if place < len(path.phases):
                stretch = self._whole(path, seed, place)
                alike.setdefault((stretch.owner, stretch.phase, stretch.total), []).append(
                    (stretch.stop, path)
                )
        return [self._chain(group, parent, seed, place, done) for group in alike.values()]

    def _whole(self, path: _Path, seed: int, place: int) -> Stretch:
        """One phase of a path from its first step to its last."""
        phase = path.phases[place]
        owner = path.individual if place >= path.trunk else None
        steps = self.sizes.steps(phase, owner)
        total = _total(phase, steps) if isinstance(phase, Phase) else 0
        return Stretch(seed, place, owner, path.lengthless[place], 0, steps, total)

    def _chain(
        self,
        group: list[tuple[int, _Path]],
        parent: str,
        seed: int,
        place: int,
        done: tuple[Stretch, ...],
        start: int = 0,
    ) -> Node:
        """The phase that a group of paths begins with, cut where a path leaves it."""
        stop = min(length for length, _ in group)
        whole = self._whole(group[0][1], seed, place)
        stretch = replace(whole, start=start, stop=stop)
        key = node_key(parent, stretch)
        now = (*done, stretch)
        leaving = [path for length, path in group if length == stop]
        staying = [(length, path) for length, path in group if length > stop]
        children = self._below(leaving, key, seed, place + 1, now)
        if staying:
            children.append(self._chain(staying, key, seed, place, now, stop))
        models = [self._model(path, now) for path in leaving if place + 1 == len(path.phases)]
        return Node(key, stretch, tuple(models), tuple(children))

    def _model(self, path: _Path, done: tuple[Stretch, ...]) -> Model:
        shared = [stretch for stretch in done if stretch.owner is None]
        own = [stretch for stretch in done if stretch.owner is not None]
        steps = self.sizes.steps(self.baseline, path.individual)
        union = Stretch(0, 0, path.individual, self.baseline, 0, steps, steps)
        return Model(
            curriculum=path.curriculum,
            individual=path.individual,
            evaluated_on=self.partners[path.individual] if path.on_other else path.individual,
            seed=done[0].seed,
            own_steps=sum(stretch.steps for stretch in own),
            shared_steps=sum(stretch.steps for stretch in shared),
            own_samples=sum(map(self.sizes.samples, own)),
            shared_samples=sum(map(self.sizes.samples, shared)),
            baseline_samples=self.sizes.samples(union),
        )
