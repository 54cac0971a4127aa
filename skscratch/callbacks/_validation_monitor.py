"""Scores on validation rows after every epoch."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from skscratch._compat import new_scoring_monitor
from skscratch._typing import MatrixLike, Scoring

__all__ = ["ValidationMonitor"]


class ValidationMonitor:
    """Score the model after every epoch on a validation set.

    scikit-learn's ``ScoringMonitor`` does the same on the training data. In a search, the logs of
    all fits are collected, from other processes too. Logs from the workers of a Dask cluster are
    not collected.

    Parameters
    ----------
    X_val, y_val : array-like, like X and y of ``fit``
        The validation set. X_val must look like the X that the estimator itself receives. If a
        pipeline scales X before the estimator, X_val must be scaled too. The callback keeps the
        arrays without copying them.
    scoring : str, callable, list or dict, default='accuracy'
        One or more scorers, as in ``ScoringMonitor``.
    sample_weight_val : array-like of shape (n_samples,), default=None
        Sample weights for the scorers.

    Raises
    ------
    ImportError
        With a version of scikit-learn before 1.9, which has no callbacks.

    See Also
    --------
    sklearn.callback.ScoringMonitor : The same on the training data.

    Notes
    -----
    With ``early_stopping``, the model that is scored after an epoch is the best one so far, which
    is the result if training ended there. The scores of the current parameters are in ``history_``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.callbacks import ValidationMonitor
    >>> X, y = load_iris(return_X_y=True)
    >>> X, X_val, y, y_val = train_test_split(X, y, stratify=y, random_state=0)
    >>> monitor = ValidationMonitor(X_val, y_val, scoring=["accuracy", "neg_log_loss"])
    >>> model = ScratchMLPClassifier(solver="lbfgs", tol=0.01, random_state=0)
    >>> model = model.set_callbacks(monitor).fit(X, y)
    >>> log = monitor.get_logs().data_as_pandas
    >>> log[["task_name", "accuracy"]].tail(1).to_dict("records")
    [{'task_name': 'iteration', 'accuracy': 1.0}]
    """

    def __init__(
        self,
        X_val: MatrixLike,
        y_val: MatrixLike,
        *,
        scoring: Scoring | list[str] | dict[str, Scoring] = "accuracy",
        sample_weight_val: ArrayLike | None = None,
    ) -> None:
        self._monitor = new_scoring_monitor(scoring)
        self.X_val, self.y_val, self.scoring = X_val, y_val, scoring
        self.sample_weight_val = sample_weight_val

    def setup(self, estimator: Any, context: Any) -> None:
        """Create the scorers."""
        self._monitor.setup(estimator, context)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Discard the scorers."""
        self._monitor.teardown(estimator, context)

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Log the scores."""
        weights = self.sample_weight_val
        self._monitor.on_fit_task_end(
            estimator,
            context,
            X=self.X_val,
            y=self.y_val,
            metadata=None if weights is None else {"sample_weight": weights},
            fitted_estimator=fitted_estimator,
        )

    def get_logs(self, **options: Any) -> Any:
        """Return the scores so far.

        Parameters
        ----------
        **options : object
            ``select`` and ``include_lineage`` of ``ScoringMonitor.get_logs``.

        Returns
        -------
        logs : ScoringMonitorLog or list of ScoringMonitorLog
            ``logs.data`` has one dict per epoch, and ``logs.data_as_pandas`` has one row per epoch.

        Raises
        ------
        ValueError
            If nothing has been scored yet.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> from skscratch.callbacks import ValidationMonitor
        >>> monitor = ValidationMonitor([[-1.0], [1.0]], [0, 1])
        >>> model = ScratchMLPClassifier((), solver="lbfgs").set_callbacks(monitor)
        >>> model = model.fit([[-1.0], [1.0]], [0, 1])
        >>> monitor.get_logs().data[-1]["accuracy"]
        1.0
        """
        return self._monitor.get_logs(**options)
