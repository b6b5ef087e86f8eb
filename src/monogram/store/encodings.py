"""How one changed tensor is written: losslessly, or smaller within a bound on accuracy.

| encoding | text | keeps, of the difference to the base | bytes, of float32 |
|---|---|---|---|
| `Lossless` | `lossless` | every bit | 65–80 % |
| `Half` | `half` | half precision | 40–50 % |
| `Quantized` | `int8`, `int4` | whole multiples of a scale for each output channel | 22 %, 9 % |
| `TopK` | `topk(0.05)` | that share of largest changes, in half precision | 4 % at 0.05 |
| `LowRank` | `lowrank(8)` | that many singular directions, in half precision | 4–7 % at 8 |

The lossy ones apply to matrices and convolutions; what is small or delicate (biases, statistics
of batch normalisation, counters) stays lossless. Parts are byte-shuffled and compressed
(Zstandard); the lossless encoding does so with the bits that differ from the base's (XOR).
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
import zstandard
from torch import Tensor

from monogram.errors import SettingError
from monogram.store.tensors import raw_bytes

LEVEL = 3  # of Zstandard; higher ones gain less than one per cent on weights
SMALLEST_LOSSY = 256  # elements
MOST_BITS, FEWEST_BITS = 8, 2

Parts = dict[str, np.ndarray]
Bytes = np.ndarray


class Encoding(Protocol):
    """One way to write a tensor as its difference to the base's.

    `pack` gives byte arrays by part name and `unpack` the values again, float32 like the
    difference; the text form names the encoding in the store.
    """

    def pack(self, change: np.ndarray) -> Parts:
        """The parts of a difference, float32 [rows, …]."""
        ...

    def unpack(self, parts: Parts, shape: tuple[int, ...]) -> np.ndarray:
        """The difference, float32, as far as the encoding keeps it."""
        ...


@dataclass(frozen=True)
class Lossless:
    """Every bit; see `pack_exactly`."""

    def __str__(self) -> str:
        """The text form."""
        return "lossless"


@dataclass(frozen=True)
class Half:
    """The difference in half precision."""

    def __str__(self) -> str:
        """The text form."""
        return "half"

    def pack(self, change: np.ndarray) -> Parts:
        """One part: the values."""
        with np.errstate(over="ignore"):
            return {"half": squeeze(change.astype(np.float16))}

    def unpack(self, parts: Parts, shape: tuple[int, ...]) -> np.ndarray:
        """The values, widened."""
        return expand(parts["half"], np.float16).reshape(shape).astype(np.float32)


@dataclass(frozen=True)
class Quantized:
    """Whole multiples of a scale for each output channel.

    Attributes:
        bits: of a multiple, 2 to 8.

    Raises:
        SettingError: bits out of range.
    """

    bits: int = 8

    def __post_init__(self) -> None:
        """Refuse what fits no byte."""
        if not FEWEST_BITS <= self.bits <= MOST_BITS:
            raise SettingError(f"int{self.bits}: {FEWEST_BITS} to {MOST_BITS} bits are possible")

    def __str__(self) -> str:
        """The text form."""
        return f"int{self.bits}"

    def pack(self, change: np.ndarray) -> Parts:
        """The multiples, int8 [rows, …], and the scales, float32 [rows]."""
        rows = change.reshape(len(change), -1)
        scale = (np.abs(rows).max(axis=1) / (2 ** (self.bits - 1) - 1)).astype(np.float32)
        steps = np.where(scale > 0, scale, 1)[:, None]
        return {
            "multiple": squeeze(np.rint(rows / steps).astype(np.int8)),
            "scale": squeeze(scale),
        }

    def unpack(self, parts: Parts, shape: tuple[int, ...]) -> np.ndarray:
        """Multiples times scales."""
        rows = expand(parts["multiple"], np.int8).reshape(shape[0], -1).astype(np.float32)
        scaled: np.ndarray = rows * expand(parts["scale"], np.float32)[:, None]
        return scaled.reshape(shape)


@dataclass(frozen=True)
class TopK:
    """The largest changes only, in half precision.

    Attributes:
        share: of a tensor's elements that are kept, in (0, 1].

    Raises:
        SettingError: the share is out of range.
    """

    share: float = 0.05

    def __post_init__(self) -> None:
        """Refuse what keeps nothing."""
        if not 0 < self.share <= 1:
            raise SettingError(f"topk({self.share}): the share must be in (0, 1]")

    def __str__(self) -> str:
        """The text form."""
        return f"topk({self.share:g})"

    def pack(self, change: np.ndarray) -> Parts:
        """The values, float16 [k], and the gaps between their places, uint32 [k]."""
        flat = change.reshape(-1)
        count = max(1, round(self.share * flat.size))
        places = np.sort(np.argpartition(np.abs(flat), -count)[-count:])
        gaps = np.diff(places, prepend=0).astype(np.uint32)
        with np.errstate(over="ignore"):
            return {"gap": squeeze(gaps), "half": squeeze(flat[places].astype(np.float16))}

    def unpack(self, parts: Parts, shape: tuple[int, ...]) -> np.ndarray:
        """The values at their places, zero elsewhere."""
        flat = np.zeros(int(np.prod(shape)), np.float32)
        places = np.cumsum(expand(parts["gap"], np.uint32), dtype=np.int64)
        flat[places] = expand(parts["half"], np.float16)
        return flat.reshape(shape)


@dataclass(frozen=True)
class LowRank:
    """The strongest singular directions of the matrix [rows, everything else].

    The product is taken in double precision and rounded once, so that machines agree but for
    rare last digits.

    Attributes:
        rank: directions kept, at least 1.

    Raises:
        SettingError: no directions.
    """

    rank: int = 8

    def __post_init__(self) -> None:
        """Refuse what keeps nothing."""
        if self.rank < 1:
            raise SettingError(f"lowrank({self.rank}): the rank must be at least 1")

    def __str__(self) -> str:
        """The text form."""
        return f"lowrank({self.rank})"

    def pack(self, change: np.ndarray) -> Parts:
        """Two factors, float16 [rows, rank] and [rank, columns]; as `Half` where that is less."""
        rows = change.reshape(len(change), -1)
        rank = min(self.rank, *rows.shape)
        if rank * sum(rows.shape) >= rows.size:
            return Half().pack(change)
        left, right = _strongest(rows.astype(np.float64), rank)
        with np.errstate(over="ignore"):
            return {
                "left": squeeze(left.astype(np.float16)),
                "right": squeeze(right.astype(np.float16)),
            }

    def unpack(self, parts: Parts, shape: tuple[int, ...]) -> np.ndarray:
        """The factors' product."""
        if "half" in parts:
            return Half().unpack(parts, shape)
        left = expand(parts["left"], np.float16).reshape(shape[0], -1).astype(np.float64)
        right = expand(parts["right"], np.float16).reshape(left.shape[1], -1).astype(np.float64)
        product: np.ndarray = (left @ right).astype(np.float32)
        return product.reshape(shape)


