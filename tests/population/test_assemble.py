"""What `assemble` makes of good and bad samples."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monogram.errors import DataError, SettingError
from monogram.population import (
    Population,
    Protocol,
    RawSamples,
    assemble,
    fingerprint,
    merge,
)


def _raw(owner: str | None, n: int = 12, seed: int = 0, **changes) -> RawSamples:
    draw = np.random.default_rng([seed, *(owner or "").encode()])
    fields = {"inputs": draw.normal(size=(n, 3)), "labels": np.arange(n) % 2, **changes}
    return RawSamples(owner, **fields)


SHARED = _raw(None, 30)


def _assemble(*individuals: RawSamples, shared: RawSamples = SHARED, **options) -> Population:
    return assemble(shared, individuals, name="test", **options)


def _held(population: Population, id_: str) -> list[bytes]:
    split = population.individuals[id_]
    return [population.inputs[row].tobytes() for row in range(split.train.start, split.test.stop)]


def test_everybody_gets_their_own_samples():
    population = _assemble(_raw("anna"), _raw("ben", 20))
    assert str(population).startswith("test: 2 individuals (12 to 20 samples each), 30 global")
    alike = _assemble(_raw("anna"), _raw("ben"))
    assert str(alike).startswith("test: 2 individuals (12 samples each), 30 global")
    for id_, n in (("anna", 12), ("ben", 20)):
        mine = {row.tobytes() for row in _raw(id_, n).inputs.astype(np.float32)}
        assert set(_held(population, id_)) == mine


@settings(max_examples=30, deadline=None)
@given(
    ids=st.lists(st.text(min_size=1, max_size=20), min_size=2, max_size=6, unique=True),
    data=st.data(),
)
def test_order_and_company_do_not_matter(ids, data):
    everybody = _assemble(*(_raw(id_) for id_ in ids))
    some = data.draw(st.permutations(ids))[: data.draw(st.integers(1, len(ids)))]
    fewer = _assemble(*(_raw(id_) for id_ in some))
    assert set(fewer.individuals) == set(some)
    for id_ in some:
        assert _held(fewer, id_) == _held(everybody, id_)
        assert [len(p) for p in vars(fewer.individuals[id_]).values()] == [
            len(p) for p in vars(everybody.individuals[id_]).values()
        ]
    assert fingerprint(fewer) == fingerprint(everybody.only(some))


NAN = np.full((12, 3), np.nan)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (_raw("bad", inputs=NAN), "12 of its 12 inputs hold NaN or infinite values"),
        (_raw("bad", inputs=np.full((12, 3), -np.inf)), "NaN or infinite"),
        (_raw("bad", inputs=np.zeros((12, 4))), r"shape \(4,\), those of the global data \(3,\)"),
        (_raw("bad", inputs=np.array([["a"] * 3] * 12)), "are <U1, not numbers"),
        (_raw("bad", labels=np.array([None] * 12)), "12 of its 12 labels are missing"),
        (_raw("bad", labels=np.array([""] * 3 + ["1"] * 9)), "3 of its 12 labels are missing"),
        (_raw("bad", labels=np.full(12, np.nan)), "12 of its 12 labels are missing"),
        (_raw("bad", labels=np.full(12, 0.5)), "fractional"),
        (_raw("bad", labels=np.arange(11) % 2), "12 inputs but 11 labels"),
        (_raw("bad", labels=np.full(12, 9)), "its label '9' is none of the 2 classes"),
        (_raw("bad", groups=np.zeros(11)), "12 inputs but 11 groups"),
        (_raw("bad", groups=np.zeros(12)), "it has 1 group of samples; 3 are needed"),
        (_raw("bad", inputs=np.full((12, 3), 1e300)), "12 of its 12 inputs hold values too large"),
        (_raw("bad", inputs=np.zeros((12, 3), np.uint8)), "are uint8, those of .* float64; bytes"),
        (_raw("bad", labels=np.full(12, 1e19)), "its label '10000000000000000000' is none of the"),
        (_raw("bad", labels=np.array([1, 1.5] * 6, dtype=object)), "fractional"),
        (_raw("bad", labels=np.array([Decimal("1.5")] * 12)), "fractional"),
        (_raw("bad", labels=np.full(12, np.datetime64("NaT"))), "12 of its 12 labels are missing"),
        (_raw("bad", labels=np.eye(12)), r"labels have shape \(12, 12\).*one-hot.*argmax"),
        (_raw("bad", labels=np.zeros(12, dtype="i4,i4")), "not whole numbers or text"),
        (_raw("bad", labels=np.array([b"\xff"] * 12)), "bytes that are no UTF-8 text"),
        (_raw("bad", labels=np.array([b"\xff"] * 12, dtype=object)), "bytes that are no UTF-8"),
        (_raw("bad", 0), "it has no samples"),
        (_raw("bad", 1), "it has 1 sample; 3 are needed"),
        (_raw("bad", 2), "it has 2 samples; 3 are needed"),
        (_raw(""), "its id is empty"),
    ],
)
def test_bad_data_is_set_aside_and_stops_nobody(bad, reason):
    population = _assemble(_raw("anna"), bad, _raw("ben"), classes=["0", "1"])
    assert list(population.individuals) == ["anna", "ben"]
    assert [one.individual for one in population.set_aside] == [bad.owner]
    population = _assemble(_raw("anna"), bad, classes=["0", "1"])
    with pytest.raises(DataError, match=f"no individual of test can be used.*\n.*{reason}"):
        _assemble(bad, classes=["0", "1"])


@pytest.mark.parametrize("times", [2, 3])
def test_an_id_given_twice_is_set_aside(times):
    population = _assemble(_raw("anna"), *[_raw("twin")] * times)
    assert list(population.individuals) == ["anna"]
    assert (
        population.set_aside[0].reason
        == f"its id is given {times} times; give each individual once"
    )


@pytest.mark.parametrize(
    ("shared", "message"),
    [
        (_raw(None, inputs=NAN), "12 of the 12 inputs hold NaN"),
        (_raw(None, labels=np.array([None] * 12)), "labels are missing"),
        (_raw(None, inputs=np.full((12, 3), 1e39)), "12 of the 12 inputs hold values too large"),
        (_raw(None, inputs=np.zeros((12, 0))), r"shape \(0,\), so there is nothing in them"),
        (_raw(None, 0), "it has no samples"),
        (_raw(None, labels=np.full(12, 7)), "label '7' is none of the 2 classes 0, 1"),
    ],
)
def test_bad_global_data_stops_everything(shared, message):
    with pytest.raises(DataError, match=f"global data .memory.: .*{message}"):
        _assemble(_raw("anna"), shared=shared, classes=["0", "1"])


def test_bytes_and_other_numbers_are_not_mixed():
    grey = np.ones((30, 3), dtype=np.uint8)
    with pytest.raises(DataError, match="are float64, those of the global data uint8; bytes"):
        _assemble(_raw("anna"), shared=_raw(None, 30, inputs=grey))
    tokens = _assemble(
        _raw("anna", inputs=grey[:12].astype(int)), shared=_raw(None, 30, inputs=grey), tokens=True
    )
    assert tokens.inputs.dtype == np.int64
    grey_tokens = _assemble(
        _raw("anna", inputs=grey[:12]), shared=_raw(None, 30, inputs=grey), tokens=True
    )
    assert grey_tokens.inputs.dtype == np.int64


def test_tokens_with_fractions_are_refused():
    words = np.ones((30, 3), dtype=np.int64)
    shared = _raw(None, 30, inputs=words)
    people = _assemble(_raw("anna", inputs=words[:12]), _raw("ben"), shared=shared, tokens=True)
    assert "are float64; tokens must be integers" in people.set_aside[0].reason
    with pytest.raises(DataError, match="the inputs are float64; tokens must be integers"):
        _assemble(_raw("anna", inputs=words[:12]), tokens=True)


def test_tokens_beyond_int64_are_refused():
    words = np.ones((30, 3), dtype=np.uint64)
    huge = words.copy()
    huge[4, 1] = 2**63
    good, bad = _raw("anna", inputs=words[:12]), _raw("ben", inputs=huge[:12])
    shared = _raw(None, 30, inputs=words)
    (one,) = _assemble(good, bad, shared=shared, tokens=True).set_aside
    assert one.reason.startswith("1 of its 12 inputs hold tokens of 2**63 or more")
    with pytest.raises(DataError, match="1 of the 30 inputs hold tokens of 2"):
        _assemble(good, shared=_raw(None, 30, inputs=huge), tokens=True)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (["rest", "rest", "walk"], "class 'rest' is given twice"),
        (["rest", "walk", ""], "classes rest, walk,  hold an empty name"),
    ],
)
def test_classes_are_named_once_and_not_empty(classes, message):
    with pytest.raises(SettingError, match=message):
        _assemble(_raw("anna"), classes=classes)


def test_a_label_outside_many_classes_lists_the_first_few():
    people = _assemble(
        _raw("anna"), _raw("ben", labels=np.full(12, 77)), classes=[str(i) for i in range(12)]
    )
    listed = "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …"
    assert people.set_aside[0].reason == f"its label '77' is none of the 12 classes {listed}"


def test_large_labels_stay_different():
    labels = np.array([1e19, 3e19] * 6)
    people = _assemble(_raw("anna", labels=labels), shared=_raw(None, labels=labels))
    assert people.classes == ("10000000000000000000", "30000000000000000000")


def test_classes_that_look_like_numbers_have_one_order():
    labels = np.array(["1", "01", "001"] * 4)
    people = _assemble(_raw("anna", labels=labels), shared=_raw(None, labels=labels))
    assert people.classes == ("001", "01", "1")
    labels = np.array(["--1", "2"] * 6)
    people = _assemble(_raw("anna", labels=labels), shared=_raw(None, labels=labels))
    assert people.classes == ("--1", "2")


def test_nobody_and_one_class():
    with pytest.raises(DataError, match="test has no individuals"):
        _assemble()
    with pytest.raises(DataError, match="has one class only, '5'"):
        _assemble(_raw("anna", labels=np.full(12, 5)), shared=_raw(None, 30, labels=np.full(30, 5)))


def test_one_class_and_a_class_that_global_data_lacks_are_remarked():
    population = _assemble(
        _raw("anna", labels=np.full(12, 1)), _raw("ben", labels=np.arange(12) % 3)
    )
    told = [str(remark) for remark in population.remarks]
    assert any("anna" in one and "all samples are of class '1'" in one for one in told)
    assert any("class '2'" in one and "not in the global data" in one for one in told)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (np.arange(12) % 12, tuple(str(i) for i in range(12))),
        (np.arange(12) % 3 - 1, ("-1", "0", "1")),
        (np.array(["b", "a", "é"] * 4), ("a", "b", "é")),
        (np.array([0.0, 1.0] * 6), ("0", "1")),
        (np.array([False, True] * 6), ("False", "True")),
        (np.array([b"x", b"y"] * 6), ("x", "y")),
    ],
)
def test_classes_are_found_and_sorted(labels, classes):
    population = _assemble(_raw("anna", labels=labels), shared=_raw(None, labels=labels))
    assert population.classes == classes
    texts = np.array(classes)[population.labels[list(population.individuals["anna"].train)]]
    assert set(texts) <= set(classes)


@pytest.mark.parametrize(
    ("dtype", "tokens", "kept"),
    [
        (np.uint8, False, np.uint8),
        (np.int32, False, np.float32),
        (np.int32, True, np.int64),
        (np.float64, False, np.float32),
        (np.float16, False, np.float32),
        (bool, False, np.float32),
    ],
)
def test_types_of_inputs(dtype, tokens, kept):
    inputs = np.ones((12, 3)).astype(dtype)
    raws = (_raw("anna", inputs=inputs), _raw(None, inputs=inputs))
    assert _assemble(raws[0], shared=raws[1], tokens=tokens).inputs.dtype == kept


def test_the_papers_protocol_reports_on_validation():
    population = _assemble(_raw("anna", 2), _raw("ben", 10), protocol=Protocol.paper())
    for split in population.individuals.values():
        assert split.validation == split.test
    assert len(population.individuals["ben"].train) == 7
    assert population.protocol.reports_on == "validation"


@pytest.mark.parametrize(
    "fractions", [(0.5, 0.5, 0.5), (-0.1, 0.6, 0.5), (0, 0.5, 0.5), (1, 0, 0), (np.nan, 0.5, 0.5)]
)
def test_splits_that_make_no_sense(fractions):
    with pytest.raises(SettingError, match="the split"):
        Protocol(*fractions)


def test_merged_groups_stay_apart():
    parts = [_raw(id_, 6, groups=np.repeat(["a", "b"], 3)) for id_ in ("x", "y")]
    groups = merge([*parts, _raw("z", 2)]).groups
    assert groups is not None
    assert np.array_equal(groups, [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3 + [4, 5])
    with pytest.raises(DataError, match="inputs of one shape, but has 2"):
        merge([_raw("a"), _raw("b", inputs=np.zeros((12, 4)))])


def test_only_some():
    population = _assemble(_raw("anna"), _raw("ben"))
    assert list(population.only(["ben"]).individuals) == ["ben"]
    with pytest.raises(DataError, match="has no individual 'cleo'; it has anna, ben"):
        population.only(["cleo"])
