"""skops files: nothing to trust but our own types, and models that predict and still learn."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import SKOPS_TRUSTED_TYPES, ScratchMLPClassifier
from skscratch.core.activations import ACTIVATIONS
from skscratch.core.initializers import INITIALIZERS
from skscratch.core.optimizers import Adam, GradientDescent, Momentum, Nesterov
from skscratch.core.schedules import Cosine, Function, WarmUp
from skscratch.preprocessing import PiecewiseLinearEncoder

skops = pytest.importorskip("skops.io", reason='needs "skscratch[skops]"')
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
ESTIMATOR = "skscratch.estimators._classifier.ScratchMLPClassifier"
BUILT_IN = {
    "default": {},
    "early stopping": {"early_stopping": True, "scoring": "balanced_accuracy"},
    "memory": {
        "warm_start": True, "ema_decay": 0.9, "dropout": 0.1, "hidden_layer_sizes": (10,),
        "activation": ["tanh"],
    },
    "lbfgs": {"solver": "lbfgs"},
    "float32": {"dtype": np.float32, "hidden_layer_sizes": np.array([5, 4])},
    "weights": {"class_weight": {np.int64(0): 1, np.int64(1): 2.0, 2: np.float32(1)}},
    "random state": {"random_state": np.random.RandomState(0), "n_iter_no_change": np.inf},
    "function": {"learning_rate": np.sqrt},
}  # fmt: skip
OBJECTS = {
    **{name: {"activation": act} for name, act in ACTIVATIONS.items()},
    **{name: {"weight_init": draw} for name, draw in INITIALIZERS.items()},
    **{
        type(rule).__name__: {"solver": rule}
        for rule in (Adam(0.9, 0.999, 1e-8), GradientDescent(), Momentum(0.9), Nesterov(0.9))
    },
    "schedule": {"learning_rate": WarmUp(Cosine(0.01, 50), 5)},
}
TARGETS = {
    "multiclass": Y,
    "binary": Y > 0,
    "strings": np.array(["setosa", "versicolor", "virginica"])[Y],
    "objects": np.array(["setosa", "versicolor", "virginica"], dtype=object)[Y],
    "multilabel": np.eye(3, dtype=int)[Y],
}


def assert_goes_on(model, loaded, X, y):
    assert vars(loaded).keys() == vars(model).keys()
    assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    assert_array_equal(loaded.predict(X), model.predict(X))
    if model.solver != "lbfgs":
        model.partial_fit(X, y)
        loaded.partial_fit(X, y)
    assert_array_equal(loaded.coefs_[0], model.coefs_[0])


@pytest.mark.parametrize("params", BUILT_IN.values(), ids=BUILT_IN)
def test_an_estimator_is_the_only_type_to_trust(params):
    model = ScratchMLPClassifier(**{"random_state": 0, "max_iter": 4} | params).fit(X, Y)
    data = skops.dumps(model)
    assert skops.get_untrusted_types(data=data) == [ESTIMATOR]
    assert_goes_on(model, skops.loads(data, trusted=SKOPS_TRUSTED_TYPES), X, Y)


@pytest.mark.parametrize("y", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("as_sparse", [False, True])
def test_every_kind_of_target(y, as_sparse):
    data = sparse.csr_array(X) if as_sparse else X
    classes = np.unique(y) if y.ndim == 1 else np.arange(3)
    model = ScratchMLPClassifier(random_state=0).partial_fit(data, y, classes=classes)
    loaded = skops.loads(skops.dumps(model), trusted=SKOPS_TRUSTED_TYPES)
    assert loaded.classes_.dtype == model.classes_.dtype
    assert_goes_on(model, loaded, data, y)


@pytest.mark.parametrize("params", OBJECTS.values(), ids=OBJECTS)
def test_objects_of_ours_are_trusted_too(params):
    model = ScratchMLPClassifier(random_state=0, max_iter=4, **params).fit(X, Y)
    data = skops.dumps(model)
    assert {*skops.get_untrusted_types(data=data)} <= {*SKOPS_TRUSTED_TYPES}
    assert_goes_on(model, skops.loads(data, trusted=SKOPS_TRUSTED_TYPES), X, Y)


def test_in_a_pipeline_nothing_else_is_to_be_trusted(tmp_path):
    pipe = make_pipeline(StandardScaler(), ScratchMLPClassifier(max_iter=4)).fit(X, Y)
    skops.dump(pipe, tmp_path / "model.skops")
    assert skops.get_untrusted_types(file=tmp_path / "model.skops") == [ESTIMATOR]
    loaded = skops.load(tmp_path / "model.skops", trusted=SKOPS_TRUSTED_TYPES)
    assert_array_equal(loaded.predict_proba(X), pipe.predict_proba(X))


@pytest.mark.parametrize("strategy", ["tree", "quantile"])
def test_an_encoder(strategy):
    data = np.where(X > 6, np.nan, X)
    encoder = PiecewiseLinearEncoder(strategy=strategy).fit(data, Y)
    saved = skops.dumps(encoder)
    assert skops.get_untrusted_types(data=saved) == [
        "skscratch.preprocessing._piecewise_linear.PiecewiseLinearEncoder"
    ]
    loaded = skops.loads(saved, trusted=SKOPS_TRUSTED_TYPES)
    assert_array_equal(loaded.transform(data), encoder.transform(data))
    assert_array_equal(loaded.get_feature_names_out(), encoder.get_feature_names_out())


def test_a_function_of_the_users_own_is_not_trusted():
    """Only the user can vouch for what it runs."""
    model = ScratchMLPClassifier(learning_rate=Function(own_schedule))
    with pytest.raises(TypeError, match="own_schedule"):
        skops.loads(skops.dumps(model), trusted=SKOPS_TRUSTED_TYPES)


def own_schedule(step):
    return 0.001


def test_another_version_warns(monkeypatch):
    data = skops.dumps(ScratchMLPClassifier())
    monkeypatch.setattr("skscratch.estimators._fitted.__version__", "99.0.0")
    with pytest.warns(UserWarning, match=r"99\.0\.0"):
        skops.loads(data, trusted=SKOPS_TRUSTED_TYPES)
