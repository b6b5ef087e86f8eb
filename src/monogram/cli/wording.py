"""What the commands on kept models say, in lines."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from monogram.errors import shorten
from monogram.formats import count
from monogram.store import (
    KINDS,
    BaseModel,
    Figures,
    PersonalModel,
    Provenance,
    Receipt,
    RunErasure,
)

LEFT = ("individual", "decision")  # columns of text
NAMED = 5  # ids in a line

NOTHING_THERE = (
    "nothing of it was there: is the id written as in the data, or was it forgotten before?"
)
WORK_ERASED = "interrupted work that held its data was erased: give that command again"


def models_table(models: Sequence[PersonalModel]) -> Table:
    """A row for each model."""
    table = Table(box=None)
    for heading in ("individual", "version", "decision", "personal", "base", "global", "bytes"):
        table.add_column(heading, justify="left" if heading in LEFT else "right")
    for model in models:
        ours, theirs = model.figures, model.base_figures
        figures = (ours.personal_accuracy, theirs.personal_accuracy, ours.global_accuracy)
        table.add_row(
            shorten(model.individual, 40),
            str(model.version),
            model.decision.kind,
            *map(fraction, figures),
            f"{model.size:,}",
        )
    return table


def counts_line(models: Sequence[PersonalModel], shown: int) -> str:
    """How many models there are of each kind."""
    counts = Counter(model.decision.kind for model in models)
    more = f", {len(models) - shown:,} not shown" if len(models) > shown else ""
    told = ", ".join(f"{counts[kind]:,} {kind}" for kind in KINDS if counts[kind])
    return f"{len(models):,} individuals{more}" + (f": {told}" if told else "")


def erasure_lines(runs: Sequence[RunErasure]) -> list[str]:
    """What was erased from run directories, for people."""
    return [
        *(f"{run.folder}: {_erased(run)}" for run in runs),
        *(f"  {run.folder}: {line}" for run in runs for line in run.left),
    ]


def _erased(run: RunErasure) -> str:
    return "had only begun, erased whole" if run.begun else f"{run.samples:,} samples erased"


def receipt_lines(receipt: Receipt, *, work: bool) -> list[str]:
    """What was forgotten, for people."""
    counts = f"{count(receipt.versions, 'version')} of its model, {count(receipt.rows, 'row')}"
    erased = f"{receipt.delta_bytes:,} bytes of weights, {receipt.exports} exported files"
    lines = [
        f"forgotten in {receipt.store}: {counts}, {erased}",
        *([WORK_ERASED] if work else [] if receipt.found else [NOTHING_THERE]),
        *erasure_lines(receipt.runs),
        *(f"checked: {line}" for line in receipt.checks),
        *(f"beyond reach: {line}" for line in receipt.limits),
        receipt.why,
        *(f"train base {hash_[:16]} again" for hash_ in receipt.bases_to_retrain),
    ]
    again = receipt.models_to_retrain
    if again:
        some = ", ".join(repr(shorten(id_, 30)) for id_ in again[:NAMED])
        more = " … (`monogram list --json` tells the base of each)" if len(again) > NAMED else ""
        people = count(len(again), "individual")
        lines.append(f"and the models of {people} built on it: {some}{more}")
    return [*lines, f"receipt: {receipt.file}"]


def listed(model: PersonalModel) -> dict[str, Any]:
    """A model as plain values for a list."""
    return {
        "individual": model.individual,
        "version": model.version,
        "base": model.base,
        "decision": model.decision.kind,
        "reason": model.decision.reason,
        "figures": asdict(model.figures),
        "base_figures": asdict(model.base_figures),
        "bytes": model.size,
        "encoding": model.encoding,
    }


def as_plain(model: BaseModel | PersonalModel) -> dict[str, Any]:
    """Everything known of a model as plain values."""
    values = asdict(model)
    values["provenance"]["settings"] = model.provenance.plain_settings
    return values


def base_lines(base: BaseModel) -> list[str]:
    """A base, for people."""
    origin, figures = base.provenance, base.figures
    forgotten = (
        [f"  {base.forgotten_owners} individuals of its data were forgotten: train it again"]
        if base.forgotten_owners
        else []
    )
    name = f"base {base.hash[:16]}: {base.description['name']}"
    validation = fraction(figures.global_accuracy_validation)
    return [
        f"{name}, {len(base.classes)} classes, {base.size:,} bytes",
        f"  global accuracy {fraction(figures.global_accuracy)} (validation {validation})",
        *_origin_lines(origin),
        *forgotten,
    ]


def version_lines(model: PersonalModel) -> list[str]:
    """One version of a person's model, for people."""
    written = f"{model.size:,} bytes ({model.encoding})"
    return [
        f"version {model.version}: {model.decision.kind}, {written}, on base {model.base[:16]}",
        f"  {model.decision.reason}",
        f"  {_figures_line('its model', model.figures)}",
        f"  {_figures_line('the base', model.base_figures)}",
        *(f"  tried {_attempt_line(one.what, one.figures)}" for one in model.decision.attempts),
        *_origin_lines(model.provenance),
    ]


def _origin_lines(origin: Provenance) -> list[str]:
    return [
        f"  {origin.curriculum}, seed {origin.seed}, data {origin.data_fingerprint[:16]}",
        f"  by Monogram {origin.code_version} at {origin.created_at[:19]} UTC",
        *_settings_lines(origin.plain_settings),
    ]


def _settings_lines(settings: Mapping[str, Any]) -> list[str]:
    """How a model was made, in a line, if that was written down."""
    flat = {**settings, **(settings.get("recipe") or {})}
    told = [
        f"{name.replace('_', ' ')} {_short(value)}"
        for name, value in flat.items()
        if name != "recipe" and value is not None
    ]
    return [f"  with {', '.join(told)}"] if told else []


def _short(value: Any) -> str:
    if isinstance(value, list):
        return "/".join(map(_short, value))
    return f"{value:.4g}" if isinstance(value, float) else shorten(value)


def _figures_line(what: str, figures: Figures) -> str:
    return (
        f"{what}: personal accuracy {fraction(figures.personal_accuracy)} (validation "
        f"{fraction(figures.personal_accuracy_validation)}), global "
        f"{fraction(figures.global_accuracy)} (validation "
        f"{fraction(figures.global_accuracy_validation)})"
    )


def _attempt_line(what: str, figures: Figures) -> str:
    return (
        f"{what}: personal {fraction(figures.personal_accuracy_validation)}, global "
        f"{fraction(figures.global_accuracy_validation)} on validation data"
    )


def fraction(value: float | None) -> str:
    """A fraction in [0, 1] with three digits, or a dash."""
    return "–" if value is None else f"{value:.3f}"
