"""Results without any training, for everything that is rare or large."""

from collections.abc import Callable, Sequence

import numpy as np

from monogram.engine import Row
from monogram.population import Population, Protocol, Remark, SetAside, Split
from monogram.study import Results, summarise

BASE = "global(epochs=4)"
BASELINE = "union(epochs=4) on other"
TRANSFER = "global(epochs=4) >> personal(iterations=20)"
REHEARSAL = "global(epochs=4) >> mixed(every=2, iterations=200)"
WEIGHTING = "mixed(every=1/8, epochs=4)"
ORDER = (BASE, BASELINE, TRANSFER, REHEARSAL, WEIGHTING)
COST = {BASE: 0, BASELINE: 1000, TRANSFER: 20, REHEARSAL: 200, WEIGHTING: 900}
EACH = 6  # samples of an individual

Accuracies = Callable[[str, int], tuple[float, float]]


def usual(curriculum: str, nth: int) -> tuple[float, float]:
    """Personal and global accuracy of the nth individual's model: rehearsal is worth choosing."""
    means = {BASE: (0.80, 0.9), BASELINE: (0.81, 0.9), TRANSFER: (0.95, 0.7)}
    personal, shared = means.get(curriculum, (0.92, 0.895))
    wobble = ((nth * 7) % 11 - 5) / 100
    own = {TRANSFER: 0.5, BASE: 1.0}.get(curriculum, ((nth * 5) % 7) / 7)
    return personal + wobble * own, shared if curriculum == BASE else shared + wobble / 10


def row(curriculum: str, individual: str, evaluated_on: str, both: tuple[float, float]) -> Row:
    """The row of one model, its validation figures those that are reported."""
    personal, shared = both
    return Row(
        curriculum=curriculum, individual=individual, evaluated_on=evaluated_on, seed=0,
        personal_accuracy=personal, personal_accuracy_validation=personal,
        global_accuracy=shared, global_accuracy_validation=shared,
        personal_loss=0.5, personal_loss_validation=0.5, global_loss=0.5,
        global_loss_validation=0.5, personal_samples=25, own_iterations=1, shared_iterations=1,
        own_samples=COST.get(curriculum, 10), shared_samples=0 if "union" in curriculum else 900,
        baseline_samples=1000, seconds=1.0, shared_seconds=2.0, evaluation_seconds=0.1,
        collapsed=False,
    )  # fmt: skip


def synthetic(
    ids: Sequence[str],
    accuracies: Accuracies = usual,
    *,
    order: Sequence[str] = ORDER,
    floor: float | None = None,
    paper: bool = False,
    shape: tuple[int, ...] = (3,),
    set_aside: Sequence[SetAside] = (),
    failures: Sequence[str] = (),
    remarks: Sequence[Remark] = (),
    classes: tuple[str, ...] = ("no", "yes"),
    name: str = "people",
    change: Callable[[Row], Row] = lambda one: one,
) -> Results:
    """Results without any training."""
    rows = [
        change(row(c, one, ids[nth - 1] if "other" in c else one, accuracies(c, nth)))
        for c in order
        for nth, one in enumerate(ids)
    ]
    total = EACH * (len(ids) + 1)
    starts = [EACH * nth for nth in range(len(ids) + 1)]
    middle = 5 if paper else 4
    splits = [
        Split(range(s, s + 3), range(s + 3, s + (6 if paper else middle)),
              range(s + (3 if paper else middle), s + EACH))
        for s in starts
    ]  # fmt: skip
    population = Population(
        name=name,
        inputs=np.random.default_rng(0).random((total, *shape), dtype=np.float32),
        labels=np.arange(total) % len(classes),
        classes=classes,
        global_data=splits[-1],
        individuals=dict(zip(ids, splits, strict=False)),
        protocol=Protocol.paper() if paper else Protocol(),
        set_aside=tuple(set_aside),
        remarks=tuple(remarks),
    )
    study = {
        "individuals": list(ids), "curricula": list(order), "base": BASE, "network": "mlp",
        "standardize": True, "epochs": 4, "seeds": [0], "recipe": {"batch_size": 128},
        "min_global_accuracy": floor, "device": "cpu", "threads": 1, "fingerprint": "abc",
    }  # fmt: skip
    summary = summarise(
        rows, order, BASE, floor=floor, set_aside=len(set_aside), failed=len(failures)
    )
    return Results(tuple(rows), summary, population, {"study": study}, tuple(failures))
