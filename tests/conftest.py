"""Shared fixtures."""

import os
from pathlib import Path

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Sums in one order only: results are compared bit for bit, and workers use one thread each."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def published() -> Path:
    """The folder with the publishers' files; without one, its tests are skipped."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    for folder in (os.environ.get("MONOGRAM_DATA"), beside):
        if folder and Path(folder).is_dir():
            return Path(folder)
    pytest.skip("no folder with the publishers' files: set MONOGRAM_DATA")
