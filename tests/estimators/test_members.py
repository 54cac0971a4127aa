"""Networks that are trained side by side, and the one that they leave."""

import copy
import pickle
from functools import cache
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from skscratch import ScratchMLPClassifier
from skscratch.datasets import load_digits
from tests.estimators.bomb import Bomb, interrupt

# Short fits on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

STOPPING = {"early_stopping": True, "validation_fraction": 0.2}


def alike(rng, fan_in, fan_out):
    """Initial weights that are the same for every member."""
    return np.random.default_rng([fan_in, fan_out]).normal(0, 0.5, (fan_in, fan_out))


def members_of(model, n_members):
    """Take the members out of the network: their weights, and their biases but for the last."""
    parts = []
    for i in range(n_members):
        cut = [slice(None)]
        for width in (W.shape[1] // n_members for W in model.coefs_[:-1]):
            cut.append(slice(i * width, (i + 1) * width))
        cut.append(slice(None))
        blocks = zip(model.coefs_, pairwise(cut), strict=True)
        weights = [W[block] for W, block in blocks]
        weights[-1] = weights[-1] * n_members
        parts.append((weights, [b[cut[i + 1]] for i, b in enumerate(model.intercepts_)]))
    return parts


def logits(weights, biases, X):
    """Those of a network of rectifiers, by hand."""
    for W, b in zip(weights[:-1], biases[:-1], strict=True):
        X = np.maximum(X @ W + b, 0)
    return X @ weights[-1] + biases[-1]


def curves(model):
    return {name: column for name, column in model.history_.items() if name != "seconds"}


class TestTheOneNetwork:
    """What is left of the members is one network of the shapes that were asked for."""

    @pytest.mark.parametrize(
        ("sizes", "n"), [((8,), 4), ((6, 4), 2), ((6, 9, 3), 3)], ids=["one", "two", "three"]
    )
    def test_its_logits_are_the_mean_of_theirs(self, task, sizes, n, small):
        X, y = task
        model = small(hidden_layer_sizes=sizes, n_members=n, learning_rate_init=0.01).fit(X, y)
        n_outputs = model.n_outputs_
        widths = [5, *sizes, n_outputs]
        assert [W.shape for W in model.coefs_] == [*pairwise(widths)]
        assert [b.shape for b in model.intercepts_] == [(width,) for width in widths[1:]]
        assert (model.n_layers_, model.n_features_in_) == (len(widths), 5)
        each = [logits(*member, X) for member in members_of(model, n)]
        assert np.ptp(each, axis=0).max() > 0.1, "they must not be the same"
        z = np.mean(each, axis=0)
        link = softmax if model.out_activation_ == "softmax" else lambda z, axis: expit(z)
        p = link(z, axis=1)
        expected = np.c_[1 - p, p] if n_outputs == 1 else p
        assert_allclose(model.predict_proba(X), expected, rtol=1e-9)

    def test_between_members_there_are_zeros(self, multiclass, small):
        model = small(hidden_layer_sizes=(6, 4), n_members=2).fit(*multiclass)
        assert_array_equal(model.coefs_[1] != 0, np.kron(np.eye(2), np.ones((3, 2))))
        assert (model.coefs_[0] != 0).all()
        assert (model.coefs_[2] != 0).all()

    @pytest.mark.parametrize("stretch", [1, 1000], ids=["in scale", "out of scale"])
    def test_partial_fit_goes_on_with_it_and_connects_all_units(self, multiclass, stretch, small):
        X, y = stretch * multiclass[0], multiclass[1]
        params = {"hidden_layer_sizes": (6, 4), "activation": "tanh", "standardize": True}
        model = small(n_members=2, **params).fit(X, y)
        single = copy.deepcopy(model).set_params(n_members=1)
        before = model.loss_
        for _ in range(30):
            model.partial_fit(X, y)
            single.partial_fit(X, y)
        assert_array_equal(model.coefs_[1], single.coefs_[1])
        assert (model.coefs_[1] != 0).all()
        assert model.n_iter_ == 45
        assert model.loss_ < before

    def test_it_can_be_copied_pickled_and_fitted_again(self, multiclass, small):
        X, y = multiclass
        model = small(n_members=4).fit(X, y)
        p = model.predict_proba(X)
        for other in (pickle.loads(pickle.dumps(model)), clone(model).fit(X, y), model.fit(X, y)):
            assert_array_equal(other.predict_proba(X), p)

    def test_a_random_state_decides_everything(self, multiclass):
        X, y = multiclass

        def fitted(seed):
            net = ScratchMLPClassifier(max_iter=3, dropout=0.2, random_state=seed)
            return net.fit(X, y).coefs_[0]

        assert_array_equal(fitted(0), fitted(0))
        assert_array_equal(fitted(np.random.RandomState(3)), fitted(np.random.RandomState(3)))
        assert (fitted(0) != fitted(1)).any()


@cache
def fitted_to_digits(**params):
    """Return a model and the digits, the first 900 of which it has seen; copy it to change it."""
    digits = load_digits()
    X, y = digits.images.reshape(len(digits.images), -1), digits.target
    model = ScratchMLPClassifier(**{"random_state": 0, "max_iter": 60, **params})
    return model.fit(X[:900], y[:900]), X, y


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"n_members": 1, "max_iter": 20},
        pytest.param({"n_members": 1}, marks=pytest.mark.exhaustive),
        pytest.param({"warm_start": True}, marks=pytest.mark.exhaustive),
    ],
    ids=str,
)
@pytest.mark.parametrize("forget", [False, True], ids=["as it is", "optimizer dropped"])
def test_partial_fit_after_a_fit_does_not_unlearn(params, forget):
    """The first steps of a new optimizer are its worst: the average hardly moves for them."""
    fitted, X, y = fitted_to_digits(**params)
    model, train, test = copy.deepcopy(fitted), slice(0, 900), slice(900, None)
    if forget:
        model.drop_optimizer_state()
    before = log_loss(y[test], model.predict_proba(X[test]))
    for _ in range(5):
        model.partial_fit(X[train], y[train])
        assert log_loss(y[test], model.predict_proba(X[test])) < 1.1 * before


