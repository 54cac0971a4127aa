"""Prediction."""

import numpy as np

from skscratch import ScratchMLPClassifier


class Predictions:
    """Predictions with 100 inputs and 10 classes, in float32."""

    def setup(self):
        """Create the rows and a fitted estimator."""
        rng = np.random.default_rng(0)
        self.X = rng.standard_normal((100_000, 100), dtype=np.float32)
        y = rng.integers(10, size=1_000)
        self.model = ScratchMLPClassifier(max_iter=1, random_state=0).fit(self.X[:1_000], y)

    def time_predict_one_row(self):
        """Predict one row: the cost of a call."""
        self.model.predict(self.X[:1])

    def time_predict_proba_many_rows(self):
        """Predict 100 000 rows."""
        self.model.predict_proba(self.X)
