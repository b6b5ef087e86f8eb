"""Predicting files: each row by its own individual's model, nothing silently by another's."""

import json
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from tests.people import make_population
from tests.personalize.conftest import HERE, make_run
from tests.store.making import KEPT, ORIGIN
from torch import nn

from monogram.errors import DataError, SettingError, StoreError, UnknownIndividualError
from monogram.networks import rebuild
from monogram.personalize import Start, personalize, predict_file
from monogram.store import Figures, Store

IDS = ["anna", "ben", "anna", "дмитрий/..", "cleo", "ben"]


@pytest.fixture(scope="module")
def store(run, tmp_path_factory):
    place = tmp_path_factory.mktemp("store") / "models.db"
    personalize(Start.of_run(run, curriculum="transfer(4)"), store=place, pace=HERE)
    with Store.open(place) as opened:
        yield opened


@pytest.fixture
def inputs():
    return np.array(make_population().inputs[: len(IDS)])


def save_parquet(file, inputs, ids):
    columns = {f"x{i}": inputs[:, i] for i in range(inputs.shape[1])}
    pq.write_table(pa.table({"who": ids, **columns}), file)
    return file


NAMES: dict[str, Any] = {
    "individual_column": "who",
    "input_columns": [f"x{i}" for i in range(5)],
}


def test_rows_are_predicted_in_their_order_by_their_own_models(store, inputs, tmp_path):
    data = save_parquet(tmp_path / "in.parquet", inputs, IDS)
    done = predict_file(store, data, tmp_path / "out.parquet", **NAMES)
    assert (done.samples, done.individuals, done.unknown) == (6, 4, ())
    table = pq.read_table(tmp_path / "out.parquet")
    assert table["individual"].to_pylist() == IDS
    assert json.loads(table.schema.metadata[b"monogram.classes"]) == ["0", "1", "2"]
    for row, id_ in zip(table.to_pylist(), IDS, strict=True):
        assert row["model"] == ("base" if store.individual(id_).keeps_base else "personal")
        assert sum(row["probabilities"]) == pytest.approx(1)
        assert row["probability"] == max(row["probabilities"])
    with torch.inference_mode():
        logits = [
            store.model(id_)(torch.from_numpy(x[None]))[0]
            for id_, x in zip(IDS, inputs, strict=True)
        ]
    expected = torch.softmax(torch.stack(logits), dim=1).numpy()
    assert np.allclose(table["probabilities"].to_pylist(), expected, atol=1e-6)
    assert table["predicted"].to_pylist() == [str(one) for one in expected.argmax(axis=1)]


def test_an_npz_needs_no_names(store, inputs, tmp_path):
    np.savez(tmp_path / "in.npz", inputs=inputs, individuals=np.array(IDS))
    predict_file(store, tmp_path / "in.npz", tmp_path / "a.parquet")
    save_parquet(tmp_path / "in.parquet", inputs, IDS)
    predict_file(store, tmp_path / "in.parquet", tmp_path / "b.parquet", **NAMES)
    assert pq.read_table(tmp_path / "a.parquet") == pq.read_table(tmp_path / "b.parquet")


def test_somebody_unknown_is_an_error_or_gets_the_base_and_the_file_says_so(
    store, inputs, tmp_path
):
    ids = [*IDS[:-1], "eve"]
    data, out = save_parquet(tmp_path / "in.parquet", inputs, ids), tmp_path / "out.parquet"
    with pytest.raises(UnknownIndividualError, match="no model for individual 'eve'; personalize"):
        predict_file(store, data, out, **NAMES)
    assert not out.exists()
    done = predict_file(store, data, out, unknown="base", **NAMES)
    assert done.unknown == ("eve",)
    last = pq.read_table(out).to_pylist()[-1]
    with torch.inference_mode():
        logits = store.base_model()(torch.from_numpy(inputs[-1:]))
    assert np.allclose(last["probabilities"], torch.softmax(logits, dim=1)[0], atol=1e-6)
    assert (last["individual"], last["model"]) == ("eve", "base")


