"""A fit that has learned nothing names the parameters that explain it."""

import re
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from skscratch.core.activations import LeakyReLU
from skscratch.core.schedules import Constant

X, Y = load_iris(return_X_y=True)
X = scale(X)
LEARNS = {"learning_rate_init": 0.01, "batch_size": 32, "max_iter": 60, "n_iter_no_change": 1000}
DEEP = {"hidden_layer_sizes": (8,) * 20}

# The parameters, and what the warning says of them.
CASES = {
    "a rate too high": ({"learning_rate_init": 1e30}, r"learning_rate_init=1e\+30.*: lower it"),
    "a rate too high for SGD": (
        {"solver": "sgd", "learning_rate_init": 100.0, "max_grad_norm": 1.0},
        "learning_rate_init=100, where 'auto' is 0.01: lower it",
    ),
    "a rate too low": ({"learning_rate_init": 1e-9}, "learning_rate_init=1e-09.*: raise it"),
    "a rate of nothing": (
        {"learning_rate": lambda step: 0.0, "learning_rate_init": "auto"},
        "learning_rate gave rates of at most 0: start near 0.001",
    ),
    "a schedule too high": (
        {"learning_rate": Constant(1e4), "learning_rate_init": "auto"},
        r"learning_rate gave rates of up to 1e\+04: start near",
    ),
    "a schedule that is over at once": (
        {"learning_rate": "step", "decay_rate": 1e-6, "decay_steps": 1, "learning_rate_init": 2e-4},
        "learning_rate='step' soon lowered the rate to less.*decay_steps or decay_rate",
    ),
    "a warm-up without end": (
        {"warmup_steps": 10**9},
        "warmup_steps=1000000000 is longer than training, which took 300 updates: lower it",
    ),
    "weight decay": (
        {"weight_decay": 100.0},
        "weight_decay=100 shrinks the weights to zero",
    ),
    "a penalty": ({"alpha": 1e9, "solver": "lbfgs"}, r"alpha=1e\+09 is a heavy penalty for 150"),
    "a tolerance": (
        {"tol": 1e9, "solver": "lbfgs"},
        r"tol=1e\+09 ended training after 1 epoch\(s\): lower it",
    ),
    "a tolerance for Adam": (
        {"tol": 1e9, "n_iter_no_change": 1, "batch_size": 150, "learning_rate_init": 2e-4},
        r"tol=1e\+09 ended training after 2 epoch\(s\): lower it",
    ),
    "patience": (
        {"n_iter_no_change": 1, "tol": 0.005, "batch_size": 150, "learning_rate_init": 2e-4},
        "n_iter_no_change=1 ended training after",
    ),
    "too few epochs": (
        {"max_iter": 2, "batch_size": 150, "learning_rate_init": 2e-4},
        "ended at max_iter=2: raise it",
    ),
    "many logistic layers": (
        {**DEEP, "activation": "logistic"},
        "activation='logistic' saturates, and 20 such layers.*use 'relu'",
    ),
    "many logistic layers, L-BFGS": (
        {**DEEP, "activation": "logistic", "solver": "lbfgs"},
        "activation='logistic' saturates, and 20 such layers.*hidden_layer_sizes has 20 layers",
    ),
    "narrow layers": (
        {"hidden_layer_sizes": (1,) * 5},
        r"hidden_layer_sizes gives a layer only 1 unit\(s\): use more",
    ),
    "dead units": (
        {"weight_init": lambda rng, p, q: np.zeros((p, q))},
        "every unit of hidden layer 1 is 0 for every row.*activation='leaky_relu'",
    ),
    "clipping": (
        {"solver": "sgd", "max_grad_norm": 1e-9},
        "max_grad_norm=1e-09 scales the gradients to almost zero",
    ),
    "epsilon": ({"epsilon": 1e6}, r"epsilon=1e\+06 outweighs the gradients: lower it"),
    "smoothing": ({"label_smoothing": 0.999}, "label_smoothing=0.999 hides most of y"),
    "dropout": ({"dropout": 0.99, "hidden_layer_sizes": (8, 8)}, "dropout=0.99 drops almost all"),
}


def warned(model, *data, **validation):
    """Return the one warning of a fit, or nothing."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        model.fit(*data, **validation)
    assert len(caught) <= 1
    return str(caught[0].message) if caught else ""


@pytest.fixture
def stuck(small):
    """Return a small model that has what it needs to learn iris, but for what it is given."""

    def build(**params):
        lbfgs = params.get("solver") == "lbfgs"
        learns = {"max_iter": LEARNS["max_iter"]} if lbfgs else LEARNS
        return small(**{**learns, **params})

    return build


@pytest.mark.parametrize(("params", "cause"), CASES.values(), ids=CASES)
def test_the_parameter_that_explains_it_is_named(params, cause, stuck):
    message = warned(stuck(**params), X, Y)
    assert "is not clearly below the loss" in message
    assert re.search(f"Likely causes: .*{cause}", message), message


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_without_it_the_same_network_learns(solver, stuck):
    model = stuck(solver=solver)
    assert "not clearly" not in warned(model, X, Y)
    assert model.score(X, Y) > 0.8


def test_features_that_nobody_has_scaled(stuck):
    message = warned(stuck(max_iter=5), csr_array(X * 1e6), Y)
    assert "unscaled features, with values up to 3.09e+06: scale them" in message


def test_labels_of_noise_are_not_blamed_on_a_parameter(small):
    rng = np.random.default_rng(0)
    noise, y = rng.normal(size=(400, 5)), rng.integers(2, size=400)
    message = warned(small(early_stopping=True, learning_rate_init=0.003, max_iter=300), noise, y)
    assert "No parameter looks wrong. The features may hold no information about y" in message


def test_lbfgs_is_told_nothing_of_a_rate(small):
    rng = np.random.default_rng(0)
    noise, y = rng.normal(size=(4000, 2)), rng.integers(2, size=4000)
    message = warned(small(solver="lbfgs", hidden_layer_sizes=(), max_iter=500), noise, y)
    assert "No parameter looks wrong" in message
    assert "learning_rate" not in message


@pytest.mark.parametrize(
    "activation",
    [LeakyReLU(0.1), [LeakyReLU(0.1), "tanh", "logistic"], ("relu", "tanh", LeakyReLU(0.1))],
    ids=str,
)
def test_objects_are_no_suspects(activation, stuck):
    params = {"hidden_layer_sizes": (8, 8, 8), "learning_rate_init": 1e-9}
    message = warned(stuck(activation=activation, **params), X, Y)
    assert "learning_rate_init=1e-09" in message
    assert "activation" not in message


def test_layers_of_members_are_narrower_than_those_of_the_whole(stuck):
    params = {"hidden_layer_sizes": (8,) * 4, "n_members": 8, "learning_rate_init": 1e-9}
    message = warned(stuck(**params), X, Y)
    assert "hidden_layer_sizes gives a layer of each member only 1 unit(s): use more" in message


def test_a_schedule_of_ones_own_is_judged_by_the_rates_that_it_gave(stuck):
    fine = stuck(learning_rate=lambda step: 0.01, learning_rate_init="auto", max_iter=100)
    assert "not clearly" not in warned(fine, X, Y)


@pytest.mark.parametrize("container", [np.asarray, csr_array])
def test_rows_that_are_all_alike_are_the_one_cause(container, stuck):
    message = warned(stuck(learning_rate_init=100.0), container(np.zeros_like(X)), Y)
    assert message.endswith("All rows of X are equal.")
