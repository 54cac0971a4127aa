"""Scripts that were written for MLPClassifier: what runs alike, and what is known to differ.

Where the two differ, ``docs/coming-from/mlpclassifier.md`` has a line on it.
"""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from skscratch import ScratchMLPClassifier

# Fits of a fixed length on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

both = pytest.mark.parametrize("Model", [MLPClassifier, ScratchMLPClassifier])
ALIKE = {"solver": "adam", "learning_rate_init": 0.02, "random_state": 0, "batch_size": 30}


def warned(call):
    """Return whether a call warns that it has not converged."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return any(w.category is ConvergenceWarning for w in caught)


class TestWhatRunsAlike:
    @both
    def test_sizes_and_activation_by_position(self, Model, clusters):
        precise = {"dtype": "float64"} if Model is ScratchMLPClassifier else {}
        model = Model((6, 4), "tanh", **ALIKE, **precise, max_iter=60).fit(*clusters)
        assert [W.shape for W in model.coefs_] == [(3, 6), (6, 4), (4, 3)]
        assert model.score(*clusters) > 0.9
        if Model is ScratchMLPClassifier:  # what it says is what it is
            h = clusters[0]
            for W, b in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
                h = np.tanh(h @ W + b)
            z = h @ model.coefs_[-1] + model.intercepts_[-1]
            assert_allclose(z, model.decision_function(clusters[0]))

    @both
    @pytest.mark.parametrize("solver", ["lbfgs", "adam"])
    def test_a_larger_alpha_makes_smaller_weights(self, Model, solver, binary):
        norms = []
        for alpha in (0.0, 1.0):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = Model((10,), solver=solver, alpha=alpha, random_state=1).fit(*binary)
            norms.append([np.abs(W).sum() for W in model.coefs_])
        assert (np.array(norms[0]) > norms[1]).all()

    @both
    def test_a_class_may_come_later_in_a_stream(self, Model):
        model = Model(random_state=0)
        model.partial_fit([[1.0], [2.0]], ["a", "b"], classes=["a", "b", "c"])
        for _ in range(300):
            model.partial_fit([[1.0], [2.0], [9.0]], ["a", "b", "c"])
        assert model.predict([[9.0]]) == ["c"]

    def test_labels_of_text_are_validated_on(self, clusters):
        """By MLPClassifier too, from scikit-learn 1.8 on."""
        Model, (X, codes) = ScratchMLPClassifier, clusters
        y = np.array(["red", "green", "blue"], dtype=object)[codes]
        model = Model(early_stopping=True, **ALIKE, max_iter=30).fit(X, y)
        assert len(model.validation_scores_) == model.n_iter_
        assert max(model.validation_scores_) > 0.95

    @both
    def test_a_warm_start_goes_on_scoring(self, Model, clusters):
        model = Model(**ALIKE, early_stopping=True, warm_start=True, max_iter=3).fit(*clusters)
        model.set_params(max_iter=4).fit(*clusters)
        assert len(model.validation_scores_) == len(model.loss_curve_) == 7

    @both
    def test_the_largest_log_probability_is_that_of_the_largest_probability(
        self, Model, multiclass
    ):
        model = Model(**ALIKE, max_iter=20).fit(*multiclass)
        p, log_p = model.predict_proba(multiclass[0]), model.predict_log_proba(multiclass[0])
        assert_allclose(log_p, np.log(p), rtol=1e-6)
        assert_array_equal(p.argmax(axis=1), log_p.argmax(axis=1))

    @both
    def test_both_precisions_say_the_same(self, Model, clusters):
        X, y = clusters
        p = [
            Model((5, 3), **ALIKE, early_stopping=False, max_iter=20)
            .fit(X.astype(dtype), y)
            .predict_proba(X.astype(dtype))
            for dtype in (np.float64, np.float32)
        ]
        assert p[1].dtype == np.float32
        assert_allclose(*p, atol=1e-3)

    @both
    def test_max_fun_bounds_lbfgs(self, Model, clusters):
        model = Model((20,), solver="lbfgs", max_fun=10, alpha=1e-4, random_state=0)
        assert warned(lambda: model.fit(*clusters))
        assert model.n_iter_ <= 10


class TestWhatDiffers:
    """A line of each pair is theirs, the other is ours."""

    @pytest.mark.parametrize(("Model", "n_iter"), [(MLPClassifier, 3), (ScratchMLPClassifier, 6)])
    def test_n_iter_after_a_warm_start(self, Model, n_iter, binary):
        model = Model(**ALIKE, warm_start=True, max_iter=3, early_stopping=False)
        model.fit(*binary).fit(*binary)
        assert model.n_iter_ == n_iter
        assert len(model.loss_curve_) == 6

    @pytest.mark.parametrize(
        ("Model", "warns"), [(MLPClassifier, True), (ScratchMLPClassifier, False)]
    )
    @pytest.mark.parametrize("params", [{"learning_rate_init": 0.05}, {"n_iter_no_change": np.inf}])
    def test_the_warning_at_max_iter_where_the_loss_has_come_to_rest(
        self, Model, warns, params, clusters
    ):
        rest = {"max_iter": 200, "early_stopping": False, "tol": 0, "n_iter_no_change": 150}
        model = Model((5,), **{**ALIKE, **rest, **params})
        assert warned(lambda: model.fit(*clusters)) is warns
        assert model.n_iter_ == model.max_iter  # what tells it in both

    @pytest.mark.parametrize("Model", [MLPClassifier, ScratchMLPClassifier])
    def test_a_warm_start_without_one_of_the_classes(self, Model, clusters):
        X, y = clusters
        model = Model(**ALIKE, warm_start=True, max_iter=5, early_stopping=False).fit(X, y)
        if Model is MLPClassifier:
            with pytest.raises(ValueError, match="same classes"):
                model.fit(X[y > 0], y[y > 0])
        else:
            before = model.history_["loss"].copy()
            model.fit(X[y > 0], y[y > 0])
            assert_array_equal(model.classes_, [0, 1, 2])
            assert_array_equal(model.history_["loss"][:5], before)
        with pytest.raises(ValueError, match="classes"):
            model.fit(X, np.where(y == 0, 7, y))

    def test_partial_fit_after_early_stopping(self, clusters):
        theirs = MLPClassifier(**ALIKE, early_stopping=True, max_iter=5).fit(*clusters)
        with pytest.raises(ValueError, match="early_stopping"):
            theirs.partial_fit(*clusters)
        params = {**ALIKE, "max_iter": 5, "n_members": 1}
        ours = ScratchMLPClassifier(early_stopping=True, **params).fit(*clusters)
        other = ScratchMLPClassifier(early_stopping=True, **params).fit(*clusters)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that it has no effect
            ours.partial_fit(*clusters)
        other.set_params(early_stopping=False).partial_fit(*clusters)
        assert_array_equal(ours.coefs_[0], other.coefs_[0])

    def test_what_is_printed(self, binary, capsys):
        MLPClassifier(**ALIKE, max_iter=2, verbose=True).fit(*binary)
        theirs = capsys.readouterr().out.splitlines()
        model = ScratchMLPClassifier(**ALIKE, max_iter=2, verbose=True, early_stopping=False)
        ours = capsys.readouterr() and model.fit(*binary) and capsys.readouterr().out.splitlines()
        assert theirs[0].startswith("Iteration 1, loss = ")
        assert ours[0].startswith(f"epoch    1  loss {model.history_['loss'][0]:.6f}  penalty ")
