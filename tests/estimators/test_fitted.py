"""Fitted attributes: all of a fit or nothing; from a file or the user's hand, whole or refused."""

import copy
import json
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from skscratch import ScratchMLPClassifier
from skscratch.core.optimizers import Adam, OptimizerState
from skscratch.estimators._fitted import GOES_ON, PREDICTS, Transaction, published, snapshot
from skscratch.training.early_stopping import BestWeights

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def model(multiclass, small):
    return small(hidden_layer_sizes=(8, 4), warm_start=True).fit(*multiclass)


def loaded(state):
    """Return an estimator from a state, as unpickling makes it."""
    estimator = ScratchMLPClassifier.__new__(ScratchMLPClassifier)
    estimator.__setstate__(state)
    return estimator


class TestStates:
    def test_a_whole_state_is_loaded(self, model, multiclass):
        other = loaded(model.__getstate__())
        assert_array_equal(other.predict(multiclass[0]), model.predict(multiclass[0]))
        assert other.fit(*multiclass).n_iter_ == 30

    @pytest.mark.parametrize("name", [*PREDICTS, *GOES_ON])
    def test_a_fitted_attribute_that_lacks_is_named(self, model, name):
        state = model.__getstate__()
        del state[name]
        with pytest.raises(ValueError, match=rf"ScratchMLPClassifier is incomplete.* {name}\."):
            loaded(state)

    @pytest.mark.parametrize("fitted", [True, False])
    def test_parameters_that_lack_are_named(self, model, fitted):
        state = (model if fitted else clone(model)).__getstate__()
        for name in ("alpha", "solver"):
            del state[name]
        with pytest.raises(ValueError, match=r"lacks alpha, solver\. Load it with"):
            loaded(state)

    def test_an_empty_state_is_refused(self):
        with (
            pytest.warns(UserWarning, match="version unknown"),
            pytest.raises(ValueError, match="lacks activation, alpha"),
        ):
            loaded({})

    def test_parts_of_what_training_goes_on_from(self, model):
        state = model.__getstate__()
        state["_continuation"] = {"seed": 0, "memory": {}}
        with pytest.raises(ValueError, match=r"_continuation\['shuffle'\], _cont.*\['dropout'\]"):
            loaded(state)

    @pytest.mark.parametrize("part", [("coefs_", 0), ("coefs_", 2), ("intercepts_", 1)], ids=str)
    @pytest.mark.parametrize("change", [lambda a: a[1:], lambda a: a[..., None], lambda a: "W"])
    def test_arrays_that_make_no_network_are_refused(self, model, part, change):
        state = copy.deepcopy(model.__getstate__())
        state[part[0]][part[1]] = change(state[part[0]][part[1]])
        with pytest.raises(ValueError, match=part[0]):
            loaded(state)

    def test_a_state_that_only_predicts_is_loaded(self, model, multiclass):
        """What a scorer gets during early stopping, and may send to another process."""
        state = {k: v for k, v in model.__getstate__().items() if k not in GOES_ON}
        assert_array_equal(loaded(state).predict(multiclass[0]), model.predict(multiclass[0]))

    def test_unfitted_estimators_are_loaded(self):
        for estimator in (ScratchMLPClassifier(), ScratchMLPClassifier(alpha=5)):
            assert pickle.loads(pickle.dumps(estimator)).get_params() == estimator.get_params()


class TestWhatTrainingContinues:
    @pytest.mark.parametrize("name", [*PREDICTS, *GOES_ON, *ScratchMLPClassifier._of_data])
    @pytest.mark.parametrize("call", ["fit", "partial_fit"])
    def test_an_attribute_that_lacks_is_named_and_nothing_changes(
        self, model, multiclass, name, call
    ):
        delattr(model, name)
        before = copy.deepcopy(vars(model))
        with pytest.raises(ValueError, match=rf"incomplete: it lacks {name}\. "):
            getattr(model, call)(*multiclass)
        np.testing.assert_equal(vars(model), before)

    def test_what_only_predicts_is_refused(self, model, multiclass):
        for name in GOES_ON:
            delattr(model, name)
        with pytest.raises(ValueError, match=f"lacks {', '.join(GOES_ON)}"):
            model.partial_fit(*multiclass)

    @pytest.mark.parametrize("name", [*PREDICTS, *GOES_ON, *ScratchMLPClassifier._of_data])
    def test_a_cold_fit_starts_anew(self, multiclass, small, name):
        params = {"hidden_layer_sizes": (8, 4), "random_state": 0, "max_iter": 2}
        model = small(**params).fit(*multiclass)
        expected = model.coefs_[0]
        delattr(model, name)
        assert_array_equal(model.fit(*multiclass).coefs_[0], expected)


class Narrow(ScratchMLPClassifier):
    """Takes fewer parameters, and one of its own."""

    def __init__(self, alpha=0.5, extra=None):
        super().__init__((8,), alpha=alpha, random_state=0)
        self.extra = extra


def test_a_subclass_with_other_parameters_is_loaded(multiclass):
    model = Narrow(extra=3).fit(*multiclass)
    model.more_ = 7
    other = pickle.loads(pickle.dumps(model))
    assert vars(other).keys() == vars(model).keys()
    state = model.__getstate__()
    del state["extra"], state["momentum"]  # not ours, and none of its parameters
    assert Narrow.__new__(Narrow).__setstate__(state) is None
    del state["alpha"]
    with pytest.raises(ValueError, match=r"Narrow is incomplete: it lacks alpha\."):
        Narrow.__new__(Narrow).__setstate__(state)


