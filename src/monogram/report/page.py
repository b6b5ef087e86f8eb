"""The page: one HTML file with everything about a study, to be opened anywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from monogram.errors import shorten
from monogram.report import plots, provenance
from monogram.report.formats import count, points, ratio, with_sign
from monogram.report.palette import INKS
from monogram.report.people import extremes, featured, worst_off
from monogram.report.svg import inline_svg
from monogram.report.table import columns, groups, note
from monogram.report.view import View, views
from monogram.report.words import recommendation
from monogram.study import Results

NARROW_WIDTH = 3.75  # inches of a figure on a phone
LONGEST = 1_500  # characters of any one text in the page
MOST_LISTED = 50  # individuals set aside, remarks and failures, each
DRAWN: dict[str, Callable[..., Figure]] = {
    "trade_off": plots.trade_off,
    "individuals": plots.individuals,
    "fairness": plots.fairness,
    "cost": plots.cost,
}
DESCRIBED = {
    "trade_off": "Personal against global accuracy, one mark with its spread for each curriculum",
    "individuals": "Gain in personal accuracy of each individual, one row for each curriculum",
    "fairness": "Range, standard deviation and worst tenth of both accuracies",
    "cost": "Training cost of one individual's model over the baseline's, on a logarithmic axis",
}


@dataclass(frozen=True)
class Listed:
    """The first few of many lines.

    Attributes:
        lines: at most `MOST_LISTED`.
        total: how many there are.
    """

    lines: tuple[str, ...]
    total: int

    @property
    def more(self) -> int:
        """How many are not listed."""
        return self.total - len(self.lines)


def write_report(results: Results, path: Path | str, *, inputs: bool = True) -> None:
    """Write the page: one file that needs nothing else, of less than 3 MB.

    Args:
        results: of a study.
        path: of the HTML file; one that is there is replaced.
        inputs: show some inputs of the individuals who gained most and least, where they are
            images or series. They are these people's data: False to hand the page around.

    Raises:
        OSError: the file cannot be written.
    """
    target = Path(path)
    part = target.with_name(f"{target.name}.part")
    part.write_bytes(render(results, inputs=inputs).encode("utf-8", "replace"))
    part.replace(target)


def render(results: Results, *, inputs: bool = True) -> str:
    """The page's HTML."""
    shown = views(results)
    about = featured(results, shown)
    page: str = _template().render(
        name=results.population.name,
        answer=recommendation(results),
        tiles=_tiles(shown),
        figures={name: _drawn(results, name) for name in DRAWN},
        inks=INKS,
        shown=shown,
        columns=columns(results),
        groups=groups(columns(results)),
        note=note(results),
        harm=_harm(results, shown, inputs=inputs),
        listed=_listed(results),
        facts={
            "Curricula": provenance.curriculum_facts(shown),
            "Study": provenance.study_facts(results),
            "Machine": provenance.machine_facts(results),
        },
        about=about,
        on=results.population.protocol.reports_on,
        same_data=results.population.protocol.reports_on == "validation",
    )
    return page


def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("monogram", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    return environment.get_template("page.html.jinja")


def _harmless(value: object) -> object:
    """Text of others in one printable line of bounded length; escaping comes after this."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return shorten(value, LONGEST)


def _drawn(results: Results, name: str) -> dict[str, Markup]:
    """A plot in both of its forms."""
    draw, described = DRAWN[name], DESCRIBED[name]
    return {
        "wide": inline_svg(draw(results), f"{name}-wide", described),
        "narrow": inline_svg(draw(results, width=NARROW_WIDTH), f"{name}-narrow", described),
    }


def _tiles(shown: tuple[View, ...]) -> list[tuple[str, str, str]]:
    """The four figures that matter: what, how much, compared with what."""
    base, chosen = shown[0].summary, next((v for v in shown if v.is_chosen), None)
    if chosen is None:
        return []
    one, harmed = chosen.summary, len(chosen.harmed)
    personal, shared = one.personal.mean, one.shared.mean
    return [
        (
            "Personal accuracy",
            with_sign(personal),
            f"{points(personal - base.personal.mean)} points over the global-only model",
        ),
        (
            "Global accuracy",
            with_sign(shared),
            f"{points(shared - base.shared.mean)} points against the global-only model",
        ),
        ("Worse off", f"{harmed:,}", f"of {count(len(chosen.gains), 'individual')}"),
        (
            "Training cost",
            f"{ratio(one.relative_cost_marginal)} ×",
            "a baseline model’s, for one more individual (r_train)",
        ),
    ]


def _harm(results: Results, shown: tuple[View, ...], *, inputs: bool) -> dict[str, Any]:
    """Who is shown one by one."""
    about = featured(results, shown)
    if about is None:
        return {"people": [], "extremes": [], "total": 0}
    return {
        "people": worst_off(results, about),
        "extremes": extremes(results, about) if inputs else [],
        "total": len(about.gains),
    }


def _listed(results: Results) -> dict[str, Listed]:
    """What happened to the data and to single trainings."""
    population = results.population
    everything: dict[str, tuple[object, ...]] = {
        "Set aside": population.set_aside,
        "Failed": results.failures,
        "Remarks": population.remarks,
    }
    return {
        name: Listed(tuple(str(one) for one in several[:MOST_LISTED]), len(several))
        for name, several in everything.items()
    }
