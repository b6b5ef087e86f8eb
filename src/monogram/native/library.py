"""The compiled C of this processor, where there is one."""

import ctypes
from ctypes import c_double, c_float, c_long, c_void_p
from functools import cache
from pathlib import Path

import torch

POINTER, WHOLE, SINGLE, DOUBLE = c_void_p, c_long, c_float, c_double
ARGUMENTS = {
    "monogram_normalise": [*[POINTER] * 4, DOUBLE, DOUBLE, SINGLE, *[POINTER] * 6],
    "monogram_normalise_backward": [POINTER] * 10,
}
"""Of each function in normalise.c."""
SIZES = ("batch", "height", "width", "channels", "high", "wide")


class Shape(ctypes.Structure):
    """What normalise.c calls by that name: sizes in pixels and channels."""

    _fields_ = tuple((name, WHOLE) for name in SIZES)


@cache
def library() -> ctypes.CDLL | None:
    """The functions of normalise.c, or None where they were not compiled for this processor.

    Its files are named by what PyTorch found the processor to be capable of (`ATEN_CPU_CAPABILITY`
    in the environment says otherwise), as the hook that builds them names them.
    """
    capability = torch.backends.cpu.get_cpu_capability().lower()
    file = Path(__file__).with_name(f"normalise-{capability}.so")
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
