"""Fitted models as JSON: numbers and names, readable from any language."""

from __future__ import annotations

import inspect
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skscratch._version import __version__
from skscratch._warnings import warn
from skscratch.core.activations import ACTIVATIONS
from skscratch.core.losses import LOSSES
from skscratch.core.network import Parameters
from skscratch.estimators._fitted import fitted_parameters
from skscratch.estimators._folding import weights_digest
from skscratch.export._network import KINDS, check_exportable, names_of_activations, numbers_of

__all__ = ["from_json", "to_json"]

FORMAT, VERSION = "skscratch network", 1
FIELDS = (
    "estimator", "parameters", "dtype", "n_features", "feature_names", "activations",
    "output_activation", "loss", "classes", "layers", "members",
)  # fmt: skip


def to_json(estimator: Any) -> str:
    """Return a fitted model as JSON.

    The text holds what prediction needs, as numbers and names. Every number is written with all
    digits, so ``from_json`` restores the model to the bit.

    Parameters
    ----------
    estimator : ScratchMLPClassifier or ScratchMLPRegressor
        A fitted model.

    Returns
    -------
    text : str
        An object with these fields. "layers" has the "weights", of shape (inputs, outputs), and the
        "biases" of each layer, for unscaled X and y. "activations" has the name of each hidden
        layer's activation, and its numbers if it has any. "output_activation" is the function after
        the last layer: "softmax", "logistic", "identity" or "exp". "classes" are the labels.
        "members" has the number of members, and the differences of their output biases from the
        published ones. Further fields are "format", "version", "skscratch", "estimator",
        "parameters", "dtype", "n_features", "feature_names" and "loss".

    Raises
    ------
    TypeError
        If the estimator is not one of this package.
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If an activation or the loss is a custom object, if the labels are not numbers, booleans or
        strings, or if a weight is not finite.

    Warns
    -----
    UserWarning
        If a parameter is neither a number nor a name, nor a list of them. The parameter is left
        out, and ``from_json`` gives it its default.

    See Also
    --------
    from_json : Make the model from its JSON.

    Examples
    --------
    >>> import json
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.export import to_json
    >>> model = ScratchMLPClassifier((), solver="lbfgs").fit([[-1.0], [1.0]], ["cold", "warm"])
    >>> parts = json.loads(to_json(model))
    >>> parts["classes"]["labels"], parts["output_activation"], len(parts["layers"])
    (['cold', 'warm'], 'logistic', 1)
    """
    check_exportable(estimator, "JSON")
    params, loss = fitted_parameters(estimator), estimator._loss()
    names = getattr(estimator, "feature_names_in_", None)
    parts = {
        "format": FORMAT,
        "version": VERSION,
        "skscratch": __version__,
        "estimator": type(estimator).__name__,
        "parameters": _parameters(estimator),
        "dtype": params.weights[0].dtype.name,
        "n_features": int(estimator.n_features_in_),
        "feature_names": None if names is None else names.tolist(),
        "activations": [
            {"name": name} | numbers_of(f) for name, f in names_of_activations(estimator, "JSON")
        ],
        "output_activation": estimator.out_activation_,
        "loss": {"name": loss.name} | numbers_of(loss),
        "classes": _classes(estimator),
        "layers": [
            {"weights": W.tolist(), "biases": b.tolist()} for W, b in zip(*params, strict=True)
        ],
        "members": _members(estimator, params.weights[-1]),
    }
    try:
        return json.dumps(parts, allow_nan=False)
    except ValueError as error:
        raise ValueError(f"JSON has finite numbers only: {error}.") from error


def from_json(text: str | bytes) -> Any:
    """Return the fitted model that ``to_json`` wrote.

    Reading runs no code: the text holds numbers and names. The model predicts the same to the bit.
    It has no history and no state of the optimizer, so ``fit`` starts anew, and ``partial_fit`` and
    ``fit`` with ``warm_start`` are refused.

    Parameters
    ----------
    text : str or bytes
        What ``to_json`` returned.

    Returns
    -------
    estimator : ScratchMLPClassifier or ScratchMLPRegressor
        A fitted model.

    Raises
    ------
    ValueError
        If the text is not JSON of this format, is of a later version of the format, or if its
        arrays do not make a network.

    See Also
    --------
    to_json : Write the JSON of a model.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.export import from_json, to_json
    >>> X, y = load_iris(return_X_y=True)
    >>> model = ScratchMLPClassifier(random_state=0).fit(X, y)
    >>> again = from_json(to_json(model))
    >>> again.predict_proba(X[[119]]).round(2)
    array([[0.  , 0.31, 0.69]])
    >>> model.predict_proba(X[[119]]).round(2)
    array([[0.  , 0.31, 0.69]])
    """
    parts = _read(text)
    try:
        return _built(parts)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"text is not what to_json writes: {error!r}.") from error


def _read(text: str | bytes) -> dict[str, Any]:
    """Return the object in the text, with all fields."""
    try:
        parts = json.loads(text)
    except ValueError as error:
        raise ValueError(f"text is not JSON: {error}.") from error
    if not isinstance(parts, dict) or parts.get("format") != FORMAT:
        raise ValueError(f"text must be what to_json wrote: an object with format={FORMAT!r}.")
    if parts.get("version") != VERSION:
        raise ValueError(
            f"version={parts.get('version')!r} of the format is unknown. This version of skscratch "
            f"reads {VERSION}: load the text with the version that wrote it, "
            f"{parts.get('skscratch')!r}, or a later one."
        )
    missing = [name for name in FIELDS if name not in parts]
    if missing:
        raise ValueError(f"text lacks the fields {missing}.")
    return parts


