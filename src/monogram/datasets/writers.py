"""Individuals that are writers of digits, and D_G made of other writers' digits.

All writers are ranked by a keyed hash. The individuals are the first, D_G takes writers from the
end until it is full: neither depends on how much of the other is asked for.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from monogram.datasets.images import FLIPPED_CLASSES, FLIPS, with_flips
from monogram.datasets.source import Request, head_count
from monogram.errors import DataError, SettingError
from monogram.population import Population, RawSamples, SetAside, assemble, merge
from monogram.streams import rank

Reader = Callable[[str], RawSamples | SetAside]


@dataclass(frozen=True)
class Shared:
    """D_G, whose writers it comes from, and who had to be passed over."""

    raw: RawSamples
    owners: tuple[str, ...]
    refused: tuple[SetAside, ...]

    @property
    def writers(self) -> int:
        """How many writers D_G keeps from being individuals."""
        return len(self.owners) + len(self.refused)


def population_of_writers(
    source: str, request: Request, default: int, writers: Collection[str], read: Reader
) -> Population:
    """The population that a request asks for, with flipped digits as classes of their own.

    Args:
        source: the name of the source.
        request: how many individuals and global samples, and the split.
        default: the number of individuals when the request names none.
        writers: everybody's id.
        read: a writer's digits, inputs [n, 1, height, width] and labels 0 to 9, not yet
            flipped; or why they cannot be used.

    Raises:
        SettingError: more individuals or global samples than there are writers for.
    """
    ranked = sorted(writers, key=lambda writer: (rank(request.seed, source, writer), writer))
    shared = _from_the_end(source, ranked, read, request.global_samples or 0)
    count = head_count(source, request.individuals, default, len(ranked) - shared.writers)
    found = [read(writer) for writer in ranked[:count]]
    return assemble(
        shared.raw,
        [_flipped(one) for one in found if isinstance(one, RawSamples)],
        name=source,
        classes=FLIPPED_CLASSES,
        protocol=request.protocol,
        seed=request.seed,
        set_aside=[*shared.refused, *(one for one in found if isinstance(one, SetAside))],
        global_owners=shared.owners,
    )


def _from_the_end(source: str, ranked: Sequence[str], read: Reader, samples: int) -> Shared:
    """D_G with as many samples as asked for, to the whole digit with its flips."""
    missing = samples // len(FLIPS)
    if missing < 1:
        raise SettingError(f"{source}: {samples} global samples are fewer than one digit's 3")
    parts: list[RawSamples] = []
    refused: list[SetAside] = []
    for writer in reversed(ranked[1:]):  # the first stays an individual
        found = read(writer)
        if isinstance(found, SetAside):
            refused.append(found)
        elif len(found.labels):
            parts.append(_first(found, missing))
            missing -= len(parts[-1].labels)
        if not missing:
            owners = tuple(str(part.owner) for part in parts)
            return Shared(merge([_flipped(part) for part in parts]), owners, tuple(refused))
    have = samples - missing * len(FLIPS)
    if not parts:
        raise DataError(f"{source}: no writer's digits can be used as global data")
    raise SettingError(
        f"{source}: {samples} global samples were asked for; its other writers have {have}, so "
        "ask for fewer"
    )


def _first(raw: RawSamples, count: int) -> RawSamples:
    return replace(raw, inputs=raw.inputs[:count], labels=raw.labels[:count])


def _flipped(raw: RawSamples) -> RawSamples:
    inputs, labels, groups = with_flips(raw.inputs, raw.labels)
    return replace(raw, inputs=inputs, labels=labels, groups=groups)
