"""Random streams keyed by where they are used, never by when.

Every draw in Monogram comes from a stream named by (seed, place …): for training that is
(seed, individual, place in the curriculum, source). Results therefore do not depend on the
order of the individuals, on who else is there, on the number of workers or on interruptions.
"""

import hashlib
import json

import numpy as np

Place = str | int | None


def _digest(seed: int, place: tuple[Place, ...], size: int) -> int:
    name = json.dumps([seed, *place], separators=(",", ":")).encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=size).digest(), "little")


def stream(seed: int, *place: Place) -> np.random.Generator:
    """The random stream of one place.

    >>> int(stream(0, "split", "anna").integers(1000)) == int(
    ...     stream(0, "split", "anna").integers(1000)
    ... )
    True
    """
    return np.random.Generator(np.random.Philox(key=_digest(seed, place, 16)))


class Streams:
    """The streams of places that differ in their last part alone, a whole number.

    The same as those of `stream`, eight times faster: one generator is given another key.

    Args:
        seed: of the study.
        *place: all parts but the last.
    """

    def __init__(self, seed: int, *place: Place) -> None:
        name = json.dumps([seed, *place], separators=(",", ":"))[:-1].encode()
        self._begun = hashlib.blake2b(name, digest_size=16)
        self._philox = np.random.Philox(key=0)
        self._fresh = self._philox.state
        self._generator = np.random.Generator(self._philox)

    def __call__(self, last: int) -> np.random.Generator:
        """The random stream of one place; the one before is gone.

        >>> int(Streams(0, "split")(7).integers(1000)) == int(stream(0, "split", 7).integers(1000))
        True
        """
        digest = self._begun.copy()
        digest.update(f",{last}]".encode())
        self._fresh["state"]["key"][:] = np.frombuffer(digest.digest(), dtype="<u8")
        self._philox.state = self._fresh
        return self._generator


def torch_seed(seed: int, *place: Place) -> int:
    """A seed in [0, 2**62) for `torch.manual_seed`, for what PyTorch draws by itself.

    It leaves room to add a step number.
    """
    return _digest(seed, place, 8) >> 2


def rank(seed: int, *place: Place) -> int:
    """A fixed pseudo-random number of a place: to sort by it is to shuffle."""
    return _digest(seed, place, 8)
