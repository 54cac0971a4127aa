"""Labels in: classes, targets, weights by class."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from skscratch import ScratchMLPClassifier
from skscratch.estimators._labels import check_classes

X = np.zeros((4, 2))
THREE = np.array(["b", "a", "c", "a"])
TWO = np.array(["no", "yes", "yes", "no"])
LABELS = np.array([[1, 0], [0, 0], [1, 1], [1, 0]])


def encode(y, w=None, model=None, classes=None, first=True, dtype=np.float64):
    model = ScratchMLPClassifier() if model is None else model
    w = None if w is None else np.asarray(w, dtype)
    return model, model._encode(X, np.asarray(y), w, np.dtype(dtype), first, classes)


class TestEncode:
    @pytest.mark.parametrize(
        ("y", "link", "n_outputs", "target"),
        [
            (THREE, "softmax", 3, [1, 0, 2, 0]),
            (TWO, "logistic", 1, [[0], [1], [1], [0]]),
            (LABELS, "logistic", 2, LABELS),
            (np.full(4, 7), "softmax", 1, [0] * 4),
        ],
        ids=["three classes", "two classes", "two labels", "one class"],
    )
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_classes_become_what_the_loss_is_computed_from(self, y, link, n_outputs, target, dtype):
        model, data = encode(y, dtype=dtype)
        assert (data.loss.output_activation, data.n_outputs) == (link, n_outputs)
        assert_array_equal(data.y, target)
        assert data.y.dtype == (np.intp if link == "softmax" else y.dtype if y.ndim == 2 else dtype)
        assert data.dtype == dtype
        assert data.X is X
        assert_array_equal(model.classes_, np.unique(y) if y.ndim == 1 else [0, 1])

    def test_labels_stay_as_the_user_knows_them(self):
        _, data = encode(THREE)
        assert_array_equal(data.labels, THREE)
        _, data = encode(LABELS)
        assert_array_equal(data.labels, LABELS)

    def test_a_column_is_a_vector_and_says_so(self):
        model = ScratchMLPClassifier()
        with pytest.warns(UserWarning, match="column-vector"):
            data = model._encode(X, THREE[:, None], None, np.dtype(float), True)
        assert data.labels.shape == data.y.shape == (4,)

    def test_classes_named_beforehand_need_not_all_be_there(self):
        model, data = encode(["b", "b", "a", "a"], classes=["c", "a", "b", "d"])
        assert_array_equal(model.classes_, ["a", "b", "c", "d"])
        assert data.n_outputs == 4
        assert_array_equal(data.y, [1, 1, 0, 0])

    @pytest.mark.parametrize("y", [[0.5, 1, 2, 3], [[0, 2], [1, 1], [0, 0], [1, 2]]])
    def test_errors_name_y(self, y):
        with pytest.raises(ValueError, match=r"\by\b"):
            encode(y)


class TestWeights:
    def test_without_weights_there_are_none(self):
        _, data = encode(THREE)
        assert data.w is None
        assert data.sample_weight is None

    def test_weights_of_classes_are_factors_and_leave_the_samples_own_alone(self):
        model = ScratchMLPClassifier(class_weight={"a": 2.0, "b": 3.0})
        _, data = encode(THREE, [1, 2, 3, 4], model)
        assert_allclose(data.w, np.array([3, 4, 3, 8]) * 4 / 18)
        assert_array_equal(data.sample_weight, [1, 2, 3, 4])

    def test_weights_of_classes_alone(self):
        model = ScratchMLPClassifier(class_weight={"a": 2.0})
        _, data = encode(THREE, None, model, dtype=np.float32)
        assert_array_equal(data.w, [1, 2, 1, 2])
        assert data.w.dtype == np.float32
        assert data.sample_weight is None

    def test_balanced_classes_weigh_the_same(self):
        weight = np.array([1, 2, 3, 4.0])
        _, data = encode(THREE, weight, ScratchMLPClassifier(class_weight="balanced"))
        totals = [data.w[name == THREE].sum() for name in "abc"]
        assert_allclose(totals, totals[0])
        assert_allclose(data.w.sum(), weight.sum())

    def test_labels_have_weights_each(self):
        model = ScratchMLPClassifier(class_weight=[{0: 2, 1: 3}, {0: 5, 1: 7}])
        assert_allclose(encode(LABELS, None, model)[1].w, np.array([15, 10, 21, 15]) * 4 / 61)

    def test_if_no_weight_is_left_both_are_named(self):
        model = ScratchMLPClassifier(class_weight={"a": 0, "b": 1, "c": 1})
        with pytest.raises(ValueError, match=r"sample_weight and class_weight=\{'a': 0"):
            encode(THREE, [0, 1, 0, 1], model)


class TestGoingOn:
    """A fitted network fixes the classes and their kind."""

    @pytest.fixture
    def three(self, small):
        return small(hidden_layer_sizes=()).partial_fit(X, THREE, classes=["a", "b", "c"])

    @pytest.fixture
    def labels(self, small):
        return small(hidden_layer_sizes=()).partial_fit(X, LABELS)

    def test_fewer_classes_are_welcome(self, three):
        _, data = encode(["c", "c", "a", "a"], model=three, first=False)
        assert_array_equal(data.y, [2, 2, 0, 0])
        assert_array_equal(three.classes_, ["a", "b", "c"])

    def test_an_unknown_class_is_named(self, three):
        with pytest.raises(ValueError, match=r"y must hold only the classes.*'d'"):
            encode(["d", "c", "a", "a"], model=three, first=False)

    def test_other_classes_are_refused(self, three):
        with pytest.raises(
            ValueError, match=r"classes=\['a', 'b'\] differ from the classes of the fit"
        ):
            encode(["a", "b", "a", "b"], model=three, classes=["a", "b"], first=False)
        encode(["a", "b", "a", "b"], model=three, classes=["c", "b", "a"], first=False)

    def test_another_kind_of_y_is_refused(self, three, labels):
        with pytest.raises(ValueError, match=r"y has shape \(4, 2\).*one class a row"):
            encode(LABELS, model=three, first=False)
        with pytest.raises(ValueError, match=r"y has shape \(4,\).*2 labels a row"):
            encode(THREE, model=labels, first=False)
        with pytest.raises(ValueError, match=r"y has shape \(4, 3\).*2 labels a row"):
            encode(np.c_[LABELS, [0, 1, 0, 1]], model=labels, first=False)

    def test_the_dtype_of_labels_stays_that_of_the_first(self, labels):
        _, data = encode(LABELS.astype(bool), model=labels, first=False)
        assert labels.predict(X).dtype == LABELS.dtype
        assert_array_equal(data.y, LABELS)


class TestValidation:
    def encode(self, y, y_val, w_val=None, **params):
        model, data = encode(y, [1, 2, 3, 4], ScratchMLPClassifier(**params))
        X_val = np.ones((len(y_val), 2))
        return data, model._encode_validation(X_val, np.asarray(y_val), w_val, data)

    @pytest.mark.parametrize(
        ("y", "y_val", "target"),
        [
            (THREE, ["c", "b"], [2, 1]),
            (TWO, ["yes"], [[1]]),
            (LABELS, [[0, 1], [1, 1]], [[0, 1], [1, 1]]),
        ],
        ids=["three classes", "two classes", "two labels"],
    )
    def test_its_classes_are_those_of_the_training_data(self, y, y_val, target):
        data, validation = self.encode(y, y_val)
        assert_array_equal(validation.y, target)
        assert validation.y.dtype == data.y.dtype
        assert_array_equal(validation.labels, y_val)
        assert validation.X.shape == (len(y_val), 2)
        assert (validation.w, validation.sample_weight) == (None, None)
        assert validation.loss == data.loss

    def test_it_may_lie_in_a_sparse_matrix(self):
        model, data = encode(LABELS)
        validation = model._encode_validation(X, csr_array(LABELS), None, data)
        assert_array_equal(validation.labels, LABELS)

    def test_weights_of_classes_count_and_the_scorer_gets_the_samples_own(self):
        weight = np.array([1.0, 10.0])
        _, validation = self.encode(THREE, ["c", "a"], weight, class_weight={"a": 2})
        assert_array_equal(validation.w, [1, 20])
        assert_array_equal(validation.sample_weight, weight)

    def test_if_no_weight_is_left_y_val_is_named(self):
        with pytest.raises(ValueError, match=r"y_val: .* leave no sample"):
            self.encode(THREE, ["c", "c"], class_weight={"c": 0})

    def test_a_new_class_is_named(self):
        with pytest.raises(ValueError, match=r"y_val.*'d'"):
            self.encode(THREE, ["c", "d"])

    @pytest.mark.parametrize(
        ("y", "y_val"),
        [(THREE, [[0, 1]]), (LABELS, [0, 1]), (LABELS, [[0, 1, 1]])],
        ids=["labels for classes", "classes for labels", "one label more"],
    )
    def test_another_kind_of_y_is_refused(self, y, y_val):
        with pytest.raises(ValueError, match=r"y_val has shape"):
            self.encode(y, y_val)


class TestFirstCallOfPartialFit:
    def test_classes_must_be_known(self):
        with pytest.raises(ValueError, match="classes must be passed on the first call"):
            check_classes(THREE, None, is_initial=True)

    @pytest.mark.parametrize(
        ("y", "classes", "first"),
        [(THREE, ["a", "b", "c"], True), (THREE, None, False), (LABELS, None, True)],
        ids=["given", "fitted", "labels"],
    )
    def test_or_be_told_by_what_is_there(self, y, classes, first):
        assert check_classes(y, classes, first) is None
