"""Several networks: each by itself, and all as one whose logits are the mean of theirs.

::

    W₁ = [V₁ V₂ ...]    Wₗ = diag(Vₗ₁, Vₗ₂, ...)    W of the last layer = [V₁; V₂; ...] / members

Networks that differ in where they began and in what they saw are wrong in different places, and
their mean is wrong less often than any of them. The mean of the logits is, but for a constant, the
logarithm of the geometric mean of their probabilities; and it is a network again.

References
----------
L. K. Hansen and P. Salamon (1990). Neural network ensembles.
G. E. Hinton (2002). Training products of experts by minimizing contrastive divergence.
"""

import numpy as np
from scipy.linalg import block_diag

from skscratch.core.network import Parameters

__all__ = ["apart", "joined"]


def apart(params: Parameters, members: int) -> list[Parameters]:
    """Return the parameters of each member, which are views.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.network import views
    >>> from skscratch.training.members import apart
    >>> apart(views(np.arange(4.0), (1, 1), members=2), members=2)[1]
    Parameters(weights=[array([[1.]])], biases=[array([3.])])
    """
    if members == 1:
        return [params]
    return [Parameters(*([array[i] for array in part] for part in params)) for i in range(members)]


def joined(params: Parameters) -> Parameters:
    """Return the one network; all its arrays are new. There must be a hidden layer.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.members import joined
    >>> from skscratch.core.network import Parameters
    >>> W, V = np.array([[[1.0]], [[2.0]]]), np.array([[[3.0]], [[4.0]]])
    >>> b, c = np.array([[5.0], [6.0]]), np.array([[7.0], [9.0]])
    >>> joined(Parameters([W, V], [b, c]))
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
