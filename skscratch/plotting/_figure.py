"""What displays share: matplotlib when it is needed, axes, and text that fits."""

from typing import Any

__all__ = ["fit_text", "new_axes", "pyplot", "size_in_points"]

SMALLEST, LARGEST = 6.0, 9.0  # sizes of text that has to fit, in points
CHARACTER = 0.65  # width of a character, as a share of the size of the font; small ones are wider


def pyplot(caller: Any) -> Any:
    """Return matplotlib.pyplot, for a display that draws."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f'{caller.__name__} draws with matplotlib: pip install "skscratch[plot]"'
        ) from error
    return plt


def new_axes(display: Any, ax: Any, size: tuple[float, float]) -> Any:
    """Return axes to draw on: those given, or those of a new figure of that size in inches."""
    plt = pyplot(type(display))
    if ax is None:
        _, ax = plt.subplots(figsize=size, layout="compressed")
    return ax


def size_in_points(ax: Any) -> tuple[float, float]:
    """Return the width and the height of axes."""
    box, points_per_pixel = ax.get_window_extent(), 72 / ax.figure.dpi
    return box.width * points_per_pixel, box.height * points_per_pixel


def fit_text(texts: list[str], width: float) -> tuple[float, list[str]]:
    """Return a size of font at which the texts are no wider, and the texts, cut if need be.

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
