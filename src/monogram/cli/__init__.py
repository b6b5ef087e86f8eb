"""The command line: thin, since everything it does is a few lines of Python too."""

from monogram.cli.main import main

__all__ = ["main"]
