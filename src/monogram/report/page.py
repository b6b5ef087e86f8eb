"""The page: one HTML file with everything about a study, to be opened anywhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from monogram.errors import shorten
from monogram.formats import count, points, ratio, with_sign
from monogram.report import provenance
from monogram.report.figures import Forms, page_figures
from monogram.report.palette import INKS
from monogram.report.people import extremes, featured, worst_off
from monogram.report.reproduced import Reproduced, reproduced
from monogram.report.table import columns, groups, note
from monogram.report.view import View, views
from monogram.report.words import recommendation
from monogram.reproduce import Reproduction
from monogram.study import Results

LONGEST = 1_500  # characters of any one text in the page
MOST_LISTED = 50  # individuals set aside, remarks and failures, each
TITLES = {
    "answer": "The answer",
    "claims": "The paper’s claims",
    "goals": "Beyond the paper",
    "trade-off": "Personal against global accuracy",
    "table-2": "The paper’s Table 2 and ours",
    "curricula": "Curricula side by side",
    "individuals": "Who gains and who is harmed",
    "fairness": "Fairness",
    "cost": "Training cost",
    "early-shaping": "What early shaping leaves behind",
    "learning-curves": "Learning curves",
    "data": "Data",
    "run": "How it was run",
}  # of the sections, in their order


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        id: what links point to.
        title: its heading.
    """

    id: str
    title: str

    @property
    def template(self) -> str:
        """What writes it."""
        return f"sections/{self.id}.html.jinja"


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


def write_report(
    results: Results,
    path: Path | str,
    *,
    inputs: bool = True,
    reproduction: Reproduction | None = None,
) -> None:
    """Write the page: one file that needs nothing else, of less than 3 MB.

    Args:
        results: of a study.
        path: of the HTML file; one that is there is replaced.
        inputs: show some inputs of the individuals who gained most and least, where they are
            images or series. They are these people's data: False to hand the page around.
        reproduction: whose results these are: adds the paper's claims, goals and figures.

    Raises:
        OSError: the file cannot be written.
    """
    target = Path(path)
    part = target.with_name(f"{target.name}.part")
    html = render(results, inputs=inputs, reproduction=reproduction)
    part.write_bytes(html.encode("utf-8", "replace"))
    part.replace(target)


def render(
    results: Results, *, inputs: bool = True, reproduction: Reproduction | None = None
) -> str:
    """The page's HTML."""
    shown = views(results)
    about = featured(results, shown)
    answer = recommendation(results)
    figures = page_figures(results, reproduction)
    beyond = reproduced(reproduction) if reproduction else None
    page: str = _template().render(
        name=results.population.name,
        headline=beyond.headline if beyond else answer.headline,
        answer=answer,
        tiles=_tiles(shown),
        chosen=next((view.label for view in shown if view.is_chosen), None),
        sections=_sections(figures, beyond),
        figures=figures,
        inks=INKS,
        shown=shown,
        numbered=shown[0].number is not None,
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
        reproduced=beyond,
        on=results.population.protocol.reports_on,
        same_data=results.population.protocol.reports_on == "validation",
    )
    return page


def _sections(figures: Mapping[str, Forms], beyond: Reproduced | None) -> list[Section]:
    """The sections that have something to say."""
    nothing = {
        "claims": not (beyond and beyond.claims),
        "goals": not (beyond and beyond.goals),
        "table-2": not (beyond and beyond.table),
        "early-shaping": "early_shaping" not in figures,
        "learning-curves": "learning_curves" not in figures,
    }
    return [Section(one, title) for one, title in TITLES.items() if not nothing.get(one)]


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


def _tiles(shown: tuple[View, ...]) -> list[tuple[str, str, str]]:
    """The four figures that matter: what, how much, compared with what."""
    chosen = next((view for view in shown if view.is_chosen), None)
    if chosen is None:
        return []
    one, harmed = chosen.summary, len(chosen.harmed)
    gain, change = points(chosen.gain), points(chosen.shared_gain)
    return [
        (
            "Personal accuracy",
            with_sign(one.personal.mean),
            f"{gain} points over the global-only model",
        ),
        (
            "Global accuracy",
            with_sign(one.shared.mean),
            f"{change} points against the global-only model",
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
        "Remarks": (*results.remarks, *population.remarks),
    }
    return {
        name: Listed(tuple(str(one) for one in several[:MOST_LISTED]), len(several))
        for name, several in everything.items()
    }
