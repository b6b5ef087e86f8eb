"""What all start from has the machine to itself, on as many threads as pay."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from time import sleep

import pytest
import torch
from tests.engine.stacking import Listening, make_study, run
from tests.people import make_population
from torch import nn

from monogram.engine import threads
from monogram.engine.cohort import Team
from monogram.engine.estimate import estimate
from monogram.engine.probe import Probe, Took
from monogram.engine.threads import team_of

SECONDS = {1: 12.0, 2: 7.0, 4: 4.0, 6: 3.9}
"""Of a step, by threads."""

PAUSE = 0.01  # seconds of a step, so that others could be trained beside it


class Lined(nn.Linear):
    """Writes for each batch that it trains on how many threads compute it."""

    def __init__(self, channels: int, classes: int, file: str) -> None:
        super().__init__(channels, classes)
        self.path = file

    def forward(self, inputs):
        if self.training and torch.is_grad_enabled():
            with Path(self.path).open("a", encoding="ascii") as lines:
                lines.write(f"{torch.get_num_threads()} ")
            sleep(PAUSE if torch.get_num_threads() > 1 else 0)
        return super().forward(inputs)


class LinedIn:
    """Makes such networks, in other processes too."""

    def __init__(self, file: Path) -> None:
        self.file = str(file)

    def __call__(self, channels: int, classes: int) -> nn.Module:
        return Lined(channels, classes, self.file)


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """Six cores, and nobody's measurements but those of the test; gives the counts measured."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(threads, "cores", lambda: 6)
    measured = []

    def seconds(*_):
        measured.append(torch.get_num_threads())
        return SECONDS[measured[-1]]

    monkeypatch.setattr(threads, "step_seconds", seconds)
    return measured


def a_study(network="mlp", steps=100, **options):
    return make_study(network, [f"global(iterations={steps}) >> personal(4)"], **options)


def asked(folder, study=None, **job):
    study = study or a_study()
    return team_of(study.plan(), replace(study.job(folder), **job), study.population)


def test_threads_are_doubled_as_long_as_it_pays_and_that_is_kept(tmp_path, machine):
    assert asked(tmp_path) == Team(4, 3.0)
    assert machine == [1, 2, 4, 6]
    assert asked(tmp_path).threads == 4
    assert asked(tmp_path, threads=2) == Team(4, 1.75)
    assert machine == [1, 2, 4, 6, 2, 4, 6]


def test_what_is_known_of_a_network_in_no_file_is_not_kept(tmp_path, machine, monkeypatch):
    monkeypatch.setattr(threads, "described", lambda _: ())
    assert asked(tmp_path) == asked(tmp_path)
    assert len(machine) == 2 * 4


def test_there_is_none_for_a_few_steps(tmp_path, machine):
    assert asked(tmp_path, a_study(steps=80)) == Team()  # and 14 of the global-only model
    assert not machine


@pytest.mark.parametrize(
    "options", [{"engine": "loop"}, {"device": "cuda"}, {"threads": 6}], ids=str
)
def test_there_is_none_for_the_loop_an_accelerator_and_where_every_core_has_a_thread(
    options, tmp_path, machine
):
    assert asked(tmp_path, **options) == Team()
    assert not machine


@pytest.mark.parametrize("seconds", [{1: 0.12, 2: 0.1}, {1: 0.004}], ids=["little", "short"])
def test_there_is_none_where_it_does_not_pay(seconds, tmp_path, machine, monkeypatch):
    monkeypatch.setattr(threads, "step_seconds", lambda *_: seconds[torch.get_num_threads()])
    assert asked(tmp_path) == Team()


def test_there_is_none_for_a_network_that_fails(tmp_path, monkeypatch):
    def fails(*_):
        raise ValueError("of the network")

    monkeypatch.setattr(threads, "step_seconds", fails)
    assert asked(tmp_path) == Team()


def counted(folder, workers):
    """The threads of each training pass, in order, and what was said."""
    lines, display = folder / "lines", Listening()
    people = make_population({"anna": 20, "ben": 20, "cleo": 20})
    curricula = ["early-shaping(3)", "global(iterations=100) >> personal(2)"]
    study = make_study(LinedIn(lines), curricula, people)
    run(study, folder / "run", "auto", workers=workers, display=display)
    return "".join(lines.read_text().split()), study.plan(), display.heard


def test_only_what_all_start_from_has_more_threads(tmp_path):
    counts, plan, heard = counted(tmp_path, 1)
    shared = sum(task.steps for task in plan.tasks if task.shared)
    assert (counts.count("4"), set(counts)) == (shared, {"1", "4"})
    assert any("on 4 threads (3.0 times as fast" in said for said in heard)


def test_beside_it_nothing_is_trained_in_other_workers(tmp_path):
    """Early shaping, which starts from nothing, could be."""
    counts, _, _ = counted(tmp_path, 2)
    assert set(counts.strip("1")) == {"4"}  # before, memory was measured


def gone_on_with(folder, study):
    """What is said when all but the settings of a run is done again."""
    for file in (*folder.glob("trunks/*"), *folder.glob("journal/*")):
        file.unlink()
    display = Listening()
    rows, _ = run(study, folder, "auto", display=display)
    assert len(rows) == study.plan().models
    return [said for said in display.heard if "threads" in said]


def test_a_run_that_is_gone_on_with_keeps_its_threads(tmp_path, machine):
    study, folder = a_study(), tmp_path / "run"
    run(study, folder, "auto")
    (tmp_path / "cache" / "monogram" / "engines.json").unlink()
    measured = len(machine)
    (said,) = gone_on_with(folder, study)
    assert "on 4 threads" in said
    assert len(machine) == measured


def test_a_run_of_before_there_were_teams_has_none(tmp_path):
    study, folder = a_study(), tmp_path / "run"
    run(study, folder, "auto")
    file = folder / "engine.json"
    kept = json.loads(file.read_text())
    file.write_text(json.dumps({name: kept[name] for name in ("engine", "kinds")}))
    assert not gone_on_with(folder, study)


@pytest.mark.parametrize("engine", ["auto", "loop"])
def test_an_estimate_knows_that_what_all_start_from_comes_first_and_faster(
    engine, tmp_path, monkeypatch
):
    estimating = sys.modules["monogram.engine.estimate"]
    monkeypatch.setattr(estimating, "probe", lambda *_: Probe({"all": Took(1.0, 0.0, 0)}))
    study = a_study(population=make_population({"anna": 20, "ben": 20, "cleo": 20}))
    job = replace(study.job(tmp_path), engine=engine)
    found = estimate(study.plan(), job, study.population, workers=2)
    shared = sum(task.steps for task in study.plan().tasks if task.shared)
    personal = 3 * 4
    expected = {"auto": shared / 3.0 + personal / 2, "loop": (shared + personal) / 2}
    longest = {"auto": 0.0, "loop": 100 + 4}
    assert found.seconds == pytest.approx(max(expected[engine], longest[engine]))
