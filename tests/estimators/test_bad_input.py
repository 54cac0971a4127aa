"""Every wrong argument is refused by name, with what it was."""

import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.exceptions import DataConversionWarning, NotFittedError

from skscratch import ScratchMLPClassifier

# Short fits on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

NAN, INF = float("nan"), float("inf")

REFUSED = {
    "hidden_layer_sizes": [
        (10.5,), ((3, 2),), ((3, 2), 4), (True,), (0,), (-1,), (5, 0), "10", ("10",), None, 0, -3,
        2.5, True, (NAN,), (INF,), (None,), {5}, {5: 5}, np.ones((2, 2)), [[5], [5]],
    ],
    "activation": ["swish", None, 3, ["relu"], [], ["relu", "swish"], ("relu", None), {"relu"}],
    "solver": ["newton", None, 1, ["sgd"]],
    "alpha": [-1e-9, NAN, INF, "0.1", None, [0.1]],
    "batch_size": [0, -1, 1.5, "all", None, [16]],
    "learning_rate": ["fast", None, 0.1],
    "learning_rate_init": [0, -0.1, NAN, INF, "0.1", None],
    "power_t": [-1, NAN, INF, "0.5", None],
    "max_iter": [0, -1, 10.5, "10", None, INF],
    "shuffle": ["yes", None, 2],
    "random_state": ["seed", -1, 2.5, [1]],
    "tol": [-1, NAN, "small", None],
    "verbose": ["loud", None, -1],
    "warm_start": ["no", None, 2],
    "momentum": [1.1, -0.1, NAN, "0.9", None],
    "nesterovs_momentum": ["no", None, 2],
    "early_stopping": ["maybe", None, 2],
    "validation_fraction": [0.0, 0, 1.0, -0.1, NAN, "0.1", None],
    "beta_1": [1.0, -0.1, NAN, "0.9", None],
    "beta_2": [1.0, -0.1, NAN, "0.9", None],
    "epsilon": [0.0, -1e-8, NAN, INF, "tiny", None],
    "n_iter_no_change": [0, -1, 2.5, NAN, "10", None],
    "max_fun": [0, -1, 10.5, "10", None],
    "weight_init": ["lecun", None, 3],
    "class_weight": ["uneven", 3, 0.5],
    "dtype": ["float16", "int32", int, np.float16, 32],
    "dropout": [1.0, -0.1, NAN, "0.5", None, [0.5], (0.1, 0.2, 0.3), [0.5, 1.0], [0.5, "0.5"]],
    "weight_decay": [-1e-9, NAN, INF, "0.1", None],
    "label_smoothing": [1.0, -0.1, NAN, "0.1", None],
    "max_grad_norm": [0, -1.0, NAN, INF, "1"],
    "ema_decay": [1.0, -0.1, NAN, "0.9", None],
    "warmup_steps": [-1, 1.5, NAN, "10", None],
    "decay_steps": [0, -1, 1.5, NAN, "all", None],
    "decay_rate": [0.0, 1.1, NAN, "0.1", None],
    "scoring": ["gain", 3, ["accuracy"], {"accuracy": "accuracy"}],
    "n_updates_no_change": [-1, 1.5, NAN, "10", None],
    "refit": ["no", None, 2],
    "n_members": [0, -1, 1.5, 2.0, "all", None, [2], 3],
    "standardize": ["no", None, 2],
    "temperature_scaling": ["no", None, 2],
    "checkpoint": [3, True, ["file"]],
    "checkpoint_epochs": [0, -1, 1.5, "1"],
    "checkpoint_seconds": [-1, NAN, "30"],
    "n_jobs": [0, 1.5, "2", NAN],
    "soft_labels": [3, "yes", None],
    "coefs_init": [3, "zeros"],
    "intercepts_init": [3, "zeros"],
    "trainable": [3, "no", None],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in REFUSED.items() for value in values],
    ids=lambda part: part if isinstance(part, str) else repr(part),
)
def test_parameters(name, value, binary, small):
    params = {"hidden_layer_sizes": (4, 4), "early_stopping": True, name: value}
    model = small(**params)
    with pytest.raises((ValueError, TypeError)) as error:
        model.fit(*binary)
    message = str(error.value)
    assert name in message
    assert repr(value) in message
    assert re.search(r"must|should|expected|accept", message), "says what would be right"


