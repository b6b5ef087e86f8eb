"""Individuals trained together: the loop's numbers but for the last digits."""

import json
from dataclasses import replace

import pytest
from tests import nets
from tests.engine.test_against_twin import compare_figures, twin_of
from tests.people import make_population

from monogram import training
from monogram.curriculum import Recipe
from monogram.engine import (
    Display,
    Grouping,
    execute,
    layout,
    read_journal,
    read_points,
    trial,
)
from monogram.engine.choice import choices
from monogram.engine.cohort import Kind
from monogram.engine.room import PROCESS
from monogram.errors import RunError
from monogram.plan.compile import ring
from monogram.population import save_population
from monogram.study import Study
from monogram.training import save_state

EXACT = ("own_iterations", "shared_iterations", "own_samples", "personal_samples", "collapsed")
CLOSE = (
    "personal_accuracy",
    "personal_accuracy_validation",
    "global_accuracy",
    "global_accuracy_validation",
    "personal_loss",
    "personal_loss_validation",
    "global_loss",
    "global_loss_validation",
)
PEOPLE = {"anna": 70, "ben": 45, "cleo": 12, "dora": 44, "emil": 70, "fay": 33, "gil": 3, "hal": 2}
CURRICULA = (
    "baseline",
    "union >> personal(4)",
    "early-shaping(5)",
    "sample-weighting(2)",
    "transfer(4)",
    "transfer(15)",
    "global >> mixed(1/2, iterations=6, decay=0.1, decay_at=0.5)",
    "global >> personal(4, train=head)",
    "head-then-all(3)",
    "global >> prior >> personal(epochs=2)",
    "transfer(9) >> blend",
    "global >> personal(4, runs=3) >> personal(2)",
    "global >> mixed(2, iterations=4, decay=0.1, decay_at=0.5, runs=2)",
    "global >> personal(9, pull=0.1) >> blend(0.3)",
    "global >> prior(5)",
)
LOOP = Grouping()


def together(most, *, padded=False):
    """Everybody with as many others, whatever is trained."""
    kind = Kind(most, padded)
    return Grouping({"all": kind, "head": kind, "last-block": kind, "": kind})


def make_study(network, curricula=CURRICULA, population=None, **options):
    """Batches of 8, which most people fill and some do not."""
    recipe = Recipe(batch_size=8, clip_norm=options.pop("clip_norm", None))
    people = make_population(PEOPLE, shared=60) if population is None else population
    return Study(people, curricula, network=network, epochs=2, recipe=recipe, **options)


def run(study, folder, engine, **options):
    """Rows by identity, and what did not work."""
    layout.prepare(folder)
    save_population(study.population, layout.population(folder))
    job = replace(study.job(folder), engine=engine, **options.pop("job", {}))
    failures = execute(study.plan(), job, study.population, **options)
    rows = read_journal(layout.journal(folder))
    return {row.identity: row for row in rows}, failures


def assert_same(ours, theirs):
    assert ours.keys() == theirs.keys()
    for identity, row in ours.items():
        other = theirs[identity]
        assert all(getattr(row, name) == getattr(other, name) for name in EXACT), identity
        for name in CLOSE:
            assert getattr(row, name) == pytest.approx(getattr(other, name), abs=1e-5), identity


@pytest.mark.parametrize(
    ("network", "grouping"),
    [
        (nets.plain, together(3)),
        (nets.plain, together(64)),
        (nets.unnormalised, together(64)),
        (nets.unnormalised, together(64, padded=True)),
        (nets.unnormalised, together(2, padded=True)),
    ],
    ids=["batch normalisation", "all of a size", "alike", "filled up", "pairs"],
)
def test_all_curricula_give_the_loops_numbers_and_curves(network, grouping, tmp_path):
    study = make_study(network)
    alone, _ = run(study, tmp_path / "alone", LOOP)
    stacked, failures = run(study, tmp_path / "together", grouping)
    assert not failures
    assert_same(stacked, alone)
    curves, expected = (read_points(tmp_path / name / "curves") for name in ("together", "alone"))
    assert curves.keys() == expected.keys()
    for key, point in curves.items():
        other = expected[key]
        assert (point.individual, point.evaluated_on) == (other.individual, other.evaluated_on)
        assert (point.shared, point.personal) == pytest.approx((other.shared, other.personal))


