"""Exporting one person's model, or the base, and checking that what was written is the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from monogram.errors import MonogramError, NetworkError, SettingError, did_you_mean, shorten
from monogram.export.formats import WAYS, Format, Subject
from monogram.networks import answers
from monogram.networks.architecture import Factory
from monogram.networks.example import example_inputs
from monogram.store import Store

FORMATS = tuple(WAYS)
EXTENSIONS: Mapping[str, tuple[str, ...]] = {name: one.files for name, one in WAYS.items()}
TRIED_WITH = (1, 5)  # samples, to see that any number will do
TOLERANCE = 1e-3  # of logits, relative to the largest


@dataclass(frozen=True)
class Exported:
    """One format that was written and tried.

    Attributes:
        format: a name in `FORMATS`.
        path: of the network's file.
        size: of all its files, bytes.
        difference: the largest of any logit from the model's, on inputs as in training.
        largest: the largest logit of the model there, by magnitude.
    """

    format: str
    path: Path
    size: int
    difference: float
    largest: float


def export_model(
    store: Store,
    individual: str | None,
    folder: str | Path,
    *,
    formats: Sequence[str] = FORMATS,
    factory: Factory | None = None,
) -> list[Exported]:
    """Write a model in several formats, and run each against the model.

    Files with a person's weights are tracked by the store, so that forgetting finds them.

    Args:
        store: has the model.
        individual: its id; None: the latest base.
        folder: where to; made if need be, files of the same names are replaced.
        formats: of `FORMATS`.
        factory: makes the bare network, where its name cannot be imported here.

    Raises:
        SettingError: no such format, or a package that it needs is missing.
        UnknownIndividualError: no such individual.
        StoreError: the folder holds the model of somebody else.
        NetworkError: the network cannot be written in a format, or came out different.
    """
    unknown = [name for name in formats if name not in WAYS]
    if unknown:
        hint = did_you_mean(unknown[0], FORMATS)
        raise SettingError(
            f"unknown format {shorten(unknown[0])!r}{hint} Known: {', '.join(FORMATS)}"
        )
    subject = _subject(store, individual, factory)
    into = Path(folder)
    into.mkdir(parents=True, exist_ok=True)
    return [_export(store, individual, name, subject, into.resolve()) for name in formats]


def _subject(store: Store, individual: str | None, factory: Factory | None) -> Subject:
    hash_ = store.base().hash if individual is None else store.individual(individual).base
    if individual is None:
        model = store.base_model(hash_, factory=factory)
    else:
        model = store.model(individual, factory=factory)
    description = store.base(hash_).description
    save = partial(
        store.save_pretrained,
        individual=individual,
        base=hash_,
        whole=True,
        answers=answers(model, description),
    )
    return Subject(description, model, save, factory)


def _export(
    store: Store, individual: str | None, name: str, subject: Subject, folder: Path
) -> Exported:
    chosen = WAYS[name]
    files = [folder / file for file in chosen.files]
    store.track_export(individual, name, *files)  # a file is never without its track
    try:
        chosen.write(subject, folder)
        difference, largest = _differences(chosen, subject, folder)
    except (MonogramError, OSError):
        raise
    except Exception as error:
        said = " ".join(str(error).split())
        raise NetworkError(
            f"network {subject.description['name']} cannot be exported as {name}: "
            f"{type(error).__name__}: {shorten(said, 300)}; choose another --format"
        ) from error
    if not difference <= TOLERANCE * max(1.0, largest):
        for file in files:
            file.unlink(missing_ok=True)
        raise NetworkError(
            f"network {subject.description['name']} as {name} computes something else: "
            f"logits differ by up to {difference:.2g}; it was deleted, choose another --format"
        )
    size = sum(file.stat().st_size for file in files)
    return Exported(name, files[0], size, difference, largest)


def _differences(chosen: Format, subject: Subject, folder: Path) -> tuple[float, float]:
    """The largest difference of any logit, and the largest logit by magnitude."""
    run = chosen.read(subject, folder)
    weights = subject.model.state_dict()
    differences, sizes = [], []
    for samples in TRIED_WITH:
        inputs = example_inputs(subject.description, weights, samples)
        ours = _logits(subject.model, inputs)
        theirs = _logits(run, inputs)
        differences.append(float((theirs - ours).abs().max()))
        sizes.append(float(ours.abs().max()))
    return max(differences), max(sizes)


def _logits(run: Any, inputs: Tensor) -> Tensor:
    with torch.inference_mode():
        logits: Tensor = run(inputs)
    return logits.float()
