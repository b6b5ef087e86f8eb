"""The store: base models, and for each individual what its model differs in from one of them.

store = Store.create("people.db")
base = store.add_base(architecture.description(), classes, weights, provenance=…)
store.commit("anna", network.state_dict(), base=base.hash, decision=…, provenance=…)
store.model("anna")                      # an nn.Module, bit for bit the committed one
store.predict(["anna", "ben"], inputs)   # logits [2, classes]
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

from torch import Tensor, nn

from monogram.errors import SettingError, StoreError, shorten
from monogram.networks import Answers
from monogram.networks.architecture import Factory
from monogram.store import rows
from monogram.store.cache import DEFAULT_LIMIT
from monogram.store.catalog import Catalog
from monogram.store.database import Database
from monogram.store.encodings import AnyEncoding
from monogram.store.exports import exported_files, is_among
from monogram.store.forget import Receipt, forget, marks_of, prepare_receipts
from monogram.store.loaded import Loaded, Unknown
from monogram.store.pretrained import FILES, save_pretrained
from monogram.store.tensors import Weights, digest, to_bytes
from monogram.store.turns import alone, shared
from monogram.store.values import (
    BaseModel,
    Damage,
    Decision,
    Figures,
    PersonalModel,
    Provenance,
    Served,
)
from monogram.store.verify import intact, verify
from monogram.store.writing import Entry, write


class Store:
    """Personal models, kept and used. Safe for threads, and for processes that open their own.

    Args:
        database: where it is.
        cache_bytes: of decoded deltas that are kept in memory.
    """

    def __init__(self, database: Database, *, cache_bytes: int = DEFAULT_LIMIT) -> None:
        self._catalog = Catalog(database)
        self._loaded = Loaded(self._catalog, cache_bytes)

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
            store.close()
            raise StoreError(f"{store.name} holds a store already; open it, or choose another name")
        return store

    @property
    def name(self) -> str:
        """Where the store is, for people."""
        return self._catalog.database.name

    def close(self) -> None:
        """Close the connections and let go of what is in memory."""
        self._catalog.database.close()
        self._loaded = Loaded(self._catalog, 0)

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
        answers: Answers = (),
    ) -> BaseModel:
        """Keep a base; the same weights of the same network are kept once, with all owners.

        Args:
            description: of `Architecture.description`.
            classes: their names, in the order of the logits.
            weights: of the whole network, its state by name.
            provenance: where it comes from; `global_owners` counts when someone is forgotten.
            figures: on global data.
            answers: of `monogram.networks.answers`; with them, whoever loads the base is told
                where the code of its network was changed since.

        Raises:
            StoreError: it could not be written, or the classes are not as many as the logits.
        """
        names = list(classes)
        if len(names) != description["classes"]:
            raise StoreError(
                f"{len(names)} classes do not fit a network of {description['classes']} logits"
            )
        content = to_bytes(weights, {"description": dict(description), "classes": names})
        facts = rows.base_facts(description, names, figures, provenance, answers)
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
        return self._loaded.base(base)

    def base_weights(self, base: str | None = None) -> dict[str, Tensor]:
        """All tensors of a base, by name; shared, not to be changed.

        Raises:
            StoreError: there is no such base, or it is damaged.
        """
        return self._loaded.base_weights(base or self.base().hash)

    def base_model(self, base: str | None = None, *, factory: Factory | None = None) -> nn.Module:
        """A base as a network in evaluation mode, the caller's to change.

        Args:
            base: its hash; None: the latest.
            factory: makes the bare network, where its name cannot be imported here.

        Raises:
            StoreError: there is no such base, or it is damaged.
            NetworkError: the network cannot be made.
        """
        return self._loaded.network(base or self.base().hash, {}, factory)

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
        return write(self._catalog, self._loaded, entries)

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
            raise self._loaded.unknown(individual)
        return [rows.personal_of(row) for row in found]

    def individual(self, individual: str, version: int | None = None) -> PersonalModel:
        """One version of an individual's model; None: the active one.

        Raises:
            UnknownIndividualError: no such individual.
            StoreError: no such version, or it is damaged.
        """
        return rows.personal_of(self._loaded.facts(individual, version))

    def served(self, individuals: Collection[str]) -> dict[str, Served]:
        """What answers for some individuals, read for all of them at once.

        Args:
            individuals: ids; those without a model are left out of the answer.
        """
        return self._loaded.served(individuals)

    def weights(self, individual: str, version: int | None = None) -> dict[str, Tensor]:
        """All tensors of an individual's network, by name; shared, not to be changed.

        Raises:
            UnknownIndividualError: no such individual.
            StoreError: no such version, or it is damaged.
        """
        row = self._loaded.row(individual, version)
        return {**self._loaded.base_weights(row["base"]), **self._loaded.own(row)}

    def model(
        self, individual: str, version: int | None = None, *, factory: Factory | None = None
    ) -> nn.Module:
        """An individual's network in evaluation mode, the caller's to change.

        Its tensors lie end to end, as other programs expect; `monogram.networks.laid_out` lays
        them as in training, where sums are taken in another order.

        Args:
            individual: its id.
            version: None: the active one.
            factory: makes the bare network, where its name cannot be imported here.

        Raises:
            UnknownIndividualError: no such individual.
            StoreError: no such version, or it is damaged.
            NetworkError: the network cannot be made.
        """
        row = self._loaded.row(individual, version)
        return self._loaded.network(row["base"], self._loaded.own(row), factory)

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
            inputs: [n, *shape], raw, as in training: numbers of any type, uint8 grey values or
                int64 tokens.
            unknown: what to do for ids without a model: "error", or take the latest "base".
            factory: makes the bare network, where its name cannot be imported here.

        Returns:
            Logits, float32 [n, classes].

        Raises:
            UnknownIndividualError: an id without a model.
            StoreError: a model is damaged.
            DataError: inputs of another shape or type than the models were trained on, or
                individuals whose models have different classes.
            SettingError: not as many ids as inputs.
        """
        return self._loaded.predict(ids, inputs, unknown, factory)

    # --- Exports, verification, forgetting -----------------------------------------------

    def save_pretrained(
        self,
        folder: Path | str,
        individual: str | None = None,
        *,
        base: str | None = None,
        whole: bool = False,
        answers: Answers = (),
    ) -> None:
        """Write a base, or one person's model, as config.json and model.safetensors.

        The files of a person are tracked, to be removed when the person is forgotten.

        Args:
            folder: need not exist yet.
            individual: whose; None: the base.
            base: hash of the base, when that is wanted; None: the latest.
            whole: write all tensors of the person, so that no base is needed to read them.
            answers: of the person's model, to be written with all its tensors; with them, whoever
                reads it is told where the code of its network is another.

        Raises:
            UnknownIndividualError: no such individual.
            StoreError: the model is damaged, or the folder cannot be written, or holds the model
                of somebody else.
        """
        person = None if individual is None else self.individual(individual)
        known = self.base(base if person is None else person.base)
        own = None if person is None else (person, self.weights(person.individual))
        weights = self.base_weights(known.hash)
        files = [Path(folder) / name for name in FILES]
        self.track_export(individual, "pretrained", *files)  # a file is never without its track
        save_pretrained(folder, known, weights, own, whole=whole, answers=answers)

    def track_export(self, individual: str | None, kind: str, *paths: Path | str) -> None:
        """Remember files that are to hold an individual's weights: `forget` removes them.

        Args:
            individual: its id; None: they are to hold the base, nobody's any more.
            kind: for example "onnx".
            paths: files; the name of a folder would not say what it will hold later.

        Raises:
            UnknownIndividualError: no such individual.
            StoreError: a file there holds somebody else's weights, or is the store's own.
        """
        if individual is not None and individual not in self:
            raise self._loaded.unknown(individual)
        files = [Path(path).absolute() for path in paths]
        for file in files:
            self._check_free(file, individual)
        for path in map(str, files):
            if individual is not None:
                self._catalog.add_export(rows.key_of(individual), kind, path)
            elif self._catalog.export_holder(path) is not None:  # a store may be one to read
                self._catalog.drop_export(path)

    def _check_free(self, file: Path, individual: str | None) -> None:
        """Refuse a file that is the store's own, or holds the model of another individual."""
        if is_among(file, self._catalog.database.files):
            raise StoreError(f"{file} is a file of the store itself: choose another place")
        holder = self._catalog.export_holder(str(file))
        if holder not in (None, individual) and file.exists():
            raise StoreError(
                f"{file} holds the model of individual {shorten(holder)!r}: choose another "
                "place for this one, so that each can be forgotten alone"
            )

    def exports(self, individual: str) -> list[tuple[str, Path]]:
        """Kind and path of an individual's tracked exports, the oldest first."""
        found = self._catalog.export_rows(rows.key_of(individual))
        return [(kind, Path(path)) for kind, path in found]

    def verify(self) -> list[Damage]:
        """Everything that is not as it was written, by individual and version; empty if whole."""
        return verify(self._catalog)

    def intact(self, individuals: Collection[str]) -> frozenset[str]:
        """Those whose active version is as it was written, its weights included.

        Args:
            individuals: ids; those without a model are left out of the answer.
        """
        return intact(self._catalog, individuals)

    def compact(self) -> bool:
        """Rewrite the database without what was deleted from it.

        Returns:
            False when another process was reading, so that SQLite's log could not be emptied.

        Raises:
            StoreError: the database could not be rewritten, for lack of space for example, or on
                PostgreSQL since another process was reading.
        """
        return self._catalog.database.compact(self._catalog.tables)

    def check_places(
        self,
        individual: str,
        also: Sequence[Path | str],
        *,
        receipts: Path | str | None = None,
    ) -> None:
        """Refuse places that `forget` would refuse, before anything else is erased; see there.

        Raises:
            StoreError: a path is no run directory and no export of this individual.
        """
        resumed = bool(marks_of(self._folder(receipts), individual))
        exported_files(self._catalog, individual, list(map(Path, also)), resumed=resumed)

    def in_use(self) -> AbstractContextManager[None]:
        """Within, nobody can be forgotten: for those who commit models of data read before.

        Raises:
            StoreError: somebody is being forgotten.
        """
        return shared(self._catalog.database)

    def check_unused(self) -> None:
        """Refuse early, before something else is erased for nothing, where a store is in use.

        Raises:
            StoreError: a process personalizes into it.
        """
        with alone(self._catalog.database):
            pass

    def forget(
        self,
        individual: str,
        also: Sequence[Path | str] = (),
        *,
        receipts: Path | str | None = None,
    ) -> Receipt:
        """Remove an individual everywhere, prove it, and leave a receipt without its data.

        Where it was interrupted, or the receipt is not verified, the same again ends it.

        Args:
            individual: its id.
            also: run directories that hold data of it, and folders with its exports, such as
                copies; tracked exports need not be named.
            receipts: folder for the receipt; None: beside an SQLite file, or `receipts` here.

        Returns:
            The receipt, which says in `file` where it lies.

        Raises:
            UnknownIndividualError: there is nothing to forget.
            StoreError: a process personalizes into the store, a path is no run directory and no
                export of this individual, or is in use, or the receipt's folder cannot be written;
                then nothing was forgotten.
        """
        folder = self._folder(receipts)
        prepare_receipts(folder)
        with alone(self._catalog.database):
            receipt = forget(self._catalog, self._loaded, individual, also, folder).save(folder)
        for mark in marks_of(folder, individual) if receipt.verified else ():
            mark.unlink()
        return receipt

    def _folder(self, receipts: Path | str | None) -> Path:
        """Where receipts go."""
        if receipts is not None:
            return Path(receipts)
        file = self._catalog.database.file
        return file.with_name(f"{file.name}.receipts") if file else Path("receipts")
