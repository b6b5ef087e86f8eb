"""Random streams: named by where they are used, however they are made."""

from hypothesis import given
from hypothesis import strategies as st

from monogram.streams import Streams, stream

PLACES = st.lists(st.one_of(st.text(), st.integers(-5, 1000), st.none()), max_size=4)


@given(st.integers(0, 2**40), PLACES, st.lists(st.integers(0, 10**6), min_size=1, max_size=4))
def test_streams_that_differ_in_their_last_part_are_those_that_are_made_one_by_one(
    seed, place, lasts
):
    streams = Streams(seed, *place)
    for last in lasts:
        ours, theirs = streams(last), stream(seed, *place, last)
        assert ours.permutation(7).tolist() == theirs.permutation(7).tolist()
        assert ours.integers(2**63) == theirs.integers(2**63)
