"""Every SQL statement of the store: rows in, rows out, one wording for both databases."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, Integer, Select, bindparam, delete, func, insert, select, update

from monogram.store import schema
from monogram.store.database import Database
from monogram.store.rows import Row, id_bytes, id_text, key_of
from monogram.store.schema import bases, deltas, exports, owners, people

CHUNK = 500  # keys in one statement
PAGE = 1000  # rows read at a time
NEAR = 2  # characters that a mistyped id may be longer or shorter

_FACTS = (
    people.c.key,
    people.c.id,
    deltas.c.version,
    bases.c.hash.label("base"),
    deltas.c.hash,
    deltas.c.size,
    deltas.c.facts,
    deltas.c.seal,
)


def _versions(*columns: Any) -> Select[Any]:
    """Deltas with their individuals and bases."""
    joined = people.join(deltas, deltas.c.person == people.c.number).join(
        bases, deltas.c.base == bases.c.number
    )
    return select(*columns).select_from(joined)


def _active(*columns: Any) -> Select[Any]:
    """Only the latest version of each individual."""
    return _versions(*columns).where(deltas.c.version == people.c.latest)


_FACTS_OF_ACTIVE = _active(*_FACTS)
_WHOLE_OF_ACTIVE = _active(*_FACTS, deltas.c.content)
_ASKED = (
    people.c.key == bindparam("wanted"),
    deltas.c.version == func.coalesce(bindparam("version", type_=Integer), people.c.latest),
)
_FACTS_OF_ONE = _versions(*_FACTS).where(*_ASKED)
_WHOLE_OF_ONE = _versions(*_FACTS, deltas.c.content).where(*_ASKED)
_ADDRESS = _active(people.c.key, deltas.c.hash, bases.c.hash.label("base"))


class Catalog:
    """The statements, on one database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # --- Bases -------------------------------------------------------------------------

    def add_base(self, row: Row, owner_ids: Sequence[str]) -> None:
        """Write a base, unless one with its hash is there, and whose data D_G was made of."""
        with self.database.write() as connection:
            connection.execute(self.database.upsert(bases).values(**row).on_conflict_do_nothing())
            wanted = select(bases.c.number).where(bases.c.hash == row["hash"])
            number = connection.execute(wanted).scalar_one()
            if owner_ids:
                connection.execute(
                    self.database.upsert(owners).on_conflict_do_nothing(),
                    [
                        {"base": number, "key": key_of(id_), "id": id_bytes(id_)}
                        for id_ in dict.fromkeys(owner_ids)
                    ],
                )

    def base_rows(self) -> list[Row]:
        """All bases without their content, the oldest first."""
        columns = [c for c in bases.c if c.name != "content"]
        with self.database.read() as connection:
            return rows_of(connection, select(*columns).order_by(bases.c.number))

    def base_content(self, base: str) -> bytes | None:
        """A base's safetensors bytes."""
        with self.database.read() as connection:
            found = select(bases.c.content).where(bases.c.hash == base)
            content = connection.execute(found).scalar_one_or_none()
        return None if content is None else bytes(content)

    def owner_ids(self, base: str) -> tuple[str, ...]:
        """The individuals whose data D_G was made of, as far as they were not forgotten."""
        wanted = select(owners.c.id).join(bases, owners.c.base == bases.c.number)
        with self.database.read() as connection:
            rows = connection.execute(wanted.where(bases.c.hash == base).order_by(owners.c.id))
            return tuple(id_text(row.id) for row in rows)

    # --- Personal models ---------------------------------------------------------------

    def next_version(self, connection: Connection, individual: str) -> tuple[int, int]:
        """An individual's row and the number of its next version, taken in one step."""
        new = self.database.upsert(people).values(
            key=key_of(individual), id=id_bytes(individual), latest=1
        )
        counted = new.on_conflict_do_update(
            index_elements=[people.c.key], set_={"latest": people.c.latest + 1}
        )
        answer = connection.execute(counted.returning(people.c.number, people.c.latest))
        person, version = answer.one()
        return int(person), int(version)

    def add_delta(self, connection: Connection, person: int, base: str, row: Row) -> None:
        """Write one version."""
        number = select(bases.c.number).where(bases.c.hash == base).scalar_subquery()
        connection.execute(insert(deltas).values(person=person, base=number, **row))

    def addresses(self, keys: Sequence[bytes]) -> dict[bytes, tuple[str, str]]:
        """The hashes of the active delta and of its base, by key; unknown keys are left out."""
        found: dict[bytes, tuple[str, str]] = {}
        with self.database.read() as connection:
            for chunk in _chunks(keys):
                rows = connection.execute(_ADDRESS.where(people.c.key.in_(chunk)))
                found |= {bytes(row.key): (row.hash, row.base) for row in rows}
        return found

    def whole_rows(self, keys: Sequence[bytes]) -> list[Row]:
        """The active versions of some individuals, content included."""
        rows: list[Row] = []
        with self.database.read() as connection:
            for chunk in _chunks(keys):
                rows += rows_of(connection, _WHOLE_OF_ACTIVE.where(people.c.key.in_(chunk)))
        return rows

    def each_whole_row(self, keys: Sequence[bytes]) -> Iterator[Row]:
        """The same one after the other: no more than one content is in memory."""
        with self.database.read() as connection:
            for chunk in _chunks(keys):
                wanted = _WHOLE_OF_ACTIVE.where(people.c.key.in_(chunk))
                options = {"yield_per": 1}
                for row in connection.execute(wanted, execution_options=options).mappings():
                    yield cast(Row, row)

    def facts_row(self, key: bytes, version: int | None) -> Row | None:
        """One version of an individual without content; None: the active one."""
        return self._one(_FACTS_OF_ONE, key, version)

    def whole_row(self, key: bytes, version: int | None) -> Row | None:
        """One version of an individual, content included; None: the active one."""
        return self._one(_WHOLE_OF_ONE, key, version)

    def _one(self, statement: Select[Any], key: bytes, version: int | None) -> Row | None:
        with self.database.read() as connection:
            found = rows_of(connection, statement, {"wanted": key, "version": version})
        return next(iter(found), None)

    def history(self, key: bytes) -> list[Row]:
        """All versions of an individual without content, the first one first."""
        wanted = _versions(*_FACTS).where(people.c.key == key).order_by(deltas.c.version)
        with self.database.read() as connection:
            return rows_of(connection, wanted)

    def active(self) -> Iterator[Row]:
        """The active version of everyone without content, sorted by the ids' bytes."""
        last: bytes | None = None
        while True:
            page = _FACTS_OF_ACTIVE.order_by(people.c.id).limit(PAGE)
            with self.database.read() as connection:
                page = page if last is None else page.where(people.c.id > last)
                rows = rows_of(connection, page)
            yield from rows
            if len(rows) < PAGE:
                return
            last = bytes(rows[-1]["id"])

    def count(self) -> int:
        """Individuals."""
        with self.database.read() as connection:
            counted: int = connection.execute(select(func.count(people.c.number))).scalar_one()
        return counted

    def ids(self) -> list[str]:
        """All ids, sorted by their bytes."""
        with self.database.read() as connection:
            return [id_text(r.id) for r in connection.execute(select(people.c.id).order_by("id"))]

    def similar_ids(self, individual: str) -> list[str]:
        """Some ids of about the same length."""
        length = len(id_bytes(individual))
        near = func.length(people.c.id).between(length - NEAR, length + NEAR)
        with self.database.read() as connection:
            rows = connection.execute(select(people.c.id).where(near).limit(PAGE))
            return [id_text(row.id) for row in rows]

    def prune(self, key: bytes, keep: int) -> int:
        """Delete all versions of an individual but the latest ones; how many were deleted."""
        with self.database.write() as connection:
            person, latest = connection.execute(
                select(people.c.number, people.c.latest).where(people.c.key == key)
            ).one()
            old = delete(deltas).where(deltas.c.person == person, deltas.c.version <= latest - keep)
            return connection.execute(old).rowcount

    # --- Exports -----------------------------------------------------------------------

    def drop_export(self, path: str) -> None:
        """Forget whose weights a file held: it will hold nobody's."""
        with self.database.write() as connection:
            connection.execute(delete(exports).where(exports.c.path == id_bytes(path)))

    def add_export(self, key: bytes, kind: str, path: str) -> None:
        """Remember a file that will hold an individual's weights, and nobody else's any more."""
        person = select(people.c.number).where(people.c.key == key).scalar_subquery()
        with self.database.write() as connection:
            connection.execute(delete(exports).where(exports.c.path == id_bytes(path)))
            row = {"person": person, "kind": kind, "path": id_bytes(path)}
            connection.execute(insert(exports).values(**row))

    def export_holder(self, path: str) -> str | None:
        """The individual whose weights a file holds, as far as is known."""
        wanted = select(people.c.id).join(exports, exports.c.person == people.c.number)
        with self.database.read() as connection:
            found = connection.execute(wanted.where(exports.c.path == id_bytes(path)).limit(1))
            row = found.first()
        return None if row is None else id_text(row.id)

    def export_rows(self, key: bytes) -> list[tuple[str, str]]:
        """Kind and path of an individual's exports, the oldest first."""
        wanted = select(exports.c.kind, exports.c.path).join(
            people, exports.c.person == people.c.number
        )
        with self.database.read() as connection:
            rows = connection.execute(wanted.where(people.c.key == key).order_by(exports.c.number))
            return [(row.kind, id_text(row.path)) for row in rows]

    # --- Forgetting --------------------------------------------------------------------

    def erase(self, key: bytes) -> tuple[int, list[str]]:
        """Delete every row of an individual.

        Returns:
            How many rows there were, and the hashes of the bases whose D_G it was part of.
        """
        with self.database.write() as connection:
            person = select(people.c.number).where(people.c.key == key).scalar_subquery()
            touched = connection.execute(
                select(bases.c.hash, bases.c.number)
                .join(owners, owners.c.base == bases.c.number)
                .where(owners.c.key == key)
            ).all()
            for row in touched:
                connection.execute(
                    update(bases)
                    .where(bases.c.number == row.number)
                    .values(forgotten_owners=bases.c.forgotten_owners + 1)
                )
            statements = [
                delete(exports).where(exports.c.person == person),
                delete(deltas).where(deltas.c.person == person),
                delete(owners).where(owners.c.key == key),
                delete(people).where(people.c.key == key),
            ]
            rows = sum(connection.execute(statement).rowcount for statement in statements)
        return rows, [row.hash for row in touched]

    def written(self, key: bytes) -> list[Row]:
        """Number, hash and size of an individual's versions, also of those whose base is lost."""
        mine = select(deltas.c.number, deltas.c.hash, deltas.c.size).join(people)
        wanted = mine.where(people.c.key == key).order_by(deltas.c.version)
        with self.database.read() as connection:
            return rows_of(connection, wanted)

    def content(self, number: int) -> bytes:
        """A delta's bytes."""
        with self.database.read() as connection:
            found = connection.execute(select(deltas.c.content).where(deltas.c.number == number))
            return bytes(found.scalar_one())

    def has_others(self, hash_: str, key: bytes) -> bool:
        """Whether somebody else than an individual has a delta of the same content."""
        same = select(deltas.c.number).join(people)
        wanted = same.where(deltas.c.hash == hash_, people.c.key != key).limit(1)
        with self.database.read() as connection:
            return connection.execute(wanted).first() is not None

    def is_owner(self, key: bytes) -> bool:
        """Whether the D_G of some base contains an individual."""
        with self.database.read() as connection:
            found = connection.execute(select(owners.c.base).where(owners.c.key == key).limit(1))
            return found.first() is not None

    def rows_of(self, key: bytes) -> int:
        """How many rows an individual still has."""
        with self.database.read() as connection:
            return sum(
                connection.execute(
                    select(func.count()).select_from(table).where(table.c.key == key)
                ).scalar_one()
                for table in (people, owners)
            )

    def contains_text(self, individual: str) -> bool:
        """Whether the text of an id occurs in what the store holds of others."""
        key, stored = key_of(individual), id_bytes(individual)
        escaped = json.dumps(individual)[1:-1].encode()
        with self.database.read() as connection:
            for table in (people, owners):
                ids = connection.execute(select(table.c.id).where(table.c.key != key))
                if any(stored in bytes(row.id) for row in ids):
                    return True
            texts = [
                *connection.execute(select(bases.c.facts)).scalars(),
                *connection.execute(
                    select(deltas.c.facts).join(people).where(people.c.key != key)
                ).scalars(),
            ]
        return any(escaped in facts.encode() for facts in texts)

    def has_in_weights(self, piece: bytes) -> bool:
        """Whether bytes occur in a base or a delta of an SQLite store."""
        with self.database.read() as connection:
            return any(
                connection.execute(
                    select(table.c.number).where(func.instr(table.c.content, piece) > 0).limit(1)
                ).first()
                for table in (bases, deltas)
            )

    def built_on(self, base: str) -> list[str]:
        """The ids that have a model on a base, of any version, sorted."""
        wanted = _versions(people.c.id).where(bases.c.hash == base).distinct()
        with self.database.read() as connection:
            return [id_text(row.id) for row in connection.execute(wanted.order_by(people.c.id))]

    @property
    def tables(self) -> list[str]:
        """The names of all tables."""
        return [table.name for table in schema.metadata.sorted_tables]


def rows_of(
    connection: Connection, statement: Select[Any], values: Mapping[str, Any] | None = None
) -> list[Row]:
    """The rows that a statement gives, by column name."""
    return [cast(Row, row) for row in connection.execute(statement, values).mappings()]


def _chunks(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for start in range(0, len(keys), CHUNK):
        yield keys[start : start + CHUNK]
