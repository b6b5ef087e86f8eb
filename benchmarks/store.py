"""What the store costs: bytes per delta, predicting for many people, loading up to the last one.

    python -m benchmarks.store [--people 100000] [--json store.json]

Ratios are of one run on one machine; times are medians in milliseconds.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from monogram.networks import rebuild
from monogram.store import Decision, Entry, Provenance, Store, decode, encode, from_pretrained
from monogram.store.tensors import size_of

NETWORKS = {
    "paper, full width": ("paper(width=1.0)", [1, 32, 32], 30),
    "paper, quarter width": ("paper(width=0.25)", [1, 32, 32], 30),
    "conv1d of watch": ("conv1d(width=16)", [6, 100], 7),
    "mlp of digits": ("mlp(hidden=128)", [1, 28, 28], 10),
}
FORMS = ("lossless", "half", "int8", "int4", "topk(0.05)", "lowrank(8)")
ORIGIN = Provenance("transfer(20)", 0, "0" * 64)
KEPT = Decision("kept", "for timing")
BATCH, PEOPLE = 256, 1000


def describe(name: str) -> dict:
    network, shape, classes = NETWORKS[name]
    return {
        "name": network,
        "input_shape": shape,
        "classes": classes,
        "standardized": True,
        "tokens": False,
    }


def milliseconds(work: Callable[[], object], times: int) -> float:
    spent = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        spent.append(1e3 * (time.perf_counter() - started))
    return statistics.median(spent)


def trained(description: dict) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """A network's weights after some steps, and after ten more: changes as training makes them."""
    torch.manual_seed(0)
    network = rebuild(description).train()
    inputs = torch.randn(128, *description["input_shape"])
    labels = torch.randint(0, description["classes"], (128,))
    states = []
    for rate, steps in ((0.01, 8), (0.003, 10)):
        optimizer = torch.optim.SGD(network.parameters(), lr=rate, momentum=0.9)
        for _ in range(steps):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(inputs), labels).backward()
            optimizer.step()
        states.append({n: t.clone() for n, t in network.state_dict().items()})
    return states[0], states[1]


def head_of(base: dict[str, Tensor], seed: int) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    names = list(base)[-2:]
    return {
        **base,
        **{n: base[n] + 0.01 * torch.randn(base[n].shape, generator=draw) for n in names},
    }


def sizes() -> list[dict]:
    description = describe("paper, full width")
    base, own = trained(description)
    head = {n: own[n] if n in list(base)[-2:] else t for n, t in base.items()}
    rows = []
    for form in FORMS:
        row: dict = {"encoding": form}
        for kind, weights in (("head", head), ("all", own)):
            delta = encode(base, weights, form)
            row[f"{kind} bytes"] = len(delta)
            row[f"{kind} %"] = round(100 * len(delta) / size_of(base), 2)
            row[f"{kind} decode ms"] = round(milliseconds(partial(decode, base, delta), 15), 2)
        rows.append(row)
    return rows


def mixed(name: str, folder: Path) -> dict:
    """A batch of many individuals at once, against loading and running one after the other."""
    description = describe(name)
    base = {n: t.clone() for n, t in rebuild(description).state_dict().items()}
    with Store.create(folder / f"{description['name']}.db") as store:
        known = store.add_base(
            description, map(str, range(description["classes"])), base, provenance=ORIGIN
        )
        entries = [
            Entry(f"person {i}", head_of(base, i), known.hash, KEPT, ORIGIN) for i in range(PEOPLE)
        ]
        store.commit_all(entries)
        ids = [f"person {(i * 389) % PEOPLE}" for i in range(BATCH)]
        inputs = torch.rand(BATCH, *description["input_shape"])
        whole = folder / f"{description['name']}-whole"
        store.save_pretrained(whole, ids[0], whole=True)

        def one(i: int) -> None:
            with torch.inference_mode():
                store.model(ids[i])(inputs[i : i + 1])

        def naive() -> None:
            with torch.inference_mode():
                from_pretrained(whole)(inputs[:1])

        store.predict(ids[:2], inputs[:2])
        with Store.open(folder / f"{description['name']}.db") as cold:
            cold.predict(["person 7"], inputs[:1])
            started = time.perf_counter()
            cold.predict(ids, inputs)
            first = 1e3 * (time.perf_counter() - started)
        together = milliseconds(lambda: store.predict(ids, inputs), 7)
        places = iter(list(range(BATCH)) * 2)
        single = milliseconds(lambda: one(next(places)), 64) * BATCH
        files = milliseconds(naive, 24) * BATCH
    return {
        "network": name,
        "together ms": round(together, 1),
        "together, nothing cached ms": round(first, 1),
        "one by one from the store ms": round(single, 1),
        "one by one from files ms": round(files, 1),
        "ratio to the store": round(single / together, 1),
        "ratio to files": round(files / together, 1),
    }


def _commit_next(store: Store, entry: Callable[[int], Entry], numbers: Iterator[int]) -> None:
    store.commit_all([entry(next(numbers))])


def _load_next(store: Store, numbers: Iterator[int]) -> None:
    store.weights(f"person {next(numbers)}")


def growth(people: int, folder: Path) -> list[dict]:
    """Commit and load of a head-only delta, as the store grows."""
    description = describe("paper, full width")
    base = {n: t.clone() for n, t in rebuild(description).state_dict().items()}
    owns = [head_of(base, seed) for seed in range(8)]
    rows: list[dict] = []
    with Store.create(folder / "growth.db", cache_bytes=0) as store:
        known = store.add_base(description, map(str, range(30)), base, provenance=ORIGIN)

        def entry(n: int) -> Entry:
            return Entry(f"person {n}", owns[n % 8], known.hash, KEPT, ORIGIN)

        done = 0
        for goal in sorted({min(people, n) for n in (1000, 10_000, 50_000, people)}):
            started = time.perf_counter()
            bulk = max(0, goal - 200 - done)
            for start in range(done, done + bulk, 500):
                stop = min(start + 500, done + bulk)
                store.commit_all([entry(n) for n in range(start, stop)])
            each = 1e3 * (time.perf_counter() - started) / max(1, bulk)
            done += bulk
            numbers = iter(range(done, goal))
            commit = milliseconds(partial(_commit_next, store, entry, numbers), goal - done)
            done = goal
            wanted = iter([(n * 7919) % goal for n in range(500)])
            load = milliseconds(partial(_load_next, store, wanted), 300)
            rows.append(
                {
                    "individuals": goal,
                    "commit ms": round(commit, 2),
                    "commit by 500 ms": round(each, 2),
                    "load ms": round(load, 3),
                    "file MB": round((folder / "growth.db").stat().st_size / 1e6, 1),
                }
            )
    return rows


def table(rows: list[dict]) -> str:
    heads = list(rows[0])
    lines = [heads, ["---"] * len(heads), *([str(v) for v in row.values()] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def run(people: int = 20_000, threads: int = 1) -> dict:
    """All tables, as lines and as values."""
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        tables = {
            "bytes of one delta, paper's network at full width": sizes(),
            f"a batch of {BATCH} of {PEOPLE} individuals with own heads": [
                mixed(name, Path(folder)) for name in NETWORKS
            ],
            "a growing store of own heads, paper's network at full width": growth(
                people, Path(folder)
            ),
        }
    lines = [
        line for name, rows in tables.items() for line in ("", name, "", *table(rows).split("\n"))
    ]
    return {"threads": threads, "tables": tables, "lines": lines}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, default=Path("benchmarks/results/store.json"))
    asked = parser.parse_args()
    figures = run(asked.people, asked.threads)
    print("\n".join(figures["lines"]))
    asked.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
