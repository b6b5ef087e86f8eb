"""From a study to kept models by commands alone: personalize, list, show, predict, forget …"""

import json
import re
import shutil
import sqlite3
from unittest.mock import Mock

import pyarrow.parquet as pq
import pytest
from tests.cli.conftest import COLUMNS, SHORT, save_people

from monogram.curriculum import Recipe
from monogram.datasets import read_own
from monogram.personalize.work import Work
from monogram.population import open_population
from monogram.store import Store
from monogram.study import Results, Study

PEOPLE = {"anna": 30, "ben": 24, "cleo": 21, "dora": 30}
TRANSFER = ["-c", "transfer(2)", "--min-global-accuracy", "0", "--workers", "1", "-q"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A run directory, and the ids of its individuals."""
    folder = tmp_path_factory.mktemp("commands")
    population = read_own(
        save_people(folder / "people.parquet", PEOPLE),
        individual_column="who",
        label_column="label",
        input_columns=["x0", "x1", "x2"],
        global_from=0.5,
    )
    asked = Study(population, ["transfer(2)"], epochs=2, recipe=Recipe(batch_size=8))
    asked.run(folder / "run", workers=1)
    return folder / "run", sorted(population.individuals), population.global_owners


@pytest.fixture
def kept(monogram, study, tmp_path):
    """A store with everybody's models."""
    answer = monogram("personalize", study[0], *TRANSFER, "--store", tmp_path / "m.db")
    assert (answer.status, answer.err) == (0, "")
    return tmp_path / "m.db"


def test_personalizing_again_makes_nothing(monogram, study, kept):
    again = monogram("personalize", study[0], *TRANSFER, "--store", kept)
    assert again.status == 0
    assert "2 unchanged, not trained again" in again.out


def test_a_dry_run_says_who_would_get_what(monogram, study, tmp_path):
    answer = monogram("personalize", study[0], *TRANSFER, "--store", tmp_path / "m.db", "--dry-run")
    assert answer.status == 0
    assert "2 to train" in answer.out
    assert not (tmp_path / "m.db").exists()


def test_new_people_in_a_file_some_of_them_unusable(monogram, study, kept, tmp_path):
    people = {"eve": 20, "tim": 2, "bad": 9}
    file = save_people(tmp_path / "new.parquet", people, spoilt=["bad"])
    words = ["--data", file, *COLUMNS, *TRANSFER, "--store", kept]
    answer = monogram("personalize", study[0], *words)
    assert answer.status == 3
    assert "2 individuals committed" in answer.out
    assert "(1 of them with too little data)" in answer.out
    assert "individual 'bad'" in answer.out
    only = monogram("personalize", study[0], *words, "--only", "eve")
    assert (only.status, "1 unchanged" in only.out) == (0, True)


def test_people_of_the_global_data_are_told_apart(monogram, study, kept, tmp_path):
    owner = study[2][0]
    file = save_people(tmp_path / "more.parquet", {owner: 30})
    monogram("personalize", study[0], "--data", file, *COLUMNS, *TRANSFER, "--store", kept)
    assert "part of D_G" in monogram("show", owner, "--store", kept).out


def test_without_a_run_a_base_is_needed(monogram, study, tmp_path):
    base = next((study[0] / "trunks").glob("*.safetensors"))
    file = save_people(tmp_path / "people.parquet", PEOPLE)
    words = ["--data", file, *COLUMNS, "--global-from", "0.5", "--store", tmp_path / "m.db"]
    refused = monogram("personalize", *words, "-q")
    assert (refused.status, "give --base FILE.safetensors" in refused.err) == (2, True)
    words += ["--base", base, "--network", "mlp", "--epochs", "2", "--batch-size", "8"]
    answer = monogram("personalize", *words, *TRANSFER)
    assert answer.status == 0, answer.err
    assert "2 individuals committed" in answer.out
    for option in ("--batch-size", "--late-learning-rate"):
        refused = monogram("personalize", *words, *TRANSFER, option, 0)
        assert (refused.status, option[2:].replace("-", "_") in refused.err) == (2, True)
    wrong = [*words, "--network", "mlp(hidden=3)"]
    answer = monogram("personalize", *wrong, *TRANSFER)
    assert (answer.status, "does not fit the network mlp(hidden=3)" in answer.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--network", "mlp(hidden=3)"], 2, "is not the one any more whose weights were kept"),
        (["-c", "transfer(2)", "--only", "nobody"], 2, "has no individual 'nobody'"),
        (["--back-off", "0.5,x"], 2, "--back-off must be fractions"),
        (["--encoding", "zip"], 2, "zip"),
        (["--resume"], 1, "no work to go on with"),
        (["--resume", "-c", "transfer(3)"], 2, "leave out --curriculum: --resume goes on with"),
        (["--resume", "--dry-run"], 2, "leave out --dry-run: --resume goes on with"),
        (["--resume", "--encoding", "half"], 2, "leave out --encoding: --resume goes on with"),
        (["--resume", "--back-off", "0.5"], 2, "leave out --back-off: --resume goes on with"),
        (["--resume", "--accuracy-bound", "0"], 2, "leave out --accuracy-bound: --resume goes"),
        (["--resume", "--split", "paper"], 2, "leave out --split: --resume goes on with"),
        (["--resume", "--split-seed", "0"], 2, "leave out --split-seed: --resume goes on with"),
        (["--resume", "--tokens"], 2, "leave out --tokens: --resume goes on with"),
        (["--resume", "--part", "x"], 2, "leave out --part: --resume goes on with"),
        (["--resume", *COLUMNS], 2, "leave out --individual-column: --resume goes on with"),
        (["--part", "x"], 2, "leave out --part: it goes with other people"),
        (["--split-seed", "1"], 2, "leave out --split-seed: it goes with other people"),
        ([*TRANSFER, *COLUMNS], 2, "--individual-column goes with --data FILE"),
        ([*TRANSFER, "--source", "watch", "--data", "x"], 2, "--data and a named source exclude"),
        (["-c", "baseline"], 2, "makes no model for an individual's own use"),
    ],
)
def test_what_cannot_be_meant_is_refused(monogram, study, tmp_path, words, status, said):
    answer = monogram("personalize", study[0], "--store", tmp_path / "m.db", "-q", *words)
    assert (answer.status, answer.out) == (status, "")
    assert said in answer.err


