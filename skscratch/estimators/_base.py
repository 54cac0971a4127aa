"""Validate, begin, train, publish: one path for fit, partial_fit and warm starts.

A run works on copies and is published once it has ended well. Between calls the public attributes
(``coefs_``, ``intercepts_``, ...) are the only truth, and a call that fails changes nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted

from skscratch._compat import CallbackSupportMixin, Hinted, available_if, fit_context
from skscratch._typing import MatrixLike
from skscratch.core.network import outputs
from skscratch.estimators import _hints, _sizes, _train
from skscratch.estimators._attributes import Fitted, published, unchanged_on_error
from skscratch.estimators._begin import architecture, begin, fitted_dtype, fitted_sizes
from skscratch.estimators._calls import explained
from skscratch.estimators._constraints import CONSTRAINTS, names_of
from skscratch.estimators._curves import Curves
from skscratch.estimators._data import Data
from skscratch.estimators._documented import Documented
from skscratch.estimators._errstate import quiet
from skscratch.estimators._fitted import fitted_parameters
from skscratch.estimators._messages import not_finite
from skscratch.estimators._params import check_objects
from skscratch.estimators._resolved import resolved
from skscratch.estimators._stamp import Stamped
from skscratch.estimators._tasks import NoTasks, Tasks, new_tasks
from skscratch.estimators._unused import warn_of_unused
from skscratch.estimators._validation import (
    FLOATS,
    check_prediction_data,
    check_training_data,
    check_validation_data,
    warn_of_no_scaling,
    warn_of_other_scale,
)
from skscratch.training.state import Run
from skscratch.training.threads import blas_threads


class BaseScratchMLP(CallbackSupportMixin, Hinted, Fitted, Curves, Stamped, Documented, ABC):  # type: ignore[misc]
    """What a multilayer perceptron is to scikit-learn, whatever it predicts."""

    _parameter_constraints = CONSTRAINTS

    @abstractmethod
    def _encode(self, X: Any, y: Any, w: Any, dtype: Any, classes: Any, first: bool) -> Data:
        """Turn checked arrays into what the network trains on."""

    @abstractmethod
    def _encode_validation(self, X: Any, y: Any, w: Any, data: Data) -> Data:
        """Turn a checked validation set into what the network is judged by."""

    @abstractmethod
    def _check_partial_fit(self, y: Any, classes: Any, first: bool) -> None:
        """Raise if what only the whole data can tell is missing."""

    @explained
    @fit_context
    def fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: MatrixLike | None = None,
        y_val: MatrixLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train until the loss stalls, or for ``max_iter`` epochs.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data, finite. float32 is computed with in float32, all else in float64 unless
            ``dtype`` says otherwise; whole numbers and booleans are converted batch by batch.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or a multilabel indicator of zeros and ones.
        sample_weight : array-like of shape (n_samples,), default=None
            Not negative, not all zero; None gives every sample weight 1. A weight of 0 counts like
            a sample that is not there. Weights have no unit: multiplying all of them by a number
            changes nothing. If the least weight is 1 and all are whole, a weight of 2 counts like a
            sample that is there twice: exactly with 'lbfgs', and with other solvers where a batch
            holds all samples; but not if early stopping holds samples out, for then one copy may
            be held out while the other is learned.
        X_val, y_val : array-like, like X and y, default=None
            A validation set, both or neither. Its loss and score go to ``history_``; with
            ``early_stopping`` they decide when to stop and which parameters to keep, and no rows
            of X are held out. It must hold no new class. ``Pipeline(transform_input=["X_val"])``
            scales it like X, in a search too; but there it must not have as many rows as X, or
            scikit-learn takes them for samples of X and silently cuts it into folds.
        sample_weight_val : array-like, like sample_weight, default=None
            Weights of the validation set.

        Returns
        -------
        self : estimator
            Fitted. If an error is raised it is left as it was before the call; if Ctrl-C ends
            training, it has the parameters that were best so far, and the interrupt goes on.

        Raises
        ------
        ValueError, TypeError
            If an argument or a parameter is not as described, or the loss becomes non-finite before
            training has made anything better.

        Warns
        -----
        ConvergenceWarning
            If training ends at ``max_iter`` while the loss is still falling, or after too few
            epochs to tell; or as the loss became non-finite: then the best parameters are kept; or
            if the loss of the model is not clearly below that of the class frequencies, or has
            risen: then the likely causes are named. At most one warning a fit.
        UserWarning
            If a parameter was set that this fit does not use, if X_val is on another scale than X,
            if values of X lie far away from all others of their feature, or if a sparse X is far
            from scale.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> model = ScratchMLPClassifier((), solver="lbfgs").fit([[-1.0], [1.0]], [0, 1])
        >>> model.n_iter_ == len(model.loss_curve_)
        True
        """
        first = not (self.warm_start and self.__sklearn_is_fitted__())
        validation = (X_val, y_val, sample_weight_val)
        tasks = new_tasks(self, X, y, sample_weight, self.max_iter * (1 + self.refit))
        return self._run(
            _train.fit, tasks, X, y, sample_weight, None, validation, first, self.warm_start
        )

    @available_if(lambda self: self.solver != "lbfgs")
    @explained
    @fit_context
    def partial_fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on X, going on from where the last call ended.

        Parameters, random stream, ``loss_curve_``, ``n_iter_`` and ``t_`` continue, and so does the
        optimizer's memory, except after a ``fit`` without ``warm_start``, which does not keep it.
        What only a whole fit can do has no effect here: ``early_stopping`` and its kin, ``tol``,
        ``n_members``, ``standardize``, ``temperature_scaling`` and ``checkpoint``. The call that
        begins a network warns of those that were set, later calls do not. ``max_iter`` has a
        meaning only for a schedule that falls: the rate comes to its end after ``max_iter`` calls,
        unless ``decay_steps`` is a number. Absent for ``solver="lbfgs"``. No
        call warns that nothing was learned: one epoch of a stream tells too little.

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

        Warns
        -----
        UserWarning
            If a parameter was set that ``partial_fit`` does not use, in the first call.

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
        if not first:  # scikit-learn checks the parameters in the first call alone
            self._validate_params()
        with quiet():
            self._check_partial_fit(y, classes, first)
        if first:
            warn_of_unused(self, "partial_fit")
        none = (None, None, None)
        tasks = new_tasks(self, X, y, sample_weight, 1)
        return self._run(
            _train.one_epoch, tasks, X, y, sample_weight, classes, none, first, keep_memory=True
        )

    @explained
    def drop_optimizer_state(self) -> Self:
        """Forget what only further training needs; predictions stay as they are.

        After ``partial_fit``, and after ``fit`` with ``warm_start``, the estimator keeps what the
        optimizer remembers: with Adam twice the size of the parameters. Training that goes on
        later starts with a new optimizer.

        Returns
        -------
        self : estimator
            Itself.

        Raises
        ------
        NotFittedError
            If it is not fitted.

        Examples
        --------
        >>> import pickle
        >>> from skscratch import ScratchMLPClassifier
        >>> model = ScratchMLPClassifier().partial_fit([[-1.0], [1.0]], [0, 1], classes=[0, 1])
        >>> large = len(pickle.dumps(model))
        >>> len(pickle.dumps(model.drop_optimizer_state())) < large / 2
        True
        """
        check_is_fitted(self)
        saved = {k: v for k, v in self._continuation.items() if k != "averaged"}
        self._continuation = {**saved, "memory": {}}
        return self

    def set_params(self, **params: Any) -> Self:
        """Set parameters; ``fit`` checks their values.

        Parameters
        ----------
        **params : dict
            Names of parameters and their new values.

        Returns
        -------
        self : estimator
            Itself.

        Raises
        ------
        ValueError
            If there is no parameter of such a name.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> ScratchMLPClassifier().set_params(alpha=0.1)
        ScratchMLPClassifier(alpha=0.1)
        """
        names = self.get_params(deep=False)
        unknown = [name for name in params if name.partition("__")[0] not in names]
        hint = _hints.of_name(unknown[0], names, (), "") if unknown else ""
        if hint:
            raise ValueError(f"Invalid parameter {unknown[0]!r} for estimator {self}.{hint}")
        same: Self = super().set_params(**params)
        return same

    def _run(
        self,
        train: Callable[..., None],
        tasks: NoTasks | Tasks,
        X: Any,
        y: Any,
        sample_weight: Any,
        classes: Any,
        validation: tuple[Any, Any, Any],
        first: bool,
        keep_memory: bool,
    ) -> Self:
        interrupt = None
        # overflow shows as a non-finite loss, which ends the run with a message of its own
        with unchanged_on_error(self), quiet():
            data = self._validate(X, y, sample_weight, classes, first, validation)
            whole = train is _train.fit
            settings = resolved(self, data, whole)
            if first and self.standardize and (issparse(data.X) or not whole):
                warn_of_no_scaling(self, data.X)
            if first or whole:  # not in every call of a stream
                check_objects(settings)
            run = begin(settings, data, first)
            n_epochs = run.n_epochs
            try:
                tasks.begin(run, keep_memory)
                with _sizes.threads(settings, run, data):
                    train(settings, run, data, tasks, first)
            except KeyboardInterrupt as error:
                if run.n_epochs == n_epochs:
                    raise
                interrupt = error
                keep_memory = False  # the optimizer was in the middle of a step
            self._publish(run, keep_memory)
        if interrupt is not None:
            raise interrupt
        tasks.end()
        return self

    def _validate(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        classes: Any,
        first: bool,
        validation: tuple[Any, Any, Any],
    ) -> Data:
        floats: list[Any]
        if not first:
            floats = [fitted_dtype(self)]
        else:
            floats = FLOATS if self.dtype is None else [np.dtype(self.dtype)]
        X, y, w, dtype = check_training_data(self, X, y, sample_weight, floats, first)
        data = self._encode(X, y, w, dtype, classes, first)
        checked = check_validation_data(self, *validation, dtype)
        if checked is None:
            return data
        warn_of_other_scale(self, X, checked[0])
        return data._replace(validation=self._encode_validation(*checked, data))

    def _publish(self, run: Run, keep_memory: bool) -> None:
        self.__dict__.update(published(self, run, keep_memory))

    def _outputs(self, X: MatrixLike, finish: Callable[[Any], Any]) -> NDArray[Any]:
        """Return ``finish(logits)`` of X, computed some rows at a time; the logits are scratch."""
        if not self.__sklearn_is_fitted__():
            check_is_fitted(self)  # raises, but takes its time where it does not

        def checked(z: Any) -> Any:
            if not np.isfinite(z).all():
                raise ValueError(
                    not_finite(self)
                    or f"X or the network's parameters are too large for {z.dtype}: its output "
                    "overflows."
                )
            return finish(z)

        # overflow is what is checked for, and finite logits may lie further apart than floats reach
        with quiet():
            X = check_prediction_data(self, X)
            params = fitted_parameters(self)
            arch = architecture(fitted_sizes(self), self._activation, self.out_activation_)
            rows = _sizes.rows_per_buffer(arch, X)
            with blas_threads(_sizes.largest_product(params, X, min(rows, X.shape[0]))):
                result: NDArray[Any] = outputs(arch, params, X, rows, checked)
        return result

    def _hint(self, name: str, value: Any) -> str:
        return _hints.of_value(name, value, names_of(name))

    def __sklearn_is_fitted__(self) -> bool:
        return "coefs_" in vars(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