# Whatever is done to one network is done to each of several.
OPTIONS = {
    "plain": {},
    "penalty": {"alpha": 5.0},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.1},
    "clipped": {"max_grad_norm": 0.3, "solver": "sgd", "learning_rate_init": 0.5},
    "decayed": {"weight_decay": 0.5},
    "smoothed": {"label_smoothing": 0.2},
    "averaged": {"ema_decay": 0.9},
    "balanced": {"class_weight": "balanced"},
    "small batches": {"batch_size": 16},
    "warmed up": {"learning_rate": "cosine", "warmup_steps": 5, "batch_size": 30},
    "float32": {"dtype": "float32"},
    "until it stalls": {"tol": 0.05, "n_iter_no_change": 2, "learning_rate": "adaptive"},
}
OWN = {
    "watched": {},
    "stopping": {"early_stopping": True, "n_updates_no_change": 0, "n_iter_no_change": 2},
    "scored": {"early_stopping": True, "scoring": "accuracy"},
    "tempered": {"early_stopping": True, "temperature_scaling": True},
}
FORMS = {
    "in scale": lambda X: X,
    "out of scale": lambda X: 100 * X + 1000,
    "whole": lambda X: (20 * X + 100).clip(0, 255).astype(np.uint8),
}


class TestEachAsIfAlone:
    """Members that begin alike and see their rows in the same order are one network, repeated."""

    def both(self, small, fit, **params):
        settings = {"weight_init": alike, "shuffle": False, "learning_rate_init": 0.05, **params}
        settings |= {"standardize": True}
        return (
            fit(small(hidden_layer_sizes=(4,), **settings)),
            fit(small(hidden_layer_sizes=(12,), n_members=3, **settings)),
        )

    def assert_same(self, one, three, X):
        tolerance = 1e-3 if one.coefs_[0].dtype == np.float32 else 1e-8
        assert three.coefs_[0].shape == (5, 12)
        assert_allclose(three.predict_proba(X), one.predict_proba(X), atol=tolerance)
        assert [*curves(three)] == [*curves(one)]
        for name, column in curves(one).items():
            assert_allclose(curves(three)[name], column, rtol=1e-3, atol=1e-6, err_msg=name)
        for name in ("n_iter_", "t_", "best_loss_", "best_validation_score_"):
            values = [getattr(model, name) for model in (three, one)]
            if values[1] is None:
                assert values[0] is None, name
            else:
                assert_allclose(*values, rtol=1e-5, err_msg=name)

    @pytest.mark.pairwise
    @pytest.mark.parametrize("params", OPTIONS.values(), ids=OPTIONS)
    @pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
    def test_every_option_does_the_same_to_each(self, task, params, form, small):
        X, y = form(task[0]), task[1]
        one, three = self.both(small, lambda net: net.fit(X, y), **params)
        self.assert_same(one, three, X)
        assert np.ptp(one.loss_curve_) > 1e-3, "nothing was learned, so nothing was compared"

    def test_weights_of_samples(self, task, small):
        X, y = task
        weight = np.random.default_rng(3).integers(0, 4, 90).astype(float)
        one, three = self.both(small, lambda net: net.fit(X, y, weight), batch_size=16)
        self.assert_same(one, three, X)

    @pytest.mark.parametrize("params", OWN.values(), ids=OWN)
    @pytest.mark.parametrize("form", [np.asarray, csr_array])
    def test_the_users_own_validation_set(self, multiclass, params, form, small):
        """Of which each is judged on all the rows, dense or not."""
        X, y = 100 * multiclass[0], multiclass[1]
        own = {"X_val": form(X[60:]), "y_val": y[60:], "sample_weight_val": np.linspace(0, 2, 30)}
        one, three = self.both(small, lambda net: net.fit(X[:60], y[:60], **own), **params)
        self.assert_same(one, three, X)

    def test_dropout_and_shuffling_are_each_ones_own(self, multiclass, small):
        for params in ({"dropout": 0.5}, {"shuffle": True, "batch_size": 16}):
            _, three = self.both(small, lambda net: net.fit(*multiclass), **params)
            first, second, third = np.split(three.coefs_[0], 3, axis=1)
            assert np.abs(first - second).min() > 0
            assert np.abs(second - third).min() > 0


