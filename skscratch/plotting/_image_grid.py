"""Images with their true and predicted labels, in a grid."""

import math
from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import check_is_fitted

from skscratch.plotting._common import LARGEST, fit_text, new_axes, pyplot, size_in_points

__all__ = ["ImageGridDisplay", "columns_of", "draw_images", "figure_size", "image_shape_of"]

WRONG = "tab:red"
GAP = 0.06  # space on every side of an image, as a fraction of its cell
LINE = 1.25  # height of a line of text, as a multiple of the font size


class ImageGridDisplay:
    """Images in a grid, with their true labels, predicted labels, or both.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width) or (n_images, height, width, n_channels)
        Grey values, or colours in the format of matplotlib's ``imshow``.
    y_true, y_pred : array-like of shape (n_images,), default=None
        Labels. If both are given, the caption of a wrong prediction is red.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes that hold all images.
    figure_ : matplotlib Figure
    images_ : list of matplotlib AxesImage
    texts_ : list of matplotlib Text
        The captions.

    See Also
    --------
    FirstLayerWeightsDisplay : The weights of the first layer as images.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skscratch.plotting import ImageGridDisplay
    >>> digits = load_digits()
    >>> display = ImageGridDisplay(images=digits.images[:20], y_true=digits.target[:20])
    >>> [text.get_text() for text in display.plot().texts_[:3]]
    ['0', '1', '2']
    """

    def __init__(self, *, images: Any, y_true: Any = None, y_pred: Any = None) -> None:
        self.images = images
        self.y_true = y_true
        self.y_pred = y_pred

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        image_shape: tuple[int, ...] | None = None,
        only_errors: bool = False,
        max_images: int = 24,
        ax: Any = None,
        n_cols: int | None = None,
        cmap: Any = "gray_r",
        im_kw: dict[str, Any] | None = None,
    ) -> Any:
        """Predict, then draw the images with true and predicted labels.

        Parameters
        ----------
        estimator : classifier
            Any fitted classifier. If it has ``predict_proba``, the images with the most confident
            predictions come first.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Each row is a flattened image.
        y : array-like of shape (n_samples,)
            True labels.
        image_shape : tuple of int, default=None
            Height and width, or height, width and 3 or 4 channels. None stands for a square image.
        only_errors : bool, default=False
            Whether to leave out images that are classified correctly.
        max_images : int, default=24
            Maximum number of images to draw.
        ax, n_cols, cmap, im_kw : object
            As in ``plot``.

        Returns
        -------
        display : ImageGridDisplay

        Raises
        ------
        ImportError
            Without matplotlib, which the extra ``plot`` installs.
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If ``image_shape`` does not match the number of features, if X and y differ in length,
            if y is multilabel, or if ``max_images`` is below 1.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from skscratch import ScratchMLPClassifier
        >>> from skscratch.plotting import ImageGridDisplay
        >>> X, y = load_digits(return_X_y=True)
        >>> model = ScratchMLPClassifier((), solver="lbfgs", tol=0.01).fit(X[:900] / 16, y[:900])
        >>> display = ImageGridDisplay.from_estimator(
        ...     model, X[900:] / 16, y[900:], only_errors=True, max_images=6
        ... )
        >>> len(display.images), int((display.y_true == display.y_pred).sum())
        (6, 0)
        """
        pyplot(cls)
        check_is_fitted(estimator)
        shape = image_shape_of(np.shape(X)[1], image_shape, n_channels=(3, 4))
        y, y_pred, confidence = column_or_1d(y), estimator.predict(X), None
        if hasattr(estimator, "predict_proba"):
            confidence = estimator.predict_proba(X).max(axis=1)
        images = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
        return cls.from_predictions(
            y,
            y_pred,
            images=images.reshape(-1, *shape),
            confidence=confidence,
            only_errors=only_errors,
            max_images=max_images,
            ax=ax,
            n_cols=n_cols,
            cmap=cmap,
            im_kw=im_kw,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        y_pred: Any,
        *,
        images: Any,
        confidence: Any = None,
        only_errors: bool = False,
        max_images: int = 24,
        ax: Any = None,
        n_cols: int | None = None,
        cmap: Any = "gray_r",
        im_kw: dict[str, Any] | None = None,
    ) -> Any:
        """Draw images with true and predicted labels.

        Parameters
        ----------
        y_true, y_pred : array-like of shape (n_samples,)
            Labels.
        images : array-like of shape (n_samples, height, width) or \
(n_samples, height, width, n_channels)
            The images that were classified.
        confidence : array-like of shape (n_samples,), default=None
            The images with the largest values come first. None keeps the order.
        only_errors : bool, default=False
            Whether to leave out images that are classified correctly.
        max_images : int, default=24
            Maximum number of images to draw.
        ax, n_cols, cmap, im_kw : object
            As in ``plot``.

        Returns
        -------
        display : ImageGridDisplay

        Raises
        ------
        ImportError
            Without matplotlib, which the extra ``plot`` installs.
        ValueError
            If the numbers of labels and images differ, if the labels are multilabel, or if
            ``max_images`` is below 1.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from skscratch.plotting import ImageGridDisplay
        >>> digits = load_digits()
        >>> display = ImageGridDisplay.from_predictions(
        ...     [0, 1, 2], [0, 1, 7], images=digits.images[:3]
        ... )
        >>> [text.get_text() for text in display.texts_]
        ['true 0\\npredicted 0', 'true 1\\npredicted 1', 'true 2\\npredicted 7']
        """
        pyplot(cls)
        check_consistent_length(y_true, y_pred, images, confidence)
        y_true, y_pred = column_or_1d(y_true), column_or_1d(y_pred)
        chosen = _chosen(y_true, y_pred, confidence, only_errors, max_images)
        images = np.asarray(images)[chosen]
        display = cls(images=images, y_true=y_true[chosen], y_pred=y_pred[chosen])
        return display.plot(ax, n_cols=n_cols, cmap=cmap, im_kw=im_kw)

    def plot(
        self,
        ax: Any = None,
        *,
        n_cols: int | None = None,
        cmap: Any = "gray_r",
        im_kw: dict[str, Any] | None = None,
    ) -> Any:
        """Draw the images.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None creates a figure.
        n_cols : int, default=None
            Number of images in a row. None makes the grid wider than high.
        cmap : str or Colormap, default='gray_r'
            Colour map for grey values. It spans the smallest to the largest value of all images,
            unless ``im_kw`` sets ``vmin`` and ``vmax``. The default draws dark ink on light paper.
        im_kw : dict, default=None
            Keyword arguments for ``matplotlib.axes.Axes.imshow``.

        Returns
        -------
        display : ImageGridDisplay
            The display itself.

        Raises
        ------
        ImportError
            Without matplotlib, which the extra ``plot`` installs.

        Examples
        --------
        >>> import numpy as np
        >>> from skscratch.plotting import ImageGridDisplay
        >>> display = ImageGridDisplay(images=np.zeros((3, 8, 8)), y_true=["a", "b", "c"])
        >>> display.plot(n_cols=1).images_[0].get_array().shape
        (8, 8)
        """
        images = np.asarray(self.images)
        n_cols = columns_of(images, n_cols)
        captions, colors = self._captions()
        n_lines = captions[0].count("\n") + 1 if captions else 0
        ax = new_axes(self, ax, figure_size(images, n_cols, n_lines))
        settings = {"cmap": cmap}
        if images.size:
            settings |= {"vmin": images.min(), "vmax": images.max()}
        settings |= im_kw or {}
        drawn = draw_images(ax, images, captions, n_cols, colors, **settings)
        self.images_, self.texts_ = drawn
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _captions(self) -> tuple[list[str], list[str | None] | None]:
        """Return the captions and their colours. None is the default colour of text."""
        if self.y_true is None and self.y_pred is None:
            return [], None
        if self.y_pred is None:
            return [str(label) for label in self.y_true], None
        if self.y_true is None:
            return [f"predicted {label}" for label in self.y_pred], None
        pairs = list(zip(self.y_true, self.y_pred, strict=True))
        colors = [None if true == predicted else WRONG for true, predicted in pairs]
        return [f"true {true}\npredicted {predicted}" for true, predicted in pairs], colors


