"""The history of training under scikit-learn's names."""

__all__ = ["Curves"]


class Curves:
    """Curves as lists, read from the attribute ``history_``."""

    @property
    def loss_curve_(self) -> list[float]:
        """Training loss plus penalty of each epoch."""
        history = self._history()
        loss, penalty = history.get("loss", []), history.get("penalty", [])  # none yet, in a hook
        return [a + b for a, b in zip(loss, penalty, strict=True)]

    @property
    def loss_(self) -> float:
        """The last entry of ``loss_curve_``."""
        return self.loss_curve_[-1]

    @property
    def validation_scores_(self) -> list[float] | None:
        """The scores on the validation set."""
        scores = self._history().get("validation_score", [])
        return [score for score in scores if score == score] or None

    def _history(self) -> dict[str, list[float]]:
        """Return the history as lists, as scikit-learn has its curves."""
        try:
            return {name: column.tolist() for name, column in vars(self)["history_"].items()}
        except KeyError:
            raise AttributeError(f"{type(self).__name__} is not fitted yet") from None
