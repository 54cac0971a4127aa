"""The classifier: its parameters, the encoding of its targets, and its predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import is_multilabel

from skscratch import _typing as hints
from skscratch._compat import available_if, fit_context
from skscratch._typing import MatrixLike
from skscratch._warnings import quiet
from skscratch.core.losses import LogisticCrossEntropy, Loss, SoftmaxCrossEntropy, with_output
from skscratch.estimators import _labels
from skscratch.estimators._auto import is_lbfgs
from skscratch.estimators._base import BaseScratchMLP
from skscratch.estimators._hints import explained
from skscratch.estimators._parameters import warn_of_unused
from skscratch.estimators._validation import naming
from skscratch.training.data import Dataset

__all__ = ["ScratchMLPClassifier"]


class ScratchMLPClassifier(ClassifierMixin, BaseScratchMLP):
    """Multilayer perceptron classifier with the parameters of scikit-learn's ``MLPClassifier``.

    Minimises the cross-entropy with hand-written passes and solvers. Binary, multiclass and
    multilabel targets; dense and sparse inputs.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(256, 128)
        Units per hidden layer; ``()`` makes a linear model (logistic regression). The default is
        eight networks of 32 and 16 units, see ``n_members``: small ones, but not one of them alone.
    activation : {'identity', 'logistic', 'tanh', 'relu', 'leaky_relu', 'elu', 'selu', 'softplus', \
'silu', 'gelu', 'mish'}, object, or a list of them, default='relu'
        Non-linearity of the hidden layers, one for all or one per layer. An object needs the
        methods ``forward`` and ``backward`` of ``skscratch.core.activations.Activation``; what it
        promises is checked before training begins, see ``skscratch.testing.check_activation``.
    solver : {'adam', 'sgd', 'lbfgs'} or Rule, default='adam'
        Adam works without tuning on most data. L-BFGS looks at all data at every step and suits
        small sets. An object must follow ``skscratch.core.optimizers.Rule``, which is checked.
    alpha : float, default=1.0
        Strength of the L2 penalty: ``½ · alpha · ‖W‖² / (number of training samples)`` is added to
        the mean loss, the same in every batch whatever ``batch_size``, and whatever the unit of
        ``sample_weight``. At 1 it counts like one sample: it steadies a small set's network and
        leaves that of a large one alone. Fewer than 20 samples count as 20, and a call of
        ``partial_fit`` as at least 200, because its size does not tell the size of the data.
    batch_size : int or 'auto', default='auto'
        Samples per step, at most all of them. 'auto' is a quarter of the samples, but from 32 to
        200: small sets get several steps an epoch. Not for 'lbfgs'.
    learning_rate : {'constant', 'invscaling', 'adaptive', 'cosine', 'onecycle', 'exponential', \
'step'}, Schedule or callable, default='constant'
        How the rate changes, with every solver but 'lbfgs'. 'invscaling' divides it by
        ``(step + 1) ** power_t``; 'adaptive' divides it by 5 whenever the loss has stalled, and
        stops only at 1e-6; 'cosine' lets it fall to zero, 'onecycle' rise and fall, in
        ``decay_steps`` updates; 'exponential' and 'step' multiply it by ``decay_rate`` every
        ``decay_steps`` updates, smoothly or at once. A function gets the number of updates made
        and returns the rate.
    learning_rate_init : float or 'auto', default='auto'
        Step size on the gradient of the mean loss. 'auto' is for 'adam' 0.01 with ``ema_decay``,
        which takes out the noise of large steps, and 0.001 without; for 'sgd' it is
        ``0.1 · (1 - momentum)``, an effective step of 0.1. Not for 'lbfgs'.
    power_t : float, default=0.5
        Exponent of 'invscaling'.
    max_iter : int, default=200
        Most epochs (passes over the data), or L-BFGS iterations, of one ``fit``; ``refit`` may add
        as many.
    shuffle : bool, default=True
        Whether to draw a new order of the samples in each epoch.
    random_state : int, RandomState, Generator or None, default=None
        Source of the initial weights, the order of samples and the rows held out. An int gives the
        same model each time; None draws fresh entropy and never touches NumPy's global state.
    tol : float, default=0.0001
        Least fall of the loss, or rise of the score that ``scoring`` names, that counts as
        progress; largest gradient entry for 'lbfgs'.
    verbose : bool, default=False
        Whether to print one line per epoch: the loss, the validation loss and score or else the
        penalty, and the seconds; and at the end why training ended and which parameters are kept.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the fitted parameters, optimizer memory and random streams.
        What decides when to stop starts afresh. After early stopping the fitted parameters are the
        best, the optimizer memory is that of the last epoch.
    momentum : float, default=0.9
        Share of the last direction kept, in [0, 1]. Only for 'sgd'.
    nesterovs_momentum : bool, default=True
        Whether momentum looks one step ahead. Only for 'sgd'.
    early_stopping : bool or 'auto', default='auto'
        Whether to stop when ``scoring`` stalls on a validation set, and keep the parameters that
        did best there, the latest of equals. The set is that passed to ``fit``, otherwise rows of X
        that are held out. Fewer than 5 rows would say too little: then none are held out and the
        training loss decides. 'auto' is True for 50 rows or more, or with a validation set, but not
        with ``warm_start``. Not for 'lbfgs' and ``partial_fit``.
    validation_fraction : float, default=0.1
        Share of rows held out, stratified by class; each class keeps a row to learn from. Other
        members hold out other rows.
    beta_1 : float, default=0.9
        Decay of Adam's average of the gradient, in [0, 1).
    beta_2 : float, default=0.999
        Decay of Adam's average of the squared gradient, in [0, 1).
    epsilon : float, default=1e-8
        Keeps Adam's division finite; added before bias correction.
    n_iter_no_change : int or inf, default=10
        Epochs in a row without progress after which training stops; with early stopping, see also
        ``n_updates_no_change``.
    max_fun : int, default=15000
        Most evaluations of the loss by 'lbfgs'.
    weight_init : {'auto', 'glorot_uniform', 'glorot_normal', 'he_uniform', 'he_normal', \
'lecun_uniform', 'lecun_normal', 'orthogonal'} or callable, default='auto'
        Draw of the initial weights; biases start at zero. 'auto' is 'he_uniform' before relu and
        its smooth relatives, 'lecun_normal' before selu and 'glorot_uniform' before all else. A
        callable gets ``(rng, fan_in, fan_out)``.
    class_weight : dict, 'balanced' or list of dicts, default=None
        Factor on the weight of each class's samples; 'balanced' gives the classes in y the same
        total weight, in ``partial_fit`` those of the call, in y_val those of y_val. A list has a
        dict per label.
    dtype : {'float32', 'float64'}, default=None
        Precision of parameters and training. None follows X: float32 for float32, otherwise
        float64. float32 takes half the memory and, for large layers, half the time or less.
        Training that goes on keeps the precision that it began with.
    dropout : float or list of float, default=0.0
        Share of activations, in [0, 1), that each training step sets to zero: one for all hidden
        layers or one per layer. Not for 'lbfgs'.
    weight_decay : float, default=0.0
        Share of the weights, times the learning rate, that each step takes off them, apart from the
        gradient: 'adam' becomes AdamW, 'sgd' SGDW. Biases do not decay. Not for 'lbfgs'.
    label_smoothing : float, default=0.0
        Share, in [0, 1), of each training label that is spread evenly over all classes. Validation
        takes the labels as they are.
    max_grad_norm : float, default=None
        A gradient of the mean loss whose Euclidean norm is larger is shortened to it. Not for
        'lbfgs'.
    ema_decay : float, default=0.99
        If positive, the model is an exponential moving average of the parameters, over about
        ``1 / (1 - ema_decay)`` updates, at first over the last tenth of them. It does what a rate
        that falls to zero does, and need not know when training will end. Not for 'lbfgs'.
    warmup_steps : int, default=0
        Updates over which the rate rises linearly before the schedule begins. Not for 'lbfgs'.
    decay_steps : int or 'auto', default='auto'
        Updates that a falling schedule takes, see ``learning_rate``. 'auto' ends with the last of
        ``max_iter`` epochs, the warm-up included; for 'step' it is a third of that. Name a number
        where training goes on in several calls.
    decay_rate : float, default=0.1
        Factor of 'exponential' and 'step', in (0, 1].
    scoring : 'loss', str, callable or None, default='loss'
        What is watched on the validation set: the loss, which moves while the accuracy on a few
        rows stands still, the name of a scorer of scikit-learn, a function of
        ``(estimator, X, y)``, or None for accuracy. A callable gets arrays, and the sample weights
        if it has an argument ``sample_weight``; the estimator that it gets is good for one call.
        The loss counts ``class_weight``, a scorer does not: ``best_validation_score_`` is what it
        gives anywhere else.
    n_updates_no_change : int or inf, default=100
        Updates without progress that early stopping waits for at least, besides
        ``n_iter_no_change`` epochs: an epoch is four updates on small data, thousands on large.
    refit : bool, default=False
        Whether to train once more after early stopping that held rows out, from the same start and
        on all rows, for the number of updates that was best. ``history_`` holds both passes.
    n_members : int or 'auto', default='auto'
        Networks into which the hidden layers are divided. They are trained side by side, each from
        weights and on rows of its own, and the mean of their logits is the logits of the one
        network that they leave: ``coefs_`` have the shapes that ``hidden_layer_sizes`` asks for,
        with zeros between members. Their errors differ, so the mean has fewer; 1 trains one
        network, in which all units are connected. 'auto' is the most, up to 8, that divide every
        layer and leave each member 16 units in it, for dense X of 50 rows or more and ``fit``
        without ``warm_start``, ``refit`` and 'lbfgs', none of which can have several; otherwise 1.
    standardize : bool, default=True
        Whether ``fit`` scales the features of a dense X, batch by batch, if one of them is out of
        scale: if its standard deviation is not between 0.1 and 3, or its mean is further from 0
        than two standard deviations. Features that are not standardised already then get mean 0
        and a standard deviation of about 1; features with two values become 0 and 1. Pixels and
        counts are judged together. Values that lie far from all others of a feature, such as a
        code for missing values, do not affect its scale. ``coefs_`` and ``intercepts_`` are still
        those of a network that takes X as it is. A ``partial_fit`` that comes first leaves X
        alone, for it has not seen the rest; so does a ``fit`` on a sparse X.
    temperature_scaling : bool, default=True
        Whether, after early stopping, the logits are divided by the number that makes their loss on
        the validation set least: predicted classes stay, probabilities that were too sure, or not
        sure enough, are corrected. Few rows move it little. Not after ``refit``.
    checkpoint : path-like, default=None
        File to which ``fit`` saves its state now and then. If it exists, ``fit`` goes on from there
        and ends with the model it would have had without the break; it refuses a file that was
        written for other data, another network or other parameters than ``max_iter`` and
        ``verbose``. The file stays when training has ended, and belongs to that one fit: a search
        or a second warm start cannot use it. Not for 'lbfgs'.
    checkpoint_epochs : int, default=None
        Epochs between two checkpoints.
    checkpoint_seconds : float, default=30
        Seconds between two checkpoints; None counts epochs alone.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels in sorted order; the column numbers for multilabel y.
    coefs_ : list of ndarray of shape (p, q)
        Weights of each layer. Training goes on from what they hold.
    intercepts_ : list of ndarray of shape (q,)
        Biases of each layer. Training goes on from what they hold.
    history_ : dict of ndarray of shape (`n_iter_`,)
        ``pandas.DataFrame(model.history_)`` has a row per epoch: 'loss', the mean training loss,
        each batch measured before its step, with dropout and smoothed labels; 'penalty', that of
        ``alpha``; with a validation set 'validation_loss' and 'validation_score', without dropout
        and smoothing; 'learning_rate', that of the last update; 'gradient_norm' of the mean loss,
        the mean over the updates before clipping (for 'lbfgs' of loss and penalty); 'seconds' of
        training. Of several members losses, penalty and score are the means of theirs, the norm is
        the root mean square. Of a run that ``partial_fit`` continues, the last 200 epochs.
    loss_curve_ : list of float
        The sum of 'loss' and 'penalty', as in scikit-learn; 'loss' alone is in ``history_``, in
        what ``verbose`` prints and in ``TrainingCurvesDisplay``.
    loss_ : float
        The last entry of ``loss_curve_``.
    best_loss_ : float or None
        The lowest entry of ``loss_curve_``; None after early stopping.
    validation_scores_ : list of float, or None
        The column 'validation_score': what ``scoring`` names; with 'loss' the accuracy, weighted
        like the loss.
    best_validation_score_ : float or None
        With early stopping, the score of the parameters kept; of several members the mean of
        their best. The network that they make is mostly better.
    n_iter_ : int
        Epochs trained, calls of ``partial_fit`` and warm starts included.
    t_ : int
        Samples seen in training; 'lbfgs' adds none.
    n_layers_ : int
        Layers, counting inputs and outputs.
    n_outputs_ : int
        Columns of the output layer.
    n_members_ : int
        Networks that the last call trained side by side: what ``n_members='auto'`` came to. Between
        hidden layers ``coefs_`` are zero but for a block on the diagonal for each of them. 1 after
        ``partial_fit``, which trains all weights.
    out_activation_ : {'logistic', 'softmax'}
        Link of the output layer: 'logistic' for binary and multilabel y.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if X had string column names.

    See Also
    --------
    sklearn.neural_network.MLPClassifier : The estimator whose parameter grids this one accepts.

    References
    ----------
    D. E. Rumelhart, G. E. Hinton and R. J. Williams (1986). Learning representations by
    back-propagating errors.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skscratch import ScratchMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = ScratchMLPClassifier(random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.95
    True
    >>> model.predict_proba(X[:1]).shape
    (1, 3)
    """

    classes_: NDArray[Any]
    _label_dtype: str

    @explained
    def __init__(
        self,
        hidden_layer_sizes: hints.Sizes = (256, 128),
        activation: hints.Activations = "relu",
        *,
        solver: hints.Solver = "adam",
        alpha: float = 1.0,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: hints.LearningRate = "constant",
        learning_rate_init: float | Literal["auto"] = "auto",
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: hints.RandomState = None,
        tol: float = 1e-4,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool | Literal["auto"] = "auto",
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        weight_init: hints.WeightInit = "auto",
        class_weight: hints.ClassWeight | None = None,
        dtype: hints.Dtype | None = None,
        dropout: float | Sequence[float] = 0.0,
        weight_decay: float = 0.0,
        label_smoothing: float = 0.0,
        max_grad_norm: float | None = None,
        ema_decay: float = 0.99,
        warmup_steps: int = 0,
        decay_steps: int | Literal["auto"] = "auto",
        decay_rate: float = 0.1,
        scoring: hints.Scoring | None = "loss",
        n_updates_no_change: float = 100,
        refit: bool = False,
        n_members: int | Literal["auto"] = "auto",
        standardize: bool = True,
        temperature_scaling: bool = True,
        checkpoint: hints.PathOrName | None = None,
        checkpoint_epochs: int | None = None,
        checkpoint_seconds: float | None = 30,
    ) -> None:
        """Store the parameters as they are: ``fit`` checks them."""
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.weight_init = weight_init
        self.class_weight = class_weight
        self.dtype = dtype
        self.dropout = dropout
        self.weight_decay = weight_decay
        self.label_smoothing = label_smoothing
        self.max_grad_norm = max_grad_norm
        self.ema_decay = ema_decay
        self.warmup_steps = warmup_steps
        self.decay_steps = decay_steps
        self.decay_rate = decay_rate
        self.scoring = scoring
        self.n_updates_no_change = n_updates_no_change
        self.refit = refit
        self.n_members = n_members
        self.standardize = standardize
        self.temperature_scaling = temperature_scaling
        self.checkpoint = checkpoint
        self.checkpoint_epochs = checkpoint_epochs
        self.checkpoint_seconds = checkpoint_seconds

    @available_if(lambda self: not is_lbfgs(self.solver))
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
        is_initial = not self.__sklearn_is_fitted__()
        if not is_initial:  # scikit-learn checks the parameters in the first call alone
            self._check_parameters()
        with quiet():
            self._check_classes(y, classes, is_initial)
        if is_initial:
            warn_of_unused(self, "partial_fit")
        return self._partial_fit(X, y, sample_weight, classes)

    @explained
    def predict(self, X: MatrixLike) -> NDArray[Any]:
        """Return the most probable class of each sample, or the labels it probably has.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,), or (n_samples, n_labels) of zeros and ones
            Of the dtype of the y that was trained on.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X is not as described, or not of the features that were trained on.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> model = ScratchMLPClassifier((), solver="lbfgs").fit([[-1.0], [1.0]], ["cold", "warm"])
        >>> model.predict([[-2.0], [0.5]])
        array(['cold', 'warm'], dtype='<U4')
        """
        return self._outputs(X, self._decide)

    def _decide(self, z: Any) -> Any:
        """Return the predicted class or labels of each row of logits."""
        index = self._loss().decide(z)
        return self.classes_[index] if index.ndim == 1 else index.astype(self._label_dtype)

    @explained
    def predict_proba(self, X: MatrixLike) -> NDArray[np.floating[Any]]:
        """Return the probability of each class, or of each label.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            Columns in the order of ``classes_``. Never 0 but at least the smallest normal number.
            Rows sum to 1, except for multilabel y, whose entries are never 1 either.

        Raises
        ------
        NotFittedError, ValueError
            As by ``predict``.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> model = ScratchMLPClassifier((), solver="lbfgs").fit([[-1.0], [1.0]], ["cold", "warm"])
        >>> model.predict_proba([[0.0]]).round(3)
        array([[0.5, 0.5]])
        """
        return self._outputs(X, lambda z: self._loss().predict(z))

    @explained
    def predict_log_proba(self, X: MatrixLike) -> NDArray[np.floating[Any]]:
        """Return the logarithm of ``predict_proba``, exact also where that rounds to 1.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            Never below the logarithm of the smallest normal number.

        Raises
        ------
        NotFittedError, ValueError
            As by ``predict``.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> model = ScratchMLPClassifier((), solver="lbfgs").fit([[-1.0], [1.0]], ["cold", "warm"])
        >>> model.predict_log_proba([[0.0]]).round(3)
        array([[-0.693, -0.693]])
        """
        return self._outputs(X, lambda z: self._loss().log_predict(z))

    @explained
    def decision_function(self, X: MatrixLike) -> NDArray[np.floating[Any]]:
        """Return the logits, the output layer before its activation.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        z : ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_labels)
            One column, as a vector, for binary y: positive where ``classes_[1]`` is predicted.

        Raises
        ------
        NotFittedError, ValueError
            As by ``predict``.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> model = ScratchMLPClassifier((), solver="lbfgs").fit([[-1.0], [1.0]], ["cold", "warm"])
        >>> model.decision_function([[-2.0], [2.0]]) > 0
        array([False,  True])
        """
        return self._outputs(X, lambda z: z[:, 0] if z.shape[1] == 1 else z)

    def _loss(self) -> Loss:
        """Return the loss of the fitted network, as far as it predicts."""
        return with_output(self.out_activation_)

    def _is_multilabel(self) -> bool:
        """Return whether the fitted network decides on each label by itself."""
        return bool(self._loss().decide(np.zeros((1, self.n_outputs_))).ndim == 2)

    def _encode(
        self,
        X: Any,
        y: Any,
        sample_weight: NDArray[Any] | None,
        dtype: np.dtype[Any],
        is_initial: bool,
        known: Any = None,
    ) -> Dataset:
        kind = y.dtype.str
        y = _labels.check_labels(y, "y")
        if is_initial:
            self.classes_, self._label_dtype = _labels.find_classes(y, known), kind
        else:
            self._check_known_classes(y, known)
        n_classes, smoothing = len(self.classes_), float(self.label_smoothing)
        index = _labels.class_indices(y, self.classes_, "y")
        w = None
        if sample_weight is not None or self.class_weight is not None:
            w = self._weighted(index, sample_weight, dtype)
        loss: Loss = SoftmaxCrossEntropy(smoothing)
        if y.ndim == 2 or n_classes == 2:
            loss = LogisticCrossEntropy(smoothing)
        n_outputs = 1 if y.ndim == 1 and n_classes == 2 else n_classes
        targets, strata = loss.targets(index, dtype), index if y.ndim == 1 else None
        return Dataset(X, targets, w, dtype, loss, n_outputs, y, sample_weight, strata)

    def _encode_validation(
        self, X: Any, y: Any, sample_weight: NDArray[Any] | None, data: Dataset
    ) -> Dataset:
        y = _labels.check_labels(y, "y_val")
        with naming("y_val"):
            if y.shape[1:] != data.labels.shape[1:]:
                raise ValueError(
                    f"y_val has shape {y.shape}, which does not fit the {data.labels.shape} of y."
                )
            index = _labels.class_indices(y, self.classes_, "y_val")
            w = self._weighted(index, sample_weight, data.dtype)
        targets = data.loss.targets(index, data.dtype)
        return replace(data, X=X, y=targets, w=w, labels=y, sample_weight=sample_weight)

    def _weighted(
        self, index: Any, sample_weight: NDArray[Any] | None, dtype: np.dtype[Any]
    ) -> NDArray[Any] | None:
        """Return the sample weights times those of the classes, counted in rows."""
        w = None if sample_weight is None else _labels.counted_in_rows(sample_weight)
        if self.class_weight is None:
            return None if w is None else w.astype(dtype, copy=False)
        factors = _labels.class_weights(self.class_weight, index, self.classes_, w)
        weights: NDArray[Any] = factors if w is None else w * factors
        if not weights.any():
            raise ValueError(
                f"sample_weight and class_weight={self.class_weight!r} leave no sample with a "
                "positive weight."
            )
        if not isinstance(self.class_weight, str):  # the balanced ones leave the sum as it is
            weights = _labels.counted_in_rows(weights)
        return weights.astype(dtype, copy=False)

    def _check_classes(self, y: Any, classes: Any, is_initial: bool) -> None:
        """Raise if the classes of a stream are missing, or are sample weights."""
        columns = getattr(y, "shape", ())[1:]  # of what has none, scikit-learn may make a copy
        if is_initial and classes is None and columns in ((), (1,)) and not is_multilabel(y):
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

    def _check_known_classes(self, y: Any, classes: Any) -> None:
        """Raise if later data have other classes than the fitted network."""
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
        tags.input_tags.sparse, tags.classifier_tags.multi_label = True, True
        return tags
