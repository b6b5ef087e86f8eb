"""Tensors as bytes: safetensors with a description inside, content hashes, bit for bit equality."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save as write_tensors
from torch import Tensor

from monogram.errors import StoreError

LENGTH_BYTES = 8  # a safetensors file begins with the length of its header, little endian
KEY = "monogram"

Weights = Mapping[str, Tensor]


def digest(content: bytes) -> str:
    """The content's name: its SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def raw_bytes(tensor: Tensor) -> Tensor:
    """A tensor's bytes as they are in memory, uint8 [bytes]; signs of zero and NaNs included."""
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)


def same(first: Tensor, second: Tensor) -> bool:
    """Whether two tensors have the same type, shape and bytes."""
    if first.dtype != second.dtype or first.shape != second.shape:
        return False
    return torch.equal(raw_bytes(first), raw_bytes(second))


def to_bytes(tensors: Weights, about: Mapping[str, Any]) -> bytes:
    """Tensors and a description as the bytes of one safetensors file.

    Args:
        tensors: by name; each is copied, so that names may share memory.
        about: plain values, the same for the same content.
    """
    copies = {name: t.detach().cpu().clone().contiguous() for name, t in tensors.items()}
    return write_tensors(copies, metadata={KEY: json.dumps(about, sort_keys=True)})


def from_bytes(content: bytes, what: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the description in a safetensors file's bytes.

    Args:
        content: the file.
        what: names the content in the error.

    Raises:
        StoreError: these are not the bytes of such a file.
    """
    try:
        tensors = read_tensors(content)
        length = int.from_bytes(content[:LENGTH_BYTES], "little")
        header = json.loads(content[LENGTH_BYTES : LENGTH_BYTES + length])
        about: dict[str, Any] = json.loads(header["__metadata__"][KEY])
    except (SafetensorError, ValueError, KeyError) as error:
        raise StoreError(f"{what} is damaged: {type(error).__name__}: {error}") from error
    return tensors, about


def size_of(tensors: Weights) -> int:
    """Bytes that tensors take in memory."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