@pytest.mark.parametrize("rate", [-1.0, NAN, INF, "fast", None])
def test_a_rate_that_is_none(rate, binary, small):
    with pytest.raises((ValueError, TypeError), match=f"(?s)learning_rate.*{rate}"):
        small(learning_rate=lambda step: rate, learning_rate_init="auto").fit(*binary)


def test_every_parameter_is_covered(small):
    assert set(REFUSED) == set(small().get_params())


@pytest.mark.parametrize(
    ("value", "widths"),
    [
        (5, (5,)), (np.int8(5), (5,)), ((), ()), ([], ()), ([10], (10,)), (np.array([10]), (10,)),
        ((10.0,), (10,)), ((np.float64(3), 2), (3, 2)), (np.array([4.0, 2.0]), (4, 2)),
        (range(3, 5), (3, 4)), (pd.Series([6]), (6,)),
    ],
    ids=str,
)  # fmt: skip
def test_widths_that_are_accepted(value, widths, binary, small):
    model = small(hidden_layer_sizes=value, max_iter=1).fit(*binary)
    assert tuple(W.shape[1] for W in model.coefs_) == (*widths, 1)


@pytest.mark.parametrize(
    ("activation", "sizes"),
    [(["relu", "tanh"], (4, 3)), (("logistic",), (4,)), ([], ()), ("tanh", ())],
    ids=str,
)
def test_activations_per_layer_that_are_accepted(activation, sizes, binary, small):
    model = small(activation=activation, hidden_layer_sizes=sizes).fit(*binary)
    assert model.n_layers_ == len(sizes) + 2


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape)


X_REFUSED = {
    "NaN": (lambda X: np.where(X > 1, NAN, X), "X contains NaN"),
    "infinity": (lambda X: np.where(X > 1, INF, X), "X contains infinity"),
    "infinite in float32": (
        lambda X: np.where(X > 1, INF, X).astype(np.float32),
        "X contains infinity",
    ),
    "sparse NaN": (lambda X: sparse.csr_array(np.where(X > 1, NAN, X)), "X contains NaN"),
    "one axis": (lambda X: X[:, 0], "Reshape your data"),
    "three axes": (lambda X: X[:, :, None], r"dim 3|3 dim"),
    "no rows": (lambda X: X[:0], "0 sample"),
    "no columns": (lambda X: X[:, :0], "0 feature"),
    "a number": (lambda X: 3.0, r"(?i)scalar|2D array"),
    "complex": (lambda X: X + 1j, "Complex data not supported"),
    "strings": (lambda X: np.full(X.shape, "abc"), r"(?i)convert|could not|string"),
    "objects": (lambda X: np.full(X.shape, {}, dtype=object), r"(?i)argument must be|float"),
    "fewer rows than y": (lambda X: X[1:], r"inconsistent numbers of samples.*89.*90"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "message"), X_REFUSED.values(), ids=X_REFUSED)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_X(change, message, method, binary, small):
    X, y = binary
    arguments = (change(X), y, [0, 1]) if method == "partial_fit" else (change(X), y)
    with pytest.raises((ValueError, TypeError), match=message):
        getattr(small(), method)(*arguments)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba", "score"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X: X[:, :3], r"3 features.*5 features"),
        (lambda X: X[:0], "0 sample"),
        (lambda X: X + 1j, "Complex data not supported"),
        (lambda X: np.full(X.shape, "abc"), r"(?i)convert|could not|string"),
        (lambda X: np.where(X > 1, NAN, X), "X contains NaN"),
        (lambda X: X[0], "Reshape your data"),
    ],
)
def test_X_at_prediction(method, change, message, binary, small):
    X, y = binary
    model = small().fit(X, y)
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(*((change(X), y) if method == "score" else (change(X),)))


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
)
def test_prediction_before_fit(method, binary, small):
    with pytest.raises(NotFittedError, match="ScratchMLPClassifier"):
        getattr(small(), method)(binary[0])


