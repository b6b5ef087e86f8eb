"""One run of a personalization, from who is there to what is in the store."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from monogram.engine import Failure, execute
from monogram.personalize.ahead import Ahead, look_at
from monogram.personalize.base import Kept, keep_base
from monogram.personalize.fingerprints import of_too_few
from monogram.personalize.guard import Rules
from monogram.personalize.harvest import Guarding
from monogram.personalize.outcome import Outcome
from monogram.personalize.people import joined
from monogram.personalize.start import Start
from monogram.personalize.there import versions
from monogram.personalize.ways import Pace, Ways
from monogram.personalize.work import Work, address, as_asked
from monogram.population import Population, SetAside, open_population
from monogram.store import Attempt, Decision, Entry, PersonalModel, Provenance, Store

BATCH = 500  # bases committed at a time to individuals with too little data


@dataclass(frozen=True, eq=False)
class Session:
    """One run, with its store open and its folder locked.

    Attributes:
        start: what models are made from.
        ways: how they are judged and kept.
        store: where to.
        place: its path or URL, for the workers.
        work: what is needed to go on.
        pace: how the work is done.
    """

    start: Start
    ways: Ways
    store: Store
    place: str
    work: Work
    pace: Pace

    def run(self, whom: Population, redo: dict[str, int] | None = None) -> Outcome:
        """Do what is left to do.

        Args:
            whom: everybody that is asked for, with D_G.
            redo: for individuals that must be trained again, the version that is not new enough;
                None: whom the ways ask for again.
        """
        redo = self._again(whom) if redo is None else redo
        ahead = look_at(self.start, self.ways, self.store, whom, redo)
        kept = keep_base(self.store, self.start)
        self._give_base(ahead, kept)
        failures = self._train(ahead, kept, redo) if ahead.pending else []
        self.work.remove()
        gone = {failure.individual for failure in failures}
        made = tuple(self._made(ahead, gone))
        return Outcome(self.store.name, kept.hash, made, ahead, tuple(failures))

    def _train(self, ahead: Ahead, kept: Kept, redo: Mapping[str, int]) -> list[Failure]:
        asked = self._asked(ahead, kept, redo)
        people = self._begin(ahead, asked)
        start = self.start
        harvest = Guarding(
            store=self.place,
            base=kept.hash,
            at_base=kept.figures,
            rules=Rules(self._floor(kept), self.ways.coefficients),
            common=ahead.common,
            encoding=self.ways.encoding,
            bound=self.ways.bound,
            settings=self._settings(kept),
            in_global=frozenset(start.population.global_owners) & ahead.pending.keys(),
            redo=asked["redo"],
        )
        job = replace(
            start.job(self.work.folder),
            harvest=harvest,
            checkpoint_seconds=self.pace.checkpoint_seconds,
            engine=self.pace.engine,
            memory=self.pace.memory,
        )
        plan, pace = start.plan(people), self.pace
        return execute(
            plan,
            job,
            people,
            workers=min(pace.processes(start.device), len(people.individuals)),
            display=pace.display,
        )

    def _floor(self, kept: Kept) -> float:
        """The least global validation accuracy, a fraction in [0, 1]."""
        return self.start.least(kept.figures.global_accuracy_validation)

    def _settings(self, kept: Kept) -> str:
        """How models are made, for the record."""
        values = self.start.settings() | self.ways.settings() | {"floor": self._floor(kept)}
        return json.dumps(values, sort_keys=True)

    def _begin(self, ahead: Ahead, asked: dict[str, Any]) -> Population:
        """The people to train for, with everything written down that is needed to go on."""
        if not self.work.holds(asked):
            self.work.begin(asked, self.start, self._people(ahead))
        return open_population(self.work.folder / "population").only(ahead.pending)

    def _again(self, whom: Population) -> dict[str, int]:
        """Whom to train again, and the versions that are not new enough.

        Of work that was begun likewise, what it made since stays.
        """
        if not self.ways.again:
            return {}
        begun = self.work.redo(self._how())
        return versions(self.store, whom.individuals) | {
            id_: version for id_, version in begun.items() if id_ in whom.individuals
        }

    def _asked(self, ahead: Ahead, kept: Kept, redo: Mapping[str, int]) -> dict[str, Any]:
        """What is asked, as plain values."""
        return self._how() | {
            "base": kept.hash,
            "pending": dict(ahead.pending),
            "set_aside": [one.individual for one in ahead.set_aside],
            "redo": dict(redo),
        }

    def _how(self) -> dict[str, Any]:
        """How and where to, as plain values."""
        return as_asked(self.start) | {
            "ways": self.ways.settings(),
            "store": address(self.place),
        }

    def _people(self, ahead: Ahead) -> Population:
        """The population to write down: no more data than is needed, or a study's own as it is."""
        start, whole = self.start, ahead.people
        if start.run is not None and whole.inputs is start.population.inputs:
            return whole
        return joined(start.population, whole.only(ahead.pending))

    def _give_base(self, ahead: Ahead, kept: Kept) -> None:
        """Commit the base for those with too little data."""
        entries = [self._cold(one, kept, of_too_few(one, ahead.common)) for one in ahead.cold]
        for first in range(0, len(entries), BATCH):
            self.store.commit_all(entries[first : first + BATCH])

    def _cold(self, one: SetAside, kept: Kept, fingerprint: str) -> Entry:
        reason = f"too little data to train on: {one.reason}"
        return Entry(
            individual=one.individual,
            weights=None,
            base=kept.hash,
            decision=Decision("base", reason, (Attempt("the base", kept.figures),)),
            provenance=Provenance(
                self.start.curriculum_text,
                self.start.seed,
                fingerprint,
                settings=self._settings(kept),
            ),
            figures=kept.figures,
            base_figures=kept.figures,
        )

    def _made(self, ahead: Ahead, gone: set[str]) -> Iterator[PersonalModel]:
        ids = {*ahead.pending, *(one.individual for one in ahead.cold)} - gone
        return (self.store.individual(id_) for id_ in sorted(ids))
