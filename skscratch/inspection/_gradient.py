"""The network inside an estimator, and the derivative of its predictions with respect to X."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skscratch._typing import MatrixLike
from skscratch._warnings import quiet
from skscratch.core.network import (
    InputGradient,
    Parameters,
    Workspace,
    backward_input,
    forward,
    in_blocks,
    rows_per_buffer,
)
from skscratch.estimators import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.estimators._fitted import fitted_network, fitted_parameters
from skscratch.estimators._messages import not_finite
from skscratch.estimators._validation import check_prediction_data
from skscratch.inspection._response import choose_response
from skscratch.training.threads import blas_threads, largest_product

__all__ = ["input_gradient", "parameters_in_blocks", "refuse_overflow", "taken_apart"]


def input_gradient(
    estimator: Any, X: MatrixLike, *, response_method: str = "auto"
) -> NDArray[np.floating[Any]]:
    """Return the derivative of each prediction with respect to each feature.

    The derivative says how fast the prediction changes with a feature near a sample. It has the
    unit of the prediction divided by the unit of the feature. So derivatives of features with
    different units cannot be compared. The numbers of ``contributions`` can be compared.

    Parameters
    ----------
    estimator : ScratchMLPClassifier, ScratchMLPRegressor, or search over one
        A fitted network. A pipeline is refused, because most transformers have no derivative.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The samples, as for ``predict``.
    response_method : {'auto', 'decision_function', 'predict_proba', 'predict'}, default='auto'
        The method of the estimator whose values are explained. 'auto' is 'decision_function' for a
        classifier, and 'predict' for a regressor.

    Returns
    -------
    gradient : ndarray of shape (n_samples, n_features) or (n_samples, n_features, n_outputs)
        In the dtype of the network. There are two dimensions for a single output: for a binary
        problem, where the output belongs to ``classes_[1]``, and for a single target. Where an
        activation has a kink, such as relu at 0, the derivative is that of one side.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator is no network of this package.
    ValueError
        If X is not as described, if the estimator has no such ``response_method``, if a weight is
        not finite, or if a derivative overflows.

    See Also
    --------
    contributions : The derivatives, averaged between the sample and a background.

    Examples
    --------
    >>> from skscratch import ScratchMLPRegressor
    >>> from skscratch.inspection import input_gradient
    >>> model = ScratchMLPRegressor(
    ...     hidden_layer_sizes=(), solver="lbfgs", alpha=0, tol=1e-9, random_state=0
    ... )
    >>> model = model.fit([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [3.0, 2.0, 5.0])  # 2 x0 + 3 x1
    >>> input_gradient(model, [[0.5, 0.5]]).round(3)
    array([[2., 3.]])
    """
    transformers, network = taken_apart(estimator)
    if transformers:
        raise TypeError(
            f"estimator must be a network. Got a {type(estimator).__name__} with transformers, "
            "which may have no derivative. Pass the network and the transformed rows: "
            "input_gradient(pipeline[-1], pipeline[:-1].transform(X)). Or use contributions, which "
            "takes a pipeline."
        )
    response = choose_response(network, response_method)
    with quiet():
        X = check_prediction_data(network, X)
        arch, params = fitted_network(network), parameters_in_blocks(network)
        dtype, n_outputs = params.weights[0].dtype, arch.sizes[-1]
        rows = min(rows_per_buffer(arch, X), X.shape[0])
        out = np.empty((*X.shape, n_outputs), dtype)
        ws, grad = Workspace.empty(arch, rows, dtype), InputGradient.empty(arch, rows, dtype)
        with blas_threads(largest_product(params, X, rows)):
            for start in range(0, X.shape[0], rows):
                batch = X[start : start + rows].astype(dtype, copy=False)
                n = batch.shape[0]
                if n < rows:
                    ws, grad = ws.head(n), grad.head(n)
                forward(arch, params, ws, batch)
                grad.differentiate(arch, ws)
                for k in range(n_outputs):
                    dX = np.empty((n, X.shape[1]), dtype)
                    backward_input(params, grad, response.backward(ws.z[-1], k), dX)
                    out[start : start + n, :, k] = dX
    refuse_overflow(network, out)
    return out[:, :, 0] if n_outputs == 1 else out


def taken_apart(estimator: Any) -> tuple[list[Any], Any]:
    """Return the pipelines of transformers in an estimator, outermost first, and its network.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator contains no network of this package.
    """
    check_is_fitted(estimator)
    transformers, network = [], estimator
    while not isinstance(network, (ScratchMLPClassifier, ScratchMLPRegressor)):
        if hasattr(network, "best_estimator_"):
            network = network.best_estimator_
        elif hasattr(network, "steps"):
            if len(network.steps) > 1:
                transformers.append(network[:-1])
            network = network.steps[-1][1]
        else:
            around = f" around a {type(network).__name__}" if network is not estimator else ""
            raise TypeError(
                "estimator must be a ScratchMLPClassifier, a ScratchMLPRegressor, a pipeline that "
                f"ends in one, or a search over one. Got a {type(estimator).__name__}{around}. "
                "Pass the fitted network inside it, if there is one."
            )
    check_is_fitted(network)
    return transformers, network


def parameters_in_blocks(network: Any) -> Parameters:
    """Return the parameters of a fitted network, without the zeros between its members."""
    params, members = fitted_parameters(network), network.n_members_
    return in_blocks(params, members) if members > 1 else params


def refuse_overflow(network: Any, values: Any) -> None:
    """Raise if a value is not finite."""
    if not np.isfinite(values).all():
        dtype = fitted_parameters(network).weights[0].dtype
        raise ValueError(
            not_finite(network)
            or f"X or the network's parameters are too large for {dtype}: a derivative overflows."
        )
