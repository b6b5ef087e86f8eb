"""The text form of curricula: round trips, other spellings, and what errors say."""

import contextlib
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monogram.curriculum import (
    Baseline,
    Blend,
    Curriculum,
    EarlyShaping,
    Global,
    HeadThenAll,
    Mixed,
    Personal,
    Prior,
    SampleWeighting,
    Transfer,
    Union,
    parse,
    title,
)
from monogram.errors import CurriculumError

counts = st.integers(1, 10_000)
lengths = st.one_of(
    st.fixed_dictionaries({"epochs": counts}), st.fixed_dictionaries({"iterations": counts})
)
periods = st.one_of(counts.map(Fraction), counts.map(lambda n: Fraction(1, n)))
parameter_names = st.text("abcxyz019._*?[]-|>( ),=\näж", min_size=1)
options = st.fixed_dictionaries(
    {},
    optional={
        "learning_rate": st.floats(1e-300, 1e10),
        "decay": st.floats(0, 1, exclude_min=True),
        "decay_at": st.floats(0, 1),
        "train": st.one_of(st.sampled_from(["all", "head", "body.*|head.weight"]), parameter_names),
        "pull": st.floats(1e-300, 1e10),
        "runs": st.integers(1, 100),
    },
)


def anything(value: Any) -> Any:
    """A value of a type that the signature does not allow."""
    return value


def _phase(make, main, length, more):
    return make(*main, **(length | more))


phases = st.one_of(
    st.builds(_phase, st.just(Personal), st.just(()), lengths, options),
    st.builds(_phase, st.just(Global), st.just(()), st.one_of(st.just({}), lengths), options),
    st.builds(_phase, st.just(Union), st.just(()), st.one_of(st.just({}), lengths), options),
    st.builds(_phase, st.just(Mixed), st.tuples(periods), st.one_of(st.just({}), lengths), options),
)
adjustments = st.one_of(
    st.builds(Prior, st.floats(1e-300, 1e10)),
    st.builds(Blend, st.one_of(st.none(), st.floats(0, 1))),
)
trained = st.lists(phases, min_size=1, max_size=4).map(tuple)
adjusted = st.lists(st.one_of(phases, adjustments), max_size=4).map(
    lambda steps: (Global(3), *steps)
)
unadjusted = st.builds(Curriculum, trained, st.booleans())
curricula = st.one_of(unadjusted, st.builds(Curriculum, adjusted, st.booleans()))


@given(curricula)
def test_parse_reads_what_str_writes(curriculum):
    again = parse(str(curriculum))
    assert again == curriculum
    assert hash(again) == hash(curriculum)
    assert str(again) == str(curriculum)


@given(unadjusted, unadjusted, unadjusted)
def test_joining_is_associative(a, b, c):
    assert (a >> b) >> c == a >> (b >> c)
    assert len({(a >> b) >> c, a >> (b >> c)}) == 1


