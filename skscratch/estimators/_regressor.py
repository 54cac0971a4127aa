"""The regressor: its parameters, the encoding of its targets, and its predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, Self, cast, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin

from skscratch import _typing as hints
from skscratch._compat import available_if, shared_fit_context
from skscratch._typing import MatrixLike
from skscratch.core.losses import Loss, RegressionLoss
from skscratch.core.regression_losses import SquaredError
from skscratch.estimators._auto import is_lbfgs
from skscratch.estimators._base import BaseScratchMLP
from skscratch.estimators._folding import target_scaling
from skscratch.estimators._hints import explained
from skscratch.estimators._labels import counted_in_rows
from skscratch.estimators._members import member_spread
from skscratch.estimators._parameters import warn_of_unused
from skscratch.estimators._targets import (
    check_continues,
    check_own_loss,
    columns,
    find_target_scaling,
    numbers,
    regression_loss,
    warn_of_other_targets,
    warn_of_other_validation,
)
from skscratch.estimators._validation import check_target, check_weights
from skscratch.training.data import Dataset
from skscratch.training.scaling import TargetScaling

__all__ = ["ScratchMLPRegressor"]

# What partial_fit says of y: later calls may bring other targets.
MORE = "more"
# The losses of targets that are not negative.
LOG_LINK = ("poisson", "gamma")


class ScratchMLPRegressor(RegressorMixin, BaseScratchMLP):
    """Multilayer perceptron regressor with the parameters of scikit-learn's ``MLPRegressor``.

    The passes, the losses and the stochastic solvers are written by hand in NumPy. The target needs
    no scaling: ``fit`` standardises y, and folds the scale into the last layer. So ``coefs_`` and
    ``intercepts_`` are those of a network from raw X to raw y. There may be several targets. Inputs
    may be dense or sparse.

    Parameters by purpose:

    - Architecture: ``hidden_layer_sizes``, ``activation``, ``weight_init``, ``coefs_init``,
      ``intercepts_init``, ``trainable``, ``dtype``.
    - Targets and loss: ``loss``, ``quantile``.
    - Optimisation: ``solver``, ``batch_size``, ``shuffle``, ``learning_rate``,
      ``learning_rate_init``, ``power_t``, ``decay_steps``, ``decay_rate``, ``warmup_steps``,
      ``momentum``, ``nesterovs_momentum``, ``beta_1``, ``beta_2``, ``epsilon``, ``max_grad_norm``,
      ``ema_decay``, ``random_state``.
    - Stopping and validation: ``max_iter``, ``max_fun``, ``tol``, ``n_iter_no_change``,
      ``n_updates_no_change``, ``early_stopping``, ``validation_fraction``, ``scoring``, ``refit``,
      ``verbose``.
    - Regularisation: ``alpha``, ``weight_decay``, ``dropout``.
    - Ensemble: ``n_members``, ``n_jobs``.
    - Input: ``standardize``.
    - Persistence: ``warm_start``, ``checkpoint``, ``checkpoint_epochs``, ``checkpoint_seconds``.

    Parameters
    ----------
    loss : {'squared_error', 'absolute_error', 'huber', 'quantile', 'poisson', 'gamma'} or Loss, \
