"""What a fit and a prediction need beyond the data and the result: exact, not timed.

NumPy reports what it allocates to tracemalloc; a memory map and what is returned do not count.
"""

import tracemalloc
from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.utils.class_weight import compute_sample_weight

from skscratch import ScratchMLPClassifier
from skscratch.estimators._labels import class_weights

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    # the same parameters for every solver
    "ignore:Parameters that this fit does not use",
)

MIB = 2**20
N, P = 20_000, 400
RNG = np.random.default_rng(0)
PIXELS = RNG.integers(256, size=(N, P), dtype=np.uint8)
Y = RNG.integers(10, size=N)


def peak(call):
    """Return the most bytes that were allocated at a time during the call, and its result."""
    tracemalloc.start()
    result = call()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most, result


def fit(X, **params):
    return ScratchMLPClassifier((50,), max_iter=1, random_state=0, **params).fit(X, Y)


OPTIONS = [{}, {"early_stopping": True}, {"class_weight": "balanced"}, {"shuffle": False}]


@pytest.mark.parametrize("params", OPTIONS, ids=str)
def test_no_copy_of_X_is_made(params):
    X = PIXELS.astype(np.float32)
    most, _ = peak(lambda: fit(X, **params))
    assert most < X.nbytes / 4


def test_nor_of_a_read_only_memory_map(tmp_path):
    np.save(tmp_path / "X.npy", PIXELS.astype(np.float32))
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    most, model = peak(lambda: fit(X))
    assert most < X.nbytes / 4
    assert peak(lambda: model.predict(X))[0] < X.nbytes / 4


@pytest.mark.parametrize("params", [*OPTIONS, {"dtype": "float32"}, {"solver": "lbfgs"}], ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, pytest.param(bool, marks=pytest.mark.exhaustive)])
def test_whole_numbers_are_not_all_cast_at_once(dtype, params):
    """A copy in float32 would be four times as large as X."""
    X = PIXELS.astype(dtype)
    most, model = peak(lambda: fit(X, **params))
    assert most < 2.5 * X.nbytes
    assert peak(lambda: model.predict_proba(X))[0] < 1.5 * X.nbytes


def test_a_column_major_X_is_copied_once():
    X = np.asfortranarray(PIXELS.astype(np.float32))
    most, _ = peak(lambda: fit(X))
    assert X.nbytes < most < 1.25 * X.nbytes


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_copy_of_float64_is_half_as_large(order):
    X = PIXELS.astype(np.float64, order=order)
    most, _ = peak(lambda: fit(X))
    assert X.nbytes / 2 < most < 0.65 * X.nbytes


@pytest.mark.parametrize("sparse", [False, True], ids=["dense", "csr"])
@pytest.mark.parametrize("params", [{}, {"dtype": "float32"}, {"solver": "lbfgs"}], ids=str)
@pytest.mark.parametrize("dtype", [np.uint8, bool, np.int16, np.int64, np.uint64])
def test_whole_numbers_give_what_casting_them_first_gives(dtype, params, sparse):
    container = csr_array if sparse else np.asarray
    X = (PIXELS[:300, :30] % 5).astype(dtype)
    y = Y[:300]
    floats = X.astype(np.float64 if params.get("solver") == "lbfgs" else np.float32)
    model, expected = (
        ScratchMLPClassifier((5,), max_iter=3, random_state=0, early_stopping=True, **params).fit(
            container(data), y
        )
        for data in (X, floats)
    )
    for ours, theirs in zip(model.coefs_, expected.coefs_, strict=True):
        assert_array_equal(ours, theirs)
        assert ours.dtype == floats.dtype
    answers = expected.predict_proba(container(floats.astype(np.float64)))
    # small whole numbers are answered in float32, float64 in float64
    assert_allclose(model.predict_proba(container(X)), answers, rtol=1e-6)


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
)
@pytest.mark.parametrize("n_classes", [2, 10])
def test_a_prediction_needs_as_much_for_many_rows_as_for_few(method, n_classes):
    model = ScratchMLPClassifier((50,), max_iter=1).fit(PIXELS[:100, :20], Y[:100] % n_classes)
    extra = []
    for n in (20_000, 200_000):
        X = np.zeros((n, 20))
        most, result = peak(lambda X=X: getattr(model, method)(X))
        extra.append(most - result.nbytes)
    assert max(extra) < 8 * MIB
    assert abs(extra[1] - extra[0]) < MIB / 10


K = 500
LABELS = RNG.random((4000, K)) < 0.02
KINDS = {
    **{name: LABELS.astype(name) for name in ("bool", "int8", "int64", "float32", "float64")},
    "sparse": csr_array(LABELS.astype(int)),
}


def fit_labels(y, **params):
    X = PIXELS[:4000, :20] / 255
    return ScratchMLPClassifier((8,), max_iter=2, random_state=0, n_members=1, **params).fit(X, y)


@cache
def weights_of_labels():
    return fit_labels(LABELS, early_stopping=False).coefs_


@pytest.mark.parametrize("name", KINDS)
def test_labels_are_not_all_cast_at_once(name):
    """In int64 they take 15 MiB; those that are sparse take one byte each.

    Buffers of training take about 5 MiB, a batch of int64 labels 0.7 MiB more than one of bytes.
    """
    y = KINDS[name]
    most, model = peak(lambda: fit_labels(y, early_stopping=False))
    assert most < LABELS.size * (name == "sparse") + 6 * MIB
    assert model.predict(PIXELS[:2, :20]).dtype == y.dtype
    for ours, theirs in zip(model.coefs_, weights_of_labels(), strict=True):
        assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "class_weight", ["balanced", [{0: 1, 1: 2}] * 60], ids=["balanced", "list"]
)
def test_weights_of_labels_are_multiplied_one_label_after_the_other(class_weight):
    y = RNG.integers(2, size=(N, 60))
    most, factors = peak(lambda: class_weights(class_weight, y, np.arange(60), None))
    assert most < y.nbytes / 4
    expected = compute_sample_weight(class_weight, y)
    assert_allclose(factors, expected, rtol=1e-12)


def test_the_temperature_makes_no_copy_of_all_logits():
    """Of the rows held out they are 12 MiB."""
    X, y = RNG.normal(size=(16_000, 5)), np.arange(16_000) % 500
    plain, tempered = (
        peak(
            lambda scaled=scaled: ScratchMLPClassifier(
                (64,), max_iter=1, early_stopping=True, n_members=2, temperature_scaling=scaled
            ).fit(X, y)
        )[0]
        for scaled in (False, True)
    )
    assert tempered - plain < 6 * MIB
