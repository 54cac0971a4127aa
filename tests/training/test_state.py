"""Runs start from draws or from published arrays, and go on from copies."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skscratch.core.initializers import Glorot, He
from skscratch.core.losses import LOSSES
from skscratch.core.network import Architecture, allocate
from skscratch.training.state import Run, continuation, initial_parameters, pack, resume

SIZES = (3, 4, 2)


def test_initial_weights_are_drawn_layer_by_layer_and_biases_are_zero():
    rng = np.random.default_rng(0)
    theta, params = initial_parameters(SIZES, [Glorot(), He()], rng, np.float32)
    again = np.random.default_rng(0)
    assert_array_equal(params.weights[0], Glorot()(again, 3, 4).astype(np.float32))
    assert_array_equal(params.weights[1], He()(again, 4, 2).astype(np.float32))
    assert_array_equal(theta[20:], 0)


def test_packing_copies_read_only_arrays_into_one_writeable_vector():
    published = [np.full((3, 4), 1.0), np.full((4, 2), 2.0)], [np.full(4, 3.0), np.full(2, 4.0)]
    for array in (*published[0], *published[1]):
        array.flags.writeable = False
    theta, params = pack(SIZES, *published)
    assert_array_equal(theta, np.repeat([1, 2, 3, 4], [12, 8, 4, 2]))
    theta[:] = 9
    assert_array_equal(params.biases[1], [9, 9])
    assert_array_equal(published[1][1], [4, 4])


def test_packing_keeps_float32():
    assert pack((1, 1), [np.ones((1, 1), np.float32)], [np.ones(1, np.float32)])[0].dtype == "f4"


@pytest.fixture
def run():
    theta, params = allocate(SIZES, np.float64)
    arch = Architecture(SIZES, (), LOSSES["softmax"])
    state = {"rule": "Momentum", "t": 7, "slots": [np.ones(theta.size)]}
    return Run(arch, theta, params, 5, np.random.default_rng(5), state)


def test_a_run_that_goes_on_shares_nothing_with_what_was_saved(run):
    saved = continuation(run, keep_optimizer=True)
    seed, rng, state = resume(saved)
    assert seed == 5
    rng.random()
    state["slots"][0][:] = 9
    state["t"] = 8
    seed, again, state = resume(saved)
    assert again.random() == np.random.default_rng(5).random()
    assert_array_equal(state["slots"][0], 1)
    assert state["t"] == 7


def test_without_the_optimizer_only_the_stream_goes_on(run):
    saved = continuation(run, keep_optimizer=False)
    seed, rng, state = resume(saved)
    assert (seed, state) == (5, {})
    assert rng.random() == np.random.default_rng(5).random()


def test_the_best_loss_is_the_lowest_recorded(run):
    for loss in (3.0, 1.0, 2.0):
        run.record(loss)
    assert run.loss_curve == [3.0, 1.0, 2.0]
    assert run.best_loss == 1.0


def test_the_weights_are_the_part_of_theta_before_the_biases(run):
    run.W[:] = 1
    assert_array_equal(run.theta, np.repeat([1, 0], [20, 6]))
