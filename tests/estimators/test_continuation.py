"""Training that goes on from a fitted model: exactly where it was, unless someone has changed it.

A learning rate of 0 shows what training goes on from: it learns nothing.
"""

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",  # fits of a fixed length on purpose
    "ignore:Parameters that this partial_fit does not use",  # the same for fit and partial_fit
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = (X.sum(axis=1) + RNG.normal(size=60) > 0).astype(int)
WILD = X * [100, 1, 0.01] + [500, 0, 0.1]  # out of scale, each feature but one


def parameters(model):
    return [*model.coefs_, *model.intercepts_]


def assert_same(model, other):
    """Compare models to the last bit."""
    for mine, theirs in zip(parameters(model), parameters(other), strict=True):
        assert mine.dtype == theirs.dtype
        assert_array_equal(mine, theirs)


def differ(model, other):
    return any((a != b).any() for a, b in zip(parameters(model), parameters(other), strict=True))


class Rate:
    """A learning rate that is always the same, and writes down for which updates it was asked."""

    def __init__(self, value):
        self.value, self.steps = value, []

    def __call__(self, step):
        self.steps.append(step)
        return self.value


@pytest.fixture
def new(small):
    """Return a model that goes on, with an average of its parameters or without."""

    def make(n_epochs=2, averaged=True, **params):
        defaults = {
            "hidden_layer_sizes": (4,), "batch_size": 16, "dropout": 0.2, "tol": 0, "alpha": 0,
            "learning_rate_init": 0.02, "n_iter_no_change": 1000, "warm_start": True,
            "max_iter": n_epochs, "ema_decay": 0.9 * averaged,
        }  # fmt: skip
        return small(**defaults | params)

    return make


@pytest.fixture(params=[False, True], ids=["plain", "averaged"])
def averaged(request):
    return request.param


def go_on(model, n_epochs=2, X=X, **params):
    """Return a copy of a model that was trained further."""
    later = copy.deepcopy(model).set_params(max_iter=n_epochs, **params)
    return later.fit(X, Y)


def stand_still(model, X=X, **params):
    """Return a copy of a model that went on for an epoch without learning, and the updates."""
    rate = Rate(0.0)
    later = copy.deepcopy(model).set_params(learning_rate=rate, **params)
    later.partial_fit(X, Y)
    return later, rate.steps


class TestState:
    def test_a_call_shares_nothing_with_what_was_saved(self, averaged, new):
        """Two shallow copies go on from the same arrays, one after the other."""
        model = new(averaged=averaged).fit(X, Y)
        before, one, other = pickle.dumps(model), copy.copy(model), copy.copy(model)
        one.partial_fit(X, Y)
        assert pickle.dumps(model) == before
        other.partial_fit(X, Y)
        assert_same(one, other)
        assert differ(one, model)

    def test_the_streams_go_on(self, averaged, new):
        whole = new(4, averaged).fit(X, Y)
        assert_same(go_on(new(2, averaged).fit(X, Y)), whole)
        # without the average and the optimizer, where there is nothing to forget
        plain = {"solver": "sgd", "momentum": 0.0}
        whole = new(4, False, **plain).fit(X, Y)
        first = new(2, averaged, **plain).fit(X, Y).drop_optimizer_state()
        first.set_params(ema_decay=0.0)
        if averaged:  # the orders of rows do not depend on what is learned
            plain_first = new(2, False, **plain).fit(X, Y)
            first.coefs_, first.intercepts_ = plain_first.coefs_, plain_first.intercepts_
        assert_same(go_on(first), whole)

    def test_without_its_optimizer_only_the_published_parameters_go_on(self, averaged, new):
        model = new(averaged=averaged).fit(X, Y)
        kept, dropped = stand_still(model), stand_still(model.drop_optimizer_state())
        assert min(kept[1]) == 8, "two epochs of four updates were before"
        assert min(dropped[1]) == 0
        assert_same(dropped[0], model)
        assert differ(kept[0], model) is averaged, "an average moves to what it averages"
        assert not any(isinstance(v, np.ndarray) for v in model._continuation.values())

    def test_an_average_goes_on_from_what_it_averages(self, new):
        model = new().fit(X, Y)
        assert_same(go_on(model, 3), new(5).fit(X, Y))
        assert differ(stand_still(model)[0], model)

    @pytest.mark.parametrize("part", ["coefs_", "intercepts_"])
    def test_parameters_that_were_changed_since_are_trained_themselves(self, part, new):
        """Only the average as it was published stands for what it averages."""
        model = new().fit(X, Y)
        array = getattr(model, part)[0]
        array.flat[3] = np.nextafter(array.flat[3], 1)
        assert_same(stand_still(model)[0], model)

    def test_without_an_average_the_published_parameters_are_trained(self, new):
        """The optimizer goes on all the same."""
        model = new().fit(X, Y)
        later, steps = stand_still(model, ema_decay=0.0)
        assert_same(later, model)
        assert min(steps) == 8

    def test_the_best_parameters_are_trained_themselves(self, new):
        params = {"early_stopping": True, "refit": False, "learning_rate_init": 0.3}
        model = new(12, **params).fit(X, Y)
        losses = model.history_["validation_loss"]
        assert np.argmin(losses) < len(losses) - 1
        assert_same(stand_still(model)[0], model)
        assert "averaged" not in model._continuation, "nor is the last average kept"

    def test_unless_they_are_the_last_average(self, new):
        params = {"early_stopping": True, "refit": False}
        model = new(3, **params).fit(X, Y)
        losses = model.history_["validation_loss"]
        assert np.argmin(losses) == len(losses) - 1
        assert differ(stand_still(model)[0], model)

    def test_published_arrays_may_be_read_only(self, averaged, new):
        """They are copied; so they keep their values, too."""
        model = new(averaged=averaged).fit(X, Y)
        expected, before = go_on(model), copy.deepcopy(model)
        for array in parameters(model):
            array.flags.writeable = False
        later = copy.copy(model).fit(X, Y)
        assert_same(later, expected)
        assert_same(model, before)
        assert not any(np.shares_memory(a, b) for a in parameters(later) for b in parameters(model))
        assert all(array.flags.writeable for array in parameters(later))

    @pytest.mark.parametrize("order", ["=", "<", ">"])
    def test_float32_stays_float32(self, order, new):
        """In the byte order of this machine."""
        model = new().fit(X.astype(np.float32), Y)
        expected = go_on(model, X=X.astype(np.float32))
        for arrays in (model.coefs_, model.intercepts_):
            arrays[:] = [array.astype(f"{order}f4") for array in arrays]
        later = go_on(model, X=X.astype(np.float32))
        assert {array.dtype for array in parameters(later)} == {np.dtype(np.float32)}
        assert_same(later, expected)


