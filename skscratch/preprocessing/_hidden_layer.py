"""Hidden activations of a network as features of another model."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import config_context
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    MetaEstimatorMixin,
    TransformerMixin,
    clone,
    is_classifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Ridge
from sklearn.model_selection import check_cv, cross_val_predict
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from skscratch._compat import SITE, HasMethods, Interval, fit_context
from skscratch._faults import refuse_class
from skscratch._typing import MatrixLike

__all__ = ["HiddenLayerFeatures"]


class HiddenLayerFeatures(
    ClassNamePrefixFeaturesOutMixin, MetaEstimatorMixin, TransformerMixin, BaseEstimator
):
    """Turn samples into the activations of a hidden layer of a network.

    The features contain what a network has learned about y from X. They are the input of another
    model, a clustering or a plot.

    Parameters
    ----------
    estimator : ScratchMLPClassifier or ScratchMLPRegressor
        The network. ``fit`` fits a clone of it. To use a fitted network, wrap it:
        ``sklearn.frozen.FrozenEstimator(network)``. Its weights then stay as they are.
    layer : int, default=-1
        Index of the hidden layer: 0 is the first, and -1 the last.
    cv : int, cross-validation generator, iterable or None, default=None
        Whether and how ``fit_transform`` is cross-fitted. A network has seen the y of its training
        rows, so the features of these rows leak y, and a model that is fitted to them overfits.
        With None, ``fit_transform`` returns these features. An int is a number of folds. The
        features of the rows of a fold then come from a network that is fitted
        to the other folds. ``transform`` always uses the network that is fitted to all rows.

    Attributes
    ----------
    estimator_ : estimator
        The fitted network.
    n_features_in_ : int
        Number of features of X.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had string column names.

    See Also
    --------
    PiecewiseLinearEncoder : Features that see thresholds, without a network.

    Notes
    -----
    The hidden units of two networks are not aligned: unit 3 of one has nothing to do with unit 3 of
    the other. So the network of each fold is aligned with the network of all rows: a ridge
    regression, fitted to the rows that both have seen, maps the activations of the one to those of
    the other. The map is fitted with the network of all rows, which has seen the y of the fold, so
    the map may leak a little of y. The features of ``fit_transform`` approximate those of
    ``transform``. They differ more if the networks have learned different things.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.preprocessing import HiddenLayerFeatures
    >>> X, y = load_iris(return_X_y=True)
    >>> features = HiddenLayerFeatures(ScratchMLPClassifier((16,), random_state=0), cv=3)
    >>> features.fit_transform(X, y).shape
    (150, 16)
    >>> model = make_pipeline(features, LogisticRegression()).fit(X, y)
    >>> round(model.score(X, y), 2)
    0.99
    """

    _doc_link_module = "skscratch"
    _doc_link_template = SITE + "api/generated/skscratch.preprocessing.{estimator_name}.html"
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit"])],
        "layer": [Interval(Integral, None, None, closed="neither")],
        "cv": ["cv_object"],
    }

    # the fitted attributes, for editors and type checkers
    estimator_: Any
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    def __init__(self, estimator: Any, *, layer: int = -1, cv: Any = None) -> None:
        """Store the parameters as they are. ``fit`` checks their values."""
        self.estimator = estimator
        self.layer = layer
        self.cv = cv

    @fit_context
    def fit(
        self, X: MatrixLike, y: MatrixLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Fit the network to all rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data, as ``fit`` of the network takes it.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Targets of the network. A network in a ``FrozenEstimator`` needs none.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        self : HiddenLayerFeatures
            The fitted transformer.

        Raises
        ------
        TypeError
            If the estimator is not a network of this package.
        ValueError
            If the network refuses X or y, if there is no such layer, or if ``cv`` is set and the
            estimator is a ``FrozenEstimator``, which is not fitted again.

        Examples
        --------
        >>> from sklearn.frozen import FrozenEstimator
        >>> from skscratch import ScratchMLPClassifier
        >>> from skscratch.preprocessing import HiddenLayerFeatures
        >>> X, y = [[-1.0], [1.0]], [0, 1]
        >>> network = ScratchMLPClassifier((4,), solver="lbfgs", random_state=0).fit(X, y)
        >>> HiddenLayerFeatures(FrozenEstimator(network)).fit(X).transform(X).shape
        (2, 4)
        """
        return self._fit(X, y, sample_weight)

    def _fit(self, X: Any, y: Any, sample_weight: Any) -> Self:
        if not hasattr(self.estimator, "hidden_activations"):
            raise TypeError(
                "estimator must be a ScratchMLPClassifier, a ScratchMLPRegressor, or one of them "
                f"in a FrozenEstimator. Got {type(self.estimator).__name__}. The other steps of a "
                "pipeline stand before this transformer."
            )
        if self.cv is not None and isinstance(self.estimator, FrozenEstimator):
            raise ValueError(
                f"cv={self.cv!r} fits the network once for each fold, and a FrozenEstimator is not "
                "fitted again. Set cv=None, or pass the network itself."
            )
        refuse_class("cv", self.cv)
        network = fitted(self.estimator, X, y, sample_weight)
        network._hidden_index(self.layer)
        self.estimator_ = network
        self.n_features_in_ = network.n_features_in_
        if hasattr(network, "feature_names_in_"):
            self.feature_names_in_ = network.feature_names_in_
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return self

    def transform(self, X: MatrixLike) -> NDArray[np.floating[Any]]:
        """Return the activations of the hidden layer, by the network of all rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        a : ndarray of shape (n_samples, n_units)
            The activations, in the finer precision of X and of the network. ``set_output`` makes
            them a table.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        ValueError
            If X is not as described, or does not have the features of ``fit``.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> from skscratch.preprocessing import HiddenLayerFeatures
        >>> X, y = [[-1.0], [1.0]], [0, 1]
        >>> network = ScratchMLPClassifier((4,), solver="lbfgs", random_state=0)
        >>> HiddenLayerFeatures(network).fit(X, y).set_output(transform="pandas").transform(X).shape
        (2, 4)
        """
        check_is_fitted(self)
        a: NDArray[np.floating[Any]] = self.estimator_.hidden_activations(X, self.layer)
        return a

    @fit_context
    def fit_transform(  # type: ignore[override]
        self, X: MatrixLike, y: MatrixLike | None = None, sample_weight: ArrayLike | None = None
    ) -> NDArray[np.floating[Any]]:
        """Fit the network, and return the activations of the training rows.

        With ``cv``, they come from networks that have not seen the y of the row, and differ from
        those of ``fit(X, y).transform(X)``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            As in ``fit``.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            As in ``fit``.
        sample_weight : array-like of shape (n_samples,), default=None
            As in ``fit``.

        Returns
        -------
        a : ndarray of shape (n_samples, n_units)
            The activations.

        Raises
        ------
        TypeError, ValueError
            As by ``fit``, or if the folds of ``cv`` do not hold every row once.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skscratch import ScratchMLPClassifier
        >>> from skscratch.preprocessing import HiddenLayerFeatures
        >>> X, y = load_iris(return_X_y=True)
        >>> network = ScratchMLPClassifier((16,), random_state=0)
        >>> HiddenLayerFeatures(network, cv=3).fit_transform(X, y).shape
        (150, 16)
        """
        self._fit(X, y, sample_weight)
        whole: NDArray[Any] = self.estimator_.hidden_activations(X, self.layer)
        if self.cv is None:
            return whole
        folds = [*check_cv(self.cv, y, classifier=is_classifier(self.estimator)).split(X, y)]
        tested = np.concatenate([np.arange(len(whole))[test] for _, test in folds])
        if not np.array_equal(np.sort(tested), np.arange(len(whole))):
            raise ValueError(
                f"cv={self.cv!r} does not test each row once, so some rows would have no features, "
                "or several. Use folds that do, such as KFold or StratifiedKFold."
            )
        aligned = _Aligned(self.estimator, FrozenEstimator(self.estimator_), self.layer)
        params = None if sample_weight is None else {"sample_weight": sample_weight}
        with config_context(enable_metadata_routing=False):  # the weights go to this object alone
            a = cross_val_predict(aligned, X, y, cv=folds, params=params)
        return np.asarray(a, whole.dtype)

    @property
    def _n_features_out(self) -> int:
        return len(self.estimator_.intercepts_[self.estimator_._hidden_index(self.layer)])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        of_network = get_tags(self.estimator)
        tags.input_tags.sparse = of_network.input_tags.sparse
        tags.target_tags.required = not isinstance(self.estimator, FrozenEstimator)
        tags.target_tags.multi_output = of_network.target_tags.multi_output
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class _Aligned(BaseEstimator):
    """The network of a fold, whose activations are mapped to those of the network of all rows."""

    def __init__(self, network: Any, whole: Any, layer: int) -> None:
        self.network, self.whole, self.layer = network, whole, layer

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        self.network_ = fitted(self.network, X, y, sample_weight)
        a, b = (f.hidden_activations(X, self.layer) for f in (self.network_, self.whole))
        # a penalty that counts like one row
        self.map_ = Ridge(alpha=1.0).fit(a, b, sample_weight)
        return self

    def predict(self, X: Any) -> Any:
        a = self.map_.predict(self.network_.hidden_activations(X, self.layer))
        return a.reshape(len(a), -1)  # a layer of one unit


def fitted(network: Any, X: Any, y: Any, sample_weight: Any) -> Any:
    """Return a fitted clone of a network."""
    if sample_weight is None:
        return clone(network).fit(X, y)
    return clone(network).fit(X, y, sample_weight=sample_weight)
