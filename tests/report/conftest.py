"""Results to report on: a tiny real run, and made-up ones."""

from pathlib import Path

import numpy as np
import pytest
from tests.report.synthetic import BASELINE, synthetic

from monogram.population import from_arrays
from monogram.study import Results, Study


@pytest.fixture(scope="session")
def some() -> Results:
    """Twenty individuals, for whom rehearsal pays."""
    return synthetic([f"person {nth}" for nth in range(20)])


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A run of four people, as the study leaves it."""
    draw = np.random.default_rng(3)
    owners = np.repeat(["anna", "ben", "çağla", "dmitri"], 30)
    labels = draw.integers(0, 3, 120)
    inputs = draw.normal(size=(120, 5)) + labels[:, None]
    shared = draw.integers(0, 3, 200)
    population = from_arrays(
        inputs.astype(np.float32), labels, owners,
        global_inputs=(draw.normal(size=(200, 5)) + shared[:, None]).astype(np.float32),
        global_labels=shared, name="four people",
    )  # fmt: skip
    study = Study(
        population,
        curricula=[BASELINE, "global >> personal(iterations=5)", "mixed(every=2)"],
        network="mlp(hidden=8)",
        epochs=1,
    )
    return study.run(Path(tmp_path_factory.mktemp("run")) / "out", workers=1)
