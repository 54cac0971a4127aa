"""C files, compiled by gcc, against the model that they were made of."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skscratch import ScratchMLPClassifier
from skscratch.core.activations import ACTIVATIONS, LeakyReLU
from skscratch.export import to_c
from tests.export.models import CLASSIFIERS, DIGITS, REGRESSORS, fitted

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc"),
]
STRICT = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Wno-float-conversion"]
POINTER = np.ctypeslib.ndpointer(np.float32, flags="C_CONTIGUOUS")


def compiled(source, folder):
    (folder / "model.c").write_text(source)
    command = ["gcc", *STRICT, "-Werror", "-shared", "-fPIC", "-o", "model.so", "model.c", "-lm"]
    subprocess.run(command, cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "model.so"))


def run(function, X, n_outputs):
    """Return what a function writes for every row."""
    function.argtypes, function.restype = [POINTER, POINTER], None
    p = np.full((len(X), n_outputs), np.nan, np.float32)
    for x, out in zip(np.ascontiguousarray(X, np.float32), p, strict=True):
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
    predict.argtypes = [POINTER]
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


def test_a_weight_too_large_for_float32_is_refused():
    model = ScratchMLPClassifier((), solver="lbfgs").fit([[-1.0], [1.0]], [0, 1])
    model.coefs_ = [np.array([[1e300]])]
    with pytest.raises(ValueError, match="not finite in float32"):
        to_c(model)