@pytest.mark.parametrize("batch", [2, 256])
def test_rows_that_cannot_be_predicted_are_named_and_stop_no_others(
    store, inputs, tmp_path, monkeypatch, batch
):
    monkeypatch.setattr("monogram.personalize.predictions.BATCH", batch)
    spoiled, ids = inputs.copy(), [*IDS[:3], None, *IDS[4:]]
    spoiled[2, 1] = np.nan
    good = [0, 1, 4, 5]
    data = save_parquet(tmp_path / "in.parquet", spoiled, ids)
    done = predict_file(store, data, tmp_path / "out.parquet", **NAMES)
    assert (done.samples, done.individuals) == (4, 3)
    assert done.problems == {
        2: "row 2 of individual 'anna' holds NaN or infinite inputs",
        3: "row 3 has no individual's id",
    }
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["individual"] for row in rows] == ids
    assert {row: rows[row]["problem"] for row in done.problems} == done.problems
    left_out = ("predicted", "probability", "probabilities", "model")
    assert all(rows[row][name] is None for row in done.problems for name in left_out)
    save_parquet(tmp_path / "fine.parquet", inputs[good], [ids[row] for row in good])
    predict_file(store, tmp_path / "fine.parquet", tmp_path / "fine-out.parquet", **NAMES)
    assert [rows[row] for row in good] == pq.read_table(tmp_path / "fine-out.parquet").to_pylist()


def test_an_id_that_cannot_be_written_is_its_rows_problem(store, inputs, tmp_path):
    ids = ["anna", "\ud800x", *IDS[2:]]
    np.savez(tmp_path / "in.npz", inputs=inputs, individuals=np.array(ids))
    done = predict_file(store, tmp_path / "in.npz", tmp_path / "out.parquet", unknown="base")
    assert (done.samples, done.unknown) == (5, ())
    assert done.problems == {1: "row 1 has an id that is no text: '�x'"}
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["individual"] for row in rows] == ["anna", None, *IDS[2:]]
    assert rows[1]["problem"] == done.problems[1]


class Words(nn.Module):
    """Knows ten tokens."""

    def __init__(self, classes):
        super().__init__()
        self.known, self.head = nn.Embedding(10, 4), nn.Linear(4, classes)

    def forward(self, inputs):
        return self.head(self.known(inputs).mean(1))


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """A store of a base that knows ten tokens, and nobody's models."""
    description = {"input_shape": [5], "classes": 3, "standardized": False, "tokens": True}
    named = {"name": "tests:words", "inputs": "int64", **description}
    weights = rebuild(named, Words).state_dict()
    with Store.create(tmp_path_factory.mktemp("words") / "m.db") as opened:
        opened.add_base(named, "abc", weights, provenance=ORIGIN, figures=Figures())
        yield opened


def save_words(file, tokens):
    ids = np.array([f"p{row % 3}" for row in range(len(tokens))])
    np.savez(file, inputs=tokens, individuals=ids)
    return file


@pytest.mark.parametrize("batch", [2, 256])
@pytest.mark.parametrize("bad", [[4], [0, 1, 6]])
def test_rows_that_a_network_cannot_take_stop_no_others(words, tmp_path, monkeypatch, batch, bad):
    monkeypatch.setattr("monogram.personalize.predictions.BATCH", batch)
    tokens = np.random.default_rng(0).integers(0, 10, (7, 5))
    good = [row for row in range(7) if row not in bad]
    save_words(tmp_path / "fine.npz", tokens)
    tokens[bad, 3] = 10
    save_words(tmp_path / "in.npz", tokens)
    known: dict[str, Any] = {"unknown": "base", "factory": Words}
    done = predict_file(words, tmp_path / "in.npz", tmp_path / "out.parquet", **known)
    assert (done.samples, list(done.problems)) == (len(good), bad)
    said = f"row {bad[-1]} of individual 'p{bad[-1] % 3}' is nothing that the network can take"
    assert done.problems[bad[-1]] == f"{said}: IndexError: index out of range in self"
    predict_file(words, tmp_path / "fine.npz", tmp_path / "fine.parquet", **known)
    rows, fine = (pq.read_table(tmp_path / f"{n}.parquet").to_pylist() for n in ("out", "fine"))
    assert [rows[row]["problem"] for row in bad] == [done.problems[row] for row in bad]
    for row in good:
        assert rows[row]["predicted"] == fine[row]["predicted"]
        assert rows[row]["probabilities"] == pytest.approx(fine[row]["probabilities"], abs=1e-6)


def test_a_file_of_which_a_network_can_take_nothing_is_refused(words, tmp_path):
    save_words(tmp_path / "in.npz", np.full((3, 5), 10))
    with pytest.raises(DataError, match="no row can be predicted: row 0 of individual 'p0' is"):
        predict_file(
            words, tmp_path / "in.npz", tmp_path / "out.parquet", unknown="base", factory=Words
        )
    assert [file.name for file in tmp_path.iterdir()] == ["in.npz"]


