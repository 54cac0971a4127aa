"""The measures of the spread, on data where the answer is known."""

import numpy as np
import pytest

from benchmarks.spread import of_classes, of_numbers

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_the_spread_is_the_error_without_noise_and_misses_the_noise():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1200, 2))
    y = 10 * np.sin(2 * X[:, 0]) + X[:, 1] ** 3
    for noise, low, high in ((0.1, 0.8, 0.97), (5.0, 0.2, 0.7)):
        t = y + noise * rng.standard_normal(1200)
        rank, within, scaled = of_numbers(X[:400], t[:400], X[400:], t[400:])
        assert low < within < high
        assert scaled == pytest.approx(0.9, abs=0.05)
        assert (rank > 0.4) == (noise < 1)


def test_wrong_predictions_are_found_by_both_numbers():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((900, 2))
    y = (X[:, 0] + 0.3 * rng.standard_normal(900) > 0).astype(int)
    spread, probability = of_classes(X[:300], y[:300], X[300:], y[300:])
    assert spread > 0.6
    assert probability > 0.8
