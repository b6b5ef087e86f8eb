"""The recommendation in words: what an engineer can act on, with what is not known.

    print(recommendation(results))

Each point is a few sentences about one question. "Personalizing does not pay" and "none
qualifies" are answers like any other.
"""

from dataclasses import dataclass
from math import floor

import numpy as np

from monogram.curriculum import Curriculum, parse
from monogram.engine.progress import duration
from monogram.errors import shorten
from monogram.formats import SIGNIFICANT, count, joined, p_value, percent, points, ratio, with_sign
from monogram.report.doubts import missing, uncertain
from monogram.report.view import View, label, shown_floor, views
from monogram.study import Results

ID_LENGTH = 32  # characters of an individual's id in a sentence
MOST_NAMED = 3  # individuals
THOUSAND = 1_000

Said = dict[str, list[str]]  # sentences about each question


@dataclass(frozen=True)
class Point:
    """What is to be said to one question.

    Attributes:
        about: the question in a word or two.
        sentences: the answer.
    """

    about: str
    sentences: tuple[str, ...]

    def __str__(self) -> str:
        """One paragraph."""
        return f"{self.about}: {' '.join(self.sentences)}"


@dataclass(frozen=True)
class Recommendation:
    """What to do, and why.

    Attributes:
        headline: the answer in a sentence.
        points: gain, costs, who is worse off, what is uncertain, what is missing.
    """

    headline: str
    points: tuple[Point, ...]

    def __str__(self) -> str:
        """Paragraphs for a terminal."""
        return "\n".join([self.headline, *(str(point) for point in self.points)])


def recommendation(results: Results) -> Recommendation:
    """What the results advise.

    The choice was made on validation data; the figures are those of the part reported on.
    """
    shown = views(results)
    chosen = next((view for view in shown if view.is_chosen), None)
    if chosen:
        headline, said = _headline(results, shown[0], chosen), _about(results, shown, chosen)
    else:
        headline, said = _nobody(results, shown)
    said |= {"Uncertain": uncertain(results, shown), "Missing": missing(results, shown)}
    return Recommendation(
        headline, tuple(Point(about, tuple(answer)) for about, answer in said.items() if answer)
    )


def _headline(results: Results, base: View, chosen: View) -> str:
    people = len(chosen.gains)
    these = "this individual" if people == 1 else f"these {count(people, 'individual')}"
    gain, test = chosen.gain, base.summary.personal_against_chosen
    on = results.population.protocol.reports_on
    if gain <= 0:
        instead = f"loses {points(-gain).removeprefix('+')} points" if gain else "gains nothing"
        return (
            f"Personalizing does not hold up for {these}: {chosen.label} was best on validation "
            f"data, but {instead} on {on} data."
        )
    gains = f"gains {points(gain).removeprefix('+')} points of accuracy"
    if test is None or test.p_holm is None or test.p_holm >= SIGNIFICANT:
        return (
            f"Personalizing may pay for {these}: {chosen.label} {gains}, "
            f"which could still be chance."
        )
    if chosen.summary.shared.mean < shown_floor(results):
        gains += f", with less global accuracy on {on} data than asked for"
    return f"Personalizing pays for {these}: {chosen.label} {gains}."


def _about(results: Results, shown: tuple[View, ...], chosen: View) -> Said:
    base = shown[0]
    return {
        "Gain": [*_gain(results, base, chosen), *_not_personal(results, shown, chosen)],
        "Cost on global data": _loss(results, base, chosen),
        "Cost in training": _training(chosen),
        "Worse off": _worse_off(chosen),
    }


def _gain(results: Results, base: View, chosen: View) -> list[str]:
    reached = float(np.mean([chosen.personal[i] for i in chosen.gains]))
    after, before = with_sign(reached), with_sign(reached - chosen.gain)
    test = base.summary.personal_against_chosen
    on = results.population.protocol.reports_on
    said = (
        f"On the individuals' own {on} data, the mean accuracy goes from {before} (global-only "
        f"model) to {after} (a model for each)"
    )
    if test is None or test.p_holm is None:
        return [f"{said}."]
    which = "a paired t-test" if test.t_test_holm is not None else "Wilcoxon's test"
    return [f"{said}; {p_value(test.p_holm)} in {which}, Holm-corrected."]