def score_of_copies(estimator, X, y):
    """A scorer that needs the model more than once, as one that works in several processes."""
    copies = copy.copy(estimator), copy.deepcopy(estimator), pickle.loads(pickle.dumps(estimator))
    scores = {other.score(X, y) for other in (estimator, *copies)}
    assert len(scores) == 1
    return scores.pop()


def test_what_a_scorer_gets_can_be_copied_and_pickled(multiclass, small):
    model = small(early_stopping=True, scoring=score_of_copies, max_iter=3).fit(*multiclass)
    assert len(model.validation_scores_) == 3


def through_json(arrays):
    return json.loads(json.dumps([array.tolist() for array in arrays]))


class TestLists:
    def test_from_json_they_predict_the_same(self, model, multiclass):
        X, expected = multiclass[0], model.predict_proba(multiclass[0])
        model.coefs_, model.intercepts_ = map(through_json, (model.coefs_, model.intercepts_))
        assert_array_equal(model.predict_proba(X), expected)
        assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), expected)

    @pytest.mark.parametrize("call", ["fit", "partial_fit"])
    def test_training_goes_on_as_from_arrays(self, model, multiclass, call):
        other = copy.deepcopy(model)
        other.coefs_, other.intercepts_ = map(through_json, (model.coefs_, model.intercepts_))
        for each in (model, other):
            getattr(each, call)(*multiclass)
        for ours, theirs in zip(model.coefs_, other.coefs_, strict=True):
            assert_array_equal(ours, theirs)
            assert type(theirs) is np.ndarray

    def test_whole_numbers_are_computed_with_as_floats(self, model, multiclass):
        model.coefs_ = [[[0] * W.shape[1]] * W.shape[0] for W in model.coefs_]
        model.intercepts_ = [[0] * 8, [0] * 4, [0, 1, 2]]
        p = np.exp([0.0, 1, 2]) / np.exp([0.0, 1, 2]).sum()
        np.testing.assert_allclose(model.predict_proba(multiclass[0][:1]), [p])
        assert model.fit(*multiclass).coefs_[0].dtype == np.float64

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("coefs_", 3),
            ("coefs_", None),
            ("coefs_", []),
            ("coefs_", [[[1.0, 2.0], [3.0]]]),
            ("coefs_", [[["a"]]]),
            ("intercepts_", [[0.0] * 8, [0.0] * 4, 0.0]),
            ("intercepts_", [[0.0] * 8, [0.0] * 4]),
            ("intercepts_", [[0.0] * 8, [0.0] * 4, [0.0] * 4]),
            ("intercepts_", [[1j] * 8, [0.0] * 4, [0.0] * 3]),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("call", ["predict", "fit", "partial_fit"])
    def test_what_makes_no_network_is_refused_by_name(self, model, multiclass, name, value, call):
        setattr(model, name, value)
        arguments = multiclass[:1] if call == "predict" else multiclass
        with pytest.raises(ValueError, match=rf"{name} "):
            getattr(model, call)(*arguments)


@pytest.fixture
def begun(binary, small, start):
    """A state at its start, and the model."""
    model = small()
    return start(model, *binary)[1], model


def test_what_is_published_is_every_fitted_attribute(begun, binary, small):
    state, model = begun
    fitted = small().fit(*binary)
    known = {"classes_", "n_features_in_", "_label_dtype", *fitted.get_params()}
    assert set(published(model, state, True)) == set(vars(fitted)) - known


def test_published_arrays_are_those_of_the_run(begun):
    state, model = begun
    attributes = published(model, state, True)
    state.theta[:] = 7
    assert all((W == 7).all() for W in attributes["coefs_"] + attributes["intercepts_"])


def test_a_snapshot_is_equal_and_does_not_change_later(begun):
    state, model = begun
    state.record(0.5, 0.1)
    state.optimizer = OptimizerState.start(Adam(0.9, 0.999, 1e-8), state.theta)
    attributes, expected = (copy.deepcopy(f(model, state, True)) for f in (snapshot, published))
    kept = snapshot(model, state, True)
    state.theta[:] = 7
    state.optimizer.slots[0][:] = 7
    state.shuffle.random(5)
    state.record(0.4, 0.1)
    np.testing.assert_equal(kept, attributes)
    np.testing.assert_equal(kept, expected)


def test_only_parameters_that_a_validation_set_chose_have_its_score(begun):
    state, model = begun
    state.best_loss = 0.25
    assert published(model, state, True)["best_loss_"] == 0.25
    state.best, state.keeps_best = BestWeights(np.full_like(state.theta, 3), state.arch), True
    state.best_validation_score = 0.5
    attributes = published(model, state, True)
    assert attributes["best_loss_"] is None
    assert attributes["best_validation_score_"] == 0.5
    assert_array_equal(attributes["coefs_"][0], 3)


class TestTransaction:
    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
    def test_after_an_error_the_attributes_are_those_before(self, small, error):
        model = small()
        before = vars(model).copy()

        def change():
            with Transaction(model):
                model.alpha, model.new_ = 5, 1
                raise error

        with pytest.raises(error):
            change()
        assert vars(model) == before

    def test_without_an_error_changes_stay(self, small):
        model = small()
        with Transaction(model):
            model.new_ = 1
        assert model.new_ == 1

    def test_what_is_committed_stays_and_nothing_after_it(self, small):
        model = small()

        def change():
            with Transaction(model) as transaction:
                model.first_ = 1
                transaction.commit({"second_": 2})
                model.third_ = 3
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            change()
        assert (model.first_, model.second_) == (1, 2)
        assert not hasattr(model, "third_")
