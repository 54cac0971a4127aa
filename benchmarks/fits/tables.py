"""The results of the topics: tables of two columns, with a list of numbers in every cell."""

from dataclasses import dataclass
from statistics import median

import numpy as np

__all__ = ["Row", "Table"]

UNITS = {"s": 1, "ms": 1e-3, "µs": 1e-6, "MiB": 2**20}


@dataclass(frozen=True)
class Row:
    """Two columns of one quantity. Each has the numbers of all rounds, in seconds or bytes."""

    name: str
    unit: str
    values: dict[str, list[float]]

    def markdown(self):
        """Return the row: the median of each column, and the ratio of the medians."""
        first, second = (median(numbers) / UNITS[self.unit] for numbers in self.values.values())
        # noise: a difference of times may be nearly zero
        ratio = f"{second / first:.2f}" if min(first, second) > 0 else "–"
        cells = [self.name, *(f"{digits(x)} {self.unit}" for x in (first, second)), ratio]
        return f"| {' | '.join(cells)} |"


@dataclass(frozen=True)
class Table:
    """Rows with the same two columns, with a title above and a note below."""

    title: str
    rows: list[Row]
    note: str = ""

    def markdown(self):
        """Return the whole table."""
        first, second = self.rows[0].values
        head = f"| | {first} | {second} | {second} / {first} |\n|---|---|---|---|"
        lines = [f"### {self.title}\n", head, *(row.markdown() for row in self.rows)]
        return "\n".join([*lines, *([f"\n{self.note}"] if self.note else []), ""])


def digits(x):
    """Return x to three significant digits."""
    return np.format_float_positional(x, precision=3, fractional=False, trim="-")
