"""Scores on a validation set, epoch by epoch."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import _compat
from skscratch.callbacks import ValidationMonitor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def epochs(monitor):
    return [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]


def test_its_scores_are_those_of_the_history(data, small):
    X, y, X_val, y_val = data
    monitor = ValidationMonitor(X_val, y_val, scoring=["accuracy", "neg_log_loss"])
    model = small().set_callbacks(monitor).fit(X, y, X_val=X_val, y_val=y_val)
    rows = epochs(monitor)
    assert [row["task_id"] for row in rows] == list(range(6))
    assert_allclose([row["accuracy"] for row in rows], model.history_["validation_score"])
    losses = [-row["neg_log_loss"] for row in rows]
    assert_allclose(losses, model.history_["validation_loss"], rtol=1e-6)
    last = monitor.get_logs().data[0]
    assert last["task_name"] == "fit"
    assert_allclose(-last["neg_log_loss"], log_loss(y_val, model.predict_proba(X_val)))


def test_the_data_of_the_fit_are_not_scored(data, small):
    X, y, X_val, y_val = data
    monitor = ValidationMonitor(X_val, 2 - y_val)
    model = small().set_callbacks(monitor).fit(X, y)
    assert epochs(monitor)[-1]["accuracy"] == model.score(X_val, 2 - y_val) != model.score(X, y)


def test_weights_are_for_the_scorers(data, small):
    X, y, X_val, y_val = data
    w = np.arange(30.0)
    monitor = ValidationMonitor(X_val, y_val, sample_weight_val=w)
    model = small().set_callbacks(monitor).fit(X, y)
    expected = accuracy_score(y_val, model.predict(X_val), sample_weight=w)
    assert epochs(monitor)[-1]["accuracy"] == expected != model.score(X_val, y_val)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_logs_of_a_search_come_together(data, small, n_jobs):
    X, y, X_val, y_val = data
    monitor = ValidationMonitor(X_val, y_val)
    pipe = make_pipeline(StandardScaler(), small().set_callbacks(monitor))
    search = GridSearchCV(pipe, {"scratchmlpclassifier__alpha": [0, 1]}, cv=3, n_jobs=n_jobs)
    search.fit(X, y)
    rows = epochs(monitor)
    assert len(rows) == 6 * (2 * 3 + 1)
    assert len({row["parent_task_id_path"] for row in rows}) == 7


def test_before_1_9_the_message_says_so(monkeypatch, data):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.callback", None)
    with pytest.raises(ImportError, match=r"scikit-learn 1\.9"):
        _compat.new_scoring_monitor("accuracy")