Y_REFUSED = {
    "missing": (lambda y: None, "requires y to be passed"),
    "NaN": (lambda y: np.where(y == 1, NAN, 0.0), "y contains NaN"),
    "continuous": (lambda y: numbers(len(y)), "Unknown label type.*continuous"),
    "shorter": (lambda y: y[1:], r"inconsistent numbers of samples"),
    "three axes": (lambda y: np.zeros((len(y), 2, 2)), r"dim 3|3 dim|Unknown label type"),
    "multi-output": (lambda y: np.c_[y, y + 1, y + 2], "(?i)y.*(multilabel|label type)"),
    "indicator of other numbers": (lambda y: np.c_[y, 1 - y] * 3, "(?i)y.*(zeros and ones|label)"),
    "no columns": (lambda y: np.zeros((len(y), 0)), r"\by\b"),
    "None in y": (lambda y: np.array([None, *y[1:]], dtype=object), r"\by\b"),
    "mixed types": (lambda y: np.array(["a", *y[1:]], dtype=object), r"\by\b"),
    "sequences": (lambda y: np.array([[0], *([[0, 1]] * (len(y) - 1))], dtype=object), r"\by\b"),
}


@pytest.mark.parametrize(("change", "message"), Y_REFUSED.values(), ids=Y_REFUSED)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_y(change, message, solver, binary, small):
    X, y = binary
    with pytest.raises((ValueError, TypeError), match=message):
        small(solver=solver).fit(X, change(y))


def test_a_column_for_y_warns(binary, small):
    X, y = binary
    with pytest.warns(DataConversionWarning, match="column-vector"):
        model = small().fit(X, y.reshape(-1, 1))
    assert_array_equal(model.predict(X), small().fit(X, y).predict(X))


WEIGHTS_REFUSED = {
    "negative": (lambda n: np.r_[-1.0, np.ones(n - 1)], r"(?i)negative.*sample_weight"),
    "NaN": (lambda n: np.r_[NAN, np.ones(n - 1)], "sample_weight contains NaN"),
    "infinite": (lambda n: np.r_[INF, np.ones(n - 1)], "sample_weight contains infinity"),
    "all zero": (lambda n: np.zeros(n), "sample_weight"),
    "short": (lambda n: np.ones(n - 1), r"sample_weight.*shape.*\(89,\)"),
    "two axes": (lambda n: np.ones((n, 2)), "sample_weight"),
    "strings": (lambda n: ["heavy"] * n, "sample_weight"),
}


@pytest.mark.parametrize(("weight", "message"), WEIGHTS_REFUSED.values(), ids=WEIGHTS_REFUSED)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_sample_weight(weight, message, method, binary, small):
    X, y = binary
    classes = {"classes": [0, 1]} if method == "partial_fit" else {}
    with pytest.raises((ValueError, TypeError), match=message):
        getattr(small(), method)(X, y, sample_weight=weight(len(y)), **classes)


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({0: -1}, "class_weight.*negative"),
        ({0: NAN}, "class_weight"),
        ({0: INF}, "class_weight"),
        ({0: 0, 1: 0}, "class_weight"),
        ({0: "heavy"}, "class_weight"),
        ({7: 2.0}, "class_weight.*7"),
        ([1.0, 2.0], "class_weight"),
        ([{0: 1}], "class_weight"),
    ],
    ids=str,
)
def test_class_weight(class_weight, message, binary, small):
    with pytest.raises((ValueError, TypeError), match=message):
        small(class_weight=class_weight).fit(*binary)


