"""Personal models, kept and used: one base, and for each individual what differs from it.

| step | module |
|---|---|
| which tensors differ, and how they are written | `delta`, `encodings`, `tensors` |
| where the rows are | `database`, `schema`, `catalog`, `rows` |
| what they mean | `values` |
| one interface to all of it | `store` |
"""

from monogram.store.delta import Accepted, Trial, decode, encode, smallest_within
from monogram.store.encodings import Half, Lossless, LowRank, Quantized, TopK, encoding
from monogram.store.store import Entry, Store
from monogram.store.values import (
    Attempt,
    BaseModel,
    Damage,
    Decision,
    Figures,
    PersonalModel,
    Provenance,
)

__all__ = [
    "Accepted",
    "Attempt",
    "BaseModel",
    "Damage",
    "Decision",
    "Entry",
    "Figures",
    "Half",
    "Lossless",
    "LowRank",
    "PersonalModel",
    "Provenance",
    "Quantized",
    "Store",
    "TopK",
    "Trial",
    "decode",
    "encode",
    "encoding",
    "smallest_within",
]
