"""The members of one fit on the workers of a cluster."""

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skscratch import ScratchMLPClassifier
from tests.estimators.conftest import make_task

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
NET = {"hidden_layer_sizes": (24, 16), "n_members": 8, "max_iter": 3, "random_state": 0}


@pytest.fixture(scope="module")
def client():
    """A client of a cluster of two workers, each a process of its own."""
    distributed = pytest.importorskip("distributed", reason='needs "skscratch[distributed]"')
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_they_are_those_of_one_process(n_jobs, client):
    X, y = make_task("multiclass", 4000)
    expected = ScratchMLPClassifier(**NET).fit(X, y)
    with joblib.parallel_config("dask"):
        model = ScratchMLPClassifier(**NET, n_jobs=n_jobs).fit(X, y)
    for own, other in zip(model.coefs_, expected.coefs_, strict=True):
        assert_array_equal(own, other)
    assert_array_equal(model.history_["loss"], expected.history_["loss"])
    # both workers have loaded the package, so both have trained a part
    loaded = client.run(lambda: "skscratch.training.workers" in __import__("sys").modules)
    assert [*loaded.values()] == [True, True]


def test_an_error_reaches_the_user(client):
    X, y = make_task("binary")

    def rate(step):
        if step > 5:
            raise ZeroDivisionError("in a worker")
        return 0.01

    model = ScratchMLPClassifier(**NET, learning_rate=rate, n_jobs=2)
    with joblib.parallel_config("dask"), pytest.raises(ZeroDivisionError, match="in a worker"):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")
    assert np.isfinite(X).all()
