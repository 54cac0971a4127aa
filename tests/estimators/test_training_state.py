"""What a call leaves behind: streams, continuation, warm starts, classes."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_array_equal

ignore_short_fits = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",  # fits of a fixed length on purpose
    "ignore:Parameters that this partial_fit does not use",  # the same for fit and partial_fit
)

ENDLESS = {"tol": 0, "n_iter_no_change": 1000}

SOLVERS = {
    "sgd": {"solver": "sgd", "learning_rate_init": 0.05, "momentum": 0.9},
    "polyak": {"solver": "sgd", "nesterovs_momentum": False, "learning_rate_init": 0.05},
    "adam": {"solver": "adam", "learning_rate_init": 0.01},
}
solvers = pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)


def assert_equal_models(one, other):
    """Equal to the last bit."""
    for mine, theirs in zip(
        one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True
    ):
        assert_array_equal(mine, theirs)
    assert one.loss_curve_ == other.loss_curve_
    assert one.n_iter_ == other.n_iter_ == len(one.loss_curve_)
    assert one.t_ == other.t_


def differ(one, other):
    return not np.array_equal(one.coefs_[0], other.coefs_[0])


@ignore_short_fits
class TestRandomState:
    STREAMS = pytest.mark.parametrize(
        "stream",
        [lambda: 3, lambda: np.random.RandomState(3), lambda: np.random.default_rng(3)],
        ids=["int", "RandomState", "Generator"],
    )

    @STREAMS
    def test_equal_streams_give_equal_models(self, binary, stream, small):
        one, other = (small(random_state=stream(), batch_size=16).fit(*binary) for _ in range(2))
        assert_equal_models(one, other)
        assert differ(one, small(random_state=4, batch_size=16).fit(*binary))

    def test_an_int_gives_the_same_model_again(self, binary, small):
        model = small(batch_size=16).fit(*binary)
        first = copy.deepcopy(model)
        assert_equal_models(model.fit(*binary), first)

    @pytest.mark.parametrize(
        "stream", [np.random.RandomState(3), np.random.default_rng(3), None], ids=str
    )
    def test_a_shared_stream_moves_on(self, binary, stream, small):
        one, other = (small(random_state=stream).fit(*binary) for _ in range(2))
        assert differ(one, other)


FEATURES = {
    "plain": {},
    "invscaling": {"learning_rate": "invscaling"},
    "cosine": {"learning_rate": "cosine", "decay_steps": 80, "warmup_steps": 4},
    "onecycle": {"learning_rate": "onecycle", "decay_steps": 50},
    "step": {"learning_rate": "step", "decay_steps": 7, "decay_rate": 0.8},
    "dropout": {"dropout": 0.3, "label_smoothing": 0.1},
    "average": {"ema_decay": 0.9, "dropout": 0.1},
    "decay": {"weight_decay": 0.1, "max_grad_norm": 0.3},
}


@ignore_short_fits
class TestContinuation:
    """One path: however ten epochs are cut up, they are the same ten epochs."""

    @pytest.mark.pairwise
    @solvers
    @pytest.mark.parametrize("features", FEATURES.values(), ids=FEATURES)
    def test_ten_epochs_in_any_portions(self, task, solver, features, small):
        X, y = task
        # the penalty counts a call of partial_fit as 200 rows at least
        params = {"batch_size": 16, "alpha": 0, **features, **ENDLESS, **solver}
        whole = small(max_iter=10, **params).fit(X, y)
        halves = small(max_iter=5, warm_start=True, **params).fit(X, y).fit(X, y)
        single = small(**params)
        for _ in range(10):
            single.partial_fit(X, y, classes=np.arange(3) if y.ndim == 2 else np.unique(y))
        assert whole.n_iter_ == 10
        assert_equal_models(halves, whole)
        assert_equal_models(single, whole)

    def test_an_average_that_was_edited_is_trained_as_it_is(self, binary, small):
        """Otherwise it would go on from the parameters that it averages."""
        model = small(ema_decay=0.9, warm_start=True, max_iter=3).fit(*binary)
        model.set_params(learning_rate_init=1e-12, dropout=0.0)
        model.coefs_[0][:] = 0.5
        assert np.abs(model.fit(*binary).coefs_[0] - 0.5).max() < 1e-9

    def test_averaging_can_be_switched_off_and_on(self, binary, small):
        model = small(ema_decay=0.9, warm_start=True, max_iter=3).fit(*binary)
        average = model.coefs_[0].copy()
        model.set_params(ema_decay=0.0, learning_rate_init=1e-12).fit(*binary)
        assert np.abs(model.coefs_[0] - average).max() < 1e-9
        model.set_params(ema_decay=0.9).fit(*binary)
        assert np.abs(model.coefs_[0] - average).max() < 1e-9

    @pytest.mark.parametrize("shuffle", [True, False])
    def test_each_call_of_partial_fit_has_an_order_of_its_own(self, binary, shuffle, small):
        """Both epochs start from zero, so only their orders can tell them apart."""
        X, y = binary
        model = small(
            hidden_layer_sizes=(), solver="sgd", momentum=0, learning_rate_init=0.5,
            batch_size=1, alpha=0, shuffle=shuffle,
        )  # fmt: skip
        ends = []
        model.partial_fit(X, y, classes=[0, 1])
        for _ in range(2):
            model.coefs_[0][:], model.intercepts_[0][:] = 0, 0
            ends.append(model.partial_fit(X, y).coefs_[0].copy())
        assert np.array_equal(*ends) is not shuffle

    @solvers
    def test_partial_fit_after_fit_needs_no_classes(self, multiclass, solver, small):
        X, y = multiclass
        model = small(**solver).fit(X, y)
        before = model.loss_
        for _ in range(20):
            model.partial_fit(X, y)
        assert model.loss_ < before
        assert model.n_iter_ == len(model.loss_curve_) == 35

    def test_early_stopping_of_fit_does_not_hinder_partial_fit(self, binary, small):
        model = small(early_stopping=True).fit(*binary)
        model.partial_fit(*binary).set_params(early_stopping=False).partial_fit(*binary)
        assert len(model.loss_curve_) == model.n_iter_ == 17

    @pytest.mark.parametrize("solver", SOLVERS)
    def test_a_new_learning_rate_is_honoured(self, binary, solver, small):
        X, y = binary
        model = small(**{**SOLVERS[solver], "momentum": 0}).partial_fit(X, y, classes=[0, 1])
        before = model.coefs_[0].copy()
        model.set_params(learning_rate_init=1e-12).partial_fit(X, y)
        assert 0 < np.abs(model.coefs_[0] - before).max() < 1e-9

    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    @pytest.mark.parametrize(("old", "new"), [("adam", "sgd"), ("sgd", "adam"), ("lbfgs", "adam")])
    def test_a_new_solver_is_honoured(self, binary, old, new, method, small):
        X, y = binary
        model = small(solver=old, warm_start=True, max_iter=3).fit(X, y)
        start = model.predict_proba(X)
        model.set_params(solver=new, learning_rate_init=1e-9)
        getattr(model, method)(X, y)
        assert np.abs(model.predict_proba(X) - start).max() < 1e-6
        assert len(model.loss_curve_) == model.n_iter_ == (6 if method == "fit" else 4)

    def test_lbfgs_goes_on_from_where_it_was(self, binary, small):
        params = {"solver": "lbfgs", "alpha": 1, "hidden_layer_sizes": (), "max_iter": 500}
        model = small(warm_start=True, **params).fit(*binary)
        first = model.n_iter_
        model.fit(*binary)
        assert model.n_iter_ - first <= 1 < 5 < first
        assert len(model.loss_curve_) == model.n_iter_


class TestWarmStart:
    @ignore_short_fits
    def test_patience_starts_afresh_and_the_curves_go_on(self, binary, small):
        model = small(warm_start=True, tol=1e9, n_iter_no_change=2).fit(*binary)
        assert model.fit(*binary).n_iter_ == 6
        assert len(model.loss_curve_) == 6

    @ignore_short_fits
    def test_columns_that_an_earlier_fit_had_not_are_filled_up(self, binary, small):
        X, y = binary
        model = small(warm_start=True, max_iter=2).fit(X, y).fit(X, y, X_val=X, y_val=y)
        assert np.isnan(model.history_["validation_loss"]).tolist() == [True] * 2 + [False] * 2
        assert {len(column) for column in model.history_.values()} == {4}
        assert len(model.validation_scores_) == 2

    @ignore_short_fits
    def test_early_stopping_can_be_switched_on(self, multiclass, small):
        model = small(warm_start=True).fit(*multiclass)
        model.set_params(early_stopping=True, validation_fraction=0.4).fit(*multiclass)
        assert len(model.loss_curve_) == model.n_iter_ == 30
        assert model.best_validation_score_ > 0

    @pytest.mark.parametrize(
        "params", [{"hidden_layer_sizes": (9,)}, {"hidden_layer_sizes": ()}, {"activation": "tanh"}]
    )
    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    @ignore_short_fits
    def test_another_architecture_is_refused(self, binary, params, method, small):
        model = small(warm_start=True).fit(*binary).set_params(**params)
        with pytest.raises(ValueError, match=next(iter(params))):
            getattr(model, method)(*binary)

    @ignore_short_fits
    def test_a_subset_of_the_classes_is_enough(self, multiclass, small):
        X, y = multiclass
        model = small(warm_start=True).fit(X, y)
        model.fit(X[y < 2], y[y < 2]).fit(X[y == 1], y[y == 1])
        assert_array_equal(model.classes_, [0, 1, 2])
        assert model.predict_proba(X).shape == (90, 3)

    @ignore_short_fits
    def test_a_new_class_is_refused(self, multiclass, small):
        X, y = multiclass
        model = small(warm_start=True).fit(X, y)
        with pytest.raises(ValueError, match=r"(?s)class.*7"):
            model.fit(X, np.where(y == 2, 7, y))

    @pytest.mark.parametrize("early_stopping", [False, True])
    def test_other_labels_are_learned_from_scratch(self, clusters, early_stopping, small):
        X, y = clusters
        model = small(
            warm_start=True, max_iter=2000, learning_rate_init=0.02, tol=1e-3,
            early_stopping=early_stopping,
        ).fit(X, y)  # fmt: skip
        assert model.score(X, y) == 1
        first, others = model.n_iter_, (y + 1) % 3
        model.fit(X, others)
        assert model.n_iter_ > first + 10
        assert model.score(X, others) > 0.95


@ignore_short_fits
class TestClassesOfPartialFit:
    def test_needed_by_the_first_call(self, binary, small):
        with pytest.raises(ValueError, match="classes"):
            small().partial_fit(*binary)

    def test_may_be_missing_from_y(self, multiclass, small):
        X, y = multiclass
        model = small().partial_fit(X[y == 1], y[y == 1], classes=[2, 1, 0])
        model.partial_fit(X[y == 2], y[y == 2]).partial_fit(X, y, classes=[0, 1, 2])
        assert_array_equal(model.classes_, [0, 1, 2])
        assert model.predict_proba(X).shape == (90, 3)

    def test_must_stay_the_same(self, binary, small):
        model = small().partial_fit(*binary, classes=[0, 1])
        with pytest.raises(ValueError, match=r"classes"):
            model.partial_fit(*binary, classes=[0, 1, 2])

    @pytest.mark.parametrize("first", [True, False])
    def test_must_hold_every_label(self, multiclass, first, small):
        X, y = multiclass
        model = small() if first else small().partial_fit(X[y < 2], y[y < 2], classes=[0, 1])
        with pytest.raises(ValueError, match=r"(?s)class.*2"):
            model.partial_fit(X, y, classes=[0, 1] if first else None)

    def test_partial_fit_is_hidden_where_it_is_impossible(self, small):
        assert hasattr(small(solver="sgd"), "partial_fit")
        assert not hasattr(small(solver="lbfgs"), "partial_fit")
