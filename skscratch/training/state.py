"""Everything that changes during a run, and what of it a later run needs to go on exactly."""

import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from skscratch.core.network import Architecture, Parameters, allocate

__all__ = ["Run", "continuation", "initial_parameters", "pack", "resume"]


@dataclass
class Run:
    """One training run. It works on copies: nothing of it is seen before it is published.

    Parameters
    ----------
    arch : Architecture
    theta : ndarray of shape (P,)
    params : Parameters
        Views into theta.
    seed : int
        Where the run's random streams come from.
    rng : Generator
        The stream of shuffles.
    optimizer_state : dict
        What ``Optimizer`` needs to go on; empty for a new one.
    loss_curve : list of float
        The loss of every epoch, those of earlier runs included.
    best_loss : float
        The lowest of them.
    n_seen : int
        Samples seen, in earlier runs too.
    validation_scores : list of float
        The score of every epoch of this run on the rows held out.
    best_validation_score : float or None
        The score of the parameters kept; None if no rows were held out.
    """

    arch: Architecture
    theta: Any
    params: Parameters
    seed: int
    rng: np.random.Generator
    optimizer_state: dict[str, Any] = field(default_factory=dict)
    loss_curve: list[float] = field(default_factory=list)
    best_loss: float = float("inf")
    n_seen: int = 0
    validation_scores: list[float] = field(default_factory=list)
    best_validation_score: float | None = None

    @property
    def W(self) -> Any:
        """All the weights as one vector: the part of theta that is regularised."""
        return self.theta[: sum(W.size for W in self.params.weights)]

    def record(self, loss: float) -> None:
        """Add the loss of one more epoch."""
        self.loss_curve.append(loss)
        self.best_loss = min(self.best_loss, loss)


def initial_parameters(
    sizes: tuple[int, ...], initializers: list[Any], rng: np.random.Generator, dtype: Any
) -> tuple[Any, Parameters]:
    """Return theta and its views: weights as drawn, biases zero."""
    theta, params = allocate(sizes, dtype)
    for W, draw in zip(params.weights, initializers, strict=True):
        W[...] = draw(rng, *W.shape)
    return theta, params


def pack(sizes: tuple[int, ...], weights: Any, biases: Any) -> tuple[Any, Parameters]:
    """Return theta and its views, copied from published weights and biases.

    Published arrays may come from a pickle, a read-only memory map or the user's hand; training
    needs them writeable and side by side.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.state import pack
    >>> theta, params = pack((1, 2), [np.array([[1.0, 2.0]])], [np.array([3.0, 4.0])])
    >>> theta
    array([1., 2., 3., 4.])
    """
    theta, params = allocate(sizes, weights[0].dtype.newbyteorder("="))
    for own, published in zip([*params.weights, *params.biases], [*weights, *biases], strict=True):
        own[...] = published
    return theta, params


def continuation(run: Run, keep_optimizer: bool) -> dict[str, Any]:
    """Return what a later run needs to go on: plain containers, arrays and a Generator.

    The optimizer's state is up to twice as large as the parameters; without it a later run starts
    with a new optimizer.
    """
    optimizer = run.optimizer_state if keep_optimizer else {}
    return {"seed": run.seed, "rng": run.rng, "optimizer": optimizer}


def resume(saved: dict[str, Any]) -> tuple[int, np.random.Generator, dict[str, Any]]:
    """Return the seed and copies of the random stream and of the optimizer's state."""
    return saved["seed"], copy.deepcopy(saved["rng"]), copy.deepcopy(saved["optimizer"])
