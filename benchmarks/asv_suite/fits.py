"""Training."""

import numpy as np
from rivals.works import WORKS
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.preprocessing import scale

from skscratch import ScratchMLPClassifier

# what the other libraries do not do unasked
ALIKE = {"early_stopping": False, "ema_decay": 0, "n_members": 1, "standardize": False}


class Works:
    """The work of the comparison with other libraries, each for its number of epochs."""

    params = tuple(WORKS)
    param_names = ("work",)

    def setup(self, name):
        """Make the rows and the estimator."""
        work = WORKS[name]
        self.X, self.y = work.data()
        self.model = ScratchMLPClassifier(**work.settings, **ALIKE, max_iter=work.n_epochs)

    def time_fit(self, name):
        """Dense rows, fixed epochs."""
        self.model.fit(self.X, self.y)


class Defaults:
    """All parameters default but the solver; training ends by itself."""

    params = (("breast cancer", "digits"), ("adam", "sgd", "lbfgs"))
    param_names = ("data", "solver")

    def setup(self, data, solver):
        """Load the rows."""
        load = {"breast cancer": load_breast_cancer, "digits": load_digits}[data]
        X, self.y = load(return_X_y=True)
        self.X = scale(X)
        self.model = ScratchMLPClassifier(solver=solver, random_state=0)

    def time_fit(self, data, solver):
        """A whole fit."""
        self.model.fit(self.X, self.y)


class Sparse:
    """20 steps on rows as texts give them: 50 000 columns, 100 non-zeros a row."""

    params = ("float32", "float64")
    param_names = ("dtype",)

    def setup(self, dtype):
        """Make the rows, and take a first step."""
        rng = np.random.default_rng(0)
        X = sparse.random(4_000, 50_000, 0.002, format="csr", dtype=dtype, random_state=rng)
        self.X, self.y = X, rng.integers(20, size=X.shape[0])
        model = ScratchMLPClassifier(batch_size=200, random_state=0)
        self.model = model.partial_fit(self.X[:200], self.y[:200], classes=np.arange(20))

    def time_partial_fit(self, dtype):
        """One epoch."""
        self.model.partial_fit(self.X, self.y)
