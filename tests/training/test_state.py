"""Runs start from draws or from published arrays, go back, and go on from copies."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skscratch.training.trainer import Trainer

from skscratch.core.activations import Identity
from skscratch.core.initializers import Glorot, He
from skscratch.core.losses import LOSSES
from skscratch.core.network import Architecture, allocate, views
from skscratch.core.optimizers import Adam
from skscratch.core.schedules import Constant
from skscratch.training import checkpoint
from skscratch.training.data import Gathered
from skscratch.training.folding import apart
from skscratch.training.scaling import find_scaling
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
ADAM = Adam(0.9, 0.99, 1e-8)


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


def test_members_are_drawn_one_after_the_other_in_every_layer():
    arch, rng = Architecture(SIZES, (), LOSSES["softmax"], members=2), np.random.default_rng(0)
    _, (weights, biases) = initial_parameters(arch, [Glorot(), He()], rng, np.float64)
    again = np.random.default_rng(0)
    for W, draw, shape in zip(weights, (Glorot(), He()), ((3, 4), (4, 2)), strict=True):
        for of_member in W:
            assert_array_equal(of_member, draw(again, *shape))
    assert not any(b.any() for b in biases)


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


INPUTS = np.random.default_rng(0).normal(size=(30, 3)) * [100, 1, 0.01] + [500, 0, 0.1]
CLASSES = np.arange(30) % 2


def logits(params, X):
    """Return those of a network whose hidden layer is linear."""
    (W, V), (b, c) = params
    return (X @ W + b) @ V + c


class TestScaling:
    """Runs whose inputs are brought to scale, and published as networks that take them as are."""

    def start(self, dtype=np.float64, members=1):
        arch = Architecture(SIZES, (Identity(),), LOSSES["softmax"], members=members)
        rng = np.random.default_rng(3)
        theta, params = initial_parameters(arch, [Glorot(), He()], rng, dtype)
        run = Run(arch, theta, params, 5, *map(np.random.default_rng, (5, 6)))
        run.scaling = find_scaling(INPUTS, None, 30, dtype)
        return run

    def train(self, run, n_epochs):
        rows = np.broadcast_to(np.arange(30), (*run.params.biases[0].shape[:-1], 30))
        args = CLASSES, None, 8, run.theta.dtype, rows, run.shuffle, run.scaling
        trainer = Trainer(run, Gathered(INPUTS, *args), ADAM, Constant(0.1), ema_decay=0.9)
        for _ in range(n_epochs):
            trainer.epoch()
        return run

    def go_on(self, run, edit=None):
        """Return a later run that starts from what the run has published, and someone edited."""
        saved = copy.deepcopy(continuation(run, keep_memory=True))
        arch, published = run.network(run.result)
        published = copy.deepcopy(published)
        if edit is not None:
            edit(*published)
        theta, params = pack(arch.sizes, *published)
        later = Run(arch, theta, params, 5, *map(np.random.default_rng, (0, 0)))
        resume(saved, later, average=True)
        return later, published

    @pytest.mark.parametrize("members", [1, 3])
    def test_what_is_published_takes_inputs_as_they_are(self, members):
        run = self.train(self.start(members=members), 3)
        X = (INPUTS - run.scaling.center) / run.scaling.scale
        each = apart(views(run.result, SIZES, members), members)
        expected = np.mean([logits(params, X) for params in each], axis=0)
        arch, published = run.network(run.result)
        assert_allclose(logits(published, INPUTS), expected, rtol=1e-10)
        assert (arch.members, arch.sizes) == (1, (3, 4 * members, 2))
        unscaled = apart(run.unscaled(run.result), members)
        for own, params in zip(each, unscaled, strict=True):
            assert_allclose(logits(params, INPUTS), logits(own, X), rtol=1e-10)

    def test_without_scaling_the_parameters_are_published_as_they_are(self):
        run = make_run()
        assert np.shares_memory(run.unscaled(run.theta).weights[0], run.theta)
        arch, params = run.network(run.mean)
        assert arch == ARCH
        assert_array_equal(np.concatenate([a.ravel() for part in params for a in part]), run.mean)
        assert continuation(run, keep_memory=True)["scaling"] is None

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_training_goes_on_exactly(self, dtype):
        whole = self.train(self.start(dtype), 4)
        later, _ = self.go_on(self.train(self.start(dtype), 2))
        assert_array_equal(later.scaling[:2], whole.scaling[:2])
        self.train(later, 2)
        assert_array_equal(later.theta, whole.theta)
        assert_array_equal(later.mean, whole.mean)

    def test_what_was_chosen_goes_on_exactly(self):
        run = self.train(self.start(), 2)
        run.chosen = run.mean + 1
        assert_array_equal(self.go_on(run)[0].theta, run.chosen)

    def test_members_go_on_as_the_network_that_they_have_become(self):
        run = self.train(self.start(members=3), 2)
        later, published = self.go_on(run)
        assert_array_equal(later.params.biases[0], views(run.mean, SIZES, 3).biases[0].ravel())
        assert_allclose(logits(later.unscaled(later.theta), INPUTS), logits(published, INPUTS))

    def test_a_bias_that_someone_has_changed_goes_on_and_the_rest_exactly(self):
        def edit(weights, biases):
            biases[0][1] += 0.5

        run = self.train(self.start(), 2)
        expected, (later, published) = run.mean.copy(), self.go_on(run, edit)
        views(expected, SIZES).biases[0][1] += 0.5
        untouched = np.arange(26) != 21
        assert_array_equal(later.theta[untouched], expected[untouched])
        assert_allclose(later.theta, expected, rtol=1e-10)
        assert_allclose(logits(later.unscaled(later.theta), INPUTS), logits(published, INPUTS))
        assert later.mean is None

    def test_a_weight_that_someone_has_changed_is_taken_as_it_is(self):
        """Its bias, too, stays that of the published network, though not as it was trained."""

        def edit(weights, biases):
            weights[0][0, 1] += 0.5

        run = self.train(self.start(), 2)
        later, published = self.go_on(run, edit)
        again = later.unscaled(later.theta)
        assert_allclose(again.biases[0], published.biases[0], rtol=1e-10)
        assert_allclose(logits(again, INPUTS), logits(published, INPUTS), rtol=1e-10)
        assert later.mean is None
