"""What every parameter may be. Allowed names come from the core's tables."""

import os
from numbers import Integral, Real
from typing import Any

import numpy as np

from skscratch._compat import HasMethods, Interval, Options, StrOptions
from skscratch.core.activations import ACTIVATIONS
from skscratch.core.initializers import INITIALIZERS
from skscratch.core.optimizers import SOLVERS
from skscratch.core.schedules import SCHEDULES

__all__ = ["CONSTRAINTS", "names_of"]

CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions({*ACTIVATIONS}), HasMethods(["forward", "backward"]), list, tuple],
    "solver": [StrOptions({*SOLVERS, "lbfgs"}), HasMethods(["__call__", "scalars"])],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions({*SCHEDULES}), callable],
    "learning_rate_init": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": [
        Interval(Integral, 0, 2**32 - 1, closed="both"),
        np.random.RandomState,
        np.random.Generator,
        None,
    ],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": [StrOptions({"auto"}), "boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
    "weight_init": [StrOptions({"auto", *INITIALIZERS}), callable],
    "class_weight": [StrOptions({"balanced"}), dict, list, None],
    "dtype": [StrOptions({"float32", "float64"}), Options(type, {np.float32, np.float64}), None],
    "dropout": [Interval(Real, 0, 1, closed="left"), list, tuple],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    "max_grad_norm": [Interval(Real, 0, None, closed="neither"), None],
    "ema_decay": [Interval(Real, 0, 1, closed="left")],
    "warmup_steps": [Interval(Integral, 0, None, closed="left")],
    "decay_steps": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "decay_rate": [Interval(Real, 0, 1, closed="right")],
    "scoring": [str, callable, None],
    "n_updates_no_change": [Interval(Integral, 0, None, closed="left"), Options(Real, {np.inf})],
    "refit": ["boolean"],
    "n_members": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "standardize": ["boolean"],
    "temperature_scaling": ["boolean"],
    "checkpoint": [str, os.PathLike, None],
    "checkpoint_epochs": [Interval(Integral, 1, None, closed="left"), None],
    "checkpoint_seconds": [Interval(Real, 0, None, closed="left"), None],
}


def names_of(parameter: str) -> list[str]:
    """Return the names that a parameter accepts in the place of a value."""
    return [
        name
        for constraint in CONSTRAINTS[parameter]
        if isinstance(constraint, StrOptions)
        for name in constraint.options
    ]
