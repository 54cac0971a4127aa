"""Whatever it is given, a fit ends well or names the culprit.

Calls of ``fit`` are drawn: numbers of all kinds in all containers, labels, weights, a validation
set and parameters, at most one of them wrong. HYPOTHESIS_PROFILE=nightly draws 2000 of them.
"""

import contextlib
import inspect
import io
import re
import tempfile
import warnings
from typing import Any, NamedTuple

import joblib
import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from skscratch import ScratchMLPClassifier
from skscratch.core.activations import ACTIVATIONS
from skscratch.core.initializers import INITIALIZERS
from skscratch.core.optimizers import Momentum
from skscratch.core.schedules import SCHEDULES, Constant

NAN, INF = float("nan"), float("inf")


def one_of(*values):
    return st.sampled_from(values)


def inverse(step):
    return 0.1 / (step + 1)


def halves(rng, fan_in, fan_out):
    return np.full((fan_in, fan_out), 0.5)


def accuracy(estimator, X, y, sample_weight=None):
    return estimator.score(X, y, sample_weight)


flags = one_of(False, True), one_of("yes", None)
streams = one_of(0, 7, None) | st.builds(np.random.default_rng, st.just(0))

# For each parameter values that are right, and values that are wrong.
PARAMETERS = {
    "hidden_layer_sizes": (
        one_of((), 3, (1,), (4, 2), [2.0], np.array([3])),
        one_of(0, (2, 0), (1.5,), "3", None, [[2]]),
    ),
    "activation": (
        one_of(*ACTIVATIONS, ACTIVATIONS["tanh"], ["relu"], ("tanh", "logistic"), []),
        one_of("step", None, 3),
    ),
    "solver": (one_of("adam", "sgd", "lbfgs", Momentum(0.5)), one_of("newton", None, Momentum)),
    "alpha": (one_of(0, 1e-4, 1, 1e6), one_of(-1, NAN, INF, None)),
    "batch_size": (one_of("auto", 1, 3, 1000), one_of(0, 1.5, "all")),
    "learning_rate": (one_of(*SCHEDULES, Constant(0.1), inverse), one_of("fast", 0.1, Constant)),
    "learning_rate_init": (one_of("auto", 1e-3, 0.5, 1e3, 1e300), one_of(0, -1, NAN, INF, "slow")),
    "power_t": (one_of(0, 0.5, 3), one_of(-1, NAN)),
    "max_iter": (st.integers(1, 4), one_of(0, 2.5, None)),
    "shuffle": flags,
    "random_state": (streams, one_of(-1, "seed", 0.5)),
    "tol": (one_of(0, 1e-4, 10), one_of(-1, NAN, None)),
    "verbose": flags,
    "warm_start": flags,
    "momentum": (one_of(0, 0.9, 1), one_of(1.5, NAN)),
    "nesterovs_momentum": flags,
    "early_stopping": (one_of(False, True, "auto"), flags[1]),
    "validation_fraction": (one_of(0.1, 0.5, 0.99), one_of(0.0, 1, NAN)),
    "beta_1": (one_of(0, 0.9), one_of(1, NAN)),
    "beta_2": (one_of(0, 0.999), one_of(1, NAN)),
    "epsilon": (one_of(1e-8, 1, 1e-300), one_of(0, NAN)),
    "n_iter_no_change": (one_of(1, 3, INF), one_of(0, 2.5, NAN)),
    "max_fun": (one_of(1, 50), one_of(0, 2.5)),
    "weight_init": (one_of("auto", *INITIALIZERS, halves), one_of("nothing", None)),
    "class_weight": (one_of(None, "balanced"), one_of("uneven", 3, {"no such class": 1})),
    "dtype": (one_of(None, "float32", "float64", np.float32), one_of("float16", int)),
    "dropout": (one_of(0, 0.5, 0.99, [0.5], (0.1, 0.0), []), one_of(1, -0.1, NAN, "half")),
    "weight_decay": (one_of(0, 0.01, 1e6), one_of(-1, NAN, INF)),
    "label_smoothing": (one_of(0, 0.1, 0.99), one_of(1, -0.1, NAN)),
    "max_grad_norm": (one_of(None, 1e-3, 1, 1e300), one_of(0, NAN)),
    "ema_decay": (one_of(0, 0.9), one_of(1, NAN)),
    "warmup_steps": (one_of(0, 1, 1000), one_of(-1, 1.5)),
    "decay_steps": (one_of("auto", 1, 1000), one_of(0, 1.5, "soon")),
    "decay_rate": (one_of(0.1, 1), one_of(0, 2, NAN)),
    "scoring": (
        one_of("loss", "accuracy", "neg_log_loss", "roc_auc", "f1_macro", None, accuracy),
        one_of("good", 3),
    ),
    "n_updates_no_change": (one_of(0, 5, INF), one_of(-1, 2.5, NAN)),
    "refit": flags,
    "n_members": (one_of("auto", 1), one_of(0, 1.5, "all")),
    "standardize": flags,
    "temperature_scaling": flags,
    "checkpoint": (one_of(None, "run", "no/such/folder"), one_of(3, b"run")),
    "checkpoint_epochs": (one_of(None, 1, 3), one_of(0, 1.5)),
    "checkpoint_seconds": (one_of(None, 0, 30), one_of(-1, NAN)),
    "n_jobs": (one_of(None, 1), one_of(0, 1.5)),
    "soft_labels": (st.just(False), one_of(3, "yes")),
    "coefs_init": (st.none(), one_of(3, [0])),
    "intercepts_init": (st.none(), one_of(3, [0])),
    "trainable": (st.just(True), one_of(3, [])),
}

