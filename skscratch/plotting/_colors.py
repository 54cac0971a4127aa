"""Colours that tell lines apart, for eyes of any kind."""

from typing import Any

import numpy as np

__all__ = ["line_colors"]

# In place of matplotlib's own cycle, whose orange, green and red look alike to who cannot tell red
# from green: M. A. Petroff, Accessible color sequences for data visualization, 2021.
SEQUENCE = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)


def line_colors(plt: Any, n: int) -> list[Any]:
    """Return a colour for each of n lines: of the user's cycle if it is not matplotlib's own.

    Parameters
    ----------
    plt : module
        matplotlib.pyplot.
    n : int
        More than the cycle has take theirs from a map. One line has the first of the cycle.

    Returns
    -------
    colors : list
    """
    if n == 1:
        return ["C0"]
    cycle = plt.rcParams["axes.prop_cycle"]
    own = cycle == plt.rcParamsDefault["axes.prop_cycle"]
    colors = SEQUENCE if own else cycle.by_key().get("color", [])
    if n <= len(colors):
        return list(colors[:n])
    return list(plt.get_cmap("viridis")(np.linspace(0, 0.95, n)))
