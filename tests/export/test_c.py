"""C files, compiled by gcc, against the model that they were made of."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.core.activations import ACTIVATIONS, LeakyReLU
from skscratch.export import to_c
from tests.export.models import CLASSIFIERS, DIGITS, REGRESSORS, fitted

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc"),
]
STRICT = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Wno-float-conversion"]
SINGLE, DOUBLE = (np.ctypeslib.ndpointer(dtype, flags="C") for dtype in (np.float32, np.float64))


def compiled(source, folder):
    (folder / "model.c").write_text(source)
    command = ["gcc", *STRICT, "-Werror", "-shared", "-fPIC", "-o", "model.so", "model.c", "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "model.so"))


def run(function, X, n_outputs, pointer=SINGLE):
    """Return what a function writes for every row."""
    function.argtypes, function.restype = [pointer, pointer], None
    p = np.full((len(X), n_outputs), np.nan, pointer._dtype_)
    for x, out in zip(np.ascontiguousarray(X, pointer._dtype_), p, strict=True):
        function(x, out)
    return p


def check_classifier(model, folder, name="model"):
    library = compiled(to_c(model, name), folder)
    expected = model.predict_proba(DIGITS)
    p = run(getattr(library, f"{name}_predict_proba"), DIGITS, expected.shape[1])
    assert_allclose(p, expected, rtol=0, atol=1e-6)
    return library


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_probabilities_of_every_kind_of_target(kind, tmp_path):
    library = check_classifier(fitted(kind), tmp_path)
    assert hasattr(library, "model_predict") == (kind != "multilabel")


@pytest.mark.parametrize(
    "activation", [*ACTIVATIONS, LeakyReLU(0.3), LeakyReLU(np.float32(0.6))], ids=str
)
def test_every_activation(activation, tmp_path):
    check_classifier(fitted("multiclass", activation=activation), tmp_path)


@pytest.mark.parametrize(
    "params",
    [
        {"n_members": 1},
        {"hidden_layer_sizes": (), "n_members": 1},
        {"hidden_layer_sizes": (16,)},
        {"hidden_layer_sizes": (12, 9, 6), "n_members": 3, "activation": ["tanh", "relu", "silu"]},
        {"hidden_layer_sizes": (256, 128), "n_members": "auto"},
    ],
    ids=str,
)
def test_every_shape(params, tmp_path):
    check_classifier(fitted("multiclass", **params), tmp_path, "digit")


def test_the_class_is_that_of_predict(tmp_path):
    model = fitted("multiclass, strings")
    predict = compiled(to_c(model), tmp_path).model_predict
    predict.argtypes = [SINGLE]
    assert_array_equal(model.classes_[[predict(x) for x in DIGITS]], model.predict(DIGITS))


@pytest.mark.parametrize("kind", REGRESSORS)
def test_predictions_of_regressors(kind, tmp_path):
    model = fitted(kind)
    expected = model.predict(DIGITS).reshape(len(DIGITS), -1)
    p = run(compiled(to_c(model), tmp_path).model_predict, DIGITS, expected.shape[1])
    assert_allclose(p, expected, rtol=1e-5, atol=1e-5)


def test_zeros_between_members_are_not_in_the_file():
    members = to_c(fitted("multiclass", hidden_layer_sizes=(16, 8), n_members=2))
    assert "model_W1[64]" in members  # 16 · 8 / 2
    one = to_c(fitted("multiclass", hidden_layer_sizes=(16, 8), n_members=1))
    assert "model_W1[128]" in one


def test_weights_that_connect_members_are_kept(tmp_path):
    model = ScratchMLPClassifier((16, 8), n_members=2, max_iter=3, random_state=0)
    model.fit(DIGITS[:300], CLASSIFIERS["multiclass"][:300])
    model.coefs_[1][0, -1] = 0.5
    assert "model_W1[128]" in to_c(model)
    check_classifier(model, tmp_path)


def test_extreme_logits_are_not_infinite(tmp_path):
    model = ScratchMLPClassifier((), n_members=1, solver="lbfgs", dtype="float32")
    model.fit([[-1.0], [1.0]], [0, 1])
    model.coefs_ = [np.float32([[1000.0]])]
    library = compiled(to_c(model), tmp_path)
    X = np.float32([[-1], [1]])
    assert_array_equal(run(library.model_predict_proba, X, 2), model.predict_proba(X))


@pytest.mark.parametrize("name", ["", "1st", "a-b", "x y", "int main(){}", None, 3])
def test_a_name_that_is_no_identifier_is_refused(name):
    with pytest.raises(ValueError, match="name must be an identifier"):
        to_c(fitted("multiclass"), name)


SECONDS = 1.7e9 + 600 * np.random.default_rng(0).random((100, 1))


def test_a_classifier_in_float64_computes_in_double(tmp_path):
    """float32 would merge the seconds."""
    early = (SECONDS[:, 0] < 1.7e9 + 300).astype(int)
    model = ScratchMLPClassifier((8,), random_state=0).fit(SECONDS, early)
    library = compiled(to_c(model, "float2f"), tmp_path)
    p = run(library.float2f_predict_proba, SECONDS, 2, DOUBLE)
    assert_allclose(p, model.predict_proba(SECONDS), rtol=0, atol=1e-6)
    library.float2f_predict.argtypes = [DOUBLE]
    assert_array_equal([library.float2f_predict(x) for x in SECONDS], model.predict(SECONDS))


def test_a_regressor_in_float64_computes_in_double(tmp_path):
    """float32 would round the targets to multiples of 64."""
    X = (SECONDS - 1.7e9) / 600
    model = ScratchMLPRegressor(hidden_layer_sizes=(8,), max_iter=50, random_state=0).fit(
        X, X[:, 0] + 1e9
    )
    p = run(compiled(to_c(model), tmp_path).model_predict, X, 1, DOUBLE)
    assert_allclose(p[:, 0] - 1e9, model.predict(X) - 1e9, rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", [*CLASSIFIERS, *REGRESSORS])
def test_every_kind_of_target_in_double(kind, tmp_path):
    model = fitted(kind, dtype="float64")
    is_classifier = kind in CLASSIFIERS
    method = "predict_proba" if is_classifier else "predict"
    expected = getattr(model, method)(DIGITS).reshape(len(DIGITS), -1)
    library = compiled(to_c(model), tmp_path)
    p = run(getattr(library, f"model_{method}"), DIGITS, expected.shape[1], DOUBLE)
    assert_allclose(p, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("activation", [*ACTIVATIONS, LeakyReLU(0.3)], ids=str)
def test_every_activation_in_double(activation, tmp_path):
    model = fitted("multiclass", activation=activation, dtype="float64")
    p = run(compiled(to_c(model), tmp_path).model_predict_proba, DIGITS, 10, DOUBLE)
    assert_allclose(p, model.predict_proba(DIGITS), rtol=1e-10, atol=1e-12)


def test_features_far_from_0_in_float32(tmp_path):
    """The sum of the first layer cancels there, in the file and in the model."""
    rng = np.random.default_rng(0)
    X = np.c_[rng.integers(1950, 2025, 300), rng.normal(1e5, 500, 300)]
    model = ScratchMLPClassifier(random_state=0).fit(X, X[:, 0] + X[:, 1] / 20 > 7000)
    assert model.coefs_[0].dtype == np.float32
    p = run(compiled(to_c(model), tmp_path).model_predict_proba, X, 2)
    assert_allclose(p, model.predict_proba(X), rtol=0, atol=1e-4)


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_a_weight_that_is_not_finite_is_refused(number):
    model = ScratchMLPClassifier((), solver="lbfgs").fit([[-1.0], [1.0]], [0, 1])
    model.coefs_ = [np.array([[number]])]
    with pytest.raises(ValueError, match="not finite"):
        to_c(model)
