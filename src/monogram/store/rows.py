"""Rows of the tables and the values that they stand for, sealed against silent changes.

A row's seal is a SHA-256 over everything in it, the hash of its content included: whatever byte
of a row changes, reading the row notices.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from monogram.errors import StoreError, shorten
from monogram.networks import Answers
from monogram.store.tensors import digest
from monogram.store.values import (
    BaseModel,
    Figures,
    PersonalModel,
    Provenance,
    decision_of,
    plain,
)

AGAIN = "personalize this individual again, or restore the database from a backup"
KEY_BYTES = 16
Row = Mapping[str, Any]


def id_bytes(individual: str) -> bytes:
    """An id as it is stored: text of any kind, lone surrogates included.

    Raises:
        StoreError: the id is empty.
    """
    if not individual:
        raise StoreError("an individual's id must not be empty")
    return individual.encode("utf-8", "surrogatepass")


def id_text(stored: bytes) -> str:
    """The id that was stored; what is no text any more is shown with replacement characters."""
    try:
        return bytes(stored).decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return bytes(stored).decode("utf-8", "replace")


def key_of(individual: str) -> bytes:
    """What a row is found by: 16 bytes, however long the id is."""
    return hashlib.blake2b(id_bytes(individual), digest_size=KEY_BYTES).digest()


def as_json(values: Mapping[str, Any]) -> str:
    """Plain values as ASCII text, which every database can hold."""
    return json.dumps(values, sort_keys=True)


def seal(*parts: Any) -> str:
    """The SHA-256 of some plain values, bytes among them."""
    text = json.dumps([p.hex() if isinstance(p, bytes | memoryview) else p for p in parts])
    return hashlib.sha256(text.encode()).hexdigest()


def base_facts(
    description: Mapping[str, Any],
    classes: list[str],
    figures: Figures,
    provenance: Provenance,
    answers: Answers,
) -> str:
    """What a base's row says besides its weights; owners have rows of their own."""
    origin = {k: v for k, v in plain(provenance).items() if k != "global_owners"}
    return as_json(
        {
            "description": dict(description),
            "classes": classes,
            "figures": plain(figures),
            "provenance": origin,
            "answers": answers,
        }
    )


def base_of(row: Row, owners: tuple[str, ...]) -> BaseModel:
    """The base in a row.

    Raises:
        StoreError: the row is not as it was written.
    """
    what = f"base {shorten(row['hash'], 16)}"
    if row["seal"] != seal(row["hash"], row["size"], row["facts"]):
        raise StoreError(f"{what}: its row was changed after it was written (seal mismatch)")
    facts = json.loads(row["facts"])
    return BaseModel(
        hash=row["hash"],
        description=facts["description"],
        classes=tuple(facts["classes"]),
        figures=Figures(**facts["figures"]),
        provenance=Provenance(**facts["provenance"], global_owners=owners),
        size=row["size"],
        answers=tuple(map(tuple, facts.get("answers", ()))),
        forgotten_owners=row["forgotten_owners"],
    )


def personal_facts(model: PersonalModel) -> str:
    """What a delta's row says besides its content; the id is in the individual's row only."""
    return as_json(
        {
            "encoding": model.encoding,
            "figures": plain(model.figures),
            "base_figures": plain(model.base_figures),
            "decision": plain(model.decision),
            "provenance": {
                k: v for k, v in plain(model.provenance).items() if k != "global_owners"
            },
        }
    )


def personal_seal(row: Row) -> str:
    """The seal that a delta's row must have; `id` and `base` are the id's bytes and the hash."""
    parts = (bytes(row["id"]), row["version"], row["base"], row["hash"], row["size"], row["facts"])
    return seal(*parts)


def personal_of(row: Row) -> PersonalModel:
    """The personal model in a row, without its content.

    Raises:
        StoreError: the row is not as it was written.
    """
    if row["seal"] != personal_seal(row):
        raise StoreError(
            f"{name_of(row)}: its row was changed after it was written (seal mismatch)"
        )
    facts = json.loads(row["facts"])
    return PersonalModel(
        individual=id_text(row["id"]),
        version=row["version"],
        base=row["base"],
        hash=row["hash"],
        size=row["size"],
        encoding=facts["encoding"],
        figures=Figures(**facts["figures"]),
        base_figures=Figures(**facts["base_figures"]),
        decision=decision_of(facts["decision"]),
        provenance=Provenance(**facts["provenance"]),
    )


def name_of(row: Row) -> str:
    """What to call a delta's row in messages."""
    shown = bytes(row["id"]).decode("utf-8", "replace")
    return f"individual {shorten(shown)!r}, version {row['version']}"


def check_content(content: bytes, expected: str, what: str, remedy: str) -> bytes:
    """The content, when it has the hash that it must have.

    Raises:
        StoreError: it was changed after it was written.
    """
    if (digest(content) if content else "") != expected:
        raise StoreError(f"{what}: its content was changed after it was written; {remedy}")
    return content
