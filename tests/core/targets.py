"""Targets that a loss takes."""

from skscratch.core.losses import REGRESSION_LOSSES
from skscratch.core.regression_losses import Huber, Quantile

__all__ = ["OF_REGRESSORS", "draw_targets"]

# The losses of the table, and others that have parameters.
OF_REGRESSORS = REGRESSION_LOSSES | {
    "huber-0.3": Huber(0.3),
    "quantile-0.8": Quantile((0.8,)),
    "quantile-four": Quantile((0.1, 0.4, 0.7, 0.9)),
}


def draw_targets(loss, rng, rows, q):
    """Return targets of the shape rows: classes, zeros and ones, counts, positive or any numbers.

    q is the number of outputs. Quantiles at several levels are outputs for the same target.
    """
    if loss.output_activation == "softmax":
        return rng.integers(q, size=rows)
    if loss.output_activation == "logistic":
        return rng.integers(2, size=(*rows, q)) * 1.0
    shape = (*rows, 1 if loss.n_outputs(1) > 1 else q)
    if loss.name == "poisson":
        return rng.poisson(1.5, shape) * 1.0
    return rng.gamma(1.0, 2.0, shape) if loss.name == "gamma" else rng.normal(size=shape, scale=2)