def _chosen(y_true: Any, y_pred: Any, confidence: Any, only_errors: bool, max_images: int) -> Any:
    """Return the indices of the images to draw, in the order of drawing."""
    if max_images < 1:
        raise ValueError(f"max_images must be at least 1. Got {max_images!r}.")
    rows = np.flatnonzero(y_true != y_pred) if only_errors else np.arange(len(y_true))
    if confidence is not None:
        rows = rows[np.argsort(-np.asarray(confidence)[rows], kind="stable")]
    return rows[:max_images]


def image_shape_of(
    n_features: int, shape: Any, n_channels: tuple[int, ...] = ()
) -> tuple[int, ...]:
    """Return the shape of an image: the given one after checks, or a square.

    A third number is the number of channels. It must be one of ``n_channels``.
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
    """Return the number of columns: the given one, or one that makes the grid wider than high."""
    if n_cols is None:
        n_cols = math.ceil(math.sqrt(1.5 * len(images) * _ratio(images)))
    return max(1, min(int(n_cols), len(images)))


def figure_size(images: Any, n_cols: int, n_lines: int) -> tuple[float, float]:
    """Return the width and height, in inches, of a figure for images and their captions."""
    ratio, n_rows = _ratio(images), _rows(images, n_cols)
    cell = min(1.5 / max(1.0, ratio), max(0.4, 8 / n_cols))
    height = n_rows * (cell * ratio + n_lines * LINE * LARGEST / 72)
    return max(3.0, cell * n_cols), max(1.5, height + 0.3)


def draw_images(
    ax: Any,
    images: Any,
    captions: list[str],
    n_cols: int,
    caption_colors: list[str | None] | None = None,
    **image_kw: Any,
) -> tuple[list[Any], list[Any]]:
    """Draw images row by row with captions above them, and return the images and the texts.

    Captions are left out if they would shrink the images to less than half their size.

    Parameters
    ----------
    ax : matplotlib Axes
    images : ndarray of shape (n_images, height, width) or (n_images, height, width, n_channels)
    captions : list of str
        One caption for each image, all with the same number of lines. Empty for no captions.
    n_cols : int
    caption_colors : list of str or None, default=None
        A None stands for the default colour of text.
    **image_kw : object
        Keyword arguments for ``ax.imshow``.
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
            # a dollar sign in a class name does not begin a formula
            style |= {"linespacing": 1.1, "parse_math": False}
            texts.append(ax.text(left + 0.5, top, captions[i], **style))
    if not pictures:
        ax.text(n_cols / 2, step / 2, "no images", ha="center", va="center")
    ax.set(xlim=(0, n_cols), ylim=(n_rows * step, 0), aspect="equal")
    ax.set_axis_off()
    return pictures, texts


def _ratio(images: Any) -> float:
    """Return the height of an image divided by its width."""
    shape = np.shape(images)
    return float(shape[1] / shape[2])


def _rows(images: Any, n_cols: int) -> int:
    return max(1, math.ceil(len(images) / n_cols))


def _frame(ax: Any, box: tuple[float, float, float, float]) -> None:
    """Draw the edge of an image, which may have the colour of the background."""
    left, right, bottom, top = box
    ax.plot(
        [left, right, right, left, left],
        [bottom, bottom, top, top, bottom],
        color="0.8",
        linewidth=0.5,
        solid_joinstyle="miter",
    )
