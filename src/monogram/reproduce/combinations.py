"""What a combination of ideas is made of: the curricula that use each of its ideas alone.

An idea is a step that touches the individual, with its options. Alone means: the same curriculum
without the other ideas, from the global-only model where the curriculum begins with its training;
what else all share before the first idea is nobody's own. Where nothing that trains on D_G is
left, the training of the global-only model comes first. To blend alone changes nothing, since it
leads back to what it starts from.
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
    trunk = curriculum.trunk
    begins = base.phases if trunk[: len(base.phases)] == base.phases else trunk
    steps = (*begins, *curriculum.phases[len(trunk) :])
    ideas = [place for place, step in enumerate(steps) if step.touches_individual]
    if len(ideas) < 2:
        return ()
    alone = (
        tuple(s for at, s in enumerate(steps) if at == idea or not s.touches_individual)
        for idea in ideas
    )
    return tuple(dict.fromkeys(_complete(left, base) for left in alone))


def _complete(steps: tuple[Step, ...], base: Curriculum) -> Curriculum:
    left = tuple(step for step in steps if not isinstance(step, Blend))
    return Curriculum(left if any(map(_on_global, left)) else base.phases + left)


def _on_global(step: Step) -> bool:
    return isinstance(step, Phase) and step.source is not Source.PERSONAL
