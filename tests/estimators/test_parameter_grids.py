"""Grids and scripts written for MLPClassifier run unchanged."""

import inspect

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.stats import loguniform, randint, uniform
from sklearn.model_selection import GridSearchCV, ParameterGrid, RandomizedSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier
from skscratch.core.initializers import INITIALIZERS
from skscratch.core.schedules import SCHEDULES

# Short fits on purpose, of both classes.
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    # the same parameters for every solver
    "ignore:Parameters that this fit does not use",
)

# Every value that the reference accepts for a parameter, at its edges where it has edges.
ACCEPTED = {
    "hidden_layer_sizes": [(), [], 5, (5,), [5, 4], np.array([5]), np.int64(5), (5.0,)],
    "activation": ["identity", "logistic", "tanh", "relu"],
    "solver": ["adam", "sgd", "lbfgs"],
    "alpha": [0, 0.0, 1e-4, 10, np.float32(0.1)],
    "batch_size": ["auto", 1, 7, np.int64(7)],
    "learning_rate": ["constant", "invscaling", "adaptive"],
    "learning_rate_init": [1, 1e-8],
    "power_t": [0, 0.5, 2.0],
    "max_iter": [1, np.int64(3)],
    "shuffle": [True, False, np.True_],
    "random_state": [None, 0, np.int64(1), np.random.RandomState(0)],
    "tol": [0, 0.0, 1.0],
    "verbose": [False, 0],
    "warm_start": [True, False],
    "momentum": [0, 0.5, 1],
    "nesterovs_momentum": [True, False],
    "early_stopping": [True, False],
    "validation_fraction": [0.1, 0.5],
    "beta_1": [0, 0.5],
    "beta_2": [0, 0.5],
    "epsilon": [1e-12, 1],
    "n_iter_no_change": [1, 10, np.inf],
    "max_fun": [1, 15000],
}

GRIDS = {
    "depth and rate": {
        "hidden_layer_sizes": [(10,), (10, 5), (5, 10, 5)],
        "learning_rate_init": [0.001, 0.01, 0.1],
    },
    "schedules of sgd": {
        "solver": ["sgd"],
        "learning_rate": ["constant", "invscaling", "adaptive"],
        "momentum": [0.0, 0.9],
        "nesterovs_momentum": [True, False],
    },
    "one for each solver": [
        {"solver": ["lbfgs"], "alpha": 10.0 ** -np.arange(1, 4), "max_iter": [50]},
        {"solver": ["adam"], "beta_1": [0.8, 0.9], "beta_2": [0.99, 0.999]},
        {"solver": ["sgd"], "batch_size": [8, 32, "auto"]},
    ],
    "regularised": {
        "alpha": np.logspace(-4, 1, 3),
        "early_stopping": [True, False],
        "activation": ["tanh", "relu"],
    },
}

FITS = {
    "adam": {"solver": "adam"},
    "sgd": {"solver": "sgd"},
    "lbfgs": {"solver": "lbfgs"},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.4},
}


def test_every_parameter_of_the_reference_is_tried_here():
    assert set(ACCEPTED) == set(MLPClassifier().get_params())


def test_parameters_and_defaults_of_the_reference():
    ours = inspect.signature(ScratchMLPClassifier).parameters
    theirs = inspect.signature(MLPClassifier).parameters
    changed = {name for name in theirs if ours[name].default != theirs[name].default}
    chosen_by_solver_or_data = {"learning_rate_init", "early_stopping"}
    assert changed == chosen_by_solver_or_data | {"hidden_layer_sizes", "alpha"}


@pytest.mark.parametrize("name", ACCEPTED)
def test_every_accepted_value(name, binary, small):
    for value in ACCEPTED[name]:
        model = small(**{"max_iter": 3, name: value}).fit(*binary)
        assert model.predict(binary[0]).shape == (90,)


def test_the_parameters_of_a_reference_model_can_be_handed_over(binary):
    reference = MLPClassifier((7, 3), activation="tanh", max_iter=5, alpha=0.1, random_state=3)
    ours = ScratchMLPClassifier().set_params(**reference.get_params()).fit(*binary)
    assert [W.shape for W in ours.coefs_] == [W.shape for W in reference.fit(*binary).coefs_]


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
def test_grids(grid, multiclass, small):
    search = GridSearchCV(small(max_iter=5), grid, cv=2, error_score="raise").fit(*multiclass)
    assert len(search.cv_results_["params"]) == len(ParameterGrid(grid))
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict_proba(multiclass[0]).shape == (90, 3)


