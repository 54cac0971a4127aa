"""Limits on BLAS threads: set while they help, always given back."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from scipy.sparse import csr_array
from threadpoolctl import ThreadpoolController, threadpool_info, threadpool_limits

from skscratch.core.network import allocate
from skscratch.core.optimizers import GradientDescent
from skscratch.core.schedules import Constant
from skscratch.training import threads
from skscratch.training.config import LBFGS, Stochastic
from skscratch.training.threads import (
    SHARE,
    SMALL,
    blas_threads,
    largest_product,
    limited_blas_threads,
    training_threads,
)

N_CORES = threads._n_cores


def n_threads():
    """Return the number of threads of every BLAS pool, the largest first."""
    pools = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return sorted(pools, reverse=True)


def sgd(batch_size):
    return Stochastic(GradientDescent(), Constant(1.0), batch_size)


@pytest.fixture(autouse=True)
def two_threads(monkeypatch):
    """Start from two threads and two cores, whatever the machine has."""
    monkeypatch.setattr(threads, "_n_cores", lambda: 2)
    with threadpool_limits(2, user_api="blas"):
        if max(n_threads()) < 2:
            pytest.skip("this BLAS cannot have two threads")
        yield


@pytest.mark.parametrize(
    ("work", "n"), [(SMALL - 1, 2), (SMALL, 1), (2 * SHARE - 1, 1), (2 * SHARE, 2), (1e12, 2)]
)
def test_as_many_threads_as_the_work_is_worth_and_the_limit_allows(work, n):
    with blas_threads(work):
        assert n_threads()[0] == n
    assert n_threads()[0] == 2


WIDE = allocate((1000, 100, 10), np.float32)[1]
DENSE = np.zeros((1, 1000), np.float32)


def test_the_largest_product_is_that_of_the_largest_weights():
    """BLAS has no part in the product of a sparse X."""
    assert largest_product(WIDE, DENSE, 7) == 7 * 1000 * 100
    assert largest_product(WIDE, csr_array(DENSE), 7) == 7 * 100 * 10
    assert largest_product(allocate((1000, 10), np.float32)[1], csr_array(DENSE), 7) == 0


@pytest.mark.parametrize(("batch_size", "n"), [(0, 2), (1, 1), (59, 1), (60, 2), (10_000, 2)])
def test_training_gets_the_threads_that_a_batch_is_worth(batch_size, n):
    """A row of a batch is 100 000 multiply-adds, sixty are twice the share of a thread."""
    with training_threads(WIDE, DENSE, sgd(batch_size)):
        assert n_threads()[0] == n
    assert n_threads()[0] == 2


def test_the_product_of_members_is_divided_among_them():
    """Each member has a product of its own, and the weights of all are one array."""
    params = allocate((1000, 100, 10), np.float32, members=3)[1]
    for batch_size, n in ((59, 1), (60, 2)):
        with training_threads(params, DENSE, sgd(batch_size), members=3):
            assert n_threads()[0] == n


def test_lbfgs_gets_one_thread_whatever_the_size():
    for params in (WIDE, allocate((1, 1), np.float32)[1]):
        with training_threads(params, DENSE, LBFGS(1)):
            assert n_threads() == [1] * len(n_threads())
        assert n_threads()[0] == 2


def test_the_users_limit_is_never_raised():
    with threadpool_limits(1, user_api="blas"), blas_threads(1e12):
        assert n_threads()[0] == 1


def test_a_process_confined_to_one_core_gets_one_thread(monkeypatch):
    """BLAS has counted the cores before; more threads than cores wait for each other."""
    monkeypatch.setattr(threads, "_n_cores", N_CORES)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0}, raising=False)
    with blas_threads(1e12):
        assert n_threads()[0] == 1


def pools():
    """Return the BLAS pools of NumPy and of SciPy, where each brings its own."""
    found = ThreadpoolController().select(user_api="blas").lib_controllers
    own = [pool for pool in found if "scipy.libs" in pool.filepath]
    if len(found) != 2 or len(own) != 1:
        pytest.skip("NumPy and SciPy do not bring one BLAS each")
    return [pool for pool in found if pool not in own] + own


def test_two_pools_never_have_several_threads_each():
    """L-BFGS beside a larger fit, which holds the limit: its vectors run in SciPy's pool."""
    numpy, scipy = pools()
    with limited_blas_threads(2), limited_blas_threads(1):
        assert (numpy.num_threads, scipy.num_threads) == (2, 1)
    assert (numpy.num_threads, scipy.num_threads) == (2, 2)


