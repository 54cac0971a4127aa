"""Every parameter changes something when it is changed, and only where it should."""

import numpy as np
import pytest

from skscratch import ScratchMLPClassifier

# Short fits on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

STOPPING = {"early_stopping": True, "validation_fraction": 0.4, "tol": 1e9, "n_iter_no_change": 2}
STALLING = {"n_iter_no_change": 2, "early_stopping": False}

# For each parameter: a value unlike the default, and what must be set for it to matter.
CHANGES = {
    "hidden_layer_sizes": ((7,), {}),
    "activation": ("tanh", {}),
    "solver": ("sgd", {}),
    "alpha": (0.1, {}),
    "batch_size": (7, {}),
    "learning_rate": ("invscaling", {}),
    "learning_rate_init": (0.02, {}),
    "power_t": (0.1, {"learning_rate": "invscaling"}),
    "max_iter": (3, {}),
    "shuffle": (False, {}),
    "random_state": (1, {}),
    "tol": (0.5, STALLING),
    "momentum": (0.5, {"solver": "sgd"}),
    "nesterovs_momentum": (False, {"solver": "sgd"}),
    "early_stopping": (False, {}),
    "validation_fraction": (0.2, STOPPING),
    "beta_1": (0.5, {}),
    "beta_2": (0.5, {}),
    "epsilon": (0.1, {}),
    "n_iter_no_change": (2, {"tol": 1e9, "early_stopping": False}),
    "max_fun": (3, {"solver": "lbfgs"}),
    "weight_init": ("glorot_normal", {}),
    "class_weight": ({0: 5.0}, {}),
    "dtype": ("float64", {}),
    "dropout": (0.5, {}),
    "weight_decay": (0.1, {}),
    "label_smoothing": (0.2, {}),
    "max_grad_norm": (0.01, {}),
    "ema_decay": (0.5, {}),
    "warmup_steps": (5, {}),
    "decay_steps": (3, {"learning_rate": "step"}),
    "decay_rate": (0.5, {"learning_rate": "exponential"}),
    "scoring": ("balanced_accuracy", STOPPING),
    "n_updates_no_change": (0, STOPPING),
    "refit": (True, STOPPING),
    "n_members": (5, {}),
    "standardize": (False, {"stretch": 10}),
    "temperature_scaling": (False, {"early_stopping": True}),
}
# What they change is no number of the model; each is tested where it belongs.
ELSEWHERE = {
    "verbose", "warm_start", "checkpoint", "checkpoint_epochs", "checkpoint_seconds", "n_jobs",
    "soft_labels", "coefs_init", "intercepts_init", "trainable",
}  # fmt: skip


def fitted(X, y, stretch=1, **params):
    """Return all that tells two fitted models apart; stretch is a factor on X."""
    settings = {"hidden_layer_sizes": (5,), "max_iter": 6, "batch_size": 16, "random_state": 0}
    if params.get("solver") == "lbfgs":
        del settings["batch_size"]
    model = ScratchMLPClassifier(**{**settings, **params}).fit(stretch * X, y)
    curves = [model.history_[name] for name in model.history_ if name != "seconds"]
    return [*model.coefs_, *model.intercepts_, *curves]


def same(one, other):
    return len(one) == len(other) and all(
        a.shape == b.shape and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True)
        for a, b in zip(one, other, strict=True)
    )


def test_every_parameter_is_listed():
    names = {*ScratchMLPClassifier().get_params()}
    assert {*CHANGES} | ELSEWHERE == names
    assert not {*CHANGES} & ELSEWHERE


@pytest.mark.parametrize("name", CHANGES)
def test_changing_it_changes_the_model(name, multiclass):
    value, needed = CHANGES[name]
    X, y = multiclass
    assert ScratchMLPClassifier().get_params()[name] != value
    before = fitted(X, y, **needed)
    assert same(before, fitted(X, y, **needed)), "or the comparison says nothing"
    assert not same(before, fitted(X, y, **{**needed, name: value}))


OF_LBFGS = {"hidden_layer_sizes", "activation", "alpha", "max_iter", "random_state", "tol"} | {
    "weight_init", "class_weight", "dtype", "label_smoothing", "max_fun", "standardize"
}  # fmt: skip


@pytest.mark.filterwarnings("default:Parameters that this fit does not use")
# The second is refused with it, and to turn off the third is to ask for nothing.
@pytest.mark.parametrize(
    "name", sorted({*CHANGES} - {"solver", "n_members", "temperature_scaling"})
)
def test_lbfgs_uses_it_or_says_that_it_does_not(name, multiclass, recwarn):
    X, y = multiclass
    value, _ = CHANGES[name]
    value = {"tol": 10.0, "max_fun": 3, "early_stopping": True, "dtype": "float32"}.get(name, value)
    before = fitted(X, y, stretch=10, solver="lbfgs")
    recwarn.clear()
    after = fitted(X, y, stretch=10, solver="lbfgs", **{name: value})
    told = [str(w.message) for w in recwarn if "does not use" in str(w.message)]
    assert same(before, after) is (name not in OF_LBFGS)
    assert len(told) == (name not in OF_LBFGS)
    assert all(name in message for message in told)
