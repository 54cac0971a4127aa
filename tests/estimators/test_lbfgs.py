"""A fit by L-BFGS: what it records, how it ends, and what is left if it ends badly."""

import math
import re
import warnings
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import OptimizeResult
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from skscratch.estimators._callbacks import NoCallbacks
from skscratch.estimators._fitted import published
from skscratch.estimators._messages import complaint
from skscratch.training import lbfgs as module
from skscratch.training.lbfgs import LBFGSFit
from tests.estimators.bomb import Bomb, interrupt

short = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def new_fit(model, config, state, data):
    """Return a fit that prints what the model asks for."""
    hooks = NoCallbacks(model)
    hooks.begin(config, state, keep_optimizer=False)
    return LBFGSFit(config, config.optimizer, state, data, hooks)


def descend(start, model, X, y, **arguments):
    """Return the state of a fit, and warn of what it has to say."""
    config, state, data = start(model, X, y, **arguments)
    fit = new_fit(model, config, state, data)
    with np.errstate(all="ignore"):
        fit.run()
    if message := complaint(model, config, fit.outcome):
        warnings.warn(message, ConvergenceWarning, stacklevel=2)
    return state


def linear_gradient(model, X, y):
    """Return the gradient of a linear model's loss and penalty."""
    delta = (model.predict_proba(X)[:, 1] - y) / len(y)
    return np.array([*(X.T @ delta + model.alpha / len(y) * model.coefs_[0][:, 0]), delta.sum()])


@pytest.fixture
def lbfgs(small):
    """Return a small model with this solver; keywords override."""
    return partial(small, solver="lbfgs")


class TestHistory:
    @short
    def test_every_iteration_is_recorded(self, task, lbfgs, start, monkeypatch):
        times = iter(range(100))
        monkeypatch.setattr(module, "perf_counter", lambda: float(next(times)))
        run = descend(start, lbfgs(max_iter=6), *task)
        assert run.n_epochs == len(run.history) == 6
        columns = run.history.arrays()
        assert [*columns] == ["loss", "penalty", "gradient_norm", "seconds"]
        assert (np.diff(columns["loss"] + columns["penalty"]) <= 0).all()
        assert_array_equal(columns["seconds"], 1)
        assert run.n_samples_seen == 0

    @short
    def test_the_loss_is_that_of_the_parameters_and_so_is_the_penalty(self, binary, lbfgs):
        X, y = binary
        model = lbfgs(alpha=9.0, max_iter=5).fit(X, y)
        penalty = 0.5 * 9 / 90 * sum((W**2).sum() for W in model.coefs_)
        assert_allclose(model.history_["penalty"][-1], penalty)
        assert_allclose(model.history_["loss"][-1], log_loss(y, model.predict_proba(X)))
        assert_allclose(model.loss_, model.history_["loss"][-1] + penalty)

    @short
    def test_the_norm_is_that_of_the_gradient_where_the_iteration_ended(self, binary, lbfgs):
        X, y = binary
        params = {"hidden_layer_sizes": (), "alpha": 9.0, "max_iter": 3}
        model = lbfgs(**params).fit(X, y)
        norm = np.linalg.norm(linear_gradient(model, X, y))
        assert_allclose(model.history_["gradient_norm"][-1], norm, rtol=1e-6)

    @short
    def test_a_validation_set_is_recorded_and_decides_nothing(self, multiclass, lbfgs, start):
        X, y = multiclass
        model, plain = lbfgs(max_iter=5), lbfgs(max_iter=5)
        run = descend(start, model, X[:60], y[:60], validation=(X[60:], y[60:], None))
        without = descend(start, plain, X[:60], y[:60])
        assert_array_equal(run.result, without.result)
        vars(model).update(published(model, run, False))
        losses = run.history["validation_loss"]
        assert len(losses) == 5
        assert_allclose(losses[-1], log_loss(y[60:], model.predict_proba(X[60:])))
        assert run.history["validation_score"][-1] == model.score(X[60:], y[60:])

    @short
    def test_nothing_is_held_out(self, binary, lbfgs, start):
        model = lbfgs(max_iter=3, early_stopping=True, validation_fraction=0.4)
        run = descend(start, model, *binary)
        plain = descend(start, lbfgs(max_iter=3), *binary)
        assert_array_equal(run.result, plain.result)
        assert "validation_loss" not in run.history.arrays()

    @short
    def test_a_line_an_iteration_if_asked_for(self, binary, lbfgs, start, capsys):
        descend(start, lbfgs(max_iter=3, verbose=True), *binary)
        *lines, ended, kept = capsys.readouterr().out.splitlines()
        assert [line.split()[:2] for line in lines] == [["iteration", f"{i}"] for i in (1, 2, 3)]
        assert re.match("ended after iteration 3: STOP: TOTAL NO. .* REACHED LIMIT", ended)
        assert kept == "kept: the parameters of the last iteration"

    def test_the_last_line_says_that_it_has_converged(self, binary, lbfgs, start, capsys):
        model = lbfgs(hidden_layer_sizes=(), verbose=True, alpha=9.0, max_iter=500)
        run = descend(start, model, *binary)
        ended = capsys.readouterr().out.splitlines()[-2]
        assert re.match(f"ended after iteration {run.n_epochs}: CONVERGENCE: ", ended)

    def test_the_last_line_says_that_ctrl_c_ended_it(self, binary, lbfgs, start, capsys):
        model = lbfgs(activation=[Bomb(9, interrupt)], verbose=True)
        config, run, data = start(model, *binary)
        with pytest.raises(KeyboardInterrupt):
            new_fit(model, config, run, data).run()
        ended = capsys.readouterr().out.splitlines()[-2]
        assert ended == f"ended after iteration {run.n_epochs}: Ctrl-C"

    @short
    def test_the_last_line_says_that_it_has_diverged(self, binary, lbfgs, start, capsys):
        run = descend(start, lbfgs(activation=[Bomb(9, lasting=True)], verbose=True), *binary)
        ended = capsys.readouterr().out.splitlines()[-2]
        assert ended.startswith(f"ended after iteration {run.n_epochs}: the loss or a parameter")

    def test_a_start_that_is_a_minimum_is_one_iteration(self, lbfgs, start):
        """Nothing to learn from: the gradient is zero, and SciPy makes no step."""
        model = lbfgs(hidden_layer_sizes=(), alpha=0.0)
        run = descend(start, model, np.zeros((4, 1)), np.array([0, 1, 0, 1]))
        assert run.n_epochs == 1
        assert_allclose(run.history["loss"], math.log(2))

    @short
    def test_what_another_solver_remembers_is_forgotten(self, binary, small, lbfgs, start):
        model = small(warm_start=True, ema_decay=0.9).fit(*binary)
        model.set_params(solver="lbfgs")
        run = descend(start, model, *binary, is_initial=False)
        assert (run.optimizer, run.ema) == (None, None)
        assert run.n_epochs > model.n_iter_ == 15


