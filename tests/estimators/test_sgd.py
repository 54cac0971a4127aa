"""The course of a fit: what is watched, when it ends, what is kept."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, balanced_accuracy_score, get_scorer, log_loss
from sklearn.preprocessing import scale

from skscratch import ScratchMLPClassifier
from skscratch.core.losses import CLASS_LOSSES, with_output
from skscratch.training.validation import fit_temperature
from tests.estimators.bomb import Bomb, interrupt

short = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # fits of a fixed length on purpose
)
STOPPING = {"early_stopping": True, "validation_fraction": 0.4}
ENDLESS = {"tol": 0, "n_iter_no_change": 1000}


def validation(X, y):
    return {"X_val": X[60:], "y_val": y[60:]}


@short
class TestValidationSet:
    """Thirty of ninety rows, beside the sixty that are trained on."""

    def test_its_loss_and_score_are_recorded_without_a_say(self, task, small):
        X, y = task
        model = small().fit(X[:60], y[:60], **validation(X, y))
        plain = small().fit(X[:60], y[:60])
        assert_array_equal(model.coefs_[0], plain.coefs_[0])
        assert_allclose(model.history_["validation_score"][-1], model.score(X[60:], y[60:]))
        p = model.predict_proba(X[60:])
        if y.ndim == 1:
            expected = log_loss(y[60:], p)
        else:
            expected = -np.log(np.where(y[60:], p, 1 - p)).sum(axis=1).mean()
        assert_allclose(model.history_["validation_loss"][-1], expected, rtol=1e-6)
        assert model.best_validation_score_ is None
        assert model.validation_scores_ == model.history_["validation_score"].tolist()

    def test_with_early_stopping_it_decides_and_no_rows_are_held_out(self, multiclass, small):
        """Labels without meaning: every epoch makes it worse, so the first one is the best."""
        X, y = multiclass
        wrong = {"X_val": X[:60], "y_val": (y[:60] + 1) % 3}
        params = {"batch_size": 60, "learning_rate_init": 0.05, "n_updates_no_change": 0}
        model = small(early_stopping=True, n_iter_no_change=3, **params).fit(
            X[:60], y[:60], **wrong
        )
        assert model.n_iter_ == 4
        assert model.t_ == 4 * 60
        del params["n_updates_no_change"]
        first = small(max_iter=1, **params).fit(X[:60], y[:60])
        assert_array_equal(model.coefs_[0], first.coefs_[0])

    def test_weights_of_it_count(self, binary, small):
        X, y = binary
        weight = np.linspace(0, 2, 30)
        model = small().fit(X[:60], y[:60], **validation(X, y), sample_weight_val=weight)
        loss = log_loss(y[60:], model.predict_proba(X[60:]), sample_weight=weight)
        assert_allclose(model.history_["validation_loss"][-1], loss, rtol=1e-6)

    def test_class_weights_count_in_its_loss(self, binary, small):
        X, y = binary
        model = small(class_weight={0: 3.0}).fit(X[:60], y[:60], **validation(X, y))
        weight = np.where(y[60:] == 0, 3.0, 1.0)
        loss = log_loss(y[60:], model.predict_proba(X[60:]), sample_weight=weight)
        assert_allclose(model.history_["validation_loss"][-1], loss, rtol=1e-6)

    def test_lbfgs_records_it_too(self, binary, small):
        X, y = binary
        model = small(solver="lbfgs").fit(X[:60], y[:60], **validation(X, y))
        loss = log_loss(y[60:], model.predict_proba(X[60:]))
        assert_allclose(model.history_["validation_loss"][-1], loss, rtol=1e-6)

    def test_smoothed_labels_and_dropout_are_for_training(self, multiclass, small):
        X, y = multiclass
        model = small(label_smoothing=0.3, dropout=0.5).fit(X[:60], y[:60], **validation(X, y))
        loss = log_loss(y[60:], model.predict_proba(X[60:]))
        assert_allclose(model.history_["validation_loss"][-1], loss, rtol=1e-6)


class TestPatience:
    @short
    @pytest.mark.parametrize("n_updates", [10, 40, 45])
    def test_it_means_the_same_updates_for_small_and_large_data(self, n_updates, small):
        """Nothing improves by 1e9; one set is ten times the other, in batches of the same size."""
        X, y = np.random.default_rng(0).normal(size=(400, 2)), np.arange(400) % 2
        params = {"early_stopping": True, "batch_size": 20, "tol": 1e9, "max_iter": 200}
        params |= {"n_iter_no_change": 1, "n_updates_no_change": n_updates}
        for n, updates_an_epoch in ((40, 2), (400, 20)):
            model = small(**params).fit(X[:n], y[:n], X_val=X[:10], y_val=y[:10])
            after_the_first = (model.n_iter_ - 1) * updates_an_epoch
            assert n_updates <= after_the_first < n_updates + updates_an_epoch

    @short
    def test_it_is_for_early_stopping_alone(self, binary, small):
        model = small(tol=1e9, n_iter_no_change=2, max_iter=50).fit(*binary)
        assert model.n_iter_ == 3


@short
class TestScoring:
    def test_the_last_of_the_best_scores_is_kept(self, multiclass, small):
        X, y = multiclass
        params = {"max_iter": 30, "learning_rate_init": 0.02, **ENDLESS}
        model = small(early_stopping=True, scoring="balanced_accuracy", **params)
        model.fit(X[:60], y[:60], **validation(X, y))
        scores = model.history_["validation_score"]
        best = np.flatnonzero(scores == scores.max())[-1]
        expected = small(**{**params, "max_iter": int(best) + 1}).fit(X[:60], y[:60])
        assert_array_equal(model.coefs_[0], expected.coefs_[0])
        score = balanced_accuracy_score(y[60:], model.predict(X[60:]))
        assert model.best_validation_score_ == scores.max() == score

    @pytest.mark.parametrize("scoring", ["f1_macro", "accuracy", None, "roc_auc_ovr"])
    def test_a_scorer_counts_classes_as_it_does_anywhere_else(self, multiclass, scoring, small):
        """Class weights are for the loss: the best score is that of the scorer without them."""
        X, y = multiclass
        params = {"max_iter": 30, "learning_rate_init": 0.02, "class_weight": {0: 9.0}, **ENDLESS}
        model = small(early_stopping=True, scoring=scoring, **params)
        model.fit(X[:60], y[:60], **validation(X, y))
        plain = get_scorer("accuracy" if scoring is None else scoring)(model, X[60:], y[60:])
        assert model.best_validation_score_ == plain
        w = np.where(y[60:] == 0, 9.0, 1.0)
        weighted = accuracy_score(y[60:], model.predict(X[60:]), sample_weight=w)
        assert weighted != plain, "otherwise the test tells nothing"
        scores = model.history_["validation_score"]
        best = np.flatnonzero(scores == scores.max())[-1]
        expected = small(**{**params, "max_iter": int(best) + 1}).fit(X[:60], y[:60])
        assert_array_equal(model.coefs_[0], expected.coefs_[0])

    def test_the_loss_counts_class_weights_and_so_does_the_score_beside_it(self, multiclass, small):
        X, y = multiclass
        params = {"max_iter": 30, "learning_rate_init": 0.02, "class_weight": {0: 9.0}, **ENDLESS}
        model = small(early_stopping=True, **params).fit(X[:60], y[:60], **validation(X, y))
        w = np.where(y[60:] == 0, 9.0, 1.0)
        weighted = accuracy_score(y[60:], model.predict(X[60:]), sample_weight=w)
        assert_allclose(model.best_validation_score_, weighted)
        loss = log_loss(y[60:], model.predict_proba(X[60:]), sample_weight=w)
        assert_allclose(model.history_["validation_loss"].min(), loss, rtol=1e-6)

    def test_a_function_gets_a_fitted_estimator_and_the_users_labels(self, small):
        X, codes = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 2
        y, seen = np.array(["no", "yes"])[codes], []

        def scorer(estimator, X, y):
            seen.append((X.shape, {*y.tolist()}, estimator.predict_proba(X).shape))
            return 0.5

        small(early_stopping=True, scoring=scorer, max_iter=3, **{"validation_fraction": 0.2}).fit(
            X, y
        )
        assert seen == [((12, 2), {"no", "yes"}, (12, 2))] * 3

    def test_a_score_that_is_none_is_an_error(self, binary, small):
        model = small(early_stopping=True, scoring=lambda estimator, X, y: np.nan)
        with pytest.raises(ValueError, match=r"scoring=.*nan"):
            model.fit(*binary)


REFIT = {"batch_size": 10, "learning_rate_init": 0.05, "n_updates_no_change": 0, **STOPPING}


@short
class TestRefit:
    def test_it_is_a_fit_on_all_rows_with_the_best_number_of_updates(self, multiclass, small):
        X, y = multiclass
        searched = small(**REFIT, max_iter=25).fit(X, y)
        model = small(**REFIT, max_iter=25, refit=True).fit(X, y)
        n_search = searched.n_iter_
        for name in {*searched.history_} - {"seconds"}:
            assert_array_equal(model.history_[name][:n_search], searched.history_[name])
        losses = searched.history_["validation_loss"]
        n_updates = 6 * (1 + np.flatnonzero(losses == losses.min())[-1])  # 54 rows, 6 batches
        plain = small(batch_size=10, learning_rate_init=0.05, max_iter=int(n_updates) // 9)
        assert model.n_iter_ - n_search == -(-n_updates // 9)
        if n_updates % 9 == 0:
            assert_array_equal(model.coefs_[0], plain.fit(X, y).coefs_[0])
        assert model.best_validation_score_ == searched.best_validation_score_

    def test_its_parameters_are_those_of_a_fit_that_was_never_stopped(self, multiclass, small):
        """In batches of all rows an epoch is an update, with and without the rows held out."""
        X, y = multiclass
        params = {**REFIT, "batch_size": 90}
        searched = small(**params).fit(X, y)
        losses = searched.history_["validation_loss"]
        n_updates = 1 + int(np.flatnonzero(losses == losses.min())[-1])
        model = small(**params, refit=True).fit(X, y)
        plain = small(batch_size=90, learning_rate_init=0.05, max_iter=n_updates).fit(X, y)
        assert_array_equal(model.coefs_[0], plain.coefs_[0])
        assert (model.coefs_[0] != searched.coefs_[0]).any()

    def test_every_update_counts(self, multiclass, small):
        X, y = multiclass
        model = small(**REFIT, max_iter=1, refit=True).fit(X, y)
        assert model.t_ == 54 + 6 * 10
        assert model.n_iter_ == 2

    def test_dropout_and_averages_start_again(self, multiclass, small):
        X, y = multiclass
        params = {"dropout": 0.2, "ema_decay": 0.9, **REFIT}
        one, other = (small(refit=True, **params).fit(X, y) for _ in range(2))
        assert_array_equal(one.coefs_[0], other.coefs_[0])
        assert one.score(X, y) > 0.6


CUT = {"batch_size": 10, "learning_rate_init": 0.01, "max_iter": 50, **ENDLESS}  # 9 steps an epoch


def best_of(small, data, n_epochs, **params):
    """Return, of a model's first epochs, the one with the lowest training loss."""
    model = small(activation=[Bomb(0)], **{**params, "max_iter": n_epochs}).fit(*data)
    best = int(np.argmin(model.loss_curve_)) + 1
    return small(activation=[Bomb(0)], **{**params, "max_iter": best}).fit(*data), model