def test_interrupted_work_is_gone_on_with_by_its_store_alone(
    monogram, study, tmp_path, monkeypatch
):
    commit, left = Store.commit, [1]

    def once(self, *args, **options):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return commit(self, *args, **options)

    store = tmp_path / "m.db"
    with monkeypatch.context() as patch:
        patch.setattr(Store, "commit", once)
        assert monogram("personalize", study[0], *TRANSFER, "--store", store).status == 130
    answer = monogram("personalize", "--resume", "--store", store, "--workers", "1", "-q")
    assert answer.status == 0
    assert "1 individuals committed" in answer.out
    with Store.open(store) as opened:
        assert opened.individuals() == study[1]


# --- Looking at what is kept -----------------------------------------------------------------


def test_models_are_listed_and_shown(monogram, study, kept):
    answer = monogram("list", "--store", kept)
    assert answer.status == 0
    assert all(id_ in answer.out for id_ in study[1])
    assert "2 individuals" in answer.out
    values = json.loads(monogram("list", "--store", kept, "--json").out)
    assert [one["individual"] for one in values] == study[1]
    shown = monogram("show", study[1][0], "--store", kept)
    assert "version 1: " in shown.out
    assert "global(epochs=2) >> personal(iterations=2), seed 0" in shown.out
    assert re.search(r"with .*floor \S+, .*learning rate", shown.out)
    told = json.loads(monogram("show", study[1][0], "--store", kept, "--json").out)
    settings = told[0]["provenance"]["settings"]
    assert 0 <= settings["floor"] <= 1
    assert settings["recipe"]["batch_size"] > 0
    bases = json.loads(monogram("show", "--store", kept, "--json").out)
    assert bases[0]["classes"] == ["0", "1", "2"]


def test_whoever_was_set_aside_is_told_why_there_is_no_model(monogram, tmp_path):
    spoilt = save_people(tmp_path / "people.parquet", {**PEOPLE, "bad": 30}, spoilt=["bad"])
    run = tmp_path / "run"
    place = ["--data", spoilt, *COLUMNS, "--global-from", 0.5, "--out", run]
    assert monogram("study", *place, "-c", "transfer(2)", *SHORT).status == 3
    assert "1 without a new model, for data" in monogram("personalize", run, *TRANSFER).out
    shown = monogram("show", "bad", "--store", run)
    assert shown.status == 2
    assert (
        f"set aside in {run}: 1 of its 30 inputs, in columns x0, x1 and x2, holds NaN" in shown.err
    )
    assert "set aside" not in monogram("show", "nobody", "--store", run).err


