"""The configuration of a training run: every choice made, nothing "auto".

``skscratch.estimators._settings.resolve`` makes it from an estimator's parameters and the data.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skscratch.core.initializers import Initializer
from skscratch.core.network import Architecture, Parameters
from skscratch.core.optimizers import Rule
from skscratch.core.schedules import Schedule
from skscratch.training.data import Dataset

__all__ = ["LBFGS", "EarlyStopping", "Scorer", "Stochastic", "TrainingConfig"]


class Scorer(Protocol):
    """Scores networks for unscaled X. A higher score is better."""

    def on(self, data: Dataset, rows: NDArray[np.intp]) -> Callable[[Parameters], float]:
        """Return the score on some rows, as a function of a network's parameters."""


@dataclass(frozen=True)
class EarlyStopping:
    """Stopping by the loss or the score on validation rows.

    Parameters
    ----------
    validation_fraction : float, splitter or None
        Fraction of the rows to hold out, or a splitter, which is then that of the data; None if the
        user passed a validation set.
    n_updates_no_change : int or inf
        Minimum number of updates without improvement before training stops.
    temperature_scaling : bool
        Whether to fit a temperature to the validation rows.
    refit_batch_size : int or None
        Rows per step of a second training on all rows; None for no second training.
    """

    validation_fraction: Any
    n_updates_no_change: float
    temperature_scaling: bool
    refit_batch_size: int | None


@dataclass(frozen=True)
class Stochastic:
    """A stochastic optimizer.

    Parameters
    ----------
    rule : Rule
    schedule : Schedule
    batch_size : int
        Rows per step.
    shuffle : bool
        Whether to shuffle the rows anew in each epoch.
    weight_decay : float
    max_grad_norm : float
        inf for gradients that are not clipped.
    ema_decay : float
        0 for no average.
    n_iter_no_change : int or inf
        Epochs without improvement after which training stops.
    early_stopping : EarlyStopping or None
        None if the training loss decides when to stop.
    n_jobs : int or None
        Number of joblib workers to divide the members among; None for no workers.
    """

    rule: Rule
    schedule: Schedule
    batch_size: int
    shuffle: bool = True
    weight_decay: float = 0.0
    max_grad_norm: float = math.inf
    ema_decay: float = 0.0
    n_iter_no_change: float = math.inf
    early_stopping: EarlyStopping | None = None
    n_jobs: int | None = None


@dataclass(frozen=True)
class LBFGS:
    """The full-batch optimizer L-BFGS, with at most ``max_fun`` evaluations of the loss."""

    max_fun: int


@dataclass(frozen=True)
class TrainingConfig:
    """The configuration of a training run.

    Parameters
    ----------
    arch : Architecture
        The network, with dropout, label smoothing and members.
    initializers : tuple of Initializer
        One per layer.
    dtype : dtype
        float32 or float64.
    optimizer : Stochastic or LBFGS
    alpha : float
        Strength of the L2 penalty. A value of 1 counts like one training row.
    max_iter : int
        Maximum number of epochs, or of iterations of L-BFGS.
    tol : float
        Smallest improvement that counts. For L-BFGS, the largest gradient entry at which to stop.
    standardize : bool
        Whether the first run scales the features, if some are out of scale.
    scorer : Scorer or None
        Compares networks on validation rows. None compares networks by their loss.
    given : Parameters or None
        Arrays to start from, for unscaled X and targets; None for an array that is drawn, or zero.

    Examples
    --------
    >>> import numpy as np
    >>> from skscratch.core.losses import LogisticCrossEntropy
    >>> from skscratch.core.network import Architecture
    >>> from skscratch.training.config import LBFGS, TrainingConfig
    >>> arch = Architecture((2, 1), (), LogisticCrossEntropy())
    >>> config = TrainingConfig(arch, (), np.dtype(float), LBFGS(max_fun=100), max_iter=10)
    >>> config.optimizer, config.stochastic
    (LBFGS(max_fun=100), None)
    """

    arch: Architecture
    initializers: tuple[Initializer, ...] | tuple[Callable[..., Any], ...]
    dtype: np.dtype[Any]
    optimizer: Stochastic | LBFGS
    alpha: float = 0.0
    max_iter: int = 200
    tol: float = 1e-4
    standardize: bool = False
    scorer: Scorer | None = None
    given: Parameters | None = None

    @property
    def stochastic(self) -> Stochastic | None:
        """The stochastic optimizer, or None for L-BFGS."""
        return self.optimizer if isinstance(self.optimizer, Stochastic) else None
