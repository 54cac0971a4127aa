"""One number per column, for scikit-learn's selection of features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skscratch._typing import MatrixLike
from skscratch.inspection._contributions import contributions

__all__ = ["ContributionImportance"]


@dataclass(frozen=True, eq=False)
class ContributionImportance:
    """A function that returns the importance of each column to a fitted estimator.

    ``SelectFromModel(model, importance_getter=ContributionImportance(rows))`` selects columns by
    this importance. It is the mean absolute contribution to the predictions for ``rows``, as a
    share of all columns. Contributions have the unit of the prediction, so the importance does not
    depend on the scale of a column. The weights of the first layer do depend on it.

    ``RFE`` and ``RFECV`` cannot use it: they fit the estimator to fewer and fewer columns, and do
    not say to which. ``SelectFromModel(max_features=...)`` selects a number of columns at once.

    Parameters
    ----------
    rows : {array-like, sparse matrix} of shape (n_rows, n_columns)
        The rows to explain, as the estimator gets them, for instance 100 rows of the training data.
        scikit-learn passes no data to an ``importance_getter``, so the object holds them.
    background : {array-like, sparse matrix} of shape (n_background, n_columns), default=None
        Rows that each row is compared with. None compares every row with all ``rows``.
    response_method : str, default='auto'
        As in ``contributions``.

    See Also
    --------
    contributions : The contributions to each prediction.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.feature_selection import SelectFromModel
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.inspection import ContributionImportance
    >>> X, y = load_iris(return_X_y=True)
    >>> select = SelectFromModel(
    ...     ScratchMLPClassifier(random_state=0),
    ...     importance_getter=ContributionImportance(X[::5]),
    ...     threshold="mean",
    ... )
    >>> select.fit(X, y).get_support()
    array([False, False,  True,  True])
    """

    rows: MatrixLike
    background: MatrixLike | None = None
    response_method: str = "auto"

    def __call__(self, estimator: Any) -> NDArray[np.float64]:
        """Return the importance of each column.

        Parameters
        ----------
        estimator : estimator
            A fitted estimator, as in ``contributions``.

        Returns
        -------
        importance : ndarray of shape (n_columns,)
            Shares that sum to 1, see ``Contributions.importance``.

        Raises
        ------
        NotFittedError, TypeError, ValueError
            As by ``contributions``, or if the estimator was fitted to other columns than those of
            ``rows``, as it is by ``RFE``.
        """
        check_is_fitted(estimator)
        n_columns = np.shape(self.rows)[1:]
        n_fitted = getattr(estimator, "n_features_in_", None)
        if n_fitted is not None and len(n_columns) == 1 and n_columns[0] > n_fitted:
            raise ValueError(
                f"rows has {n_columns[0]} columns, and the estimator was fitted to {n_fitted}. RFE "
                "and RFECV do not say which columns they have left. Use "
                "SelectFromModel(max_features=...) with threshold=-inf."
            )
        background = self.rows if self.background is None else self.background
        explained = contributions(
            estimator, self.rows, background, response_method=self.response_method
        )
        return explained.importance()