@short
class TestDivergence:
    @pytest.mark.parametrize("params", [{}, {"ema_decay": 0.5}, {"solver": "sgd"}])
    def test_the_best_parameters_before_are_restored(self, binary, params, small):
        """The bomb goes off in the fourth epoch."""
        params = {**CUT, **params}
        with pytest.warns(ConvergenceWarning, match=r"(?s)epoch 4.*learning_rate_init.*max_grad"):
            model = small(activation=[Bomb(9 * 3 + 5)], **params).fit(*binary)
        best, whole = best_of(small, binary, 3, **params)
        assert_array_equal(model.coefs_[0], best.coefs_[0])
        assert model.loss_curve_ == whole.loss_curve_
        assert model.n_iter_ == 3
        assert model.t_ == whole.t_

    def test_training_can_go_on(self, binary, small):
        model = small(activation=[Bomb(9 * 3 + 5)], warm_start=True, ema_decay=0.5, **CUT)
        with pytest.warns(ConvergenceWarning, match="non-finite"):
            model.fit(*binary)
        before = model.loss_
        assert model._continuation["memory"] == {}
        model.set_params(max_iter=9).fit(*binary)
        assert model.n_iter_ == 12
        assert model.loss_ < before

    def test_with_early_stopping_the_best_on_the_validation_set(self, binary, small):
        X, y = binary
        model = small(activation=[Bomb(9 * 3 + 8)], early_stopping=True, **CUT)
        with pytest.warns(ConvergenceWarning, match="non-finite"):
            model.fit(X, y, X_val=X, y_val=y)
        assert model.n_iter_ == 3
        assert model.best_validation_score_ in model.history_["validation_score"]
        assert np.isfinite(model.predict_proba(X)).all()

    def test_a_search_that_diverges_is_not_followed_by_a_refit(self, binary, small):
        """Six steps an epoch, and a look at the rows held out."""
        params = {**CUT, **STOPPING}
        with pytest.warns(ConvergenceWarning, match="non-finite in epoch 4"):
            model = small(activation=[Bomb(7 * 3 + 4)], refit=True, **params).fit(*binary)
        assert model.n_iter_ == 3
        assert model.best_validation_score_ in model.history_["validation_score"]

    def test_nothing_better_than_the_start_is_an_error(self, small):
        """Iris at a rate of 100 with identities explodes at once."""
        X, y = load_iris(return_X_y=True)
        model = small(solver="sgd", activation="identity", learning_rate_init=100.0, batch_size=10)
        with pytest.raises(ValueError, match="learning_rate_init"):
            model.fit(X, y)
        assert not hasattr(model, "coefs_")

    def test_a_validation_loss_that_is_not_finite_at_once_is_an_error(self, binary, small):
        X, y = binary
        with (
            pytest.warns(UserWarning, match="another scale"),
            pytest.raises(ValueError, match="non-finite"),
        ):
            small(early_stopping=True).fit(X, y, X_val=X * 1e307, y_val=y)

    def test_a_warm_start_that_diverges_at_once_keeps_the_model(self, binary, small):
        model = small(warm_start=True).fit(*binary)
        before = copy.deepcopy(model.coefs_)
        with pytest.raises(ValueError, match="non-finite"):
            model.set_params(learning_rate_init=1e200).fit(*binary)
        assert_array_equal(model.coefs_[0], before[0])


