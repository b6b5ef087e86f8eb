"""Writing personal models: deltas are made first, then written in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from monogram.errors import StoreError, shorten
from monogram.store import rows
from monogram.store.catalog import Catalog
from monogram.store.delta import encode
from monogram.store.encodings import AnyEncoding
from monogram.store.loaded import Loaded
from monogram.store.tensors import Weights, digest
from monogram.store.values import Decision, Figures, PersonalModel, Provenance


@dataclass(frozen=True, eq=False)
class Entry:
    """What `Store.commit_all` writes for one individual; see `Store.commit`."""

    individual: str
    weights: Weights | None
    base: str
    decision: Decision
    provenance: Provenance
    figures: Figures = Figures()
    base_figures: Figures = Figures()
    encoding: str | AnyEncoding = "lossless"


def write(catalog: Catalog, loaded: Loaded, entries: Sequence[Entry]) -> list[PersonalModel]:
    """Write several models, all of them or none; see `Store.commit_all`."""
    packed = [_pack(loaded, entry) for entry in entries]
    done = []
    with catalog.database.write() as connection:
        for entry, delta in packed:
            person, version = catalog.next_version(connection, entry.individual)
            model = _model(entry, delta, version)
            catalog.add_delta(connection, person, entry.base, _row(model, delta))
            done.append(model)
    return done


def _pack(loaded: Loaded, entry: Entry) -> tuple[Entry, bytes]:
    """An entry with its base's whole hash, and its delta."""
    rows.id_bytes(entry.individual)
    if entry.provenance.global_owners:
        raise StoreError(
            f"individual {shorten(entry.individual)!r}: a personal model is trained on one "
            "individual and D_G only; global_owners belong to its base"
        )
    entry = replace(entry, base=loaded.whole_hash(entry.base))
    base = loaded.base_weights(entry.base)
    return entry, b"" if entry.weights is None else encode(base, entry.weights, entry.encoding)


def _model(entry: Entry, delta: bytes, version: int) -> PersonalModel:
    """What will be in the row; an individual that keeps the base has no content and no hash."""
    return PersonalModel(
        individual=entry.individual,
        version=version,
        base=entry.base,
        hash=digest(delta) if delta else "",
        size=len(delta),
        encoding=str(entry.encoding),
        figures=entry.figures,
        base_figures=entry.base_figures,
        decision=entry.decision,
        provenance=replace(entry.provenance, global_owners=()),
    )


def _row(model: PersonalModel, delta: bytes) -> dict[str, Any]:
    row: dict[str, Any] = {
        "version": model.version,
        "hash": model.hash,
        "size": model.size,
        "facts": rows.personal_facts(model),
    }
    seal = rows.personal_seal({**row, "id": rows.id_bytes(model.individual), "base": model.base})
    return {**row, "seal": seal, "content": delta}
