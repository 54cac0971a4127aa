"""A model that cannot predict what it was trained on is none."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning

from skscratch.estimators import _convergence
from skscratch.estimators._convergence import _overflows as overflows


@pytest.mark.parametrize("container", [np.asarray, csr_array])
def test_outputs_that_are_not_finite_are_found(binary, container, small, start):
    X, y = binary
    _, run, data = start(small(hidden_layer_sizes=()), container(X), y)
    assert not overflows(run, data)
    with np.errstate(all="ignore"):
        run.theta[:] = 1e200
        assert not overflows(run, data)
        run.theta[:] = 1e308
        assert overflows(run, data)


def test_one_row_in_many_is_enough(small, start):
    X, y = np.ones((500, 2), np.float32), np.arange(500) % 2
    X[-1] = 3e38
    _, run, data = start(small(hidden_layer_sizes=()), X, y)
    run.theta[:] = 2
    with np.errstate(all="ignore"):
        assert overflows(run, data)
        data.X[-1] = -1e37
        assert not overflows(run, data)


@pytest.mark.parametrize("dtype", [float, np.float32, np.uint8])
def test_outputs_are_not_computed_where_norms_exclude_it(dtype, binary, small, start, monkeypatch):
    X, y = binary
    _, run, data = start(small(), (X * 10).astype(dtype), y)
    monkeypatch.setattr(_convergence, "outputs", None)
    assert not overflows(run, data)


def test_a_fit_that_ends_there_is_an_error(small):
    X = np.array([[3.4e38]], np.float32)
    model = small(solver="lbfgs", activation="identity", max_iter=1, random_state=1)
    with (
        pytest.warns(ConvergenceWarning),
        pytest.raises(ValueError, match=r"output became non-finite.*Scale the features"),
    ):
        model.fit(X, [[0, 0, 0]])
    assert not hasattr(model, "coefs_")
