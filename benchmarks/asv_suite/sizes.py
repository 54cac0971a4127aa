"""Memory, and the size of a pickle."""

import pickle

import numpy as np

from skscratch import ScratchMLPClassifier


class Memory:
    """The peak memory of the process with 60 000 × 784 float32. The rows alone take 179 MiB."""

    def setup(self):
        """Create the rows and a fitted estimator."""
        rng = np.random.default_rng(0)
        self.X = rng.standard_normal((60_000, 784), dtype=np.float32)
        self.y = rng.integers(10, size=60_000)
        self.model = ScratchMLPClassifier(max_iter=1, random_state=0)
        self.model.fit(self.X[:200], self.y[:200])

    def peakmem_rows(self):
        """Do nothing: this peak is to be subtracted from the others."""

    def peakmem_fit(self):
        """Train for one epoch."""
        self.model.fit(self.X, self.y)

    def peakmem_predict_proba(self):
        """Compute the probabilities of all rows."""
        self.model.predict_proba(self.X)

    def track_pickle(self):
        """Return the size of a pickled estimator."""
        return len(pickle.dumps(self.model))

    track_pickle.unit = "bytes"
