"""JAX with the whole epoch compiled: a scan over the batches, gathering included.

The last, incomplete batch is left out, because shapes must be fixed. The time is per step.
"""

from time import perf_counter

import jax
import jax.numpy as jnp
import numpy as np

__all__ = ["timer"]

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh}
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


def timer(work):
    """Return the timer."""
    X, y = map(jnp.asarray, work.data())
    params = [(jnp.asarray(W), jnp.zeros(W.shape[1], W.dtype)) for W in work.weights()]
    zeros = jax.tree.map(jnp.zeros_like, params)
    carry = (params, zeros, jax.tree.map(jnp.zeros_like, params), jnp.zeros((), jnp.int32))
    epoch = compiled_epoch(work)
    rng = np.random.default_rng(0)
    n_full = work.n_rows // work.batch_size

    def run(carry):
        order = rng.permutation(work.n_rows)[: n_full * work.batch_size]
        return epoch(carry, X, y, order.reshape(n_full, work.batch_size))

    carry, _ = run(carry)

    def seconds_per_step():
        nonlocal carry
        jax.block_until_ready(carry)
        start = perf_counter()
        for _ in range(work.n_epochs):
            carry, loss = run(carry)
        loss.block_until_ready()
        jax.block_until_ready(carry)
        return (perf_counter() - start) / (work.n_epochs * n_full)

    return seconds_per_step


def compiled_epoch(work):
    """Return a function from (carry, X, y, rows of every batch) to (carry, mean loss)."""
    f = ACTIVATIONS[work.activation]
    update = {"sgd": sgd, "adam": adam}[work.solver]
    l2, rate = work.alpha / work.n_rows, work.learning_rate_init

    def loss(params, X, y):
        a = X
        for W, b in params[:-1]:
            a = f(a @ W + b)
        z = a @ params[-1][0] + params[-1][1]
        penalty = 0.5 * l2 * sum(jnp.sum(W * W) for W, _ in params)
        if work.sizes[-1] == 1:
            return jnp.mean(jnp.logaddexp(0, z[:, 0]) - y * z[:, 0]) + penalty
        picked = jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1)
        return penalty - jnp.mean(picked)

    def epoch(carry, X, y, order):
        def step(carry, rows):
            value, grads = jax.value_and_grad(loss)(carry[0], X[rows], y[rows])
            return update(carry, grads, rate), value

        carry, losses = jax.lax.scan(step, carry, order)
        return carry, jnp.mean(losses)

    return jax.jit(epoch, donate_argnums=0)


def sgd(carry, grads, rate):
    """Take a step of plain gradient descent."""
    params, *rest = carry
    return (jax.tree.map(lambda p, g: p - rate * g, params, grads), *rest)


def adam(carry, grads, rate):
    """Take a step of Adam."""
    params, m, v, t = carry
    t = t + 1
    m = jax.tree.map(lambda m, g: BETA_1 * m + (1 - BETA_1) * g, m, grads)
    v = jax.tree.map(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, v, grads)
    rate = rate * jnp.sqrt(1 - BETA_2**t) / (1 - BETA_1**t)
    params = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + EPSILON), params, m, v)
    return params, m, v, t
