"""How other networks with this interface have misbehaved in training, as what should happen.

``test_misbehaviours_state`` goes on with what one call leaves to the next, and
``test_misbehaviours_interface`` with what goes in and out.
"""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.ensemble import AdaBoostClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier
from skscratch._compat import InvalidParameterError

short = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # fits of a fixed length on purpose
)
exhaustive = partial(pytest.param, marks=pytest.mark.exhaustive)
ENDLESS = {"tol": 0, "n_iter_no_change": np.inf}


def ones(rng, fan_in, fan_out):
    """Initial weights that do not depend on the random stream."""
    return np.ones((fan_in, fan_out))


class Watcher:
    """A score that is always 0 and remembers the labels of the validation rows."""

    def __call__(self, estimator, X, y):
        self.labels = y
        return 0.0


class TestEarlyStopping:
    @short  # the defaults decide
    @pytest.mark.parametrize(
        ("load", "n_seeds"),
        [
            (load_breast_cancer, 1),
            *(exhaustive(load, 5) for load in (load_iris, load_wine, load_breast_cancer)),
        ],
    )
    def test_early_stopping_costs_at_most_a_point_and_a_half(self, load, n_seeds):
        """Elsewhere 4 to 22 points: it watched the accuracy on a handful of rows."""
        X, y = load(return_X_y=True)
        accuracy = {False: [], True: []}
        for stops, scores in accuracy.items():
            for seed in range(n_seeds):
                net = ScratchMLPClassifier(early_stopping=stops, random_state=seed)
                folds = StratifiedKFold(5, shuffle=True, random_state=seed)
                scores += [*cross_val_score(make_pipeline(StandardScaler(), net), X, y, cv=folds)]
        assert np.mean(accuracy[False]) > 0.9
        assert np.mean(accuracy[True]) > np.mean(accuracy[False]) - 0.015

    @short
    @pytest.mark.parametrize("fraction", [0.1, 0.95])
    def test_rows_held_out_are_stratified_with_three_classes_too(self, fraction, small):
        """Elsewhere drawn at random, so that training could miss a class of two rows."""
        y = np.repeat([0, 1, 2], [99, 99, 2])
        for seed in range(20):
            watcher = Watcher()
            small(
                early_stopping=True, validation_fraction=fraction, scoring=watcher, max_iter=1,
                random_state=seed, batch_size=1,
            ).fit(np.zeros((200, 1)), y)  # fmt: skip
            counts = np.bincount(watcher.labels, minlength=3)
            assert_allclose(counts[:2], 99 * fraction, atol=1)
            assert counts[2] <= 1

    @short
    def test_a_class_of_one_row_is_trained_on(self, small):
        """Elsewhere an error, which called the class 'True' instead of 'dog'."""
        watcher = Watcher()
        model = small(
            early_stopping=True, validation_fraction=0.95, scoring=watcher, max_iter=1, batch_size=1
        ).fit(np.zeros((21, 1)), ["cat"] * 20 + ["dog"])
        assert_array_equal(watcher.labels, ["cat"] * 19)
        assert_array_equal(model.classes_, ["cat", "dog"])

    @short
    @pytest.mark.parametrize("scoring", ["loss", "accuracy"])
    def test_early_stopping_takes_strings_for_rows_and_labels(self, clusters, scoring, small):
        """Elsewhere a crash: predicted strings were searched for NaN."""
        X, y = clusters
        names = np.array(["ant", "bee", "cow"], dtype=object)[y]
        model = small(early_stopping=True, validation_fraction=0.2, scoring=scoring)
        model.fit(X.astype(str).astype(object), names)
        assert set(model.predict(X)) <= {"ant", "bee", "cow"}

    @short
    @pytest.mark.parametrize("scoring", ["loss", "accuracy"])
    def test_early_stopping_does_not_warn_of_names_of_features(self, clusters, scoring, small):
        """Elsewhere the rows held out had lost their names, and predicting warned of it."""
        pandas = pytest.importorskip("pandas")
        X, y = clusters
        model = small(early_stopping=True, validation_fraction=0.2, scoring=scoring)
        model.fit(pandas.DataFrame(X, columns=["a", "b", "c"]), y)  # warnings are errors
        assert_array_equal(model.feature_names_in_, ["a", "b", "c"])

    @short
    def test_patience_of_two_stops_after_three_epochs(self, binary, small):
        """Elsewhere after four: patience had to be exceeded."""
        assert small(n_iter_no_change=2, tol=1e9).fit(*binary).n_iter_ == 3

    def test_no_fraction_to_hold_out_is_refused_by_name(self, binary, small):
        """Elsewhere accepted, and then an error about another function's test_size."""
        with pytest.raises(InvalidParameterError, match=r"validation_fraction.*0\.0"):
            small(early_stopping=True, validation_fraction=0.0).fit(*binary)


