"""What labels become before a network trains on them."""

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import is_multilabel

from skscratch.estimators import _labels
from skscratch.estimators._base import BaseScratchMLP
from skscratch.estimators._data import Data, counted_in_rows
from skscratch.estimators._faults import in_labels
from skscratch.estimators._validation import naming

__all__ = ["ClassTargets"]


class ClassTargets(ClassifierMixin, BaseScratchMLP):  # type: ignore[misc]
    """Labels in: classes, targets of the network, weights by class."""

    _hits = staticmethod(_labels.hits)

    def _encode(self, X: Any, y: Any, w: Any, dtype: Any, classes: Any, first: bool) -> Data:
        kind = y.dtype.str
        with naming("y", in_labels, y):
            y = _labels.check_labels(y)
        self._settle_classes(y, kind, classes, first)
        n_classes, multilabel = len(self.classes_), y.ndim == 2
        logistic = multilabel or n_classes == 2
        with naming("y"):
            index = _labels.class_indices(y, self.classes_)
        sample_weight, w = w, self._weighted(index, w, dtype)
        link = "logistic" if logistic else "softmax"
        n_outputs = 1 if logistic and not multilabel else n_classes
        target = _labels.targets(index, link, dtype)
        return Data(X, target, w, dtype, link, n_outputs, y, sample_weight)

    def _encode_validation(self, X: Any, y: Any, w: Any, data: Data) -> Data:
        with naming("y_val", in_labels, y):
            y = _labels.check_labels(y)
        with naming("y_val"):
            if y.shape[1:] != data.labels.shape[1:]:
                raise ValueError(
                    f"y_val has shape {y.shape}, which does not fit the {data.labels.shape} of y."
                )
            index = _labels.class_indices(y, self.classes_)
            weights = self._weighted(index, w, data.dtype)
        target = _labels.targets(index, data.out_activation, data.dtype)
        return data._replace(X=X, y=target, w=weights, labels=y, sample_weight=w)

    def _weighted(self, index: Any, w: Any, dtype: Any) -> Any:
        """Return the sample weights times those of the classes, counted in rows."""
        w = None if w is None else counted_in_rows(w)
        if self.class_weight is None:
            return None if w is None else w.astype(dtype, copy=False)
        factors = _labels.class_weights(self.class_weight, index, self.classes_, w)
        weights = factors if w is None else w * factors
        if not weights.any():
            raise ValueError(
                f"sample_weight and class_weight={self.class_weight!r} leave no sample with a "
                "positive weight."
            )
        # the balanced ones leave the sum as it is
        balanced = isinstance(self.class_weight, str)
        return (weights if balanced else counted_in_rows(weights)).astype(dtype, copy=False)

    def _check_partial_fit(self, y: Any, classes: Any, first: bool) -> None:
        columns = getattr(y, "shape", ())[1:]  # of what has none, scikit-learn may make a copy
        if first and classes is None and columns in ((), (1,)) and not is_multilabel(y):
            raise ValueError("classes must be passed on the first call to partial_fit.")
        with naming("classes"):  # MLPClassifier takes sample_weight in this place
            given = np.asarray(classes)
        floats = given.dtype.kind == "f" and given.shape == np.shape(y)
        if floats and not np.isin(y, given).all():
            raise ValueError(
                f"classes holds {len(given)} floats, as many as X has rows, and not the labels "
                "in y. If these are sample weights, pass them by name: partial_fit(X, y, "
                "sample_weight=...). By position the order is (X, y, classes, sample_weight)."
            )

    def _settle_classes(self, y: Any, kind: str, classes: Any, first: bool) -> None:
        """Find the classes, or hold later data against those that are known."""
        if first:
            self.classes_ = _labels.find_classes(y, classes)
            self._label_dtype = kind
            return
        expected = len(self.classes_) if self._is_multilabel() else 0
        if expected != (y.shape[1] if y.ndim == 2 else 0):
            raise ValueError(
                f"y has shape {y.shape}, but the fitted network that training would continue was "
                f"trained on {f'{expected} labels a row' if expected else 'one class a row'}."
            )
        known = _labels.find_classes(y, self.classes_ if classes is None else classes)
        if not np.array_equal(known, self.classes_):
            raise ValueError(f"classes={classes!r} differ from the known {self.classes_}.")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
