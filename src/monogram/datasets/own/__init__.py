"""Reading the user's own data; every format's reader returns the same `Columns`."""

from monogram.datasets.own.read import read_own

__all__ = ["read_own"]
