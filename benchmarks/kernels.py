"""Every optimised kernel of the package side by side with its textbook version.

    python -m benchmarks.kernels [--batch-size 200] [--sizes 784 100 10] [--turns 300]

Run it from the checkout, on one thread. The two versions of a kernel take turns, call by call. The
output is Markdown: medians of the microseconds per call, and their ratio naive / fast. Absolute
times depend on the machine. Ratios depend on it less.
"""

import argparse
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import naive
from skscratch.core.activations import ReLU
from skscratch.core.layers import (
    linear_backward_input,
    linear_backward_parameters,
    linear_forward,
)
from skscratch.core.losses import LOSSES
from skscratch.core.network import Architecture, Gradient, Workspace
from skscratch.core.optimizers import Adam, GradientDescent, Momentum, Nesterov, Optimizer
from skscratch.training.data import ShuffledBatches

RATE, L2, BETA, ADAM = 1e-3, 1e-4, 0.9, (0.9, 0.999, 1e-8)
# for each rule: the number of slots of the naive version, and its step from (theta, g, *slots, t)
STEPS = {
    "GradientDescent": (0, lambda theta, g, t: (naive.gradient_descent(theta, g, RATE),)),
    "Momentum": (1, lambda theta, g, v, t: naive.momentum(theta, g, v, RATE, BETA)),
    "Nesterov": (1, lambda theta, g, v, t: naive.nesterov(theta, g, v, RATE, BETA)),
    "Adam": (2, lambda theta, g, m, v, t: naive.adam(theta, g, m, v, t, RATE, *ADAM)),
}
RULES = [GradientDescent(), Momentum(BETA), Nesterov(BETA), Adam(*ADAM)]


class Kernel(NamedTuple):
    """Two ways to compute the same arrays; reset() runs before each call of fast, untimed."""

    name: str
    naive: Callable
    fast: Callable
    reset: Callable


def nothing():
    """Do nothing, for kernels that need no reset."""


def linear_kernels(name, X, W, b, delta, z):
    """Return the forward and backward pass of a layer; z is the buffer of the forward pass."""
    gW, gb, dX = np.empty_like(W), np.empty_like(b), np.empty(X.shape, W.dtype)
    ones = np.ones(X.shape[0], W.dtype)

    def forward():
        linear_forward(X, W, b, z)
        return (z,)

    def backward():
        linear_backward_parameters(X, delta, ones, gW, gb)
        linear_backward_input(delta, W, dX)
        return gW, gb, dX

    return [
        Kernel(f"{name}, forward", lambda: (naive.linear_forward(X, W, b),), forward, nothing),
        Kernel(f"{name}, backward", lambda: naive.linear_backward(X, W, delta), backward, nothing),
    ]


def relu_kernels(z, upstream):
    """Return the forward and backward pass of relu."""
    f, a, delta = ReLU(), np.empty_like(z), np.empty_like(z)

    def forward():
        f.forward(z, a)
        return (a,)

    def backward():
        f.backward(z, a, delta)
        return (delta,)

    def reset():
        np.copyto(delta, upstream)
        f.forward(z, a)

    return [
        Kernel("relu, forward", lambda: (naive.relu_forward(z),), forward, nothing),
        Kernel("relu, backward", lambda: (naive.relu_backward(z, upstream),), backward, reset),
    ]


def loss_kernel(name, logits, y, w, z):
    """Return both passes of a loss as one kernel; z is the buffer of the logits."""
    loss, share = LOSSES[f"{name}_cross_entropy"], w / w.sum()
    first, then = (getattr(naive, f"{name}_cross_entropy_{way}") for way in ("forward", "backward"))

    def textbook():
        mean, p = first(logits, y, w)
        return mean, then(p, y, w)

    def fast():
        mean = loss.forward(z, y, share)
        loss.backward(z, y, share)
        return mean, z

    return Kernel(f"{name} cross-entropy", textbook, fast, lambda: np.copyto(z, logits))


