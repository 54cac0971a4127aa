"""y as probabilities of classes."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4))


def probabilities(n_classes, X=X):
    z = X @ np.random.default_rng(1).normal(size=(4, n_classes))
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("params", [{}, {"label_smoothing": 0.2}, {"solver": "lbfgs"}], ids=str)
def test_certain_probabilities_are_labels(n_classes, params):
    y = probabilities(n_classes).argmax(axis=1)
    params = {"max_iter": 10, "random_state": 0, "dtype": "float64", **params}
    hard = ScratchMLPClassifier(**params).fit(X, y)
    soft = ScratchMLPClassifier(**params, soft_labels=True).fit(X, np.eye(n_classes)[y])
    assert_allclose(soft.predict_proba(X), hard.predict_proba(X), rtol=1e-9)
    assert_allclose(soft.history_["loss"], hard.history_["loss"])
    assert soft.score(X, np.eye(n_classes)[y]) == soft.score(X, y) == hard.score(X, y)
    if params.get("solver") != "lbfgs":
        assert_allclose(soft.validation_scores_, hard.validation_scores_)
    assert_array_equal(soft.classes_, hard.classes_)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_row_counts_like_its_classes_with_their_probabilities_as_weights(n_classes):
    P = probabilities(n_classes)
    params = {"solver": "lbfgs", "hidden_layer_sizes": (), "tol": 1e-9, "alpha": 0.0}
    soft = ScratchMLPClassifier(**params, soft_labels=True).fit(X, P)
    labels, weights = np.tile(np.arange(n_classes), len(X)), P.ravel()
    repeated = ScratchMLPClassifier(**params).fit(np.repeat(X, n_classes, axis=0), labels, weights)
    assert_allclose(soft.predict_proba(X), repeated.predict_proba(X), atol=1e-4)
    assert_allclose(soft.predict_proba(X), P, atol=1e-4)  # P is that of a linear model


@pytest.mark.parametrize("n_classes", [2, 4])
def test_more_is_learned_from_probabilities_than_from_labels_drawn_by_them(n_classes):
    P, new = probabilities(n_classes), np.random.default_rng(2).normal(size=(2000, 4))
    drawn = [RNG.choice(n_classes, p=p) for p in P]
    soft = ScratchMLPClassifier(random_state=0, soft_labels=True).fit(X, P)
    hard = ScratchMLPClassifier(random_state=0).fit(X, drawn)
    truth = probabilities(n_classes, new)

    def distance(model):
        return float(abs(model.predict_proba(new) - truth).mean())

    assert distance(soft) < 0.5 * distance(hard)


class TestClasses:
    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_names_are_those_of_the_columns(self, n_classes):
        P, names = probabilities(n_classes), ["c", "a", "b"][:n_classes]
        model = ScratchMLPClassifier(random_state=0, soft_labels=names).fit(X, P)
        assert_array_equal(model.classes_, sorted(names))
        expected = np.array(names)[P.argmax(axis=1)]
        assert (model.predict(X) == expected).mean() > 0.9
        assert model.score(X, expected) == (model.predict(X) == expected).mean()
        order = [names.index(name) for name in sorted(names)]
        assert abs(model.predict_proba(X) - P[:, order]).mean() < 0.05
        of_predicted = [P[i, names.index(name)] for i, name in enumerate(model.predict(X))]
        assert model.score(X, P) == pytest.approx(np.mean(of_predicted))

    @pytest.mark.parametrize(
        "form", [np.asarray, np.ndarray.tolist, pd.DataFrame, sparse.csr_array, np.float32]
    )
    def test_every_container(self, form):
        P = np.where(probabilities(3) > 0.2, probabilities(3), 0)
        P /= P.sum(axis=1, keepdims=True)
        params = {"random_state": 0, "max_iter": 5, "soft_labels": True}
        expected = ScratchMLPClassifier(**params).fit(X, P).predict_proba(X)
        found = ScratchMLPClassifier(**params).fit(X, form(P)).predict_proba(X)
        assert_allclose(found, expected, atol=1e-4)


class TestRefusals:
    @pytest.mark.parametrize(
        ("y", "message"),
        [
            (np.full((120, 3), 0.5), r"each row of y must .* sum to 1. Row 0 is \[0.5, 0.5, 0.5\]"),
            (np.tile([1.5, -0.5], (120, 1)), r"Row 0 is \[1.5, -0.5\]. Divide each row"),
            (np.arange(120) % 2, r"shape \(120,\). For labels, set soft_labels=False"),
            (np.ones((120, 1)), r"shape \(120, 1\)"),
        ],
    )
    def test_no_probabilities(self, y, message):
        with pytest.raises(ValueError, match=message):
            ScratchMLPClassifier(soft_labels=True).fit(X, y)

    def test_probabilities_without_the_parameter(self):
        with pytest.raises(ValueError, match="For probabilities of classes, set soft_labels=True"):
            ScratchMLPClassifier().fit(X, probabilities(3))

    @pytest.mark.parametrize("names", [["a", "b"], ["a", "b", "b"], [["a", "b", "c"]]])
    def test_other_names_than_columns(self, names):
        with pytest.raises(ValueError, match="soft_labels must be True or name each of the 3"):
            ScratchMLPClassifier(soft_labels=names).fit(X, probabilities(3))

    def test_a_missing_probability_is_shown(self):
        P = probabilities(3)
        P[4, 1] = np.nan
        with pytest.raises(ValueError, match=r"NaN.* Row 4 is \[0.*nan"):
            ScratchMLPClassifier(soft_labels=True).fit(X, P)

    def test_names_of_several_kinds(self):
        with pytest.raises((ValueError, TypeError), match="soft_labels"):
            ScratchMLPClassifier(soft_labels=[1, "a", None]).fit(X, probabilities(3))

    def test_class_weight(self):
        with pytest.raises(ValueError, match="class_weight='balanced' needs labels"):
            ScratchMLPClassifier(soft_labels=True, class_weight="balanced").fit(X, probabilities(3))

    def test_a_validation_set_of_labels(self):
        with pytest.raises(ValueError, match="y_val must hold probabilities"):
            ScratchMLPClassifier(soft_labels=True).fit(
                X, probabilities(2), X_val=X, y_val=probabilities(2).argmax(axis=1)
            )


class TestElsewhere:
    def test_a_validation_set_decides(self):
        P, X_val = probabilities(3), np.random.default_rng(5).normal(size=(60, 4))
        model = ScratchMLPClassifier(random_state=0, soft_labels=True)
        model.fit(X, P, X_val=X_val, y_val=probabilities(3, X_val))
        P_val = model.predict_proba(X_val)
        loss = -(probabilities(3, X_val) * np.log(P_val)).sum(axis=1).mean()
        assert model.history_["validation_loss"].min() == pytest.approx(loss, rel=0.05)

    def test_partial_fit_goes_on(self):
        P = probabilities(3)
        model = ScratchMLPClassifier(random_state=0, soft_labels=["a", "b", "c"])
        for _ in range(200):
            model.partial_fit(X, P)
        assert_array_equal(model.classes_, ["a", "b", "c"])
        assert abs(model.predict_proba(X) - P).mean() < 0.02
        with pytest.raises(ValueError, match="classes="):
            model.partial_fit(X, P, classes=["a", "b", "d"])

    def test_a_search_splits_them_like_any_y(self):
        pipeline = make_pipeline(
            StandardScaler(), ScratchMLPClassifier(max_iter=20, random_state=0, soft_labels=True)
        )
        search = GridSearchCV(pipeline, {"scratchmlpclassifier__alpha": [0.1, 10.0]}, cv=2)
        search.fit(X, probabilities(3))
        assert 0.5 < search.best_score_ < 1

    def test_a_checkpoint_knows_them(self, tmp_path):
        params = {"random_state": 0, "soft_labels": True, "checkpoint": tmp_path / "run"}
        ScratchMLPClassifier(**params, max_iter=3).fit(X, probabilities(3))
        resumed = ScratchMLPClassifier(**params, max_iter=6).fit(X, probabilities(3))
        params["checkpoint"] = None
        whole = ScratchMLPClassifier(**params, max_iter=6).fit(X, probabilities(3))
        assert_array_equal(resumed.coefs_[0], whole.coefs_[0])
        params["checkpoint"] = tmp_path / "run"
        with pytest.raises(ValueError, match="data set"):
            ScratchMLPClassifier(**params).fit(X, probabilities(3)[::-1])

    def test_weights_count(self):
        P, w = probabilities(2), np.repeat([0.0, 1.0], 60)
        params = {"random_state": 0, "solver": "lbfgs", "soft_labels": True}
        with_weights = ScratchMLPClassifier(**params).fit(X, P, w)
        assert_allclose(
            with_weights.predict_proba(X),
            ScratchMLPClassifier(**params).fit(X[60:], P[60:]).predict_proba(X),
            atol=1e-6,
        )
        assert with_weights.score(X, P, w) == pytest.approx(with_weights.score(X[60:], P[60:]))

    def test_a_scorer_gets_the_most_probable_classes(self):
        P = probabilities(3)
        model = ScratchMLPClassifier(random_state=0, soft_labels=True, scoring="neg_log_loss")
        model.fit(X, P, X_val=X, y_val=P)
        loss = log_loss(P.argmax(axis=1), model.predict_proba(X))
        assert -model.best_validation_score_ == pytest.approx(loss, rel=0.2)


def test_a_sparse_y():
    P = probabilities(3)
    params = {"max_iter": 3, "random_state": 0, "soft_labels": True}
    expected = ScratchMLPClassifier(**params).fit(X, P)
    found = ScratchMLPClassifier(**params).fit(X, sparse.csr_array(P))
    assert_array_equal(found.predict_proba(X), expected.predict_proba(X))
    assert found.score(X, sparse.csr_array(P)) == expected.score(X, P)


def test_names_that_cannot_be_sorted_are_refused():
    model = ScratchMLPClassifier(soft_labels=[None, "a", "b"])
    with pytest.raises(ValueError, match=r"^soft_labels must name all columns by strings, or all"):
        model.fit(X, probabilities(3))
