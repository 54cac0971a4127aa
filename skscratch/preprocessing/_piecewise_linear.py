"""Piecewise-linear codes of numbers."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import gen_batches
from sklearn.utils.validation import check_is_fitted

from skscratch._compat import (
    SITE,
    Interval,
    StrOptions,
    check_feature_names_in,
    check_sample_weight,
    fit_context,
)
from skscratch._faults import in_any_target
from skscratch._typing import MatrixLike
from skscratch._warnings import quiet
from skscratch.preprocessing._bins import (
    is_continuous,
    tree_edges,
    tree_targets,
    weighted_quantiles,
)
from skscratch.preprocessing._input import checked_features, checked_targets

__all__ = ["PiecewiseLinearEncoder"]

# Numbers to compute at a time, so that they stay in the cache.
BUFFER = 2**16
# "auto" makes bins for so many rows or more, and so many numeric features or fewer.
LEAST_ROWS, MOST_FEATURES, BINS = 1000, 100, 16
# It makes fewer where the bins of the training rows would be more numbers than this, and none where
# fewer than four bins are left: a gibibyte in float64.
MOST_NUMBERS, FEWEST_BINS = 2**27, 4


class PiecewiseLinearEncoder(TransformerMixin, BaseEstimator):
    """Give each number a column per bin, which rises from 0 to ``scale`` inside the bin.

    The bins of a feature lie between edges that ``fit`` chooses. A value x becomes the columns
    ``scale * clip((x - lower) / (upper - lower), 0, 1)``, one per bin. So the bins below x hold
    ``scale``, those above it hold 0, and its own bin holds a part of ``scale``. A linear function
    of the columns is a continuous function of x that bends at the edges. So a network learns
    functions with sharp bends sooner.

    Features with one or two distinct values are left as they are.

    Parameters
    ----------
    n_bins : int or 'auto', default='auto'
        Largest number of bins of a feature. Fewer bins result where values repeat. 1 makes no bins:
        x stays as it is, except for missing values. 'auto' means 16 for 1000 rows or more, and 1
        for fewer, because bins made networks on smaller tables overfit. 'auto' is 1 as well if
        more than 100 features have three distinct values or more. The pixels of an image are such
        features: a threshold of a single one says little, and the columns of all bins take time.
        The bins of the training rows are at most 2²⁷ numbers, a gibibyte in float64: for half a
        million rows of 50 features, 'auto' means 5.
    strategy : {'tree', 'quantile', 'uniform'}, default='tree'
        How the inner edges are chosen. The outer edges are the smallest and the largest value.

        - 'tree': the thresholds of a decision tree that predicts y from the feature alone, with
          three quarters of the bins at most. The bins are narrow where y changes. Then the bins
          with most rows are halved until there are ``n_bins``, because a tree does not see what a
          feature does together with others. A bin holds at least 8 rows, and 1/200 of them. Needs
          y.
        - 'quantile': each bin holds equally many rows. Needs no y.
        - 'uniform': all bins are equally wide. Needs no y.
    target_type : {'auto', 'classes', 'continuous'}, default='auto'
        What y holds, for the trees: classes, or numbers whose size counts. 'auto' means
        'continuous' for numbers that have fractions or more than 50 distinct values in a column,
        because prices and counts are often whole. Everything else is classes.
    keep_input : bool, default=True
        Whether x itself stays, before its bins. The bins are constant beyond the outer edges, and x
        is not. A feature that has a single bin is then x alone. With False, the bins replace x.
    scale : float, default=0.5
        Factor of the bins' columns, but not of x. With 0.5, the columns range from 0 to 0.5, so the
        bins count for less beside x than with 1, and networks overfit less. The estimators leave
        columns that range from 0 to 0.25, 0.5 or 1 as they are. They would undo other factors:
        those need ``standardize=False`` in the estimator, and a ``StandardScaler`` before the
        encoder. In regression, networks overfit less with 0.25.
    handle_missing : {'indicator', 'passthrough'}, default='indicator'
        How NaN is encoded.

        - 'indicator': 0 in the bins, and the median of the training rows in x. If the feature had
          NaN in ``fit``, a last column holds 1 for NaN and 0 for all else. If it had not, there is
          no such column, and NaN is encoded as the median. A feature that had nothing but NaN in
          ``fit`` becomes a column of zeros and the indicator.
        - 'passthrough': NaN, in each column of the feature.
    subsample : int or None, default=20000
        Number of rows, drawn at random, that the trees are fitted on. None means all rows. The
        edges of more rows are hardly better, and take longer. Medians, quantiles and outer edges
        are those of all rows.
    random_state : int, RandomState instance or None, default=None
        Random number generator that draws ``subsample`` rows. It has no effect on fewer rows. None
        uses fresh entropy, and never NumPy's global random state.

    Attributes
    ----------
    n_bins_ : int
        The largest number of bins; 1 if 'auto' makes no bins.
    bin_edges_ : list of ndarray of shape (n_bins + 1,)
        The edges of each feature's bins, in increasing order. Empty for a feature without bins.
    medians_ : ndarray of shape (`n_features_in_`,)
        The median of each feature, 0 for a feature of nothing but NaN.
    missing_features_ : ndarray of int
        Indices of the features that had NaN in ``fit``.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had names that are strings.

    See Also
    --------
    sklearn.preprocessing.KBinsDiscretizer : Zeros and ones: what is left of x is the bin.
    sklearn.preprocessing.SplineTransformer : With ``degree=1``, hats that span the same functions.

    Notes
    -----
    The output is dense. On average, about half of its entries are not zero, so a sparse matrix
    would need more memory.

    Widths of bins, weights and missing values are handled in float64, whatever the dtype of X.

    References
    ----------
    Y. Gorishniy, I. Rubachev and A. Babenko (2022). On embeddings for numerical features in tabular
    deep learning.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.preprocessing import PiecewiseLinearEncoder
    >>> encoder = PiecewiseLinearEncoder(n_bins=2, strategy="quantile", scale=1)
    >>> encoder.fit([[0.0], [1.0], [2.0], [4.0], [10.0]]).bin_edges_
    [array([ 0.,  2., 10.])]
    >>> encoder.transform([[1.0], [4.0], [12.0]])
    array([[ 1.  ,  0.5 ,  0.  ],
           [ 4.  ,  1.  ,  0.25],
           [12.  ,  1.  ,  1.  ]])
    >>> encoder.get_feature_names_out(["age"])
    array(['age', 'age_bin0', 'age_bin1'], dtype=object)
    """

    _doc_link_module = "skscratch"
    _doc_link_template = SITE + "api/generated/skscratch.preprocessing.{estimator_name}.html"
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_bins": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "strategy": [StrOptions({"tree", "quantile", "uniform"})],
        "target_type": [StrOptions({"auto", "continuous", "classes"})],
        "keep_input": ["boolean"],
        "scale": [Interval(Real, 0, None, closed="neither")],
        "handle_missing": [StrOptions({"indicator", "passthrough"})],
        "subsample": [Interval(Integral, 1, None, closed="left"), None],
        "random_state": ["random_state"],
    }

    # the fitted attributes, for editors and type checkers
    n_bins_: int
    bin_edges_: list[NDArray[np.float64]]
    medians_: NDArray[np.float64]
    missing_features_: NDArray[np.intp]
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
    _columns: dict[str, NDArray[Any]]

    def __init__(
        self,
        n_bins: int | Literal["auto"] = "auto",
        *,
        strategy: Literal["tree", "quantile", "uniform"] = "tree",
        target_type: Literal["auto", "continuous", "classes"] = "auto",
        keep_input: bool = True,
        scale: float = 0.5,
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
        """Choose the edges of the bins.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data. Values must be finite or NaN.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Targets, which ``strategy='tree'`` needs and the other strategies ignore: numbers,
            labels, or several columns of them. Columns of numbers count alike, whatever their unit.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; none may be negative, and one must be positive. A sample of
            weight 0 counts as absent. Whole weights count as repetitions of the sample.

        Returns
        -------
        self : PiecewiseLinearEncoder
            The fitted encoder.

        Raises
        ------
        ValueError
            If an argument or a parameter is not as described, if a column of X holds dates, time
            spans or times of day, if ``strategy='tree'`` gets no y, or if the range of a feature
            exceeds the largest float.
        TypeError
            If X is a lazy table of polars.

        Examples
        --------
        >>> from skscratch.preprocessing import PiecewiseLinearEncoder
        >>> X, y = [[float(i)] for i in range(40)], [0] * 10 + [1] * 30
        >>> PiecewiseLinearEncoder(n_bins=2).fit(X, y).bin_edges_
        [array([ 0. ,  9.5, 39. ])]
        """
        X, y, w = self._checked(X, y, sample_weight)
        self.n_bins_ = self._most_bins(X)
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
        self._columns = self._layout(missing.any(axis=0), missing.all(axis=0))
        return self

    def transform(self, X: MatrixLike) -> NDArray[np.floating[Any]]:
        """Encode rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The samples, with the features of ``fit``. Values must be finite or NaN.

        Returns
        -------
        coded : ndarray of shape (n_samples, n_features_out)
            A new array: float32 for an X of float32, and float64 otherwise. ``set_output`` makes it
            a table.

        Raises
        ------
        NotFittedError
            If the encoder is not fitted.
        ValueError
            If X is not as described, holds dates, time spans or times of day, or does not have the
            features of ``fit``.
        TypeError
            If X is a lazy table of polars.

        Examples
        --------
        >>> from skscratch.preprocessing import PiecewiseLinearEncoder
        >>> encoder = PiecewiseLinearEncoder(2, strategy="uniform", keep_input=False)
        >>> encoder.fit([[0.0], [1.0], [4.0]]).transform([[-1.0], [1.0], [3.0]])
        array([[0.  , 0.  ],
               [0.25, 0.  ],
               [0.5 , 0.25]])
        """
        check_is_fitted(self)
        X = checked_features(self, X, reset=False)
        c = self._columns
        coded = np.empty((len(X), len(c["feature"])), X.dtype)
        with quiet():
            for rows in gen_batches(len(X), max(1, BUFFER // coded.shape[1])):
                coded[rows] = _coded(X[rows].astype(np.float64), **c)
        return coded

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the features of ``fit``. By default those of the table, or x0, x1 and so on.

        Returns
        -------
        names : ndarray of str
            For a feature ``age``: ``age``, ``age_bin0``, ``age_bin1`` and so on, ``age_missing``.

        Raises
        ------
        NotFittedError
            If the encoder is not fitted.
        ValueError
            If the names do not fit the features, or if two columns would have one name.

        Examples
        --------
        >>> from skscratch.preprocessing import PiecewiseLinearEncoder
        >>> encoder = PiecewiseLinearEncoder(n_bins=2, strategy="uniform")
        >>> encoder.fit([[0.0], [1.0], [4.0], [float("nan")]]).get_feature_names_out()
        array(['x0', 'x0_bin0', 'x0_bin1', 'x0_missing'], dtype=object)
        """
        check_is_fitted(self)
        names = check_feature_names_in(self, input_features)
        columns = zip(self._columns["feature"], self._columns["suffix"], strict=True)
        of_columns: dict[str, Any] = {}
        for j, suffix in columns:
            name = f"{names[j]}{suffix}"
            if name in of_columns:
                raise ValueError(
                    f"The features {of_columns[name]!r} and {names[j]!r} both have a column "
                    f"{name!r}. Rename one of them."
                )
            of_columns[name] = names[j]
        return np.array([*of_columns], dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.required = self.strategy == "tree"
        tags.target_tags.two_d_labels = tags.target_tags.multi_output = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _checked(self, X: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        """Return X, y and the weights as arrays, without the rows of weight 0."""
        X = checked_features(self, X, reset=True)
        w = None if sample_weight is None else check_sample_weight(sample_weight, X, np.float64)
        if self.strategy != "tree":
            y = None
        elif y is None:
            raise ValueError(
                f"{type(self).__name__}(strategy='tree') requires y to be passed, but the target y "
                "is None. Pass y to fit, or set strategy='quantile', which needs no y."
            )
        else:
            y = checked_targets(self, y, X)
        if w is not None and not w.all():
            counts = w > 0
            X, y, w = X[counts], None if y is None else y[counts], w[counts]
        return X, y, w

    def _most_bins(self, X: Any) -> int:
        """Return the largest number of bins: this resolves "auto"."""
        if self.n_bins != "auto":
            return int(self.n_bins)
        if len(X) < LEAST_ROWS:
            return 1
        n_numeric = sum(not _is_two_valued(x[~np.isnan(x)]) for x in X.T)
        if n_numeric > MOST_FEATURES:
            return 1
        n_bins = min(BINS, MOST_NUMBERS // max(1, len(X) * n_numeric))
        return n_bins if n_bins >= FEWEST_BINS else 1

    def _for_trees(self, n: int, y: Any, w: Any) -> tuple[Any, Any, bool]:
        """Return the rows that trees see, their targets, and whether these are continuous."""
        if y is None or self.n_bins_ == 1:
            return np.empty(0, int), None, False
        sample = np.arange(n)
        if self.subsample is not None and n > self.subsample:
            seed = self.random_state
            if isinstance(seed, np.random.RandomState):
                seed = seed.randint(2**31)
            rng = np.random.default_rng(seed)
            sample = np.sort(rng.choice(n, self.subsample, replace=False))
        continuous = self.target_type == "continuous"
        if self.target_type == "auto":
            continuous = is_continuous(y)
        try:
            targets = tree_targets(y[sample], None if w is None else w[sample], continuous)
        except TypeError as error:  # labels that cannot be compared
            raise ValueError(f"y: {error}.{in_any_target(y)}") from error
        return sample, targets, continuous

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
        if self.n_bins_ == 1 or _is_two_valued(values):
            return np.empty(0), median
        if not np.isfinite(high - low):
            raise ValueError(
                f"Feature {j} of X ranges from {low:g} to {high:g}, which is too wide for float64."
            )
        if self.strategy == "uniform":
            inner = np.linspace(low, high, self.n_bins_ + 1)
        elif self.strategy == "quantile":
            inner = weighted_quantiles(values, weights, np.arange(1, self.n_bins_) / self.n_bins_)
        else:
            seen = known[sample]
            rows = sample[seen]
            weights = None if w is None else w[rows]
            inner = tree_edges(x[rows], targets[seen], weights, self.n_bins_, continuous)
        return np.unique(np.r_[low, inner, high]), median

    def _layout(self, had_missing: Any, is_empty: Any) -> dict[str, NDArray[Any]]:
        """Return the arguments of ``_coded``, and what the names of the columns end in."""
        marks = self.handle_missing == "indicator"
        columns = []
        for j, (edges, median) in enumerate(zip(self.bin_edges_, self.medians_, strict=True)):
            bins = [*zip(edges[:-1], np.diff(edges), strict=True)]
            is_marked = marks and had_missing[j]
            if self.keep_input or not bins:
                bound = 0.0 if marks and is_empty[j] else np.inf
                fill = median if marks else np.nan
                columns.append((j, "", 0.0, 1.0, -bound, bound, 1.0, fill))
            if self.keep_input and len(bins) == 1:
                bins = []  # the code would be x again
            for k, (lower, width) in enumerate(bins):
                code = 0.0 if is_marked else self.scale * np.clip((median - lower) / width, 0, 1)
                fill = code if marks else np.nan
                columns.append((j, f"_bin{k}", lower, width, 0.0, 1.0, self.scale, fill))
            if is_marked:
                columns.append((j, "_missing", 0.0, 1.0, 0.0, 0.0, 1.0, 1.0))
        names = ("feature", "suffix", "lower", "width", "low", "high", "scale", "missing")
        parts = zip(names, zip(*columns, strict=True), strict=True)
        return {name: np.array(part) for name, part in parts}


def _is_two_valued(values: Any) -> bool:
    """Return whether there are at most two distinct values."""
    return not len(values) or bool(((values == values.min()) | (values == values.max())).all())


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
