"""Spaces of parameters for a random search."""

from __future__ import annotations

from typing import Any, Literal

from scipy.stats import loguniform, uniform

from skscratch.estimators import ScratchMLPClassifier, ScratchMLPRegressor
from skscratch.tuning._layers import Layers

__all__ = ["search_space"]

SIZES = ("small", "large")


def search_space(estimator: Any, size: Literal["small", "large"] = "small") -> dict[str, Any]:
    """Return a space of parameters, for ``RandomizedSearchCV``.

    Parameters
    ----------
    estimator : ScratchMLPClassifier, ScratchMLPRegressor, or estimator that contains one
        The estimator to search. In a pipeline, the names get the prefix of the network's step.
    size : {'small', 'large'}, default='small'
        'small' has the parameters that matter most, for about 30 candidates. 'large' also varies
        the optimizer, the ensemble and other regularisation, for 100 candidates or more.

    Returns
    -------
    space : dict of str to list or distribution
        The names of parameters, and for each a list or a distribution of SciPy to draw from. Each
        call returns a new dict, which you may change.

    Raises
    ------
    ValueError
        If ``size`` is not one of the two, or if the estimator does not contain exactly one network.

    See Also
    --------
    Layers : The depth and the width as two integers.

    Notes
    -----
    ``hidden_layer_sizes`` is in the space, with one value, unless the estimator has ``Layers``
    already. The number of epochs is not in a space, because early stopping finds it for each
    candidate.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.tuning import search_space
    >>> pipeline = make_pipeline(StandardScaler(), ScratchMLPClassifier())
    >>> search_space(pipeline)["scratchmlpclassifier__hidden_layer_sizes__depth"]
    [1, 2, 3]
    """
    if size not in SIZES:
        raise ValueError(f"size must be one of {[*SIZES]}. Got {size!r}.")
    prefix, network = _network(estimator)
    space: dict[str, Any] = {}
    if not isinstance(network.hidden_layer_sizes, Layers):
        # the object that the next two lines vary; it takes the place of a tuple
        space["hidden_layer_sizes"] = [Layers()]
    space |= {
        # one layer is enough for smooth tables, and a fourth one rarely helps
        "hidden_layer_sizes__depth": [1, 2, 3],
        # the default is 256; powers of two, because twice the width has a small effect
        "hidden_layer_sizes__width": [64, 128, 256, 512],
        # the penalty counts like so many rows: small noisy tables want more, clean ones less
        "alpha": loguniform(0.03, 30),
        # smooth functions against thresholds: no activation is best on all tables
        "activation": ["relu", "gelu", "tanh"],
        # a factor of three around the default; averaging the weights forgives much
        "learning_rate_init": loguniform(0.003, 0.03),
    }
    if size == "large":
        space |= {
            # helps wide networks on small tables
            "dropout": uniform(0, 0.3),
            # more noise in small batches, fewer steps in large ones
            "batch_size": [32, 64, 128, 256],
            # shrinks the weights independently of the gradient, unlike alpha
            "weight_decay": loguniform(1e-4, 1),
            # a longer average is smoother, and slower to follow
            "ema_decay": [0.98, 0.99, 0.995],
            # one network of the whole width sees interactions that narrow members miss
            "n_members": ["auto", 1],
        }
    return {f"{prefix}{name}": values for name, values in space.items()}


def _network(estimator: Any) -> tuple[str, Any]:
    """Return what stands before the parameters of the one network in an estimator, and it."""
    kinds = ScratchMLPClassifier, ScratchMLPRegressor
    if isinstance(estimator, kinds):
        return "", estimator
    params = estimator.get_params(deep=True) if hasattr(estimator, "get_params") else {}
    found = [name for name, value in params.items() if isinstance(value, kinds)]
    if len(found) != 1:
        raise ValueError(
            "estimator must be a ScratchMLPClassifier or ScratchMLPRegressor, or contain exactly "
            f"one. Got {estimator!r} with {len(found)}: {found}."
        )
    return f"{found[0]}__", params[found[0]]
