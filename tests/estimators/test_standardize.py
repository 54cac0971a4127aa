"""Features that nobody has scaled: learned as if somebody had, and taken as they are."""

import copy
import pickle
import warnings
from functools import cache, partial
from importlib.util import find_spec

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from scipy.special import expit, softmax
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.datasets import load_digits as load_digits_of_sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skscratch import ScratchMLPClassifier
from skscratch.datasets import load_digits

# Short fits on purpose.
pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    # sparse matrices and parts of data, which are not brought to scale
    "ignore:X is far from scale",
)

WINE, KIND = load_wine(return_X_y=True)  # features from 0.1 to 1700
SOLVERS = {
    "adam": {"learning_rate_init": 0.01},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.05},
    "averaged": {"ema_decay": 0.9, "learning_rate_init": 0.01},
    "lbfgs": {"solver": "lbfgs"},
}
solvers = pytest.mark.parametrize("params", SOLVERS.values(), ids=SOLVERS)


def said(call):
    """Return the warnings of a call but those that short fits give."""
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", ConvergenceWarning)
        call()
    return [str(warning.message) for warning in record]


@pytest.fixture
def wide(multiclass):
    """Features around 1000 with standard deviations of about 100."""
    X, y = multiclass
    return 100 * X + 1000, y


@pytest.fixture
def scaled(small):
    """Return a small model that standardises; keywords override."""
    return lambda **params: small(**{"standardize": True, **params})


def arrays(model):
    return [*model.coefs_, *model.intercepts_]


def assert_equal_models(one, other):
    for mine, theirs in zip(arrays(one), arrays(other), strict=True):
        assert_array_equal(mine, theirs)
    assert one.loss_curve_ == other.loss_curve_


def by_hand(model, X):
    """Return X as the network sees it."""
    saved = model._continuation["scaling"]
    return (X - saved["center"]) / saved["scale"]


class TestTheNetworkTakesXAsItIs:
    @solvers
    @pytest.mark.parametrize("n_members", [1, 2])
    def test_a_forward_pass_by_hand_agrees(self, task, params, n_members, scaled):
        X, y = 100 * task[0] + 1000, task[1]
        if params.get("solver") == "lbfgs" and n_members > 1:
            params = {"learning_rate_init": 0.02}
        model = scaled(n_members=n_members, **params).fit(X, y)
        hidden = np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0)
        z = hidden @ model.coefs_[1] + model.intercepts_[1]
        p = softmax(z, axis=1) if model.out_activation_ == "softmax" else expit(z)
        expected = np.c_[1 - p, p] if z.shape[1] == 1 else p
        assert_allclose(model.predict_proba(X), expected, rtol=1e-9, atol=1e-12)

    @solvers
    def test_it_is_trained_on_what_the_scaling_makes_of_it(self, wide, params, scaled, small):
        X, y = wide
        model = scaled(**params).fit(X, y)
        Z = by_hand(model, X)
        assert_allclose(Z.mean(axis=0), 0, atol=1e-7)
        assert_allclose(np.log2(Z.std(axis=0)), 0, atol=0.501)
        other = small(**params).fit(Z, y)
        assert_allclose(model.loss_curve_, other.loss_curve_, rtol=1e-6)
        assert_allclose(model.predict_proba(X), other.predict_proba(Z), atol=1e-5)

    def test_predictions_write_nothing_to_X(self, wide, scaled):
        X, y = wide
        before = X.copy()
        scaled().fit(X, y).predict(X)
        assert_array_equal(X, before)

    @pytest.mark.parametrize("change", [lambda X: 1000 * X, lambda X: X + 1e4], ids=["*", "+"])
    def test_what_is_learned_is_nearly_that_of_scaled_features(self, clusters, change):
        X = StandardScaler().fit_transform(clusters[0])
        y = (X[:, 0] * X[:, 1] > 0).astype(int)
        expected, found, without = (
            ScratchMLPClassifier(random_state=0, **params).fit(data, y).predict_proba(data)
            for params, data in (({}, X), ({}, change(X)), ({"standardize": False}, change(X)))
        )
        difference = np.abs(found - expected).mean()
        assert difference < 0.03
        assert np.abs(without - expected).mean() > 2 * difference

    def test_a_factor_of_two_is_made_up_for_to_the_last_bit(self, wide, scaled):
        X, y = wide
        one, other = scaled().fit(X, y), scaled().fit(4 * X, y)
        assert_array_equal(other.coefs_[0], one.coefs_[0] / 4)
        assert_array_equal(other.intercepts_[0], one.intercepts_[0])
        assert one.loss_curve_ == other.loss_curve_


