"""The model of ranks is that of one process on all rows, and the same to the bit on all ranks."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from tests.distributed.threads import assert_close, assert_same_bits, fitted_on_ranks, on_ranks

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N = 240
rng = np.random.default_rng(0)
X = rng.normal(size=(N, 5)) * [1, 5, 100, 1, 0.01] + [0, 0, 50, 0, 0]
LABELS = (X[:, 0] + X[:, 1] > 0).astype(int) + (X[:, 3] > 1)
NUMBERS = 3 * X[:, 0] + X[:, 1] ** 2 + 5
WEIGHTS = rng.uniform(0.1, 2, N) * (np.arange(N) % 7 > 0)
# unequal parts, and a rank without rows
CUTS = [[0, 80, 160, N], [0, 7, 200, N], [0, 130, 130, N], [0, 0, 1, N], [0, N]]
NET = {"hidden_layer_sizes": (16, 8), "dtype": "float64", "max_iter": 8, "random_state": 0}


def both(make, cuts, y, **rows):
    """Return the model of one process, and the models of the ranks."""
    return make().fit(X, y, **rows), fitted_on_ranks(make, cuts, X, y, **rows)


def check(make, cuts, y, **rows):
    one, models = both(make, cuts, y, **rows)
    assert_same_bits(models)
    assert_close(models[0], one)
    return one, models


@pytest.mark.parametrize("cuts", CUTS, ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_classifier(cuts, weighted):
    rows = {"sample_weight": WEIGHTS} if weighted else {}
    _, models = check(lambda: ScratchMLPClassifier(**NET), cuts, LABELS, **rows)
    assert_array_equal(models[0].classes_, [0, 1, 2])


@pytest.mark.parametrize("cuts", CUTS[1:3], ids=str)
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "quantile"])
def test_regressor(cuts, loss):
    def make():
        return ScratchMLPRegressor(loss=loss, **NET)

    check(make, cuts, NUMBERS, sample_weight=WEIGHTS)


@pytest.mark.parametrize("cuts", CUTS[1:4], ids=str)
@pytest.mark.parametrize(
    "changed",
    [
        {"n_members": 4},
        {"n_members": 4, "dropout": 0.3},
        {"n_members": 1, "dropout": [0.3, 0.0]},
        {"n_members": 1, "hidden_layer_sizes": (1,), "dropout": 0.3, "batch_size": 5},
        {"n_members": 2, "early_stopping": False},
        {"n_members": 1, "early_stopping": False, "shuffle": False},
        {"n_members": 1, "refit": True},
        {"n_members": 1, "trainable": [False, True, True]},
        {"n_members": 1, "intercepts_init": [None, np.ones(8), None]},
        {"solver": "sgd", "learning_rate": "adaptive", "max_grad_norm": 0.5, "max_iter": 30},
        {"class_weight": "balanced", "label_smoothing": 0.1, "weight_decay": 0.01},
        {"standardize": False, "batch_size": 3, "ema_decay": 0.0, "max_iter": 2},
        {"n_iter_no_change": 2, "n_updates_no_change": 5, "max_iter": 100, "tol": 0.01},
    ],
    ids=str,
)
def test_every_kind_of_fit(cuts, changed):
    check(lambda: ScratchMLPClassifier(**NET | changed), cuts, LABELS, sample_weight=WEIGHTS)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_soft_labels(n_classes):
    P = np.exp(X[:, :n_classes] / X.std(axis=0)[:n_classes])
    P /= P.sum(axis=1, keepdims=True)
    check(lambda: ScratchMLPClassifier(**NET, soft_labels=True), CUTS[1], P)


def test_float32():
    one, models = both(lambda: ScratchMLPClassifier(**NET | {"dtype": "auto"}), CUTS[1], LABELS)
    assert_same_bits(models)
    assert models[0].coefs_[0].dtype == one.coefs_[0].dtype == np.float32
    assert_allclose(models[0].predict_proba(X), one.predict_proba(X), rtol=1e-3, atol=1e-4)


def test_multilabel_and_text():
    indicator = np.column_stack([LABELS == 0, LABELS == 2]).astype(int)
    check(lambda: ScratchMLPClassifier(**NET), CUTS[1], indicator)
    names = np.array(["cold", "warm", "very hot"])[LABELS]
    for y in (names, names.astype(object)):
        _, models = check(lambda: ScratchMLPClassifier(**NET), CUTS[1], y)
        assert_array_equal(models[2].classes_, ["cold", "very hot", "warm"])


def test_temperature_is_that_of_one_process():
    # so few rows that the temperature is far from 1
    changed = {"max_iter": 60, "n_members": 2, "validation_fraction": 0.4}
    one, models = check(lambda: ScratchMLPClassifier(**NET | changed), CUTS[1], LABELS)
    plain = ScratchMLPClassifier(**NET | changed, temperature_scaling=False).fit(X, LABELS)
    assert abs(one.coefs_[-1] / plain.coefs_[-1] - 1).max() > 0.01
    assert_allclose(models[0].coefs_[-1], one.coefs_[-1], rtol=1e-8)


def test_a_validation_set_of_its_own():
    def make():
        return ScratchMLPClassifier(**NET | {"n_members": 2})

    parts = [slice(0, 60), slice(60, 180), slice(180, N)]
    val = [slice(0, 0), slice(0, 30), slice(30, 50)]
    X_val, y_val, w_val = X[::4] + 0.1, LABELS[::4], WEIGHTS[::4] + 0.1
    one = make().fit(X, LABELS, X_val=X_val[:50], y_val=y_val[:50], sample_weight_val=w_val[:50])

    def fit(ranks):
        own, held = parts[ranks.rank], val[ranks.rank]
        return make().fit(
            X[own], LABELS[own],
            X_val=X_val[held], y_val=y_val[held], sample_weight_val=w_val[held],
        )  # fmt: skip

    models = on_ranks(fit)
    assert_same_bits(models)
    assert_close(models[0], one)


def test_outliers_and_codes_are_found_where_they_are():
    wild = X.copy()
    wild[200, 1], wild[::9, 3] = 1e9, -999.0

    def make():
        return ScratchMLPClassifier(**NET)

    with pytest.warns(UserWarning, match="more than 10000 standard deviations") as alone:
        one = make().fit(wild, LABELS)
    with pytest.warns(UserWarning, match="more than 10000 standard deviations") as caught:
        models = fitted_on_ranks(make, CUTS[1], wild, LABELS)
    assert [str(w.message) for w in caught] == [str(w.message) for w in alone]
    assert_same_bits(models)
    for name in ("center", "scale", "limit"):
        scalings = [m._continuation["scaling"][name] for m in (one, models[0])]
        assert_array_equal(*scalings)
    assert_close(models[0], one)


def test_integers_and_floats_are_one_matrix():
    whole = np.round(X * 10)
    parts = [whole[:80].astype(np.int16), whole[80:160].astype(np.float32), whole[160:]]

    def make():
        return ScratchMLPClassifier(**NET | {"dtype": "auto"})

    def fit(ranks):
        own = slice(80 * ranks.rank, 80 * ranks.rank + 80)
        return make().fit(parts[ranks.rank], LABELS[own])

    models = on_ranks(fit)
    assert_same_bits(models)
    one = make().fit(whole, LABELS)
    assert models[1].coefs_[0].dtype == one.coefs_[0].dtype
    assert_allclose(models[0].predict_proba(whole), one.predict_proba(whole), rtol=1e-3, atol=1e-4)


def test_warm_start_goes_on():
    def make():
        return ScratchMLPClassifier(**NET | {"warm_start": True, "max_iter": 3})

    def twice(ranks):
        own = slice(80 * ranks.rank, 80 * ranks.rank + 80)
        return make().fit(X[own], LABELS[own]).fit(X[own], LABELS[own])

    models = on_ranks(twice)
    assert_same_bits(models)
    assert_close(models[0], make().fit(X, LABELS).fit(X, LABELS))


def test_a_fit_that_learned_nothing_warns_once():
    y = np.random.default_rng(1).integers(2, size=N)

    def make():
        return ScratchMLPClassifier(**NET | {"learning_rate_init": 1e-7})

    with pytest.warns(match="not clearly below") as alone:
        make().fit(X, y)
    with pytest.warns(match="not clearly below") as caught:
        models = fitted_on_ranks(make, CUTS[1], X, y)
    assert_same_bits(models)
    assert [str(w.message) for w in caught] == [str(w.message) for w in alone]


def test_no_seed_means_that_of_rank_0():
    assert_same_bits(
        fitted_on_ranks(
            lambda: ScratchMLPClassifier(**NET | {"random_state": None}), CUTS[0], X, LABELS
        )
    )


def test_an_output_that_overflows_on_one_rank_is_an_error_on_all():
    wild = np.tanh(X)
    wild[:, 1] *= 1e-4  # weights for such a feature are large
    wild[200, 1] = 1e308

    def make():
        return ScratchMLPClassifier(**NET | {"max_iter": 20})

    with pytest.warns(match="more than 10000"), pytest.raises(ValueError, match="output") as alone:
        make().fit(wild, LABELS)
    with pytest.warns(match="more than 10000"):
        errors = fitted_on_ranks(make, CUTS[0], wild, LABELS)
    assert [str(error) for error in errors] == [str(alone.value)] * 3


@pytest.mark.parametrize("rate", [1e200, 1e18])
def test_divergence_is_that_of_all(rate):
    def make():
        return ScratchMLPClassifier(**NET | {"solver": "sgd", "learning_rate_init": rate})

    with pytest.raises(ValueError, match="non-finite") as alone:
        make().fit(X, LABELS)
    errors = fitted_on_ranks(make, CUTS[1], X, LABELS)
    assert [str(error) for error in errors] == [str(alone.value)] * 3
