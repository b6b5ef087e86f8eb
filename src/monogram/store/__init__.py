"""Personal models, kept and used: one base, and for each individual what differs from it.

| step | module |
|---|---|
| which tensors differ, and how they are written | `delta`, `encodings`, `tensors` |
| where the rows are | `database`, `schema`, `catalog`, `rows` |
| what they mean | `values` |
| one network with many individuals' tensors | `split`, `mixed` |
| what is in memory | `loaded`, `cache` |
| nothing left of one individual, proved | `forget`, `runs` |
| damage, named | `verify` |
| folders as Hugging Face has them | `pretrained` |
| one interface to all of it | `store` |
"""

from monogram.store.delta import Accepted, Trial, decode, encode, smallest_within
from monogram.store.encodings import Half, Lossless, LowRank, Quantized, TopK, encoding
from monogram.store.forget import Receipt
from monogram.store.pretrained import from_pretrained
from monogram.store.runs import RunErasure, forget_in_run
from monogram.store.store import Store
from monogram.store.values import (
    Attempt,
    BaseModel,
    Damage,
    Decision,
    Figures,
    PersonalModel,
    Provenance,
)
from monogram.store.writing import Entry

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
    "Receipt",
    "RunErasure",
    "Store",
    "TopK",
    "Trial",
    "decode",
    "encode",
    "encoding",
    "forget_in_run",
    "from_pretrained",
    "smallest_within",
]
