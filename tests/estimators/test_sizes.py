"""How much is taken at a time: rows per step and per buffer, threads per product."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_info, threadpool_limits

from skscratch import ScratchMLPClassifier
from skscratch.core.losses import LOSSES
from skscratch.core.network import Architecture, allocate
from skscratch.estimators import _sizes
from skscratch.training import threads

endless = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def n_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


@pytest.fixture
def two_threads(monkeypatch):
    """Start from two threads and two cores, whatever the machine has."""
    monkeypatch.setattr(threads, "_n_cores", lambda: 2)
    with threadpool_limits(2, user_api="blas"):
        if max(n_threads()) < 2:
            pytest.skip("this BLAS cannot have two threads")
        yield


class Spy:
    """The identity as an activation; notes the threads of every BLAS pool."""

    def __init__(self):
        self.seen = set()

    def forward(self, z, a):
        self.seen |= {*n_threads()}
        a[...] = z

    def backward(self, z, a, delta):
        pass


@pytest.mark.parametrize(
    ("n_rows", "size"),
    [(5, 5), (32, 32), (100, 32), (400, 100), (569, 143), (800, 200), (10**6, 200)],
)
def test_automatic_batch_size(n_rows, size):
    assert _sizes.batch_size(ScratchMLPClassifier(), n_rows) == size


def test_batch_size_is_at_most_all_rows():
    assert _sizes.batch_size(ScratchMLPClassifier(batch_size=64), 50) == 50
    assert _sizes.batch_size(ScratchMLPClassifier(batch_size=64), 100) == 64


@endless
@pytest.mark.parametrize(("params", "n_steps"), [({}, 4), ({"batch_size": 30}, 7)])
def test_as_many_steps_an_epoch_as_batches(params, n_steps):
    """Batches of 50, or of 30 with an incomplete seventh."""
    X, y = np.zeros((200, 1)), np.arange(200) % 2
    model = ScratchMLPClassifier(max_iter=2, warm_start=True, **params).fit(X, y)
    assert model._continuation["memory"]["t"] == 2 * n_steps
    assert model.t_ == 2 * 200


@pytest.mark.parametrize("sizes", [(10, 5, 2), (784, 512, 512, 10), (10**6, 3)])
def test_buffers_stay_small(sizes):
    arch = Architecture(sizes, (), LOSSES["softmax"])
    dense, sparse = (_sizes.rows_per_buffer(arch, X) for X in (np.empty((0, 0)), csr_array((0, 1))))
    assert 32 <= dense <= max(32, 2**19 / sum(sizes))
    assert dense < sparse <= 2**19 / sum(sizes[1:])


@pytest.mark.parametrize(
    ("sizes", "dense", "sparse"),
    [((100, 20, 3), 2000, 60), ((3, 20, 100), 2000, 2000), ((100, 3), 300, 0)],
)
def test_the_largest_product_is_one_that_blas_computes(sizes, dense, sparse):
    """A sparse X is multiplied without BLAS."""
    _, params = allocate(sizes, np.float64)
    assert _sizes.largest_product(params, np.empty((5, 1)), 7) == 7 * dense
    assert _sizes.largest_product(params, csr_array((5, 1)), 7) == 7 * sparse


@endless
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_small_products_run_on_one_thread_and_the_limit_is_lifted(solver, two_threads):
    spy = Spy()
    before = n_threads()
    ScratchMLPClassifier(activation=spy, solver=solver, max_iter=1).fit(
        *load_digits(return_X_y=True)
    )
    assert spy.seen == {1}
    assert n_threads() == before


@pytest.mark.parametrize(("solver", "n"), [("adam", 2), ("sgd", 2), ("lbfgs", 1)])
def test_large_products_get_threads_but_not_with_lbfgs(solver, n, two_threads, start):
    """Products of 200 · 400 · 100 multiply-adds, of one network."""
    X, y = np.zeros((200, 400)), np.arange(200) % 2
    model = ScratchMLPClassifier((100,), solver=solver, batch_size=200, n_members=1)
    with _sizes.threads(model, *start(model, X, y)):
        assert max(n_threads()) == n
