"""Importing without Python's cyclic garbage collector in the way.

PyTorch and what else is imported are hundreds of thousands of objects that live as long as the
process. The collector would look through them again and again while they are made, and once more at
the end: of a command's three seconds before it does anything that is one.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import cloudpickle


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


def call_pickled(pickled: bytes) -> None:
    """Call a function in a process that has imported nothing of what it needs.

    Args:
        pickled: the function and its arguments, by cloudpickle, of this process's parent.
    """
    with uncollected():
        function, arguments = cloudpickle.loads(pickled)
    function(*arguments)
