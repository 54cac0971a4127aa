"""Textbook versions in NumPy of every optimised kernel of the package.

Nothing is written in place, and every line is one formula, in the symbols of ``skscratch.core``.
Unlike there, the weights w may have any sum. ``benchmarks.kernels`` compares the times with those
of the package.
"""

import numpy as np


def linear_forward(X, W, b):
    """Return z."""
    return X @ W + b


def linear_backward(X, W, delta):
    """Return dL/dW, dL/db and dL/dX."""
    return X.T @ delta, delta.sum(axis=0), delta @ W.T


def relu_forward(z):
    """Return a."""
    return np.maximum(z, 0)


def relu_backward(z, delta):
    """Return dL/dz."""
    return delta * (z > 0)


def softmax_cross_entropy_forward(z, y, w):
    """Return the mean loss and the probabilities; y holds class indices."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    losses = -np.log(p[np.arange(len(y)), y])
    return (w * losses).sum() / w.sum(), p


def softmax_cross_entropy_backward(p, y, w):
    """Return dL/dz."""
    onehot = np.eye(p.shape[1], dtype=p.dtype)[y]
    return w[:, None] * (p - onehot) / w.sum()


def logistic_cross_entropy_forward(z, y, w):
    """Return the mean loss and the probabilities; y holds zeros and ones."""
    p = 1 / (1 + np.exp(-z))
    losses = -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(axis=1)
    return (w * losses).sum() / w.sum(), p


def logistic_cross_entropy_backward(p, y, w):
    """Return dL/dz."""
    return w[:, None] * (p - y) / w.sum()


def penalised(theta, g, n_weights, l2):
    """Return g with the gradient of ½ · l2 · ‖W‖² added."""
    return np.concatenate([g[:n_weights] + l2 * theta[:n_weights], g[n_weights:]])


def gradient_descent(theta, g, rate):
    """Return the next theta."""
    return theta - rate * g


def momentum(theta, g, v, rate, beta):
    """Return the next theta and v."""
    v = beta * v + g
    return theta - rate * v, v


def nesterov(theta, g, v, rate, beta):
    """Return the next theta and v."""
    v = beta * v + g
    return theta - rate * (g + beta * v), v


def adam(theta, g, m, v, t, rate, beta_1, beta_2, epsilon):
    """Return the next theta, m and v. m and v are averages, and t counts the steps from 1."""
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    rate = rate * (1 - beta_2**t) ** 0.5 / (1 - beta_1**t)
    return theta - rate * m / (np.sqrt(v) + epsilon), m, v


def gather(X, rows, dtype):
    """Return the rows of X as a batch of that dtype."""
    return X[rows].astype(dtype)
