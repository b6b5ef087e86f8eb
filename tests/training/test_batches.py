"""Which samples the batch of a step holds."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from monogram.curriculum import Global, Mixed, Personal, Union
from monogram.plan import Stretch
from monogram.training import Endless, Feed, Samples


def line(endless, batches):
    return np.concatenate([endless[k] for k in range(batches)])


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 15), st.integers(0, 9))
def test_every_turn_of_the_line_holds_each_sample_once(rows, batch, batches, seed):
    order = line(Endless(rows, batch, seed, "anna", 0, "own"), batches)
    assert len(order) == batches * min(rows, batch)
    for start in range(0, len(order) - rows + 1, rows):
        assert sorted(order[start : start + rows]) == list(range(rows))


@given(st.integers(1, 40), st.integers(1, 12), st.lists(st.integers(0, 30), min_size=1))
def test_a_batch_depends_on_its_number_alone(rows, batch, asked):
    in_order = Endless(rows, batch, 0, "anna", 0, "own")
    batches = [in_order[k] for k in range(31)]
    jumping = Endless(rows, batch, 0, "anna", 0, "own")
    assert all((jumping[k] == batches[k]).all() for k in asked)


@pytest.mark.parametrize(
    "name",
    [(1, "anna", 0, "own"), (0, "ben", 0, "own"), (0, None, 0, "own"), (0, "anna", 1, "own")],
)
def test_lines_of_other_names_differ(name):
    ours = line(Endless(50, 10, 0, "anna", 0, "own"), 5)
    assert not (line(Endless(50, 10, *name), 5) == ours).all()


def numbered(start, n):
    return Samples(
        torch.arange(start, start + n).float()[:, None], torch.zeros(n, dtype=torch.long)
    )


def drawn(phase, steps, own=3, shared=10):
    stretch = Stretch(0, 0, "anna", phase.lengthless(), 0, steps, 0)
    feed = Feed(stretch, numbered(0, shared), numbered(100, own), 4)
    return [feed(step).inputs.flatten().tolist() for step in range(steps)]


def personal(batches):
    return ["".join(sorted({"P" if x >= 100 else "G" for x in batch})) for batch in batches]


def test_each_batch_of_a_mixed_phase_comes_from_one_side():
    assert "".join(personal(drawn(Mixed(2), 6))) == "GPGGPG"  # three iterations an epoch
    assert "".join(personal(drawn(Mixed("1/3"), 6))) == "PPGPPG"
    assert "".join(personal(drawn(Mixed(1), 3))) == "PPP"
    assert "".join(personal(drawn(Mixed(5), 6))) == "GGGGGG"


def test_the_lines_of_a_mixed_phase_go_on_where_the_last_batch_ended():
    shared = [x for batch in drawn(Mixed(2), 9) for x in batch if x < 100]
    assert set(Counter(shared[:20]).values()) == {2}  # 6 batches of 4: twice round and a bit
    own = [x for batch in drawn(Mixed(2), 9) for x in batch if x >= 100]
    assert set(Counter(own).values()) == {3}


def test_a_union_draws_from_both_as_one():
    batches = drawn(Union(), 13)
    counts = Counter(x for batch in batches for x in batch)
    assert len(counts) == 13
    assert set(counts.values()) == {4}


def test_fewer_samples_than_a_batch_are_a_batch():
    assert [sorted(batch) for batch in drawn(Personal(2), 2)] == [[100.0, 101.0, 102.0]] * 2
    assert [len(batch) for batch in drawn(Global(1), 2, shared=3)] == [3, 3]
