"""End training when a monitored value stops improving, or reaches a target."""

from numbers import Integral, Real
from typing import Any

import numpy as np

from skscratch.callbacks._monitored import Monitored, check_estimator, is_number

__all__ = ["EarlyStopping"]


class EarlyStopping:
    """Stop training when a monitored value stops improving, or reaches a target.

    This callback only ends training. The model has the parameters of the last epoch. The parameter
    ``early_stopping`` of the estimator does more: it splits off validation rows and keeps the
    parameters of the best epoch. If both are used, the model has the parameters of the best epoch.

    Parameters
    ----------
    monitor : {'loss', 'validation_loss', 'validation_score'}, default='validation_loss'
        The column of ``history_`` to monitor. ``'validation_loss'`` and ``'validation_score'``
        need a validation set: ``fit(X, y, X_val=X_val, y_val=y_val)``, or ``early_stopping=True``.
    patience : int or None, default=10
        Stop when none of the last ``patience`` epochs was better than the best epoch before them.
        With None, only ``target`` stops training.
    min_delta : float, default=0.0
        Minimum improvement that counts as better.
    target : float, default=None
        Stop at the first epoch whose loss is at most this value, or whose score is at least this
        value.

    Raises
    ------
    ValueError
        If an argument is invalid.

    See Also
    --------
    ModelCheckpoint : Keep the best model in a file.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.callbacks import EarlyStopping
    >>> X, y = load_digits(return_X_y=True)
    >>> model = ScratchMLPClassifier(random_state=0)
    >>> model = model.set_callbacks(EarlyStopping("validation_score", target=0.9)).fit(
    ...     X[:1200] / 16, y[:1200], X_val=X[1200:] / 16, y_val=y[1200:]
    ... )
    >>> [round(score, 3) for score in model.validation_scores_[-2:]]
    [0.9, 0.903]
    """

    def __init__(
        self,
        monitor: str = "validation_loss",
        *,
        patience: int | None = 10,
        min_delta: float = 0.0,
        target: float | None = None,
    ) -> None:
        self._monitored = Monitored(monitor)
        if not (patience is None or (is_number(patience, Integral) and patience >= 1)):
            raise ValueError(f"patience must be an int of at least 1, or None. Got {patience!r}.")
        if not (is_number(min_delta, Real) and 0 <= min_delta < np.inf):
            raise ValueError(f"min_delta must be a float of at least 0. Got {min_delta!r}.")
        if not (target is None or is_number(target, Real)):
            raise ValueError(f"target must be a float or None. Got {target!r}.")
        self.monitor, self.patience, self.min_delta = monitor, patience, min_delta
        self.target = target

    def setup(self, estimator: Any, context: Any) -> None:
        """Check that the estimator is trained in epochs."""
        check_estimator(self, estimator)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Discard what is known about the fit."""
        self._monitored.end(context)

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Record the row of ``history_`` at which the fit begins."""
        if context.task_name == "fit":
            self._monitored.begin(estimator, context)

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool:
        """Return whether to end training."""
        if context.task_name not in ("epoch", "iteration"):
            return False
        costs = self._monitored.costs(estimator, context.parent)
        if self.target is not None and costs[-1] <= self._monitored.cost(self.target):
            return True
        n = self.patience
        if n is None or len(costs) <= n:
            return False
        return bool(min(costs[-n:]) >= min(costs[:-n]) - self.min_delta)
