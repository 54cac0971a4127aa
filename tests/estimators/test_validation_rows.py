"""Rows to validate on: which they are, and what a scorer sees of them."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.metrics import get_scorer, log_loss, make_scorer

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch._compat import InvalidParameterError
from skscratch.estimators._fitted import published
from skscratch.estimators._scoring import EstimatorScorer, find_scorer
from skscratch.training.data import ValidationRows
from skscratch.training.state import Streams
from skscratch.training.validation import Evaluator

LETTERS = np.array(["ant", "bee", "cow"])
STOPPING = {"early_stopping": True, "validation_fraction": 0.4, "n_updates_no_change": 0}

short = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def split(config, state, data):
    """Return the rows to train on and to validate on, as a fit divides them."""
    early = config.stochastic.early_stopping
    fraction = None if early is None else early.validation_fraction
    return data.split(fraction, Streams.of_seed(state.seed).holdout, state.arch.members)


@pytest.fixture
def divide(start):
    """Return a function from a model and data to the two sets of rows, and the data."""

    def divided(model, *args, hold_out=True, **kwargs):
        model.set_params(early_stopping=hold_out)
        config, state, data = start(model, *args, **kwargs)
        return *split(config, state, data), data

    return divided


class TestRows:
    def test_rows_without_weight_are_left_out(self, binary, small, start):
        data = start(small(), *binary)[2]
        assert_array_equal(data.weighted_rows(), np.arange(90))
        weight = np.arange(90) % 3
        data = start(small(), *binary, weight)[2]
        assert_array_equal(data.weighted_rows(), np.flatnonzero(weight))

    def test_a_part_is_held_out_by_class(self, multiclass, small, divide):
        rows, validation, data = divide(small(validation_fraction=0.4), *multiclass)
        assert validation.data is data
        assert_array_equal(np.sort([*rows, *validation.rows]), np.arange(90))
        assert len(validation.rows) == 36
        shares = np.bincount(data.y[validation.rows]) / np.bincount(data.y)
        assert_allclose(shares, 0.4, atol=0.05)

    def test_two_classes_are_told_apart_too(self, small, divide):
        X, y = np.zeros((100, 1)), np.repeat(["a", "b"], [90, 10])
        _, validation, data = divide(small(validation_fraction=0.1), X, y)
        assert_array_equal(np.unique(data.labels[validation.rows], return_counts=True)[1], [9, 1])

    def test_labels_are_not_stratified(self, multilabel, small, divide):
        rows, validation, _ = divide(small(validation_fraction=0.4), *multilabel)
        assert (len(rows), len(validation.rows)) == (54, 36)

    def test_the_seed_decides_which(self, binary, small, divide):
        one, same, other = (
            divide(small(random_state=seed), *binary)[1].rows.tolist() for seed in (5, 5, 6)
        )
        assert one == same != other

    def test_the_streams_of_training_do_not_move(self, binary, small, start):
        model = small(early_stopping=True)
        config, run, data = start(model, *binary)
        before = [rng.bit_generator.state for rng in (run.shuffle, run.dropout)]
        one, same = (split(config, run, data)[1].rows for _ in range(2))
        assert [rng.bit_generator.state for rng in (run.shuffle, run.dropout)] == before
        assert_array_equal(one, same)

    def test_no_row_without_weight_is_held_out(self, binary, small, divide):
        weight = np.arange(90) % 2
        rows, validation, _ = divide(small(validation_fraction=0.4), *binary, weight)
        assert_array_equal(np.sort([*rows, *validation.rows]), np.flatnonzero(weight))

    def test_fewer_than_five_say_too_little(self, small, divide):
        X, y = np.zeros((50, 1)), np.arange(50) % 2
        rows, validation, _ = divide(small(validation_fraction=0.1), X, y)
        assert (len(rows), len(validation.rows)) == (45, 5)
        rows, validation, _ = divide(small(validation_fraction=0.1), X[:40], y[:40])
        assert validation is None
        assert_array_equal(rows, np.arange(40))

    def test_none_are_held_out_unless_asked_for(self, binary, small, divide):
        rows, validation, _ = divide(small(), *binary, hold_out=False)
        assert validation is None
        assert_array_equal(rows, np.arange(90))

    @pytest.mark.parametrize("hold_out", [False, True])
    def test_the_users_own_rows_come_first(self, binary, hold_out, small, divide):
        X, y = binary
        own = X[:3] + 1, y[:3], [1, 0, 2]
        rows, validation, data = divide(small(), X, y, validation=own, hold_out=hold_out)
        assert_array_equal(rows, np.arange(90))
        assert_array_equal(validation.rows, [0, 2])
        assert validation.data is data.validation
        assert_array_equal(validation.data.X, X[:3] + 1)


class TestScorer:
    @pytest.mark.parametrize("scoring", ["accuracy", None], ids=str)
    def test_a_name_or_the_estimators_own(self, scoring, clusters, small, start):
        model = small().partial_fit(*clusters, classes=[0, 1, 2])
        data = start(small(), *clusters)[2]
        scorer = find_scorer(small(scoring=scoring), data).scorer
        assert scorer(model, *clusters) == model.score(*clusters)

    def test_a_function(self, binary, small, start):
        scorer = find_scorer(
            small(scoring=lambda estimator, X, y: len(y)), start(small(), *binary)[2]
        )
        assert isinstance(scorer, EstimatorScorer)
        assert scorer.scorer(small(), *binary) == 90

    def test_none_is_needed_for_the_loss(self, binary, small, start):
        assert start(small(scoring="loss"), *binary)[0].scorer is None

    @pytest.mark.parametrize(
        ("kind", "scoring", "fitting"),
        [
            (ScratchMLPClassifier, "r2", "None for the accuracy, .* 'balanced_accuracy'"),
            (ScratchMLPClassifier, "neg_mean_squared_error", "a scorer of classes"),
            (ScratchMLPRegressor, "accuracy", "None for R², .* 'neg_mean_absolute_error'"),
            (ScratchMLPRegressor, "roc_auc", "a scorer of numbers"),
            (ScratchMLPRegressor, "neg_log_loss", "a scorer of numbers"),
            (ScratchMLPRegressor, "v_measure_score", "a scorer of numbers"),
            (ScratchMLPRegressor, "adjusted_rand_score", "a scorer of numbers"),
        ],
    )
    def test_a_scorer_of_the_other_kind_is_refused(self, kind, scoring, fitting, binary):
        model = kind(hidden_layer_sizes=(4,), scoring=scoring, early_stopping=True)
        with pytest.raises(InvalidParameterError, match=f"^scoring='{scoring}' .*{fitting}"):
            model.fit(*binary)

    @pytest.mark.parametrize("name", ["neg_log_loss", "accuracy", "v_measure_score"])
    def test_an_object_that_scores_classes_is_refused_by_a_regressor(self, name, binary):
        model = ScratchMLPRegressor(scoring=get_scorer(name), early_stopping=True)
        with pytest.raises(InvalidParameterError, match=r"^scoring=make_scorer.* score numbers"):
            model.fit(*binary)

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_an_object_that_scores_numbers_may_suit_labels(self, binary):
        scoring = get_scorer("neg_mean_absolute_error")
        model = ScratchMLPClassifier((4,), scoring=scoring, early_stopping=True, max_iter=2)
        assert model.fit(*binary).best_validation_score_ <= 0

    @pytest.mark.parametrize("scoring", ["best", 3])
    def test_what_is_none_is_refused_by_name(self, scoring, binary, small, start):
        with pytest.raises(InvalidParameterError, match=f"^scoring must be.*Got {scoring!r}"):
            find_scorer(small(scoring=scoring), start(small(), *binary)[2])


class Spy:
    """A scorer that keeps what it is given, and returns what it is told."""

    def __init__(self, *values):
        self.values, self.calls = list(values) or [0.5], []

    def __call__(self, estimator, X, y, sample_weight=None):
        self.calls.append((estimator, X, y, sample_weight))
        return self.values[(len(self.calls) - 1) % len(self.values)]


def follow(start, model, *args):
    """Return a state after an epoch, and its evaluator on every other row."""
    config, run, data = start(model, *args)
    validation = ValidationRows(data, np.arange(0, 90, 2))
    evaluator = Evaluator(run, validation, config.scorer, run.current)
    run.record(1.0, 0.0)
    return run, evaluator


def publish(model, state):
    vars(model).update(published(model, state, False))


class TestFollowing:
    def test_the_loss_is_that_of_the_rows(self, multiclass, small, start):
        X, y = multiclass
        model = small()
        run, watch = follow(start, model, X, y)
        losses, scores = watch.evaluate()
        publish(model, run)
        p = model.predict_proba(X[::2])
        assert_allclose(losses, [log_loss(y[::2], p)])
        share = (p.argmax(axis=1) == y[::2]).mean()
        assert_allclose(scores, [share], rtol=1e-12)
        assert_array_equal(run.history["validation_score"], scores)

    @pytest.mark.parametrize("scoring", [None, "accuracy"], ids=str)
    def test_weights_count(self, multiclass, scoring, small, start):
        X, y = multiclass
        weight = np.linspace(1, 2, 90)
        model = small(scoring=scoring)
        run, watch = follow(start, model, X, y, weight)
        watched, scores = watch.evaluate()
        assert_array_equal(watched, -scores)
        publish(model, run)
        assert_allclose(scores, [model.score(X[::2], y[::2], weight[::2])])
        p = model.predict_proba(X[::2])
        expected = log_loss(y[::2], p, sample_weight=weight[::2])
        assert_allclose(run.history["validation_loss"][0], expected)

    def test_a_scorer_sees_the_users_labels(self, multiclass, small, start):
        X, y = multiclass
        spy = Spy()
        _, watch = follow(start, small(scoring=spy), X, LETTERS[y])
        watch.evaluate()
        _, seen, labels, weight = spy.calls[0]
        assert_array_equal(seen, X[::2])
        assert_array_equal(labels, LETTERS[y][::2])
        assert weight is None

    def test_a_scorer_gets_the_weights_of_samples_without_those_of_classes(
        self, binary, small, start
    ):
        spy, weight = Spy(), np.linspace(1, 2, 90)
        for w in (weight, None):
            _, watch = follow(start, small(scoring=spy, class_weight={0: 5}), *binary, w)
            watch.evaluate()
        assert_array_equal(spy.calls[0][3], weight[::2])
        assert spy.calls[1][3] is None

    @pytest.mark.parametrize(
        "scoring", [lambda estimator, X, y: 0.5, make_scorer(lambda y, y_pred: 0.5)]
    )
    def test_a_scorer_that_knows_no_weights_gets_none(self, binary, scoring, small, start):
        _, watch = follow(start, small(scoring=scoring), *binary, np.linspace(1, 2, 90))
        assert watch.evaluate() == ([-0.5], [0.5])

    def test_a_scorer_gets_an_estimator_that_predicts_with_the_parameters_of_now(
        self, multiclass, small, start
    ):
        X, y = multiclass
        seen = []

        def score(estimator, X, y):
            seen.append(estimator.predict_proba(X))
            assert_array_equal(estimator.classes_, LETTERS)
            return 0.5

        model = small(scoring=score)
        run, watch = follow(start, model, X, LETTERS[y])
        before = {**vars(model)}
        watch.evaluate()
        run.theta *= 2
        watch.evaluate()
        assert vars(model) == before
        assert "coefs_" not in vars(model)
        publish(model, run)
        assert_array_equal(seen[1], model.predict_proba(X[::2]))
        assert (seen[0] != seen[1]).any()

    @short
    def test_a_scorer_sees_nothing_of_a_former_fit(self, binary, small, start):
        model = small(warm_start=True).fit(*binary)
        spy = Spy()
        _, watch = follow(start, model.set_params(scoring=spy), *binary)
        watch.evaluate()
        view = spy.calls[0][0]
        assert not hasattr(view, "history_")
        assert not hasattr(view, "n_iter_")
        assert view.predict(binary[0]).shape == (90,)
        assert model.n_iter_ == 15

    @short
    def test_a_scorer_measures_the_average_where_there_is_one(self, binary, small):
        X, y = binary
        seen = []

        def score(estimator, X, y):
            seen.append(estimator.predict_proba(X))
            return float(len(seen))

        params = {"early_stopping": True, "ema_decay": 0.9, "batch_size": 16}
        model = small(scoring=score, **params).fit(X, y, X_val=X, y_val=y)
        assert len(seen) == 15
        assert_array_equal(seen[-1], model.predict_proba(X))

    @short
    def test_names_of_features_are_for_the_user_alone(self, binary, small):
        """The scorer gets arrays: warnings that they lack names would be errors here."""
        X, y = binary
        table, spy = pd.DataFrame(X, columns=list("abcde")), Spy()
        model = small(scoring=spy, **STOPPING).fit(table, y)
        assert_array_equal(model.feature_names_in_, list("abcde"))
        view, seen = spy.calls[0][:2]
        assert not hasattr(view, "feature_names_in_")
        assert type(seen) is np.ndarray
        assert view.predict(seen).shape == (36,)

    def test_sparse_rows_stay_sparse(self, binary, small, start):
        X, y = binary
        spy = Spy()
        _, watch = follow(start, small(scoring=spy), csr_array(X), y)
        watch.evaluate()
        assert spy.calls[0][1].format == "csr"
        assert_array_equal(spy.calls[0][1].toarray(), X[::2])

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_a_score_that_is_no_number_is_refused(self, binary, value, small, start):
        _, watch = follow(start, small(scoring=Spy(value)), *binary)
        with pytest.raises(ValueError, match=rf"scoring=.* gave {value} on the 45 rows"):
            watch.evaluate()

    @pytest.mark.parametrize("value", [None, "good", [0.5, 0.6]])
    def test_a_score_of_another_kind_is_laid_to_scoring(self, binary, value, small, start):
        _, watch = follow(start, small(scoring=Spy(value)), *binary)
        with pytest.raises((ValueError, TypeError), match=r"^scoring: "):
            watch.evaluate()

    @short
    def test_the_highest_score_is_kept(self, binary, small):
        """Whatever the scores mean: here, nothing."""
        spy = Spy(0.1, 0.9, 0.3, 0.9, 0.2, 0.1)
        model = small(scoring=spy, max_iter=6, **STOPPING).fit(*binary)
        assert model.validation_scores_ == spy.values
        assert model.best_validation_score_ == 0.9
        assert model.n_iter_ == 6
