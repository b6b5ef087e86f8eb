"""Forgetting: nothing of the individual is left, the others are whole, the receipt says so."""

import json
import os
import shutil
import sqlite3
import sys
from contextlib import closing, suppress
from dataclasses import asdict, replace
from unittest.mock import Mock

import numpy as np
import pytest
from tests.people import make_population
from tests.store.making import HEAD, add_base, commit, same_tensors, weights

from monogram import Study
from monogram.engine import read_points
from monogram.errors import StoreError, UnknownIndividualError
from monogram.population import Remark, open_population
from monogram.store import Store, forget_in_run
from monogram.store.database import Database
from monogram.study import Results, learning_curves_of

NAME = "anna-maria-quux"


def folder_bytes(folder) -> bytes:
    return b"".join(f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file())


def test_no_row_no_cache_and_the_others_untouched(store, tmp_path):
    base = add_base(store)
    for seed in (1, 2, 3):
        commit(store, base, NAME, HEAD, seed)
    others = {id_: commit(store, base, id_, HEAD, 9 + n) for n, id_ in enumerate(["ben", "cleo"])}
    store.weights(NAME)
    receipt = store.forget(NAME, receipts=tmp_path / "receipts")
    assert (receipt.versions, receipt.rows, receipt.cached) == (3, 4, 1)
    assert receipt.verified
    assert receipt.delta_bytes > 0
    assert NAME not in store
    with pytest.raises(UnknownIndividualError):
        store.model(NAME)
    with pytest.raises(UnknownIndividualError):
        store.forget(NAME)
    assert all(same_tensors(store.weights(id_), own) for id_, own in others.items())
    assert store.verify() == []
    assert len(store._loaded.deltas) == 2
    commit(store, base, NAME, HEAD)
    assert store.individual(NAME).version == 1


def test_the_bytes_are_gone_from_the_file(file_store, tmp_path):
    base = add_base(file_store)
    for n in range(50):
        commit(file_store, base, f"other {n}", tuple(weights()), n)
    commit(file_store, base, NAME, tuple(weights()), 77)
    row = file_store._loaded.row(NAME, None)
    pieces = [bytes(row["content"])[i : i + 24] for i in range(3000, len(row["content"]) - 24, 500)]
    everything = folder_bytes(tmp_path)
    assert NAME.encode() in everything
    assert all(piece in everything for piece in pieces)
    receipt = file_store.forget(NAME)
    after = folder_bytes(tmp_path)
    assert NAME.encode() not in after
    assert not any(piece in after for piece in pieces)
    assert bytes(row["key"]) not in after
    assert receipt.verified
    assert any("0 found" in line for line in receipt.checks)


