"""
Without Python: a pipeline as an ONNX graph
===========================================

A trained model may have to run in a browser, on a phone, or in a service in another language.
``skscratch.onnx.to_onnx`` converts a network, and the scikit-learn steps before it, to an ONNX
graph. ONNX Runtime runs the graph on all these platforms. This example needs the packages that
``pip install ".[onnx,plot]"`` in a checkout brings.
"""

# %%
# The default network behind a scaler. X is float32, because the graph computes in float32.
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skscratch import ScratchMLPClassifier

X, y = load_digits(return_X_y=True)
X = X.astype(np.float32)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
model = make_pipeline(StandardScaler(), ScratchMLPClassifier(random_state=0))
model.fit(X_train, y_train)

# %%
# The graph is saved to a file, and the runtime loads the file. From here on, skscratch is not
# needed.
import tempfile
from pathlib import Path

import onnxruntime

from skscratch.onnx import to_onnx

graph = to_onnx(model, X_train[:1])
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "digits.onnx"
    path.write_bytes(graph.SerializeToString())
    print(f"{path.stat().st_size / 1e3:.0f} kB: {', '.join(n.op_type for n in graph.graph.node)}")
    threads = onnxruntime.SessionOptions()
    threads.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, threads)
labels, probabilities = session.run(None, {"X": X_test})

# %%
# The outputs of the graph and of the pipeline agree.
expected = model.predict_proba(X_test)
difference = np.abs(probabilities - expected).max()
print(f"labels that differ: {np.sum(labels != model.predict(X_test))} of {len(labels)}")
print(f"largest difference of a probability: {difference:.1e}")
print(f"accuracy of the graph: {np.mean(labels == y_test):.3f}")

# %%
# Left: the digit with the least confident prediction. Middle: its probabilities by both. Right:
# all probabilities of the test set, over many powers of ten.
import matplotlib.pyplot as plt

hardest = expected.max(axis=1).argmin()
figure, axes = plt.subplots(1, 3, figsize=(8, 3), width_ratios=[1, 1.4, 1.4], layout="constrained")
axes[0].imshow(X_test[hardest].reshape(8, 8), cmap="gray_r")
axes[0].set_title(f"labelled {y_test[hardest]}")
axes[0].set_axis_off()
pair = {"pipeline": (expected, "#E69F00", -0.2), "graph": (probabilities, "#0072B2", 0.2)}
for name, (values, color, shift) in pair.items():
    axes[1].bar(np.arange(10) + shift, values[hardest], width=0.4, color=color, label=name)
axes[1].set(xlabel="digit", ylabel="probability", xticks=range(10), ylim=(0, 1))
axes[1].legend()
axes[2].loglog(expected.ravel(), probabilities.ravel(), ".", ms=4, color="#0072B2", alpha=0.3)
axes[2].axline((1e-5, 1e-5), (1, 1), color="black", lw=0.8, zorder=0)
axes[2].set(xlabel="probability by the pipeline", ylabel="by the graph", aspect=1)
axes[2].grid(alpha=0.3)

# %%
# The time of a call, on one thread. For single rows, the pipeline spends most of its time on
# checks of the input. The graph makes no such checks.
from timeit import repeat

import pandas as pd

n_rows = [1, 4, 16, 64, 256, 1024]
rows = np.resize(X_test, (n_rows[-1], X.shape[1]))
calls = {
    "pipeline": lambda some: model.predict_proba(some),
    "graph": lambda some: session.run(["probabilities"], {"X": some}),
}


def seconds_of(call, n):
    """Return the time of a call with n rows."""
    return min(repeat(lambda: call(rows[:n]), number=5, repeat=7)) / 5


seconds = pd.DataFrame(
    {name: {n: seconds_of(call, n) for n in n_rows} for name, call in calls.items()}
)
print((1e6 * seconds).round(1).rename_axis("rows").to_string(), "microseconds")
figure, axis = plt.subplots(figsize=(6, 3.8), layout="constrained")
for (name, times), color in zip(seconds.items(), ("#D55E00", "#0072B2"), strict=True):
    axis.loglog(n_rows, 1e6 * times, "o-", color=color, label=name)
axis.set(xlabel="rows in a call", ylabel="microseconds", xticks=n_rows, xticklabels=n_rows)
axis.minorticks_off()
axis.grid(alpha=0.3)
axis.legend()
plt.show()
