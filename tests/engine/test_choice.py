"""Who is trained together: what a trial finds, what is chosen, and what is kept of it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from tests import nets
from tests.engine.stacking import Listening, make_study, run
from tests.people import make_population

from monogram import training
from monogram.curriculum import Source
from monogram.engine import choice, trial
from monogram.engine.choice import choices
from monogram.engine.cohort import Grouping, Kind
from monogram.engine.found import UNKNOWN, Found, Sort, Speed, overall
from monogram.engine.load import workload
from monogram.errors import RunError
from monogram.plan.compile import ring

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


@pytest.fixture
def room(monkeypatch):
    """Says how many bytes each worker has for those who are trained together."""

    def give(size):
        monkeypatch.setattr(choice, "room_of_each", lambda *_: size)

    return give


def test_a_trial_finds_whether_batches_can_be_filled_up(tmp_path):
    assert chosen(many(), tmp_path / "free")["all"]["padded"]
    normalised = chosen(many(network=nets.plain), tmp_path / "normalised")["all"]
    assert normalised["most"] > 1
    assert not normalised["padded"]


def test_equal_batches_are_tried_where_others_raise_an_error(tmp_path):
    kind = chosen(many(network=nets.Sideways), tmp_path)["all"]
    assert kind["most"] > 1, kind["reason"]
    assert not kind["padded"]


def test_group_normalisation_of_pictures_can_be_stacked(tmp_path):
    """The engine lays convolutions' weights channels last, in which `vmap` refuses it."""
    people = make_population({f"{nth:02}": 40 for nth in range(16)}, shape=(3, 8, 8))
    kind = chosen(make_study(nets.grouped, ("transfer(4)",), people, curves=False), tmp_path)["all"]
    assert kind["most"] > 1, kind["reason"]


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


def test_samples_count_whatever_a_trial_before_had(tmp_path):
    """Beyond a few batches a trial says the same of any number of samples, but for the memory."""
    found = []
    for samples in (600, 6000):
        people = make_population({f"{nth:02}": samples for nth in range(16)}, kind=np.uint8)
        study = make_study("mlp(hidden=8)", ("transfer(4)",), people, curves=False)
        found.append(chosen(study, tmp_path / f"{samples}")["all"]["memory"])
        train = len(people.individuals["00"].train)
        assert found[-1] > train * people.inputs[0].size * 4  # bytes, as float32
    assert len(list((tmp_path / "cache").rglob("engines.json"))) == 1
    assert found[1] > 5 * found[0]


def test_cohorts_that_are_only_judged_keep_to_the_memory_too(tmp_path, room):
    study = make_study("mlp(hidden=8)", ("global >> blend(0.5)",), many().population)
    job = replace(study.job(tmp_path), engine="stacked")
    ((name, kind),) = choices(study.plan(), job, study.population, 1)
    assert (name, kind.most) == ("", 4)
    room(2 * kind.memory)
    assert [kind.most for _, kind in choices(study.plan(), job, study.population, 1)] == [2]
    room(kind.memory)
    ((_, alone),) = choices(study.plan(), job, study.population, 1)
    assert (alone.most, "more memory" in alone.reason) == (1, True)


def test_both_ways_are_timed_with_batches_as_most_have_them(tmp_path, monkeypatch):
    lengths = set()

    def alone(network, state, stretch, feed, *rest, **named):
        lengths.add(len(feed(0)))
        return training.train(network, state, stretch, feed, *rest, **named)

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
    steps = {1: 1e-3, 2: 3e-3, 8: 5e-4, 32: 3e-4, 64: 2e-4}
    speeds = {size: Speed(0.0, step, 1e-6) for size, step in steps.items()}
    monkeypatch.setattr(trial.Trial, "_alone", lambda _: speeds[1])
    monkeypatch.setattr(trial.Trial, "_together", lambda _, size: speeds[size])
    assert chosen(many(64), tmp_path, "auto")["all"]["most"] == 16


@pytest.fixture
def sizes_tried(monkeypatch):
    """The sizes of the cohorts that trials try, where one alone and one of any have such speeds."""
    tried = []

    def with_speeds(alone, one_of_any):
        def together_(_, size):
            tried.append(size)
            return one_of_any

        monkeypatch.setattr(trial.Trial, "_alone", lambda _: alone)
        monkeypatch.setattr(trial.Trial, "_together", together_)
        return tried

    return with_speeds


