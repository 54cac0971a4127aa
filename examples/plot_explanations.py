"""
Explanations: contributions beside permutation importance
=========================================================

A network predicts the progress of diabetes from ten measurements. What does it look at? The
contributions of the columns answer for one patient and for all of them. They are computed from the
network's own derivatives. Permutation importance answers another question: how much worse the
network would be without a column.
"""

# %%
# Command-line options.
import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes
from sklearn.inspection import permutation_importance
from sklearn.model_selection import train_test_split

from skscratch import ScratchMLPRegressor

try:
    import matplotlib.pyplot as plt
except ModuleNotFoundError as error:
    raise SystemExit('This example draws figures: pip install "skscratch[plot]"') from error

from skscratch.inspection import ContributionsDisplay, contributions

parser = argparse.ArgumentParser(description="What a network looks at.")
parser.add_argument("--figures", type=Path, default=Path("figures"), help="folder for the figures")
options = parser.parse_args()
options.figures.mkdir(parents=True, exist_ok=True)

# %%
# The measurements are in their own units: years, kg/m², mmHg and so on. The network scales them.
X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = ScratchMLPRegressor(random_state=0).fit(X_train, y_train)
print(f"R² on new patients: {model.score(X_test, y_test):.3f}")

# %%
# The contributions of the columns to a prediction sum to its difference from the mean prediction
# for a background, here 100 patients of the training data. ``gap`` is what is missing.
explained = contributions(model, X_test, X_train[:100])
spread = np.ptp(model.predict(pd.concat([X_test, X_train[:100]])))
print(f"largest gap, of the range of predictions: {abs(explained.gap).max() / spread:.5f}")

# %%
# A patient with a high prediction. The bars lead from the mean to the prediction.
highest = int(model.predict(X_test).argmax())
display = ContributionsDisplay.from_contributions(explained, row=highest, max_features=8)
display.ax_.set_title("one patient")
display.figure_.savefig(options.figures / "explanations_waterfall.png", dpi=120)

# %%
# All patients. A column with a wide swarm moves many predictions. Where the colours are in order
# from left to right, the prediction rises with the column.
display = ContributionsDisplay.from_contributions(explained)
display.figure_.savefig(options.figures / "explanations_swarm.png", dpi=120)

# %%
# One number per column: the mean absolute contribution, and the loss of R² when the column is
# shuffled, both as shares. Both agree on what matters most. They differ in s1, s3 and s4: these
# columns move the predictions, but shuffling them costs next to nothing on these patients.
shuffled = permutation_importance(model, X_test, y_test, n_repeats=20, random_state=0)
lost = shuffled.importances_mean.clip(0)
shares = pd.DataFrame(
    {"contributions": explained.importance(), "permutation": lost / lost.sum()}, index=X.columns
).sort_values("contributions")
print(shares[::-1].round(3).to_string())
figure, axis = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
shares.plot.barh(ax=axis, color=["#3f90da", "#ffa90e"], width=0.75)
axis.set_xlabel("share of the importance")
figure.savefig(options.figures / "explanations_importance.png", dpi=120)

# %%
# The figures have been saved to files. If there is a screen, they are also shown.
print(f"Figures are in {options.figures.resolve()}")
if plt.get_backend().lower() != "agg":
    plt.show()
