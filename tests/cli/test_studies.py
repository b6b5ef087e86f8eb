"""`study`, `resume`, `report` and `sources`: exit statuses, messages, and what is left behind."""

import pytest
from tests.cli.conftest import COLUMNS, SHORT, save_people

from monogram.curriculum import parse, title
from monogram.study import Results

PEOPLE = {"anna": 30, "ben": 24, "cleo": 21, "dora": 30}
STUDY = [*COLUMNS, "--global-from", "0.5", "-c", "transfer(2)", *SHORT]


@pytest.fixture
def people(tmp_path):
    return save_people(tmp_path / "people.parquet", PEOPLE)


def test_a_study_prints_its_results_and_leaves_a_run(monogram, people, tmp_path):
    answer = monogram("study", "--data", people, *STUDY, "--out", tmp_path / "run")
    assert (answer.status, answer.err) == (0, "")
    assert "Transfer(2)" in answer.out
    assert str(tmp_path / "run" / "report.html") in answer.out
    assert (tmp_path / "run" / "results.parquet").exists()
    again = monogram("resume", tmp_path / "run", "-q")
    assert (again.status, again.out) == (0, answer.out)
    (tmp_path / "run" / "report.html").unlink()
    assert monogram("report", tmp_path / "run").out == answer.out
    assert (tmp_path / "run" / "report.html").exists()


def test_a_dry_run_shows_the_plan_and_writes_nothing(monogram, people, tmp_path):
    answer = monogram("study", "--data", people, *STUDY, "--out", tmp_path / "run", "--dry-run")
    assert answer.status == 0
    assert "transfer" in answer.out or "personal(iterations=2)" in answer.out
    assert "with 1 worker, " in answer.out
    assert not (tmp_path / "run").exists()


def test_a_curriculum_without_a_personal_batch_is_told_and_not_chosen(monogram, people, tmp_path):
    """An epoch of few iterations has no fiftieth."""
    run, words = tmp_path / "run", [*STUDY, "-c", "sample-weighting(50)"]
    assert monogram("study", "--data", people, *words, "--out", run).status == 0
    candidates = Results.open(run).summary.choice.candidates
    assert [title(parse(one)) for one in candidates] == ["Transfer(2)"]
    assert "no batch is personal" in (run / "report.html").read_text("utf-8")


def test_curves_are_recorded_unless_they_are_not_wanted(monogram, people, tmp_path):
    for option, recorded in (("--curves", True), ("--no-curves", False)):
        run = tmp_path / option
        assert monogram("study", "--data", people, *STUDY, option, "--out", run).status == 0
        assert any((run / "curves").glob("*.jsonl")) is recorded


def test_trainings_that_failed_are_named(monogram, tmp_path):
    people = save_people(tmp_path / "people.parquet", {"anna": 30, "eve": 7, "ben": 30})
    shared = save_people(tmp_path / "shared.parquet", {"nobody": 40})
    words = ["--data", people, "--global-data", shared, *COLUMNS, *SHORT, "-c", "transfer(2)"]
    answer = monogram("study", *words, "--network", "tests.nets:Choosy", "--out", tmp_path / "run")
    assert answer.status == 3
    assert "1 training failed:\n  individual 'eve', seed 0: ValueError: I do not like" in answer.out


def test_individuals_set_aside_are_told_by_the_exit_status(monogram, tmp_path):
    people = save_people(tmp_path / "people.parquet", {**PEOPLE, "eve": 12}, spoilt=["eve"])
    words = ["study", "--data", people, *STUDY[:-1], "--out", tmp_path / "run"]
    assert monogram(*words, "--dry-run").status == 3
    answer = monogram(*words)
    assert answer.status == 3
    assert "individual 'eve'" in answer.err
    assert "NaN" in answer.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["study", "wach"], "did you mean 'watch'?"),
        (["study", "watch", "-c", "transfr(2)"], "did you mean 'transfer'?"),
        (["study", "watch", "--split", "0.5,0.6"], "--split must be 'paper' or three fractions"),
        (["study", "--label-column", "y"], "--label-column goes with --data FILE"),
        (["study", "watch", "--classes", "a,b"], "--classes goes with --data FILE"),
        (["study", "watch", "--tokens"], "--tokens goes with --data FILE"),
        (["study", "--data", "nowhere.csv", "--global-from", "0.5"], "no file or folder nowhere"),
        (["study", "watch", "--network", "resnet"], "unknown network"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_status_2(monogram, words, said):
    answer = monogram(*words)
    assert (answer.status, answer.out) == (2, "")
    assert said in answer.err


@pytest.mark.parametrize("command", ["resume", "report"])
def test_a_folder_without_a_run_and_a_file_give_status_2(monogram, command, tmp_path):
    (tmp_path / "report.html").touch()
    for place in (tmp_path, tmp_path / "report.html"):
        answer = monogram(command, place)
        assert answer.status == 2


def test_a_folder_of_something_else_gives_status_2(monogram, people, tmp_path):
    asked = ["study", "--data", people, *STUDY]
    answer = monogram(*asked, "--out", tmp_path)
    assert answer.status == 2
    assert "is not empty and holds no run" in answer.err
    run = ["--out", tmp_path / "run", "--workers", 1, "--engine"]
    assert monogram(*asked, *run, "loop").status == 0
    answer = monogram(*asked, *run, "loop", "--seeds", 2)
    assert answer.status == 2
    assert "holds another study (seeds: only now: 1" in answer.err
    answer = monogram(*asked, *run, "stacked")
    assert answer.status == 2
    assert "begun with the engine 'loop', not 'stacked'" in answer.err


def test_the_sources_are_listed(monogram):
    answer = monogram("sources")
    assert answer.status == 0
    assert all(name in answer.out for name in ("watch", "digits", "qmnist", "fashion-mnist"))


def test_an_interrupted_command_says_how_to_go_on(monogram, people, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("monogram.study.study.execute", interrupted)
    answer = monogram("study", "--data", people, *STUDY, "--out", tmp_path / "run")
    assert answer.status == 130
    assert "the same command goes on from there" in answer.err
