"""The state of a training run: how it starts, and how it is saved, loaded and published."""

import copy
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from skscratch.core.activations import Identity
from skscratch.core.initializers import Glorot, He
from skscratch.core.losses import SoftmaxCrossEntropy
from skscratch.core.network import Architecture, split_members, views
from skscratch.core.optimizers import EMA, Adam, GradientDescent, Momentum, OptimizerState
from skscratch.core.schedules import Constant
from skscratch.training import checkpoint
from skscratch.training.early_stopping import BestWeights
from skscratch.training.scaling import find_scaling
from skscratch.training.state import Streams, TrainingState

SIZES = (3, 4, 2)
ARCH = Architecture(SIZES, (Identity(),), SoftmaxCrossEntropy())
ADAM = Adam(0.9, 0.99, 1e-8)


@pytest.fixture
def trained(new):
    """Return a function to a state after three epochs of seven updates."""

    def make(averaged=True):
        state = new.state(ARCH, theta=np.arange(26.0))
        slots = [np.full(26, 1.0), np.full(26, 2.0)]
        state.optimizer = OptimizerState("Adam", (0.1, 0.01), slots, 7, 0.5)
        if averaged:
            state.ema = EMA(state.theta, 0.9, state.theta / 2, 7)
        for loss in (3.0, 1.0, 2.0):
            state.record(loss, penalty=0.5)
        state.n_samples_seen = 60
        return state

    return make


@pytest.fixture(params=[False, True], ids=["plain", "averaged"])
def state(request, trained):
    return trained(request.param)


def arrays(state):
    """Return the arrays that a step changes."""
    return [state.theta, *state.optimizer.slots, *([] if state.ema is None else [state.ema.mean])]


def change_everything(state):
    for array in arrays(state):
        array += 9
    state.optimizer.n_updates, state.optimizer.lr_multiplier = 99, 0.0
    state.n_samples_seen = 99
    if state.ema is not None:
        state.ema.n = 99
    state.shuffle.random(), state.dropout.random()
    state.record(0.1, penalty=0.0)


def snapshot(state):
    """Return all that an epoch changes, as comparable values."""
    optimizer = state.optimizer
    return {
        "arrays": [array.tolist() for array in arrays(state)],
        "optimizer": [
            optimizer.rule,
            optimizer.units,
            optimizer.n_updates,
            optimizer.lr_multiplier,
        ],
        "average": None if state.ema is None else state.ema.n,
        "streams": [rng.bit_generator.state for rng in (state.shuffle, state.dropout)],
        "counts": [state.n_epochs, state.n_samples_seen, state.best_loss],
        "history": {name: column.tolist() for name, column in state.history.arrays().items()},
    }


LEARNED, COUNTED = ("arrays", "optimizer", "average", "streams"), ("counts", "history")