@pytest.mark.parametrize(
    ("network", "shape"),
    [(nets.picture, (1, 6, 6)), (nets.Attentive, (3, 5))],
    ids=["pictures", "attention"],
)
def test_dropout_draws_what_it_draws_alone(network, shape, tmp_path):
    people = make_population({"anna": 30, "ben": 26, "cleo": 24}, shared=40, shape=shape)
    some = ("transfer(5)", "sample-weighting(2)", "global >> personal(4, train=head)")
    study = make_study(network, some, people, curves=False)
    alone, _ = run(study, tmp_path / "alone", LOOP)
    stacked, failures = run(study, tmp_path / "together", together(3))
    assert not failures
    assert_same(stacked, alone)


@pytest.mark.parametrize("batch_size", [8, 1])
def test_a_later_phase_may_train_less_than_an_earlier_one(batch_size, tmp_path):
    curricula = (
        "global >> personal(6, train=last-block) >> personal(6, train=head)",
        'global >> personal(6, train="1.*|2.*|4.*") >> personal(6, train=last-block)',
        "global >> personal(6, train=head) >> personal(6, train=last-block)",
    )
    study = make_study(nets.deep, curricula)
    study = replace(study, recipe=Recipe(batch_size=batch_size))
    alone, _ = run(study, tmp_path / "alone", LOOP)
    stacked, failures = run(study, tmp_path / "together", together(64))
    assert not failures
    assert_same(stacked, alone)


@pytest.mark.parametrize("network", [nets.plain, nets.Scaled])
def test_shortened_gradients_are_each_ones_own(network, tmp_path):
    study = make_study(network, ("transfer(9)",), clip_norm=0.3)
    alone, _ = run(study, tmp_path / "alone", LOOP)
    display = Listening()
    rows, _ = run(study, tmp_path / "together", together(64), display=display)
    assert_same(rows, alone)
    assert not [text for text in display.heard if "failed" in text]


def test_a_stacked_model_has_the_twins_accuracies(tmp_path):
    people = make_population({"anna": 40, "ben": 36, "cleo": 38}, shared=40)
    study = make_study(nets.plain, ("transfer(6)",), people)
    rows, _ = run(study, tmp_path, together(3))
    for row in rows.values():
        steps = {"n_TL": 6} if "personal" in row.curriculum else {}
        compare_figures(row, twin_of(row, people, nets.plain, 2, steps), people)


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_and_what_is_done_already_change_no_digit(workers, tmp_path):
    study = make_study(nets.plain)
    whole, _ = run(study, tmp_path / "whole", together(3))
    folder = tmp_path / "again"
    run(study, folder, together(3), workers=workers)
    for journal in layout.journal(folder).iterdir():
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join(lines[::2]))
    rows, _ = run(study, folder, together(3), workers=workers)
    assert rows.keys() == whole.keys()
    for identity, row in whole.items():
        theirs = rows[identity]
        assert all(getattr(row, name) == getattr(theirs, name) for name in (*EXACT, *CLOSE))


def cut_short(study, folder, monkeypatch, job):
    """Run until a stack has left some checkpoints."""
    saved = []

    def save(state, file, name):
        save_state(state, file, name)
        saved.append(file)
        if len(saved) == 9:
            raise OSError("cut")

    with monkeypatch.context() as patched:
        patched.setattr("monogram.engine.stack_runner.save_state", save)
        with pytest.raises(OSError, match="cut"):
            run(study, folder, together(64), job=job)
    assert list(layout.checkpoint(folder, "").parent.glob("stack*"))


