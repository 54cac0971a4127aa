"""What a history of training holds, with the numbers of its epochs."""

from typing import Any

import numpy as np

__all__ = ["as_table", "best_epoch", "changes", "epochs", "recorded"]


def as_table(network: Any) -> dict[str, Any]:
    """Return the history with the numbers of its epochs; ``partial_fit`` keeps the last ones."""
    n = len(network.history_["loss"])
    return {"epoch": np.arange(n) + network.n_iter_ - n + 1, **network.history_}


def best_epoch(network: Any, table: dict[str, Any]) -> int | None:
    """Return the epoch whose parameters early stopping kept: the latest of equals."""
    score = network.best_validation_score_
    if score is None or "validation_score" not in table:
        return None
    rows = np.flatnonzero(table["validation_score"] == score)
    if rows.size and isinstance(network.scoring, str) and network.scoring == "loss":
        losses = table["validation_loss"][rows]
        rows = rows[losses == losses.min()]
    return int(table["epoch"][rows[-1]]) if rows.size else None


def epochs(table: Any) -> Any:
    """Return the numbers of the epochs."""
    n = len(table[next(iter(table))])
    return np.asarray(table["epoch"]) if "epoch" in table else np.arange(1, n + 1)


def recorded(table: Any, column: str) -> bool:
    """Return whether a history has such a column, and a number in it."""
    return column in table and not np.isnan(table[column]).all()


def changes(table: Any, column: str) -> bool:
    """Return whether a recorded column is not constant."""
    return recorded(table, column) and np.nanmin(table[column]) < np.nanmax(table[column])
