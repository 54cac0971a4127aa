"""Each part of the core against PyTorch, where it is installed."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skscratch.core.activations import ACTIVATIONS
from skscratch.core.losses import LOSSES, LogisticCrossEntropy, SoftmaxCrossEntropy
from skscratch.core.optimizers import SOLVERS, Optimizer
from skscratch.core.schedules import Constant, Cosine, Exponential, OneCycle, Step, WarmUp

torch = pytest.importorskip("torch", reason="PyTorch is an oracle that the tests can do without")

F, lr_scheduler = torch.nn.functional, torch.optim.lr_scheduler
TORCH_ACTIVATIONS = {
    "identity": lambda z: z,
    "logistic": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    # torch's own is z from 20 on
    "softplus": lambda z: torch.logaddexp(z, torch.zeros_like(z)),
    "silu": F.silu,
    "gelu": F.gelu,
    "mish": F.mish,
}
NAMES = {type(f): name for name, f in ACTIVATIONS.items()}
SIZES = np.concatenate([[0, 1e-300, 1e-9], np.linspace(0.01, 50, 101), [709, 710, 1000]])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_values_and_derivatives_of_activations(name):
    z = np.concatenate([SIZES, -SIZES])
    leaf = torch.from_numpy(z.copy()).requires_grad_()
    theirs = TORCH_ACTIVATIONS[name](leaf)
    theirs.sum().backward()
    a, delta = np.empty_like(z), np.ones_like(z)
    ACTIVATIONS[name].forward(z, a)
    assert_allclose(a, theirs.detach().numpy(), rtol=1e-12, atol=1e-15)
    ACTIVATIONS[name].backward(z, a, delta)
    assert_allclose(delta, leaf.grad.numpy(), rtol=1e-12, atol=1e-15)


# torch has half the Poisson deviance up to what does not depend on z, and no quantiles
TORCH_LOSSES = {
    "softmax_cross_entropy": lambda z, y: F.cross_entropy(z, y, reduction="none"),
    "logistic_cross_entropy": lambda z, y: F.binary_cross_entropy_with_logits(
        z, y, reduction="none"
    ),
    "squared_error": lambda z, y: F.mse_loss(z, y, reduction="none") / 2,
    "absolute_error": lambda z, y: F.l1_loss(z, y, reduction="none"),
    "huber": lambda z, y: F.huber_loss(z, y, reduction="none"),
    "quantile": lambda z, y: F.l1_loss(z, y, reduction="none") / 2,
    "poisson": lambda z, y: (
        F.poisson_nll_loss(z, y, log_input=True, reduction="none") + torch.xlogy(y, y) - y
    ),
    "gamma": lambda z, y: z + y * torch.exp(-z) - 1 - torch.log(y),
}


def torch_loss(problem, weights, biases):
    """Return the mean loss as PyTorch computes it from leaves that record gradients."""
    dense = problem.X.toarray() if hasattr(problem.X, "toarray") else problem.X
    a = torch.from_numpy(dense)
    for i, f in enumerate(problem.arch.activations):
        a = TORCH_ACTIVATIONS[NAMES[type(f)]](a @ weights[i] + biases[i])
    z, y = a @ weights[-1] + biases[-1], torch.from_numpy(problem.y)
    losses = TORCH_LOSSES[problem.arch.loss.name](z, y)
    losses = losses if losses.ndim == 1 else losses.sum(dim=1)
    w = torch.from_numpy(problem.w)
    return (w * losses).sum() / w.sum()


def leaves(arrays):
    return [torch.from_numpy(array.copy()).requires_grad_() for array in arrays]


def test_loss_and_gradient(problem):
    weights, biases = leaves(problem.params.weights), leaves(problem.params.biases)
    loss = torch_loss(problem, weights, biases)
    loss.backward()
    assert_allclose(problem.loss(), loss.item(), rtol=1e-12)
    problem.gradient()
    for ours, theirs in zip(
        [*problem.grad.weights, *problem.grad.biases], [*weights, *biases], strict=True
    ):
        assert_allclose(ours, theirs.grad.numpy(), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("kind", [SoftmaxCrossEntropy, LogisticCrossEntropy])
def test_label_smoothing(kind, smoothing):
    rng, loss = np.random.default_rng(0), kind(smoothing)
    z, w = rng.normal(size=(20, 4), scale=3), np.full(20, 1 / 20)
    y = (
        rng.integers(4, size=20)
        if loss.output_activation == "softmax"
        else rng.integers(2, size=(20, 4)) * 1.0
    )
    (leaf,), target = leaves([z]), torch.from_numpy(y)
    if loss.output_activation == "softmax":
        theirs = F.cross_entropy(leaf, target, label_smoothing=smoothing)
    else:
        target = (1 - smoothing) * target + smoothing / 2
        theirs = F.binary_cross_entropy_with_logits(leaf, target, reduction="sum") / 20
    theirs.backward()
    assert_allclose(loss.forward(z, y, w), theirs.item(), rtol=1e-12)
    loss.backward(z, y, w)
    assert_allclose(z, leaf.grad.numpy(), rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("name", ["squared_error", "huber", "poisson", "absolute_error"])
def test_losses_of_regressors_at_large_logits(name):
    z = np.linspace(-300, 300, 101)[:, None]
    y, w = np.arange(101.0)[:, None], np.full(101, 1 / 101)
    (leaf,) = leaves([z])
    theirs = TORCH_LOSSES[name](leaf, torch.from_numpy(y)).sum() / 101
    theirs.backward()
    assert_allclose(LOSSES[name].forward(z, y, w), theirs.item(), rtol=1e-12)
    LOSSES[name].backward(z, y, w)
    assert_allclose(z, leaf.grad.numpy(), rtol=1e-12)


TORCH_OPTIMIZERS = [
    pytest.param("sgd", {"momentum": 0, "nesterovs_momentum": False}, {}, id="sgd"),
    pytest.param(
        "sgd", {"momentum": 0.9, "nesterovs_momentum": False}, {"momentum": 0.9}, id="momentum"
    ),
    pytest.param(
        "sgd", {"momentum": 0.9, "nesterovs_momentum": True},
        {"momentum": 0.9, "nesterov": True}, id="nesterov",
    ),
    pytest.param(
        "adam", {"beta_1": 0.9, "beta_2": 0.99, "epsilon": 1e-12},
        {"betas": (0.9, 0.99), "eps": 1e-12}, id="adam",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("solver", "params", "torch_params"), TORCH_OPTIMIZERS)
def test_optimizers_at_a_changing_rate(solver, params, torch_params):
    """Torch, like this package, multiplies the momentum by the rate and not what enters it."""
    gradients = np.random.default_rng(0).normal(size=(8, 5))
    rates = [0.1 / (t + 1) for t in range(8)]
    theta, g = np.ones(5), np.empty(5)
    ours = Optimizer(SOLVERS[solver](**params), rates.__getitem__, theta, g, 5)
    leaf = torch.ones(5, dtype=torch.float64, requires_grad=True)
    kind = torch.optim.SGD if solver == "sgd" else torch.optim.Adam
    theirs = kind([leaf], lr=1.0, **torch_params)
    for rate, gradient in zip(rates, gradients, strict=True):
        g[:] = gradient
        ours.step()
        theirs.param_groups[0]["lr"] = rate
        leaf.grad = torch.from_numpy(gradient.copy())
        theirs.step()
    assert_allclose(theta, leaf.detach().numpy(), rtol=1e-6)


TORCH_SCHEDULES = {
    "cosine": (Cosine(0.3, 40), lambda o: lr_scheduler.CosineAnnealingLR(o, 40), 41),
    "onecycle": (OneCycle(0.3, 40), lambda o: lr_scheduler.OneCycleLR(o, 0.3, 40), 40),
    "onecycle-of-3": (OneCycle(0.3, 3), lambda o: lr_scheduler.OneCycleLR(o, 0.3, 3), 3),
    "exponential": (
        Exponential(0.3, 0.2, 8), lambda o: lr_scheduler.ExponentialLR(o, 0.2 ** (1 / 8)), 40,
    ),
    "step": (Step(0.3, 0.2, 8), lambda o: lr_scheduler.StepLR(o, 8, 0.2), 40),
    "warmup": (
        WarmUp(Constant(0.3), 4), lambda o: lr_scheduler.LinearLR(o, 1 / 5, total_iters=4), 40,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("ours", "make", "n"), TORCH_SCHEDULES.values(), ids=TORCH_SCHEDULES)
def test_schedules(ours, make, n):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    theirs, rates = make(optimizer), []
    for _ in range(n):
        rates += theirs.get_last_lr()
        optimizer.step()
        if len(rates) < n:
            theirs.step()
    assert_allclose([ours(step) for step in range(n)], rates, rtol=1e-12, atol=1e-16)