def test_another_cohort_with_the_same_first_individual_begins_anew(tmp_path, monkeypatch):
    study = make_study(nets.plain, ("transfer(15)",), curves=False)
    few = replace(study, population=study.population.only(["anna", "ben"]))
    expected, _ = run(few, tmp_path / "few", together(64))
    often = {"checkpoint_seconds": 0}
    cut_short(study, tmp_path / "cut", monkeypatch, often)
    rows, failures = run(few, tmp_path / "cut", together(64), job=often)
    assert not failures
    assert_same({identity: rows[identity] for identity in expected}, expected)


def test_a_stack_goes_on_from_its_checkpoint(tmp_path, monkeypatch):
    study = make_study(nets.plain, ("transfer(15)", "sample-weighting(2)"), curves=False)
    whole, _ = run(study, tmp_path / "whole", together(64))
    often = {"checkpoint_seconds": 0}
    folder = tmp_path / "cut"
    cut_short(study, folder, monkeypatch, often)
    rows, _ = run(study, folder, together(64), job=often)
    assert rows.keys() == whole.keys()
    for identity, row in whole.items():
        assert all(getattr(row, name) == getattr(rows[identity], name) for name in CLOSE)


class Listening(Display):
    """Keeps what is said."""

    def __init__(self):
        super().__init__(quiet=True)
        self.heard = []

    def say(self, text):
        self.heard.append(text)


def test_an_error_in_a_stack_is_put_down_to_whom_it_belongs(tmp_path):
    """Choosy takes no batch of five, so that both go wrong, together and one by one."""
    people = make_population({"anna": 40, "ben": 10, "bob": 10})
    rows, failures = run(make_study(nets.Choosy, ("transfer(4)",), people), tmp_path, together(2))
    assert [failure.individual for failure in failures] == ["ben", "bob"]
    assert {who for curriculum, who, _ in rows if "personal" in curriculum} == {"anna"}


def test_a_network_that_cannot_be_stacked_says_why_once(tmp_path):
    people = make_population({"anna": 40, "ben": 40, "cleo": 40, "dora": 40})
    study = make_study(nets.Peeking, ("transfer(4)", "transfer(2)"), people)
    alone, _ = run(study, tmp_path / "alone", LOOP)
    display = Listening()
    rows, failures = run(study, tmp_path / "together", together(2), display=display)
    assert not failures
    assert_same(rows, alone)
    (said,) = [text for text in display.heard if "failed" in text]
    assert ".item()" in said


def test_tied_weights_are_trained_one_by_one(tmp_path):
    people = make_population({"anna": 40, "ben": 40, "cleo": 40, "dora": 40})
    study = make_study(nets.Tied, ("transfer(6)",), people, curves=False)
    display = Listening()
    alone, _ = run(study, tmp_path / "alone", LOOP)
    rows, failures = run(study, tmp_path / "together", together(2), display=display)
    assert not failures
    assert_same(rows, alone)
    (said,) = [text for text in display.heard if "failed" in text]
    assert "one tensor" in said


# --- Who is trained together --------------------------------------------------------------


UNEVEN = {name: 40 if nth > 1 else 4 for nth, name in enumerate(ring("abcdefghijklmnop"))}
"""The first two of a plan have two samples to train on, all others twenty."""


def many(n=16, **options):
    people = make_population({f"{nth:02}": 40 + nth for nth in range(n)})
    return make_study(options.pop("network", nets.unnormalised), ("transfer(4)",), people)


