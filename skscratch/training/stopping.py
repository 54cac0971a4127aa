"""When to stop, and which parameters to keep."""

from typing import Any

import numpy as np

__all__ = ["Best", "Patience"]


class Patience:
    """Counts the epochs since the loss last fell by more than tol.

    Parameters
    ----------
    tol : float
        The least improvement that counts.
    n_iter_no_change : int or inf
        How many epochs in a row may fail to improve.

    Attributes
    ----------
    best : float
        The lowest loss so far.

    Examples
    --------
    >>> from skscratch.training.stopping import Patience
    >>> patience = Patience(tol=0.1, n_iter_no_change=2)
    >>> [patience.exhausted_by(loss) for loss in (1.0, 0.95, 0.93)]
    [False, False, True]
    """

    def __init__(self, tol: float, n_iter_no_change: float) -> None:
        self.tol, self.n_iter_no_change = tol, n_iter_no_change
        self.best = float("inf")
        self._n_stalled = 0

    def exhausted_by(self, loss: float) -> bool:
        """Take in the loss of one more epoch; return whether patience has run out."""
        self._n_stalled = 0 if loss < self.best - self.tol else self._n_stalled + 1
        self.best = min(self.best, loss)
        return self._n_stalled >= self.n_iter_no_change

    def restart(self) -> None:
        """Forget the epochs that failed to improve, not the best loss."""
        self._n_stalled = 0


class Best:
    """Keeps a copy of the parameters with the lowest loss, the latest of equals.

    Parameters
    ----------
    theta : ndarray of shape (P,)
        Watched, and written by ``restore``.

    Attributes
    ----------
    index : int
        Which call of ``update`` the kept parameters come from, counted from 0.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.stopping import Best
    >>> theta = np.zeros(1)
    >>> best = Best(theta)
    >>> for loss in (2.0, 1.0, 1.0, 3.0):
    ...     theta += 1
    ...     best.update(loss)
    >>> best.restore()
    >>> theta, best.index
    (array([3.]), 2)
    """

    def __init__(self, theta: Any) -> None:
        self.theta, self.loss, self.index = theta, float("inf"), -1
        self._kept = theta.copy()
        self._n_updates = 0

    def update(self, loss: float) -> None:
        """Keep theta if this loss is the lowest so far."""
        if loss <= self.loss:
            self.loss, self.index = loss, self._n_updates
            np.copyto(self._kept, self.theta)
        self._n_updates += 1

    def restore(self) -> None:
        """Write ``theta <- kept parameters``."""
        np.copyto(self.theta, self._kept)
