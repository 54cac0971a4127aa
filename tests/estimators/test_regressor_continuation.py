"""A regressor that goes on, or comes back from a file: in the unit of its first targets."""

import pickle

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import r2_score

from skscratch import SKOPS_TRUSTED_TYPES, ScratchMLPRegressor
from skscratch.core.regression_losses import Huber
from tests.estimators.bomb import Bomb, die, interrupt
from tests.estimators.test_checkpoints import assert_equal_models

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",  # fits of a fixed length on purpose
    "ignore:Parameters that this partial_fit does not use",  # the same for fit and partial_fit
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 4))
Y = 1000 + 50 * (X @ [1.0, 2.0, -1.0, 0.0] + 0.1 * RNG.normal(size=90))
COUNTS = RNG.poisson(np.exp(X[:, 0])) + 1.0
TARGETS = {
    "squared_error": Y,
    "absolute_error": np.c_[Y, Y[::-1] / 1000],
    "huber": Y,
    "quantile": Y,
    "poisson": COUNTS,
    "gamma": COUNTS * 1e20,
}
losses = pytest.mark.parametrize("loss", TARGETS)


def new(loss="squared_error", **params):
    """Return a small model in the middle of its training; several quantiles, if any."""
    settings = {
        "hidden_layer_sizes": (8,), "batch_size": 16, "random_state": 0, "tol": 0, "max_iter": 10,
        "n_iter_no_change": 1000, "early_stopping": False, "n_members": 1, "ema_decay": 0.9,
        "dropout": 0.2,
    }  # fmt: skip
    if loss == "quantile":
        settings["quantile"] = [0.2, 0.5, 0.8]
    return ScratchMLPRegressor(loss, **settings | params)


def assert_close(model, other):
    """Compare models up to the rounding of folding a scale into a layer and out again."""
    for mine, theirs in zip(
        [*model.coefs_, *model.intercepts_], [*other.coefs_, *other.intercepts_], strict=True
    ):
        assert_allclose(mine, theirs, rtol=1e-9)


