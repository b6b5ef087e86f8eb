"""Connections to the database: where it is, how it is set up, and its errors in clear words.

An SQLite file in a folder that cannot be written, such as on a read-only disk, is read without
anything made beside it, where SQLite would otherwise keep its log (WAL) and the log's index.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote
from weakref import WeakSet

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.schema import Table

from monogram.errors import NoStoreError, StoreError
from monogram.store.schema import is_current, prepare

BUSY_SECONDS = 60.0  # that a writer waits for another before it gives up
LOCK_SECONDS = 10.0  # that PostgreSQL's VACUUM waits for readers; others wait behind it
SIDE_FILES = ("", "-wal", "-shm", "-journal")  # endings of what SQLite keeps of a database
LOCK = 0x6D6F6E6F  # of PostgreSQL's advisory locks: one process at a time makes tables
MAGIC = b"SQLite format 3\x00"


class Database:
    """One store's database.

    Args:
        place: path of an SQLite file, or a URL `sqlite:///…` or `postgresql://…`.
        create: make the tables where there are none.

    Raises:
        StoreError: it cannot be opened, holds no store, or one of a newer version.
    """

    def __init__(self, place: str | Path, *, create: bool = False) -> None:
        url = _url(place)
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self.file = Path(str(url.database)) if self.is_sqlite else None
        self.name = str(self.file) if self.file else url.render_as_string(hide_password=True)
        if self.file and create:
            self.file.parent.mkdir(parents=True, exist_ok=True)
        if self.file and (self.file.exists() or not create):
            _check_file(self.file)
        self.engine = _engine(url)
        self._reader = self.engine if self.is_sqlite else _of_one_state(self.engine)
        _open.add(self)
        try:
            with self.read() as connection:
                current = is_current(connection)
            if not current:
                self._prepare(create=create)
        except StoreError:
            self.close()
            raise

    @property
    def files(self) -> list[Path]:
        """The SQLite file and those that SQLite keeps beside it; none on a server."""
        return [Path(f"{self.file}{ending}") for ending in SIDE_FILES] if self.file else []

    def _prepare(self, *, create: bool) -> None:
        with self.write() as connection:
            if not self.is_sqlite:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
            prepare(connection, self.name, create=create)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection on which all reads see one state.

        Raises:
            StoreError: what the database complained of.
        """
        with self._errors(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction: all of it is on the disk when the block ends, or none of it is.

        Raises:
            StoreError: what the database complained of.
        """
        writer = self.engine.execution_options(monogram_writes=True)
        with self._errors(), writer.begin() as connection:
            yield connection

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A connection outside any transaction, as VACUUM wants it.

        Raises:
            StoreError: what the database complained of.
        """
        engine = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        with self._errors(), engine.connect() as connection:
            yield connection

    def compact(self, tables: Sequence[str]) -> bool:
        """Rewrite the database without what was deleted from it.

        Args:
            tables: the store's own.

        Returns:
            False when another process was reading, so that SQLite's log could not be emptied.

        Raises:
            StoreError: what the database complained of; on PostgreSQL, also that another process
                was reading.
        """
        with self.alone() as connection:
            if not self.is_sqlite:
                _rewrite_tables(connection, tables)
                return True
            connection.exec_driver_sql("VACUUM")
            return not connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]

    def upsert(self, table: Table) -> Any:
        """The database's own INSERT … ON CONFLICT."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """What the database complains of, in Monogram's words."""
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise StoreError(_in_words(self.name, error)) from error


def _url(place: str | Path) -> URL:
    """Where the database is; a path is an SQLite file, PostgreSQL is spoken to by psycopg."""
    if isinstance(place, Path) or "://" not in place:
        return URL.create("sqlite", database=str(Path(place).expanduser()))
    try:
        url = make_url(place)
    except ArgumentError as error:
        raise NoStoreError(f"the store's address cannot be read: {error}") from error
    backend = url.get_backend_name()
    if backend in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite" or url.database in (None, "", ":memory:"):
        raise NoStoreError(
            f"{url.render_as_string(hide_password=True)}: a store is an SQLite file (a path) or "
            "PostgreSQL (postgresql://user@host/database)"
        )
    return url


