"""Hints on names and values that this package does not have: what the user may have meant.

``explained`` raises the error for a call that does not fit a signature. Python's own message would
name the class that defines the method, which users never see.
"""

import inspect
from collections.abc import Callable, Collection
from difflib import get_close_matches
from functools import wraps
from numbers import Real
from typing import Any, TypeVar

from skscratch._ranks import ranks

__all__ = ["explained", "of_name", "of_value"]

Method = TypeVar("Method", bound=Callable[..., Any])

# Names in other libraries of a parameter, or of an argument of fit.
NAMES = {
    ("learning_rate_init",): ("lr", "eta", "eta0", "step_size"),
    ("max_iter",): (
        "epochs", "n_epochs", "num_epochs", "max_epochs", "nb_epoch", "iterations", "n_iter",
    ),
    ("hidden_layer_sizes",): (
        "hidden_units", "hidden_layers", "hidden_sizes", "hidden_size", "layers", "layer_sizes",
        "units", "n_hidden",
    ),
    ("quantile",): ("alpha_quantile", "quantiles", "tau", "q"),
    ("loss",): ("criterion", "objective", "loss_function"),
    ("solver",): ("optimizer", "optim", "optimiser"),
    ("alpha",): ("l2", "l2_reg", "l2_regularization", "reg_lambda", "penalty"),
    ("n_iter_no_change",): ("patience", "early_stopping_rounds"),
    ("dropout",): ("dropout_rate", "drop_rate", "p_dropout"),
    ("batch_size",): ("batch", "minibatch_size", "bs"),
    ("random_state",): ("seed", "random_seed", "rng"),
    ("beta_1", "beta_2"): ("betas",),
    ("epsilon",): ("eps",),
    ("decay_rate",): ("gamma",),
    ("max_grad_norm",): ("clipnorm", "clip_norm", "gradient_clip_val", "grad_clip"),
    ("scoring",): ("metric", "metrics", "eval_metric"),
    ("validation_fraction",): ("validation_split", "validation_size", "val_size"),
    ("weight_init",): ("kernel_initializer", "initializer", "init"),
    ("n_members",): ("n_models", "n_networks", "ensemble_size"),
    ("standardize",): ("normalize", "scale", "standardise"),
    ("temperature_scaling",): ("calibrate", "calibration"),
    ("momentum",): ("mu",),
    ("label_smoothing",): ("smoothing",),
    ("learning_rate",): ("schedule", "scheduler", "lr_scheduler", "learning_rate_schedule"),
    ("dtype",): ("precision",),
    ("checkpoint",): ("checkpoint_path", "snapshot"),
    ("ema_decay",): ("ema", "averaging", "swa"),
    ("X_val", "y_val"): (
        "eval_set", "validation_data", "validation_set", "X_valid", "X_test", "val_data",
    ),
    ("y_val",): ("y_valid", "y_test"),
    ("sample_weight",): ("weights", "weight", "w"),
    ("sample_weight_val",): ("eval_sample_weight", "sample_weight_eval_set"),
}  # fmt: skip
_OURS = {name.lower(): ours for ours, theirs in NAMES.items() for name in theirs}

# Values in other libraries, and the values to use here.
VALUES = {
    "loss": {
        "mse": "'squared_error'", "l2": "'squared_error'", "squared_loss": "'squared_error'",
        "mae": "'absolute_error'", "l1": "'absolute_error'", "smooth_l1": "'huber'",
        "pinball": "'quantile'", "mean_squared_error": "'squared_error'",
        "mean_absolute_error": "'absolute_error'",
    },
    "activation": {
        "sigmoid": "'logistic'", "swish": "'silu'", "linear": "'identity'", "none": "'identity'",
        "lrelu": "'leaky_relu'", "rectifier": "'relu'",
    },
    "solver": {
        "adamw": "solver='adam' with weight_decay",
        "sgdw": "solver='sgd' with weight_decay",
        "momentum": "solver='sgd' with momentum and nesterovs_momentum=False",
        "nesterov": "solver='sgd' with momentum",
        "rmsprop": "solver='adam' with beta_1=0",
        "gd": "solver='sgd' with momentum=0",
        "bfgs": "'lbfgs'", "newton": "'lbfgs'", "newton-cg": "'lbfgs'",
    },
    "learning_rate": {
        "plateau": "'adaptive'", "reduce_on_plateau": "'adaptive'", "exp": "'exponential'",
        "warmup": "warmup_steps", "multistep": "'step'",
    },
    "scoring": {
        "acc": "'accuracy'", "auc": "'roc_auc'", "f1-score": "'f1'", "log_loss": "'loss'",
        "logloss": "'loss'", "cross_entropy": "'loss'", "val_loss": "'loss'",
    },
    "weight_init": {
        "xavier": "'glorot_uniform'", "xavier_uniform": "'glorot_uniform'",
        "xavier_normal": "'glorot_normal'", "glorot": "'glorot_uniform'",
        "he": "'he_uniform'", "kaiming": "'he_uniform'", "kaiming_uniform": "'he_uniform'",
        "kaiming_normal": "'he_normal'", "lecun": "'lecun_normal'",
    },
    "class_weight": {"auto": "'balanced'"},
    "dtype": {"float": "'float64'", "double": "'float64'", "single": "'float32'"},
    "batch_size": {"full": "a number that is at least that of the rows"},
}  # fmt: skip
# Parameters that are often given a number by mistake, and the parameter for that number.
NUMBERS = {"learning_rate": "learning_rate_init", "early_stopping": "n_iter_no_change"}


