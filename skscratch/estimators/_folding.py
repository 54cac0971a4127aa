"""Scales of inputs and targets: folded into published weights, and taken out again.

A fitted network maps raw X to raw targets. Training maps scaled X to scaled targets. Folding rounds
the biases. So the biases of training are saved, with digests that show whether the user has changed
the published arrays since.
"""

import hashlib
from typing import Any, cast

import numpy as np

from skscratch.core.losses import RegressionLoss
from skscratch.core.network import views
from skscratch.training.scaling import Scaling, TargetScaling
from skscratch.training.state import TrainingState

__all__ = ["digest", "folded", "of_members", "target_scaling", "unfold", "weights_digest"]


def folded(state: TrainingState, layer: int) -> dict[str, Any]:
    """Return the biases of a layer before the scales are folded in, and what they have become."""
    biases = views(state.result, state.arch.sizes, state.arch.members).biases[layer]
    own = biases.reshape(-1)
    if layer == -1 and biases.ndim == 2:  # the members' outputs are averaged
        own = biases.mean(axis=0)
    _, (weights, published) = state.network(state.result)
    return {
        "bias": own.copy(),
        "folded": published[layer].copy(),
        "weights": digest(weights[layer]),
    }


def of_members(state: TrainingState) -> dict[str, Any] | None:
    """Return what the published network lacks to tell its members apart; None for one member.

    The published output biases are the mean of the members' output biases. The result holds the
    difference of each member's biases from this mean. It belongs to the published weights of the
    last layer.
    """
    if state.arch.members == 1:
        return None
    b = state.unscaled(state.result).biases[-1]
    _, (weights, _) = state.network(state.result)
    return {"bias": b - b.mean(axis=0), "weights": weights_digest(weights[-1])}


def target_scaling(saved: dict[str, Any]) -> TargetScaling | None:
    """Return the scaling of the targets of a fitted network; None for a classifier."""
    found = saved.get("target_scaling")
    return None if found is None else TargetScaling(found["center"], found["scale"])


def unfold(saved: dict[str, Any], state: TrainingState) -> None:
    """Scale inputs and targets of the run like those of the former run.

    The parameters are restored exactly, unless the user has changed published weights or biases.
    """
    scaling, target, (weights, biases) = saved.get("scaling"), state.target_scaling, state.params
    known = [
        (b, own["bias"], (b == own["folded"]) & (digest(W) == own["weights"]))
        for W, b, own in (
            (weights[0], biases[0], scaling),
            (weights[-1], biases[-1], saved.get("target_scaling")),
        )
        if own is not None
    ]
    if target is not None:
        loss = cast(RegressionLoss, state.arch.loss)
        W, b = loss.unfold_target(weights[-1], biases[-1], *target)
        weights[-1][...], biases[-1][...] = W, b
    if scaling is not None:
        state.scaling = Scaling(scaling["center"], scaling["scale"], scaling.get("limit"))
        unfolded = state.scaling.unfold(state.params)
        weights[0][...], biases[0][...] = unfolded.weights[0], unfolded.biases[0]
    for b, former, is_known in known:
        b[...] = np.where(is_known, former, b)


def weights_digest(W: Any) -> str:
    """Return a string that tells the values of weights apart, whatever their dtype."""
    return digest(np.ascontiguousarray(W, np.float64))


def digest(array: Any) -> str:
    """Return a string that tells arrays apart."""
    return hashlib.sha256(array.tobytes()).hexdigest()
