"""The page in a real browser: light, dark, on a phone, on paper."""

import numpy as np
import pytest
from PIL import Image
from tests.browser import Browser, find_browser
from tests.report.reproduction import many, reproduction
from tests.report.synthetic import synthetic

from monogram.report import write_report

WIDTHS = "(d, w) => [d.documentElement.scrollWidth, d.documentElement.clientWidth]"
SHOWN = """(d, w) => [...d.querySelectorAll('svg[role=img]')]
  .filter(s => s.getClientRects().length).map(s => s.getBoundingClientRect().width)"""
SMALLEST = """(d, w) => Math.min(...[...d.querySelectorAll('figure svg text')]
  .filter(t => t.getClientRects().length && t.textContent.trim())
  .map(t => [parseFloat(w.getComputedStyle(t).fontSize), t.getScreenCTM()])
  .map(([size, to]) => size * Math.hypot(to.a, to.b)))"""
SCROLLED = """(d, w) => {
  d.querySelector('.pairs').parentElement.scrollLeft = 300;
  const [name, whose] = ['.pairs tbody th', '.pairs td.whose']
    .map(cell => d.querySelector(cell).getBoundingClientRect());
  return [name.left, whose.left - name.right];
}"""
UNRESOLVED = """(d, w) => [...d.querySelectorAll('svg [style*="var("]')]
  .filter(e => !['fill', 'stroke'].some(p => w.getComputedStyle(e)[p].match(/rgb|none/))).length"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Browser:
    return find_browser(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    ids = ["a" * 500, "<script>document.title = 'owned'</script>", *map(str, range(30))]
    write_report(synthetic(ids, shape=(1, 12, 12)), path)
    return path


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    results = many()
    write_report(results, path, reproduction=reproduction(results))
    return path


@pytest.mark.parametrize("width", [390, 1280])
def test_twenty_curricula_and_a_reproduction_fit(browser, reproduced, width):
    html = reproduced.read_text("utf-8")
    content, window = browser.ask(html, WIDTHS, width)
    assert content <= window == width
    assert len(browser.ask(html, SHOWN, width)) == 5
    assert browser.ask(html, SMALLEST, width) >= 10  # pixels
    assert browser.ask(html, UNRESOLVED, width) == 0


def test_whose_figures_they_are_stays_in_sight_on_a_phone(browser, reproduced):
    edge, gap = browser.ask(reproduced.read_text("utf-8"), SCROLLED, 390)
    assert edge == 0
    assert abs(gap) <= 1  # pixel


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_no_window_scrolls_sideways(browser, page, width):
    content, window = browser.ask(page.read_text("utf-8"), WIDTHS, width)
    assert window == width
    assert content <= window


@pytest.mark.parametrize("width", [390, 1280])
def test_four_plots_are_shown_and_can_be_read(browser, page, width):
    html = page.read_text("utf-8")
    drawn = browser.ask(html, SHOWN, width)
    assert len(drawn) == 4
    assert all(0.8 * min(width, 850) - 40 < each <= width for each in drawn)
    assert browser.ask(html, SMALLEST, width) >= 10  # pixels
    assert browser.ask(html, UNRESOLVED, width) == 0


def test_nobodys_script_runs(browser, page):
    title = browser.ask(page.read_text("utf-8"), "(d, w) => d.title")
    assert title.startswith("people: Personalizing")


def brightness(picture) -> float:
    """Of the page's background, 0 to 255."""
    return float(np.median(np.asarray(Image.open(picture).convert("L"))))


def test_it_follows_light_and_dark(browser, page):
    assert brightness(browser.screenshot(page)) > 240
    dark = browser.screenshot(page, "--blink-settings=preferredColorScheme=0")
    assert brightness(dark) < 50


def test_it_prints(browser, page):
    printed = browser.pdf(page)
    assert printed.startswith(b"%PDF")
    assert 2 <= printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") <= 15
