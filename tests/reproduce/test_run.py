"""Running a reproduction: whole, by steps, and interrupted."""

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from time import sleep

import pytest
from tests.reproduce.conftest import MORE, PEOPLE, TINY, make_evaluation
from tests.study.test_determinism import numbers

from monogram.errors import RunError, SettingError
from monogram.population import open_population
from monogram.reproduce import Reproduction, is_reproduction, resume
from monogram.reproduce.scenario import PRIOR_FRONT
from monogram.store import Store, forget_in_run
from monogram.study import Results, Study

ROOT = Path(__file__).parents[2]
PARTS = ("", "early-shaping/paper", "early-shaping/paper-plain", "beyond")
SCRIPT = """
import sys
from tests.people import make_population
from tests.reproduce.conftest import make_evaluation
if __name__ == "__main__":
    make_evaluation().run(sys.argv[1], workers=2, checkpoint_seconds=0.5)
"""


def all_numbers(folder):
    """Every figure of every model, by part of the run."""
    return {part: numbers(Results.open(folder / part)) for part in PARTS}


def test_all_rows_are_trained_for_everybody(finished):
    found = Reproduction.open(finished)
    assert found.scale == TINY
    assert found.scenario.name == "class-counts"
    assert len(found.compared) == 7
    trained = {one.curriculum: one.models for one in found.results.summary.curricula}
    assert all(trained[one.curriculum] == len(PEOPLE) for one in found.compared)
    assert len(found.front) == len(PRIOR_FRONT)


def test_the_curve_has_both_networks_and_the_same_people_at_each_point(finished):
    normalised, plain = Reproduction.open(finished).shaping
    assert (normalised.network, plain.network) == ("paper(width=0.05)", "paper-plain(width=0.05)")
    assert normalised.iterations == plain.iterations == (0, 1, 3, 8)
    assert normalised.models == plain.models == (2, 2, 2, 2)


def test_what_goes_beyond_the_paper_is_judged_on_further_people(finished):
    found = Reproduction.open(finished)
    trained = {one.curriculum: one.models for one in found.beyond.summary.curricula}
    assert set(trained.values()) == {len(MORE)}
    everything = [one.curriculum for one in found.results.summary.curricula]
    assert set(trained) == {one for one in everything if one.startswith("global(")}
    shared, again = numbers(found.results), numbers(found.beyond)
    assert len(shared.keys() & again.keys()) == len(trained) * len(PEOPLE)
    assert all(shared[one] == again[one] for one in shared.keys() & again.keys())


def test_of_two_people_nothing_is_said_to_be_found(finished, tmp_path):
    found = Reproduction.open(finished)
    assert found.caution == ""
    shutil.copytree(finished, tmp_path / "run")
    forget_in_run(tmp_path / "run", "anna")
    assert "of 2 people its findings say nothing" in Reproduction.open(tmp_path / "run").caution


def test_a_run_that_lacks_further_people_is_not_resumed_without_them(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    (tmp_path / "run" / "beyond" / "config.json").unlink()
    with pytest.raises(RunError, match="give the whole command again"):
        resume(tmp_path / "run")


def test_what_is_asked_reads_back_from_the_folder(finished):
    assert is_reproduction(finished)
    asked = resume(finished)
    assert [str(c) for s in asked.studies.values() for c in s.all_curricula] == [
        str(c) for s in make_evaluation().studies.values() for c in s.all_curricula
    ]


def test_too_little_memory_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(SettingError, match="memory of 1 MiB is less than"):
        make_evaluation().run(tmp_path / "run", workers=1, memory=2**20)
    assert not (tmp_path / "run").exists()


def test_a_study_is_no_reproduction(tmp_path):
    study = Study(
        make_evaluation().studies[""].population, ["transfer(2)"], network="mlp", epochs=1
    )
    study.run(tmp_path, workers=1)
    assert not is_reproduction(tmp_path)
    with pytest.raises(RunError, match="holds no reproduction; monogram reproduce makes one"):
        Reproduction.open(tmp_path)


def test_killed_at_random_moments_it_ends_with_the_same_numbers(finished, tmp_path):
    """The whole process group dies, workers too, as when a machine loses power."""
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "run")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    moments = random.Random(0)
    for _ in range(3):
        process = subprocess.Popen(command, env=environment, start_new_session=True)
        try:
            process.wait(timeout=moments.uniform(4, 12))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert subprocess.run(command, env=environment, check=False).returncode == 0
    assert all_numbers(tmp_path / "run") == all_numbers(finished)


def test_a_second_process_is_refused_in_every_part(tmp_path):
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "run")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    first = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        while not (tmp_path / "run" / "config.json").exists():
            sleep(0.05)
        for _ in range(3):  # between its studies too
            with pytest.raises(RunError, match="another process is running in"):
                make_evaluation().run(tmp_path / "run", workers=1)
            sleep(1)
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()


def test_the_forgotten_are_gone_from_every_part_and_the_rest_goes_on(tmp_path):
    folder = tmp_path / "run"
    make_evaluation().run(folder, workers=1)
    with Store.create(tmp_path / "people.db") as store:
        receipt = store.forget("anna", also=[folder])
    assert receipt.verified
    assert len(receipt.runs) == len(PARTS)
    for part in PARTS:
        assert "anna" not in open_population(folder / part / "population").individuals
    again = resume(folder).run(folder, workers=1)
    assert len(again.beyond.population.individuals) == len(MORE) - 1
    assert "anna" not in {row.individual for row in again.results.rows}
    assert again.shaping[0].models == (1, 1, 1, 1)


def test_the_page_is_made_anew_without_somebody_who_is_only_beyond(finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    (folder / "report.html").write_text("dora gained most")
    with Store.create(tmp_path / "people.db") as store:
        store.forget("dora", also=[folder])
    assert not (folder / "report.html").exists()


def test_without_anybody_left_for_the_curve_the_rest_goes_on(finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    for one in ("anna", "ben"):  # the first two, who have the curve
        for part in PARTS:
            forget_in_run(folder / part, one)
    again = resume(folder).run(folder, workers=1)
    assert {row.individual for row in again.results.rows} == {"cleo"}
    assert [curve.network for curve in again.shaping] == ["paper(width=0.05)"]
