"""Forgetting in a run directory: the rest goes on without the individual."""

import os
import shutil
import sys
from contextlib import suppress
from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest
from tests.people import make_population
from tests.store.making import HEAD, NAME, add_base, commit, folder_bytes

from monogram import Study
from monogram.engine import read_points
from monogram.errors import StoreError
from monogram.population import Remark, open_population
from monogram.store import forget_in_run
from monogram.study import Results, learning_curves_of


@pytest.fixture
def run(tmp_path):
    """A run in which someone is called by a name that can be searched for, and is remarked on."""
    population = make_population({NAME: 24, "ben": 20, "cleo": 18})
    population = replace(population, remarks=(Remark.on(NAME, "all alike"),))
    curricula = ["baseline", "transfer(2)", "personal(iterations=3)"]
    study = Study(population, curricula, epochs=1, network="mlp(hidden=4)")
    study.run(tmp_path / "run", workers=1)
    (tmp_path / "run" / "report.html").write_text(f"{NAME} gained most")
    (tmp_path / "run" / "checkpoints").mkdir(exist_ok=True)
    (tmp_path / "run" / "checkpoints" / "in-flight").write_text(f"weights of {NAME}")
    return tmp_path / "run"


def test_a_run_directory_goes_on_without_the_individual(run):
    before = Results.open(run)
    split = open_population(run / "population").individuals[NAME]
    points = read_points(run / "curves").values()
    assert NAME.encode() in folder_bytes(run)
    erasure = forget_in_run(run, NAME)
    assert NAME.encode() not in folder_bytes(run)
    assert erasure.samples == 24
    assert erasure.curve_points == sum(NAME in (p.individual, p.evaluated_on) for p in points)
    assert erasure.curve_points > 0
    assert erasure.journal_lines == sum(NAME in (r.individual, r.evaluated_on) for r in before.rows)
    assert set(erasure.summaries) >= {"results.parquet", "summary.json"}
    inputs = np.load(run / "population" / "inputs.npy")
    assert not inputs[split.train.start : split.test.stop].any()
    assert inputs[: split.train.start].any() or inputs[split.test.stop :].any()
    after = Results.open(run)
    kept = [r for r in before.rows if NAME not in (r.individual, r.evaluated_on)]
    assert list(after.rows) == kept
    others = [p for p in points if NAME not in (p.individual, p.evaluated_on)]
    assert list(read_points(run / "curves").values()) == others
    assert len(learning_curves_of(after)) == len(before.summary.curricula)
    assert list(after.population.individuals) == ["ben", "cleo"]


@pytest.mark.parametrize("nobody", ["misspelt", NAME[1:]])
def test_a_run_keeps_its_results_where_nobody_has_such_a_name(run, nobody):
    before = folder_bytes(run)
    assert not forget_in_run(run, nobody).found
    assert folder_bytes(run) == before


@pytest.mark.parametrize("place", ["os.link", "os.fsync", "monogram.store.runs.erase_file"])
def test_an_erasure_that_was_killed_can_be_repeated(run, monkeypatch, place):
    """Killed at any of its steps: the same command leaves no byte of the name, and says so."""
    module, _, name = place.rpartition(".")
    real = getattr(sys.modules[module], name)
    steps = 0
    while steps < 50:
        copy = run.with_name(f"killed-{steps}")
        shutil.copytree(run, copy)
        calls = Mock(side_effect=[*[None] * steps, SystemExit])
        with monkeypatch.context() as patched, suppress(SystemExit):
            patched.setattr(place, lambda *some, calls=calls: calls(*some) or real(*some))
            forget_in_run(copy, NAME)
            break
        left = NAME.encode() in folder_bytes(copy)
        assert forget_in_run(copy, NAME).found is left
        assert NAME.encode() not in folder_bytes(copy)
        assert not any((copy / name).exists() for name in ("results.parquet", "report.html"))
        assert list(Results.open(copy).population.individuals) == ["ben", "cleo"]
        steps += 1
    assert 3 < steps < 50


def test_the_page_of_a_run_is_also_of_those_in_runs_within(run, tmp_path):
    """As of a reproduction, whose page tells of people that it has only beyond the paper's rows."""
    shutil.copytree(run, run / "beyond")
    forget_in_run(run, NAME)
    (run / "report.html").write_text(f"{NAME} gained most beyond")
    assert forget_in_run(run, NAME).summaries == ("report.html",)
    forget_in_run(run / "beyond", NAME)
    assert NAME.encode() not in folder_bytes(run)


