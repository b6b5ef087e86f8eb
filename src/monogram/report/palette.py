"""Colours and shapes: one of each per curriculum, the same in every plot, in light and in dark.

The hues differ for readers with any colour vision, and shapes tell the same as colours do. Every
colour stands out from its background by a contrast of at least 3 (WCAG 2.2, 1.4.11).
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ink:
    """A colour of the plots.

    Attributes:
        name: of the page's CSS variable, `--name`.
        light: `#rrggbb` on a light background; what a figure in a notebook has.
        dark: `#rrggbb` on a dark background.
    """

    name: str
    light: str
    dark: str


TEXT = Ink("text", "#1f2328", "#e8e6e1")
SOFT = Ink("soft", "#5b6169", "#a5a8ad")
RULE = Ink("rule", "#d9d7d2", "#3a3d42")
SHADE = Ink("shade", "#eeece7", "#26292e")
PAPER = Ink("paper", "#ffffff", "#1b1d21")
BASE = Ink("base", "#3d4248", "#d0cfca")
HARM = Ink("harm", "#c4162a", "#ff7a7a")
GOOD = Ink("good", "#17754a", "#5fd39a")
DOUBT = Ink("doubt", "#8a5a00", "#e2b04a")
SERIES = (
    Ink("series-1", "#184b83", "#3f83f8"),
    Ink("series-2", "#d85a08", "#c98036"),
    Ink("series-3", "#0fa487", "#5af4aa"),
    Ink("series-4", "#8a39c5", "#b274d8"),
    Ink("series-5", "#614f16", "#e6da27"),
    Ink("series-6", "#2986b4", "#57caf5"),
    Ink("series-7", "#d91ba6", "#fa4ca1"),
    Ink("series-8", "#6ca12c", "#bde882"),
)
INKS = (TEXT, SOFT, RULE, SHADE, PAPER, BASE, HARM, GOOD, DOUBT, *SERIES)
MARKERS = {"s": "■", "D": "◆", "^": "▲", "P": "✚", "X": "✖\ufe0e", "*": "★", ">": "▶\ufe0e"}
BASE_MARKER = "o"
BIGGER = {"*": 1.6, "P": 1.25, "X": 1.2}  # shapes that look small at the size of others


@dataclass(frozen=True)
class Look:
    """How a curriculum looks in plots.

    Attributes:
        ink: its colour.
        marker: its shape, in matplotlib's letters.
    """

    ink: Ink
    marker: str

    @property
    def colour(self) -> str:
        """`#rrggbb`, for matplotlib."""
        return self.ink.light

    @property
    def scale(self) -> float:
        """By how much to enlarge the shape, so that it looks as large as others."""
        return BIGGER.get(self.marker, 1.0)

    @property
    def symbol(self) -> str:
        """The shape as a character."""
        return MARKERS.get(self.marker, "●")


def looks(base: str, others: Sequence[str]) -> dict[str, Look]:
    """A look for each curriculum; beyond eight, colours come again with other shapes.

    Args:
        base: the global-only curriculum, drawn in ink rather than in a colour.
        others: the other ones, in the order of the report.
    """
    found = {base: Look(BASE, BASE_MARKER)}
    shapes = list(MARKERS)
    for place, curriculum in enumerate(others):
        turn, hue = divmod(place, len(SERIES))
        found[curriculum] = Look(SERIES[hue], shapes[(hue + turn) % len(shapes)])
    return found
