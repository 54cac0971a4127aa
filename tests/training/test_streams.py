"""Seeds and streams."""

import numpy as np
import pytest

from skscratch.training.state import Streams, draw_seed


def test_an_int_is_its_own_seed():
    assert draw_seed(7) == draw_seed(np.int64(7)) == 7


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_a_stream_gives_a_new_seed_each_time_and_the_same_ones_again(make):
    source, again = make(0), make(0)
    seeds = [draw_seed(source) for _ in range(3)]
    assert len({*seeds}) == 3
    assert [draw_seed(again) for _ in range(3)] == seeds


def test_none_is_fresh_entropy():
    assert len({draw_seed(None) for _ in range(5)}) == 5


def test_streams_repeat_and_differ_from_each_other():
    first, second = ([rng.random() for rng in Streams.of_seed(3)] for _ in range(2))
    assert first == second
    assert len({*first}) == len(first) == 4
