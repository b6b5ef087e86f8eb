"""Making, adding, changing and leaving alone; who gets the base, and who nothing."""

import sqlite3
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tests import nets
from tests.people import PEOPLE, make_population
from tests.personalize.conftest import HERE, content, make_run

from monogram.datasets import read_own
from monogram.errors import DataError, NetworkError, OtherRunError, RunError, SettingError
from monogram.personalize import Pace, Start, Ways, look_ahead, personalize, read_people
from monogram.personalize.work import Work
from monogram.population import Population, Protocol
from monogram.store import Store

NEW = {"eve": 30, "zoë": 16}


@pytest.fixture
def start(run):
    return Start.of_run(run, curriculum="transfer(4)")


def arrays(people, changed=()):
    """A file's worth of people; some with other numbers."""
    parts = []
    for id_, samples in people.items():
        draw = np.random.default_rng(len(id_) + (100 if id_ in changed else 0))
        labels = np.arange(samples) % 3
        inputs = draw.normal(size=(samples, 5)) + labels[:, np.newaxis]
        parts.append((inputs.astype(np.float32), labels, [id_] * samples))
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def save_npz(file, people, changed=()):
    inputs, labels, ids = arrays(people, changed)
    np.savez(file, inputs=inputs, labels=labels, individuals=ids)
    return file


def test_everybody_gets_a_decision_and_nobody_is_worse_off_on_validation_data(start, tmp_path):
    outcome = personalize(start, store=tmp_path / "a.db", pace=HERE)
    assert [model.individual for model in outcome.made] == sorted(PEOPLE)
    assert outcome.complete
    for model in outcome.made:
        ours, base = model.figures, model.base_figures
        assert ours.personal_accuracy_validation is not None
        assert ours.global_accuracy_validation is not None
        assert base.personal_accuracy_validation is not None
        assert ours.personal_accuracy_validation >= base.personal_accuracy_validation
        assert ours.global_accuracy_validation >= 0.1 or model.decision.kind == "base"
        assert None not in (ours.personal_accuracy, ours.global_accuracy, base.personal_accuracy)
        assert model.provenance.curriculum == "global(epochs=2) >> personal(iterations=4)"
    assert not (tmp_path / "a.db.work").exists()


def test_where_the_guard_decides_on_what_is_reported_the_figures_are_called_optimistic(
    start, tmp_path
):
    optimistic, flatters = "the figures are optimistic", "on the data that decided, which flatters"
    run = make_run(tmp_path / "run", make_population(protocol=Protocol.paper()))
    two = personalize(Start.of_run(run, curriculum="transfer(4)"), pace=HERE)
    assert optimistic in str(two)
    assert all(flatters in model.decision.reason for model in two.made)
    three = personalize(start, store=tmp_path / "a.db", pace=HERE)
    assert optimistic not in str(three)
    assert not any(flatters in model.decision.reason for model in three.made)


def test_a_prior_is_all_that_is_kept_of_a_model_without_training(run, tmp_path):
    start = Start.of_run(run, curriculum="global >> prior(1)")
    personalize(start, store=tmp_path / "a.db", pace=HERE)
    with Store.open(tmp_path / "a.db") as store:
        base = store.base_weights()
        own = {
            m.individual: store.weights(m.individual) for m in store.models() if not m.keeps_base
        }
    assert own
    for weights in own.values():
        assert [name for name in base if not torch.equal(weights[name], base[name])] == ["prior"]


def test_two_workers_make_the_models_of_one(start, tmp_path):
    personalize(start, store=tmp_path / "one.db", pace=HERE)
    personalize(start, store=tmp_path / "two.db", pace=Pace(workers=2))
    assert content(tmp_path / "one.db") == content(tmp_path / "two.db")


