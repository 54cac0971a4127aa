"""Types of arguments, for editors and type checkers. Nothing is checked at run time."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import sparray, spmatrix

from skscratch.core.activations import Activation
from skscratch.core.optimizers import Rule
from skscratch.core.schedules import Schedule

__all__ = [
    "Activations",
    "ClassWeight",
    "Dtype",
    "LearningRate",
    "MatrixLike",
    "PathOrName",
    "RandomState",
    "Scoring",
    "Sizes",
    "Solver",
    "Splitter",
    "WeightInit",
]


class Splitter(Protocol):
    """A splitter as in ``sklearn.model_selection``."""

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Any:
        """Yield pairs of rows: to train on, and to test on."""

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of splits."""


MatrixLike: TypeAlias = ArrayLike | sparray | spmatrix
PathOrName: TypeAlias = str | PathLike[str]
RandomState: TypeAlias = int | np.random.RandomState | np.random.Generator | None

# Names are typed as plain strings. The tables of the core list the valid names.
Activations: TypeAlias = str | Activation | Sequence[str | Activation]
ClassWeight: TypeAlias = dict[Any, Any] | list[dict[Any, Any]] | Literal["balanced"]
Dtype: TypeAlias = Literal["auto", "float32", "float64"] | type[np.float32] | type[np.float64]
LearningRate: TypeAlias = str | Schedule | Callable[[int], float]
Scoring: TypeAlias = str | Callable[..., float]
Sizes: TypeAlias = int | Sequence[int] | NDArray[np.integer[Any]]
Solver: TypeAlias = str | Rule
WeightInit: TypeAlias = str | Callable[[np.random.Generator, int, int], ArrayLike]
