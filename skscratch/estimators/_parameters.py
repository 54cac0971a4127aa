"""The parameters of the classifier, and their defaults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from skscratch import _typing as hints
from skscratch.estimators._calls import explained

__all__ = ["Parameters"]


class Parameters:
    """Takes the parameters, which ``ScratchMLPClassifier`` describes."""

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
