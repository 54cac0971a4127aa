"""L-BFGS: its objective by finite differences, its minimum against a known one, and its fits."""

import copy
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression

from skscratch.core.activations import Tanh
from skscratch.core.losses import SoftmaxCrossEntropy
from skscratch.core.network import Architecture, allocate
from skscratch.core.optimizers import EMA, Adam, OptimizerState
from skscratch.training import lbfgs
from skscratch.training.config import LBFGS
from skscratch.training.data import SequentialBatches
from skscratch.training.lbfgs import LBFGSFit
from skscratch.training.loop import Network
from skscratch.training.outcome import Diverged, End
from skscratch.training.scaling import Scaling

RNG = np.random.default_rng(0)
X, Y, W = RNG.normal(size=(40, 3)), RNG.integers(3, size=40), RNG.uniform(0.1, 2, 40)


def make(hidden=(), w=None, batch_size=40, l2=0.0, container=np.asarray, dtype=np.float64):
    """Return theta and the objective at theta."""
    arch = Architecture((3, *hidden, 3), (Tanh(),) * len(hidden), SoftmaxCrossEntropy())
    theta, params = allocate(arch.sizes, dtype)
    network = Network.empty(arch, params, batch_size)
    batches = SequentialBatches(container(X), Y, w, batch_size, dtype)
    return theta, lambda: lbfgs.objective(network, batches, theta, l2)