class TestEarlyStopping:
    def test_each_holds_out_other_rows(self, multiclass, small):
        X, y = multiclass
        seen = []

        def scorer(estimator, X, y):
            seen.append((X, y))
            return 0.5

        small(n_members=4, scoring=scorer, max_iter=2, **STOPPING).fit(X, y)
        assert len(seen) == 4 * 2
        rows = [{row.tobytes() for row in rows} for rows, _ in seen[:4]]
        assert [len(own) for own in rows] == [18] * 4
        assert len(set.union(*rows)) == 4 * 18
        assert [own.tobytes() for own, _ in seen[:4]] == [own.tobytes() for own, _ in seen[4:]]
        shares = np.bincount(y) * 0.2
        assert all((abs(np.bincount(labels) - shares) <= 1).all() for _, labels in seen)

    def test_no_row_that_is_held_out_is_trained_on(self, multiclass):
        """Of rows with one feature each, the member that holds a row out leaves its weights."""
        X, y = np.eye(90), multiclass[1]
        seen = []

        def scorer(estimator, X, y):
            seen.append(X.argmax(axis=1))
            return 0.5

        net = ScratchMLPClassifier(
            (100,), alpha=0, n_members=4, scoring=scorer, max_iter=2, random_state=0,
            weight_init=lambda rng, p, q: np.full((p, q), 0.25),
        )  # fmt: skip
        W = net.fit(X, y).coefs_[0].reshape(90, 4, 25)
        for member in range(4):
            untouched = np.flatnonzero((W[:, member] == 0.25).all(axis=1))
            assert_array_equal(untouched, np.sort(seen[member]))

    def test_of_each_the_best_is_kept(self, multiclass, small):
        """The first member is best in the first epoch, the second in the third."""
        X, y = multiclass
        scores = iter([0.9, 0.1, 0.2, 0.1, 0.3, 0.7, 0.4, 0.6])
        params = {"n_members": 2, "learning_rate_init": 0.05, "batch_size": 16}
        model = small(
            early_stopping=True, scoring=lambda *_: next(scores), max_iter=4, **params
        ).fit(X, y, X_val=X, y_val=y)
        assert_allclose(model.best_validation_score_, (0.9 + 0.7) / 2)
        assert_allclose(model.validation_scores_, [0.5, 0.15, 0.5, 0.5])
        after = {n: small(max_iter=n, **params).fit(X, y) for n in (1, 3)}
        for member, n_epochs in ((0, 1), (1, 3)):
            for own, expected in zip(
                members_of(model, 2)[member][0], members_of(after[n_epochs], 2)[member][0],
                strict=True,
            ):  # fmt: skip
                assert_allclose(own, expected, rtol=1e-12)

    def test_training_ends_when_their_mean_has_stalled(self, multiclass, small):
        """One gets better all the time, the other as much worse."""
        X, y = multiclass
        scores = iter(np.ravel([(i / 32, -i / 32) for i in range(30)]))
        model = small(
            early_stopping=True, scoring=lambda *_: next(scores), max_iter=30, n_members=2,
            n_iter_no_change=5, n_updates_no_change=0,
        ).fit(X, y, X_val=X, y_val=y)  # fmt: skip
        assert model.n_iter_ == 6
        assert model.best_validation_score_ == 5 / 32 / 2

    def test_a_score_that_is_no_number_is_refused(self, multiclass, small):
        scores = iter([0.5, np.nan])
        net = small(n_members=2, scoring=lambda *_: next(scores), **STOPPING)
        with pytest.raises(ValueError, match=r"scoring=.* gave nan on the 18 rows"):
            net.fit(*multiclass)

    def test_a_scorer_gets_a_member_that_takes_the_users_rows(self, multiclass, small):
        X, y = 100 * multiclass[0], multiclass[1]
        shapes, right = [], []

        def scorer(estimator, X, y):
            shapes.append([W.shape for W in estimator.coefs_])
            right.append(estimator.score(X, y))
            assert np.abs(X).max() > 100
            return right[-1]

        params = {"n_members": 2, "standardize": True, "learning_rate_init": 0.1}
        model = small(scoring=scorer, **params, **STOPPING).fit(X, y)
        assert shapes == [[(5, 4), (4, 3)]] * len(shapes)
        assert_allclose(model.validation_scores_, np.mean(np.reshape(right, (-1, 2)), axis=1))
        assert model.best_validation_score_ > 0.6