class TestStart:
    def start(self, new, members=1, dtype=np.float64, seed=0, X=None, w=None, **params):
        arch = replace(ARCH, members=members)
        params = {"initializers": (Glorot(), He()), "dtype": np.dtype(dtype)} | params
        data = new.data(INPUTS if X is None else X, CLASSES, w, dtype)
        return TrainingState.start(new.config(arch, **params), data, seed)

    def test_initial_weights_are_drawn_layer_by_layer_and_biases_are_zero(self, new):
        state, again = self.start(new, dtype=np.float32), Streams.of_seed(0).weights
        assert state.theta.dtype == np.float32
        weights = state.params.weights
        assert_array_equal(weights[0], Glorot()(again, 3, 4).astype(np.float32))
        assert_array_equal(weights[1], He()(again, 4, 2).astype(np.float32))
        assert_array_equal(state.theta[20:], 0)

    def test_members_are_drawn_one_after_the_other_in_every_layer(self, new):
        weights, biases = self.start(new, members=2).params
        again = Streams.of_seed(0).weights
        for W, draw, shape in zip(weights, (Glorot(), He()), ((3, 4), (4, 2)), strict=True):
            for of_member in W:
                assert_array_equal(of_member, draw(again, *shape))
        assert not any(b.any() for b in biases)

    def test_its_streams_are_those_of_the_seed(self, new):
        state, streams = self.start(new, seed=5), Streams.of_seed(5)
        assert state.seed == 5
        assert state.shuffle.random() == streams.shuffle.random()
        assert state.dropout.random() == streams.dropout.random()
        assert (state.theta != self.start(new, seed=6).theta).any()

    def test_nothing_is_counted_yet(self, new):
        state = self.start(new)
        assert (state.n_epochs, state.n_samples_seen, len(state.history)) == (0, 0, 0)
        assert (state.optimizer, state.ema, state.best, state.keeps_best) == (None,) * 3 + (False,)
        assert state.best_loss == np.inf

    @pytest.mark.parametrize("w", [None, np.arange(30.0)], ids=["unweighted", "weighted"])
    def test_inputs_are_scaled_if_they_are_to_be(self, w, new):
        assert self.start(new, w=w).scaling is None
        scaling = self.start(new, w=w, standardize=True).scaling
        assert_array_equal(scaling[:2], find_scaling(INPUTS, w, 30, np.float64)[:2])

    def test_neither_a_sparse_matrix_nor_features_in_scale_are_scaled(self, new):
        assert self.start(new, X=csr_array(INPUTS), standardize=True).scaling is None
        X = np.random.default_rng(0).normal(size=(30, 3))
        assert self.start(new, X=X, standardize=True).scaling is None


def test_the_weights_are_the_part_of_theta_before_the_biases(new):
    state = new.state(ARCH)
    state.W[:] = 1
    assert_array_equal(state.theta, np.repeat([1, 0], [20, 6]))


def test_the_best_loss_is_the_lowest_with_its_penalty(trained):
    state = trained()
    state.record(0.9, penalty=9.0)
    assert state.best_loss == 1.5
    assert state.n_epochs == len(state.history) == 4
    assert state.history["loss"] == [3.0, 1.0, 2.0, 0.9]


@pytest.mark.parametrize("penalty", [0.0, 0.1, 1e-50, 123.456789012345])
def test_the_sum_of_loss_and_penalty_has_all_digits(penalty, trained):
    """Although the penalty itself is kept as a float32."""
    state = trained()
    state.record(0.7, penalty)
    columns = state.history.arrays()
    assert_allclose(columns["loss"][-1] + float(columns["penalty"][-1]), 0.7 + penalty, rtol=1e-15)


def test_a_penalty_that_float32_cannot_hold_leaves_the_sum_finite(trained):
    state = trained()
    state.record(0.7, 1e40)
    assert_allclose(state.history["loss"][-1] + state.history["penalty"][-1], 1e40, rtol=1e-6)


def test_the_average_is_the_result_and_the_best_parameters_before_it(trained):
    plain, averaged = trained(averaged=False), trained()
    assert plain.result is plain.current is plain.theta
    assert averaged.result is averaged.current is averaged.ema.mean
    averaged.best = BestWeights(averaged.ema.mean, ARCH)
    assert averaged.result is averaged.ema.mean, "unless they are to be kept"
    averaged.keeps_best = True
    assert averaged.result is averaged.best.theta
    assert averaged.current is averaged.ema.mean


