"""What comes through the door."""

from typing import Any, NamedTuple

__all__ = ["Data"]


class Data(NamedTuple):
    """Checked data as the floors below take them; w is None if every weight is 1.

    dtype is what to compute in; an X of whole numbers has its own. labels and sample_weight are
    what y and w were made of. validation is the user's validation set.
    """

    X: Any
    y: Any
    w: Any
    dtype: Any
    out_activation: str
    n_outputs: int
    labels: Any
    sample_weight: Any
    validation: "Data | None" = None