AnyEncoding = Lossless | Half | Quantized | TopK | LowRank
_FORMS: dict[str, Callable[[str], AnyEncoding]] = {
    r"lossless": lambda _: Lossless(),
    r"half": lambda _: Half(),
    r"int(\d)": lambda bits: Quantized(int(bits)),
    r"topk\(([\d.e-]+)\)": lambda share: TopK(float(share)),
    r"lowrank\((\d+)\)": lambda rank: LowRank(int(rank)),
}


def encoding(text: str | AnyEncoding) -> AnyEncoding:
    """The encoding that a text means.

    >>> encoding("topk(0.05)")
    TopK(share=0.05)

    Raises:
        SettingError: no such encoding, or an option out of range.
    """
    if not isinstance(text, str):
        return text
    for form, make in _FORMS.items():
        if match := re.fullmatch(form, text.strip()):
            with suppress(ValueError):  # signs that are no number, such as "-"
                return make(match[1] if match.groups() else "")
    raise SettingError(
        f"unknown encoding {text!r}. Known: lossless, half, int8 down to int2, topk(0.05), "
        "lowrank(8); to keep models, smallest too"
    )


def squeeze(values: np.ndarray) -> Bytes:
    """Values as compressed bytes, uint8 [n]: all first bytes, then the second, and so on."""
    columns = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
    shuffled = columns.reshape(-1, values.itemsize).T.tobytes()
    packed = zstandard.ZstdCompressor(level=LEVEL).compress(shuffled)
    return np.frombuffer(packed, np.uint8)


def expand(packed: Bytes, kind: "np.typing.DTypeLike") -> np.ndarray:
    """The values, [n] of a type, that `squeeze` made."""
    shuffled = zstandard.ZstdDecompressor().decompress(packed.tobytes())
    columns = np.frombuffer(shuffled, np.uint8).reshape(np.dtype(kind).itemsize, -1)
    return np.ascontiguousarray(columns.T).reshape(-1).view(kind)


def _strongest(rows: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Factors [m, rank] and [rank, n] of the best approximation, the strength shared by both.

    By the eigenvectors of the smaller of the two Gram matrices: ten to a hundred times faster
    than a whole singular value decomposition.
    """
    if len(rows) > rows.shape[1]:
        right, left = _strongest(rows.T, rank)
        return left.T, right.T
    strengths, directions = np.linalg.eigh(rows @ rows.T)
    left = directions[:, ::-1][:, :rank]
    root = np.maximum(strengths[::-1][:rank], 1e-300) ** 0.25
    return left * root, (left.T @ rows) / root[:, None]


def pack_exactly(base: Tensor, value: Tensor) -> Parts:
    """One part: the bits in which a tensor differs from the base's."""
    bits = raw_bytes(base).numpy() ^ raw_bytes(value).numpy()
    return {"bits": squeeze(bits.view(f"V{value.element_size()}"))}


def unpack_exactly(base: Tensor, parts: Parts) -> Tensor:
    """The tensor, bit for bit."""
    bits = expand(parts["bits"], f"V{base.element_size()}").view(np.uint8)
    whole = torch.from_numpy(raw_bytes(base).numpy() ^ bits)
    return whole.view(base.dtype).reshape(base.shape)


def can_lose(value: Tensor) -> bool:
    """Whether a lossy encoding may be applied: weights of a matrix or convolution, not small."""
    return value.is_floating_point() and value.dim() > 1 and value.numel() >= SMALLEST_LOSSY
