"""A pipeline from a table as it is to predictions."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from sklearn.base import is_regressor
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils.validation import check_is_fitted

from skscratch._faults import refuse_columns
from skscratch._kinds import refuse_uncomputed
from skscratch.preprocessing._known_columns import as_in_fit
from skscratch.preprocessing._piecewise_linear import PiecewiseLinearEncoder

__all__ = ["make_tabular_pipeline"]

# A level of a category with fewer rows shares a column with the other rare levels.
RARE = 5
# A network on numbers overfits codes sooner than one on classes.
OF_CLASSES, OF_NUMBERS = 0.5, 0.25


def make_tabular_pipeline(estimator: Any) -> Pipeline:
    """Make a pipeline that takes a table with text, categories, dates and missing values.

    The step ``table`` is a ``ColumnTransformer`` that checks the table. Its part ``numbers`` is a
    ``PiecewiseLinearEncoder``. Its part ``others`` is skrub's ``TableVectorizer``, followed by a
    ``SimpleImputer`` for missing dates. The step ``estimator`` is the estimator.

    Parameters
    ----------
    estimator : estimator
        ``ScratchMLPClassifier()`` or ``ScratchMLPRegressor()``, which scale the numbers. Another
        estimator gets them as they are. It is not copied, as in ``make_pipeline``.

    Returns
    -------
    pipeline : sklearn.pipeline.Pipeline
        The unfitted pipeline. X of ``fit`` and ``predict`` is a DataFrame of pandas or polars. The
        columns of X in ``predict`` may have another order, and there may be more of them. ``fit``
        and ``predict`` raise errors that name the column for nested values, time spans, complex
        and infinite numbers, columns that are missing, and names that are there twice. ``predict``
        raises errors for columns that hold another kind of values than in ``fit``: text or dates
        where numbers were, numbers where dates were, and dates that have a time zone in one of
        them only.

    Raises
    ------
    ImportError
        Without skrub, which the extra ``tables`` installs.
    TypeError
        If ``estimator`` is not an estimator, but for instance a string or a class.

    See Also
    --------
    PiecewiseLinearEncoder : Bins of numbers, and what missing numbers become.

    Notes
    -----
    What becomes of a column, by its type:

    - **numbers and booleans**: the number itself and, for 1000 rows or more, its bins. A missing
      number becomes the median, and a column of zeros and ones marks it. The bins have the scale
      0.5 for a classifier and 0.25 for a regressor. The estimator scales the numbers.
    - **text and categories of fewer than 40 levels**: a column of zeros and ones per level. Levels
      of fewer than 5 rows share a column. A missing value is a level. A level that ``fit`` has not
      seen counts as rare. If no level was rare, its columns are all 0.
    - **text of more levels**: 30 numbers, which are similar for similar strings, by skrub's
      ``StringEncoder``.
    - **text that holds numbers or dates**: numbers without bins, or dates.
    - **dates and times**: year, the seconds since 1970, and sines and cosines of month, day,
      weekday and hour.
    - **other columns of nothing but missing values**: dropped. Blanks and text such as "N/A" are
      missing values.

    A column that has no values in ``predict`` counts as missing, whatever its type. Where ``fit``
    saw dates and ``predict`` gets text, pandas finds the format of the dates in the first text.
    Where day and month can be exchanged, the month comes first. Where ``fit`` saw text that holds
    dates, the format is that of ``fit``.

    skrub computes in float32. So dates are exact to about two minutes, and text that holds numbers
    to seven digits.

    A seed of the estimator makes the pipeline reproducible: the encoders have seeds of their own.

    Parameters of all parts can be searched, for instance ``estimator__alpha``,
    ``table__numbers__n_bins`` and ``table__others__tablevectorizer__cardinality_threshold``.

    Examples
    --------
    >>> import pandas as pd
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.preprocessing import make_tabular_pipeline
    >>> X = pd.DataFrame({"age": [20, None, 60, 70], "city": ["Bern", "Graz", None, "Oslo"]})
    >>> X, y = pd.concat([X] * 20), ["young", "young", "old", "old"] * 20
    >>> model = make_tabular_pipeline(ScratchMLPClassifier(random_state=0)).fit(X, y)
    >>> model.predict(X[:4])
    array(['young', 'young', 'old', 'old'], dtype='<U5')
    >>> model[:-1].get_feature_names_out()[:3]
    array(['age', 'age_missing', 'city_Bern'], dtype=object)
    """
    skrub = _skrub()
    if not hasattr(estimator, "get_params") or isinstance(estimator, type):
        raise TypeError(
            f"estimator must be an estimator such as ScratchMLPClassifier(), got {estimator!r}."
        )
    vectorizer = skrub.TableVectorizer(
        low_cardinality=OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=RARE,
            sparse_output=False,
            dtype=np.float32,
        ),
        # seeded, because its default draws from NumPy's global state
        high_cardinality=skrub.StringEncoder(random_state=0),
        datetime=skrub.DatetimeEncoder(add_weekday=True, periodic_encoding="circular"),
    )
    imputer = SimpleImputer(strategy="median", add_indicator=True)
    others = Pipeline([("tablevectorizer", vectorizer), ("simpleimputer", imputer)])
    scale = OF_NUMBERS if is_regressor(estimator) else OF_CLASSES
    table = CheckedColumns(
        [
            ("numbers", PiecewiseLinearEncoder(scale=scale, random_state=0), numeric_columns),
            ("others", others, other_columns),
        ],
        verbose_feature_names_out=False,
    )
    return Pipeline([("table", table), ("estimator", estimator)])


class CheckedColumns(ColumnTransformer):  # type: ignore[misc]
    """A ``ColumnTransformer`` that checks each table before it transforms it."""

    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fit the transformers, and return the transformed table."""
        check_table(X)
        return super().fit_transform(X, y, **params)

    def transform(self, X: Any, **params: Any) -> Any:
        """Return the transformed table."""
        check_is_fitted(self)
        check_table(X)
        return super().transform(as_in_fit(X, self), **params)