def chosen(study, folder, engine="stacked", **options):
    run(study, folder, engine, **options)
    return json.loads((folder / "engine.json").read_text())["kinds"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Measurements of other tests and of the user are out of the way."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_a_trial_finds_whether_batches_can_be_filled_up(tmp_path):
    assert chosen(many(), tmp_path / "free")["all"]["padded"]
    normalised = chosen(many(network=nets.plain), tmp_path / "normalised")["all"]
    assert normalised["most"] > 1
    assert not normalised["padded"]


def test_equal_batches_are_tried_where_others_raise_an_error(tmp_path):
    kind = chosen(many(network=nets.Sideways), tmp_path)["all"]
    assert kind["most"] > 1, kind["reason"]
    assert not kind["padded"]


def test_a_trial_finds_what_cannot_be_stacked(tmp_path):
    display = Listening()
    kind = chosen(many(network=nets.Peeking), tmp_path, display=display)["all"]
    assert kind["most"] == 1
    assert ".item()" in kind["reason"]
    assert len([text for text in display.heard if ".item()" in text]) == 1


def test_a_trial_says_in_plain_words_why_a_network_is_not_stacked(tmp_path):
    kind = chosen(many(network=nets.Tied), tmp_path)["all"]
    assert kind["most"] == 1
    assert "together: network.layers.2.weight and network.layers.4.weight" in kind["reason"]


def test_a_trial_is_of_those_who_could_be_one_cohort(tmp_path):
    """Phases that train the same may be of other sources: their steps are never one computation."""
    curricula = ("union >> personal(3)", "early-shaping(3)", "sample-weighting(2)", "transfer(4)")
    study = make_study(nets.unnormalised, curricula, many().population, curves=False)
    job = replace(study.job(tmp_path), engine="stacked")
    ((_, kind),) = choices(study.plan(), job, study.population, 1)
    assert kind.most > 1, kind.reason


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (nets.Averaging, "learns something else"),
        (nets.batched, "depend on the batch"),
        (nets.Restless, "changes its own tensors in evaluation mode"),
    ],
    ids=["assigned buffers", "statistics of the batch", "changes while it is judged"],
)
def test_a_trial_finds_what_differs_beside_the_parameters(network, reason, tmp_path):
    kind = chosen(many(network=network), tmp_path)["all"]
    assert kind["most"] == 1
    assert reason in kind["reason"]


def test_statistics_do_not_take_in_what_fills_up_a_batch(tmp_path):
    people = make_population({f"{nth:02}": 40 + nth for nth in range(16)}, shape=(1, 4, 4))
    study = make_study(nets.instances, ("transfer(4)",), people, curves=False)
    kind = chosen(study, tmp_path)["all"]
    assert kind["most"] > 1
    assert not kind["padded"]


def test_what_fills_up_a_batch_is_tried_with_those_who_have_most(tmp_path):
    """A batch of one sample, filled up to two, has the statistics that it has alone."""
    people = make_population(UNEVEN, shape=(1, 4, 4))
    study = make_study(nets.instances, ("transfer(4)",), people, curves=False)
    kind = chosen(study, tmp_path)["all"]
    assert kind["most"] > 1
    assert not kind["padded"]


def test_where_nobody_has_enough_to_tell_no_batch_is_filled_up(tmp_path):
    people = make_population({f"{nth:02}": 3 for nth in range(16)})
    study = make_study(nets.unnormalised, ("transfer(4)",), people, curves=False)
    assert not chosen(study, tmp_path)["all"]["padded"]


def test_the_memory_of_a_cohort_is_reckoned_for_those_who_have_most(tmp_path, monkeypatch):
    memory = set()
    for name, people in (("uneven", UNEVEN), ("even", dict.fromkeys(UNEVEN, 40))):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache" / name))
        study = make_study(nets.unnormalised, "transfer(4)", make_population(people))
        memory.add(chosen(study, tmp_path / name)["all"]["memory"])
    assert len(memory) == 1


