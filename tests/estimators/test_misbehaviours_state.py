"""What one call leaves to the next, where other networks with this interface have misbehaved."""

import pickle

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GridSearchCV

# Fits of a fixed length on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ENDLESS = {"tol": 0, "n_iter_no_change": np.inf}


class TestWarmStart:
    @pytest.mark.parametrize("early_stopping", [False, True])
    def test_other_labels_are_learned(self, clusters, early_stopping, small):
        """Elsewhere the second fit took one epoch: patience and the best loss were the first's."""
        X, y = clusters
        params = {"warm_start": True, "max_iter": 500, "learning_rate_init": 0.02}
        if early_stopping:
            params |= {"early_stopping": True, "validation_fraction": 0.2}
        model = small(**params).fit(X, y)
        first, others = model.n_iter_, (y + 1) % 3
        assert model.score(X, y) > 0.95
        model.fit(X, others)
        assert model.n_iter_ > first + 10
        assert model.score(X, others) > 0.95

    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    def test_other_sizes_are_refused_by_name(self, binary, solver, small):
        """Elsewhere an AttributeError, or one about a reshape."""
        model = small(warm_start=True, solver=solver).fit(*binary)
        with pytest.raises(ValueError, match=r"hidden_layer_sizes=\(9,\).*warm_start=False"):
            model.set_params(hidden_layer_sizes=(9,)).fit(*binary)

    def test_the_solver_may_change(self, binary, small):
        """Elsewhere an AttributeError: L-BFGS had left no loss curve."""
        model = small(solver="lbfgs", warm_start=True).fit(*binary)
        n = model.n_iter_
        model.set_params(solver="adam", **ENDLESS).fit(*binary)
        assert len(model.loss_curve_) == model.n_iter_ == n + 15

    def test_early_stopping_may_be_switched_on(self, binary, small):
        """Elsewhere an AttributeError: there were no validation scores to append to."""
        model = small(warm_start=True, **ENDLESS).fit(*binary)
        model.set_params(early_stopping=True, validation_fraction=0.2).fit(*binary)
        assert len(model.loss_curve_) == 30
        assert len(model.validation_scores_) == 15

    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    def test_some_of_the_classes_are_enough(self, multiclass, method, small):
        """Elsewhere an error."""
        X, y = multiclass
        model = small(warm_start=True).fit(X, y)
        getattr(model, method)(X[y > 0], y[y > 0])
        assert_array_equal(model.classes_, [0, 1, 2])
        assert model.predict_proba(X).shape == (90, 3)

    def test_epochs_are_counted_on(self, binary, small):
        """Elsewhere the count began anew and the curve went on."""
        model = small(warm_start=True, max_iter=5, **ENDLESS).fit(*binary).fit(*binary)
        assert model.n_iter_ == len(model.loss_curve_) == 10


