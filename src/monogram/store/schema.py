"""The tables, the same for SQLite and PostgreSQL, and how older ones become today's.

Migrations are kept by hand: they are few and small, must run inside the library whenever a file
is opened, and want no configuration of a tool's own. `VERSION` counts them.

Ids are bytes (UTF-8), because text of any kind is an id and databases disagree on what text may
hold; rows are found by a hash of the id, so that its length does not matter.
"""

from collections.abc import Mapping

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    insert,
    inspect,
    select,
    text,
    update,
)

from monogram.errors import StoreError

VERSION = 3
NUMBER = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts rows in INTEGER only

metadata = MetaData()

about = Table("monogram_store", metadata, Column("version", Integer, nullable=False))

bases = Table(
    "monogram_bases",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("size", NUMBER, nullable=False),
    Column("facts", Text, nullable=False),
    Column("seal", String(64), nullable=False),
    Column("forgotten_owners", Integer, nullable=False, server_default="0"),
    Column("content", LargeBinary, nullable=False),
)

owners = Table(
    "monogram_base_owners",
    metadata,
    Column("base", ForeignKey(bases.c.number), primary_key=True),
    Column("key", LargeBinary(16), primary_key=True, index=True),
    Column("id", LargeBinary, nullable=False),
)

people = Table(
    "monogram_people",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("key", LargeBinary(16), nullable=False, unique=True),
    Column("id", LargeBinary, nullable=False),
    Column("latest", Integer, nullable=False),
)

deltas = Table(
    "monogram_deltas",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("person", ForeignKey(people.c.number), nullable=False),
    Column("version", Integer, nullable=False),
    Column("base", ForeignKey(bases.c.number), nullable=False, index=True),
    Column("hash", String(64), nullable=False),
    Column("size", NUMBER, nullable=False),
    Column("facts", Text, nullable=False),
    Column("seal", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),
    UniqueConstraint("person", "version"),
)

exports = Table(
    "monogram_exports",
    metadata,
    Column("number", NUMBER, primary_key=True, autoincrement=True),
    Column("person", ForeignKey(people.c.number), nullable=False, index=True),
    Column("kind", String(40), nullable=False),
    Column("path", LargeBinary, nullable=False),
)

MIGRATIONS: Mapping[int, tuple[str, ...]] = {
    # 1 → 2: bases remember how many of their owners were forgotten; exports are new.
    1: ("ALTER TABLE monogram_bases ADD COLUMN forgotten_owners INTEGER NOT NULL DEFAULT 0",),
    # 2 → 3: provenance, a part of `facts`, tells settings; rows without them stay as they are.
    2: (),
}


def is_current(connection: Connection) -> bool:
    """Whether nothing needs to be made or migrated."""
    if not inspect(connection).has_table(about.name):
        return False
    return connection.execute(select(about.c.version)).scalar_one_or_none() == VERSION


def prepare(connection: Connection, place: str, *, create: bool) -> None:
    """Make the tables or bring them to today's version, within the caller's transaction.

    Args:
        connection: of an open transaction that nobody else can be in at the same time.
        place: names the store in errors.
        create: make a store where there is none.

    Raises:
        StoreError: no store there, or one of a newer version.
    """
    if not inspect(connection).has_table(about.name):
        if not create:
            raise StoreError(
                f"{place} holds no store; make one with `monogram personalize` or Store.create"
            )
        metadata.create_all(connection)
        connection.execute(insert(about).values(version=VERSION))
        return
    found = connection.execute(select(about.c.version)).scalar_one_or_none()
    if found is None or not 1 <= found <= VERSION:
        raise StoreError(
            f"{place} is a store of version {found}, this Monogram knows versions up to {VERSION}; "
            "install the Monogram that wrote it, or a newer one"
        )
    if found < VERSION:
        _migrate(connection, found)


def _migrate(connection: Connection, found: int) -> None:
    for step in range(found, VERSION):
        for statement in MIGRATIONS[step]:
            connection.execute(text(statement))
    metadata.create_all(connection)  # tables that are new since
    connection.execute(update(about).values(version=VERSION))
