"""Piecewise-linear codes of numbers."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_consistent_length, gen_batches
from sklearn.utils.validation import check_is_fitted, validate_data

from skscratch._compat import (
    Interval,
    StrOptions,
    check_feature_names_in,
    check_sample_weight,
    check_y,
    fit_context,
)
from skscratch._typing import MatrixLike
from skscratch._warnings import quiet
from skscratch.preprocessing._bins import (
    is_continuous,
    tree_edges,
    tree_targets,
    weighted_quantiles,
)

__all__ = ["PiecewiseLinearEncoder"]

FLOATS: list[Any] = [np.float64, np.float32]
# Numbers to compute at a time, so that they stay in the cache.
BUFFER = 2**16


class PiecewiseLinearEncoder(TransformerMixin, BaseEstimator):
    """TODO"""

    _doc_link_module = "skscratch"
    _doc_link_template = (
        "https://skscratch.readthedocs.io/en/stable/"
        "api/generated/skscratch.preprocessing.{estimator_name}.html"
    )
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_bins": [Interval(Integral, 2, None, closed="left")],
        "strategy": [StrOptions({"tree", "quantile", "uniform"})],
        "target_type": [StrOptions({"auto", "continuous", "classes"})],
        "keep_input": ["boolean"],
        "scale": [Interval(Real, 0, None, closed="neither")],
        "handle_missing": [StrOptions({"indicator", "passthrough"})],
        "subsample": [Interval(Integral, 1, None, closed="left"), None],
        "random_state": ["random_state"],
    }

    # the fitted attributes, for editors and type checkers
    bin_edges_: list[NDArray[np.float64]]
    medians_: NDArray[np.float64]
    missing_features_: NDArray[np.intp]
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
    _columns: dict[str, NDArray[Any]]

    def __init__(
        self,
        n_bins: int = 16,
        *,
        strategy: Literal["tree", "quantile", "uniform"] = "tree",
        target_type: Literal["auto", "continuous", "classes"] = "auto",
        keep_input: bool = True,
        scale: float = 1.0,
        handle_missing: Literal["indicator", "passthrough"] = "indicator",
        subsample: int | None = 20_000,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        """Store the parameters as they are. ``fit`` checks their values."""
        self.n_bins = n_bins
        self.strategy = strategy
        self.target_type = target_type
        self.keep_input = keep_input
        self.scale = scale
        self.handle_missing = handle_missing
        self.subsample = subsample
        self.random_state = random_state

    @fit_context
    def fit(
        self, X: MatrixLike, y: MatrixLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """TODO"""
        X, y, w = self._checked(X, y, sample_weight)
        with quiet():
            sample, targets, continuous = self._for_trees(len(X), y, w)
            found = [
                self._fitted(j, X[:, j].astype(np.float64), w, sample, targets, continuous)
                for j in range(X.shape[1])
            ]
            missing = np.isnan(X)
        self.bin_edges_ = [edges for edges, _ in found]
        self.medians_ = np.array([median for _, median in found])
        self.missing_features_ = np.flatnonzero(missing.any(axis=0))
        empty = missing.all(axis=0) & (self.handle_missing == "indicator")
        self._columns = self._layout(np.flatnonzero(empty))
        return self

    def transform(self, X: MatrixLike) -> NDArray[np.floating[Any]]:
        """TODO"""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=FLOATS, ensure_all_finite="allow-nan", reset=False)
        c = self._columns
        coded = np.empty((len(X), len(c["feature"])), X.dtype)
        with quiet():
            for rows in gen_batches(len(X), max(1, BUFFER // coded.shape[1])):
                coded[rows] = _coded(X[rows].astype(np.float64), **c)
        return coded

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """TODO"""
        check_is_fitted(self)
        names = check_feature_names_in(self, input_features)
        columns = zip(self._columns["feature"], self._columns["suffix"], strict=True)
        return np.array([f"{names[j]}{suffix}" for j, suffix in columns], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.required = self.strategy == "tree"
        tags.target_tags.two_d_labels = tags.target_tags.multi_output = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _checked(self, X: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        """Return X, y and the weights as arrays, without the rows of weight 0."""
        X = validate_data(self, X, dtype=FLOATS, ensure_all_finite="allow-nan")
        w = None if sample_weight is None else check_sample_weight(sample_weight, X, np.float64)
        if self.strategy != "tree":
            y = None
        elif y is None:
            raise ValueError(
                f"{type(self).__name__}(strategy='tree') requires y to be passed, but the target y "
                "is None. Pass y to fit, or set strategy='quantile', which needs no y."
            )
        else:
            y = check_y(y, multi_output=True, estimator=self)
            check_consistent_length(X, y)
        if w is not None and not w.all():
            counts = w > 0
            X, y, w = X[counts], None if y is None else y[counts], w[counts]
        return X, y, w

    def _for_trees(self, n: int, y: Any, w: Any) -> tuple[Any, Any, bool]:
        """Return the rows that trees see, their targets, and whether these are continuous."""
        if y is None:
            return np.empty(0, int), None, False
        sample = np.arange(n)
        if self.subsample is not None and n > self.subsample:
            seed = self.random_state
            if isinstance(seed, np.random.RandomState):
                seed = seed.randint(2**31)
            rng = np.random.default_rng(seed)
            sample = np.sort(rng.choice(n, self.subsample, replace=False))
        continuous = (
            is_continuous(y) if self.target_type == "auto" else self.target_type == ("continuous")
        )
        return (
            sample,
            tree_targets(y[sample], None if w is None else w[sample], continuous),
            (continuous),
        )

    def _fitted(
        self, j: int, x: Any, w: Any, sample: Any, targets: Any, continuous: bool
    ) -> tuple[NDArray[Any], float]:
        """Return the edges of a feature's bins, none if it has no code, and its median."""
        known = ~np.isnan(x)
        values, weights = x[known], None if w is None else w[known]
        if not len(values):
            return np.empty(0), 0.0
        median = float(weighted_quantiles(values, weights, 0.5))
        low, high = values.min(), values.max()
        if ((values == low) | (values == high)).all():
            return np.empty(0), median
        if not np.isfinite(high - low):
            raise ValueError(
                f"Feature {j} of X ranges from {low:g} to {high:g}, which is too wide for float64."
            )
        if self.strategy == "uniform":
            inner = np.linspace(low, high, self.n_bins + 1)
        elif self.strategy == "quantile":
            inner = weighted_quantiles(values, weights, np.arange(1, self.n_bins) / self.n_bins)
        else:
            seen = known[sample]
            rows = sample[seen]
            weights = None if w is None else w[rows]
            inner = tree_edges(x[rows], targets[seen], weights, self.n_bins, continuous)
        return np.unique(np.r_[low, inner, high]), median

    def _layout(self, empty: Any) -> dict[str, NDArray[Any]]:
        """Return the numbers that make the columns of the output, and what their names end in.

        Without a missing value, a column is ``scale · clip((x - lower) / width, low, high)``.
        """
        marks = self.handle_missing == "indicator"
        columns = []
        for j, (edges, median) in enumerate(zip(self.bin_edges_, self.medians_, strict=True)):
            bins = [*zip(edges[:-1], np.diff(edges), strict=True)]
            had_missing = marks and j in self.missing_features_
            if self.keep_input or not bins:
                bound = 0.0 if j in empty else np.inf
                fill = median if marks else np.nan
                columns.append((j, "", 0.0, 1.0, -bound, bound, 1.0, fill))
            if self.keep_input and len(bins) == 1:
                bins = []  # the code would be x again
            for k, (lower, width) in enumerate(bins):
                code = 0.0 if had_missing else self.scale * np.clip((median - lower) / width, 0, 1)
                fill = code if marks else np.nan
                columns.append((j, f"_bin{k}", lower, width, 0.0, 1.0, self.scale, fill))
            if had_missing:
                columns.append((j, "_missing", 0.0, 1.0, 0.0, 0.0, 1.0, 1.0))
        names = ("feature", "suffix", "lower", "width", "low", "high", "scale", "missing")
        return {name: np.array(part) for name, part in zip(names, zip(*columns), strict=True)}


def _coded(
    X: Any, feature: Any, suffix: Any, lower: Any, width: Any, low: Any, high: Any, scale: Any,
    missing: Any,
) -> Any:  # fmt: skip
    """Return the columns of the output: ``scale · clip((x - lower) / width, low, high)``.

    ``missing`` takes the place of NaN.
    """
    z = np.take(X, feature, axis=1)
    z -= lower
    z /= width
    np.maximum(z, low, out=z)
    np.minimum(z, high, out=z)
    z *= scale
    absent = np.isnan(X)
    if absent.any():
        np.copyto(z, missing, where=absent[:, feature])
    return z
