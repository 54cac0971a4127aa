"""How sure a network may be: the number by which its logits are divided."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy import optimize

__all__ = ["temperature"]

# What log T costs, in the unit of the summed loss: a few rows must not move it far.
PULL = 10.0
FURTHEST = 1.5
# So many logits are kept from one look at them to the next; more are asked for each time anew.
KEPT = 2**19


def temperature(loss: Any, logits: Iterable[tuple[Any, Any, Any]]) -> float:
    """Return the temperature T at which ``loss`` of the logits z / T is lowest.

    A penalty ``10 (log T)²`` on the summed loss holds T close to 1 where there are few rows.

    Parameters
    ----------
    loss : Loss
    logits : iterable of (z, y, w)
        Some rows at a time, again and again: z of shape (n, q), in float64, the logits of rows that
        the network was not trained on, y of shape (n,) or (n, q), their targets, and w of shape
        (n,), their weights. y and w may be overwritten when the next rows are asked for.

    References
    ----------
    C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger (2017). On calibration of modern neural networks.

    Examples
    --------
    Nine rows of ten are right: that is a logit of log 9, not of 6.

    >>> import numpy as np
    >>> from skscratch.core.losses import LogisticCrossEntropy
    >>> from skscratch.training.temperature import temperature
    >>> z, y = np.full((10000, 1), 6.0), np.array([[1.0]] * 9000 + [[0.0]] * 1000)
    >>> T = temperature(LogisticCrossEntropy(), [(z, y, np.ones(10000))])
    >>> round(6 / T, 1), round(float(np.log(9)), 1)
    (2.2, 2.2)
    """
    logits = _kept(logits)

    def objective(log_T: float) -> float:
        total = sum(loss.forward(np, z * np.exp(-log_T), y, w) for z, y, w in logits)
        return float(total + PULL * log_T**2)

    bounds = -FURTHEST, FURTHEST
    return float(np.exp(optimize.minimize_scalar(objective, bounds=bounds, method="bounded").x))


def _kept(logits: Iterable[tuple[Any, Any, Any]]) -> Iterable[tuple[Any, Any, Any]]:
    """Return the logits in a list, if there are few of them."""
    kept, n = [], 0
    for z, y, w in logits:
        n += z.size
        if n > KEPT:
            return logits
        kept.append((z, y.copy(), w.copy()))
    return kept