def test_whose_models_answer_decides_how_inputs_are_read(words, tmp_path):
    tokens = np.ones((2, 5), np.int64)
    np.savez(tmp_path / "in.npz", inputs=tokens, individuals=np.array(["anna", "anna"]))
    with Store.create(tmp_path / "m.db") as opened:
        first = opened.add_base(
            words.base().description, "abc", words.base_weights(), provenance=ORIGIN
        )
        opened.commit("anna", None, base=first.hash, decision=KEPT, provenance=ORIGIN)
        later = {**first.description, "name": "mlp", "inputs": "float32", "tokens": False}
        opened.add_base(later, "abc", rebuild(later).state_dict(), provenance=ORIGIN)
        done = predict_file(opened, tmp_path / "in.npz", tmp_path / "o.parquet", factory=Words)
    assert (done.samples, done.problems) == (2, {})


class Roots(nn.Module):
    """Logits of the square roots of inputs: NaN below nought, and infinite above a hundred."""

    def forward(self, inputs):
        return torch.where(inputs > 100, torch.inf, inputs.sqrt())


def test_rows_whose_logits_are_not_finite_are_named_and_stop_no_others(tmp_path):
    description = {"input_shape": [3], "classes": 3, "standardized": False, "tokens": False}
    named = {"name": "tests:roots", "inputs": "float32", **description}
    rows = np.array([[1, 4, 2], [1, -1, 2], [0, 0, 1], [101, 0, 0]], np.float32)
    save_words(tmp_path / "in.npz", rows)
    with Store.create(tmp_path / "m.db") as opened:
        opened.add_base(named, "abc", {}, provenance=ORIGIN)
        done = predict_file(
            opened,
            tmp_path / "in.npz",
            tmp_path / "out.parquet",
            unknown="base",
            factory=lambda **_: Roots(),
        )
    assert (done.samples, list(done.problems)) == (2, [1, 3])
    assert done.problems[1].startswith("row 1 of individual 'p1' gets NaN or infinite logits")
    table = pq.read_table(tmp_path / "out.parquet")
    assert table["predicted"].to_pylist() == ["b", None, "c", None]
    assert table["problem"].to_pylist() == [None, done.problems[1], None, done.problems[3]]


def test_what_is_wrong_with_the_store_is_no_rows_problem(store, inputs, tmp_path, monkeypatch):
    data = save_parquet(tmp_path / "in.parquet", inputs, IDS)
    damaged = mock.Mock(side_effect=StoreError("damaged"))
    monkeypatch.setattr(store, "predict", damaged)
    with pytest.raises(StoreError, match="damaged"):
        predict_file(store, data, tmp_path / "out.parquet", **NAMES)
    assert damaged.call_count == 1


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda x: x[:, :4], r"inputs of shape \[4\]; the models take \[5\]"),
        (lambda x: np.full_like(x, np.nan), "no row can be predicted: row 0 of individual 'anna'"),
    ],
)
def test_a_file_of_which_nothing_can_be_predicted_is_refused(store, inputs, tmp_path, spoil, said):
    spoiled = spoil(inputs)
    data = save_parquet(tmp_path / "in.parquet", spoiled, IDS)
    names = {**NAMES, "input_columns": NAMES["input_columns"][: spoiled.shape[1]]}
    with pytest.raises(DataError, match=said):
        predict_file(store, data, tmp_path / "out.parquet", **names)
    assert not (tmp_path / "out.parquet").exists()


def test_bytes_are_refused_where_other_numbers_were_trained_on(store, inputs, tmp_path):
    np.savez(tmp_path / "in.npz", inputs=inputs.astype(np.uint8), individuals=np.array(IDS))
    with pytest.raises(DataError, match=r"are bytes .* trained on float32, write them as such"):
        predict_file(store, tmp_path / "in.npz", tmp_path / "out.parquet")


