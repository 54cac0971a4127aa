"""Validate, begin, train, publish: one path for fit, partial_fit and warm starts.

A run works on copies and is published once it has ended well. Between calls the public attributes
(``coefs_``, ``intercepts_``, ...) are the only truth, and a call that fails changes nothing.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skscratch._compat import fit_context
from skscratch.core.losses import LOSSES
from skscratch.core.network import Architecture, Parameters, outputs
from skscratch.estimators import _params, _train
from skscratch.estimators._random import draw_seed, streams
from skscratch.estimators._validation import FLOATS, check_prediction_data, check_training_data
from skscratch.training.state import Run, continuation, initial_parameters, pack, resume
from skscratch.training.threads import blas_threads


class Data(NamedTuple):
    """Checked data as the floors below take them; w is None if every weight is 1.

    dtype is what to compute in; an X of whole numbers has its own.
    """

    X: Any
    y: Any
    w: Any
    dtype: Any
    out_activation: str
    n_outputs: int


class BaseScratchMLP(BaseEstimator, ABC):  # type: ignore[misc]
    """What a multilayer perceptron is to scikit-learn, whatever it predicts."""

    _parameter_constraints = _params.CONSTRAINTS

    @abstractmethod
    def _encode(self, X: Any, y: Any, w: Any, dtype: Any, classes: Any, first: bool) -> Data:
        """Turn checked arrays into what the network trains on."""

    @abstractmethod
    def _check_partial_fit(self, y: Any, classes: Any, first: bool) -> None:
        """Raise if what only the whole data can tell is missing."""

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train until the loss stalls, or for ``max_iter`` epochs.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data, finite. float32 is computed with in float32, all else in float64 unless
            ``dtype`` says otherwise; whole numbers and booleans are converted batch by batch.
            Scale the features: for instance with ``StandardScaler``.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or a multilabel indicator of zeros and ones.
        sample_weight : array-like of shape (n_samples,), default=None
            Not negative, not all zero; None gives every sample weight 1. A weight of 2 counts like
            a sample that is there twice, a weight of 0 like one that is not there.

        Returns
        -------
        self : estimator
            Fitted. If an error is raised it is left as it was before the call.

        Raises
        ------
        ValueError, TypeError
            If an argument or a parameter is not as described, or the loss becomes non-finite.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> model = ScratchMLPClassifier((), solver="lbfgs").fit([[-1.0], [1.0]], [0, 1])
        >>> model.n_iter_ == len(model.loss_curve_)
        True
        """
        first = not (self.warm_start and self.__sklearn_is_fitted__())
        return self._run(
            _train.fit, X, y, sample_weight, None, first, keep_optimizer=self.warm_start
        )

    @available_if(lambda self: self.solver != "lbfgs")
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Any:
        """Train for one epoch on X, going on from where the last call ended.

        Parameters, random stream, ``loss_curve_``, ``n_iter_`` and ``t_`` continue, and so does the
        optimizer's memory, except after a ``fit`` without ``warm_start``, which does not keep it.
        ``early_stopping`` and ``max_iter`` have no meaning here. Absent for ``solver="lbfgs"``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            As in ``fit``.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            As in ``fit``; it need not hold every class.
        classes : array-like of shape (n_classes,), default=None
            All the classes that will ever come; required by the first call, unless the estimator
            is fitted or y is multilabel.
        sample_weight : array-like of shape (n_samples,), default=None
            As in ``fit``.

        Returns
        -------
        self : estimator
            Trained one epoch more. If an error is raised it is left as it was before the call.

        Raises
        ------
        ValueError, TypeError
            If an argument or a parameter is not as described, or the loss becomes non-finite.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> model = ScratchMLPClassifier(random_state=0)
        >>> for X, y in (([[-1.0]], [0]), ([[1.0]], [1])):
        ...     model = model.partial_fit(X, y, classes=[0, 1])
        >>> model.n_iter_, model.t_
        (2, 2)
        """
        first = not self.__sklearn_is_fitted__()
        self._check_partial_fit(y, classes, first)
        return self._run(_train.one_epoch, X, y, sample_weight, classes, first, keep_optimizer=True)

    def _run(
        self,
        train: Callable[..., None],
        X: Any,
        y: Any,
        sample_weight: Any,
        classes: Any,
        first: bool,
        keep_optimizer: bool,
    ) -> Any:
        # overflow shows as a non-finite loss, which ends the run with an error of its own
        with _unchanged_on_error(self), np.errstate(all="ignore"):
            data = self._validate(X, y, sample_weight, classes, first)
            run = self._begin(data, first)
            with _train.threads(self, run, data):
                train(self, run, data)
            self._publish(run, keep_optimizer)
        return self

    def _validate(self, X: Any, y: Any, sample_weight: Any, classes: Any, first: bool) -> Data:
        if not first:
            floats = [self._dtype()]
        else:
            floats = FLOATS if self.dtype is None else [np.dtype(self.dtype)]
        X, y, w, dtype = check_training_data(self, X, y, sample_weight, floats, first)
        return self._encode(X, y, w, dtype, classes, first)

    def _begin(self, data: Data, first: bool) -> Run:
        hidden = _params.hidden_layer_sizes(self.hidden_layer_sizes)
        sizes = (data.X.shape[1], *hidden, data.n_outputs)
        arch = _architecture(sizes, self.activation, data.out_activation)
        if first:
            seed = draw_seed(self.random_state)
            draws = _params.initializers(self.weight_init, arch.activations)
            stream = streams(seed)
            theta, params = initial_parameters(arch.sizes, draws, stream.weights, data.dtype)
            return Run(arch, theta, params, seed, stream.shuffle)
        if sizes != self._sizes():
            raise ValueError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r} asks for layers of sizes {sizes}, "
                f"but the fitted network that training would continue has {self._sizes()}. "
                "Set warm_start=False and call fit to start anew."
            )
        theta, params = pack(arch.sizes, self.coefs_, self.intercepts_)
        best_loss = min(self.loss_curve_) if self.best_loss_ is None else self.best_loss_
        curve = list(self.loss_curve_)
        return Run(arch, theta, params, *resume(self._continuation), curve, best_loss, self.t_)

    def _publish(self, run: Run, keep_optimizer: bool) -> None:
        # the square overflows long before predictions do
        if not np.isfinite(run.theta @ run.theta):
            raise _train.diverged(self, run)
        self.coefs_, self.intercepts_ = run.params.weights, run.params.biases
        self.loss_curve_ = run.loss_curve
        self.loss_ = run.loss_curve[-1]
        self.n_iter_ = len(run.loss_curve)
        self.t_ = run.n_seen
        self.n_layers_ = len(run.arch.sizes)
        self.n_outputs_ = run.arch.sizes[-1]
        self.out_activation_ = run.arch.loss.name
        self.best_loss_ = None if run.validation_scores else run.best_loss
        self.validation_scores_ = run.validation_scores or None
        self.best_validation_score_ = run.best_validation_score
        self._activation = self.activation
        self._continuation = continuation(run, keep_optimizer)

    def _sizes(self) -> tuple[int, ...]:
        """Return the widths of the fitted network's layers."""
        return (self.coefs_[0].shape[0], *(len(b) for b in self.intercepts_))

    def _dtype(self) -> Any:
        """Return the dtype to go on with; a pickle may come from a machine of other byte order."""
        return self.coefs_[0].dtype.newbyteorder("=")

    def _outputs(self, X: Any, finish: Callable[[Any], Any]) -> Any:
        """Return ``finish(logits)`` of X, computed some rows at a time; the logits are scratch."""
        if not self.__sklearn_is_fitted__():
            check_is_fitted(self)  # raises, but takes its time where it does not
        X = check_prediction_data(self, X)
        arch = _architecture(self._sizes(), self._activation, self.out_activation_)
        dtype, rows = self._dtype(), _train.rows_per_buffer(arch, X)
        parts = (self.coefs_, self.intercepts_)
        params = Parameters(*([array.astype(dtype, copy=False) for array in p] for p in parts))
        threads = blas_threads(_train.largest_product(params, X, min(rows, X.shape[0])))

        def checked(z: Any) -> Any:
            if not np.isfinite(z).all():
                raise ValueError(
                    f"X or the network's parameters are too large for {z.dtype}: its output "
                    "overflows."
                )
            return finish(z)

        # overflow is what is checked for, and finite logits may lie further apart than floats reach
        with threads, np.errstate(over="ignore", invalid="ignore"):
            return outputs(arch, params, X, rows, checked)

    def __sklearn_is_fitted__(self) -> bool:
        return "coefs_" in vars(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _architecture(sizes: tuple[int, ...], activation: Any, out_activation: str) -> Architecture:
    activations = _params.activations(activation, len(sizes) - 2)
    return Architecture(sizes, activations, LOSSES[out_activation])


@contextmanager
def _unchanged_on_error(estimator: Any) -> Iterator[None]:
    """Give the estimator its attributes back if the block raises."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
