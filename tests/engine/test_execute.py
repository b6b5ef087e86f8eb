"""Workers, and the process that started them."""

import os
import subprocess
import sys
from pathlib import Path
from time import sleep

import psutil
import pytest
from tests import nets
from tests.engine.stacking import Listening, make_study, run
from tests.people import make_population

from monogram.engine import layout, read_journal
from monogram.engine.backlog import Backlog
from monogram.engine.judge import Judge
from monogram.engine.probe import Probe, Took
from monogram.errors import SettingError
from monogram.study import Study

ROOT = Path(__file__).parents[2]
LONG = """
import sys
from monogram.study import Study
from tests.people import make_population
if __name__ == "__main__":
    people = make_population({f"person {n}": 40 for n in range(8)})
    Study(people, ["transfer(10000000)"], network="mlp", epochs=1).run(sys.argv[1], workers=2)
"""


def test_workers_end_when_the_process_that_started_them_is_killed(tmp_path):
    run = tmp_path / "run"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    with subprocess.Popen([sys.executable, "-c", LONG, str(run)], env=environment) as main:
        process = psutil.Process(main.pid)
        workers: list[psutil.Process] = []
        while len(workers) < 2 or not list(run.glob("trunks/*.safetensors")):  # until they train
            assert main.poll() is None
            sleep(0.05)
            workers = process.children(recursive=True)
        main.kill()
    gone, left = psutil.wait_procs(workers, timeout=60)
    assert len(gone) >= 2
    assert not left


def test_what_is_finished_needs_no_memory(tmp_path):
    population = make_population({"anna": 40, "ben": 30})
    study = Study(population, ["transfer(3)"], network="mlp", epochs=1)
    with pytest.raises(SettingError, match="less than"):
        study.run(tmp_path, workers=1, memory=1)
    rows = study.run(tmp_path, workers=1).rows
    assert study.run(tmp_path, workers=1, memory=1).rows == rows


@pytest.fixture
def started(monkeypatch):
    """How many other processes each run asked for."""
    counts = []
    executing = sys.modules["monogram.engine.execute"]
    others = executing.other_processes

    def counted(count, *about):
        counts.append(count)
        return others(count, *about)

    monkeypatch.setattr(executing, "other_processes", counted)
    monkeypatch.setattr(executing, "default_workers", lambda _: 2)
    return counts


@pytest.mark.parametrize(("worth", "count"), [(60.0, 0), (0.0, 1)])
def test_another_process_is_started_for_much_work(worth, count, started, tmp_path, monkeypatch):
    """Of few people, whom no trial says anything of."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("WORTH_STARTING", "WORTH_FORKING"):
        monkeypatch.setattr(sys.modules["monogram.engine.execute"], name, worth)
    study = make_study(nets.recorded, ["transfer(30)"])
    rows, _ = run(study, tmp_path / "run", "auto", workers=None)
    assert len(rows) == study.plan().models
    assert started == [count]


def test_where_no_step_could_be_timed_another_process_is_started(tmp_path, started, monkeypatch):
    executing = sys.modules["monogram.engine.execute"]
    monkeypatch.setattr(executing, "probed", lambda *_: Probe({"all": Took(0.0, 0.0, 0)}))
    run(make_study(nets.recorded, ["transfer(30)"]), tmp_path, "auto", workers=None)
    assert started == [1]


def test_work_is_shared_with_other_processes_as_soon_as_they_are_there(tmp_path):
    study = make_study(nets.recorded, ["transfer(3000)"])
    nets.Recorded.forget()
    rows, _ = run(study, tmp_path, "loop", workers=2)
    assert len(rows) == study.plan().models
    assert 0 < nets.Recorded.steps < study.plan().steps


@pytest.mark.parametrize(
    ("network", "engine", "said"),
    [("conv1d", "auto", 1), ("conv1d", "loop", 0), ("mlp", "auto", 0)],
)
def test_who_was_installed_without_a_compiler_is_told_where_it_counts(
    network, engine, said, tmp_path, monkeypatch
):
    monkeypatch.setattr(sys.modules["monogram.engine.execute"], "is_missing", lambda: True)
    people, listening = make_population(shape=(3, 20)), Listening()
    study = Study(people, ["transfer(1)"], network=network, epochs=1)
    study.run(tmp_path, workers=1, engine=engine, display=listening)
    assert sum("where there is a C compiler" in text for text in listening.heard) == said


def test_work_that_ends_before_others_have_started_is_whole(tmp_path):
    study = make_study(nets.recorded, ["transfer(1)"])
    nets.Recorded.forget()
    rows, failures = run(study, tmp_path, "loop", workers=3)
    assert len(rows) == study.plan().models
    assert not failures


def test_the_time_of_one_look_for_several_models_is_shared_out(tmp_path, monkeypatch):
    """All have the global-only model, and each a model of its own."""
    study, now = make_study(nets.unnormalised, ["transfer(2)"]), [0.0]

    def slow(judge, network, look=Judge.on_global):
        now[0] += 8
        return look(judge, network)

    monkeypatch.setattr(Judge, "on_global", slow)
    monkeypatch.setattr(sys.modules["monogram.engine.harvest"], "perf_counter", lambda: now[0])
    rows, _ = run(study, tmp_path, "loop")
    people = len(study.population.individuals)
    for row in rows.values():
        assert row.evaluation_seconds == pytest.approx(8 if row.own_iterations else 8 / people)


@pytest.mark.parametrize("engine", ["loop", "stacked"])
def test_an_interrupted_run_goes_on(engine, tmp_path, monkeypatch):
    study, steps = make_study(nets.plain, ["transfer(6)"]), iter(range(10_000))
    whole, _ = run(study, tmp_path / "whole", engine)

    def interrupt(_):
        if next(steps) == 40:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Backlog, "check", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(study, tmp_path / "cut", engine)
    done = read_journal(layout.journal(tmp_path / "cut"))
    assert 0 < len(done) < len(whole)
    rows, failures = run(study, tmp_path / "cut", engine)
    assert not failures
    assert {key: row.personal_loss for key, row in rows.items()} == {
        key: row.personal_loss for key, row in whole.items()
    }
