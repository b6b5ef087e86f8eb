"""The named sources, and the one way to read any of them."""

import os
from dataclasses import replace
from pathlib import Path

from monogram.datasets import digits, fashion_mnist, nist_sd19, qmnist, watch
from monogram.datasets.source import Request, Source
from monogram.errors import DataError, SettingError, did_you_mean, shorten
from monogram.population import Population, Protocol

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        watch.SOURCE,
        digits.SOURCE,
        fashion_mnist.SOURCE,
        qmnist.SOURCE,
        nist_sd19.SOURCE,
    )
}


def load(  # noqa: PLR0913 - what can be asked of a source, each by its name
    name: str,
    *,
    individuals: int | None = None,
    data_dir: Path | None = None,
    protocol: Protocol = Protocol(),
    seed: int = 0,
    part: str | None = None,
    global_samples: int | None = None,
    progress: bool = True,
) -> Population:
    """The population of a named source.

    The same seed gives the same individuals: asking for fewer gives the first of them, and
    neither their data nor D_G depends on how many are asked for.

    Args:
        name: a key of `SOURCES`.
        individuals: how many; None: the source's default.
        data_dir: the folder that holds one folder per source; None: $MONOGRAM_DATA, else the
            user's cache. What is missing there is downloaded.
        protocol: the split.
        seed: of the choice of individuals and of the split.
        part: which of the source's parts to read; None: its first.
        global_samples: how many samples D_G gets; None: the source's default.
        progress: whether downloads show a bar on standard error.

    Raises:
        DataError: no such source, or its files are missing or damaged.
        SettingError: an option that the source does not have or that is out of range.

    Examples:
        >>> print(load("digits", individuals=3))
        digits: 3 individuals (99 samples each), 807 global samples, ...
    """
    source = SOURCES.get(name)
    if source is None:
        raise DataError(_unknown(name))
    asked = Request(individuals, data_dir, protocol, seed, part, global_samples, progress)
    return source.read(_settled(source, asked))


def _settled(source: Source, asked: Request) -> Request:
    """The request with the source's defaults in it."""
    part, size = asked.part, asked.global_samples
    if part is not None and part not in source.parts:
        known = f"its parts are {', '.join(source.parts)}" if source.parts else "it has no parts"
        raise SettingError(f"{source.name} has no part {shorten(part)!r}; {known}")
    if size is not None and source.global_samples is None:
        raise SettingError(f"{source.name}'s global data is fixed; do not ask for a size")
    if size is not None and size < 1:
        raise SettingError(f"{source.name}: {size} global samples were asked for; 1 are needed")
    return replace(
        asked,
        part=part or (source.parts[0] if source.parts else None),
        global_samples=source.global_samples if size is None else size,
    )


def _unknown(name: str) -> str:
    if os.path.exists(name):  # noqa: PTH110 - Path(name) raises where a name can be no path
        return f"{shorten(name)} is no source, but data of your own: give it with --data"
    hint = did_you_mean(name, SOURCES)
    return f"there is no source {shorten(name)!r}{hint} The sources are {', '.join(SOURCES)}"
