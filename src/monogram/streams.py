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


def torch_seed(seed: int, *place: Place) -> int:
    """A seed in [0, 2**62) for `torch.manual_seed`, for what PyTorch draws by itself.

    It leaves room to add a step number.
    """
    return _digest(seed, place, 8) >> 2


def rank(seed: int, *place: Place) -> int:
    """A fixed pseudo-random number of a place: to sort by it is to shuffle."""
    return _digest(seed, place, 8)
