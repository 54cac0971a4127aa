"""
What a network looks at
=======================

A network predicts the progress of diabetes from ten measurements. Three questions have three
answers. What moved the prediction of a patient? Its contributions, computed from the network's own
derivatives. How much worse is the network without a measurement? Permutation importance. How does
the prediction change with a measurement? Partial dependence.
"""

# %%
# The default network. The measurements are in their own units: years, kg/m², mmHg and so on. The
# network scales them.

# sphinx_gallery_thumbnail_number = 2
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

from skscratch import ScratchMLPRegressor

X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = ScratchMLPRegressor(random_state=0).fit(X_train, y_train)
print(f"R² on new patients: {model.score(X_test, y_test):.3f}")

# %%
# The contributions of the columns to a prediction sum to its difference from the mean prediction
# for a background, here 100 patients of the training data. ``gap`` is the remaining difference,
# because the contributions are an approximation.
import numpy as np
import pandas as pd

from skscratch.inspection import ContributionsDisplay, contributions

explained = contributions(model, X_test, X_train[:100])
spread = np.ptp(model.predict(pd.concat([X_test, X_train[:100]])))
print(f"largest gap, of the range of predictions: {abs(explained.gap).max() / spread:.5f}")

# %%
# A patient with a high prediction. The bars lead from the mean to the prediction.
highest = int(model.predict(X_test).argmax())
display = ContributionsDisplay.from_contributions(explained, row=highest, max_features=8)
_ = display.ax_.set_title("one patient")

# %%
# All patients. A column with a wide swarm moves many predictions. Where the colours are in order
# from left to right, the prediction rises with the column.
display = ContributionsDisplay.from_contributions(explained)

# %%
# One number per column: the mean absolute contribution, and the loss of R² when the column is
# shuffled, both as shares. Both agree on what matters most. They differ in s1, s3 and s4: these
# columns move the predictions, but shuffling them costs next to nothing on these patients.
import matplotlib.pyplot as plt
from sklearn.inspection import PartialDependenceDisplay, permutation_importance

shuffled = permutation_importance(model, X_test, y_test, n_repeats=20, random_state=0)
lost = shuffled.importances_mean.clip(0)
shares = pd.DataFrame(
    {"contributions": explained.importance(), "permutation": lost / lost.sum()}, index=X.columns
).sort_values("contributions")
print(shares[::-1].round(3).to_string())
figure, axis = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
shares.plot.barh(ax=axis, color=["#0072B2", "#E69F00"], width=0.75)
axis.set_xlabel("share of the importance")

# %%
# Partial dependence: the mean prediction if all patients had the same value of a column. A thin
# line is one patient. The prediction rises with the body mass index, the blood pressure and s5. The
# last panel shows two columns together. Partial dependence assumes patients whose columns do not go
# together in reality, so correlated columns such as s1 and s2 are left to the contributions.
figure, axes = plt.subplots(2, 2, figsize=(7.5, 6), layout="constrained")
dependence = PartialDependenceDisplay.from_estimator(
    model,
    X_test,
    ["bmi", "bp", "s5", ("bmi", "s5")],
    kind=["both", "both", "both", "average"],
    grid_resolution=20,
    ice_lines_kw={"color": "gray", "alpha": 0.25},
    pd_line_kw={"color": "#D55E00", "lw": 3, "ls": "-", "label": None},
    contour_kw={"cmap": "cividis"},
    ax=axes.ravel(),
)
for axis in axes.flat[:3]:
    axis.set_ylabel("prediction")
for name, line in zip(("bmi", "bp", "s5"), dependence.pd_results[:3], strict=True):
    curve = line["average"][0]
    print(f"from the lowest to the highest {name}: {curve[-1] - curve[0]:+.0f}")
plt.show()
