"""Processes that are forked: as new as if they were started, and gone with who asked for them."""

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from monogram import forking
from monogram.forking import fork, forks_at_once

PATIENCE = 60.0  # seconds


def tell(connection):
    """What a forked process finds."""
    connection.send(
        {
            "process": os.getpid(),
            "parent": os.getppid(),
            "folder": str(Path.cwd()),
            "variable": os.environ.get("MONOGRAM_TEST"),
            "blas": os.environ.get("OPENBLAS_NUM_THREADS"),
            "path": sys.path,
            "draws": (random.random(), np.random.rand()),  # noqa: NPY002
        }
    )


def wait(connection):
    connection.send((os.getpid(), os.getppid()))
    connection.recv()


def fail(connection):
    raise ValueError("on purpose")


def told(function="tell"):
    with fork(__name__, function) as connection:
        assert connection.poll(PATIENCE)
        return connection.recv()


def test_a_process_works_where_the_caller_does_now(tmp_path, monkeypatch):
    told()  # the one that forks is there before
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONOGRAM_TEST", "here")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = told()
    assert found["process"] != os.getpid()
    assert Path(found["folder"]) == tmp_path.resolve()
    assert found["variable"] == "here"
    assert found["blas"] is None
    assert found["path"] == sys.path


def test_what_python_passes_over_on_its_path_does_not_matter(tmp_path, monkeypatch):
    monkeypatch.setattr(forking, "_server", None)
    monkeypatch.setattr(sys, "path", [*sys.path, tmp_path])
    assert told()["process"] != os.getpid()


@pytest.mark.skipif(not forking.FORKS, reason="each process is started here")
def test_all_are_forked_from_one_and_draw_their_own_numbers():
    first, second = told(), told()
    assert first["parent"] == second["parent"] != os.getpid()
    assert first["process"] != second["process"]
    assert not set(first["draws"]) & set(second["draws"])
    assert forks_at_once()


def test_where_forking_is_not_safe_each_is_started(monkeypatch):
    """As on other systems than Linux; none is left behind."""
    monkeypatch.setattr(forking, "FORKS", False)
    before = psutil.Process().num_fds()
    started = [told() for _ in range(3)]
    assert {one["parent"] for one in started} == {os.getpid()}
    assert len({one["process"] for one in started}) == len(started)
    assert not forks_at_once()
    assert psutil.Process().num_fds() == before
    assert all(process.wait(PATIENCE) == 0 for process in forking._started)


def test_a_process_ends_when_its_function_failed(capfd, monkeypatch):
    monkeypatch.setattr(forking, "_server", None)  # so that the output of the next one is kept
    with fork(__name__, "fail") as connection, pytest.raises(EOFError):
        connection.recv()
    assert "ValueError: on purpose" in capfd.readouterr().err


def test_another_one_forks_after_it_was_killed():
    killed = told("wait")[1]
    psutil.Process(killed).kill()
    psutil.wait_procs([psutil.Process(killed)] if psutil.pid_exists(killed) else [], PATIENCE)
    assert told()["parent"] != killed


def test_after_a_fork_of_the_caller_it_has_one_of_its_own(tmp_path):
    ours, file = told()["parent"], tmp_path / "theirs"
    if not (child := os.fork()):
        file.write_text(str(told()["parent"]), "ascii")
        os._exit(0)
    os.waitpid(child, 0)
    theirs = int(file.read_text("ascii"))
    assert theirs != ours
    psutil.wait_procs([psutil.Process(theirs)] if psutil.pid_exists(theirs) else [], PATIENCE)
    assert not psutil.pid_exists(theirs)
    assert told()["parent"] == ours


PROGRAM = """
import sys
from monogram.forking import fork
with fork("tests.test_forking", "wait") as connection:
    print(*connection.recv(), flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["end", "kill"])
def test_they_end_with_the_process_that_asked_for_them(how):
    root = Path(__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)])}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as asking:
        assert asking.stdout
        forked = [psutil.Process(int(process)) for process in asking.stdout.readline().split()]
        assert len(forked) == 2
        if how == "kill":
            asking.kill()
    gone, left = psutil.wait_procs(forked, timeout=PATIENCE)
    assert len(gone) == 2
    assert not left
