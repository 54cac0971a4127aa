"""A weight of k counts a row k times, a weight of 0 removes it, for every solver."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.estimators._labels import counted_in_rows

# Short fits on purpose.
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    # the same parameters for every solver
    "ignore:Parameters that this fit does not use",
)

SOLVERS = {
    "sgd": {"solver": "sgd", "learning_rate_init": 0.1},
    "adam": {"solver": "adam", "learning_rate_init": 0.01},
    "lbfgs": {"solver": "lbfgs"},
}
solvers = pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
forms = pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])


def assert_same_model(one, other):
    for mine, theirs in zip(
        one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True
    ):
        assert_allclose(mine, theirs, atol=1e-9, rtol=0)
    assert_allclose(one.loss_, other.loss_, atol=1e-9)


def assert_other_model(one, other):
    assert np.abs(one.coefs_[0] - other.coefs_[0]).max() > 1e-4


@pytest.fixture
def times(task):
    """How often each row of the task counts: 0, 1, 2 or 3 times."""
    return np.random.default_rng(5).integers(0, 4, len(task[1]))


@solvers
@forms
def test_a_weight_counts_repeated_rows(task, times, form, solver, small):
    X, y = task
    params = {"alpha": 0.5, **solver}
    weighted = small(**params).fit(form(X), y, times)
    assert_same_model(
        weighted, small(**params).fit(form(X.repeat(times, axis=0)), y.repeat(times, axis=0))
    )
    assert_other_model(weighted, small(**params).fit(X, y))


@pytest.mark.pairwise
@solvers
@forms
@pytest.mark.parametrize("batch_size", [8, "auto"])
def test_a_weight_of_zero_removes_the_row(task, times, form, solver, batch_size, small):
    X, y = task
    params = {"alpha": 0.5, "batch_size": batch_size, **solver}
    weighted = small(**params).fit(form(X), y, times)
    kept = times > 0
    assert_same_model(weighted, small(**params).fit(form(X[kept]), y[kept], times[kept]))


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_partial_fit_removes_rows_of_weight_zero(task, times, solver, small):
    X, y = task
    classes, kept = [0, 1, 2][: len(np.unique(y)) if y.ndim == 1 else 3], times > 0
    weighted, removed = (small(solver=solver, batch_size=8) for _ in range(2))
    for _ in range(3):
        weighted.partial_fit(X, y, classes=classes, sample_weight=times)
        removed.partial_fit(X[kept], y[kept], classes=classes, sample_weight=times[kept])
    assert_same_model(weighted, removed)


def test_a_call_whose_only_batch_has_one_weighted_row(binary, small):
    X, y = binary
    weight = np.zeros(len(y))
    weight[3] = 2.0
    model = small(batch_size=4).fit(X, y, weight)
    assert_array_equal(model.classes_, [0, 1])
    assert_array_equal(model.predict(X[3:4]), y[3:4])


@pytest.mark.pairwise
@solvers
@pytest.mark.parametrize("whole", [False, True], ids=["any", "counts"])
@pytest.mark.parametrize("factor", [1e-30, 1 / 90, 1e3])
def test_multiplying_every_weight_changes_nothing(task, times, factor, whole, solver, small):
    """Nor does it change how much the penalty counts."""
    X, y = task
    weight = times * 1.0 if whole else np.random.default_rng(6).uniform(0.5, 2, len(y))
    params = {"alpha": 3.0, "batch_size": 16, "temperature_scaling": True, **solver}
    multiplied = small(**params).fit(X, y, factor * weight)
    assert_same_model(multiplied, small(**params).fit(X, y, weight))


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_multiplying_every_weight_leaves_the_temperature_alone(binary, factor, small):
    """A temperature is held close to 1 by a number of rows, not by a sum of weights."""
    X, y = binary
    y_val = np.where(np.arange(len(y)) % 3, y, 1 - y)
    params = {"early_stopping": True, "learning_rate_init": 0.05, "max_iter": 60}
    one, other, untempered = (
        small(temperature_scaling=tempered, **params).fit(
            X, y, w, X_val=X, y_val=y_val, sample_weight_val=w
        )
        for w, tempered in (
            (np.ones(len(y)), True),
            (np.full(len(y), factor), True),
            (np.full(len(y), factor), False),
        )
    )
    assert_same_model(one, other)
    assert np.abs(other.coefs_[-1] / untempered.coefs_[-1] - 1).min() > 0.05


@pytest.mark.parametrize(
    ("weights", "rows"),
    [
        ([1, 1, 1], [1, 1, 1]),
        ([0.25, 0.25, 0.25], [1, 1, 1]),
        ([1, 2, 0], [1, 2, 0]),
        ([0.1, 0.3, 0.2], [1, 3, 2]),
        ([2e-30, 6e-30, 0], [1, 3, 0]),
        ([1.0, 1.5, 2.5], [0.6, 0.9, 1.5]),
        ([1, 1e6, 0], [2 / (1 + 1e6), 2e6 / (1 + 1e6), 0]),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_are_counted_in_rows(weights, rows, dtype):
    assert_allclose(counted_in_rows(np.array(weights, dtype)), rows, rtol=1e-6)


def balanced(y, weight):
    """Return the weights that give every class of y the same total and keep the sum."""
    _, codes = np.unique(y, return_inverse=True)
    totals = np.bincount(codes, weights=weight)
    return weight * (weight.sum() / (len(totals) * totals))[codes]


@solvers
@pytest.mark.parametrize("given", [False, True], ids=["alone", "with sample_weight"])
def test_balanced_classes(clusters, given, solver, small):
    X, codes = clusters
    # the least weight does not divide the others, which would make them counts
    X, codes = X[21:], np.sort(codes)[21:]
    y = np.array(["ant", "bee", "cow"])[codes]
    weight = np.random.default_rng(7).uniform(0, 2, len(y)) if given else np.ones(len(y))
    model = small(class_weight="balanced", **solver).fit(X, y, weight if given else None)
    assert_same_model(model, small(**solver).fit(X, y, balanced(y, weight)))
    assert_other_model(model, small(**solver).fit(X, y, weight))


@solvers
@pytest.mark.parametrize("given", [False, True], ids=["alone", "with sample_weight"])
def test_weights_per_class(clusters, given, solver, small):
    X, codes = clusters
    y = np.array(["ant", "bee", "cow"])[codes]
    weight = np.random.default_rng(7).uniform(0, 2, len(y)) if given else np.ones(len(y))
    by_hand = weight * np.array([1.0, 3.0, 0.5])[codes]
    model = small(class_weight={"bee": 3.0, "cow": 0.5}, **solver)
    model.fit(X, y, weight if given else None)
    assert_same_model(model, small(**solver).fit(X, y, by_hand))


def test_weights_per_class_of_every_label(multilabel, small):
    """The factors of a row's labels multiply."""
    X, y = multilabel
    weight = np.linspace(0, 2, len(y))
    per_label = [{0: 1.0, 1: 4.0}, {0: 0.5, 1: 1.0}, {0: 1.0, 1: 1.0}]
    by_hand = weight * np.where(y[:, 0] == 1, 4.0, 1.0) * np.where(y[:, 1] == 1, 1.0, 0.5)
    model = small(class_weight=per_label).fit(X, y, weight)
    assert_same_model(model, small().fit(X, y, by_hand))
    assert_other_model(model, small().fit(X, y, weight))


