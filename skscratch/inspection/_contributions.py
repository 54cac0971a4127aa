"""Contributions of the columns of X to predictions, and the object that holds them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscratch._typing import MatrixLike
from skscratch._warnings import quiet, warn
from skscratch.estimators._fitted import fitted_network
from skscratch.estimators._prediction import finished_checked
from skscratch.estimators._validation import check_prediction_data, naming
from skscratch.inspection._columns import Table
from skscratch.inspection._gradient import parameters_in_blocks, refuse_overflow, taken_apart
from skscratch.inspection._paths import Lines
from skscratch.inspection._response import choose_response, names_of_outputs
from skscratch.training.threads import blas_threads, largest_product

__all__ = ["Contributions", "contributions"]

# Points on a line at first.
FIRST = 16


@dataclass(frozen=True, eq=False)
class Contributions:
    """What each column contributes to each prediction. ``contributions`` makes this object.

    ``base_values + values.sum(axis=1)`` is the prediction, up to ``gap``. A contribution has the
    unit of the prediction, so contributions of columns with different units can be compared.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_columns) or (n_samples, n_columns, n_outputs)
        The contributions, in float64.
    base_values : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        The mean prediction of the background, the same for every sample.
    data : ndarray of shape (n_samples, n_columns), or sparse matrix
        The samples.
    feature_names : list of str
        Names of the columns.
    output_names : list or None
        Classes, or numbers of targets; None for a single output.
    gap : ndarray of shape (n_samples,) or (n_samples, n_outputs)
        ``base_values + values.sum(axis=1)`` minus the prediction.
    n_nodes : ndarray of shape (n_samples,)
        Number of points on the line from each background row to the sample.

    See Also
    --------
    ContributionsDisplay : The same as a figure.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skscratch import ScratchMLPRegressor
    >>> from skscratch.inspection import contributions
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = ScratchMLPRegressor(random_state=0).fit(X, y)
    >>> explained = contributions(model, X[:5], X[100:200])
    >>> explained.values[0].round(1)
    array([ 3.6, -8.2, 30.1,  7.5,  5.9, -0.7,  6.3, -1.8, 10.7, -7.1])
    >>> base, total = explained.base_values[0], explained.values[0].sum()
    >>> print(f"{base:.0f} + {total:.0f} = {model.predict(X)[0]:.0f}")
    159 + 46 = 205
    >>> explained.feature_names[explained.importance().argmax()]
    'bmi'
    """

    values: NDArray[np.float64]
    base_values: NDArray[np.float64]
    data: Any
    feature_names: list[str]
    output_names: list[Any] | None
    gap: NDArray[np.float64]
    n_nodes: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.values)

    def __getitem__(self, rows: Any) -> Contributions:
        """Return some samples; a single number keeps the axis of samples."""
        if isinstance(rows, Integral):
            rows = [int(rows)]
        names = ("values", "base_values", "data", "gap", "n_nodes")
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    def output(self, name: Any = None) -> Contributions:
        """Return the contributions to one output.

        Parameters
        ----------
        name : object, default=None
            An entry of ``output_names``. None is for a single output.

        Returns
        -------
        contributions : Contributions
            With ``values`` of shape (n_samples, n_columns).

        Raises
        ------
        ValueError
            If there is no such output, or if None stands for several.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skscratch import ScratchMLPClassifier
        >>> from skscratch.inspection import contributions
        >>> X, y = load_iris(return_X_y=True)
        >>> model = ScratchMLPClassifier(random_state=0).fit(X, y)
        >>> explained = contributions(model, X[:5], X[::10])
        >>> explained.values.shape, explained.output(2).values.shape
        ((5, 4, 3), (5, 4))
        """
        if self.output_names is None and name is None:
            return self
        known = self.output_names or []
        if name not in known:
            choice = f"one of {known}" if known else "None, because there is one output"
            raise ValueError(f"The name of the output must be {choice}. Got {name!r}.")
        k = known.index(name)
        one = {part: getattr(self, part)[..., k] for part in ("values", "base_values", "gap")}
        return replace(self, output_names=None, **one)

    def importance(self) -> NDArray[np.float64]:
        """Return the mean absolute contribution of each column, as a share of all.

        Returns
        -------
        importance : ndarray of shape (n_columns,)
            Numbers that sum to 1. The shares of several outputs are averaged, so no output counts
            more because of its unit. If no column contributes anything, all are 0.

        Raises
        ------
        ValueError
            If there is no sample.

        Examples
        --------
        >>> import numpy as np
        >>> from skscratch.inspection import Contributions
        >>> values, one = np.array([[3.0, 1.0], [-3.0, 1.0]]), np.ones(2)
        >>> explained = Contributions(values, one, values, ["a", "b"], None, one * 0, one)
        >>> explained.importance()
        array([0.75, 0.25])
        """
        if len(self) == 0:
            raise ValueError("The importance of columns needs at least one sample. Got 0 samples.")
        size = np.abs(self.values).mean(axis=0).reshape(self.values.shape[1], -1)
        total = size.sum(axis=0)
        size = size[:, total > 0] / total[total > 0]
        shares: NDArray[np.float64] = size.sum(axis=1) / max(1, size.shape[1])
        return shares

    def to_shap(self) -> Any:
        """Return a ``shap.Explanation``, which the functions of ``shap.plots`` take.

        Returns
        -------
        explanation : shap.Explanation
            With the same values, base values, data and names.

        Raises
        ------
        ImportError
            Without shap: ``pip install shap``.

        Examples
        --------
        >>> import numpy as np
        >>> from skscratch.inspection import Contributions
        >>> X, one = np.array([[3.0, 1.0]]), np.ones(1)
        >>> explained = Contributions(X, one, X, ["a", "b"], None, one * 0, one)
        >>> explained.to_shap().values  # doctest: +SKIP
        array([[3., 1.]])
        """
        try:
            import shap  # type: ignore[import-not-found,unused-ignore]
        except ImportError as error:
            raise ImportError(
                "to_shap needs shap: pip install shap. ContributionsDisplay draws without it."
            ) from error
        names = self.output_names
        return shap.Explanation(
            values=self.values,
            base_values=self.base_values,
            data=self.data.toarray() if hasattr(self.data, "toarray") else self.data,
            feature_names=self.feature_names,
            output_names=None if names is None else [str(name) for name in names],
        )


def contributions(
    estimator: Any,
    X: MatrixLike,
    background: MatrixLike,
    *,
    response_method: str = "auto",
    tol: float = 1e-3,
    max_nodes: int = 256,
) -> Contributions:
    """Divide the difference between a prediction and the mean of a background among the columns.

    The method is integrated gradients, averaged over the rows of a background. The contributions of
    all columns to a prediction sum to the prediction minus the mean prediction of the background.
    The integral is a sum over points on lines. The difference that is left, ``gap``, is measured.
    Where it is too large, the sample is computed again with twice as many points.

    Parameters
    ----------
    estimator : ScratchMLPClassifier, ScratchMLPRegressor, pipeline that ends in one, or search
        A fitted estimator. In a pipeline, the lines run between transformed rows. The contributions
        of transformed columns are summed for the column of X from which they are made.
    X : {array-like, sparse matrix} of shape (n_samples, n_columns)
        The samples to explain, as for ``predict``.
    background : {array-like, sparse matrix} of shape (n_background, n_columns)
        Rows that the samples are compared with, for instance 100 rows of the training data. The
        time is proportional to their number.
    response_method : {'auto', 'decision_function', 'predict_proba', 'predict'}, default='auto'
        The method of the estimator whose values are explained. 'auto' is 'decision_function' for a
        classifier, because log-odds add up where probabilities saturate. It is 'predict' for a
        regressor. For a binary problem, the one output belongs to ``classes_[1]``; that of
        ``classes_[0]`` has the same contributions with the other sign.
    tol : float, default=1e-3
        Largest error of the sum, as a share of the range of the predictions for X and the
        background. The error is ``gap``, or its standard error over the background if that is
        larger, because a gap may be small by chance.
    max_nodes : int, default=256
        Largest number of points on a line. The first number is 16, or this one if it is smaller.

    Returns
    -------
    contributions : Contributions
        ``values`` has the shape (n_samples, n_columns) for a single output, otherwise
        (n_samples, n_columns, n_outputs).

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator contains no network of this package.
    ValueError
        If an argument is not as described, or if a transformer of the pipeline makes a column from
        several columns of X, as ``PCA`` does.

    Warns
    -----
    UserWarning
        If an error is above ``tol`` with ``max_nodes`` points.

    See Also
    --------
    input_gradient : The derivative at the sample alone.
    ContributionsDisplay : The same as a figure.
    ContributionImportance : One number per column.

    Notes
    -----
    Gauss-Legendre sums converge quickly for smooth activations. Each unit of a relu network has a
    kink on some lines, and the error then falls in proportion to the number of points.

    Apart from the result and the transformed rows, the memory is bounded: a few buffers of 262144
    numbers for each layer.

    References
    ----------
    M. Sundararajan, A. Taly and Q. Yan (2017). Axiomatic attribution for deep networks.
    G. Erion, J. D. Janizek, P. Sturmfels, S. M. Lundberg and S.-I. Lee (2021). Improving
    performance of deep learning models with axiomatic attribution priors and expected gradients.

    Examples
    --------
    The contribution to a linear model is the weight times the distance from the background's mean:

    >>> from skscratch import ScratchMLPRegressor
    >>> from skscratch.inspection import contributions
    >>> model = ScratchMLPRegressor(
    ...     hidden_layer_sizes=(), solver="lbfgs", alpha=0, tol=1e-9, random_state=0
    ... )
    >>> model = model.fit([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [3.0, 2.0, 5.0])  # 2 x0 + 3 x1
    >>> contributions(model, [[1.0, 1.0]], [[0.0, 0.0], [1.0, 0.0]]).values.round(3)
    array([[1., 3.]])
    """
    _check_numbers(tol, max_nodes)
    transformers, network = taken_apart(estimator)
    response = choose_response(network, response_method)
    table = Table.of(transformers, X, background)
    Z, B = table.transformed
    with quiet():
        Z = check_prediction_data(network, Z)
        f = finished_checked(network, Z, response.forward)
        with naming("background"):
            B = check_prediction_data(network, B)
            base = finished_checked(network, B, response.forward)
        lines = Lines(fitted_network(network), parameters_in_blocks(network), response, B, base)
        with blas_threads(largest_product(lines.params, Z, lines.n_points)):
            values, n_nodes, error, limit = _refined(lines, Z, f, tol, max_nodes)
    refuse_overflow(network, values)
    base_values = np.tile(base.mean(axis=0, dtype=float), (len(f), 1))
    gap = base_values + values.sum(axis=1) - f
    _warn_of_errors(error, limit, tol, max_nodes)
    values = table.summed(values)
    if f.shape[1] == 1:
        values, base_values, gap = values[:, :, 0], base_values[:, 0], gap[:, 0]
    names = names_of_outputs(network)
    return Contributions(values, base_values, table.data, table.names(network), names, gap, n_nodes)


def _refined(lines: Lines, X: Any, f: Any, tol: float, max_nodes: int) -> tuple[Any, Any, Any, Any]:
    """Return the contributions to f, points and errors of each row, and the error allowed."""
    n_nodes = np.full(len(f), min(FIRST, max_nodes))
    values, error = lines.integrated(X, f, int(n_nodes[0]))
    all_of_them = np.concatenate([f, lines.base])
    limit = tol * np.ptp(all_of_them, axis=0).astype(float)
    # rounding errors do not fall with more points
    rounding = np.abs(values).sum(axis=1).max(axis=0) + np.abs(all_of_them).max(axis=0)
    limit += 32 * np.finfo(lines.params.weights[0].dtype).eps * rounding
    while (far := (error > limit).any(axis=1) & (n_nodes < max_nodes)).any():
        # all rows that are far have been computed as often
        n_nodes[far] = min(2 * n_nodes[far][0], max_nodes)
        values[far], error[far] = lines.integrated(X[far], f[far], int(n_nodes[far][0]))
    return values, n_nodes, error, limit


def _check_numbers(tol: Any, max_nodes: Any) -> None:
    """Raise unless both are numbers in their range."""
    if isinstance(tol, bool) or not isinstance(tol, Real) or not float(tol) >= 0:
        raise ValueError(f"tol must be a number of at least 0. Got {tol!r}.")
    if isinstance(max_nodes, bool) or not isinstance(max_nodes, Integral) or int(max_nodes) < 1:
        raise ValueError(f"max_nodes must be a whole number of at least 1. Got {max_nodes!r}.")


def _warn_of_errors(error: Any, limit: Any, tol: float, max_nodes: int) -> None:
    """Warn if contributions do not sum to the difference of predictions."""
    far = (error > limit).any(axis=1)
    if far.any():
        worst = error.max(axis=0)
        k = int((worst - limit).argmax())
        warn(
            f"For {far.sum()} of {len(error)} rows, the contributions do not sum to the difference "
            f"of the predictions. The error is up to {worst[k]:.3g}, and tol={tol:g} allows "
            f"{limit[k]:.3g}. Increase max_nodes (now {max_nodes}) or tol."
        )
