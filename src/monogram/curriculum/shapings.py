"""Curricula by name: the paper's (Algorithm 1), rehearsal, and the head before the rest."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TypeGuard

from monogram.curriculum.curriculum import Curriculum, Step
from monogram.curriculum.phases import Global, Mixed, Personal, Phase, Source, Union


def Baseline() -> Curriculum:  # noqa: N802 - named like the values that they make
    """D_G ∪ D_I, judged on another individual: no personalization, as much data (section Setup)."""
    return Curriculum((Union(),), on_other=True)


def EarlyShaping(iterations: int) -> Curriculum:  # noqa: N802
    """First D_I for a number of iterations, then D_G (lines 1 to 4)."""
    return Personal(iterations) >> Global()


def SampleWeighting(every: Fraction | float | str) -> Curriculum:  # noqa: N802
    """D_G with every n_I-th batch from D_I (lines 5 to 14); n_I = 1/8: 7 of 8 are personal."""
    return Curriculum((Mixed(every),))


def Transfer(iterations: int) -> Curriculum:  # noqa: N802
    """First D_G, then D_I for a number of iterations (lines 15 to 18): late shaping."""
    return Global() >> Personal(iterations)


def Rehearsal(iterations: int, every: Fraction | float | str = 2) -> Curriculum:  # noqa: N802
    """First D_G, then for a number of iterations D_I with D_G kept in mind: a late mixed phase.

    Not in the paper; rehearsal is the oldest remedy against forgetting (Robins 1995).
    """
    return Global() >> Mixed(every, iterations=iterations)


def HeadThenAll(iterations: int, head: int | None = None) -> Curriculum:  # noqa: N802
    """First D_G, then on D_I the head alone and after it everything (LP-FT).

    A head that fits first spares the features below it (Kumar et al., "Fine-tuning can distort
    pretrained features and underperform out-of-distribution", ICLR 2022).

    Args:
        iterations: that everything trains.
        head: that the head trains before; None: as many.
    """
    return Global() >> Personal(head or iterations, train="head") >> Personal(iterations=iterations)


def title(curriculum: Curriculum, epochs: int | None = None) -> str:
    """A short name for tables and plots: the paper's where it has one, else the text form.

    Args:
        curriculum: to name.
        epochs: the length on D_G that a study's curricula have in common, which names go without;
            None: the first that there is.

    >>> title(Transfer(20).with_epochs(8)), title(SampleWeighting("1/8")), title(Baseline())
    ('Transfer(20)', 'SampleWeighting(1/8)', 'Baseline')
    >>> title((Global() >> Global(16)).with_epochs(8))
    'global >> global(epochs=16)'
    >>> title(Transfer(20).with_epochs(4), epochs=8)
    'global(epochs=4) >> personal(iterations=20)'
    """
    on_shared = (step for step in curriculum.phases if _is_on_shared(step))
    common = epochs or next((step.epochs for step in on_shared if step.epochs), None)
    shaped = Curriculum(
        tuple(
            replace(step, epochs=None) if _is_on_shared(step) and step.epochs == common else step
            for step in curriculum.phases
        ),
        curriculum.on_other,
    )
    names = (name for name, known in _namesakes(shaped) if known == shaped)
    return next(names, str(shaped))


def _namesakes(curriculum: Curriculum) -> Iterator[tuple[str, Curriculum]]:
    """The named curricula with the iterations and the n_I that occur in this one."""
    phases = [step for step in curriculum.phases if isinstance(step, Phase)]
    iterations = next((p.iterations for p in phases if p.iterations), None)
    every = next((p.every for p in phases if p.every), None)
    yield "Global only", Curriculum((Global(),))
    yield "Baseline", Baseline()
    if every:
        yield f"SampleWeighting({every})", SampleWeighting(every)
    if iterations:
        yield f"EarlyShaping({iterations})", EarlyShaping(iterations)
        yield f"Transfer({iterations})", Transfer(iterations)
        yield f"Rehearsal({iterations})", Rehearsal(iterations)
        yield f"HeadThenAll({iterations})", HeadThenAll(iterations)
    if iterations and every:
        yield f"Rehearsal({iterations}, {every})", Rehearsal(iterations, every)


def _is_on_shared(step: Step) -> TypeGuard[Phase]:
    return isinstance(step, Phase) and step.source is not Source.PERSONAL
