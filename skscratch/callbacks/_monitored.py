"""What callbacks watch: a column of ``history_``, from where each fit under way began."""

from typing import Any

__all__ = ["Monitored", "check_estimator", "is_number"]

# What a callback can watch, and whether it is to rise.
RISES = {"loss": False, "validation_loss": False, "validation_score": True}


class Monitored:
    """A column of ``history_`` in the fits that go on at this moment.

    One callback serves the clones of a search, in threads and processes: what is known of a fit is
    kept under the context of its task.

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
        return {**vars(self), "_starts": {}}  # another process has other fits

    def begin(self, estimator: Any, context: Any) -> None:
        """Note where a fit begins: a warm start has rows of former fits."""
        self._starts[context] = len(estimator.history_.get(self.name, ()))

    def end(self, context: Any) -> None:
        """Forget a fit."""
        self._starts.pop(context, None)

    def costs(self, estimator: Any, context: Any) -> Any:
        """Return the column since the fit began, turned so that less is better."""
        if self.name not in estimator.history_:
            raise ValueError(
                f"monitor={self.name!r} needs a validation set: pass X_val and y_val to fit, or "
                "set early_stopping=True."
            )
        column = estimator.history_[self.name][self._starts[context] :]
        return -column if RISES[self.name] else column

    def cost(self, value: float) -> float:
        """Return what ``costs`` would hold for a value of the column."""
        return -value if RISES[self.name] else value


def is_number(value: Any, kind: type) -> bool:
    """Return whether a value is a number of that kind, neither a bool nor NaN."""
    return isinstance(value, kind) and not isinstance(value, bool) and value == value


def check_estimator(callback: Any, estimator: Any) -> None:
    """Raise if a callback was set on something that has no epochs, such as a pipeline."""
    if not hasattr(type(estimator), "loss_curve_"):
        raise TypeError(
            f"{type(callback).__name__} was set on a {type(estimator).__name__}, which has no "
            "epochs. Set it on the network itself: in a pipeline, on its last step."
        )
