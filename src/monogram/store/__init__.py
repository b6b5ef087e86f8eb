"""Personal models, kept and used: one base, and for each individual what differs from it.

| step | module |
|---|---|
| which tensors differ, and how they are written | `delta`, `encodings`, `tensors` |
| where the rows are | `database`, `schema`, `catalog`, `rows` |
| what they mean | `values` |
| one network with many individuals' tensors | `split`, `mixed` |
| what is in memory | `loaded`, `cache` |
| nothing left of one individual, proved | `forget`, `runs`, `exports` |
| who may use it at the same time | `turns` |
| damage, named | `verify` |
| folders as Hugging Face has them | `pretrained` |
| one interface to all of it | `store` |
"""

from monogram.store.delta import (
    DEFAULT_BOUND,
    LOSSY,
    Accepted,
    Trial,
    decode,
    encode,
    smallest_within,
)
from monogram.store.encodings import Half, Lossless, LowRank, Quantized, TopK, encoding
from monogram.store.exports import ONNX_FILE, PROGRAM_FILE
from monogram.store.forget import Receipt
from monogram.store.given import as_trained, check_alike
from monogram.store.pretrained import CONFIG_FILE, WEIGHTS_FILE, from_pretrained
from monogram.store.runs import RunErasure, erase_file, forget_in_run, is_run, runs_in
from monogram.store.store import Store
from monogram.store.values import (
    KINDS,
    Attempt,
    BaseModel,
    Damage,
    Decision,
    Figures,
    Kind,
    PersonalModel,
    Provenance,
    Served,
)
from monogram.store.writing import Entry

__all__ = [
    "CONFIG_FILE",
    "DEFAULT_BOUND",
    "KINDS",
    "LOSSY",
    "ONNX_FILE",
    "PROGRAM_FILE",
    "WEIGHTS_FILE",
    "Accepted",
    "Attempt",
    "BaseModel",
    "Damage",
    "Decision",
    "Entry",
    "Figures",
    "Half",
    "Kind",
    "Lossless",
    "LowRank",
    "PersonalModel",
    "Provenance",
    "Quantized",
    "Receipt",
    "RunErasure",
    "Served",
    "Store",
    "TopK",
    "Trial",
    "as_trained",
    "check_alike",
    "decode",
    "encode",
    "encoding",
    "erase_file",
    "forget_in_run",
    "from_pretrained",
    "is_run",
    "runs_in",
    "smallest_within",
]
