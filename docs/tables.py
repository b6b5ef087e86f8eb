"""The price benchmark's figures as a table, read from its results while pages are built.

In a page, `<!-- price -->` becomes the table.
"""

import json
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results" / "price.json"
MARK = "<!-- price -->"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the table into a page."""
    return markdown.replace(MARK, table()) if MARK in markdown else markdown


def table() -> str:
    """A row for each workload: milliseconds per person, and the other sides' ratios."""
    found = json.loads(RESULTS.read_text("utf-8"))
    sides = list(found["workloads"][0]["ratios"])
    told = (
        f"Milliseconds per person, and how many times longer the others take: the median of "
        f"{found['rounds']} rounds and their range. On {found['cores']} cores, whose products of "
        f"float32 matrices reach {found['gemm_peak'] / 1e9:.0f} GFLOP/s together."
    )
    lines = [
        told,
        "",
        f"| work | people | Monogram | {' | '.join(sides)} |",
        f"|---|---|---|{'---|' * len(sides)}",
    ]
    for one in found["workloads"]:
        ratios = (_ratio(one["ratios"].get(side)) for side in sides)
        ours = _milliseconds(median(one["ours"]))
        lines.append(f"| {one['workload']} | {one['people']:,} | {ours} | {' | '.join(ratios)} |")
    return "\n".join(lines)


def _milliseconds(value: float) -> str:
    return f"{value:,.1f} ms" if value < 100 else f"{value:,.0f} ms"


def _ratio(spread: list[float] | None) -> str:
    if spread is None:
        return "not measured"
    middle, low, high = spread
    return f"{middle:.1f} × ({low:.1f} to {high:.1f})"
