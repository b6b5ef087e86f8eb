"""Phases of several runs: each from the phase's start, on batches of its own, and their mean."""

from dataclasses import replace

import pytest
import torch
from tests import nets
from tests.people import make_population

from monogram.curriculum import Recipe, parse
from monogram.engine import layout, read_points
from monogram.plan import Stretch
from monogram.study import Study
from monogram.training import Feed, State, as_samples, interpolate, mean_of_runs, save_state

RECIPE = Recipe(batch_size=8)


def study_of(*curricula, **options):
    people = make_population({"anna": 30, "ben": 24})
    return Study(people, curricula, network=nets.plain, epochs=2, recipe=RECIPE, **options)


def stretch_of(text):
    """The last phase of a curriculum for anna, as planned."""
    tasks = [task for task in study_of(text).plan().tasks if not task.shared]
    return next(task.node.stretch for task in tasks if task.node.stretch.owner == "anna")


def state(value, seconds=0.0):
    return State(0, {"weight": torch.tensor([value]), "batches": torch.tensor(3)}, {}, seconds)


def test_runs_are_parts_of_one_phase_with_rates_of_their_own():
    phase = "global >> personal(4, runs=3, learning_rate=1, decay=0.5, decay_at=0.5)"
    stretch = stretch_of(phase)
    assert [(run.start, run.stop) for run in stretch.runs] == [(0, 4), (4, 8), (8, 12)]
    assert [stretch.learning_rate(step) for step in range(12)] == 3 * [1, 1, 0.5, 0.5]
    single = stretch_of("global >> personal(4)")
    assert single.runs == (single,)


def test_every_run_costs():
    once, thrice = (
        next(task.models[0] for task in study_of(text).plan().tasks if not task.shared)
        for text in ("transfer(4)", "global >> personal(4, runs=3)")
    )
    assert (thrice.own_steps, thrice.own_samples) == (3 * once.own_steps, 3 * once.own_samples)


def test_phases_of_other_numbers_and_lengths_share_no_runs():
    curricula = [f"global >> personal({n}, runs={runs})" for n in (4, 8) for runs in (2, 3)]
    plan = study_of(*curricula).plan()
    shared = max(task.steps for task in plan.tasks if task.shared)
    assert plan.steps == shared + 2 * (4 + 8) * (2 + 3)


def test_each_run_begins_at_the_start_after_the_time_of_those_before():
    runs = [Stretch(0, 1, "anna", parse("personal(2)").phases[0], s, s + 2, 0) for s in (0, 2, 4)]
    ends = iter([1.0, 2.0, 6.0])
    begun = []

    def train(place, start):
        begun.append((place, start.step, start.weights["weight"].item(), start.seconds))
        end = state(next(ends), start.seconds + 10)
        return replace(end, step=start.step + 2)

    mean = mean_of_runs(state(0.5), runs, train)
    assert begun == [(0, 0, 0.5, 0.0), (1, 2, 0.5, 10.0), (2, 4, 0.5, 20.0)]
    assert mean.weights["weight"].item() == pytest.approx(3.0)
    assert (mean.step, mean.seconds, mean.weights["batches"].item()) == (6, 30.0, 3)


def test_what_no_run_changes_stays_as_it_is_bit_for_bit():
    weights = {"weight": torch.rand(1000)}
    mean = weights
    for n in range(2, 8):
        mean = interpolate(mean, weights, 1 / n)
    assert torch.equal(mean["weight"], weights["weight"])


WIDE = Study(  # a stack trains its lower layer in the dual form
    make_population({"anna": 30, "ben": 24}, shape=(64,)),
    ["global >> personal(3, runs=3)"],
    network="mlp(hidden=128)",
    epochs=2,
    recipe=Recipe(batch_size=16),
)


@pytest.mark.parametrize("study", [study_of("global >> personal(3, runs=3)"), WIDE])
@pytest.mark.parametrize("engine", ["loop", "stacked"])
def test_an_interrupted_phase_goes_on_in_the_run_it_was_in(engine, study, tmp_path, monkeypatch):
    """Cut after each of its checkpoints, also those at the ends of runs."""
    whole = study.run(tmp_path / "whole", workers=1, engine=engine)
    runner = "runner" if engine == "loop" else "stack_runner"
    cuts = []

    def save_and_stop(state, file, name):
        save_state(state, file, name)
        if (name, state.step) not in cuts:
            cuts.append((name, state.step))
            raise OSError("cut")

    monkeypatch.setattr(f"monogram.engine.{runner}.save_state", save_and_stop)
    options = {"workers": 1, "engine": engine, "checkpoint_seconds": 0}
    for _ in range(100):
        try:
            results = study.run(tmp_path / "cut", **options)
            break
        except OSError:
            continue
    assert len(cuts) >= 9
    figures = [(row.identity, row.personal_loss, row.global_loss) for row in results.rows]
    assert figures == [(row.identity, row.personal_loss, row.global_loss) for row in whole.rows]
    assert not list(layout.checkpoint(tmp_path / "cut", "").parent.glob("*.safetensors"))


def test_a_curve_has_the_mean_alone(tmp_path):
    study = study_of("global >> personal(6, runs=2)")
    results = study.run(tmp_path, workers=1)
    nodes = {node.key for task in study.plan().tasks if not task.shared for node in task.nodes()}
    own = [point for point in read_points(tmp_path / "curves").values() if point.node in nodes]
    assert {point.step for point in own} == {12}
    judged = {row.individual: row for row in results.rows if "personal" in row.curriculum}
    for point in own:
        assert point.personal == judged[point.individual].personal_accuracy_validation


def test_each_run_of_a_mixed_phase_has_personal_batches_at_its_own_steps():
    """Four steps, with an epoch of three: the personal batch is each run's second."""
    study = study_of("global >> mixed(2, iterations=2, runs=2)")
    (task, *_) = [task for task in study.plan().tasks if not task.shared]
    stretch, people = task.node.stretch, study.population
    shared, own = (
        as_samples(people, part.train, torch.device("cpu"))
        for part in (people.global_data, people.individuals[str(stretch.owner)])
    )
    assert -(-len(shared) // RECIPE.batch_size) == 3
    feeds = [Feed(run, shared, own, RECIPE.batch_size) for run in stretch.runs]
    personal = [
        [feed.rows(step)[0] for step in range(run.start, run.stop)]
        for feed, run in zip(feeds, stretch.runs, strict=True)
    ]
    assert personal == 2 * [[False, True]]
