"""What the page says of a reproduction."""

import re
from dataclasses import replace

import pytest
from tests.report.reproduction import CLAIMS, GOALS, crowd, many, reproduction
from tests.report.test_page import LIMIT, tree, words_of

from monogram.report import write_report
from monogram.report.reproduced import headline, table_2
from monogram.reproduce.scale import SMALL


@pytest.fixture(scope="module")
def results():
    return many()


@pytest.fixture(scope="module")
def html(results, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_report(results, path, reproduction=reproduction(results))
    return path.read_text("utf-8")


def test_the_headline_counts_verdicts_and_goals(results):
    assert headline(reproduction(results)) == (
        "Of 3 claims of the paper, 1 is reproduced, 1 is contradicted and 1 is undecided at this "
        "scale. Of 2 goals beyond it, 1 is met."
    )
    all_alike = replace(reproduction(results), claims=CLAIMS[:1] * 4, goals=())
    assert headline(all_alike) == "All 4 claims of the paper are reproduced."
    none_met = replace(reproduction(results), claims=(), goals=GOALS[:1] * 2)
    assert headline(none_met) == "Of 2 goals beyond it, none is met."
    assert headline(replace(reproduction(results), claims=(), goals=())).startswith(
        "Nothing is judged yet"
    )


def test_the_paper_stands_beside_ours_with_an_interval(results):
    pairs = table_2(reproduction(results))
    assert [pair.name for pair in pairs] == ["BaseLine", "SampleWeigh-Iter-88", "Transfer-Iter-20"]
    papers, ours = pairs[2].rows
    assert (papers.personal.mean, papers.shared.min, papers.cost) == ("95.6", "50.3", "0.010")
    assert papers.personal.interval == ""
    low, high = map(float, ours.personal.interval.split("–"))
    assert low <= float(ours.personal.mean) <= high


def test_rows_that_are_not_finished_are_left_out(results):
    whole = reproduction(results)
    missing = type(whole.compared[0])(whole.compared[0].paper, "global(epochs=99)")
    pairs = table_2(replace(reproduction(results), compared=(missing, *whole.compared[1:])))
    assert len(pairs) == len(whole.compared) - 1


def test_the_page_is_whole_and_small(html):
    assert tree(html).tag == "html"
    assert "<script" not in html
    assert len(html.encode()) < LIMIT
    ids = re.findall(r'\bid="([^"]*)"', html)
    assert len(ids) == len(set(ids))


def test_every_section_is_in_the_contents(html):
    page = tree(html)
    links = [one.get("href") for one in page.iter("a")]
    headings = [f"#{one.get('id')}" for one in page.iter("h2")]
    assert links == headings
    assert headings[:3] == ["#answer", "#claims", "#goals"]
    assert "#early-shaping" in headings
    assert "#learning-curves" not in headings  # these results recorded none


def test_verdicts_are_told_by_shape_and_word_as_well_as_by_colour(html):
    signs = [
        " ".join("".join(one.itertext()).split())
        for one in tree(html).iter("span")
        if one.get("class") == "sign"
    ]
    assert signs == [
        "✓ reproduced", "✗ contradicted", "? undecided at this scale", "✗ not met", "✓ met",
    ]  # fmt: skip


def test_evidence_test_and_changes_are_told(html):
    said = words_of(html)
    assert "Transfer <b>gains</b>." in said
    assert all(claim.evidence in said and claim.test in said for claim in CLAIMS)
    assert SMALL.changes
    assert all(change in said for change in SMALL.changes)
    assert "Class counts, small scale" in said


def test_further_people_have_a_plot_of_their_own(results, html, tmp_path):
    assert "beyond-wide" not in html  # here they are the same
    path = tmp_path / "report.html"
    write_report(results, path, reproduction=replace(reproduction(results), beyond=crowd()))
    page = path.read_text("utf-8")
    assert "for 40 individuals: what the goals are judged by" in words_of(page)
    assert "beyond-wide-" in page
    assert "beyond-narrow-" in page


def test_what_nothing_is_known_of_has_no_section(results, tmp_path):
    path = tmp_path / "report.html"
    empty = replace(reproduction(results), compared=(), claims=(), goals=(), shaping=(), front=())
    write_report(results, path, reproduction=empty)
    headings = {one.get("id") for one in tree(path.read_text("utf-8")).iter("h2")}
    assert not headings & {"claims", "goals", "table-2", "early-shaping"}
