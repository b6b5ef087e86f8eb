"""A study from end to end: what it leaves, what fails, what collapses, what is refused."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from tests import nets
from tests.people import PEOPLE, make_population
from torch import nn

from monogram.curriculum import Mixed, Personal, Prior, Recipe, Transfer, parse
from monogram.errors import CurriculumError, MonogramError, NetworkError, RunError, SettingError
from monogram.networks import MLP
from monogram.plan.compile import ring
from monogram.population import Population
from monogram.study import Results, Study
from monogram.study.study import default_epochs, resume

COLUMNS = {
    "curriculum": "string",
    "individual": "string",
    "evaluated_on": "string",
    "seed": "int64",
    "personal_accuracy": "double",
    "global_accuracy": "double",
    "base_personal_accuracy": "double",
    "personal_loss": "double",
    "global_loss": "double",
    "own_iterations": "int64",
    "shared_iterations": "int64",
    "own_samples": "int64",
    "shared_samples": "int64",
    "seconds": "double",
    "relative_cost_marginal": "double",
    "relative_cost_amortised": "double",
    "collapsed": "bool",
}


def make_study(curricula=("baseline", "transfer(2)"), population=None, **options):
    settings: dict[str, Any] = {"network": "tests.nets:plain", "epochs": 1}
    settings["recipe"] = Recipe(batch_size=8)
    return Study(population or make_population(), curricula, **(settings | options))


def test_a_study_leaves_its_results(tmp_path):
    results = make_study(seeds=(0, 1)).run(tmp_path, workers=1)
    table = pq.read_table(tmp_path / "results.parquet")
    assert COLUMNS.items() <= {field.name: str(field.type) for field in table.schema}.items()
    assert table.num_rows == len(results.rows) == 3 * len(PEOPLE) * 2
    base = {
        (r["individual"], r["seed"]): r["personal_accuracy"]
        for r in table.to_pylist()
        if r["curriculum"] == "global(epochs=1)"
    }
    assert all(
        r["base_personal_accuracy"] == base[r["evaluated_on"], r["seed"]] for r in table.to_pylist()
    )
    summary = json.loads((tmp_path / "summary.json").read_text(), parse_constant=pytest.fail)
    assert [one["title"] for one in summary["curricula"]] == [
        "Global only",
        "Baseline",
        "Transfer(2)",
    ]
    assert summary["individuals"] == len(PEOPLE)


def test_the_results_read_back(tmp_path):
    results = make_study().run(tmp_path, workers=1)
    again = Results.open(tmp_path)
    assert again.rows == results.rows
    assert again.summary == results.summary
    assert {row.individual for row in again.of("Transfer(2)")} == set(PEOPLE)


def test_a_run_says_by_itself_what_it_was(tmp_path):
    study = make_study(["transfer(2)", "sample-weighting(1/8)"], seeds=(3,), standardize=False)
    study.run(tmp_path, workers=1)
    again = resume(tmp_path)
    assert again.identity() == study.identity()
    assert again.run(tmp_path, workers=1).rows == Results.open(tmp_path).rows


def test_curricula_may_be_values_phases_or_texts():
    texts = make_study(["transfer(2)", "mixed(2)"])
    values = make_study((Transfer(2), Mixed(2)))
    assert make_study("transfer(2)").all_curricula == values.all_curricula[:2]
    assert texts.all_curricula == values.all_curricula
    assert str(texts.all_curricula[0]) == "global(epochs=1)"


def test_one_individual_alone_is_studied_without_the_baseline(tmp_path):
    study = make_study(population=make_population().only(["anna"]))
    results = study.run(tmp_path, workers=1)
    assert {row.individual for row in results.rows} == {"anna"}
    assert [one.title for one in results.summary.curricula] == ["Global only", "Transfer(2)"]
    assert len(study.plan().remarks) == 1


def test_ids_of_any_kind_are_only_names(tmp_path):
    ids = ["../up", "a/b", "", ".", "..", "nul\0l", "x" * 10_000, "naïve\nline", "NaN", "null"]
    population = make_population({id_: 12 for id_ in ids if id_})
    results = make_study(population=population).run(tmp_path / "run", workers=1)
    assert {row.individual for row in results.rows} == {id_ for id_ in ids if id_}
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]


# --- Failures ----------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_an_individual_whose_training_fails_does_not_stop_the_others(workers, tmp_path):
    study = make_study(["early-shaping(2)", "transfer(2)"], network="tests.nets:Choosy")
    results = study.run(tmp_path, workers=workers)
    missing = {c for c in ("EarlyShaping(2)", "Transfer(2)") if results.summary[c].models == 3}
    assert missing == {"EarlyShaping(2)", "Transfer(2)"}
    assert {row.individual for row in results.of("Transfer(2)")} == set(PEOPLE) - {"ben"}
    assert results.summary.failed == 2
    assert len(results.failures) == 2
    assert all("'ben'" in line and "I do not like this batch" in line for line in results.failures)
    assert json.loads((tmp_path / "summary.json").read_text(), parse_constant=pytest.fail)


@pytest.mark.parametrize("engine", ["loop", "stacked"])
def test_an_individual_on_whom_no_network_can_be_judged_does_not_stop_the_others(engine, tmp_path):
    population = make_population()
    inputs = np.array(population.inputs)
    ben = population.individuals["ben"]
    inputs[ben.train.start : ben.test.stop] += 1000
    population = replace(population, inputs=inputs)
    study = make_study(["transfer(2)"], population=population, network="tests.nets:Wary")
    results = study.run(tmp_path, workers=1, engine=engine)
    for text in ("Global only", "Transfer(2)"):
        assert {row.individual for row in results.of(text)} == set(PEOPLE) - {"ben"}
    assert results.summary.failed == 2
    assert all("'ben'" in line and "out of range" in line for line in results.failures)
    again = resume(tmp_path).run(tmp_path, workers=1, engine=engine)
    assert (again.rows, again.failures) == (results.rows, results.failures)


@pytest.mark.parametrize("engine", ["loop", "stacked"])
def test_a_partner_on_whom_no_network_can_be_judged_does_not_end_ones_own_training(
    engine, tmp_path
):
    population = make_population({"anna": 24, "ben": 24, "cleo": 24}, shared=40)
    inputs = np.array(population.inputs)
    ben = population.individuals["ben"]
    inputs[ben.validation.start : ben.test.stop] += 1000
    population = replace(population, inputs=inputs)
    curricula = ["baseline", "union", "union >> personal(2)"]
    study = make_study(curricula, population=population, network="tests.nets:Wary")
    results = study.run(tmp_path, workers=1, engine=engine)
    (before,) = [one for one, after in ring(population.individuals).items() if after == "ben"]
    for curriculum in ("union(epochs=1)", "union(epochs=1) >> personal(iterations=2)"):
        made = {row.individual for row in results.rows if row.curriculum == curriculum}
        assert made == {"anna", "cleo"}
    (told,) = [line for line in results.failures if f"individual {before!r}" in line]
    assert "judging on the data of 'ben' failed: IndexError" in told
    assert told.endswith("(missing: union(epochs=1) on other)")


def test_where_the_global_data_cannot_be_judged_the_study_ends(tmp_path):
    population = make_population()
    inputs = np.array(population.inputs)
    inputs[population.global_data.test.start : population.global_data.test.stop] += 1000
    study = make_study(population=replace(population, inputs=inputs), network="tests.nets:Wary")
    with pytest.raises(RunError, match=r"judging on the global data failed.*out of range"):
        study.run(tmp_path, workers=1)


def test_a_failure_names_only_the_models_that_are_missing(tmp_path):
    curricula = ["global >> prior", "global >> prior >> personal(2)"]
    results = make_study(curricula, network="tests.nets:Choosy").run(tmp_path, workers=1)
    (line,) = results.failures
    assert line.endswith(f"(missing: {parse(curricula[1]).with_epochs(1)})")
    assert results.summary.failed == 1


def test_a_failure_on_global_data_ends_the_study(tmp_path):
    population = make_population({"anna": 12, "cleo": 12}, shared=10)  # 5 of D_G
    with pytest.raises(RunError, match=r"on the global data failed.*I do not like"):
        make_study(population=population, network="tests.nets:Choosy").run(tmp_path, workers=1)


def test_models_that_diverge_are_flagged_and_do_not_stop_anything(tmp_path):
    study = make_study(["transfer(2)", "global >> personal(9, learning_rate=1e30)"])
    results = study.run(tmp_path, workers=1)
    by_curriculum = {one.curriculum: one for one in results.summary.curricula}
    [wild] = [one for text, one in by_curriculum.items() if "1e+30" in text]
    assert wild.collapsed == len(PEOPLE)
    assert results.summary["Transfer(2)"].collapsed < len(PEOPLE)
    assert json.loads((tmp_path / "summary.json").read_text(), parse_constant=pytest.fail)


# --- Refusals ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"epochs": 0}, SettingError, "epochs must be at least 1, not 0"),
        ({"seeds": ()}, SettingError, "seeds must be at least one"),
        ({"seeds": (1.5,)}, SettingError, "seed must be a whole number, not 1.5"),
        ({"epochs": 1.5}, SettingError, "epochs must be a whole number, not 1.5"),
        ({"threads": 0}, SettingError, "threads must be at least 1"),
        ({"evaluation_samples": 0}, SettingError, "evaluation_samples must be at least 1"),
        ({"min_global_accuracy": 1.1}, SettingError, r"min_global_accuracy must be in \[0, 1\]"),
        ({"min_global_accuracy": -0.1}, SettingError, "min_global_accuracy must be in"),
        ({"curricula": ["transfr(2)"]}, CurriculumError, "did you mean 'transfer'"),
        (
            {"curricula": ["global >> personal(2, train=neck)"]},
            NetworkError,
            "matches no parameter",
        ),
        ({"network": "vgg"}, NetworkError, "unknown network"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_trained(options, error, message):
    with pytest.raises(error, match=message):
        make_study(**options)


def test_a_network_that_computes_something_else_from_the_same_weights_is_refused(tmp_path):
    def study(activation):
        def network(channels, classes):
            return nn.Sequential(nn.Linear(channels, 6), activation(), nn.Linear(6, classes))

        return make_study(network=network)

    study(nn.ReLU).run(tmp_path, workers=1)
    study(nn.ReLU).run(tmp_path, workers=1)
    with pytest.raises(NetworkError, match="code was changed since"):
        study(nn.Tanh).run(tmp_path, workers=1)


def test_seeds_that_are_given_twice_are_refused():
    with pytest.raises(SettingError, match=r"seeds must be different ones, not \(0, 1, 0\)"):
        make_study(seeds=(0, 1, 0))


def test_an_adjustment_alone_is_refused_as_a_curriculum():
    with pytest.raises(CurriculumError):
        make_study([Prior()])


@pytest.mark.parametrize("one", [Transfer(2), "transfer(2)", Personal(2)])
def test_a_single_curriculum_may_be_given_as_it_is(one):
    assert make_study(one).all_curricula == make_study([one]).all_curricula
    assert len(make_study(one).all_curricula) == 2


def test_numbers_may_be_numpys(tmp_path):
    study = make_study(seeds=np.arange(2), epochs=np.int64(1))
    assert {row.seed for row in study.run(tmp_path, workers=1).rows} == {0, 1}


def test_another_network_of_the_same_name_is_refused(tmp_path):
    def study(width):
        return make_study(network=lambda input_shape, classes: MLP(input_shape, classes, width))

    study(3).run(tmp_path, workers=1)
    with pytest.raises(RunError, match="the network's first weights: "):
        study(4).run(tmp_path, workers=1)


def test_workers_and_devices_are_checked(tmp_path):
    with pytest.raises(SettingError, match="workers must be at least 1"):
        make_study().run(tmp_path / "a", workers=0)
    with pytest.raises(SettingError, match="device 'abacus' cannot be used here"):
        make_study(device="abacus").run(tmp_path / "b", workers=1)
    with pytest.raises(SettingError, match="device 'meta': cpu and cuda are supported"):
        make_study(device="meta").run(tmp_path / "b", workers=1)


@pytest.mark.parametrize("content", [None, "{", "[]", '{"format": 99}'])
def test_a_folder_without_a_run_is_refused(content, tmp_path):
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    for read in (Results.open, resume):
        with pytest.raises(MonogramError, match=r"holds no run|format (99|None)"):
            read(tmp_path)


def test_too_little_memory_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(SettingError, match=r"memory of 1 MiB is less than the \d+ MiB that one"):
        make_study().run(tmp_path / "run", workers=1, memory=2**20)
    assert not (tmp_path / "run").exists()
    make_study().run(tmp_path / "run", workers=1)
    make_study().run(tmp_path / "run", workers=1, memory=2**20)  # there is nothing left to do


def test_a_run_without_a_finished_model_says_so(tmp_path):
    make_study().run(tmp_path, workers=1)
    for file in (tmp_path / "journal").iterdir():
        file.unlink()
    with pytest.raises(RunError, match="no model is finished yet"):
        Results.open(tmp_path)


def test_epochs_that_nobody_chose_make_enough_iterations():
    def epochs(shared):
        population: Population = make_population({"anna": 8}, shared=2 * shared)
        return default_epochs(population, Recipe(batch_size=10))

    assert [epochs(n) for n in (10, 100, 200, 5000)] == [40, 40, 20, 8]


def test_nets_of_this_file_are_those_that_workers_import():
    assert nets.plain.__module__ == "tests.nets"
