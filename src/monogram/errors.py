"""The errors that Monogram raises on purpose.

    MonogramError                 anything a user can do something about
    ├── DataError                 data that cannot be used; names file, field, individual
    ├── CurriculumError           a curriculum that does not parse or makes no sense
    ├── NetworkError              a network that does not fit the data
    ├── SettingError              an option out of its range
    ├── RunError                  a run directory that cannot be used, or a run that could not go on
    │   └── OtherRunError         a run directory that holds something else than what was asked for
    └── StoreError                a store that cannot be used, or what it holds is damaged
        ├── NoStoreError          a place that holds no store
        └── UnknownIndividualError    an individual that the store has no model for

Every message says what was expected, what was found and what to do next. `shorten` keeps
ids and values of any length readable in a message; `did_you_mean` finds the name that was meant.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class MonogramError(Exception):
    """Base of all errors that Monogram raises on purpose."""


class DataError(MonogramError):
    """Data that cannot be used as given."""


class CurriculumError(MonogramError):
    """A curriculum that does not parse, or whose options contradict each other."""


class NetworkError(MonogramError):
    """A network that does not satisfy the contract: inputs of the data in, logits out."""


class SettingError(MonogramError):
    """An option outside its range."""


class RunError(MonogramError):
    """A run directory that cannot be used, or a run that could not go on."""


class OtherRunError(RunError):
    """A run directory that holds something else than what was asked for."""


class StoreError(MonogramError):
    """A store that cannot be used, or something damaged in it."""


class NoStoreError(StoreError):
    """A place that was given for a store and holds none."""


class UnknownIndividualError(StoreError):
    """An individual that the store has no model for."""


def shorten(text: object, limit: int = 60) -> str:
    """The text in one printable line of at most `limit` characters, its middle left out if need be.

    >>> shorten("anna")
    'anna'
    >>> shorten("x" * 10_000, limit=20)
    'xxxxxxxx … (10000 characters)'
    """
    line = "".join(c if c.isprintable() else "�" for c in str(text))
    if len(line) <= limit:
        return line
    return f"{line[: max(8, limit - 24)]} … ({len(line)} characters)"


def in_a_line(error: BaseException) -> str:
    r"""An error of somebody else's code in one line.

    >>> in_a_line(KeyError("x")), in_a_line(ValueError("many\nlines"))
    ("KeyError: 'x'", 'ValueError: many')
    """
    return f"{type(error).__name__}: {error}".split("\n", 1)[0]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What to say after an unknown name: the known one that is most like it, if any is.

    >>> did_you_mean("wach", ["digits", "watch"]), did_you_mean("x", ["digits", "watch"])
    ("; did you mean 'watch'?", '.')
    """
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else "."
