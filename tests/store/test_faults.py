"""Kills, two writers, a full disk: what was acknowledged stays, and the store is whole."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from tests.store.making import HEAD, add_base, changed, commit, same_tensors, weights

from monogram.errors import StoreError
from monogram.store import BaseModel, Store

ROOT = Path(__file__).parents[2]


def writer(place: str, name: str, commits: int, log: str | None = None) -> None:
    """Commit one individual after the other and say so once each is acknowledged."""
    store = Store.open(place)
    base = store.base()
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT) if log else None
    for n in range(commits):
        commit(store, base, f"{name} {n}", HEAD, n)
        if out is not None:
            os.write(out, f"{name} {n}\n".encode())


def forked(*args: object) -> int:
    """A process that does `writer`; forked, since a new interpreter takes seconds to start."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            torch.set_num_threads(1)
            writer(*args)  # type: ignore[arg-type]
            status = 0
        finally:
            os._exit(status)
    return child


def killed_at_random(place: str, log: Path, kills: int) -> list[str]:
    """The commits that were acknowledged by processes that were all killed."""
    draw = random.Random(0)
    for kill in range(kills):
        child = forked(place, f"run {kill}", 10_000, str(log))
        before = log.stat().st_size if log.exists() else 0
        deadline = time.monotonic() + 20
        while not log.exists() or log.stat().st_size == before:
            assert time.monotonic() < deadline, f"writer {kill} commits nothing"
            time.sleep(0.001)
        time.sleep(draw.uniform(0, 0.04))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return log.read_text().splitlines()


def check_kills(place: str, log: Path, kills: int) -> None:
    acknowledged = killed_at_random(place, log, kills)
    assert len(acknowledged) >= kills
    with Store.open(place) as store:
        assert store.verify() == []
        there = set(store.individuals())
        assert there >= set(acknowledged)
        assert len(there) <= len(acknowledged) + kills  # written, killed before saying so
        base = dict(store.base_weights())
        for id_ in acknowledged[::17]:
            own = changed(base, HEAD, int(id_.split()[-1]))
            assert same_tensors(store.weights(id_), own)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_kills_during_commits_lose_nothing_acknowledged(tmp_path):
    place = str(tmp_path / "people.db")
    with Store.create(place) as store:
        add_base(store)
    check_kills(place, tmp_path / "log", 60)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_hundreds_of_kills_on_both_databases(place, tmp_path):
    with Store.create(place) as store:
        add_base(store)
    check_kills(place, tmp_path / "log", 300)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_two_writers_at_once(place):
    with Store.create(place) as store:
        base = add_base(store)
        commit(store, base, "first", HEAD)
        children = [forked(place, name, 40) for name in ("a", "b")]
        for n in range(20):
            commit(store, base, "mine", HEAD, n)
        assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
        assert len(store) == 82
        assert [m.version for m in store.history("mine")] == list(range(1, 21))
        assert store.verify() == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_uses_connections_of_its_own(place):
    with Store.create(place) as store:
        base = add_base(store)
        commit(store, base, "mine", HEAD)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                torch.set_num_threads(1)  # a forked process has none of the others
                commit(store, base, "child's", HEAD)
                status = 0
            finally:
                os._exit(status)
        commit(store, base, "mine", HEAD, 2)
        assert os.waitpid(child, 0)[1] == 0
        assert sorted(store.individuals()) == ["child's", "mine"]
        assert store.verify() == []


def _fill(store: Store, base: BaseModel, done: list[str]) -> None:
    for n in range(10_000):
        commit(store, base, f"person {n}", tuple(weights()), n)
        done.append(f"person {n}")


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mount") is None, reason="a small disk takes root to mount"
)
def test_a_full_disk_is_said_and_leaves_the_store_whole(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no small disk can be mounted here")
    try:
        done: list[str] = []
        with Store.create(disk / "people.db") as store:
            base = add_base(store)
            with pytest.raises(StoreError, match=r"people\.db: .*(free some space|is full)"):
                _fill(store, base, done)
        assert len(done) > 5
        moved = shutil.copytree(disk, tmp_path / "larger")
        with Store.open(moved / "people.db") as store:
            assert store.verify() == []
            assert set(done) <= set(store.individuals())
            commit(store, store.base(), "one more", HEAD)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_nothing_is_pickled(tmp_path):
    code = (
        "import sys; from tests.store.making import *; from monogram.store import Store; "
        "s = Store.create(sys.argv[1]); b = add_base(s); import pickle; "
        "fail = lambda *a, **k: (_ for _ in ()).throw(RuntimeError('pickled')); "
        "pickle.dumps = pickle.loads = pickle.dump = pickle.load = fail; "
        "commit(s, b, 'anna', HEAD); s.model('anna'); s.forget('anna')"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "people.db")]
    subprocess.run(command, check=True, cwd=ROOT, timeout=120)
