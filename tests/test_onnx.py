"""ONNX graphs against the model that they were made of, in onnxruntime."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skscratch import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.core.activations import ACTIVATIONS, LeakyReLU
from skscratch.core.losses import REGRESSION_LOSSES
from skscratch.core.regression_losses import SquaredError
from skscratch.onnx import register_converter, to_onnx
from skscratch.preprocessing import PiecewiseLinearEncoder

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

DIGITS, DIGIT = load_digits(return_X_y=True)
X = (DIGITS / 16).astype(np.float32)
TARGETS = {
    "binary": DIGIT % 2,
    "binary, strings": np.array(["even", "odd"])[DIGIT % 2],
    "binary, bool": DIGIT > 4,
    "multiclass": DIGIT,
    "multiclass, negative": DIGIT - 5,
    "multiclass, floats": DIGIT.astype(float),
    "multiclass, strings": np.array(list("abcdefghij"))[DIGIT],
    "multiclass, objects": np.array(list("abcdefghij"), dtype=object)[DIGIT],
    "multilabel": (DIGIT[:, None] >> np.arange(4)) & 1,
    "multilabel, two": (DIGIT[:, None] >> np.arange(2)) & 1,
    "one class": np.zeros(len(DIGIT), int),
}


@pytest.fixture(scope="module", autouse=True)
def _installed():
    for package in ("skl2onnx", "onnxruntime"):
        pytest.importorskip(package, reason='needs "skscratch[onnx]"')


def small(**params):
    settings = {"hidden_layer_sizes": (16, 8), "max_iter": 8, "random_state": 0}
    return ScratchMLPClassifier(**settings | params)


def run(graph, X):
    from onnxruntime import InferenceSession

    session = InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: X}
    if isinstance(X, pd.DataFrame):
        feed = {name: X[[name]].to_numpy() for name in X}
    return session.run(None, feed)


def assert_same(graph, model, X):
    label, proba = run(graph, X)[:2]
    expected = model.predict(X)
    assert_array_equal(label, expected.astype(label.dtype))
    assert label.shape == expected.shape
    assert proba.dtype == np.float32
    assert_allclose(proba, model.predict_proba(X), rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
def test_every_kind_of_target(y, dtype):
    model = small().fit(X.astype(dtype), y)
    assert_same(to_onnx(model, X[:1].astype(dtype)), model, X.astype(dtype))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation(name):
    """Large logits of hidden layers, so that both branches are taken."""
    model = small(activation=name, solver="lbfgs", max_iter=20).fit(X, DIGIT)
    assert_same(to_onnx(model, X[:1]), model, X)
    assert_same(to_onnx(model, X[:1]), model, 3 * X - 2)


@pytest.mark.parametrize("target_opset", [13, 17, 21])
def test_every_activation_in_older_versions_of_onnx(target_opset):
    model = small(activation=[*ACTIVATIONS], hidden_layer_sizes=(8,) * 11).fit(X, DIGIT)
    assert_same(to_onnx(model, X[:1], target_opset=target_opset), model, X)


def test_no_hidden_layer_and_an_object_of_ours():
    model = small(hidden_layer_sizes=()).fit(X, DIGIT)
    assert_same(to_onnx(model, X[:1]), model, X)
    for slope in (0.3, np.float32(0.6)):
        model = small(activation=LeakyReLU(slope)).fit(X, DIGIT)
        assert_same(to_onnx(model, X[:1]), model, X)


def test_images_of_whole_numbers():
    model = small().fit(DIGITS.astype(np.uint8), DIGIT)
    assert_same(to_onnx(model, DIGITS[:1].astype(np.uint8)), model, DIGITS.astype(np.uint8))


@pytest.mark.parametrize("target", ["binary", "multiclass", "multilabel"])
def test_members_and_features_that_were_scaled_inside(target):
    """The graph is that of the one network, for the features as they are."""
    data = (1e3 + 50 * DIGITS).astype(np.float32)
    settings = {"hidden_layer_sizes": (100,), "early_stopping": True, "n_members": 4}
    model = small(**settings).fit(data, TARGETS[target])
    assert model._continuation["scaling"] is not None
    assert_same(to_onnx(model, data[:1]), model, data)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_in_a_pipeline(dtype):
    data = (1e3 + 50 * DIGITS).astype(dtype)
    pipe = make_pipeline(StandardScaler(), small()).fit(data, TARGETS["multiclass, strings"])
    assert_same(to_onnx(pipe, data[:1]), pipe, data)


def test_time_stamps_and_large_targets_stay_in_float64():
    """float32 would merge the seconds, and round the targets to multiples of 64."""
    seconds = 1.7e9 + 600 * np.random.default_rng(0).random((100, 1))
    early = (seconds[:, 0] < 1.7e9 + 300).astype(int)
    model = small().fit(seconds, early)
    assert_same(to_onnx(model, seconds[:1]), model, seconds)
    share = (seconds - 1.7e9) / 600
    model = ScratchMLPRegressor(max_iter=8, random_state=0).fit(share, share[:, 0] + 1e9)
    p = run(to_onnx(model, share[:1]), share)[0]
    assert_allclose(p[:, 0] - 1e9, model.predict(share) - 1e9, rtol=0, atol=1e-5)


def test_behind_a_column_transformer():
    table = pd.DataFrame({"a": X[:, 20], "b": X[:, 30], "c": np.array(["u", "v", "w"])[DIGIT % 3]})
    columns = [("numbers", StandardScaler(), ["a", "b"]), ("words", OneHotEncoder(), ["c"])]
    pipe = make_pipeline(ColumnTransformer(columns), small()).fit(table, DIGIT > 4)
    assert_same(to_onnx(pipe, table[:1]), pipe, table)


def test_a_table_has_an_input_per_column():
    table = pd.DataFrame(X[:, 20:25], columns=list("abcde"))
    model = small().fit(table, DIGIT > 4)
    assert_same(to_onnx(model, table[:1]), model, table)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_labels_of_logits_that_probabilities_cannot_tell_apart(n_classes):
    model = small(hidden_layer_sizes=()).fit(X, DIGIT % n_classes)
    model.coefs_[0][:], model.intercepts_[0][:] = 0, 0
    model.coefs_[0][20] = 1e-9 * np.arange(1, n_classes + (n_classes == 3))
    data = np.linspace(-1, 1, 101, dtype=np.float32)[:, None] * np.ones((1, 64), np.float32)
    assert len(np.unique(model.predict(data))) == 2
    assert_same(to_onnx(model, X[:1]), model, data)


class TestOptions:
    def test_dicts_for_those_who_ask(self):
        model = small().fit(X, TARGETS["multiclass, strings"])
        label, rows = run(to_onnx(model, X[:1], options={"zipmap": True}), X[:5])
        assert_array_equal(label, model.predict(X[:5]))
        assert_allclose([[*row.values()] for row in rows], model.predict_proba(X[:5]), atol=1e-5)
        assert [*rows[0]] == [*model.classes_]

    def test_columns(self):
        model = small().fit(X, DIGIT % 3)
        _, *columns = run(to_onnx(model, X[:1], options={"zipmap": "columns"}), X[:5])
        assert_allclose(np.stack(columns, axis=1), model.predict_proba(X[:5]), atol=1e-5)

    def test_numbers_in_place_of_names(self):
        model = small().fit(X, TARGETS["multiclass, strings"])
        label, _ = run(to_onnx(model, X[:1], options={"zipmap": False, "nocl": True}), X)
        assert_array_equal(model.classes_[label], model.predict(X))

    @pytest.mark.parametrize("y", [DIGIT, TARGETS["multiclass, strings"]])
    def test_the_names_as_a_third_output(self, y):
        model = small().fit(X, y)
        options = {"zipmap": False, "output_class_labels": True}
        assert_array_equal(run(to_onnx(model, X[:1], options=options), X)[2], model.classes_)


def test_skl2onnx_knows_the_model_once_it_is_registered():
    skl2onnx = register_converter()
    assert register_converter() is skl2onnx
    model = small().fit(X, DIGIT)
    graph = skl2onnx.to_onnx(model, X[:1], options={id(model): {"zipmap": False}})
    assert_same(graph, model, X)


def test_the_model_is_left_as_it_was():
    model = small().fit(X, DIGIT)
    before = model.__getstate__()
    to_onnx(model, X[:1])
    assert model.__getstate__().keys() == before.keys()
    assert model.coefs_[0].dtype == np.float32


def test_the_graph_is_valid():
    import onnx

    graph = to_onnx(small().fit(X, DIGIT), X[:1])
    onnx.checker.check_model(graph, full_check=True)
    types = [output.type.tensor_type.elem_type for output in graph.graph.output]
    assert types == [onnx.TensorProto.INT64, onnx.TensorProto.FLOAT]


class TestRegressors:
    @pytest.mark.parametrize("y", [DIGIT + 1.0, 1000 * X[:, 10:13] + 1], ids=["one", "three"])
    @pytest.mark.parametrize("loss", REGRESSION_LOSSES)
    def test_every_loss(self, loss, y):
        model = ScratchMLPRegressor(loss=loss, hidden_layer_sizes=(16, 8), max_iter=8).fit(X, y)
        (p,) = run(to_onnx(model, X[:1]), X)
        assert p.shape == (len(X), model.n_outputs_)
        assert p.dtype == np.float32
        expected = model.predict(X).reshape(p.shape)
        assert_allclose(p, expected, rtol=1e-4, atol=1e-4 * y.std())

    def test_quantiles_do_not_cross(self):
        model = ScratchMLPRegressor(loss="quantile", quantile=[0.4, 0.5, 0.6], random_state=0)
        model.fit(X[:300], DIGIT[:300])
        model.intercepts_[-1][:] = 0.0, 4.0, 1.0
        (p,) = run(to_onnx(make_pipeline(model), X[:1]), X)
        assert (np.diff(p) >= 0).all()
        assert_allclose(p, model.predict(X), rtol=0, atol=1e-4)

    def test_an_own_loss_has_no_code(self):
        class Own(SquaredError):
            pass

        model = ScratchMLPRegressor(loss=Own(), hidden_layer_sizes=(), max_iter=2).fit(X, DIGIT)
        with pytest.raises(ValueError, match=r"no code for loss=.*Own.*squared_error"):
            to_onnx(model, X[:1])


class TestPiecewiseLinearEncoder:
    """Features that have no small range of whole numbers, as pixels have."""

    WIDE = (100 + 30 * np.random.default_rng(0).normal(size=(len(X), 6))).round(2)
    NEAR = WIDE[:, 0] * WIDE[:, 1] > 1e4

    def fitted(self, *steps, data=WIDE):
        return make_pipeline(*steps, small()).fit(data, self.NEAR)

    @pytest.mark.parametrize("strategy", ["tree", "quantile"])
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_between_a_scaler_and_a_model(self, dtype, strategy):
        data = self.WIDE.astype(dtype)
        pipe = self.fitted(StandardScaler(), PiecewiseLinearEncoder(strategy=strategy), data=data)
        assert_same(to_onnx(pipe, data[:1]), pipe, data)

    @pytest.mark.parametrize("target_opset", [13, 17, 21])
    @pytest.mark.parametrize("how", ["indicator", "passthrough"])
    def test_missing_values_and_values_out_of_range(self, how, target_opset):
        data = self.WIDE.copy()
        data[::7, 0], data[::5, 1] = np.nan, np.nan
        encoder = PiecewiseLinearEncoder(handle_missing=how, scale=0.5).fit(data, self.NEAR)
        new = np.vstack([data, 3 * data - 200])
        new[1, 2] = np.nan
        (coded,) = run(to_onnx(encoder, new[:1], target_opset=target_opset), new)
        assert coded.dtype == np.float32
        assert_allclose(coded, encoder.transform(new), rtol=1e-6, atol=1e-6)

    def test_edges_that_float32_cannot_tell_apart(self):
        """Bins 1/8 of a second wide, at 1.7 billion seconds."""
        seconds = 1.7e9 + np.arange(len(X)).reshape(-1, 1) / 64
        encoder = PiecewiseLinearEncoder(224, strategy="uniform", keep_input=False).fit(seconds)
        assert len(np.unique(np.float32(encoder.bin_edges_[0]))) < 3
        (coded,) = run(to_onnx(encoder, seconds[:1]), seconds)
        assert_allclose(coded, encoder.transform(seconds), rtol=0, atol=1e-6)

    def test_a_table_has_an_input_per_column(self):
        table = pd.DataFrame(self.WIDE, columns=list("abcdef"))
        model = self.fitted(StandardScaler(), PiecewiseLinearEncoder(), data=table)
        assert_same(to_onnx(model, table[:1]), model, table)
        behind = make_pipeline(
            ColumnTransformer([("code", PiecewiseLinearEncoder(), ["a", "b"])]), small()
        ).fit(table, self.NEAR)
        assert_same(to_onnx(behind, table[:1]), behind, table)


class TestErrors:
    def test_a_model_that_is_not_fitted(self):
        with pytest.raises(NotFittedError):
            to_onnx(small(), X[:1])

    def test_an_activation_that_onnx_cannot_know(self):
        class Own:
            def forward(self, z, a):
                a[...] = z

            def backward(self, z, a, delta):
                pass

            def __repr__(self):
                return "Own()"

        with pytest.raises(ValueError, match=r"no code for activation=Own\(\)"):
            to_onnx(small(activation=Own()).fit(X, DIGIT), X[:1])

    @pytest.mark.parametrize("classes", [[0.5, 1.5], [1, "a"]])
    def test_labels_that_onnx_cannot_name(self, classes):
        model = small().fit(X, DIGIT % 2)
        model.classes_ = np.array(classes, dtype=object if "a" in classes else float)
        with pytest.raises(ValueError, match="whole numbers or strings"):
            to_onnx(model, X[:1])


def test_without_the_package_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=r'pip install "skscratch\[onnx\]"'):
        register_converter()


def test_importing_it_imports_nothing_heavy():
    code = "import sys, skscratch.onnx; print({'onnx', 'skl2onnx', 'onnxruntime'} & {*sys.modules})"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
