"""The pages' figures, drawn from Monogram's own values, models and benchmarks as pages are built.

MkDocs calls `on_files` as a hook; no picture is committed, so none can be out of date. Each
figure is drawn twice, for light and dark pages. `python docs/figures.py FOLDER` writes PNGs to
look at.
"""

import io
import json
import sys
from collections.abc import Callable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

import monogram
from monogram.curriculum import Curriculum, Source, title
from monogram.engine.machine import torch_threads
from monogram.networks import MLP
from monogram.plan import Node, Plan, Stretch
from monogram.plan.compile import is_personal
from monogram.population import Split
from monogram.training import Feed, State, as_samples, tally, train

THEMES = {
    "light": {"ink": "#1f2430", "faint": "#8a93a3", "page": "#ffffff"},
    "dark": {"ink": "#e4e7ee", "faint": "#7d879a", "page": "#1e2129"},
}
SHARED, OWN, BOTH = "#5b8dd6", "#e08a3c", "#4fa68a"  # D_G, D_I and their union: legible on both
CLASSES = (SHARED, OWN)
EVERYBODY = "everybody"
CPU = torch.device("cpu")


# --- Figure 1: decisions move towards the individual's data --------------------------------


@cache
def trained_toy() -> tuple[monogram.Population, dict[str, torch.nn.Module]]:
    """A population in the plane, and models of it: the global-only one and two personal ones.

    Two classes lie on either side of a wave for everybody; anna and ben each draw the line
    elsewhere, and know only a part of the plane.
    """
    draw = np.random.default_rng(0)

    def samples(n: int, middle: float, spread: float, shift: float) -> tuple[Any, Any]:
        x = np.clip(draw.normal(middle, spread, n), -3, 3)
        y = draw.uniform(-2, 2, n)
        above = y > np.sin(x) + shift
        clear = np.abs(y - np.sin(x) - shift) > 0.12
        return np.stack([x, y], axis=1)[clear], above[clear].astype(int)

    shared = samples(1500, 0.0, 1.7, 0.0)
    people = {"anna": samples(150, -1.6, 0.5, 0.8), "ben": samples(150, 1.6, 0.5, -0.8)}
    population = monogram.from_arrays(
        np.concatenate([x for x, _ in people.values()]),
        np.concatenate([y for _, y in people.values()]),
        np.repeat(list(people), [len(y) for _, y in people.values()]),
        global_inputs=shared[0],
        global_labels=shared[1],
        name="toy",
    )
    study = monogram.Study(population, ["transfer(60)"], network=MLP, epochs=60)
    with torch_threads(1):
        models = dict(_train_all(study, study.plan().roots[0], None))
    return population, models


def _train_all(
    study: monogram.Study, node: Node, start: State | None
) -> Iterator[tuple[str, torch.nn.Module]]:
    """The models at the ends of a tree, by owner: what the engine does, without files."""
    network = study.architecture.build(0)
    population, owner = study.population, node.stretch.owner
    shared = as_samples(population, population.global_data.train, CPU)
    own = None
    if owner:
        own = as_samples(population, population.individuals[owner].train, CPU)
    feed = Feed(node.stretch, shared, own, study.recipe.batch_size)
    begin = start.at_phase_start() if start else State.of(network)
    end = train(network, begin, node.stretch, feed, study.recipe)
    yield owner or EVERYBODY, network.eval()
    for child in node.children:
        yield from _train_all(study, child, end)


