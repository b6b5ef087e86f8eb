"""Stores and weights for tests: a small network with batch normalisation, and people on it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from sqlalchemy import event
from torch import Tensor, nn

from monogram.networks import rebuild
from monogram.store import BaseModel, Decision, Figures, Provenance, Store

NAME = "anna-maria-quux"  # of somebody, to search for
CLASSES = ("a", "b", "c")
SHAPE = (2, 6, 6)
DESCRIPTION = {
    "name": "tests.store.making:small",
    "input_shape": list(SHAPE),
    "classes": len(CLASSES),
    "standardized": True,
    "tokens": False,
}
HEAD = ("network.11.weight", "network.11.bias")
ORIGIN = Provenance("transfer(20)", 0, "f" * 64)
KEPT = Decision("kept", "0.90 against 0.85 of the base")


def small(channels: int, classes: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 40),
        nn.ReLU(),
        nn.Linear(40, classes),
    )


def weights(seed: int = 0) -> dict[str, Tensor]:
    """All tensors of the base's network, statistics and counters drawn as well."""
    draw = torch.Generator().manual_seed(seed)
    tensors = rebuild(DESCRIPTION).state_dict()
    return {
        name: torch.rand(t.shape, generator=draw) + 0.5
        if "running_var" in name or name == "scale"
        else torch.randint(0, 99, t.shape, generator=draw)
        if not t.is_floating_point()
        else torch.randn(t.shape, generator=draw) / 3
        for name, t in tensors.items()
    }


def changed(base: dict[str, Tensor], names: Iterable[str], seed: int) -> dict[str, Tensor]:
    """The base's tensors with some of them changed a little."""
    draw = torch.Generator().manual_seed(seed)
    own = dict(base)
    for name in names:
        step = torch.randn(base[name].shape, generator=draw) / 30
        own[name] = base[name] + (
            step.abs() if "var" in name else step if base[name].is_floating_point() else 1
        )
    return own


def add_base(store: Store, seed: int = 0, owners: tuple[str, ...] = ()) -> BaseModel:
    origin = Provenance("global(epochs=8)", 0, "e" * 64, global_owners=owners)
    return store.add_base(
        DESCRIPTION,
        CLASSES,
        weights(seed),
        provenance=origin,
        figures=Figures(global_accuracy=0.8, global_accuracy_validation=0.81),
    )


def commit(store: Store, base: BaseModel, individual: str, names: Iterable[str], seed: int = 1):
    own = changed(store.base_weights(base.hash), names, seed)
    store.commit(
        individual,
        own,
        base=base.hash,
        decision=KEPT,
        provenance=ORIGIN,
        figures=Figures(0.9, 0.91, 0.7, 0.71),
        base_figures=Figures(0.85, 0.86, 0.8, 0.81),
    )
    return own


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """What a store asks its database within the block."""
    said: list[str] = []
    engine = store._catalog.database.engine

    def note(_connection, _cursor, statement, *_) -> None:
        said.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)


def same_tensors(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    """Whether two sets of tensors are the same byte for byte."""
    return first.keys() == second.keys() and all(
        first[n].dtype == second[n].dtype
        and first[n].contiguous().reshape(-1).view(torch.uint8).tolist()
        == second[n].contiguous().reshape(-1).view(torch.uint8).tolist()
        for n in first
    )


def folder_bytes(folder: Path) -> bytes:
    """Everything that a folder holds."""
    return b"".join(f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file())
