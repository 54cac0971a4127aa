"""The path of every fit: check, encode, resolve, train, publish.

A run works on copies. Its results become attributes of the estimator when the run has ended well.
Between two calls, the public attributes (``coefs_``, ``intercepts_``, ...) define the fitted
network, even if the user has changed them. A call that fails changes nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from numbers import Real
from typing import Any, ClassVar, Self, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.utils.validation import check_is_fitted

from skscratch._compat import (
    SITE,
    CallbackSupportMixin,
    callback_context,
    shared_fit_context,
)
from skscratch._ranks import ranks
from skscratch._typing import MatrixLike
from skscratch._warnings import quiet
from skscratch.core.losses import Loss
from skscratch.estimators._auto import precision
from skscratch.estimators._callbacks import NoCallbacks, new_hooks
from skscratch.estimators._constrained import Constrained
from skscratch.estimators._convergence import conclude
from skscratch.estimators._curves import Curves
from skscratch.estimators._fingerprint import begun, checkpoint_file
from skscratch.estimators._fitted import (
    Saved,
    Transaction,
    continued_state,
    continues,
    fitted_parameters,
    published,
)
from skscratch.estimators._hidden import HiddenActivations
from skscratch.estimators._hints import explained
from skscratch.estimators._holdout import holdout, warn_of_holdout
from skscratch.estimators._members import Members
from skscratch.estimators._messages import diverged
from skscratch.estimators._parameters import warn_of_unused
from skscratch.estimators._prediction import finished
from skscratch.estimators._scale import warn_of_limits, warn_of_no_scaling, warn_of_other_scale
from skscratch.estimators._settings import resolve
from skscratch.estimators._validation import (
    FLOATS,
    check_training_data,
    check_validation_data,
    checked,
)
from skscratch.training.checkpoint import CheckpointFile
from skscratch.training.config import LBFGS, Stochastic, TrainingConfig
from skscratch.training.data import Dataset
from skscratch.training.lbfgs import LBFGSFit
from skscratch.training.loop import train_one_epoch
from skscratch.training.outcome import Diverged
from skscratch.training.sgd import StochasticFit
from skscratch.training.state import TrainingState, draw_seed
from skscratch.training.threads import training_threads

__all__ = ["BaseScratchMLP"]


class BaseScratchMLP(
    CallbackSupportMixin, Constrained, Saved, Curves, Members, HiddenActivations, ABC
):
    """A multilayer perceptron as a scikit-learn estimator, for any kind of target.

    A subclass stores the parameters and encodes the targets.
    """

    # users import estimators from skscratch: the page of that name documents them
    _doc_link_module = "skscratch"
    _doc_link_template = SITE + "api/generated/skscratch.{estimator_name}.html"

    # the parameters that this class asks for
    solver: Any
    max_iter: int
    warm_start: bool
    refit: bool
    standardize: bool
    trainable: Any
    validation_fraction: Any
    checkpoint: Any
    dtype: Any
    random_state: Any
    # the attributes that the data decide, and how messages name the best constant prediction
    _of_data: ClassVar[tuple[str, ...]] = ("n_features_in_",)
    _constant: ClassVar[str] = "the best constant prediction"
    # the usual learning rate of Adam with a moving average
    _rate_of_adam: ClassVar[float] = 0.01
    _label_dtype: str | None = None

    @abstractmethod
    def _encode(
        self,
        X: Any,
        y: Any,
        sample_weight: NDArray[Any] | None,
        dtype: np.dtype[Any],
        is_initial: bool,
        known: Any = None,
    ) -> Dataset:
        """Return checked arrays, encoded as the data set of a new or of the fitted network.

        ``known`` is the user's statement about all targets of this and later calls, such as the
        classes.
        """

    @abstractmethod
    def _encode_validation(
        self, X: Any, y: Any, sample_weight: NDArray[Any] | None, data: Dataset
    ) -> Dataset:
        """Return a checked validation set, encoded like the training data."""

    @abstractmethod
    def _loss(self) -> Loss:
        """Return the loss of the fitted network, as far as it predicts."""

    @explained
    @shared_fit_context
    def fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: MatrixLike | None = None,
        y_val: MatrixLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Train until the loss stops improving, or for ``max_iter`` epochs.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data. All values must be finite. ``dtype`` decides on the precision. Integers
            and booleans are converted batch by batch.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Class labels, or a multilabel indicator of zeros and ones. With ``soft_labels``,
            probabilities of shape (n_samples, n_classes).
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative and not all zero. None gives every sample weight 1.
            A sample of weight 0 counts as absent. Weights have no unit: multiplying all of them by
            a number changes nothing. If the smallest weight is 1 and all are integers, a sample of
            weight 2 counts like two copies of the sample. This is exact with 'lbfgs', and exact up
            to rounding with other solvers if one batch holds all samples. It is not exact if early
            stopping holds rows out, because one copy may be held out while the model is trained on
            the other.
        X_val, y_val : array-like, like X and y, default=None
            A validation set; pass both or neither. ``history_`` records its loss and score. With
            ``early_stopping``, the validation set decides when to stop and which parameters to
            keep, and no rows of X are held out. y_val must not hold a new class.
            ``Pipeline(transform_input=["X_val"])`` scales X_val like X, in a search too. In a
            search, X_val must not have as many rows as X: scikit-learn would take the rows of X_val
            for samples of X, and silently split X_val into folds.
        sample_weight_val : array-like, like sample_weight, default=None
            Weights of the validation set.
        groups : array-like of shape (n_samples,), default=None
            The group of each sample, for instance its patient. Whole groups are held out for
            validation, so that near-copies of a training sample do not tell when to stop. See
            ``validation_fraction``.

        Returns
        -------
        self : estimator
            The fitted estimator. If an error is raised, the estimator is left as it was before the
            call. If Ctrl-C ends training, the estimator has the best parameters so far, and
            KeyboardInterrupt is raised.

        Raises
        ------
        ValueError, TypeError
            If an argument or a parameter is not as described, or if the loss becomes non-finite
            before training has improved the model.

        Warns
        -----
        ConvergenceWarning
            At most once per fit, for one or more of these reasons. Training ended at ``max_iter``
            while the loss was still falling, or after too few epochs to tell. The loss became
            non-finite; the best parameters are then kept. The loss of the model is not clearly
            below the loss of predicting the class frequencies, or it has increased; the warning
            then names the likely causes.
        UserWarning
            If a parameter was set that this fit does not use, if X_val has another scale than X, if
            a feature of X has extreme outliers, if the scale of a sparse X is far from 1, if
            ``groups`` have no effect, or if splits of ``validation_fraction`` cost members more
            than a tenth of the rows.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> model = ScratchMLPClassifier((), solver="lbfgs").fit([[-1.0], [1.0]], [0, 1])
        >>> model.predict([[-2.0], [0.5]])
        array([0, 1])
        """
        is_initial = not (self.warm_start and continues(self))
        context = callback_context(self, self.max_iter * (1 + self.refit))
        of_val = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
        hooks = new_hooks(self, context, X, y, sample_weight, groups=groups, **of_val)
        with Transaction(self) as transaction, quiet():
            dtype, members = (None, None) if self.checkpoint is None else begun(self, X)
            data = self._check(X, y, sample_weight, is_initial, dtype)
            if not (X_val is None and y_val is None and sample_weight_val is None):
                data = self._check_validation(X_val, y_val, sample_weight_val, data)
            if groups is not None or not isinstance(self.validation_fraction, Real):
                data = replace(data, holdout=holdout(self, data, groups))
            config = resolve(self, data, is_initial=is_initial, n_members=members)
            state = self._state(config, data, is_initial)
            warn_of_unused(self, "fit", config, data.validation is not None)
            if groups is not None or data.holdout is not None:
                warn_of_holdout(self, config, data, groups)
            file = None
            if self.checkpoint is not None and isinstance(config.optimizer, Stochastic):
                file = checkpoint_file(self, state, data, is_initial)
            self._train(transaction, config, state, data, hooks, file)
        hooks.end()
        return self

    def _train(
        self,
        transaction: Transaction,
        config: TrainingConfig,
        state: TrainingState,
        data: Dataset,
        hooks: NoCallbacks,
        file: CheckpointFile | None,
    ) -> None:
        """Train to the end, warn of what went wrong, and publish the result."""
        options = config.optimizer
        training: StochasticFit | LBFGSFit
        with (
            self._publishing(transaction, config, state, hooks, self.warm_start),
            training_threads(state.params, data.X, options, state.arch.members),
        ):
            if isinstance(options, LBFGS):
                training = LBFGSFit(config, options, state, data, hooks)
            else:
                training = StochasticFit(config, options, state, data, hooks, file)
            training.run()
            outcome = training.outcome
            del training  # its buffers are as large as those that follow
            conclude(self, config, state, data, outcome)

    def _partial_fit(self, X: Any, y: Any, sample_weight: Any, known: Any) -> Self:
        """Train for one epoch; ``known`` is for ``_encode``."""
        is_initial = not continues(self)
        context = callback_context(self, max_epochs=1)
        hooks = new_hooks(self, context, X, y, sample_weight, classes=known)
        with Transaction(self) as transaction, quiet():
            data = self._check(X, y, sample_weight, is_initial, None, known, is_partial=True)
            config = resolve(self, data, is_partial=True, is_initial=is_initial)
            state = self._state(config, data, is_initial)
            options = cast(Stochastic, config.optimizer)
            with (
                self._publishing(transaction, config, state, hooks, keep_optimizer=True),
                training_threads(state.params, data.X, options),
            ):
                train_one_epoch(config, options, state, data, hooks)
        hooks.end()
        return self

    def _check(
        self,
        X: Any,
        y: Any,
        sample_weight: Any,
        is_initial: bool,
        begun: str | None = None,
        known: Any = None,
        is_partial: bool = False,
    ) -> Dataset:
        """Return the training data, checked and encoded; ``begun`` is the precision to go on in."""
        asked, floats = begun or self.dtype, FLOATS
        is_open = is_initial and isinstance(asked, str) and asked == "auto"
        if not is_initial:
            floats = [fitted_parameters(self).weights[0].dtype]
        elif is_open:
            floats = [*FLOATS, np.float16]
        elif asked is not None:
            floats = [np.dtype(asked)]
        X, y, w, dtype = checked(
            check_training_data, self, X, y, sample_weight, floats, is_initial, is_open
        )
        if is_open:
            X, dtype = precision(self, X, y, w, is_partial)
        data = self._encode(X, y, w, dtype, is_initial, known)
        return data if ranks.get() is None else ranks.get().dataset(data)

    def _check_validation(
        self, X_val: Any, y_val: Any, sample_weight_val: Any, data: Dataset
    ) -> Dataset:
        """Return the data with the user's validation set."""
        X, y, w = checked(check_validation_data, self, X_val, y_val, sample_weight_val, data.dtype)
        warn_of_other_scale(self, data.X, X)
        return replace(data, validation=self._encode_validation(X, y, w, data))

    def _state(self, config: TrainingConfig, data: Dataset, is_initial: bool) -> TrainingState:
        """Return the state that training starts from; warn of the scale of X."""
        if not is_initial:
            return continued_state(self, config)
        if self.standardize and not (config.standardize and not issparse(data.X)):
            warn_of_no_scaling(self, data.X, config)
        state = TrainingState.start(config, data, draw_seed(self.random_state))
        if state.scaling is not None:
            warn_of_limits(self, state.scaling.limit)
        return state

    @contextmanager
    def _publishing(
        self,
        transaction: Transaction,
        config: TrainingConfig,
        state: TrainingState,
        hooks: NoCallbacks,
        keep_optimizer: bool,
    ) -> Iterator[None]:
        """Publish the run at the end of the block; after Ctrl-C, publish its complete epochs."""
        n_epochs = state.n_epochs
        try:
            hooks.begin(config, state, keep_optimizer)
            with nullcontext() if ranks.get() is None else ranks.get().deferring():
                yield
        except KeyboardInterrupt:
            if state.n_epochs > n_epochs:  # the optimizer was in the middle of a step
                transaction.commit(published(self, state, keep_optimizer=False))
            raise
        except Diverged as error:
            raise diverged(self, config, error.epoch) from None
        transaction.commit(published(self, state, keep_optimizer))

    @explained
    def drop_optimizer_state(self) -> Self:
        """Discard the optimizer state. Predictions stay the same.

        After ``partial_fit``, and after ``fit`` with ``warm_start``, the estimator keeps the
        optimizer state. With Adam, this state is twice as large as the parameters. Without this
        state, further training starts with a new optimizer.

        Returns
        -------
        self : estimator
            The estimator.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.

        Examples
        --------
        >>> import pickle
        >>> from skscratch import ScratchMLPClassifier
        >>> model = ScratchMLPClassifier().partial_fit([[-1.0], [1.0]], [0, 1], classes=[0, 1])
        >>> large = len(pickle.dumps(model))
        >>> round(len(pickle.dumps(model.drop_optimizer_state())) / large, 2)
        0.25
        """
        check_is_fitted(self)
        saved = {k: v for k, v in self._continuation.items() if k != "averaged"}
        self._continuation = {**saved, "memory": {}}
        return self

    def _outputs(self, X: MatrixLike, finish: Callable[[Any], Any]) -> NDArray[Any]:
        """Return ``finish(logits)`` of X, some rows at a time; it may overwrite the logits."""
        if not self.__sklearn_is_fitted__():
            check_is_fitted(self)  # slow, so it is called only when it will raise
        return finished(self, X, finish)

    def _predictions(self, X: MatrixLike) -> NDArray[Any]:
        """Return the outputs of the loss for X: probabilities, or targets."""
        return self._outputs(X, lambda z: self._loss().predict(z))

    def __sklearn_is_fitted__(self) -> bool:
        return "coefs_" in vars(self)
