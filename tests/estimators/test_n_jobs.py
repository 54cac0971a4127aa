"""The same model, to the bit, however many workers train the members."""

import os
import pickle
import signal
import subprocess
import sys
import warnings
from importlib.util import find_spec

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch._compat import InvalidParameterError
from skscratch.core.activations import Tanh
from skscratch.core.regression_losses import SquaredError
from skscratch.training import checkpoint
from skscratch.training.workers import n_workers
from tests.estimators.bomb import Bomb, interrupt
from tests.estimators.conftest import make_task

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
# joblib 1.3 has parallel_config
using = getattr(joblib, "parallel_config", joblib.parallel_backend)
NET = {"hidden_layer_sizes": (24, 16), "n_members": 8, "max_iter": 4, "random_state": 0}
W = np.random.default_rng(5).uniform(0.1, 2, 90) * (np.arange(90) % 7 > 0)


class Shouting(Tanh):
    """An activation that warns."""

    def forward(self, z, a):
        warnings.warn("louder", stacklevel=1)
        super().forward(z, a)


class Failing(Tanh):
    """An activation that fails in a worker, where a part of the members is trained."""

    def forward(self, z, a):
        if z.ndim == 3 and (len(z), z.shape[-1]) == (4, 3):
            raise ZeroDivisionError("in a worker")
        super().forward(z, a)


def assert_same(model, expected):
    """Raise unless two models and their histories are equal to the bit."""
    for name in ("coefs_", "intercepts_"):
        for own, other in zip(getattr(model, name), getattr(expected, name), strict=True):
            assert_array_equal(own, other)
    assert {*model.history_} == {*expected.history_}
    for name in {*expected.history_} - {"seconds", "gradient_norm"}:
        assert_array_equal(model.history_[name], expected.history_[name], err_msg=name)
    norms = [m.history_["gradient_norm"] for m in (model, expected)]
    assert_allclose(*norms, rtol=1e-6)
    for name in ("n_iter_", "t_", "best_loss_", "best_validation_score_", "n_members_"):
        assert getattr(model, name) == getattr(expected, name), name


def fitted(kind, backend=None, params=(), data=(), **validation):
    params = {**NET, **dict(params)}
    with using(backend) if backend else warnings.catch_warnings():
        return kind(**params).fit(*data, **validation)


CASES = {
    "default": {},
    "no early stopping": {"early_stopping": False},
    "until it stalls": {
        "early_stopping": False,
        "tol": 0.01,
        "n_iter_no_change": 2,
        "max_iter": 30,
    },
    "in order": {"shuffle": False},
    "float64": {"dtype": "float64"},
    "dropout": {"dropout": [0.5, 0.0]},
    "dropout in float64": {"dropout": 0.3, "dtype": "float64"},
    "sgd": {"solver": "sgd", "learning_rate": "cosine", "weight_decay": 0.1},
    "adaptive": {"learning_rate": "adaptive", "tol": 0.5, "n_iter_no_change": 1, "max_iter": 9},
    "scored": {"early_stopping": True, "scoring": "r2"},
    "no average": {"ema_decay": 0, "batch_size": 7},
    "linear ends": {"hidden_layer_sizes": 8},
}
WORKERS = [
    ("threading", 2), ("threading", 3), ("threading", 8), ("loky", 2),
    pytest.param("loky", 3, marks=pytest.mark.exhaustive),
    pytest.param("loky", 8, marks=pytest.mark.exhaustive),
]  # fmt: skip


@pytest.mark.parametrize("params", CASES.values(), ids=CASES)
@pytest.mark.parametrize(("backend", "n_jobs"), WORKERS)
@pytest.mark.parametrize("weight", [None, W], ids=["unweighted", "weighted"])
def test_a_regressor(params, backend, n_jobs, weight):
    X, y = make_task("binary")
    y = np.stack([X[:, 0] ** 2 + y, X[:, 1]], axis=1)
    data = 10 * X, y, weight
    expected = fitted(ScratchMLPRegressor, None, params, data)
    assert expected.n_members_ == 8
    model = fitted(ScratchMLPRegressor, backend, {**params, "n_jobs": n_jobs}, data)
    assert_same(model, expected)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("smoothing", [0, 0.2])