def test_a_pool_with_fewer_threads_keeps_them():
    numpy, scipy = pools()
    numpy.set_num_threads(1)
    with limited_blas_threads(2):
        assert (numpy.num_threads, scipy.num_threads) == (1, 1)
    assert (numpy.num_threads, scipy.num_threads) == (1, 2)


def test_limits_are_given_back_on_error():
    with pytest.raises(KeyError), limited_blas_threads(1):
        raise KeyError
    assert n_threads()[0] == 2


def test_nested_and_repeated():
    for _ in range(2):
        with limited_blas_threads(1):
            with limited_blas_threads(1):
                assert n_threads()[0] == 1
            assert n_threads()[0] == 1
        assert n_threads()[0] == 2


def test_two_that_overlap_leave_nothing_behind():
    """The first to enter leaves first: each restoring what it had found would keep one thread."""
    second_is_in, first_is_out = threading.Event(), threading.Event()

    def second():
        with limited_blas_threads(1):
            second_is_in.set()
            first_is_out.wait(10)

    with limited_blas_threads(1):
        thread = threading.Thread(target=second)
        thread.start()
        assert second_is_in.wait(10)
        assert n_threads()[0] == 1
    assert n_threads()[0] == 2
    first_is_out.set()
    thread.join(10)
    assert n_threads()[0] == 2
    with limited_blas_threads(1):
        assert n_threads()[0] == 1, "the limit can be had again"


FORKED = """
import os, sys, threading, warnings
import numpy as np
from threadpoolctl import threadpool_info
from skscratch import ScratchMLPClassifier
from skscratch.core.network import allocate
from skscratch.training import threads
from skscratch.training.threads import limited_blas_threads

warnings.simplefilter("ignore")  # Python's, of forks in processes of several threads
threads._n_cores = lambda: 2

def n_threads():
    return max(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")

def fit():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 100))
    seen = []
    def watch(step):
        seen.append(n_threads())
        return 0.01
    model = ScratchMLPClassifier((100,), n_members=1, learning_rate=watch, max_iter=3,
        early_stopping=False, batch_size=100, random_state=0).fit(X, X[:, 0] > 0)
    return {*seen[-9:]}, model.coefs_[0].sum()  # in the nine updates, not in checks before them

def in_child(check):
    child = os.fork()
    if child == 0:
        try:
            check()
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0

def hold():
    with limited_blas_threads(1):
        held.set()
        ended.wait()

def new_process():
    assert n_threads() == 2, "the limit of a thread that is not here is lifted"
    assert fit() == expected, "a fit sets its own limit"
    assert n_threads() == 2

def same_thread():
    assert n_threads() == 1
    assert fit() == expected
    assert n_threads() == 1

if n_threads() < 2:
    print("this BLAS cannot have two threads")
    sys.exit()
expected = fit()
assert expected[0] == {1}
held, ended = threading.Event(), threading.Event()
thread = threading.Thread(target=hold, daemon=True)
thread.start()
held.wait()
assert n_threads() == 1
in_child(new_process)
assert n_threads() == 1, "here the limit holds"
ended.set()
thread.join()
assert n_threads() == 2
with limited_blas_threads(1):
    in_child(same_thread)
assert n_threads() == 2
in_child(new_process)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_process_forked_while_another_thread_fits_has_limits_of_its_own():
    run = subprocess.run(
        [sys.executable, "-c", FORKED],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    if run.stdout:
        pytest.skip(run.stdout)
