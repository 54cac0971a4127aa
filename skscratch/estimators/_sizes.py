"""How much to take at a time: rows per step and per buffer, threads per product."""

from contextlib import AbstractContextManager
from typing import Any

from scipy.sparse import issparse

from skscratch.core.network import Architecture, Parameters
from skscratch.training.state import Run
from skscratch.training.threads import blas_threads, limited_blas_threads

__all__ = ["batch_size", "largest_product", "rows_per_buffer", "threads"]


def batch_size(estimator: Any, n_rows: int) -> int:
    """Return the rows per step; "auto" gives small sets several steps an epoch."""
    if estimator.batch_size == "auto":
        return min(n_rows, max(32, min(200, -(-n_rows // 4))))
    return min(n_rows, int(estimator.batch_size))


def rows_per_buffer(arch: Architecture, X: Any) -> int:
    """Return how many rows to work on at a time so that buffers stay at a few MiB."""
    widths = arch.sizes[1:] if issparse(X) else arch.sizes
    return max(32, 2**19 // sum(widths))


def threads(estimator: Any, run: Run, data: Any) -> AbstractContextManager[None]:
    """Return the context in which to train.

    L-BFGS gets one thread whatever the size: its vectors run through SciPy's BLAS, the products
    through NumPy's, and two pools of threads that take turns get in each other's way.
    """
    if estimator.solver == "lbfgs":
        return limited_blas_threads(1)
    n_rows = batch_size(estimator, data.X.shape[0])
    return blas_threads(largest_product(run.params, data.X, n_rows) / run.arch.members)


def largest_product(params: Parameters, X: Any, n_rows: int) -> float:
    """Return the multiply-adds of the largest product that BLAS computes, of that many rows of X.

    The product of a sparse X is not one of them.
    """
    sizes = [W.size for W in params.weights]
    return float(n_rows * max(sizes[issparse(X) :], default=0))
