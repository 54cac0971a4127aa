"""The parameters of an estimator: their constraints, and hints at what the user may have meant."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar, Self

from sklearn.base import BaseEstimator

from skscratch._compat import Hinted
from skscratch.estimators import _hints
from skscratch.estimators._parameters import CONSTRAINTS, names_of

__all__ = ["Constrained"]


class Constrained(Hinted, BaseEstimator):
    """An estimator whose parameters have the constraints of the table ``CONSTRAINTS``."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Give a class the constraints of its own parameters."""
        super().__init_subclass__(**kwargs)
        names = inspect.signature(cls).parameters
        cls._parameter_constraints = {n: c for n, c in CONSTRAINTS.items() if n in names}

    def set_params(self, **params: Any) -> Self:
        """Set parameters; ``fit`` checks their values.

        Parameters
        ----------
        **params : dict
            Names of parameters and their new values.

        Returns
        -------
        self : estimator
            The estimator.

        Raises
        ------
        ValueError
            If there is no parameter of that name.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> ScratchMLPClassifier().set_params(alpha=0.1)
        ScratchMLPClassifier(alpha=0.1)
        """
        names = self.get_params(deep=False)
        unknown = [name for name in params if name.partition("__")[0] not in names]
        hint = _hints.of_name(unknown[0], names, (), "") if unknown else ""
        if hint:
            raise ValueError(f"Invalid parameter {unknown[0]!r} for estimator {self}.{hint}")
        same: Self = super().set_params(**params)
        return same

    def _hint(self, name: str, value: Any) -> str:
        return _hints.of_value(name, value, names_of(name))