def test_larger_cohorts_are_not_tried_where_smaller_ones_lose(tmp_path, sizes_tried):
    tried = sizes_tried(Speed(0.0, 1e-3, 1e-6), Speed(0.0, 2e-3, 1e-6))
    assert chosen(many(64), tmp_path, "auto")["all"]["most"] == 1
    assert tried == [2, 8]


def test_no_cohort_is_tried_that_would_take_longer_than_a_trial_may(tmp_path, sizes_tried):
    """A pair of slow networks is no reason to wait for a minute."""
    tried = sizes_tried(*[Speed(0.0, 0.16, 1e-4)] * 2)
    assert chosen(many(512), tmp_path, "auto")["all"]["most"] <= 8
    assert tried == [2, 8]


def test_the_less_there_is_to_train_the_shorter_a_trial(tmp_path, sizes_tried):
    """Where larger cohorts were left out they are tried once there is more to train."""
    tried = sizes_tried(*[Speed(0.0, 0.04, 1e-6)] * 2)
    for people, sizes in ((64, [2, 8]), (96, []), (512, [2, 8, 32, 64]), (1024, [])):
        tried.clear()
        chosen(many(people), tmp_path / str(people), "auto")
        assert tried == sizes, people


@pytest.mark.parametrize(("once", "together_"), [(0.0, True), (1.0, False)])
def test_what_comes_before_the_first_step_counts(once, together_, tmp_path, monkeypatch):
    """A few steps of a head take no time; the samples must get there first."""
    monkeypatch.setattr(trial.Trial, "_alone", lambda _: Speed(0.0, 1e-3, 1e-6))
    monkeypatch.setattr(trial.Trial, "_together", lambda *_: Speed(once, 1e-5, 1e-6))
    assert (chosen(many(64), tmp_path, "auto")["all"]["most"] > 1) is together_


@pytest.mark.parametrize(("transferred", "together_"), [(2, False), (60, True)])
def test_each_sort_of_batches_counts_with_its_steps(transferred, together_, tmp_path, monkeypatch):
    """Together personal batches are quick, those of D_G and somebody's are not."""

    def one_of_any(tried, _):
        own = tried._stretches[0].trained.source is Source.PERSONAL
        return Speed(0.0, 1e-4 if own else 1e-3, 1e-6)

    monkeypatch.setattr(trial.Trial, "_alone", lambda _: Speed(0.0, 1e-3, 1e-6))
    monkeypatch.setattr(trial.Trial, "_together", one_of_any)
    people = many(64).population
    for curricula in (("baseline", f"transfer({transferred})"), (f"early-shaping({transferred})",)):
        study = make_study("mlp", curricula, people, curves=False)
        kind = chosen(study, tmp_path / curricula[0], "auto")["all"]
        assert (kind["most"] > 1) is together_, kind["reason"]


def test_what_cannot_be_trained_together_of_one_sort_cannot_at_all():
    fine = Found(Speed(0.0, 1.0, 0.0), {2: Speed(0.0, 0.1, 0.0)})
    problem = Found(UNKNOWN, problem="it cannot")
    assert overall([(fine, 0.9), (problem, 0.1)]).problem == "it cannot"


def test_of_several_sorts_the_sizes_count_that_all_were_tried_with():
    speeds = {2: Speed(0.0, 3.0, 1.0), 8: Speed(0.5, 1.0, 1.0)}
    one = Found(Speed(0.0, 4.0, 1.0), speeds, padded=True, memory=10)
    other = Found(Speed(0.0, 2.0, 1.0), {2: Speed(0.2, 1.0, 1.0)}, memory=20)
    both = overall([(one, 0.25), (other, 0.75)])
    assert both.alone == Speed(0.0, 2.5, 1.0)
    assert both.together == {2: Speed(0.2, 1.5, 1.0)}
    assert (both.padded, both.memory) == (False, 20)


def test_a_trial_times_what_is_frozen(tmp_path):
    study = make_study("mlp", ("global >> personal(4, train=head)",), many().population)
    tasks = [task for task in study.plan().tasks if not task.shared]
    tried = trial.Trial(Sort("head", own=True), tasks, study.job(tmp_path), study.population)
    load = workload(tasks, study.job(tmp_path), study.population)
    found = tried.found((), load, 2**40, thorough=True)
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