def test_who_else_is_asked_for_does_not_matter(start, tmp_path):
    personalize(start, store=tmp_path / "all.db", pace=HERE)
    personalize(start, store=tmp_path / "ben.db", only=["ben"], pace=HERE)
    personalize(start, store=tmp_path / "ben.db", only=["anna", "ben"], pace=HERE)
    some, everybody = content(tmp_path / "ben.db"), content(tmp_path / "all.db")
    assert some == {id_: everybody[id_] for id_ in ("anna", "ben")}


def test_whoever_is_unchanged_is_left_alone(start, tmp_path):
    personalize(start, store=tmp_path / "a.db", pace=HERE)
    before = content(tmp_path / "a.db")
    outcome = personalize(start, store=tmp_path / "a.db", pace=HERE)
    assert (len(outcome.made), set(outcome.ahead.unchanged)) == (0, set(PEOPLE))
    assert content(tmp_path / "a.db") == before
    ahead, took = look_ahead(start, store=tmp_path / "a.db")
    assert (str(ahead), took) == ("4 unchanged", None)


def test_asked_again_everybody_is_trained_again_to_the_same(start, tmp_path):
    for _ in range(2):
        personalize(start, store=tmp_path / "a.db", ways=Ways(again=True), pace=HERE)
    with Store.open(tmp_path / "a.db") as store:
        histories = [store.history(id_) for id_ in PEOPLE]
    assert all([model.version for model in one] == [1, 2] for one in histories)
    assert all(one[0].hash == one[1].hash for one in histories)


def test_another_curriculum_or_setting_is_a_change(start, run, tmp_path):
    personalize(start, store=tmp_path / "a.db", pace=HERE)
    head = Start.of_run(run, curriculum="global >> personal(4, train=head)")
    assert len(look_ahead(head, store=tmp_path / "a.db")[0].pending) == 4
    stricter = Start.of_run(run, curriculum="transfer(4)", floor=0.2)
    assert len(look_ahead(stricter, store=tmp_path / "a.db")[0].pending) == 4
    assert len(personalize(head, store=tmp_path / "a.db", pace=HERE).made) == 4
    with Store.open(tmp_path / "a.db") as store:
        assert len(store.bases()) == 1


@pytest.mark.parametrize("damage", ["facts = facts || ' '", "content = zeroblob(size)"])
@pytest.mark.parametrize("many", [1, 100], ids=["all at once", "one by one"])
def test_whoever_is_damaged_is_made_again(start, tmp_path, monkeypatch, damage, many):
    monkeypatch.setattr("monogram.personalize.ahead.MANY", many)
    personalize(start, store=tmp_path / "a.db", pace=HERE)
    before = content(tmp_path / "a.db")
    one = "SELECT max(number) FROM monogram_deltas WHERE size > 0"
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.execute(f"UPDATE monogram_deltas SET {damage} WHERE number = ({one})")
    database.close()
    outcome = personalize(start, store=tmp_path / "a.db", pace=HERE)
    assert len(outcome.made) == 1
    after = content(tmp_path / "a.db")
    assert {id_: one[:-1] for id_, one in after.items()} == {
        id_: one[:-1] for id_, one in before.items()
    }
    with Store.open(tmp_path / "a.db") as store:
        assert store.intact([*PEOPLE, "nobody"]) == set(PEOPLE)


def test_a_damaged_model_is_not_kept_for_too_little_new_data(start, tmp_path):
    personalize(start, store=tmp_path / "a.db", pace=HERE)
    with Store.open(tmp_path / "a.db") as store:
        own = next(model.individual for model in store.models() if not model.keeps_base)
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.execute("UPDATE monogram_deltas SET content = zeroblob(size)")
    database.close()
    people = read_people(save_npz(tmp_path / "new.npz", {own: 2}), start.population)
    personalize(start, people, store=tmp_path / "a.db", pace=HERE)
    with Store.open(tmp_path / "a.db") as store:
        assert store.individual(own).keeps_base


# --- New people ----------------------------------------------------------------------------


