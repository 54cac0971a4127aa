"""The output of a network that is explained: its logits, its probabilities or its numbers.

A response is a pair. ``forward`` returns the responses (n, r) of logits (n, q). ``backward``
returns the derivative (n, q) of one of the r responses with respect to the logits.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import is_classifier

__all__ = ["Response", "choose_response", "names_of_outputs"]


class Response(Protocol):
    """A function of the logits z (n, q), and its derivative."""

    def forward(self, z: Any) -> Any:
        """Return the responses of z as a new array (n, r)."""

    def backward(self, z: Any, k: int) -> Any:
        """Return the derivative of response k with respect to z as a new array (n, q)."""


class Logits:
    """r = z."""

    def forward(self, z: Any) -> Any:
        return z.copy()

    def backward(self, z: Any, k: int) -> Any:
        return _only(k, np.ones_like(z))


class Logistic:
    """r = 1 / (1 + exp(-z)),  r' = r (1 - r)."""

    def forward(self, z: Any) -> Any:
        return expit(z)

    def backward(self, z: Any, k: int) -> Any:
        return _only(k, expit(z) * expit(-z))


class Softmax:
    """r = exp(z) / sum(exp(z)),  dr_k/dz = r_k (onehot(k) - r)."""

    def forward(self, z: Any) -> Any:
        return softmax(z, axis=1)

    def backward(self, z: Any, k: int) -> Any:
        p = softmax(z, axis=1)
        slope = -p * p[:, k : k + 1]
        slope[:, k] += p[:, k]
        return slope


class Exponential:
    """r = exp(z),  r' = r."""

    def forward(self, z: Any) -> Any:
        return np.exp(z)

    def backward(self, z: Any, k: int) -> Any:
        return _only(k, np.exp(z))


class Sorted:
    """r = z, sorted in each row; r_k has the slope 1 in the logit that is at place k."""

    def forward(self, z: Any) -> Any:
        return np.sort(z, axis=1)

    def backward(self, z: Any, k: int) -> Any:
        slope = np.zeros_like(z)
        np.put_along_axis(slope, np.argsort(z, axis=1)[:, k : k + 1], 1, axis=1)
        return slope


def _only(k: int, slope: Any) -> Any:
    """Return the slopes with zeros in all columns but one."""
    only = np.zeros_like(slope)
    only[:, k] = slope[:, k]
    return only


PROBABILITIES: dict[str, Response] = {"logistic": Logistic(), "softmax": Softmax()}
NUMBERS: list[Response] = [Logits(), Exponential(), Sorted()]


def choose_response(network: Any, response_method: str) -> Response:
    """Return the response of a fitted network that ``response_method`` names.

    Raises
    ------
    ValueError
        If the network has no such response, or if no derivative of it is known.
    """
    classifies = is_classifier(network)
    known = ["decision_function", "predict_proba"] if classifies else ["predict"]
    if response_method not in ("auto", *known):
        raise ValueError(
            f"response_method must be 'auto' or {' or '.join(map(repr, known))} for a "
            f"{type(network).__name__}. Got {response_method!r}."
        )
    if not classifies:
        return _of_loss(network)
    if response_method == "predict_proba":
        return PROBABILITIES[network.out_activation_]
    return Logits()


def _of_loss(network: Any) -> Response:
    """Return the response that gives the same predictions as the loss of a regressor."""
    loss, q = network._loss(), network.n_outputs_
    z = np.linspace(3, -3, 7 * q).reshape(-1, q)
    expected = loss.predict(z.copy())
    for response in NUMBERS:
        if np.allclose(response.forward(z), expected):
            return response
    raise ValueError(
        f"loss={loss!r} has predictions whose derivative is not known. The predictions of a loss "
        "must be the logits, their exponential, or the sorted logits."
    )


def names_of_outputs(network: Any) -> list[Any] | None:
    """Return a name for each response, classes or numbers of targets; None if there is one."""
    if network.n_outputs_ == 1:
        return None
    names: list[Any] = np.asarray(getattr(network, "classes_", range(network.n_outputs_))).tolist()
    return names
