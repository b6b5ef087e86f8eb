"""A few inputs of an individual to look at: images, series as lines, vectors not at all."""

import base64
import io
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from PIL import Image

from monogram.population import Population, Split

IMAGE_AXES, SERIES_AXES = 3, 2
MOST_EXAMPLES = 6
LARGEST_SIDE = 64  # pixels of an image
MOST_STEPS = 120  # of a series
MOST_LINES = 6
BRIGHTEST = 255
BOX = (120, 56)  # of a series, in the units of its SVG


@dataclass(frozen=True)
class Example:
    """One input.

    Attributes:
        label: its class.
        picture: an `<img>` or `<svg>`.
    """

    label: str
    picture: Markup


def examples(population: Population, individual: str) -> list[Example]:
    """Some of an individual's held-out inputs, of as many classes as possible."""
    draw = {IMAGE_AXES: _image, SERIES_AXES: _series}.get(len(population.input_shape))
    split = population.individuals.get(individual)
    if draw is None or split is None or population.inputs.dtype == np.int64:
        return []
    rows = _one_of_each(population, split)
    inputs = np.asarray(population.inputs[rows], dtype=np.float32)
    labels = [population.classes[label] for label in population.labels[rows]]
    low, high = _bounds(inputs)
    return [Example(label, draw(one, low, high)) for label, one in zip(labels, inputs, strict=True)]


def _one_of_each(population: Population, split: Split) -> list[int]:
    """Rows of the held-out part: one of each class, then second ones."""
    held_out = split.test or split.validation
    labels = population.labels[held_out.start : held_out.stop]
    order, seen = [], dict.fromkeys(labels.tolist(), 0)
    for place, label in enumerate(labels.tolist()):
        order.append((seen[label], label, held_out.start + place))
        seen[label] += 1
    return [row for _, _, row in sorted(order)[:MOST_EXAMPLES]]


def _bounds(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The least and the largest value of each channel: [channels, 1, …] each.

    Images keep the relations of their channels.
    """
    over = (0, *range(2 if inputs.ndim == SERIES_AXES + 1 else 1, inputs.ndim))
    finite = np.nan_to_num(inputs)
    return finite.min(over, keepdims=True)[0], finite.max(over, keepdims=True)[0]


def _image(pixels: np.ndarray, low: np.ndarray, high: np.ndarray) -> Markup:
    """An image [channels, height, width], as a small PNG; of odd channels the first one."""
    span = np.maximum(high - low, 1e-9)
    grey = (BRIGHTEST * (np.nan_to_num(pixels) - low) / span).clip(0, BRIGHTEST).astype(np.uint8)
    colours = len(grey) in (3, 4)
    image = Image.fromarray(np.moveaxis(grey[:3], 0, -1) if colours else grey[0])
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    file = io.BytesIO()
    image.save(file, format="PNG", optimize=True)
    data = base64.b64encode(file.getvalue()).decode()
    size = 'width="64" height="64"'
    return Markup(f'<img src="data:image/png;base64,{data}" alt="" {size} />')


def _series(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> Markup:
    """A series [channels, time] as lines, each channel on its own scale."""
    steps = np.linspace(0, values.shape[1] - 1, min(values.shape[1], MOST_STEPS)).astype(int)
    scaled = (np.nan_to_num(values) - low) / np.maximum(high - low, 1e-9)
    across = np.linspace(2, BOX[0] - 2, len(steps))
    lines = []
    for channel, line in enumerate(scaled[:MOST_LINES, steps], start=1):
        down = BOX[1] - 3 - line * (BOX[1] - 6)
        path = " ".join(f"{x:.0f},{y:.1f}" for x, y in zip(across, down, strict=True))
        lines.append(f'<polyline points="{path}" style="stroke: var(--series-{channel})"/>')
    box = f'viewBox="0 0 {BOX[0]} {BOX[1]}" width="{BOX[0]}" height="{BOX[1]}"'
    return Markup(f'<svg class="series" {box} aria-hidden="true">{"".join(lines)}</svg>')
