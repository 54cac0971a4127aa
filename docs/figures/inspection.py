"""Figure: permutation importance, and partial dependence with the lines of single rows."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from skscratch import ScratchMLPRegressor

rng = np.random.default_rng(0)
flats = pd.DataFrame(
    {
        "area": rng.uniform(20, 150, 1500),
        "floor": rng.integers(0, 12, 1500).astype(float),
        "lift": rng.choice(["yes", "no"], 1500),
        "code": rng.uniform(0, 1, 1500),
    }
)
slope = np.where(flats["lift"] == "yes", 30, -30)
rent = 400 + 8 * flats["area"] + slope * flats["floor"] + rng.normal(0, 60, 1500)
train, test, y_train, y_test = train_test_split(flats, rent, random_state=0)
codes = make_column_transformer((OneHotEncoder(), ["lift"]), remainder="passthrough")
model = make_pipeline(codes, ScratchMLPRegressor(random_state=0)).fit(train, y_train)

figure, (left, right) = plt.subplots(1, 2, figsize=(5.4, 3), layout="constrained")
importance = permutation_importance(model, test, y_test, n_repeats=10, random_state=0)
left.barh(flats.columns, importance.importances_mean, xerr=importance.importances_std)
left.invert_yaxis()
left.set(xlabel="decrease of R²", title="permutation importance")

curves = partial_dependence(model, test, ["floor"], kind="both")
(floors,), (lines,), (mean,) = (curves[k] for k in ("grid_values", "individual", "average"))
for lift, color in (("yes", "C0"), ("no", "C1")):
    some = lines[test["lift"] == lift][:30]
    right.plot(floors, some.T, color=color, alpha=0.4, linewidth=0.7)
    right.plot([], color=color, label=f"lift: {lift}")
right.plot(floors, mean, color="black", linewidth=2.5, label="mean of all flats")
right.set(xlabel="floor", ylabel="predicted rent", title="partial dependence", ylim=(0, 2600))
right.legend(fontsize=8, loc="upper left")
