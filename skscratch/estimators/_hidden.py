"""The activations of a hidden layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skscratch._typing import MatrixLike
from skscratch.estimators._fitted import fitted_network
from skscratch.estimators._hints import explained
from skscratch.estimators._prediction import finished

__all__ = ["HiddenActivations"]


class HiddenActivations:
    """The activations of hidden layers, for every kind of target."""

    @explained
    def hidden_activations(self, X: MatrixLike, layer: int = -1) -> NDArray[np.floating[Any]]:
        """Return the activations of a hidden layer.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples, with the features that the model was trained on.
        layer : int, default=-1
            Index of the hidden layer: 0 is the first and -1 the last, nearest to the outputs.

        Returns
        -------
        a : ndarray of shape (n_samples, n_units)
            The activations, without dropout. With several members, those of all members side by
            side.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X is not as described, or if there is no such layer.

        See Also
        --------
        skscratch.preprocessing.HiddenLayerFeatures : The same as a transformer.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skscratch import ScratchMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = ScratchMLPClassifier(random_state=0).fit(X, y)
        >>> a = model.hidden_activations(X)
        >>> a.shape
        (150, 128)
        >>> (a @ model.coefs_[-1] + model.intercepts_[-1])[0].round(2)
        array([ 6.33, -1.28, -4.53])
        >>> model.decision_function(X)[0].round(2)
        array([ 6.33, -1.28, -4.53])
        """
        check_is_fitted(self)
        estimator: Any = self
        k = self._hidden_index(layer)
        f = fitted_network(estimator).activations[k]

        def activated(z: Any) -> Any:
            a = np.empty_like(z)
            f.forward(z, a)
            return a

        return finished(estimator, X, activated, n_layers=k + 1)

    def _hidden_index(self, layer: Any) -> int:
        """Return the index from the front of a hidden layer."""
        n = len(vars(self)["coefs_"]) - 1
        if (
            isinstance(layer, bool)
            or not isinstance(layer, (int, np.integer))
            or not -n <= layer < n
        ):
            accepted = f"layer must be an integer from {-n} to {n - 1}" if n else "there is none"
            raise ValueError(
                f"layer={layer!r}: the network has {n} hidden layer(s), so {accepted}."
            )
        return int(layer) % n