def test_somebody_unknown_and_a_missing_store_are_told(monogram, kept, tmp_path):
    unknown = monogram("show", "anna-maria", "--store", kept)
    assert (unknown.status, "no model for individual 'anna-maria'" in unknown.err) == (2, True)
    missing = monogram("list", "--store", tmp_path / "other.db")
    assert (missing.status, "there is no store" in missing.err) == (2, True)
    (tmp_path / "empty").mkdir()
    empty = monogram("list", "--store", tmp_path / "empty")
    assert (empty.status, "has no models yet" in empty.err) == (2, True)


def test_damage_is_named_and_told_by_the_exit_status(monogram, study, kept):
    whole = monogram("verify", "--store", kept)
    assert (whole.status, "all as written" in whole.out) == (0, True)
    with sqlite3.connect(kept) as database:
        database.execute("UPDATE monogram_deltas SET facts = facts || ' ' WHERE number = 1")
    database.close()
    damaged = monogram("verify", "--store", kept)
    assert damaged.status == 1
    assert "1 damaged" in damaged.out
    assert any(f"individual '{id_}', version 1" in damaged.out for id_ in study[1])


def test_a_file_is_predicted(monogram, study, kept, tmp_path):
    data = save_people(tmp_path / "new.parquet", {study[1][0]: 3, "eve": 2})
    words = ["predict", data, "--store", kept, "--out", tmp_path / "out.parquet", *COLUMNS[:2]]
    words += COLUMNS[4:]
    refused = monogram(*words)
    assert (refused.status, "individual 'eve'" in refused.err) == (2, True)
    answer = monogram(*words, "--unknown", "base")
    assert answer.status == 0
    assert "5 samples of 2 individuals" in answer.out
    assert "1 have no model; the base predicted for them: 'eve'" in answer.out
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 5


def test_predictions_never_take_the_place_of_what_is_predicted(monogram, study, kept, tmp_path):
    data = save_people(tmp_path / "new.parquet", {study[1][0]: 3})
    before = data.read_bytes()
    columns = [*COLUMNS[:2], *COLUMNS[4:]]
    refused = monogram("predict", data, "--store", kept, "--out", data, *columns)
    assert (refused.status, "name another file for the predictions" in refused.err) == (2, True)
    assert data.read_bytes() == before


def test_a_model_is_exported_and_forgotten(monogram, study, kept, tmp_path):
    id_, out = study[1][0], tmp_path / "out"
    answer = monogram("export", id_, "--store", kept, "-o", out, "-f", "safetensors,torch-export")
    assert answer.status == 0
    assert "logits differ by 0.0e+00" in answer.out
    answer = monogram("forget", id_, "--store", kept)
    assert answer.status == 0
    assert "forgotten in" in answer.out
    assert not out.exists()
    receipt = next((tmp_path / "m.db.receipts").iterdir())
    assert str(receipt) in answer.out
    assert id_ not in receipt.read_text()
    assert monogram("show", id_, "--store", kept).status == 2
    assert monogram("forget", id_, "--store", kept).status == 2


def test_exporting_for_somebody_who_keeps_the_base_says_so(monogram, study, kept, tmp_path):
    file = save_people(tmp_path / "few.parquet", {"tim": 2})
    words = ["--data", file, *COLUMNS, *TRANSFER, "--store", kept]
    assert monogram("personalize", study[0], *words).status == 0
    out = ["--store", kept, "-o", tmp_path / "out", "-f", "safetensors"]
    assert "tim keeps the base: this is the base's network" in monogram("export", "tim", *out).out
    assert "keeps the base" not in monogram("export", *out).out


