"""The printed table."""

import io
from dataclasses import replace

import pytest
from rich.console import Console
from tests.report.synthetic import BASE, ORDER, REHEARSAL, TRANSFER, synthetic

from monogram.report import ResultsTable
from monogram.study import Results


def printed(results: Results, width: int) -> list[str]:
    out = io.StringIO()
    Console(width=width, file=out).print(ResultsTable(results))
    return out.getvalue().splitlines()


def line(lines: list[str], start: str) -> str:
    return next(text for text in lines if text.lstrip("▸ ").startswith(start))


@pytest.mark.parametrize("width", [100, 80, 60])
def test_it_fits_and_names_every_curriculum(some, width):
    lines = printed(some, width)
    assert max(map(len, lines)) <= width
    for name in ("Global only", "Baseline", "Transfer(20)", "SampleWeighting(1/8)"):
        assert line(lines, name)


def test_nothing_is_cut_at_100_columns(some):
    heading = printed(some, 100)[0].split()
    assert heading[:6] == ["Curriculum", "Personal", "Effect", "Min", "Tenth", "Max"]
    assert heading[6:] == ["Global", "Effect", "Min", "Harmed", "Marg.", "Amort."]
    assert "…" not in "".join(printed(some, 100))


def test_the_global_only_model_comes_first_wherever_it_was_asked_for():
    results = synthetic(["a", "b", "c"], order=[TRANSFER, REHEARSAL, BASE])
    assert printed(results, 100)[1].strip().startswith("Global only")


def test_the_figures_are_those_of_the_summary(some):
    summary = some.summary[TRANSFER]
    cells = line(printed(some, 100), "Transfer(20)").split()
    assert cells[1:3] == [f"{100 * summary.personal.mean:.1f}", f"±{100 * summary.personal.sd:.1f}"]
    assert f"{100 * summary.shared.min:.1f}" in cells
    assert cells[-2:] == ["0.020", "0.065"]


def test_of_one_individual_no_spread_is_shown():
    assert "±" not in "".join(printed(synthetic(["anna"]), 200))


def test_the_chosen_one_is_marked(some):
    marked = [text for text in printed(some, 100) if text.startswith("▸")]
    assert len(marked) == 1
    assert some.summary.choice.curriculum in ORDER


def test_significance_is_that_of_the_corrected_test(some):
    test = some.summary[TRANSFER].personal_against_baseline
    assert test.t_test_holm < 0.001
    assert "***" in line(printed(some, 100), "Transfer(20)")


def test_collapsed_models_have_a_column_only_if_there_are_any(some):
    ids = ["a", "b", "c"]
    gave_up = synthetic(ids, change=lambda one: replace(one, collapsed=one.curriculum == TRANSFER))
    assert line(printed(gave_up, 120), "Transfer(20)").split()[-1] == "3"
    assert "No model collapsed" in " ".join(printed(some, 100))


def test_a_real_run(real):
    assert "Global only" in "".join(printed(real, 100))


@pytest.mark.parametrize("collapsed", [False, True])
@pytest.mark.parametrize("width", [80, 90, 100, 120, 160])
def test_no_figure_is_ever_cut(some, width, collapsed):
    if collapsed:
        some = replace(some, summary=replace(some.summary, collapsed=1))
    whole = {word for text in printed(some, 400) for word in text.split()}
    lines = printed(some, width)
    table = lines[: next(i for i, text in enumerate(lines) if text.startswith("Accuracies"))]
    figures = {word for text in table for word in text.split() if word[0].isdigit()}
    assert figures <= whole
    assert max(map(len, lines)) <= width
    said_to_be_missing = "left out for lack of room" in " ".join(" ".join(lines).split()).lower()
    assert said_to_be_missing == (len(table[0].split()) < len(printed(some, 400)[0].split()))
