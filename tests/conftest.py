"""Shared fixtures."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Sums in one order only: results are compared bit for bit, and workers use one thread each."""
    torch.set_num_threads(1)
