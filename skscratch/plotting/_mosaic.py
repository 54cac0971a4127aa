"""Many small images on the same axes."""

import math
from typing import Any

import numpy as np

from skscratch.plotting._figure import LARGEST, fit_text, size_in_points

__all__ = ["columns_of", "draw", "figure_size", "image_shape"]

GAP = 0.06  # on every side of an image, as a share of its cell
LINE = 1.25  # height of a line of text, as a multiple of the size of the font


def image_shape(n_features: int, shape: Any, n_channels: tuple[int, ...] = ()) -> tuple[int, ...]:
    """Return the shape of an image of so many features: that asked for, or a square.

    A third number, of channels, must be one of ``n_channels``.
    """
    if shape is None:
        side = math.isqrt(n_features)
        if side * side != n_features:
            raise ValueError(
                f"image_shape is needed: {n_features} features do not make a square. "
                "Pass (height, width)."
            )
        return side, side
    sizes = [int(size) for size in shape]
    fits = len(sizes) == 2 or (len(sizes) == 3 and sizes[2] in n_channels)
    if not fits or min(sizes) < 1 or math.prod(sizes) != n_features:
        allowed = "(height, width)" + " or (height, width, channels)" * bool(n_channels)
        raise ValueError(
            f"image_shape must be {allowed}, with the number of features, {n_features}, as "
            f"product. Got {shape}."
        )
    return tuple(sizes)


def columns_of(images: Any, n_cols: Any) -> int:
    """Return the number of columns: that asked for, or one that makes a grid wider than high."""
    if n_cols is None:
        n_cols = math.ceil(math.sqrt(1.5 * len(images) * _ratio(images)))
    return max(1, min(int(n_cols), len(images)))


def figure_size(images: Any, n_cols: int, n_lines: int) -> tuple[float, float]:
    """Return the width and the height, in inches, of a figure for images and their captions."""
    ratio, n_rows = _ratio(images), _rows(images, n_cols)
    cell = min(1.5 / max(1.0, ratio), max(0.4, 8 / n_cols))
    height = n_rows * (cell * ratio + n_lines * LINE * LARGEST / 72)
    return max(3.0, cell * n_cols), max(1.5, height + 0.3)


def draw(
    ax: Any,
    images: Any,
    captions: list[str],
    n_cols: int,
    caption_colors: list[str | None] | None = None,
    **image_kw: Any,
) -> tuple[list[Any], list[Any]]:
    """Draw images row by row, each with its caption above it; return the images and the texts.

    Where captions would take more than half of the room there are none.

    Parameters
    ----------
    ax : matplotlib Axes
    images : ndarray of shape (n_images, height, width) or (n_images, height, width, n_channels)
    captions : list of str
        As many as images, all with as many lines, or none.
    n_cols : int
    caption_colors : list of str or None, default=None
        None is the colour of other text.
    **image_kw : object
        For ``ax.imshow``.
    """
    ratio, n_rows = _ratio(images), _rows(images, n_cols)
    n_lines = captions[0].count("\n") + 1 if captions else 0
    width, height = (size / n for size, n in zip(size_in_points(ax), (n_cols, n_rows), strict=True))
    bare, cell = (min(width, (height - n * LINE * LARGEST) / ratio) for n in (0, n_lines))
    if cell < bare / 2:
        captions, n_lines, cell = [], 0, bare
    size, captions = fit_text(captions, cell * (1 - GAP))
    strip = n_lines * LINE * size / cell
    step = strip + ratio
    pictures, texts = [], []
    for i, image in enumerate(images):
        left, top = i % n_cols, i // n_cols * step + strip
        box = (left + GAP, left + 1 - GAP, top + ratio * (1 - GAP), top + ratio * GAP)
        pictures.append(ax.imshow(image, extent=box, **image_kw))
        _frame(ax, box)
        if captions:
            color = None if caption_colors is None else caption_colors[i]
            style = {"ha": "center", "va": "bottom", "color": color, "fontsize": size}
            # names of classes are no formulas, whatever dollars are in them
            style |= {"linespacing": 1.1, "parse_math": False}
            texts.append(ax.text(left + 0.5, top, captions[i], **style))
    if not pictures:
        ax.text(n_cols / 2, step / 2, "no images", ha="center", va="center")
    ax.set(xlim=(0, n_cols), ylim=(n_rows * step, 0), aspect="equal")
    ax.set_axis_off()
    return pictures, texts


def _ratio(images: Any) -> float:
    """Return height over width."""
    shape = np.shape(images)
    return float(shape[1] / shape[2])


def _rows(images: Any, n_cols: int) -> int:
    return max(1, math.ceil(len(images) / n_cols))


def _frame(ax: Any, box: tuple[float, float, float, float]) -> None:
    """Draw the edge of an image, whose own colour may be that of the background."""
    left, right, bottom, top = box
    ax.plot(
        [left, right, right, left, left],
        [bottom, bottom, top, top, bottom],
        color="0.8",
        linewidth=0.5,
        solid_joinstyle="miter",
    )
