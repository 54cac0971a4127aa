"""The data sets, and their folds as arrays. All candidates get the same arrays."""

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

__all__ = ["folds", "prepared", "sets"]

MAX_CATEGORIES = 100
N_FOLDS = 3


def sets(task, folder=None, max_rows=10_000):
    """Yield the name, X and y of each CSV file of a folder, or of each set that needs no file."""
    if folder is None:
        for name, load in task.shipped.items():
            yield name, *prepared(task, load(as_frame=True).frame, max_rows)
        for name, draw in task.generated.items():
            yield name, *prepared(task, draw(), max_rows)
        return
    paths = sorted(Path(folder).glob("*.csv.gz"))
    if not paths:
        raise SystemExit(f"There is no *.csv.gz in {folder}.")
    for path in paths:
        yield path.name.removesuffix(".csv.gz"), *prepared(task, pd.read_csv(path), max_rows)


def prepared(task, frame, max_rows):
    """Return X, a DataFrame, and y, codes or numbers, of at most ``max_rows`` random rows.

    Columns without information are left out, and missing categories named, unless the task is raw.
    """
    if len(frame) > max_rows:
        frame = frame.sample(max_rows, random_state=0)
    X = frame.drop(columns="target")
    if not task.raw:
        for name in X.columns:
            if not pd.api.types.is_numeric_dtype(X[name]):
                X[name] = X[name].astype(object).where(X[name].notna(), "missing")
        X = X[[name for name in X if informative(X[name])]]
    y, rows = task.encode(frame["target"])
    return X[rows].reset_index(drop=True), y


def informative(column):
    """Return whether a column is neither constant nor a list of names."""
    n_values = column.nunique()
    return n_values > 1 and (pd.api.types.is_numeric_dtype(column) or n_values <= MAX_CATEGORIES)


def folds(task, X, y, seed):
    """Yield X_train, y_train, X_test, y_test of each fold.

    X is float32, scaled and one-hot, or a part of the table if the task is raw.
    """
    for train, test in task.folds(N_FOLDS, shuffle=True, random_state=seed).split(X, y):
        X_train, X_test = X.iloc[train], X.iloc[test]
        if not task.raw:
            encoder = make_encoder().fit(X_train)
            X_train, X_test = (
                np.asarray(encoder.transform(part), np.float32) for part in (X_train, X_test)
            )
        yield X_train, y[train], X_test, y[test]


def make_encoder():
    """Return the preprocessing that is fitted to the training rows of a fold."""
    numbers = make_column_selector(dtype_include=np.number)
    categories = make_column_selector(dtype_exclude=np.number)
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False, min_frequency=2)
    return make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        (one_hot, categories),
    )
