"""Fitted models as ONNX graphs, through skl2onnx.

A graph multiplies by weights in the precision of the model, float32 or float64. Hidden activations
and probabilities are computed in float32. A classifier's graph returns the labels of ``predict``
and the probabilities of ``predict_proba``. A regressor's graph returns the numbers of ``predict``.
The steps of a pipeline become part of the graph, a ``PiecewiseLinearEncoder`` among them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils.validation import check_is_fitted

from skscratch._typing import MatrixLike
from skscratch.core import activations as act
from skscratch.core.losses import REGRESSION_LOSSES, LogisticCrossEntropy, SoftmaxCrossEntropy
from skscratch.estimators import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.estimators._fitted import fitted_network, fitted_parameters
from skscratch.preprocessing import PiecewiseLinearEncoder

__all__ = ["register_converter", "to_onnx"]


def to_onnx(model: Any, X: MatrixLike | None = None, **options: Any) -> Any:
    """Convert a fitted model, or a fitted pipeline that ends in a model, to an ONNX graph.

    Parameters
    ----------
    model : ScratchMLPClassifier, ScratchMLPRegressor, or estimator of scikit-learn
        A fitted model.
    X : array-like of shape (n_samples, n_features), default=None
        A few rows of data. Their type determines the inputs of the graph: float64 features, such
        as time stamps, stay in float64. A DataFrame gives one input per column. Without X, pass
        ``initial_types``.
    **options : object
        Keyword arguments for ``skl2onnx.to_onnx``. By default, a classifier's probabilities are
        returned as an array (``options={"zipmap": False}``). The default of skl2onnx is a dict for
        every row.

    Returns
    -------
    graph : onnx.ModelProto
        The input is X, with any number of rows. A regressor has one output, the predictions, in
        the precision of the model and of shape (n_samples, n_outputs). The first output of a
        classifier holds the labels, as int64 or strings: one per row, or one per entry for
        multilabel y. The second output holds the probabilities, as float32 of shape (n_samples,
        n_classes). To save the graph, write ``graph.SerializeToString()`` to a file.

    Raises
    ------
    ImportError
        Without skl2onnx, which the extra ``onnx`` installs.
    NotFittedError
        If the model is not fitted.
    ValueError
        If the labels are neither whole numbers nor strings, if an activation is not one of
        ``skscratch.core.activations``, or if the loss of a regressor is a custom object.

    See Also
    --------
    register_converter : Register the estimators for skl2onnx's own functions.

    Notes
    -----
    skl2onnx converts the other steps of a pipeline, and not all of them are supported. For example,
    it refuses ``SimpleImputer(add_indicator=True)`` and ``OneHotEncoder(min_frequency=...)``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.onnx import to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> model = make_pipeline(StandardScaler(), ScratchMLPClassifier(10, solver="lbfgs"))
    >>> graph = to_onnx(model.fit(X, y), X)
    >>> [output.name for output in graph.graph.output]
    ['label', 'probabilities']
    """
    skl2onnx = register_converter()
    check_is_fitted(model)
    if is_classifier(model):
        options = {"options": {"zipmap": False}, **options}
    return skl2onnx.to_onnx(model, X, **options)


def register_converter() -> Any:
    """Register the estimators and the encoder with skl2onnx, for skl2onnx's own functions.

    ``to_onnx`` calls this function itself. A second call does no harm. The conversion of a
    classifier has the options of skl2onnx's classifiers: ``zipmap``, ``nocl`` and
    ``output_class_labels``.

    Returns
    -------
    skl2onnx : module
        The package skl2onnx.

    Raises
    ------
    ImportError
        Without skl2onnx, which the extra ``onnx`` installs.

    See Also
    --------
    to_onnx : Convert a model.

    Examples
    --------
    >>> from skscratch.onnx import register_converter
    >>> register_converter().__name__
    'skl2onnx'
    """
    try:
        import skl2onnx
    except ImportError as error:
        raise ImportError('ONNX needs skl2onnx: pip install "skscratch[onnx]"') from error
    skl2onnx.update_registered_converter(
        ScratchMLPClassifier,
        "SkscratchScratchMLPClassifier",
        _set_output_types,
        _convert,
        options={
            "zipmap": [True, False, "columns"],
            "nocl": [True, False],
            "output_class_labels": [False, True],
        },
    )
    skl2onnx.update_registered_converter(
        ScratchMLPRegressor, "SkscratchScratchMLPRegressor", _set_output_type, _convert_regressor
    )
    skl2onnx.update_registered_converter(
        PiecewiseLinearEncoder,
        "SkscratchPiecewiseLinearEncoder",
        _set_encoded_type,
        _convert_encoder,
    )
    return skl2onnx


def _set_output_types(operator: Any) -> None:
    """Declare the outputs of the graph: labels (one per row or entry) and probabilities."""
    from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType

    model, n_rows = operator.raw_operator, operator.inputs[0].get_first_dimension()
    names = _names(model, operator.scope_inst)
    kind = StringTensorType if names.dtype.kind == "U" else Int64TensorType
    shape = [n_rows, len(names)] if model._is_multilabel() else [n_rows]
    operator.outputs[0].set_type(kind(shape))
    operator.outputs[1].set_type(FloatTensorType([n_rows, len(names)]))


def _set_output_type(operator: Any) -> None:
    """Declare the output of the graph of a regressor."""
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    n_rows, model = operator.inputs[0].get_first_dimension(), operator.raw_operator
    kind = DoubleTensorType if _dtype(model) == np.float64 else FloatTensorType
    operator.outputs[0].set_type(kind([n_rows, model.n_outputs_]))


def _set_encoded_type(operator: Any) -> None:
    """Declare the output of the graph of an encoder."""
    from skl2onnx.common.data_types import FloatTensorType

    n_rows, encoder = operator.inputs[0].get_first_dimension(), operator.raw_operator
    operator.outputs[0].set_type(FloatTensorType([n_rows, len(encoder.get_feature_names_out())]))


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Add a classifier to the graph."""
    from skl2onnx.proto import onnx_proto

    model = operator.raw_operator
    new, z = _forward(operator, container)
    z = new.Cast(z, to=onnx_proto.TensorProto.FLOAT)
    label, proba = _outputs(new, z, model, _names(model, scope), operator.outputs)
    label.add_to(scope, container)
    proba.add_to(scope, container)