class TestWhatIsLeftAlone:
    @solvers
    def test_features_in_scale(self, task, params, scaled, small):
        model = scaled(**params).fit(*task)
        assert_equal_models(model, small(**params).fit(*task))
        assert model._continuation["scaling"] is None

    def test_all_if_it_is_not_wanted(self, wide, scaled):
        X, y = wide
        model = scaled(standardize=False).fit(X, y)
        assert model._continuation["scaling"] is None
        assert model.loss_curve_[0] > 10 * scaled().fit(X, y).loss_curve_[0]

    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_a_sparse_matrix(self, wide, solver, scaled, small):
        X, y = csr_array(wide[0]), wide[1]
        assert_equal_models(scaled(solver=solver).fit(X, y), small(solver=solver).fit(X, y))

    def test_what_comes_in_parts(self, wide, scaled, small):
        X, y = wide
        one, other = (
            net.partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, y)
            for net in (scaled(), small())
        )
        assert_equal_models(one, other)


class TestGoingOn:
    @pytest.mark.parametrize("params", [SOLVERS[s] for s in ("adam", "sgd", "averaged")], ids=str)
    def test_two_warm_starts_are_one_fit(self, wide, params, scaled):
        X, y = wide
        params = {**params, "batch_size": 16, "warm_start": True, "dropout": 0.2, "tol": 0}
        halves = scaled(max_iter=5, **params).fit(X, y)
        halves = pickle.loads(pickle.dumps(halves)).fit(X, y)
        whole = scaled(max_iter=10, **params).fit(X, y)
        assert_equal_models(halves, whole)
        assert halves.predict_proba(X).tobytes() == whole.predict_proba(X).tobytes()

    def test_with_the_plain_defaults_too(self):
        model = ScratchMLPClassifier(max_iter=4, warm_start=True, random_state=0)
        halves, whole = model, copy.deepcopy(model).set_params(max_iter=8)
        assert_equal_models(halves.fit(WINE, KIND).fit(WINE, KIND), whole.fit(WINE, KIND))

    def test_the_scale_is_that_of_the_first_call(self, wide, scaled):
        X, y = wide
        model = scaled(warm_start=True).fit(X, y)
        before = model._continuation["scaling"]
        model.fit(2 * X - 500, y)
        after = model._continuation["scaling"]
        for name in ("center", "scale"):
            assert_array_equal(before[name], after[name])

    @pytest.mark.parametrize("n_members", [1, 2])
    @pytest.mark.parametrize("form", [np.asarray, csr_array])
    def test_partial_fit_goes_on_learning(self, wide, n_members, form, scaled):
        X, y = wide
        model = scaled(n_members=n_members, learning_rate_init=0.02, max_iter=5).fit(X, y)
        before = log_loss(y, model.predict_proba(X))
        for _ in range(40):
            model.partial_fit(form(X), y)
        assert log_loss(y, model.predict_proba(X)) < 0.8 * before

    def test_on_a_sparse_matrix_as_on_a_dense_one(self, wide, scaled):
        X, y = wide
        params = {"warm_start": True, "batch_size": 16, "learning_rate_init": 0.02}
        dense = scaled(**params).fit(X, y)
        sparse = copy.deepcopy(dense)
        assert_equal_models(
            dense.fit(X, y).partial_fit(X, y),
            sparse.fit(csr_array(X), y).partial_fit(csr_array(X), y),
        )
        dense, sparse = dense.set_params(solver="lbfgs"), sparse.set_params(solver="lbfgs")
        for model, form in ((dense, np.asarray), (sparse, csr_array)):
            model.set_params(learning_rate_init="auto", batch_size="auto").fit(form(X), y)
        assert_allclose(sparse.predict_proba(X), dense.predict_proba(X), atol=1e-6)

    def test_a_new_optimizer_keeps_the_scale(self, wide, scaled):
        X, y = wide
        model = scaled(warm_start=True, learning_rate_init=0.02).fit(X, y)
        before, scaling = model.loss_, model._continuation["scaling"]
        p = model.predict_proba(X)
        model.drop_optimizer_state()
        assert_array_equal(model.predict_proba(X), p)
        assert model._continuation["scaling"] is scaling
        assert model.fit(X, y).loss_curve_[15] < 1.1 * before
        assert model.loss_ < before

    @pytest.mark.parametrize("ema_decay", [0, 0.9])
    @pytest.mark.parametrize("changed", ["coefs_", "intercepts_", "both"])
    def test_it_goes_on_from_weights_that_somebody_has_changed(
        self, wide, ema_decay, changed, scaled
    ):
        """At a rate of nearly nothing they stay where they were put."""
        X, y = wide
        model = scaled(warm_start=True, ema_decay=ema_decay).fit(X, y)
        if changed != "intercepts_":
            model.coefs_[0][:, ::2] *= 0.5
        if changed != "coefs_":
            model.intercepts_[0] = model.intercepts_[0] + np.linspace(-1, 1, 8)
        expected = [array.copy() for array in arrays(model)]
        model.set_params(learning_rate_init=1e-14, max_iter=1).fit(X, y)
        for own, put in zip(arrays(model), expected, strict=True):
            assert_allclose(own, put, rtol=1e-9, atol=1e-9)


