"""A fit by L-BFGS, the full-batch optimizer: SciPy's iterations over the same two passes.

After many iterations, a difference in the last digit can lead to another minimum. A row of weight 2
and two copies of the row must lead to the same minimum. So ``distinct_rows`` merges identical rows
and sorts them: both data sets then become the same arrays.
"""

import math
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.sparse import csr_array, issparse

from skscratch.core.network import rows_per_buffer, trainable_slices, views
from skscratch.training.config import LBFGS, TrainingConfig
from skscratch.training.data import Batch, Dataset, ShuffledBatches
from skscratch.training.loop import Network, l2_strength, loss_and_gradient
from skscratch.training.outcome import Diverged, End, Hooks, Outcome
from skscratch.training.state import TrainingState
from skscratch.training.validation import Evaluator

__all__ = ["LBFGSFit", "distinct_rows", "minimize", "objective", "row_keys"]

# numbers to hash or compare at a time, so that copies stay small
NUMBERS_AT_A_TIME = 2**16
# weights are multiples of this fraction of the largest one
ROUNDING = 2.0**-44


class LBFGSFit:
    """Trains until L-BFGS has converged, or until ``max_iter`` or ``max_fun`` is reached.

    The state holds the parameters after the last iteration. SciPy's trial points are in a separate
    vector.

    Parameters
    ----------
    config : TrainingConfig
    options : LBFGS
        The optimizer of config.
    state : TrainingState
    data : Dataset
    hooks : Hooks

    Attributes
    ----------
    outcome : Outcome
    """

    def __init__(
        self,
        config: TrainingConfig,
        options: LBFGS,
        state: TrainingState,
        data: Dataset,
        hooks: Hooks,
    ) -> None:
        self.config, self.options, self.state, self.hooks = config, options, state, hooks
        self.outcome = Outcome(state.theta.copy(), state.n_epochs, len(state.history))
        state.optimizer, state.ema = None, None
        arch, dtype, n = state.arch, state.theta.dtype, rows_per_buffer(state.arch, data.X)
        rows, weights = distinct_rows(data.X, data.y, data.w)
        w = np.zeros(data.X.shape[0], dtype)
        w[rows] = weights
        self.batches = ShuffledBatches(data.X, data.y, w, n, dtype, rows, None, state.scaling)
        self.l2 = l2_strength(config.alpha, weights.sum())
        self.trial = state.theta.copy()
        params = views(self.trial, arch.sizes, arch.members)
        self.network = Network.empty(arch, params, self.batches.batch_size)
        self.time, self.norm, self.stopped = perf_counter(), math.nan, False
        self.counters, validation = state.counters(), data.own_validation()
        self.evaluator = None
        if validation is not None:
            self.evaluator = Evaluator(state, validation, config.scorer, self.trial)

    def run(self) -> None:
        """Move the parameters to a minimum of the loss and the penalty.

        Raises
        ------
        Diverged
            If the loss becomes non-finite before the end of the first iteration.
        """
        state, hooks, outcome = self.state, self.hooks, self.outcome
        try:
            result = minimize(
                self.trial,
                self._objective,
                self._end_iteration,
                max_iter=self.config.max_iter,
                max_fun=self.options.max_fun,
                tol=self.config.tol,
            )
        except KeyboardInterrupt:
            state.load_state_dict(self.counters)
            outcome.end = End.INTERRUPT
            hooks.end_training(state, outcome)
            raise
        outcome.lbfgs, finite = result, self._is_finite(result.fun)
        if state.n_epochs == outcome.n_epochs_before and finite:
            self._record(float(result.fun))
        if not finite:
            if state.n_epochs == outcome.n_epochs_before:
                raise Diverged(state.n_epochs + 1)
            outcome.end, outcome.diverged_epoch = End.DIVERGED, state.n_epochs + 1
        elif self.stopped:
            outcome.end = End.CALLBACK
        else:
            outcome.end = End.CONVERGED if result.success else End.NOT_CONVERGED
        hooks.end_training(state, outcome)

    def _objective(self) -> tuple[float, Any]:
        self.hooks.begin_epoch(self.state, "iteration")
        loss, g = objective(self.network, self.batches, self.trial, self.l2)
        self.norm = math.sqrt(g @ g)
        return loss, g

    def _end_iteration(self, value: float) -> None:
        """Record an iteration; if it is the last, raise StopIteration, which SciPy expects."""
        if self._is_finite(value):
            self._record(value)
        if self.stopped or not self._is_finite(value):
            raise StopIteration

    def _record(self, value: float) -> None:
        """Record the iteration that led to the trial point."""
        state, now = self.state, perf_counter()
        penalty = 0.5 * self.l2 * _square(self.trial, trainable_slices(state.arch, biases=False))
        state.record(value - penalty, penalty, gradient_norm=self.norm, seconds=now - self.time)
        if self.evaluator is not None:
            self.evaluator.evaluate()
        np.copyto(state.theta, self.trial)
        self.time, self.counters = now, state.counters()
        self.stopped = self.hooks.end_epoch(state)

    def _is_finite(self, value: float) -> bool:
        return math.isfinite(value) and math.isfinite(self.trial @ self.trial)


