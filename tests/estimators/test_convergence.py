"""How a call ends: converged, out of epochs, diverged, refused or interrupted."""

import re
import warnings

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import entropy
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_sample_weight

from skscratch.estimators import _convergence
from tests.estimators.bomb import Bomb, interrupt

ignore_short_fits = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # fits of a fixed length on purpose
)

solvers = pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])


class TestConvergence:
    @solvers
    def test_out_of_epochs_warns(self, binary, solver, small):
        with pytest.warns(ConvergenceWarning, match="max_iter"):
            model = small(solver=solver, max_iter=3, tol=0).fit(*binary)
        assert model.n_iter_ == 3

    @solvers
    def test_converged_in_time_does_not_warn(self, binary, solver, small):
        model = small(solver=solver, max_iter=5000, tol=1e-3).fit(*binary)  # warnings are errors
        assert model.n_iter_ < 5000

    @ignore_short_fits
    @pytest.mark.parametrize("n", [1, 2, 5])
    @pytest.mark.parametrize("early_stopping", [False, True])
    def test_patience_is_counted_from_the_first_epoch(self, binary, n, early_stopping, small):
        """The first epoch always improves on nothing; then n may fail to."""
        stopping = {"early_stopping": True, "validation_fraction": 0.4, "n_updates_no_change": n}
        model = small(n_iter_no_change=n, tol=1e9, **(stopping if early_stopping else {})).fit(
            *binary
        )
        assert model.n_iter_ == 1 + n

    @ignore_short_fits
    def test_endless_patience(self, binary, small):
        model = small(n_iter_no_change=np.inf, tol=1e9, max_iter=40).fit(*binary)
        assert model.n_iter_ == 40

    def test_adaptive_rates_end_training_too(self, binary, small):
        model = small(
            solver="sgd", learning_rate="adaptive", learning_rate_init=0.1, n_iter_no_change=2,
            tol=1e9, max_iter=1000,
        ).fit(*binary)  # fmt: skip
        plateaus = 9  # 0.1 / 5⁸ is the first rate of at most 1e-6
        assert 2 * plateaus - 4 <= model.n_iter_ - 1 <= 2 * plateaus

    @ignore_short_fits
    def test_best_loss(self, binary, small):
        model = small(solver="sgd", learning_rate_init=5.0, max_iter=30).fit(*binary)
        assert model.best_loss_ == min(model.loss_curve_)
        assert model.loss_ == model.loss_curve_[-1]

    def test_max_fun_bounds_the_evaluations_of_lbfgs(self, binary, small):
        bomb = Bomb()
        with pytest.warns(ConvergenceWarning):
            small(solver="lbfgs", activation=[bomb], max_fun=4, max_iter=1000).fit(*binary)
        assert 4 <= bomb.n_calls < 30


class TestDivergence:
    def test_lbfgs_is_not_told_to_lower_a_rate_that_it_does_not_have(self, binary, small):
        X, y = binary
        with pytest.raises(ValueError, match="non-finite") as caught:
            small(solver="lbfgs", activation=["identity"]).fit(X * 1e200, y)
        assert "learning_rate_init" not in str(caught.value)
        assert "Scale the features" in str(caught.value)

    @pytest.mark.parametrize("solver", ["sgd", "adam"])
    @pytest.mark.parametrize("early_stopping", [False, True])
    def test_a_loss_that_is_not_finite_ends_training_at_once(
        self, task, solver, early_stopping, small
    ):
        bomb = Bomb()
        model = small(
            activation=[bomb], solver=solver, learning_rate_init=1e300, max_iter=500,
            early_stopping=early_stopping,
        )  # fmt: skip
        with pytest.raises(ValueError, match=r"(?s)finite.*learning_rate_init") as error:
            model.fit(*task)
        assert "1e+300" in str(error.value)
        assert bomb.n_calls < 12

    def test_the_message_says_what_to_try(self, binary, small):
        model = small(activation=[Bomb()], learning_rate_init=1e300)
        with pytest.raises(ValueError, match=r"(?s)Lower learning_rate_init.*scale"):
            model.fit(*binary)


