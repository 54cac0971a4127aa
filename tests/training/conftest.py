"""A small network, its data and its training, shared by the tests of this folder."""

from dataclasses import fields, replace

import numpy as np
import pytest

from skscratch.core.activations import ReLU, Tanh
from skscratch.core.losses import (
    LOSSES,
    REGRESSION_LOSSES,
    LogisticCrossEntropy,
    SoftmaxCrossEntropy,
)
from skscratch.core.network import Architecture, allocate, split_members, views
from skscratch.core.optimizers import GradientDescent
from skscratch.core.schedules import Constant
from skscratch.training.config import Stochastic, TrainingConfig
from skscratch.training.data import Dataset
from skscratch.training.loop import EpochRunner
from skscratch.training.state import TrainingState

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3))
Y = (X.sum(axis=1, keepdims=True) > 0) * 1.0
OPTIONS = {field.name for field in fields(Stochastic)}


class Hooks:
    """Hooks that write down what they are told, and stop or raise when they are asked to."""

    def __init__(self, stop_after=None, raise_after=None):
        self.stop_after, self.raise_after = stop_after, raise_after
        self.begun, self.ended, self.outcomes, self.resumed = [], [], [], []

    def resume(self, state):
        self.resumed.append(state.n_epochs)

    def begin_epoch(self, state, name="epoch"):
        self.begun.append(name)

    def end_epoch(self, state):
        self.ended.append(state.n_epochs)
        if state.n_epochs == self.raise_after:
            raise KeyboardInterrupt
        return state.n_epochs == self.stop_after

    def end_training(self, state, outcome):
        self.outcomes.append(outcome)


class Factory:
    """Makes the parts of a training run, the same ones each time."""

    linear = Architecture((3, 1), (), LogisticCrossEntropy())
    deep = Architecture((3, 4, 1), (Tanh(),), LogisticCrossEntropy(), (0.3,))

    def data(self, X=X, y=Y, w=None, dtype=np.float64, loss=None, **parts):
        """Return a data set whose labels are its targets; without a loss they are classes."""
        if loss is None:
            loss = SoftmaxCrossEntropy() if y.ndim == 1 else LogisticCrossEntropy()
        n_outputs = int(y.max()) + 1 if y.ndim == 1 else y.shape[1]
        return Dataset(X, y, w, np.dtype(dtype), loss, n_outputs, y, w, **parts)

    def state(self, arch=linear, weight=0.0, theta=None, dtype=np.float64):
        """Return a state with weights that are all the same, or with a copy of theta."""
        own, params = allocate(arch.sizes, dtype, arch.members)
        state = TrainingState(arch, own, params, 0, *map(np.random.default_rng, (0, 1)))
        state.W[:] = weight
        if theta is not None:
            own[:] = theta
        return state

    def config(self, arch=linear, batch_size=6, **params):
        """Return a configuration of gradient descent unless the parameters say otherwise."""
        options = {"rule": GradientDescent(), "schedule": Constant(0.1)}
        options |= {name: params.pop(name) for name in [*params] if name in OPTIONS}
        optimizer = params.pop("optimizer", None) or Stochastic(batch_size=batch_size, **options)
        params = {"initializers": (), "dtype": np.dtype(float)} | params
        return TrainingConfig(arch, optimizer=optimizer, **params)

    def runner(self, state, data=None, rows=None, least_rows=20, **params):
        """Return what trains a state on some rows, all of them by default."""
        data = self.data() if data is None else data
        rows = np.arange(data.X.shape[0]) if rows is None else rows
        config = self.config(state.arch, **params)
        options = config.stochastic
        return EpochRunner(config, options, state, data, rows, options.batch_size, least_rows)

    def hooks(self, **params):
        return Hooks(**params)


class Ensemble:
    """Three networks of one shape with rows of their own, and each of them alone."""

    members, n_features, n_outputs = 3, 4, 3

    def __init__(self):
        rng = np.random.default_rng(0)
        self.X, self.weights = rng.normal(size=(20, 4)), rng.uniform(0.1, 3, 20)
        self.targets = {
            "softmax_cross_entropy": rng.integers(3, size=20),
            "logistic_cross_entropy": rng.integers(2, size=(20, 3)) * 1.0,
        }
        drawn = np.random.default_rng(3).gamma(1.0, 2.0, (20, 3))
        self.targets |= dict.fromkeys(REGRESSION_LOSSES, drawn)
        # seventeen rows each, other ones for every member, in another order
        self.rows = np.array([rng.permutation(20)[:17] for _ in range(3)])

    def data(self, loss="softmax_cross_entropy", w=None):
        return Factory().data(self.X, self.targets[loss], w, loss=LOSSES[loss])

    def state(self, hidden=(6,), dtype=np.float64, loss="softmax_cross_entropy", **parts):
        """Return a state of all members, at random parameters."""
        functions = (Tanh(), ReLU(), Tanh())[: len(hidden)]
        sizes = (self.n_features, *hidden, self.n_outputs)
        arch = Architecture(sizes, functions, LOSSES[loss], members=self.members, **parts)
        size = allocate(sizes, dtype, self.members)[0].size
        # exp of a large logit would end the training
        scale = 0.1 if arch.loss.output_activation == "exp" else 1.0
        theta = np.random.default_rng(1).normal(size=size, scale=scale)
        return Factory().state(arch, theta=theta, dtype=dtype)

    def alone(self, state):
        """Return for each member of a state a state of its own."""
        arch = replace(state.arch, members=1)
        return [
            Factory().state(arch, theta=self.flat(params))
            for params in split_members(state.params, self.members)
        ]

    def flat(self, params):
        """Return a network's parameters as a vector."""
        return np.concatenate([array.ravel() for part in params for array in part])

    def split(self, theta, arch):
        """Return the parameters of each member as a vector."""
        members = split_members(views(theta, arch.sizes, self.members), self.members)
        return [self.flat(params) for params in members]

    def logits(self, arch, weights, biases, inputs):
        """Return the logits of one network, by the plain expressions."""
        for f, W, b in zip(arch.activations, weights, biases, strict=False):
            z = inputs @ W + b
            inputs = np.tanh(z) if isinstance(f, Tanh) else z.clip(0)
        return inputs @ weights[-1] + biases[-1]


@pytest.fixture
def new():
    return Factory()


@pytest.fixture
def data(new):
    """Twenty rows of three features, which a linear model separates."""
    return new.data()


@pytest.fixture
def state(new):
    """A linear model whose parameters are all zero."""
    return new.state()


@pytest.fixture
def ensemble():
    return Ensemble()