def test_a_cell_of_a_csv_that_is_no_number_is_its_rows_problem(store, inputs, tmp_path):
    cells = [[str(value) for value in row] for row in inputs.tolist()]
    cells[2][1] = "abc"
    lines = [",".join([id_, *row]) for id_, row in zip(IDS, cells, strict=True)]
    (tmp_path / "in.csv").write_text("\n".join(["who,x0,x1,x2,x3,x4", *lines]))
    done = predict_file(store, tmp_path / "in.csv", tmp_path / "out.parquet", **NAMES)
    assert done.problems == {2: "row 2 has 'abc' in 'x1', which is no number"}
    assert pq.read_table(tmp_path / "out.parquet")["individual"].to_pylist() == IDS


def test_grey_values_are_wanted_where_grey_values_were_trained_on(tmp_path):
    run = make_run(tmp_path / "run", make_population(kind=np.uint8))
    personalize(Start.of_run(run, curriculum="transfer(4)"), pace=HERE)
    people = make_population(kind=np.uint8)
    with Store.open(run / "models.db") as opened:
        for kind, fine in ((np.uint8, True), (np.float32, False)):
            np.savez(
                tmp_path / "in.npz",
                inputs=people.inputs[:2].astype(kind),
                individuals=np.array(["anna", "ben"]),
            )
            if fine:
                predict_file(opened, tmp_path / "in.npz", tmp_path / "out.parquet")
            else:
                with pytest.raises(DataError, match="trained on grey values"):
                    predict_file(opened, tmp_path / "in.npz", tmp_path / "out.parquet")


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("in.parquet", "is what is to be predicted"),
        ("there/../in.parquet", "is what is to be predicted"),
        ("link.parquet", "is what is to be predicted"),
        ("nowhere/out.parquet", "there is no folder .*nowhere; make it"),
        ("there", "there is a folder; name a file in it"),
        ("out.csv", "predictions are written as Parquet"),
    ],
)
def test_a_place_that_predictions_cannot_have_is_refused_first(store, inputs, tmp_path, out, said):
    data = save_parquet(tmp_path / "in.parquet", inputs, IDS)
    (tmp_path / "link.parquet").symlink_to(data)
    (tmp_path / "there").mkdir()
    before = data.read_bytes()
    with pytest.raises(SettingError, match=said):
        predict_file(store, data, tmp_path / out, **NAMES)
    assert data.read_bytes() == before


def test_predictions_are_not_written_among_the_files_that_are_read(store, inputs, tmp_path):
    (tmp_path / "people").mkdir()
    save_parquet(tmp_path / "people" / "in.parquet", inputs, IDS)
    with pytest.raises(SettingError, match="or lies in it"):
        predict_file(store, tmp_path / "people", tmp_path / "people" / "out.parquet", **NAMES)


def test_nothing_is_left_of_a_file_that_was_not_finished(store, inputs, tmp_path, monkeypatch):
    data = save_parquet(tmp_path / "in.parquet", inputs, IDS)
    monkeypatch.setattr("monogram.personalize.predictions.table_of", None)
    with pytest.raises(TypeError):
        predict_file(store, data, tmp_path / "out.parquet", **NAMES)
    assert [file.name for file in tmp_path.iterdir()] == ["in.parquet"]


def test_each_of_several_bases_is_asked_what_it_was_trained_on(tmp_path):
    grey, numbers = make_population(kind=np.uint8), make_population()
    for name, people in (("grey", grey), ("numbers", numbers)):
        run, only = make_run(tmp_path / name, people), {"grey": ["anna"], "numbers": ["ben"]}
        start = Start.of_run(run, curriculum="transfer(4)")
        personalize(start, store=tmp_path / "both.db", only=only[name], pace=HERE)
    ids = np.array(["anna", "ben"])
    np.savez(tmp_path / "in.npz", inputs=numbers.inputs[:2], individuals=ids)
    with Store.open(tmp_path / "both.db") as opened:
        with pytest.raises(DataError, match="trained on grey values"):
            predict_file(opened, tmp_path / "in.npz", tmp_path / "out.parquet")
        np.savez(tmp_path / "in.npz", inputs=numbers.inputs[:2], individuals=ids[[1, 1]])
        assert predict_file(opened, tmp_path / "in.npz", tmp_path / "out.parquet").samples == 2


def test_a_store_is_not_asked_about_each_row(store, inputs, tmp_path, monkeypatch):
    monkeypatch.setattr(Store, "individual", None)
    data = save_parquet(tmp_path / "in.parquet", inputs, IDS)
    with mock.patch.object(Store, "served", autospec=True, side_effect=Store.served) as asked:
        predict_file(store, data, tmp_path / "out.parquet", **NAMES)
    assert asked.call_count == 1
