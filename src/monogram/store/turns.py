"""Taking turns in a store: many may personalize into it at once, or one forgets somebody in it.

An SQLite store is locked by a file beside it, one on a server by PostgreSQL's advisory locks. A
lock ends with the processes that hold it, however they end.
"""

import fcntl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from monogram.errors import StoreError
from monogram.store.database import Database

LOCK = 0x6D6F6E70  # of PostgreSQL's advisory locks
FORGETTING = "somebody is being forgotten there; wait for it, then give the same command again"
IN_USE = "a process personalizes into it, and nothing was forgotten; wait for it, then forget again"


def shared(database: Database) -> AbstractContextManager[None]:
    """Within, nobody is forgotten; others may be within too.

    Raises:
        StoreError: somebody is being forgotten, or the store cannot be locked.
    """
    if database.file:
        return _by_file(database, fcntl.LOCK_SH, FORGETTING)
    return _by_server(database, "pg_try_advisory_lock_shared", FORGETTING)


def alone(database: Database) -> AbstractContextManager[None]:
    """Within, nobody personalizes into the store, and nobody else is forgotten.

    Raises:
        StoreError: a process does, or the store cannot be locked.
    """
    if database.file:
        return _by_file(database, fcntl.LOCK_EX, IN_USE)
    return _by_server(database, "pg_try_advisory_lock", IN_USE)


@contextmanager
def _by_file(database: Database, how: int, refused: str) -> Iterator[None]:
    file = Path(f"{Path(database.name).resolve()}.lock")  # the same behind a link
    try:
        opened = file.open("a")
    except OSError as error:
        raise StoreError(f"{database.name} cannot be locked: {error}") from error
    with opened:
        try:
            fcntl.flock(opened, how | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(f"{database.name}: {refused}") from error
        try:
            yield
        finally:
            fcntl.flock(opened, fcntl.LOCK_UN)  # also for forked processes that have it open


@contextmanager
def _by_server(database: Database, function: str, refused: str) -> Iterator[None]:
    with database.alone() as connection:
        taken = connection.execute(text(f"SELECT {function}({LOCK})")).scalar_one()
        connection.detach()  # the lock ends with the connection, which no pool may keep
        if not taken:
            raise StoreError(f"{database.name}: {refused}")
        try:
            yield
        finally:
            with suppress(SQLAlchemyError):  # of a lost connection, whose lock has ended
                # A server notices a connection's end only a moment after it.
                connection.execute(text("SELECT pg_advisory_unlock_all()"))
