"""Memory, and the size of a pickle."""

import pickle

import numpy as np

from skscratch import ScratchMLPClassifier


class Memory:
    """The process's peak with 60 000 × 784 float32, of which the rows themselves are 179 MiB."""

    def setup(self):
        """Make the rows and a fitted estimator."""
        rng = np.random.default_rng(0)
        self.X = rng.standard_normal((60_000, 784), dtype=np.float32)
        self.y = rng.integers(10, size=60_000)
        self.model = ScratchMLPClassifier(max_iter=1, random_state=0)
        self.model.fit(self.X[:200], self.y[:200])

    def peakmem_rows(self):
        """The peak of doing nothing, to subtract."""

    def peakmem_fit(self):
        """One epoch of training."""
        self.model.fit(self.X, self.y)

    def peakmem_predict_proba(self):
        """Probabilities of all rows."""
        self.model.predict_proba(self.X)

    def track_pickle(self):
        """A fitted estimator."""
        return len(pickle.dumps(self.model))

    track_pickle.unit = "bytes"
