"""Figures as inline SVG: text that stays text, colours that follow the page's light or dark."""

import io
import re
from collections.abc import Mapping
from html import escape
from itertools import count

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

from monogram.report.palette import INKS

IMAGE_DPI = 160  # of dense marks, which are drawn as an image
BEFORE_SVG = re.compile(r"^.*?(?=<svg )", re.DOTALL)
NEEDLESS = re.compile(
    r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>|<!--.*?-->|<defs>\s*</defs>", re.DOTALL
)
SPACE = re.compile(r"\s*\n\s*")
OPENING = re.compile(r"<svg [^>]*?viewBox=\"([^\"]*)\"[^>]*>")
EMPTY = re.compile(r"<g>\s*</g>\s*|<g/>\s*| transform=\"rotate\(-0 [^)]*\)\"")
TAG = re.compile(r"<[^>]*>")  # what matplotlib writes holds no other brackets
FONT = re.compile(r"font-family: [^;\"]*;? ?")
FONT_IN_ONE = re.compile(r"font: ((?:\w+ )*)([\d.]+px) [^;\"]*")
NUMBER = re.compile(r"(\d+\.\d{2})\d+")
COLOUR = re.compile(r"(?<=[: ])#[0-9a-f]{6}")
ID = re.compile(r' id="([^"]*)"')
POINTER = re.compile(r'(url\(#|href="#)([^)"]*)')


def inline_svg(figure: Figure, name: str, description: str) -> Markup:
    """A figure to stand in a page.

    Args:
        figure: drawn in the colours of the palette.
        name: unique in the page; ids begin with it.
        description: what it shows, for those who do not see it.
    """
    raw = io.StringIO()
    settings: dict[str, object] = {"svg.fonttype": "none", "svg.hashsalt": name}
    with mpl.rc_context(settings):  # type: ignore[arg-type]
        figure.savefig(raw, format="svg", transparent=True, dpi=IMAGE_DPI)
    text = NEEDLESS.sub("", BEFORE_SVG.sub("", raw.getvalue(), count=1))
    text = SPACE.sub("\n", NEEDLESS.sub("", text))
    names = _names(text, name)
    text = TAG.sub(lambda tag: _themed(_renamed(tag[0], names)), text)
    while (fewer := EMPTY.sub("", text)) != text:
        text = fewer
    return Markup(OPENING.sub(_opening(description), text, count=1))


def _opening(description: str) -> str:
    said = escape(description).replace("\\", r"\\")
    return rf'<svg viewBox="\1" role="img" aria-label="{said}">'


def _names(text: str, name: str) -> dict[str, str]:
    """New ids, which no other figure of the page has, for what something points to."""
    numbers = count(1)
    used = {match[2] for match in POINTER.finditer(text)}
    return {old: f"{name}-{next(numbers)}" for old in sorted(used)}


def _renamed(tag: str, names: Mapping[str, str]) -> str:
    """A tag with its new id, or without one, and with new pointers."""
    tag = tag.replace("xlink:href", "href")
    tag = ID.sub(lambda own: f' id="{names[own[1]]}"' if own[1] in names else "", tag)
    return POINTER.sub(lambda at: at[1] + names.get(at[2], at[2]), tag)


def _themed(tag: str) -> str:
    """A tag with the page's font and its variables for colours, and digits that can be seen."""
    if tag.startswith("<image"):
        return tag
    variables = {ink.light: f"var(--{ink.name})" for ink in INKS}
    tag = FONT.sub("", FONT_IN_ONE.sub(r"font: \1\2 var(--sans)", tag))
    return NUMBER.sub(r"\1", COLOUR.sub(lambda at: variables.get(at[0], "currentColor"), tag))
