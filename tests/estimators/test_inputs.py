"""Every container and dtype of X; and nothing of the user's is ever written to."""

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

# Short fits on purpose.
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    # the same parameters for every solver
    "ignore:Parameters that this fit does not use",
)

solvers = pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])


def strided(X):
    wide = np.zeros((2 * X.shape[0], 2 * X.shape[1]))
    wide[::2, ::2] = X
    return wide[::2, ::2]


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def unsorted_csr(X):
    """Return X as CSR with its columns stored from right to left."""
    flipped = sparse.csr_array(X[:, ::-1])
    flipped.indices = X.shape[1] - 1 - flipped.indices
    flipped.has_sorted_indices = False
    return flipped


def wide_index_csr(X):
    wide = sparse.csr_array(X)
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    return wide


CONTAINERS = {
    "F order": np.asfortranarray,
    "strided": strided,
    "read-only": read_only,
    "lists": lambda X: X.tolist(),
    "DataFrame": pd.DataFrame,
    "csr_array": sparse.csr_array,
    "csr_matrix": sparse.csr_matrix,
    "csc_array": sparse.csc_array,
    "csc_matrix": sparse.csc_matrix,
    "coo_array": sparse.coo_array,
    "unsorted csr": unsorted_csr,
    "int64 indices": wide_index_csr,
}


@pytest.fixture
def gappy(multiclass):
    """A third of X is zero, and so is a whole row and a whole column."""
    X, y = multiclass
    X[np.abs(X) < 0.4] = 0
    X[4], X[:, 2] = 0, 0
    return X, y


@solvers
@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
def test_every_container_gives_the_same_model(container, solver, gappy, small):
    X, y = gappy
    expected = small(solver=solver, batch_size=16).fit(X, y)
    model = small(solver=solver, batch_size=16).fit(container(X), y)
    for mine, theirs in zip(model.coefs_, expected.coefs_, strict=True):
        assert_allclose(mine, theirs, atol=1e-10)
    for method in ("predict_proba", "decision_function"):
        reference = getattr(expected, method)(X)
        assert_allclose(getattr(model, method)(container(X)), reference, atol=1e-10)


@pytest.mark.parametrize("writes", ["r", "c"])
def test_memory_maps(writes, tmp_path, gappy, small):
    X, y = gappy
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode=writes)
    model = small(batch_size=16).fit(mapped, y)
    assert_array_equal(model.predict_proba(mapped), small(batch_size=16).fit(X, y).predict_proba(X))


@pytest.mark.parametrize("dtype", ["int64", "int8", "uint8", "bool", "float16", "object"])
def test_other_dtypes_are_computed_in_float64(dtype, multiclass, small):
    X, y = multiclass
    X = (X > 0).astype(dtype) if dtype == "bool" else (4 * X + 8).clip(0, 99).astype(dtype)
    model = small().fit(X, y)
    expected = small().fit(X.astype(np.float64), y)
    assert model.coefs_[0].dtype == np.float64
    assert_array_equal(model.predict_proba(X), expected.predict_proba(X.astype(np.float64)))


@pytest.mark.pairwise
@solvers
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize(
    ("data", "parameter", "expected"),
    [
        (np.float32, None, np.float32),
        (np.float64, None, np.float64),
        (np.float64, "float32", np.float32),
        (np.float32, "float64", np.float64),
        (np.uint8, "float32", np.float32),
    ],
)
def test_dtype(task, form, data, parameter, expected, solver, small):
    X, y = task
    X = form((3 * X).clip(0, 99).astype(data))
    model = small(solver=solver, dtype=parameter).fit(X, y)
    assert {array.dtype for array in model.coefs_ + model.intercepts_} == {np.dtype(expected)}
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        assert getattr(model, method)(X).dtype == np.result_type(data, expected)
        assert getattr(model, method)(X.astype(np.float32)).dtype == expected
        assert getattr(model, method)(X.astype(np.float64)).dtype == np.float64
    if solver != "lbfgs":
        model.partial_fit(X.astype(np.float64), y)
        assert model.coefs_[0].dtype == expected


