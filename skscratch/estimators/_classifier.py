"""The classifier and its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from skscratch import _typing as hints
from skscratch.estimators._predictions import ClassPredictions
from skscratch.estimators._targets import ClassTargets

__all__ = ["ScratchMLPClassifier"]


class ScratchMLPClassifier(ClassTargets, ClassPredictions):
    """Multilayer perceptron classifier with the parameters of scikit-learn's ``MLPClassifier``.

    Minimises the cross-entropy with hand-written passes and solvers. Binary, multiclass and
    multilabel targets; dense and sparse inputs.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Units per hidden layer; ``()`` makes a linear model (logistic regression).
    activation : {'identity', 'logistic', 'tanh', 'relu', 'leaky_relu', 'elu', 'selu', 'softplus', \
'silu', 'gelu', 'mish'}, object, or a list of them, default='relu'
        Non-linearity of the hidden layers, one for all or one per layer. An object needs the
        methods ``forward`` and ``backward`` of ``skscratch.core.activations.Activation``.
    solver : {'adam', 'sgd', 'lbfgs'} or Rule, default='adam'
        Adam works without tuning on most data. L-BFGS looks at all data at every step and suits
        small sets. An object must follow ``skscratch.core.optimizers.Rule``.
    alpha : float, default=0.0001
        Strength of the L2 penalty: ``½ · alpha · ‖W‖² / (sum of training weights)`` is added to
        the mean loss, the same in every batch whatever ``batch_size``.
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
        Step size on the gradient of the mean loss. 'auto' is 0.001 for 'adam' and
        ``0.1 · (1 - momentum)`` for 'sgd', an effective step of 0.1. Not for 'lbfgs'.
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
        Whether to print one line per epoch.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the fitted parameters, optimizer memory and random streams.
        What decides when to stop starts afresh. After early stopping the fitted parameters are the
        best, the optimizer memory is that of the last epoch.
    momentum : float, default=0.9
        Share of the last direction kept, in [0, 1]. Only for 'sgd'.
    nesterovs_momentum : bool, default=True
        Whether momentum looks one step ahead. Only for 'sgd'.
    early_stopping : bool, default=False
        Whether to stop when ``scoring`` stalls on a validation set, and keep the parameters that
        did best there, the latest of equals. The set is that passed to ``fit``, otherwise rows of X
        that are held out. Fewer than 5 rows would say too little: then none are held out and the
        training loss decides. Not for 'lbfgs' and ``partial_fit``.
    validation_fraction : float, default=0.1
        Share of rows held out, stratified by class; each class keeps a row to learn from.
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
    ema_decay : float, default=0.0
        If positive, the model is an exponential moving average of the parameters, over about
        ``1 / (1 - ema_decay)`` updates; 0.99 or 0.999 are usual. Not for 'lbfgs'.
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
    n_updates_no_change : int or inf, default=200
        Updates without progress that early stopping waits for at least, besides
        ``n_iter_no_change`` epochs: an epoch is four updates on small data, thousands on large.
    refit : bool, default=False
        Whether to train once more after early stopping that held rows out, from the same start and
        on all rows, for the number of updates that was best. ``history_`` holds both passes.
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
        training. Of a run that ``partial_fit`` continues, the last 200 epochs.
    loss_curve_ : list of float
        The sum of 'loss' and 'penalty'.
    loss_ : float
        The last entry of ``loss_curve_``.
    best_loss_ : float or None
        The lowest entry of ``loss_curve_``; None after early stopping.
    validation_scores_ : list of float, or None
        The column 'validation_score': what ``scoring`` names; with 'loss' the accuracy, weighted
        like the loss.
    best_validation_score_ : float or None
        With early stopping, the score of the parameters kept.
    n_iter_ : int
        Epochs trained, calls of ``partial_fit`` and warm starts included.
    t_ : int
        Samples seen in training; 'lbfgs' adds none.
    n_layers_ : int
        Layers, counting inputs and outputs.
    n_outputs_ : int
        Columns of the output layer.
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
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skscratch import ScratchMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = make_pipeline(
    ...     StandardScaler(), ScratchMLPClassifier(solver="lbfgs", alpha=1, random_state=0)
    ... )
    >>> bool(model.fit(X, y).score(X, y) > 0.95)
    True
    >>> model.predict_proba(X[:1]).shape
    (1, 3)
    """

    def __init__(
        self,
        hidden_layer_sizes: hints.Sizes = (100,),
        *,
        activation: hints.Activations = "relu",
        solver: hints.Solver = "adam",
        alpha: float = 0.0001,
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
        early_stopping: bool = False,
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
        ema_decay: float = 0.0,
        warmup_steps: int = 0,
        decay_steps: int | Literal["auto"] = "auto",
        decay_rate: float = 0.1,
        scoring: hints.Scoring | None = "loss",
        n_updates_no_change: float = 200,
        refit: bool = False,
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
        self.checkpoint = checkpoint
        self.checkpoint_epochs = checkpoint_epochs
        self.checkpoint_seconds = checkpoint_seconds
