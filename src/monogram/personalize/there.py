"""What a store has for individuals already, so that nothing is made twice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monogram.errors import StoreError
from monogram.store import PersonalModel, Store


@dataclass(frozen=True)
class Wanted:
    """What all models of one personalization share.

    Attributes:
        base: hash of the base; None: it is not in the store yet.
        curriculum: text form, every length explicit.
        seed: of the training.
    """

    base: str | None
    curriculum: str
    seed: int


@dataclass(frozen=True)
class _Active:
    """What counts of an active version."""

    wanted: Wanted
    fingerprint: str
    version: int
    keeps_base: bool


class There:
    """Looks individuals up; a damaged row counts as nothing, so that it is made again.

    Args:
        store: None: there is none yet.
        wanted: what their models would be.
        whole: read everybody at once, which is quicker for many than one by one.
    """

    def __init__(self, store: Store | None, wanted: Wanted, *, whole: bool = False) -> None:
        self._store = store
        self._wanted = wanted
        self._known = _everybody(store) if store is not None and whole else None

    def has(self, individual: str, fingerprint: str, *, above: int = 0) -> bool:
        """Whether the active version is the model that would be made.

        Args:
            individual: its id.
            fingerprint: of its data and the settings.
            above: the version must be a later one.
        """
        return bool(self.among({individual: fingerprint}, {individual: above}))

    def among(self, fingerprints: Mapping[str, str], above: Mapping[str, int]) -> frozenset[str]:
        """Those individuals whose active version is the model that would be made.

        Args:
            fingerprints: of their data and the settings, by id.
            above: for some of them, the version that is not new enough.
        """
        return self._intact(
            id_ for id_, found in fingerprints.items() if self._is_of(id_, found, above.get(id_, 0))
        )

    def has_own(self, individual: str) -> bool:
        """Whether the active version is a model of its own, on this base."""
        found = self._find(individual)
        if found is None or found.wanted.base != self._wanted.base or found.keeps_base:
            return False
        return bool(self._intact([individual]))

    def _is_of(self, individual: str, fingerprint: str, above: int) -> bool:
        """The same of one individual, by what its row says."""
        found = self._find(individual)
        return (
            found is not None
            and (found.wanted, found.fingerprint) == (self._wanted, fingerprint)
            and found.version > above
        )

    def _intact(self, individuals: Iterable[str]) -> frozenset[str]:
        return frozenset() if self._store is None else self._store.intact(list(individuals))

    def _find(self, individual: str) -> _Active | None:
        if self._known is not None:
            return self._known.get(individual)
        if self._store is None or individual not in self._store:
            return None
        try:
            return _active(self._store.individual(individual))
        except StoreError:
            return None


def versions(store: Store, individuals: Iterable[str]) -> dict[str, int]:
    """The active version of each individual; 0 when there is none, or a damaged one."""
    return {id_: _version(store, id_) for id_ in individuals}


def _version(store: Store, individual: str) -> int:
    try:
        return store.individual(individual).version if individual in store else 0
    except StoreError:
        return 0


def _everybody(store: Store) -> Mapping[str, _Active] | None:
    """Everybody's active version; None when a row is damaged, and each must be tried by itself."""
    try:
        return {model.individual: _active(model) for model in store.models()}
    except StoreError:
        return None


def _active(model: PersonalModel) -> _Active:
    origin = model.provenance
    wanted = Wanted(model.base, origin.curriculum, origin.seed)
    return _Active(wanted, origin.data_fingerprint, model.version, model.keeps_base)
