"""Features that nobody has scaled: learned as if somebody had, and taken as they are."""

import copy
import pickle
from importlib.util import find_spec

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from scipy.special import expit, softmax
from sklearn.datasets import load_wine
from sklearn.metrics import log_loss
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier
from skscratch.datasets import load_digits

# Short fits on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

WINE, KIND = load_wine(return_X_y=True)  # features from 0.1 to 1700
SOLVERS = {
    "adam": {"learning_rate_init": 0.01},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.05},
    "averaged": {"ema_decay": 0.9, "learning_rate_init": 0.01},
    "lbfgs": {"solver": "lbfgs"},
}
solvers = pytest.mark.parametrize("params", SOLVERS.values(), ids=SOLVERS)


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
        assert_allclose(Z.mean(axis=0), 0, atol=1e-12)
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


class TestItHelps:
    """Wine as it comes against wine in a pipeline with a scaler."""

    @pytest.mark.parametrize("params", [{}, {"solver": "lbfgs"}, {"warm_start": True}], ids=str)
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
