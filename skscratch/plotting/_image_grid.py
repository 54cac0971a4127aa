"""Images with what they are and what they were taken for."""

from typing import Any

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.validation import check_is_fitted

from skscratch.plotting import _mosaic
from skscratch.plotting._figure import new_axes, pyplot

__all__ = ["ImageGridDisplay"]

WRONG = "tab:red"


class ImageGridDisplay:
    """Images in rows, with their true labels, predicted labels, or both.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width) or (n_images, height, width, n_channels)
        Grey values, or colours as matplotlib's ``imshow`` takes them.
    y_true, y_pred : array-like of shape (n_images,), default=None
        Labels. Where both are there and differ the caption is red.

    Attributes
    ----------
    ax_ : matplotlib Axes
        With all the images.
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
        """Predict, and draw the images with true and predicted labels.

        Parameters
        ----------
        estimator : classifier
            Fitted; any of scikit-learn's kind. If it has ``predict_proba``, the images of whose
            labels it is most certain come first.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            A flattened image in each row.
        y : array-like of shape (n_samples,)
            True labels.
        image_shape : tuple of int, default=None
            Height and width, or height, width and 3 or 4 channels. None takes the features for a
            square.
        only_errors : bool, default=False
            Whether to leave out what is predicted correctly.
        max_images : int, default=24
            The most images to draw.
        ax, n_cols, cmap, im_kw : object
            As in ``plot``.

        Returns
        -------
        display : ImageGridDisplay

        Raises
        ------
        ImportError
            Without matplotlib: ``pip install "skscratch[plot]"``.
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If the features do not make images of that shape, if X and y differ in length, if a
            sample has several labels, or if ``max_images`` is below 1.

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
        >>> len(display.images), bool((display.y_true != display.y_pred).all())
        (6, True)
        """
        pyplot(cls)
        check_is_fitted(estimator)
        shape = _mosaic.image_shape(np.shape(X)[1], image_shape, n_channels=(3, 4))
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
            What was to be recognised.
        confidence : array-like of shape (n_samples,), default=None
            The largest come first; None keeps the order.
        only_errors : bool, default=False
            Whether to leave out what is predicted correctly.
        max_images : int, default=24
            The most images to draw.
        ax, n_cols, cmap, im_kw : object
            As in ``plot``.

        Returns
        -------
        display : ImageGridDisplay

        Raises
        ------
        ImportError
            Without matplotlib: ``pip install "skscratch[plot]"``.
        ValueError
            If there are not as many labels as images, or several for one, or if ``max_images`` is
            below 1.

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
            Where to draw; None makes a figure.
        n_cols : int, default=None
            Images in a row; None chooses.
        cmap : str or Colormap, default='gray_r'
            Colours of grey values, from the least to the largest of all the images: dark ink on
            light paper. ``im_kw`` may name other limits.
        im_kw : dict, default=None
            For ``matplotlib.axes.Axes.imshow``.

        Returns
        -------
        display : ImageGridDisplay
            Itself.

        Raises
        ------
        ImportError
            Without matplotlib: ``pip install "skscratch[plot]"``.

        Examples
        --------
        >>> import numpy as np
        >>> from skscratch.plotting import ImageGridDisplay
        >>> display = ImageGridDisplay(images=np.zeros((3, 8, 8)), y_true=["a", "b", "c"])
        >>> display.plot(n_cols=1).images_[0].get_array().shape
        (8, 8)
        """
        images = np.asarray(self.images)
        n_cols = _mosaic.columns_of(images, n_cols)
        captions, colors = self._captions()
        n_lines = captions[0].count("\n") + 1 if captions else 0
        ax = new_axes(self, ax, _mosaic.figure_size(images, n_cols, n_lines))
        settings = {"cmap": cmap}
        if images.size:
            settings |= {"vmin": images.min(), "vmax": images.max()}
        settings |= im_kw or {}
        drawn = _mosaic.draw(ax, images, captions, n_cols, colors, **settings)
        self.images_, self.texts_ = drawn
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _captions(self) -> tuple[list[str], list[str | None] | None]:
        """Return the captions and their colours, None for that of other text."""
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
    """Return the rows to draw, in their order."""
    if max_images < 1:
        raise ValueError(f"max_images must be at least 1. Got {max_images!r}.")
    rows = np.flatnonzero(y_true != y_pred) if only_errors else np.arange(len(y_true))
    if confidence is not None:
        rows = rows[np.argsort(-np.asarray(confidence)[rows], kind="stable")]
    return rows[:max_images]
