"""Where populations come from: named sources of real data, and the user's own files.

`load` reads a named source of `SOURCES`; `read_own` reads Parquet, CSV, NumPy, Hugging Face
and image files.
"""

from monogram.datasets.own import read_own
from monogram.datasets.registry import SOURCES, load
from monogram.datasets.source import Request, Source

__all__ = ["SOURCES", "Request", "Source", "load", "read_own"]
