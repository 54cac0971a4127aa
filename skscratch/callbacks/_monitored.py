"""Monitored columns of ``history_``, and checks that several callbacks need."""

from typing import Any

__all__ = ["Monitored", "check_estimator", "is_number"]

# The columns that a callback can monitor. True: larger is better.
RISES = {"loss": False, "validation_loss": False, "validation_score": True}


class Monitored:
    """A monitored column of ``history_``, for all fits that are running.

    The clones of a search share one callback, in several threads and processes. So the state of
    each fit is stored under the context of its task.

    Parameters
    ----------
    name : {'loss', 'validation_loss', 'validation_score'}
        The column.
    """

    def __init__(self, name: str) -> None:
        if name not in RISES:
            raise ValueError(f"monitor must be one of {[*RISES]}. Got {name!r}.")
        self.name = name
        self._starts: dict[Any, int] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_starts": {}}  # another process runs other fits

    def begin(self, estimator: Any, context: Any) -> None:
        """Record where a fit begins. After a warm start, earlier rows belong to former fits."""
        self._starts[context] = len(estimator.history_.get(self.name, ()))

    def end(self, context: Any) -> None:
        """Discard what is known about a fit."""
        self._starts.pop(context, None)

    def costs(self, estimator: Any, context: Any) -> Any:
        """Return the column since the fit began, with a sign that makes smaller values better."""
        if self.name not in estimator.history_:
            raise ValueError(
                f"monitor={self.name!r} needs a validation set: pass X_val and y_val to fit, or "
                "set early_stopping=True."
            )
        column = estimator.history_[self.name][self._starts[context] :]
        return -column if RISES[self.name] else column

    def cost(self, value: float) -> float:
        """Return a value of the column with the sign that ``costs`` gives it."""
        return -value if RISES[self.name] else value


def is_number(value: Any, kind: type) -> bool:
    """Return whether a value is a number of the given type, neither a bool nor NaN."""
    return isinstance(value, kind) and not isinstance(value, bool) and value == value


def check_estimator(callback: Any, estimator: Any) -> None:
    """Raise if a callback was set on an estimator without epochs, such as a pipeline."""
    if not hasattr(type(estimator), "loss_curve_"):
        raise TypeError(
            f"{type(callback).__name__} was set on a {type(estimator).__name__}, which has no "
            "epochs. Set it on the network itself: in a pipeline, on its last step."
        )