@pytest.mark.parametrize("stops", [True, False])
@pytest.mark.parametrize("own", [True, False], ids=["own rows", "X_val"])
@pytest.mark.parametrize("n_jobs", [2, 3, 8])
def test_a_classifier(kind, smoothing, stops, own, n_jobs):
    X, y = make_task(kind)
    own = {} if own else {"X_val": X[60:], "y_val": y[60:]}
    params = {"label_smoothing": smoothing, "early_stopping": stops, "dtype": "float32"}
    if kind == "multiclass":
        params["class_weight"] = "balanced"
    expected = fitted(ScratchMLPClassifier, None, params, (X[:60], y[:60]), **own)
    model = fitted(
        ScratchMLPClassifier, "threading", {**params, "n_jobs": n_jobs}, (X[:60], y[:60]), **own
    )
    assert_same(model, expected)


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile", "poisson", "gamma"])
def test_every_loss_of_a_regressor(loss):
    X, y = make_task("binary")
    data = X, np.exp(X[:, 0]) + y
    expected = fitted(ScratchMLPRegressor, None, {"loss": loss}, data)
    assert_same(
        fitted(ScratchMLPRegressor, "threading", {"loss": loss, "n_jobs": 3}, data), expected
    )


def test_data_that_are_large_enough_for_a_memory_map():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6000, 60)).astype(np.float32)
    assert X.nbytes > 2**20
    params = {"max_iter": 2, "batch_size": 100}
    data = X, (X[:, 0] > 0).astype(int), rng.uniform(0.5, 1, 6000)
    expected = fitted(ScratchMLPClassifier, None, params, data)
    assert_same(fitted(ScratchMLPClassifier, "loky", {**params, "n_jobs": 2}, data), expected)


@pytest.mark.parametrize(("first", "second"), [(2, None), (None, 2)])
def test_a_checkpoint_of_one_is_resumed_by_the_other(first, second, tmp_path):
    X, y = make_task("multiclass")
    path, params = tmp_path / "run", {"dropout": 0.2}
    expected = fitted(ScratchMLPClassifier, None, {"max_iter": 6, **params}, (X, y))
    params |= {"checkpoint": path, "checkpoint_epochs": 1}
    fitted(ScratchMLPClassifier, "threading", {"n_jobs": first, "max_iter": 3, **params}, (X, y))
    assert checkpoint.read(path)["state"]["counted"]["n_epochs"] == 3
    model = fitted(
        ScratchMLPClassifier, "threading", {"n_jobs": second, "max_iter": 6, **params}, (X, y)
    )
    assert_same(model, expected)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_ctrl_c_in_a_worker_leaves_the_best_model_so_far(backend, capsys):
    X, y = make_task("binary")

    class Stop:
        """A learning rate that is interrupted in the third epoch."""

        def __call__(self, step):
            if step >= 2 * 3:
                raise KeyboardInterrupt
            return 0.01

    params = {"batch_size": 32, "learning_rate": lambda step: 0.01, "early_stopping": False}
    expected = fitted(ScratchMLPClassifier, None, {**params, "max_iter": 2}, (X, y))
    model = ScratchMLPClassifier(**{**NET, **params, "learning_rate": Stop(), "n_jobs": 2})
    with using(backend), pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert_same(model, expected)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_an_error_in_a_worker_reaches_the_user(backend):
    model = ScratchMLPClassifier(**NET, activation=Failing(), n_jobs=2)
    with using(backend), pytest.raises(ZeroDivisionError, match="in a worker"):
        model.fit(*make_task("binary"))
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_a_warning_in_a_worker_reaches_the_user(backend):
    model = ScratchMLPClassifier(**NET, activation=Shouting(), n_jobs=2, early_stopping=False)
    with using(backend), pytest.warns(UserWarning, match="louder"):
        model.fit(*make_task("binary"))
    assert model.n_iter_ == 4