def objective(
    network: Network, batches: Iterable[Batch], theta: Any, l2: float
) -> tuple[float, Any]:
    """Return ``L + ½ l2 ‖W‖²`` over all batches and its gradient, a new float64 vector.

    theta are the parameters of the network, and W those of its weights that are trained. The
    gradient of what is not trained is 0. The data are visited in batches only to bound memory. The
    means of the batches are combined by weight.
    """
    total, weights, g = 0.0, 0.0, np.zeros(network.grad.g.shape)
    for X, y, w, weight in batches:
        total += weight * loss_and_gradient(network, X, y, w)
        g += np.float64(weight) * network.grad.g  # float32 may not hold the weight
        weights += weight
    trained, g_trained = trainable_slices(network.arch, biases=False), np.zeros_like(g)
    for part in trainable_slices(network.arch):
        g_trained[part] = g[part] / weights
    for part in trained:
        g_trained[part] += l2 * theta[part]
    return total / weights + 0.5 * l2 * _square(theta, trained), g_trained


def _square(theta: Any, parts: list[slice]) -> float:
    """Return the squared norm of parts of a vector."""
    return sum(float(theta[part] @ theta[part]) for part in parts)


def minimize(
    theta: Any,
    loss_and_grad: Callable[[], tuple[float, Any]],
    after_iteration: Callable[[float], None],
    *,
    max_iter: int,
    max_fun: int,
    tol: float,
) -> Any:
    """Move theta to a minimum.

    Parameters
    ----------
    theta : ndarray of shape (P,)
        The start, overwritten with the end.
    loss_and_grad : callable
        Returns the loss and its gradient at the current theta.
    after_iteration : callable
        Receives the loss after every iteration, when theta is the new point. The callable may raise
        StopIteration to stop at this point.
    max_iter, max_fun : int
        Maximum numbers of iterations and of evaluations of the loss.
    tol : float
        Largest entry of the gradient at which to stop.

    Returns
    -------
    result : scipy.optimize.OptimizeResult

    References
    ----------
    D. C. Liu and J. Nocedal (1989). On the limited memory BFGS method for large scale
    optimization.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.lbfgs import minimize
    >>> theta, losses = np.array([3.0]), []
    >>> def parabola():
    ...     return float(theta @ theta), 2 * theta
    >>> result = minimize(theta, parabola, losses.append, max_iter=9, max_fun=99, tol=1e-6)
    >>> bool(abs(theta[0]) < 1e-6), len(losses) == result.nit
    (True, True)
    """

    def at(point: Any) -> tuple[float, Any]:
        theta[:] = point
        return loss_and_grad()

    def callback(intermediate_result: Any) -> None:
        theta[:] = intermediate_result.x
        after_iteration(float(intermediate_result.fun))

    result = optimize.minimize(
        at,
        theta.astype(float),
        method="L-BFGS-B",
        jac=True,
        callback=callback,
        options={"maxiter": max_iter, "maxfun": max_fun, "gtol": tol},
    )
    theta[:] = result.x
    return result