@pytest.mark.parametrize("container", [np.asarray, csr_array])
@pytest.mark.parametrize("w", [None, W], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("batch_size", [40, 7])
def test_gradient_of_the_objective(container, w, batch_size):
    theta, objective = make((4,), w, batch_size, l2=0.3, container=container)
    theta[:] = start = RNG.normal(size=theta.size)
    gradient, direction = objective()[1], RNG.normal(size=theta.size)
    losses = []
    for sign in (1, -1):
        theta[:] = start + sign * 1e-6 * direction
        losses.append(objective()[0])
    assert_allclose(gradient @ direction, (losses[0] - losses[1]) / 2e-6, rtol=1e-6)


def test_batches_only_bound_memory():
    results = []
    for batch_size in (40, 7, 1):
        theta, objective = make((4,), W, batch_size, l2=0.3)
        theta[:] = np.linspace(-1, 1, theta.size)
        results.append(objective())
    for loss, gradient in results[1:]:
        assert_allclose(loss, results[0][0], rtol=1e-12)
        assert_allclose(gradient, results[0][1], rtol=1e-9, atol=1e-15)


def minimize(theta, objective, **options):
    losses = []
    options = {"max_iter": 500, "max_fun": 1000, "tol": 1e-10} | options
    return lbfgs.minimize(theta, objective, losses.append, **options), losses


def test_without_hidden_layers_the_minimum_is_logistic_regression():
    theta, objective = make(l2=1 / 40)
    result, losses = minimize(theta, objective)
    reference = LogisticRegression(C=1, tol=1e-12, max_iter=1000).fit(X, Y)
    assert result.success
    # SciPy also stops once the loss falls by less than 2e-9 of itself: coefficients to 4 digits
    assert_allclose(theta[:9].reshape(3, 3).T, reference.coef_, atol=1e-4)
    assert len(losses) == result.nit
    assert (np.diff(losses) <= 0).all()
    assert_allclose(losses[-1], result.fun)


def test_limits_are_kept():
    assert minimize(*make((4,)), max_iter=1)[0].nit == 1
    assert minimize(*make((4,)), max_fun=3)[0].nfev <= 5  # SciPy ends a line search it has begun


def test_float32_parameters_are_computed_with_in_float32():
    theta, objective = make(dtype=np.float32, l2=1 / 40)
    minimize(theta, objective, tol=1e-5)
    reference, objective = make(l2=1 / 40)
    minimize(reference, objective)
    assert theta.dtype == np.float32
    assert_allclose(theta, reference, atol=2e-3)


class TestFit:
    """A fit without any estimator; the names of the ends are all that it says."""

    def fit(self, new, state, data=None, hooks=None, max_fun=1000, **params):
        options, hooks = LBFGS(max_fun), hooks or new.hooks()
        params = {"alpha": 1.0, "max_iter": 500, "tol": 1e-6} | params
        config = new.config(state.arch, optimizer=options, **params)
        fit = LBFGSFit(config, options, state, data or new.data(), hooks)
        return fit, hooks

    def test_it_converges_to_the_minimum_of_the_loss_and_the_penalty(self, new, state, data):
        fit, hooks = self.fit(new, state)
        fit.run()
        reference = LogisticRegression(C=1, tol=1e-12).fit(data.X, data.y[:, 0])
        assert fit.outcome.end is End.CONVERGED
        assert fit.outcome.lbfgs.success
        assert_allclose(state.theta[:3], reference.coef_[0], atol=1e-4)
        assert_allclose(state.theta[3], reference.intercept_[0], atol=1e-4)
        n = fit.outcome.lbfgs.nit
        assert state.n_epochs == len(state.history) == n > 1
        assert hooks.ended == [*range(1, n + 1)]
        assert set(hooks.begun) == {"iteration"}
        assert hooks.outcomes == [fit.outcome]
        assert_allclose(state.best_loss, fit.outcome.lbfgs.fun)

    def test_every_iteration_is_recorded_at_its_end(self, new, state, data):
        fit, _ = self.fit(new, state, max_iter=3)
        fit.run()
        W, z = state.W, data.X @ state.W[:, None] + state.theta[3]
        assert_allclose(state.history["penalty"][-1], 0.5 * 0.05 * (W @ W), rtol=1e-6)
        loss = np.logaddexp(0, np.where(data.y, -z, z)).mean()
        assert_allclose(state.history["loss"][-1], loss, rtol=1e-6)
        delta = (1 / (1 + np.exp(-z)) - data.y) / 20
        g = np.r_[(data.X.T @ delta)[:, 0] + 0.05 * W, delta.sum()]
        assert_allclose(state.history["gradient_norm"][-1], np.linalg.norm(g))
        assert min(state.history["seconds"]) >= 0
        assert np.isnan(state.history["learning_rate"]).all()
        assert np.isnan(state.history["validation_loss"]).all()

    def test_its_outcome_says_where_it_began(self, new, state):
        state.record(1.0, 0.0), state.record(0.9, 0.0)
        state.theta[:] = before = [1.0, 2.0, 3.0, 4.0]
        fit, _ = self.fit(new, state)
        fit.run()
        assert_array_equal(fit.outcome.theta_before, before)
        assert (fit.outcome.n_epochs_before, fit.outcome.n_recorded_before) == (2, 2)
        assert state.n_epochs == 2 + fit.outcome.lbfgs.nit

    @pytest.mark.parametrize(
        ("limits", "most"), [({"max_iter": 2}, 2), ({"max_fun": 3}, 3)], ids=str
    )
    def test_a_limit_ends_it_before_it_has_converged(self, limits, most, new, state):
        fit, hooks = self.fit(new, state, tol=0, **limits)
        fit.run()
        assert fit.outcome.end is End.NOT_CONVERGED
        assert not fit.outcome.lbfgs.success
        assert hooks.outcomes == [fit.outcome]
        assert 1 <= state.n_epochs == fit.outcome.lbfgs.nit <= most

    def test_a_callback_ends_it(self, new, state):
        first, _ = self.fit(new, one := new.state(), max_iter=2)
        first.run()
        fit, hooks = self.fit(new, state, hooks=new.hooks(stop_after=2))
        fit.run()
        assert fit.outcome.end is End.CALLBACK
        assert hooks.ended == [1, 2]
        assert hooks.outcomes == [fit.outcome]
        assert_array_equal(state.theta, one.theta)

    def test_ctrl_c_leaves_the_last_iteration(self, new, state):
        first, _ = self.fit(new, one := new.state(), max_iter=2)
        first.run()
        fit, hooks = self.fit(new, state, hooks=new.hooks(raise_after=2))
        with pytest.raises(KeyboardInterrupt):
            fit.run()
        assert fit.outcome.end is End.INTERRUPT
        assert hooks.outcomes == [fit.outcome]
        assert_array_equal(state.theta, one.theta)
        assert state.n_epochs == len(state.history) == 2

    def test_ctrl_c_in_an_evaluation_leaves_the_last_iteration(self, new, state, monkeypatch):
        """The trial points of SciPy's line search are not seen."""
        self.fit(new, one := new.state(), max_iter=2)[0].run()
        fit, hooks = self.fit(new, state)
        evaluate = lbfgs.objective

        def interrupted(*args):
            if state.n_epochs == 2:
                raise KeyboardInterrupt
            return evaluate(*args)

        monkeypatch.setattr(lbfgs, "objective", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fit.run()
        assert fit.outcome.end is End.INTERRUPT
        assert len(hooks.outcomes) == 1
        assert_array_equal(state.theta, one.theta)
        assert state.n_epochs == len(state.history) == 2

    def test_ctrl_c_between_the_loss_and_the_score_counts_no_iteration(self, new, state, data):
        class Interrupts:
            def on(self, data, rows):
                def score(params):
                    raise KeyboardInterrupt

                return score

        fit, _ = self.fit(new, state, new.data(validation=data), scorer=Interrupts())
        with pytest.raises(KeyboardInterrupt):
            fit.run()
        assert state.n_epochs == len(state.history) == 0
        assert state.best_loss == np.inf
        assert not state.theta.any()

    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_a_loss_that_is_not_finite_at_once_is_an_error(self, value, new, state, monkeypatch):
        monkeypatch.setattr(lbfgs, "objective", lambda *args: (value, np.ones(4)))
        state.record(1.0, 0.0)
        fit, hooks = self.fit(new, state)
        with pytest.raises(Diverged) as caught:
            fit.run()
        assert caught.value.epoch == 2
        assert (hooks.ended, hooks.outcomes) == ([], [])
        assert state.n_epochs == 1

    def test_a_loss_that_becomes_infinite_later_ends_it(self, new, state, monkeypatch):
        """The state holds the last iteration that was finite."""
        self.fit(new, one := new.state(), max_iter=2)[0].run()
        evaluate = lbfgs.objective

        def diverging(*args):
            value, g = evaluate(*args)
            return (math.nan if state.n_epochs == 2 else value), g

        monkeypatch.setattr(lbfgs, "objective", diverging)
        fit, hooks = self.fit(new, state)
        fit.run()
        assert fit.outcome.end is End.DIVERGED
        assert fit.outcome.diverged_epoch == 3
        assert hooks.outcomes == [fit.outcome]
        assert_array_equal(state.theta, one.theta)
        assert np.isfinite(state.history["loss"]).all()

    def test_a_start_at_the_minimum_is_an_iteration_too(self, new, state):
        self.fit(new, state, tol=1e-9)[0].run()
        before, n = state.theta.copy(), state.n_epochs
        fit, hooks = self.fit(new, state, tol=1e-2)
        fit.run()
        assert fit.outcome.lbfgs.nit == 0
        assert fit.outcome.end is End.CONVERGED
        assert hooks.ended == [n + 1]
        assert_array_equal(state.theta, before)

    def test_a_validation_set_is_evaluated_after_every_iteration(self, new, state, data):
        own = new.data(data.X[:5], data.y[:5])
        fit, _ = self.fit(new, state, new.data(validation=own), max_iter=3)
        fit.run()
        z = own.X @ state.theta[:3, None] + state.theta[3]
        loss = np.logaddexp(0, np.where(own.y, -z, z)).mean()
        assert_allclose(state.history["validation_loss"][-1], loss)
        assert np.isfinite(state.history["validation_score"]).all()
        assert not state.keeps_best

    def test_a_stochastic_optimizer_and_its_average_are_forgotten(self, new, state):
        state.optimizer = OptimizerState.start(Adam(0.9, 0.99, 1e-8), state.theta)
        state.ema = EMA(state.theta, 0.9, np.ones(4), 3)
        self.fit(new, state, max_iter=1)[0].run()
        assert (state.optimizer, state.ema) == (None, None)
        assert state.result is state.theta

    def test_it_draws_nothing(self, new, state):
        before = copy.deepcopy([state.shuffle, state.dropout])
        self.fit(new, state)[0].run()
        assert [state.shuffle.random(), state.dropout.random()] == [r.random() for r in before]

    def test_inputs_are_brought_to_scale(self, new, data):
        state, other = new.state(), new.state()
        state.scaling = Scaling(np.ones(3), np.full(3, 2.0))
        self.fit(new, state, max_iter=5)[0].run()
        self.fit(new, other, new.data((data.X - 1) / 2), max_iter=5)[0].run()
        assert_allclose(state.theta, other.theta, rtol=1e-6)

    def test_a_row_of_weight_two_is_a_row_that_is_there_twice(self, new, data):
        """To the last bit, and a row of weight 0 is not there."""
        w = np.arange(20.0) % 4
        weighted, repeated = new.state(), new.state()
        self.fit(new, weighted, new.data(w=w))[0].run()
        rows = np.repeat(np.arange(20), w.astype(int))
        self.fit(new, repeated, new.data(data.X[rows], data.y[rows]))[0].run()
        assert_array_equal(weighted.theta, repeated.theta)
        assert weighted.history["loss"] == repeated.history["loss"]
        penalty = 0.5 / w.sum() * (weighted.W @ weighted.W)
        assert_allclose(weighted.history["penalty"][-1], penalty, rtol=1e-6)

    def test_float32_parameters_stay_float32(self, new, data):
        state = new.state(dtype=np.float32)
        fit, _ = self.fit(new, state, new.data(data.X.astype("f4"), dtype=np.float32), tol=1e-4)
        fit.run()
        self.fit(new, exact := new.state())[0].run()
        assert state.theta.dtype == np.float32
        assert_allclose(state.theta, exact.theta, atol=2e-3)
