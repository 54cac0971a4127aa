"""The base class serves other targets than classes: a regressor is a loss and two encodings."""

import pickle
import re
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import RegressorMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error, r2_score

from skscratch.core import losses
from skscratch.estimators._base import BaseScratchMLP
from skscratch.training.data import Dataset


@dataclass(frozen=True)
class HalfSquares:
    """loss = ½ ‖z - y‖²,  dL/dz = w (z - y)."""

    name = "half_squares"
    output_activation = "identity"

    def forward(self, z, y, w):
        return float(np.vdot(w, 0.5 * ((z - y) ** 2).sum(axis=-1)))

    def backward(self, p, y, w):
        p -= y
        p *= w[..., None]

    def for_prediction(self):
        return self

    def targets(self, y, dtype):
        return np.ascontiguousarray(y, dtype).reshape(len(y), -1)

    def predict(self, z):
        return z.copy()

    def decide(self, z):
        return z.copy()

    def score(self, p, y, w):
        return -float(w @ ((p - y) ** 2).mean(axis=1) / w.sum())

    def fit_constant(self, y, w):
        mean = w @ y
        return mean, float(w @ (0.5 * ((mean - y) ** 2).sum(axis=1)))


class Regressor(RegressorMixin, BaseScratchMLP):
    """What an estimator of other targets has to bring."""

    def __init__(
        self, hidden_layer_sizes=(32, 32), activation="relu", solver="adam", alpha=1.0,
        batch_size="auto", learning_rate="constant", learning_rate_init="auto", power_t=0.5,
        max_iter=200, shuffle=True, random_state=None, tol=1e-4, verbose=False, warm_start=False,
        momentum=0.9, nesterovs_momentum=True, early_stopping="auto", validation_fraction=0.1,
        beta_1=0.9, beta_2=0.999, epsilon=1e-8, n_iter_no_change=10, max_fun=15000,
        weight_init="auto", dtype=None, dropout=0.0, weight_decay=0.0, max_grad_norm=None,
        ema_decay=0.99, warmup_steps=0, decay_steps="auto", decay_rate=0.1, scoring="loss",
        n_updates_no_change=100, refit=False, n_members="auto", standardize=True, checkpoint=None,
        checkpoint_epochs=None, checkpoint_seconds=30,
    ):  # fmt: skip
        for name, value in list(locals().items())[1:]:
            if name != "__class__":
                setattr(self, name, value)

    def _encode(self, X, y, sample_weight, dtype, is_initial, known=None):
        loss, w = HalfSquares(), None if sample_weight is None else sample_weight.astype(dtype)
        targets = loss.targets(y, dtype)
        return Dataset(X, targets, w, dtype, loss, targets.shape[1], y, sample_weight)

    def _encode_validation(self, X, y, sample_weight, data):
        encoded = self._encode(X, y, sample_weight, data.dtype, False)
        return replace(encoded, n_outputs=data.n_outputs)

    def predict(self, X):
        z = self._outputs(X, lambda z: z.copy())
        return z[:, 0] if z.shape[1] == 1 else z

    def partial_fit(self, X, y, sample_weight=None):
        return self._partial_fit(X, y, sample_weight, None)


@pytest.fixture(autouse=True)
def known_loss(monkeypatch):
    monkeypatch.setitem(losses.LOSSES, "half_squares", HalfSquares())


RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 4))
Y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2] + 0.1 * RNG.normal(size=300)


@pytest.mark.parametrize("n_members", [1, "auto"])
def test_a_regressor_learns(n_members):
    model = Regressor(random_state=0, n_members=n_members).fit(X[:200], Y[:200])
    assert r2_score(Y[200:], model.predict(X[200:])) > 0.8
    assert model.n_members_ == (1 if n_members == 1 else 2)
    assert model.out_activation_ == "identity"


def test_a_linear_one_is_ridge_regression():
    model = Regressor((), solver="lbfgs", alpha=2.0, tol=1e-9, max_iter=1000).fit(X, Y)
    ridge = Ridge(alpha=2.0).fit(X, Y)
    assert_allclose(model.coefs_[0][:, 0], ridge.coef_, rtol=1e-4, atol=1e-5)
    assert_allclose(model.intercepts_[0], ridge.intercept_, rtol=1e-4, atol=1e-6)


def test_negative_targets_are_validated_on_rows_held_out():
    model = Regressor((16,), random_state=0, early_stopping=True).fit(X, Y - 10)
    assert model.best_validation_score_ == pytest.approx(
        -2 * model.history_["validation_loss"].min()
    )


def test_a_validation_set_and_a_scorer_of_its_own():
    params = {"scoring": "neg_mean_squared_error", "random_state": 0, "n_members": 1}
    model = Regressor((16,), **params).fit(X[:200], Y[:200], X_val=X[200:], y_val=Y[200:])
    error = mean_squared_error(Y[200:], model.predict(X[200:]))
    assert model.best_validation_score_ == pytest.approx(-error)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_training_goes_on_exactly_and_from_a_file(tmp_path):
    params = {"random_state": 0, "max_iter": 4, "batch_size": 50, "early_stopping": False}
    stream = Regressor((8,), n_iter_no_change=99, **params)
    for _ in range(8):
        stream = pickle.loads(pickle.dumps(stream)).partial_fit(X, Y)
    whole = Regressor((8,), n_members=1, standardize=False, **{**params, "max_iter": 8}).fit(X, Y)
    assert_array_equal(stream.predict(X), whole.predict(X))
    saved = {"checkpoint": tmp_path / "run", "checkpoint_epochs": 1}
    Regressor((8,), **saved, **params).fit(X, Y)
    resumed = Regressor((8,), **saved, **{**params, "max_iter": 8}).fit(X, Y)
    plain = Regressor((8,), **{**params, "max_iter": 8}).fit(X, Y)
    assert_array_equal(resumed.predict(X), plain.predict(X))


def test_several_outputs():
    both = np.c_[Y, -2 * Y]
    model = Regressor(random_state=0).fit(X, both)
    assert model.predict(X).shape == (300, 2)
    assert r2_score(both, model.predict(X)) > 0.8


def test_messages_do_not_speak_of_classes():
    params = {"learning_rate_init": 1e-9, "max_iter": 20, "random_state": 0}
    with pytest.warns(ConvergenceWarning, match="that of the best constant prediction") as caught:
        Regressor((8,), early_stopping=False, **params).fit(X, Y)
    assert not re.search("class", str(caught[0].message))
    with pytest.raises(ValueError, match="non-finite"):
        Regressor((8,), learning_rate_init=1e300).fit(X, Y)


def test_it_can_be_cloned_and_lacks_the_parameters_of_a_classifier():
    model = clone(Regressor(alpha=3.0))
    assert model.alpha == 3
    assert "class_weight" not in model.get_params()
    with pytest.warns(UserWarning, match=r"momentum=0.5 \(solver='adam'\)"):
        Regressor((8,), momentum=0.5, random_state=0).fit(X, Y)
