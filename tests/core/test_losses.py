"""Losses against scikit-learn and against exact values at the ends."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax
from sklearn.metrics import log_loss

from skscratch.core.losses import (
    CLASS_LOSSES,
    LOSSES,
    REGRESSION_LOSSES,
    LogisticCrossEntropy,
    LogisticSoftLabels,
    SoftmaxCrossEntropy,
    SoftmaxSoftLabels,
    with_output,
)
from tests.core.targets import OF_REGRESSORS, draw_targets

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(20, 4), scale=3)
EQUAL = np.full(20, 1 / 20)
WEIGHTS = [None, RNG.uniform(0, 2, 20)]
SMOOTHED = {"softmax-0.3": SoftmaxCrossEntropy(0.3), "logistic-0.3": LogisticCrossEntropy(0.3)}
CLASSIFIERS = CLASS_LOSSES | SMOOTHED
EVERY_LOSS = LOSSES | SMOOTHED | OF_REGRESSORS
every_loss = pytest.mark.parametrize("loss", EVERY_LOSS.values(), ids=EVERY_LOSS)
classifiers = pytest.mark.parametrize("loss", CLASSIFIERS.values(), ids=CLASSIFIERS)


def targets(loss):
    """Return targets for twenty rows of four logits."""
    return draw_targets(loss, RNG, (20,), 4)


def shares(w):
    """Return what the losses are given for weights w; None stands for ones."""
    return EQUAL if w is None else w / w.sum()


@pytest.mark.parametrize("w", WEIGHTS, ids=["unweighted", "weighted"])
def test_softmax_cross_entropy_is_the_log_loss(w):
    z, y = Z.copy(), RNG.integers(4, size=20)
    loss = SoftmaxCrossEntropy().forward(z, y, shares(w))
    assert_allclose(z, softmax(Z, axis=1), rtol=1e-12)
    expected = log_loss(y, softmax(Z, axis=1), sample_weight=w, labels=range(4))
    assert_allclose(loss, expected, rtol=1e-12)


@pytest.mark.parametrize("w", WEIGHTS, ids=["unweighted", "weighted"])
def test_logistic_cross_entropy_is_the_sum_of_log_losses(w):
    z, y = Z.copy(), RNG.integers(2, size=(20, 4)).astype(float)
    loss = LogisticCrossEntropy().forward(z, y, shares(w))
    assert_allclose(z, expit(Z), rtol=1e-12)
    expected = sum(log_loss(y[:, k], expit(Z[:, k]), sample_weight=w) for k in range(4))
    assert_allclose(loss, expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e3, 1e6, 1e30])
def test_any_logit_has_an_exact_loss(dtype, size):
    """Right and sure: no loss. Wrong and sure: the loss is the distance of the logits."""
    pair, w = np.array([[size, 0], [0, size]], dtype), np.array([0.5, 0.5], dtype)
    assert SoftmaxCrossEntropy().forward(pair.copy(), np.array([0, 1]), w) == 0
    loss = SoftmaxCrossEntropy().forward(pair.copy(), np.array([1, 0]), w)
    assert_allclose(loss, size, rtol=1e-6)
    column, right = np.array([[size], [-size]], dtype), np.array([[1], [0]], dtype)
    assert LogisticCrossEntropy().forward(column.copy(), right, w) == 0
    loss = LogisticCrossEntropy().forward(column.copy(), 1 - right, w)
    assert_allclose(loss, size, rtol=1e-6)


def test_a_small_loss_keeps_its_digits():
    """At a logit of 40 the loss is exp(-40), though 1 - p rounds to 0."""
    z, y, w = np.array([[40.0]]), np.array([[1.0]]), np.array([1.0])
    loss = LogisticCrossEntropy().forward(z, y, w)
    assert_allclose(loss, np.exp(-40.0), rtol=1e-12)


@classifiers
def test_predictions_are_those_of_forward(loss):
    y, z = targets(loss), Z.copy()
    loss.forward(z, y, EQUAL)
    assert_allclose(loss.predict(Z), z, rtol=1e-12)
    assert_allclose(loss.log_predict(Z), np.log(z), rtol=1e-12)
    right = z.argmax(axis=1) == y if y.ndim == 1 else ((z > 0.5) == y).all(axis=1)
    w = shares(WEIGHTS[1])
    assert_allclose(loss.score(z, y, w), w @ right, rtol=1e-12)
    assert_array_equal(loss.decide(Z), z.argmax(axis=1) if y.ndim == 1 else z > 0.5)


def test_one_logistic_output_predicts_both_classes():
    loss, z = LogisticCrossEntropy(), np.array([[-800.0], [-1.0], [0.0], [2.0], [800.0]])
    p, log_p = loss.predict(z), loss.log_predict(z)
    tiny = np.finfo(float).tiny
    assert_allclose(p, np.c_[expit(-z), expit(z)].clip(tiny), rtol=1e-12)
    assert_allclose(log_p[1:4], np.log(p[1:4]), rtol=1e-12)
    assert (p.min(), log_p.min()) == (tiny, np.log(tiny))
    assert_array_equal(loss.decide(z), [0, 0, 0, 1, 1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_probabilities_of_labels_are_neither_0_nor_1(dtype):
    p = LogisticCrossEntropy().predict(np.array([[-1e3, 1e3]], dtype))
    assert 0 < p[0, 0] < p[0, 1] < 1


def test_encoded_labels_become_targets():
    classes, labels = np.array([2, 0, 1]), np.array([[0, 1], [1, 1]], np.int8)
    assert_array_equal(SoftmaxCrossEntropy().targets(classes, float), classes)
    column = LogisticCrossEntropy().targets(np.array([1, 0]), np.float32)
    assert_array_equal(column, [[1], [0]])
    assert column.dtype == np.float32
    assert LogisticCrossEntropy().targets(labels, float) is labels


@classifiers
def test_smoothing_is_left_out_of_predictions(loss):
    assert loss.for_prediction() == type(loss)()


@every_loss
def test_a_loss_is_found_by_its_name(loss):
    assert type(LOSSES[loss.name]) is type(loss)


@every_loss
def test_a_loss_is_found_by_its_output(loss):
    found = with_output(loss.output_activation, LOSSES)
    if loss.name in CLASS_LOSSES:
        assert LOSSES[loss.name] == loss.for_prediction() == found
    assert_array_equal(found.predict(np.sort(Z)), loss.predict(np.sort(Z)))


def test_every_name_of_the_tables_is_that_of_the_loss():
    assert [*LOSSES] == [*CLASS_LOSSES, *REGRESSION_LOSSES]
    assert [loss.name for loss in LOSSES.values()] == [*LOSSES]


@every_loss
def test_weights_count_like_repetitions(loss):
    """In the gradient too, which is that of the mean."""
    y = targets(loss)
    w = RNG.integers(1, 4, size=20)
    each = np.full(w.sum(), 1 / w.sum())
    weighted, repeated = Z.copy(), Z.repeat(w, axis=0)
    assert_allclose(
        loss.forward(weighted, y, w / w.sum()),
        loss.forward(repeated, y.repeat(w, axis=0), each),
    )
    loss.backward(weighted, y, w / w.sum())
    loss.backward(repeated, y.repeat(w, axis=0), each)
    assert_allclose(weighted, np.add.reduceat(repeated, np.r_[0, w.cumsum()[:-1]], axis=0))


@every_loss
def test_the_gradient_of_float32_stays_float32(loss):
    z = Z.astype(np.float32)
    y = targets(loss)
    y = y.astype(np.float32) if y.ndim == 2 else y
    w = np.full(20, 1 / 20, np.float32)
    mean = loss.forward(z, y, w)
    loss.backward(z, y, w)
    assert z.dtype == np.float32
    assert isinstance(mean, float)


@every_loss
def test_logits_may_lie_by_rows_or_by_columns(loss):
    y = targets(loss)
    w, results = shares(WEIGHTS[1]), []
    for order in "CF":
        z = np.array(Z, order=order)
        mean = loss.forward(z, y, w)
        p = z.copy()
        loss.backward(z, y, w)
        results.append([mean, p, z])
    for by_rows, by_columns in zip(*results, strict=True):
        assert_allclose(by_columns, by_rows, rtol=1e-12, atol=1e-16)


@every_loss
@pytest.mark.parametrize("w", WEIGHTS, ids=["unweighted", "weighted"])
def test_backward_is_the_derivative(loss, w):
    y, w, step = targets(loss), shares(w), 1e-6
    p = Z.copy()
    loss.forward(p, y, w)
    loss.backward(p, y, w)
    direction = RNG.normal(size=Z.shape)
    ends = [loss.forward(Z + sign * step * direction, y, w) for sign in (1, -1)]
    assert_allclose((p * direction).sum(), (ends[0] - ends[1]) / (2 * step), rtol=1e-6)


def smoothed(onehot, smoothing):
    return (1 - smoothing) * onehot + smoothing / onehot.shape[-1]


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_smoothed_softmax_is_the_cross_entropy_with_smoothed_targets(smoothing):
    loss, z, y, w = SoftmaxCrossEntropy(smoothing), Z.copy(), RNG.integers(4, size=20), EQUAL
    target = smoothed(np.eye(4)[y], smoothing)
    expected = -(target * log_softmax(Z, axis=1)).sum(axis=1).mean()
    assert_allclose(loss.forward(z, y, w), expected, rtol=1e-12)
    loss.backward(z, y, w)
    assert_allclose(z, (softmax(Z, axis=1) - target) / 20, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_two_classes_are_one_logistic_output(smoothing):
    z, y, w = Z[:, :1], RNG.integers(2, size=20), shares(WEIGHTS[1])
    one, two = z.copy(), np.hstack([0 * z, z])
    logistic, pair = LogisticCrossEntropy(smoothing), SoftmaxCrossEntropy(smoothing)
    column = y[:, None].astype(float)
    assert_allclose(logistic.forward(one, column, w), pair.forward(two, y, w), rtol=1e-12)
    logistic.backward(one, column, w)
    pair.backward(two, y, w)
    assert_allclose(one[:, 0], two[:, 1], rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e3, 1e30])
def test_smoothing_makes_being_sure_cost(dtype, size):
    """Of the distance of the logits, the right and sure pay s / 2, the wrong and sure 1 - s / 2."""
    pair, w = np.array([[size, 0], [0, size]], dtype), np.array([0.5, 0.5], dtype)
    column, right = np.array([[size], [-size]], dtype), np.array([[1], [0]], dtype)
    for y, share in ((np.array([0, 1]), 0.05), (np.array([1, 0]), 0.95)):
        z = pair.copy()
        assert_allclose(SoftmaxCrossEntropy(0.1).forward(z, y, w), share * size, rtol=1e-6)
        SoftmaxCrossEntropy(0.1).backward(z, y, w)
        assert_allclose(abs(z), share / 2, rtol=1e-6)
        z, y = column.copy(), right if share < 0.5 else 1 - right
        assert_allclose(LogisticCrossEntropy(0.1).forward(z, y, w), share * size, rtol=1e-6)
        LogisticCrossEntropy(0.1).backward(z, y, w)
        assert_allclose(abs(z), share / 2, rtol=1e-6)


@every_loss
def test_targets_and_weights_are_left_as_they_are(loss):
    y, w = targets(loss), EQUAL.copy()
    given, z = y.copy(), Z.copy()
    loss.forward(z, y, w)
    loss.backward(z, y, w)
    assert_array_equal(y, given)
    assert_array_equal(w, EQUAL)


@every_loss
@pytest.mark.parametrize("order", ["rows", "columns"])
def test_networks_side_by_side_have_each_its_own_loss(loss, order):
    """Losses, predictions and derivatives are those of each alone."""
    rng = np.random.default_rng(1)
    Zs = np.array([Z, 2 * Z[::-1], -Z])
    ys = np.array([rng.permutation(targets(loss)) for _ in Zs])
    ws = np.array([shares(rng.uniform(0, 2, 20)) for _ in Zs])
    z = Zs.mT.copy().mT if order == "columns" else Zs.copy()
    given = Zs.copy()
    losses, each = loss.each(z, ys, ws), []
    p = z.copy()
    if hasattr(loss, "each_score"):
        scores = [loss.score(*of_one) for of_one in zip(p, ys, ws, strict=True)]
        assert_allclose(loss.each_score(p, ys, ws), scores, rtol=1e-12)
        assert len(set(scores)) > 1
    loss.backward(z, ys, ws)
    for i, (alone, y, w) in enumerate(zip(Zs.copy(), ys, ws, strict=True)):
        each.append(loss.forward(alone, y, w))
        assert_allclose(p[i], alone, rtol=1e-12)
        loss.backward(alone, y, w)
        assert_allclose(z[i], alone, rtol=1e-12, atol=1e-16)
    assert_allclose(losses, each, rtol=1e-12)
    assert losses.dtype == np.float64
    some = [array[1:2].copy() for array in (given, ys, ws)]
    assert_array_equal(loss.each(*some), losses[1:2])
    total = loss.forward(Zs.copy(), ys, ws)
    assert total == sum(losses.tolist())
    assert type(total) is float


def test_the_losses_of_the_table_do_not_smooth():
    assert [loss.smoothing for loss in CLASS_LOSSES.values()] == [0, 0]


@pytest.mark.parametrize("w", WEIGHTS, ids=["unweighted", "weighted"])
@classifiers
def test_no_constant_prediction_has_a_lower_loss(loss, w):
    """Logits that are the same for every row, moved downhill from anywhere, end there."""
    y, plain = targets(loss), type(loss)()

    def of(z):
        return plain.forward(np.tile(z, (20, 1)), y, shares(w))

    lowest = minimize(of, RNG.normal(size=4), tol=1e-10).fun
    logits, constant = loss.fit_constant(y, shares(w))
    assert_allclose(constant, lowest, rtol=1e-6)
    assert_allclose(of(logits), constant, rtol=1e-12)


@pytest.mark.parametrize("loss", CLASS_LOSSES.values(), ids=CLASS_LOSSES)
def test_one_class_has_a_constant_loss_of_zero(loss):
    y = np.zeros(20, int) if loss.output_activation == "softmax" else np.ones((20, 1), np.float32)
    _, constant = loss.fit_constant(y, EQUAL.astype(np.float32))
    assert constant == pytest.approx(0, abs=2e-6)


P = softmax(RNG.normal(size=(20, 4)), axis=1)
SOFT = {
    "softmax": (SoftmaxSoftLabels(), P, 4),
    "softmax-0.3": (SoftmaxSoftLabels(0.3), P, 4),
    "logistic": (LogisticSoftLabels(), P[:, :1], 1),
    "logistic-0.3": (LogisticSoftLabels(0.3), P[:, :1], 1),
}
soft = pytest.mark.parametrize(("loss", "y", "q"), SOFT.values(), ids=SOFT)


class TestSoftLabels:
    @soft
    @pytest.mark.parametrize("w", WEIGHTS, ids=["unweighted", "weighted"])
    def test_backward_is_the_derivative(self, loss, y, q, w):
        w, step, z = shares(w), 1e-6, Z[:, :q]
        p = z.copy()
        loss.forward(p, y, w)
        loss.backward(p, y, w)
        direction = RNG.normal(size=z.shape)
        ends = [loss.forward(z + sign * step * direction, y, w) for sign in (1, -1)]
        assert_allclose((p * direction).sum(), (ends[0] - ends[1]) / (2 * step), rtol=1e-6)

    @pytest.mark.parametrize("smoothing", [0.0, 0.3])
    def test_it_is_the_cross_entropy(self, smoothing):
        target = smoothed(P, smoothing)
        expected = -(target * log_softmax(Z, axis=1)).sum(axis=1).mean()
        loss = SoftmaxSoftLabels(smoothing)
        assert_allclose(loss.forward(Z.copy(), P, EQUAL), expected, rtol=1e-12)
        two = softmax(np.c_[0 * Z[:, 0], Z[:, 0]], axis=1)
        target = smoothed(np.c_[1 - P[:, 0], P[:, 0]], smoothing)
        loss = LogisticSoftLabels(smoothing)
        expected = -(target * np.log(two)).sum(axis=1).mean()
        assert_allclose(loss.forward(Z[:, :1].copy(), P[:, :1], EQUAL), expected, rtol=1e-12)

    @soft
    def test_each_member_has_its_own(self, loss, y, q):
        z, y, w = np.stack([Z[:, :q], -Z[:, :q]]), np.stack([y, y[::-1]]), np.stack([EQUAL] * 2)
        each = [loss.forward(z[i].copy(), y[i], w[i]) for i in range(2)]
        assert_allclose(loss.each(z.copy(), y, w), each, rtol=1e-12)
        scores = [loss.score(*of_one) for of_one in zip(z, y, w, strict=True)]
        assert_allclose(loss.each_score(z, y, w), scores, rtol=1e-12)
        assert_allclose(loss.forward(z.copy(), y, w), sum(each), rtol=1e-12)

    def test_a_small_loss_keeps_its_digits(self):
        z, w = np.array([[40.0]]), np.array([1.0])
        loss = LogisticSoftLabels().forward(z, np.array([[1.0]]), w)
        assert_allclose(loss, np.exp(-40.0), rtol=1e-12)
        loss = SoftmaxSoftLabels().forward(np.array([[1e30, 0.0]]), np.array([[1.0, 0.0]]), w)
        assert loss == 0

    @soft
    def test_no_constant_is_better_than_the_frequencies(self, loss, y, q):
        loss, w = loss.for_prediction(), shares(WEIGHTS[1])
        logits, mean = loss.fit_constant(y, w)

        def of(logits):
            return loss.forward(np.tile(logits, (20, 1)), y, w)

        assert_allclose(of(logits), mean, rtol=1e-12)
        for step in 0.1 * RNG.normal(size=(9, q)):
            assert of(logits + step) > mean

    @soft
    def test_the_score_is_the_expected_accuracy(self, loss, y, q):
        w, p = shares(WEIGHTS[1]), loss.predict(Z[:, :q])
        whole = np.c_[1 - y, y] if q == 1 else y
        drawn = whole[np.arange(20), loss.decide(Z[:, :q])]
        assert_allclose(loss.score(p[:, -q:], y, w), w @ drawn, rtol=1e-12)