def of_name(name: str, here: Collection[str], there: Collection[str], place: str) -> str:
    """Return a sentence on an unknown name, with a space before it, or an empty string.

    Parameters
    ----------
    name : str
    here, there : collection of str
        The names that the call takes, and those that another call of the estimator takes.
    place : str
        The other call.
    """
    found = _near(name, here)
    if found:
        return f" Did you mean {' and '.join(found)}?"
    found = (name,) if name in there else _near(name, there)
    if found:
        return f" Pass {' and '.join(found)} to {place}."
    return ""


def of_value(name: str, value: Any, accepted: Collection[str]) -> str:
    """Return a sentence on a refused value, with a space before it, or an empty string.

    Parameters
    ----------
    name : str
        The parameter.
    value : object
    accepted : collection of str
        The names that the parameter takes.
    """
    if name in NUMBERS and isinstance(value, Real):
        return f" Did you mean {NUMBERS[name]}={value!r}?"
    if name == "loss" and isinstance(value, (int, tuple, list)):  # first, as in a classifier
        return f" Did you mean hidden_layer_sizes={value!r}?"
    if not isinstance(value, str):
        return ""
    meant = VALUES.get(name, {}).get(value.lower())
    if meant is None:
        meant = next((repr(near) for near in get_close_matches(value.lower(), accepted, 1)), None)
    return f" Did you mean {meant}?" if meant else ""


def _near(name: str, names: Collection[str]) -> tuple[str, ...]:
    """Return the names that an unknown name may stand for: one, two or none."""
    meant = _OURS.get(name.lower(), ())
    if meant and {*meant} <= {*names}:
        return meant
    in_other_case = tuple(own for own in names if own.lower() == name.lower())
    if in_other_case:
        return in_other_case[:1]
    return tuple(get_close_matches(name, names, 1, 0.75))


def explained(method: Method) -> Method:
    """Return the method, with a TypeError for wrong arguments that suggests the right ones."""
    names, by_position, needed = _parameters(method)

    @wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        n = len(args)
        if not kwargs and len(needed) <= n <= len(by_position):  # at once: a prediction is short
            return method(self, *args)
        fits = n <= len(by_position) and kwargs.keys() <= names.keys()
        fits = fits and kwargs.keys().isdisjoint(by_position[:n])
        if not (fits and (n >= len(needed) or kwargs.keys() >= {*needed[n:]})):
            error = TypeError(_message(type(self), method, args, kwargs))
            if ranks.get() is not None and method.__name__ in ("fit", "partial_fit"):
                ranks.get().tell(error)
            raise error
        return method(self, *args, **kwargs)

    return call  # type: ignore[return-value]


def _parameters(method: Callable[..., Any]) -> tuple[dict[str, Any], list[str], list[str]]:
    """Return the names of all arguments, of positional ones, and of those without default."""
    _, *parameters = inspect.signature(method).parameters.values()
    names = {p.name: None for p in parameters}
    by_position = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    return names, by_position, [p.name for p in parameters if p.default is p.empty]


def _message(kind: type, method: Callable[..., Any], args: Any, kwargs: Any) -> str:
    """Return the message on a call: an unknown or missing name, or too many values."""
    names, by_position, needed = _parameters(method)
    init = method.__name__ == "__init__"
    called = f"{kind.__name__}()" if init else f"{kind.__name__}.{method.__name__}()"
    unknown = [name for name in kwargs if name not in names]
    if unknown:
        hint = of_name(unknown[0], [*names], *_elsewhere(kind, init))
        return f"{called} got an unexpected keyword argument {unknown[0]!r}.{hint}"
    n = len(by_position)
    if len(args) > n:
        others = ", ".join(f"{name}=..." for name in [*names][n : len(args)])
        hint = f" Pass the others by name: {others}." if others else ""
        takes = f"{n} positional argument{'s' * (n != 1)}"
        takes += f" ({', '.join(by_position)})" if n else ""
        return f"{called} takes {takes}, but {len(args)} were given.{hint}"
    twice = [name for name in by_position[: len(args)] if name in kwargs]
    if twice:
        return f"{called} got {twice[0]} twice, by position and by name."
    missing = [name for name in needed[len(args) :] if name not in kwargs]
    return f"{called} needs {' and '.join(missing)}."


def _elsewhere(kind: Any, init: bool) -> tuple[list[str], str]:
    """Return the argument names of another call of the estimator, and the name of that call."""
    if init:
        return [*inspect.signature(kind.fit).parameters], "fit"
    return [*inspect.signature(kind).parameters], f"{kind.__name__}(...), not to its methods"