class TestFurtherCalls:
    @losses
    def test_two_fits_of_five_epochs_are_one_of_ten(self, loss):
        whole = new(loss).fit(X, TARGETS[loss])
        half = new(loss, warm_start=True, max_iter=5).fit(X, TARGETS[loss])
        assert np.abs(half.coefs_[0] - whole.coefs_[0]).max() > 1e-4
        assert_close(half.fit(X, TARGETS[loss]), whole)
        assert half.n_iter_ == 10

    @losses
    def test_calls_of_partial_fit_are_the_epochs_of_a_fit(self, loss):
        whole = new(loss, standardize=False, alpha=0).fit(X, TARGETS[loss])
        model = new(loss, standardize=False, alpha=0)
        for _ in range(10):
            model.partial_fit(X, TARGETS[loss])
        assert_close(model, whole)

    def test_the_first_targets_settle_the_unit(self):
        """Batches have other means than all the rows; what is learned is the same function."""
        model = ScratchMLPRegressor(random_state=0, hidden_layer_sizes=(32,))
        order = np.argsort(Y)
        for _ in range(150):
            for rows in (order[20:70], order[:45], order[45:]):
                model.partial_fit(X[rows], Y[rows])
        assert model.score(X, Y) > 0.95

    @pytest.mark.parametrize("loss", ["squared_error", "gamma"])
    def test_parameters_that_the_user_has_changed_are_gone_on_from(self, loss):
        """With a rate of next to nothing, training shows where it began."""
        model = new(loss, warm_start=True, dropout=0, ema_decay=0.0).fit(X, TARGETS[loss])
        model.coefs_[-1] = 2 * model.coefs_[-1]
        model.intercepts_[-1] = model.intercepts_[-1] + 3
        changed = model.predict(X)
        model.set_params(learning_rate_init=1e-15, max_iter=1).fit(X, TARGETS[loss])
        assert_allclose(model.predict(X), changed, rtol=1e-9)
        model.intercepts_[0][...] = 7  # in place
        changed = model.predict(X)
        assert_allclose(model.partial_fit(X, TARGETS[loss]).predict(X), changed, rtol=1e-9)

    @pytest.mark.parametrize(
        ("first", "then"),
        [
            ({"loss": "squared_error"}, {"loss": "huber"}),
            ({"loss": "huber"}, {"loss": Huber(0.5)}),
            ({"loss": "quantile", "quantile": 0.5}, {"quantile": 0.9}),
            ({"loss": "quantile", "quantile": 0.5}, {"quantile": [0.1, 0.5]}),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    def test_another_loss_is_refused(self, first, then, method):
        model = new(**first, warm_start=True).fit(X, Y)
        before = model.predict(X)
        with pytest.raises(ValueError, match=r"loss=.*fitted network.*warm_start=False"):
            getattr(model.set_params(**then), method)(X, Y)
        assert_array_equal(model.predict(X), before)

    def test_an_object_that_means_the_same_loss_goes_on(self):
        model = new(Huber(0.5), warm_start=True, max_iter=5).fit(X, Y)
        model.set_params(loss=Huber(0.5)).fit(X, Y)
        assert_close(model, new(Huber(0.5)).fit(X, Y))


class TestInterruption:
    @losses
    @pytest.mark.parametrize("params", [{}, {"early_stopping": True, "n_members": 2}], ids=str)
    def test_a_run_that_died_goes_on_to_the_same_end(self, loss, params, tmp_path):
        y, path = TARGETS[loss], tmp_path / "run.checkpoint"
        params = {**params, "hidden_layer_sizes": (8,), "tol": 1e-4}
        if params.get("early_stopping"):
            params["validation_fraction"] = 0.2
        whole = new(loss, activation=[Bomb()], **params).fit(X, y)
        model = new(
            loss, activation=[Bomb(30, die)], checkpoint=path, checkpoint_epochs=1, **params
        )
        with pytest.raises(MemoryError):
            model.fit(X, y)
        assert path.exists()
        assert not hasattr(model, "coefs_")
        assert_equal_models(model.fit(X, y), whole)

    @pytest.mark.parametrize("change", [{"loss": "huber"}, {"loss": "absolute_error"}], ids=str)
    def test_a_checkpoint_of_another_loss_is_refused(self, change, tmp_path):
        path = tmp_path / "run.checkpoint"
        model = new(checkpoint=path).fit(X, Y)
        with pytest.raises(ValueError, match="loss"):
            model.set_params(**change).fit(X, Y)

    def test_a_checkpoint_of_targets_in_another_unit_is_refused(self, tmp_path):
        path = tmp_path / "run.checkpoint"
        new(checkpoint=path).fit(X, Y)
        with pytest.raises(ValueError, match=r"data"):
            new(checkpoint=path).fit(X, 4 * Y)

    def test_after_ctrl_c_the_best_parameters_remain_and_predict_raw_targets(self):
        params = {
            "early_stopping": True, "validation_fraction": 0.2, "max_iter": 200, "dropout": 0.0,
            "learning_rate_init": 0.02,
        }  # fmt: skip
        model = new(activation=[Bomb(900, interrupt)], **params)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, Y)
        assert 10 < model.n_iter_ < 200
        assert model.best_validation_score_ > 0.9
        assert r2_score(Y, model.predict(X)) > 0.9


class TestFiles:
    @losses
    @pytest.mark.parametrize("how", ["pickle", "joblib", "skops"])
    def test_a_loaded_model_predicts_and_learns_the_same(self, loss, how, tmp_path):
        y = TARGETS[loss]
        model = new(loss, warm_start=True).fit(X, y)
        if how == "pickle":
            loaded = pickle.loads(pickle.dumps(model))
        elif how == "joblib":
            joblib.dump(model, tmp_path / "model")
            loaded = joblib.load(tmp_path / "model")
        else:
            skops = pytest.importorskip("skops.io", reason='needs "skscratch[skops]"')
            trusted = skops.get_untrusted_types(data=skops.dumps(model))
            assert {*trusted} <= {*SKOPS_TRUSTED_TYPES}
            loaded = skops.loads(skops.dumps(model), trusted=trusted)
        assert_array_equal(loaded.predict(X), model.predict(X))
        assert loaded.score(X, y) == model.score(X, y)
        for either in (model, loaded):
            either.fit(X, y).partial_fit(X, y)
        assert_equal_models(loaded, model)