def test_forgetting_somebody_who_is_nowhere_is_told_by_the_exit_status(monogram, study, tmp_path):
    run, nothing = shutil.copytree(study[0], tmp_path / "run"), "nothing of it was there: is the id"
    words = ["personalize", run, *TRANSFER, "--store", tmp_path / "m.db"]
    assert monogram(*words).status == 0
    alone = monogram("forget", "misspelt", "--run", run)
    assert (alone.status, nothing in alone.out) == (2, True)
    both = ["--store", tmp_path / "m.db", "--run", run]
    answer = monogram("forget", "misspelt", *both)
    assert (answer.status, nothing in answer.out) == (2, True)
    assert [monogram("forget", study[1][0], *both).status for _ in range(2)] == [0, 2]


def test_who_was_only_named_is_forgotten_too(monogram, study, kept, tmp_path):
    owner = monogram("forget", study[2][0], "--store", kept)  # of data in D_G, without a model
    assert (owner.status, "nothing of it was there" in owner.out) == (0, False)
    people = save_people(tmp_path / "p.parquet", {**PEOPLE, "bad": 20}, spoilt=["bad"])
    run = tmp_path / "run"
    words = ["--data", people, *COLUMNS, "--global-from", "0.5", *TRANSFER, "--epochs", "1"]
    assert monogram("study", *words, "--out", run).status == 3
    assert monogram("forget", "bad", "--run", run).status == 0
    assert monogram("forget", "bad", "--run", run).status == 2


def test_who_is_in_the_global_data_is_told_so(monogram, study, kept):
    answer = monogram("show", study[2][0], "--store", kept)
    assert (answer.status, "its data is part of the global data" in answer.err) == (2, True)


def test_a_run_without_a_store_forgets_too(monogram, tmp_path):
    file = save_people(tmp_path / "p.parquet", dict.fromkeys(("ada", "eve", "kim", "leo"), 20))
    run = tmp_path / "run"
    words = ["--data", file, *COLUMNS, "--global-from", "0.5", *TRANSFER, "--epochs", "1"]
    assert monogram("study", *words, "--out", run).status == 0
    one, other = open_population(run / "population").individuals
    answer = monogram("forget", other, "--store", run, "--run", run)  # no models yet
    assert (answer.status, answer.out.splitlines()[0]) == (0, f"{run}: 20 samples erased")
    answer = monogram("forget", one, "--run", run)
    assert (answer.status, answer.out.splitlines()[0]) == (0, f"{run}: 20 samples erased")
    assert one not in open_population(run / "population").individuals
    answer = monogram("study", *words, "--out", run)  # of data that still has them
    assert (answer.status, f"individuals: only now: {one} and {other}" in answer.err) == (2, True)
    assert f"`monogram resume {run}`" in answer.err
    answer = monogram("forget", "ada")
    assert (answer.status, "say with --store" in answer.err) == (2, True)
    answer = monogram("forget", "ada", "--run", tmp_path)
    assert (answer.status, "is no run directory" in answer.err) == (1, True)


def test_a_run_directory_stands_for_its_store_when_somebody_is_forgotten(monogram, study, tmp_path):
    run, who = shutil.copytree(study[0], tmp_path / "run"), study[1][0]
    assert monogram("personalize", run, *TRANSFER).status == 0
    answer = monogram("forget", who, "--run", run)
    assert (answer.status, "1 version of its model" in answer.out) == (0, True)
    assert who not in open_population(run / "population").individuals
    with Store.open(run / "models.db") as store:
        assert store.individuals() == study[1][1:]


def test_nobody_is_forgotten_while_a_process_personalizes(monogram, study, kept, tmp_path):
    with Work(tmp_path / "m.db.work").locked():
        answer = monogram("forget", study[1][0], "--store", kept)
    assert (answer.status, "wait for it" in answer.err) == (1, True)
    with Store.open(kept) as store:
        assert store.individuals() == study[1]


def test_nobody_is_forgotten_while_a_process_works_elsewhere(
    monogram, study, kept, tmp_path, monkeypatch
):
    commit, told = Store.commit, []

    def meanwhile(self, *args, **options):
        told.append(monogram("forget", study[1][0], "--store", kept))
        return commit(self, *args, **options)

    words = ["personalize", study[0], *TRANSFER, "--store", kept, "--again"]
    with monkeypatch.context() as patch:
        patch.setattr(Store, "commit", meanwhile)
        answer = monogram(*words, "--work", tmp_path / "elsewhere")
    assert answer.status == 0
    assert [(one.status, "wait for it" in one.err) for one in told] == [(1, True)] * 2
    assert monogram("forget", study[1][0], "--store", kept).status == 0


