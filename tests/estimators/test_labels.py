"""Labels in, labels out; scores and probabilities that agree with each other and stay finite."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.special import expit, softmax

from skscratch import ScratchMLPClassifier

# Short fits on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LABELS = {
    "int": np.array([0, 1, 2]),
    "gaps and signs": np.array([-7, 3, 100], dtype=np.int16),
    "float": np.array([1.0, 2.0, 5.0]),
    "str": np.array(["ant", "bee", "cow"]),
    "object": np.array(["ant", "bee", "cow"], dtype=object),
    "bool": np.array([False, True]),
    "binary str": np.array(["no", "yes"]),
}
labels = pytest.mark.parametrize("values", LABELS.values(), ids=LABELS)


def use(values, clusters):
    """Return X, the labels of its rows in the given alphabet, and their codes."""
    X, codes = clusters
    kept = codes < len(values)
    return X[kept], values[codes[kept]], codes[kept]


@labels
def test_labels_come_back_as_they_went_in(values, clusters, small):
    X, y, codes = use(values, clusters)
    model = small(max_iter=100, learning_rate_init=0.01).fit(X, y)
    same = small(max_iter=100, learning_rate_init=0.01).fit(X, codes)
    assert_array_equal(model.classes_, values, strict=True)
    assert_array_equal(model.predict(X), y, strict=True)
    assert_array_equal(model.predict_proba(X), same.predict_proba(X))
    assert model.score(X, y) == 1


@labels
def test_partial_fit_takes_the_same_labels_in_any_order(values, clusters, small):
    X, y, _ = use(values, clusters)
    model = small(learning_rate_init=0.05)
    for _ in range(30):
        model.partial_fit(X, y, classes=values[::-1])
    assert_array_equal(model.classes_, values, strict=True)
    assert_array_equal(model.predict(X), y, strict=True)


def test_lists_of_strings(clusters, small):
    X, y, _ = use(LABELS["str"], clusters)
    assert_array_equal(
        small().fit(X.tolist(), y.tolist()).predict_proba(X), small().fit(X, y).predict_proba(X)
    )


def test_columns_follow_the_sorted_classes_not_the_first_rows(clusters, small):
    X, y, _ = use(LABELS["str"], clusters)
    model = small(max_iter=100, learning_rate_init=0.01).fit(X[::-1], y[::-1])
    assert_array_equal(model.classes_, ["ant", "bee", "cow"])
    for column, label in enumerate(model.classes_):
        assert model.predict_proba(X[y == label])[:, column].min() > 0.5


@pytest.mark.parametrize("label", [7, "only", True])
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_one_class(label, solver, small):
    X = np.random.default_rng(0).normal(size=(10, 2))
    model = small(solver=solver).fit(X, np.full(10, label))
    assert_array_equal(model.predict(X), np.full(10, label), strict=True)
    assert_array_equal(model.predict_proba(X), np.ones((10, 1)), strict=True)
    assert_array_equal(model.predict_log_proba(X), np.zeros((10, 1)), strict=True)


MULTILABEL_FORMS = {
    "int": np.asarray,
    "bool": lambda y: y.astype(bool),
    "float": lambda y: y.astype(float),
    "lists": lambda y: y.tolist(),
    "csr_array": sparse.csr_array,
    "csr_matrix": sparse.csr_matrix,
    "csc_array": sparse.csc_array,
}


@pytest.mark.parametrize("form", MULTILABEL_FORMS.values(), ids=MULTILABEL_FORMS)
def test_every_form_of_multilabel_targets(form, multilabel, small):
    X, y = multilabel
    model, same = small(max_iter=60).fit(X, form(y)), small(max_iter=60).fit(X, y)
    assert_array_equal(model.predict_proba(X), same.predict_proba(X))
    predicted = model.predict(X)
    assert predicted.shape == y.shape
    assert predicted.dtype == (int if sparse.issparse(form(y)) else np.asarray(form(y)).dtype)
    assert_array_equal(predicted, same.predict(X))
    assert_array_equal(model.classes_, [0, 1, 2])


def test_multilabel_columns_without_a_choice(multilabel, small):
    X, y = multilabel
    y[:, 0], y[:, 1] = 0, 1
    model = small(max_iter=200, learning_rate_init=0.01).fit(X, y)
    assert_array_equal(model.predict(X)[:, :2], y[:, :2])


def test_multilabel_partial_fit(multilabel, small):
    X, y = multilabel
    model = small(max_iter=1, alpha=0)
    for _ in range(15):
        model.partial_fit(X, y, classes=[0, 1, 2])
    whole = small(max_iter=15, alpha=0).fit(X, y)
    assert_array_equal(model.predict_proba(X), whole.predict_proba(X))


def test_scores_probabilities_and_predictions_agree(task, small):
    X, y = task
    model = small().fit(X, y)
    scores, proba = model.decision_function(X), model.predict_proba(X)
    assert_allclose(model.predict_log_proba(X), np.log(proba), rtol=1e-10)
    if y.ndim == 2:
        assert scores.shape == proba.shape == y.shape
        assert_allclose(proba, expit(scores), rtol=1e-12)
        assert_array_equal(model.predict(X), scores > 0)
        return
    if len(model.classes_) == 2:
        assert scores.shape == (len(X),)
        assert_allclose(proba, expit(np.c_[-scores, scores]), rtol=1e-12)
        assert_array_equal(model.predict(X), scores > 0)
    else:
        assert scores.shape == proba.shape == (len(X), 3)
        assert_allclose(proba, softmax(scores, axis=1), rtol=1e-12)
        assert_array_equal(model.predict(X), scores.argmax(axis=1))
    assert_allclose(proba.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize("scale", [30.0, 1e4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_huge_logits(task, dtype, scale, small):
    X, y = (array.astype(dtype) for array in task)
    model = small(hidden_layer_sizes=(), learning_rate_init=0.1, max_iter=30).fit(X, y)
    X = X * dtype(scale)
    proba, log_proba = model.predict_proba(X), model.predict_log_proba(X)
    assert 0 < proba.min() < 1e-9
    assert np.isfinite(log_proba).all()
    assert (log_proba <= 0).all()
    normal = proba > 2 * np.finfo(dtype).tiny
    assert_allclose(log_proba[normal], np.log(proba[normal]), rtol=1e-5, atol=1e-6)
    if y.ndim == 2:
        assert proba.max() < 1
    else:
        assert_array_equal(proba.argsort(axis=1), log_proba.argsort(axis=1))


def test_p0_survives_where_p1_rounds_to_one(binary, small):
    X, y = binary
    model = small(hidden_layer_sizes=(), max_iter=100).fit(X.astype(np.float32), y)
    X = (X * 100).astype(np.float32)
    scores = model.decision_function(X)
    certain = (scores > 20) & (scores < 80)
    p0, p1 = model.predict_proba(X[certain]).T
    assert certain.sum() > 3
    assert (p1 == 1).all()
    assert_allclose(p0, expit(-scores[certain]), rtol=1e-5)
    assert (p0 > 0).all()


@pytest.mark.parametrize(
    ("classes", "y"),
    [
        (["ant", "bee"], ["antelope", "bee"]),
        (np.array([0, 1], np.int8), [256, 1]),
        (np.array([1, 255], np.uint8), [-1, 1]),
        ([False, True], [2, 1]),
        ([0, 1], ["0", "1"]),
        ([0, 1], [0.5, 1]),
    ],
)
def test_labels_are_compared_whole(classes, y):
    """Not as cut or wrapped to fit the dtype of the classes."""
    with pytest.raises(ValueError, match=r"\b(y|Unknown label type)\b"):
        ScratchMLPClassifier().partial_fit([[0.0], [1.0]], y, classes=classes)


@pytest.mark.parametrize("classes", [[0, 1, "a"], [0, 1, np.nan]])
def test_classes_without_an_order_are_refused(classes):
    with pytest.raises(ValueError, match="classes"):
        ScratchMLPClassifier().partial_fit([[0.0], [1.0]], [0, 1], classes=classes)


def test_classes_only_count_the_columns_of_a_multilabel_y():
    X, y = [[0.0], [1.0]], np.eye(2, dtype=int)
    model = ScratchMLPClassifier().partial_fit(X, y, classes=["b", "a"])
    assert_array_equal(model.classes_, [0, 1])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_another_number_of_labels_is_laid_to_y():
    X = np.arange(6.0)[:, None]
    model = ScratchMLPClassifier(warm_start=True, max_iter=1).fit(X, np.eye(6, 2, dtype=int))
    with pytest.raises(ValueError, match="y has shape"):
        model.fit(X, np.eye(6, 3, dtype=int))


def test_dates_of_different_units_are_compared():
    days = np.array(["2026-01-01", "2026-01-02"], "datetime64[D]")
    model = ScratchMLPClassifier()
    model.partial_fit([[0.0], [1.0]], days.astype("datetime64[ns]"), classes=days)
    assert_array_equal(model.classes_, days)
