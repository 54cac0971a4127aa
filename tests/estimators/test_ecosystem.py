"""scikit-learn's own tools at work on the estimator, each judged by its result."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy.stats import loguniform
from sklearn import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_val_score,
    learning_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from tests.models import quick

# Searches and ensembles fit many short models on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(X), np.array(["setosa", "versicolor", "virginica"])[y]


def test_pipeline_on_mixed_data():
    """The label is an exclusive or of a number's sign and a colour: no linear model learns it."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "height": rng.normal(170, 10, 400),
            "colour": rng.choice(["red", "green"], 400),
            "member": rng.choice([True, False], 400),
        }
    )
    y = np.where((X["height"] > 170) ^ (X["colour"] == "red"), "yes", "no")
    columns = make_column_transformer(
        (StandardScaler(), ["height"]), (OneHotEncoder(), ["colour", "member"])
    )
    train, test = slice(0, 300), slice(300, 400)
    model = make_pipeline(columns, quick(max_iter=100)).fit(X[train], y[train])
    linear = make_pipeline(columns, LogisticRegression()).fit(X[train], y[train])
    assert model.score(X[test], y[test]) > 0.9 > 0.7 > linear.score(X[test], y[test])
    assert_array_equal(model.classes_, ["no", "yes"])


def test_clone_is_unfitted_and_equal(iris):
    model = quick(alpha=0.3, activation=("tanh",)).fit(*iris)
    copied = clone(model)
    assert copied.get_params() == model.get_params()
    assert not [name for name in vars(copied) if name.endswith("_")]
    assert_array_equal(copied.fit(*iris).predict_proba(iris[0]), model.predict_proba(iris[0]))


def test_grid_search_tells_good_from_bad(iris):
    grid = {"learning_rate_init": [1e-6, 0.02], "hidden_layer_sizes": [(4,), (16, 8)]}
    search = GridSearchCV(quick(), grid, cv=3).fit(*iris)
    assert search.best_params_["learning_rate_init"] == 0.02
    assert search.best_score_ > 0.93
    assert search.score(*iris) > 0.95


def test_grid_search_through_a_pipeline(iris):
    pipeline = make_pipeline(StandardScaler(), quick())
    grid = {"scratchmlpclassifier__alpha": [1e-4, 1e4]}
    search = GridSearchCV(pipeline, grid, cv=3, scoring="neg_log_loss").fit(*iris)
    assert search.best_params_ == {"scratchmlpclassifier__alpha": 1e-4}


def test_randomized_search(iris):
    search = RandomizedSearchCV(
        quick(), {"learning_rate_init": loguniform(1e-6, 1e-1)}, n_iter=8, cv=3, random_state=0
    ).fit(*iris)
    rates = search.cv_results_["param_learning_rate_init"].astype(float)
    assert np.corrcoef(np.log(rates), search.cv_results_["mean_test_score"])[0, 1] > 0.5
    assert search.best_score_ > 0.9


def test_halving_search_with_epochs_as_the_resource(iris):
    search = HalvingGridSearchCV(
        quick(),
        {"learning_rate_init": [1e-7, 1e-6, 0.02]},
        resource="max_iter",
        min_resources=3,
        max_resources=27,
        cv=3,
        n_jobs=2,
        random_state=0,
    ).fit(*iris)
    assert search.n_resources_ == [3, 9]
    assert search.best_params_ == {"max_iter": 9, "learning_rate_init": 0.02}
    assert search.best_estimator_.n_iter_ == 9


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_cross_val_predict(iris, method):
    X, y = iris
    out = cross_val_predict(quick(), X, y, method=method)
    predicted = out if method == "predict" else np.unique(y)[out.argmax(axis=1)]
    assert (predicted == y).mean() > 0.93


def test_parallel_cross_validation_equals_serial(iris):
    scores = cross_val_score(quick(), *iris, n_jobs=2)
    assert_array_equal(scores, cross_val_score(quick(), *iris))
    assert scores.mean() > 0.93


ENSEMBLES = {
    "bagging": lambda: BaggingClassifier(quick(batch_size=16), n_estimators=5, random_state=0),
    "soft voting": lambda: VotingClassifier(
        [("net", quick()), ("linear", LogisticRegression())], voting="soft"
    ),
    "stacking": lambda: StackingClassifier(
        [("net", quick()), ("sgd", quick(solver="sgd"))], LogisticRegression(), cv=3
    ),
    "boosting": lambda: AdaBoostClassifier(quick(), n_estimators=5, random_state=0),
    "one against the rest": lambda: OneVsRestClassifier(quick()),
    "one against one": lambda: OneVsOneClassifier(quick()),
}


@pytest.mark.parametrize("ensemble", ENSEMBLES.values(), ids=ENSEMBLES)
@pytest.mark.parametrize("weighted", [False, True])
def test_ensembles(iris, ensemble, weighted):
    X, y = iris
    accepts = not isinstance(ensemble(), OneVsRestClassifier | OneVsOneClassifier)
    params = {"sample_weight": np.linspace(0.5, 1.5, len(y))} if weighted and accepts else {}
    model = ensemble().fit(X, y, **params)
    assert model.score(X, y) > 0.93
    assert_array_equal(model.classes_, np.unique(y))


def test_boosting_turns_to_the_rows_that_were_wrong():
    """Each small net fits a corner of the checkerboard; the weights send the next elsewhere."""
    X = np.random.default_rng(0).uniform(-2, 2, (300, 2))
    y = (np.floor(X).sum(axis=1) % 2).astype(int)
    weak = quick(hidden_layer_sizes=(6,), max_iter=60)
    boosted = AdaBoostClassifier(weak, n_estimators=30, random_state=0).fit(X, y)
    assert boosted.score(X, y) > weak.fit(X, y).score(X, y) + 0.1


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibration(method):
    """A net that has learned noisy labels by heart is far too sure of itself, and is mended."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 8))
    y = (X[:, 0] > 0) ^ (rng.random(400) < 0.25)
    train, test = slice(0, 200), slice(200, 400)
    net = quick(max_iter=300, alpha=0, tol=0).fit(X[train], y[train])
    mended = CalibratedClassifierCV(net, method=method, cv=3).fit(X[train], y[train])
    raw, calibrated = (
        brier_score_loss(y[test], model.predict_proba(X[test])[:, 1]) for model in (net, mended)
    )
    assert calibrated < raw - 0.05


def test_multi_output(iris):
    X, y = iris
    targets = np.c_[y, np.where(X[:, 0] > 0, "long", "short")]
    model = MultiOutputClassifier(quick()).fit(X, targets)
    assert (model.predict(X) == targets).mean() > 0.93
    assert [proba.shape for proba in model.predict_proba(X)] == [(150, 3), (150, 2)]


def test_permutation_importance_finds_the_feature_that_matters():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    model = quick().fit(X, X[:, 2] > 0)
    importance = permutation_importance(model, X, X[:, 2] > 0, random_state=0).importances_mean
    assert importance.argmax() == 2
    assert importance[2] > 0.3 > 0.05 > np.delete(importance, 2).max()


def test_incremental_learning_curve(iris):
    sizes, train, test = learning_curve(
        quick(batch_size=4),
        *iris,
        train_sizes=[0.1, 0.5, 1.0],
        cv=3,
        shuffle=True,
        random_state=0,
        exploit_incremental_learning=True,
    )
    assert_array_equal(sizes, [10, 50, 100])
    assert train.shape == test.shape == (3, 3)
    assert test[-1].mean() > 0.8 > test[0].mean()
