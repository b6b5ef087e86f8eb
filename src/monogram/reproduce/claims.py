"""The claims of the paper's Results section, judged by our own data.

The rule, for claims that tests decide. Each part of a claim has two p-values, for what it says and
for the opposite (`evidence`).

- *For* the claim: all parts must hold, so its p is the largest of theirs (intersection-union test;
  Berger, Technometrics 24, 1982).
- *Against* it: one part that does not is enough, so its p is the smallest of theirs times their
  number (Bonferroni).
- Both are corrected over the claims of the scenario that tests decide (Holm 1979), each as a
  family of its own.
- *Reproduced*: for < 0.05. *Contradicted*: against < 0.05. Else *undecided at this scale*.

So with a probability of at least 95 % no claim of a scenario is called reproduced wrongly, and with
the same none is called contradicted wrongly, as far as differences over individuals are normal.
Claims about costs are counted and hold or do not.
"""

from collections.abc import Mapping, Sequence

from monogram.measure import holm_corrected
from monogram.reproduce.evidence import Found, Tables
from monogram.reproduce.paper import ScenarioName
from monogram.reproduce.statements import EFFORTS, STATEMENTS, Effort, Statement
from monogram.reproduce.values import Claim, Compared, Verdict
from monogram.reproduce.wording import p_value
from monogram.study import Results
from monogram.study.figures import by_curriculum, figures

LEVEL = 0.05
MOST_SHOWN = 4  # parts whose figures are told; of more, the one that holds least
UNDECIDED: Verdict = "undecided at this scale"


def claims(
    results: Results, compared: Sequence[Compared], scenario: ScenarioName
) -> tuple[Claim, ...]:
    """Every claim about one scenario, in the order of the paper.

    Args:
        results: of the study.
        compared: the rows of Table 2 that it holds; a claim about another row is undecided.
        scenario: whose claims.
    """
    groups = by_curriculum(results.rows)
    ours = {row.paper.name: row.curriculum for row in compared if row.curriculum in groups}
    tables = {name: figures(groups[curriculum]) for name, curriculum in ours.items()}
    costs = {name: results.summary[c].relative_cost_marginal for name, c in ours.items()}
    tested = _tested(STATEMENTS[scenario], tables)
    return (*tested, *(_counted(effort, costs) for effort in EFFORTS))


def _tested(statements: Sequence[Statement], tables: Tables) -> list[Claim]:
    found = [_found(statement, tables) for statement in statements]
    supports = holm_corrected([support(parts) for parts in found])
    opposes = holm_corrected([opposition(parts) for parts in found])
    return [
        Claim(
            text=statement.text,
            source=statement.source,
            verdict=verdict(p_for, p_against),
            evidence=_evidence(statement, tables, parts, p_for, p_against),
            test=f"{_tests(statement)}, Holm over the scenario's claims",
        )
        for statement, parts, p_for, p_against in zip(
            statements, found, supports, opposes, strict=True
        )
    ]


def support(parts: Sequence[Found]) -> float | None:
    """The p for a claim: all parts must hold. None where there is none, or one has no test."""
    known = [part.supports for part in parts if part.supports is not None]
    return max(known) if known and len(known) == len(parts) else None


def opposition(parts: Sequence[Found]) -> float | None:
    """The p against a claim: one part that does not hold is enough. None where none has a test."""
    known = [part.opposes for part in parts if part.opposes is not None]
    return min(1.0, len(known) * min(known)) if known else None


def verdict(supports: float | None, opposes: float | None) -> Verdict:
    """By the corrected p-values for and against a claim; None decides nothing."""
    if supports is not None and supports < LEVEL:
        return "reproduced"
    if opposes is not None and opposes < LEVEL:
        return "contradicted"
    return UNDECIDED


def _found(statement: Statement, tables: Tables) -> list[Found]:
    """What our data say of its parts; nothing where a row is missing."""
    if _missing(statement, tables):
        return []
    return [part.find(tables) for part in statement.parts]


def _missing(statement: Statement, tables: Tables) -> list[str]:
    """Rows that the study does not hold."""
    rows = dict.fromkeys(row for part in statement.parts for row in (part.ours, part.theirs))
    return [row for row in rows if row not in tables]


def _evidence(
    statement: Statement,
    tables: Tables,
    parts: Sequence[Found],
    p_for: float | None,
    p_against: float | None,
) -> str:
    if not parts:
        return f"not studied: {', '.join(_missing(statement, tables))}"
    shown, told = list(parts), ""
    if len(parts) > MOST_SHOWN:
        shown, told = [_weakest(parts)], f"the weakest of {len(parts)} differences: "
    figures_told = told + "; ".join(part.words for part in shown)
    return f"{figures_told}. For the claim {p_value(p_for)}, against it {p_value(p_against)}"


def _weakest(parts: Sequence[Found]) -> Found:
    def weakness(part: Found) -> tuple[float, float]:
        supports, opposes = (1.0 if p is None else p for p in (part.supports, part.opposes))
        return (supports, -opposes)

    return max(parts, key=weakness)


def _tests(statement: Statement) -> str:
    return " and ".join(dict.fromkeys(part.test for part in statement.parts))


def _counted(effort: Effort, costs: Mapping[str, float]) -> Claim:
    missing = [row for row in effort.rows if row not in costs]
    told = ", ".join(f"{row} {costs[row]:.2g}" for row in effort.rows if row not in missing)
    decided: Verdict = UNDECIDED
    if not missing:
        decided = "reproduced" if effort.holds(costs) else "contradicted"
    return Claim(
        text=effort.text,
        source=effort.source,
        verdict=decided,
        evidence=f"not studied: {', '.join(missing)}" if missing else f"r_train: {told}",
        test="none: samples trained on are counted",
    )
