"""Edges of bins, against counts by hand, NumPy's quantiles and a search over all splits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from skscratch.preprocessing import PiecewiseLinearEncoder
from skscratch.preprocessing._bins import is_continuous, tree_targets, weighted_quantiles

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3)).round(2)
Q = np.arange(1, 16) / 16


def encoder_of(n_bins=16, *, scale=1.0, **params):
    """Return an encoder that makes bins of few rows, too."""
    return PiecewiseLinearEncoder(n_bins, scale=scale, **params)


def edges(X, y=None, w=None, **params):
    return encoder_of(**params).fit(X, y, w).bin_edges_


class TestQuantiles:
    @pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 300])
    def test_without_weights_they_are_those_of_numpy(self, n):
        x = X[:n, 0]
        expected = np.quantile(x, Q, method="averaged_inverted_cdf")
        assert_allclose(weighted_quantiles(x, None, Q), expected, rtol=1e-15)
        assert_allclose(weighted_quantiles(x, None, 0.5), np.median(x), rtol=1e-15)

    @pytest.mark.parametrize("unit", [1, 0.1, 1e-9, 7e5])
    def test_a_weight_is_a_number_of_repetitions(self, unit):
        w = RNG.integers(1, 5, 300)
        expected = np.quantile(np.repeat(X[:, 0], w), Q, method="averaged_inverted_cdf")
        assert_allclose(weighted_quantiles(X[:, 0], float(unit) * w, Q), expected, rtol=1e-15)

    def test_edges_are_quantiles_between_the_extremes(self):
        (found,) = edges(np.arange(9.0)[:, None], strategy="quantile", n_bins=4)
        assert_array_equal(found, [0, 2, 4, 6, 8])

    def test_repeated_values_merge_bins(self):
        x = np.r_[np.zeros(60), 1.0, 2.0, np.arange(3.0, 41.0)]
        (found,) = edges(x[:, None], strategy="quantile", n_bins=4)
        assert_array_equal(found, [0, 15.5, 40])


def test_uniform_edges():
    (found,) = edges([[-1.0], [0.0], [7.0]], strategy="uniform", n_bins=4)
    assert_array_equal(found, [-1, 1, 3, 5, 7])


def best_split(x, y, impurity):
    """Return the midpoint that leaves the least impurity, with 8 rows at least on each side."""
    order = np.argsort(x)
    x, y = x[order], y[order]
    costs = {
        (x[i - 1] + x[i]) / 2: i * impurity(y[:i]) + (len(x) - i) * impurity(y[i:])
        for i in range(8, len(x) - 7)
        if x[i - 1] < x[i]
    }
    return min(costs, key=costs.get)


def gini(y):
    return 1 - sum(np.mean(y == label) ** 2 for label in set(y.tolist()))


class TestTrees:
    def test_edges_lie_where_the_classes_change(self):
        x, y = np.arange(60.0), np.repeat(["a", "b", "a", "c"], [10, 20, 20, 10])
        (found,) = edges(x[:, None], y)
        assert {0, 9.5, 29.5, 49.5, 59} <= {*found}

    @pytest.mark.parametrize(
        ("y", "impurity"),
        [
            (np.where(X[:, 0] + RNG.normal(size=300) > 0.3, "yes", "no"), gini),
            (X[:, 0] ** 3 + RNG.normal(size=300), np.var),
        ],
        ids=["classes", "numbers"],
    )
    def test_the_first_edge_is_the_best_of_all(self, y, impurity):
        (found,) = edges(X[:, :1], y, n_bins=2)
        assert_allclose(found[1], best_split(X[:, 0], y, impurity), rtol=1e-12)

    @pytest.mark.parametrize("n_bins", [2, 5, 16])
    def test_number_and_size_of_bins(self, n_bins):
        y = np.sin(9 * X[:, 0])
        (found,) = edges(X[:, :1], y, n_bins=n_bins)
        counts, _ = np.histogram(X[:, 0], found)
        assert len(counts) == n_bins
        assert counts.min() >= 8

    def test_a_bin_has_a_200th_of_many_rows(self):
        x = np.arange(4000.0)
        (found,) = edges(x[:, None], x % 2 == 0)
        assert np.diff(found).min() >= 19.5

    def test_without_a_split_the_bins_hold_equally_many_rows(self):
        x = np.arange(320.0)
        (found,) = edges(x[:, None], np.ones(320), n_bins=8)
        assert_array_equal(found, [0, *np.arange(39.5, 319, 40), 319])

    def test_bins_that_hold_most_are_halved(self):
        """The tree has one edge. The others halve the larger part, and then the halves."""
        x = np.arange(500.0)
        (found,) = edges(x[:, None], x < 100, n_bins=5)
        assert_array_equal(found, [0, 99.5, 199.5, 299.5, 399.5, 499])

    @pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
    def test_a_frequent_value_is_in_a_bin_that_cannot_be_halved(self, share):
        x = np.r_[np.zeros(round(1000 * share)), np.arange(1.0, 1 + round(1000 * (1 - share)))]
        (found,) = edges(x[:, None], np.ones(1000))
        assert_array_equal(found[:2], [0, 0.5])
        counts, _ = np.histogram(x[x > 0], found[1:])
        assert counts.max() <= 2 * counts.min() + 1

    def test_few_rows_are_not_halved(self):
        (found,) = edges(np.arange(15.0)[:, None], np.ones(15))
        assert_array_equal(found, [0, 14])

    def test_values_that_float32_would_merge(self):
        """A tree computes in float32, where all these time stamps are the same."""
        x = 1.7e9 + np.arange(40) / 4
        (found,) = edges(x[:, None], np.arange(40) >= 17)
        assert 1.7e9 + 4.125 in found

    def test_several_targets_count_alike(self):
        """The unit of a target does not matter."""
        x, y = np.arange(60.0), np.zeros((60, 2))
        y[20:, 0], y[40:, 1] = 1e-200, 1e200
        y += 0.5 * y.max(axis=0)
        (found,) = edges(x[:, None], y, n_bins=4)
        assert {0, 19.5, 39.5, 59} <= {*found}

    def test_multilabel_targets_may_be_sparse(self):
        y = np.column_stack([X[:, 0] > 0.5, X[:, 1] > 0]).astype(int)
        dense, sparse = edges(X, y), edges(X, csr_array(y))
        assert all(map(np.array_equal, dense, sparse))
        above = X[X[:, 0] > 0.5, 0].min()
        below = X[X[:, 0] <= 0.5, 0].max()
        assert np.isclose(dense[0], (above + below) / 2).any()

    def test_without_y_the_error_names_the_ways_out(self):
        with pytest.raises(ValueError, match=r"Pass y to fit, or set strategy='quantile'"):
            encoder_of().fit(X)

    def test_y_of_another_length(self):
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            encoder_of().fit(X, X[:10, 0])


class TestKindOfTarget:
    @pytest.mark.parametrize(
        ("y", "continuous"),
        [
            (np.array([0.5, 1.0]), True),
            (np.arange(51), True),
            (np.arange(50), False),
            (np.arange(50.0), False),
            (np.array(["a"] * 60), False),
            (np.array([True, False]), False),
            (np.column_stack([np.zeros(9), np.arange(9) / 2]), True),
            (np.array(["0.5", 2], dtype=object), False),
        ],
    )
    def test_fractions_and_many_values_are_continuous(self, y, continuous):
        assert is_continuous(y) is continuous

    def test_the_parameter_decides_otherwise(self):
        """Labels 0, 2 and 1: a mean of numbers does not see that the last two differ much."""
        x, y = np.arange(60.0), np.repeat([0, 10, 9], 20)
        assert_array_equal(edges(x[:, None], y, n_bins=2)[0][1], 19.5)
        y = np.repeat([5, 4, 5, 100], 15)
        (as_numbers,) = edges(x[:, None], y, n_bins=2, target_type="continuous")
        assert_array_equal(as_numbers, [0, 44.5, 59])
        (as_classes,) = edges(x[:, None], y, n_bins=6, target_type="classes")
        assert {0, 14.5, 29.5, 44.5, 59} <= {*as_classes}

    def test_numbers_are_standardised_with_their_weights(self):
        y, w = np.array([[1.0, 5.0], [3.0, 5.0], [9.0, 5.0]]), np.array([1.0, 1.0, 0.0])
        assert_allclose(tree_targets(y, w, True)[:2], [[-1, 0], [1, 0]], atol=1e-15)


class TestWeights:
    @pytest.mark.parametrize("strategy", ["tree", "quantile", "uniform"])
    @pytest.mark.parametrize("kind", ["classes", "numbers", "several"])
    def test_whole_weights_are_repetitions_and_zeros_are_absent(self, strategy, kind):
        w = RNG.integers(0, 4, 300)
        w[np.argmax(X[:, 0])] = w[np.argmin(X[:, 1])] = 0  # outer edges change
        total = X[:, 0] + X[:, 1]
        several = np.column_stack([total, np.where(w == 0, 1e3, X[:, 0] * X[:, 1])])
        y = {"classes": total > 0, "numbers": total, "several": several}[kind]
        weighted = encoder_of(strategy=strategy).fit(X, y, w)
        repeated = encoder_of(strategy=strategy).fit(
            np.repeat(X, w, axis=0), np.repeat(y, w, axis=0)
        )
        plain = encoder_of(strategy=strategy).fit(X, y)
        for ours, theirs in zip(weighted.bin_edges_, repeated.bin_edges_, strict=True):
            assert_allclose(ours, theirs, rtol=1e-12)
        assert_allclose(weighted.medians_, repeated.medians_, rtol=1e-12)
        assert not np.array_equal(weighted.bin_edges_[0], plain.bin_edges_[0])

    def test_relative_weights_have_no_unit(self):
        w, y = RNG.random(300), X[:, 0] > 0.1 * X[:, 1]
        for ours, theirs in zip(edges(X, y, w), edges(X, y, w / w.sum()), strict=True):
            assert_allclose(ours, theirs)

    def test_bad_weights(self):
        with pytest.raises(ValueError, match=r"sample_weight|Sample weights"):
            encoder_of(strategy="quantile").fit(X, None, np.zeros(300))


class TestSubsample:
    def test_only_trees_see_a_sample(self):
        y = X[:, 0] > 0
        few = encoder_of(subsample=60, random_state=0).fit(X, y)
        again = encoder_of(subsample=60, random_state=0).fit(X, y)
        other = encoder_of(subsample=60, random_state=1).fit(X, y)
        for ours, same, x in zip(few.bin_edges_, again.bin_edges_, X.T, strict=True):
            assert_array_equal(ours, same)
            assert_array_equal(ours[[0, -1]], [x.min(), x.max()])
        assert any(
            not np.array_equal(*pair) for pair in zip(few.bin_edges_, other.bin_edges_, strict=True)
        )
        assert_array_equal(few.medians_, np.median(X, axis=0))

    def test_no_row_is_drawn_twice(self):
        encoder = encoder_of(subsample=299).fit(X, X[:, 0])
        sample, *_ = encoder._for_trees(300, X[:, 0], None)
        assert len(np.unique(sample)) == 299

    def test_states_of_other_seeds_draw_other_rows(self):
        y = X[:, 0] > 0
        ones, twos = (
            edges(X, y, subsample=60, random_state=np.random.RandomState(seed)) for seed in (1, 2)
        )
        assert not all(map(np.array_equal, ones, twos))

    def test_as_many_rows_as_there_are(self):
        whole = edges(X, X[:, 0] > 0, subsample=300)
        assert all(map(np.array_equal, whole, edges(X, X[:, 0] > 0, subsample=None)))

    def test_a_sample_with_weights_of_zero_draws_from_the_others(self):
        w = np.zeros(300)
        w[:80] = RNG.integers(1, 3, 80)
        y = X[:, 0] > 0
        params = {"subsample": 40, "random_state": np.random.RandomState(3)}
        found = edges(X, y, w, **params)
        params = {"subsample": 40, "random_state": np.random.RandomState(3)}
        assert all(map(np.array_equal, found, edges(X[:80], y[:80], w[:80], **params)))

    def test_a_feature_that_is_missing_in_the_whole_sample(self):
        data = X.copy()
        data[3:, 0] = np.nan
        found = edges(data, X[:, 1] > 0, subsample=5, random_state=0)
        assert_array_equal(found[0], np.sort(X[[0, 1, 2], 0])[[0, 2]])


def test_a_range_that_no_float_holds():
    with pytest.raises(ValueError, match=r"Feature 1 of X ranges from -1e\+308 to 1e\+308"):
        edges([[0, -1e308], [1, 0], [2, 1e308]], strategy="quantile")
