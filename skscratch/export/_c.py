"""Fitted models as a C file without dependencies.

The code below is that of a network in float32. ``_typed`` makes that of one in float64 of it.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from skscratch.core.network import in_blocks
from skscratch.estimators import ScratchMLPClassifier
from skscratch.estimators._fitted import fitted_parameters
from skscratch.export._network import check_exportable, names_of_activations, numbers_of

__all__ = ["to_c"]

# The activation of the float v.
FORMULAS = {
    "identity": "v",
    "logistic": "1.0f / (1.0f + expf(-v))",
    "tanh": "tanhf(v)",
    "relu": "v > 0.0f ? v : 0.0f",
    "leaky_relu": "v > 0.0f ? v : {slope} * v",
    "elu": "v > 0.0f ? v : expm1f(v)",
    "selu": "v > 0.0f ? 1.0507009873554805f * v : 1.7580993408473766f * expm1f(v)",
    "softplus": "fmaxf(v, 0.0f) + log1pf(expf(-fabsf(v)))",
    "silu": "v / (1.0f + expf(-v))",
    "gelu": "0.5f * v * erfcf(-0.7071067811865476f * v)",
    "mish": "v * tanhf(fmaxf(v, 0.0f) + log1pf(expf(-fabsf(v))))",
}
# From the logits z to the predictions p; n is the number of logits.
LINKS = {
    "softmax": """\
    float top = z[0], sum = 0.0f;
    for (int j = 1; j < n; j++) if (z[j] > top) top = z[j];
    for (int j = 0; j < n; j++) sum += p[j] = expf(z[j] - top);
    for (int j = 0; j < n; j++) p[j] = fmaxf(p[j] / sum, FLT_MIN);
""",
    "binary": """\
    for (int j = 0; j < n; j++) {
        p[0] = fmaxf(1.0f / (1.0f + expf(z[j])), FLT_MIN);
        p[1] = fmaxf(1.0f / (1.0f + expf(-z[j])), FLT_MIN);
    }
""",
    "logistic": """\
    for (int j = 0; j < n; j++)
        p[j] = fminf(fmaxf(1.0f / (1.0f + expf(-z[j])), FLT_MIN), 1.0f - FLT_EPSILON / 2.0f);
""",
    "identity": """\
    for (int j = 0; j < n; j++) p[j] = z[j];
""",
    "exp": """\
    for (int j = 0; j < n; j++) p[j] = fminf(fmaxf(expf(z[j]), FLT_MIN), FLT_MAX);
""",
    "sorted": """\
    for (int j = 0; j < n; j++) {
        int k = j;
        for (; k > 0 && p[k - 1] > z[j]; k--) p[k] = p[k - 1];
        p[k] = z[j];
    }