class TestScaling:
    """Models whose inputs are scaled inside of training."""

    @pytest.fixture
    def scaled(self, new):
        def make(n_epochs=2, **params):
            return new(n_epochs, standardize=True, activation="identity", dropout=0, **params)

        return make

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_training_goes_on_exactly(self, dtype, scaled):
        data = WILD.astype(dtype)
        whole = scaled(4).fit(data, Y)
        assert_same(go_on(scaled(2).fit(data, Y), X=data), whole)
        assert differ(scaled(4).set_params(standardize=False).fit(data, Y), whole)

    def test_features_in_scale_leave_later_ones_as_they_are(self, scaled):
        """The first call decides: there is nothing that a later one scales by."""
        one, other = scaled().fit(X, Y), scaled().set_params(standardize=False).fit(X, Y)
        assert_same(one, other)
        assert_same(go_on(one, X=X * 50), go_on(other, X=X * 50))

    def assert_goes_on_exactly(self, scaled, **params):
        """Compare with a model of inputs that were scaled beforehand; return the first one."""
        model = scaled(**params).fit(WILD, Y)
        center, scale = (model._continuation["scaling"][name] for name in ("center", "scale"))
        X = (WILD - center) / scale
        other = scaled(**params).set_params(standardize=False).fit(X, Y)
        first, later = copy.deepcopy(model), model.partial_fit(WILD, Y).partial_fit(WILD, Y)
        other.partial_fit(X, Y).partial_fit(X, Y)
        W = other.coefs_[0] / scale[:, None]
        other.coefs_[0], other.intercepts_[0] = W, other.intercepts_[0] - center @ W
        assert_same(later, other)
        assert differ(later, first)
        return first

    def test_the_best_parameters_go_on_exactly(self, scaled):
        params = {"early_stopping": True, "refit": False, "learning_rate_init": 0.3}
        model = self.assert_goes_on_exactly(scaled, n_epochs=12, **params)
        losses = model.history_["validation_loss"]
        assert np.argmin(losses) < len(losses) - 1
        assert_same(stand_still(model, WILD)[0], model)

    def test_members_go_on_as_the_network_that_they_have_become(self, scaled):
        params = {"hidden_layer_sizes": (12,), "n_members": 3, "warm_start": False}
        model = self.assert_goes_on_exactly(scaled, **params)
        later, _ = stand_still(model, WILD)
        assert [W.shape for W in later.coefs_] == [(3, 12), (12, 1)]
        assert (model.n_members_, later.n_members_) == (3, 1)
        assert_same(later, model)

    def test_a_bias_that_someone_has_changed_goes_on_and_the_rest_exactly(self, scaled):
        model = scaled().fit(WILD, Y)
        changed = copy.deepcopy(model)
        changed.intercepts_[0][1] += 0.5
        later, _ = stand_still(changed, WILD)
        untouched = np.arange(4) != 1
        assert_array_equal(later.intercepts_[0][untouched], model.intercepts_[0][untouched])
        assert_allclose(later.intercepts_[0], changed.intercepts_[0], rtol=1e-10)
        for mine, theirs in zip(later.coefs_, changed.coefs_, strict=True):
            assert_array_equal(mine, theirs)
        assert_allclose(later.decision_function(WILD), changed.decision_function(WILD))

    def test_a_weight_that_someone_has_changed_is_taken_as_it_is(self, scaled):
        """Its bias, too, stays that of the published network, though not as it was trained."""
        model = scaled().fit(WILD, Y)
        model.coefs_[0][0, 1] += 0.5
        later, _ = stand_still(model, WILD)
        assert_allclose(later.intercepts_[0], model.intercepts_[0], rtol=1e-10)
        for mine, theirs in zip(later.coefs_, model.coefs_, strict=True):
            assert_array_equal(mine, theirs)
        assert_allclose(later.decision_function(WILD), model.decision_function(WILD), rtol=1e-10)
