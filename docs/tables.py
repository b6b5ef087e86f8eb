"""Benchmarks' figures as tables and sentences, read from their results while pages are built.

In a page, `<!-- price -->` becomes the table of that benchmark, and others likewise.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
TEXTBOOK = "the textbook loop"
GLOBAL_SAMPLES = ", 9,000 global samples"  # in names of workloads


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
    """A column for each workload, and how it is to be read."""
    told = (
        f"Milliseconds per person, and how many times longer the others take: the median of "
        f"{found['rounds']} rounds and their range, on {found['cores']} cores ({_machine(found)}), "
        f"{_peak(found)}. The share of the peak is that of the textbook loop's products and "
        "convolutions, in all the time that Monogram takes; the dual form does with fewer, and "
        "convolutions may be faster than products of matrices. The last row is how many times "
        "longer the textbook loop takes than these operations would at the peak."
    )
    return f"{told}\n\n{_comparison(found)}"


def another_run(found: dict[str, Any]) -> str:
    """The same of another run."""
    return f"On the same cores, {_peak(found)} this time:\n\n{_comparison(found)}"


def _machine(found: dict[str, Any]) -> str:
    processor, _, _, library, _ = found["on"].split(" / ")
    return f"{processor}, PyTorch {library}"


def _peak(found: dict[str, Any]) -> str:
    peaks = [f"{one['gemm_peak'] / 1e9:.0f}" for one in found["workloads"]]
    least, most = min(peaks, key=int), max(peaks, key=int)
    reached = least if least == most else f"{least} to {most}"
    return f"whose products of float32 matrices reached {reached} GFLOP/s together"


def _first_run(workloads: Sequence[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    """A row of what the first run took, where it was timed."""
    if all("first" in one for one in workloads):
        first = [1e3 * one["first"] / one["people"] for one in workloads]
        yield ("its first run", *map(_milliseconds, first))


def _comparison(found: dict[str, Any]) -> str:
    """Milliseconds per person, and the other sides' ratios."""
    workloads = found["workloads"]
    ours = [median(one["ours"]) for one in workloads]
    textbook = [median(one["theirs"][TEXTBOOK]) for one in workloads]
    least = [1e3 * one["operations"] / one["gemm_peak"] for one in workloads]
    rows = [
        ("", *(one["workload"] for one in workloads)),
        ("---",) * (1 + len(workloads)),
        ("people", *(f"{one['people']:,}" for one in workloads)),
        ("people of the other sides", *(f"{one['sampled']:,}" for one in workloads)),
        ("Monogram", *map(_milliseconds, ours)),
        *_first_run(workloads),
        ("of the peak", *(f"{100 * a / b:.0f} %" for a, b in zip(least, ours, strict=True))),
        *(
            (side, *(_ratio(one["ratios"][side]) for one in workloads))
            for side in workloads[0]["ratios"]
        ),
        ("accuracies apart, at most", *(f"{one['most_apart']:.3f}" for one in workloads)),
        (
            "the textbook loop, to the peak",
            *(f"{a / b:.1f} ×" for a, b in zip(textbook, least, strict=True)),
        ),
    ]
    return _table(rows)


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _milliseconds(value: float) -> str:
    return f"{value:,.1f} ms" if value < 100 else f"{value:,.0f} ms"


def _ratio(spread: list[float]) -> str:
    middle, low, high = spread
    return f"{middle:.2f} ×<br>({low:.2f} to {high:.2f})"


def scratch(found: dict[str, Any]) -> str:
    """A row for each network."""
    rows = [
        ("", "Monogram", "the textbook loop", "accuracies apart, at most"),
        ("---",) * 4,
        *(
            (
                one["workload"],
                f"{median(one['ours']):.1f} s",
                _ratio([median(one["ratios"]), min(one["ratios"]), max(one["ratios"])]),
                f"{one['apart']:.3f}",
            )
            for one in found["networks"]
        ),
    ]
    return _table(rows)


def growth(found: dict[str, Any]) -> str:
    """A row for each network and number of people."""
    told = (
        f"A whole study of 20 iterations for everybody, {found['own']} training samples a person "
        f"and {found['judged']} global samples to judge on, from first weights to the results; "
        "memory is what all processes hold besides the data, which are mapped."
    )
    rows = [("", "people", "time", "per person", "memory", "data"), ("---",) * 6]
    for one in found["sizes"]:
        each = _milliseconds(1e3 * one["seconds"] / one["people"])
        memory, data = (f"{one[part] / 2**20:,.0f} MiB" for part in ("memory", "data"))
        seconds = f"{one['seconds']:,.1f} s"
        rows.append((one["workload"], f"{one['people']:,}", seconds, each, memory, data))
    return f"{told}\n\n{_table(rows)}"


def profiled(found: dict[str, Any]) -> str:
    """A row for a training step of each network and one for judging it."""
    kinds = list(found["networks"][0]["training"]["shares"])
    rows = [
        ("", *kinds, "of the core's peak"),
        ("---",) * (2 + len(kinds)),
        *(
            (
                f"{one['workload'].removesuffix(GLOBAL_SAMPLES)}, {part}",
                *(f"{100 * one[part]['shares'][kind]:.0f} %" for kind in kinds),
                f"{100 * one[part]['of_peak']:.0f} %",
            )
            for one in found["networks"]
            for part in ("training", "judging")
        ),
    ]
    return _table(rows)


def convolutions(found: dict[str, Any]) -> str:
    """A row for each layer: of each part the share of the time, and how much less exact it is."""
    parts = list(found["layers"][0]["parts"])
    rows = [
        ("", *parts),
        ("---",) * (1 + len(parts)),
        *(
            (
                one["layer"],
                *map(_part, one["parts"].values()),
            )
            for one in found["layers"]
        ),
    ]
    return _table(rows)


def _part(part: dict[str, Any]) -> str:
    apart = ", ".join(f"{each:.1f}" for each in part["apart"])
    return f"{part['ratio']:.2f} ({apart})"


def sentences(found: dict[str, Any]) -> str:
    """The lines that a benchmark prints."""
    return "\n".join(f"- {line}" for line in found["lines"])


TEXTS: Mapping[str, Callable[[dict[str, Any]], str]] = {
    "price": price,
    "peers": another_run,
    "profiled": profiled,
    "full_width": another_run,
    "compiled": sentences,
    "judging": sentences,
    "dropout": sentences,
    "native": sentences,
    "convolutions": convolutions,
    "judged": another_run,
    "scratch": scratch,
    "growth": growth,
    "heads": sentences,
    "seven": sentences,
    "overhead": sentences,
    "curves": sentences,
}
