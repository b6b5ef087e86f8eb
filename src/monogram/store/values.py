"""What a store holds, as plain frozen values."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Literal, Self

from monogram.errors import SettingError, shorten
from monogram.networks import Answers

Kind = Literal["kept", "backed off", "base"]
KINDS: tuple[Kind, ...] = ("kept", "backed off", "base")


def now() -> str:
    """This moment in UTC, ISO 8601 to the microsecond."""
    return datetime.now(UTC).isoformat()


@dataclass(frozen=True)
class Figures:
    """How good a model is: fractions in [0, 1], None where it was not measured.

    Attributes:
        personal_accuracy: acc(D_I) on what is reported on.
        personal_accuracy_validation: acc(D_I) on validation data.
        global_accuracy: acc(D_G) on what is reported on.
        global_accuracy_validation: acc(D_G) on validation data.
    """

    personal_accuracy: float | None = None
    personal_accuracy_validation: float | None = None
    global_accuracy: float | None = None
    global_accuracy_validation: float | None = None


@dataclass(frozen=True)
class Attempt:
    """One model that was considered for an individual.

    Attributes:
        what: how it was made, for example `transfer(20), halfway to the base`.
        figures: how good it is.
    """

    what: str
    figures: Figures = Figures()


@dataclass(frozen=True)
class Decision:
    """Which model an individual got, and why.

    Attributes:
        kind: "kept" as trained, "backed off" towards the base, or the "base" itself.
        reason: for a reader, with the figures that decided.
        attempts: what was considered, in order; the last was taken.

    Raises:
        SettingError: no such kind.
    """

    kind: Kind
    reason: str
    attempts: tuple[Attempt, ...] = ()

    def __post_init__(self) -> None:
        """Refuse kinds that nobody knows."""
        if self.kind not in KINDS:
            raise SettingError(f"decision {shorten(self.kind)!r}: known are {', '.join(KINDS)}")


@dataclass(frozen=True)
class Provenance:
    """Where a model comes from.

    Attributes:
        curriculum: text form.
        seed: of the training.
        data_fingerprint: SHA-256 of the data that it was trained on.
        code_version: of Monogram.
        created_at: UTC, ISO 8601.
        global_owners: for a base, the individuals whose data D_G is made of. A personal model
            is trained on its own individual and what its base was trained on, nobody else.
        settings: how it was made, a JSON object as text: recipe, network, floor …; "" where
            nobody wrote it down.

    Raises:
        SettingError: the settings are no JSON object.
    """

    curriculum: str
    seed: int
    data_fingerprint: str
    code_version: str = field(default_factory=lambda: version("monogram"))
    created_at: str = field(default_factory=now)
    global_owners: tuple[str, ...] = ()
    settings: str = ""

    def __post_init__(self) -> None:
        """Refuse settings that nobody could read back."""
        try:
            whole = isinstance(self.plain_settings, dict)
        except ValueError:
            whole = False
        if not whole:
            raise SettingError(f"settings must be a JSON object, not {shorten(self.settings)!r}")

    @property
    def plain_settings(self) -> dict[str, Any]:
        """The settings by name, as plain values."""
        settings: dict[str, Any] = json.loads(self.settings or "{}")
        return settings


@dataclass(frozen=True)
class BaseModel:
    """A model that personal ones differ from.

    Attributes:
        hash: SHA-256 of its safetensors bytes; its name.
        description: of its network, for `monogram.networks.rebuild`.
        classes: names, in the order of the logits.
        figures: on global data.
        provenance: where it comes from.
        size: of its safetensors bytes, bytes.
        answers: what it said of example inputs when it was kept: who loads it is told where the
            code of its network computes something else. Empty where nobody asked it.
        forgotten_owners: how many individuals of D_G were forgotten since it was trained; it
            should be trained again when that is not 0.
    """

    hash: str
    description: Mapping[str, Any]
    classes: tuple[str, ...]
    figures: Figures
    provenance: Provenance
    size: int
    answers: Answers = ()
    forgotten_owners: int = 0

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one input."""
        return tuple(self.description["input_shape"])


@dataclass(frozen=True)
class PersonalModel:
    """One version of one individual's model; the tensors are loaded on demand.

    Attributes:
        individual: its id.
        version: 1, 2 … for each individual; the latest is the active one.
        base: hash of the base.
        hash: SHA-256 of the delta's bytes, "" when the individual keeps the base.
        size: of the delta, bytes; 0 when the individual keeps the base.
        encoding: how the delta was written.
        figures: how good it is.
        base_figures: how good the base is for this individual.
        decision: why it is this one.
        provenance: where it comes from.
    """

    individual: str
    version: int
    base: str
    hash: str
    size: int
    encoding: str
    figures: Figures
    base_figures: Figures
    decision: Decision
    provenance: Provenance

    @property
    def keeps_base(self) -> bool:
        """Whether the individual has no weights of its own."""
        return not self.size


@dataclass(frozen=True)
class Served:
    """Which model answers for an individual.

    Attributes:
        base: hash of its base.
        own: whether the individual has weights of its own.
    """

    base: str
    own: bool


def plain(value: Any) -> dict[str, Any]:
    """A value of this module as plain ones."""
    return asdict(value)


def decision_of(values: dict[str, Any]) -> Decision:
    """The decision that `plain` took apart."""
    attempts = tuple(Attempt(a["what"], Figures(**a["figures"])) for a in values["attempts"])
    return Decision(values["kind"], values["reason"], attempts)


@dataclass(frozen=True)
class Damage:
    """Something in a store that is not as it was written.

    Attributes:
        individual: whose model is concerned, or None.
        version: of that model, or None.
        what: what is wrong.
        remedy: what to do.
    """

    individual: str | None
    version: int | None
    what: str
    remedy: str

    @classmethod
    def of_file(cls, what: str) -> Self:
        """Damage of the database as a whole."""
        return cls(None, None, what, "restore the database from a backup, or personalize again")

    def __str__(self) -> str:
        """One line for a report."""
        whose = (
            "the store" if self.individual is None else f"individual {shorten(self.individual)!r}"
        )
        number = "" if self.version is None else f", version {self.version}"
        return f"{whose}{number}: {self.what}; {self.remedy}"
