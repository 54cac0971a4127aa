"""What a regressor learns: in any unit, for several targets, and from each loss.

``tests/core/test_regression_losses`` checks the formulas of the losses.
"""

import warnings
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.metrics import d2_pinball_score, r2_score

from skscratch import ScratchMLPRegressor

short = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # fits of a fixed length on purpose
)
LOSSES = ["squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma"]
IDENTITY = LOSSES[:4]
POSITIVE = LOSSES[4:]

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4))
SIGNAL = X @ [1.0, 2.0, -1.0, 0.0] + np.sin(3 * X[:, 3])
Y = SIGNAL + 0.3 * RNG.normal(size=300)
COUNTS = RNG.poisson(np.exp(SIGNAL / 2)).astype(float)


def new(**params):
    """Return a small model, quick to fit."""
    return ScratchMLPRegressor(
        **{"random_state": 0, "hidden_layer_sizes": (32,), "dtype": "float64"} | params
    )


def targets_of(loss):
    return COUNTS + 1 if loss in POSITIVE else Y


class TestUnits:
    @pytest.mark.parametrize("loss", IDENTITY)
    @pytest.mark.parametrize("unit", [1e-30, 1e-3, 1e30])
    def test_targets_of_any_size_are_learned_alike(self, loss, unit):
        usual = new(loss=loss).fit(X, Y).score(X, Y)
        assert usual > (0.7 if loss == "quantile" else 0.9)  # D² is no square
        assert abs(new(loss=loss).fit(X, Y * unit).score(X, Y * unit) - usual) < 0.04

    @pytest.mark.parametrize("loss", IDENTITY)
    def test_targets_far_from_zero_are_learned_alike(self, loss):
        usual = new(loss=loss).fit(X, Y).predict(X)
        assert_allclose(new(loss=loss).fit(X, Y + 1e6).predict(X) - 1e6, usual, atol=1e-3)

    @pytest.mark.parametrize("loss", POSITIVE)
    @pytest.mark.parametrize("unit", [1e-30, 1e30])
    def test_positive_targets_of_any_size_are_learned_alike(self, loss, unit):
        y = targets_of(loss)
        usual = new(loss=loss).fit(X, y).score(X, y)
        assert usual > 0.5
        assert abs(new(loss=loss).fit(X, y * unit).score(X, y * unit) - usual) < 0.05

    @short
    @pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
    @pytest.mark.parametrize("loss", IDENTITY)
    def test_another_unit_and_origin_give_the_same_predictions_in_that_unit(self, loss, solver):
        """With a factor that is a power of two, even rounding is the same."""
        params = {"loss": loss, "solver": solver, "max_iter": 30}
        usual = new(**params).fit(X, Y).predict(X)
        assert_allclose(new(**params).fit(X, Y * 2.0**20).predict(X), usual * 2.0**20, rtol=1e-9)
        # adding a constant rounds the targets; L-BFGS multiplies the difference
        moved = new(**params).fit(X, Y * 4 - 64).predict(X)
        assert_allclose(moved, usual * 4 - 64, atol=0.05 if solver == "lbfgs" else 1e-8)

    @short
    @pytest.mark.parametrize("loss", POSITIVE)
    def test_positive_targets_in_another_unit_give_the_predictions_in_that_unit(self, loss):
        y = targets_of(loss)
        usual = new(loss=loss, max_iter=30).fit(X, y).predict(X)
        assert_allclose(
            new(loss=loss, max_iter=30).fit(X, y * 2.0**20).predict(X), usual * 2.0**20, rtol=1e-9
        )

    @pytest.mark.parametrize("loss", LOSSES)
    @pytest.mark.parametrize("value", [3.7, 1e-30, 1e30])
    def test_constant_targets_are_predicted(self, loss, value):
        model = new(loss=loss).fit(X, np.full(300, value))
        # the scale of a log link only moves the bias, so it cannot make errors small
        assert_allclose(model.predict(X), value, rtol=0.3 if loss in POSITIVE else 1e-5)

    def test_targets_of_weight_zero_do_not_make_others_less_constant(self):
        y, w = np.full(300, 3.7), np.ones(300)
        y[:9], w[:9] = 1e9, 0
        assert_allclose(new().fit(X, y, w).predict(X), 3.7, rtol=1e-5)

    def test_zeros_are_predicted(self):
        assert_allclose(new().fit(X, np.zeros(300)).predict(X), 0, atol=1e-5)
        counts = new(loss="poisson").fit(X, np.zeros(300)).predict(X)
        assert 0 < counts.min() <= counts.max() < 0.1

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    @pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile"])
    @pytest.mark.parametrize("wild", [1e6, -1e30])
    def test_one_wild_target_changes_little(self, loss, wild):
        y = Y.copy()
        y[7] = wild
        model, others = new(loss=loss).fit(X, y), np.arange(300) != 7
        assert r2_score(Y[others], model.predict(X[others])) > 0.9

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_a_target_that_determines_the_squared_error_is_named(self):
        y = np.c_[Y, Y]
        y[7, 1] = 1e6
        with pytest.warns(
            UserWarning, match=r"Row 7 of y is \(.*, 1e\+06\), so far.*absolute_error"
        ):
            new(max_iter=30).fit(X, y)
        without = (np.arange(300) != 7) * 1.0
        with warnings.catch_warnings():
            warnings.filterwarnings("error", "Row .* of y is")
            new(max_iter=30).fit(X, y, without)
            new(max_iter=30, early_stopping=False).fit(X[:19], Y[:19] ** 9)

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    @pytest.mark.parametrize(
        ("loss", "others"),
        [
            ("squared_error", "loss='gamma' or loss='poisson'"),
            ("poisson", "loss='gamma'"),
            ("gamma", "loss='poisson'"),
        ],
    )
    def test_the_warning_has_row_and_value_apart_and_does_not_advise_the_loss_in_use(
        self, recwarn, loss, others
    ):
        y = np.exp(Y)
        y[[7, 90]] = 1e8
        new(loss=loss, max_iter=5).fit(X, y)
        told = [str(w.message) for w in recwarn if "of y is" in str(w.message)]
        assert told == [
            "Row 7 of y is 1e+08, so far from all others that it dominates the fit. 1 more row "
            "is like it. Replace such values if they are errors. If they are right, "
            "loss='absolute_error' predicts the median, which they hardly change. For the mean of "
            f"positive targets, set {others}."
        ]

    def test_the_loss_in_the_warning_is_that_of_the_targets_trained_on(self):
        """A model that knows nothing costs about ½ standard deviation, in any unit."""
        y = RNG.normal(size=300) * 1e6
        with pytest.warns(
            ConvergenceWarning, match=r"training loss of the model, 0\.\d+, is not clearly"
        ):
            new(learning_rate_init=1e-9, max_iter=20).fit(X, y)

    def test_float32_learns_large_targets(self):
        X32 = X.astype(np.float32)
        model = new(dtype="float32").fit(X32, Y * 1e30)
        assert model.predict(X32).dtype == np.float32
        assert model.score(X32, Y * 1e30) > 0.9


