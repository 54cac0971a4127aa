"""Rows held out: stratified, random, and never the last of their class."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skscratch.training.holdout import stratified_holdout


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
