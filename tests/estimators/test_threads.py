"""Several threads at once: nothing is shared but what is read."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_limits

# Short fits on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

EVERYTHING = {"dropout": 0.2, "ema_decay": 0.9, "early_stopping": True, "scoring": "accuracy"}


def together(*functions):
    """Call them at the same time, each in a thread of its own; return their results."""
    barrier = threading.Barrier(len(functions))

    def call(function):
        barrier.wait()
        return function()

    with ThreadPoolExecutor(len(functions)) as pool:
        return list(pool.map(call, functions))


@pytest.mark.parametrize(("n_blas", "rtol"), [(1, 0), (2, 1e-12)], ids=["one", "several"])
def test_eight_threads_predict_what_one_does(n_blas, rtol, task, small):
    """To the last bit with one BLAS thread each; how many BLAS takes may decide that bit."""
    X, y = task
    model = small(hidden_layer_sizes=(50, 50)).fit(X, y)
    X = np.random.default_rng(0).normal(size=(20_000, 5))
    parts = np.array_split(X, 8)
    with threadpool_limits(n_blas):
        expected = [model.predict_proba(part) for part in parts]
        for _ in range(5):
            found = together(*(lambda part=part: model.predict_proba(part) for part in parts))
            for one, other in zip(found, expected, strict=True):
                assert_allclose(one, other, rtol=rtol, atol=0)


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_fits_in_threads_are_those_of_one_after_the_other(task, solver, small):
    X, y = task
    params = {"batch_size": 16, **EVERYTHING} if solver != "lbfgs" else {}
    state = np.random.get_state()  # noqa: NPY002

    def fit(seed):
        return small(solver=solver, random_state=seed, **params).fit(X, y)

    expected = [fit(seed) for seed in range(4)]
    found = together(*(lambda seed=seed: fit(seed) for seed in range(4)))
    for one, other in zip(found, expected, strict=True):
        assert_array_equal(one.coefs_[0], other.coefs_[0])
        assert one.loss_curve_ == other.loss_curve_
    for before, now in zip(state, np.random.get_state(), strict=True):  # noqa: NPY002
        assert_array_equal(before, now)


def test_predictions_during_a_fit_of_another_estimator(binary, small):
    X, y = binary
    model = small().fit(X, y)
    before = model.predict_proba(X)
    _, *found = together(
        lambda: small(max_iter=200).fit(X, y),
        *[lambda: [model.predict_proba(X) for _ in range(50)]] * 3,
    )
    for predictions in found:
        for prediction in predictions:
            assert_array_equal(prediction, before)
