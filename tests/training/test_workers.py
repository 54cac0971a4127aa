"""Members divided among workers: the parts of the state, and the number of workers."""

from itertools import pairwise

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skscratch.core.activations import ReLU
from skscratch.core.losses import LogisticCrossEntropy
from skscratch.core.network import Architecture, allocate
from skscratch.training.workers import _PartOfStream, gather, n_workers, scatter

# joblib 1.3 has parallel_config
using = getattr(joblib, "parallel_config", joblib.parallel_backend)
ARCH = Architecture((3, 4, 1), (ReLU(),), LogisticCrossEntropy(), members=5)


@pytest.mark.parametrize("ends", [(0, 5), (0, 1, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5)], ids=str)
def test_what_is_scattered_and_gathered_is_the_same(ends):
    flat = np.random.default_rng(0).normal(size=allocate(ARCH.sizes, float, 5)[0].size)
    copy = np.zeros_like(flat)
    parts = [slice(a, b) for a, b in pairwise(ends)]
    for part in parts:
        some = scatter(flat, ARCH, part)
        assert some.size == (part.stop - part.start) * flat.size // 5
        gather(some, copy, ARCH, part)
    assert_array_equal(copy, flat)


def test_a_part_is_laid_out_like_fewer_members():
    theta, params = allocate(ARCH.sizes, float, 5)
    for array in (*params.weights, *params.biases):
        array[...] = np.arange(5).reshape(-1, *[1] * (array.ndim - 1))
    few, own = allocate(ARCH.sizes, float, 2)
    for array in (*own.weights, *own.biases):
        array[...] = np.array([3, 4]).reshape(-1, *[1] * (array.ndim - 1))
    assert_array_equal(scatter(theta, ARCH, slice(3, 5)), few)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parts_of_a_stream_are_its_draws(dtype):
    whole = np.empty((5, 3, 7), dtype)
    rng = np.random.default_rng(0)
    rng.random(out=whole, dtype=dtype)
    after = rng.bit_generator.state
    for part in (slice(0, 2), slice(2, 5)):
        rng, own = np.random.default_rng(0), np.empty_like(whole[part])
        _PartOfStream(rng, part, 5).random(out=own, dtype=dtype)
        assert_array_equal(own, whole[part])
        assert rng.bit_generator.state == after


@pytest.mark.parametrize(
    ("n_jobs", "members", "expected"),
    [(None, 8, 1), (1, 8, 1), (2, 8, 2), (8, 3, 3), (4, 1, 1), (-1, 64, joblib.cpu_count())],
)
def test_there_are_never_more_workers_than_members(n_jobs, members, expected):
    assert n_workers(n_jobs, members) == min(expected, members)


@pytest.mark.parametrize("backend", ["threading", "sequential"])
def test_a_worker_of_joblib_has_no_workers(backend):
    with using(backend):
        found = joblib.Parallel(n_jobs=2)(joblib.delayed(n_workers)(4, 8) for _ in range(2))
    assert found == [1, 1]
