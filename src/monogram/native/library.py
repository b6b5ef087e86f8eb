"""The compiled C of this processor, where there is one."""

import ctypes
from collections.abc import Callable, Sequence
from ctypes import c_double, c_float, c_long, c_void_p
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

POINTER, WHOLE, SINGLE, DOUBLE = c_void_p, c_long, c_float, c_double
ARGUMENTS = {
    "monogram_normalise": [*[POINTER] * 4, DOUBLE, DOUBLE, SINGLE, *[POINTER] * 5],
    "monogram_normalise_backward": [POINTER] * 9,
    "monogram_drop": [POINTER, WHOLE, POINTER],
    "monogram_relu_drop": [POINTER, POINTER, WHOLE, POINTER],
    "monogram_relu_drop_backward": [*[POINTER] * 3, WHOLE, POINTER],
    "monogram_drop_add_normalise": [*[POINTER] * 5, DOUBLE, WHOLE, WHOLE, *[POINTER] * 4],
    "monogram_drop_add_normalise_backward": [*[POINTER] * 6, WHOLE, WHOLE, *[POINTER] * 4],
    "monogram_attend": [POINTER] * 5,
    "monogram_attend_backward": [POINTER] * 6,
    "monogram_linear": [POINTER] * 6,
    "monogram_linear_backward": [POINTER] * 5,
    "monogram_linear_weights": [POINTER] * 5,
    "monogram_convolve": [POINTER] * 6,
    "monogram_convolve_inputs": [POINTER] * 5,
    "monogram_convolve_weights": [POINTER] * 5,
    "monogram_step_heads": [*[POINTER] * 7, WHOLE, *[POINTER] * 5],
    "monogram_fill": [POINTER, WHOLE, WHOLE, WHOLE, POINTER],
}
"""Of each function in C."""
LANES = 8  # numbers at a time, as in vectors.h
MOST_THREADS = 2
"""The C computes on one, which takes less time than PyTorch's operations on two."""
KINDS = (Tensor, torch.nn.Parameter)  # that are nothing but tensors
SIZES = ("batch", "height", "width", "channels", "high", "wide")

CONVOLUTION = (
    *("batch", "height", "width", "inputs", "outputs"),
    *("high", "wide", "above", "beside"),
)


class Shape(ctypes.Structure):
    """What normalise.c calls by that name: sizes in pixels and channels."""

    channels: int
    _fields_ = tuple((name, WHOLE) for name in SIZES)


class Dropout(ctypes.Structure):
    """What dropout.c calls by that name: what is drawn, how much larger what stays is, a limit."""

    scale: float
    _fields_ = (("key", ctypes.c_uint64), ("scale", SINGLE), ("limit", ctypes.c_int32))


class Attention(ctypes.Structure):
    """What attention.c calls by that name."""

    batch: int
    length: int
    heads: int
    width: int
    _fields_ = tuple((name, WHOLE) for name in ("batch", "length", "heads", "width"))


class Convolution(ctypes.Structure):
    """What convolve.c calls by that name: sizes in pixels and channels."""

    batch: int
    height: int
    width: int
    inputs: int
    outputs: int
    high: int
    wide: int
    above: int
    beside: int
    _fields_ = tuple((name, WHOLE) for name in CONVOLUTION)


class Linear(ctypes.Structure):
    """What linear.c calls by that name."""

    rows: int
    inputs: int
    outputs: int
    _fields_ = tuple((name, WHOLE) for name in ("rows", "inputs", "outputs"))


class Heads(ctypes.Structure):
    """What heads.c calls by that name."""

    _fields_ = (
        *((name, WHOLE) for name in ("heads", "outputs", "samples")),
        *((name, SINGLE) for name in ("share", "more", "rate", "momentum", "decay")),
    )


FOLDER = Path(__file__).parent
PROCESSORS = ("avx2", "avx512")
"""For which there can be C, by PyTorch's names, as the hook that compiles it names its files."""


@cache
def library() -> ctypes.CDLL | None:
    """The functions in C, or None where they were not compiled for this processor.

    What was compiled of other files than lie here, of another version, does not count.
    """
    file = FOLDER / f"native-{_processor()}-{_digest(FOLDER)}.so"
    try:
        loaded = ctypes.CDLL(str(file))
    except OSError:
        return None
    for name, arguments in ARGUMENTS.items():
        getattr(loaded, name).argtypes = arguments
        getattr(loaded, name).restype = None
    return loaded


def is_available() -> bool:
    """Whether there is compiled C for this processor."""
    return library() is not None


def is_missing() -> bool:
    """Whether there could be compiled C for this processor, but is not."""
    return _processor() in PROCESSORS and not is_available()


def _digest(folder: Path) -> str:
    """Tells files in C from those of other versions."""
    files = sorted([*folder.glob("*.c"), *folder.glob("*.h")])
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def _processor() -> str:
    """What PyTorch takes this processor for, or what `ATEN_CPU_CAPABILITY` says it is."""
    return torch.backends.cpu.get_cpu_capability().lower()


def call(name: str, *arguments: Any) -> None:
    """Call a function in C; tensors are passed as addresses, None as none."""
    plain = [one.data_ptr() if isinstance(one, Tensor) else one for one in arguments]
    getattr(library(), name)(*plain)


def is_ready() -> bool:
    """Whether C may compute here and now.

    There is some, few threads, and nothing that makes other operations of PyTorch's or looks at
    them: autocast, `torch.func`, dispatch modes, traces.
    """
    return (
        library() is not None
        and torch.get_num_threads() <= MOST_THREADS
        and not torch.is_autocast_enabled("cpu")
        and not torch._C._are_functorch_transforms_active()  # noqa: SLF001 - nothing else says it
        and not torch._C._len_torch_dispatch_stack()  # noqa: SLF001
        and not torch._C._is_tracing()  # noqa: SLF001
    )


def is_plain(tensor: Tensor) -> bool:
    """Whether a tensor is float32 in this processor's memory, and nothing but a tensor."""
    return (
        type(tensor) in KINDS
        and tensor.dtype is torch.float32
        and tensor.is_cpu
        and tensor.numel() > 0
        and not tensor.is_neg()
    )


def is_vector(tensor: Tensor | None, length: int) -> bool:
    """Whether there is a plain tensor of so many numbers, one after the other."""
    if tensor is None:
        return False
    return is_plain(tensor) and tensor.shape == (length,) and tensor.is_contiguous()


def in_memory(gradients: Tensor, layout: torch.memory_format = torch.contiguous_format) -> Tensor:
    """Gradients as C takes them: laid out so, with the signs that they have."""
    return gradients.resolve_neg().contiguous(memory_format=layout)


def gradients_again(
    plain: Callable[..., Tensor], inputs: Sequence[Tensor], gradients: Tensor
) -> list[Tensor | None]:
    """Gradients by PyTorch's operations, for who wants to differentiate them in their turn.

    Args:
        plain: computes what the C does.
        inputs: of both.
        gradients: of what comes out.
    """
    given = [one.view_as(one) for one in inputs]  # of which none comes from another
    needed = [one for one in given if one.requires_grad]
    found = iter(torch.autograd.grad(plain(*given), needed, gradients, create_graph=True))
    return [next(found) if one.requires_grad else None for one in given]