def test_new_people_are_added_and_changed_ones_trained_again(start, tmp_path):
    personalize(start, store=tmp_path / "a.db", pace=HERE)
    before = content(tmp_path / "a.db")
    file = save_npz(tmp_path / "new.npz", {**NEW, "anna": 40}, changed=["anna"])
    people = read_people(file, start.population)
    outcome = personalize(start, people, store=tmp_path / "a.db", pace=HERE)
    assert [model.individual for model in outcome.made] == ["anna", "eve", "zoë"]
    after = content(tmp_path / "a.db")
    assert {id_: after[id_][-1] for id_ in after} == {**dict.fromkeys(after, 1), "anna": 2}
    assert {id_: after[id_] for id_ in PEOPLE if id_ != "anna"} == {
        id_: before[id_] for id_ in PEOPLE if id_ != "anna"
    }
    again = personalize(start, people, store=tmp_path / "a.db", pace=HERE)
    assert (len(again.made), len(again.ahead.unchanged)) == (0, 3)


def test_labels_of_new_people_mean_what_they_meant_in_the_study(tmp_path):
    """Where classes were named, labels of a CSV stay as they are written."""
    lines = [f"p{i % 4},{i // 4 % 2:02},{i % 7}.5" for i in range(96)]
    file = tmp_path / "people.csv"
    file.write_text("\n".join(["user,y,x", *lines]))
    columns: dict[str, Any] = {
        "individual_column": "user",
        "label_column": "y",
        "input_columns": ["x"],
    }
    shared = read_own(file, **columns, global_from=0.5, classes=["00", "01"])
    people = read_people(file, shared, **columns)
    assert not people.set_aside
    assert set(people.individuals) == {"p0", "p1", "p2", "p3"}


def test_the_global_data_keeps_its_split(start, tmp_path):
    people = read_people(save_npz(tmp_path / "new.npz", NEW), start.population)
    ours, theirs = people.global_data, start.population.global_data
    for mine, its in ((ours.train, theirs.train), (ours.test, theirs.test)):
        assert np.array_equal(
            people.inputs[mine.start : mine.stop], start.population.inputs[its.start : its.stop]
        )


def test_too_little_data_gets_the_base_and_bad_data_nothing(start, tmp_path):
    inputs, labels, ids = arrays({"eve": 30, "tim": 2, "bad": 9})
    inputs[ids == "bad"] = np.nan
    np.savez(tmp_path / "new.npz", inputs=inputs, labels=labels, individuals=ids)
    people = read_people(tmp_path / "new.npz", start.population)
    outcome = personalize(start, people, store=tmp_path / "a.db", pace=HERE)
    assert not outcome.complete
    assert [one.individual for one in outcome.ahead.set_aside] == ["bad"]
    with Store.open(tmp_path / "a.db") as store:
        assert store.individuals() == ["eve", "tim"]
        tim = store.individual("tim")
    assert tim.keeps_base
    assert "too little data to train on: it has 2 samples" in tim.decision.reason
    again = personalize(start, people, store=tmp_path / "a.db", pace=HERE)
    assert set(again.ahead.unchanged) == {"eve", "tim"}


def test_a_model_is_not_given_up_for_too_little_new_data(start, tmp_path):
    personalize(start, store=tmp_path / "a.db", only=["anna"], pace=HERE)
    with Store.open(tmp_path / "a.db") as store:
        own = not store.individual("anna").keeps_base
    people = read_people(save_npz(tmp_path / "new.npz", {"anna": 2}), start.population)
    outcome = personalize(start, people, store=tmp_path / "a.db", pace=HERE)
    assert len(outcome.ahead.left) == own
    with Store.open(tmp_path / "a.db") as store:
        assert store.individual("anna").keeps_base != own


