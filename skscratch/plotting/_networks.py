"""The network in what users hold: itself, or a pipeline or a search around it."""

from typing import Any

from sklearn.utils.validation import check_is_fitted

__all__ = ["find_network"]


def find_network(estimator: Any, attribute: str) -> Any:
    """Return the fitted network in an estimator.

    Parameters
    ----------
    estimator : estimator
        A network, a pipeline that ends in one, or a search for one.
    attribute : str
        What the network has, once it is fitted.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If there is no such network in it.
    """
    check_is_fitted(estimator)
    network = estimator
    while not hasattr(network, attribute):
        if hasattr(network, "best_estimator_"):
            network = network.best_estimator_
        elif hasattr(network, "steps"):
            network = network.steps[-1][1]
        else:
            raise TypeError(
                f"estimator must be a network with {attribute}, a pipeline that ends in one, or a "
                f"search with such a best_estimator_. Got {_name(estimator)}"
                + (f" around {_name(network)}." if network is not estimator else ".")
            )
    return network


def _name(estimator: Any) -> str:
    return f"a {type(estimator).__name__}"
