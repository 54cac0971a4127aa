"""The classifier and its parameters."""

from skscratch.estimators._parameters import Parameters
from skscratch.estimators._predictions import ClassPredictions
from skscratch.estimators._targets import ClassTargets

__all__ = ["ScratchMLPClassifier"]


class ScratchMLPClassifier(Parameters, ClassTargets, ClassPredictions):
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
