"""Damage of every kind is noticed, named, and never loaded."""

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.store.making import HEAD, add_base, commit, same_tensors, weights

from monogram.errors import StoreError
from monogram.store import Store, rows, schema

SPOILS = {
    "weights": (
        "UPDATE monogram_deltas SET content = :junk WHERE version = 2",
        "weights were changed",
    ),
    "figures": (
        "UPDATE monogram_deltas SET facts = REPLACE(facts, '0.9', '1.0') WHERE version = 2",
        "figures or its provenance were changed",
    ),
    "no delta": ("DELETE FROM monogram_deltas WHERE version = 2", "active version is missing"),
    "hash": ("UPDATE monogram_deltas SET hash = 'x' WHERE version = 2", "were changed"),
    "id": ("UPDATE monogram_people SET id = :junk WHERE latest = 2", "id was changed"),
}


@pytest.mark.parametrize(("statement", "words"), SPOILS.values(), ids=SPOILS)
def test_what_is_spoilt_is_named_and_not_loaded(store, statement, words):
    base = add_base(store)
    own = commit(store, base, "ben", HEAD)
    commit(store, base, "anna", HEAD)
    commit(store, base, "anna", HEAD, 2)
    values = {"junk": b"\x80junk"} if ":junk" in statement else {}
    with store._catalog.database.write() as connection:
        connection.execute(text(statement), values)
    damages = store.verify()
    assert any(words in damage.what for damage in damages)
    assert store.intact(["anna", "ben", "nobody"]) == {"ben"}
    if "SET id" not in statement:
        assert {d.individual for d in damages} == {"anna"}
        assert "personalize this individual again" in str(damages[0])
    with pytest.raises(StoreError):
        store.model("anna")
    assert same_tensors(store.weights("ben"), own)


def test_a_version_that_nobody_uses_any_more_can_be_deleted(store):
    base = add_base(store)
    for seed in (1, 2):
        commit(store, base, "anna", HEAD, seed)
    with store._catalog.database.write() as connection:
        connection.execute(
            text("UPDATE monogram_deltas SET content = :junk WHERE version = 1"), {"junk": b"junk"}
        )
    (damage,) = store.verify()
    assert (damage.version, "`Store.prune` deletes this one" in damage.remedy) == (1, True)
    store.prune("anna")
    assert store.verify() == []


def test_a_damaged_base_is_named(place):
    with Store.create(place) as store:
        base = add_base(store)
        commit(store, base, "anna", HEAD)
        with store._catalog.database.write() as connection:
            connection.execute(text("UPDATE monogram_bases SET content = :x"), {"x": b"junk"})
    with Store.open(place) as store:
        assert [base.hash[:16] in str(d) for d in store.verify()] == [True]
        with pytest.raises(StoreError, match=base.hash[:16]):
            store.model("anna")


def whole_file(folder: Path, people: int = 12) -> bytes:
    """The bytes of a store with everything in its main file."""
    with Store.create(folder / "whole.db") as store:
        base = add_base(store)
        for n in range(people):
            commit(store, base, f"person {n}", tuple(weights()), n)
    with closing(sqlite3.connect(folder / "whole.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return (folder / "whole.db").read_bytes()


def test_flipped_bytes_are_noticed_or_harmless(tmp_path):
    """A flipped byte is named by verify, or everything still loads as it was."""
    content = whole_file(tmp_path)
    with Store.open(tmp_path / "whole.db") as store:
        expected = {id_: store.weights(id_) for id_ in store.individuals()}
        known = list(store.models())
    draw = random.Random(0)
    noticed = 0
    for trial in range(60):
        spoilt = bytearray(content)
        spoilt[draw.randrange(100, len(content))] ^= draw.randrange(1, 256)
        file = tmp_path / f"{trial}.db"
        file.write_bytes(spoilt)
        try:
            with Store.open(file) as store:
                damages = store.verify()
                if not damages:
                    assert all(same_tensors(store.weights(i), w) for i, w in expected.items())
                    assert list(store.models()) == known
                noticed += bool(damages)
        except StoreError:
            noticed += 1
    assert noticed > 40


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.99])
def test_a_truncated_file_is_noticed(tmp_path, share):
    content = whole_file(tmp_path)
    file = tmp_path / "cut.db"
    file.write_bytes(content[: int(share * len(content))])
    said, named = "", []
    try:
        with Store.open(file) as store:
            damages = store.verify()
            said, named = str(damages[0]), [d.individual for d in damages if d.individual]
    except StoreError as error:
        said = str(error)
    assert "cut.db" in said
    assert named or share < 0.99  # with less of it left, SQLite opens no file at all


def test_a_store_of_a_newer_version_is_refused(place):
    with Store.create(place) as store, store._catalog.database.write() as connection:
        connection.execute(text("UPDATE monogram_store SET version = 99"))
    with pytest.raises(StoreError, match="version 99, this Monogram knows versions up to"):
        Store.open(place)


def test_a_store_of_the_first_version_is_migrated(place):
    """Version 1 had no exports and did not count forgotten owners."""
    with Store.create(place) as store:
        base = add_base(store)
        own = commit(store, base, "anna", HEAD)
        with store._catalog.database.write() as connection:
            for statement in (
                "DROP TABLE monogram_exports",
                "ALTER TABLE monogram_bases DROP COLUMN forgotten_owners",
                "UPDATE monogram_store SET version = 1",
            ):
                connection.execute(text(statement))
    with Store.open(place) as store:
        assert same_tensors(store.weights("anna"), own)
        assert store.base().forgotten_owners == 0
        store.track_export("anna", "onnx", "/nowhere/anna.onnx")
        assert len(store.exports("anna")) == 1
        assert store.verify() == []


def test_a_store_of_the_second_version_is_migrated(place):
    """Version 2 did not tell the settings of a model."""
    with Store.create(place) as store:
        base = add_base(store)
        own = commit(store, base, "anna", HEAD)
        row = dict(store._catalog.history(rows.key_of("anna"))[0])
        facts = json.loads(row["facts"])
        assert facts["provenance"].pop("settings") == ""
        row["facts"] = rows.as_json(facts)
        with store._catalog.database.write() as connection:
            connection.execute(
                text("UPDATE monogram_deltas SET facts = :facts, seal = :seal"),
                {"facts": row["facts"], "seal": rows.personal_seal(row)},
            )
            connection.execute(text("UPDATE monogram_store SET version = 2"))
    with Store.open(place) as store:
        assert same_tensors(store.weights("anna"), own)
        assert store.individual("anna").provenance.plain_settings == {}
        assert store.verify() == []
        with store._catalog.database.read() as connection:
            told = connection.execute(text("SELECT version FROM monogram_store")).scalar_one()
        assert told == schema.VERSION
