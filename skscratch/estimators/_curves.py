"""The history of training under scikit-learn's names, and as a DataFrame."""

from typing import Any

from sklearn.utils.validation import check_is_fitted

from skscratch.estimators._hints import explained

__all__ = ["Curves"]


class Curves:
    """The curves of training as lists, read from the attribute ``history_``."""

    @property
    def loss_curve_(self) -> list[float]:
        """Training loss plus penalty of each epoch."""
        history = self._history()
        # in a callback of the first epoch, there are no entries yet
        loss, penalty = history.get("loss", []), history.get("penalty", [])
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

    @explained
    def history_as_frame(self) -> Any:
        """Return ``history_`` as a DataFrame with a row per epoch.

        Returns
        -------
        history : DataFrame of shape (n_epochs, n_columns)
            The columns of ``history_``; the index, named "epoch", ends with the last epoch.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> model = ScratchMLPClassifier((4,), max_iter=3, n_iter_no_change=float("inf"))
        >>> frame = model.fit([[-1.0], [1.0]], [0, 1]).history_as_frame()
        >>> frame.index.tolist(), frame.columns[:2].tolist()
        ([1, 2, 3], ['loss', 'penalty'])
        """
        import pandas as pd  # imported here, because that takes longer than importing this package

        check_is_fitted(self)
        history: dict[str, Any] = vars(self)["history_"]
        n_epochs, last = len(history["loss"]), vars(self)["n_iter_"]
        epochs = pd.RangeIndex(last - n_epochs + 1, last + 1, name="epoch")
        return pd.DataFrame(history, index=epochs)

    def _history(self) -> dict[str, list[float]]:
        """Return the history as lists, the type of scikit-learn's loss curves."""
        try:
            return {name: column.tolist() for name, column in vars(self)["history_"].items()}
        except KeyError:
            raise AttributeError(f"{type(self).__name__} is not fitted yet") from None
