"""Arrays of a data set as the frame and series of pandas."""

from typing import Any

__all__ = ["in_frames"]


def in_frames(data: Any, target: Any, names: list[str]) -> tuple[Any, Any]:
    """Return data as a DataFrame with columns of these names, and target as a Series."""
    import pandas as pd  # takes longer to import than all of the package

    return pd.DataFrame(data, columns=names), pd.Series(target, name="target")