class TestPartialFit:
    def test_it_takes_over_from_early_stopping(self, binary, small):
        """Elsewhere a TypeError, or refused while early stopping was on."""
        model = small(early_stopping=True, validation_fraction=0.2).fit(*binary)
        model.partial_fit(*binary)
        model.set_params(early_stopping=False).partial_fit(*binary)
        assert model.n_iter_ == 17

    def test_every_call_shuffles_anew(self, binary, small):
        """Elsewhere a whole number as random_state gave each call the same order.

        Both calls start from zero, so only their orders can tell them apart.
        """
        X, y = binary
        params = {"hidden_layer_sizes": (), "solver": "sgd", "momentum": 0, "batch_size": 1}
        model = small(learning_rate_init=0.5, **params).partial_fit(X, y, classes=[0, 1])
        ends = []
        for _ in range(2):
            model.coefs_[0][:], model.intercepts_[0][:] = 0, 0
            ends.append(model.partial_fit(X, y).coefs_[0].copy())
        assert (ends[0] != ends[1]).any()

    def test_a_pickle_in_mid_stream_goes_on_with_the_stream(self, binary, small):
        """Elsewhere the random state was lost with the process."""
        X, y = binary
        model = small(batch_size=8).partial_fit(X, y, classes=[0, 1])
        loaded = pickle.loads(pickle.dumps(model))
        for _ in range(3):
            model.partial_fit(X, y)
            loaded.partial_fit(X, y)
        assert_array_equal(loaded.coefs_[0], model.coefs_[0])

    def test_a_new_learning_rate_is_heeded(self, binary, small):
        """Elsewhere the first call's optimizer was kept, whatever the parameters said."""
        model = small().partial_fit(*binary, classes=[0, 1])
        before = model.coefs_[0].copy()
        model.set_params(learning_rate_init=1e-12).partial_fit(*binary)
        assert 0 < np.abs(model.coefs_[0] - before).max() < 1e-10

    def test_a_new_solver_is_heeded(self, binary, small):
        """Elsewhere not. A step of SGD is far smaller than one of Adam at this rate."""
        params = {"learning_rate_init": 1e-3, "momentum": 0, "alpha": 0, "batch_size": 90}
        model = small(**{**params, "momentum": 0.9}).partial_fit(*binary, classes=[0, 1])
        before = model.intercepts_[1].copy()
        p = model.predict_proba(binary[0])[:, 1]
        model.set_params(solver="sgd", **params).partial_fit(*binary)
        gradient = (p - binary[1]).mean()
        assert_allclose(model.intercepts_[1], before - 1e-3 * gradient, rtol=1e-9)

    def test_calls_are_counted(self, binary, small):
        """Elsewhere the count stayed at one."""
        model = small()
        for n in range(1, 6):
            model.partial_fit(*binary, classes=[0, 1])
            assert model.n_iter_ == len(model.loss_curve_) == n

    @pytest.mark.parametrize("n_calls", [600, pytest.param(2000, marks=pytest.mark.exhaustive)])
    def test_a_pickle_does_not_grow_with_the_calls(self, n_calls, binary, small):
        """Elsewhere 8 kB after two calls and 46 kB after 2000."""
        X, y = (part[:10] for part in binary)
        model, sizes = small().partial_fit(X, y, classes=[0, 1]), {}
        for n in range(2, n_calls + 1):
            model.partial_fit(X, y)
            sizes[n] = len(pickle.dumps(model)) if n in (200, n_calls) else 0
        assert abs(sizes[n_calls] - sizes[200]) < 32  # larger counts
        assert model.n_iter_ == n_calls

    def test_what_joblib_loads_still_learns(self, binary, small, tmp_path):
        """Elsewhere loaded weights were no longer those that training moved."""
        X, y = binary
        joblib.dump(small(learning_rate_init=0.05).fit(X, y), tmp_path / "model")
        loaded = joblib.load(tmp_path / "model")
        before, p = loaded.loss_, loaded.predict_proba(X)
        for _ in range(20):
            loaded.partial_fit(X, y)
        assert loaded.loss_ < before
        assert np.abs(loaded.predict_proba(X) - p).max() > 1e-3


@pytest.mark.parametrize("params", [{}, {"early_stopping": True}, {"ema_decay": 0.9}], ids=str)
def test_a_pickle_of_a_fitted_model_holds_little_but_its_weights(params, small):
    """Elsewhere four times the weights: copies of the best ones, and the optimizer's memory."""
    X, y = np.random.default_rng(0).normal(size=(90, 200)), np.arange(90) % 3
    model = small(hidden_layer_sizes=(100,), **params).fit(X, y)
    n_bytes = sum(array.nbytes for array in model.coefs_ + model.intercepts_)
    assert len(pickle.dumps(model)) <= 1.2 * n_bytes + 8192


class TestInterrupt:
    @pytest.fixture
    def steps(self):
        return []

    @pytest.fixture
    def rate(self, steps):
        """A learning rate at whose third step Ctrl-C is pressed."""

        def interrupted(step):
            steps.append(step)
            if step == 3:
                raise KeyboardInterrupt
            return 0.01

        return interrupted

    def test_ctrl_c_stops_a_search(self, binary, small, rate, steps):
        """Elsewhere it ended one fit, and the search carried on with the next."""
        model = small(learning_rate=rate, learning_rate_init="auto")
        with pytest.raises(KeyboardInterrupt):
            GridSearchCV(model, {"alpha": [0, 1, 2]}, cv=3).fit(*binary)
        assert steps.count(3) == 1
        assert steps[-1] == 3

    def test_ctrl_c_leaves_what_was_learned_before(self, binary, small, rate):
        """Elsewhere the interrupt was swallowed."""
        params = {"learning_rate_init": "auto", "max_iter": 100}
        model = small(learning_rate=rate, **params)
        with pytest.raises(KeyboardInterrupt):
            model.fit(*binary)
        assert model.n_iter_ == 3
        params |= {"max_iter": 3}
        whole = small(learning_rate=lambda step: 0.01, **params).fit(*binary)
        assert_array_equal(model.coefs_[0], whole.coefs_[0])
