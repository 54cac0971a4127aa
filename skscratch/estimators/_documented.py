"""Where a notebook finds the documentation of an estimator."""

from sklearn.base import BaseEstimator

__all__ = ["SITE", "Documented"]

SITE = "https://skscratch.readthedocs.io/en/stable/"


class Documented(BaseEstimator):  # type: ignore[misc]
    """scikit-learn's estimator, whose HTML leads to this project's pages.

    Users import estimators from ``skscratch``: there is their page, wherever their module is.
    """

    _doc_link_module = "skscratch"
    _doc_link_template = SITE + "api/generated/skscratch.{estimator_name}.html"