FLOATS = (np.float64, np.float32, np.float16)
WHOLE = (np.int64, np.int32, np.int16, np.int8, np.uint8, bool)
# What the numbers in X are like.
NUMBERS = {
    "ordinary": st.floats(-10, 10, width=16),
    "constant": one_of(7.0),
    "zeros": one_of(0.0, -0.0),
    "large": one_of(-6e4, 0.0, 1e9, 1e30),
    "huge": one_of(-1e300, -1e154, -1e38, 0.0, 1e38, 1e154, 1e300),
    "tiny": one_of(-5e-324, 0.0, 1e-310, 1e-300, 1e-40, 1e-30),
}
DENSE = {
    "array": np.asarray,
    "column-major": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=0)[::2],
    "read-only": lambda X: np.broadcast_to(X, X.shape),
    "objects": lambda X: X.astype(object),
    "list": lambda X: X.tolist(),
    "DataFrame": lambda X: pd.DataFrame(X, columns=list("abcdefghij"[: X.shape[1]])),
}
SPARSE = {
    name: getattr(sparse, name)
    for name in (f"{form}_{kind}" for form in ("csr", "csc", "coo") for kind in ("array", "matrix"))
}
LABELS = [
    [0, 1], [7], [-3, 0, 5], ["no", "yes"], ["a", "bb", "ccc"], [False, True], [1.0, 2.0],
    [-(2**62), 2**62], [*range(12)],
]  # fmt: skip
COLUMNS = {
    "array": np.array, "list": list,
    "Series": lambda y: pd.Series(y) if np.ndim(y) == 1 else pd.DataFrame(y),
    "objects": lambda y: np.array(y, dtype=object if isinstance(y[0], str) else None),
}  # fmt: skip


def replaced(array, value):
    """Return a copy that begins with another value."""
    array = np.array(array, dtype=object if isinstance(value, str) else float)
    array.flat[0] = value
    return array


WRONG_X = [
    lambda X: replaced(X, NAN), lambda X: replaced(X, -INF), lambda X: replaced(X, "three"),
    lambda X: X[:0], lambda X: None,
]  # fmt: skip
WRONG_Y = [
    lambda y: y[1:], lambda y: [*y, *y], lambda y: None, lambda y: len(y) * [NAN],
    lambda y: len(y) * [None], lambda y: len(y) * [0.5], lambda y: len(y) * [[0, 2]],
    lambda y: [object(), *y[1:]], lambda y: np.array(len(y) * [1], dtype=object),
]  # fmt: skip
WRONG_WEIGHT = [
    lambda w: replaced(w, -1), lambda w: replaced(w, NAN), lambda w: replaced(w, INF),
    lambda w: replaced(w, "heavy"), lambda w: 0 * w, lambda w: w[1:], lambda w: w[:, None],
]  # fmt: skip
WRONG = {
    "X": [*WRONG_X, lambda X: X[:, :0], lambda X: X[0], lambda X: X[:, :, None]],
    "y": WRONG_Y, "sample_weight": WRONG_WEIGHT,
    "X_val": [*WRONG_X, lambda X: np.c_[X, X]], "y_val": [*WRONG_Y, lambda y: len(y) * [99]],
    "sample_weight_val": WRONG_WEIGHT,
    "groups": [lambda g: g[1:], lambda g: [None] * len(g)],
}  # fmt: skip


class Call(NamedTuple):
    """Parameters and the arguments of ``fit``; form is what X and X_val are put into."""

    params: dict[str, Any]
    data: dict[str, Any]
    form: str
    wrong: str | None

    def arguments(self):
        """Return the arguments with X and X_val in their form."""
        put = {**DENSE, **SPARSE}[self.form]
        data = dict(self.data)
        for name in data.keys() & {"X", "X_val"}:
            X = data[name]
            if np.ndim(X) == 2 and (X.dtype != object or self.form in DENSE):
                data[name] = put(X)
        return data