class TestWhoWatches:
    def test_a_scorer_sees_the_users_rows_and_a_network_for_them(self, wide, scaled):
        X, y = wide
        seen = []

        def scorer(estimator, rows, labels):
            assert {row.tobytes() for row in rows} <= {row.tobytes() for row in X}
            seen.append(estimator.predict_proba(X))
            return len(seen) / 100

        params = {"early_stopping": True, "learning_rate_init": 0.02}
        model = scaled(scoring=scorer, **params).fit(X, y)
        assert len(seen) == model.n_iter_ == 15
        assert_array_equal(seen[-1], model.predict_proba(X))

    @pytest.mark.parametrize("form", [np.asarray, csr_array])
    @pytest.mark.parametrize("n_members", [1, 2])
    def test_a_validation_set_is_brought_to_the_same_scale(self, wide, form, n_members, scaled):
        X, y = wide
        model = scaled(n_members=n_members).fit(X[:60], y[:60], X_val=form(X[60:]), y_val=y[60:])
        if n_members == 1:
            loss = log_loss(y[60:], model.predict_proba(X[60:]))
            assert_allclose(model.history_["validation_loss"][-1], loss, rtol=1e-6)
        else:
            assert_allclose(model.validation_scores_[-1], model.score(X[60:], y[60:]), atol=0.2)

    @pytest.mark.skipif(not find_spec("sklearn.callback"), reason="from scikit-learn 1.9 on")
    @pytest.mark.parametrize("params", [{}, {"ema_decay": 0.9}, {"solver": "lbfgs"}], ids=str)
    def test_a_callback_gets_a_network_for_them(self, wide, params, scaled, tmp_path):
        from skscratch.callbacks import ModelCheckpoint

        X, y = wide
        model = scaled(max_iter=6, **params).set_callbacks(ModelCheckpoint(tmp_path / "model"))
        model.fit(X, y)
        saved = joblib.load(tmp_path / "model")
        assert_allclose(saved.predict_proba(X), model.predict_proba(X))


class TestNumbersOfAllKinds:
    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_images_of_whole_numbers(self, solver, scaled):
        digits = load_digits()
        X = (16 * digits.images[:300].reshape(300, -1)).clip(0, 255).astype(np.uint8)
        y = digits.target[:300]
        whole, floats = (scaled(solver=solver).fit(data, y) for data in (X, X.astype(float)))
        assert_allclose(whole.predict_proba(X), floats.predict_proba(X), atol=1e-6)
        assert whole._continuation["scaling"] is not None

    def test_single_precision(self, wide, scaled):
        X, y = wide[0].astype(np.float32), wide[1]
        single, double = scaled().fit(X, y), scaled(dtype="float64").fit(X.astype(float), y)
        assert {array.dtype for array in arrays(single)} == {np.dtype(np.float32)}
        assert_allclose(single.predict_proba(X), double.predict_proba(X), atol=1e-3)

    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    @pytest.mark.parametrize("exponent", [-1070, -1000, -500, -20, 20, 500])
    def test_a_model_can_predict_what_it_was_trained_on(self, multiclass, exponent, solver, scaled):
        """However small or large."""
        X, y = 2.0**exponent * multiclass[0], multiclass[1]
        model = scaled(solver=solver).fit(X, y)
        assert np.isfinite(model.predict_proba(X)).all()
        if exponent >= -500:
            usual = scaled(solver=solver).fit(4 * X / 2.0**exponent, y)
            assert_allclose(model.loss_curve_, usual.loss_curve_, rtol=1e-9)

    def test_weights_count_like_repeated_rows(self, wide, scaled):
        X, y = wide
        times = np.random.default_rng(5).integers(0, 4, 90)
        weighted = scaled().fit(X, y, times)
        repeated = scaled().fit(X.repeat(times, axis=0), y.repeat(times))
        assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-6)

    def test_rows_without_weight_do_not_count(self, wide, scaled):
        X, y = wide
        there = np.arange(90) % 3 > 0
        X = np.where(there[:, None], X, 1e12)
        weighted = scaled().fit(X, y, there * 1.0)
        assert_allclose(
            weighted.predict_proba(X[there]),
            scaled().fit(X[there], y[there]).predict_proba(X[there]),
            atol=1e-9,
        )


