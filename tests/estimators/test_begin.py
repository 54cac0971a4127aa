"""A run at its start: a new network, or the published one."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skscratch.core.activations import ACTIVATIONS
from skscratch.core.initializers import INITIALIZERS
from skscratch.core.losses import LOSSES, LogisticCrossEntropy, SoftmaxCrossEntropy
from skscratch.estimators._begin import architecture, fitted_dtype, fitted_sizes
from skscratch.estimators._random import streams

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # fits of a fixed length on purpose
)


def go_on(start, model, X, y, **params):
    """Return the run in which a model would be trained further."""
    return start(model.set_params(**params), X, y, first=False)[0]


class TestNewNetwork:
    @pytest.mark.parametrize("hidden", [(), (4,), (4, 3)])
    def test_its_layers_fit_the_data(self, task, hidden, small, start):
        X, y = task
        n_outputs = 1 if y.ndim == 1 and len(np.unique(y)) == 2 else 3
        run, data = start(small(hidden_layer_sizes=hidden), X, y)
        assert run.arch.sizes == (5, *hidden, n_outputs)
        assert run.arch.activations == (ACTIVATIONS["relu"],) * len(hidden)
        assert run.arch.loss == LOSSES[data.out_activation]
        assert run.arch.dropout == (0,) * len(hidden)

    def test_it_starts_with_nothing(self, binary, small, start):
        run, _ = start(small(), *binary)
        assert (run.n_epochs, run.n_seen, run.best_loss) == (0, 0, np.inf)
        assert (run.memory, run.mean, run.chosen, len(run.history)) == ({}, None, None, 0)

    def test_what_is_random_is_drawn_from_streams_of_the_seed(self, binary, small, start):
        run, _ = start(small(random_state=7, weight_init="glorot_normal"), *binary)
        own, draw = streams(7), INITIALIZERS["glorot_normal"]
        assert run.seed == 7
        for W in run.params.weights:
            assert_array_equal(W, draw(own.weights, *W.shape))
        assert run.shuffle.random() == own.shuffle.random()
        assert run.dropout.random() == own.dropout.random()

    def test_dropout_and_smoothing_are_for_training(self, multiclass, small, start):
        model = small(hidden_layer_sizes=(4, 3), dropout=(0.5, 0.25), label_smoothing=0.1)
        run, _ = start(model, *multiclass)
        assert run.arch.dropout == (0.5, 0.25)
        assert run.arch.loss == SoftmaxCrossEntropy(0.1)
        predicts = architecture(run.arch.sizes, model.activation, "softmax")
        assert predicts == replace(run.arch, dropout=(), loss=SoftmaxCrossEntropy())

    def test_lbfgs_has_smoothing_but_no_dropout(self, binary, small, start):
        """Its steps want a loss that is the same each time."""
        run, _ = start(small(solver="lbfgs", dropout=0.5, label_smoothing=0.1), *binary)
        assert run.arch.dropout == (0,)
        assert run.arch.loss == LogisticCrossEntropy(0.1)

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_parameters_are_of_the_dtype_to_compute_in(self, binary, dtype, small, start):
        X, y = binary
        assert start(small(), X.astype(dtype), y)[0].theta.dtype == dtype


class TestPublishedNetwork:
    def test_it_goes_on_from_copies_of_what_is_published(self, binary, small, start):
        model = small(warm_start=True, batch_size=16).fit(*binary)
        run = go_on(start, model, *binary)
        assert_array_equal(run.params.weights[0], model.coefs_[0])
        assert (run.n_epochs, run.n_seen) == (model.n_iter_, model.t_)
        assert run.memory["t"] == 15 * 6
        assert run.best_loss == model.best_loss_
        assert run.history["loss"] == model.history_["loss"].tolist()
        assert run.seed == 0
        assert np.shares_memory(run.params.weights[0], run.theta)
        before = pickle.dumps(model)
        run.theta += 1
        run.memory["slots"][0][:] = 9
        run.shuffle.random(), run.dropout.random()
        run.record(0.1, penalty=0.0)
        assert pickle.dumps(model) == before

    def test_its_streams_go_on(self, binary, small, start):
        model = small(batch_size=16, dropout=0.5)
        run, _ = start(model, *binary)
        model.partial_fit(*binary, classes=[0, 1])
        later = go_on(start, model, *binary)
        for name in ("shuffle", "dropout"):
            state = getattr(later, name).bit_generator.state
            assert state == model._continuation[name]
            assert state != getattr(run, name).bit_generator.state

    def test_the_best_loss_after_early_stopping_is_that_of_the_curve(self, binary, small, start):
        model = small(warm_start=True, early_stopping=True, validation_fraction=0.4).fit(*binary)
        assert model.best_loss_ is None
        assert go_on(start, model, *binary).best_loss == min(model.loss_curve_)

    @pytest.mark.parametrize(("ema_decay", "averaged"), [(0.9, True), (0.5, True), (0.0, False)])
    def test_an_average_goes_on_if_there_is_to_be_one(
        self, binary, ema_decay, averaged, small, start
    ):
        model = small(warm_start=True, batch_size=16, ema_decay=0.9).fit(*binary)
        run = go_on(start, model, *binary, ema_decay=ema_decay)
        assert (run.mean is not None) is averaged
        assert_array_equal(run.current[:5], model.coefs_[0].ravel()[:5])
        assert run.n_averaged == (90 if averaged else 0)

    def test_lbfgs_goes_on_from_the_average_itself(self, binary, small, start):
        model = small(warm_start=True, ema_decay=0.9).fit(*binary)
        run = go_on(start, model, *binary, solver="lbfgs")
        assert run.mean is None
        assert_array_equal(run.params.weights[0], model.coefs_[0])

    def test_parameters_changed_by_hand_are_the_ones_to_train(self, binary, small, start):
        model = small(warm_start=True, ema_decay=0.9).fit(*binary)
        model.coefs_[0][0, 0] = 7
        run = go_on(start, model, *binary)
        assert run.mean is None
        assert run.theta[0] == 7

    def test_a_new_dropout_and_smoothing_are_honoured(self, binary, small, start):
        model = small(warm_start=True).fit(*binary)
        run = go_on(start, model, *binary, dropout=0.5, label_smoothing=0.1)
        assert run.arch.dropout == (0.5,)
        assert run.arch.loss == LogisticCrossEntropy(0.1)

    @pytest.mark.parametrize("hidden", [(), (9,), (8, 8), (8, 1)])
    def test_layers_of_other_sizes_are_refused(self, binary, hidden, small, start):
        model = small(warm_start=True).fit(*binary)
        with pytest.raises(ValueError, match=r"hidden_layer_sizes.*\(5, 8, 1\)"):
            go_on(start, model, *binary, hidden_layer_sizes=hidden)

    def test_another_activation_is_refused(self, binary, small, start):
        model = small(warm_start=True).fit(*binary)
        with pytest.raises(ValueError, match=r"activation='tanh' differs from 'relu'"):
            go_on(start, model, *binary, activation="tanh")

    @pytest.mark.parametrize("same", [["relu"], ("relu",), ACTIVATIONS["relu"]], ids=str)
    def test_the_same_activation_by_another_name_is_not(self, binary, same, small, start):
        model = small(warm_start=True).fit(*binary)
        assert go_on(start, model, *binary, activation=same).n_epochs == 15

    def test_a_model_from_a_machine_of_other_byte_order_goes_on_in_this_ones(
        self, binary, small, start
    ):
        model = small(warm_start=True).fit(*binary)
        weights = model.coefs_[0].copy()
        for part in (model.coefs_, model.intercepts_):
            part[:] = [array.astype(array.dtype.newbyteorder()) for array in part]
        assert fitted_dtype(model) == np.float64
        run = go_on(start, model, *binary)
        assert run.theta.dtype.isnative
        assert_array_equal(run.params.weights[0], weights)

    def test_sizes_are_those_of_the_arrays(self, binary, small):
        assert fitted_sizes(small(hidden_layer_sizes=(4, 3)).fit(*binary)) == (5, 4, 3, 1)
