"""The trunks that a study has trained already, found under the names that another plan gives them.

A node's key depends on where other curricula of the same study leave the phase, so that the same
training may have another key in another plan. What was trained is compared instead: the phases
from the first weights on, each with its length.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from monogram.plan import Node, Plan
from monogram.training import State, load_state

Phases = tuple[tuple[int, int, str, int, int], ...]
"""Seed, place, phase, last step and length of each phase so far."""


def find_trunks(plan: Plan, study: Plan, folder: Path) -> dict[str, State]:
    """The states at the ends of a plan's shared nodes, as far as a study has kept them.

    Args:
        plan: whose trunks are wanted.
        study: whose trunks there are.
        folder: the study's folder of trunks.

    Returns:
        States by the plan's own keys.

    Raises:
        RunError: a file is damaged.
    """
    there = dict(_shared_ends(study.roots))
    found = {}
    for phases, key in _shared_ends(plan.roots):
        state = _read(folder, there.get(phases))
        if state is not None:
            found[key] = state
    return found


def shared_keys(plan: Plan) -> list[str]:
    """The keys of a plan's shared nodes."""
    return [key for _, key in _shared_ends(plan.roots)]


def _read(folder: Path, key: str | None) -> State | None:
    if key is None:
        return None
    return load_state(folder / f"{key}.safetensors", key, torch.device("cpu"))


def _shared_ends(nodes: Sequence[Node], before: Phases = ()) -> Iterator[tuple[Phases, str]]:
    """Each shared node's key with all that is trained from the first weights to its end."""
    for node in nodes:
        if not node.shared:
            continue
        stretch = node.stretch
        now = (stretch.seed, stretch.place, str(stretch.phase), stretch.stop, stretch.total)
        phases = (*(before[:-1] if stretch.start else before), now)
        yield phases, node.key
        yield from _shared_ends(node.children, phases)
