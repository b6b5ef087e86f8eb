"""What a store has in memory: bases, their networks, decoded deltas; checked when read."""

import difflib
from collections.abc import Collection, Mapping, Sequence
from threading import Lock
from typing import Literal

import torch
from torch import Tensor

from monogram.errors import SettingError, StoreError, UnknownIndividualError, shorten
from monogram.networks import Prepared, check_answers, filled, rebuild, with_prior
from monogram.networks.architecture import Factory
from monogram.store import rows
from monogram.store.cache import DeltaCache
from monogram.store.catalog import Catalog
from monogram.store.delta import decode
from monogram.store.given import as_trained, check_alike
from monogram.store.mixed import Mixer, Own
from monogram.store.tensors import from_bytes
from monogram.store.values import BaseModel, Served

ASK_FOR_BASE = 'have the base predict (`predict --unknown base`, in Python unknown="base")'
ADVICE = f"`list` shows who has one; personalize it, or {ASK_FOR_BASE}"
Unknown = Literal["error", "base"]


class Loaded:
    """Reads through to the catalog.

    Args:
        catalog: of the store.
        cache_bytes: of decoded deltas that are kept.
    """

    def __init__(self, catalog: Catalog, cache_bytes: int) -> None:
        self._catalog = catalog
        self._lock = Lock()
        self.deltas = DeltaCache(cache_bytes)
        self._bases: dict[str, tuple[BaseModel, dict[str, Tensor]]] = {}
        self._mixers: dict[tuple[str, Factory | None], Mixer] = {}

    def base(self, base: str | None) -> BaseModel:
        """One base, by its hash or the beginning of it; None: the latest."""
        found = [row for row in self._catalog.base_rows() if row["hash"].startswith(base or "")]
        if not found or (base is not None and len(found) > 1):
            wanted = "no base yet" if base is None else f"{len(found)} bases named {base!r}"
            raise StoreError(f"{self._catalog.database.name} holds {wanted}; see `monogram show`")
        return rows.base_of(found[-1], self._catalog.owner_ids(found[-1]["hash"]))

    def whole_hash(self, base: str) -> str:
        """A base's hash, from its beginning."""
        return base if base in self._bases else self.base(base).hash

    def base_weights(self, base: str) -> dict[str, Tensor]:
        """A base's tensors."""
        return self._base(base)[1]

    def network(self, base: str, own: Own, factory: Factory | None) -> Prepared:
        """A new network in evaluation mode, with the base's tensors but for the given ones."""
        try:
            network = self._mixer(base, factory).copy()
        except RuntimeError:  # it holds a tensor with a history, as of the old weight_norm
            network = self._made(base, factory)
        network.load_state_dict(own, strict=False)
        return network

    def facts(self, individual: str, version: int | None) -> rows.Row:
        """One version of an individual without content; None: the active one."""
        row = self._catalog.facts_row(rows.key_of(individual), version)
        if row is None:
            raise self._missing(individual, version)
        return row

    def row(self, individual: str, version: int | None) -> rows.Row:
        """One version of an individual, content included; None: the active one."""
        row = self._catalog.whole_row(rows.key_of(individual), version)
        if row is None:
            raise self._missing(individual, version)
        return row

    def _missing(self, individual: str, version: int | None) -> StoreError:
        """The error for a version that is not there."""
        there = [row["version"] for row in self._catalog.history(rows.key_of(individual))]
        if not there:
            return self.unknown(individual)
        who = f"individual {shorten(individual)!r}"
        if version is None:
            missing = f"its active version is missing, {there} are there"
            return StoreError(f"{who}: {missing}; {rows.AGAIN}")
        return StoreError(f"{who} has no version {version}; it has {there}")

    def served(self, individuals: Collection[str]) -> dict[str, Served]:
        """What answers for those individuals that have a model."""
        keys = {rows.key_of(id_): id_ for id_ in individuals}
        found = self._catalog.addresses(list(keys))
        return {keys[key]: Served(base, bool(hash_)) for key, (hash_, base) in found.items()}

    def own(self, row: rows.Row) -> Own:
        """The tensors in which a row's model differs from its base."""
        rows.personal_of(row)
        key = bytes(row["key"])
        kept = self.deltas.get(key, row["hash"])
        if kept is None:
            what = rows.name_of(row)
            content = rows.check_content(bytes(row["content"]), row["hash"], what, rows.AGAIN)
            kept = decode(self.base_weights(row["base"]), content, what)
            self.deltas.put(key, row["hash"], kept)
        return kept

    def predict(
        self, ids: Sequence[str], inputs: Tensor, unknown: Unknown, factory: Factory | None
    ) -> Tensor:
        """Logits [n, classes], each sample's by its own individual's network."""
        if len(ids) != len(inputs):
            raise SettingError(f"{len(ids)} ids do not fit {len(inputs)} inputs; give one for each")
        found = self._find(list(dict.fromkeys(ids)), unknown)
        by_base: dict[str, list[int]] = {}
        for row, id_ in enumerate(ids):
            by_base.setdefault(found[id_][0], []).append(row)
        if not by_base:
            return torch.empty(0, len(self.base(None).classes))
        check_alike({ids[here[0]]: self._base(base)[0] for base, here in by_base.items()})
        parts = []
        for base, here in by_base.items():
            places = {id_: place for place, id_ in enumerate(dict.fromkeys(ids[r] for r in here))}
            own = [found[id_][1] for id_ in places]
            owners = [places[ids[row]] for row in here]
            given = as_trained(inputs[here], self._base(base)[0])
            parts.append(self._mixer(base, factory)(given, owners, own))
        rows = torch.tensor([row for here in by_base.values() for row in here])
        return torch.cat(parts)[rows.argsort()]

    def forget(self, individual: str) -> int:
        """Give up everything of an individual that is in memory; how many deltas there were."""
        return self.deltas.purge(rows.key_of(individual))

    def unknown(self, individual: str, advice: str = ADVICE) -> UnknownIndividualError:
        """The error for an id without a model, with similar ids and what to do."""
        near = difflib.get_close_matches(individual, self._catalog.similar_ids(individual))
        hint = f"; similar: {', '.join(repr(shorten(id_)) for id_ in near)}" if near else ""
        missing = (
            f"{self._catalog.database.name} has no model for individual {shorten(individual)!r}"
        )
        if self._catalog.is_owner(rows.key_of(individual)):
            return UnknownIndividualError(
                f"{missing}: its data is part of the global data, and it was set apart for that; "
                f"{ASK_FOR_BASE}"
            )
        return UnknownIndividualError(f"{missing}{hint}; {advice}")

    def _find(self, ids: list[str], unknown: Unknown) -> Mapping[str, tuple[str, Own]]:
        """The base and the own tensors of each id."""
        keys = {rows.key_of(id_): id_ for id_ in ids}
        addresses = self._catalog.addresses(list(keys))
        cached = {key: self.deltas.get(key, hash_) for key, (hash_, _) in addresses.items()}
        absent = [key for key, own in cached.items() if own is None]
        read = {bytes(row["key"]): row for row in self._catalog.whole_rows(absent)}
        found: dict[str, tuple[str, Own]] = {}
        strangers: list[str] = []
        for key, id_ in keys.items():
            kept = cached.get(key)
            if kept is not None:
                found[id_] = (addresses[key][1], kept)
            elif key in read:
                found[id_] = (read[key]["base"], self.own(read[key]))
            else:
                strangers.append(id_)
        return found | self._substitutes(strangers, unknown)

    def _substitutes(self, strangers: list[str], unknown: Unknown) -> dict[str, tuple[str, Own]]:
        """The latest base for ids without a model, when the caller asked for it."""
        for individual in strangers:
            self.forget(individual)  # another process may have erased it
        if not strangers:
            return {}
        if unknown == "base":
            return dict.fromkeys(strangers, (self.base(None).hash, {}))
        raise self._missing(strangers[0], None)

    def _base(self, base: str) -> tuple[BaseModel, dict[str, Tensor]]:
        base = self.whole_hash(base)
        with self._lock:
            if base not in self._bases:
                what, remedy = f"base {base[:16]}", "restore the database from a backup"
                content = self._catalog.base_content(base) or b""
                rows.check_content(content, base, what, remedy)
                known, tensors = self.base(base), from_bytes(content, what)[0]
                self._bases[base] = (known, with_prior(tensors, len(known.classes)))
            return self._bases[base]

    def _mixer(self, base: str, factory: Factory | None) -> Mixer:
        if (base, factory) not in self._mixers:
            self._mixers[base, factory] = Mixer(self._made(base, factory))
        return self._mixers[base, factory]

    def _made(self, base: str, factory: Factory | None) -> Prepared:
        """A network that is made anew, with a base's tensors."""
        known, weights = self._base(base)
        network = rebuild(known.description, factory)
        filled(network, known.description["name"], weights)
        check_answers(network, known.description, known.answers)
        return network
