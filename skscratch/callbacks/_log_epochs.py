"""The numbers of every epoch, for an experiment tracker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from skscratch.callbacks._monitored import check_estimator

__all__ = ["LogEpochs"]


class LogEpochs:
    """Pass the row of ``history_`` to a function at the end of every epoch.

    The function writes the row to an experiment tracker. Examples are ``mlflow.log_metrics``, and
    the method ``log`` of a run of Weights & Biases. This package imports no tracker.

    Parameters
    ----------
    write : callable
        It is called as ``write(row, step)``. ``row`` is a dict of the names of columns and floats,
        without the columns that have no number for the epoch. ``step`` is the number of the epoch,
        from 1, and continues with ``warm_start`` and ``partial_fit``. In a search, all fits call
        the same function. A search in several processes needs a function that pickle can store. An
        error in the function ends the fit.

    Raises
    ------
    TypeError
        If ``write`` cannot be called.

    See Also
    --------
    EvaluationSet : Add columns to ``history_``. Set it before this callback.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.callbacks import LogEpochs
    >>> X, y = load_iris(return_X_y=True)
    >>> rows = {}
    >>> log = LogEpochs(lambda row, step: rows.update({step: row}))
    >>> model = ScratchMLPClassifier(random_state=0).set_callbacks(log).fit(X, y)
    >>> round(rows[1]["loss"], 2), round(rows[1]["validation_loss"], 2)
    (1.08, 0.74)
    """

    def __init__(self, write: Callable[[dict[str, float], int], Any]) -> None:
        if not callable(write):
            raise TypeError(f"write must be a function of (row, step). Got {write!r}.")
        self.write = write

    def setup(self, estimator: Any, context: Any) -> None:
        """Check that the estimator is trained in epochs."""
        check_estimator(self, estimator)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Pass the row on."""
        if context.task_name != "fit":
            last = {name: float(column[-1]) for name, column in estimator.history_.items()}
            row = {name: value for name, value in last.items() if value == value}
            self.write(row, int(estimator.n_iter_))
