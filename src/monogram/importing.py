"""Importing without Python's cyclic garbage collector in the way.

PyTorch and what else is imported are hundreds of thousands of objects that live as long as the
process. The collector would look through them again and again while they are made, and once more at
the end: 0.9 of the 3.2 seconds of a command that does nothing, 0.4 of a worker's 1.6.
"""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any


@contextmanager
def uncollected() -> Iterator[None]:
    """In this context nothing is collected; what there is at its end never is."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def import_uncollected(name: str) -> ModuleType:
    """Import a module, and what it imports, so, unless it is there already."""
    if name in sys.modules:
        return sys.modules[name]
    with uncollected():
        return import_module(name)


def imported(module: str) -> "Imported":
    """A module that has been imported."""
    import_uncollected(module)
    return Imported(module)


class Imported:
    """A module that is imported in a process before what is handed to it next.

    What a process is handed is unpickled there in its order, and imports as it goes.

    Args:
        module: its name.
    """

    def __init__(self, module: str) -> None:
        self.module = module

    def __reduce__(self) -> tuple[Callable[[str], "Imported"], tuple[str]]:
        """Unpickled by the import."""
        return imported, (self.module,)


def call_after(_: Imported, function: Callable[..., None], *arguments: Any) -> None:
    """Call a function in a process where a module was imported before it was unpickled."""
    function(*arguments)
