"""The compiled C of this processor, where there is one."""

import ctypes
from ctypes import c_double, c_float, c_long, c_void_p
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

POINTER, WHOLE, SINGLE, DOUBLE = c_void_p, c_long, c_float, c_double
ARGUMENTS = {
    "monogram_normalise": [*[POINTER] * 4, DOUBLE, DOUBLE, SINGLE, *[POINTER] * 6],
    "monogram_normalise_backward": [POINTER] * 10,
    "monogram_drop": [POINTER, WHOLE, POINTER],
    "monogram_relu_drop": [POINTER, POINTER, WHOLE, POINTER],
    "monogram_relu_drop_backward": [*[POINTER] * 3, WHOLE, POINTER],
    "monogram_drop_add_normalise": [*[POINTER] * 5, DOUBLE, WHOLE, WHOLE, *[POINTER] * 4],
    "monogram_drop_add_normalise_backward": [*[POINTER] * 6, WHOLE, WHOLE, *[POINTER] * 4],
    "monogram_attend": [POINTER] * 5,
    "monogram_attend_backward": [POINTER] * 6,
}
"""Of each function in C."""
MOST_THREADS = 2
"""The C computes on one, which takes less time than PyTorch's operations on two."""
SIZES = ("batch", "height", "width", "channels", "high", "wide")


class Shape(ctypes.Structure):
    """What normalise.c calls by that name: sizes in pixels and channels."""

    _fields_ = tuple((name, WHOLE) for name in SIZES)


class Dropout(ctypes.Structure):
    """What dropout.c calls by that name: what is drawn, how much larger what stays is, a limit."""

    _fields_ = (("key", ctypes.c_uint64), ("scale", SINGLE), ("limit", ctypes.c_int32))


class Attention(ctypes.Structure):
    """What attention.c calls by that name."""

    _fields_ = tuple((name, WHOLE) for name in ("batch", "length", "heads", "width"))


@cache
def library() -> ctypes.CDLL | None:
    """The functions in C, or None where they were not compiled for this processor.

    The files are named by what PyTorch found the processor to be capable of (`ATEN_CPU_CAPABILITY`
    in the environment says otherwise), as the hook that builds them names them.
    """
    capability = torch.backends.cpu.get_cpu_capability().lower()
    file = Path(__file__).with_name(f"native-{capability}.so")
    if not file.exists():
        return None
    loaded = ctypes.CDLL(str(file))
    for name, arguments in ARGUMENTS.items():
        getattr(loaded, name).argtypes = arguments
        getattr(loaded, name).restype = None
    return loaded


def is_available() -> bool:
    """Whether there is compiled C for this processor."""
    return library() is not None


def call(name: str, *arguments: Any) -> None:
    """Call a function in C; tensors are passed as addresses, None as none."""
    plain = (one.data_ptr() if isinstance(one, Tensor) else one for one in arguments)
    getattr(library(), name)(*plain)
