"""Rows held out: stratified, random, and never the last of their class."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skscratch.training.data import stratified_holdout


def split(strata, fraction, seed=0):
    kept, out = stratified_holdout(np.asarray(strata), fraction, np.random.default_rng(seed), 1)
    return kept[0], out[0]


@pytest.mark.parametrize("counts", [[90, 50, 10], [7, 7, 7], [1, 1, 40], [1000, 2], [25]])
@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 0.9])
def test_shares_are_kept_to_within_a_row_and_every_class_keeps_one(counts, fraction):
    strata = np.random.default_rng(1).permutation(np.repeat(np.arange(len(counts)), counts))
    kept, held_out = split(strata, fraction)
    assert_array_equal(np.sort(np.r_[kept, held_out]), np.arange(len(strata)))
    sizes = np.bincount(strata[held_out], minlength=len(counts))
    wanted = np.minimum(np.array(counts) * fraction, np.array(counts) - 1)
    assert (np.abs(sizes - wanted) <= 1).all()
    assert (np.bincount(strata[kept], minlength=len(counts)) >= 1).all()


def test_the_total_is_the_rounded_share():
    """Thirty classes of three rows: a tenth of each rounds to nothing, a tenth of all to nine."""
    assert len(split(np.repeat(np.arange(30), 3), 0.1)[1]) == 9


def test_something_is_held_out_if_anything_can_be():
    assert len(split([0, 0], 0.01)[1]) == 1
    assert len(split([0, 1, 2], 0.5)[1]) == 0


def test_classes_that_are_absent_are_no_trouble():
    kept, held_out = split([0, 0, 0, 5, 5, 5], 0.34)
    assert len(kept) == 4
    assert len(held_out) == 2


def test_every_row_is_held_out_about_as_often():
    counts = np.zeros(40)
    for seed in range(2000):
        counts[split(np.repeat([0, 1], [30, 10]), 0.2, seed)[1]] += 1
    assert np.abs(counts / 2000 - 0.2).max() < 0.05


STRATA = np.random.default_rng(1).permutation(np.repeat([0, 1, 2, 3], [60, 30, 10, 1]))


@pytest.mark.parametrize(("fraction", "n_splits"), [(0.1, 1), (0.1, 5), (0.2, 5), (0.5, 5)])
def test_every_split_is_a_split(fraction, n_splits):
    """However many there are; the first is the one that would be alone."""
    kept, out = stratified_holdout(STRATA, fraction, np.random.default_rng(0), n_splits)
    assert kept.shape[0] == out.shape[0] == n_splits
    alone = split(STRATA, fraction)
    assert_array_equal(kept[0], alone[0])
    assert_array_equal(out[0], alone[1])
    counts = np.bincount(STRATA[alone[1]], minlength=4)
    for rest, held_out in zip(kept, out, strict=True):
        assert_array_equal(np.sort(np.r_[rest, held_out]), np.arange(101))
        assert_array_equal(rest, np.sort(rest))
        assert_array_equal(held_out, np.sort(held_out))
        assert_array_equal(np.bincount(STRATA[held_out], minlength=4), counts)


@pytest.mark.parametrize(("fraction", "n_splits"), [(0.1, 5), (0.1, 10), (0.2, 5), (0.5, 2)])
def test_splits_hold_out_other_positions_as_long_as_there_are_any(fraction, n_splits):
    _, out = stratified_holdout(STRATA, fraction, np.random.default_rng(0), n_splits)
    assert len(np.unique(out)) == out.size
    _, more = stratified_holdout(STRATA, fraction, np.random.default_rng(0), 11)
    assert len(np.unique(more)) == 100  # all but the one that is alone in its class


def test_there_may_be_nothing_to_hold_out_of_any_split():
    kept, out = stratified_holdout(np.arange(4), 0.5, np.random.default_rng(0), 3)
    assert out.shape == (3, 0)
    assert_array_equal(kept, np.tile(np.arange(4), (3, 1)))
