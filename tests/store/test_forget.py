"""Forgetting: nothing of the individual is left, the others are whole, the receipt says so."""

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import asdict
from unittest.mock import Mock

import pytest
from tests.store.making import HEAD, NAME, add_base, commit, folder_bytes, same_tensors, weights

from monogram.errors import StoreError, UnknownIndividualError
from monogram.store import Store
from monogram.store.database import Database


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
