"""What goes in and out of the network, where others with this interface have misbehaved."""

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import log_loss

from skscratch import ScratchMLPClassifier
from skscratch._compat import InvalidParameterError

short = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"  # fits of a fixed length on purpose
)


@short
def test_one_class_has_one_column(small):
    """Elsewhere two columns of probabilities for the one class."""
    model = small().fit([[0.0], [1.0]], ["only", "only"])
    assert_array_equal(model.predict_proba([[2.0]]), [[1.0]])
    assert_array_equal(model.predict([[2.0]]), model.classes_)


def test_sizes_and_activation_alone_may_be_given_by_position():
    """Elsewhere a new parameter took the first place, and old calls broke."""
    assert ScratchMLPClassifier((5,)).hidden_layer_sizes == (5,)
    assert ScratchMLPClassifier((5,), "tanh").activation == "tanh"
    with pytest.raises(TypeError, match="positional"):
        ScratchMLPClassifier((5,), "relu", "sgd")


@short
@pytest.mark.parametrize(
    ("sizes", "widths"),
    [((10.0,), [10]), ((), []), ([], []), (np.array([4, 3]), [4, 3]), (5, [5])],
    ids=str,
)
def test_whole_widths_of_any_kind_are_taken(binary, sizes, widths, small):
    """Elsewhere a float gave an error from deep inside."""
    model = small(hidden_layer_sizes=sizes, max_iter=1).fit(*binary)
    assert [len(b) for b in model.intercepts_] == [*widths, 1]


@pytest.mark.parametrize("sizes", [(10.5,), ((3, 2),), (True,)], ids=str)
def test_other_widths_are_refused_by_name(binary, sizes, small):
    """Elsewhere a TypeError that named nothing."""
    with pytest.raises(InvalidParameterError, match="hidden_layer_sizes must be"):
        small(hidden_layer_sizes=sizes).fit(*binary)


@short
def test_a_float32_model_answers_in_float32(binary, small):
    """Elsewhere in float64 for bytes. float64 rows are answered in float64, as they are there."""
    X, y = binary
    model = small().fit(X.astype(np.float32), y)
    for dtype in (np.float32, np.uint8, bool):
        assert model.predict_proba(X.astype(dtype)).dtype == np.float32
    assert model.predict_proba(X).dtype == np.float64


@short
@pytest.mark.parametrize("dtype", [np.uint8, bool, np.float16, np.float64])
def test_float32_can_be_asked_for_whatever_the_rows_are(binary, dtype, small):
    """Elsewhere bytes meant float64, eight times their size."""
    X, y = binary
    model = small(dtype="float32").fit((X > 0).astype(dtype), y)
    assert {array.dtype for array in model.coefs_ + model.intercepts_} == {np.dtype("f4")}


@short
def test_loss_penalty_and_validation_loss_are_told_apart(multiclass, small):
    """Elsewhere one number: what the batches had before their steps, penalty included."""
    X, y = multiclass
    model = small(alpha=5.0, batch_size=90, max_iter=4)
    model.fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])
    history = model.history_
    assert_allclose(history["loss"] + history["penalty"], model.loss_curve_)
    at = [small(alpha=5.0, batch_size=90, max_iter=n).fit(X[:60], y[:60]) for n in (3, 4)]
    squares = sum((W**2).sum() for W in at[0].coefs_)
    assert_allclose(history["loss"][3], log_loss(y[:60], at[0].predict_proba(X[:60])))
    assert_allclose(history["penalty"][3], 0.5 * 5 / 60 * squares)
    validation_loss = log_loss(y[60:], at[1].predict_proba(X[60:]))
    assert_allclose(history["validation_loss"][3], validation_loss, rtol=1e-6)


@short
def test_prediction_needs_little_memory(multiclass, small):
    """Elsewhere 82 MB for these rows: the activations of all of them at once."""
    X = np.zeros((40000, 4), np.float32)
    model = small(hidden_layer_sizes=(256, 256), max_iter=1).fit(X[:30], np.arange(30) % 3)
    tracemalloc.start()
    model.predict_proba(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8e6


@short
def test_a_generator_is_a_random_state(binary, small):
    """Elsewhere refused."""
    one, other, third = (
        small(random_state=np.random.default_rng(seed)).fit(*binary).coefs_[0] for seed in (0, 0, 1)
    )
    assert_array_equal(one, other)
    assert (one != third).any()