def test_weights_per_class_in_partial_fit(clusters, small):
    X, y = clusters
    model = small(class_weight={1: 5.0}).partial_fit(X, y, classes=[0, 1, 2])
    weight = np.where(y == 1, 5.0, 1.0)
    by_hand = small().partial_fit(X, y, classes=[0, 1, 2], sample_weight=weight)
    assert_same_model(model, by_hand)


def test_balanced_classes_in_partial_fit_count_the_rows_of_the_call(clusters, small):
    X, y = (part[20:51] for part in clusters)
    model = small(class_weight="balanced").partial_fit(X[y > 0], y[y > 0], classes=[0, 1, 2])
    weight = balanced(y[y > 0], np.ones((y > 0).sum()))
    by_hand = small().partial_fit(X[y > 0], y[y > 0], classes=[0, 1, 2], sample_weight=weight)
    assert_same_model(model, by_hand)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_weights_whose_sum_float32_cannot_hold(multiclass, solver, small):
    X, y = multiclass[0].astype(np.float32), multiclass[1]
    models = [
        small(solver=solver, alpha=0).fit(X, y, np.full(len(y), weight, np.float32))
        for weight in (1, 3e38)
    ]
    assert_allclose(models[1].coefs_[0], models[0].coefs_[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("unit", [1e-50, 1e-320, 1e39, 1e300])
def test_weights_of_any_unit_in_float32(binary, unit, small):
    X, y = binary[0].astype(np.float32), binary[1]
    weight = np.random.default_rng(6).uniform(0.5, 2, len(y))
    one, other = (small(alpha=1.0).fit(X, y, w) for w in (weight, unit * weight))
    assert_allclose(one.coefs_[0], other.coefs_[0], rtol=1e-2 if unit == 1e-320 else 1e-6)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("ratio", [1e-308, 1e300, 1e308])
def test_weights_that_are_very_far_apart(binary, ratio, solver, small):
    """The light rows count for nothing beside the heavy ones."""
    X, y = binary
    model = small(solver=solver, alpha=1e-3).fit(X, y, np.where(y == 1, ratio, 1.0))
    assert np.isfinite(model.predict_proba(X)).all()


def test_score_is_weighted(binary, small):
    X, y = binary
    model = small(max_iter=1).fit(X, y)
    right = model.predict(X) == y
    assert 0 < right.mean() < 1
    assert model.score(X, y, sample_weight=right.astype(float)) == 1
    assert model.score(X, y, sample_weight=(~right).astype(float)) == 0


def test_balanced_labels_count_rows_by_weight(multilabel, small):
    """Rows of weight zero, with labels of their own, change nothing."""
    X, y = multilabel
    alone = small(class_weight="balanced").fit(X, y, np.ones(len(y)))
    w = np.repeat([1.0, 0.0], len(y))
    padded = small(class_weight="balanced").fit(np.r_[X, X], np.r_[y, np.ones_like(y)], w)
    assert_allclose(padded.coefs_[0], alone.coefs_[0], rtol=1e-9)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_weights_that_leave_nothing_are_refused_by_name(multiclass, solver, small):
    X, y = multiclass
    classes = np.unique(y)
    model = small(solver=solver, class_weight={classes[0]: 0, classes[1]: 1, classes[2]: 1})
    with pytest.raises(ValueError, match=r"sample_weight.*class_weight"):
        model.fit(X, y, (y == classes[0]) * 1.0)


@st.composite
def weighted_rows(draw, n):
    """Rows in or out of scale, labels of one of two kinds, and how often each row counts."""
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    stretch, shift = draw(st.sampled_from([(1, 0), (1000, 0), (1, 1e4), (0.001, 0)]))
    X = stretch * rng.normal(size=(n, draw(st.integers(1, 4)))) + shift
    y = np.arange(n) % draw(st.integers(2, 3))
    times = rng.permutation(np.arange(n) % draw(st.integers(2, 3)))
    return X, y, times


class TestThePlainDefaults:
    """Nothing set but what makes a run short and the same each time."""

    def fit(self, *data):
        """Fit, in few epochs: a long run makes much of the last bits."""
        return ScratchMLPClassifier(random_state=0, max_iter=8).fit(*data)

    @given(weighted_rows(n=30))
    def test_weights_are_counts_on_small_data(self, case):
        """Which are one batch, and lose no row."""
        X, y, times = case
        weighted = self.fit(X, y, times)
        repeated = self.fit(X.repeat(times, axis=0), y.repeat(times))
        assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-6)

    @given(weighted_rows(n=45) | weighted_rows(n=120) | weighted_rows(n=80))
    def test_a_row_of_weight_zero_is_not_there(self, case):
        """With early stopping and members, or without."""
        X, y, times = case
        kept = times > 0
        weighted = self.fit(X, y, times)
        removed = self.fit(X[kept], y[kept], times[kept])
        assert weighted.t_ == removed.t_
        assert_allclose(weighted.predict_proba(X), removed.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("offset", [0, 5, 1e4])
def test_lbfgs_sees_the_same_numbers_in_weights_and_copies(offset):
    """Otherwise, the last digit of the mean of y grows to another minimum."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(200, 5)) * [1, 10, 1, 1, 1] + [0, 0, 30, 0, 0]
    y, times = X @ rng.normal(size=5) + np.sin(X[:, 0]) + offset, rng.integers(1, 4, 200)
    model = ScratchMLPRegressor(
        hidden_layer_sizes=(32,), solver="lbfgs", max_iter=100, random_state=0
    )
    weighted = clone(model).fit(X, y, times)
    copied = model.fit(X.repeat(times, axis=0), y.repeat(times))
    for mine, theirs in zip(
        weighted.coefs_ + weighted.intercepts_, copied.coefs_ + copied.intercepts_, strict=True
    ):
        assert_array_equal(mine, theirs)