@st.composite
def matrices(draw, shape, dtype):
    numbers = NUMBERS[draw(one_of(*NUMBERS))]
    X = draw(arrays(float, shape, elements=numbers, fill=st.nothing()))
    if dtype is bool:
        return X != 0
    info = np.finfo(dtype) if dtype in FLOATS else np.iinfo(dtype)
    limit = np.inf if dtype in FLOATS else 2.0**62
    return X.clip(max(info.min, -limit), min(info.max, limit)).astype(dtype)


@st.composite
def weights(draw, n_rows):
    w = draw(arrays(float, n_rows, elements=one_of(1.0, 0.0, 0.5, 3.0, 1e-30, 1e30)))
    w[0] = 1
    return w


@st.composite
def data_sets(draw, n_columns, dtype, labels):
    """Rows, labels and weights; without any labels to choose from, three zeros or ones a row."""
    n_rows = draw(st.integers(1, 40))
    X = draw(matrices((n_rows, n_columns), dtype))
    if labels is None:
        y = draw(arrays(int, (n_rows, 3), elements=one_of(0, 1)))
    else:
        y = draw(st.lists(one_of(*labels), min_size=n_rows, max_size=n_rows))
    return X, y, draw(st.none() | weights(n_rows))


@st.composite
def calls(draw):
    names = draw(st.lists(one_of(*PARAMETERS), unique=True, max_size=8))
    params = {name: draw(PARAMETERS[name][0]) for name in ["max_iter", *names]}
    form = draw(one_of(*DENSE, *SPARSE))
    # SciPy's sparse formats know no float16
    dtypes = [*FLOATS, *WHOLE] if form in DENSE else [*FLOATS[:2], *WHOLE]
    n_columns, dtype = draw(st.integers(1, 5)), draw(one_of(*dtypes))
    labels = draw(st.none() | one_of(*LABELS))
    column = COLUMNS[draw(one_of(*COLUMNS))]
    X, y, w = draw(data_sets(n_columns, dtype, labels))
    data = {"X": X, "y": column(y), "sample_weight": w}
    if draw(st.booleans()):
        X, y, w = draw(data_sets(n_columns, dtype, None if labels is None else sorted({*y})))
        data |= {"X_val": X, "y_val": column(y), "sample_weight_val": w}
    if len(data["y"]) > 2 and draw(st.booleans()):
        data["groups"] = np.arange(len(data["y"])) // 2
    wrong = draw(st.none() | one_of(*PARAMETERS) | one_of(*data))
    if wrong in PARAMETERS:
        params[wrong] = draw(PARAMETERS[wrong][1])
    elif wrong is not None:
        ones = np.ones(len(data[wrong.replace("sample_weight", "X")]))
        data[wrong] = draw(one_of(*WRONG[wrong]))(ones if data[wrong] is None else data[wrong])
    return Call(params, data, form, wrong)


def surroundings():
    """Return what a call must leave as it is."""
    return joblib.hash(np.random.get_state()), np.geterr(), list(warnings.filters)  # noqa: NPY002


def names_culprit(message, call):
    names = [*call.params, *call.data, "learning_rate_init", "Scale the features"]
    return re.search(rf"\b({'|'.join(names)})\b", message)


def check_predictions(model, X, multilabel):
    p = model.predict_proba(X)
    assert ((p >= 0) & (p <= 1)).all()  # and none is NaN
    if not multilabel:
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    assert np.isin(model.predict(X), [0, 1] if multilabel else model.classes_).all()


def fit_and_check(call, arguments):
    model, refusal = ScratchMLPClassifier(**call.params), None
    try:
        model.fit(**arguments)
    except (ValueError, TypeError) as error:
        refusal = str(error)
    if refusal is None:
        assert call.wrong is None, "it must be refused"
        check_predictions(model, arguments["X"], np.ndim(arguments["y"]) == 2)
    else:
        assert names_culprit(refusal, call), refusal
        assert vars(model).keys() == model.get_params().keys(), "it must be as before"


# Warnings that such calls deserve. All but the first are scikit-learn's, of scores and of classes.
EXPECTED = (
    "Parameters that this fit does not use", ".* is ill-defined", ".* score is not defined",
    "The y_prob values do not sum to one", "The number of unique classes",
    "X has, in .* standard deviations away", "X_val is on another scale",
    "X is far from scale", "groups are not used",
)  # fmt: skip


@given(calls())
def test_a_fit_ends_well_or_names_the_culprit(call):
    arguments = call.arguments()
    before = joblib.hash(arguments), surroundings()
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.chdir(folder),  # checkpoints are written there
        contextlib.redirect_stdout(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "(?s)" + "|".join(EXPECTED))
        inside = surroundings()
        fit_and_check(call, arguments)
        assert surroundings() == inside
    assert (joblib.hash(arguments), surroundings()) == before


def test_every_parameter_and_argument_is_drawn():
    assert set(PARAMETERS) == set(ScratchMLPClassifier().get_params())
    assert set(WRONG) == {*inspect.signature(ScratchMLPClassifier.fit).parameters} - {"self"}