@pytest.mark.parametrize("class_weight", [[1, 2], [{0: "x"}] * 3, [{0: 1, 1: 1}], {0: 1}])
def test_class_weight_of_labels(class_weight, multilabel, small):
    if class_weight == {0: 1}:
        with pytest.raises(ValueError, match="a dict is for a y with one class per row"):
            small(class_weight=class_weight).fit(*multilabel)
    with pytest.raises(ValueError, match="its length is 4, for 3 labels"):
        small(class_weight=[{0: 1}] * 4).fit(*multilabel)
    with pytest.raises((ValueError, TypeError), match="class_weight"):
        small(class_weight=class_weight).fit(*multilabel)


@pytest.mark.parametrize(
    ("classes", "message"),
    [(None, "classes"), ([], "classes"), ([0], "(?s)class.*1"), ([[0, 1]], "classes"),
     ([0.5, 1.5], r"\by\b"), (["no", "yes"], r"\by\b"), (7, "classes")],
    ids=str,
)  # fmt: skip
def test_classes(classes, message, binary, small):
    with pytest.raises((ValueError, TypeError), match=message):
        small().partial_fit(*binary, classes=classes)


@pytest.mark.parametrize("fitted", [False, True])
def test_weights_in_the_place_of_classes(fitted, binary, small):
    """MLPClassifier takes them there, and the classes after them."""
    X, y = binary
    model = small().fit(X, y) if fitted else small()
    with pytest.raises(ValueError, match=r"classes holds 90 floats.*sample_weight=\.\.\."):
        model.partial_fit(X, y, np.linspace(0.5, 1.5, 90))
    with pytest.raises(ValueError, match=r"classes holds 90 floats.*sample_weight=\.\.\."):
        model.partial_fit(X, y, np.ones(90), [0, 1])
    floats = y.astype(float)
    assert small().partial_fit(X, floats, floats).classes_.tolist() == [0, 1]  # they are classes


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, fan_in, fan_out: np.ones((fan_out, fan_in + 1)),
        lambda rng, fan_in, fan_out: np.full((fan_in, fan_out), NAN),
        lambda rng, fan_in, fan_out: None,
        lambda rng, fan_in, fan_out: "ones",
    ],
    ids=["shape", "NaN", "None", "string"],
)
def test_draws_of_an_initializer(draw, binary, small):
    with pytest.raises((ValueError, TypeError), match="weight_init"):
        small(weight_init=draw).fit(*binary)


@pytest.mark.parametrize("classes", [[0, [1]], [[0], [1, 2]], [0, "one"], [[0, 1]], 1])
def test_classes_of_partial_fit(classes, binary, small):
    with pytest.raises((ValueError, TypeError), match="classes"):
        small().partial_fit(*binary, classes=classes)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha", -1), ("learning_rate_init", -0.01), ("ema_decay", -np.inf), ("solver", "x"),
        ("batch_size", -1), ("alpha", None), ("shuffle", "no"), ("momentum", 2.5),
        ("random_state", "x"), ("max_grad_norm", np.nan),
    ],
)  # fmt: skip
def test_parameters_are_checked_in_later_calls_of_partial_fit_too(name, value):
    X, y = np.array([[-1.0], [1.0]]), [0, 1]
    model = ScratchMLPClassifier((4,), random_state=0).partial_fit(X, y, classes=[0, 1])
    before = model.coefs_[0].copy()
    with pytest.raises(ValueError, match=name):
        model.set_params(**{name: value}).partial_fit(X, y)
    assert np.array_equal(model.coefs_[0], before)


def test_strings_of_variable_width_are_refused_by_name(binary, small):
    X, y = binary
    labels = np.array(["no", "yes"])[y].astype(np.dtypes.StringDType())
    with pytest.raises(ValueError, match=r"^y has NumPy's StringDType.*astype"):
        small().fit(X, labels)
