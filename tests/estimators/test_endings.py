"""How a call ends: converged, out of epochs, diverged, refused or interrupted."""

import warnings

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.exceptions import ConvergenceWarning

ignore_short_fits = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # fits of a fixed length on purpose
)

solvers = pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])


class Spy:
    """The identity as an activation; counts its calls and acts at one of them."""

    def __init__(self, at=None, act=None):
        self.n_calls, self.at, self.act = 0, at, act

    def forward(self, xp, z, a):
        self.n_calls += 1
        if self.n_calls == self.at:
            self.act()
        a[...] = z

    def backward(self, xp, z, a, delta):
        pass


def interrupt():
    raise KeyboardInterrupt


class TestConvergence:
    @solvers
    def test_out_of_epochs_warns(self, binary, solver, small):
        with pytest.warns(ConvergenceWarning, match="max_iter"):
            model = small(solver=solver, max_iter=3, tol=0).fit(*binary)
        assert model.n_iter_ == 3

    @solvers
    def test_converged_in_time_does_not_warn(self, binary, solver, small):
        model = small(solver=solver, max_iter=5000, tol=1e-3).fit(*binary)  # warnings are errors
        assert model.n_iter_ < 5000

    @pytest.mark.parametrize("n", [1, 2, 5])
    @pytest.mark.parametrize("early_stopping", [False, True])
    def test_patience_is_counted_from_the_first_epoch(self, binary, n, early_stopping, small):
        """The first epoch always improves on nothing; then n may fail to."""
        stopping = {"early_stopping": True, "validation_fraction": 0.4, "n_updates_no_change": n}
        model = small(n_iter_no_change=n, tol=1e9, **(stopping if early_stopping else {})).fit(
            *binary
        )
        assert model.n_iter_ == 1 + n

    @ignore_short_fits
    def test_endless_patience(self, binary, small):
        model = small(n_iter_no_change=np.inf, tol=1e9, max_iter=40).fit(*binary)
        assert model.n_iter_ == 40

    def test_adaptive_rates_end_training_too(self, binary, small):
        model = small(
            solver="sgd", learning_rate="adaptive", learning_rate_init=0.1, n_iter_no_change=2,
            tol=1e9, max_iter=1000,
        ).fit(*binary)  # fmt: skip
        plateaus = 9  # 0.1 / 5⁸ is the first rate of at most 1e-6
        assert 2 * plateaus - 4 <= model.n_iter_ - 1 <= 2 * plateaus

    @ignore_short_fits
    def test_best_loss(self, binary, small):
        model = small(solver="sgd", learning_rate_init=5.0, max_iter=30).fit(*binary)
        assert model.best_loss_ == min(model.loss_curve_)
        assert model.loss_ == model.loss_curve_[-1]

    def test_max_fun_bounds_the_evaluations_of_lbfgs(self, binary, small):
        spy = Spy()
        with pytest.warns(ConvergenceWarning):
            small(solver="lbfgs", activation=[spy], max_fun=4, max_iter=1000).fit(*binary)
        assert 4 <= spy.n_calls < 30


class TestDivergence:
    def test_lbfgs_is_not_told_to_lower_a_rate_that_it_does_not_have(self, binary, small):
        X, y = binary
        with pytest.raises(ValueError, match="non-finite") as caught:
            small(solver="lbfgs", activation=["identity"]).fit(X * 1e200, y)
        assert "learning_rate_init" not in str(caught.value)
        assert "Scale the features" in str(caught.value)

    @pytest.mark.parametrize("solver", ["sgd", "adam"])
    @pytest.mark.parametrize("early_stopping", [False, True])
    def test_a_loss_that_is_not_finite_ends_training_at_once(
        self, task, solver, early_stopping, small
    ):
        spy = Spy()
        model = small(
            activation=[spy], solver=solver, learning_rate_init=1e300, max_iter=500,
            early_stopping=early_stopping,
        )  # fmt: skip
        with pytest.raises(ValueError, match=r"(?s)finite.*learning_rate_init") as error:
            model.fit(*task)
        assert "1e+300" in str(error.value)
        assert spy.n_calls < 12

    def test_the_message_says_what_to_try(self, binary, small):
        model = small(activation=[Spy()], learning_rate_init=1e300)
        with pytest.raises(ValueError, match=r"(?s)Lower learning_rate_init.*scale"):
            model.fit(*binary)


