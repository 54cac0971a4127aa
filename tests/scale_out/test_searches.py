"""The same search on one core, on processes of this machine and on the workers of a cluster."""

import os

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier

# Searches fit many short models on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_digits(return_X_y=True)
GRID = {"scratchmlpclassifier__alpha": [1e-4, 100.0], "scratchmlpclassifier__dropout": [0.0, 0.2]}


def pid(model, X, y):
    """Score a model by the process in which it is scored."""
    return os.getpid()


def results(kind=GridSearchCV, **params):
    """Search, and return all that does not depend on the time."""
    net = ScratchMLPClassifier((16,), learning_rate_init=0.01, max_iter=4, random_state=0)
    search = kind(make_pipeline(StandardScaler(), net), GRID, cv=3, **params).fit(X, y)
    columns = {name: column for name, column in search.cv_results_.items() if "time" not in name}
    return columns | {"refit": search.best_estimator_.predict_proba(X)}


def assert_equal(found, expected):
    assert {*found} == {*expected}
    for name, column in expected.items():
        assert_array_equal(found[name], column, err_msg=name)


@pytest.fixture(scope="module")
def serial():
    return results()


@pytest.fixture(scope="module")
def client():
    """A client of a cluster of two workers, each a process of its own."""
    distributed = pytest.importorskip("distributed", reason='needs "skscratch[distributed]"')
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with distributed.LocalCluster(**settings) as cluster, distributed.Client(cluster) as client:
        yield client


def test_scores_differ_between_the_candidates(serial):
    assert len(set(serial["mean_test_score"])) == 4
    assert serial["mean_test_score"].max() > 0.8


def test_on_processes(serial):
    assert_equal(results(n_jobs=2), serial)


def test_on_a_cluster(serial, client):
    with joblib.parallel_config("dask"):
        assert_equal(results(), serial)


def test_on_a_cluster_by_a_random_search(client):
    params = {"kind": RandomizedSearchCV, "n_iter": 2, "random_state": 0}
    expected = results(**params)
    with joblib.parallel_config("dask"):
        assert_equal(results(**params), expected)


def test_the_workers_do_the_work(client):
    with joblib.parallel_config("dask"):
        pids = results(scoring=pid)
    columns = [pids[f"split{k}_test_score"] for k in range(3)]
    assert {*np.concatenate(columns).astype(int)} <= {*client.run(os.getpid).values()}