def test_a_reader_in_the_way_is_told_and_the_same_again_ends_it(monkeypatch, request, tmp_path):
    monkeypatch.setattr("monogram.store.database.BUSY_SECONDS", 0.2)
    file_store = request.getfixturevalue("file_store")
    base = add_base(file_store)
    commit(file_store, base, NAME, HEAD)
    with closing(sqlite3.connect(tmp_path / "people.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM monogram_people").fetchall()
        receipt = file_store.forget(NAME)
        assert not receipt.verified
        assert any("do the same again" in line for line in receipt.checks)
        assert NAME not in file_store
        assert not file_store.forget(NAME).verified
        reader.execute("COMMIT")
    assert NAME.encode() in folder_bytes(tmp_path)
    ended = file_store.forget(NAME)
    assert (ended.verified, ended.found, ended.is_about(NAME)) == (True, True, True)
    assert NAME.encode() not in folder_bytes(tmp_path)
    with pytest.raises(UnknownIndividualError, match="nothing to forget"):
        file_store.forget(NAME)


def test_a_reader_is_not_waited_for_without_end(place, tmp_path, monkeypatch):
    for limit in ("BUSY_SECONDS", "LOCK_SECONDS"):
        monkeypatch.setattr(f"monogram.store.database.{limit}", 0.2)
    with Store.create(place) as store, closing(Database(place)) as other:
        commit(store, add_base(store), NAME, HEAD)
        with other.read() as reader:
            reader.exec_driver_sql("SELECT count(*) FROM monogram_people").all()
            receipt = store.forget(NAME, receipts=tmp_path)
            assert not receipt.verified
            assert any("another process was" in line for line in receipt.checks)
            assert store.individuals() == []
        assert store.forget(NAME, receipts=tmp_path).verified


def test_what_a_kill_interrupted_is_gone_on_with(store, tmp_path, monkeypatch):
    base = add_base(store)
    commit(store, base, NAME, HEAD)
    commit(store, base, "ben", HEAD, 2)
    with monkeypatch.context() as patched:  # the rows are gone then, their bytes need not be
        patched.setattr("monogram.store.forget.prove", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            store.forget(NAME, receipts=tmp_path)
    assert NAME not in store
    assert NAME not in "".join(file.name for file in tmp_path.iterdir())
    with pytest.raises(UnknownIndividualError, match="nothing to forget"):
        store.forget("somebody else", receipts=tmp_path)
    receipt = store.forget(NAME, receipts=tmp_path)
    assert (receipt.verified, receipt.is_about(NAME), receipt.versions) == (True, True, 0)
    assert receipt.found
    assert any("an earlier attempt was interrupted" in limit for limit in receipt.limits)
    assert any("files of predictions" in limit for limit in receipt.limits)
    assert [f for f in tmp_path.iterdir() if "forg" in f.name] == [receipt.file]
    with pytest.raises(UnknownIndividualError, match="nothing to forget"):
        store.forget(NAME, receipts=tmp_path)


def test_the_receipt_names_nobody_but_can_be_checked(file_store, tmp_path):
    base = add_base(file_store)
    commit(file_store, base, NAME, HEAD)
    receipt = file_store.forget(NAME)
    (written,) = (tmp_path / "people.db.receipts").glob("*.json")
    assert NAME not in written.read_text()
    assert receipt.file == written
    told = asdict(receipt) | {"models_to_retrain": 0}
    del told["file"]
    assert json.loads(written.read_text()) == json.loads(json.dumps(told))
    assert receipt.is_about(NAME)
    assert not receipt.is_about("ben")
    assert "nobody else" in receipt.why


@pytest.mark.parametrize("lost", ["monogram_deltas", "monogram_bases"])
def test_whose_rows_are_damaged_is_forgotten_too(file_store, tmp_path, lost):
    commit(file_store, add_base(file_store), NAME, HEAD)
    file_store.save_pretrained(tmp_path / "hf", NAME)
    content = bytes(file_store._loaded.row(NAME, None)["content"])
    with closing(sqlite3.connect(tmp_path / "people.db")) as damaging, damaging:
        damaging.execute(f"DELETE FROM {lost}")
    receipt = file_store.forget(NAME)
    versions = 0 if lost == "monogram_deltas" else 1
    assert (receipt.verified, receipt.versions, receipt.exports) == (True, versions, 2)
    assert NAME.encode() not in folder_bytes(tmp_path)
    assert content[-64:] not in folder_bytes(tmp_path)
    assert not (tmp_path / "hf").exists()
    assert file_store.verify() == []


def test_a_receipt_names_nobody_where_the_store_bears_the_name(tmp_path, monkeypatch):
    place = tmp_path / NAME / f"{NAME}.db"
    with Store.create(place) as store:
        commit(store, add_base(store), NAME, HEAD)
        told = store.forget(NAME, receipts=tmp_path / "r")
        assert told.store == f"{tmp_path}/…/…"
        commit(store, add_base(store), NAME, HEAD)
        with monkeypatch.context() as patched:  # what SQLite complains of names the file
            complaint = StoreError(f"{place}: database or disk is full")
            patched.setattr(Database, "compact", Mock(side_effect=complaint))
            assert not store.forget(NAME, receipts=tmp_path / "r").verified
    receipts = list((tmp_path / "r").glob("*.json"))
    assert len(receipts) == 2
    assert not any(NAME in receipt.read_text("utf-8") for receipt in receipts)


def test_ids_that_others_contain_and_short_ones(file_store):
    base = add_base(file_store)
    for n, id_ in enumerate(["7", "17", "anna", "anna-lena"]):
        commit(file_store, base, id_, HEAD, n)
    assert file_store.forget("7").verified
    assert file_store.forget("anna").verified
    assert file_store.individuals() == ["17", "anna-lena"]


def test_the_same_weights_of_another_are_left_alone(file_store):
    base = add_base(file_store)
    own = commit(file_store, base, "anna", HEAD, 1)
    commit(file_store, base, "twin", HEAD, 1)
    assert file_store.forget("anna").verified
    assert same_tensors(file_store.weights("twin"), own)


def test_who_was_in_the_global_data_leaves_models_to_retrain(store, tmp_path):
    base = add_base(store, owners=(NAME, "ben"))
    clean = add_base(store, seed=1)
    commit(store, base, "cleo", HEAD)
    commit(store, clean, "dora", HEAD)
    receipt = store.forget(NAME, receipts=tmp_path)  # has no model of its own
    assert receipt.bases_to_retrain == (base.hash,)
    assert receipt.models_to_retrain == ("cleo",)
    assert "train them again" in receipt.why
    assert store.base(base.hash).provenance.global_owners == ("ben",)
    assert store.base(base.hash).forgotten_owners == 1
    assert store.base(clean.hash).forgotten_owners == 0


def test_a_receipt_names_nobody_else(store, tmp_path):
    base = add_base(store, owners=(NAME,))
    commit(store, base, "cleo", HEAD)
    receipt = store.forget(NAME, receipts=tmp_path)
    assert receipt.file is not None
    written = json.loads(receipt.file.read_text("utf-8"))
    assert (written["models_to_retrain"], "cleo" in str(written)) == (1, False)


def test_a_place_for_receipts_that_cannot_be_written_comes_before_anything(store, tmp_path):
    commit(store, add_base(store), NAME, HEAD)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"receipt cannot be written: .*nothing was forgotten"):
        store.forget(NAME, receipts=tmp_path / "file" / "receipts")
    assert NAME in store


def test_two_individuals_have_no_export_in_common(store, tmp_path):
    base = add_base(store)
    commit(store, base, NAME, HEAD)
    commit(store, base, "ben", HEAD, 2)
    store.save_pretrained(tmp_path / "out", NAME)
    with pytest.raises(StoreError, match=f"holds the model of individual '{NAME}': choose another"):
        store.save_pretrained(tmp_path / "out", "ben")
    store.forget(NAME, receipts=tmp_path / "receipts")
    assert not (tmp_path / "out").exists()
    store.save_pretrained(tmp_path / "out", "ben")
    assert len(store.exports("ben")) == 2


def test_exports_are_overwritten_and_removed(store, tmp_path):
    base = add_base(store)
    commit(store, base, NAME, HEAD)
    commit(store, base, "ben", HEAD, 2)
    store.save_pretrained(tmp_path / "hf", NAME)
    store.save_pretrained(tmp_path / "hf-ben", "ben")
    onnx = tmp_path / "a.onnx"
    onnx.write_bytes(b"weights" * 1000)
    store.track_export(NAME, "onnx", onnx)
    assert [kind for kind, _ in store.exports(NAME)] == ["pretrained", "pretrained", "onnx"]
    receipt = store.forget(NAME, also=[onnx], receipts=tmp_path / "r")
    assert receipt.exports == 3
    assert receipt.export_bytes > 7_000
    assert not onnx.exists()
    assert not (tmp_path / "hf").exists()
    assert len(list((tmp_path / "hf-ben").iterdir())) == 2
    with pytest.raises(UnknownIndividualError):
        store.track_export(NAME, "onnx", onnx)


def test_a_wrong_path_stops_everything(store, tmp_path):
    base = add_base(store)
    commit(store, base, NAME, HEAD)
    (tmp_path / "photos").mkdir()
    with pytest.raises(StoreError, match="neither a run directory nor an exported model"):
        store.forget(NAME, also=[tmp_path / "photos"])
    assert NAME in store


def test_of_a_copied_export_what_exports_write_is_erased(store, tmp_path, monkeypatch):
    base = add_base(store)
    commit(store, base, NAME, HEAD)
    commit(store, base, "ben", HEAD, 2)
    store.save_pretrained(tmp_path / "hf", NAME)
    copied = shutil.copytree(tmp_path / "hf", tmp_path / "copied")
    for name in ("model.onnx", "model.pt2", "notes.txt"):
        (copied / name).write_bytes(b"weights")
    store.track_export("ben", "onnx", copied / "model.onnx")
    monkeypatch.chdir(tmp_path)
    assert store.forget(NAME, also=["copied", "hf"], receipts=tmp_path / "r").exports == 5
    assert sorted(file.name for file in copied.iterdir()) == ["model.onnx", "notes.txt"]
    assert not (tmp_path / "hf").exists()


def test_what_is_not_known_to_be_the_individuals_is_refused(store, tmp_path):
    base = add_base(store)
    commit(store, base, NAME, HEAD)
    commit(store, base, "ben", HEAD, 2)
    store.save_pretrained(tmp_path / "hf", NAME)
    store.save_pretrained(tmp_path / "hf-ben", "ben")
    store.save_pretrained(tmp_path / "base")
    (tmp_path / "people.parquet").write_bytes(b"samples of all")
    before = {file: file.read_bytes() for file in tmp_path.glob("*/*")}
    for place, said in (
        ("hf-ben", "hf-ben holds the model of individual 'ben'; nothing was forgotten"),
        ("base", "base is neither a run directory nor an exported model of this individual"),
        ("people.parquet", r"people.parquet is neither .* yours to erase"),
        ("hf-ben/model.safetensors", "model.safetensors is neither"),
        ("misspelt", "misspelt is neither"),
    ):
        with pytest.raises(StoreError, match=said):
            store.forget(NAME, also=[tmp_path / "hf", tmp_path / place], receipts=tmp_path / "r")
    assert {file: file.read_bytes() for file in tmp_path.glob("*/*")} == before
    assert (tmp_path / "people.parquet").read_bytes() == b"samples of all"
    assert NAME in store


@pytest.mark.parametrize("ending", ["", "-wal", "-shm"])
def test_a_store_does_not_erase_itself(file_store, tmp_path, ending):
    commit(file_store, add_base(file_store), NAME, HEAD)
    own = tmp_path / f"people.db{ending}"
    (tmp_path / "other name").symlink_to(own)
    for place in (own, tmp_path / "other name"):
        with pytest.raises(StoreError, match="is the store itself; nothing was forgotten"):
            file_store.forget(NAME, also=[place])
        with pytest.raises(StoreError, match="is a file of the store itself"):
            file_store.track_export(NAME, "onnx", place)
    assert file_store.verify() == []
    assert NAME in file_store


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