def test_what_an_earlier_version_left_of_a_killed_erasure_is_erased(run):
    """It took the id out of the population first, and erased results last."""
    whole = run.with_name("whole")
    shutil.copytree(run, whole)
    forget_in_run(whole, NAME)
    for name in ("population.json", "inputs.npy", "labels.npy"):
        shutil.copy(whole / "population" / name, run / "population" / name)
    assert forget_in_run(run, "ben").found
    assert forget_in_run(run, NAME).found
    assert NAME.encode() not in folder_bytes(run)
    (run / "results.parquet").write_bytes(b"torn")
    assert forget_in_run(run, NAME).summaries == ("results.parquet",)


def test_a_damaged_line_is_named_and_without_it_the_erasure_is_gone_on_with(run):
    journal = next((run / "journal").glob("*.jsonl"))
    whole = journal.read_bytes()
    journal.write_bytes(b"{\n" + whole)
    with pytest.raises(StoreError, match=rf"{journal.name}, line 1 is damaged; delete the line"):
        forget_in_run(run, NAME)
    journal.write_bytes(whole)
    assert forget_in_run(run, NAME).samples == 24
    assert NAME.encode() not in folder_bytes(run)


def test_a_run_and_the_store_in_one_receipt(run, store, tmp_path):
    base = add_base(store)
    commit(store, base, NAME, HEAD)
    receipt = store.forget(NAME, also=[run], receipts=tmp_path / "r")
    assert receipt.runs[0].samples == 24
    assert receipt.verified
    assert NAME.encode() not in folder_bytes(run)
    with pytest.raises(StoreError, match="no run directory"):
        forget_in_run(tmp_path, NAME)


def test_a_run_that_was_killed_as_it_began_is_erased_whole(run, tmp_path, store):
    """Whether in a run directory of its own or within another, as the early-shaping curve's are."""
    alone, within = tmp_path / "alone", run / "early-shaping" / "paper"
    for begun in (alone, within):
        begun.mkdir(parents=True)
        (begun / ".lock").touch()
        shutil.copytree(run / "population", begun / "population")
    (alone / "population" / "population.json").unlink()
    receipt = store.forget(NAME, also=[alone, run], receipts=tmp_path / "r")
    assert receipt.verified
    assert [(r.folder, r.begun) for r in receipt.runs] == [
        (str(alone), True),
        (str(run), False),
        (str(within), True),
    ]
    for begun in (alone, within):
        assert [entry.name for entry in begun.iterdir()] == [".lock"]
    assert list(Results.open(run).population.individuals) == ["ben", "cleo"]


def test_a_beginning_that_only_links_to_data_leaves_them(run, tmp_path):
    begun = tmp_path / "begun"
    begun.mkdir()
    (begun / "population").symlink_to(run / "population")
    before = folder_bytes(run)
    assert forget_in_run(begun, NAME).begun
    assert not (begun / "population").is_symlink()
    assert folder_bytes(run) == before


def test_a_folder_with_other_things_in_it_is_no_beginning(run, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(run / "population", other / "population")
    (other / "thesis.tex").touch()
    with pytest.raises(StoreError, match="no run directory"):
        forget_in_run(other, NAME)
    assert (other / "population" / "inputs.npy").exists()


def test_what_a_killed_process_left_half_done_is_erased_too(run):
    """Results half written, and a forgetting that was killed before and after its last step."""
    shutil.copy(run / "results.parquet", run / "results.parquet.part")
    shutil.copy(run / "config.json", run / "config.json.old")
    journal = next((run / "journal").glob("*.jsonl"))
    os.link(journal, journal.with_name(f"{journal.name}.old"))
    others = len([r for r in Results.open(run).rows if NAME not in (r.individual, r.evaluated_on)])
    forget_in_run(run, NAME)
    assert NAME.encode() not in folder_bytes(run)
    assert not [*run.rglob("*.part"), *run.rglob("*.old")]
    assert len(Results.open(run).rows) == others


def test_a_place_that_an_interrupted_attempt_has_erased_is_passed_over(
    store, run, tmp_path, monkeypatch
):
    commit(store, add_base(store), NAME, HEAD)
    store.save_pretrained(tmp_path / "hf", NAME)
    copied = shutil.copytree(tmp_path / "hf", tmp_path / "copied")
    begun = tmp_path / "begun"
    shutil.copytree(run / "population", begun / "population")
    asked = {"also": [copied, begun], "receipts": tmp_path / "r"}
    with monkeypatch.context() as patched:
        patched.setattr("monogram.store.forget.prove", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            store.forget(NAME, **asked)
    assert not copied.exists()
    assert store.forget(NAME, **asked).verified
    with pytest.raises(StoreError, match="copied is neither"):
        store.forget(NAME, **asked)
