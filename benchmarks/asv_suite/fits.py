"""Training."""

import numpy as np
from rivals.works import WORKS
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.preprocessing import scale

from skscratch import ScratchMLPClassifier

# turns off what the other libraries do not do by default
ALIKE = {"early_stopping": False, "ema_decay": 0, "n_members": 1, "standardize": False}


class Works:
    """The works of the comparison with other libraries, with their numbers of epochs."""

    params = tuple(WORKS)
    param_names = ("work",)

    def setup(self, name):
        """Create the rows and the estimator."""
        work = WORKS[name]
        self.X, self.y = work.data()
        self.model = ScratchMLPClassifier(**work.settings, **ALIKE, max_iter=work.n_epochs)

    def time_fit(self, name):
        """Fit dense rows for a fixed number of epochs."""
        self.model.fit(self.X, self.y)


class Defaults:
    """Default parameters except for the solver. Training ends by itself."""

    params = (("breast cancer", "digits"), ("adam", "sgd", "lbfgs"))
    param_names = ("data", "solver")

    def setup(self, data, solver):
        """Load the rows."""
        load = {"breast cancer": load_breast_cancer, "digits": load_digits}[data]
        X, self.y = load(return_X_y=True)
        self.X = scale(X)
        self.model = ScratchMLPClassifier(solver=solver, random_state=0)

    def time_fit(self, data, solver):
        """Fit until training ends."""
        self.model.fit(self.X, self.y)


class Sparse:
    """20 steps on sparse rows, as from texts: 50 000 columns, 100 non-zeros a row."""

    params = ("float32", "float64")
    param_names = ("dtype",)

    def setup(self, dtype):
        """Create the rows, and take a first step."""
        rng = np.random.default_rng(0)
        X = sparse.random(4_000, 50_000, 0.002, format="csr", dtype=dtype, random_state=rng)
        self.X, self.y = X, rng.integers(20, size=X.shape[0])
        model = ScratchMLPClassifier(batch_size=200, random_state=0)
        self.model = model.partial_fit(self.X[:200], self.y[:200], classes=np.arange(20))

    def time_partial_fit(self, dtype):
        """Train for one epoch."""
        self.model.partial_fit(self.X, self.y)