@short
class TestInterrupt:
    @pytest.mark.parametrize(
        "params", [{}, {"dropout": 0.3, "ema_decay": 0.9}, {"solver": "sgd"}], ids=str
    )
    def test_ctrl_c_leaves_the_best_model_so_far(self, binary, params, small):
        params = {**CUT, "warm_start": True, **params}
        model = small(activation=[Bomb(9 * 4 + 3, interrupt)], **params)
        with pytest.raises(KeyboardInterrupt):
            model.fit(*binary)
        best, whole = best_of(small, binary, 4, **params)
        assert_array_equal(model.coefs_[0], best.coefs_[0])
        assert model.loss_curve_ == whole.loss_curve_
        assert model.t_ == whole.t_ == 4 * 90
        assert model._continuation["memory"] == {}
        model.set_params(max_iter=2).fit(*binary)
        assert model.n_iter_ == len(model.loss_curve_) == 6

    def test_with_early_stopping_the_best_one_on_the_validation_set(self, binary, small):
        X, y = binary
        wrong = {"X_val": X, "y_val": 1 - y}  # the first epoch is the best one
        params = {**CUT, "early_stopping": True, "learning_rate_init": 0.05}
        model = small(activation=[Bomb(10 * 4 + 3, interrupt)], **params)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, y, **wrong)
        assert model.n_iter_ == 4
        first = small(activation=[Bomb(0)], **{**params, "max_iter": 1}).fit(X, y, **wrong)
        assert_array_equal(model.coefs_[0], first.coefs_[0])
        assert model.best_validation_score_ == model.history_["validation_score"][0]

    def test_in_the_second_pass_of_refit_the_first_one_counts(self, binary, small):
        params = {**CUT, **STOPPING, "max_iter": 3, "n_updates_no_change": 0}
        model = small(activation=[Bomb(7 * 3 + 12, interrupt)], refit=True, **params)
        with pytest.raises(KeyboardInterrupt):
            model.fit(*binary)
        searched = small(activation=[Bomb(0)], **params).fit(*binary)
        assert_array_equal(model.coefs_[0], searched.coefs_[0])
        assert model.best_validation_score_ == searched.best_validation_score_

    @pytest.mark.parametrize("at", range(3, 60, 4))
    def test_whenever_it_comes_the_model_is_whole_or_not_there(self, at, binary, small):
        calls = []

        def scorer(estimator, X, y):
            calls.append(1)
            if len(calls) == at // 9:
                raise KeyboardInterrupt
            return 0.5

        params = {**CUT, "early_stopping": True, "scoring": scorer, "refit": True, "max_iter": 4}
        model = small(activation=[Bomb(at, interrupt)], **params)
        with pytest.raises(KeyboardInterrupt):
            model.fit(*binary)
        if hasattr(model, "coefs_"):
            model.activation[0].at = None
            assert model.n_iter_ == len(model.loss_curve_) > 0
            assert not np.isnan(model.validation_scores_).any()
            assert model.predict(binary[0]).shape == (90,)