def test_both_ways_are_timed_with_batches_as_most_have_them(tmp_path, monkeypatch):
    lengths = set()

    def alone(network, state, stretch, feed, *rest):
        lengths.add(len(feed(0)))
        return training.train(network, state, stretch, feed, *rest)

    def stacked(network, state, lesson, *rest):
        lengths.update(len(feed(0)) for feed in lesson.feeds)
        return training.train_stack(network, state, lesson, *rest)

    monkeypatch.setattr(trial, "train", alone)
    monkeypatch.setattr(trial, "train_stack", stacked)
    monkeypatch.setattr(trial.Trial, "_can_be_padded", lambda _: True)
    study = make_study(nets.unnormalised, "transfer(4)", make_population(UNEVEN), curves=False)
    job = replace(study.job(tmp_path), engine="stacked")
    assert dict(choices(study.plan(), job, study.population, 1))["all"].most > 1
    assert lengths == {8}


def test_larger_cohorts_are_tried_where_a_pair_is_slow_but_takes_no_time(tmp_path, monkeypatch):
    """As with dropout: what a stack takes beside the sums is shared by all that are in it."""
    steps = {1: 1e-3, 2: 3e-3, 8: 5e-4, 64: 2e-4}
    speeds = {size: trial.Speed(0.0, step, 1e-6) for size, step in steps.items()}
    monkeypatch.setattr(trial.Trial, "_alone", lambda _: speeds[1])
    monkeypatch.setattr(trial.Trial, "_together", lambda _, size: speeds[size])
    assert chosen(many(64), tmp_path, "auto")["all"]["most"] == 16


def test_larger_cohorts_are_not_tried_where_smaller_ones_lose(tmp_path, monkeypatch):
    tried = []

    def together_(_, size):
        tried.append(size)
        return trial.Speed(0.0, 5e-3, 1e-6)

    monkeypatch.setattr(trial.Trial, "_alone", lambda _: trial.Speed(0.0, 1e-3, 1e-6))
    monkeypatch.setattr(trial.Trial, "_together", together_)
    assert chosen(many(64), tmp_path, "auto")["all"]["most"] == 1
    assert tried == [2, 8]


def test_no_cohort_is_tried_that_would_take_longer_than_a_trial_may(tmp_path, monkeypatch):
    """A pair of slow networks is no reason to wait for a minute."""
    tried = []

    def together_(_, size):
        tried.append(size)
        return trial.Speed(0.0, 0.08, 1e-4)

    monkeypatch.setattr(trial.Trial, "_alone", lambda _: trial.Speed(0.0, 0.08, 1e-4))
    monkeypatch.setattr(trial.Trial, "_together", together_)
    assert chosen(many(512), tmp_path, "auto")["all"]["most"] <= 8
    assert tried == [2, 8]


@pytest.mark.parametrize(("once", "together_"), [(0.0, True), (1.0, False)])
def test_what_comes_before_the_first_step_counts(once, together_, tmp_path, monkeypatch):
    """A few steps of a head take no time; the samples must get there first."""
    monkeypatch.setattr(trial.Trial, "_alone", lambda _: trial.Speed(0.0, 1e-3, 1e-6))
    monkeypatch.setattr(trial.Trial, "_together", lambda *_: trial.Speed(once, 1e-5, 1e-6))
    assert (chosen(many(64), tmp_path, "auto")["all"]["most"] > 1) is together_


def test_a_trial_times_what_is_frozen(tmp_path):
    study = make_study("mlp", ("global >> personal(4, train=head)",), many().population)
    tasks = [task for task in study.plan().tasks if not task.shared]
    tried = trial.Trial("head", tasks, study.job(tmp_path), study.population)
    found = tried.found((), thorough=True)
    assert found.alone.once == 0 < found.together[2].once


def test_networks_that_look_across_a_batch_are_judged_one_by_one(tmp_path):
    """Nobody trains, so that there is no trial."""
    for network, together_ in ((nets.plain, True), (nets.batched, False)):
        study = make_study(network, ("global >> prior(5)",), many().population, curves=False)
        job = replace(study.job(tmp_path), engine="stacked")
        ((name, kind),) = choices(study.plan(), job, study.population, 1)
        assert not name
        assert (kind.most > 1) is together_, kind.reason


