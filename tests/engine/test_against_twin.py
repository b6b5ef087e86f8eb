"""The engine against the twin: the same weights bit for bit, and the accuracies that follow."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from tests import nets, twin
from tests.people import make_population

from monogram.curriculum import Recipe, parse
from monogram.networks import laid_out
from monogram.population import Protocol
from monogram.study import Study

BATCH = 8

# text form of the curriculum, what it means in Algorithm 1
PAPER = [
    ("global", {}),
    ("baseline", {"baseline": True}),
    ("early-shaping(7)", {"n_ES": 7}),
    ("sample-weighting(2)", {"n_I": Fraction(2)}),
    ("sample-weighting(3)", {"n_I": Fraction(3)}),
    ("sample-weighting(1)", {"n_I": Fraction(1)}),
    ("sample-weighting(1/8)", {"n_I": Fraction(1, 8)}),
    ("sample-weighting(1/2)", {"n_I": Fraction(1, 2)}),
    ("transfer(1)", {"n_TL": 1}),
    ("transfer(20)", {"n_TL": 20}),
    ("early-shaping(3) >> personal(4)", {"n_ES": 3, "n_TL": 4}),
    ("personal(3) >> sample-weighting(2)", {"n_ES": 3, "n_I": Fraction(2)}),
    ("sample-weighting(1/2) >> personal(4)", {"n_I": Fraction(1, 2), "n_TL": 4}),
    (
        "personal(3) >> sample-weighting(2) >> personal(4)",
        {"n_ES": 3, "n_I": Fraction(2), "n_TL": 4},
    ),
    ("union >> personal(4)", {"baseline": True, "n_TL": 4}),
]

BEYOND = [
    ("global", {}),
    ("global >> personal(9, pull=0.1)", {"n_TL": 9, "pull": 0.1}),
    ("global >> personal(20, pull=0.1)", {"n_TL": 20, "pull": 0.1}),
    ("global >> personal(9, runs=3)", {"n_TL": 9, "runs": 3}),
    ("global >> personal(4, pull=0.1, runs=2)", {"n_TL": 4, "pull": 0.1, "runs": 2}),
    (
        "global >> prior(3) >> personal(4, runs=4) >> blend(0.5)",
        {"prior": 3, "n_TL": 4, "runs": 4, "share": 0.5},
    ),
    ("global >> prior", {"prior": 10}),
    ("global >> prior(0.5) >> personal(4)", {"prior": 0.5, "n_TL": 4}),
    ("global >> personal(9) >> blend(0.25)", {"n_TL": 9, "share": 0.25}),
    ("global >> personal(9) >> blend(0.75)", {"n_TL": 9, "share": 0.75}),
    ("global >> personal(9) >> blend(0)", {}),
    (
        "global >> prior(3) >> personal(4, pull=0.5) >> blend(0.5)",
        {"prior": 3, "n_TL": 4, "pull": 0.5, "share": 0.5},
    ),
]


def train_and_compare(
    population, factory, tmp_path, curricula, *, epochs, seeds=(0,), clip=None, alike=nets.same
):
    """Run a study and hold each of its models against the twin's."""
    nets.Recorded.forget()
    study = Study(
        population,
        [text for text, _ in curricula],
        network=factory,
        epochs=epochs,
        seeds=seeds,
        recipe=Recipe(batch_size=BATCH, clip_norm=clip),
    )
    rows = study.run(tmp_path, workers=1, engine="loop" if alike is nets.same else "auto").rows
    judged = list(nets.Recorded.judged)
    meanings = {str(parse(text).with_epochs(epochs)): meaning for text, meaning in curricula}
    assert {row.curriculum for row in rows} == meanings.keys()
    assert len(rows) == len(meanings) * len(population.individuals) * len(seeds)
    for row in rows:
        meaning = meanings[row.curriculum] | {"longest": clip}
        N = twin_of(row, population, factory, epochs, meaning)
        weights = N.network.state_dict()
        assert any(alike(weights, theirs) for theirs in judged), row.identity
        compare_figures(row, N, population)


def data(population, rows):
    part = slice(rows.start, rows.stop)
    return twin.Data(
        torch.from_numpy(population.inputs[part]), torch.from_numpy(population.labels[part])
    )


def twin_of(row, population, factory, epochs, meaning):
    D_G = data(population, population.global_data.train)
    D_I = data(population, population.individuals[row.individual].train)
    channels, classes = population.input_shape[0], len(population.classes)
    network = twin.first_weights(lambda: factory(channels, classes), row.seed)
    network = laid_out(network)
    return twin.personalization_with_shaping(
        twin.Standardised(network, D_G, classes),
        D_G,
        D_I,
        individual=row.individual,
        seed=row.seed,
        batch=BATCH,
        epochs=epochs,
        **meaning,
    )


