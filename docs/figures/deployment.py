"""Figure: how large the formats are."""

import pickle

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from skscratch import ScratchMLPClassifier
from skscratch.export import to_c, to_json

X, y = load_digits(return_X_y=True)
options = {"n_members": 1, "random_state": 0}
fitted = ScratchMLPClassifier((64,), max_iter=40, early_stopping=False, **options).fit(X / 16, y)
online = ScratchMLPClassifier((64,), **options).partial_fit(X / 16, y, classes=range(10))
kilobytes = {
    "parameters": sum(a.nbytes for a in fitted.coefs_ + fitted.intercepts_),
    "pickle after fit": len(pickle.dumps(fitted)),
    "pickle after partial_fit": len(pickle.dumps(online)),
    "... and drop_optimizer_state": len(pickle.dumps(online.drop_optimizer_state())),
    "JSON": len(to_json(fitted)),
    "C": len(to_c(fitted)),
}
figure, axis = plt.subplots(figsize=(5.4, 2.8), layout="constrained")
bars = axis.barh([*kilobytes], [size / 1000 for size in kilobytes.values()])
axis.bar_label(bars, fmt="%.0f", padding=3)
axis.invert_yaxis()
axis.margins(x=0.1)
axis.set_xlabel("kB")
