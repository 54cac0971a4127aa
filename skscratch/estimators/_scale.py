"""Warnings on features that are out of scale, have outliers, or differ in scale from X."""

from typing import Any

import numpy as np
from scipy.sparse import issparse

from skscratch._warnings import warn
from skscratch.training.config import TrainingConfig
from skscratch.training.scaling import LIMIT, differently_scaled, root_mean_squares

__all__ = ["named_features", "warn_of_limits", "warn_of_no_scaling", "warn_of_other_scale"]

ROWS_AT_A_TIME = 4096
# A network learns almost nothing from features below or above these root mean squares.
FAR_FROM_SCALE = 1e-3, 30.0


def warn_of_no_scaling(estimator: Any, X: Any, config: TrainingConfig) -> None:
    """Warn if the features of an X that is not scaled are far too small or too large.

    A first layer that is given and not trained was made for such an X.
    """
    given = config.given is not None and config.given.weights[0] is not None
    if given and not config.arch.trainable[0]:
        return
    scales = root_mean_squares(X, ROWS_AT_A_TIME)
    largest = int(scales.argmax())
    if not scales[largest] > 0 or FAR_FROM_SCALE[0] <= scales[largest] <= FAR_FROM_SCALE[1]:
        return
    what, way_out = "the X of a first partial_fit", "StandardScaler"
    if issparse(X):
        what, way_out = "a sparse X", "MaxAbsScaler, or pass it dense, which also allows members"
    feature, scale = named_features(estimator, [largest]), f"{scales[largest]:.2g}"
    warn(
        f"X is far from scale: the largest root mean square, of {feature}, is {scale}. "
        f"standardize=True does not scale {what}. Scale X before, for instance with "
        f"sklearn.preprocessing.{way_out}. To train on X as it is, set standardize=False."
    )


def warn_of_limits(estimator: Any, limit: Any) -> None:
    """Warn about features with values that training clips, if there are any."""
    if limit is not None:
        names = named_features(estimator, np.flatnonzero(np.isfinite(limit)))
        warn(
            f"X has, in {names}, values more than {LIMIT:g} standard deviations away from the "
            "rest; training clips them there. Predictions for such rows are unreliable. "
            "sklearn.impute.SimpleImputer(missing_values=...) replaces codes for missing values."
        )


def warn_of_other_scale(estimator: Any, X: Any, X_val: Any) -> None:
    """Warn if many features of a validation set have another scale than in X."""
    if issparse(X) or issparse(X_val):
        in_X, in_val = (root_mean_squares(part, ROWS_AT_A_TIME) for part in (X, X_val))
        told = (in_X > 0) & (in_val > 0)
        differs = told & ((in_val > 8 * in_X) | (in_val < in_X / 8))
    else:
        differs, told = differently_scaled(X, X_val, ROWS_AT_A_TIME)
    # in new data some features may differ; a missing scaler makes most features differ
    if differs.sum() * 3 < told.sum() or not told.any():
        return
    where = named_features(estimator, np.flatnonzero(differs))
    warn(
        f"X_val is on another scale than X ({where}). The validation loss and early stopping are "
        "unreliable. Scale X_val as X was scaled. A Pipeline passes X_val on unchanged unless it "
        "is told to transform it: sklearn.set_config(enable_metadata_routing=True), "
        "Pipeline(..., transform_input=['X_val']) and set_fit_request(X_val=True, y_val=True) on "
        "this estimator."
    )


def named_features(estimator: Any, indices: Any) -> str:
    """Return features as messages name them: by name if they have names, at most three."""
    names = getattr(estimator, "feature_names_in_", None)
    shown = [repr(i if names is None else names[i]) for i in map(int, indices[:3])]
    more = f" and {len(indices) - 3} more" if len(indices) > 3 else ""
    return f"{'features' if len(indices) > 1 else 'feature'} {', '.join(shown)}{more}"
