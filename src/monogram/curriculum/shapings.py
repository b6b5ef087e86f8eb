"""The paper's curricula by name (section Personalizing deep learning models, Algorithm 1)."""

from fractions import Fraction

from monogram.curriculum.curriculum import Curriculum
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


def title(curriculum: Curriculum) -> str:
    """A short name for tables and plots: the paper's where it has one, else the text form.

    >>> title(Transfer(20).with_epochs(8)), title(SampleWeighting("1/8")), title(Baseline())
    ('Transfer(20)', 'SampleWeighting(1/8)', 'Baseline')
    """
    lengthless = tuple(_without_epochs(phase) for phase in curriculum.phases)
    sources = tuple(phase.source for phase in curriculum.phases)
    shaped = Curriculum(lengthless, curriculum.on_other)
    if shaped == Baseline():
        return "Baseline"
    if shaped.phases == (Global(),):
        return "Global only"
    if sources == (Source.MIXED,) and shaped == SampleWeighting(every := _every(curriculum)):
        return f"SampleWeighting({every})"
    for place, name in ((0, "EarlyShaping"), (1, "Transfer")):
        iterations = curriculum.phases[place % len(sources)].iterations
        make = EarlyShaping if place == 0 else Transfer
        if iterations and shaped == make(iterations):
            return f"{name}({iterations})"
    return str(curriculum)


def _every(curriculum: Curriculum) -> Fraction:
    return curriculum.phases[0].every or Fraction(1)


def _without_epochs(phase: Phase) -> Phase:
    return (
        Phase(**{**vars(phase), "epochs": None}) if phase.source is not Source.PERSONAL else phase
    )