FAILURES = {
    # parameters, method, and from the data its arguments
    "divergence": (
        {"learning_rate_init": 1e300, "solver": "sgd", "activation": "identity"},
        "fit",
        lambda X, y: (X[:, :3], y),
    ),
    "divergence in partial_fit": (
        {"learning_rate_init": 1e300, "activation": "identity", "batch_size": 4},
        "partial_fit",
        lambda X, y: (X, y, [0, 1]),
    ),
    "missing y": ({}, "fit", lambda X, y: (X[:, :3], None)),
    "NaN": ({}, "fit", lambda X, y: (np.where(X > 1, np.nan, X), y)),
    "lengths": ({}, "fit", lambda X, y: (X[:, :3], y[1:])),
    "continuous y": ({}, "fit", lambda X, y: (X[:, :3], X[:, 0])),
    "weights": ({}, "fit", lambda X, y: (X[:, :3], y, -np.ones(len(y)))),
    "parameter": ({"hidden_layer_sizes": (2.5,)}, "fit", lambda X, y: (X[:, :3], y)),
    "class weights": ({"class_weight": {0: -1}}, "fit", lambda X, y: (X[:, :3], y)),
    "unknown class": ({}, "partial_fit", lambda X, y: (X, y + 1, [0, 1])),
    "features": ({}, "partial_fit", lambda X, y: (X[:, :4], y)),
}


@ignore_short_fits
@pytest.mark.parametrize("fitted", [False, True], ids=["unfitted", "fitted"])
@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize(("params", "method", "arguments"), FAILURES.values(), ids=FAILURES)
def test_a_failed_call_changes_nothing(
    binary, params, method, arguments, fitted, warm_start, small
):
    X, y = binary
    model = small(warm_start=warm_start)
    if fitted:
        model.fit(X, y)
    model.set_params(**params)
    before = joblib.hash(vars(model))
    with pytest.raises((ValueError, TypeError)):
        getattr(model, method)(*arguments(X, y))
    assert joblib.hash(vars(model)) == before
    assert hasattr(model, "coefs_") is fitted


class TestInterrupt:
    @solvers
    def test_ctrl_c_in_the_first_epoch_leaves_nothing_half_done(self, binary, solver, small):
        model = small(solver=solver, activation=[Spy(1, interrupt)], max_iter=50)
        with pytest.raises(KeyboardInterrupt):
            model.fit(*binary)
        assert not [name for name in vars(model) if name.endswith("_")]

    @ignore_short_fits
    def test_ctrl_c_in_partial_fit_keeps_the_model(self, binary, small):
        spy = Spy(act=interrupt)
        model = small(activation=[spy], batch_size=10).fit(*binary)
        before = model.predict_proba(binary[0])
        spy.at = spy.n_calls + 2
        with pytest.raises(KeyboardInterrupt):
            model.partial_fit(*binary)
        assert_array_equal(model.predict_proba(binary[0]), before)


class TestVerbose:
    @ignore_short_fits
    @pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
    def test_one_line_per_epoch(self, binary, solver, capsys, small):
        model = small(verbose=True, solver=solver, max_iter=4).fit(*binary)
        lines = capsys.readouterr().out.splitlines()
        losses = [line for line in lines if "loss" in line]
        assert len(losses) == model.n_iter_ == 4
        for line, loss in zip(losses, model.loss_curve_, strict=True):
            assert f"{loss:.3f}"[:4] in line

    @ignore_short_fits
    def test_silent_by_default(self, binary, capsys, small):
        small().fit(*binary)
        captured = capsys.readouterr()
        assert (captured.out, captured.err) == ("", "")


def test_no_warning_of_numpy_reaches_the_user(binary, small):
    X, y = binary
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="learning_rate_init"):
            small(activation=[Spy()], learning_rate_init=1e300).fit(X, y)
