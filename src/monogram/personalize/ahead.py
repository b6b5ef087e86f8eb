"""Who gets what, before anything is trained: who is new, changed, unchanged or set aside."""

from collections.abc import Mapping
from dataclasses import dataclass

from monogram.personalize.base import find_base
from monogram.personalize.fingerprints import of_global, of_individual, of_settings, of_too_few
from monogram.personalize.start import Start
from monogram.personalize.there import There, Wanted
from monogram.personalize.ways import Ways
from monogram.population import Population, SetAside
from monogram.store import Store

MANY = 100  # individuals, from which on the whole store is read at once


@dataclass(frozen=True, eq=False)
class Ahead:
    """Who gets what, before anything is trained.

    Attributes:
        people: everybody that was asked for, with D_G.
        common: the fingerprint of what all models have in common.
        pending: the fingerprints of those to train for, by id: new ones, and those whose data or
            settings changed.
        unchanged: the ids that have the model already that would be trained.
        cold: individuals with too little data, who get the base.
        left: individuals with too little data now who keep what they have from before.
        set_aside: individuals whose data cannot be used, who get nothing.
    """

    people: Population
    common: str
    pending: Mapping[str, str]
    unchanged: tuple[str, ...]
    cold: tuple[SetAside, ...]
    left: tuple[SetAside, ...]
    set_aside: tuple[SetAside, ...]

    def __str__(self) -> str:
        """Who gets what, in a line."""
        counts = (
            (len(self.pending), "to train"),
            (len(self.unchanged), "unchanged"),
            (len(self.cold), "with too little data: the base"),
            (len(self.left), "with too little new data: as before"),
            (len(self.set_aside), "whose data cannot be used: nothing"),
        )
        return ", ".join(f"{count:,} {what}" for count, what in counts if count) or "nobody"


def look_at(
    start: Start,
    ways: Ways,
    store: Store | None,
    whom: Population,
    redo: Mapping[str, int] | None = None,
) -> Ahead:
    """Who is new or changed, and who is not.

    Args:
        start: what models are made from.
        ways: how they are kept.
        store: None: there is none yet.
        whom: everybody that is asked for, with D_G.
        redo: for individuals that must be trained again, the version that is not new enough.
    """
    common = of_settings(of_global(start.population), start.settings() | ways.settings())
    known = None if store is None else find_base(store, start)
    wanted = Wanted(known.hash if known else None, start.curriculum_text, start.seed)
    there = There(store, wanted, whole=len(whom.individuals) > MANY)
    prints = {id_: of_individual(whom, id_, common) for id_ in whom.individuals}
    made = there.among(prints, redo or {})
    pending = {id_: found for id_, found in prints.items() if id_ not in made}
    few = [one for one in whom.set_aside if one.too_few]
    same = [one for one in few if there.has(one.individual, of_too_few(one, common))]
    left = [one for one in few if one not in same and there.has_own(one.individual)]
    return Ahead(
        people=whom,
        common=common,
        pending=pending,
        unchanged=tuple(sorted({*prints, *(one.individual for one in same)} - pending.keys())),
        cold=tuple(one for one in few if one not in same and one not in left),
        left=tuple(left),
        set_aside=tuple(one for one in whom.set_aside if not one.too_few),
    )