def test_an_object_that_cannot_be_sent_is_an_error_that_says_so():
    class Locked(Tanh):
        def __reduce__(self):
            raise pickle.PicklingError("it is locked")

        def __deepcopy__(self, memo):
            return self

    model = ScratchMLPClassifier(**NET, activation=Locked(), n_jobs=2)
    with pytest.raises(ValueError, match=r"(?s)n_jobs=2 sends activations.*Set n_jobs=None"):
        model.fit(*make_task("binary"))


def test_divergence_ends_as_with_one_worker():
    X, y = make_task("binary")
    params = {"learning_rate": lambda step: 0.01 if step < 9 else 1e30, "solver": "sgd"}
    params |= {"ema_decay": 0, "batch_size": 32, "max_iter": 20}
    with pytest.warns(ConvergenceWarning, match="non-finite in epoch"):
        expected = fitted(ScratchMLPClassifier, None, params, (X, y))
    with pytest.warns(ConvergenceWarning, match="non-finite in epoch"):
        model = fitted(ScratchMLPClassifier, "threading", {**params, "n_jobs": 2}, (X, y))
    assert_same(model, expected)


def test_the_advice_on_divergence_is_one_that_workers_accept():
    X, y = make_task("binary")
    params = {"learning_rate_init": 1e30, "solver": "sgd", "n_jobs": 2}
    model = ScratchMLPClassifier(**NET | params)
    with using("threading"), pytest.raises(ValueError, match="non-finite") as caught:
        model.fit(X, y)
    assert "set max_grad_norm with n_jobs=None (now 2), raise batch_size" in str(caught.value)
    model.set_params(learning_rate_init=0.01, max_grad_norm=1.0)
    with using("threading"), pytest.raises(InvalidParameterError, match="Set n_jobs=None"):
        model.fit(X, y)
    assert np.isfinite(model.set_params(n_jobs=None).fit(X, y).predict_proba(X)).all()
    one = ScratchMLPClassifier(**NET | params | {"n_members": 1})
    with (
        pytest.warns(UserWarning, match="n_jobs=2"),
        pytest.raises(ValueError, match="set max_grad_norm, raise batch_size"),
    ):
        one.fit(X, y)  # without workers


def test_verbose_prints_the_same_lines(capsys):
    def lines(**params):
        fitted(ScratchMLPClassifier, "threading", {"verbose": True, **params}, make_task("binary"))
        return [line.rpartition(" ")[0] for line in capsys.readouterr().out.splitlines()]

    assert [line.split("s")[0] for line in lines(n_jobs=2)] == [
        line.split("s")[0] for line in lines()
    ]


@pytest.mark.skipif(not find_spec("sklearn.callback"), reason="from scikit-learn 1.9 on")
def test_callbacks_are_called_in_the_main_process():
    from skscratch.callbacks import EarlyStopping

    X, y = make_task("binary")
    callback = EarlyStopping("loss", patience=1, min_delta=10.0)
    model = ScratchMLPClassifier(**NET, n_jobs=2).set_callbacks(callback)
    with using("threading"):
        model.fit(X, y)
    assert model.n_iter_ < 4


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"max_grad_norm": 1.0}, r"n_jobs=2 needs max_grad_norm=None.*Set n_jobs=None"),
        ({"loss": type("Own", (SquaredError,), {"__module__": "own"})()}, "needs a loss of this"),
    ],
)
def test_what_couples_members_is_refused(params, match):
    X, y = make_task("binary")
    with pytest.raises(InvalidParameterError, match=match):
        ScratchMLPRegressor(**NET, **params, n_jobs=2).fit(X, y)
    # one member does not divide anything
    params |= {"n_members": 1, "n_jobs": 1}
    assert ScratchMLPRegressor(**{**NET, **params}).fit(X, y).n_iter_ == 4


