"""Making a model for every individual, and going on with it after an interruption.

Each model is committed to the store as it is finished, so that the store itself says what is left
to do: the same command again makes the rest, and nothing when nothing has changed.
"""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from monogram.engine import Estimate, Job, estimate
from monogram.engine.room import room_for
from monogram.errors import SettingError, StoreError
from monogram.networks.architecture import Factory
from monogram.personalize.ahead import Ahead, look_at
from monogram.personalize.fingerprints import of_global
from monogram.personalize.outcome import Outcome
from monogram.personalize.people import joined, restricted
from monogram.personalize.session import Session
from monogram.personalize.start import Start
from monogram.personalize.there import versions
from monogram.personalize.ways import Pace, Ways
from monogram.personalize.work import STORE_NAME, Work, start_of, work_folder
from monogram.population import Population
from monogram.store import Store


def personalize(
    start: Start | str | Path,
    people: Population | None = None,
    *,
    store: str | Path | None = None,
    work: Path | None = None,
    only: Collection[str] | None = None,
    ways: Ways | None = None,
    pace: Pace | None = None,
) -> Outcome:
    """Train a model for every individual, let it pass the guard, and keep it in a store.

    Those who have the model already that would be trained (same data, base, curriculum and
    settings) are left alone. Individuals with too little data get the base, and the store says
    so; those whose data cannot be used get nothing and are named in the outcome.

    Args:
        start: what models are made from; a run directory: `Start.of_run` of it.
        people: whom for; only its individuals are used, D_G is the start's. None: the start's.
        store: path or URL; made where there is none. None: `models.db` in the run directory.
        work: the folder that holds what is needed to go on, gone at the end; None: beside the
            store.
        only: ids; nobody else is touched.
        ways: how models are judged and kept.
        pace: how the work is done; the numbers do not depend on it.

    Raises:
        DataError: people and start do not fit, or an id in `only` is not there.
        SettingError: the store or the folder of the work must be named, or the memory is less
            than one worker takes.
        StoreError: the store cannot be used, or somebody is being forgotten there.
        RunError: another process works there, or a worker was killed.
        OSError: the disk is full.
    """
    start = start if isinstance(start, Start) else Start.of_run(start)
    place = place_of(store, start)
    begun = Work(work or work_folder(place, start.run))
    whom, ways, pace = _whom(start, people, only), ways or Ways(), pace or Pace()
    _check_memory(start, whom, place, ways, pace)
    with begun.locked(), Store.open(place, create=True) as opened, opened.in_use():
        session = Session(start, ways, opened, place, begun, pace)
        return session.run(whom)


def resume(
    work: str | Path,
    *,
    store: str | Path | None = None,
    network: str | Factory | None = None,
    pace: Pace | None = None,
) -> Outcome:
    """Go on with an interrupted personalization; everything that was asked is read from its work.

    Args:
        work: its folder.
        store: where it is now; needed only if it was moved, or when its address holds a password,
            which is never written down.
        network: a name or a factory of the bare network, where it cannot be imported by the name
            that it had.
        pace: how the work is done.

    Raises:
        RunError: nothing is left to go on with.
        NetworkError: the network's code is not where it was, or does not fit the base.
        SettingError: the store must be named.
        StoreError: the store cannot be used, or somebody is being forgotten there.
    """
    begun = Work(Path(work))
    asked = begun.asked()
    place = store or asked["store"]
    if place is None:
        raise SettingError("the store's address held a password; give it again with --store")
    start = start_of(begun, network)
    kept = asked["ways"]
    ways = Ways(tuple(kept["coefficients"]), kept["encoding"], kept["bound"])
    whom = restricted(start.population, [*asked["pending"], *asked["set_aside"]])
    with begun.locked(), Store.open(place) as opened, opened.in_use():
        begun.turn_to(place)
        session = Session(start, ways, opened, str(place), begun, pace or Pace())
        return session.run(whom, asked["redo"])


def look_ahead(
    start: Start,
    people: Population | None = None,
    *,
    store: str | Path | None = None,
    only: Collection[str] | None = None,
    ways: Ways | None = None,
    pace: Pace | None = None,
) -> tuple[Ahead, Estimate | None]:
    """Who would get what, and what that takes; nothing is trained or written.

    Returns:
        The estimate is None when nobody is to be trained for.

    Raises:
        DataError: people and start do not fit, or an id in `only` is not there.
        StoreError: the store is damaged.
    """
    whom, place = _whom(start, people, only), place_of(store, start)
    ways, pace = ways or Ways(), pace or Pace()
    ahead = _ahead(start, whom, place, ways)
    if not ahead.pending:
        return ahead, None
    some = whom.only(ahead.pending)
    job = _job(start, pace)
    return ahead, estimate(start.plan(some), job, some, pace.processes(start.device))


def _ahead(start: Start, whom: Population, place: str, ways: Ways) -> Ahead:
    """Who would get what; a store is not made for it."""
    try:
        opened = Store.open(place)
    except StoreError:  # there is none yet
        return look_at(start, ways, None, whom)
    with opened:
        redo = versions(opened, whom.individuals) if ways.again else {}
        return look_at(start, ways, opened, whom, redo)


def _check_memory(start: Start, whom: Population, place: str, ways: Ways, pace: Pace) -> None:
    """Refuse too little memory before a store and a folder of work are made for nothing.

    Raises:
        SettingError: it is less than one worker takes.
    """
    if pace.memory is None:
        return
    ahead = _ahead(start, whom, place, ways)
    if ahead.pending:
        some = whom.only(ahead.pending)
        room_for(start.plan(some), _job(start, pace), some, wanted=1)


def _job(start: Start, pace: Pace) -> Job:
    """What is measured before there is a folder of work."""
    return replace(start.job(Path()), engine=pace.engine, memory=pace.memory)


def place_of(store: str | Path | None, start: Start) -> str:
    """Where the store is.

    Raises:
        SettingError: it is not named, and there is no run directory to keep it in.
    """
    if store is not None:
        return str(store)
    if start.run is None:
        raise SettingError("say with --store where to keep the models, for example people.db")
    return str(start.run / STORE_NAME)


def _whom(start: Start, people: Population | None, only: Collection[str] | None) -> Population:
    """The individuals that were asked for, with the start's D_G."""
    whom = start.population if people is None else people
    if whom is not start.population and of_global(whom) != of_global(start.population):
        whom = joined(start.population, whom)
    return whom if only is None else restricted(whom, only)