def check_table(X: Any) -> None:
    """Raise unless X is a table with names that tell its columns apart.

    Raises
    ------
    TypeError
        If X is not a table, or if the name of a column is not a string.
    ValueError
        If two columns have one name.
    """
    refuse_uncomputed("X", X)
    if not hasattr(X, "columns") or not hasattr(X, "shape") or len(X.shape) != 2:
        raise TypeError(
            f"X is a {type(X).__name__}, and make_tabular_pipeline takes a DataFrame of pandas or "
            "polars. Pass an array of numbers to the estimator itself. Of columns in a dict, "
            "pandas.DataFrame(X) makes a table."
        )
    if not all(isinstance(name, str) for name in X.columns):
        raise TypeError(
            "The names of the columns of X must be strings. Convert them, for instance with "
            "X.columns = X.columns.astype(str)."
        )
    twice = [name for name, n in Counter(X.columns).items() if n > 1]
    if twice:
        raise ValueError(
            f"The names of the columns of X must be unique, but {twice[0]!r} is there more than "
            "once. Rename the columns or leave some out."
        )


def numeric_columns(X: Any) -> list[str]:
    """Return the names of the columns of numbers and booleans.

    Raises
    ------
    ValueError
        If a column holds values that cannot be encoded.
    """
    refuse_columns(X)
    return _numeric(X)


def other_columns(X: Any) -> list[str]:
    """Return the names of all other columns that have a value; none if skrub would drop all."""
    numeric = {*_numeric(X)}
    names = [name for name in X.columns if name not in numeric and not _is_empty(X[name])]
    return names if any(_has_value(X[[name]]) for name in names) else []


def _numeric(X: Any) -> list[str]:
    selectors = _skrub().selectors
    names: list[str] = (selectors.numeric() | selectors.boolean()).expand(X)
    return names


def _is_empty(column: Any) -> bool:
    """Return whether a column of pandas or polars has only missing values."""
    missing = column.isna() if hasattr(column, "isna") else column.is_null()
    return bool(missing.all())


def _has_value(X: Any) -> bool:
    """Return whether skrub finds a value in a column of text, and no blanks or "N/A" alone."""
    cleaner = _skrub().Cleaner()
    return any(cleaner.fit_transform(part).shape[1] for part in (X.head(100), X))


def _skrub() -> Any:
    """Return the package skrub."""
    try:
        import skrub
    except ImportError as error:
        raise ImportError(
            'make_tabular_pipeline needs skrub: pip install "skscratch[tables]"'
        ) from error
    return skrub