@pytest.mark.parametrize("n_jobs", [None, 1])
@pytest.mark.parametrize("n_members", [1, 8])
def test_one_worker_never_warns(n_jobs, n_members, recwarn):
    model = ScratchMLPClassifier(**{**NET, "n_members": n_members}, n_jobs=n_jobs)
    model.fit(*make_task("binary"))
    model = ScratchMLPClassifier(n_jobs=n_jobs, random_state=0)
    model.partial_fit(*make_task("binary"), [0, 1])
    assert not [w for w in recwarn if "does not use" in str(w.message)]


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"n_members": 1}, "one member"),
        ({"n_members": "auto", "solver": "lbfgs"}, "solver='lbfgs'"),
        ({"n_members": "auto", "warm_start": True}, "one member"),
    ],
)
def test_a_fit_of_one_network_says_that_it_does_not_use_it(params, reason):
    model = ScratchMLPClassifier(**{**NET, **params}, n_jobs=2)
    with pytest.warns(UserWarning, match=rf"n_jobs=2 \({reason}\)"):
        model.fit(*make_task("binary"))


def test_partial_fit_says_that_it_does_not_use_it():
    with pytest.warns(UserWarning, match=r"n_jobs=2 \(only for fit\)"):
        ScratchMLPClassifier(n_jobs=2).partial_fit(*make_task("binary"), [0, 1])


def workers(estimator, X, y):
    """Score a model by the number of workers that a fit in this process would have."""
    return float(n_workers(2, 8))


def test_a_search_with_processes_around_it_does_not_start_more():
    X, y = make_task("binary")
    grid, searches = {"alpha": [0.1, 1.0]}, []
    for n in (None, 2):
        model = ScratchMLPClassifier(**NET, n_jobs=n)
        searches.append(GridSearchCV(model, grid, cv=3, n_jobs=2, scoring=workers).fit(X, y))
        assert_array_equal(searches[-1].cv_results_["mean_test_score"], 1)
    assert_same(*[search.best_estimator_ for search in searches])


def test_it_is_cloned_and_read_from_former_files():
    model = ScratchMLPClassifier(n_jobs=2)
    assert clone(model).get_params()["n_jobs"] == 2
    state = model.__getstate__()
    del state["n_jobs"]
    former = ScratchMLPClassifier()
    former.__setstate__(state)
    assert former.n_jobs == 1


def test_a_fit_without_workers_dispatches_nothing(monkeypatch):
    def dispatched(*args, **kwargs):
        raise AssertionError("joblib.Parallel was called")

    monkeypatch.setattr(joblib, "Parallel", dispatched)
    for n_jobs in (None, 1):
        model = fitted(ScratchMLPClassifier, None, {"n_jobs": n_jobs}, make_task("binary"))
        assert model.n_members_ == 8


def test_a_stateful_bomb_interrupts_the_main_process_too():
    """Threads share the activation with the main process."""
    model = ScratchMLPClassifier(**NET, activation=[Bomb(60, interrupt), "relu"], n_jobs=2)
    with using("threading"), pytest.raises(KeyboardInterrupt):
        model.set_params(max_iter=100).fit(*make_task("binary"))
    assert model.n_iter_ == len(model.loss_curve_) > 0


# Its workers send back 1 MB an epoch, more than a pipe holds.
KILLED = """
import os
import numpy as np
from skscratch import ScratchMLPClassifier


def rate(step):
    os.write(1, f"{os.getpid()}\\n".encode())  # in one piece, beside those of other processes
    return 0.01


X = np.random.default_rng(0).normal(size=(500, 5))
net = {"hidden_layer_sizes": (500, 500), "n_members": 2, "n_jobs": 2, "early_stopping": False}
net |= {"max_iter": 10**6, "n_iter_no_change": float("inf"), "learning_rate": rate}
ScratchMLPClassifier(**net, random_state=0).fit(X, X[:, 0] > 0)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell who has lost its parent")
def test_workers_end_soon_after_a_main_process_that_is_killed():
    main = subprocess.Popen(
        [sys.executable, "-c", KILLED], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    pids = {main.pid}
    while len(pids) < 3:  # the main process checks the function, and two workers call it
        pids.add(int(main.stdout.readline()))
    main.kill()
    try:
        main.communicate(timeout=30)  # until no process is left that could write
    except subprocess.TimeoutExpired:
        for pid in pids - {main.pid}:
            os.kill(pid, signal.SIGKILL)
        raise AssertionError("the workers live on") from None
    assert main.returncode == -signal.SIGKILL