def _not_personal(results: Results, shown: tuple[View, ...], chosen: View) -> list[str]:
    """How much of the gain is no model's own, where all share more than the global-only model."""
    trunk = parse(chosen.summary.curriculum).trunk
    shared = str(Curriculum(trunk)) if trunk else results.summary.base
    if shared == results.summary.base:
        return []
    alone = next((view for view in shown if view.summary.curriculum == shared), None)
    if alone is None:
        name = label(shared, results.config["study"]["epochs"])
        advice = "give it as a curriculum too"
        return [f"How much of that all share, by {name}, is not known: {advice}."]
    return [f"Of that, {points(alone.gain)} points are what all share: {alone.label} alone."]


def _loss(results: Results, base: View, chosen: View) -> list[str]:
    ours, theirs = chosen.summary.shared, base.summary.shared
    least = shown_floor(results)
    change = points(chosen.shared_gain)
    said = (
        f"The personal models are right on {with_sign(ours.mean)} of the global data, the "
        f"global-only model on {with_sign(theirs.mean)} ({change} points); the worst of the "
        f"personal ones on {with_sign(ours.min)}."
    )
    below = (
        f"Their mean is {percent(least - ours.mean, 2)} points below the floor of "
        f"{with_sign(least)}: the choice was made on validation data, where it was not."
    )
    return [said, below] if ours.mean < least else [said]


def _training(chosen: View) -> list[str]:
    one = chosen.summary
    own = ratio(one.relative_cost_marginal)
    said = (
        f"One more individual costs {own} times the training of a baseline model (r_train, "
        f"marginal; {duration(one.seconds)} here), or {ratio(one.relative_cost_amortised)} times "
        f"with a share of the training that all have in common (amortised)."
    )
    return [said]


def _worse_off(chosen: View) -> list[str]:
    harmed, gains = chosen.harmed, chosen.gains
    who = f"{len(harmed):,} of {count(len(gains), 'individual')}"
    who += f" {'is' if 1 in (len(harmed), len(gains)) else 'are'} worse off than with the "
    who += "global-only model"
    same = sum(gain == 0 for gain in gains.values())
    unchanged = [f"For {same:,} nothing changes."] if same else []
    if not harmed:
        return [f"{who}.", *unchanged]
    named = [f"{shorten(one, ID_LENGTH)} ({points(gains[one])} points)" for one in harmed]
    advice = f"Keep the global-only model for {'this one' if len(harmed) == 1 else 'these'}."
    return [f"{who}: {joined(named, MOST_NAMED)}.", advice, *unchanged]


def _nobody(results: Results, shown: tuple[View, ...]) -> tuple[str, Said]:
    """Why nothing was chosen, and what would have to change."""
    choice = results.summary.choice
    if not choice.candidates:
        return _no_candidates(results), {}
    best = max(choice.candidates, key=lambda one: (choice.candidates[one], one))
    personal, shared = choice.candidates[best]
    name = next((view.label for view in shown if view.summary.curriculum == best), best)
    why = (
        f"On validation data {name}, the best of the curricula for individuals, is right on "
        f"{with_sign(personal)} of their data and {with_sign(shared)} of the global data, the "
        f"global-only model on {with_sign(choice.base[0])} and {with_sign(choice.base[1])}."
    )
    if personal <= choice.base[0]:
        headline = "Personalizing does not pay for these individuals: use the global-only model."
        return headline, {"Why": [why]}
    if shared >= choice.floor:
        longer = label(str(Curriculum(parse(best).trunk)), results.config["study"]["epochs"])
        headline = (
            f"Personalizing does not pay for these individuals: use {longer}, which all share and "
            f"is as good alone."
        )
        return headline, {"Why": [why]}
    headline = (
        f"None qualifies: no curriculum that gains keeps a global accuracy of "
        f"{with_sign(choice.floor)}. Use the global-only model."
    )
    lower = floor(THOUSAND * shared) / THOUSAND
    remedy = f"If that loss on global data is acceptable, set --min-global-accuracy {lower:g}."
    return headline, {"Why": [why], "What would change it": [remedy]}


def _no_candidates(results: Results) -> str:
    if any(parse(one).is_personal for one in results.config["study"]["curricula"]):
        return "No personal model is there to choose: none was trained to its end."
    return "No curriculum of this study makes a personal model."
