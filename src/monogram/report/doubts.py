"""What a recommendation cannot know: what is uncertain, and what is missing."""

import re
from collections import Counter

from monogram.curriculum import parse
from monogram.errors import shorten
from monogram.formats import SIGNIFICANT, count, joined, points, ratio
from monogram.report.view import View
from monogram.study import Results

FEW_INDIVIDUALS = 10
FEW_SAMPLES = 50
REASON_LENGTH = 160  # characters
NUMBERS = re.compile(r"[\d,.]*\d")  # reasons that differ in these only are of one kind


def uncertain(results: Results, shown: tuple[View, ...]) -> list[str]:
    """Why the same study might say something else another time, in sentences."""
    said = [
        _few_individuals(results),
        _few_samples(results),
        _one_seed(results),
        _ties(results, shown),
        _protocol(results),
    ]
    return [sentence for sentence in said if sentence]


def missing(results: Results, shown: tuple[View, ...]) -> list[str]:
    """Whose results are not there or are no use, in sentences."""
    said = [_set_aside(results), _failed(results), _unfinished(results), _collapsed(shown)]
    return [sentence for sentence in said if sentence]


def _few_individuals(results: Results) -> str:
    people = results.summary.individuals
    if people >= FEW_INDIVIDUALS:
        return ""
    return (
        f"{count(people, 'individual')} can hardly stand for all that may come; "
        f"{FEW_INDIVIDUALS} or more would say more, and intervals over so few are too narrow."
    )


def _few_samples(results: Results) -> str:
    fewest = min(row.personal_samples for row in results.rows)
    if fewest >= FEW_SAMPLES:
        return ""
    on = results.population.protocol.reports_on
    return (
        f"Whoever has least is judged on {count(fewest, f'{on} sample')}, each of which is "
        f"{points(1 / max(1, fewest)).removeprefix('+')} points of accuracy."
    )


def _one_seed(results: Results) -> str:
    if len({row.seed for row in results.rows}) > 1:
        return ""
    return "With one seed, the share of chance in training is not known."


def _ties(results: Results, shown: tuple[View, ...]) -> str:
    """Curricula that qualify as well and are not told apart from the chosen one."""
    choice = results.summary.choice
    alike = [view for view in shown if _is_tie(results, view)]
    if choice.curriculum is None or not alike:
        return ""
    chosen = results.summary[choice.curriculum].relative_cost_marginal
    cheapest = min(alike, key=lambda view: view.summary.relative_cost_marginal)
    cost = cheapest.summary.relative_cost_marginal
    names = joined([view.label for view in alike])
    also = "qualify" if alike[1:] else "qualifies"
    said = (
        f"The data do not tell the chosen curriculum's personal accuracy apart from that of "
        f"{names}, which {also} as well"
    )
    if cost >= chosen:
        return f"{said}."
    prices = f"r_train {ratio(cost)} against {ratio(chosen)}"
    if alike[1:]:
        return f"{said}; of these, {cheapest.label} is cheaper ({prices})."
    return f"{said} and is cheaper ({prices})."


def _is_tie(results: Results, view: View) -> bool:
    choice, test = results.summary.choice, view.summary.personal_against_chosen
    at = choice.candidates.get(view.summary.curriculum)
    if at is None or at[1] < choice.floor or view.is_chosen or test is None:
        return False
    return test.p_holm is None or test.p_holm >= SIGNIFICANT


def _protocol(results: Results) -> str:
    protocol = results.population.protocol
    if protocol.reports_on != "validation":
        return ""
    return (
        f"Selection and report use the same held-out data, as in the paper's protocol "
        f"({protocol.train:.0%} to train, {protocol.validation:.0%} held out): the chosen "
        f"curriculum looks a little better than it is."
    )


def _set_aside(results: Results) -> str:
    aside = results.population.set_aside
    if not aside:
        return ""
    kinds = Counter(NUMBERS.sub("…", one.reason) for one in aside)
    (kind, times), *others = kinds.most_common()
    reason = next(one.reason for one in aside if NUMBERS.sub("…", one.reason) == kind)
    why = "because" if not others else f"most often ({times:,}) because"
    if others and others[0][1] == times:
        why = f"for {len(kinds):,} different reasons, such as"
    could = f"{count(len(aside), 'individual')} could not be used"
    return f"{could}, {why}: {shorten(reason, REASON_LENGTH)}."


def _failed(results: Results) -> str:
    failed = results.summary.failed
    if not failed:
        return ""
    are = "model is" if failed == 1 else "models are"
    return f"{failed:,} {are} missing because training raised an error; the report lists them."


def _unfinished(results: Results) -> str:
    study = results.config["study"]
    people = len(study["individuals"])
    planned = [one for one in study["curricula"] if people > 1 or not parse(one).on_other]
    each = people * len(study["seeds"])
    left = each * len(planned) - len(results.rows) - results.summary.failed
    if left <= 0:
        return ""
    return f"The run is not finished: {count(left, 'model')} not trained yet; run it to the end."


def _collapsed(shown: tuple[View, ...]) -> str:
    gave_up = [view for view in shown if view.summary.collapsed]
    if not gave_up:
        return ""
    named = [f"{view.label} ({view.summary.collapsed:,})" for view in gave_up]
    total = sum(view.summary.collapsed for view in gave_up)
    return (
        f"{count(total, 'model')} collapsed, predicting one class or nothing: {joined(named, 5)}. "
        f"All figures include them."
    )
