"""The weights of the first layer, as images."""

from numbers import Integral
from typing import Any

import numpy as np

from skscratch.plotting._common import find_network, new_axes, pyplot
from skscratch.plotting._image_grid import columns_of, draw_images, figure_size, image_shape_of

__all__ = ["FirstLayerWeightsDisplay"]


class FirstLayerWeightsDisplay:
    """The weights into the units of the first layer, as images.

    Each image shows the weights from all pixels to one unit. All images have the same colour scale,
    symmetric about zero.

    Parameters
    ----------
    weights : ndarray of shape (n_units, height, width)
        The weights into each unit.
    units : array-like of shape (n_units,)
        Indices of the units, used as captions.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes that hold all images.
    figure_ : matplotlib Figure
    images_ : list of matplotlib AxesImage
        One image for each unit.
    texts_ : list of matplotlib Text
        The captions.
    colorbar_ : matplotlib Colorbar or None

    See Also
    --------
    ArchitectureDisplay : All layers with their numbers of parameters.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.plotting import FirstLayerWeightsDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> model = ScratchMLPClassifier((12,), solver="lbfgs", tol=0.1, random_state=0).fit(X / 16, y)
    >>> display = FirstLayerWeightsDisplay.from_estimator(model)
    >>> display.weights.shape, len(display.images_)
    ((12, 8, 8), 12)
    """

    def __init__(self, *, weights: Any, units: Any) -> None:
        self.weights = weights
        self.units = units

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        image_shape: tuple[int, int] | None = None,
        units: Any = 100,
        ax: Any = None,
        n_cols: int | None = None,
        cmap: Any = "RdBu",
        vmax: float | None = None,
        colorbar: bool = True,
        im_kw: dict[str, Any] | None = None,
    ) -> Any:
        """Draw the weights of a fitted network.

        Parameters
        ----------
        estimator : estimator
            A fitted network, a pipeline that ends in a network, or a search over either. Any
            estimator with ``coefs_`` is a network here, ``MLPClassifier`` included.
        image_shape : tuple of int, default=None
            Height and width of an image. Their product must be the number of features. None stands
            for a square image.
        units : int or array-like of int, default=100
            An int draws that many units from the first on, or all units if there are fewer. An
            array has the indices of the units to draw.
        ax, n_cols, cmap, vmax, colorbar, im_kw : object
            As in ``plot``.

        Returns
        -------
        display : FirstLayerWeightsDisplay

        Raises
        ------
        ImportError
            Without matplotlib, which the extra ``plot`` installs.
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If the estimator contains no network.
        ValueError
            If ``image_shape`` does not match the number of features, or if a unit does not exist.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from skscratch import ScratchMLPClassifier
        >>> from skscratch.plotting import FirstLayerWeightsDisplay
        >>> X, y = load_digits(return_X_y=True)
        >>> model = ScratchMLPClassifier((12,), solver="lbfgs", tol=0.1, random_state=0)
        >>> model = model.fit(X[:, :40] / 16, y)
        >>> display = FirstLayerWeightsDisplay.from_estimator(
        ...     model, image_shape=(5, 8), units=[0, 7]
        ... )
        >>> display.weights.shape
        (2, 5, 8)
        """
        pyplot(cls)
        W = np.asarray(find_network(estimator, "coefs_").coefs_[0])
        shape = image_shape_of(W.shape[0], image_shape)
        chosen = _chosen(W.shape[1], units)
        display = cls(weights=W.T[chosen].reshape(len(chosen), *shape), units=chosen)
        return display.plot(ax, n_cols=n_cols, cmap=cmap, vmax=vmax, colorbar=colorbar, im_kw=im_kw)

    def plot(
        self,
        ax: Any = None,
        *,
        n_cols: int | None = None,
        cmap: Any = "RdBu",
        vmax: float | None = None,
        colorbar: bool = True,
        im_kw: dict[str, Any] | None = None,
    ) -> Any:
        """Draw the weights.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None creates a figure.
        n_cols : int, default=None
            Number of images in a row. None makes the grid wider than high.
        cmap : str or Colormap, default='RdBu'
            Colours of the weights from ``-vmax`` to ``vmax``. In the default map, negative weights
            are red.
        vmax : float, default=None
            The weight at the end of the colour scale. None uses the largest absolute value shown.
        colorbar : bool, default=True
            Whether to draw a colour bar.
        im_kw : dict, default=None
            Keyword arguments for ``matplotlib.axes.Axes.imshow``.

        Returns
        -------
        display : FirstLayerWeightsDisplay
            The display itself.

        Raises
        ------
        ImportError
            Without matplotlib, which the extra ``plot`` installs.

        Examples
        --------
        >>> import numpy as np
        >>> from skscratch.plotting import FirstLayerWeightsDisplay
        >>> weights = np.random.default_rng(0).normal(size=(3, 8, 8))
        >>> display = FirstLayerWeightsDisplay(weights=weights, units=[0, 1, 2]).plot(vmax=2)
        >>> display.images_[0].get_clim()
        (-2.0, 2.0)
        """
        n_cols = columns_of(self.weights, n_cols)
        width, height = figure_size(self.weights, n_cols, 1)
        ax = new_axes(self, ax, (width + 0.9 * colorbar, height))
        largest = float(abs(self.weights).max() if vmax is None else vmax)
        settings = {"cmap": cmap, "vmin": -largest, "vmax": largest, **(im_kw or {})}
        captions = [str(unit) for unit in self.units]
        self.images_, self.texts_ = draw_images(ax, self.weights, captions, n_cols, **settings)
        self.ax_, self.figure_, self.colorbar_ = ax, ax.figure, None
        if colorbar:
            # the colour bar is as high as the images, whatever the shape of the axes
            place = ax.inset_axes((1.02, 0, 0.03, 1))
            self.colorbar_ = ax.figure.colorbar(self.images_[0], cax=place, label="weight")
        return self


def _chosen(n_units: int, units: Any) -> Any:
    """Return the indices of the units to draw."""
    if isinstance(units, Integral):
        units = range(min(int(units), n_units))
    chosen = np.asarray(units)
    if (
        chosen.ndim != 1
        or chosen.size == 0
        or chosen.dtype.kind not in "iu"
        or not np.isin(chosen, range(n_units)).all()
    ):
        raise ValueError(
            f"units must be a positive number of units, or numbers from 0 to {n_units - 1}. "
            f"Got {units!r}."
        )
    return chosen
