"""What a named source is, and what is asked of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from monogram.errors import SettingError
from monogram.population import Population, Protocol

Kind = Literal["class counts", "hidden factors"]


@dataclass(frozen=True)
class Request:
    """What is asked of a named source.

    Attributes:
        individuals: how many; None: the source's default.
        data_dir: the folder that holds one folder per source; None: $MONOGRAM_DATA, else the
            user's cache.
        protocol: the split.
        seed: of the choice of individuals and of the split.
        part: which of the source's parts to read; None: its first.
        global_samples: how many samples D_G gets; None: the source's default.
        progress: whether downloads show a bar on standard error.
    """

    individuals: int | None = None
    data_dir: Path | None = None
    protocol: Protocol = field(default_factory=Protocol)
    seed: int = 0
    part: str | None = None
    global_samples: int | None = None
    progress: bool = True


@dataclass(frozen=True)
class Source:
    """A named source of real data.

    Attributes:
        name: what the command line calls it.
        description: one line.
        kind: how its individuals differ, in the paper's words.
        bundled: whether its data comes with the installation.
        individuals: the default number of individuals.
        read: makes the population that a request asks for.
        parts: the parts it can read, the default first; none: it has no parts.
        global_samples: the default size of D_G in samples; None: it is not to choose.
        downloaded: whether files that are missing are fetched from the publisher.
    """

    name: str
    description: str
    kind: Kind
    bundled: bool
    individuals: int
    read: Callable[[Request], Population]
    parts: tuple[str, ...] = ()
    global_samples: int | None = None
    downloaded: bool = True


def head_count(source: str, asked: int | None, default: int, maximum: int) -> int:
    """How many individuals to make.

    Raises:
        SettingError: fewer than one, or more than the data allows.
    """
    count = min(default, maximum) if asked is None else asked
    if not 1 <= count <= maximum:
        raise SettingError(
            f"{source}: {count} individuals were asked for; its data allows 1 to {maximum}"
        )
    return count
