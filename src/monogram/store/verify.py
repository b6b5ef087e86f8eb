"""Looking at every byte of a store, and naming what is damaged.

Reads row by row, so that one unreadable page of a damaged file does not hide the others.
"""

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, select

from monogram.errors import StoreError
from monogram.store import rows
from monogram.store.catalog import Catalog, rows_of
from monogram.store.schema import bases, deltas, people
from monogram.store.tensors import from_bytes
from monogram.store.values import Damage

OLD = "a later version answers; `Store.prune` deletes this one, or restore it from a backup"
RESTORE = "restore the database from a backup, or train and personalize again"
PEOPLE = 500  # individuals whose rows are read at a time

_VERSIONS = (
    select(
        people.c.id,
        people.c.key,
        people.c.latest,
        deltas.c.version,
        deltas.c.hash,
        deltas.c.size,
        deltas.c.facts,
        deltas.c.seal,
        deltas.c.content,
        bases.c.hash.label("base"),
    )
    .select_from(people.outerjoin(deltas, deltas.c.person == people.c.number))
    .outerjoin(bases, deltas.c.base == bases.c.number)
)


def verify(catalog: Catalog) -> list[Damage]:
    """Everything in a store that is not as it was written; empty when it is whole.

    Args:
        catalog: of the store.
    """
    found = [*_of_file(catalog), *_of_bases(catalog), *_of_orphans(catalog)]
    try:
        numbers = _numbers(catalog)
    except StoreError as error:
        return [*found, Damage.of_file(f"the individuals cannot be listed: {error}")]
    for start in range(0, len(numbers), PEOPLE):
        found += _of_people(catalog, numbers[start : start + PEOPLE])
    return found


def intact(catalog: Catalog, individuals: Collection[str]) -> frozenset[str]:
    """Those individuals whose active version is as it was written, its content included.

    Args:
        catalog: of the store.
        individuals: ids, with or without a model.
    """
    keys = {rows.key_of(id_): id_ for id_ in individuals}
    chunks = (list(keys)[start : start + PEOPLE] for start in range(0, len(keys), PEOPLE))
    return frozenset(keys[key] for chunk in chunks for key in _intact(catalog, chunk))


def _intact(catalog: Catalog, keys: list[bytes]) -> list[bytes]:
    """The same by keys, each read by itself when they cannot be read together."""
    try:
        return [bytes(row["key"]) for row in catalog.each_whole_row(keys) if _wrong(row) is None]
    except (StoreError, ValueError, TypeError):
        alone = keys if len(keys) > 1 else []
    return [found for key in alone for found in _intact(catalog, [key])]


def _of_file(catalog: Catalog) -> Iterator[Damage]:
    """What SQLite says of its own file: pages, indexes, references between tables."""
    if not catalog.database.is_sqlite:
        return
    try:
        with catalog.database.alone() as connection:
            lines = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
            loose = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    except StoreError as error:
        yield Damage.of_file(str(error))
        return
    if lines != ["ok"]:
        yield Damage.of_file(f"{catalog.database.name} is damaged: {'; '.join(lines[:3])}")
    if loose:
        tables = sorted({str(row[0]) for row in loose})
        yield Damage.of_file(f"{len(loose)} rows of {', '.join(tables)} refer to missing rows")


def _of_bases(catalog: Catalog) -> Iterator[Damage]:
    try:
        found = catalog.base_rows()
    except StoreError as error:
        yield Damage.of_file(f"the bases cannot be listed: {error}")
        return
    for row in found:
        what = f"base {str(row['hash'])[:16]}"
        try:
            rows.base_of(row, ())
            content = catalog.base_content(row["hash"]) or b""
            rows.check_content(content, row["hash"], what, RESTORE)
            from_bytes(content, what)
        except (StoreError, ValueError, KeyError, TypeError) as error:
            yield Damage(None, None, f"{what}: {error}", RESTORE)


def _of_orphans(catalog: Catalog) -> Iterator[Damage]:
    """Deltas whose individual is missing."""
    lost = select(deltas.c.number).outerjoin(people, deltas.c.person == people.c.number)
    try:
        with catalog.database.read() as connection:
            count = len(connection.execute(lost.where(people.c.number.is_(None))).all())
    except StoreError as error:
        yield Damage.of_file(f"the deltas cannot be listed: {error}")
        return
    if count:
        yield Damage.of_file(f"{count} deltas belong to no individual")


def _numbers(catalog: Catalog) -> list[int]:
    with catalog.database.read() as connection:
        return list(connection.execute(select(people.c.number).order_by("number")).scalars())


def _of_people(catalog: Catalog, numbers: list[int]) -> list[Damage]:
    """The damages of some individuals, each read by itself when they cannot be read together."""
    try:
        with catalog.database.read() as connection:
            return _checked(connection, numbers)
    except (StoreError, ValueError, TypeError) as error:
        if len(numbers) == 1:
            return [_unreadable(catalog, numbers[0], error)]
    return [damage for number in numbers for damage in _of_people(catalog, [number])]


def _unreadable(catalog: Catalog, number: int, error: Exception) -> Damage:
    name = f"individual number {number}"
    try:
        with catalog.database.read() as connection:
            stored = connection.execute(select(people.c.id).where(people.c.number == number))
            name = rows.id_text(stored.scalar_one())
    except (StoreError, ValueError, TypeError):
        return Damage(None, None, f"{name} cannot be read: {error}", rows.AGAIN)
    return Damage(name, None, f"its rows cannot be read: {error}", rows.AGAIN)


def _checked(connection: Connection, numbers: list[int]) -> list[Damage]:
    found: list[Damage] = []
    active: dict[str, bool] = {}
    wanted = _VERSIONS.where(people.c.number.in_(numbers))
    for row in rows_of(connection, wanted):
        individual = rows.id_text(row["id"])
        active[individual] = active.get(individual, False) or row["version"] == row["latest"]
        wrong = _wrong(row)
        if wrong:
            remedy = rows.AGAIN if row["version"] in (None, row["latest"]) else OLD
            found.append(Damage(individual, row["version"], wrong, remedy))
    found += [
        Damage(individual, None, "its active version is missing", rows.AGAIN)
        for individual, there in active.items()
        if not there
    ]
    return found


def _wrong(row: rows.Row) -> str | None:
    """What is wrong with one version, in words; None when it is whole."""
    if bytes(row["key"]) != rows.key_of(rows.id_text(row["id"])):
        return "its id was changed after it was written"
    if row["version"] is None:
        return None  # an individual without versions: its active one is missing
    if row["base"] is None:
        return "its base is missing"
    if row["seal"] != rows.personal_seal(row):
        return "its figures or its provenance were changed after they were written"
    try:
        rows.check_content(bytes(row["content"]), row["hash"], "its delta", rows.AGAIN)
    except StoreError:
        return "its weights were changed after they were written (hash mismatch)"
    return None