class TestEnd:
    @pytest.mark.parametrize("weighted", [False, True])
    def test_converged_it_is_at_the_minimum(self, binary, weighted, lbfgs, start):
        """Warnings are errors. Rows of weight zero count neither in the loss nor in alpha."""
        X, y = binary
        w = np.arange(90.0) % 3 if weighted else None
        model = lbfgs(hidden_layer_sizes=(), alpha=1.0, max_iter=500, tol=1e-8)
        run = descend(start, model, X, y, sample_weight=w)
        reference = LogisticRegression(C=1, tol=1e-10).fit(X, y, w)
        assert_allclose(run.result, [*reference.coef_[0], *reference.intercept_], atol=1e-3)

    def test_it_ends_when_no_entry_of_the_gradient_is_larger_than_tol(self, binary, lbfgs):
        X, y = binary
        params = {"hidden_layer_sizes": (), "alpha": 9.0, "max_iter": 500}
        lengths = []
        for tol in (1e-2, 1e-5):
            model = lbfgs(tol=tol, **params).fit(X, y)
            assert np.abs(linear_gradient(model, X, y)).max() <= tol
            lengths.append(model.n_iter_)
        assert lengths[0] < lengths[1]

    @pytest.mark.parametrize(
        ("params", "words"),
        [
            ({"max_iter": 3}, r"after 3 iterations \(max_iter=3\)"),
            ({"max_fun": 4}, r"evaluations \(max_fun=4\)"),
        ],
    )
    def test_a_limit_that_ends_it_is_named(self, binary, params, words, lbfgs, start):
        with pytest.warns(ConvergenceWarning, match=f"L-BFGS ended before it converged.*{words}"):
            descend(start, lbfgs(**{"max_iter": 1000, "tol": 0, **params}), *binary)

    @short
    def test_smoothed_labels_are_trained_on(self, binary, lbfgs, start):
        """At the minimum no direction of X is left in what remains of the targets."""
        X, y = binary
        model = lbfgs(hidden_layer_sizes=(), label_smoothing=0.5, alpha=0.0, max_iter=500)
        run = descend(start, model, X, y)
        p = 1 / (1 + np.exp(-(X @ run.result[:5] + run.result[5])))
        rest = p - (0.5 * y + 0.25)
        assert_allclose([*X.T @ rest / 90, rest.mean()], 0, atol=1e-4)


