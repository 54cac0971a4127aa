"""When to stop training, and which weights to keep."""

import math
from itertools import chain
from typing import Any

import numpy as np

from skscratch.core.network import Architecture, split_members, views

__all__ = ["BestWeights", "Patience", "has_fallen", "is_unfinished"]

# Training that ends at max_iter is unfinished if the last epochs made more than this share of all
# progress, at more than this share of the highest learning rate.
UNFINISHED = 0.05


class Patience:
    """Counts the epochs and the updates since the loss last fell by more than tol.

    Parameters
    ----------
    tol : float
        The smallest improvement that counts.
    n_iter_no_change : int or inf
        Consecutive epochs without improvement after which to stop.
    n_updates_no_change : int or inf
        Minimum number of updates in those epochs. An epoch on small data is a few updates, an epoch
        on large data is thousands.

    Attributes
    ----------
    best : float
        The lowest loss so far.

    Examples
    --------
    >>> from skscratch.training.early_stopping import Patience
    >>> patience = Patience(tol=0.1, n_iter_no_change=2)
    >>> [patience.step(loss, n_updates) for n_updates, loss in enumerate((1.0, 0.95, 0.93))]
    [False, False, True]
    """

    def __init__(self, tol: float, n_iter_no_change: float, n_updates_no_change: float = 0) -> None:
        self.tol, self.n_iter_no_change = tol, n_iter_no_change
        self.n_updates_no_change = n_updates_no_change
        self.best, self._n_stalled, self._improved_at = float("inf"), 0, 0

    def step(self, loss: float, n_updates: int) -> bool:
        """Count another epoch, which ended with update n_updates; return whether to stop."""
        if loss < self.best - self.tol:
            self.restart(n_updates)
        else:
            self._n_stalled += 1
        self.best = min(self.best, loss)
        updates = n_updates - self._improved_at
        return self._n_stalled >= self.n_iter_no_change and updates >= self.n_updates_no_change

    def restart(self, n_updates: int) -> None:
        """Start counting anew after update n_updates; keep the best loss."""
        self._n_stalled, self._improved_at = 0, n_updates

    def state_dict(self) -> dict[str, Any]:
        """Return the counters, as plain numbers."""
        return {
            "best": self.best,
            "n_stalled": self._n_stalled,
            "t_improved": self._improved_at,
        }

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Load a dict that ``state_dict`` returned."""
        self.best, self._n_stalled = saved["best"], saved["n_stalled"]
        self._improved_at = saved["t_improved"]


class BestWeights:
    """A copy of each member's parameters in the epoch of its lowest loss; of equal ones, the last.

    Parameters
    ----------
    theta : ndarray of shape (P,)
        The parameters that training changes.
    arch : Architecture
        Defines which parameters belong to which member.

    Attributes
    ----------
    theta : ndarray of shape (P,)
        The copy; at first the parameters at the start.
    losses : ndarray of shape (members,)
        The members' lowest losses.
    metadata : dict of ndarray of shape (members,)
        The metadata that ``update`` got when each member was last copied.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.losses import LogisticCrossEntropy
    >>> from skscratch.core.network import Architecture, allocate
    >>> from skscratch.training.early_stopping import BestWeights
    >>> arch = Architecture((1, 1), (), LogisticCrossEntropy())
    >>> theta, params = allocate(arch.sizes, np.float64)
    >>> best = BestWeights(theta, arch)
    >>> for loss in (2.0, 1.0, 1.0, 3.0):
    ...     theta += 1
    ...     best.update(loss, epoch=theta[0])
    >>> best.theta, best.losses, best.metadata["epoch"]
    (array([3., 3.]), array([1.]), array([3.]))
    """

    def __init__(self, theta: Any, arch: Architecture) -> None:
        self.theta = theta.copy()
        sizes, members = arch.sizes, arch.members
        # each member's arrays, two by two
        self._pairs = [[(self.theta, theta)]]
        if members > 1:
            own = split_members(views(self.theta, sizes, members), members)
            watched = split_members(views(theta, sizes, members), members)
            arrays = map(chain.from_iterable, own), map(chain.from_iterable, watched)
            self._pairs = [*map(list, map(zip, *arrays))]
        self.losses, self.metadata = np.full(arch.members, np.inf), dict[str, Any]()

    def update(self, losses: Any, **metadata: Any) -> None:
        """Copy the parameters of every member whose loss is its lowest so far."""
        better = losses <= self.losses
        for i in np.flatnonzero(better):
            for own, watched in self._pairs[i]:
                np.copyto(own, watched)
        self.losses = np.where(better, losses, self.losses)
        self.metadata = {
            name: np.where(better, value, self.metadata.get(name, value))
            for name, value in metadata.items()
        }

    def state_dict(self) -> dict[str, Any]:
        """Return the copy, its losses and their metadata; the arrays are not copied."""
        return {"theta": self.theta, "losses": self.losses, "marks": self.metadata}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Load a dict that ``state_dict`` returned in place."""
        np.copyto(self.theta, saved["theta"])
        self.losses, self.metadata = saved["losses"], saved["marks"]


def is_unfinished(losses: list[float], learning_rates: list[float], n: float) -> bool:
    """Return whether more epochs would help: the loss still falls, at a rate that is not yet low.

    Parameters
    ----------
    losses, learning_rates : list of float
        The numbers of every epoch.
    n : int or inf
        Number of last epochs to judge by. With inf, the result is False.

    Examples
    --------
    >>> from skscratch.training.early_stopping import is_unfinished
    >>> is_unfinished([4.0, 3.0, 2.0, 1.0], [0.1] * 4, n=2)
    True
    >>> is_unfinished([4.0, 1.0, 1.0, 1.0], [0.1] * 4, n=2)
    False
    """
    at_rest = learning_rates[-1] < UNFINISHED * max(learning_rates)
    if math.isinf(n) or at_rest:
        return False
    return n >= len(losses) or has_fallen(losses, int(n))


def has_fallen(losses: list[float], n: int) -> bool:
    """Return whether the last n of more than n epochs made a good share of all progress.

    Examples
    --------
    >>> from skscratch.training.early_stopping import has_fallen
    >>> has_fallen([4.0, 1.0, 1.0], n=1)
    False
    """
    return losses[-1 - n] - losses[-1] > UNFINISHED * (max(losses) - min(losses))