Z = np.random.default_rng(0).normal(size=(1400, 4))
SUM, PRODUCT = Z[:, 0] + Z[:, 1] > 0, Z[:, 0] + Z[:, 1] * Z[:, 2] > 0


def score(X, y, n=600):
    """Return the accuracy of the defaults, trained on n rows, on the others."""
    model = ScratchMLPClassifier(random_state=0).fit(X[:n], y[:n])
    return model.score(X[n:], y[n:])


@cache
def score_of_product():
    return score(Z, PRODUCT)


class TestEachFeatureIsJudgedByItself:
    @pytest.mark.parametrize(
        ("center", "spread"),
        [(1, 0.01), (1, 0.001), (2.5, 0.01), (3.5, 0.01), (0, [0.01, 0.01, 1, 1]), (-2, 1e-4)],
    )
    def test_whatever_its_center_and_spread(self, center, spread):
        assert score(center + spread * Z, SUM) > 0.97

    @pytest.mark.parametrize(
        ("dtype", "factor"),
        [
            (np.float32, 1e22), (np.float32, 1e37), (np.float32, [1, 1, 1, 1e30]),
            (np.float32, 1e-36), (np.float64, 1e155), (np.float64, 1e300),
            (np.float64, [1e-300, 1, 1e300, 1]), (np.float64, 1e-160), (np.float64, 1e-300),
        ],
    )  # fmt: skip
    def test_at_the_ends_of_the_range_of_floats(self, dtype, factor):
        assert score((Z * factor).astype(dtype), SUM) > 0.97

    def test_beside_a_constant_of_any_size(self):
        X = np.column_stack([Z, np.full(len(Z), 1e30)]).astype(np.float32)
        assert score(X, SUM) > 0.97


class TestWildValues:
    """Elsewhere one wild cell was enough: the scale was that of its column's raw values."""

    @pytest.mark.parametrize(
        ("value", "n_cells"),
        [(1000, 1), (-999, 1), (-999, 30), (-999, 200), (9999, 60)],
    )
    def test_they_cost_less_than_two_points(self, value, n_cells):
        X = Z.copy()
        X[np.random.default_rng(1).permutation(600)[:n_cells], 0] = value
        assert score(X, PRODUCT) > score_of_product() - 0.02

    @pytest.mark.parametrize(("value", "n_cells"), [(1e5, 6), (1e7, 1), (-1e12, 100), (1e300, 3)])
    def test_training_limits_the_wildest_and_says_so(self, value, n_cells):
        X = Z.copy()
        X[:n_cells, 0] = value
        with pytest.warns(UserWarning, match=r"X has, in feature 0, values more than 10000"):
            spoilt = score(X, PRODUCT)
        assert spoilt > score_of_product() - 0.02

    def test_what_is_published_is_still_one_network(self, scaled):
        X = Z[:600].copy()
        X[::7, 1] = -999
        model = scaled().fit(X, PRODUCT[:600])
        hidden = np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0)
        z = (hidden @ model.coefs_[1] + model.intercepts_[1])[:, 0]
        assert_allclose(model.decision_function(X), z, rtol=1e-9)
        Zs = by_hand(model, X)
        assert_allclose(np.log2(Zs[X[:, 1] != -999, 1].std()), 0, atol=0.6)

    def test_a_limit_goes_with_the_model(self, scaled):
        X = Z[:600].copy()
        X[5, 2] = 1e9
        params = {"batch_size": 50, "warm_start": True, "tol": 0}
        with pytest.warns(UserWarning, match="standard deviations"):
            halves = scaled(max_iter=5, **params).fit(X, SUM[:600])
        halves = pickle.loads(pickle.dumps(halves)).fit(X, SUM[:600])
        with pytest.warns(UserWarning, match="standard deviations"):
            whole = scaled(max_iter=10, **params).fit(X, SUM[:600])
        assert_equal_models(halves, whole)