def test_nobody_but_people_with_too_little_data_will_do(start, tmp_path):
    people = read_people(save_npz(tmp_path / "new.npz", {"tim": 2}), start.population)
    assert len(personalize(start, people, store=tmp_path / "a.db", pace=HERE).ahead.cold) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"classes": ["0", "1", "other"]}, "has a class 'other' that the base does not know"),
        ({"shape": (6,)}, r"has inputs of shape \[6\]; the base takes \[5\]"),
        ({"kind": np.uint8}, "has inputs of type uint8; the base takes float32, give them as such"),
    ],
)
def test_people_who_do_not_fit_the_base_are_refused(start, tmp_path, change, said):
    other = make_population(**{k: v for k, v in change.items() if k != "classes"})
    if "classes" in change:
        other = Population(**{**vars(other), "classes": tuple(change["classes"])})
    with pytest.raises(DataError, match=said):
        personalize(start, other, store=tmp_path / "a.db", pace=HERE)


def test_an_id_that_is_not_there_is_refused(start, tmp_path):
    with pytest.raises(DataError, match="has no individual 'nobody'"):
        personalize(start, store=tmp_path / "a.db", only=["nobody"], pace=HERE)


# --- Where it starts -----------------------------------------------------------------------


def test_the_trunk_is_not_trained_again(tmp_path, monkeypatch):
    run = make_run(tmp_path / "run", network="tests.nets:recorded")
    start = Start.of_run(run, curriculum="transfer(4)")
    nets.Recorded.forget()
    personalize(start, pace=HERE)
    assert nets.Recorded.steps == len(PEOPLE) * 4
    assert (run / "models.db").exists()
    longer = Start.of_run(run, curriculum="global(3) >> personal(1)")
    nets.Recorded.forget()
    personalize(longer, pace=HERE)
    per_epoch = -(-len(longer.population.global_data.train) // 8)
    assert nets.Recorded.steps == 3 * per_epoch + len(PEOPLE)


def test_a_study_that_recommends_nothing_must_be_told(run, tmp_path):
    folder = make_run(tmp_path / "run")
    summary = (folder / "summary.json").read_text()
    choice = '"choice": {\n  "curriculum": null,'
    changed = summary.replace(summary[summary.index('"choice"') : summary.index('"floor"')], choice)
    (folder / "summary.json").write_text(changed)
    with pytest.raises(RunError, match=r"recommends no curriculum.*--curriculum"):
        personalize(folder, pace=HERE)
    (folder / "summary.json").unlink()
    with pytest.raises(RunError, match=r"not finished, or somebody .*run `monogram resume"):
        personalize(folder, pace=HERE)


@pytest.mark.parametrize("curriculum", ["baseline", "global(4)"])
def test_a_curriculum_without_personal_models_is_refused(run, curriculum):
    with pytest.raises(SettingError, match="makes no model for an individual's own use"):
        Start.of_run(run, curriculum=curriculum)


def test_a_base_of_ones_own_takes_the_place_of_the_trunk(run, tmp_path):
    trunk = next((run / "trunks").glob("*.safetensors"))
    start = Start.of_run(run, curriculum="transfer(4)")
    own = Start.of_base(
        trunk,
        make_population(),
        "transfer(4)",
        network="tests.nets:plain",
        recipe=start.recipe,
        epochs=2,
        floor=start.floor,
    )
    personalize(start, store=tmp_path / "run.db", pace=HERE)
    personalize(own, store=tmp_path / "own.db", pace=HERE)
    ours, theirs = content(tmp_path / "own.db"), content(tmp_path / "run.db")
    assert {i: ours[i][0] for i in ours} == {i: theirs[i][0] for i in theirs}


def test_a_training_that_fails_leaves_the_others_and_is_told(tmp_path):
    start = Start.of_run(
        make_run(tmp_path / "run", make_population({"anna": 40, "ben": 24})),
        curriculum="transfer(4)",
    )
    choosy = replace(start, architecture=_choosy(start))
    people = make_population({"anna": 40, "ben": 10})
    outcome = personalize(choosy, people, store=tmp_path / "a.db", pace=HERE)
    assert [failure.individual for failure in outcome.failures] == ["ben"]
    assert [model.individual for model in outcome.made] == ["anna"]
    assert not outcome.complete


def _choosy(start):
    def factory():
        network = nets.plain(5, 3)
        network.register_forward_pre_hook(_refuse_five)
        return network

    return replace(start.architecture, factory=factory)


def _refuse_five(module, inputs):
    if module.training and len(inputs[0]) == 5:
        raise ValueError("I do not like this batch")


# --- Work that was left lying ------------------------------------------------------------------


def test_too_little_memory_is_refused_before_anything_is_made(start, tmp_path):
    little = Pace(workers=1, memory=2**20)
    with pytest.raises(SettingError, match="memory of 1 MiB is less than"):
        personalize(start, store=tmp_path / "m.db", pace=little)
    assert not list(tmp_path.iterdir())
    personalize(start, store=tmp_path / "m.db", pace=HERE)
    assert not personalize(start, store=tmp_path / "m.db", pace=little).made  # nobody is left


def test_two_processes_do_not_work_in_one_place(start, tmp_path):
    with (
        Work(tmp_path / "a.db.work").locked(),
        pytest.raises(RunError, match="another process is personalizing"),
    ):
        personalize(start, store=tmp_path / "a.db", pace=HERE)


def test_a_folder_of_something_else_is_left_alone(start, tmp_path):
    work = tmp_path / "mine"
    (work / "photos").mkdir(parents=True)
    (work / "thesis.tex").touch()
    with pytest.raises(OtherRunError, match=r"mine is not empty .*found 'photos'.*--work"):
        personalize(start, store=tmp_path / "a.db", work=work, pace=HERE)
    assert {entry.name for entry in work.iterdir()} == {"photos", "thesis.tex"}


def test_owners_of_a_later_global_data_are_known_too(run, tmp_path):
    start = Start.of_run(run, curriculum="global >> mixed(2, iterations=2)")
    personalize(start, store=tmp_path / "a.db", pace=HERE)
    data = start.population
    more = replace(data.global_data, train=data.global_data.train[:-1])
    later = replace(start, population=replace(data, global_data=more, global_owners=("zoe",)))
    personalize(later, store=tmp_path / "a.db", pace=HERE)
    with Store.open(tmp_path / "a.db") as store:
        assert len(store.bases()) == 1
        assert store.bases()[0].provenance.global_owners == ("zoe",)
        assert store.forget("zoe", receipts=tmp_path / "receipts").models_to_retrain


@pytest.mark.parametrize("encoding", ["smallest", "half", "topk(0.01)"])
def test_a_smaller_encoding_keeps_within_its_bound(tmp_path, encoding):
    run = make_run(tmp_path / "run", make_population(shared=400), network="mlp(hidden=64)")
    start = Start.of_run(run, curriculum="global >> personal(20, learning_rate=0.5)", floor=0.0)
    personalize(start, store=tmp_path / "a.db", pace=HERE)
    ways = Ways(encoding=encoding, bound=0.0)
    small = personalize(start, store=tmp_path / "b.db", ways=ways, pace=HERE)
    exact = content(tmp_path / "a.db")
    for model in small.made:
        ours, whole = model.figures, exact[model.individual][2]
        assert ours.personal_accuracy_validation >= whole.personal_accuracy_validation
        assert ours.global_accuracy_validation >= whole.global_accuracy_validation
    assert {model.encoding for model in small.made} - {"lossless"}


def test_a_network_that_cannot_be_imported_by_its_name_is_given(tmp_path):
    def inner(channels, classes):
        return nets.plain(channels, classes)

    run = make_run(tmp_path / "run", network=inner)
    with pytest.raises(NetworkError, match="locals"):
        Start.of_run(run, curriculum="transfer(4)")
    start = Start.of_run(run, curriculum="transfer(4)", network=lambda channels: inner(channels, 3))
    assert start.architecture.name.endswith("<locals>.inner")  # by whatever object it is made
    outcome = personalize(start, store=tmp_path / "m.db", pace=HERE)
    assert outcome.complete
    assert len(outcome.made) == len(PEOPLE)
