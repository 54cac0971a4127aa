"""Fitted models as estimators of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skscratch._compat import forget_optimizer
from skscratch.estimators import ScratchMLPClassifier
from skscratch.estimators._fitted import fitted_parameters
from skscratch.export._network import check_exportable, names_of_activations

__all__ = ["to_sklearn"]

ACTIVATIONS = ("identity", "logistic", "tanh", "relu")


def to_sklearn(estimator: Any) -> MLPClassifier | MLPRegressor:
    """Return a fitted ``MLPClassifier`` or ``MLPRegressor`` with the same weights.

    Converters that know scikit-learn's networks, such as hummingbird, then take the model.

    Parameters
    ----------
    estimator : ScratchMLPClassifier or ScratchMLPRegressor
        A fitted model. All hidden layers must have the same activation, one that scikit-learn has:
        'identity', 'logistic', 'tanh' or 'relu'.

    Returns
    -------
    model : MLPClassifier or MLPRegressor
        A fitted model, for prediction. It shares no array with the estimator. Its predictions
        differ by rounding: scikit-learn computes in the precision of X. Its other parameters are
        scikit-learn's defaults. ``partial_fit`` goes on from the weights with a new optimizer, and
        trains the weights between members, too. With ``loss='gamma'``, the model has scikit-learn's
        loss 'poisson', which has the same output activation.

    Raises
    ------
    TypeError
        If the estimator is not one of this package.
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If scikit-learn does not have the activation or the output of the model: several levels of
        ``quantile``, which are sorted, or a classifier that has seen a single class.

    See Also
    --------
    to_json : The model as numbers and names.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.export import to_sklearn
    >>> X, y = load_iris(return_X_y=True)
    >>> model = ScratchMLPClassifier(random_state=0).fit(X, y)
    >>> theirs = to_sklearn(model)
    >>> type(theirs).__name__
    'MLPClassifier'
    >>> theirs.predict_proba(X[[119]]).round(2)
    array([[0.  , 0.31, 0.69]])
    >>> model.predict_proba(X[[119]]).round(2)
    array([[0.  , 0.31, 0.69]])
    """
    check_exportable(estimator, "scikit-learn")
    settings = {
        "activation": _activation(estimator),
        "hidden_layer_sizes": tuple(len(b) for b in estimator.intercepts_[:-1]),
        "random_state": 0,  # None would draw from NumPy's global random state
    }
    X = np.zeros((2, estimator.n_features_in_))
    model: Any
    if isinstance(estimator, ScratchMLPClassifier):
        model = _classifier(estimator, settings, X)
    else:
        if len(getattr(estimator._loss(), "levels", ())) > 1:
            raise ValueError(
                "scikit-learn does not sort the outputs of a network, so it has no model for "
                "several levels of quantile. Export a model of one level each."
            )
        poisson = estimator.out_activation_ == "exp"
        model = MLPRegressor(loss="poisson" if poisson else "squared_error", **settings)
        q = estimator.n_outputs_
        model.partial_fit(X, np.ones(2) if q == 1 else np.ones((2, q)))
    # one step on two rows has set all attributes: those that matter are replaced
    weights, biases = fitted_parameters(estimator)
    model.coefs_ = [W.copy() for W in weights]
    model.intercepts_ = [b.copy() for b in biases]
    for name in ("feature_names_in_", "n_iter_", "t_", "loss_", "loss_curve_", "best_loss_"):
        if hasattr(estimator, name):
            setattr(model, name, getattr(estimator, name))
    if model.best_loss_ is None:  # after early stopping, which the parameters do not ask for
        model.best_loss_ = min(model.loss_curve_)
    forget_optimizer(model)
    return model


def _activation(estimator: Any) -> str:
    """Return the one activation of all hidden layers."""
    names = {name for name, _ in names_of_activations(estimator, "scikit-learn")} or {"relu"}
    if len(names) > 1 or not names <= {*ACTIVATIONS}:
        raise ValueError(
            f"scikit-learn's networks have one activation for all hidden layers, out of "
            f"{[*ACTIVATIONS]}. The model has {sorted(names)}. to_json, to_c and to_onnx take it."
        )
    return names.pop()


def _classifier(estimator: Any, settings: dict[str, Any], X: Any) -> Any:
    """Return a classifier of scikit-learn that knows the classes."""
    classes = estimator.classes_
    if len(classes) == 1:
        raise ValueError(
            "scikit-learn has no network for a single class. The model has seen only "
            f"{classes.tolist()}."
        )
    y = np.resize(classes, 2)
    if estimator._is_multilabel():
        y = np.eye(2, len(classes), dtype=int)
    return MLPClassifier(**settings).partial_fit(X, y, classes=classes)