def _built(parts: dict[str, Any]) -> Any:
    """Return a model with the attributes that prediction needs."""
    if parts["estimator"] not in KINDS:
        raise ValueError(f"estimator must be one of {[*KINDS]}. Got {parts['estimator']!r}.")
    functions = [_object(ACTIVATIONS, fields) for fields in parts["activations"]]
    model: Any = KINDS[parts["estimator"]](**parts["parameters"])
    model.n_features_in_ = parts["n_features"]
    if parts["feature_names"] is not None:
        model.feature_names_in_ = np.array(parts["feature_names"], dtype=object)
    dtype, layers = np.dtype(parts["dtype"]), parts["layers"]
    if dtype.char not in "fd":
        raise ValueError(f"dtype must be 'float32' or 'float64'. Got {parts['dtype']!r}.")
    model.coefs_ = [np.array(layer["weights"], dtype) for layer in layers]
    model.intercepts_ = [np.array(layer["biases"], dtype) for layer in layers]
    model.n_layers_, model.n_outputs_ = len(layers) + 1, len(model.intercepts_[-1])
    model.out_activation_, model._activation = parts["output_activation"], functions
    if len(functions) != len(layers) - 1:
        raise ValueError(f"{len(layers)} layers need {len(layers) - 1} activations.")
    loss, classes, members = _object(LOSSES, parts["loss"]), parts["classes"], parts["members"]
    if loss.output_activation != model.out_activation_:
        raise ValueError(f"loss={loss!r} has another output than {model.out_activation_!r}.")
    if classes is None:
        model._fitted_loss = loss
    else:
        model.classes_ = _labels(classes, model.n_outputs_)
        model._label_dtype = classes["dtype_of_y"]
    _set_members(model, **members)
    _check_finite(fitted_parameters(model))
    return model


def _set_members(model: Any, n: Any, bias: Any) -> None:
    """Set the number of members and their output biases; raise unless they fit the layers."""
    widths = [len(b) for b in model.intercepts_[:-1]]
    ok = isinstance(n, int) and not isinstance(n, bool) and n >= 1
    if not ok or any(width % n for width in widths) or (n > 1 and not widths):
        raise ValueError(f"The number of members must divide the widths {widths}. Got {n!r}.")
    model.n_members_, model._members = n, None
    if bias is not None:
        bias = np.array(bias, model.coefs_[-1].dtype)
        if bias.shape != (n, model.n_outputs_):
            raise ValueError(
                f"{n} members have output biases of shape {(n, model.n_outputs_)}. Got "
                f"{bias.shape}."
            )
        model._members = {"bias": bias, "weights": weights_digest(model.coefs_[-1])}


def _check_finite(params: Parameters) -> None:
    """Raise if a weight or a bias is not finite."""
    if not all(np.isfinite(array).all() for part in params for array in part):
        raise ValueError("A weight or a bias is not finite.")


def _labels(classes: dict[str, Any], n_outputs: int) -> NDArray[Any]:
    """Return the labels of a classifier; raise unless they are sorted and fit its outputs."""
    labels = np.array(classes["labels"], np.dtype(classes["dtype"]))
    n_labels = (1, 2) if n_outputs == 1 else (n_outputs,)
    if len(labels) not in n_labels or not np.array_equal(np.unique(labels), labels):
        raise ValueError(
            f"The labels must be sorted, and fit {n_outputs} outputs. Got {classes['labels']}."
        )
    return labels


def _parameters(estimator: Any) -> dict[str, Any]:
    """Return the parameters that are not the defaults, as far as JSON can hold them."""
    signature = inspect.signature(type(estimator)).parameters
    changed, left_out = {}, []
    for name, value in estimator.get_params(deep=False).items():
        if value is signature[name].default:
            continue
        if isinstance(value, dict):  # its keys would become strings
            left_out.append(name)
            continue
        try:
            changed[name] = json.loads(json.dumps(value, default=_for_json, allow_nan=False))
        except (TypeError, ValueError):
            left_out.append(name)
    if left_out:
        warn(
            "JSON holds numbers and names. These parameters are left out, and from_json gives them "
            f"their defaults: {', '.join(left_out)}. Predictions do not need them."
        )
    return changed


def _for_json(value: Any) -> Any:
    """Return numbers and arrays of NumPy, and other sequences, as those of Python."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    if hasattr(value, "__len__") and hasattr(value, "__getitem__"):
        return list(value)
    raise TypeError(f"{value!r} is neither a number nor a name.")


def _object(table: Any, fields: dict[str, Any]) -> Any:
    """Return the activation or the loss of a name, with its numbers."""
    fields = dict(fields)
    name = fields.pop("name")
    if name not in table:
        raise ValueError(f"{name!r} is unknown. Known are {[*table]}.")
    numbers = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
    return type(table[name])(**numbers)


def _classes(estimator: Any) -> dict[str, Any] | None:
    """Return the labels of a classifier and their types; None for a regressor."""
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return None
    labels = classes.tolist()
    if not all(isinstance(label, (str, bool, int, float)) for label in labels):
        raise ValueError(
            f"The labels in JSON are numbers, booleans or strings. Those of the model are {labels}."
        )
    return {"labels": labels, "dtype": classes.dtype.str, "dtype_of_y": estimator._label_dtype}


def _members(estimator: Any, last: Any) -> dict[str, Any]:
    """Return the number of members and their output biases, if these belong to the weights."""
    known = vars(estimator).get("_members")
    belongs = known is not None and known["weights"] == weights_digest(last)
    return {"n": int(estimator.n_members_), "bias": known["bias"].tolist() if belongs else None}
