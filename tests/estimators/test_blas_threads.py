"""BLAS threads in a fit: as many as its products are worth."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from skscratch import ScratchMLPClassifier
from skscratch.training import threads
from tests.blas import n_threads, two_blas_threads

endless = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def two_threads(monkeypatch):
    with two_blas_threads(monkeypatch):
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
    config, state, data = start(model, X, y)
    with threads.training_threads(state.params, data.X, config.optimizer):
        assert max(n_threads()) == n
