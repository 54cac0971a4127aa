"""Runs start from draws or from published arrays, go back, and go on from copies."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skscratch.core.initializers import Glorot, He
from skscratch.core.losses import LOSSES
from skscratch.core.network import Architecture, allocate, views
from skscratch.training import checkpoint
from skscratch.training.state import (
    Run,
    capture,
    continuation,
    count,
    initial_parameters,
    pack,
    restore,
    restore_counted,
    restore_learned,
    resume,
)

SIZES = (3, 4, 2)
ARCH = Architecture(SIZES, (), LOSSES["softmax"])


def make_run(averaged=True, theta=None):
    """Return a run after three epochs of seven updates."""
    theta = np.arange(26.0) if theta is None else theta
    streams = map(np.random.default_rng, (5, 6))
    run = Run(ARCH, theta, views(theta, SIZES), 5, *streams)
    slots = [np.full(theta.size, 1.0), np.full(theta.size, 2.0)]
    run.memory = {"rule": "Adam", "units": [0.1, 0.01], "t": 7, "scale": 0.5, "slots": slots}
    if averaged:
        run.mean, run.n_averaged = theta / 2, 7
    for loss in (3.0, 1.0, 2.0):
        run.record(loss, penalty=0.5)
    run.n_seen = 60
    return run


@pytest.fixture(params=[False, True], ids=["plain", "averaged"])
def run(request):
    return make_run(request.param)


def change_everything(run):
    for array in (run.theta, *run.memory["slots"], *([] if run.mean is None else [run.mean])):
        array += 9
    run.memory = {**run.memory, "t": 99, "scale": 0.0}
    run.n_averaged, run.n_seen = 99, 99
    run.shuffle.random(), run.dropout.random()
    run.record(0.1, penalty=0.0)


def snapshot(run):
    """Return all that an epoch changes, as comparable values."""
    arrays = [run.theta, *run.memory["slots"], *([] if run.mean is None else [run.mean])]
    return {
        "arrays": [array.tolist() for array in arrays],
        "memory": {name: run.memory[name] for name in ("rule", "units", "t", "scale")},
        "streams": [rng.bit_generator.state for rng in (run.shuffle, run.dropout)],
        "counts": [run.n_averaged, run.n_epochs, run.n_seen, run.best_loss],
        "history": {name: column.tolist() for name, column in run.history.arrays().items()},
    }


def test_initial_weights_are_drawn_layer_by_layer_and_biases_are_zero():
    rng = np.random.default_rng(0)
    theta, params = initial_parameters(ARCH, [Glorot(), He()], rng, np.float32)
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


def test_the_weights_are_the_part_of_theta_before_the_biases():
    theta, params = allocate(SIZES, np.float64)
    rng = np.random.default_rng(0)
    Run(ARCH, theta, params, 0, rng, rng).W[:] = 1
    assert_array_equal(theta, np.repeat([1, 0], [20, 6]))


def test_the_best_loss_is_the_lowest_with_its_penalty():
    run = make_run()
    run.record(0.9, penalty=9.0)
    assert run.best_loss == 1.5
    assert run.n_epochs == len(run.history) == 4
    assert run.history["loss"] == [3.0, 1.0, 2.0, 0.9]


@pytest.mark.parametrize("penalty", [0.0, 0.1, 1e-50, 123.456789012345])
def test_the_sum_of_loss_and_penalty_has_all_digits(penalty):
    """Although the penalty itself is kept as a float32."""
    run = make_run()
    run.record(0.7, penalty)
    columns = run.history.arrays()
    assert_allclose(columns["loss"][-1] + float(columns["penalty"][-1]), 0.7 + penalty, rtol=1e-15)


def test_a_penalty_that_float32_cannot_hold_leaves_the_sum_finite():
    run = make_run()
    run.record(0.7, 1e40)
    assert_allclose(run.history["loss"][-1] + run.history["penalty"][-1], 1e40, rtol=1e-6)


def test_the_average_is_published_and_what_was_chosen_before_it():
    plain, averaged = make_run(averaged=False), make_run()
    assert plain.result is plain.current is plain.theta
    assert averaged.result is averaged.current is averaged.mean
    averaged.chosen = averaged.mean.copy()
    assert averaged.result is averaged.chosen
    assert averaged.current is averaged.mean


class TestRestore:
    def test_everything_goes_back_in_place_and_more_than_once(self, run):
        before, state = snapshot(run), capture(run)
        own = [run.theta, run.mean, run.shuffle, run.dropout, *run.memory["slots"]]
        for _ in range(2):
            change_everything(run)
            assert not any(snapshot(run)[part] == before[part] for part in before)
            restore(run, state)
            assert snapshot(run) == before
        now = [run.theta, run.mean, run.shuffle, run.dropout, *run.memory["slots"]]
        assert [*map(id, now)] == [*map(id, own)]

    def test_the_parameters_of_layers_go_back_with_theta(self, run):
        state = capture(run)
        run.params.weights[1][:] = 99
        restore(run, state)
        assert_array_equal(run.params.weights[1], np.arange(12.0, 20).reshape(4, 2))

    def test_what_is_learned_goes_back_alone(self, run):
        before, state = snapshot(run), capture(run)
        change_everything(run)
        changed = snapshot(run)
        restore_learned(run, state)
        after = snapshot(run)
        for part in ("arrays", "memory", "streams"):
            assert after[part] == before[part]
        assert after["history"] == changed["history"]
        assert after["counts"] == [before["counts"][0], *changed["counts"][1:]]

    def test_what_is_counted_goes_back_alone(self, run):
        before, counted = snapshot(run), count(run)
        change_everything(run)
        changed = snapshot(run)
        restore_counted(run, counted)
        after = snapshot(run)
        for part in ("arrays", "memory", "streams"):
            assert after[part] == changed[part]
        assert after["history"] == before["history"]
        assert after["counts"] == [changed["counts"][0], *before["counts"][1:]]

    def test_what_was_captured_can_be_written_to_a_file(self, run, tmp_path):
        before = snapshot(run)
        checkpoint.write(tmp_path / "run", capture(run))
        change_everything(run)
        restore(run, checkpoint.read(tmp_path / "run"))
        assert snapshot(run) == before


class TestContinuation:
    def go_on(self, saved, theta, average=True):
        """Return a later run that starts from published parameters."""
        later = Run(ARCH, theta.copy(), None, 5, *map(np.random.default_rng, (0, 0)))
        resume(saved, later, average)
        return later

    def test_it_shares_nothing_with_what_was_saved(self, run):
        saved = continuation(run, keep_memory=True)
        later = self.go_on(saved, run.result)
        for array in (later.theta, later.memory["slots"][0]):
            array[:] = 99
        later.memory["t"] = 99
        later.shuffle.random(), later.dropout.random()
        again = self.go_on(saved, run.result)
        assert_array_equal(again.theta, np.arange(26.0))
        assert_array_equal(again.memory["slots"][0], 1)
        assert again.memory["t"] == 7
        assert again.shuffle.random() == np.random.default_rng(5).random()

    def test_the_streams_go_on(self, run):
        run.shuffle.random(), run.dropout.random()
        for keep_memory in (False, True):
            later = self.go_on(continuation(run, keep_memory), run.result)
            expected = [np.random.default_rng(seed).random(2)[1] for seed in (5, 6)]
            assert [later.shuffle.random(), later.dropout.random()] == expected

    def test_without_memory_only_the_published_parameters_go_on(self, run):
        saved = continuation(run, keep_memory=False)
        later = self.go_on(saved, run.result)
        assert later.memory == {}
        assert later.mean is None
        assert_array_equal(later.theta, run.result)
        assert not any(isinstance(value, np.ndarray) for value in saved.values())

    def test_an_average_goes_on_from_what_it_averages(self):
        run = make_run()
        later = self.go_on(continuation(run, keep_memory=True), run.mean)
        assert_array_equal(later.theta, run.theta)
        assert_array_equal(later.mean, run.mean)
        assert later.n_averaged == 7
        assert not np.shares_memory(later.mean, later.theta)

    def test_parameters_that_were_changed_since_are_trained_themselves(self):
        """Only the average as it was published stands for what it averages."""
        run = make_run()
        changed = run.mean.copy()
        changed[3] = np.nextafter(changed[3], 1)
        later = self.go_on(continuation(run, keep_memory=True), changed)
        assert_array_equal(later.theta, changed)
        assert (later.mean, later.n_averaged) == (None, 0)

    def test_without_an_average_the_published_parameters_are_trained(self):
        run = make_run()
        later = self.go_on(continuation(run, keep_memory=True), run.mean, average=False)
        assert_array_equal(later.theta, run.mean)
        assert later.mean is None
        assert later.memory["t"] == 7

    def test_parameters_that_were_chosen_are_trained_themselves(self):
        run = make_run()
        run.chosen = run.mean.copy()
        run.mean += 1
        saved = continuation(run, keep_memory=True)
        assert "averaged" not in saved
        assert_array_equal(self.go_on(saved, run.result).theta, run.result)

    def test_unless_they_are_the_last_average(self):
        run = make_run()
        run.chosen = run.mean.copy()
        later = self.go_on(continuation(run, keep_memory=True), run.result)
        assert_array_equal(later.theta, run.theta)
        assert later.n_averaged == 7