class TestNetwork:
    """The attributes describe a network from raw X to raw y."""

    @short
    @pytest.mark.parametrize("loss", LOSSES)
    def test_the_coefficients_alone_reproduce_the_predictions(self, loss):
        wild = X * [100, 1, 0.01, 1] + [500, 0, 0.1, 0]  # standardised inside
        y = np.c_[targets_of(loss) * 1000, targets_of(loss)[::-1]]
        model = new(loss=loss, hidden_layer_sizes=(64, 32), max_iter=20).fit(wild, y)
        a = wild
        for W, b in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
            a = np.maximum(a @ W + b, 0)
        z = a @ model.coefs_[-1] + model.intercepts_[-1]
        link = "exp" if loss in POSITIVE else "identity"
        assert model.out_activation_ == link
        assert_allclose(model.predict(wild), np.exp(z) if link == "exp" else z, rtol=1e-9)

    def test_a_linear_model_finds_the_line(self):
        model = new(hidden_layer_sizes=(), solver="lbfgs", alpha=0, tol=1e-10)
        model.fit(X, 1000 + 50 * X[:, 0])
        assert_allclose(model.coefs_[0].ravel(), [50, 0, 0, 0], atol=1e-3)
        assert_allclose(model.intercepts_[0], 1000, rtol=1e-6)


class TestSeveralTargets:
    @short
    @pytest.mark.parametrize("loss", LOSSES)
    def test_predictions_have_the_shape_of_the_targets(self, loss):
        y = targets_of(loss)
        model = new(loss=loss, max_iter=3).fit(X, y)
        assert model.predict(X).shape == (300,)
        assert model.n_outputs_ == 1
        with pytest.warns(DataConversionWarning, match="column-vector"):
            column = new(loss=loss, max_iter=3).fit(X, y[:, None])
        assert_array_equal(column.predict(X), model.predict(X))
        several = new(loss=loss, max_iter=3).fit(X, np.c_[y, y, y])
        assert several.predict(X).shape == (300, 3)
        assert several.n_outputs_ == 3

    def test_each_column_is_learned_in_its_own_unit(self):
        y = np.c_[Y * 1e-12, X[:, 1] * 1e12 + 1e14, Y[::-1]]
        p = new().fit(X, y).predict(X)
        scores = r2_score(y, p, multioutput="raw_values")
        assert scores[0] > 0.85
        assert scores[1] > 0.85

    @short
    def test_the_unit_of_one_column_does_not_touch_another(self):
        y = np.c_[Y, X[:, 1] - X[:, 0]]
        usual = new(max_iter=10).fit(X, y).predict(X)
        other = new(max_iter=10).fit(X, y * [1, 2.0**30]).predict(X)
        assert_allclose(other, usual * [1, 2.0**30], rtol=1e-9)

    @short
    def test_the_loss_is_the_sum_over_targets_and_the_steps_follow_its_gradient(self):
        """Elsewhere the loss was divided by the number of targets, and its gradient was not."""
        params = {
            "hidden_layer_sizes": (), "solver": "sgd", "alpha": 0, "max_iter": 1, "momentum": 0,
            "learning_rate_init": 1e-4, "batch_size": 300, "ema_decay": 0.0,
            "early_stopping": False, "weight_init": lambda rng, p, q: np.zeros((p, q)),
        }  # fmt: skip
        one, three = (new(**params).fit(X, y) for y in (Y, np.c_[Y, Y, Y]))
        assert_allclose(three.history_["loss"], 3 * one.history_["loss"], rtol=1e-6)
        # of each column, the gradient is that of its own term
        expected = 1e-4 * X.T @ (Y - Y.mean()) / 300
        assert_allclose(three.coefs_[0], np.c_[expected, expected, expected], rtol=1e-9)


