"""kill -9 at any moment: going on ends with the store that an undisturbed run makes."""

import os
import random
import signal
import time

import pytest
from safetensors.torch import load_file
from tests.people import PEOPLE, make_population
from tests.personalize.conftest import HERE, content, make_run

from monogram.curriculum import Recipe
from monogram.errors import NetworkError, RunError, StoreError
from monogram.personalize import Pace, Start, Ways, personalize, resume
from monogram.personalize.guard import Guard
from monogram.store import Store

CROWD = {f"person {n}": 12 + n % 7 for n in range(20)}


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crowd")
    run = make_run(folder / "run", make_population(CROWD))
    started = time.monotonic()
    start = Start.of_run(run, curriculum="transfer(15)")
    personalize(start, store=folder / "whole.db", pace=HERE)
    return run, content(folder / "whole.db"), time.monotonic() - started


def killed_after(seconds, work):
    """Do some work in a forked process that is killed (signal 9) after so long."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_killed_again_and_again_it_ends_with_the_same_store(crowd, tmp_path):
    run, expected, seconds = crowd
    draw, store, committed = random.Random(7), tmp_path / "models.db", []
    work, pace = tmp_path / "models.db.work", Pace(workers=1, checkpoint_seconds=0)

    def go_on():
        if (work / "asked.json").exists():
            resume(work, pace=pace)
        else:
            personalize(Start.of_run(run, curriculum="transfer(15)"), store=store, pace=pace)

    for _ in range(20):
        killed_after(draw.uniform(0, 0.6 * seconds), go_on)
        committed.append(count(store))
    assert committed == sorted(committed)  # nothing is lost
    go_on()
    assert content(store) == expected
    with Store.open(store) as opened:
        assert not opened.verify()
        assert all(len(opened.history(id_)) == 1 for id_ in CROWD)


def count(store):
    """Individuals in a store; none where it is not made yet."""
    try:
        return len(content(store))
    except StoreError:
        return 0


def stopped_after(models, monkeypatch):
    """Let commits fail after so many, as if the process had gone."""
    commit, left = Store.commit, [models]

    def committed(self, *args, **options):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return commit(self, *args, **options)

    monkeypatch.setattr(Store, "commit", committed)


def test_a_network_whose_code_was_moved_meanwhile_is_named_where_it_is(tmp_path, monkeypatch):
    then, now = tmp_path / "kept_then.py", tmp_path / "kept_now.py"
    then.write_text("from tests.nets import plain")
    start = Start.of_run(make_run(tmp_path / "run", network=f"{then}:plain"))
    with monkeypatch.context() as patch:
        stopped_after(1, patch)
        with pytest.raises(KeyboardInterrupt):
            personalize(start, store=tmp_path / "models.db", pace=HERE)
    then.rename(now)
    with pytest.raises(NetworkError, match="say with --network where it is now"):
        resume(tmp_path / "models.db.work", pace=HERE)
    outcome = resume(tmp_path / "models.db.work", network=f"{now}:plain", pace=HERE)
    assert outcome.complete
    with Store.open(tmp_path / "models.db") as store:
        assert len(store.bases()) == 1


@pytest.mark.parametrize("again", [False, True])
def test_resuming_needs_nothing_but_the_work(crowd, tmp_path, monkeypatch, again):
    run, expected, _ = crowd
    store, start = tmp_path / "models.db", Start.of_run(run, curriculum="transfer(15)")
    if again:
        personalize(start, store=store, pace=HERE)
    with monkeypatch.context() as patch:
        stopped_after(7, patch)
        with pytest.raises(KeyboardInterrupt):
            personalize(start, store=store, ways=Ways(again=again), pace=HERE)
    outcome = resume(tmp_path / "models.db.work", pace=HERE)
    assert len(outcome.made) == len(CROWD) - 7
    found = content(store)
    assert {id_: one[:-1] for id_, one in found.items()} == {
        id_: one[:-1] for id_, one in expected.items()
    }
    assert {one[-1] for one in found.values()} == {2 if again else 1}
    with pytest.raises(RunError, match="no work to go on with"):
        resume(tmp_path / "models.db.work")


def test_the_same_command_does_not_train_again_whom_it_has_trained_again(
    run, tmp_path, monkeypatch
):
    store, start, again = (
        tmp_path / "m.db",
        Start.of_run(run, curriculum="transfer(4)"),
        Ways(again=True),
    )
    personalize(start, store=store, pace=HERE)
    with monkeypatch.context() as patch:
        stopped_after(2, patch)
        with pytest.raises(KeyboardInterrupt):
            personalize(start, store=store, ways=again, pace=HERE)
    for left in (2, len(PEOPLE)):
        assert len(personalize(start, store=store, ways=again, pace=HERE).made) == left
    assert {one[-1] for one in content(store).values()} == {3}


def test_what_a_worker_commits_after_its_parent_was_killed_is_not_made_twice(
    crowd, tmp_path, monkeypatch
):
    run, expected, _ = crowd
    store, start = tmp_path / "models.db", Start.of_run(run, curriculum="transfer(15)")
    decide = Guard.decide

    def meanwhile(self, *args):
        monkeypatch.setattr(Guard, "decide", decide)
        personalize(start, store=store, work=tmp_path / "other", pace=HERE)
        return decide(self, *args)

    monkeypatch.setattr(Guard, "decide", meanwhile)
    personalize(start, store=store, pace=HERE)
    assert content(store) == expected


def test_work_on_other_data_is_not_gone_on_with(crowd, tmp_path, monkeypatch):
    run, expected, _ = crowd
    store, start = tmp_path / "models.db", Start.of_run(run, curriculum="transfer(15)")
    other = make_population({id_: samples + 6 for id_, samples in CROWD.items()})
    with monkeypatch.context() as patch:
        stopped_after(3, patch)
        with pytest.raises(KeyboardInterrupt):
            personalize(start, other, store=store, pace=HERE)
    personalize(start, store=store, pace=HERE)
    found = content(store)
    assert {id_: one[0] for id_, one in found.items()} == {
        id_: one[0] for id_, one in expected.items()
    }


def own_base(run, times):
    """A start from a base of one's own: the run's, with every weight times a number."""
    trunk = load_file(next((run / "trunks").glob("*.safetensors")))
    trunk = {n.removeprefix("weights/"): t for n, t in trunk.items() if n.startswith("weights/")}
    return Start.of_base(
        {n: times * t if n.endswith("weight") else t for n, t in trunk.items()},
        make_population(dict.fromkeys(("anna", "ben"), 24)),
        "transfer(4)",
        network="tests.nets:plain",
        recipe=Recipe(batch_size=8),
        epochs=2,
        floor=0.0,
    )


@pytest.mark.parametrize("moved", ["to another folder", "behind a link"])
def test_going_on_with_a_store_of_another_name_starts_from_the_same_base(
    crowd, tmp_path, monkeypatch, moved
):
    there, now = tmp_path / "there", tmp_path / "now"
    personalize(own_base(crowd[0], 2), store=there / "whole.db", pace=HERE)
    with monkeypatch.context() as patch:
        stopped_after(1, patch)
        with pytest.raises(KeyboardInterrupt):
            personalize(own_base(crowd[0], 2), store=there / "m.db", pace=HERE)
    if moved == "behind a link":
        now.symlink_to(there)
    else:
        there.rename(now)
    outcome = resume(now / "m.db.work", store=now / "m.db", pace=HERE)
    assert len(outcome.made) == 1
    assert content(now / "m.db") == content(now / "whole.db")


def test_work_on_another_base_is_not_gone_on_with(crowd, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        stopped_after(0, patch)
        with pytest.raises(KeyboardInterrupt):
            personalize(own_base(crowd[0], 2), store=tmp_path / "m.db", pace=HERE)
    for store in ("m.db", "whole.db"):
        personalize(own_base(crowd[0], 3), store=tmp_path / store, pace=HERE)
    assert content(tmp_path / "m.db") == content(tmp_path / "whole.db")
