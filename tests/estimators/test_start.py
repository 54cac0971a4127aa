"""The state of a run at its start: a new network, or the fitted one."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skscratch.core.activations import ACTIVATIONS
from skscratch.core.initializers import INITIALIZERS
from skscratch.core.losses import LogisticCrossEntropy, SoftmaxCrossEntropy
from skscratch.estimators._fitted import fitted_network, fitted_parameters
from skscratch.training.state import Streams

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # fits of a fixed length on purpose
)


def go_on(start, model, X, y, **params):
    """Return the state in which a model would be trained further."""
    return start(model.set_params(**params), X, y, is_initial=False)[1]


class TestNewNetwork:
    @pytest.mark.parametrize("hidden", [(), (4,), (4, 3)])
    def test_its_layers_fit_the_data(self, task, hidden, small, start):
        X, y = task
        n_outputs = 1 if y.ndim == 1 and len(np.unique(y)) == 2 else 3
        _, state, data = start(small(hidden_layer_sizes=hidden), X, y)
        assert state.arch.sizes == (5, *hidden, n_outputs)
        assert state.arch.activations == (ACTIVATIONS["relu"],) * len(hidden)
        assert state.arch.loss == data.loss
        assert state.arch.dropout == (0,) * len(hidden)

    def test_it_starts_with_nothing(self, binary, small, start):
        _, state, _ = start(small(), *binary)
        assert (state.n_epochs, state.n_samples_seen, state.best_loss) == (0, 0, np.inf)
        assert (state.optimizer, state.ema, state.best, len(state.history)) == (None, None, None, 0)
        assert not state.keeps_best

    def test_what_is_random_is_drawn_from_streams_of_the_seed(self, binary, small, start):
        _, state, _ = start(small(random_state=7, weight_init="glorot_normal"), *binary)
        own, draw = Streams.of_seed(7), INITIALIZERS["glorot_normal"]
        assert state.seed == 7
        for W in state.params.weights:
            assert_array_equal(W, draw(own.weights, *W.shape))
        assert state.shuffle.random() == own.shuffle.random()
        assert state.dropout.random() == own.dropout.random()

    def test_dropout_and_smoothing_are_for_training(self, multiclass, small, start):
        model = small(hidden_layer_sizes=(4, 3), dropout=(0.5, 0.25), label_smoothing=0.1)
        _, state, _ = start(model, *multiclass)
        assert state.arch.dropout == (0.5, 0.25)
        assert state.arch.loss == SoftmaxCrossEntropy(0.1)
        predicts = replace(state.arch, dropout=(), loss=SoftmaxCrossEntropy())
        assert state.arch.for_prediction() == predicts
        assert fitted_network(model.set_params(max_iter=1).fit(*multiclass)) == predicts

    def test_lbfgs_has_smoothing_but_no_dropout(self, binary, small, start):
        """Its steps want a loss that is the same each time."""
        _, state, _ = start(small(solver="lbfgs", dropout=0.5, label_smoothing=0.1), *binary)
        assert state.arch.dropout == (0,)
        assert state.arch.loss == LogisticCrossEntropy(0.1)

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_parameters_are_of_the_dtype_to_compute_in(self, binary, dtype, small, start):
        X, y = binary
        assert start(small(), X.astype(dtype), y)[1].theta.dtype == dtype


class TestPublishedNetwork:
    def test_it_goes_on_from_copies_of_what_is_published(self, binary, small, start):
        model = small(warm_start=True, batch_size=16).fit(*binary)
        state = go_on(start, model, *binary)
        assert_array_equal(state.params.weights[0], model.coefs_[0])
        assert (state.n_epochs, state.n_samples_seen) == (model.n_iter_, model.t_)
        assert state.optimizer.n_updates == 15 * 6
        assert state.best_loss == model.best_loss_
        assert state.history["loss"] == model.history_["loss"].tolist()
        assert state.seed == 0
        assert np.shares_memory(state.params.weights[0], state.theta)
        before = pickle.dumps(model)
        state.theta += 1
        state.optimizer.slots[0][:] = 9
        state.shuffle.random(), state.dropout.random()
        state.record(0.1, penalty=0.0)
        assert pickle.dumps(model) == before

    def test_its_streams_go_on(self, binary, small, start):
        model = small(batch_size=16, dropout=0.5)
        _, state, _ = start(model, *binary)
        model.partial_fit(*binary, classes=[0, 1])
        later = go_on(start, model, *binary)
        for name in ("shuffle", "dropout"):
            stream = getattr(later, name).bit_generator.state
            assert stream == model._continuation[name]
            assert stream != getattr(state, name).bit_generator.state

    def test_the_best_loss_after_early_stopping_is_that_of_the_curve(self, binary, small, start):
        model = small(warm_start=True, early_stopping=True, validation_fraction=0.4).fit(*binary)
        assert model.best_loss_ is None
        assert go_on(start, model, *binary).best_loss == min(model.loss_curve_)

    @pytest.mark.parametrize(("ema_decay", "averaged"), [(0.9, True), (0.5, True), (0.0, False)])
    def test_an_average_goes_on_if_there_is_to_be_one(
        self, binary, ema_decay, averaged, small, start
    ):
        model = small(warm_start=True, batch_size=16, ema_decay=0.9).fit(*binary)
        state = go_on(start, model, *binary, ema_decay=ema_decay)
        assert (state.ema is not None) is averaged
        assert_array_equal(state.current[:5], model.coefs_[0].ravel()[:5])
        assert not averaged or state.ema.n == 90

    def test_lbfgs_goes_on_from_the_average_itself(self, binary, small, start):
        model = small(warm_start=True, ema_decay=0.9).fit(*binary)
        state = go_on(start, model, *binary, solver="lbfgs")
        assert state.ema is None
        assert_array_equal(state.params.weights[0], model.coefs_[0])

    def test_parameters_changed_by_hand_are_the_ones_to_train(self, binary, small, start):
        model = small(warm_start=True, ema_decay=0.9).fit(*binary)
        model.coefs_[0][0, 0] = 7
        state = go_on(start, model, *binary)
        assert state.ema is None
        assert state.theta[0] == 7

    def test_a_new_dropout_and_smoothing_are_honoured(self, binary, small, start):
        model = small(warm_start=True).fit(*binary)
        state = go_on(start, model, *binary, dropout=0.5, label_smoothing=0.1)
        assert state.arch.dropout == (0.5,)
        assert state.arch.loss == LogisticCrossEntropy(0.1)

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
        assert fitted_parameters(model).weights[0].dtype == np.float64
        state = go_on(start, model, *binary)
        assert state.theta.dtype.isnative
        assert_array_equal(state.params.weights[0], weights)

    def test_sizes_are_those_of_the_arrays(self, binary, small):
        model = small(hidden_layer_sizes=(4, 3)).fit(*binary)
        assert fitted_network(model).sizes == (5, 4, 3, 1)