def test_cohorts_keep_to_the_memory(tmp_path, room):
    study = many()
    each = chosen(study, tmp_path / "free")["all"]["memory"]
    job = replace(study.job(tmp_path), engine="stacked")
    room(2 * each)
    ((_, tight),) = choices(study.plan(), job, study.population, 1)
    assert tight.most == 2
    room(0)
    ((_, tighter),) = choices(study.plan(), job, study.population, 1)
    assert tighter.most == 1
    assert "memory" in tighter.reason


def test_a_trial_keeps_to_the_memory_and_a_later_one_with_more_tries_more(
    tmp_path, room, monkeypatch
):
    sizes = []

    def stacked(network, state, lesson, *rest):
        sizes.append(len(lesson.samples))
        return training.train_stack(network, state, lesson, *rest)

    monkeypatch.setattr(trial, "train_stack", stacked)
    study = many(40)
    job = replace(study.job(tmp_path), engine="stacked")
    ((_, kind),) = choices(study.plan(), job, study.population, 1)
    assert 8 in sizes
    sizes.clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    room(7 * kind.memory)
    for _ in range(2):
        ((_, tight),) = choices(study.plan(), job, study.population, 1)
        assert 2 <= tight.most <= 7
        assert max(sizes) == 2
    room(2**40)
    list(choices(study.plan(), job, study.population, 1))
    assert 8 in sizes


def test_a_run_keeps_its_engine_and_refuses_another(tmp_path):
    study = many()
    before = chosen(study, tmp_path, "stacked")
    assert chosen(study, tmp_path, "auto") == before
    with pytest.raises(RunError, match=r"begun with the engine 'stacked', not 'loop'"):
        run(study, tmp_path, "loop")
    for damaged in ("{", "[]", '{"engine": "auto", "kinds": []}'):
        (tmp_path / "engine.json").write_text(damaged)
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


@pytest.fixture
def tried(tmp_path, monkeypatch):
    """What is chosen where a trial found a pair so many times as fast together."""

    def choose(gain, engine):
        found = Found(Speed(0.0, 1.0, 0.0), {2: Speed(0.0, 1 / gain, 0.0)}, memory=1)
        monkeypatch.setattr(trial.Trial, "found", lambda *_, **__: found)
        study = many()
        job = replace(study.job(tmp_path), engine=engine)
        ((_, kind),) = choices(study.plan(), job, study.population, 2)
        return kind

    return choose


@pytest.mark.parametrize(("gain", "are_together"), [(1.3, False), (1.7, True)])
def test_what_a_trial_gains_must_outlast_a_run(tried, gain, are_together):
    kind = tried(gain, "auto")
    assert (kind.most > 1) is are_together, kind.reason


@pytest.mark.parametrize(
    ("gain", "said"), [(1.7, "1.7 times as fast together"), (0.5, "2.0 times as long together")]
)
def test_what_is_asked_for_is_said_to_be_faster_or_slower(tried, gain, said):
    kind = tried(gain, "stacked")
    assert kind.most > 1
    (line,) = Grouping({"all": kind}).lines()
    assert line == f"train=all: {kind.most} individuals at a time ({said}, in a short trial)"


def test_what_holds_for_several_kinds_is_said_once():
    alone, together = Kind(reason="it draws", is_remarkable=True), Kind(4, reason="fast")
    kinds = {"all": alone, "head": alone, "last-block": together, "": Kind(reason="too few")}
    assert list(Grouping(kinds).lines()) == [
        "train=all and train=head: one individual after the other, since it draws",
        "train=last-block: 4 individuals at a time (fast)",
    ]


def test_who_has_more_batches_than_the_dual_form_takes_is_tried_anew(tmp_path):
    """Else what is fast with few samples would be taken to be so with many."""
    for samples, measured in ((20, 1), (24, 1), (60, 2), (90, 2)):  # half of them train
        people = make_population({f"{nth:02}": samples for nth in range(16)})
        study = make_study(nets.unnormalised, ("transfer(4)",), people)
        chosen(study, tmp_path / str(samples))
        (kept,) = (tmp_path / "cache").rglob("engines.json")
        assert len(json.loads(kept.read_text())) == measured


def test_what_is_known_of_a_network_in_no_file_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr("monogram.engine.choice.described", lambda _: ())
    assert chosen(many(), tmp_path)["all"]["most"] > 1
    assert not list((tmp_path / "cache").rglob("engines.json"))
