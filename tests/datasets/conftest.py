"""Where the publishers' files lie, for the tests that need them."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def published() -> Path:
    """The folder with the publishers' files; without one, its tests are skipped."""
    beside = Path(__file__).parents[3] / "shared" / "data"
    for folder in (os.environ.get("MONOGRAM_DATA"), beside):
        if folder and Path(folder).is_dir():
            return Path(folder)
    pytest.skip("no folder with the publishers' files: set MONOGRAM_DATA")
