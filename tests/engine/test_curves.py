"""Points of learning curves: what they are judged on, and that training does not notice."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tests import nets, twin
from tests.people import make_population

from monogram.curriculum import Recipe
from monogram.engine import milestones, read_points
from monogram.plan import Node
from monogram.population import Protocol
from monogram.study import Study
from monogram.training import Feed, State, as_samples, train

CPU = torch.device("cpu")
TIMES = {"seconds": 0.0, "shared_seconds": 0.0, "evaluation_seconds": 0.0}
CURRICULA = (
    "baseline",
    "early-shaping(6)",
    "sample-weighting(2)",
    "transfer(3)",
    "transfer(15)",
    "global >> prior(3) >> personal(4, pull=0.5) >> blend",
    "global >> personal(4, train=head)",
)


def make_study(curricula=CURRICULA, population=None, **options):
    settings: dict[str, Any] = {
        "network": "tests.nets:recorded",
        "epochs": 3,
        "recipe": Recipe(batch_size=8),
    }
    return Study(population or make_population(), curricula, **(settings | options))


def points_of(study, folder):
    study.run(folder, workers=1)
    return read_points(folder / "curves")


def nodes_of(study):
    return {node.key: node for root in study.plan().roots for node in root.walk()}


# --- Training does not notice ------------------------------------------------------------


@pytest.mark.parametrize("network", ["recorded", "Restless"])
def test_training_is_the_same_with_curves_and_without(network, tmp_path):
    rows, weights = [], []
    for curves in (True, False):
        folder = tmp_path / str(curves)
        torch.manual_seed(0)
        study = make_study(network=f"tests.nets:{network}", curves=curves, seeds=(0, 3))
        rows.append([replace(row, **TIMES) for row in study.run(folder, workers=1).rows])
        weights.append({f.name: load_file(f) for f in (folder / "trunks").iterdir()})
        assert (folder / "curves").exists() is curves
    assert rows[0] == rows[1]
    assert weights[0].keys() == weights[1].keys()
    assert len(weights[0]) == 2
    for name, tensors in weights[0].items():
        assert nets.same(tensors, weights[1][name])


# --- What a point says -------------------------------------------------------------------


def test_every_milestone_has_its_points(tmp_path):
    study = make_study(seeds=(0, 3))
    found = set(points_of(study, tmp_path))
    expected = set()
    for task in study.plan().tasks:
        for node in task.nodes():
            judged_on = {None} if node.shared else {m.evaluated_on for m in _models_below(node)}
            steps = milestones(node.stretch.start, node.stretch.stop)
            expected |= {(node.key, step, id_) for step in steps for id_ in judged_on}
            if task.parent and node is task.node and not node.shared:
                end = nodes_of(study)[task.parent].stretch.stop
                expected |= {(task.parent, end, id_) for id_ in judged_on}
    assert found == expected


def _models_below(node: Node):
    return [model for below in node.walk() for model in below.models]


def test_points_of_the_trunk_are_what_training_to_that_step_gives(tmp_path):
    study = make_study(["global"])
    population, recipe = study.population, study.recipe
    points = points_of(study, tmp_path)
    [node] = nodes_of(study).values()
    assert [point.step for point in points.values()] == [1, 2, 5, 9]
    shared = as_samples(population, population.global_data.train, CPU)
    for point in points.values():
        network = study.architecture.build(0)
        feed = Feed(node.stretch, shared, None, recipe.batch_size)
        train(network, State.of(network), node.stretch.until(point.step), feed, recipe)
        judged = validation(population.global_data)
        assert point.shared == twin.accuracy_and_loss(network, data(population, judged))[0]
        assert (point.individual, point.evaluated_on, point.personal) == (None, None, None)


def test_points_of_a_branch_are_the_twins(tmp_path):
    study = make_study(["transfer(15)"])
    population, nodes = study.population, nodes_of(study)
    own = [point for point in points_of(study, tmp_path).values() if point.individual]
    assert len(own) == 6 * len(population.individuals)
    for point in own:
        N = transferred(population, point.individual, 0 if nodes[point.node].shared else point.step)
        person = population.individuals[point.evaluated_on]
        everyone, own_data = (
            twin.accuracy_and_loss(N, data(population, validation(split)))[0]
            for split in (population.global_data, person)
        )
        assert (point.shared, point.personal) == (everyone, own_data)


def transferred(population, individual, steps):
    """The twin's network after some steps of transfer learning."""
    D_G = data(population, population.global_data.train)
    D_I = data(population, population.individuals[individual].train)
    channels, classes = population.input_shape[0], len(population.classes)
    network = twin.first_weights(lambda: nets.plain(channels, classes), 0)
    N = twin.Standardised(network, D_G, classes)
    options = {"individual": individual, "batch": 8, "epochs": 3, "n_TL": steps}
    return twin.personalization_with_shaping(N, D_G, D_I, **options)


def validation(split):
    return split.validation


def data(population, rows):
    part = slice(rows.start, rows.stop)
    return twin.Data(
        torch.from_numpy(population.inputs[part]), torch.from_numpy(population.labels[part])
    )


def test_test_data_is_not_looked_at(tmp_path):
    population = make_population()
    labels = population.labels.copy()
    for split in (population.global_data, *population.individuals.values()):
        labels[split.test.start : split.test.stop] = 0
    other = replace(population, labels=labels)
    ours, theirs = (
        points_of(make_study(population=one), tmp_path / name)
        for name, one in (("ours", population), ("theirs", other))
    )
    assert ours == theirs


def test_the_papers_split_has_points_on_what_it_reports_on(tmp_path):
    population = make_population({"anna": 20, "ben": 20}, protocol=Protocol.paper())
    points = points_of(make_study(["transfer(2)"], population), tmp_path)
    sizes = {id_: len(split.validation) for id_, split in population.individuals.items()}
    for point in points.values():
        if point.individual:
            correct = point.personal * sizes[point.evaluated_on]
            assert correct == pytest.approx(round(correct))


def test_points_look_at_512_samples_at_most(tmp_path):
    population = make_population({"anna": 2200}, shared=2100)
    assert len(population.global_data.validation) > 512
    assert len(population.individuals["anna"].validation) > 512
    points = points_of(make_study(["transfer(2)"], population, epochs=1), tmp_path)
    accuracies = [a for p in points.values() for a in (p.shared, p.personal) if a is not None]
    assert all((accuracy * 512).is_integer() for accuracy in accuracies)
    assert len(set(accuracies)) > 3


# --- Damage ------------------------------------------------------------------------------


def test_a_line_cut_off_is_not_read_and_a_point_given_twice_counts_once(tmp_path):
    points = points_of(make_study(["transfer(2)"]), tmp_path)
    [file] = (tmp_path / "curves").iterdir()
    text = file.read_text("utf-8")
    file.with_name("0.jsonl").write_text(text + text[:40], "utf-8")
    assert read_points(tmp_path / "curves") == points
