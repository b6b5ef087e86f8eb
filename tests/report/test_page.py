"""The page: whole, closed to the outside, safe from what others have written, small."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from tests.report.synthetic import BASE, REHEARSAL, TRANSFER, synthetic, usual

from monogram.population import Remark, SetAside
from monogram.report import write_report
from monogram.study import summarise

LIMIT = 3_000_000  # bytes
NASTY = (
    "<script>alert(1)</script>", "\"quoted\" & 'single'", "ünï–✓ 漢字", "x" * 10_000, "../../etc",
    "\x00\x1b[31m\ud800", "$\\frac{1}{2}$",
)  # fmt: skip


def written(results, folder, **options) -> str:
    path = folder / "report.html"
    write_report(results, path, **options)
    return path.read_text("utf-8")


def tree(html: str) -> ElementTree.Element:
    return ElementTree.fromstring(html.removeprefix("<!DOCTYPE html>"))


def words_of(html: str) -> str:
    return " ".join("".join(tree(html).itertext()).split())


@pytest.fixture(scope="module")
def pages(real, some, tmp_path_factory):
    """The HTML of three studies: a real one, an ordinary one, one that wishes us ill."""
    folder = tmp_path_factory.mktemp("pages")
    studies = {"real": real, "some": some, "nasty": nasty()}
    return {name: written(results, folder) for name, results in studies.items()}


def nasty():
    return synthetic(
        NASTY, paper=True, name="<b>people</b>", classes=("<i>one</i>", "two"), shape=(3, 8, 8),
        set_aside=[SetAside("<u>" + "y" * 10_000, "NaN in <b>", 'f"ile')] * 130,
        remarks=[Remark("zoe", "has no class <3>")], failures=["individual '<x>': & boom"] * 60,
        order=(BASE, REHEARSAL, 'global(epochs=4) >> personal(iterations=2, train="<b>$x$|*")'),
    )  # fmt: skip


@pytest.mark.parametrize("which", ["real", "some", "nasty"])
def test_it_is_well_formed_and_needs_nothing_else(which, pages):
    html = pages[which]
    assert tree(html).tag == "html"
    assert "<script" not in html
    for tag in re.findall(r"<[^>]*>", html):
        for address in re.findall(r'\b(?:src|href|action|data)="([^"]*)"', tag):
            assert address.startswith(("data:image/png;base64,", "#"))
    assert not re.search(r"@import|<link|<iframe|https?://", html)
    assert set(re.findall(r"url\(([^)]*)", html)) <= set(re.findall(r"url\((#[^)]*)", html))


def test_ids_are_unique_and_pointers_lead_somewhere(pages):
    html = pages["some"]
    ids = re.findall(r'\bid="([^"]*)"', html)
    assert len(ids) == len(set(ids))
    pointers = re.findall(r'(?:url\(#|href="#|labelledby=")([^)"]*)', html)
    assert set(pointers) <= set(ids)


def test_what_others_wrote_stays_text(pages):
    html = pages["nasty"]
    said = words_of(html)
    assert "<script>alert(1)</script>" in said
    assert "<b>people</b>" in said
    assert "漢字" in said
    assert "(10000 characters)" in said
    assert "x" * 200 not in html
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", html)


def test_long_lists_are_cut_and_counted(pages):
    said = words_of(pages["nasty"])
    assert "Set aside 130" in said
    assert "… and 80 more" in said
    assert "… and 10 more" in said
    assert "has no class <3>" in said


def test_the_answer_comes_first_and_everything_follows(pages):
    html = pages["some"]
    headings = ["".join(one.itertext()) for one in tree(html).iter() if one.tag in ("h1", "h2")]
    assert headings[0].startswith("Personalizing pays")
    assert headings[1:] == [
        "The answer", "Personal against global accuracy", "Curricula side by side",
        "Who gains and who is harmed", "Fairness", "Training cost", "Data", "How it was run",
    ]  # fmt: skip


def test_those_who_do_not_see_get_headings_scopes_and_labels(pages):
    page = tree(pages["some"])
    assert page.get("lang") == "en"
    cells = list(page.iter("th"))
    assert cells
    assert all(cell.get("scope") for cell in cells)
    drawings = [one for one in page.iter("svg") if one.get("role") == "img"]
    assert len(drawings) == 8
    assert all(one.get("aria-label") for one in drawings)
    assert all(one.get("alt") is not None for one in page.iter("img"))


def test_worst_off_are_at_most_twenty_and_the_harmed_marked(tmp_path):
    def accuracies(curriculum, nth):
        personal, shared = usual(curriculum, nth)
        return (0.3 if curriculum == REHEARSAL and nth == 7 else personal, shared)

    results = synthetic([f"p{nth}" for nth in range(40)], accuracies, order=[BASE, REHEARSAL])
    html = written(results, tmp_path)
    page = tree(html)
    harmed = ["".join(one.itertext()) for one in page.iter("tr") if one.get("class") == "harmed"]
    assert len(harmed) == 1
    assert "p7" in harmed[0]
    assert "▼" in harmed[0]
    assert "The 20 individuals who gain least" in words_of(html)


@pytest.mark.parametrize(
    ("shape", "images", "series"),
    [
        ((1, 8, 8), True, False),
        ((3, 40, 90), True, False),
        ((2, 50), False, True),
        ((5,), False, False),
    ],
)
def test_inputs_are_shown_where_they_have_a_form(shape, images, series, tmp_path):
    results = synthetic([f"p{nth}" for nth in range(6)], shape=shape, order=[BASE, REHEARSAL])
    html = written(results, tmp_path)
    assert ("data:image/png" in html) == images
    assert ("<polyline" in html) == series
    assert ("Gained most" in html) == (images or series)


def test_nobodys_inputs_are_shown_if_so_wished(tmp_path):
    results = synthetic(["a", "b", "c"], shape=(1, 8, 8), order=[BASE, REHEARSAL])
    html = written(results, tmp_path, inputs=False)
    assert "Gained most" not in html
    assert "data:image" not in html


def test_five_thousand_individuals_stay_small(tmp_path):
    def accuracies(curriculum, nth):
        draw = np.random.default_rng([nth, len(curriculum)])
        personal, shared = usual(curriculum, nth)
        return float(np.clip(personal + draw.normal(0, 0.05), 0, 1)), shared + draw.normal(0, 0.01)

    results = synthetic([f"user {nth}" for nth in range(5_000)], accuracies, shape=(1, 8, 8))
    assert len(written(results, tmp_path).encode()) < LIMIT


@pytest.mark.parametrize("order", [[BASE], [BASE, TRANSFER]])
def test_studies_of_which_nothing_is_chosen(order, tmp_path):
    html = written(synthetic(["a", "b", "c"], order=order), tmp_path)
    assert tree(html) is not None


def test_tile_and_headline_tell_the_same_gain_where_models_are_missing(tmp_path):
    """Of whoever has the worst base no personal model is there."""
    ids, order = ["a", "b", "c", "d"], [BASE, TRANSFER]
    whole = synthetic(
        ids, lambda c, nth: (0.2 + nth / 5 + (c != BASE) * (50 + nth) / 1000, 0.9), order=order
    )
    rows = tuple(row for row in whole.rows if row.curriculum == BASE or row.individual != "a")
    html = written(replace(whole, rows=rows, summary=summarise(rows, order, BASE)), tmp_path)
    assert "gains 5.2 points" in html
    assert "+5.2 points over the global-only model" in html


def test_the_papers_protocol_is_told(pages):
    sentence = "Selection and report use the same held-out data"
    assert sentence in words_of(pages["nasty"])
    assert sentence not in words_of(pages["some"])


def test_the_same_results_make_the_same_page(some, pages, tmp_path):
    assert written(replace(some), tmp_path) == pages["some"]


def test_how_it_was_run_is_told(pages):
    said = words_of(pages["real"])
    assert "global(epochs=1) >> personal(iterations=5)" in said
    assert all(told in said for told in ("mlp(hidden=8)", "torch", "Git revision"))