@short
@pytest.mark.parametrize(
    "params",
    [
        {"solver": "lbfgs", "early_stopping": True, "batch_size": 7, "learning_rate": "adaptive"},
        {"solver": "adam", "momentum": 0.5, "nesterovs_momentum": False, "power_t": 2.0},
        {"solver": "sgd", "beta_1": 0.5, "max_fun": 3},
    ],
    ids=str,
)
def test_parameters_without_effect_draw_one_warning(binary, params, small):
    """Elsewhere they were ignored in silence."""
    with pytest.warns(UserWarning, match="does not use") as caught:
        small(**params).fit(*binary)
    (message,) = [str(w.message) for w in caught if "does not use" in str(w.message)]
    assert all(f"{name}=" in message for name in params if name != "solver")


class TestDivergence:
    def explode(self, step):
        """Twenty good steps, and then one that leads nowhere."""
        self.steps.append(step)
        return 0.1 if step < 20 else 1e300

    @pytest.fixture(autouse=True)
    def forget(self):
        self.steps = []

    def test_a_loss_that_is_not_finite_ends_training_and_the_best_is_kept(self, clusters, small):
        """Elsewhere NaN did not count as a loss without progress: all epochs were run for it."""
        params = {"solver": "sgd", "learning_rate_init": "auto", **ENDLESS}
        with pytest.warns(ConvergenceWarning, match="non-finite.*learning_rate"):
            model = small(max_iter=500, learning_rate=self.explode, **params).fit(*clusters)
        assert max(self.steps) <= 21
        short = small(max_iter=20, learning_rate=lambda step: 0.1, **params).fit(*clusters)
        assert_array_equal(model.coefs_[0], short.coefs_[0])
        assert model.n_iter_ == 20

    def test_early_stopping_does_not_hide_divergence(self, clusters, small):
        """Elsewhere it returned a model far worse than none."""
        params = {"solver": "sgd", "early_stopping": True, "validation_fraction": 0.3}
        rate = {"learning_rate": self.explode, "learning_rate_init": "auto"}
        with pytest.warns(ConvergenceWarning, match="non-finite"):
            model = small(max_iter=500, **rate, **params).fit(*clusters)
        assert model.score(*clusters) > 0.9
        with pytest.raises(ValueError, match="learning_rate_init"):
            small(learning_rate_init=1e300, **params).fit(*clusters)


@short
def test_log_probabilities_of_confident_rows_are_exact(task, small):
    """Elsewhere the logarithm of a rounded probability: 0 at one end, -inf at the other."""
    X, y = task
    model = small().fit(X, y)
    X = 40 * X / np.abs(model.decision_function(X)).reshape(len(X), -1).max(axis=1, keepdims=True)
    log_p = model.predict_log_proba(np.r_[X, 1e4 * X])
    assert np.isfinite(log_p).all()
    assert (log_p[:90] < 0).all()


