"""Figure: what the columns contribute to one prediction, and to many."""

import matplotlib.pyplot as plt
from sklearn.datasets import load_diabetes

from skscratch import ScratchMLPRegressor
from skscratch.inspection import ContributionsDisplay, contributions

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
model = ScratchMLPRegressor(random_state=0).fit(X[100:], y[100:])
explained = contributions(model, X[:100], X[100:200])
figure, (top, bottom) = plt.subplots(2, 1, figsize=(5.4, 6.6), layout="constrained")
ContributionsDisplay.from_contributions(explained, row=0, ax=top, max_features=8)
ContributionsDisplay.from_contributions(explained, ax=bottom, max_features=8)