def compare_figures(row, N, population):
    person, everyone = population.individuals[row.evaluated_on], population.global_data
    for rows, accuracy, loss in (
        (person.validation, row.personal_accuracy_validation, row.personal_loss_validation),
        (person.test, row.personal_accuracy, row.personal_loss),
        (everyone.validation, row.global_accuracy_validation, row.global_loss_validation),
        (everyone.test, row.global_accuracy, row.global_loss),
    ):
        theirs = twin.accuracy_and_loss(N, data(population, rows))
        assert (accuracy, loss) == (theirs[0], pytest.approx(theirs[1], rel=1e-6))


def test_every_paper_curriculum_gives_the_twins_weights(tmp_path):
    population = make_population()
    sizes = [len(split.train) for split in population.individuals.values()]
    assert sorted(sizes) == [1, 5, 12, 20]
    assert len(population.global_data.train) == 2.5 * BATCH
    train_and_compare(population, nets.recorded, tmp_path, PAPER, epochs=3)


def test_what_goes_beyond_the_paper_gives_the_twins_weights(tmp_path):
    population = make_population()
    train_and_compare(population, nets.recorded, tmp_path, BEYOND, epochs=2, seeds=(0, 5))


def first_best(right):
    """[trials, samples] bool: the first of the trials with most samples right."""
    return max(range(len(right)), key=lambda trial: int(right[trial].sum()))


def test_where_choice_and_report_have_the_same_data_both_are_cross_validated(tmp_path):
    people = make_population({"anna": 70, "ben": 45}, shared=60, protocol=Protocol.paper())
    study = Study(people, ["transfer(9) >> blend"], network=nets.plain, epochs=2)
    for engine in ("loop", "stacked"):
        for row in study.run(tmp_path / engine, workers=1, engine=engine).rows:
            assert row.personal_accuracy == row.personal_accuracy_validation
            assert row.personal_loss == row.personal_loss_validation


def test_the_share_that_validation_data_choose_is_the_twins(tmp_path):
    """Chosen on all of an individual's validation data; its figure there is cross-validated."""
    population = make_population({"anna": 70, "ben": 45, "cleo": 12}, shared=60)
    study = Study(
        population,
        ["transfer(9) >> blend"],
        network=nets.recorded,
        epochs=2,
        recipe=Recipe(batch_size=BATCH),
    )
    rows = [row for row in study.run(tmp_path, workers=1).rows if "blend" in row.curriculum]
    assert len(rows) == 3
    for row in rows:
        meanings = [{"n_TL": 9, "share": tenth / 10} for tenth in range(11)]
        Ns = [twin_of(row, population, nets.recorded, 2, meaning) for meaning in meanings]
        person = population.individuals[row.individual]
        validation = data(population, person.validation)
        right = torch.stack([twin.is_right(N, validation) for N in Ns])
        best = Ns[first_best(right)]
        assert (
            row.personal_accuracy == twin.accuracy_and_loss(best, data(population, person.test))[0]
        )
        n, correct = len(validation.y), 0
        for part in range(5):
            mine = torch.arange(n) % 5 == part
            correct += int(right[first_best(right[:, ~mine]), mine].sum())
        assert row.personal_accuracy_validation == correct / n


def test_shortened_gradients_give_the_twins_weights(tmp_path):
    population = make_population()
    some = [*PAPER[:4], BEYOND[1]]
    train_and_compare(population, nets.recorded, tmp_path, some, epochs=2, clip=0.3)


def test_full_batches_of_global_data_give_the_twins_weights(tmp_path):
    population = make_population({"anna": 40, "cleo": 3}, shared=48)
    assert len(population.global_data.train) == 3 * BATCH
    train_and_compare(population, nets.recorded, tmp_path, PAPER[:8], epochs=2)


def test_images_and_several_seeds_give_the_twins_weights(tmp_path):
    population = make_population({"anna": 30, "ben": 3}, shared=40, shape=(1, 6, 6), kind=np.uint8)
    some = [("global", {}), *PAPER[1:4], ("sample-weighting(1/8)", {"n_I": Fraction(1, 8)})]
    some.append(("transfer(9)", {"n_TL": 9}))
    both = {"epochs": 2, "seeds": (3, 11)}
    train_and_compare(population, nets.recorded_picture, tmp_path / "loop", some, **both)
    both["alike"] = but_for_last_digits
    train_and_compare(population, nets.recorded_picture, tmp_path / "auto", some, **both)


def but_for_last_digits(ours, theirs):
    return all(torch.allclose(ours[n], theirs[n], rtol=1e-4, atol=1e-5) for n in ours)


def test_one_epoch_of_one_batch_gives_the_twins_weights(tmp_path):
    population = make_population({"anna": 8, "ben": 8}, shared=12)
    train_and_compare(population, nets.recorded, tmp_path, PAPER, epochs=1)
