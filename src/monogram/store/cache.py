"""Decoded deltas kept in memory, the least recently used given up first."""

from collections import OrderedDict
from threading import Lock

from torch import Tensor

from monogram.store.tensors import size_of

Tensors = dict[str, Tensor]
DEFAULT_LIMIT = 256 * 2**20


class DeltaCache:
    """Tensors by individual and content hash: another content is never taken for this one.

    Args:
        limit: bytes of tensors that are kept.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._kept: OrderedDict[tuple[bytes, str], Tensors] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    @property
    def size(self) -> int:
        """Bytes kept now."""
        return self._size

    def __len__(self) -> int:
        """Deltas kept now."""
        return len(self._kept)

    def get(self, key: bytes, content_hash: str) -> Tensors | None:
        """The tensors, or None when they are not here."""
        with self._lock:
            found = self._kept.get((key, content_hash))
            if found is not None:
                self._kept.move_to_end((key, content_hash))
            return found

    def put(self, key: bytes, content_hash: str, tensors: Tensors) -> None:
        """Keep tensors, unless they alone are above the limit."""
        size = size_of(tensors)
        with self._lock:
            self._drop((key, content_hash))
            if size > self._limit:
                return
            self._kept[key, content_hash] = tensors
            self._size += size
            while self._size > self._limit:
                self._drop(next(iter(self._kept)))

    def purge(self, key: bytes) -> int:
        """Give up all that an individual has here; how many there were."""
        with self._lock:
            mine = [place for place in self._kept if place[0] == key]
            for place in mine:
                self._drop(place)
            return len(mine)

    def _drop(self, place: tuple[bytes, str]) -> None:
        tensors = self._kept.pop(place, None)
        if tensors is not None:
            self._size -= size_of(tensors)