def test_an_individual_on_whom_a_trial_fails_stops_nobody_else(tmp_path):
    people = make_population({"bad": 10} | {f"{nth:02}": 40 for nth in range(16)})
    study = make_study(nets.Choosy, ("transfer(4)",), people)
    rows, failures = run(study, tmp_path, "auto")
    assert [failure.individual for failure in failures] == ["bad"]
    assert len([who for curriculum, who, _ in rows if "personal" in curriculum]) == 16


def test_a_few_are_trained_one_by_one_unless_it_is_asked_for(tmp_path):
    few = many(4)
    assert chosen(few, tmp_path / "auto", "auto")["all"]["most"] == 1
    assert chosen(few, tmp_path / "stacked", "stacked")["all"]["most"] == 2


def test_the_loop_is_as_asked_for(tmp_path):
    assert chosen(many(), tmp_path, "loop")["all"]["most"] == 1


def test_what_was_chosen_is_json_that_anything_reads(tmp_path):
    chosen(many(), tmp_path, "loop")
    written = (tmp_path / "engine.json").read_text()
    assert json.loads(written, parse_constant=pytest.fail)["kinds"]["all"]["seconds"] is None
    assert chosen(many(), tmp_path, "loop")["all"]["most"] == 1


def test_a_small_cohort_is_not_said_to_gain_what_a_large_one_does(tmp_path):
    """Of 16 people at most 4 are together: the gain is that of a pair, the largest tried below."""
    kind = chosen(many(), tmp_path)["all"]
    (kept,) = json.loads(next((tmp_path / "cache").rglob("engines.json")).read_text()).values()
    assert kind["most"] <= 4
    assert kind["seconds"] > kept["together"][str(2)]["step"]


def test_cohorts_keep_to_the_memory(tmp_path):
    study = many()
    each = chosen(study, tmp_path / "free")["all"]["memory"]
    job = replace(study.job(tmp_path), engine="stacked", memory=PROCESS + 2 * each)
    ((_, tight),) = choices(study.plan(), job, study.population, 1)
    assert tight.most == 2
    ((_, tighter),) = choices(study.plan(), replace(job, memory=PROCESS), study.population, 1)
    assert tighter.most == 1
    assert "memory" in tighter.reason


def test_a_run_keeps_its_engine_and_refuses_another(tmp_path):
    study = many()
    before = chosen(study, tmp_path, "stacked")
    assert chosen(study, tmp_path, "auto") == before
    with pytest.raises(RunError, match=r"begun with the engine 'stacked', not 'loop'"):
        run(study, tmp_path, "loop")
    (tmp_path / "engine.json").write_text("{")
    with pytest.raises(RunError, match=r"engine\.json is damaged"):
        run(study, tmp_path, "auto")


def test_what_was_measured_is_kept_and_a_damaged_cache_does_no_harm(tmp_path):
    first = chosen(many(), tmp_path / "first")
    (kept,) = (tmp_path / "cache").rglob("engines.json")
    assert chosen(many(), tmp_path / "second") == first
    names = json.loads(kept.read_text())
    for damaged in ("{", "[]", json.dumps({name: {"alone": 3} for name in names})):
        kept.write_text(damaged)
        assert chosen(many(), tmp_path / f"{len(damaged)}")["all"]["most"] > 1


def test_a_network_whose_code_changed_is_tried_again(tmp_path, monkeypatch):
    """Its layers have the same names and shapes, but batches can no longer be filled up."""
    study = many(network=nets.Centred)
    monkeypatch.setattr(nets.Centred, "centres", False)
    assert chosen(study, tmp_path / "before")["all"]["padded"]
    monkeypatch.setattr(nets.Centred, "centres", True)
    assert not chosen(study, tmp_path / "after")["all"]["padded"]


def test_what_is_known_of_a_network_in_no_file_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("monogram.engine.choice.code_of", lambda _: None)
    assert chosen(many(), tmp_path)["all"]["most"] > 1
    assert not list((tmp_path / "cache").rglob("engines.json"))