def _check_file(file: Path) -> None:
    """Refuse what is no SQLite file before SQLite makes one."""
    if not file.is_file():
        raise NoStoreError(
            f"there is no store at {file}; make one with `monogram personalize` or Store.create"
        )
    with file.open("rb") as opened:
        start = opened.read(len(MAGIC))
    if start and start != MAGIC:
        raise StoreError(
            f"{file} is no SQLite database, or its beginning is damaged; give the right path, or "
            "restore it from a backup"
        )


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    file = Path(str(url.database)).resolve()  # SQLite makes its log beside what a link leads to
    only_read = file.exists() and not os.access(file.parent, os.W_OK)
    place = _only_read(file) if only_read else url
    engine = create_engine(place, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _of_one_state(engine: Engine) -> Engine:
    """PostgreSQL as SQLite is by itself: all that a transaction reads is of one moment."""
    return engine.execution_options(isolation_level="REPEATABLE READ")


def _only_read(file: Path) -> URL:
    """A file in a folder where nothing can be made.

    With a log and its index there, a process may be writing, and SQLite reads them as well;
    without a log the file is all there is, and is read as one that nobody writes.

    Raises:
        StoreError: there is a log without its index, which SQLite would have to make.
    """
    log, index = (Path(f"{file}{ending}") for ending in ("-wal", "-shm"))
    if log.exists() and log.stat().st_size and not index.exists():
        raise StoreError(
            f"{file}: its latest changes are in {log.name}, which cannot be read where nothing can "
            "be written; open the store once where its folder can be written, such as by `monogram "
            "list`, or copy both files there"
        )
    query = {"mode": "ro", "uri": "true"}
    if not (log.exists() and index.exists()):
        query["immutable"] = "1"
    return URL.create("sqlite", database=f"file:{quote(str(file))}", query=query)


def _rewrite_tables(connection: Connection, tables: Sequence[str]) -> None:
    """VACUUM on PostgreSQL, which gives up where others use a table instead of stopping them."""
    connection.execute(text(f"SET lock_timeout = '{LOCK_SECONDS}s'"))
    try:
        for table in tables:
            connection.execute(text(f"VACUUM FULL {table}"))
    finally:
        connection.execute(text("RESET lock_timeout"))


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    """WAL, so that readers and a writer do not wait for each other; durable; erasing deletes."""
    connection.isolation_level = None  # transactions are begun by `_begin_sqlite`
    for setting in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = ON",
        "temp_store = MEMORY",
    ):
        connection.execute(f"PRAGMA {setting}")


def _begin_sqlite(connection: Connection) -> None:
    """Writers take their place in the line at once instead of failing half-way."""
    options = connection.get_execution_options()
    if options.get("isolation_level") == "AUTOCOMMIT":
        return
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("monogram_writes") else "BEGIN")


_open: WeakSet[Database] = WeakSet()


def _after_fork() -> None:
    """A forked process opens connections of its own and leaves its parent's alone."""
    for database in _open:
        database.engine.dispose(close=False)


os.register_at_fork(after_in_child=_after_fork)


def _in_words(name: str, error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    said = " ".join(str(cause).split())
    return f"{name}: {said}; {_advice(said.lower())}"


def _advice(said: str) -> str:
    for sign, advice in (
        ("full", "free some space and do it again: what was committed before is safe"),
        ("no space", "free some space and do it again: what was committed before is safe"),
        ("lock timeout", "another process was using the store all the time; try again"),
        ("locked", "another process was writing all the time; try again"),
        ("malformed", "the file is damaged: restore it from a backup, or personalize again"),
        ("not a database", "the file is damaged: restore it from a backup"),
        ("disk i/o", "the disk cannot be read or written, or is full; check it and try again"),
        ("readonly", "give yourself the right to write the file and its folder"),
        ("unable to open", "check that the folder exists and may be written"),
        ("connect", "check the address, the password and that the server runs"),
    ):
        if sign in said:
            return advice
    return "run `monogram verify` to see whether the store is whole"