def optimizer_kernel(rule, start, gradient, n_weights):
    """Return a step with L2 penalty.

    Each version continues from its own last step, so both agree after equally many calls.
    """
    name = type(rule).__name__
    n_slots, step = STEPS[name]
    state = {"t": 0, "arrays": (start, *(np.zeros_like(start) for _ in range(n_slots)))}
    theta, g = start.copy(), gradient.copy()
    optimizer = Optimizer(rule, lambda t: RATE, theta, g, n_weights, l2=L2)

    def textbook():
        old, *slots = state["arrays"]
        state["t"] += 1
        direction = naive.penalised(old, gradient, n_weights, L2)
        state["arrays"] = step(old, direction, *slots, state["t"])
        return state["arrays"][:1]

    def fast():
        optimizer.step()
        return (theta,)

    return Kernel(name, textbook, fast, lambda: np.copyto(g, gradient))


def gathering_kernel(source, y, batch_size, dtype, rng):
    """Return the gathering of an epoch's batches; the arrays are those of the last batch."""
    rows = rng.permutation(len(y))
    batches = ShuffledBatches(source, y, None, batch_size, dtype, rows, None)

    def textbook():
        for start in range(0, len(rows), batch_size):
            batch = rows[start : start + batch_size]
            last = naive.gather(source, batch, dtype), y[batch]
        return last

    def fast():
        for batch in batches:
            last = batch.X, batch.y
        return last

    name = f"gathering {len(rows)} rows by {batch_size}, {source.dtype}, {source.shape[1]} columns"
    return Kernel(name, textbook, fast, nothing)


def kernels(n, p, h, q, dtype, seed=0):
    """Return all kernels of a network of sizes (p, h, q) on n rows of noise."""
    rng = np.random.default_rng(seed)

    def noise(*shape):
        return rng.standard_normal(shape).astype(dtype)

    arch = Architecture((p, h, q), (ReLU(),), LOSSES["softmax_cross_entropy"])
    ws, grad = Workspace.empty(arch, n, dtype), Gradient.empty(arch, n, dtype)
    (hidden, z), w = ws.z, rng.uniform(0.5, 2, n).astype(dtype)
    # dL/dz of the last layer has the memory order of the logits
    delta, n_rows = np.empty_like(z), 10 * n - n // 2
    delta[...] = noise(n, q)
    classes, labels = rng.integers(q, size=n), rng.integers(2, size=(n, q)).astype(dtype)
    pixels, y = rng.integers(256, size=(n_rows, p)), rng.integers(q, size=n_rows)
    theta, gradient, n_weights = noise(grad.g.size), noise(grad.g.size), p * h + h * q
    lower = noise(n, p), noise(p, h), noise(h), noise(n, h), hidden
    upper = noise(n, h), noise(h, q), noise(q), delta, z
    return [
        *linear_kernels(f"linear {p} → {h}", *lower),
        *linear_kernels(f"linear {h} → {q}", *upper),
        *relu_kernels(noise(n, h), noise(n, h)),
        loss_kernel("softmax", noise(n, q), classes, w, z),
        loss_kernel("logistic", noise(n, q), labels, w, z),
        *(optimizer_kernel(rule, theta, gradient, n_weights) for rule in RULES),
        gathering_kernel(pixels.astype(dtype), y, n, dtype, rng),
        gathering_kernel(pixels.astype(np.uint8), y, n, dtype, rng),
        gathering_kernel(noise(n_rows, 30), y, min(n, 32), dtype, rng),
    ]


def seconds(call):
    """Return the seconds of one call."""
    start = perf_counter()
    call()
    return perf_counter() - start


def row(kernel, turns):
    """Return a row of the table."""
    times = []
    for _ in range(turns):
        kernel.reset()
        times.append((seconds(kernel.naive), seconds(kernel.fast)))
    slow, fast = (1e6 * median(column) for column in zip(*times, strict=True))
    return f"| {kernel.name} | {slow:.1f} | {fast:.1f} | {slow / fast:.2f} |"


def main():
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch-size", type=int, default=200)
    parser.add_argument("--sizes", type=int, nargs=3, default=[784, 100, 10])
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--turns", type=int, default=300)
    options = parser.parse_args()
    print("| kernel | naive, µs | fast, µs | naive / fast |\n|---|---|---|---|")
    with threadpool_limits(1, "blas"):
        for kernel in kernels(options.batch_size, *options.sizes, np.dtype(options.dtype)):
            print(row(kernel, options.turns), flush=True)


if __name__ == "__main__":
    main()
