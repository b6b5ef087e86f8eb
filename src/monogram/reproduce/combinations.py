"""What a combination of ideas is made of: the curricula that use each of its ideas alone.

An idea is a step with its options that comes on top of the global-only model's training: one that
touches the individual, or more training on D_G, which all share. In curricula that do not begin
with that training it is a step that touches the individual. Alone means: the same curriculum
without the other ideas. Where nothing that trains on D_G is left, the training of the global-only
model comes first. To blend alone changes nothing, since it leads back to what it starts from.
"""

from monogram.curriculum import Blend, Curriculum, Phase, Source, Step


def singles(curriculum: Curriculum, base: Curriculum) -> tuple[Curriculum, ...]:
    """The curricula of each idea of a combination alone; none where it is no combination.

    Args:
        curriculum: every length explicit.
        base: the global-only curriculum.

    >>> from monogram.curriculum import parse
    >>> combined = parse("global(epochs=8) >> personal(20) >> blend")
    >>> [str(one) for one in singles(combined, parse("global(epochs=8)"))]
    ['global(epochs=8) >> personal(iterations=20)', 'global(epochs=8)']
    """
    steps, begun = curriculum.phases, len(base.phases)
    on_top = steps[:begun] == base.phases
    ideas = [
        place
        for place, step in enumerate(steps)
        if (place >= begun if on_top else step.touches_individual)
    ]
    if len(ideas) < 2:
        return ()
    alone = (
        tuple(step for at, step in enumerate(steps) if at == idea or at not in ideas)
        for idea in ideas
    )
    return tuple(dict.fromkeys(_complete(left, base) for left in alone))


def _complete(steps: tuple[Step, ...], base: Curriculum) -> Curriculum:
    left = tuple(step for step in steps if not isinstance(step, Blend))
    return Curriculum(left if any(map(_on_global, left)) else base.phases + left)


def _on_global(step: Step) -> bool:
    return isinstance(step, Phase) and step.source is not Source.PERSONAL
