"""Adjustments: what is done to a trained network without training it further.

They are steps of a curriculum like phases, take no optimizer steps and cost no training samples:
`global >> prior(smoothing=10)`, `global >> personal(iterations=20) >> blend`.
"""

from dataclasses import dataclass
from math import inf

from monogram.curriculum.curriculum import Step
from monogram.curriculum.phases import value_text
from monogram.errors import CurriculumError


class Adjustment(Step):
    """What `Prior` and `Blend` have in common. They use D_I, and no step takes any time."""

    @property
    def touches_individual(self) -> bool:
        """Whether it uses D_I: always."""
        return True

    @property
    def trains_on_shared(self) -> bool:
        """Whether the network sees D_G in it: it sees nothing."""
        return False

    def check_after(self, before: tuple[Step, ...]) -> None:
        """Refuse to adjust what there is not.

        Raises:
            CurriculumError: nothing was trained on D_G before.
        """
        if not any(earlier.trains_on_shared for earlier in before):
            raise CurriculumError(
                f"{self}: it adjusts a network that was trained on the global data before, for "
                f"example global >> {self}"
            )


@dataclass(frozen=True)
class Prior(Adjustment):
    """Expect the individual's classes: add log(p_I / p_G) to the logits from here on.

    The remedy for pure label shift, where individuals differ in how often each class occurs and
    in nothing else (Saerens, Latinne and Decaestecker 2002; logit adjustment, Menon et al. 2021).
    p_I(c) = (n_c + s·C·p_G(c)) / (n + s·C), with n_c of n training samples of D_I in class c, C
    classes and the smoothing s; p_G(c) are D_G's frequencies. Phases after it train with the logits
    as they are then.

    That is (1 - λ)·p_G plus λ times the individual's frequencies, with λ = n / (n + s·C): the best
    that the same likelihoods allow where a share λ of the inputs comes from the individual.

    Attributes:
        smoothing: s, samples of D_G that each class is expected from beforehand; the larger, the
            less is corrected.

    Raises:
        CurriculumError: a smoothing that is not above 0.
    """

    smoothing: float = 10.0

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not 0 < self.smoothing < inf:
            raise CurriculumError(
                f"prior: smoothing must be above 0 and finite, not {self.smoothing}"
            )

    def __str__(self) -> str:
        """The text form, `prior(smoothing=10)`."""
        return f"prior(smoothing={value_text(self.smoothing)})"


@dataclass(frozen=True)
class Blend(Adjustment):
    """Weights between the end of the trunk and here: base + share·(here - base).

    Averaging a model with what it was fine-tuned from keeps much of both (WiSE-FT; Wortsman et
    al., "Robust fine-tuning of zero-shot models", CVPR 2022).

    Attributes:
        share: in [0, 1], 0 is the base; None: for each individual the one of `SHARES` with most
            accuracy on the individual's validation data, of equals the smallest. The model's own
            figure on these data is then cross-validated; after a further step it is not.

    Raises:
        CurriculumError: a share out of its range.
    """

    share: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.share is not None and not 0 <= self.share <= 1:
            raise CurriculumError(f"blend: share must be a fraction in [0, 1], not {self.share}")

    def check_after(self, before: tuple[Step, ...]) -> None:
        """Refuse to blend with what there is not.

        Raises:
            CurriculumError: nothing was trained on D_G before, or everybody's network never was
                the same.
        """
        super().check_after(before)
        if before[0].touches_individual:
            raise CurriculumError(
                f"{self}: it leads back towards what everybody shares, so the curriculum must "
                f"begin with global, for example global >> personal(20) >> {self}"
            )

    def __str__(self) -> str:
        """The text form, `blend` or `blend(share=0.5)`."""
        return "blend" if self.share is None else f"blend(share={value_text(self.share)})"


SHARES = tuple(tenth / 10 for tenth in range(11))
"""What `Blend` without a share chooses among."""
