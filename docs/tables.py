"""Benchmarks' figures as tables and sentences, read from their results while pages are built.

In a page, `<!-- price -->` becomes the table of that benchmark, and others likewise.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the tables into a page."""
    for name, text in TEXTS.items():
        mark = f"<!-- {name} -->"
        if mark in markdown:
            markdown = markdown.replace(mark, text(_results(name)))
    return markdown


def _results(name: str) -> dict[str, Any]:
    return dict(json.loads((RESULTS / f"{name}.json").read_text("utf-8")))


def price(found: dict[str, Any]) -> str:
    """A row for each workload: milliseconds per person, and the other sides' ratios."""
    sides = list(found["workloads"][0]["ratios"])
    peaks = [one["gemm_peak"] / 1e9 for one in found["workloads"]]
    told = (
        f"Milliseconds per person, and how many times longer the others take: the median of "
        f"{found['rounds']} rounds and their range. On {found['cores']} cores, whose products of "
        f"float32 matrices reached {min(peaks):.0f} to {max(peaks):.0f} GFLOP/s together. The "
        "share of the peak is that of the textbook loop's products and convolutions, in all the "
        "time that Monogram takes; the dual form does with fewer."
    )
    lines = [
        told,
        "",
        f"| work | people | Monogram | of the peak | {' | '.join(sides)} |",
        f"|---|---|---|---|{'---|' * len(sides)}",
    ]
    for one in found["workloads"]:
        ratios = (_ratio(one["ratios"].get(side)) for side in sides)
        ours = _milliseconds(median(one["ours"]))
        share = one["operations"] / (median(one["ours"]) / 1e3) / one["gemm_peak"]
        here = f"{one['people']:,} | {ours} | {100 * share:.0f} %"
        lines.append(f"| {one['workload']} | {here} | {' | '.join(ratios)} |")
    return "\n".join(lines)


def _milliseconds(value: float) -> str:
    return f"{value:,.1f} ms" if value < 100 else f"{value:,.0f} ms"


def _ratio(spread: list[float] | None) -> str:
    if spread is None:
        return "not measured"
    middle, low, high = spread
    return f"{middle:.1f} × ({low:.1f} to {high:.1f})"


def growth(found: dict[str, Any]) -> str:
    """A row for each number of people."""
    told = (
        f"A whole study of heads on 256 features, {found['own']} training samples a person, from "
        "first weights to the results; memory is what all processes hold besides the data, which "
        "are mapped."
    )
    lines = [
        told,
        "",
        "| people | time | per person | memory | data |",
        "|---|---|---|---|---|",
    ]
    for one in found["sizes"]:
        each = _milliseconds(1e3 * one["seconds"] / one["people"])
        memory, data = (f"{one[part] / 2**30:.2f} GiB" for part in ("memory", "data"))
        seconds = f"{one['seconds']:,.0f} s"
        lines.append(f"| {one['people']:,} | {seconds} | {each} | {memory} | {data} |")
    return "\n".join(lines)


def sentences(found: dict[str, Any]) -> str:
    """The lines that a benchmark prints."""
    return "\n".join(f"- {line}" for line in found["lines"])


TEXTS: Mapping[str, Callable[[dict[str, Any]], str]] = {
    "price": price,
    "full_width": price,
    "compiled": sentences,
    "growth": growth,
    "heads": sentences,
    "seven": sentences,
    "overhead": sentences,
}
