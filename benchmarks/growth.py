"""How time and memory grow with the people, for each network; a head's for 100,000 of them.

Each size is a study in a process of its own, from first weights to `results.parquet`: 20 iterations
and the judging for everybody, and the global-only model judged on everybody. Memory is what the
processes hold besides the data, which is mapped from the disk and may be dropped at any time.
`python -m benchmarks growth`.
"""

import json
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil

from benchmarks.price.workloads import WORKLOADS
from monogram.population import open_population, save_population
from monogram.study import Study

PEOPLE = (10, 100, 1_000, 10_000, 100_000)
MOST = (100_000, 10_000, 1_000, 100, 100)  # people, by network: minutes each
OWN = 24  # training samples of each person
JUDGED = 100  # samples of D_G
EVERY = 0.5  # seconds between two looks at the memory


def run() -> dict[str, Any]:
    """Measure all networks and sizes."""
    sizes = [
        _in_a_process(network, people)
        for network, most in enumerate(MOST)
        for people in PEOPLE
        if people <= most
    ]
    lines = [
        f"{one['workload']}, {one['people']:,} people: {one['seconds']:.1f} s, "
        f"{1e3 * one['seconds'] / one['people']:.2f} ms a person, "
        f"{one['memory'] / 2**20:,.0f} MiB besides {one['data'] / 2**20:,.0f} MiB of data"
        for one in sizes
    ]
    return {"own": OWN, "judged": JUDGED, "sizes": sizes, "lines": lines}


def _in_a_process(network: int, people: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.growth", str(network), str(people)]
    found = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(json.loads(found.splitlines()[-1]))


def measure(network: int, people: int) -> dict[str, Any]:
    """A study of so many people with one of the networks."""
    workload = replace(WORKLOADS[network], people=people, own=OWN, judged=JUDGED)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as data:
        save_population(workload.population(), Path(data))
        population = open_population(Path(data))
        study = Study(
            population, [workload.curriculum], network=workload.network, epochs=1, curves=False
        )
        memory = Memory()
        started = perf_counter()
        results = study.run(folder)
        seconds = perf_counter() - started
        most = memory.stop()
    assert len(results.rows) == 2 * people
    return {
        "workload": workload.name.partition(", 9,000")[0],
        "people": people,
        "seconds": seconds,
        "memory": most,
        "data": population.inputs.nbytes,
    }


class Memory(threading.Thread):
    """Watches the memory of this process and its children: what is theirs alone, not mapped."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._stopped = threading.Event()
        self._most = 0
        self.start()

    def run(self) -> None:
        while not self._stopped.wait(EVERY):
            self._most = max(self._most, _private())

    def stop(self) -> int:
        """The most bytes that were held at once, more than at the beginning."""
        self._stopped.set()
        self.join()
        return self._most


def _private() -> int:
    """Bytes that this process and its children hold and no file does (Linux)."""
    process = psutil.Process()
    pids = [process.pid, *(child.pid for child in process.children(recursive=True))]
    return sum(map(_anonymous, pids))


def _anonymous(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:  # it has ended
        return 0
    lines = dict(line.split(":", 1) for line in status.splitlines())
    return 1024 * int(lines.get("RssAnon", "0").split()[0])


if __name__ == "__main__":
    print(json.dumps(measure(*map(int, sys.argv[1:]))))