def test_float32_is_close_to_float64(multiclass, small):
    X, y = multiclass
    double = small().fit(X, y).predict_proba(X)
    assert_allclose(small(dtype="float32").fit(X, y).predict_proba(X), double, atol=1e-5)


class TestFeatureNames:
    """The names of a DataFrame's columns are remembered and checked."""

    @pytest.fixture
    def frame(self, multiclass):
        return pd.DataFrame(multiclass[0], columns=list("abcde")), multiclass[1]

    def test_remembered(self, frame, small):
        model = small().fit(*frame)
        assert_array_equal(model.feature_names_in_, np.array(list("abcde"), dtype=object))
        assert model.n_features_in_ == 5
        assert not hasattr(small().fit(frame[0].to_numpy(), frame[1]), "feature_names_in_")

    @pytest.mark.parametrize(
        "change",
        [
            lambda X: X[list("bacde")],
            lambda X: X.assign(f=0),
            lambda X: X.drop(columns="e"),
            lambda X: X.rename(columns={"e": "z"}),
        ],
        ids=["order", "extra", "missing", "renamed"],
    )
    @pytest.mark.parametrize("method", ["predict", "predict_proba", "partial_fit"])
    def test_checked(self, frame, change, method, small):
        X, y = frame
        model = small().fit(X, y)
        arguments = (change(X), y) if method == "partial_fit" else (change(X),)
        with pytest.raises(ValueError, match="feature names should match"):
            getattr(model, method)(*arguments)

    def test_an_array_after_a_frame_warns(self, frame, small):
        X, y = frame
        with pytest.warns(UserWarning, match="does not have valid feature names"):
            small().fit(X, y).predict(X.to_numpy())

    def test_nothing_warns_inside_fit(self, frame, small):
        model = small(early_stopping=True, validation_fraction=0.4).fit(
            *frame
        )  # warnings are errors here
        assert model.predict(frame[0]).shape == (90,)


@pytest.mark.pairwise
@pytest.mark.parametrize(
    "params",
    [
        {"solver": "sgd"},
        {"solver": "adam", "batch_size": 16},
        {"solver": "lbfgs"},
        {"early_stopping": True},
        {"class_weight": "balanced"},
    ],
    ids=str,
)
@pytest.mark.parametrize("form", [np.asarray, unsorted_csr, sparse.csc_array, pd.DataFrame])
def test_the_users_arrays_are_never_changed(task, form, params, small):
    X, y = task
    X, weight = form(X), np.linspace(0, 2, len(y))
    kept = X.copy(), y.copy(), weight.copy()
    model = small(**params).fit(X, y, weight)
    if params.get("solver") != "lbfgs" and "class_weight" not in params:
        model.partial_fit(X, y, sample_weight=weight)
    model.predict_proba(X)
    model.score(X, y, weight)
    if sparse.issparse(X):
        for part in ("data", "indices", "indptr"):
            assert_array_equal(getattr(X, part), getattr(kept[0], part), strict=True)
    else:
        assert_array_equal(np.asarray(X), np.asarray(kept[0]), strict=True)
    assert_array_equal(y, kept[1], strict=True)
    assert_array_equal(weight, kept[2], strict=True)


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array, sparse.coo_array])
@pytest.mark.parametrize("value", [1.0, np.nan])
@solvers
def test_nothing_is_noted_in_the_users_sparse_matrix(solver, value, form, binary, small):
    """SciPy keeps what it finds out, for instance that the indices are sorted."""
    X, y = binary
    X = np.where(X < 0, 0, X)
    X[3, 2] = value
    X = form(X)
    before = joblib.hash(X)
    if np.isnan(value):
        with pytest.raises(ValueError, match="Column 2 holds a missing value"):
            small(solver=solver).fit(X, y)
    else:
        small(solver=solver).fit(X, y).predict(X)
    assert joblib.hash(X) == before


@pytest.mark.parametrize("again", ["fit", "partial_fit"])
def test_the_array_of_an_initializer_is_never_changed(binary, again, small):
    stored = np.ones((5, 1))
    model = small(hidden_layer_sizes=(), weight_init=lambda rng, fan_in, fan_out: stored)
    model.fit(*binary)
    getattr(model, again)(*binary)
    assert_array_equal(stored, np.ones((5, 1)))