FAILURES = {
    # parameters, method, and from the data its arguments
    "divergence": (
        {"learning_rate_init": 1e300, "solver": "sgd", "activation": "identity"},
        "fit",
        lambda X, y: (X[:, :3], y),
    ),
    "divergence in partial_fit": (
        {"learning_rate_init": 1e300, "activation": "identity", "batch_size": 4},
        "partial_fit",
        lambda X, y: (X, y, [0, 1]),
    ),
    "missing y": ({}, "fit", lambda X, y: (X[:, :3], None)),
    "NaN": ({}, "fit", lambda X, y: (np.where(X > 1, np.nan, X), y)),
    "lengths": ({}, "fit", lambda X, y: (X[:, :3], y[1:])),
    "continuous y": ({}, "fit", lambda X, y: (X[:, :3], X[:, 0])),
    "weights": ({}, "fit", lambda X, y: (X[:, :3], y, -np.ones(len(y)))),
    "parameter": ({"hidden_layer_sizes": (2.5,)}, "fit", lambda X, y: (X[:, :3], y)),
    "class weights": ({"class_weight": {0: -1}}, "fit", lambda X, y: (X[:, :3], y)),
    "unknown class": ({}, "partial_fit", lambda X, y: (X, y + 1, [0, 1])),
    "features": ({}, "partial_fit", lambda X, y: (X[:, :4], y)),
}


@ignore_short_fits
@pytest.mark.parametrize("fitted", [False, True], ids=["unfitted", "fitted"])
@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize(("params", "method", "arguments"), FAILURES.values(), ids=FAILURES)
def test_a_failed_call_changes_nothing(
    binary, params, method, arguments, fitted, warm_start, small
):
    X, y = binary
    model = small(warm_start=warm_start)
    if fitted:
        model.fit(X, y)
    model.set_params(**params)
    before = joblib.hash(vars(model))
    with pytest.raises((ValueError, TypeError)):
        getattr(model, method)(*arguments(X, y))
    assert joblib.hash(vars(model)) == before
    assert hasattr(model, "coefs_") is fitted


class TestInterrupt:
    @solvers
    def test_ctrl_c_in_the_first_epoch_leaves_nothing_half_done(self, binary, solver, small):
        model = small(solver=solver, activation=[Bomb(1, interrupt)], max_iter=50)
        with pytest.raises(KeyboardInterrupt):
            model.fit(*binary)
        assert not [name for name in vars(model) if name.endswith("_")]

    @ignore_short_fits
    def test_ctrl_c_in_partial_fit_keeps_the_model(self, binary, small):
        bomb = Bomb(act=interrupt)
        model = small(activation=[bomb], batch_size=10).fit(*binary)
        before = model.predict_proba(binary[0])
        bomb.at = bomb.n_calls + 2
        with pytest.raises(KeyboardInterrupt):
            model.partial_fit(*binary)
        assert_array_equal(model.predict_proba(binary[0]), before)


