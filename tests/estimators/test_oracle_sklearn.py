"""scikit-learn as an oracle: the same start and the same batches give the same losses."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.neural_network import MLPClassifier

from skscratch import ScratchMLPClassifier

# Fits of a fixed length, and MLPClassifier warns of its own accord.
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    # the same parameters for every solver
    "ignore:Parameters that this fit does not use",
)

N_SAMPLES = 90  # batches of 16 leave a last one of 10

SOLVERS = {
    "plain": {"solver": "sgd", "momentum": 0, "learning_rate_init": 0.2},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.05},
    "nesterov": {"solver": "sgd", "nesterovs_momentum": True, "learning_rate_init": 0.05},
    "adam": {"solver": "adam", "learning_rate_init": 0.01},
}
solvers = pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)

# What MLPClassifier does not do, or does otherwise: with this, ours does as it does.
AS_MLPCLASSIFIER = {
    "early_stopping": False, "ema_decay": 0, "n_members": 1, "standardize": False,
    "dtype": "float64",
}  # fmt: skip


def draw(fan_in, fan_out):
    """Return the weights (fan_in, fan_out) from which both models start."""
    return np.random.default_rng([fan_in, fan_out]).normal(0, 0.4, (fan_in, fan_out))


class SharedStart:
    """The same draws as an initializer of ours; the biases start at zero."""

    def __call__(self, rng, fan_in, fan_out):
        return draw(fan_in, fan_out)


class Oracle(MLPClassifier):
    """MLPClassifier that starts where ours does."""

    def _init_coef(self, fan_in, fan_out, dtype):
        return draw(fan_in, fan_out).astype(dtype), np.zeros(fan_out, dtype)


def fit_both(X, y, sample_weight=None, **params):
    common = {
        "hidden_layer_sizes": (6,),
        "activation": "tanh",
        "max_iter": 20,
        "shuffle": False,
        "tol": 0,
        "n_iter_no_change": 1000,
    }
    common.update(params)
    ours = ScratchMLPClassifier(weight_init=SharedStart(), **{**AS_MLPCLASSIFIER, **common})
    theirs = Oracle(**common)
    return ours.fit(X, y, sample_weight), theirs.fit(X, y, sample_weight)


def assert_same_course(models, X):
    ours, theirs = models
    assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9, atol=1e-9)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-9, atol=1e-9)
    for mine, reference in zip(
        ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True
    ):
        assert_allclose(mine, reference, rtol=1e-8, atol=1e-9)
    assert np.ptp(ours.loss_curve_) > 1e-3, "nothing was learned, so nothing was compared"


def test_with_these_values_the_defaults_are_those_of_mlpclassifier(task):
    """The line that the documentation gives; 90 rows are one batch of both."""
    X, y = task
    fixed = {"shuffle": False, "max_iter": 60}
    ours = ScratchMLPClassifier(
        (100,), alpha=1e-4, learning_rate_init=0.001, batch_size=200, early_stopping=False,
        ema_decay=0, n_members=1, standardize=False, weight_init=SharedStart(), dtype="float64",
        **fixed,
    ).fit(X, y)  # fmt: skip
    assert_same_course((ours, Oracle(**fixed).fit(X, y)), X)
    assert ours.n_iter_ == 60


@pytest.mark.pairwise
@solvers
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_mini_batches_without_penalty(task, solver, activation):
    X, y = task
    models = fit_both(X, y, activation=activation, batch_size=16, alpha=0, **solver)
    assert_same_course(models, X)


@solvers
def test_full_batch_with_penalty(task, solver):
    X, y = task
    assert_same_course(fit_both(X, y, batch_size=N_SAMPLES, alpha=2.0, **solver), X)


@solvers
def test_full_batch_with_penalty_and_sample_weight(task, solver):
    X, y = task
    weight = np.random.default_rng(3).uniform(0.1, 3, N_SAMPLES)
    weight /= weight.mean()  # scikit-learn divides the penalty by the sum of the weights
    models = fit_both(X, y, weight, batch_size=N_SAMPLES, alpha=2.0, **solver)
    assert_same_course(models, X)


@pytest.mark.parametrize("sizes", [(), (7,), (7, 6, 4)], ids=["none", "one", "three"])
def test_number_of_hidden_layers(task, sizes):
    X, y = task
    models = fit_both(X, y, hidden_layer_sizes=sizes, batch_size=16, alpha=0, **SOLVERS["adam"])
    assert_same_course(models, X)


@solvers
def test_partial_fit(binary, solver):
    X, y = binary
    params = {"alpha": 0, "batch_size": 16, "shuffle": False, "hidden_layer_sizes": (6,)}
    ours = ScratchMLPClassifier(weight_init=SharedStart(), **AS_MLPCLASSIFIER, **params, **solver)
    theirs = Oracle(**params, **solver)
    for _ in range(20):
        ours.partial_fit(X, y, classes=[0, 1])
        theirs.partial_fit(X, y, classes=[0, 1])
    assert_same_course((ours, theirs), X)


def test_the_penalty_differs_with_mini_batches():
    """Six steps shrink W by (1 - lr·alpha/Σw)⁶ here and by (1 - lr·alpha/16)⁶ there.

    With X = 0 the penalty is all that reaches W.
    """
    X, y = np.zeros((96, 4)), np.arange(96) % 3
    ours, theirs = fit_both(
        X, y, hidden_layer_sizes=(), batch_size=16, alpha=0.8, max_iter=1, **SOLVERS["plain"]
    )
    start, rate = draw(4, 3), SOLVERS["plain"]["learning_rate_init"]
    assert_allclose(ours.coefs_[0], start * (1 - rate * 0.8 / 96) ** 6, rtol=1e-12)
    assert_allclose(theirs.coefs_[0], start * (1 - rate * 0.8 / 16) ** 6, rtol=1e-12)


@pytest.mark.parametrize("sizes", [(), (6,)], ids=["convex", "one hidden layer"])
def test_lbfgs_reaches_the_same_optimum(task, sizes):
    """Looser than the others: the line search amplifies the last bit of every sum.

    What both must agree on is the optimum: convex without a hidden layer, and with one the
    basin to which the shared start belongs.
    """
    X, y = task
    ours, theirs = fit_both(
        X, y, solver="lbfgs", hidden_layer_sizes=sizes, alpha=1.0, max_iter=2000, tol=1e-7
    )
    assert_allclose(ours.loss_, theirs.loss_, rtol=1e-6)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-3)
