"""How parameters drive a run."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_info, threadpool_limits

from skscratch import ScratchMLPClassifier
from skscratch.core.losses import LOSSES
from skscratch.core.network import Architecture
from skscratch.estimators import _train

endless = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize(
    ("n_rows", "size"),
    [(5, 5), (32, 32), (100, 32), (400, 100), (569, 143), (800, 200), (10**6, 200)],
)
def test_automatic_batch_size(n_rows, size):
    assert _train.batch_size(ScratchMLPClassifier(), n_rows) == size


def test_batch_size_is_at_most_all_rows():
    assert _train.batch_size(ScratchMLPClassifier(batch_size=64), 50) == 50
    assert _train.batch_size(ScratchMLPClassifier(batch_size=64), 100) == 64


@endless
@pytest.mark.parametrize(("params", "n_steps"), [({}, 4), ({"batch_size": 30}, 7)])
def test_as_many_steps_an_epoch_as_batches(params, n_steps):
    """Batches of 50, or of 30 with an incomplete seventh."""
    X, y = np.zeros((200, 1)), np.arange(200) % 2
    model = ScratchMLPClassifier(max_iter=2, warm_start=True, **params).fit(X, y)
    assert model._continuation["optimizer"]["t"] == 2 * n_steps
    assert model.t_ == 2 * 200


@pytest.mark.parametrize("sizes", [(10, 5, 2), (784, 512, 512, 10), (10**6, 3)])
def test_buffers_stay_small(sizes):
    arch = Architecture(sizes, (), LOSSES["softmax"])
    dense, sparse = (_train.rows_per_buffer(arch, X) for X in (np.empty((0, 0)), csr_array((0, 1))))
    assert 32 <= dense <= max(32, 2**19 / sum(sizes))
    assert dense < sparse <= 2**19 / sum(sizes[1:])


@endless
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_small_products_run_on_one_thread_and_the_limit_is_lifted(solver):
    def n_threads():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    seen = []

    class Spy:
        def forward(self, xp, z, a):
            seen.extend(n_threads())
            a[...] = z

        def backward(self, xp, z, a, delta):
            pass

    X, y = load_digits(return_X_y=True)
    with threadpool_limits(2, user_api="blas"):
        before = n_threads()
        ScratchMLPClassifier(activation=Spy(), solver=solver, max_iter=1).fit(X, y)
        assert {*seen} == {1}
        assert n_threads() == before


@endless
def test_one_line_an_epoch_if_asked_for(capsys):
    X, y = load_digits(return_X_y=True)
    ScratchMLPClassifier(max_iter=3).fit(X, y)
    assert capsys.readouterr().out == ""
    model = ScratchMLPClassifier(max_iter=3, verbose=True, early_stopping=True).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all(f"{loss:.8f}" in line for loss, line in zip(model.loss_curve_, lines, strict=True))
    assert f"{model.validation_scores_[-1]:.6f}" in lines[-1]


@endless
def test_early_stopping_needs_five_rows_to_hold_out():
    X, y = np.arange(80.0).reshape(40, 2) / 80, np.arange(40) % 2
    few = ScratchMLPClassifier(early_stopping=True, max_iter=2).fit(X, y)
    assert few.validation_scores_ is None
    assert few.best_loss_ == min(few.loss_curve_)
    enough = ScratchMLPClassifier(early_stopping=True, validation_fraction=0.125, max_iter=2)
    assert len(enough.fit(X, y).validation_scores_) == 2
