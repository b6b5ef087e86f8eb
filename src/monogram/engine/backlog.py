"""What is left of a run's work: what waits, what is ready, and who does the next of it."""

from collections.abc import Callable
from threading import Condition

from monogram.engine.cohort import Unit
from monogram.engine.worker import Outcome

PATIENCE = 0.2  # seconds until somebody who waits for work looks up


class Backlog:
    """Work for several hands, each a thread; it is ready when what it starts from is there.

    Attributes:
        outcomes: of what is done.

    Args:
        units: all of it.
        teams: shared tasks that may be done at a time, and nothing else beside them; 0: they are
            like all else.
    """

    def __init__(self, units: list[Unit], teams: int) -> None:
        self.outcomes: list[Outcome] = []
        self._teams = teams
        self._changed = Condition()
        self._error: BaseException | None = None
        self._running: list[Unit] = []
        self._ready: list[Unit] = []
        keys = {unit.key for unit in units}
        self._waiting = [unit for unit in units if unit.parent in keys]
        self._make_ready([unit for unit in units if unit.parent not in keys])

    def work(
        self, do: Callable[[Unit], Outcome], between: Callable[[], None], *, spare: int = 0
    ) -> None:
        """Do one unit after the other until all are done, or somebody failed.

        Args:
            do: does one.
            between: called after each, and now and then while there is none to do.
            spare: units that are left to others.
        """
        while self._is_left():
            unit = self._take(spare)
            if unit:
                outcome = do(unit)
                self._finish(unit, outcome)
            between()

    def fail(self, error: BaseException) -> None:
        """End the work of all hands; nothing where all is done, or somebody failed before."""
        with self._changed:
            if self._is_left():
                self._error = error
                self._changed.notify_all()

    def check(self) -> None:
        """Raise what somebody failed with."""
        if self._error:
            raise self._error

    def _is_left(self) -> bool:
        with self._changed:
            return not self._error and bool(self._ready or self._waiting or self._running)

    def _take(self, spare: int) -> Unit | None:
        """The next unit; None where there is none for a while."""
        with self._changed:
            if not self._may_begin(spare):
                self._changed.wait(PATIENCE)
            if self._error or not self._may_begin(spare):
                return None
            unit = self._ready.pop()
            self._running.append(unit)
            return unit

    def _may_begin(self, spare: int) -> bool:
        if len(self._ready) <= spare:
            return False
        if not self._teams:
            return True
        if self._ready[-1].shared:
            return len(self._running) < self._teams
        return not any(unit.shared for unit in self._running)

    def _finish(self, unit: Unit, outcome: Outcome) -> None:
        with self._changed:
            self.outcomes.append(outcome)
            self._running.remove(unit)
            freed = [other for other in self._waiting if other.parent == unit.key]
            if freed:
                self._waiting = [other for other in self._waiting if other.parent != unit.key]
                self._make_ready(freed)
            self._changed.notify_all()

    def _make_ready(self, units: list[Unit]) -> None:
        """The last is done first: shared tasks, since others wait for them, then the long ones."""
        self._ready += units
        self._ready.sort(key=lambda unit: (unit.shared, unit.steps))
