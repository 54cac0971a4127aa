"""A model must be able to predict what it was trained on."""

import math
from typing import Any

import numpy as np
from scipy.sparse import issparse

from skscratch.core.network import outputs
from skscratch.estimators._sizes import rows_per_buffer
from skscratch.training.state import Run

__all__ = ["overflows"]


def overflows(run: Run, data: Any) -> bool:
    """Return whether an output for the training data is not finite.

    Norms bound the outputs; only where they do not exclude it are the outputs computed.
    """
    dtype, (arch, params) = run.theta.dtype, run.network(run.result)
    values = data.X.data if issparse(data.X) else data.X.reshape(-1)
    values = values if values.dtype.kind == "f" else np.array([np.iinfo(np.uint64).max], dtype)
    square = sum(float(np.vdot(part, part)) for layer in params for part in layer)
    norms = float(values @ values), *[max(square, 1.0)] * len(params.weights)
    if sum(math.log(max(norm, 1.0)) / 2 for norm in norms) < math.log(np.finfo(dtype).max) - 1:
        return False
    rows = rows_per_buffer(arch, data.X)
    finite = outputs(arch, params, data.X, rows, lambda z: np.isfinite(z).all(axis=1))
    return not finite.all()
