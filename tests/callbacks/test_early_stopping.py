"""Training ends when what is watched has stalled, or is good enough."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skscratch.callbacks import EarlyStopping

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def stopped(model, callback, X, y, X_val, y_val):
    return clone(model).set_callbacks(callback).fit(X, y, X_val=X_val, y_val=y_val)


def first_stall(costs, patience, min_delta):
    """The definition, epoch by epoch."""
    best, at = np.inf, 0
    for epoch, cost in enumerate(costs, start=1):
        if cost < best - min_delta:
            best, at = cost, epoch
        if epoch - at >= patience:
            return epoch
    return len(costs)


@pytest.mark.parametrize("n_members", [1, 4])
@pytest.mark.parametrize("patience", [1, 3])
@pytest.mark.parametrize("monitor", ["loss", "validation_loss", "validation_score"])
def test_it_ends_where_nothing_has_improved_for_so_long(data, small, monitor, patience, n_members):
    params = {"learning_rate_init": 0.1, "n_iter_no_change": 1000, "n_members": n_members}
    model = small(max_iter=150, **params)
    whole = clone(model).fit(*data[:2], X_val=data[2], y_val=data[3])
    costs = whole.history_[monitor] * (-1 if monitor == "validation_score" else 1)
    n = first_stall(costs, patience, 0)
    assert n < 150, "the test must stop somewhere"
    found = stopped(model, EarlyStopping(monitor, patience=patience), *data)
    assert found.n_iter_ == n
    assert_array_equal(found.history_[monitor], whole.history_[monitor][:n])
    short = clone(model).set_params(max_iter=n).fit(*data[:2])
    assert_array_equal(found.coefs_[0], short.coefs_[0])


def test_progress_must_be_as_large_as_asked_for(data, small):
    model = small(max_iter=60, n_iter_no_change=1000)
    losses = clone(model).fit(*data[:2]).history_["loss"]
    callback = EarlyStopping("loss", patience=1, min_delta=0.01)
    found = stopped(model, callback, *data)
    falls = -np.diff(losses)
    assert found.n_iter_ == 2 + np.flatnonzero(falls <= 0.01)[0] < 60
    assert (falls[: found.n_iter_ - 2] > 0.01).all()


@pytest.mark.parametrize(
    ("monitor", "target"), [("validation_loss", 0.6), ("validation_score", 0.8)]
)
def test_a_target_that_is_reached_is_enough(data, small, monitor, target):
    model = small(max_iter=100, learning_rate_init=0.01)
    found = stopped(model, EarlyStopping(monitor, patience=None, target=target), *data)
    column = found.history_[monitor]
    reached = column >= target if monitor == "validation_score" else column <= target
    assert reached[-1]
    assert not reached[:-1].any()
    assert 1 < found.n_iter_ < 100


def test_without_patience_and_target_it_never_stops(data, small):
    found = stopped(small(), EarlyStopping("loss", patience=None), *data)
    assert found.n_iter_ == 6


def test_it_ends_lbfgs(data, small):
    model = small(solver="lbfgs", max_iter=100)
    found = stopped(model, EarlyStopping("loss", target=0.3), *data)
    assert found.history_["loss"][-1] <= 0.3 < found.history_["loss"][-2]


def test_a_warm_start_counts_from_its_own_beginning(data, small):
    model = small(warm_start=True, learning_rate_init=0.1, max_iter=50)
    model.set_callbacks(EarlyStopping("validation_loss", patience=3))
    model.fit(*data[:2], X_val=data[2], y_val=data[3])
    n = model.n_iter_
    model.fit(*data[:2], X_val=data[2], y_val=data[3])
    assert model.n_iter_ >= n + 4, "the best epoch of the first fit is not that of the second"


def test_a_refit_is_not_watched(data, small):
    """The loss of a refit begins high again."""
    model = small(early_stopping=True, refit=True, max_iter=30, learning_rate_init=0.02)
    plain = clone(model).fit(*data[:2])
    losses = plain.history_["loss"]
    assert (np.diff(losses[:30]) < 0).all()
    assert losses[30] > losses[0] / 2 > losses[29]
    found = clone(model).set_callbacks(EarlyStopping("loss", patience=2)).fit(*data[:2])
    assert_array_equal(found.coefs_[0], plain.coefs_[0])
    assert found.n_iter_ == plain.n_iter_ > 32


def test_it_stops_each_fit_of_a_search(data, small):
    X, y = data[:2]
    callback, grid = EarlyStopping("loss", target=0.9), {"alpha": [0.1, 0.2]}
    model = small(max_iter=60, learning_rate_init=0.01).set_callbacks(callback)
    search = GridSearchCV(model, grid, cv=2, n_jobs=2).fit(X, y)
    assert search.best_estimator_.history_["loss"][-1] <= 0.9
    assert callback._monitored._starts == {}
    sequential = GridSearchCV(model, grid, cv=2).fit(X, y)
    for name in ("split0_test_score", "split1_test_score"):
        assert_array_equal(search.cv_results_[name], sequential.cv_results_[name])
    assert callback._monitored._starts == {}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"monitor": "accuracy"}, "monitor must be one of"),
        ({"patience": 0}, "patience must be an int of at least 1, or None. Got 0"),
        ({"patience": 1.5}, "patience"),
        ({"patience": True}, "patience"),
        ({"min_delta": -1}, "min_delta must be a float of at least 0. Got -1"),
        ({"min_delta": np.nan}, "min_delta"),
        ({"min_delta": "a"}, "min_delta"),
        ({"target": "good"}, "target must be a float or None. Got 'good'"),
    ],
)
def test_what_it_cannot_use_is_named(params, message):
    with pytest.raises(ValueError, match=message):
        EarlyStopping(**params)


def test_it_is_named_as_what_ended_training(data, small, capsys):
    model = small(max_iter=100, learning_rate_init=0.01, verbose=True)
    found = stopped(model, EarlyStopping("validation_loss", target=0.6), *data)
    ended = capsys.readouterr().out.splitlines()[-2]
    assert ended == f"ended after epoch {found.n_iter_}: a callback"
    assert found.n_iter_ < 100
