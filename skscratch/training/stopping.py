"""When to stop, and which parameters to keep."""

from typing import Any

import numpy as np

from skscratch.core.network import Architecture, views
from skscratch.training.members import apart

__all__ = ["Best", "Patience"]


class Patience:
    """Counts the epochs and the updates since the loss last fell by more than tol.

    Parameters
    ----------
    tol : float
        The least improvement that counts.
    n_iter_no_change : int or inf
        How many epochs in a row may fail to improve.
    n_updates_no_change : int or inf
        How many updates those epochs must hold at least: an epoch of a small set is a few updates,
        one of a large set thousands.

    Attributes
    ----------
    best : float
        The lowest loss so far.

    Examples
    --------
    >>> from skscratch.training.stopping import Patience
    >>> patience = Patience(tol=0.1, n_iter_no_change=2)
    >>> [patience.exhausted_by(loss, t) for t, loss in enumerate((1.0, 0.95, 0.93))]
    [False, False, True]
    """

    def __init__(self, tol: float, n_iter_no_change: float, n_updates_no_change: float = 0) -> None:
        self.tol, self.n_iter_no_change = tol, n_iter_no_change
        self.n_updates_no_change = n_updates_no_change
        self.best, self._n_stalled, self._t_improved = float("inf"), 0, 0

    def exhausted_by(self, loss: float, t: int) -> bool:
        """Take in the loss after another epoch, which ends with update t; is patience at an end?"""
        if loss < self.best - self.tol:
            self.restart(t)
        else:
            self._n_stalled += 1
        self.best = min(self.best, loss)
        n_updates = t - self._t_improved
        return self._n_stalled >= self.n_iter_no_change and n_updates >= self.n_updates_no_change

    def restart(self, t: int) -> None:
        """Forget what failed to improve up to update t, not the best loss."""
        self._n_stalled, self._t_improved = 0, t

    def state(self) -> dict[str, Any]:
        """Return what changes, as plain numbers."""
        return {
            "best": self.best, "n_stalled": self._n_stalled, "t_improved": self._t_improved
        }  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what ``state`` returned."""
        self.best, self._n_stalled = state["best"], state["n_stalled"]
        self._t_improved = state["t_improved"]


class Best:
    """Keeps a copy of each member's parameters with the lowest loss, the latest of equals.

    Parameters
    ----------
    theta : ndarray of shape (P,)
        Watched.
    arch : Architecture
        Says which of them are whose.

    Attributes
    ----------
    theta : ndarray of shape (P,)
        The parameters kept, a copy; at first those at the start.
    losses : ndarray of shape (members,)
        Their losses.
    marks : dict of ndarray of shape (members,)
        What came with them.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.losses import LogisticCrossEntropy
    >>> from skscratch.core.network import Architecture, allocate
    >>> from skscratch.training.stopping import Best
    >>> arch = Architecture((1, 1), (), LogisticCrossEntropy())
    >>> theta, params = allocate(arch.sizes, np.float64)
    >>> best = Best(theta, arch)
    >>> for loss in (2.0, 1.0, 1.0, 3.0):
    ...     theta += 1
    ...     best.update(loss, epoch=theta[0])
    >>> best.theta, best.losses, best.marks["epoch"]
    (array([3., 3.]), array([1.]), array([3.]))
    """

    def __init__(self, theta: Any, arch: Architecture) -> None:
        self.theta = theta.copy()
        members = _each_member(self.theta, arch), _each_member(theta, arch)
        self._pairs = list(zip(*members, strict=True))
        self.losses, self.marks = np.full(arch.members, np.inf), dict[str, Any]()

    def update(self, losses: Any, **marks: Any) -> None:
        """Keep the parameters of every member whose loss is its lowest so far."""
        better = losses <= self.losses
        for i in np.flatnonzero(better):
            for own, watched in zip(*self._pairs[i], strict=True):
                np.copyto(own, watched)
        self.losses = np.where(better, losses, self.losses)
        self.marks = {k: np.where(better, v, self.marks.get(k, v)) for k, v in marks.items()}

    def state(self) -> dict[str, Any]:
        """Return what changes."""
        return {"theta": self.theta, "losses": self.losses, "marks": self.marks}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what ``state`` returned."""
        np.copyto(self.theta, state["theta"])
        self.losses, self.marks = state["losses"], state["marks"]


def _each_member(theta: Any, arch: Architecture) -> list[list[Any]]:
    """Return for each member the views of theta that are its own."""
    members = apart(views(theta, arch.sizes, arch.members), arch.members)
    return [[*weights, *biases] for weights, biases in members]
