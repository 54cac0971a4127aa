"""Figure: the curves of the first model."""

import matplotlib.pyplot as plt
from sklearn.model_selection import train_test_split

from skscratch import ScratchMLPClassifier
from skscratch.datasets import load_digits

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
network = ScratchMLPClassifier((64,), learning_rate_init=0.01, max_iter=50, random_state=0)
history = network.fit(X_train, y_train).history_
epochs = range(1, network.n_iter_ + 1)
figure, axis = plt.subplots(figsize=(7, 3), layout="constrained")
axis.plot(epochs, history["loss"], label="training loss")
axis.plot(epochs, history["validation_loss"], label="validation loss")
axis.set(xlabel="epoch", ylabel="loss", yscale="log")
axis.legend()