class TestQuantiles:
    LEVELS = (0.1, 0.5, 0.9)

    def test_levels_do_not_cross_and_cover_what_they_say(self):
        rng = np.random.default_rng(1)
        X = rng.uniform(-2, 2, size=(4000, 1))
        y = 100 * (np.sin(2 * X[:, 0]) + (0.2 + 0.1 * X[:, 0] ** 2) * rng.normal(size=4000))
        model = ScratchMLPRegressor("quantile", quantile=self.LEVELS, random_state=0)
        p = model.fit(X[:2000], y[:2000]).predict(X[2000:])
        assert p.shape == (2000, 3)
        assert (np.diff(p, axis=1) >= 0).all()
        assert_allclose((y[2000:, None] <= p).mean(axis=0), self.LEVELS, atol=0.04)
        wide = np.abs(X[2000:, 0]) > 1.5
        assert np.ptp(p, axis=1)[wide].mean() > 1.5 * np.ptp(p, axis=1)[~wide].mean()

    @short
    def test_the_score_is_the_mean_D2_of_the_levels(self):
        levels = [0.05, 0.45, 0.9]
        model = new(loss="quantile", quantile=levels, max_iter=20).fit(X, Y)
        each = [
            d2_pinball_score(Y, column, alpha=level)
            for column, level in zip(model.predict(X).T, levels, strict=True)
        ]
        assert model.score(X, Y) == pytest.approx(np.mean(each), abs=2e-3)

    @short
    def test_a_level_in_a_list_of_one_is_that_level(self):
        one = new(loss="quantile", quantile=[0.3], max_iter=3).fit(X, Y).predict(X)
        assert_array_equal(one, new(loss="quantile", quantile=0.3, max_iter=3).fit(X, Y).predict(X))
        assert one.shape == (300,)

    @short
    def test_the_median_is_the_absolute_error(self):
        p, q = (new(loss=loss, max_iter=50).fit(X, Y).predict(X) for loss in IDENTITY[1:4:2])
        assert r2_score(p, q) > 0.97


class TestScores:
    @short
    @pytest.mark.parametrize("loss", LOSSES)
    @pytest.mark.parametrize("n_targets", [1, 2])
    def test_the_validation_score_is_R2_or_D2(self, loss, n_targets):
        y = targets_of(loss)
        y = y if n_targets == 1 else np.c_[y, 1000 * y[::-1]]
        w = np.random.default_rng(2).uniform(0.5, 2, size=100)
        model = new(loss=loss, max_iter=1, early_stopping=False, n_members=1, ema_decay=0.0).fit(
            X[100:], y[100:], X_val=X[:100], y_val=y[:100], sample_weight_val=w
        )
        measure = partial(d2_pinball_score, alpha=0.5) if loss == "quantile" else r2_score
        expected = measure(y[:100], model.predict(X[:100]), sample_weight=w)
        assert_allclose(model.validation_scores_, [expected], rtol=1e-6)
        assert_allclose(model.score(X[:100], y[:100], w), expected)

    @pytest.mark.parametrize("loss", POSITIVE)
    def test_predictions_of_a_log_link_are_positive(self, loss):
        model = new(loss=loss).fit(X, targets_of(loss))
        assert model.predict(100 * X).min() > 0

    @pytest.mark.parametrize("standardised", [False, True])
    def test_real_targets_need_no_scaling(self, standardised):
        """Elsewhere R² was -330 on the raw target."""
        data, y = load_diabetes(return_X_y=True)
        y = (y - y.mean()) / y.std() if standardised else y * 50 + 1000
        model = ScratchMLPRegressor(random_state=0).fit(data[:300], y[:300])
        assert model.score(data[300:], y[300:]) > 0.4