class TestTheCourse:
    CUT = {  # noqa: RUF012
        "n_members": 2, "batch_size": 10, "learning_rate_init": 0.01, "max_iter": 50,
        "tol": 0, "n_iter_no_change": 1000,
    }  # fmt: skip

    def until(self, small, data, n_epochs, **params):
        return small(activation=[Bomb(0)], **{**self.CUT, **params, "max_iter": n_epochs}).fit(
            *data
        )

    @pytest.mark.parametrize("params", [{}, {"ema_decay": 0.5}], ids=str)
    def test_divergence_leaves_what_was_best_before(self, binary, params, small):
        with pytest.warns(ConvergenceWarning, match=r"(?s)non-finite in epoch 4"):
            model = small(activation=[Bomb(9 * 3 + 5)], **self.CUT, **params).fit(*binary)
        expected = self.until(small, binary, 3, **params)
        assert np.argmin(expected.loss_curve_) == 2
        assert_array_equal(model.coefs_[0], expected.coefs_[0])
        assert model.n_iter_ == 3

    def test_ctrl_c_too(self, binary, small):
        model = small(activation=[Bomb(9 * 3 + 5, interrupt)], **self.CUT)
        with pytest.raises(KeyboardInterrupt):
            model.fit(*binary)
        assert_array_equal(model.coefs_[0], self.until(small, binary, 3).coefs_[0])
        assert (model.n_iter_, len(model.loss_curve_)) == (3, 3)

    def test_there_is_a_line_an_epoch(self, multiclass, small, capsys):
        model = small(n_members=2, verbose=True, **STOPPING).fit(*multiclass)
        lines = capsys.readouterr().out.splitlines()
        *lines, ended, kept = lines
        assert len(lines) == model.n_iter_ == 15
        columns = lines[-1].split()
        loss = model.history_["loss"][-1]
        assert_allclose(float(columns[columns.index("loss") + 1]), loss, atol=1e-6)
        assert_allclose(
            float(columns[columns.index("score") + 1]), model.validation_scores_[-1], atol=1e-4
        )
        assert ended == "ended after epoch 15: max_iter=15"
        # the loss falls to the end, so each keeps its last epoch
        assert kept.startswith("kept: epoch 15, mean validation loss ")
        assert kept.endswith(f"mean score {model.best_validation_score_:.4f}")

    @pytest.mark.skipif(not find_spec("sklearn.callback"), reason="from scikit-learn 1.9 on")
    def test_callbacks_see_one_network(self, multiclass, small):
        seen = []

        class Snapshots:
            def setup(self, estimator, context):
                pass

            teardown = setup

            def on_fit_task_begin(self, estimator, context):
                pass

            def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
                if context.task_name != "fit":
                    seen.append(fitted_estimator)

        X, y = 100 * multiclass[0], multiclass[1]
        params = {"n_members": 4, "standardize": True}
        small(max_iter=3, **params).set_callbacks(Snapshots()).fit(X, y)
        for n, snapshot in enumerate(seen, start=1):
            expected = small(max_iter=n, **params).fit(X, y)
            assert_allclose(snapshot.predict_proba(X), expected.predict_proba(X), rtol=1e-9)
        assert len(seen) == 3


def test_they_are_better_together_than_one_of_them():
    """The mean of the logits is wrong less often, and less sure where it is."""
    digits = load_digits()
    X, y = digits.images.reshape(len(digits.images), -1), digits.target
    train, test = np.arange(len(y)) < 600, np.arange(len(y)) >= 600
    model = ScratchMLPClassifier(random_state=0).fit(X[train], y[train])
    members = members_of(model, 8)
    alone = [softmax(logits(*member, X[test]), axis=1) for member in members]
    right = [(p.argmax(axis=1) == y[test]).mean() for p in alone]
    losses = [log_loss(y[test], p) for p in alone]
    assert model.score(X[test], y[test]) > np.mean(right)
    assert log_loss(y[test], model.predict_proba(X[test])) < np.mean(losses) - 0.01