def influence(theme: dict[str, str]) -> Figure:
    """Figure 1: decision boundaries of the global-only and of two personal models."""
    population, models = trained_toy()
    figure = Figure(figsize=(8.4, 2.9), layout="constrained")
    panels = figure.subplots(1, 3, sharex=True, sharey=True)
    for axes, (owner, model) in zip(panels, models.items(), strict=True):
        split = population.global_data if owner == EVERYBODY else population.individuals[owner]
        _decisions(axes, model)
        if owner != EVERYBODY:
            _boundary(axes, models[EVERYBODY], theme["faint"], "--")
        _boundary(axes, model, theme["ink"], "-")
        rows = np.arange(split.train.start, split.train.stop)[:250]
        points, labels = population.inputs[rows], population.labels[rows]
        colours = [CLASSES[int(label)] for label in labels]
        axes.scatter(*points.T, s=9, c=colours, edgecolors=theme["page"], linewidths=0.4)
        axes.set_title(_judged(owner, model, population))
        axes.set(xticks=[], yticks=[], xlim=(-3, 3), ylim=(-2, 2))
    return figure


def _grid() -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.linspace(-3, 3, 241), np.linspace(-2, 2, 161))
    return x.astype(np.float32), y.astype(np.float32)


def _difference(model: torch.nn.Module) -> np.ndarray:
    """How much more a model believes in the second class, on the grid."""
    x, y = _grid()
    with torch.inference_mode():
        logits = model(torch.from_numpy(np.stack([x.ravel(), y.ravel()], axis=1)))
    difference: np.ndarray = (logits[:, 1] - logits[:, 0]).reshape(x.shape).numpy()
    return difference


def _decisions(axes: Axes, model: torch.nn.Module) -> None:
    axes.contourf(*_grid(), _difference(model), levels=[-1e9, 0, 1e9], colors=CLASSES, alpha=0.18)


def _boundary(axes: Axes, model: torch.nn.Module, colour: str, style: str) -> None:
    lines = axes.contour(*_grid(), _difference(model), levels=[0], colors=[colour], linewidths=1.4)
    lines.set_linestyle(style)


def _judged(owner: str, model: torch.nn.Module, population: monogram.Population) -> str:
    """Whose model it is, and what it gets right: of D_G, and of the individuals it is for."""

    def accuracy(split: Split) -> str:
        return f"{tally(model, as_samples(population, split.test, CPU)).accuracy:.0%}"

    shared = f"$D_G$ {accuracy(population.global_data)}"
    if owner == EVERYBODY:
        own = [f"{id_} {accuracy(split)}" for id_, split in population.individuals.items()]
        return f"the global model\n{', '.join([shared, *own])}"
    return f"{owner}'s model\n{shared}, {owner} {accuracy(population.individuals[owner])}"


# --- Figure 2: the forms of shaping as bands over training time ----------------------------

SHAPINGS = (
    monogram.EarlyShaping(24),
    monogram.SampleWeighting(2),
    monogram.SampleWeighting("1/8"),
    monogram.Transfer(24),
    monogram.Baseline(),
)
EPOCHS = 10