def distinct_rows(X: Any, y: Any, w: Any) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """Return the positions of the distinct rows of X and y, sorted by hash, and their weights.

    Parameters
    ----------
    X : {ndarray, CSR} of shape (n, p)
    y : ndarray of shape (n,) or (n, q)
    w : ndarray of shape (n,) or None
        Rows of weight 0 are left out; None gives every row weight 1.

    Returns
    -------
    rows : ndarray of int of shape (n_distinct,)
        The positions, in an order of rows that does not depend on the order of the data.
    weights : ndarray of shape (n_distinct,)
        For each distinct row, the sum of the weights of all identical rows.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.training.lbfgs import distinct_rows
    >>> X, y = np.array([[1.0], [2.0], [1.0], [1.0]]), np.array([0, 0, 0, 1])
    >>> rows, weights = distinct_rows(X, y, None)
    >>> sorted(zip(X[rows, 0].tolist(), y[rows].tolist(), weights.tolist()))
    [(1.0, 0, 2.0), (1.0, 1, 1.0), (2.0, 0, 1.0)]
    """
    if issparse(X):
        # in a new matrix, because SciPy caches in it whether its indices are sorted
        X = type(X)((X.data, X.indices, X.indptr), shape=X.shape)
        if not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
    weights = np.ones(X.shape[0]) if w is None else w
    rows = np.flatnonzero(weights)
    keys = row_keys(X)[rows] + row_keys(y.reshape(len(y), -1))[rows] * np.uint64(3)
    order = np.argsort(keys, kind="stable")
    rows, keys = rows[order], keys[order]
    same = keys[1:] == keys[:-1]
    above, below = rows[:-1][same], rows[1:][same]
    same[same] = _equal(X, above, below) & _equal(y, above, below)
    first = np.flatnonzero(np.r_[True, ~same])
    merged = np.add.reduceat(weights[rows].astype(np.float64), first)
    # rounded, so that a product and a sum of the same weights are equal
    unit = np.exp2(np.ceil(np.log2(merged.max()))) * ROUNDING
    return rows[first], np.round(merged / unit) * unit


def row_keys(X: Any) -> NDArray[np.uint64]:
    """Return a hash of each row: the sum of its hashed numbers, each times a factor."""
    factors = np.random.default_rng(0).integers(2**64, size=X.shape[1], dtype=np.uint64) | 1
    if issparse(X):
        mixed = csr_array((_mixed(X.data), X.indices, X.indptr), X.shape)
        return np.asarray(mixed @ factors)
    keys, n_rows = np.empty(X.shape[0], np.uint64), max(1, NUMBERS_AT_A_TIME // X.shape[1])
    for start in range(0, X.shape[0], n_rows):
        some = slice(start, start + n_rows)
        np.matmul(_mixed(X[some]), factors, out=keys[some])
    return keys


def _mixed(x: Any) -> NDArray[np.uint64]:
    """Return a hash of each number, every bit of which depends on all bits; 0 for 0."""
    # -0.0 becomes 0.0
    bits: NDArray[np.uint64] = (x + np.zeros((), x.dtype)).astype(np.float64).view(np.uint64)
    bits *= np.uint64(0x9E3779B97F4A7C15)
    bits ^= bits >> np.uint64(29)
    bits *= np.uint64(0xBF58476D1CE4E5B9)
    bits ^= bits >> np.uint64(32)
    return bits


def _equal(X: Any, some: Any, others: Any) -> NDArray[np.bool_]:
    """Return for each pair of rows whether the two rows are equal."""
    if issparse(X):
        return np.asarray(abs(X[some] - X[others]).sum(axis=1) == 0).ravel()
    equal, n_rows = np.empty(len(some), bool), max(1, NUMBERS_AT_A_TIME // math.prod(X.shape[1:]))
    for start in range(0, len(some), n_rows):
        pairs = slice(start, start + n_rows)
        differences = X[some[pairs]] != X[others[pairs]]
        equal[pairs] = ~differences.reshape(len(differences), -1).any(axis=1)
    return equal
