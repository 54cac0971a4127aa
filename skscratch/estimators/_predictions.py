"""What a fitted classifier says of new samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscratch._typing import MatrixLike
from skscratch.estimators import _labels
from skscratch.estimators._base import BaseScratchMLP
from skscratch.estimators._calls import explained

__all__ = ["ClassPredictions"]


class ClassPredictions(BaseScratchMLP):
    """Classes, probabilities and logits. Nothing here writes to the estimator."""

    @explained
    def predict(self, X: MatrixLike) -> NDArray[Any]:
        """Return the most probable class of each sample, or the labels it probably has.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,), or (n_samples, n_labels) of zeros and ones
            Of the dtype of the y that was trained on.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X is not as described, or not of the features that were trained on.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> model = ScratchMLPClassifier((), solver="lbfgs").fit([[-1.0], [1.0]], ["cold", "warm"])
        >>> model.predict([[-2.0], [0.5]])
        array(['cold', 'warm'], dtype='<U4')
        """
        return self._outputs(X, self._most_probable)

    def _most_probable(self, z: Any) -> Any:
        if self._is_multilabel():
            return (z > 0).astype(self._label_dtype)
        return self.classes_[_labels.winners(z, self.out_activation_)]

    @explained
    def predict_proba(self, X: MatrixLike) -> NDArray[np.floating[Any]]:
        """Return the probability of each class, or of each label.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            Columns in the order of ``classes_``. Never 0 but at least the smallest normal number.
            Rows sum to 1, except for multilabel y, whose entries are never 1 either.

        Raises
        ------
        NotFittedError, ValueError
            As by ``predict``.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> model = ScratchMLPClassifier((), solver="lbfgs").fit([[-1.0], [1.0]], ["cold", "warm"])
        >>> model.predict_proba([[0.0]]).round(3)
        array([[0.5, 0.5]])
        """
        return self._outputs(X, lambda z: _labels.probabilities(z, self.out_activation_))

    @explained
    def predict_log_proba(self, X: MatrixLike) -> NDArray[np.floating[Any]]:
        """Return the logarithm of ``predict_proba``, exact also where that rounds to 1.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            Never below the logarithm of the smallest normal number.

        Raises
        ------
        NotFittedError, ValueError
            As by ``predict``.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> model = ScratchMLPClassifier((), solver="lbfgs").fit([[-1.0], [1.0]], ["cold", "warm"])
        >>> model.predict_log_proba([[0.0]]).round(3)
        array([[-0.693, -0.693]])
        """
        return self._outputs(X, lambda z: _labels.log_probabilities(z, self.out_activation_))

    @explained
    def decision_function(self, X: MatrixLike) -> NDArray[np.floating[Any]]:
        """Return the logits, the output layer before its link.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        z : ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_labels)
            One column, as a vector, for binary y: positive where ``classes_[1]`` is predicted.

        Raises
        ------
        NotFittedError, ValueError
            As by ``predict``.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> model = ScratchMLPClassifier((), solver="lbfgs").fit([[-1.0], [1.0]], ["cold", "warm"])
        >>> model.decision_function([[-2.0], [2.0]]) > 0
        array([False,  True])
        """
        return self._outputs(X, lambda z: z[:, 0] if z.shape[1] == 1 else z)

    def _is_multilabel(self) -> bool:
        return bool(self.out_activation_ == "logistic" and self.n_outputs_ > 1)