class TestInterrupt:
    def test_ctrl_c_leaves_the_last_whole_iteration(self, binary, lbfgs, start):
        model = lbfgs(activation=[Bomb(9, interrupt)])
        config, run, data = start(model, *binary)
        with pytest.raises(KeyboardInterrupt):
            new_fit(model, config, run, data).run()
        n = run.n_epochs
        assert 1 < n < 9
        plain = lbfgs(activation="identity", max_iter=n)
        with pytest.warns(ConvergenceWarning):
            whole = descend(start, plain, *binary)
        assert_array_equal(run.result, whole.result)
        assert run.history["loss"] == whole.history["loss"]

    def interrupted_while_scored(self, start, lbfgs, X, y):
        """Return a run whose third iteration could not be scored."""
        bomb = Bomb(3, interrupt)

        def score(estimator, X, y):
            bomb.forward(0, np.zeros(1))
            return 0.5

        model = lbfgs(scoring=score)
        config, run, data = start(model, X, y, validation=(X, y, None))
        with pytest.raises(KeyboardInterrupt):
            new_fit(model, config, run, data).run()
        return run

    def test_an_iteration_that_could_not_be_scored_does_not_count(self, binary, lbfgs, start):
        run = self.interrupted_while_scored(start, lbfgs, *binary)
        assert run.n_epochs == len(run.history) == 2
        assert run.history["validation_score"] == [0.5, 0.5]

    def test_nor_are_its_parameters_kept(self, binary, lbfgs, start):
        run = self.interrupted_while_scored(start, lbfgs, *binary)
        with pytest.warns(ConvergenceWarning):
            whole = descend(start, lbfgs(max_iter=2), *binary)
        assert_array_equal(run.result, whole.result)

    def test_before_the_first_iteration_it_leaves_the_start(self, binary, lbfgs, start):
        model = lbfgs(activation="identity")
        config, run, data = start(model, *binary)
        before, fit = run.theta.copy(), new_fit(model, config, run, data)
        arch = replace(run.arch, activations=(Bomb(1, interrupt),))
        fit.network = fit.network._replace(arch=arch)
        with pytest.raises(KeyboardInterrupt):
            fit.run()
        assert run.n_epochs == 0
        assert_array_equal(run.result, before)


class TestDivergence:
    def test_the_last_iteration_before_is_kept_with_a_warning(self, binary, lbfgs, start):
        model = lbfgs(activation=[Bomb(9, lasting=True)])
        with pytest.warns(ConvergenceWarning, match=r"non-finite.*parameters of the last iter"):
            run = descend(start, model, *binary)
        n = run.n_epochs
        assert 1 < n < 9
        with pytest.warns(ConvergenceWarning):
            whole = descend(start, lbfgs(activation="identity", max_iter=n), *binary)
        assert_array_equal(run.result, whole.result)
        assert np.isfinite(run.history["loss"]).all()

    def test_at_once_it_is_an_error(self, binary, lbfgs, start):
        X, y = binary
        with pytest.raises(ValueError, match="Scale the features"):
            lbfgs(activation="identity").fit(X * 1e200, y)

    @pytest.mark.parametrize(
        ("loss", "weight"), [(math.nan, 2.0), (math.inf, 2.0), (0.5, 1e200)], ids=str
    )
    def test_an_iteration_that_ends_out_of_bounds_is_the_last_and_not_recorded(
        self, binary, loss, weight, lbfgs, start, monkeypatch
    ):
        """SciPy's part is played: it seldom comes to that."""

        def minimize(theta, loss_and_grad, after_iteration, **options):
            theta[:] = 1.0
            after_iteration(0.7)
            theta[:] = weight
            with pytest.raises(StopIteration):
                after_iteration(loss)
            return OptimizeResult(fun=loss, success=False)

        monkeypatch.setattr("skscratch.training.lbfgs.minimize", minimize)
        with pytest.warns(ConvergenceWarning, match="non-finite"):
            run = descend(start, lbfgs(), *binary)
        assert_array_equal(run.result, 1)
        assert run.n_epochs == 1
