"""The 8x8 digits bundled with scikit-learn."""

from typing import Any

from sklearn.datasets import load_digits as _sklearn_load_digits
from sklearn.utils import Bunch

from skscratch.datasets._mnist_csv import in_frames


def load_digits(*, return_X_y: bool = False, as_frame: bool = False) -> Any:
    """Load the 1797 handwritten digits of 8x8 pixels bundled with scikit-learn.

    The data are those of :func:`sklearn.datasets.load_digits`. The fields are those of
    :func:`skscratch.datasets.load_mnist_csv`, so code for one loader runs with the other.

    Parameters
    ----------
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        Return ``data`` as a DataFrame with a column per pixel, and ``target`` as a Series.

    Returns
    -------
    digits : :class:`~sklearn.utils.Bunch`
        A Bunch with these fields:

        data : {ndarray, DataFrame} of shape (1797, 64), float64
            Each row is an image. Pixels are whole numbers from 0 (paper) to 16 (ink).
        target : {ndarray, Series} of shape (1797,), int64
            The digit.
        images : ndarray of shape (1797, 8, 8)
            A view of the pixels as images.
        pixel_max : int
            The largest possible value of a pixel: 16.
        feature_names : list of str
            The names of the 64 pixels.
        target_names : ndarray of shape (10,)
            The ten digits.
        DESCR : str
            The source of the data.

    (data, target) : tuple, if ``return_X_y`` is True
        The fields ``data`` and ``target``.

    See Also
    --------
    load_mnist_csv : Load larger images from a file.

    Examples
    --------
    >>> from skscratch.datasets import load_digits
    >>> digits = load_digits()
    >>> digits.data.shape, digits.images.shape, digits.pixel_max
    ((1797, 64), (1797, 8, 8), 16)
    """
    digits = _sklearn_load_digits()
    data, target = digits.data, digits.target.astype("int64", copy=False)  # int32 on some platforms
    if as_frame:
        data, target = in_frames(data, target, digits.feature_names)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        images=digits.data.reshape(-1, 8, 8),
        pixel_max=16,
        feature_names=digits.feature_names,
        target_names=digits.target_names,
        DESCR=digits.DESCR,
    )