class TestUnfinished:
    @pytest.mark.parametrize("load", [load_iris, load_wine])
    def test_the_defaults_do_not_warn_on_easy_data(self, load):
        X, y = load(return_X_y=True)
        model = ScratchMLPClassifier(random_state=0).fit(scale(X), y)  # warnings are errors
        assert model.n_iter_ <= 200

    def test_a_loss_that_still_falls_warns(self, binary, small):
        with pytest.warns(ConvergenceWarning, match="max_iter=15"):
            small().fit(*binary)

    @pytest.mark.parametrize("rate", ["cosine", "onecycle"])
    def test_a_rate_that_has_come_to_rest_does_not(self, rate, binary, small):
        model = small(learning_rate=rate, learning_rate_init=0.05, batch_size=30)
        assert model.fit(*binary).n_iter_ == 15  # warnings are errors

    def test_a_rate_of_zero_is_worth_a_word(self, binary, small):
        X, y = binary
        model = small(learning_rate="cosine", batch_size=90, decay_steps=2)
        for _ in range(2):
            model.partial_fit(X, y, classes=[0, 1])
        with pytest.warns(UserWarning, match=r"(?s)'cosine' has fallen to 0.*decay_steps"):
            model.partial_fit(X, y)


@pytest.mark.parametrize("sizes", [{}, {"hidden_layer_sizes": (32,), "n_members": 4}])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_the_logits_are_divided_by_the_temperature_of_the_validation_set(
    small, request, kind, sizes
):
    X, y = request.getfixturevalue(kind)
    validation = {"X_val": X[60:], "y_val": y[60:]}
    params = {"early_stopping": True, "max_iter": 300, "learning_rate_init": 0.01, **sizes}
    plain, tempered = (
        small(temperature_scaling=scaled, **params).fit(X[:60], y[:60], **validation)
        for scaled in (False, True)
    )
    z = plain.decision_function(X)
    loss = with_output(plain.out_activation_, CLASS_LOSSES)
    target = np.asarray(y[60:], float if plain.out_activation_ == "logistic" else int)
    if kind == "binary":
        target = target[:, None]
    T = fit_temperature(loss, [(z[60:].reshape(30, -1), target, np.ones(30))])
    assert abs(T - 1) > 0.01
    assert_allclose(tempered.decision_function(X), z / T, rtol=1e-9)
