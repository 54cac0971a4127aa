"""How sure a network may be: the number by which its logits are divided."""

from typing import Any

import numpy as np
from scipy import optimize

__all__ = ["temperature"]

# What log T costs, in the unit of the summed loss: a few rows must not move it far.
PULL = 10.0
FURTHEST = 1.5


def temperature(loss: Any, z: Any, y: Any, w: Any) -> float:
    """Return the temperature T at which ``loss`` of the logits z / T is lowest.

    A penalty ``10 (log T)²`` on the summed loss holds T close to 1 where there are few rows.

    Parameters
    ----------
    loss : Loss
    z : ndarray of shape (n, q)
        Logits of rows that the network was not trained on.
    y : ndarray of shape (n,) or (n, q)
        Their targets.
    w : ndarray of shape (n,)
        Their weights.

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
    >>> T = temperature(LogisticCrossEntropy(), z, y, np.ones(10000))
    >>> round(6 / T, 1), round(float(np.log(9)), 1)
    (2.2, 2.2)
    """
    z, w = z.astype(np.float64), w.astype(np.float64)
    weight = w.sum()
    w /= weight

    def objective(log_T: float) -> float:
        mean = loss.forward(np, z * np.exp(-log_T), y, w)
        return float(weight * mean + PULL * log_T**2)

    bounds = -FURTHEST, FURTHEST
    return float(np.exp(optimize.minimize_scalar(objective, bounds=bounds, method="bounded").x))
