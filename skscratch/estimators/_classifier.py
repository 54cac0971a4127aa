"""The classifier: its parameters, and what labels become before it trains on them."""

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import is_multilabel

from skscratch.estimators import _labels
from skscratch.estimators._base import Data
from skscratch.estimators._predictions import ClassPredictions
from skscratch.estimators._validation import naming

__all__ = ["ScratchMLPClassifier"]


class ScratchMLPClassifier(ClassifierMixin, ClassPredictions):  # type: ignore[misc]
    """Multilayer perceptron classifier with the parameters of scikit-learn's ``MLPClassifier``.

    Minimises the cross-entropy with hand-written passes and solvers. Binary, multiclass and
    multilabel targets; dense and sparse inputs.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Units per hidden layer; ``()`` makes a linear model (logistic regression).
    activation : {'identity', 'logistic', 'tanh', 'relu'}, object, or a list of them, \
default='relu'
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
    learning_rate : {'constant', 'invscaling', 'adaptive'} or Schedule, default='constant'
        How the rate changes. 'invscaling' divides it by ``(step + 1) ** power_t``; 'adaptive'
        divides it by 5 whenever the loss has stalled, and stops only at 1e-6. Not for 'lbfgs'.
    learning_rate_init : float or 'auto', default='auto'
        Step size on the gradient of the mean loss. 'auto' is 0.001 for 'adam' and
        ``0.1 · (1 - momentum)`` for 'sgd', an effective step of 0.1. Not for 'lbfgs'.
    power_t : float, default=0.5
        Exponent of 'invscaling'.
    max_iter : int, default=200
        Most epochs (passes over the data), or L-BFGS iterations, of one ``fit``.
    shuffle : bool, default=True
        Whether to draw a new order of the samples in each epoch.
    random_state : int, RandomState, Generator or None, default=None
        Source of the initial weights, the order of samples and the rows held out. An int gives the
        same model each time; None draws fresh entropy and never touches NumPy's global state.
    tol : float, default=0.0001
        Least fall of the loss that counts as progress; largest gradient entry for 'lbfgs'.
    verbose : bool, default=False
        Whether to print one line per epoch.
    warm_start : bool, default=False
        Whether ``fit`` goes on from the last parameters, optimizer memory and random stream. What
        decides when to stop starts afresh.
    momentum : float, default=0.9
        Share of the last direction kept, in [0, 1]. Only for 'sgd'.
    nesterovs_momentum : bool, default=True
        Whether momentum looks one step ahead. Only for 'sgd'.
    early_stopping : bool, default=False
        Whether to hold out rows, stop when the loss on them stalls, and keep the parameters that
        were best there. Fewer than 5 rows would say too little: then none are held out and the
        training loss decides. Not for 'lbfgs' and ``partial_fit``.
    validation_fraction : float, default=0.1
        Share of rows held out, stratified by class; each class keeps a row to learn from.
    beta_1, beta_2 : float, default=0.9, 0.999
        Decay of Adam's averages of the gradient and of its square, in [0, 1).
    epsilon : float, default=1e-8
        Keeps Adam's division finite; added before bias correction.
    n_iter_no_change : int or inf, default=10
        Epochs in a row without progress after which training stops.
    max_fun : int, default=15000
        Most evaluations of the loss by 'lbfgs'.
    weight_init : {'auto', 'glorot_uniform', 'glorot_normal', 'he_uniform', 'he_normal'} or \
callable, default='auto'
        Draw of the initial weights; biases start at zero. 'auto' is 'he_uniform' before relu and
        'glorot_uniform' before all else. A callable gets ``(rng, fan_in, fan_out)``.
    class_weight : dict, 'balanced' or list of dicts, default=None
        Factor on the weight of each class's samples; 'balanced' gives the classes in y the same
        total weight, in ``partial_fit`` those of the call. A list has a dict per label.
    dtype : {'float32', 'float64'}, default=None
        Precision of parameters and training. None follows X: float32 for float32, otherwise
        float64. float32 takes half the memory and, for large layers, half the time or less.
        Training that goes on keeps the precision that it began with.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels in sorted order; the column numbers for multilabel y.
    coefs_, intercepts_ : list of ndarray of shape (p, q) and (q,)
        Weights and biases of each layer. Training goes on from what they hold.
    loss_curve_ : list of float of length n_iter_
        Mean training loss plus penalty of each epoch, each batch measured before its step.
    loss_, best_loss_ : float
        The last and the lowest entry of ``loss_curve_``; ``best_loss_`` is None after early
        stopping.
    validation_scores_ : list of float, or None
        Accuracy on the rows held out, after each epoch with early stopping.
    best_validation_score_ : float or None
        Accuracy there of the parameters kept: those with the lowest loss on these rows.
    n_iter_ : int
        Epochs trained, calls of ``partial_fit`` and warm starts included.
    t_ : int
        Samples seen in training; 0 with 'lbfgs'.
    n_layers_, n_outputs_ : int
        Layers, counting inputs and outputs; columns of the output layer.
    out_activation_ : {'logistic', 'softmax'}
        Link of the output layer: 'logistic' for binary and multilabel y.
    n_features_in_ : int
        Features seen in ``fit``.
    feature_names_in_ : ndarray of shape (n_features_in_,)
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
        hidden_layer_sizes: Any = (100,),
        *,
        activation: Any = "relu",
        solver: Any = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: Any = "constant",
        learning_rate_init: Any = "auto",
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
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
        weight_init: Any = "auto",
        class_weight: Any = None,
        dtype: Any = None,
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

    def _encode(self, X: Any, y: Any, w: Any, dtype: Any, classes: Any, first: bool) -> Data:
        with naming("y"):
            y = _labels.check_labels(y)
        self._settle_classes(y, classes, first)
        n_classes, multilabel = len(self.classes_), y.ndim == 2
        logistic = multilabel or n_classes == 2
        with naming("y"):
            index = _labels.class_indices(y, self.classes_)
        if self.class_weight is not None:
            factors = _labels.class_weights(self.class_weight, index, self.classes_, w)
            w = factors.astype(dtype) if w is None else w * factors.astype(dtype)
            if not w.any():
                raise ValueError(
                    f"sample_weight and class_weight={self.class_weight!r} leave no sample with a "
                    "positive weight."
                )
        link = "logistic" if logistic else "softmax"
        n_outputs = 1 if logistic and not multilabel else n_classes
        return Data(X, _labels.targets(index, link, dtype), w, dtype, link, n_outputs)

    def _check_partial_fit(self, y: Any, classes: Any, first: bool) -> None:
        if first and classes is None and not is_multilabel(y):
            raise ValueError("classes must be passed on the first call to partial_fit.")

    def _settle_classes(self, y: Any, classes: Any, first: bool) -> None:
        """Find the classes, or hold later data against those that are known."""
        if first:
            self.classes_ = _labels.find_classes(y, classes)
            self._label_dtype = y.dtype.str
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

    _hits = staticmethod(_labels.hits)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
