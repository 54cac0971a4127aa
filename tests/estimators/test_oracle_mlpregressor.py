"""MLPRegressor as an oracle: the same start and the same batches give the same losses.

The targets have mean 0 and a standard deviation near 1, so ours does not change their scale.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.neural_network import MLPRegressor

from skscratch import ScratchMLPRegressor
from tests.estimators.test_oracle_sklearn import (
    AS_MLPCLASSIFIER,
    N_SAMPLES,
    SOLVERS,
    SharedStart,
    draw,
    solvers,
)
from tests.estimators.test_oracle_sklearn import pytestmark as pytestmark

RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_SAMPLES, 4))
Y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2]
Y = (Y - Y.mean()) / Y.std()


class Oracle(MLPRegressor):
    """MLPRegressor that starts where ours does."""

    def _init_coef(self, fan_in, fan_out, dtype):
        return draw(fan_in, fan_out).astype(dtype), np.zeros(fan_out, dtype)


def fit_both(sample_weight=None, **params):
    common = {
        "hidden_layer_sizes": (6,),
        "activation": "tanh",
        "max_iter": 20,
        "shuffle": False,
        "tol": 0,
        "n_iter_no_change": 1000,
    } | params
    ours = ScratchMLPRegressor(weight_init=SharedStart(), **AS_MLPCLASSIFIER, **common)
    ours, theirs = (model.fit(X, Y, sample_weight) for model in (ours, Oracle(**common)))
    assert ours._continuation["target_scaling"]["scale"] == 1
    assert np.ptp(ours.loss_curve_) > 1e-3, "nothing was learned, so nothing was compared"
    return ours, theirs


def assert_same_course(ours, theirs):
    assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9, atol=1e-9)
    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-8, atol=1e-9)
    arrays = zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True)
    for mine, reference in arrays:
        assert_allclose(mine, reference, rtol=1e-8, atol=1e-9)


@solvers
@pytest.mark.parametrize("activation", ["identity", "tanh", "relu"])
def test_mini_batches_without_penalty(solver, activation):
    assert_same_course(*fit_both(activation=activation, batch_size=16, alpha=0, **solver))


@solvers
def test_full_batch_with_penalty(solver):
    assert_same_course(*fit_both(batch_size=N_SAMPLES, alpha=2.0, **solver))


@pytest.mark.parametrize("sizes", [(), (7, 6, 4)], ids=["none", "three"])
def test_number_of_hidden_layers(sizes):
    assert_same_course(
        *fit_both(hidden_layer_sizes=sizes, batch_size=16, alpha=0, **SOLVERS["adam"])
    )
