"""Reader of the "MNIST in CSV" files from Kaggle."""

from __future__ import annotations

import gzip
import os
import warnings
import zlib
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch

from skscratch._typing import PathOrName

_URL = "https://www.kaggle.com/datasets/oddrationale/mnist-in-csv"
_SIDE = 28
_PIXELS = [f"{row}x{column}" for row in range(1, _SIDE + 1) for column in range(1, _SIDE + 1)]
_COLUMNS = ["label", *_PIXELS]
_LARGEST = [9] + [255] * len(_PIXELS)


def load_mnist_csv(path: PathOrName, *, return_X_y: bool = False, as_frame: bool = False) -> Any:
    r"""Load one of the "MNIST in CSV" files: handwritten digits of 28x28 pixels.

    The files ``mnist_train.csv`` and ``mnist_test.csv`` are at
    https://www.kaggle.com/datasets/oddrationale/mnist-in-csv. A file has the header
    ``label,1x1,1x2,...,28x28``. Each further line is an image.

    Parameters
    ----------
    path : str or path-like
        The file. A file whose name ends in ``.gz`` is decompressed while it is read.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        Return ``data`` as a DataFrame with a column per pixel, and ``target`` as a Series.

    Returns
    -------
    digits : :class:`~sklearn.utils.Bunch`
        A Bunch with these fields:

        data : {ndarray, DataFrame} of shape (n_samples, 784), uint8
            Each row is an image. Pixels are whole numbers from 0 (paper) to 255 (ink).
        target : {ndarray, Series} of shape (n_samples,), int64
            The digit.
        images : ndarray of shape (n_samples, 28, 28), uint8
            A view of the pixels as images.
        pixel_max : int
            The largest possible value of a pixel: 255.
        feature_names : list of str
            The names of the 784 pixels, as in the header.
        target_names : ndarray of shape (10,)
            The ten digits.
        DESCR : str
            The source of the data.

    (data, target) : tuple, if ``return_X_y`` is True
        The fields ``data`` and ``target``.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    TypeError
        If ``path`` is neither a string nor path-like.
    ValueError
        If the header differs, if a line does not have 785 columns, if a label is not a whole
        number from 0 to 9, if a pixel is not a whole number from 0 to 255, if no line
        follows the header, or if the file is neither text nor a complete gzip file. The
        message names the file and the first faulty line.

    See Also
    --------
    load_digits : Load small images that come with scikit-learn.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skscratch.datasets import load_mnist_csv
    >>> pixels = [f"{row}x{column}" for row in range(1, 29) for column in range(1, 29)]
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "mnist_tiny.csv"
    ...     _ = path.write_text(f"label,{','.join(pixels)}\n" + "7" + ",0" * 784 + "\n")
    ...     digits = load_mnist_csv(path)
    >>> digits.data.shape, digits.images.shape, digits.target
    ((1, 784), (1, 28, 28), array([7]))
    """
    table = _read(_existing_file(path))
    pixels, target = table[:, 1:], table[:, 0].astype(np.int64)
    data, target = in_frames(pixels, target, _PIXELS) if as_frame else (pixels, target)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        images=pixels.reshape(-1, _SIDE, _SIDE),
        pixel_max=255,
        feature_names=list(_PIXELS),
        target_names=np.arange(10),
        DESCR=f"MNIST handwritten digits, 28x28 pixels of 0 to 255, from {_URL}.",
    )


def in_frames(data: Any, target: Any, names: list[str]) -> tuple[Any, Any]:
    """Return data as a DataFrame with these column names, and target as a Series."""
    import pandas as pd  # its import takes longer than that of the whole package

    return pd.DataFrame(data, columns=names), pd.Series(target, name="target")


def _existing_file(path: PathOrName) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be a string or path-like, got {path!r}")
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}; the MNIST CSV files are at {_URL}")
    return path


def _open(path: Path) -> TextIO:
    opener: Any = gzip.open if path.suffix == ".gz" else open
    file: TextIO = opener(path, "rt", encoding="utf-8-sig")
    return file


def _read(path: Path) -> NDArray[np.uint8]:
    """Return labels and pixels as one uint8 table of shape (n_samples, 785)."""
    try:
        with _open(path) as lines:
            _check_header(path, lines.readline())
            table = _parse(lines)
        if table is None or table[:, 0].max() > 9:
            raise ValueError(f"{path}: {_first_fault(path)}")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is damaged or not a gzip file: {error}") from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not text ({error}); the name of a gzip file must end in .gz"
        ) from error
    return table


def _check_header(path: Path, header: str) -> None:
    names = header.strip().split(",")
    if names == _COLUMNS:
        return
    if names == [""]:
        raise ValueError(f"{path} is empty or begins with an empty line, expected a header")
    if len(names) != len(_COLUMNS):
        raise ValueError(
            f"{path}: the header has {len(names)} columns, expected {len(_COLUMNS)}: "
            "label,1x1,1x2,...,28x28"
        )
    at = next(i for i, name in enumerate(names) if name != _COLUMNS[i])
    raise ValueError(
        f"{path}: column {at + 1} of the header is {names[at]!r}, expected {_COLUMNS[at]!r}"
    )


def _parse(lines: TextIO) -> NDArray[np.uint8] | None:
    """Return the table, or None if the lines are not 785 columns of uint8."""
    with warnings.catch_warnings():
        # Older NumPy versions only warn if an integer column holds 1.5. All versions only warn if
        # there are no rows.
        warnings.simplefilter("error")
        try:
            table = np.loadtxt(lines, np.uint8, delimiter=",", comments=None, ndmin=2)
        except UnicodeDecodeError:
            raise
        except (ValueError, Warning):
            return None
    return table if table.shape[1] == len(_COLUMNS) else None


def _first_fault(path: Path) -> str:
    """Describe the fault of the first faulty line. Slow: only for files that have one."""
    with _open(path) as lines:
        next(lines)
        for number, line in enumerate(lines, start=2):
            cells = [cell.strip() for cell in line.split(",")]
            if cells == [""]:
                continue
            if len(cells) != len(_COLUMNS):
                return f"line {number} has {len(cells)} columns, expected {len(_COLUMNS)}"
            for name, cell, largest in zip(_COLUMNS, cells, _LARGEST, strict=True):
                if not (cell.isascii() and cell.isdecimal() and int(cell) <= largest):
                    return (
                        f"line {number}, column {name}: expected a whole number from 0 to "
                        f"{largest}, got {cell!r}"
                    )
    return "there are no lines after the header"
