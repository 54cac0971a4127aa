"""Losses of a regressor against scikit-learn and SciPy; their predictions, scores and scales."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar
from scipy.special import huber
from sklearn.metrics import (
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
    r2_score,
)

from skscratch.core.regression_losses import (
    AbsoluteError,
    Gamma,
    Huber,
    Poisson,
    Quantile,
    SquaredError,
)
from tests.core.targets import OF_REGRESSORS, draw_targets

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(20, 4), scale=2)
WEIGHTS = {"unweighted": None, "weighted": RNG.uniform(0, 2, 20)}
LEVELS = (0.1, 0.4, 0.7, 0.9)
FOUR = Quantile(LEVELS)
every_loss = pytest.mark.parametrize("loss", OF_REGRESSORS.values(), ids=OF_REGRESSORS)
both_weights = pytest.mark.parametrize("w", WEIGHTS.values(), ids=WEIGHTS)
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
OF_IDENTITY = {n: loss for n, loss in OF_REGRESSORS.items() if n not in ("poisson", "gamma")}
of_identity = pytest.mark.parametrize("loss", OF_IDENTITY.values(), ids=OF_IDENTITY)
of_exp = pytest.mark.parametrize("loss", [Poisson(), Gamma()], ids=["poisson", "gamma"])


def targets(loss, seed=0):
    return draw_targets(loss, np.random.default_rng(seed), (20,), 4)


def shares(w):
    return np.full(20, 1 / 20) if w is None else w / w.sum()


def by_scikit_learn(loss, y, p, w):
    """Return the loss of one column by scikit-learn or SciPy."""
    if isinstance(loss, SquaredError):
        return mean_squared_error(y, p, sample_weight=w) / 2
    if isinstance(loss, AbsoluteError):
        return mean_absolute_error(y, p, sample_weight=w)
    if isinstance(loss, Huber):
        return np.average(huber(loss.delta, p - y), weights=w)
    if isinstance(loss, Quantile):
        return mean_pinball_loss(y, p, sample_weight=w, alpha=loss.levels[0])
    deviance = mean_poisson_deviance if isinstance(loss, Poisson) else mean_gamma_deviance
    return deviance(y, p, sample_weight=w) / 2


@every_loss
@both_weights
def test_losses_are_those_of_scikit_learn_summed_over_outputs(loss, w):
    y, p = targets(loss), Z.copy()
    found = loss.forward(p, y, shares(w))
    pairs = [(loss, y[:, k]) for k in range(4)] if y.shape[1] == 4 else []
    pairs = pairs or [(Quantile((level,)), y[:, 0]) for level in LEVELS]
    each = [by_scikit_learn(one, column, p[:, k], w) for k, (one, column) in enumerate(pairs)]
    assert_allclose(found, sum(each), rtol=1e-12)


@every_loss
def test_an_exact_prediction_has_no_loss_and_any_other_has_one(loss):
    y = targets(loss) if loss.n_outputs(1) == 1 else np.zeros((20, 1))
    y = y + 1 if isinstance(loss, Poisson) else y
    right = np.tile(loss.predict(y) if loss in OF_IDENTITY.values() else np.log(y), (1, 1))
    right = np.broadcast_to(right, (20, 4)).copy()
    w = shares(WEIGHTS["weighted"])
    assert_allclose(loss.forward(right.copy(), y, w), 0, atol=1e-14)
    for step in (-0.1, 0.1):
        assert loss.forward(right + step, y, w) > 1e-4


def test_losses_that_are_special_cases_of_others():
    y, w = targets(SquaredError()), shares(WEIGHTS["weighted"])
    for one, other, factor in (
        (Huber(1e3), SquaredError(), 1),
        (Quantile((0.5,)), AbsoluteError(), 2),
        (Huber(1e-9), AbsoluteError(), 1e9),
    ):
        p, q = Z.copy(), Z.copy()
        losses = one.forward(p, y, w) * factor, other.forward(q, y, w)
        assert_allclose(*losses, rtol=1e-8)
        one.backward(p, y, w)
        other.backward(q, y, w)
        assert_allclose(p * factor, q, rtol=1e-8)


def test_several_levels_are_their_sum():
    y, w, parts = targets(FOUR), shares(WEIGHTS["weighted"]), []
    p = Z.copy()
    total = FOUR.forward(p, y, w)
    FOUR.backward(p, y, w)
    for k, level in enumerate(LEVELS):
        one, z = Quantile((level,)), Z[:, [k]].copy()
        parts.append(one.forward(z, y, w))
        one.backward(z, y, w)
        assert_array_equal(z, p[:, [k]])
    assert_allclose(total, sum(parts), rtol=1e-12)


def test_the_derivative_at_the_kink_lies_between_those_beside_it():
    z, w = np.array([[2.0]]), np.array([1.0])
    AbsoluteError().backward(z, np.array([[2.0]]), w)
    assert z == 0
    z[:] = 2
    Quantile((0.9,)).backward(z, np.array([[2.0]]), w)
    assert_allclose(z, -0.4)


@both_dtypes
@pytest.mark.parametrize("sign", [-1, 1])
def test_any_logit_has_a_loss(dtype, sign):
    """It is exact where it is a number of the dtype, otherwise inf, and never NaN."""
    y, w = np.ones((1, 1), dtype), np.ones(1, dtype)
    for size in (1e3, 1e6, 1e18, 1e30):
        z = np.array([[sign * size]], dtype)
        linear = [(AbsoluteError(), 1), (Huber(0.5), 0.5), (Quantile((0.5,)), 0.5)]
        linear += [(Quantile((0.2,)), 0.8 if sign > 0 else 0.2)]
        linear += [(Gamma() if sign > 0 else Poisson(), 1)]
        with np.errstate(over="ignore"):
            for loss, slope in linear:
                assert_allclose(loss.forward(z.copy(), y, w), slope * size, rtol=5e-3)
            curved = Poisson() if sign > 0 else Gamma()
            assert curved.forward(z.copy(), y, w) == np.inf
            square = SquaredError().forward(z.copy(), y, w)
        expected = np.inf if size**2 > float(np.finfo(dtype).max) else (sign * size - 1) ** 2 / 2
        assert_allclose(square, expected, rtol=1e-6)


@every_loss
@both_dtypes
@pytest.mark.parametrize("logit", [-np.inf, np.inf])
def test_infinite_logits_have_an_infinite_loss(loss, dtype, logit):
    y, z = targets(loss).astype(dtype), Z.astype(dtype)
    z[3] = logit
    y[3] = y[3] + 1 if isinstance(loss, Poisson) else y[3]
    with np.errstate(over="ignore"):
        assert loss.forward(z, y, shares(None).astype(dtype)) == np.inf


def test_a_count_of_zero_has_no_loss_at_any_low_logit():
    for logit in (-1e3, -1e30, -np.inf):
        z, zero, w = np.array([[logit]]), np.zeros((1, 1)), np.ones(1)
        assert Poisson().forward(z, zero, w) == 0
        Poisson().backward(z, zero, w)
        assert z == 0


@every_loss
def test_predictions_are_new_arrays_and_those_of_forward(loss):
    y, p, given = targets(loss), Z.copy(), Z.copy()
    loss.forward(p, y, shares(None))
    found = loss.predict(given)
    assert_array_equal(given, Z)
    assert not np.shares_memory(found, given)
    assert_array_equal(found, np.sort(p) if loss is OF_REGRESSORS["quantile-four"] else p)


@of_exp
@both_dtypes
def test_predictions_of_an_exp_are_positive_and_finite(loss, dtype):
    p = loss.predict(np.array([[-1e30, -200, 200, 1e30]], dtype))
    assert p.dtype == dtype
    assert ((p > 0) & np.isfinite(p)).all()


@both_weights
@every_loss
def test_no_constant_prediction_has_a_lower_loss(loss, w):
    y, logits_of_best = targets(loss), []
    logits, mean = loss.fit_constant(y, shares(w))
    assert_allclose(loss.forward(np.tile(logits, (20, 1)), y, shares(w)), mean, rtol=1e-12)

    def with_one(k, x):
        z = logits.copy()
        z[k] = x
        return loss.forward(np.tile(z, (20, 1)), y, shares(w))

    for k in range(4):
        best = minimize_scalar(lambda x, k=k: with_one(k, x), bounds=(-8, 8), method="bounded")
        kinks = [with_one(k, x) for x in y[:, k % y.shape[1]]]
        assert mean <= min(best.fun, *kinks) * (1 + 1e-12)
        logits_of_best.append(best.x)
    if isinstance(loss, SquaredError | Huber | Poisson | Gamma):
        assert_allclose(logits, logits_of_best, atol=1e-5)


@pytest.mark.parametrize("level", [0.05, 0.3, 0.5, 0.95])
def test_weighted_quantiles_are_those_of_repeated_rows(level):
    y, counts = RNG.normal(size=(20, 1)), RNG.integers(0, 4, 20)
    loss, w = Quantile((level,)), counts / counts.sum()
    repeated = np.quantile(y.repeat(counts, axis=0), level, method="inverted_cdf")
    assert_array_equal(loss.fit_constant(y, w)[0], [repeated])


def test_a_level_close_to_1_is_reached_by_weights_that_sum_to_almost_1():
    y = RNG.normal(size=(20, 1))
    found, _ = Quantile((1 - 1e-9,)).fit_constant(y, shares(None) * (1 - 1e-6))
    assert found == y.max()


def test_weights_in_float32_sum_to_1_only_nearly():
    w = np.full(30_000, 1 / 30_000, np.float32)
    y = np.full((30_000, 1), 1e6, np.float32)
    for loss in (SquaredError(), Poisson(), Gamma()):
        z, mean = loss.fit_constant(y, w)
        assert_allclose(loss.predict(z[None]), 1e6, rtol=1e-9)
        assert_allclose(mean, 0, atol=1e-6)


@every_loss
def test_targets_that_are_all_the_same_have_a_constant_loss_of_0(loss):
    y = np.ones((20, 1))
    logits, mean = loss.fit_constant(y, shares(None))
    assert_allclose(mean, 0, atol=1e-15)
    assert_allclose(loss.predict(logits[None]), 1, rtol=1e-12)


def test_a_column_of_zeros_is_predicted_by_poisson():
    logits, mean = Poisson().fit_constant(np.zeros((20, 1)), shares(None))
    assert (logits, mean) == (-np.inf, 0)


def mean_score(loss, p, y, w, ends=(0, 7, 8, 20)):
    """Return the score of some rows at a time, averaged by weight."""
    parts = [slice(*pair) for pair in pairwise(ends)]
    each = [loss.score(p[i], y[i], w[i] / w[i].sum()) for i in parts]
    return np.average(each, weights=[w[i].sum() for i in parts])


class TestScore:
    """The score is R², or D² for quantiles, whatever the batches."""

    @both_weights
    @pytest.mark.parametrize("loss", [Quantile((0.9,)), Quantile((0.1, 0.4, 0.9))], ids=str)
    def test_for_quantiles_it_is_the_share_of_the_pinball_loss_removed(self, loss, w):
        n = len(loss.levels)
        y = RNG.normal(size=(20, 1), loc=3)
        p, each = Z[:, :n] + 3, shares(w)

        def pinball(column, level):
            return mean_pinball_loss(y[:, 0], column, alpha=level, sample_weight=w)

        def share(column, level):
            # the best constant is one of the targets
            return pinball(column, level) / min(pinball(np.full(20, c), level) for c in y[:, 0])

        known = loss.for_validation(y, each)
        expected = 1 - np.mean([*map(share, np.sort(p).T, loss.levels)])
        assert_allclose(mean_score(known, p, y, each), expected, rtol=1e-10)
        assert_allclose(known.score(loss.predict(p), y, each), expected, rtol=1e-10)
        constant = np.tile(loss.fit_constant(y, each)[0], (20, 1))
        assert known.score(constant, y, each) == pytest.approx(0, abs=1e-12)

    @both_weights
    @pytest.mark.parametrize("loss", [SquaredError(), AbsoluteError(), Huber()], ids=str)
    def test_it_is_that_of_scikit_learn(self, loss, w):
        y = RNG.normal(size=(20, 4), loc=3)
        p, each = Z + 3, shares(w)
        expected = r2_score(y, p, sample_weight=w)
        known = loss.for_validation(y, each)
        assert_allclose(mean_score(known, p, y, each), expected, rtol=1e-10)
        assert_allclose(mean_score(known, p, y, each, (0, 20)), expected, rtol=1e-10)
        assert_allclose(known.score(loss.predict(p), y, each), expected, rtol=1e-10)

    @both_weights
    @of_exp
    def test_it_compares_predictions_and_not_logits(self, loss, w):
        y, p, each = targets(loss), Z.copy(), shares(w)
        loss.forward(p, y, each)
        known = loss.for_validation(y, None if w is None else 3 * w)
        assert_allclose(mean_score(known, p, y, each), r2_score(y, p, sample_weight=w), rtol=1e-10)

    def test_rows_without_weight_do_not_count(self):
        y, w = RNG.normal(size=(20, 4)), np.r_[np.zeros(5), np.ones(15)]
        known = SquaredError().for_validation(y, w)
        assert known == SquaredError().for_validation(y[5:], None)
        assert_allclose(known.score(Z, y, w / 15), r2_score(y[5:], Z[5:]), rtol=1e-12)

    def test_a_constant_column_counts_0_unless_it_is_exact(self):
        y = np.c_[RNG.normal(size=20), np.full(20, 0.1)]
        known = SquaredError().for_validation(y, None)
        for second in (np.full(20, 0.1), np.full(20, 0.2)):
            p = np.c_[Z[:, 0], second]
            assert_allclose(known.score(p, y, shares(None)), np.mean(
                [r2_score(y[:, 0], p[:, 0]), float(second[0] == 0.1)]
            ), rtol=1e-10)  # fmt: skip

    @every_loss
    def test_without_validation_targets_the_best_constant_has_an_error_of_1(self, loss):
        y = np.zeros((20, 1))
        p = np.full((20, loss.n_outputs(1)), 0.5)
        levels = getattr(loss, "levels", None)
        error = 0.25 if levels is None else 0.5 * np.mean(1 - np.array(levels))
        assert_allclose(loss.score(p, y, shares(None)), 1 - error)
        assert isinstance(loss.score(p, y, shares(None)), float)

    @every_loss
    def test_it_is_all_that_the_validation_targets_change(self, loss):
        known = loss.for_validation(targets(loss), None)
        assert loss.baseline is None
        assert len(known.baseline) == loss.n_outputs(targets(loss).shape[1])
        assert known.for_prediction() is known
        assert repr(known) == repr(loss)
        hash(known)


class TestScale:
    """Targets are standardised, and the last layer is folded."""

    @of_identity
    @pytest.mark.parametrize("size", [1e-300, 1e-5, 1.0, 1e5, 1e300])
    def test_standardised_targets_have_a_middle_of_0_and_deviation_about_1(self, loss, size):
        w = WEIGHTS["weighted"]
        rng = np.random.default_rng(0)
        y = size * (rng.normal(size=(20, 3)) * [0.1, 1, 1] + [1, 1, -1]) / 8
        center, scale = loss.target_scale(y, w)
        assert_array_equal(np.frexp(scale)[0], 0.5)
        standardised = (y - center) / scale
        std = np.sqrt(np.average(standardised**2, axis=0, weights=w))
        if isinstance(loss, SquaredError):
            assert_allclose(np.average(standardised, axis=0, weights=w), 0, atol=1e-12)
            assert ((std > 0.7) & (std < 1.42)).all()
        else:
            assert (standardised == 0).any(axis=0).all()  # the median
            assert ((std > 0.4) & (std < 2.5)).all()

    @of_exp
    @pytest.mark.parametrize("size", [1e-300, 1e-5, 1.0, 1e5, 1e300])
    def test_of_positive_targets_the_mean_becomes_about_1(self, loss, size):
        y, w = size * RNG.gamma(1.0, size=(20, 3)) / 8, WEIGHTS["weighted"]
        center, scale = loss.target_scale(y, w)
        assert_array_equal(center, np.zeros(3))
        assert_array_equal(np.frexp(scale)[0], 0.5)
        mean = np.average(y / scale, axis=0, weights=w)
        assert ((mean > 0.7) & (mean < 1.42)).all()

    @pytest.mark.parametrize("value", [0.1, -3e300, 7e-300, 1e9])
    def test_a_constant_column_becomes_0(self, value):
        y = np.full((20, 1), value)
        center, scale = SquaredError().target_scale(y, RNG.random(20))
        assert_array_equal(y, np.tile(center, (20, 1)))
        assert 0.7 < abs(value) / scale < 1.42

    @every_loss
    def test_of_the_least_numbers_the_scale_has_an_inverse(self, loss):
        _, scale = loss.target_scale(np.array([[0.0], [5e-324]]), None)
        assert np.isfinite(1 / scale)

    @every_loss
    def test_of_zeros_the_scale_is_1(self, loss):
        center, scale = loss.target_scale(np.zeros((20, 2)), None)
        assert_array_equal([center, scale], [[0, 0], [1, 1]])

    @every_loss
    def test_weights_are_repetitions(self, loss):
        y, counts = targets(loss), RNG.integers(0, 3, 20)
        y[counts == 0] = 1e200
        found = loss.target_scale(y, counts / counts.sum())
        assert_allclose(found, loss.target_scale(y.repeat(counts, axis=0), None), atol=1e-15)

    @pytest.mark.parametrize("loss", [AbsoluteError(), Huber(), Quantile((0.1, 0.9))], ids=str)
    def test_where_residuals_count_linearly_wild_targets_do_not_change_it(self, loss):
        y = RNG.normal(10, 4, size=(999, 1))
        center, scale = loss.target_scale(y, None)
        assert center == np.median(y)
        assert scale == 4
        y[y > 15] = 1e300
        assert_array_equal(loss.target_scale(y, None), [center, scale])

    def test_if_half_of_the_targets_are_equal_a_larger_part_counts(self):
        y = np.r_[np.zeros(80), np.full(20, 5.0)][:, None]
        center, scale = AbsoluteError().target_scale(y, None)
        assert (center, scale) == (0, 2)  # 5 / (2 · 1.2816), the normal quantile of 0.9
        y[-1] = 1e300
        assert_array_equal(AbsoluteError().target_scale(y, None), [center, scale])

    def test_if_nearly_all_targets_are_equal_the_others_count(self):
        y = np.r_[np.zeros(999), 5.0][:, None]
        assert_array_equal(
            AbsoluteError().target_scale(y, None), SquaredError().target_scale(y, None)
        )

    def test_whole_numbers_and_float32_are_measured_in_float64(self):
        y = np.array([[1], [2], [3]])
        for dtype in (int, np.float32, bool):
            center, scale = SquaredError().target_scale(y.astype(dtype), None)
            assert center.dtype == scale.dtype == np.float64

    @every_loss
    @both_dtypes
    @pytest.mark.parametrize("in_front", [(), (3,)], ids=["one", "members"])
    def test_a_folded_network_predicts_raw_targets(self, loss, dtype, in_front):
        y = 1000 * targets(loss) + 5 * (loss in OF_IDENTITY.values())
        q = loss.n_outputs(y.shape[1])
        W = RNG.normal(size=(*in_front, 6, q)).astype(dtype)
        b, X = RNG.normal(size=(*in_front, q)).astype(dtype), RNG.normal(size=(6,)).astype(dtype)
        before = W.copy(), b.copy()
        center, scale = loss.target_scale(y, None)
        W_raw, b_raw = loss.fold_target(W, b, center, scale)
        assert W_raw.dtype == b_raw.dtype == dtype
        z, raw = (np.atleast_2d(X @ part[0] + part[1]) for part in ((W, b), (W_raw, b_raw)))
        tolerance = {"rtol": 1e-3 if dtype == np.float32 else 1e-10, "atol": 1e-2}
        assert_allclose(loss.predict(raw), loss.predict(z) * scale + center, **tolerance)
        W_again, b_again = loss.unfold_target(W_raw, b_raw, center, scale)
        assert W_again.dtype == b_again.dtype == dtype
        assert_array_equal(W_again, W)
        assert_allclose(b_again, b, rtol=1e-4, atol=1e-5)
        for array, own in zip((W, b), before, strict=True):
            assert_array_equal(array, own)
            assert not np.shares_memory(array, W_raw)


@every_loss
@both_dtypes
def test_targets_are_matrices_row_by_row(loss, dtype):
    y = np.asfortranarray(1.0 + np.arange(6).reshape(3, 2))
    for given, shape in ((y, (3, 2)), (y[:, 0], (3, 1)), (y.astype(int), (3, 2))):
        found = loss.targets(given, dtype)
        assert found.flags.c_contiguous
        assert (found.dtype, found.shape) == (dtype, shape)
        assert_array_equal(found, given.reshape(shape))


def test_a_positive_target_stays_positive_in_float32():
    y = Gamma().targets(np.array([1e-300, 1.0]), np.float32)
    assert y[0, 0] > 0
    assert np.isfinite(Gamma().forward(np.zeros((2, 1), np.float32), y, np.full(2, 0.5, "f")))


@pytest.mark.parametrize(
    ("loss", "y", "complaint"),
    [
        (SquaredError(), [-1.0, 0.0], ""),
        (Poisson(), [0.0, 2.0], ""),
        (Poisson(), [3.0, -2.0], "The Poisson loss needs targets of at least 0. y contains -2."),
        (Poisson(), [[1.0, 0.0]], ""),  # a small batch may hold no counts
        (Gamma(), [1e-300, 2.0], ""),
        (Gamma(), [3.0, 0.0], "The Gamma loss needs targets above 0. y contains 0."),
        (Quantile(), [[1.0, 2.0]], ""),
        (FOUR, [1.0, 2.0], ""),
        (FOUR, [[1.0], [2.0]], ""),
        (
            FOUR, [[1.0, 2.0]],
            "Several quantiles can be predicted of one target. y has 2 columns.",
        ),
    ],
)  # fmt: skip
def test_targets_out_of_range_are_named(loss, y, complaint):
    assert loss.accepts(np.array(y)) == complaint


def test_each_level_has_an_output():
    assert [loss.n_outputs(3) for loss in OF_IDENTITY.values()] == [3, 3, 3, 3, 3, 3, 12]
    assert FOUR.n_outputs(1) == 4


@pytest.mark.parametrize("delta", [0, -1.0, np.inf, np.nan, "a", None])
def test_delta_is_a_positive_number(delta):
    with pytest.raises(ValueError, match="delta must be a positive number"):
        Huber(delta)


@pytest.mark.parametrize("levels", [(), (0.0,), (1.0,), (0.5, 0.5), (0.7, 0.3), (np.nan,)])
def test_levels_increase_between_0_and_1(levels):
    with pytest.raises(ValueError, match="levels must increase, strictly between 0 and 1"):
        Quantile(levels)
