"""Models as JSON, and back, to the bit."""

import copy
import json
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.special import softmax
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.core.activations import ACTIVATIONS, LeakyReLU
from skscratch.core.regression_losses import Huber, Quantile, SquaredError
from skscratch.export import from_json, to_json
from tests.export.models import CLASSIFIERS, DIGITS, REGRESSORS, fitted

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", [*CLASSIFIERS, *REGRESSORS])
def test_the_round_trip_is_exact(kind, dtype):
    model = fitted(kind, dtype=dtype)
    again = from_json(to_json(model))
    for name in ("coefs_", "intercepts_"):
        for ours, theirs in zip(getattr(model, name), getattr(again, name), strict=True):
            assert_array_equal(ours, theirs, strict=True)
    methods = ["predict", "predict_members"]
    if kind in CLASSIFIERS:
        methods += ["predict_proba", "predict_log_proba", "decision_function"]
        assert_array_equal(again.classes_, model.classes_, strict=True)
    for method in methods:
        expected = getattr(model, method)(DIGITS)
        assert_array_equal(getattr(again, method)(DIGITS), expected, strict=True)
    assert to_json(again) == to_json(model)


@pytest.mark.filterwarnings("ignore:JSON holds numbers and names")
@pytest.mark.parametrize("activation", [*ACTIVATIONS, LeakyReLU(0.3)], ids=str)
def test_every_activation(activation):
    model = fitted("multiclass", activation=activation)
    again = from_json(to_json(model))
    assert_array_equal(again.predict_proba(DIGITS), model.predict_proba(DIGITS))


@pytest.mark.filterwarnings("ignore:JSON holds numbers and names")
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.float16, int], ids=str)
def test_a_slope_of_any_kind_of_number(kind):
    model = fitted("multiclass", activation=LeakyReLU(kind(0.5)))
    again = from_json(to_json(model))
    assert_array_equal(again.predict_proba(DIGITS), model.predict_proba(DIGITS))
    assert to_json(again).count(f'"slope": {kind(0.5):g}') == 2


@pytest.mark.filterwarnings("ignore:JSON holds numbers and names")
@pytest.mark.parametrize("levels", [(np.float32(0.1), np.float32(0.9)), [0.1, 0.9]], ids=repr)
def test_numbers_of_a_loss_of_any_kind(levels):
    again = from_json(to_json(fitted("quantiles", quantile=0.5, loss=Quantile(levels))))
    assert again._loss() == Quantile(tuple(map(float, levels)))
    again = from_json(to_json(fitted("huber", loss=Huber(np.float32(0.5)))))
    assert again._loss() == Huber(0.5)


def test_another_language_needs_numbers_and_names_only():
    """The prediction from the fields alone, with nothing of this package."""
    model = fitted("multiclass", dtype="float64")
    parts = json.loads(to_json(model))
    assert [f["name"] for f in parts["activations"]] == ["relu", "relu"]
    h = DIGITS.astype(float)
    for i, layer in enumerate(parts["layers"]):
        h = h @ np.array(layer["weights"]) + layer["biases"]
        if i < len(parts["activations"]):
            h = np.maximum(h, 0)
    assert parts["output_activation"] == "softmax"
    np.testing.assert_allclose(softmax(h, axis=1), model.predict_proba(DIGITS), rtol=1e-9)
    assert parts["classes"]["labels"] == list(range(10))


def test_names_of_features_and_parameters_come_along():
    import pandas as pd

    X = pd.DataFrame({"a": [0.0, 1.0] * 30, "b": [1.0, 1.0, 0.0] * 20})
    model = ScratchMLPRegressor(hidden_layer_sizes=np.array([4]), alpha=2, max_iter=5)
    model = model.fit(X, X["a"] + X["b"])
    again = from_json(to_json(model))
    assert again.feature_names_in_.tolist() == ["a", "b"]
    assert (again.alpha, again.hidden_layer_sizes) == (2, [4])
    assert_array_equal(again.predict(X), model.predict(X))


def test_a_parameter_that_is_no_number_is_left_out_with_a_warning():
    model = fitted("binary", class_weight={0: 1, 1: 2}, random_state=np.random.RandomState(0))
    with pytest.warns(UserWarning, match="left out.*: class_weight, random_state"):
        text = to_json(model)
    again = from_json(text)
    assert again.class_weight is None
    assert_array_equal(again.predict_proba(DIGITS), model.predict_proba(DIGITS))


