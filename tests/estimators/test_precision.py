"""Which precision a network is trained in, and which one its predictions have."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor

pytestmark = pytest.mark.filterwarnings(
    # fits of two epochs on purpose; some of the features cannot be scaled well
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:X has, in feature",
    "ignore:X is far from scale",
)
RNG = np.random.default_rng(0)
N = 200
X = RNG.normal(size=(N, 3))
Y = (X[:, 0] > 0).astype(int)


def trained(X, y=Y, w=None, **params):
    """Return the precision of a network after two epochs."""
    model = ScratchMLPClassifier((4,), max_iter=2, random_state=0, **params)
    return model.fit(X, y, w).coefs_[0].dtype


def with_column(values):
    return np.column_stack([X, values])


FORMS = {
    "float64": X,
    "float32": X.astype("f4"),
    "float16": X.astype("f2"),
    "list": X.tolist(),
    "frame": pd.DataFrame(X, columns=list("abc")),
    "csr": csr_array(X),
    "int64": (9 * X).astype(int),
    "uint8": (9 * X).clip(0, 99).astype("u1"),
    "bool": X > 0,
}


@pytest.mark.parametrize("data", FORMS.values(), ids=FORMS)
def test_float32_is_the_usual_one(data):
    assert trained(data) == np.float32


COARSE = {
    "time stamps": 1.7e9 + 10 * X[:, 0],
    "an offset": 1e6 + (X[:, 0] > 0),
    "time stamps, some missing": np.where(np.arange(N) % 5, 1.7e9 + 10 * X[:, 0], 0),
    "identifiers": 2**25 + np.arange(N),
    "huge": 1e39 * X[:, 0],
    "tiny": 1e-39 * X[:, 0],
}


@pytest.mark.parametrize("values", COARSE.values(), ids=COARSE)
def test_float64_is_that_of_features_that_float32_cannot_hold_apart(values):
    assert trained(with_column(values)) == np.float64
    assert trained(with_column(values), dtype="float64") == np.float64


FINE = {
    "a large constant": np.full(N, 1e9),
    "whole numbers": np.arange(N),
    "large": 1e20 * X[:, 0],
    "a code for missing values": np.where(np.arange(N) % 5, X[:, 0], -1e9),
    "one of few values": np.where(np.arange(N) % 5, 0.1, 0.3),
    "nothing": np.zeros(N),
}


@pytest.mark.parametrize("values", FINE.values(), ids=FINE)
def test_float32_is_that_of_features_that_it_holds_apart(values):
    assert trained(with_column(values)) == np.float32


def test_large_identifiers_among_whole_numbers():
    assert trained((9 * X).astype(int) + 2**40) == np.float64


def test_a_column_of_a_sparse_X():
    assert trained(csr_array(with_column(COARSE["identifiers"]))) == np.float64


def test_lbfgs_takes_float64_but_for_float32():
    assert trained(X, solver="lbfgs") == np.float64
    assert trained((9 * X).astype(int), solver="lbfgs") == np.float64
    assert trained(X.astype("f4"), solver="lbfgs") == np.float32


@pytest.mark.parametrize(("n", "precision"), [(49, np.float64), (50, np.float32)])
def test_few_rows_take_float64(n, precision):
    """Rows of weight 0 do not count."""
    assert trained(X[:n], Y[:n]) == precision
    assert trained(X, w=np.arange(N) < n) == precision
    assert trained(X[:n].astype("f4"), Y[:n]) == np.float32


def test_rows_of_weight_0_do_not_decide():
    values = np.where(np.arange(N) < 15, COARSE["time stamps"], X[:, 0])
    assert trained(with_column(values)) == np.float32
    assert trained(with_column(values), w=np.arange(N) < 60) == np.float64


@pytest.mark.parametrize("values", [COARSE["time stamps"], FINE["whole numbers"]])
def test_copies_of_all_rows_do_not_decide(values):
    one = with_column(values)
    assert trained(np.tile(one, (3, 1)), np.tile(Y, 3)) == trained(one)


@pytest.mark.parametrize("row", [0, 1, 5001])
def test_a_single_number_too_large_for_float32(row):
    """Not every row of many is looked at for the other rules."""
    many = np.tile(X, (30, 1))
    many[row, 1] = 1e200
    assert trained(many, np.tile(Y, 30)) == np.float64


@pytest.mark.parametrize("data", [X, X.astype("f4"), (9 * X).astype(int)])
def test_who_asks_for_a_precision_gets_it(data):
    for name in ("float32", "float64", np.float32, np.float64):
        assert trained(data, dtype=name) == np.dtype(name)
    assert trained(data, dtype=None) == (data.dtype if data.dtype.kind == "f" else np.float64)


def test_X_stays_as_it_is():
    for data in (X, with_column(COARSE["huge"])):
        before = data.copy()
        trained(data)
        assert_array_equal(data, before)


@pytest.mark.parametrize("of_network", [np.float32, np.float64])
@pytest.mark.parametrize("of_rows", ["f4", "f8", "u1", "i8", "?"])
def test_predictions_have_the_finer_precision(of_network, of_rows):
    model = ScratchMLPClassifier((4,), max_iter=2, dtype=of_network).fit(X, Y)
    rows = X.astype(of_rows)
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        assert getattr(model, method)(rows).dtype == np.result_type(of_rows, of_network)
    regressor = ScratchMLPRegressor(hidden_layer_sizes=(4,), max_iter=2, dtype=of_network)
    assert regressor.fit(X, X[:, 1]).predict(rows).dtype == np.result_type(of_rows, of_network)


def test_probabilities_sum_to_1_in_the_precision_of_the_rows():
    """The functions of scikit-learn warn otherwise, and a warning is an error here."""
    y = (Y + (X[:, 1] > 0)).astype(int)
    model = ScratchMLPClassifier((4,), max_iter=2, random_state=0).fit(X, y)
    p = model.predict_proba(X)
    assert_allclose(p.sum(axis=1), 1, rtol=0, atol=1e-14)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        log_loss(y, p)


def test_periodic_rows_do_not_hide_a_feature():
    """The first of every 24 rows is a reference value."""
    n = 24_000
    values = np.where(np.arange(n) % 24, 1e8 + 3 * RNG.normal(size=n), 1e8)
    assert trained(values[:, None], np.arange(n) % 2) == np.float64


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile"])
def test_codes_among_the_targets_do_not_hide_the_others(loss):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(1000, 3))
    y = features[:, 0] + np.sin(2 * features[:, 1])
    coded = np.where(rng.random(1000) < 0.02, -(2.0**31), y)
    model = ScratchMLPRegressor(loss, random_state=0, max_iter=60).fit(features, coded)
    assert model.coefs_[0].dtype == np.float64
    assert np.abs(model.predict(features) - y).mean() < 0.15


TARGETS = {
    "small": (X[:, 0], np.float32),
    "counts": (np.arange(N) % 7, np.float32),
    "with an offset": (1e6 + X[:, 0], np.float64),
    "huge": (1e38 * X[:, 0], np.float64),
    "tiny": (1e-38 * X[:, 0], np.float64),
    "two, of which one has an offset": (np.c_[X[:, 0], 1e6 + X[:, 1]], np.float64),
    "constant": (np.full(N, 1e6), np.float32),
}


@pytest.mark.parametrize(("y", "precision"), TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("data", [X, X.astype("f4")], ids=["X64", "X32"])
def test_targets_of_a_regressor_decide_too(data, y, precision):
    model = ScratchMLPRegressor(hidden_layer_sizes=(4,), max_iter=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # constant targets
        assert model.fit(data, y).coefs_[0].dtype == precision


def test_a_target_with_an_offset_is_learned():
    model = ScratchMLPRegressor(random_state=0).fit(X, 1e6 + X[:, 0])
    assert model.score(X, 1e6 + X[:, 0]) > 0.99


def test_a_small_first_part_does_not_decide_for_those_that_follow():
    model = ScratchMLPClassifier((4,)).partial_fit(X[:10], Y[:10], classes=[0, 1])
    assert model.coefs_[0].dtype == np.float32
    assert model.partial_fit(X, Y).coefs_[0].dtype == np.float32


def test_the_models_are_as_good():
    features, y = load_breast_cancer(return_X_y=True)
    losses = {"auto": [], "float64": []}
    for seed in range(3):
        train, test, own, of_test = train_test_split(features, y, random_state=seed)
        for dtype, found in losses.items():
            model = ScratchMLPClassifier(random_state=seed, dtype=dtype).fit(train, own)
            found.append(log_loss(of_test, model.predict_proba(test)))
    assert np.mean(losses["auto"]) == pytest.approx(np.mean(losses["float64"]), rel=0.05)
