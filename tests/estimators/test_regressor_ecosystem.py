"""A regressor in the hands of scikit-learn's tools, and what went wrong in other networks there."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes
from sklearn.ensemble import StackingRegressor
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, learning_curve
from sklearn.multioutput import MultiOutputRegressor, RegressorChain
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # a few epochs suffice
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 3))
Y = 1000 + 50 * X[:, 0] + 20 * X[:, 1] + RNG.normal(size=200)


def quick(**params):
    """Return a model that learns what is easy; searches and ensembles fit many of them."""
    settings = {"hidden_layer_sizes": (16,), "max_iter": 60, "random_state": 0}
    return ScratchMLPRegressor(**settings | params)


class TestMetaEstimators:
    def test_a_transformed_target_of_another_unit_gives_the_same_model(self):
        inside = TransformedTargetRegressor(
            quick(), func=lambda y: y * 1024, inverse_func=lambda y: y / 1024
        )
        assert_allclose(inside.fit(X, Y).predict(X), quick().fit(X, Y).predict(X), rtol=1e-9)

    def test_a_logarithm_of_the_target_is_undone(self):
        inside = TransformedTargetRegressor(quick(), func=np.log, inverse_func=np.exp)
        expected = np.exp(quick().fit(X, np.log(Y)).predict(X))
        assert_allclose(inside.fit(X, Y).predict(X), expected)
        assert inside.score(X, Y) > 0.95

    def test_one_model_per_target(self):
        several = MultiOutputRegressor(quick()).fit(X, np.c_[Y, -Y])
        assert_array_equal(several.predict(X)[:, 0], quick().fit(X, Y).predict(X))
        assert_array_equal(several.predict(X)[:, 1], quick().fit(X, -Y).predict(X))

    def test_a_chain_feeds_the_targets_on(self):
        """The second target is the first, which no feature knows."""
        hidden = RNG.normal(size=200)
        chain = RegressorChain(quick(), order=[0, 1]).fit(X, np.c_[hidden, 7 * hidden])
        given = np.c_[X, hidden]
        assert_array_equal(
            chain.estimators_[1].predict(given), quick().fit(given, 7 * hidden).predict(given)
        )

    def test_a_stack_weighs_it_by_what_it_predicts(self):
        models = [("net", quick()), ("line", LinearRegression())]
        curved = Y + 60 * X[:, 2] ** 2
        stack = StackingRegressor(models, LinearRegression(), cv=3).fit(X, curved)
        assert stack.final_estimator_.coef_[0] > 0.8
        assert stack.score(X, curved) > 0.9


class TestModelSelection:
    def test_predictions_of_folds_are_those_of_their_fits(self):
        folds = KFold(4)
        predicted = cross_val_predict(quick(), X, Y, cv=folds)
        for train, test in folds.split(X):
            own = quick().fit(X[train], Y[train]).predict(X[test])
            assert_allclose(predicted[test], own)

    def test_predictions_of_folds_have_a_column_for_each_level(self):
        model = quick(loss="quantile", quantile=[0.1, 0.9])
        predicted = cross_val_predict(model, X, Y, cv=3)
        assert predicted.shape == (200, 2)
        assert 0.6 < ((predicted[:, 0] <= Y) & (predicted[:, 1] >= Y)).mean() < 0.98

    def test_a_grid_of_an_mlp_regressor_runs(self):
        grid = {
            "hidden_layer_sizes": [(8,), (8, 4)], "activation": ["tanh"], "solver": ["adam", "sgd"],
            "alpha": [1e-4, 1e3], "learning_rate_init": [0.01],
        }  # fmt: skip
        assert {*grid} <= {*MLPRegressor().get_params()}
        search = GridSearchCV(quick(max_iter=20), grid, cv=2, error_score="raise").fit(X, Y)
        assert search.best_params_["alpha"] == 1e-4
        assert search.best_score_ > 0.8

    def test_more_rows_make_a_better_model(self):
        sizes, _, scores = learning_curve(
            quick(), X, Y, train_sizes=[20, 130], cv=3, scoring="neg_root_mean_squared_error"
        )
        assert_array_equal(sizes, [20, 130])
        assert scores[1].mean() > scores[0].mean()

    @pytest.mark.parametrize("scoring", ["neg_mean_absolute_error", "r2", None])
    def test_a_scorer_decides_when_to_stop(self, scoring):
        model = quick(scoring=scoring, early_stopping=True, n_members=1, ema_decay=0.0)
        model.fit(X[50:], Y[50:], X_val=X[:50], y_val=Y[:50])
        errors = np.abs(model.predict(X[:50]) - Y[:50])
        expected = model.score(X[:50], Y[:50])
        if scoring == "neg_mean_absolute_error":
            expected = -errors.mean()
        assert model.best_validation_score_ == pytest.approx(expected)


class TestInspection:
    def test_the_partial_dependence_of_a_linear_target_is_a_line(self):
        found = partial_dependence(quick().fit(X, Y), X, [0], grid_resolution=5)
        grid, average = found["grid_values"][0], found["average"][0]
        slope = np.polyfit(grid, average, 1)[0]
        assert slope == pytest.approx(50, rel=0.1)

    def test_the_important_feature_is_found(self):
        found = permutation_importance(quick().fit(X, Y), X, Y, n_repeats=3, random_state=0)
        assert_array_equal(np.argsort(found.importances_mean), [2, 1, 0])
        # shuffling a feature doubles its part of the variance
        assert found.importances_mean[0] == pytest.approx(2 * 50**2 / Y.var(), rel=0.3)


class TestElsewhere:
    """How other regressors with this interface have misbehaved, as what should happen."""

    @pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber", "poisson"])
    @pytest.mark.parametrize("n_targets", [1, 3])
    def test_a_step_follows_the_slope_of_the_loss_that_is_reported(self, loss, n_targets):
        """Elsewhere the loss of three targets fell three times as fast as its gradient said."""
        rng = np.random.default_rng(1)
        draw = rng.standard_exponential if loss == "poisson" else rng.normal
        y = draw(size=(200, n_targets)).squeeze()
        params = {
            "loss": loss, "solver": "sgd", "momentum": 0, "alpha": 0, "batch_size": 200,
            "early_stopping": False, "ema_decay": 0.0, "n_members": 1, "standardize": False,
            "tol": 0, "learning_rate_init": 1e-6, "max_iter": 2, "activation": "tanh",
            "dtype": "float64",
        }  # fmt: skip
        history = quick(**params).fit(X, y, rng.uniform(0.5, 2, size=200)).history_
        fallen = history["loss"][0] - history["loss"][1]
        assert fallen == pytest.approx(1e-6 * history["gradient_norm"][0] ** 2, rel=1e-2)

    def test_negative_counts_are_refused(self):
        """Elsewhere they were fitted."""
        with pytest.raises(ValueError, match="targets of at least 0"):
            quick(loss="poisson").fit(X, Y - 1000)

    def test_a_raw_target_is_learned_as_well_as_a_standardised_one(self):
        """Elsewhere R² was -330 for a mean of 1000 and a standard deviation of 50."""
        y = StandardScaler().fit_transform(Y[:, None]).ravel()
        scores = [quick().fit(X, target).score(X, target) for target in (Y, y)]
        assert scores[0] > 0.99
        assert scores[0] == pytest.approx(scores[1], abs=0.005)

    def test_without_a_second_thought(self):
        data, y = load_diabetes(return_X_y=True)
        model = make_pipeline(StandardScaler(), ScratchMLPRegressor(random_state=0))
        assert model.fit(data[:300], y[:300]).score(data[300:], y[300:]) > 0.4

    def test_a_full_batch_solver_has_no_partial_fit(self):
        """Elsewhere hasattr said it had."""
        assert hasattr(ScratchMLPRegressor(), "partial_fit")
        assert not hasattr(ScratchMLPRegressor(solver="lbfgs"), "partial_fit")
