"""What a model costs with Flower and pfl taking part: `price` where both are installed.

`make bench-peers`.
"""

from benchmarks.price import run

__all__ = ["run"]