default='squared_error'
        Loss, summed over the targets.

        - 'squared_error' predicts the mean.
        - 'absolute_error' predicts the median, and is robust to outliers in y.
        - 'huber' is the squared error up to about one standard deviation of the middle half of y,
          and linear beyond, so outliers count less.
        - 'quantile' predicts the quantiles of ``quantile``.
        - 'poisson' and 'gamma' predict the mean of counts and of positive amounts, as the
          exponential of the network's output. y must not be negative, and for 'gamma' must be
          positive.
        - An object must follow the protocol ``skscratch.core.losses.RegressionLoss``, for instance
          ``skscratch.core.regression_losses.Huber(0.5)``.
    hidden_layer_sizes : int or array-like of int, default=(256, 128)
        Units per hidden layer. ``skscratch.tuning.Layers`` holds depth and width as two
        numbers, which tuners can sample. ``()`` makes a linear model. With the default
        ``n_members``, the default sizes make an ensemble of eight networks of 32 and 16 units.
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
    quantile : float or list of float, default=0.5
        Level or levels between 0 and 1, in increasing order. Several levels need a single target.
        ``predict`` then returns a column per level, sorted in each row, so quantiles do not cross.
        Only for ``loss='quantile'``.
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
        Initial learning rate, applied to the gradient of the mean loss. For 'adam', 'auto' is 0.015
        with ``ema_decay``, because the average removes the noise of large steps, and 0.001 without
        it. For 'poisson' and 'gamma' without early stopping, it is 0.002, because a long step
        through the exponential is not undone. For 'sgd', 'auto' is ``0.1 · (1 - momentum)``, an
        effective learning rate of 0.1. Not for 'lbfgs'.
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
    tol : float, default=0.00001
        Smallest decrease of the loss that counts as progress, or smallest increase of the score
        that ``scoring`` names. For 'lbfgs', the largest gradient entry at which training ends. It
        is smaller than for the classifier, because half the squared error of a good model is a
        small number: 0.005 for an R² of 0.99.
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
    validation_fraction : float or splitter, default=0.15
        Fraction of the rows that early stopping holds out, drawn at random. It is larger than for
        the classifier, because a few large errors dominate a squared error, so its mean over few
        rows is less reliable. With ``groups`` passed to ``fit``, whole groups are
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
        Measure on the validation set by which early stopping decides. A string names a scorer of
        scikit-learn, a callable is a function of ``(estimator, X, y)``, and None is R². A callable
        gets arrays, and the sample weights if it has an argument ``sample_weight``. The estimator
        passed to a callable is valid for that call only.
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
        and held-out rows. The fitted model is one network, whose outputs are the mean of the
        members' outputs. The ``coefs_`` of this network have the shapes that ``hidden_layer_sizes``
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
    coefs_ : list of ndarray of shape (p, q)
        Weights of each layer. Further training starts from these arrays.
    intercepts_ : list of ndarray of shape (q,)
        Biases of each layer. Further training starts from these arrays.
    history_ : dict of ndarray of shape (`n_iter_`,)
        ``pandas.DataFrame(model.history_)`` has one row per epoch, and these columns:

        - 'loss': the mean training loss of the standardised targets. Each batch is measured before
          its update, with dropout.
        - 'penalty': the L2 penalty of ``alpha``.
        - 'validation_loss' and 'validation_score', with a validation set. They are measured without
          dropout.
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
        ``scoring='loss'``, this is R², averaged over the targets, or D² for quantiles.
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
    out_activation_ : {'identity', 'exp'}
        Output activation: 'exp' for the losses 'poisson' and 'gamma', otherwise 'identity'.
    n_features_in_ : int
        Number of features seen in ``fit``.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X had string column names.

    See Also
    --------
    sklearn.neural_network.MLPRegressor : The estimator whose parameter grids this one accepts.

    References
    ----------
    D. E. Rumelhart, G. E. Hinton and R. J. Williams (1986). Learning representations by
    back-propagating errors.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skscratch import ScratchMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = ScratchMLPRegressor(random_state=0).fit(X[:300], y[:300])
    >>> model.predict(X[301:304]).round()
    array([101., 198., 245.])
    >>> round(model.score(X[300:], y[300:]), 2)
    0.5
    """

    _of_data = ("n_features_in_", "_fitted_loss")
    _constant = "a constant prediction"
    _rate_of_adam = 0.015
    _fitted_loss: RegressionLoss

    @explained
    def __init__(
        self,
        loss: str | Loss = "squared_error",
        hidden_layer_sizes: hints.Sizes = (256, 128),
        activation: hints.Activations = "relu",
        *,
        solver: hints.Solver = "adam",
        quantile: float | Sequence[float] = 0.5,
        alpha: float = 1.0,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: hints.LearningRate = "constant",
        learning_rate_init: float | Literal["auto"] = "auto",
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: hints.RandomState = None,
        tol: float = 1e-5,
        verbose: bool = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool | Literal["auto"] = "auto",
        validation_fraction: float | hints.Splitter = 0.15,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        weight_init: hints.WeightInit = "auto",
        dtype: hints.Dtype | None = "auto",
        dropout: float | Sequence[float] = 0.0,
        weight_decay: float = 0.0,
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
        checkpoint: hints.PathOrName | None = None,
        checkpoint_epochs: int | None = None,
        checkpoint_seconds: float | None = 30,
        n_jobs: int | None = None,
        coefs_init: Sequence[ArrayLike | None] | None = None,
        intercepts_init: Sequence[ArrayLike | None] | None = None,
        trainable: bool | Sequence[bool] = True,
    ) -> None:
        """Store the parameters as they are. ``fit`` checks their values."""
        self.loss = loss
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.quantile = quantile
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
        self.dtype = dtype
        self.dropout = dropout
        self.weight_decay = weight_decay
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
        self.checkpoint = checkpoint
        self.checkpoint_epochs = checkpoint_epochs
        self.checkpoint_seconds = checkpoint_seconds
        self.n_jobs = n_jobs
        self.coefs_init = coefs_init
        self.intercepts_init = intercepts_init
        self.trainable = trainable

    @explained
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
            Training data. All values must be finite. ``dtype`` decides on the precision.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets: finite numbers in any unit.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; none may be negative, and one must be positive. A sample of
            weight 0 counts as absent. Multiplying all weights by a number changes nothing.
        X_val, y_val : array-like, like X and y, default=None
            A validation set; pass both or neither. ``history_`` records its loss and R². With
            ``early_stopping`` it decides when to stop and which parameters to keep, and no rows of
            X are held out.
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
            If an argument or a parameter is not as described, if y is outside the range of the
            loss, or if the loss becomes non-finite before training has improved the model.

        Warns
        -----
        ConvergenceWarning
            At most once per fit: if training ended while the loss was still falling, or became
            non-finite, or if the model is not clearly better than a constant prediction.
        UserWarning
            If a parameter was set that this fit does not use, or if features are far from scale.

        Examples
        --------
        >>> from skscratch import ScratchMLPRegressor
        >>> model = ScratchMLPRegressor(
        ...     hidden_layer_sizes=(), solver="lbfgs", alpha=0, tol=1e-9, random_state=0
        ... )
        >>> model = model.fit([[0.0], [1.0], [2.0]], [1000.0, 3000.0, 5000.0])
        >>> model.predict([[3.0]]).round()
        array([7000.])
        """
        of_val = {"X_val": X_val, "y_val": y_val, "sample_weight_val": sample_weight_val}
        fitted: Self = super().fit(X, y, sample_weight, groups=groups, **of_val)
        return fitted

    @available_if(lambda self: not is_lbfgs(self.solver))
    @explained
    @shared_fit_context
    def partial_fit(
        self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch on X, starting from the parameters of the last call.

        The first call determines the scale of the targets, so its y should be typical of the data.
        In all else, the method is that of ``ScratchMLPClassifier``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            As in ``fit``.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            As in ``fit``.
        sample_weight : array-like of shape (n_samples,), default=None
            As in ``fit``.

        Returns
        -------
        self : estimator
            The estimator after one more epoch. If an error is raised, it is left as it was before
            the call.

        Raises
        ------
        ValueError, TypeError
            As in ``fit``.

        Warns
        -----
        UserWarning
            In the first call, if a parameter was set that ``partial_fit`` does not use.

        Examples
        --------
        >>> from skscratch import ScratchMLPRegressor
        >>> model = ScratchMLPRegressor(random_state=0)
        >>> for _ in range(3):
        ...     model = model.partial_fit([[-1.0], [1.0]], [100.0, 300.0])
        >>> model.n_iter_, model.t_
        (3, 6)
        """
        if not self.__sklearn_is_fitted__():
            warn_of_unused(self, "partial_fit")
        else:  # scikit-learn checks the parameters in the first call alone
            self._check_parameters()
        return self._partial_fit(X, y, sample_weight, MORE)

    @overload
    def predict(self, X: MatrixLike, return_std: Literal[False] = ...) -> NDArray[Any]: ...
    @overload
    def predict(
        self, X: MatrixLike, return_std: Literal[True]
    ) -> tuple[NDArray[Any], NDArray[Any]]: ...
    @explained
    def predict(
        self, X: MatrixLike, return_std: bool = False
    ) -> NDArray[Any] | tuple[NDArray[Any], NDArray[Any]]:
        """Return the prediction of each sample, and on request the spread of the members.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples, with the features that the model was trained on.
        return_std : bool, default=False
            Whether to return the standard deviation of the members' predictions too. It measures
            the uncertainty of the model, without the noise of y, so it is smaller than the error.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the unit of the y that was trained on. One column per target, or per level of
            ``quantile``; a single column is a vector.
        std : ndarray like y
            Only with ``return_std``. 0 for a model with one member.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X is not as described, or does not have the features that were trained on. With
            ``return_std``, as by ``predict_members``.

        Warns
        -----
        UserWarning
            With ``return_std``, if the model has one member.

        See Also
        --------
        predict_members : The predictions whose standard deviation is returned.

        Examples
        --------
        >>> from skscratch import ScratchMLPRegressor
        >>> model = ScratchMLPRegressor(
        ...     hidden_layer_sizes=(), solver="lbfgs", alpha=0, tol=1e-9, random_state=0
        ... )
        >>> model.fit([[0.0], [2.0]], [[0.0, 1.0], [4.0, 1.0]]).predict([[1.0]]).round(3)
        array([[2., 1.]])
        """
        y = self._predictions(X)
        y = y[:, 0] if y.shape[1] == 1 else y
        return (y, member_spread(self, X, return_std)) if return_std else y

    @explained
    def score(self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the coefficient of determination R², averaged over the targets.

        For ``loss='quantile'``, the score is D²: the share of the pinball loss of the best
        constants that the predictions remove, averaged over the levels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Their targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
            At most 1. The best constant prediction scores 0.

        Raises
        ------
        NotFittedError, ValueError
            As by ``predict``, or if y does not fit X.

        Examples
        --------
        >>> from skscratch import ScratchMLPRegressor
        >>> X, y = [[0.0], [1.0], [2.0]], [10.0, 20.0, 30.0]
        >>> model = ScratchMLPRegressor(hidden_layer_sizes=(), solver="lbfgs", alpha=0).fit(X, y)
        >>> round(model.score(X, y), 3)
        1.0
        """
        p, loss = self._predictions(X), self._fitted_loss
        y = columns(numbers(check_target("y", self, X, y), "y"), None, SquaredError(), "y")
        w = check_weights("sample_weight", sample_weight, X)
        if loss.n_outputs(y.shape[1]) != p.shape[1]:
            raise ValueError(
                f"y has {y.shape[1]} column(s), but the network has {p.shape[1]} outputs."
            )
        unit = np.exp2(np.frexp(np.abs(y).max())[1])  # squares of y itself may overflow
        y, p, w = y / unit, p / unit, np.ones(len(y)) if w is None else w
        return loss.for_validation(y, w).score(p, y, w)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        several = self.loss == "quantile" and np.size(self.quantile) > 1
        tags.target_tags.multi_output = not several
        tags.target_tags.positive_only = isinstance(self.loss, str) and self.loss in LOG_LINK
        return tags

    def _loss(self) -> RegressionLoss:
        """Return the loss of the fitted network."""
        return self._fitted_loss

    def _encode(
        self,
        X: Any,
        y: Any,
        sample_weight: NDArray[Any] | None,
        dtype: np.dtype[Any],
        is_initial: bool,
        known: Any = None,
    ) -> Dataset:
        y = numbers(y, "y")
        loss = regression_loss(self.loss, self.quantile) if is_initial else self._fitted_loss
        targets = columns(y, sample_weight, loss, "y")
        n_outputs, w = loss.n_outputs(targets.shape[1]), counted_in_rows(sample_weight)
        if is_initial:
            self._fitted_loss = loss
            scaling = find_target_scaling(
                loss, targets, w, dtype, are_all=known != MORE, rounds=is_lbfgs(self.solver)
            )
        else:
            check_continues(self, y, n_outputs)
            scaling = cast(TargetScaling, target_scaling(self._continuation))
        targets = loss.targets(scaling.scaled(targets), dtype)
        if is_initial:
            check_own_loss(loss, targets, n_outputs)
        else:
            warn_of_other_targets(targets)
        w = None if w is None else w.astype(dtype, copy=False)
        return Dataset(
            X, targets, w, dtype, loss, n_outputs, y, sample_weight, target_scaling=scaling
        )

    def _encode_validation(
        self, X: Any, y: Any, sample_weight: NDArray[Any] | None, data: Dataset
    ) -> Dataset:
        y, loss = numbers(y, "y_val"), self._fitted_loss
        if y.shape[1:] != data.labels.shape[1:]:
            raise ValueError(f"y_val has shape {y.shape}, but y has shape {data.labels.shape}.")
        targets, w = columns(y, sample_weight, loss, "y_val"), counted_in_rows(sample_weight)
        scaling = cast(TargetScaling, data.target_scaling)
        targets = loss.targets(scaling.scaled(targets), data.dtype)
        warn_of_other_validation(data.y, targets)
        w = None if w is None else w.astype(data.dtype, copy=False)
        return replace(data, X=X, y=targets, w=w, labels=y, sample_weight=sample_weight)
