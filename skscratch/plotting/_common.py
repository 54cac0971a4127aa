"""Helpers for all displays: the fitted network, axes, text that fits, colours of lines."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

__all__ = ["find_network", "fit_text", "line_colors", "new_axes", "pyplot", "size_in_points"]

SMALLEST, LARGEST = 6.0, 9.0  # font sizes of text that must fit, in points
CHARACTER = 0.65  # average width of a character, as a fraction of the font size

# matplotlib's default cycle has an orange, a green and a red that look alike to colour-blind
# readers. These colours stay distinct: M. A. Petroff, Accessible color sequences for data
# visualization, 2021.
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


def find_network(estimator: Any, attribute: str) -> Any:
    """Return the fitted network inside an estimator.

    Parameters
    ----------
    estimator : estimator
        A network, a pipeline that ends in a network, or a search over either.
    attribute : str
        An attribute that every fitted network has. It tells the network from its wrappers.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If the estimator contains no such network.
    """
    check_is_fitted(estimator)
    network = estimator
    while not hasattr(network, attribute):
        if hasattr(network, "best_estimator_"):
            network = network.best_estimator_
        elif hasattr(network, "steps"):
            network = network.steps[-1][1]
        else:
            raise TypeError(
                f"estimator must be a network with {attribute}, a pipeline that ends in one, or a "
                f"search with such a best_estimator_. Got {_name(estimator)}"
                + (f" around {_name(network)}." if network is not estimator else ".")
            )
    return network


def _name(estimator: Any) -> str:
    return f"a {type(estimator).__name__}"


def pyplot(caller: Any) -> Any:
    """Return matplotlib.pyplot; without matplotlib, the error names the display and the extra."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f'{caller.__name__} draws with matplotlib: pip install "skscratch[plot]"'
        ) from error
    return plt


def new_axes(display: Any, ax: Any, size: tuple[float, float]) -> Any:
    """Return the given axes, or the axes of a new figure with the given size in inches."""
    plt = pyplot(type(display))
    if ax is None:
        _, ax = plt.subplots(figsize=size, layout="compressed")
    return ax


def size_in_points(ax: Any) -> tuple[float, float]:
    """Return the width and the height of axes."""
    box, points_per_pixel = ax.get_window_extent(), 72 / ax.figure.dpi
    return box.width * points_per_pixel, box.height * points_per_pixel


def fit_text(texts: list[str], width: float) -> tuple[float, list[str]]:
    """Return a font size at which the texts fit a width, and the texts, shortened if necessary.

    Parameters
    ----------
    texts : list of str
        Each may have several lines.
    width : float
        In points.

    Returns
    -------
    size : float
        In points.
    texts : list of str
    """
    longest = max((len(line) for text in texts for line in text.split("\n")), default=0)
    size = min(LARGEST, max(SMALLEST, width / (CHARACTER * max(longest, 1))))
    room = max(2, int(width / (CHARACTER * size) + 1e-9))

    def cut(line: str) -> str:
        return line if len(line) <= room else line[: room - 1] + "…"

    return size, ["\n".join(map(cut, text.split("\n"))) for text in texts]


def line_colors(plt: Any, n: int) -> list[Any]:
    """Return a colour for each of n lines.

    A single line gets the first colour of the current style. Several lines get the colours of the
    current style, or ``SEQUENCE`` if the style has matplotlib's default cycle. If there are fewer
    colours than lines, the colours are sampled from a colour map.

    Parameters
    ----------
    plt : module
        matplotlib.pyplot.
    n : int
        Number of lines.

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
