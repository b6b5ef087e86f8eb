"""Reading a curriculum from its text form.

    curriculum = step { ">>" step } [ "on other" ]
    step       = phase | shaping | adjustment
    phase      = ("personal" | "global" | "mixed" | "union") [ "(" options ")" ]
    shaping    = "baseline" | "early-shaping(N)" | "sample-weighting(n_I)" | "transfer(N)"
               | "rehearsal(N)" | "rehearsal(N, every=n_I)"
               | "head-then-all(N)" | "head-then-all(N, head=N)"
    adjustment = "prior" | "prior(smoothing)" | "blend" | "blend(share)"
    options    = option { "," option }
    option     = name "=" value | main value, which comes first

The main value, given without a name, is `iterations` of a personal phase, n_I of a mixed one and
`epochs` of the others. `str(curriculum)` writes what `parse` reads.
"""

import re
from collections.abc import Callable
from typing import Any

from monogram.curriculum.adjustments import Blend, Prior
from monogram.curriculum.curriculum import Curriculum, Step
from monogram.curriculum.phases import (
    PHASE_OPTIONS,
    WHOLE,
    Global,
    Mixed,
    Personal,
    Union,
    as_fraction,
)
from monogram.curriculum.shapings import (
    Baseline,
    EarlyShaping,
    HeadThenAll,
    Rehearsal,
    SampleWeighting,
    Transfer,
)
from monogram.errors import CurriculumError, did_you_mean, shorten

STEPS: dict[str, tuple[Callable[..., Step | Curriculum], str | None]] = {
    "personal": (Personal, "iterations"),
    "global": (Global, "epochs"),
    "mixed": (Mixed, "every"),
    "union": (Union, "epochs"),
    "baseline": (Baseline, None),
    "early-shaping": (EarlyShaping, "iterations"),
    "sample-weighting": (SampleWeighting, "every"),
    "transfer": (Transfer, "iterations"),
    "rehearsal": (Rehearsal, "iterations"),
    "head-then-all": (HeadThenAll, "iterations"),
    "prior": (Prior, "smoothing"),
    "blend": (Blend, "share"),
}
# Their main value may be left out: a length comes from the study or epochs, others have defaults.
MAIN_OPTIONAL = ("personal", "global", "union", "prior", "blend")
FEW_OPTIONS: dict[str, tuple[str, ...]] = {
    "baseline": (),
    "early-shaping": ("iterations",),
    "sample-weighting": ("every",),
    "transfer": ("iterations",),
    "rehearsal": ("iterations", "every"),
    "head-then-all": ("iterations", "head"),
    "prior": ("smoothing",),
    "blend": ("share",),
}
SHORT_FORMS = {
    "lr": "learning_rate",
    "n": "iterations",
}  # as other libraries have them: told, not read
WHOLE_NUMBERS = (*WHOLE, "head")
STEP = re.compile(r"\s*([\w-]+)\s*(?:\((.*)\))?\s*", re.DOTALL)
OPTION = re.compile(r"""\s*(?:(\w+)\s*=\s*)?("[^"]*"|'[^']*'|[^,"']+?)\s*(?:,|$)""")
SPLIT_STEPS = re.compile(r""">>(?=(?:[^"]*"[^"]*")*[^"]*$)""")
ON_OTHER = re.compile(r"\s+on\s+other\s*$")


def parse(text: str) -> Curriculum:
    """The curriculum that a text describes.

    Raises:
        CurriculumError: the text does not parse; the message says where and what is known.

    Examples:
        >>> str(parse("global(100) >> personal(20, train=head)"))
        'global(epochs=100) >> personal(iterations=20, train=head)'
    """
    body = ON_OTHER.sub("", text)
    steps = [_step(part) for part in SPLIT_STEPS.split(body)]
    curriculum = steps[0] if isinstance(steps[0], Curriculum) else Curriculum((steps[0],))
    for step in steps[1:]:
        curriculum = curriculum >> step
    return Curriculum(curriculum.phases, curriculum.on_other or body != text)


def _step(text: str) -> Step | Curriculum:
    match = STEP.fullmatch(text)
    if not match:
        raise CurriculumError(
            f"cannot read {shorten(text.strip())!r}; write phases joined by >>, for example "
            "global(epochs=8) >> personal(iterations=20)"
        )
    name, inside = match[1].lower(), match[2] or ""
    if name not in STEPS:
        hint = did_you_mean(name, STEPS)
        raise CurriculumError(f"unknown phase {shorten(name)!r}{hint} Known: {', '.join(STEPS)}")
    make, main = STEPS[name]
    options = _options(text.strip(), inside, main, _known_options(name))
    if main and main not in options and name not in MAIN_OPTIONAL:
        raise CurriculumError(f"{shorten(text.strip())}: say {main}, for example {name}(20)")
    return make(**options)


def _known_options(name: str) -> tuple[str, ...]:
    if name in FEW_OPTIONS:
        return FEW_OPTIONS[name]
    return tuple(option for option in PHASE_OPTIONS if option != "every" or name == "mixed")


def _options(step: str, inside: str, main: str | None, known: tuple[str, ...]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    position = 0
    while position < len(inside.rstrip()):
        match = OPTION.match(inside, position)
        name = match and (match[1] or (main if not options else None))
        if not match or name not in known:
            wrong = match[1] if match and match[1] else inside[position:].strip()
            meant = SHORT_FORMS.get(wrong, wrong)
            hint = _written_out(meant, known) or did_you_mean(meant, known)
            raise CurriculumError(
                f"{shorten(step)}: cannot read option {shorten(wrong)!r}{hint} Known: "
                f"{', '.join(known) or 'none'}"
            )
        if name in options:
            raise CurriculumError(f"{shorten(step)}: {name} is given twice")
        options[str(name)] = _value(step, str(name), match[2].strip().strip("\"'"))
        position = match.end()
    return options


def _written_out(wrong: str, known: tuple[str, ...]) -> str:
    """What to say of an option that the phases have which a name is short for, not the name."""
    stands_for_phases = "train" not in known and {"iterations", "every"} & set(known)
    if stands_for_phases and wrong in PHASE_OPTIONS:
        return ": only phases have it, so write them out."
    return ""


def _value(step: str, name: str, text: str) -> Any:
    if name == "train":
        return text
    if name == "every":
        return as_fraction(text)
    kind = int if name in WHOLE_NUMBERS else float
    try:
        return kind(text)
    except ValueError as error:
        expected = "a whole number" if kind is int else "a number"
        raise CurriculumError(
            f"{shorten(step)}: {name} must be {expected}, not {shorten(text)!r}"
        ) from error