def _convert_regressor(scope: Any, operator: Any, container: Any) -> None:
    """Add a regressor to the graph."""
    loss = operator.raw_operator._loss()
    if type(loss) not in map(type, REGRESSION_LOSSES.values()):
        names = [*REGRESSION_LOSSES]
        raise ValueError(f"ONNX has no code for loss={loss!r}. Only {names} can be converted.")
    new, z = _forward(operator, container)
    to_output = {"output_names": operator.outputs[:1]}
    if loss.output_activation == "exp":
        info = np.finfo(_dtype(operator.raw_operator))
        lowest, highest = (np.array(x, info.dtype) for x in (info.tiny, info.max))
        p = new.Clip(new.Exp(z), lowest, highest, **to_output)
    elif len(getattr(loss, "levels", ())) > 1:  # sorted, as by predict
        p = new.TopK(z, np.array([len(loss.levels)]), largest=0)[0]
        p = new.Identity(p, **to_output)
    else:
        p = new.Identity(z, **to_output)
    p.add_to(scope, container)


def _convert_encoder(scope: Any, operator: Any, container: Any) -> None:
    """Add an encoder to the graph. It computes in float64: narrow bins amplify rounding errors."""
    from skl2onnx.algebra import onnx_ops
    from skl2onnx.proto import onnx_proto

    new, kinds = _Operators(onnx_ops, container.target_opset), onnx_proto.TensorProto
    c = operator.raw_operator._columns
    X = new.Concat(*(new.Cast(x, to=kinds.DOUBLE) for x in operator.inputs), axis=1)
    x = new.Gather(X, c["feature"].astype(np.int64), axis=1)
    z = new.Div(new.Sub(x, c["lower"]), c["width"])
    z = new.Mul(new.Min(new.Max(z, c["low"]), c["high"]), c["scale"])
    z = new.Where(new.IsNaN(x), c["missing"], z)
    new.Cast(z, to=kinds.FLOAT, output_names=operator.outputs[:1]).add_to(scope, container)


def _forward(operator: Any, container: Any) -> tuple[_Operators, Any]:
    """Return the operators of ONNX and the logits, the last step of the forward pass.

    onnxruntime has most of the activations in float32 only.
    """
    from skl2onnx.algebra import onnx_ops
    from skl2onnx.proto import onnx_proto

    model, kinds = operator.raw_operator, onnx_proto.TensorProto
    new = _Operators(onnx_ops, container.target_opset)
    kind = kinds.DOUBLE if _dtype(model) == np.float64 else kinds.FLOAT
    columns = [new.Cast(x, to=kind) for x in operator.inputs]
    a = new.Concat(*columns, axis=1)  # a DataFrame has one input per column
    f = _hidden_activations(model)
    for W, b, h in zip(*fitted_parameters(model), [*f, None], strict=True):
        a = new.Add(new.MatMul(a, W), b)
        if h is not None:
            a = new.Cast(h(new, new.Cast(a, to=kinds.FLOAT)), to=kind)
    return new, a