def test_members_of_weights_that_were_changed_cannot_be_told_apart():
    model = copy.deepcopy(fitted("binary"))
    again = from_json(to_json(model))
    assert_array_equal(again.predict_members(DIGITS), model.predict_members(DIGITS))
    model.coefs_[-1] = 2 * model.coefs_[-1]
    with pytest.raises(ValueError, match=r"its JSON has no output biases.*coefs_ was changed"):
        from_json(to_json(model)).predict_members(DIGITS)


def test_a_network_without_hidden_layers_has_one_member():
    parts = json.loads(to_json(fitted("binary", hidden_layer_sizes=(), n_members=1)))
    assert from_json(json.dumps(parts)).n_members_ == 1
    with pytest.raises(ValueError, match=r"the widths \[\]\. Got 2"):
        from_json(json.dumps(parts | {"members": {"n": 2, "bias": None}}))


def test_what_it_lacks_is_said():
    again = from_json(to_json(fitted("multiclass")))
    with pytest.raises(ValueError, match="lacks history_"):
        again.partial_fit(DIGITS, CLASSIFIERS["multiclass"])
    loaded = pickle.loads(pickle.dumps(again))
    assert_array_equal(loaded.predict(DIGITS), again.predict(DIGITS))
    assert again.fit(DIGITS, CLASSIFIERS["multiclass"]).n_iter_ > 0


def changed(**fields):
    return json.dumps(json.loads(to_json(fitted("multiclass"))) | fields)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[1]", "what to_json wrote"),
        ('{"format": "another"}', "what to_json wrote"),
        ('{"format": "skscratch network", "version": 9}', "version=9"),
        ('{"format": "skscratch network", "version": 1}', "lacks the fields"),
    ],
)
def test_other_texts_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        from_json(text)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"estimator": "Bomb"}, "estimator must be one of"),
        ({"dtype": "int8"}, "dtype must be"),
        ({"dtype": "object"}, "dtype must be"),
        ({"activations": []}, "3 layers need 2 activations"),
        ({"activations": [{"name": "bomb"}] * 2}, "'bomb' is unknown"),
        ({"output_activation": "exp"}, "another output"),
        ({"n_features": 3}, "do not make a network"),
        ({"layers": 5}, "not what to_json writes"),
        ({"classes": {"labels": [0, 1], "dtype": "<i8", "dtype_of_y": "<i8"}}, "fit 10 outputs"),
        ({"members": {"n": 0, "bias": None}}, r"must divide the widths \[16, 8\]\. Got 0"),
        ({"members": {"n": -1, "bias": None}}, "Got -1"),
        ({"members": {"n": 3, "bias": None}}, "Got 3"),
        ({"members": {"n": 2.0, "bias": None}}, r"Got 2\.0"),
        ({"members": {"n": True, "bias": None}}, "Got True"),
        ({"members": {"n": "2", "bias": None}}, "Got '2'"),
        ({"members": {"n": 4, "bias": [[0.0] * 10] * 2}}, r"4 members have .* Got \(2, 10\)"),
        ({"members": {"n": 2}}, "not what to_json writes"),
        ({"classes": {"labels": [2, 1, 0], "dtype": "<i8", "dtype_of_y": "<i8"}}, "be sorted"),
    ],
)
def test_other_fields_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        from_json(changed(**fields))


class Own(SquaredError):
    """A loss of a user."""


def test_what_cannot_be_exported_is_refused():
    X, y = DIGITS[:100], np.arange(100.0)
    own = ScratchMLPRegressor(Own(), max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match="JSON has no code for loss=Own"):
        to_json(own)
    with pytest.raises(NotFittedError):
        to_json(ScratchMLPClassifier())
    with pytest.raises(TypeError, match="Of a pipeline, pass the last step"):
        to_json(make_pipeline(fitted("multiclass")))
    model = from_json(to_json(fitted("multiclass")))
    model.coefs_[0][0, 0] = np.inf
    with pytest.raises(ValueError, match="finite numbers only"):
        to_json(model)