def test_a_random_search_over_what_is_new(multiclass, small):
    space = {
        "activation": ["leaky_relu", "elu", "selu", "softplus", "silu", "gelu", "mish"],
        "learning_rate": [*SCHEDULES],
        "weight_init": [*INITIALIZERS],
        "solver": ["sgd", "adam"],
        "dropout": uniform(0, 0.5),
        "weight_decay": loguniform(1e-6, 1e-1),
        "label_smoothing": uniform(0, 0.2),
        "max_grad_norm": loguniform(0.1, 10),
        "ema_decay": uniform(0, 0.99),
        "warmup_steps": randint(0, 10),
        "decay_rate": uniform(0.1, 0.9),
        "early_stopping": [True, False],
        "scoring": ["loss", "accuracy", "roc_auc_ovr"],
        "refit": [True, False],
    }
    search = RandomizedSearchCV(
        small(max_iter=5), space, n_iter=40, cv=2, random_state=0, error_score="raise"
    ).fit(*multiclass)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict_proba(multiclass[0]).shape == (90, 3)


def test_a_pipeline_grid(multiclass, small):
    pipeline = Pipeline([("scale", StandardScaler()), ("mlp", small())])
    grid = {"scale__with_mean": [True, False], "mlp__hidden_layer_sizes": [(4,), (4, 4)]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(*multiclass)
    assert search.best_estimator_["mlp"].n_layers_ in (3, 4)


def test_a_script_that_reads_the_loss_curve_and_the_weights(multiclass):
    X, y = multiclass
    mlp = ScratchMLPClassifier(
        hidden_layer_sizes=(10,), max_iter=8, alpha=1e-4, solver="sgd", verbose=False, tol=1e-4,
        random_state=1, learning_rate_init=0.2,
    )  # fmt: skip
    mlp.fit(X, y)
    assert mlp.loss_curve_[-1] == mlp.loss_ < mlp.loss_curve_[0]
    first, second = mlp.coefs_
    assert first.min() < 0 < first.max()
    hidden = np.maximum(X @ first + mlp.intercepts_[0], 0)
    scores = hidden @ second + mlp.intercepts_[1]
    assert_array_equal(mlp.predict(X), mlp.classes_[scores.argmax(axis=1)])


def same_kind(ours, theirs):
    """Whether two fitted attributes have the same type, shape and kinds of elements."""
    if isinstance(theirs, np.ndarray):
        return isinstance(ours, np.ndarray) and ours.shape == theirs.shape
    if isinstance(theirs, list):
        return isinstance(ours, list) and same_kind(ours[0], theirs[0])
    if isinstance(theirs, float):
        return isinstance(ours, float)
    return type(ours) is type(theirs)


@pytest.mark.parametrize("params", FITS.values(), ids=FITS)
def test_fitted_attributes(task, params):
    X, y = task
    common = {"hidden_layer_sizes": (6, 4), "max_iter": 7, "early_stopping": False}
    common |= {"random_state": 0, **params}
    ours, theirs = ScratchMLPClassifier(**common).fit(X, y), MLPClassifier(**common).fit(X, y)
    public = [name for name in vars(theirs) if name.endswith("_") and not name.startswith("_")]
    assert len(public) >= 10
    for name in public:
        assert same_kind(getattr(ours, name), getattr(theirs, name)), name
    for name in ("n_layers_", "n_outputs_", "out_activation_", "n_features_in_", "n_iter_"):
        assert getattr(ours, name) == getattr(theirs, name), name
    for name in ("coefs_", "intercepts_"):
        assert [array.shape for array in getattr(ours, name)] == [
            array.shape for array in getattr(theirs, name)
        ]
    assert_array_equal(ours.classes_, theirs.classes_)
    assert len(ours.loss_curve_) == ours.n_iter_
    if "solver" not in params or params["solver"] != "lbfgs":
        assert ours.t_ == theirs.t_