def complaint(model, *data, **validation):
    """Return the one warning of a fit, or nothing."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(*data, **validation)
    assert len(caught) <= 1
    assert all(w.category is ConvergenceWarning for w in caught)
    return str(caught[0].message) if caught else ""


def numbers(message):
    """Return the losses in a complaint."""
    first = message.split(" Likely causes")[0].split(" No parameter")[0]
    return [float(x) for x in re.findall(r"(?<![=\w])\d+\.\d+(?:e[+-]\d+)?", first)]


SLOW = {"learning_rate_init": 1e-9, "n_iter_no_change": 2}
FAST = {"learning_rate_init": 1e3, "batch_size": 20, "n_iter_no_change": 100, "max_iter": 20}


class TestNothingLearned:
    @pytest.mark.parametrize("kind", ["multiclass", "binary", "multilabel"])
    def test_the_loss_and_that_of_the_frequencies_are_those_of_the_training_rows(
        self, kind, request, small
    ):
        X, y = request.getfixturevalue(kind)
        model = small(**SLOW, random_state=1, max_iter=60)
        loss, constant = numbers(complaint(model, X, y))
        columns, p = (y[:, None], model.predict_proba(X)[:, None]) if y.ndim == 1 else (y, None)
        if p is None:
            p = model.predict_proba(X)
            p = np.stack([1 - p, p], axis=-1)
        shares = [np.bincount(column) / len(y) for column in columns.T]
        assert_allclose(constant, sum(map(entropy, shares)), rtol=1e-3)
        losses = [log_loss(columns[:, k], p[:, k]) for k in range(columns.shape[1])]
        if kind != "multilabel":  # whose p is cut off before 1
            assert_allclose(loss, sum(losses), rtol=1e-3)
        assert loss > constant

    def test_weights_of_classes_and_rows_count_on_both_sides(self, multiclass, small):
        X, y = multiclass
        w = np.linspace(0, 2, len(y))
        weights = {0: 5.0, 1: 1.0, 2: 0.5}
        model = small(**SLOW, class_weight=weights, random_state=1, max_iter=60)
        loss, constant = numbers(complaint(model, X, y, w))
        w = w * compute_sample_weight(model.class_weight, y)
        assert_allclose(constant, entropy(np.bincount(y, w)), rtol=1e-3)
        assert_allclose(loss, log_loss(y, model.predict_proba(X), sample_weight=w), rtol=1e-3)

    @pytest.mark.parametrize(
        "params",
        [
            {"early_stopping": True, "validation_fraction": 0.3},
            {"early_stopping": True, "validation_fraction": 0.3, "scoring": "accuracy"},
            {"early_stopping": True, "validation_fraction": 0.3, "refit": True},
            {"early_stopping": True, "hidden_layer_sizes": (16,), "n_members": 2},
            {"early_stopping": True, "temperature_scaling": True},
            {"ema_decay": 0.9},
            {"label_smoothing": 0.2, "dropout": 0.3},
            {"solver": "sgd", "max_grad_norm": 1.0},
        ],
        ids=str,
    )
    def test_whatever_the_course(self, multiclass, params, small):
        message = complaint(small(**{**FAST, **params}), *multiclass)
        assert "is not clearly below the loss of predicting the class frequencies" in message
        assert "learning_rate_init=1000" in message

    def test_what_training_makes_harder_is_not_taken_for_a_failure(self, clusters, small):
        """With smoothed labels and dropout the recorded loss is about that of the frequencies."""
        params = {"label_smoothing": 0.97, "dropout": 0.7, "learning_rate_init": 0.02}
        model = small(**params, max_iter=100, batch_size=20, n_iter_no_change=50)
        assert "not clearly" not in complaint(model, *clusters)
        assert model.loss_curve_[-1] > 0.99 * np.log(3)
        assert model.score(*clusters) > 0.9

    def test_of_an_untouched_network_that_was_lucky(self, binary, small):
        """Weights that say something by chance: nothing was learned all the same."""
        X, _ = binary
        draw = np.linspace(1, 2, 5)[:, None]
        lucky = (X @ draw > 0).astype(int)[:, 0]
        model = small(hidden_layer_sizes=(), weight_init=lambda *_: draw, **SLOW)
        was, now = numbers(complaint(model, X, lucky))
        assert was == now < 0.5
        assert_allclose(now, log_loss(lucky, model.predict_proba(X)), rtol=1e-3)

    def test_a_warm_start_that_undoes_the_first_fit(self, clusters, small):
        """Decay takes away most of what was learned: still better than nothing, but worse."""
        X, y = clusters
        rate = {"learning_rate_init": 0.01, "batch_size": 20}
        model = small(warm_start=True, max_iter=300, **rate)
        assert complaint(model, X, y) == ""
        n = model.n_iter_
        first, last = numbers(complaint(model.set_params(weight_decay=4.0), X, y))
        assert_allclose([first, last], [model.loss_curve_[n], model.loss_], rtol=1e-3)
        assert first + 0.1 * np.log(3) < last < 0.99 * np.log(3)

    def test_rising_losses_are_named_by_value(self, clusters, small, monkeypatch):
        """The rows decide; the rise is put into them."""
        X, y = clusters
        model = small(max_iter=30, learning_rate_init=0.02, batch_size=20)
        objective = _convergence.TrainingState.__dict__["record"]

        def rising(run, loss, penalty, **row):
            objective(run, 0.1 + 0.02 * run.n_epochs, penalty=0.0, **row)

        monkeypatch.setattr(_convergence.TrainingState, "record", rising)
        message = complaint(model.set_params(n_iter_no_change=100), X, y)
        assert "increased: it was 0.1 in the first epoch and 0.68 in" in message

    @pytest.mark.parametrize("warm_start", [False, True])
    def test_one_epoch_is_no_verdict(self, multiclass, warm_start, small):
        """Who asks for one has the warning that it is one, and can have none."""
        model = small(**{**SLOW, "max_iter": 1}, warm_start=warm_start)
        assert "not clearly" not in complaint(model, *multiclass)
        assert complaint(model.set_params(n_iter_no_change=np.inf), *multiclass) == ""

    def test_who_says_when_to_end_is_told_only_of_a_loss_that_has_come_to_rest(
        self, multiclass, small
    ):
        X, y = multiclass
        falling = small(max_iter=3, n_iter_no_change=np.inf, random_state=1)
        assert complaint(falling, X, y) == ""
        assert log_loss(y, falling.predict_proba(X)) > entropy(np.bincount(y))
        resting = small(**{**SLOW, "n_iter_no_change": np.inf}, random_state=1)
        assert "learning_rate_init=1e-09" in complaint(resting, X, y)

    def test_partial_fit_says_nothing(self, multiclass, small):
        model = small(**FAST | {"n_iter_no_change": 10})  # the default, which it does not use
        for _ in range(20):
            model.partial_fit(*multiclass, classes=[0, 1, 2])  # warnings are errors
        assert model.loss_ > 10

    def test_one_class_is_nothing_to_learn(self, multiclass, small):
        X, _ = multiclass
        assert "not clearly" not in complaint(small(**SLOW), X, np.zeros(90))

    def test_where_the_numbers_tell_nothing_is_computed(self, clusters, small, monkeypatch):
        monkeypatch.setattr(_convergence, "mean_loss", None)
        monkeypatch.setattr(_convergence, "_likely_causes", None)
        for params in ({}, {"early_stopping": True}, {"solver": "lbfgs"}, {"ema_decay": 0.9}):
            rate = {} if "solver" in params else {"learning_rate_init": 0.03}
            assert "not clearly" not in complaint(small(max_iter=60, **rate, **params), *clusters)

    def test_it_is_said_in_one_warning_with_what_else_there_is_to_say(self, multiclass, small):
        message = complaint(small(learning_rate_init=1e-4, random_state=1), *multiclass)
        assert message.startswith("Training ended at max_iter=15 epochs")
        assert "not clearly below" in message
        assert "training ended at max_iter=15: raise it" in message


class TestVerbose:
    @ignore_short_fits
    @pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
    def test_one_line_per_epoch(self, binary, solver, capsys, small):
        model = small(verbose=True, solver=solver, max_iter=4).fit(*binary)
        *lines, _, _ = capsys.readouterr().out.splitlines()
        assert len(lines) == model.n_iter_ == 4
        for line, loss, penalty in zip(
            lines, model.history_["loss"], model.history_["penalty"], strict=True
        ):
            assert f"loss {loss:.6f}  penalty {penalty:.2e}  " in line

    def last_lines(self, capsys, model, *data, **validation):
        """Return the last two lines of a fit, and the number of the epoch that is kept."""
        model.set_params(verbose=True).fit(*data, **validation)
        ended, kept = capsys.readouterr().out.splitlines()[-2:]
        return ended, kept, int(kept.split()[2].strip(",")) if "epoch " in kept else None

    @pytest.mark.parametrize("scoring", ["loss", "balanced_accuracy"])
    def test_patience_and_the_epoch_that_is_kept(self, multiclass, scoring, capsys, small):
        X, y = multiclass
        params = {"learning_rate_init": 0.05, "batch_size": 20, "n_updates_no_change": 7}
        params |= {"n_iter_no_change": 4, "max_iter": 300, "scoring": scoring}
        model = small(early_stopping=True, **params)
        ended, kept, epoch = self.last_lines(
            capsys, model, X[:60], y[:60], X_val=X[60:], y_val=y[60:]
        )
        what = "loss did not fall" if scoring == "loss" else "score did not rise"
        assert ended == (
            f"ended after epoch {model.n_iter_}: the validation {what} by more than tol=0.0001 "
            "in 4 epochs and 7 updates"
        )
        scores, losses = (model.history_[f"validation_{name}"] for name in ("score", "loss"))
        watched = losses if scoring == "loss" else -scores
        assert epoch == np.flatnonzero(watched == watched.min())[-1] + 1 < model.n_iter_
        assert f"score {scores[epoch - 1]:.4f}" in kept
        assert (f"validation loss {losses[epoch - 1]:.5f}"[:20] in kept) is (scoring == "loss")
        best = small(**{**params, "scoring": "loss", "n_updates_no_change": 100, "max_iter": epoch})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            best.set_params(n_iter_no_change=999).fit(X[:60], y[:60])
        assert_array_equal(best.coefs_[0], model.coefs_[0])

    @ignore_short_fits
    def test_without_validation_it_is_loss_and_penalty_that_stall(self, binary, capsys, small):
        model = small(tol=1e9, n_iter_no_change=2)
        ended, kept, _ = self.last_lines(capsys, model, *binary)
        assert ended == (
            "ended after epoch 3: loss plus penalty did not fall by more than tol=1e+09 in 2 epochs"
        )
        assert kept == "kept: the parameters of the last epoch"

    @ignore_short_fits
    def test_max_iter(self, binary, capsys, small):
        ended, _, _ = self.last_lines(capsys, small(max_iter=7), *binary)
        assert ended == "ended after epoch 7: max_iter=7"

    @ignore_short_fits
    def test_epochs_of_a_warm_start_are_numbered_as_in_the_history(self, multiclass, capsys, small):
        X, y = multiclass
        model = small(warm_start=True, max_iter=6, batch_size=20)
        model.fit(X, y).set_params(early_stopping=True)
        ended, _, epoch = self.last_lines(capsys, model, X[:60], y[:60], X_val=X[60:], y_val=y[60:])
        assert ended == "ended after epoch 12: max_iter=6"
        assert epoch == 6 + np.nanargmin(model.history_["validation_loss"][6:]) + 1

    @ignore_short_fits
    def test_each_member_keeps_its_own(self, multiclass, capsys, small):
        X, y = multiclass
        params = {"early_stopping": True, "learning_rate_init": 0.05, "batch_size": 20}
        params |= {"validation_fraction": 0.3, "n_updates_no_change": 5, "max_iter": 100}
        model = small(hidden_layer_sizes=(32,), n_members=4, **params)
        _, kept, _ = self.last_lines(capsys, model, X, y)
        first, last = map(int, re.findall(r"each member's best epoch, (\d+) to (\d+)", kept)[0])
        assert 1 <= first < last <= model.n_iter_
        assert f"mean score {model.best_validation_score_:.4f}" in kept

    @ignore_short_fits
    def test_a_refit_says_that_it_was_one(self, multiclass, capsys, small):
        params = {"early_stopping": True, "validation_fraction": 0.4, "batch_size": 10}
        model = small(**params, learning_rate_init=0.05, n_updates_no_change=0, refit=True)
        ended, kept, _ = self.last_lines(capsys, model, *multiclass)
        losses = model.history_["validation_loss"]
        n_updates = 6 * (1 + np.flatnonzero(losses == np.nanmin(losses))[-1])  # 54 rows
        assert ended.endswith(f"; then a second training on all rows, for {n_updates} updates")
        assert kept == "kept: the parameters of the last epoch"

    @ignore_short_fits
    def test_divergence_and_ctrl_c(self, binary, capsys, small):
        params = {"batch_size": 10, "learning_rate_init": 0.01, "max_iter": 50, "tol": 0}
        model = small(activation=[Bomb(9 * 3 + 5)], **params)
        ended, kept, epoch = self.last_lines(capsys, model, *binary)
        assert ended == "ended after epoch 3: the loss or a parameter became non-finite in epoch 4"
        assert epoch == np.argmin(model.loss_curve_) + 1
        assert "with the lowest loss plus penalty, " in kept
        assert f"{min(model.loss_curve_):.6f}" in kept

        model = small(activation=[Bomb(9 * 4 + 3, interrupt)], verbose=True, **params)
        with pytest.raises(KeyboardInterrupt):
            model.fit(*binary)
        ended, kept = capsys.readouterr().out.splitlines()[-2:]
        assert ended == "ended after epoch 4: Ctrl-C"
        assert kept.startswith("kept: epoch 4, with the lowest loss plus penalty")

    @solvers
    def test_ctrl_c_in_the_first_epoch(self, binary, solver, capsys, small):
        model = small(solver=solver, activation=[Bomb(1, interrupt)], verbose=True)
        with pytest.raises(KeyboardInterrupt):
            model.fit(*binary)
        ended, kept = capsys.readouterr().out.splitlines()
        assert ended.endswith("after no whole epoch: Ctrl-C")
        assert kept == "kept: the parameters from before the call"

    @ignore_short_fits
    def test_a_checkpoint_of_a_fit_that_had_ended(self, binary, capsys, small, tmp_path):
        params = {"tol": 1e9, "n_iter_no_change": 2, "checkpoint": tmp_path / "fit"}
        first = small(**params).fit(*binary)
        ended, _, _ = self.last_lines(capsys, small(**params), *binary)
        assert ended == (
            f"ended after epoch {first.n_iter_}: training was complete when the checkpoint was "
            "written"
        )

    @ignore_short_fits
    def test_silent_by_default(self, binary, capsys, small):
        small().fit(*binary)
        captured = capsys.readouterr()
        assert (captured.out, captured.err) == ("", "")


def test_no_warning_of_numpy_reaches_the_user(binary, small):
    X, y = binary
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match="learning_rate_init"):
            small(activation=[Bomb()], learning_rate_init=1e300).fit(X, y)
