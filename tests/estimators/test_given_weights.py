"""Weights to start from, and layers that are not trained."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch._compat import InvalidParameterError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4)) * [1, 50, 0.01, 1] + [0, 400, 0, 3]
Z = (X - X.mean(axis=0)) / X.std(axis=0)
Y = 1 * (Z[:, 0] * Z[:, 1] > 0) + (Z[:, 2] > 0.5)
T = 1000 + 30 * Z[:, 0] * Z[:, 1]
SIZES = (12, 6)


def new(estimator=ScratchMLPClassifier, **params):
    params = {"random_state": 0, "max_iter": 5, "dtype": "float64", "n_members": 1, **params}
    return estimator(hidden_layer_sizes=SIZES, **params)


@pytest.fixture(params=["classifier", "regressor"])
def task(request):
    return (ScratchMLPClassifier, Y) if request.param == "classifier" else (ScratchMLPRegressor, T)


class TestStart:
    """The arrays given are those of a network for X and y as they are."""

    @pytest.mark.parametrize("params", [{}, {"solver": "lbfgs"}, {"standardize": False}], ids=str)
    def test_training_begins_there(self, task, params):
        estimator, y = task
        trained = new(estimator, max_iter=60, **params).fit(X, y)
        given = {"coefs_init": trained.coefs_, "intercepts_init": trained.intercepts_}
        # a rate of nearly 0 shows the start
        at_rest = {"max_iter": 1, "learning_rate_init": 1e-12}
        if params.get("solver") == "lbfgs":
            at_rest = {"max_iter": 1, "max_fun": 1, "tol": 1e9}
        if estimator is ScratchMLPClassifier:
            at_rest["temperature_scaling"] = False
        started = new(estimator, **{**params, **given, **at_rest}).fit(X, y)
        predict = "predict" if estimator is ScratchMLPRegressor else "predict_proba"
        expected = getattr(trained, predict)(X)
        assert_allclose(getattr(started, predict)(X), expected, rtol=1e-4, atol=1e-6)

    def test_layers_without_arrays_start_as_usual(self):
        W = RNG.normal(size=(4, 12)) / X.std(axis=0)[:, None]
        shown = {"learning_rate_init": 1e-12, "max_iter": 1, "temperature_scaling": False}
        usual = new(**shown).fit(X, Y)
        given = new(**shown, coefs_init=[W, None, None]).fit(X, Y)
        assert_allclose(given.coefs_[0], W, rtol=1e-9)
        # biases of 0 in the scale that is trained on
        centers = np.linalg.lstsq(W.T, -given.intercepts_[0], rcond=None)[0]
        assert_allclose(centers, X.mean(axis=0), atol=0.1 * X.std(axis=0).max())
        for i in (1, 2):
            assert_allclose(given.coefs_[i], usual.coefs_[i], rtol=1e-8)
        biased = new(**shown, intercepts_init=[None, np.arange(6), None]).fit(X, Y)
        assert_allclose(biased.intercepts_[1], np.arange(6), atol=1e-9)
        assert_allclose(biased.coefs_[0], usual.coefs_[0], rtol=1e-8)

    def test_the_arrays_are_copied_and_clones_have_them(self):
        given = [np.ones((4, 12)), None, None]
        model = new(coefs_init=given).fit(X, Y)
        assert_array_equal(given[0], np.ones((4, 12)))
        assert_array_equal(clone(model).fit(X, Y).coefs_[0], model.coefs_[0])

    def test_a_fit_that_goes_on_does_not_start_there(self):
        once = new(max_iter=1, warm_start=True).fit(X, Y)
        other = new(max_iter=1, warm_start=True).fit(X, Y)
        other.set_params(coefs_init=[np.ones((4, 12)), None, None])
        assert_array_equal(other.fit(X, Y).coefs_[0], once.fit(X, Y).coefs_[0])

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"coefs_init": [None]}, "coefs_init must be None or a list of 3 arrays"),
            (
                {"coefs_init": [np.ones((4, 12)), None, np.ones((6, 2))]},
                r"coefs_init\[2\] must be an array of numbers of shape \(6, 3\).* Got float64 of",
            ),
            ({"intercepts_init": [None, ["a"] * 6, None]}, r"intercepts_init\[1\] .* \(6,\)"),
            (
                {"intercepts_init": [None, None, [1, np.nan, 0]]},
                r"\[2\] holds .* not finite, or above 1e\+38",
            ),
            ({"coefs_init": [None] * 3, "n_members": 2}, "n_members=2 needs coefs_init=None and"),
            ({"trainable": [True]}, "trainable must be True, or a list of 3 booleans"),
            ({"trainable": [True, 1, False]}, "trainable must be True"),
            ({"trainable": False}, "trainable=False leaves no layer to train"),
        ],
    )
    def test_what_does_not_fit_is_refused_by_name(self, params, message):
        with pytest.raises(InvalidParameterError, match=message):
            new(**params).fit(X, Y)

    def test_automatic_members_are_one(self):
        model = ScratchMLPClassifier((32,), max_iter=1, intercepts_init=[np.ones(32), None])
        assert model.fit(X, Y).n_members_ == 1


class TestFrozen:
    @pytest.mark.parametrize(
        "params",
        [
            {}, {"solver": "sgd"}, {"solver": "lbfgs"}, {"weight_decay": 0.1, "alpha": 10.0},
            {"max_grad_norm": 0.1}, {"ema_decay": 0.0}, {"dropout": 0.2}, {"refit": True},
            {"dtype": "float32"},
        ],
        ids=str,
    )  # fmt: skip
    @pytest.mark.parametrize("frozen", [0, 1, 2])
    def test_a_layer_stays_as_it_was_given(self, params, frozen, task):
        estimator, y = task
        before = new(estimator, dtype=params.get("dtype", "float64")).fit(X, y)
        model = new(
            estimator, **params, coefs_init=before.coefs_, intercepts_init=before.intercepts_,
            trainable=[i != frozen for i in range(3)],
        ).fit(X, y)  # fmt: skip
        for i in range(3):
            same = np.array_equal(model.coefs_[i], before.coefs_[i])
            assert same == (i == frozen), i
            if i == frozen:
                exact = {"rtol": 0} if estimator is ScratchMLPClassifier else {"rtol": 1e-6}
                assert_allclose(model.intercepts_[i], before.intercepts_[i], **exact)
            else:
                assert (model.intercepts_[i] != before.intercepts_[i]).any()

    def test_members_keep_the_layer_that_they_drew(self):
        params = {"n_members": 3, "trainable": [False, True, True], "standardize": False}
        begun = new(**params, max_iter=1).fit(Z, Y)
        trained = new(**params, max_iter=20).fit(Z, Y)
        assert_array_equal(trained.coefs_[0], begun.coefs_[0])
        assert (trained.coefs_[1] != begun.coefs_[1]).any()
        if begun.n_members_ == 3:
            in_two = new(**params, max_iter=20, n_jobs=2).fit(Z, Y)
            assert_array_equal(in_two.coefs_[1], trained.coefs_[1])

    def test_frozen_hidden_layers_are_features_of_a_linear_model(self):
        """With L-BFGS, the output layer is that of a logistic regression on the hidden units.

        L-BFGS stops where a step lowers the loss by less than 2e-9 of it: 1e-4 in probabilities.
        """
        before = new(max_iter=50).fit(X, Y)
        h = X
        for W, b in zip(before.coefs_[:-1], before.intercepts_[:-1], strict=True):
            h = np.maximum(h @ W + b, 0)
        params = {"solver": "lbfgs", "tol": 1e-8, "max_iter": 2000, "dtype": "float64", "alpha": 30}
        tuned = ScratchMLPClassifier(
            SIZES, **params, random_state=0, trainable=[False, False, True],
            coefs_init=[*before.coefs_[:-1], None],
            intercepts_init=[*before.intercepts_[:-1], None],
        ).fit(X, Y)  # fmt: skip
        linear = ScratchMLPClassifier((), **params, standardize=False).fit(h, Y)
        assert_allclose(tuned.predict_proba(X), linear.predict_proba(h), atol=2e-3)

    def test_it_goes_on_in_warm_starts_partial_fit_and_from_checkpoints(self, tmp_path):
        before = new().fit(X, Y)
        given = {
            "coefs_init": before.coefs_, "intercepts_init": before.intercepts_,
            "trainable": [False, True, True],
        }  # fmt: skip
        warm = new(**given, warm_start=True).fit(X, Y).fit(X, Y)
        assert_array_equal(warm.coefs_[0], before.coefs_[0])
        part = new(**given).partial_fit(Z, Y, classes=[0, 1, 2]).partial_fit(Z, Y)
        assert_array_equal(part.coefs_[0], before.coefs_[0])
        path = tmp_path / "run"
        new(**given, max_iter=3, checkpoint=path).fit(X, Y)
        resumed = new(**given, max_iter=6, checkpoint=path).fit(X, Y)
        whole = new(**given, max_iter=6).fit(X, Y)
        for a, b in zip(resumed.coefs_, whole.coefs_, strict=True):
            assert_array_equal(a, b)
        given["coefs_init"] = [2 * W for W in before.coefs_]
        with pytest.raises(ValueError, match="coefs_init"):
            new(**given, checkpoint=path).fit(X, Y)

    def test_the_scale_of_x_is_no_matter_of_a_first_layer_that_stays(self):
        """Raw X is no reason for a warning: the layer was made for it."""
        before = new(max_iter=50).fit(1000 * X, Y)
        tuned = new(
            coefs_init=before.coefs_, intercepts_init=before.intercepts_, max_iter=50,
            trainable=[False, True, True],
        ).fit(1000 * X, Y)  # fmt: skip
        assert tuned.score(1000 * X, Y) > before.score(1000 * X, Y) - 0.05

    @pytest.mark.parametrize("way", ["warm start", "partial_fit"])
    def test_a_layer_frozen_later_stays_as_it_was_published(self, way, task):
        """The parameters that are published are averages; training goes on from others."""
        estimator, y = task
        kwargs = {} if estimator is ScratchMLPRegressor else {"classes": [0, 1, 2]}
        model = new(estimator, warm_start=True, trainable=True)
        if way == "warm start":
            model.fit(X, y)
        else:
            model.partial_fit(Z, y, **kwargs).partial_fit(Z, y)
        before = [W.copy() for W in (*model.coefs_, *model.intercepts_)]
        model.set_params(trainable=[False, True, True])
        for _ in range(2):
            model = model.fit(X, y) if way == "warm start" else model.partial_fit(Z, y)
            assert_array_equal(model.coefs_[0], before[0])
            assert_array_equal(model.intercepts_[0], before[3])
            assert (model.coefs_[1] != before[1]).any()