@pytest.mark.parametrize("place", ["m.db.work", "elsewhere"])
@pytest.mark.parametrize("who", ["", "eve"], ids=["with a model", "without one yet"])
def test_forgetting_erases_interrupted_work(
    monogram, study, kept, tmp_path, monkeypatch, who, place
):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    file = save_people(tmp_path / "new.parquet", {study[1][0]: 20, "eve": 20})
    with monkeypatch.context() as patch:
        patch.setattr(Store, "commit", interrupted)
        told = ["--work", tmp_path / place] if place == "elsewhere" else []
        words = ["--data", file, *COLUMNS, *TRANSFER, "--store", kept, *told]
        assert monogram("personalize", study[0], *words).status == 130
    assert (tmp_path / place / "population").exists()
    answer = monogram("forget", who or study[1][0], "--store", kept, *told)
    assert answer.status == 0
    assert ("'eve'; there is nothing to forget" in answer.out) is bool(who)
    assert "interrupted work that held its data was erased" in answer.out
    assert not (tmp_path / place).exists()


def test_a_place_that_is_refused_comes_before_anything_is_erased(
    monogram, study, kept, tmp_path, monkeypatch
):
    file = save_people(tmp_path / "new.parquet", {study[1][0]: 20})
    with monkeypatch.context() as patch:
        patch.setattr(Store, "commit", Mock(side_effect=KeyboardInterrupt))
        words = ["--data", file, *COLUMNS, *TRANSFER, "--store", kept]
        assert monogram("personalize", study[0], *words).status == 130
    for place, said in ((kept, "is the store itself"), (file, "is neither a run directory")):
        answer = monogram("forget", study[1][0], "--store", kept, "--run", place)
        assert (answer.status, f"{place} {said}" in answer.err) == (1, True)
    assert (tmp_path / "m.db.work" / "population").exists()
    assert file.stat().st_size
    with Store.open(kept) as store:
        assert (store.individuals(), store.verify()) == (study[1], [])


def test_a_folder_of_work_that_is_not_there_is_refused(monogram, study, kept, tmp_path):
    answer = monogram("forget", study[1][0], "--store", kept, "--work", tmp_path / "elswhere")
    assert (answer.status, "no such folder; nothing was forgotten" in answer.err) == (2, True)
    with Store.open(kept) as store:
        assert store.individuals() == study[1]


def test_a_network_whose_file_was_moved_is_named_where_it_is_now(monogram, study, tmp_path):
    then, now = tmp_path / "net_of_then.py", tmp_path / "net_of_now.py"
    then.write_text(
        "from torch import nn\ntiny = lambda channels, classes: nn.Linear(channels, classes)"
    )
    population = open_population(study[0] / "population")
    asked = Study(population, ["transfer(2)"], network=f"{then}:tiny", epochs=1)
    asked.run(tmp_path / "run", workers=1)
    monogram("personalize", tmp_path / "run", *TRANSFER)
    then.rename(now)
    file = save_people(tmp_path / "in.parquet", {study[1][0]: 4})
    predict = ["predict", file, "-o", tmp_path / "out.parquet", *COLUMNS[:2], *COLUMNS[4:]]
    export = ["export", study[1][0], "-o", tmp_path / "out", "-f", "safetensors"]
    for words in (predict, export):
        lost = monogram(*words, "--store", tmp_path / "run")
        assert (lost.status, "say with --network where it is now" in lost.err) == (2, True)
        found = monogram(*words, "--store", tmp_path / "run", "--network", f"{now}:tiny")
        assert (found.status, found.err) == (0, "")
    again = ["personalize", tmp_path / "run", *TRANSFER, "--again"]
    for words in (again, ["resume", tmp_path / "run", "-q"]):
        lost = monogram(*words)
        assert (lost.status, "say with --network where it is now" in lost.err) == (2, True)
        assert monogram(*words, "--network", f"{now}:tiny").status == 0
    assert Results.open(tmp_path / "run").config["study"]["network"] == f"{then}:tiny"
    other = monogram("resume", tmp_path / "run", "--network", "mlp", "-q")
    assert (other.status, "whose weights were kept" in other.err) == (2, True)
