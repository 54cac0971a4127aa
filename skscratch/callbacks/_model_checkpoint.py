"""Save the model during training."""

from __future__ import annotations

import copy
import os
import warnings
from numbers import Integral
from pathlib import Path
from typing import Any

import joblib

from skscratch._typing import PathOrName
from skscratch.callbacks._monitored import Monitored, check_estimator, is_number
from skscratch.training.files import possible, replacing

__all__ = ["ModelCheckpoint"]


class ModelCheckpoint:
    """Save the model to a file at the end of epochs, for ``joblib.load``.

    The file holds a fitted estimator that is ready to predict, as if training had ended with that
    epoch. The estimator's parameter ``checkpoint`` serves another purpose: it saves the state of a
    fit, so that an interrupted fit can be resumed.

    Parameters
    ----------
    path : path-like
        The file. It is replaced in one step, so it is never half written. In a search, every fit
        has its own file: the numbers of the fit's tasks are inserted before the suffix.
    monitor : {'loss', 'validation_loss', 'validation_score'}, default=None
        Save only when this column of ``history_`` is the best so far in this fit. The file then
        holds the best model. With None, the model is saved whether or not it improved, and once
        more at the end of the fit.
    every : int, default=1
        Number of epochs between two saves, or between two checks of ``monitor``. A call of
        ``partial_fit`` is a fit of one epoch.

    Raises
    ------
    ValueError
        If an argument is invalid.

    Warns
    -----
    UserWarning
        If the file cannot be written. Training continues.

    See Also
    --------
    EarlyStopping : End training.

    Examples
    --------
    >>> import os, tempfile
    >>> import joblib
    >>> from sklearn.datasets import load_iris
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.callbacks import ModelCheckpoint
    >>> X, y = load_iris(return_X_y=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.joblib")
    ...     model = ScratchMLPClassifier(solver="lbfgs", tol=0.01, random_state=0)
    ...     model = model.set_callbacks(ModelCheckpoint(path)).fit(X, y)
    ...     saved = joblib.load(path)
    >>> saved.predict(X[[0, 60, 110]])
    array([0, 1, 2])
    """

    def __init__(self, path: PathOrName, *, monitor: str | None = None, every: int = 1) -> None:
        self._monitored = None if monitor is None else Monitored(monitor)
        if not (is_number(every, Integral) and every >= 1):
            raise ValueError(f"every must be an int of at least 1. Got {every!r}.")
        if not possible(path):
            raise ValueError(f"path={os.fspath(path)!r} must be a file in a folder that exists.")
        self.path, self.monitor, self.every = path, monitor, every

    def setup(self, estimator: Any, context: Any) -> None:
        """Check that the estimator is trained in epochs."""
        check_estimator(self, estimator)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Discard what is known about the fit."""
        if self._monitored is not None:
            self._monitored.end(context)

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Record the row of ``history_`` at which the fit begins."""
        if self._monitored is not None and context.task_name == "fit":
            self._monitored.begin(estimator, context)

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Save the model if ``every`` and ``monitor`` ask for it."""
        if context.task_name == "fit":
            if self.monitor is None:
                _save(fitted_estimator, _numbered(self.path, context))
        elif (context.task_id + 1) % self.every == 0 and self._is_best(estimator, context):
            _save(fitted_estimator, _numbered(self.path, context.parent))

    def _is_best(self, estimator: Any, context: Any) -> bool:
        if self._monitored is None:
            return True
        if context.task_name == "refit epoch":
            return False
        costs = self._monitored.costs(estimator, context.parent)
        return not any(cost < costs[-1] for cost in costs[:-1])


def _numbered(path: PathOrName, fit: Any) -> Path:
    """Return the path for a fit: with the numbers of the tasks that lead to it in a search."""
    numbers: list[str] = []
    while fit.parent is not None:
        numbers.insert(0, f"-{fit.task_id}")
        fit = fit.parent
    path = Path(path)
    return path.with_name(f"{path.stem}{''.join(numbers)}{path.suffix}")


def _save(model: Any, path: Path) -> None:
    model = copy.copy(model).set_callbacks()
    try:
        with replacing(path) as file:
            joblib.dump(model, file)
    except OSError as error:
        warnings.warn(f"ModelCheckpoint: {error}. Training continues.", stacklevel=2)