class TestWhatIsNotScaledIsSaid:
    @pytest.mark.parametrize("factor", [1e3, 1e-5])
    def test_of_a_sparse_matrix_and_of_parts(self, factor, small):
        X, y = factor * Z[:60], SUM[:60]
        with pytest.warns(UserWarning, match=r"X is far from scale.*does not scale a sparse X"):
            small(standardize=True).fit(csr_array(X), y)
        model = small(standardize=True)
        with pytest.warns(UserWarning, match=r"X is far from scale.*not scale the X of a first p"):
            model.partial_fit(X, y, classes=[False, True])
        assert not said(lambda: model.partial_fit(X, y))

    def test_not_of_what_is_in_scale_or_meant_to_be_so(self, small):
        X, y = Z[:60], SUM[:60]
        assert not said(lambda: small(standardize=True).fit(csr_array(X), y))
        assert not said(lambda: small(standardize=True).partial_fit(X, y, classes=[False, True]))
        assert not said(lambda: small(standardize=False).fit(csr_array(1e5 * X), y))
        assert not said(lambda: small(standardize=True).fit(1e5 * X, y))


class TestValidationSetsOnAnotherScale:
    @pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler()])
    @pytest.mark.parametrize(
        "load", [load_wine, load_iris, load_breast_cancer, load_digits_of_sklearn]
    )
    def test_one_that_a_pipeline_has_not_transformed(self, load, scaler, small):
        X, y = load(return_X_y=True)
        train = np.arange(len(y)) % 3 > 0
        piped = make_pipeline(scaler, small())
        given = {
            "scratchmlpclassifier__X_val": X[~train],
            "scratchmlpclassifier__y_val": y[~train],
        }
        with pytest.warns(UserWarning, match=r"X_val is on another scale.*transform_input"):
            piped.fit(X[train], y[train], **given)
        given["scratchmlpclassifier__X_val"] = piped[0].transform(X[~train])
        assert not said(lambda: piped.fit(X[train], y[train], **given))

    @pytest.mark.parametrize(
        "X",
        [
            np.random.default_rng(0).lognormal(size=(300, 4)),
            np.random.default_rng(0).uniform(size=(300, 4)),
            np.random.default_rng(0).integers(0, 17, (300, 4)),
            np.random.default_rng(0).integers(0, 2, (300, 4)),
        ],
        ids=["lognormal", "uniform", "pixels", "indicators"],
    )
    @pytest.mark.parametrize("factor", [100, 1 / 16, 1e-6, 0])
    def test_features_that_are_not_negative_are_compared_too(self, X, factor, small):
        y = X.sum(axis=1) > X.sum(axis=1).mean()
        if len(np.unique(X)) == 2:
            factor = max(factor, 100)  # between the two values anything may be
        with pytest.warns(UserWarning, match="X_val is on another scale"):
            small().fit(X[:200], y[:200], X_val=factor * X[200:], y_val=y[200:])

    @pytest.mark.parametrize("form", [np.asarray, csr_array])
    def test_one_of_few_rows_or_that_has_moved_a_little_is_taken_as_it_is(self, form, small):
        for X_val in (Z[:1], Z[:5], Z[:50] + 0.7, 2 * Z[:50]):
            y_val = SUM[: len(X_val)]
            model = small().fit
            fit = partial(model, form(Z[60:300]), SUM[60:300], X_val=form(X_val), y_val=y_val)
            assert not said(fit)

    def test_sparse_ones_are_compared_as_well(self, small):
        X = csr_array(np.where(np.abs(Z) > 1, Z, 0))
        with pytest.warns(UserWarning, match="X_val is on another scale"):
            small().fit(X[:500], SUM[:500], X_val=100 * X[500:], y_val=SUM[500:])


class TestItHelps:
    """Wine as it comes against wine in a pipeline with a scaler."""

    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"solver": "lbfgs", "hidden_layer_sizes": (16,)},
            pytest.param({"solver": "lbfgs"}, marks=pytest.mark.exhaustive),
            pytest.param({"warm_start": True}, marks=pytest.mark.exhaustive),
        ],
        ids=str,
    )
    def test_forgotten_scalers_cost_nothing(self, params):
        net = ScratchMLPClassifier(random_state=0, **params)
        raw, piped, without = (
            cross_val_score(model, WINE, KIND, cv=5).mean()
            for model in (
                net,
                make_pipeline(StandardScaler(), net),
                copy.copy(net).set_params(standardize=False),
            )
        )
        assert raw > piped - 0.02
        assert raw > 0.95
        assert raw > without
