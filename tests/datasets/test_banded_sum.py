"""The toy set: its rule, its balance, its randomness, its errors."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from skscratch.datasets import make_banded_sum


def test_shapes_and_dtypes():
    X, y = make_banded_sum(7, 3, random_state=0)
    assert X.shape == (7, 3)
    assert X.dtype == np.float64
    assert y.shape == (7,)
    assert y.dtype == np.int64


def test_defaults():
    X, y = make_banded_sum()
    assert X.shape == (100, 2)
    assert set(y) == {0, 1}


@pytest.mark.parametrize("n_features", [1, 2, 9])
def test_class_1_is_the_band(n_features):
    X, y = make_banded_sum(500, n_features, random_state=1)
    normal = X.sum(axis=1) / n_features**0.5
    assert np.abs(normal[y == 1]).max() < 0.67449
    assert np.abs(normal[y == 0]).min() > 0.67448


@pytest.mark.parametrize("n_features", [1, 2, 9])
def test_balanced_in_expectation(n_features):
    n = 100_000
    _, y = make_banded_sum(n, n_features, random_state=2)
    four_standard_errors = 4 * 0.5 / n**0.5
    assert abs(y.mean() - 0.5) < four_standard_errors


def test_features_are_standard_normal():
    X, _ = make_banded_sum(100_000, 2, random_state=3)
    np.testing.assert_allclose(X.mean(axis=0), 0, atol=0.015)
    np.testing.assert_allclose(np.cov(X.T), np.eye(2), atol=0.02)


def test_cross_entropy_leaves_a_linear_model_at_chance():
    X, y = make_banded_sum(20_000, 2, random_state=4)
    fitted = LogisticRegression().fit(X, y)
    np.testing.assert_allclose(fitted.coef_, 0, atol=0.06)
    assert log_loss(y, fitted.predict_proba(X)) > 0.999 * np.log(2)


def test_two_hyperplanes_are_enough():
    X, y = make_banded_sum(4000, 2, random_state=5)
    normal = X.sum(axis=1) / 2**0.5
    edges = np.stack([normal > 0.6745, normal < -0.6745], axis=1)
    assert LogisticRegression().fit(edges, y).score(edges, y) > 0.999


def test_seed_fixes_the_points():
    X, y = make_banded_sum(20, random_state=6)
    X_again, y_again = make_banded_sum(20, random_state=np.int64(6))
    np.testing.assert_array_equal(X, X_again)
    np.testing.assert_array_equal(y, y_again)
    assert not np.array_equal(X, make_banded_sum(20, random_state=7)[0])


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_generator_is_used_and_advanced(make):
    rng = make(8)
    first, second = (make_banded_sum(5, random_state=rng)[0] for _ in range(2))
    np.testing.assert_array_equal(np.vstack([first, second]), make(8).standard_normal((10, 2)))


def test_global_random_state_is_neither_read_nor_moved():
    state = np.random.get_state()  # noqa: NPY002
    draws = []
    for _ in range(2):
        np.random.set_state(state)  # noqa: NPY002
        draws.append(make_banded_sum(10)[0])
    np.testing.assert_equal(np.random.get_state(), state)  # noqa: NPY002
    assert not np.array_equal(*draws)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n_samples": 0}, ValueError, "n_samples == 0, must be >= 1"),
        ({"n_samples": 10.0}, TypeError, "n_samples must be an instance of int"),
        ({"n_features": 0}, ValueError, "n_features == 0, must be >= 1"),
        ({"n_features": "2"}, TypeError, "n_features must be an instance of int"),
        ({"random_state": -1}, ValueError, "random_state == -1, must be >= 0"),
        ({"random_state": "seed"}, TypeError, "random_state must be an int.*got 'seed'"),
        ({"random_state": 1.0}, TypeError, "random_state must be an int.*got 1.0"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        make_banded_sum(**arguments)