@given(phases, unadjusted)
def test_a_phase_joins_as_a_curriculum_of_one(phase, curriculum):
    assert phase >> curriculum == Curriculum((phase,)) >> curriculum
    assert curriculum >> phase == curriculum >> Curriculum((phase,))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("global >> prior", Global() >> Prior(10)),
        ("global >> prior(smoothing=0.5)", Global() >> Prior(0.5)),
        ("transfer(20) >> blend", Transfer(20) >> Blend()),
        ("transfer(20) >> blend(0.25)", Transfer(20) >> Blend(share=0.25)),
        ("head-then-all(5)", Global() >> Personal(5, train="head") >> Personal(5)),
        ("head-then-all(5, head=9)", HeadThenAll(5, head=9)),
        ("transfer(20)", Transfer(20)),
        ("Transfer(20)", Transfer(20)),
        ("  transfer( 20 )  ", Transfer(20)),
        ("transfer(iterations=20)", Transfer(20)),
        ("early-shaping(500)", EarlyShaping(500)),
        ("sample-weighting(2)", SampleWeighting(2)),
        ("sample-weighting(0.125)", SampleWeighting("1/8")),
        ("sample-weighting(0.333333333333)", SampleWeighting("1/3")),
        ("baseline", Baseline()),
        ("union on other", Baseline()),
        ("global", Curriculum((Global(),))),
        ("global()", Curriculum((Global(),))),
        ("global(8)>>personal(20)", Global(8) >> Personal(20)),
        ("personal(3) >> transfer(20)", Personal(3) >> Global() >> Personal(20)),
        ("mixed(1/8, iterations=200)", Curriculum((Mixed("1/8", iterations=200),))),
        ('global >> personal(2, train="a >> b")', Global() >> Personal(2, train="a >> b")),
    ],
)
def test_other_spellings_mean_the_same(text, meaning):
    assert parse(text) == meaning


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot read ''; write phases joined by >>"),
        ("global >>", "cannot read ''"),
        ("transfr(20)", "unknown phase 'transfr'.*mean 'transfer'.*Known: personal, global"),
        ("sgd", "unknown phase 'sgd'.*Known: personal, global, mixed, union, baseline"),
        ("transfer", r"transfer: say iterations, for example transfer\(20\)"),
        ("mixed", "mixed: say every"),
        ("personal", "say how long"),
        ("global(rate=1)", "cannot read option 'rate'. Known: epochs, iterations, runs, learning"),
        ("transfer(20, train=head)", "cannot read option 'train': only phases have it, so write"),
        ("transfer(20, lr=0.1)", "cannot read option 'lr': only phases have it, so write"),
        ("global(lr=0.1)", "cannot read option 'lr'; did you mean 'learning_rate'?"),
        ("global(every=2)", "cannot read option 'every'. Known"),
        ("baseline(3)", "cannot read option '3'. Known: none"),
        ("transfer(20, 30)", "cannot read option '30'"),
        ("transfer(2.5)", "iterations must be a whole number, not '2.5'"),
        ("transfer(many)", "iterations must be a whole number, not 'many'"),
        ("global(learning_rate=fast)", "learning_rate must be a number, not 'fast'"),
        ("global(epochs=1, epochs=2)", "epochs is given twice"),
        ("global(epochs=1, iterations=2)", "epochs or iterations, not both"),
        ("mixed(2/3)", "a whole number or one over a whole number, not 2/3"),
        ("mixed(0)", "a whole number or one over a whole number, not 0"),
        ("mixed(-2)", "a whole number or one over a whole number, not -2"),
        ("mixed(1/0)", "'1/0' is not a number; write 2, 0.125 or 1/8"),
        ("mixed(nan)", "not a number"),
        ("transfer(0)", "iterations must be a whole number of at least 1, not 0"),
        ("global(-1)", "epochs must be a whole number of at least 1, not -1"),
        ("global(learning_rate=0)", "learning_rate must be above 0"),
        ("global(learning_rate=nan)", "learning_rate must be above 0"),
        ("global(learning_rate=inf)", "learning_rate must be above 0"),
        ("global(decay=0)", r"decay must lie in \(0, 1\]"),
        ("global(decay=1.1)", r"decay must lie in \(0, 1\]"),
        ("global(decay_at=1.1)", r"decay_at must be a fraction in \[0, 1\]"),
        ('personal(2, train="")', "train must name parameters"),
        ("global on other >> personal(2)", "cannot read"),
        ("prior >> global", "trained on the global data before, for example global >> prior"),
        ("personal(3) >> prior", "trained on the global data before"),
        ("mixed(2) >> blend", "must begin with global, for example"),
        ("global >> prior(0)", "smoothing must be above 0 and finite, not 0"),
        ("global >> prior(inf)", "smoothing must be above 0 and finite, not inf"),
        ("global >> blend(1.5)", r"share must be a fraction in \[0, 1\], not 1.5"),
        ("global >> blend(iterations=2)", "cannot read option 'iterations'. Known: share"),
        ("global >> personal(2, pull=0)", "pull must be above 0"),
        ("global >> personal(2, runs=0)", "runs must be a whole number of at least 1, not 0"),
        ("global >> personal(2, runs=1.5)", "runs must be a whole number, not '1.5'"),
        ("head-then-all", r"say iterations, for example head-then-all\(20\)"),
        ("x" * 10_000, r"\(10000 characters\)"),
    ],
)
def test_a_wrong_text_is_told_what_is_known(text, message):
    with pytest.raises(CurriculumError, match=message):
        parse(text)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Global(anything(1.5)),
        lambda: Global(anything("3")),
        lambda: Global(anything(float("nan"))),
        lambda: Personal(iterations=2, train='a"b'),
        lambda: Personal(iterations=2, runs=anything(None)),
        lambda: Mixed("often"),
        lambda: Mixed(anything(None)),
        lambda: Mixed(float("inf")),
        lambda: Curriculum(()),
        lambda: Curriculum((Personal(),)),
    ],
)
def test_wrong_values_are_refused_in_python_too(wrong):
    with pytest.raises(CurriculumError):
        wrong()


@given(st.text())
def test_any_text_parses_or_is_refused_with_one_kind_of_error(text):
    with contextlib.suppress(CurriculumError):
        parse(text)


def test_a_curriculum_of_whole_floats_is_that_of_integers():
    ours = Personal(anything(20.0)) >> Global(anything(8.0))
    assert str(ours) == str(Personal(20) >> Global(8))


def test_options_tell_curricula_apart():
    different = [
        Personal(20),
        Personal(21),
        Personal(epochs=20),
        Personal(20, train="head"),
        Personal(20, learning_rate=0.1),
        Personal(20, decay=0.5),
        Personal(20, pull=0.1),
        Global(iterations=20),
    ]
    assert len({*different, Personal(20)}) == len(different)
    assert Curriculum((Union(),)) != Baseline()


def test_titles_are_the_papers_names_where_there_is_one():
    assert title(EarlyShaping(500).with_epochs(3)) == "EarlyShaping(500)"
    assert title(Curriculum((Global(3),))) == "Global only"
    assert title(HeadThenAll(5).with_epochs(3)) == "HeadThenAll(5)"
    assert title(Global() >> Prior(3)) == "global >> prior(smoothing=3)"
    assert title(Global(3) >> Global(9)) == "global >> global(epochs=9)"
    assert title(Transfer(20) >> Personal(3)) == str(Transfer(20) >> Personal(3))
    assert (
        title(Global() >> Personal(20, train="head"))
        == "global >> personal(iterations=20, train=head)"
    )