class TestWeightsAndPenalty:
    @short
    def test_a_batch_of_zero_weights_is_skipped(self, binary, small):
        """Elsewhere a division by zero."""
        X, y = binary
        w = np.repeat([0.0, 1.0], 45)
        model = small(batch_size=5, shuffle=False).fit(X, y, w)
        assert_array_equal(
            model.coefs_[0], small(batch_size=5, shuffle=False).fit(X[45:], y[45:]).coefs_[0]
        )

    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    @short
    def test_small_weights_need_no_other_alpha(self, binary, solver, small):
        """Elsewhere the penalty was divided by the sum of the weights, and grew as they shrank."""
        X, y = binary
        model = small(solver=solver, alpha=1.0).fit(X, y)
        scaled = small(solver=solver, alpha=1.0).fit(X, y, np.full(len(y), 1e-3))
        assert_allclose(scaled.coefs_[0], model.coefs_[0], rtol=1e-6, atol=1e-9)

    @pytest.mark.parametrize(
        "y", [[0, 1, 1, 0], [0, 0, 0, 1], [0, 1, 1, 1]], ids=["xor", "and", "or"]
    )
    @pytest.mark.parametrize("solver", ["adam", "lbfgs"])
    @pytest.mark.parametrize("seed", [0, *map(exhaustive, range(1, 5))])
    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_four_rows_are_learned_out_of_the_box(self, y, solver, seed):
        """A penalty of one row in four outweighed what they say: a constant was best."""
        X = [[0, 0], [0, 1], [1, 0], [1, 1]]
        model = ScratchMLPClassifier(solver=solver, random_state=seed).fit(X, y)
        assert model.score(X, y) == 1

    def test_a_penalty_still_steadies_three_rows(self):
        X, y = load_iris(return_X_y=True)
        scores = []
        for alpha in (1.0, 0.0):
            for seed in range(3):
                rng = np.random.default_rng(seed)
                rows = [rng.choice(np.flatnonzero(y == c)) for c in range(3)]
                model = ScratchMLPClassifier(alpha=alpha, random_state=seed).fit(X[rows], y[rows])
                scores.append(log_loss(y, model.predict_proba(X)))
        assert np.mean(scores[:3]) < 0.5 * np.mean(scores[3:])

    @pytest.mark.parametrize(
        ("n_rows", "n_seen", "least"), [exhaustive(1, 500, 0.8), (4, 1347, 0.9)]
    )
    def test_partial_fit_learns_row_by_row_out_of_the_box(self, n_rows, n_seen, least):
        X, y = load_digits(return_X_y=True)
        X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
        model = ScratchMLPClassifier(random_state=0)
        for i in range(0, n_seen, n_rows):
            rows = slice(i, i + n_rows)
            model.partial_fit(X_train[rows], y_train[rows], classes=np.arange(10))
        assert model.score(X_test, y_test) > least

    def test_boosting_works_out_of_the_box(self):
        """AdaBoost normalises the weights of all rows to the sum 1."""
        X, y = load_digits(return_X_y=True)
        X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
        network = ScratchMLPClassifier(max_iter=40, random_state=0)
        boosted = AdaBoostClassifier(network, n_estimators=4, random_state=0)
        assert boosted.fit(X_train, y_train).score(X_test, y_test) > 0.93

    @pytest.mark.parametrize("batch_size", [10, 100])
    @pytest.mark.parametrize("n", [100, 101])
    @short
    def test_a_step_shrinks_weights_alike_in_batches_of_any_size(self, n, batch_size, small):
        """Elsewhere the penalty was divided by the batch, and a last batch of one row shrank most.

        On rows of zeros nothing but the penalty, or the decay, moves the weights.
        """
        X, y = np.zeros((n, 1)), np.arange(n) % 2
        params = {
            "hidden_layer_sizes": (), "solver": "sgd", "momentum": 0, "learning_rate_init": 0.1,
            "weight_init": ones, "batch_size": batch_size, "max_iter": 1,
        }  # fmt: skip
        n_steps = -(-n // batch_size)
        penalised = small(alpha=2.0, **params).fit(X, y)
        assert_allclose(penalised.coefs_[0], (1 - 0.1 * 2 / n) ** n_steps)
        decayed = small(alpha=0, weight_decay=2.0, **params).fit(X, y)
        assert_allclose(decayed.coefs_[0], (1 - 0.1 * 2) ** n_steps)

    @pytest.mark.parametrize("solver", ["adam", "sgd"])
    @short
    def test_a_weight_is_a_count_for_the_default_solver_too(self, task, solver, small):
        """Elsewhere only the full-batch solver is held to it."""
        X, y = task
        times = np.random.default_rng(0).integers(0, 3, len(y))
        params = {"solver": solver, "batch_size": 1000, "max_iter": 50}
        weighted = small(**params).fit(X, y, times)
        repeated = small(**params).fit(X.repeat(times, axis=0), y.repeat(times, axis=0))
        assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-6)
        assert np.abs(weighted.coefs_[0] - small(**params).fit(X, y).coefs_[0]).max() > 1e-4


@short
def test_invscaling_counts_updates(small):
    """Elsewhere samples: one epoch of a large set took the rate to nothing."""
    X, y = np.zeros((2000, 1)), np.arange(2000) % 2
    model = small(
        solver="sgd", learning_rate="invscaling", learning_rate_init=0.1, batch_size=20, max_iter=1
    ).fit(X, y)
    assert_allclose(model.history_["learning_rate"], 0.1 / np.sqrt(100), rtol=1e-6)


@short  # the defaults decide
@pytest.mark.parametrize("seed", [4, *map(exhaustive, (5, 6, 7))])
def test_features_that_are_not_scaled_are_no_disaster(seed):
    """Elsewhere the folds of wine, as it comes, averaged 0.71 and with some seeds 0.27."""
    X, y = load_wine(return_X_y=True)
    folds = StratifiedKFold(5, shuffle=True, random_state=seed)
    scores = cross_val_score(ScratchMLPClassifier(random_state=seed), X, y, cv=folds)
    assert scores.mean() > 0.95


@pytest.mark.parametrize("load", [load_iris, load_wine])
@pytest.mark.parametrize("seed", range(3))
def test_the_defaults_do_not_warn_on_small_data(load, seed):
    """Elsewhere every fit of such data ended with a warning, so that nobody heeds it."""
    X, y = load(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    assert ScratchMLPClassifier(random_state=seed).fit(X, y).score(X, y) > 0.95  # no warning
