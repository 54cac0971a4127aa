"""Inputs brought to scale, against scikit-learn's scaler; and weights there and back."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skscratch.core.network import allocate, split_members
from skscratch.training.scaling import Scaling, differently_scaled, find_scaling, former_scaling

RNG = np.random.default_rng(0)
N = 200
FAR = RNG.normal(1e8, 1, N)  # sums of squares would lose its spread
X = np.column_stack(
    [
        RNG.normal(1000, 30, N),
        RNG.lognormal(size=N),
        RNG.uniform(0, 1e-4, N),
        -FAR,
        RNG.normal(size=N),
    ]
)
WEIGHTS = RNG.uniform(0.1, 3, N)

sizes = pytest.mark.parametrize("size", [1, 7, 199, 200, 10_000])


def find(X, w=None, size=50, dtype=np.float64):
    return find_scaling(X, w, size, dtype)


def column(*values):
    return np.array(values, float)[:, None]


def assert_close(scaling, other):
    assert_array_equal(scaling.scale, other.scale)
    assert_center(scaling, other.center)


def assert_center(scaling, expected):
    """A center is rounded to a small part of the scale."""
    assert (abs(scaling.center - expected) <= scaling.scale / 1e7 + 1e-12 * abs(expected)).all()


class TestFinding:
    @sizes
    @pytest.mark.parametrize("w", [None, WEIGHTS], ids=["unweighted", "weighted"])
    def test_it_is_the_scaler_of_scikit_learn_but_for_a_power_of_two(self, size, w):
        data = X[:, :4] * [1, 100, 1, 1]  # out of scale, each of them
        scaling = find(data, w, size)
        assert scaling.limit is None
        scaler = StandardScaler().fit(data, sample_weight=w)
        assert_center(scaling, scaler.mean_)
        assert_array_equal(np.log2(scaling.scale) % 1, 0)
        assert (np.abs(np.log2(scaling.scale / scaler.scale_)) <= 0.5 + 1e-9).all()

    @sizes
    def test_weights_count_like_repeated_rows(self, size):
        counts = RNG.integers(1, 4, N)
        assert_close(find(X, counts * 1.0, size), find(X.repeat(counts, axis=0)))

    @sizes
    @pytest.mark.parametrize("extreme", [1e300, -1e300, 5.0])
    def test_rows_without_weight_are_as_if_they_were_not_there(self, size, extreme):
        """Even if a part of the rows has none."""
        there = np.arange(N) % 3 > 0
        there[50:100] = False
        data = np.where(there[:, None], X, extreme)
        assert_close(find(data, there * 1.0, size), find(X[there]))

    def test_a_feature_with_two_values_becomes_0_and_1(self):
        """However rare one of them is; to a power of two."""
        for n in (1, 100, 199):
            first = np.arange(N) < n
            data = np.column_stack([X[:, 0], np.where(first, 3.0, 7.0), np.where(first, 255, 0.0)])
            scaling = find(data)
            assert_array_equal(scaling.center[1:], [3, 0])
            assert_array_equal(scaling.scale[1:], [4, 256])

    def test_a_third_value_counts_if_it_has_weight(self):
        values = column(3, 7, 7, 7, 5)
        assert_array_equal(find(values, np.array([1.0, 1, 1, 1, 0]))[:2], [[3], [4]])
        assert_allclose(find(values, np.ones(5))[:2], [[5.8], [2]])

    def test_a_third_value_counts_however_rare_it_is(self):
        values = column(*[0] * 500, *[100] * 499, 50)
        assert_allclose(find(values)[:2], [[49.95], [64]])

    def test_a_constant_feature_that_is_large_becomes_zero(self):
        data = np.column_stack([X[:, 0], np.full(N, 5.1), np.full(N, -1e9), np.full(N, 0.1)])
        scaling = find(data)
        assert_allclose(scaling.center[1:], [5.1, -1e9, 0], rtol=1e-15)
        assert_array_equal(scaling.scale[1:], [4, 2**30, 1])
        scaling.apply(data)
        assert_allclose(data[:, 1:3], 0, atol=1e-7)
        assert_array_equal(data[:, 3], 0.1)

    def test_no_value_of_the_bulk_is_much_further_away_than_20(self):
        """One row of ten thousand would be a hundred standard deviations away."""
        tail = 2.0 ** np.arange(14)  # no gap between the bulk and the furthest
        data = np.r_[np.random.default_rng(0).normal(size=9986), tail][:, None]
        scaling = find(data)
        scaling.apply(data)
        assert 20 / 2**0.5 <= data.max() <= 20 * 2**0.5

    @pytest.mark.parametrize("factor", [0.11, 1.0, 2.9])
    def test_features_in_scale_are_left_alone(self, factor):
        signs = np.where(np.arange(N) % 2, 1.0, -1.0)
        assert find(np.column_stack([factor * signs, 0 * signs])) is None

    @pytest.mark.parametrize(
        ("factor", "alone"), [(0.2, False), (0.6, True), (1.9, True), (2.5, False)]
    )
    def test_beside_features_out_of_scale_those_that_are_standardised_are(self, factor, alone):
        normal = StandardScaler().fit_transform(RNG.normal(size=(N, 2)))
        scaling = find(normal * [factor, 1000])
        assert (scaling.scale[0] == 1 and scaling.center[0] == 0) == alone
        assert scaling.scale[1] > 500

    @pytest.mark.parametrize("factor", [1e-6, 0.09, 3.1, 1e6])
    def test_features_out_of_scale_are_brought_to_it_whatever_stands_beside_them(self, factor):
        normal = StandardScaler().fit_transform(RNG.normal(size=(N, 3)))
        data = normal * [factor, 0.01, 1.0]
        find(data).apply(data)
        assert_allclose(np.log2(data.std(axis=0)), 0, atol=0.501)
        assert_array_equal(data[:, 2], normal[:, 2])

    @pytest.mark.parametrize("center", [1.0, 2.5, 3.5, -1000.0])
    @pytest.mark.parametrize("spread", [0.001, 0.01, 0.4])
    def test_far_from_zero_is_out_of_scale_too(self, center, spread):
        data = center + spread * RNG.normal(size=(N, 1))
        scaling = find(data)
        assert_center(scaling, data.mean())
        assert abs(np.log2(scaling.scale / data.std())) <= 0.501

    @pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), MinMaxScaler((-1, 1))])
    def test_what_a_scaler_has_produced_is_left_alone(self, scaler):
        """Outliers do not change that: the scaler has seen them too."""
        data = np.column_stack([X, RNG.standard_cauchy(N)])
        assert find(scaler.fit_transform(data)) is None

    @pytest.mark.parametrize("factor", [1 / 255, 1 / 100])
    def test_pixels_are_scaled_together(self, factor):
        """A pixel at the border is hardly ever lit, and not by much."""
        rng = np.random.default_rng(0)
        pixels = rng.integers(0, 256, (N, 4)) * (rng.random((N, 4)) < [0.9, 0.5, 0.05, 0.02])
        pixels[:, 3] //= 10
        assert find(pixels * factor) is None
        assert (find(pixels * 1.0).center > 0).all()

    @pytest.mark.parametrize("dtype", [np.uint8, np.float64])
    def test_many_pixels_with_one_unit_are_scaled_by_one_number(self, dtype):
        """So raw images are learned as images divided by 255 are, and a dim pixel stays dim."""
        rng = np.random.default_rng(0)
        pixels = (rng.integers(0, 256, (N, 110)) * (rng.random((N, 110)) < 0.5)).astype(dtype)
        pixels[:, -20:] //= 10
        scaling = find(pixels)
        assert_array_equal(scaling.scale, 256)
        assert_array_equal(scaling.center, 0)
        assert (find(pixels[:, :60]).center > 0).all()  # each by its standard deviation

    def test_many_counts_with_units_of_their_own_are_scaled_one_by_one(self):
        units = 4.0 ** np.arange(10).repeat(11)
        counts = np.random.default_rng(0).poisson(1, (N, 110)) * units
        scaling = find(counts)
        assert len({*scaling.scale}) == 10
        assert (scaling.center[units > 4] > 0).all()

    def test_a_sparse_feature_that_is_much_smaller_than_the_others_is_scaled(self):
        counts = RNG.integers(0, 4, (N, 3)) * [1, 1, 1e-4]
        scaling = find(counts)
        assert_array_equal(scaling.scale[:2], 1)
        assert scaling.scale[2] < 1e-3

    def test_indicators_are_left_alone_beside_all_else(self):
        data = np.column_stack([1e3 * X[:, 4], np.arange(N) < 2, np.arange(N) < 150])
        scaling = find(data)
        assert_array_equal(scaling.center[1:], 0)
        assert_array_equal(scaling.scale[1:], 1)

    @sizes
    @pytest.mark.parametrize("dtype", [np.uint8, np.int64])
    def test_whole_numbers_count_like_floats(self, dtype, size):
        data = RNG.integers(0, 250, (N, 3)).astype(dtype)
        data[:, 1] = np.arange(N) < 1
        assert_close(find(data, size=size), find(data.astype(float)))

    @sizes
    @pytest.mark.parametrize("n", [1, 100])
    def test_booleans_stay_as_they_are(self, n, size):
        """A feature that is hardly ever true is out of scale, but has two values."""
        center, scale, _ = find(np.arange(N)[:, None] < n, size=size) or ([0], [1], None)
        assert_array_equal(center, [0])
        assert_array_equal(scale, [1])

    @pytest.mark.parametrize("source", [np.float32, np.float64])
    def test_it_is_of_the_networks_dtype_and_computed_in_float64(self, source):
        data = X.astype(source)
        scaling = find(data, dtype=np.float32)
        assert {scaling.center.dtype, scaling.scale.dtype} == {np.dtype(np.float32)}
        expected = find(data.astype(np.float64))
        assert_array_equal(scaling.center, expected.center.astype(np.float32))
        assert_array_equal(scaling.scale, expected.scale)

    @pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e36), (np.float64, 1e305)])
    def test_large_and_small_numbers_side_by_side_are_scaled(self, dtype, size):
        normal = RNG.normal(size=(N, 2))
        data = (normal * [size, 1 / size]).astype(dtype)
        data -= data.mean(axis=0)
        scaling = find(data, dtype=dtype)
        scaling.apply(data)
        assert_allclose(np.log2(data.std(axis=0)), 0, atol=0.6)

    @pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e-42), (np.float64, 1e-318)])
    def test_features_that_are_too_small_to_be_scaled_are_left_alone(self, dtype, size):
        data = (1e3 * X[:, [4, 4]] * [1, size / 1e3]).astype(dtype)
        assert find(data, dtype=dtype).scale[1] == 1

    def test_the_data_are_left_as_they_are(self):
        data, w = X.copy(), WEIGHTS.copy()
        data.flags.writeable = w.flags.writeable = False
        assert find(data, w) is not None
        assert_array_equal(data, X)


class TestWildValues:
    """The scale is that of the bulk, whatever a few cells or a code for missing values say."""

    BULK = 50 + 20 * np.random.default_rng(3).normal(size=1000)

    @pytest.mark.parametrize("wild", [1e4, -9999.0, 1e12, 1e300])
    @pytest.mark.parametrize("share", [0.001, 0.05, 0.3, 0.7])
    @pytest.mark.parametrize("w", [None, np.linspace(0, 2, 1000)], ids=["unweighted", "weighted"])
    def test_the_scale_is_that_of_the_others(self, wild, share, w):
        data = self.BULK.copy()
        data[-int(1000 * share) :] = wild
        others = data != wild
        expected = find(self.BULK[others][:, None], None if w is None else w[others])
        found = find(data[:, None], w)
        assert_close(found, expected)
        assert (found.limit is not None) == (abs(wild) > 1e6)

    def test_rare_values_are_wild_though_each_is_another(self):
        data = self.BULK.copy()
        data[:15] = np.random.default_rng(0).uniform(1e6, 2e6, 15)
        assert_close(find(data[:, None]), find(data[15:, None]))

    def test_a_limit_is_for_values_that_are_very_far_away(self):
        data = np.column_stack([self.BULK, self.BULK])
        data[0] = 1e4, 1e7
        scaling = find(data)
        assert_array_equal(scaling.limit, [np.inf, 1e4])
        scaling.apply(data)
        assert data[0, 0] > 100
        assert data[0, 1] == 1e4

    @pytest.mark.parametrize("share", [0.01, 0.3, 0.9])
    def test_codes_of_categories_are_not_wild(self, share):
        """The singular vectors of text are 0 up to rounding for all levels but a few."""
        rng = np.random.default_rng(0)
        levels = np.r_[np.exp(rng.uniform(-35, -5, 30)) * rng.choice([-1, 1], 30), 2.3929896]
        p = np.r_[np.full(30, (1 - share) / 30), share]
        codes = rng.choice(levels, 3000, p=p)
        scaling = find(np.column_stack([codes, 100 * X[np.arange(3000) % N, 0]]))
        assert_allclose(np.log2(scaling.scale[0] / max(codes.std(), 2.4 / 20)), 0, atol=0.51)

    def test_values_that_are_neither_rare_nor_round_are_not_wild(self):
        """A projection of words that hardly repeat: a tenth of them are far from the others."""
        rng = np.random.default_rng(0)
        words = np.r_[1e-9 * rng.normal(size=270), rng.normal(2, 0.1, 30)]
        scaling = find(np.column_stack([words, 100 * X[np.arange(300) % N, 0]]))
        assert scaling.scale[0] > 0.2

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("unit", [1, 0.1, 0.02, 250])
    def test_rounded_measurements_may_have_wild_values(self, unit, dtype):
        data = (unit * np.random.default_rng(0).integers(300, 340, 1000)).astype(dtype)
        expected = find(data[7:, None].copy())
        data[:7] = -99999
        assert_close(find(data[:, None]), expected)

    def test_heavy_tails_are_not_wild(self):
        tails = np.random.default_rng(0).lognormal(sigma=2, size=1000)
        scaling, scaler = find(tails[:, None]), StandardScaler().fit(tails[:, None])
        assert_allclose(scaling.center, scaler.mean_)

    def test_a_wild_value_beside_a_small_bulk_is_seen_though_moments_look_in_scale(self):
        data = np.r_[0.01 * self.BULK / 20, 5.0][:, None]
        assert find(data).scale[0] < 0.02

    def test_many_rows_are_looked_at_in_a_sample_and_gaps_in_all(self):
        data = np.random.default_rng(0).normal(100, 30, 50_000)
        data[17] = 1e6
        assert_close(find(data[:, None]), find(np.delete(data, 17)[:, None]))


class TestFormerScaling:
    def test_it_is_of_all_features_or_of_none(self):
        center, scale, limit = former_scaling(X, None, 50, np.float64)
        scaler = StandardScaler().fit(X)
        assert_allclose(center, scaler.mean_, rtol=1e-12)
        assert (np.abs(np.log2(scale / scaler.scale_)) <= 0.5 + 1e-9).all()
        assert limit is None
        assert former_scaling(2.5 + X[:, 4:] / 100, None, 50, np.float64) is None


class TestValidationSetsOnAnotherScale:
    def test_features_that_are_scaled_otherwise_are_found(self):
        Z = StandardScaler().fit_transform(X)
        differs, told = differently_scaled(Z[:100], Z[100:], 50)
        assert not differs.any()
        assert told.all()
        differs, _ = differently_scaled(Z[:100], X[100:], 50)
        assert_array_equal(differs, [True, False, True, True, False])

    def test_indicators_and_constants_tell_nothing(self):
        data = np.column_stack([np.arange(N) % 2, np.ones(N), X[:, 4]])
        _, told = differently_scaled(data, data, 50)
        assert_array_equal(told, [False, False, True])

    def test_indicators_tell_if_they_have_values_far_from_both(self):
        data = np.column_stack([np.arange(N) % 2, np.ones(N), X[:, 4]])
        differs, told = differently_scaled(data, 100 * data, 50)
        assert_array_equal(told, [True, False, True])
        assert_array_equal(differs, told)


@pytest.fixture(params=[("f4", 1), ("f4", 3), ("f8", 1), ("f8", 3)], ids=str)
def scaled(request):
    """A scaling, and the parameters of one or three networks on inputs that are in scale."""
    dtype, members = request.param
    _, params = allocate((5, 4, 2), dtype, members)
    for array in (*params.weights, *params.biases):
        array[...] = RNG.normal(size=array.shape)
    center = RNG.normal(size=5) * [1000, 1, 1e-3, 30, 0]
    return Scaling(center.astype(dtype), np.exp2([9, -1, -12, 4, 0]).astype(dtype)), params, members


def test_sums_in_another_order_give_the_same_bits():
    counts = RNG.integers(1, 9, N)
    order = RNG.permutation(counts.sum())
    data = (X[:, :4] + 3).repeat(counts, axis=0)[order]
    for one, other in zip(find(X[:, :4] + 3, counts * 1.0), find(data), strict=True):
        assert_array_equal(one, other)


class TestFolding:
    def test_the_folded_network_does_on_x_what_the_other_does_on_scaled_x(self, scaled):
        scaling, params, members = scaled
        inputs = RNG.normal(size=(20, 5)) * scaling.scale + scaling.center
        in_scale = (inputs - scaling.center) / scaling.scale
        folded = scaling.fold(params)
        for own, other in zip(
            split_members(params, members), split_members(folded, members), strict=True
        ):
            expected = in_scale @ own.weights[0] + own.biases[0]
            tolerance = 1e-5 if scaling.scale.dtype == np.float32 else 1e-13
            z = inputs @ other.weights[0].astype(float) + other.biases[0]
            assert_allclose(z, expected, rtol=tolerance, atol=tolerance)

    def test_folding_and_unfolding_loses_no_digit_of_a_weight(self, scaled):
        scaling, params, _ = scaled
        again = scaling.unfold(scaling.fold(params))
        assert_array_equal(again.weights[0], params.weights[0])
        assert_allclose(again.biases[0], params.biases[0], rtol=1e-4)
        assert {array.dtype for part in again for array in part} == {scaling.scale.dtype}

    def test_other_layers_are_shared_and_nothing_is_written(self, scaled):
        scaling, params, _ = scaled
        first = params.weights[0].copy(), params.biases[0].copy()
        for other in (scaling.fold(params), scaling.unfold(params)):
            assert other.weights[1] is params.weights[1]
            assert other.biases[1] is params.biases[1]
            assert not np.shares_memory(other.weights[0], params.weights[0])
        assert_array_equal(params.weights[0], first[0])
        assert_array_equal(params.biases[0], first[1])

    def test_applying_writes_over_x(self, scaled):
        scaling, _, _ = scaled
        inputs = RNG.normal(size=(3, 20, 5)).astype(scaling.scale.dtype)
        expected = np.array([(each - scaling.center) / scaling.scale for each in inputs])
        scaling.apply(inputs)
        assert_array_equal(inputs, expected)
