"""Networks of every kind for the tests of the two passes."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.sparse import csr_array

from skscratch.core.activations import ACTIVATIONS
from skscratch.core.losses import LOSSES
from skscratch.core.network import Architecture, Gradient, Workspace, allocate, backward, forward
from tests.core.targets import draw_targets

P, Q = 5, 3


class Problem:
    """Networks in float64 with data of their own, and their loss as a function of theta."""

    def __init__(
        self, activations, loss, sparse=False, weighted=False, hidden=(6, 4), n=12, members=1
    ):
        rng = np.random.default_rng(0)
        self.arch = Architecture((P, *hidden, Q), tuple(activations), loss, members=members)
        self.theta, self.params = allocate(self.arch.sizes, np.float64, members)
        self.theta[:] = rng.normal(size=self.theta.size)
        rows = (members, n) if members > 1 else (n,)
        X = rng.normal(size=(*rows, P)) * (rng.random((*rows, P)) < 0.6)
        self.X = csr_array(X) if sparse else X
        self.y = draw_targets(loss, rng, rows, Q)
        w = rng.uniform(0, 2, rows) if weighted else np.ones(rows)
        self.w = w / w.sum(axis=-1, keepdims=True)
        self.dropout_seed = None
        self.ws, self.grad = (
            kind.empty(self.arch, n, np.float64) for kind in (Workspace, Gradient)
        )

    def with_dropout(self, rates):
        """Let every pass from now on drop the same activations; return the problem."""
        self.arch = replace(self.arch, dropout=rates)
        self.ws = Workspace.empty(self.arch, self.w.shape[-1], np.float64)
        self.dropout_seed = 0
        return self

    def loss(self):
        """Return the mean loss, summed over networks; leave the prediction in ``ws.z[-1]``."""
        seed = self.dropout_seed
        rng = None if seed is None else np.random.default_rng(seed)
        forward(self.arch, self.params, self.ws, self.X, rng)
        return self.arch.loss.forward(self.ws.z[-1], self.y, self.w)

    def gradient(self):
        """Return dL/dtheta."""
        self.loss()
        delta = self.ws.z[-1]
        self.arch.loss.backward(delta, self.y, self.w)
        backward(self.arch, self.params, self.ws, self.grad, self.X, delta)
        return self.grad.g


EVERY_KIND = [
    pytest.param((f, loss, sparse, weighted), id=f"{f}-{loss}-{'csr' * sparse}-{'w' * weighted}")
    for f, loss, sparse, weighted in product(ACTIVATIONS, LOSSES, (False, True), (False, True))
]


@pytest.fixture(params=EVERY_KIND)
def problem(request):
    """Every activation × loss × dense/CSR × weights, with two hidden layers."""
    activation, loss, sparse, weighted = request.param
    return Problem([ACTIVATIONS[activation]] * 2, LOSSES[loss], sparse, weighted)


@pytest.fixture
def make_problem():
    return Problem
