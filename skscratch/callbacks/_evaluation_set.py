"""Further columns of ``history_``: scores on a data set after every epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.metrics import check_scoring

from skscratch._typing import MatrixLike, Scoring
from skscratch.callbacks._monitored import check_estimator

__all__ = ["EvaluationSet"]

DEFAULT = "score"


class EvaluationSet:
    """Score the model on a data set after every epoch, and record the scores in ``history_``.

    ``X_val`` and ``y_val`` of ``fit`` are one evaluation set. Each ``EvaluationSet`` adds another
    one, which has no influence on training.

    Parameters
    ----------
    name : str
        The columns are called ``{name}_{scorer}``, such as 'test_accuracy'. 'validation' is the
        name of the set that ``fit`` gets.
    X, y : array-like, like X and y of ``fit``
        The data set. X must look like the X that the estimator itself receives. The callback keeps
        the arrays without copying them.
    scoring : str, callable, list of str, dict or None, default=None
        One or more scorers, as in ``sklearn.metrics.check_scoring``. None is the method ``score``
        of the estimator, and its column is ``{name}_score``.
    sample_weight : array-like of shape (n_samples,), default=None
        Sample weights for the scorers.

    Raises
    ------
    ValueError
        If ``name`` is not a string, is empty, or is 'validation'.

    See Also
    --------
    ValidationMonitor : Collect the logs of all fits of a search.

    Notes
    -----
    With ``early_stopping``, the model that is scored after an epoch is the best one so far, which
    is the result if training ended there. With several members, it is the merged network, whereas
    the validation columns are means over members.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import train_test_split
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.callbacks import EvaluationSet
    >>> X, y = load_iris(return_X_y=True)
    >>> X, X_test, y, y_test = train_test_split(X, y, stratify=y, random_state=0)
    >>> test = EvaluationSet("test", X_test, y_test, scoring=["accuracy", "neg_log_loss"])
    >>> model = ScratchMLPClassifier(random_state=0).set_callbacks(test).fit(X, y)
    >>> model.history_["test_accuracy"][[0, -1]].round(2)
    array([0.79, 1.  ])
    >>> model.score(X_test, y_test)
    1.0
    """

    def __init__(
        self,
        name: str,
        X: MatrixLike,
        y: MatrixLike,
        *,
        scoring: Scoring | list[str] | dict[str, Scoring] | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> None:
        given: Any = name
        if not isinstance(given, str) or given in ("", "validation"):
            raise ValueError(
                "name must be a string, neither empty nor 'validation', which names the columns of "
                f"X_val and y_val. Got {name!r}."
            )
        self.name, self.X, self.y = name, X, y
        self.scoring, self.sample_weight = scoring, sample_weight

    def setup(self, estimator: Any, context: Any) -> None:
        """Check that the estimator is trained in epochs, and the scorers."""
        check_estimator(self, estimator)
        check_scoring(estimator, self.scoring)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Write the scores into the last row of ``history_``."""
        if context.task_name == "fit":
            return
        history = estimator.history_
        for scorer, value in self._scores(fitted_estimator).items():
            column = history.get(f"{self.name}_{scorer}")
            column = np.full(len(history["loss"]), np.nan) if column is None else column
            if not np.isnan(column[-1]):
                raise ValueError(
                    f"history_ has a column {self.name}_{scorer!s} already. Give the EvaluationSet "
                    f"another name than {self.name!r}."
                )
            column[-1] = value
            history[f"{self.name}_{scorer}"] = column

    def _scores(self, model: Any) -> dict[str, float]:
        """Return the value of each scorer, by name."""
        weights = {} if self.sample_weight is None else {"sample_weight": self.sample_weight}
        found = check_scoring(model, self.scoring)(model, self.X, self.y, **weights)
        if isinstance(found, dict):
            return found
        name = self.scoring if isinstance(self.scoring, str) else DEFAULT
        return {name: found}
