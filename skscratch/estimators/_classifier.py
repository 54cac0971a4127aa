"""The classifier: its parameters, the encoding of its targets, and its predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_consistent_length

from skscratch import _typing as hints
from skscratch._compat import available_if, shared_fit_context
from skscratch._typing import MatrixLike
from skscratch._warnings import quiet
from skscratch.core.losses import (
    CLASS_LOSSES,
    ClassLoss,
    LogisticCrossEntropy,
    LogisticSoftLabels,
    SoftmaxCrossEntropy,
    SoftmaxSoftLabels,
    with_output,
)
from skscratch.estimators import _labels
from skscratch.estimators._auto import is_lbfgs
from skscratch.estimators._base import BaseScratchMLP
from skscratch.estimators._fitted import continues
from skscratch.estimators._hints import explained
from skscratch.estimators._parameters import warn_of_unused
from skscratch.estimators._validation import naming
from skscratch.training.data import Dataset

__all__ = ["ScratchMLPClassifier"]


class ScratchMLPClassifier(ClassifierMixin, BaseScratchMLP):
    """Multilayer perceptron classifier with the parameters of scikit-learn's ``MLPClassifier``.

    Minimises the cross-entropy. The passes and the stochastic solvers are written by hand in NumPy.
    Targets may be binary, multiclass or multilabel. Inputs may be dense or sparse.

    Parameters by purpose:

    - Architecture: ``hidden_layer_sizes``, ``activation``, ``weight_init``, ``coefs_init``,
      ``intercepts_init``, ``trainable``, ``dtype``.
    - Targets and loss: ``soft_labels``, ``class_weight``, ``temperature_scaling``.
    - Optimisation: ``solver``, ``batch_size``, ``shuffle``, ``learning_rate``,
      ``learning_rate_init``, ``power_t``, ``decay_steps``, ``decay_rate``, ``warmup_steps``,
      ``momentum``, ``nesterovs_momentum``, ``beta_1``, ``beta_2``, ``epsilon``, ``max_grad_norm``,
      ``ema_decay``, ``random_state``.
    - Stopping and validation: ``max_iter``, ``max_fun``, ``tol``, ``n_iter_no_change``,
      ``n_updates_no_change``, ``early_stopping``, ``validation_fraction``, ``scoring``, ``refit``,
      ``verbose``.
    - Regularisation: ``alpha``, ``weight_decay``, ``dropout``, ``label_smoothing``.
    - Ensemble: ``n_members``, ``n_jobs``.
    - Input: ``standardize``.
    - Persistence: ``warm_start``, ``checkpoint``, ``checkpoint_epochs``, ``checkpoint_seconds``.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(256, 128)
        Units per hidden layer. ``skscratch.tuning.Layers`` holds depth and width as two
        numbers, which tuners can sample. ``()`` makes a linear model (logistic regression). With
        the default ``n_members``, the default sizes make an ensemble of eight networks of 32 and
        16 units.
    activation : {'identity', 'logistic', 'tanh', 'relu', 'leaky_relu', 'elu', 'selu', 'softplus', \
'silu', 'gelu', 'mish'}, object, or a list of them, default='relu'
        Activation function of the hidden layers: one for all layers, or a list with one per layer.
        A custom object needs the methods ``forward`` and ``backward`` of
        ``skscratch.core.activations.Activation``. Custom objects are checked before training
        begins, see ``skscratch.testing.check_activation``.
    solver : {'adam', 'sgd', 'lbfgs'} or Rule, default='adam'
        Optimizer. 'adam' works without tuning on most data. 'lbfgs' uses all data in every step and
        suits small data sets. A custom object must follow the protocol
        ``skscratch.core.optimizers.Rule``. Custom objects are checked before training begins.
    alpha : float, default=1.0
        Strength of the L2 penalty. The term ``½ · alpha · ‖W‖² / (number of training samples)`` is
        added to the mean loss. The term does not depend on ``batch_size`` or on the unit of
        ``sample_weight``. At 1, the penalty counts like one sample: it regularises the networks of
        small data sets, and hardly affects the networks of large ones. Fewer than 20 samples count
        as 20. A call of ``partial_fit`` counts as at least 200 samples, because the size of a call
        does not tell the size of the data.
    batch_size : int or 'auto', default='auto'
        Samples per update, at most all of them. 'auto' is a quarter of the samples, but at least 32
        and at most 200, so that small data sets get several updates per epoch. From 25,600 samples
        on, it is 1/128 of the samples, at most 800, because larger products take less time per
        sample. Validation rows do not count. Not for 'lbfgs'.
    learning_rate : {'constant', 'invscaling', 'adaptive', 'cosine', 'onecycle', 'exponential', \
'step'}, Schedule or callable, default='constant'
        Learning-rate schedule.

        - 'constant': the rate is always ``learning_rate_init``.
        - 'invscaling': the initial rate is divided by ``(step + 1) ** power_t``.
        - 'adaptive': the rate is divided by 5 whenever the loss stops improving. Training ends only
          once the rate is 1e-6 or less.
        - 'cosine': the rate falls to zero over ``decay_steps`` updates.
        - 'onecycle': the rate rises and then falls, over ``decay_steps`` updates.
        - 'exponential' and 'step': the rate is multiplied by ``decay_rate`` every ``decay_steps``
          updates, smoothly ('exponential') or in jumps ('step').
        - A callable gets the number of updates made and returns the rate.

        Not for 'lbfgs'.
    learning_rate_init : float or 'auto', default='auto'
        Initial learning rate, applied to the gradient of the mean loss. For 'adam', 'auto' is 0.01
        with ``ema_decay``, because the average removes the noise of large steps, and 0.001 without
        it. For 'sgd', 'auto' is ``0.1 · (1 - momentum)``, an effective learning rate of 0.1. Not
        for 'lbfgs'.
    power_t : float, default=0.5
        Exponent of the schedule 'invscaling'.
    max_iter : int, default=200
        Maximum number of epochs (passes over the data), or of L-BFGS iterations, of one ``fit``.
        ``refit`` may add as many again.
    shuffle : bool, default=True
        Whether to shuffle the samples anew in each epoch.
    random_state : int, RandomState, Generator or None, default=None
        Source of the initial weights, the order of samples, the choice of validation rows and the
        dropout masks. An int gives the same model each time. None uses fresh entropy, and never
        NumPy's global random state.
    tol : float, default=0.0001
        Smallest decrease of the loss that counts as progress, or smallest increase of the score
        that ``scoring`` names. For 'lbfgs', the largest gradient entry at which training ends.
    verbose : bool, default=False
        Whether to print one line per epoch: the loss, the validation loss and score (or the
        penalty, without a validation set), and the seconds. At the end, two lines say why training
        ended and which parameters are kept. A line says if the fit resumes from ``checkpoint``.
    warm_start : bool, default=False
        Whether ``fit`` continues from the fitted parameters, optimizer state and random streams.
        The counts that decide when to stop are reset. After early stopping, the fitted parameters
        are the best ones, but the optimizer state is that of the last epoch.
    momentum : float, default=0.9
        Fraction of the previous direction that each step keeps, in [0, 1]. Only for 'sgd'.
    nesterovs_momentum : bool, default=True
        Whether to use Nesterov's momentum, which looks one step ahead. Only for 'sgd'.
    early_stopping : bool or 'auto', default='auto'
        Whether to stop when ``scoring`` stops improving on a validation set, and to keep the
        parameters that were best there. Of equally good parameters, the latest are kept. The
        validation set is the one passed to ``fit``; without one, rows of X are held out. If fewer
        than 5 rows would be held out, none are, and the training loss decides when to stop. 'auto'
        is True with 50 rows or more, or with a validation set passed to ``fit``, but False with
        ``warm_start``. Not for 'lbfgs' and ``partial_fit``.
    validation_fraction : float or splitter, default=0.1
        Fraction of the rows to hold out for validation, stratified by class. Each class keeps at
        least one row for training. With ``groups`` passed to ``fit``, whole groups are
        held out, about this fraction of the rows. A splitter of scikit-learn, such as
        ``TimeSeriesSplit(5)`` or ``StratifiedGroupKFold(10)``, chooses the validation rows: they
        are its test rows. The splitter gets ``groups``. Each member holds out different rows,
        groups or splits. If each split trains on all rows of the split before it and on more, as
        with a time series, all members take the last split. All members train on the same number
        of rows, that of the smallest training part.
    beta_1 : float, default=0.9
        Decay of Adam's average of the gradient, in [0, 1).
    beta_2 : float, default=0.999
        Decay of Adam's average of the squared gradient, in [0, 1).
    epsilon : float, default=1e-8
        Number that keeps Adam's division finite, added before the bias correction.
    n_iter_no_change : int or inf, default=10
        Consecutive epochs without progress after which training stops. With early stopping,
        ``n_updates_no_change`` must be reached as well.
    max_fun : int, default=15000
        Maximum number of evaluations of the loss by 'lbfgs'.
    weight_init : {'auto', 'glorot_uniform', 'glorot_normal', 'he_uniform', 'he_normal', \
'lecun_uniform', 'lecun_normal', 'orthogonal'} or callable, default='auto'
        Initializer of the weights. Biases start at zero. With 'auto', a layer followed by 'relu',
        'leaky_relu', 'elu', 'silu', 'gelu' or 'mish' gets 'he_uniform', a layer followed by 'selu'
        gets 'lecun_normal', and every other layer gets 'glorot_uniform'. A callable gets ``(rng,
        fan_in, fan_out)`` and returns the weights.
    class_weight : dict, 'balanced' or list of dicts, default=None
        Factor on the weight of each class's samples. 'balanced' gives all classes in y the same
        total weight. In ``partial_fit`` these are the classes in the y of the call, and for a
        validation set those in y_val. For multilabel y, a list has one dict per label.
    dtype : {'auto', 'float32', 'float64'} or None, default='auto'
        Precision of the parameters and of training.

        - 'auto': float32, which takes half the time and memory of float64 and gives equally good
          models. It is float64 with 'lbfgs' and for a ``fit`` to fewer than 50 rows, unless X is
          float32. It is also float64 for data that float32 cannot hold: if the standard deviation
          of a feature, or of a regressor's target, is less than 1/1024 of its largest absolute
          value or below 1e-32, if that value is above 3e32, if float32 would merge more than a
          tenth of the distinct values, or if targets are 100,000 times as far from the median as
          most others.
        - None: float32 for a float32 X, and float64 otherwise.

        Training that continues keeps the precision of the fitted network.
    dropout : float or list of float, default=0.0
        Fraction of the activations, in [0, 1), that each training step sets to zero: one number for
        all hidden layers, or a list with one per layer. Not for 'lbfgs'.
    weight_decay : float, default=0.0
        Decoupled weight decay: each step multiplies the weights by ``1 - rate · weight_decay``,
        independently of the gradient. 'adam' becomes AdamW, and 'sgd' becomes SGDW. Biases do not
        decay. Not for 'lbfgs'.
    label_smoothing : float, default=0.0
        Fraction, in [0, 1), of each training label that is spread evenly over all classes. The
        labels of the validation set are not smoothed.
    max_grad_norm : float, default=None
        Maximum Euclidean norm of the gradient of the mean loss. A larger gradient is scaled down to
        this norm. None leaves gradients as they are. Not for 'lbfgs'.
    ema_decay : float, default=0.99
        If positive, the model is an exponential moving average of the parameters over about the
        last ``1 / (1 - ema_decay)`` updates. At first, the average is over the last tenth of the
        updates. Averaging has the effect of a learning rate that falls to zero, but the end of
        training need not be known in advance. Not for 'lbfgs'.
    warmup_steps : int, default=0
        Updates over which the learning rate rises linearly before the schedule begins. Not for
        'lbfgs'.
    decay_steps : int or 'auto', default='auto'
        Updates over which a schedule falls, see ``learning_rate``. With 'auto', warm-up and
        schedule together end with the last of ``max_iter`` epochs. For 'step', 'auto' is a third of
        the updates after the warm-up. Set a number if training continues in several calls.
    decay_rate : float, default=0.1
        Factor of the schedules 'exponential' and 'step', in (0, 1].
    scoring : 'loss', str, callable or None, default='loss'
        Measure on the validation set by which early stopping decides. 'loss' is the validation
        loss, which changes even where the accuracy on a few rows stays the same. A string names a
        scorer of scikit-learn, a callable is a function of ``(estimator, X, y)``, and None is the
        accuracy. A callable gets arrays, and the sample weights if it has an argument
        ``sample_weight``. The estimator passed to a callable is valid for that call only. The
        validation loss uses ``class_weight``. A scorer does not, so ``best_validation_score_`` is
        what the scorer gives anywhere else.
    n_updates_no_change : int or inf, default=100
        Minimum number of updates without progress before early stopping ends training, in addition
        to ``n_iter_no_change`` epochs. An epoch is about four updates on small data, and thousands
        on large data.
    refit : bool, default=False
        Whether to train a second time, on all rows, after early stopping that held out rows. The
        second pass starts from the same parameters, and makes as many updates as were best in the
        first pass. ``history_`` holds both passes.
    n_members : int or 'auto', default='auto'
        Number of ensemble members, the networks into which the hidden layers are divided. The
        members are trained side by side. Each member has its own initial weights, order of samples
        and held-out rows. The fitted model is one network, whose logits are the mean of the
        members' logits. The ``coefs_`` of this network have the shapes that ``hidden_layer_sizes``
        asks for, with zeros between members. The members make different errors, so their mean makes
        fewer. 1 trains one network in which all units are connected.

        'auto' is the largest number, up to 8, that divides every layer and leaves each member at
        least 16 units per layer, and at least as many as there are outputs, up to 64. The first
        layer of a member has at least one unit for every 10 features. From 100,000 samples on, or
        10,000 with a single hidden layer, it has at least 64 units.

        Several members need a dense X. They are not possible with ``warm_start``, ``refit``,
        'lbfgs' or ``partial_fit``. There, and for fewer than 50 rows, 'auto' is 1.
    standardize : bool, default=True
        Whether ``fit`` scales the features of a dense X, batch by batch, if one of them is out of
        scale. A feature is out of scale if its standard deviation is not between 0.1 and 3, or if
        its mean is further from 0 than two standard deviations. All features that are not already
        standardised then get mean 0 and a standard deviation of about 1. Features with two values
        become 0 and 1. Pixels and counts are judged together. Outliers of a feature, such as a code
        for missing values, do not affect its scale.

        The scale is folded into the first layer: ``coefs_`` and ``intercepts_`` are those of a
        network for unscaled X. A sparse X is not scaled. A first ``partial_fit`` does not scale X
        either, because it has not seen the rest of the data.
    temperature_scaling : bool, default=True
        Whether to divide the logits, after early stopping, by the temperature that minimises the
        loss on the validation set plus a penalty on temperatures far from 1 (temperature scaling).
        It corrects over- and underconfident probabilities; predicted classes stay the same. With
        few validation rows, the correction is small. Not after ``refit``, and not if ``trainable``
        freezes the output layer.
    checkpoint : path-like, default=None
        File to which ``fit`` saves its state at intervals. If the file exists, ``fit`` resumes from
        it, and ends with the model that it would have had without the interruption. A file that was
        written for other data, another network or other parameters is refused. Only ``max_iter``,
        ``n_jobs``, ``verbose`` and the parameters of the checkpoint may differ. If the file has
        more epochs than ``max_iter``, ``fit`` returns its model, with a warning. The file stays
        when training has ended. The file belongs to that one fit, so a search or a second warm
        start cannot use it. Not for 'lbfgs'.
    checkpoint_epochs : int, default=None
        Epochs between two checkpoints; None saves by seconds only.
    checkpoint_seconds : float, default=30
        Seconds between two checkpoints; None saves by epochs only.
    n_jobs : int, default=None
        Number of joblib workers to divide the members among. None and 1 train all members in the
        calling thread, because workers start in seconds and most fits end sooner. -1 takes all
        cores. There are never more workers than members. The workers are processes, or whatever
        ``joblib.parallel_config`` names. The model is the same to the bit if BLAS uses one thread.
        Within a worker of joblib, for instance in a search with ``n_jobs``, members are not
        divided. Several workers need ``max_grad_norm=None``, because the norm is that of all
        members together, and they need a loss of this package. Not for one member, 'lbfgs' and
        ``partial_fit``.
    soft_labels : bool or array-like of shape (n_classes,), default=False
        Whether y holds the probabilities of the classes, shape (n_samples, n_classes), rows summing
        to 1, instead of labels. An array names the classes of the columns; True names them 0, 1, 2
        and so on. The loss is the cross-entropy ``-sum(y · log p)``. Such y come from annotators
        who disagree, or from the ``predict_proba`` of another model (distillation). Not with
        ``class_weight``.
    coefs_init : list of (array or None), default=None
        Weights to start from, one array of shape (fan_in, fan_out) per layer, such as the
        ``coefs_`` of a fitted network. None in the list means that the layer is initialized as
        usual. The arrays are those of a network for unscaled X and y; ``standardize`` converts
        them to the scale of training. The arrays are copied. They are used when a new network
        begins, and not when training continues. With them, ``n_members='auto'`` means 1.
    intercepts_init : list of (array or None), default=None
        Biases to start from, one array of shape (fan_out,) per layer. See ``coefs_init``.
    trainable : True or list of bool, default=True
        Whether training changes each layer, hidden layers first and the output layer last. True
        trains all layers. A frozen layer keeps its weights and biases to the bit, in the network's
        precision; only the output biases of a regressor may be rounded by the scale of y. If the
        first layer is given by ``coefs_init`` and frozen, X is not scaled.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels in sorted order; for multilabel y, the column numbers.
    coefs_ : list of ndarray of shape (p, q)
        Weights of each layer. Further training starts from these arrays.
    intercepts_ : list of ndarray of shape (q,)
        Biases of each layer. Further training starts from these arrays.
    history_ : dict of ndarray of shape (`n_iter_`,)
        ``pandas.DataFrame(model.history_)`` has one row per epoch, and these columns:

        - 'loss': the mean training loss. Each batch is measured before its update, with dropout
          and smoothed labels.
        - 'penalty': the L2 penalty of ``alpha``.
        - 'validation_loss' and 'validation_score', with a validation set. They are measured without
          dropout and label smoothing.
        - 'learning_rate': the rate of the last update.
        - 'gradient_norm': the norm of the gradient of the mean loss before clipping, a mean over
          the updates; for 'lbfgs', the norm of the gradient of loss plus penalty.
        - 'seconds': the training time.
        - The columns of each ``skscratch.callbacks.EvaluationSet``.

        With several members, losses, penalty and score are means over the members, and the norm is
        their root mean square. When ``partial_fit`` continues training, only the last 200 epochs
        are kept.
    loss_curve_ : list of float
        The sum of 'loss' and 'penalty' of each epoch, as in scikit-learn. ``history_``, the lines
        of ``verbose`` and ``TrainingCurvesDisplay`` show 'loss' alone.
    loss_ : float
        The last entry of ``loss_curve_``.
    best_loss_ : float or None
        The lowest entry of ``loss_curve_``; None after early stopping.
    validation_scores_ : list of float, or None
        The entries 'validation_score' of ``history_``: the score that ``scoring`` names. With
        ``scoring='loss'``, this is the accuracy, weighted like the loss.
    best_validation_score_ : float or None
        With early stopping, the validation score of the parameters kept. With several members, the
        mean of the members' best scores. The merged network usually scores higher.
    n_iter_ : int
        Number of epochs trained, including calls of ``partial_fit`` and warm starts.
    t_ : int
        Number of samples seen in training; 'lbfgs' adds none.
    n_layers_ : int
        Number of layers, including inputs and outputs.
    n_outputs_ : int
        Number of output units.
    n_members_ : int
        Number of members that the last call trained; with ``n_members='auto'``, the number that was
        chosen. With several members, ``coefs_`` between hidden layers are block-diagonal, with one
        block per member. After ``partial_fit``, which trains all weights, the number is 1.
    out_activation_ : {'logistic', 'softmax'}
        Output activation: 'logistic' for binary and multilabel y, otherwise 'softmax'.
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had string column names.

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
    >>> model.predict(X[[0, 119]])
    array([0, 2])
    >>> model.predict_proba(X[[0, 119]]).round(2)
    array([[1.  , 0.  , 0.  ],
           [0.  , 0.31, 0.69]])
    >>> round(model.score(X, y), 2)
    0.99
    """

    _of_data = ("classes_", "n_features_in_", "_label_dtype")
    _constant = "predicting the class frequencies"
    classes_: NDArray[Any]

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
        validation_fraction: float | hints.Splitter = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        weight_init: hints.WeightInit = "auto",
        class_weight: hints.ClassWeight | None = None,
        dtype: hints.Dtype | None = "auto",
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
        n_jobs: int | None = None,
        soft_labels: bool | ArrayLike = False,
        coefs_init: Sequence[ArrayLike | None] | None = None,
        intercepts_init: Sequence[ArrayLike | None] | None = None,
        trainable: bool | Sequence[bool] = True,
    ) -> None:
        """Store the parameters as they are. ``fit`` checks their values."""
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
        self.n_jobs = n_jobs
        self.soft_labels = soft_labels
        self.coefs_init = coefs_init
        self.intercepts_init = intercepts_init
        self.trainable = trainable

    @available_if(lambda self: not is_lbfgs(self.solver))
    @explained
    @shared_fit_context
    def partial_fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on X, continuing from the last call.

        Parameters, random streams, ``loss_curve_``, ``n_iter_`` and ``t_`` continue. The optimizer
        state continues too, except after a ``fit`` without ``warm_start``, which does not keep the
        optimizer state. Parameters that need a whole fit have no effect here: ``early_stopping``
        and the parameters that belong to it, ``tol``, ``n_members``, ``standardize``,
        ``temperature_scaling`` and ``checkpoint``. The first call warns about those that were set,
        and later calls do not. ``max_iter`` matters only for a schedule that falls:
        the schedule ends after ``max_iter`` calls, unless ``decay_steps`` is a number. The method
        does not exist for ``solver="lbfgs"``. No call warns that nothing was learned, because one
        epoch of a stream tells too little.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            As in ``fit``.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            As in ``fit``. y need not hold every class.
        classes : array-like of shape (n_classes,), default=None
            All classes that may occur in this and later calls. Required in the first call, unless
            the estimator is fitted or y is multilabel.
        sample_weight : array-like of shape (n_samples,), default=None
            As in ``fit``.

        Returns
        -------
        self : estimator
            The estimator, trained for one more epoch. If an error is raised, the estimator is left
            as it was before the call.

        Raises
        ------
        ValueError, TypeError
            If an argument or a parameter is not as described, or the loss becomes non-finite.

        Warns
        -----
        UserWarning
            In the first call, if a parameter was set that ``partial_fit`` does not use.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> model = ScratchMLPClassifier(random_state=0)
        >>> for X, y in (([[-1.0]], [0]), ([[1.0]], [1])):
        ...     model = model.partial_fit(X, y, classes=[0, 1])
        >>> model.n_iter_, model.t_
        (2, 2)
        """
        is_initial = not continues(self)
        if not is_initial:  # scikit-learn checks the parameters only in the first call
            self._check_parameters()
        with quiet():
            _labels.check_classes(y, classes, is_initial)
        if is_initial:
            warn_of_unused(self, "partial_fit")
        return self._partial_fit(X, y, sample_weight, classes)

    @explained
    def predict(self, X: MatrixLike) -> NDArray[Any]:
        """Return the most probable class of each sample, or all labels more probable than 0.5.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,), or (n_samples, n_labels) of zeros and ones
            Predictions, in the dtype of the y in training.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X is not as described, or has other features than the X in training.

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
            Columns in the order of ``classes_``. An entry is never 0, but at least the smallest
            normal number. Rows sum to 1, except for multilabel y. For multilabel y, an entry is
            never 1 either.

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
        return self._predictions(X)

    @explained
    def predict_log_proba(self, X: MatrixLike) -> NDArray[np.floating[Any]]:
        """Return the logarithm of ``predict_proba``, accurate even for probabilities close to 1.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            Entries are never below the logarithm of the smallest normal number.

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
        """Return the logits: the output layer before its activation.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        z : ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_labels)
            For binary y, a vector that is positive where ``classes_[1]`` is predicted.

        Raises
        ------
        NotFittedError, ValueError
            As by ``predict``.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> model = ScratchMLPClassifier((), solver="lbfgs").fit([[-1.0], [1.0]], ["cold", "warm"])
        >>> model.decision_function([[-2.0], [2.0]]).round(1)
        array([-4.3,  4.3])
        """
        return self._outputs(X, lambda z: z[:, 0] if z.shape[1] == 1 else z)

    def score(self, X: MatrixLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy: the share of the samples whose class is predicted.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            Labels. With ``soft_labels``, y may hold probabilities instead, shape (n_samples,
            n_classes). The score is then the expected accuracy, the mean probability of the
            predicted class.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
            From 0 to 1.

        Raises
        ------
        NotFittedError, ValueError
            As by ``predict``.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> model = ScratchMLPClassifier((), solver="lbfgs").fit([[-1.0], [1.0]], ["cold", "warm"])
        >>> model.score([[-2.0], [-0.5], [2.0]], ["cold", "warm", "warm"])
        0.6666666666666666
        """
        if not (_labels.is_soft(self) and np.ndim(y) == 2):
            accuracy: float = super().score(X, y, sample_weight)
            return accuracy
        _, P, _, _ = _labels.checked(self, y if issparse(y) else np.asarray(y), "y")
        predicted = np.searchsorted(self.classes_, self.predict(X))
        check_consistent_length(X, P)
        w = None if sample_weight is None else np.asarray(sample_weight)
        return float(np.average(P[np.arange(len(P)), predicted], weights=w))

    def _loss(self) -> ClassLoss:
        """Return a loss with the output activation of the fitted network, for prediction."""
        return with_output(self.out_activation_, CLASS_LOSSES)

    def _is_multilabel(self) -> bool:
        """Return whether the fitted network predicts several labels for each row."""
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
        y, P, kind, known = _labels.checked(self, y, "y", known)
        if is_initial:
            self.classes_, self._label_dtype = _labels.find_classes(y, known), kind
        else:
            _labels.check_known_classes(self, y, known)
        n_classes, smoothing = len(self.classes_), float(self.label_smoothing)
        index = _labels.class_indices(y, self.classes_, "y")
        w = None
        if sample_weight is not None or self.class_weight is not None:
            w = _labels.weights(self, index, sample_weight, dtype)
        loss: ClassLoss = SoftmaxCrossEntropy(smoothing)
        if y.ndim == 2 or n_classes == 2:
            loss = LogisticCrossEntropy(smoothing)
        n_outputs = 1 if y.ndim == 1 and n_classes == 2 else n_classes
        if P is not None:
            loss = (LogisticSoftLabels if n_classes == 2 else SoftmaxSoftLabels)(smoothing)
        targets = loss.targets(index if P is None else P, dtype)
        strata = index if y.ndim == 1 else None
        return Dataset(X, targets, w, dtype, loss, n_outputs, y, sample_weight, strata)

    def _encode_validation(
        self, X: Any, y: Any, sample_weight: NDArray[Any] | None, data: Dataset
    ) -> Dataset:
        y, P, _, _ = _labels.checked(self, y, "y_val")
        with naming("y_val"):
            if y.shape[1:] != data.labels.shape[1:]:
                raise ValueError(f"y_val has shape {y.shape}, but y has shape {data.labels.shape}.")
            index = _labels.class_indices(y, self.classes_, "y_val")
            w = _labels.weights(self, index, sample_weight, data.dtype)
        targets = data.loss.targets(index if P is None else P, data.dtype)
        return replace(data, X=X, y=targets, w=w, labels=y, sample_weight=sample_weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse, tags.classifier_tags.multi_label = True, True
        return tags
