"""One row of the results: what is known of one model as soon as it is finished."""

import sys
from dataclasses import dataclass, fields
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one model.

    Accuracies are fractions in [0, 1], losses mean cross entropies in nats. Figures without a
    suffix come from the part that is reported on, those with `_validation` serve to select.

    Attributes:
        curriculum: text form, every length explicit.
        individual: whose model it is.
        evaluated_on: on whose data the personal figures were measured.
        seed: of the study's seeds.
        personal_accuracy: acc(D_I).
        personal_accuracy_validation: acc(D_I) on validation data.
        global_accuracy: acc(D_G).
        global_accuracy_validation: acc(D_G) on validation data.
        personal_loss: on D_I.
        personal_loss_validation: on D_I's validation data.
        global_loss: on D_G.
        global_loss_validation: on D_G's validation data.
        personal_samples: samples that `personal_accuracy` was measured on.
        own_iterations: optimizer steps for this individual alone.
        shared_iterations: optimizer steps shared with everybody.
        own_samples: samples trained on in the own steps.
        shared_samples: samples trained on in the shared steps.
        baseline_samples: samples that the paper's baseline trains on for this individual.
        seconds: training time of the own steps.
        shared_seconds: training time of the shared steps.
        evaluation_seconds: time to judge the model, its share where several were judged at once.
        collapsed: it predicts one class for all of D_G, or its loss is no number.
    """

    curriculum: str
    individual: str
    evaluated_on: str
    seed: int
    personal_accuracy: float
    personal_accuracy_validation: float
    global_accuracy: float
    global_accuracy_validation: float
    personal_loss: float
    personal_loss_validation: float
    global_loss: float
    global_loss_validation: float
    personal_samples: int
    own_iterations: int
    shared_iterations: int
    own_samples: int
    shared_samples: int
    baseline_samples: int
    seconds: float
    shared_seconds: float
    evaluation_seconds: float
    collapsed: bool

    @property
    def identity(self) -> tuple[str, str, int]:
        """What names the model within a study."""
        return (self.curriculum, self.individual, self.seed)

    def as_dict(self) -> dict[str, Any]:
        """Plain values by name."""
        return {name: getattr(self, name) for name in _NAMES}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The row of plain values; names that it does not know are left out."""
        return cls(**{name: _one(values[name]) for name in _NAMES})


def _one(value: Any) -> Any:
    """A value, equal texts as one object: read from a file, each row would hold its own."""
    return sys.intern(value) if isinstance(value, str) else value


_NAMES = tuple(field.name for field in fields(Row))
