"""The base in the store: found again, or judged and added."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from monogram.engine.judge import Judge
from monogram.engine.machine import torch_threads
from monogram.networks import Prepared, answers, check_answers, filled, laid_out
from monogram.personalize.fingerprints import of_global
from monogram.personalize.guard import accuracy
from monogram.personalize.start import Start
from monogram.store import BaseModel, Figures, Provenance, Store
from monogram.store.tensors import same


@dataclass(frozen=True)
class Kept:
    """The base as it is in the store.

    Attributes:
        hash: its name there.
        figures: on the D_G that is used now.
    """

    hash: str
    figures: Figures


def find_base(store: Store, start: Start) -> BaseModel | None:
    """The start's base in a store, if it is there.

    Raises:
        StoreError: a base of the same network is damaged.
    """
    for known in reversed(store.bases()):
        alike = dict(known.description) == start.description()
        alike = alike and known.classes == start.population.classes
        if alike and _same(store.base_weights(known.hash), start.base):
            return known
    return None


def keep_base(store: Store, start: Start) -> Kept:
    """Add the start's base to a store, or find it there, with its figures on D_G.

    Raises:
        NetworkError: the network's code was changed since the base was kept.
    """
    known, data = find_base(store, start), of_global(start.population)
    network = _network(start)
    if known is not None:
        check_answers(network, known.description, known.answers)
    if known is not None and known.provenance.data_fingerprint == data:
        return Kept(known.hash, known.figures)
    said = answers(network, start.description())
    figures = _judged(start, network)
    kept = store.add_base(  # a known base too: it is told whose data the new D_G was made of
        start.description(),
        start.population.classes,
        start.base,
        provenance=Provenance(
            start.base_curriculum,
            start.seed,
            data,
            global_owners=start.population.global_owners,
            settings=json.dumps(start.base_settings()),
        ),
        figures=figures,
        answers=said,
    )
    return Kept(kept.hash, figures)


def _network(start: Start) -> Prepared:
    """The base's network in evaluation mode, on the processor."""
    network = start.architecture.build(0).eval()
    return filled(network, start.architecture.name, start.base)


def _judged(start: Start, network: Prepared) -> Figures:
    device = torch.device(start.device)
    network = laid_out(network.to(device))
    judge = Judge(start.population, device, start.evaluation_samples, lambda _: None)
    with torch_threads(start.threads):
        validation, reported = judge.on_global(network)
    return Figures(
        global_accuracy=accuracy(reported), global_accuracy_validation=accuracy(validation)
    )


def _same(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor]) -> bool:
    return ours.keys() == theirs.keys() and all(same(ours[name], theirs[name]) for name in ours)
