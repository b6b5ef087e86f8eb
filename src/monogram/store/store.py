"""The store: base models, and for each individual what its model differs in from one of them.

store = Store.create("people.db")
base = store.add_base(architecture.description(), classes, weights, provenance=…)
store.commit("anna", network.state_dict(), base=base.hash, decision=…, provenance=…)
store.model("anna")                      # an nn.Module, bit for bit the committed one
store.predict(["anna", "ben"], inputs)   # logits [2, classes]
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn

from monogram.errors import SettingError, StoreError, UnknownIndividualError, shorten
from monogram.networks import Prepared, rebuild
from monogram.networks.architecture import Factory
from monogram.store import rows
from monogram.store.cache import DEFAULT_LIMIT, DeltaCache
from monogram.store.catalog import Catalog
from monogram.store.database import Database
from monogram.store.delta import decode, encode
from monogram.store.encodings import AnyEncoding
from monogram.store.tensors import Weights, digest, from_bytes, to_bytes
from monogram.store.values import (
    BaseModel,
    Decision,
    Figures,
    PersonalModel,
    Provenance,
)

AGAIN = "personalize this individual again, or restore the database from a backup"
Unknown = Literal["error", "base"]


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


class Store:
    """Personal models, kept and used. Safe for threads, and for processes that open their own.

    Args:
        database: where it is.
        cache_bytes: of decoded deltas that are kept in memory.
    """

    def __init__(self, database: Database, *, cache_bytes: int = DEFAULT_LIMIT) -> None:
        self._catalog = Catalog(database)
        self._cache = DeltaCache(cache_bytes)
        self._bases: dict[str, dict[str, Tensor]] = {}

    @classmethod
    def open(
        cls, place: str | Path, *, create: bool = False, cache_bytes: int = DEFAULT_LIMIT
    ) -> Self:
        """The store at a path (SQLite) or URL (`postgresql://user@host/database`).

        Args:
            place: where it is.
            create: make one where there is none.
            cache_bytes: of decoded deltas that are kept in memory.

        Raises:
            StoreError: it cannot be opened, holds no store, or one of a newer version.
        """
        return cls(Database(place, create=create), cache_bytes=cache_bytes)

    @classmethod
    def create(cls, place: str | Path, *, cache_bytes: int = DEFAULT_LIMIT) -> Self:
        """A new store.

        Raises:
            StoreError: it cannot be made, or there is one with models already.
        """
        store = cls.open(place, create=True, cache_bytes=cache_bytes)
        if store.bases() or len(store):
            raise StoreError(f"{store.name} holds a store already; open it, or choose another name")
        return store

    @property
    def name(self) -> str:
        """Where the store is, for people."""
        return self._catalog.database.name

    def close(self) -> None:
        """Close the connections and let go of what is in memory."""
        self._catalog.database.close()
        self._cache = DeltaCache(0)
        self._bases.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- Bases -------------------------------------------------------------------------

    def add_base(
        self,
        description: Mapping[str, Any],
        classes: Iterable[str],
        weights: Weights,
        *,
        provenance: Provenance,
        figures: Figures = Figures(),
    ) -> BaseModel:
        """Keep a base; the same weights of the same network are kept once.

        Args:
            description: of `Architecture.description`.
            classes: their names, in the order of the logits.
            weights: of the whole network, its state by name.
            provenance: where it comes from; `global_owners` counts when someone is forgotten.
            figures: on global data.

        Raises:
            StoreError: it could not be written.
        """
        names = list(classes)
        content = to_bytes(weights, {"description": dict(description), "classes": names})
        facts = rows.base_facts(description, names, figures, provenance)
        hash_, size = digest(content), len(content)
        seal = rows.seal(hash_, size, facts)
        row = {"hash": hash_, "size": size, "facts": facts, "seal": seal, "content": content}
        self._catalog.add_base(row, provenance.global_owners)
        return self.base(hash_)

    def bases(self) -> list[BaseModel]:
        """All bases, the oldest first.

        Raises:
            StoreError: a row is damaged.
        """
        found = self._catalog.base_rows()
        return [rows.base_of(row, self._catalog.owner_ids(row["hash"])) for row in found]

    def base(self, base: str | None = None) -> BaseModel:
        """One base, by its hash or the beginning of it; None: the latest.

        Raises:
            StoreError: there is no such base, or it is damaged.
        """
        found = [row for row in self._catalog.base_rows() if row["hash"].startswith(base or "")]
        if not found or (base is not None and len(found) > 1):
            wanted = "no base yet" if base is None else f"{len(found)} bases named {base!r}"
            raise StoreError(f"{self.name} holds {wanted}; see `monogram list`")
        return rows.base_of(found[-1], self._catalog.owner_ids(found[-1]["hash"]))

    def base_weights(self, base: str | None = None) -> dict[str, Tensor]:
        """All tensors of a base, by name; shared, not to be changed.

        Raises:
            StoreError: there is no such base, or it is damaged.
        """
        hash_ = base if base in self._bases else self.base(base).hash
        if hash_ not in self._bases:
            content = self._catalog.base_content(hash_) or b""
            what, remedy = f"base {hash_[:16]}", "restore the database from a backup"
            rows.check_content(content, hash_, what, remedy)
            self._bases[hash_] = from_bytes(content, what)[0]
        return self._bases[hash_]

    def base_model(self, base: str | None = None, *, factory: Factory | None = None) -> nn.Module:
        """A base as a network in evaluation mode, the caller's to change.

        Args:
            base: its hash; None: the latest.
            factory: makes the bare network, where its name cannot be imported here.

        Raises:
            StoreError: there is no such base, or it is damaged.
            NetworkError: the network cannot be made.
        """
        known = self.base(base)
        return _network(known, self.base_weights(known.hash), factory)

    # --- Writing personal models -------------------------------------------------------

    def commit(  # noqa: PLR0913 - the fields of an entry
        self,
        individual: str,
        weights: Weights | None,
        *,
        base: str,
        decision: Decision,
        provenance: Provenance,
        figures: Figures = Figures(),
        base_figures: Figures = Figures(),
        encoding: str | AnyEncoding = "lossless",
    ) -> PersonalModel:
        """Keep an individual's model as its next version; on the disk when this returns.

        Args:
            individual: its id.
            weights: all tensors of its network; None: it keeps the base.
            base: hash of the base.
            decision: why it is this one.
            provenance: where it comes from; `global_owners` must be left empty.
            figures: how good it is.
            base_figures: how good the base is for this individual.
            encoding: how to write the delta.

        Raises:
            StoreError: the weights are not of the base's network, or writing failed; then the
                store is as it was before.
        """
        entry = Entry(
            individual, weights, base, decision, provenance, figures, base_figures, encoding
        )
        return self.commit_all([entry])[0]

    def commit_all(self, entries: Sequence[Entry]) -> list[PersonalModel]:
        """Keep several models in one transaction: all of them are on the disk, or none is.

        Raises:
            StoreError: as `commit`.
        """
        packed = [(entry, self._pack(entry)) for entry in entries]
        with self._catalog.database.write() as connection:
            done = []
            for entry, delta in packed:
                person, version = self._catalog.next_version(connection, entry.individual)
                model = _model(entry, delta, version)
                row = _row(model, delta)
                self._catalog.add_delta(connection, person, entry.base, row)
                done.append(model)
        return done

    def _pack(self, entry: Entry) -> bytes:
        rows.id_bytes(entry.individual)
        if entry.provenance.global_owners:
            raise StoreError(
                f"individual {shorten(entry.individual)!r}: a personal model is trained on one "
                "individual and D_G only; global_owners belong to its base"
            )
        base = self.base_weights(entry.base)
        return b"" if entry.weights is None else encode(base, entry.weights, entry.encoding)

    def prune(self, individual: str, keep: int = 1) -> int:
        """Delete an individual's old versions.

        Args:
            individual: its id.
            keep: how many of the latest versions stay, at least 1.

        Returns:
            How many were deleted.

        Raises:
            UnknownIndividualError: no such individual.
            SettingError: nothing would stay.
        """
        if keep < 1:
            raise SettingError("prune keeps at least 1 version; `forget` removes an individual")
        self.individual(individual)
        return self._catalog.prune(rows.key_of(individual), keep)

    # --- Reading -----------------------------------------------------------------------

    def __len__(self) -> int:
        """Individuals."""
        return self._catalog.count()

    def __contains__(self, individual: str) -> bool:
        key = rows.key_of(individual)
        return key in self._catalog.addresses([key])

    def individuals(self) -> list[str]:
        """All ids, sorted by their bytes in UTF-8."""
        return self._catalog.ids()

    def models(self) -> Iterator[PersonalModel]:
        """Everyone's active version, sorted by the ids' bytes in UTF-8.

        Raises:
            StoreError: a row is damaged.
        """
        return map(rows.personal_of, self._catalog.active())

    def history(self, individual: str) -> list[PersonalModel]:
        """All versions of an individual, the first one first.

        Raises:
            UnknownIndividualError: no such individual.
            StoreError: a row is damaged.
        """
        found = self._catalog.history(rows.key_of(individual))
        if not found:
            raise self._unknown(individual)
        return [rows.personal_of(row) for row in found]

    def individual(self, individual: str, version: int | None = None) -> PersonalModel:
        """One version of an individual's model; None: the active one.

        Raises:
            UnknownIndividualError: no such individual.
            StoreError: no such version, or it is damaged.
        """
        return rows.personal_of(self._row(individual, version))

    def weights(self, individual: str, version: int | None = None) -> dict[str, Tensor]:
        """All tensors of an individual's network, by name; shared, not to be changed.

        Raises:
            UnknownIndividualError: no such individual.
            StoreError: no such version, or it is damaged.
        """
        row = self._row(individual, version)
        return {**self.base_weights(row["base"]), **self._decoded(row)}

    def model(
        self, individual: str, version: int | None = None, *, factory: Factory | None = None
    ) -> nn.Module:
        """An individual's network in evaluation mode, the caller's to change.

        Args:
            individual: its id.
            version: None: the active one.
            factory: makes the bare network, where its name cannot be imported here.

        Raises:
            UnknownIndividualError: no such individual.
            StoreError: no such version, or it is damaged.
            NetworkError: the network cannot be made.
        """
        row = self._row(individual, version)
        weights = {**self.base_weights(row["base"]), **self._decoded(row)}
        return _network(self.base(row["base"]), weights, factory)

    def predict(
        self,
        ids: Sequence[str],
        inputs: Tensor,
        *,
        unknown: Unknown = "error",
        factory: Factory | None = None,
    ) -> Tensor:
        """Each sample's logits by its own individual's model.

        Args:
            ids: whose sample it is, [n]; any mixture and order.
            inputs: [n, *shape], raw: float32, uint8 or int64 as in training.
            unknown: what to do for ids without a model: "error", or take the latest "base".
            factory: makes the bare network, where its name cannot be imported here.

        Returns:
            Logits, float32 [n, classes].

        Raises:
            UnknownIndividualError: an id without a model.
            StoreError: a model is damaged.
        """
        logits = []
        for id_, sample in zip(ids, torch.split(inputs, 1), strict=True):
            known = unknown == "error" or id_ in self
            network = self.model(id_, factory=factory) if known else self.base_model()
            with torch.inference_mode():
                logits.append(network(sample))
        return torch.cat(logits)

    def _row(self, individual: str, version: int | None) -> rows.Row:
        row = self._catalog.whole_row(rows.key_of(individual), version)
        if row is not None:
            return row
        there = [model.version for model in self.history(individual)]
        raise StoreError(
            f"individual {shorten(individual)!r} has no version {version}; it has {there}"
        )

    def _decoded(self, row: rows.Row) -> dict[str, Tensor]:
        """The individual's own tensors, from memory where they are there."""
        rows.personal_of(row)
        key = bytes(row["key"])
        kept = self._cache.get(key, row["hash"])
        if kept is None:
            what = rows.name_of(row)
            content = rows.check_content(bytes(row["content"]), row["hash"], what, AGAIN)
            kept = decode(self.base_weights(row["base"]), content, what)
            self._cache.put(key, row["hash"], kept)
        return kept

    def _unknown(self, individual: str) -> UnknownIndividualError:
        near = difflib.get_close_matches(individual, self._catalog.similar_ids(individual))
        hint = f"; similar: {', '.join(repr(shorten(id_)) for id_ in near)}" if near else ""
        return UnknownIndividualError(
            f"{self.name} has no model for individual {shorten(individual)!r}{hint}; personalize "
            "it, or ask for the base"
        )


def _network(base: BaseModel, weights: Weights, factory: Factory | None) -> Prepared:
    network = rebuild(base.description, factory)
    network.load_state_dict(dict(weights))
    return network


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
