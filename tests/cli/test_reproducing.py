"""`monogram reproduce` on the publishers' files, as small as it gets."""

import pytest
from tests.holding import held

from monogram.reproduce import Reproduction

TINY = ["--scale", "smoke", "--individuals", "1", "--epochs", "1", "--width", "0.1"]
TINY += ["--global-samples", "120", "--workers", "1"]


@pytest.mark.parametrize(
    ("words", "said"),
    [(["sideways"], "class-counts"), (["class-counts", "--scale", "huge"], "smoke")],
)
def test_an_unknown_scenario_or_scale_is_told_with_those_there_are(monogram, words, said):
    answer = monogram("reproduce", *words)
    assert answer.status == 2
    assert said in answer.err


def test_values_out_of_range_are_told(monogram):
    answer = monogram("reproduce", "class-counts", "--width", "0")
    assert answer.status == 2
    assert "width must be above 0, not 0" in answer.err


def test_a_dry_run_says_what_is_changed_and_what_it_takes(monogram, published, tmp_path):
    words = ["reproduce", "class-counts", *TINY, "--data-dir", published, "--out", tmp_path / "run"]
    answer = monogram(*words, "--dry-run")
    assert answer.status == 0
    assert "1 individual instead of 50" in answer.err
    assert "paper-plain(width=0.1)" in answer.out
    assert "all of it: about" in answer.out
    assert "of memory and" in answer.out
    assert not (tmp_path / "run").exists()


def test_a_second_process_is_refused_before_data_are_read(monogram, tmp_path):
    (tmp_path / "run").mkdir()
    words = ["reproduce", "class-counts", "--data-dir", tmp_path, "--out", tmp_path / "run"]
    with held(tmp_path / "run"):
        answer = monogram(*words)
    assert answer.status == 1
    assert "another process is running in" in answer.err


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["class-counts", "hidden-factors"])
def test_a_reproduction_is_run_resumed_and_reported(monogram, published, tmp_path, scenario):
    run = tmp_path / "run"
    answer = monogram(
        "reproduce", scenario, *TINY, "--data-dir", published, "--out", run, "--first-seed", "7"
    )
    assert answer.status == 0
    assert "the paper's claim" in answer.out
    page = (run / "report.html").read_text("utf-8")
    assert "Table 2" in page
    assert all(claim.verdict in page for claim in Reproduction.open(run).claims)
    assert {row.seed for row in Reproduction.open(run).results.rows} == {7}
    assert monogram("resume", run).status == 0
    other = monogram("resume", run, "--network", "mlp")
    assert (other.status, "leave out --network: a reproduction has" in other.err) == (2, True)
    assert monogram("report", run).out == answer.out