def shapings(theme: dict[str, str]) -> Figure:
    """Figure 2: whose batches each curriculum trains on, step by step, as planned on `watch`."""
    population = monogram.load("watch")
    person = next(iter(population.individuals))
    rows = []
    for curriculum in SHAPINGS:
        study = monogram.Study(population, [curriculum], epochs=EPOCHS)
        per_epoch = -(-len(population.global_data.train) // study.recipe.batch_size)
        path = list(_path(study.plan(), curriculum.with_epochs(EPOCHS), person))
        rows.append((title(curriculum), [_bands(stretch, per_epoch) for stretch in path]))
    figure = Figure(figsize=(8.4, 2.9), layout="constrained")
    axes = figure.subplots()
    for place, (_, phases) in enumerate(rows):
        start = 0
        for bands in phases:
            for colour, run in groupby(bands):
                steps = len(list(run))
                axes.barh(place, steps, left=start, height=0.72, color=colour)
                start += steps
            axes.vlines(start, place - 0.46, place + 0.46, colors=theme["page"], linewidth=2)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.invert_yaxis()
    axes.set(xlabel="iteration", xlim=(0, None))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    key = ((SHARED, "batch of $D_G$"), (OWN, "batch of $D_I$"), (BOTH, "batch of $D_G \\cup D_I$"))
    figure.legend(
        handles=[Patch(color=colour, label=text) for colour, text in key],
        loc="outside upper center",
        ncols=3,
        frameon=False,
    )
    return figure


def _path(plan: Plan, curriculum: Curriculum, person: str) -> Iterator[Stretch]:
    """The stretches that lead to one model of a curriculum."""

    def find(node: Node, done: tuple[Stretch, ...]) -> tuple[Stretch, ...] | None:
        now = (*done, node.stretch)
        wanted = (str(curriculum), person)
        if any((model.curriculum, model.individual) == wanted for model in node.models):
            return now
        return next(filter(None, (find(child, now) for child in node.children)), None)

    yield from next(filter(None, (find(root, ()) for root in plan.roots)))


def _bands(stretch: Stretch, per_epoch: int) -> list[str]:
    """The colour of each step of a stretch."""
    steps = np.arange(stretch.start, stretch.stop)
    if stretch.phase.source is Source.MIXED:
        personal = is_personal(steps, stretch.phase, per_epoch)
        return [OWN if own else SHARED for own in personal]
    colours = {Source.PERSONAL: OWN, Source.GLOBAL: SHARED, Source.UNION: BOTH}
    return [colours[stretch.phase.source]] * len(steps)


# --- Figure 3: data of six individuals -----------------------------------------------------


def differences(theme: dict[str, str]) -> Figure:
    """Figure 3: class counts of six individuals of `digits`, movements of the six of `watch`."""
    figure = Figure(figsize=(8.4, 4.0), layout="constrained")
    top, bottom = figure.subfigures(2, 1)
    _class_counts(top, theme)
    _hidden_factors(bottom, theme)
    return figure


def _class_counts(figure: Any, theme: dict[str, str]) -> None:
    population = monogram.load("digits", individuals=6)
    panels = figure.subplots(1, 6, sharey=True)
    for axes, (id_, split) in zip(panels, population.individuals.items(), strict=True):
        labels = population.labels[split.train.start : split.test.stop]
        axes.bar(range(10), np.bincount(labels, minlength=10), color=OWN)
        axes.set_title(id_, fontsize=8.5)
        axes.set_xticks(range(0, 10, 3))
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("images")
    figure.suptitle("class counts: images of each digit (digits)", **_heading(theme))


def _hidden_factors(figure: Any, theme: dict[str, str]) -> None:
    population = monogram.load("watch")
    exercise = population.classes.index("abduction")
    panels = figure.subplots(1, 6, sharex=True, sharey=True)
    for axes, (id_, split) in zip(panels, population.individuals.items(), strict=True):
        rows = np.arange(split.train.start, split.test.stop)
        for window in population.inputs[rows[population.labels[rows] == exercise]]:
            axes.plot(window[0], window[1], color=OWN, linewidth=0.6, alpha=0.6)
        axes.set_title(id_, fontsize=8.5)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("second axis, g")
    figure.supxlabel("acceleration along the first axis of the watch, g", fontsize=9)
    figure.suptitle("hidden factors: the same exercise, abduction (watch)", **_heading(theme))


def _heading(theme: dict[str, str]) -> dict[str, Any]:
    return {"color": theme["ink"], "fontsize": 10}


# --- Early shaping: what happens at the switch to D_G --------------------------------------

SILENCED = Path(__file__).parents[1] / "benchmarks" / "results" / "early_shaping.json"
WAYS = {
    "plain, 500 iterations": OWN,
    "clipped at norm 1": BOTH,
    "normalised, 500 iterations": SHARED,
}


def silenced(theme: dict[str, str]) -> Figure:
    """Gradients and dead channels after early shaping on class counts, as benchmarked."""
    rows = json.loads(SILENCED.read_text(encoding="utf-8"))["measured"]["class counts"]
    first = {row["way"]: row for row in reversed(rows)}
    figure = Figure(figsize=(8.4, 2.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    for way, colour in WAYS.items():
        row = first[way]
        left.plot(range(1, len(row["gradient"]) + 1), row["gradient"], color=colour, label=way)
        dead = [100 * layers[-1] for layers in row["dead"]]
        right.plot(row["probed_before"][:-1], dead[:-1], color=colour, marker="o", markersize=3)
    left.set(xlabel="step on $D_G$", ylabel="norm of the gradient", yscale="log")
    right.set(xlabel="steps on $D_G$", ylabel="dead, % of the last convolution", ylim=(-4, 104))
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color=theme["faint"], alpha=0.25)
    figure.legend(loc="outside upper center", ncols=len(WAYS), frameon=False)
    return figure


# --- The price of a model ------------------------------------------------------------------

PRICE = Path(__file__).parents[1] / "benchmarks" / "results" / "price.json"
SIDES = (OWN, SHARED, BOTH, "#b07cc6", "#9a8f5a")  # colours, in the order of the sides
ROW = 0.8  # of the distance between rows that bars take


def price(theme: dict[str, str]) -> Figure:
    """How many times faster Monogram is than each other side, for each workload."""
    workloads = json.loads(PRICE.read_text(encoding="utf-8"))["workloads"]
    sides = list(workloads[0]["ratios"])
    names = [one["workload"].replace("`", "") for one in workloads]
    figure = Figure(figsize=(8.4, 4.4), layout="constrained")
    axes = figure.subplots()
    bar = ROW / len(sides)
    for place, (side, colour) in enumerate(zip(sides, SIDES, strict=False)):
        spreads = np.array([one["ratios"][side] for one in workloads])
        middle, low, high = spreads.T
        y = np.arange(len(workloads)) + bar * (place - (len(sides) - 1) / 2)
        bounds = np.stack([middle - low, high - middle])
        axes.barh(y, middle, height=0.9 * bar, color=colour, label=side)
        axes.errorbar(middle, y, xerr=bounds, fmt="none", ecolor=theme["faint"], elinewidth=1)
    axes.axvline(1, color=theme["ink"], linewidth=1)
    axes.set_yticks(range(len(workloads)), names)
    axes.set_ylim(len(workloads) - 0.4, -0.6)
    axes.set(xlabel="times as long as Monogram", xlim=(0, None))
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return figure


# --- Drawing and handing over --------------------------------------------------------------

FIGURES: dict[str, Callable[[dict[str, str]], Figure]] = {
    "influence": influence,
    "shapings": shapings,
    "differences": differences,
    "silenced": silenced,
    "price": price,
}


@cache
def drawn(name: str, theme: str, form: str = "svg") -> bytes:
    """One figure for light or dark pages, as a file's content."""
    ink = THEMES[theme]["ink"]
    style = {
        "font.size": 9,
        "axes.titlesize": 9.5,
        "axes.facecolor": "none",
        "svg.hashsalt": name,
        **dict.fromkeys(
            ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), ink
        ),
    }
    file = io.BytesIO()
    with mpl.rc_context(style):
        page = THEMES[theme]["page"] if form == "png" else "none"
        figure = FIGURES[name](THEMES[theme])
        metadata = {"Date": None} if form == "svg" else None
        figure.savefig(file, format=form, facecolor=page, metadata=metadata, dpi=110)
    return file.getvalue()


def on_files(files: Any, config: Any) -> Any:
    """Give MkDocs the figures as if they lay in `docs/figures/`."""
    from mkdocs.structure.files import File  # noqa: PLC0415 - only there when pages are built

    for name in FIGURES:
        for theme in THEMES:
            content = drawn(name, theme)
            files.append(File.generated(config, f"figures/{name}-{theme}.svg", content=content))
    return files


if __name__ == "__main__":
    for name in FIGURES:
        for theme in THEMES:
            Path(sys.argv[1], f"{name}-{theme}.png").write_bytes(drawn(name, theme, "png"))