""",
}
# Adds the product of h and the rows of W to z.
ADD = """\
static void NAME_add(const float *W, const float *h, int n_in, int n_out, float *z)
{
    for (int j = 0; j < n_out; j++) {
        float sum = 0.0f;
        for (int i = 0; i < n_in; i++) sum += W[j * n_in + i] * h[i];
        z[j] += sum;
    }
}
"""


def to_c(estimator: Any, name: str = "model") -> str:
    """Return a fitted model as one C file, which needs only the C mathematical library.

    The file is C99. It computes in the precision of the model: in ``float``, or in ``double`` if
    the weights are float64. The members are computed one after the other, so the
    zeros between them take neither memory nor time. The weights are constants, which a compiler
    puts into read-only memory. The functions allocate nothing and share nothing, so threads may
    call them.

    Parameters
    ----------
    estimator : ScratchMLPClassifier or ScratchMLPRegressor
        A fitted model.
    name : str, default='model'
        Prefix of all names in the file. It must be a C identifier.

    Returns
    -------
    source : str
        For a classifier, ``void model_predict_proba(const float *x, float *p)`` writes the
        probabilities of a row, in the order of ``classes_``. Unless y was multilabel,
        ``int model_predict(const float *x)`` returns the index of the class. For a regressor,
        ``void model_predict(const float *x, float *p)`` writes the predictions. For a model in
        float64, x and p are ``double``. ``MODEL_FEATURES`` and ``MODEL_OUTPUTS`` are the lengths of
        x and p.

    Raises
    ------
    TypeError
        If the estimator is not one of this package.
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If an activation or the loss is a custom object, if ``name`` is not an identifier, or if a
        weight is not finite.

    See Also
    --------
    to_json : The model as numbers and names, for any language.
    skscratch.onnx.to_onnx : The model as a graph, for runtimes of other languages.

    Notes
    -----
    ``dtype='auto'`` trains in float64 with few rows or ``solver='lbfgs'``, and where float32 is too
    coarse for X. ``dtype='float32'`` gives a file in ``float``, for processors that compute
    ``double`` slowly. The scale of X is folded into the first layer, so x is an unscaled row. The
    result is that of ``predict_proba``, except for rounding.

    Examples
    --------
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.export import to_c
    >>> model = ScratchMLPClassifier((), solver="lbfgs").fit([[-1.0], [1.0]], ["cold", "warm"])
    >>> [line for line in to_c(model, "weather").splitlines() if line.startswith("int")]
    ['int weather_predict(const double *x)']
    """
    check_exportable(estimator, "C")
    named: Any = name
    if not isinstance(named, str) or not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name):
        raise ValueError(f"name must be an identifier of C, such as 'model'. Got {name!r}.")
    members, weights, biases = _blocks(estimator)
    dtype = weights[0].dtype.type
    real = _typed("float", dtype)
    formulas = [
        _typed(FORMULAS[kind], dtype).format(
            **{key: _literal(dtype(n)) for key, n in numbers_of(f).items()}
        )
        for kind, f in names_of_activations(estimator, "C")
    ]
    is_classifier = isinstance(estimator, ScratchMLPClassifier)
    link, n_outputs = _link(estimator), estimator.n_outputs_
    if link == "binary":
        n_outputs = 2
    method = f"{name}_predict_proba" if is_classifier else f"{name}_predict"
    pieces = [
        _comment(estimator, weights[0].dtype),
        "#include <float.h>\n#include <math.h>\n",
        f"#define {name.upper()}_FEATURES {estimator.n_features_in_}\n"
        f"#define {name.upper()}_OUTPUTS {n_outputs}\n",
        *(_array(f"{name}_W{i}", W.mT) for i, W in enumerate(weights)),
        *(_array(f"{name}_b{i}", b) for i, b in enumerate(biases)),
        _typed(ADD, dtype).replace("NAME", name),
        *(
            f"static {real} {name}_f{i}({real} v)\n{{\n    return {formula};\n}}\n"
            for i, formula in enumerate(formulas)
        ),
        f"void {method}(const {real} *x, {real} *p)\n{{\n{_logits(name, members, weights)}"
        f"{_typed(LINKS[link], dtype)}}}\n",
    ]
    if is_classifier and not estimator._is_multilabel():
        pieces.append(_decision(name, real, n_outputs))
    return "\n".join(pieces)


def _blocks(estimator: Any) -> tuple[int, list[Any], list[Any]]:
    """Return the number of members, and weights (members, p, q) and biases, all of one dtype.

    The biases of hidden layers are (members, q). Those of the outputs are (q,). If weights connect
    members, there is one.
    """
    params, n = fitted_parameters(estimator), estimator.n_members_
    blocks = in_blocks(params, n).weights[1:-1] if n > 1 else []
    if any(block.ndim == 2 for block in blocks):
        n = 1
    (first, *between), (*biases, b) = params
    if not between:
        weights, own = [first[None]], [b]
    else:
        *hidden, last = between
        middle = blocks if n > 1 else [W[None] for W in hidden]
        weights = [np.stack(np.split(first, n, axis=1)), *middle, np.stack(np.split(last, n))]
        own = [*(bias.reshape(n, -1) for bias in biases), b]
    if not all(np.isfinite(array).all() for array in (*weights, *own)):
        raise ValueError("coefs_ or intercepts_ has a number that is not finite.")
    return n, weights, own


def _literal(number: Any) -> str:
    """Return the shortest literal of C that is read as the same number."""
    return f"{number!s}f" if isinstance(number, np.float32) else f"{number!s}"


def _typed(code: str, dtype: Any) -> str:
    """Return code of C in float as it is, or in double."""
    if dtype == np.float32:
        return code
    code = re.sub(r"(?<=\d)f\b|f(?=\()", "", code)  # 1.0f, expf()
    return code.replace("float", "double").replace("FLT_", "DBL_")


def _array(name: str, array: Any) -> str:
    """Return an array as a constant of C."""
    rows = ",\n".join(", ".join(map(_literal, row)) for row in array.reshape(-1, array.shape[-1]))
    real = _typed("float", array.dtype)
    return f"static const {real} {name}[{array.size}] = {{\n{rows}\n}};\n"


def _link(estimator: Any) -> str:
    """Return the name of the function of the logits that gives the predictions."""
    if len(getattr(estimator._loss(), "levels", ())) > 1:
        return "sorted"
    name: str = estimator.out_activation_
    return "binary" if name == "logistic" and estimator.n_outputs_ == 1 else name


def _comment(estimator: Any, dtype: Any) -> str:
    """Return the comment at the top of the file. Labels cannot end it."""
    sizes = [estimator.n_features_in_, *(len(b) for b in estimator.intercepts_)]
    lines = [f"{type(estimator).__name__} of skscratch, layers of sizes {sizes}."]
    if hasattr(estimator, "classes_"):
        labels = json.dumps(estimator.classes_.tolist(), default=str).replace("*/", "*\\/")
        lines.append(f"Classes: {labels}.")
    lines.append(f"C99, {dtype.name}. Link with the mathematical library (-lm).")
    return "/* " + "\n * ".join(lines) + "\n */\n"


def _logits(name: str, members: int, weights: list[Any]) -> str:
    """Return the lines that compute the logits z, member by member."""
    last = len(weights) - 1
    n = weights[-1].shape[2]
    real = _typed("float", weights[0].dtype)
    lines = [f"const int n = {n};", f"{real} z[{n}];"]
    lines.append(f"for (int j = 0; j < n; j++) z[j] = {name}_b{last}[j];")
    if last == 0:
        return _indented([*lines, f"{name}_add({name}_W0, x, {len(weights[0][0])}, n, z);"])
    lines.append(f"for (int m = 0; m < {members}; m++) {{")
    h = "x"
    for i, W in enumerate(weights[:-1]):
        _, p, q = W.shape
        lines += [
            f"    {real} h{i}[{q}];",
            f"    for (int j = 0; j < {q}; j++) h{i}[j] = {name}_b{i}[m * {q} + j];",
            f"    {name}_add({name}_W{i} + m * {p * q}, {h}, {p}, {q}, h{i});",
            f"    for (int j = 0; j < {q}; j++) h{i}[j] = {name}_f{i}(h{i}[j]);",
        ]
        h = f"h{i}"
    _, p, q = weights[-1].shape
    lines.append(f"    {name}_add({name}_W{last} + m * {p * q}, {h}, {p}, n, z);")
    return _indented([*lines, "}"])


def _indented(lines: list[str]) -> str:
    return "".join(f"    {line}\n" for line in lines)


def _decision(name: str, real: str, n_outputs: int) -> str:
    """Return the function that returns the index of the class."""
    return f"""\
int {name}_predict(const {real} *x)
{{
    {real} p[{n_outputs}];
    int best = 0;
    {name}_predict_proba(x, p);
    for (int j = 1; j < {n_outputs}; j++) if (p[j] > p[best]) best = j;
    return best;
}}
"""
