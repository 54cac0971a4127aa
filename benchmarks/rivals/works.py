"""The works for all rivals: the same shapes, rows and settings for each rival."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

__all__ = ["WORKS", "Work"]


@dataclass(frozen=True)
class Work:
    """A network and its training rows."""

    sizes: tuple[int, ...]
    activation: str
    solver: str
    batch_size: int
    n_rows: int
    n_epochs: int
    dtype: str = "float32"
    alpha: float = 1e-4
    learning_rate_init: float = 1e-3

    @property
    def n_steps(self):
        """Number of steps per epoch."""
        return -(-self.n_rows // self.batch_size)

    @property
    def settings(self):
        """The parameters that both estimators share, except ``max_iter``."""
        return {
            "hidden_layer_sizes": self.sizes[1:-1],
            "activation": self.activation,
            "solver": self.solver,
            "batch_size": self.batch_size,
            "alpha": self.alpha,
            "learning_rate_init": self.learning_rate_init,
            "tol": 0,
            # noise teaches nothing; with another number, some fits would be examined for that
            "n_iter_no_change": float("inf"),
            "random_state": 0,
            **({"momentum": 0} if self.solver == "sgd" else {}),
        }

    def data(self):
        """Return X (n, p) and class indices y (n,): noise, as times do not depend on values."""
        rng = np.random.default_rng(0)
        X = rng.standard_normal((self.n_rows, self.sizes[0]), dtype=self.dtype)
        return X, rng.integers(max(self.sizes[-1], 2), size=self.n_rows)

    def weights(self):
        """Return initial weights of usual size, one (p, q) array per layer."""
        rng = np.random.default_rng(1)
        shapes = pairwise(self.sizes)
        return [(rng.standard_normal(s) * s[0] ** -0.5).astype(self.dtype) for s in shapes]


# The notebook had 48 000 rows. A binary problem has one logistic output.
WORKS = {
    "notebook": Work((784, 64, 10), "tanh", "sgd", 128, 48_000, 3, alpha=0),
    "default": Work((784, 100, 10), "relu", "adam", 200, 48_000, 3),
    "wide": Work((784, 512, 512, 10), "relu", "adam", 256, 48_000, 1),
    "tabular": Work((30, 32, 1), "relu", "adam", 32, 569, 100),
}
