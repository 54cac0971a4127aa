"""The members of an ensemble, merged into one network.

The logits of the merged network are the mean of the members' logits::

    W₁ = [V₁ V₂ ...]    Wₗ = diag(Vₗ₁, Vₗ₂, ...)    W of the last layer = [V₁; V₂; ...] / members

Members start from different weights and train on different rows, so their errors differ. The mean
of their logits is wrong less often than a member. Up to a constant it is the logarithm of the
geometric mean of their probabilities.

References
----------
L. K. Hansen and P. Salamon (1990). Neural network ensembles.
G. E. Hinton (2002). Training products of experts by minimizing contrastive divergence.
"""

import numpy as np
from scipy.linalg import block_diag

from skscratch.core.network import Parameters

__all__ = ["merge_members"]


def merge_members(params: Parameters) -> Parameters:
    """Return the parameters of the merged network, as new arrays. Members need a hidden layer.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.folding import merge_members
    >>> from skscratch.core.network import Parameters
    >>> W, V = np.array([[[1.0]], [[2.0]]]), np.array([[[3.0]], [[4.0]]])
    >>> b, c = np.array([[5.0], [6.0]]), np.array([[7.0], [9.0]])
    >>> merge_members(Parameters([W, V], [b, c]))
    Parameters(weights=[array([[1., 2.]]), array([[1.5],
           [2. ]])], biases=[array([5., 6.]), array([8.])])
    """
    (first, *between, last), (*biases, b) = params
    weights = [
        np.concatenate(first, axis=1),
        *(block_diag(*W) for W in between),
        np.concatenate(last) / len(last),
    ]
    return Parameters(weights, [*(b.flatten() for b in biases), b.mean(axis=0)])
