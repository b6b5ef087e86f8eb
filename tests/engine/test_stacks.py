"""Individuals trained together: the loop's numbers but for the last digits."""

from dataclasses import replace

import pytest
from tests import nets
from tests.engine.stacking import PEOPLE, Listening, make_study, run
from tests.engine.test_against_twin import compare_figures, twin_of
from tests.people import make_population

from monogram.curriculum import Recipe
from monogram.engine import Grouping, layout, read_points
from monogram.engine.cohort import Kind
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
LOOP = Grouping()


def together(most, *, padded=False):
    """Everybody with as many others, whatever is trained."""
    kind = Kind(most, padded)
    return Grouping({"all": kind, "head": kind, "last-block": kind, "": kind})


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


def test_group_normalisation_of_pictures_can_be_stacked(tmp_path):
    """The engine lays convolutions' weights channels last, in which `vmap` refuses it."""
    people = make_population(PEOPLE, shared=60, shape=(3, 6, 6))
    study = make_study(nets.grouped, ("transfer(4)",), people)
    display = Listening()
    stacked, failures = run(study, tmp_path / "stacked", together(4), display=display)
    alone, _ = run(study, tmp_path / "loop", LOOP)
    assert not failures
    assert not any("one by one" in text for text in display.heard)
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