class TestStateDict:
    def test_everything_goes_back_in_place_and_more_than_once(self, state):
        before, saved = snapshot(state), copy.deepcopy(state.state_dict())
        own = [*arrays(state), state.optimizer, state.ema, state.shuffle, state.dropout]
        for _ in range(2):
            change_everything(state)
            changed = snapshot(state)
            assert not any(changed[part] == before[part] for part in before if before[part])
            state.load_state_dict(saved)
            assert snapshot(state) == before
        now = [*arrays(state), state.optimizer, state.ema, state.shuffle, state.dropout]
        assert [*map(id, now)] == [*map(id, own)]

    def test_the_parameters_of_layers_go_back_with_theta(self, state):
        saved = copy.deepcopy(state.state_dict())
        state.params.weights[1][:] = 99
        state.load_state_dict(saved)
        assert_array_equal(state.params.weights[1], np.arange(12.0, 20).reshape(4, 2))

    def test_what_is_learned_goes_back_alone(self, state):
        before, saved = snapshot(state), copy.deepcopy(state.state_dict())
        change_everything(state)
        changed = snapshot(state)
        state.load_state_dict({"learned": saved["learned"]})
        after = snapshot(state)
        assert {name: after[name] for name in LEARNED} == {name: before[name] for name in LEARNED}
        assert {name: after[name] for name in COUNTED} == {name: changed[name] for name in COUNTED}

    def test_what_is_counted_goes_back_alone(self, state):
        before, counters = snapshot(state), state.counters()
        change_everything(state)
        changed = snapshot(state)
        state.load_state_dict(counters)
        after = snapshot(state)
        assert {name: after[name] for name in LEARNED} == {name: changed[name] for name in LEARNED}
        assert {name: after[name] for name in COUNTED} == {name: before[name] for name in COUNTED}

    def test_no_part_changes_nothing(self, state):
        before = snapshot(state)
        state.load_state_dict({})
        assert snapshot(state) == before

    def test_its_parts_are_those_of_checkpoints_and_share_the_arrays(self, state):
        saved = state.state_dict()
        assert [*saved] == ["learned", "counted"]
        assert [*saved["learned"]] == [
            "theta", "memory", "mean", "n_averaged", "shuffle", "dropout",
        ]  # fmt: skip
        assert [*saved["counted"]] == ["best_loss", "n_epochs", "n_seen", "n_rows"]
        assert {"counted": saved["counted"]} == state.counters()
        assert saved["learned"]["theta"] is state.theta
        assert saved["learned"]["memory"]["slots"] is state.optimizer.slots
        assert saved["learned"]["mean"] is (None if state.ema is None else state.ema.mean)
        assert saved["learned"]["n_averaged"] == (0 if state.ema is None else 7)

    def test_a_state_without_an_optimizer_goes_back_too(self, new):
        state = new.state(ARCH, weight=2.0)
        saved = copy.deepcopy(state.state_dict())
        assert saved["learned"]["memory"] == {}
        state.theta += 1
        state.load_state_dict(saved)
        assert_array_equal(state.theta, np.repeat([2.0, 0.0], [20, 6]))

    def test_what_was_saved_can_be_written_to_a_file(self, state, tmp_path):
        before = snapshot(state)
        checkpoint.write(tmp_path / "run", state.state_dict())
        change_everything(state)
        state.load_state_dict(checkpoint.read(tmp_path / "run"))
        assert snapshot(state) == before