def _dtype(model: Any) -> Any:
    """Return the precision of a model."""
    return fitted_parameters(model).weights[0].dtype


class _Operators:
    """The operators of one version of ONNX, by name."""

    def __init__(self, onnx_ops: Any, version: int) -> None:
        self.onnx_ops, self.version = onnx_ops, version

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return functools.partial(getattr(self.onnx_ops, f"Onnx{name}"), op_version=self.version)


def _outputs(new: Any, z: Any, model: Any, names: Any, outputs: Any) -> tuple[Any, Any]:
    """Return labels and probabilities of the logits; the labels are those of ``predict``."""
    from skl2onnx.proto import onnx_proto

    to_label, to_proba = ({"output_names": [output]} for output in outputs[:2])
    if model._is_multilabel():
        positive = new.Greater(z, np.zeros(1, np.float32))
        label = new.Cast(positive, to=onnx_proto.TensorProto.INT64, **to_label)
        return label, new.Sigmoid(z, **to_proba)
    winner, proba = OUTPUTS[type(model._loss())](new, z, to_proba)
    return new.Gather(names, winner, **to_label), proba


def _softmax(new: Any, z: Any, to_proba: dict[str, Any]) -> tuple[Any, Any]:
    """Return the index of the class and the probabilities."""
    return new.ArgMax(z, axis=1, keepdims=0), new.Softmax(z, axis=1, **to_proba)


def _logistic(new: Any, z: Any, to_proba: dict[str, Any]) -> tuple[Any, Any]:
    """Return the index of the class and the probabilities of a binary problem."""
    from skl2onnx.proto import onnx_proto

    proba = new.Sigmoid(new.Concat(new.Neg(z), z, axis=1), **to_proba)
    positive = new.Greater(z, np.zeros(1, np.float32))
    winner = new.Cast(positive, to=onnx_proto.TensorProto.INT64)
    return new.Reshape(winner, np.array([-1])), proba


OUTPUTS: dict[type, Callable[..., tuple[Any, Any]]] = {
    SoftmaxCrossEntropy: _softmax,
    LogisticCrossEntropy: _logistic,
}


def _names(model: Any, scope: Any) -> Any:
    """Return the names of the classes in the graph: int64 or strings."""
    classes = model.classes_
    if scope.get_options(model, {"nocl": False})["nocl"]:
        return np.arange(len(classes))
    if all(isinstance(name, str) for name in classes):
        return classes.astype(str)
    whole = classes.astype(np.int64) if classes.dtype.kind in "biuf" else None
    if whole is None or (whole != classes).any():
        raise ValueError(
            "The labels of an ONNX graph are whole numbers or strings; those of the model are "
            f"{classes.tolist()!r}."
        )
    return whole


def _hidden_activations(model: Any) -> list[Callable[[Any, Any], Any]]:
    """Return, for every hidden layer, a function that adds its activation to the graph."""
    found = fitted_network(model).activations
    for f in found:
        if type(f) not in FORMULAS:
            raise ValueError(
                f"ONNX has no code for activation={f!r}. Only those of "
                "skscratch.core.activations can be converted."
            )
    return [functools.partial(FORMULAS[type(f)], f) for f in found]


def _gelu(f: Any, new: Any, z: Any) -> Any:
    """z Φ(z) = z / 2 · (1 + erf(z / √2))."""
    half, one, root = (np.array([x], np.float32) for x in (0.5, 1, 0.5**0.5))
    return new.Mul(new.Mul(z, half), new.Add(new.Erf(new.Mul(z, root)), one))


FORMULAS: dict[type, Callable[[Any, Any, Any], Any]] = {
    act.Identity: lambda f, new, z: z,
    act.Logistic: lambda f, new, z: new.Sigmoid(z),
    act.Tanh: lambda f, new, z: new.Tanh(z),
    act.ReLU: lambda f, new, z: new.Relu(z),
    act.LeakyReLU: lambda f, new, z: new.LeakyRelu(z, alpha=f.slope),
    act.ELU: lambda f, new, z: new.Elu(z),
    act.SELU: lambda f, new, z: new.Selu(z),
    act.Softplus: lambda f, new, z: new.Softplus(z),
    act.SiLU: lambda f, new, z: new.Mul(z, new.Sigmoid(z)),
    act.GELU: _gelu,
    act.Mish: lambda f, new, z: new.Mul(z, new.Tanh(new.Softplus(z))),
}