class TestOptimizerState:
    THETA = np.zeros(3, np.float32)

    def test_a_new_one_has_slots_of_zeros_like_theta(self):
        state = OptimizerState.start(ADAM, self.THETA)
        assert (state.rule, state.n_updates, state.lr_multiplier) == ("Adam", 0, 1)
        assert state.units == ADAM.units
        for slot in state.slots:
            assert slot.dtype == np.float32
            assert_array_equal(slot, np.zeros(3))
        assert len({id(slot) for slot in (*state.slots, self.THETA)}) == 3
        assert OptimizerState.start(GradientDescent(), self.THETA).slots == []

    def used(self, rule=ADAM):
        state = OptimizerState.start(rule, self.THETA)
        for i, slot in enumerate(state.slots, 1):
            slot += i
        state.n_updates, state.lr_multiplier = 7, 0.25
        return state

    def test_one_of_the_same_kind_goes_on_in_the_same_arrays(self):
        former = self.used()
        later = OptimizerState.start(ADAM, self.THETA, former)
        assert [*map(id, later.slots)] == [*map(id, former.slots)]
        assert_array_equal(later.slots, [[1] * 3, [2] * 3])
        assert later.n_updates == 7
        assert later.lr_multiplier == 1, "a schedule starts afresh"

    def test_slots_are_rescaled_by_the_ratio_of_the_units(self):
        later = OptimizerState.start(Adam(0.5, 0.99, 1e-8), self.THETA, self.used())
        assert later.units == (0.5, 1 - 0.99)
        assert_allclose(later.slots[0], 0.1 / 0.5, rtol=1e-6)
        assert_array_equal(later.slots[1], 2)
        again = OptimizerState.start(ADAM, self.THETA, later)
        assert_allclose(again.slots[0], 1, rtol=1e-6)

    @pytest.mark.parametrize("rule", [GradientDescent(), Momentum(0.9)], ids=repr)
    def test_one_of_another_kind_starts_anew(self, rule):
        former = self.used()
        later = OptimizerState.start(rule, self.THETA, former)
        assert (later.rule, later.n_updates) == (type(rule).__name__, 0)
        assert len(later.slots) == len(rule.units)
        assert not any(slot.any() for slot in later.slots)
        assert_array_equal(former.slots, [[1] * 3, [2] * 3])

    @pytest.mark.parametrize("rule", [ADAM, Momentum(0.9), GradientDescent()], ids=repr)
    def test_its_dict_survives_a_file(self, rule, tmp_path):
        state = self.used(rule)
        checkpoint.write(tmp_path / "run", state.state_dict())
        later = OptimizerState.from_state_dict(checkpoint.read(tmp_path / "run"))
        assert repr(later) == repr(state)
        fresh = OptimizerState.start(rule, self.THETA)
        own = [*fresh.slots]
        fresh.load_state_dict(state.state_dict())
        assert repr(fresh) == repr(state)
        assert [*map(id, fresh.slots)] == [*map(id, own)]
        assert not {*map(id, own)} & {*map(id, state.slots)}

    def test_its_dict_has_the_names_of_checkpoints_and_shares_the_slots(self):
        state = self.used()
        saved = state.state_dict()
        assert saved["slots"] is state.slots
        assert {name: saved[name] for name in ("rule", "units", "t", "scale")} == {
            "rule": "Adam", "units": [*ADAM.units], "t": 7, "scale": 0.25,
        }  # fmt: skip

    def test_an_empty_dict_is_no_state(self):
        assert OptimizerState.from_state_dict({}) is None


INPUTS = np.random.default_rng(0).normal(size=(30, 3)) * [100, 1, 0.01] + [500, 0, 0.1]
CLASSES = np.arange(30) % 2


def logits(params, X):
    """Return those of a network whose hidden layer is linear."""
    (W, V), (b, c) = params
    return (X @ W + b) @ V + c


class TestScaling:
    """States whose inputs are scaled are published as networks that take them as they are."""

    @pytest.mark.parametrize("members", [1, 3])
    def test_what_is_published_takes_inputs_as_they_are(self, members, new):
        arch, data = replace(ARCH, members=members), new.data(INPUTS, CLASSES)
        params = {"initializers": (Glorot(), He()), "standardize": True}
        state = TrainingState.start(new.config(arch, **params), data, 3)
        rows = np.broadcast_to(np.arange(30), ((members, 30) if members > 1 else (30,)))
        params = {"rule": ADAM, "schedule": Constant(0.1), "ema_decay": 0.9, "batch_size": 8}
        runner = new.runner(state, data, rows, **params)
        for _ in range(3):
            runner.epoch()
        X = (INPUTS - state.scaling.center) / state.scaling.scale
        each = split_members(views(state.result, SIZES, members), members)
        expected = np.mean([logits(params, X) for params in each], axis=0)
        arch, published = state.network(state.result)
        assert_allclose(logits(published, INPUTS), expected, rtol=1e-10)
        assert (arch.members, arch.sizes) == (1, (3, 4 * members, 2))
        unscaled = split_members(state.unscaled(state.result), members)
        for own, params in zip(each, unscaled, strict=True):
            assert_allclose(logits(params, INPUTS), logits(own, X), rtol=1e-10)

    def test_without_scaling_the_parameters_are_published_as_they_are(self, trained):
        state = trained()
        assert np.shares_memory(state.unscaled(state.theta).weights[0], state.theta)
        arch, params = state.network(state.ema.mean)
        assert arch == ARCH
        flat = np.concatenate([a.ravel() for part in params for a in part])
        assert_array_equal(flat, state.ema.mean)
