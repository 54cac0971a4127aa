"""Update rules against naive loops; steps with penalty, decay, clipping and an average."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import comb

from skscratch.core import optimizers
from skscratch.core.optimizers import (
    EMA,
    SOLVERS,
    Adam,
    GradientDescent,
    Momentum,
    Nesterov,
    Optimizer,
    OptimizerState,
)

GRADIENTS = np.random.default_rng(0).normal(size=(6, 10))
RULES = [GradientDescent(), Momentum(0.9), Nesterov(0.9), Adam(0.9, 0.99, 1e-8)]
EVERYTHING = {"n_weights": 6, "l2": 0.1, "weight_decay": 0.3, "max_norm": 2.0}

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)


def take_step(rule, t, rate, g, step, *slots):
    rule(g, step, [np.array(scalar) for scalar in rule.scalars(t, rate)], *slots)


def directions(rule, rate=1.0):
    """Return what the rule makes of each gradient in turn."""
    slots = [np.zeros(10) for _ in rule.units]
    out = np.full_like(GRADIENTS, np.nan)
    for t, (g, step) in enumerate(zip(GRADIENTS.copy(), out, strict=True), start=1):
        take_step(rule, t, rate, g, step, *slots)
    return out


@every_rule
def test_a_step_is_the_rate_times_a_direction(rule):
    assert_allclose(directions(rule, rate=0.3), 0.3 * directions(rule), rtol=1e-12)


def test_momentum_is_the_discounted_sum_of_gradients():
    expected = [sum(0.9**i * GRADIENTS[t - i] for i in range(t + 1)) for t in range(6)]
    assert_allclose(directions(Momentum(0.9)), expected, rtol=1e-12)


def test_nesterov_applies_momentum_once_more():
    v = directions(Momentum(0.9))
    assert_allclose(directions(Nesterov(0.9)), GRADIENTS + 0.9 * v, rtol=1e-12)


def test_adam_is_the_ratio_of_bias_corrected_averages():
    """With ε negligible the two places where it can be added agree."""
    b1, b2, expected = 0.8, 0.95, []
    for t in range(1, 7):
        decay = np.arange(t)[::-1, None]
        m = ((1 - b1) * b1**decay * GRADIENTS[:t]).sum(axis=0) / (1 - b1**t)
        v = ((1 - b2) * b2**decay * GRADIENTS[:t] ** 2).sum(axis=0) / (1 - b2**t)
        expected.append(m / np.sqrt(v))
    assert_allclose(directions(Adam(b1, b2, 1e-300)), expected, rtol=1e-10)


def test_adams_epsilon_is_added_before_bias_correction():
    step = np.empty(1)
    take_step(Adam(0.9, 0.999, 0.1), 1, 1.0, np.array([1.0]), step, np.zeros(1), np.zeros(1))
    assert_allclose(step, np.sqrt(0.001) / 0.1 * 0.1 / (np.sqrt(0.001) + 0.1))


def test_solvers_build_the_rule_that_their_parameters_ask_for():
    assert SOLVERS["sgd"](momentum=0, nesterovs_momentum=True) == GradientDescent()
    assert SOLVERS["sgd"](momentum=0.5, nesterovs_momentum=True) == Nesterov(0.5)
    assert SOLVERS["sgd"](momentum=0.5, nesterovs_momentum=False) == Momentum(0.5)
    assert SOLVERS["adam"](beta_1=0.1, beta_2=0.2, epsilon=0.3) == Adam(0.1, 0.2, 0.3)


def constant(t):
    return 0.1


def falling(t):
    return 0.1 / (t + 1)


def train(rule, theta, gradients, rate=constant, n_weights=None, **options):
    """Return the parameters after a step for each gradient, and the optimizer."""
    theta, g = theta.copy(), np.empty_like(theta)
    n_weights = theta.size if n_weights is None else n_weights
    optimizer = Optimizer(rule, rate, theta, g, n_weights, **options)
    for gradient in gradients:
        g[:] = gradient
        optimizer.step()
    return theta, optimizer


def average(gradients, decay, theta=None, mean=None, n=0):
    """Return theta after each step, and their running average at the end."""
    theta = np.ones(10) if theta is None else theta
    mean, g = np.full(10, 7.0) if mean is None else mean, np.empty(10)
    ema, course = EMA(theta, decay, mean, n), []
    optimizer = Optimizer(GradientDescent(), constant, theta, g, 10, ema=ema)
    for gradient in gradients:
        g[:] = gradient
        optimizer.step()
        course.append(theta.copy())
    return np.array(course), mean


def test_a_step_goes_against_the_gradient():
    theta, _ = train(GradientDescent(), np.ones(10), GRADIENTS[:2])
    assert_allclose(theta, 1 - 0.1 * GRADIENTS[:2].sum(axis=0))


def test_the_rate_is_that_of_the_step_times_the_scale():
    seen, theta = [], np.zeros(1)
    optimizer = Optimizer(GradientDescent(), lambda t: seen.append(t) or 1.0, theta, np.ones(1), 1)
    optimizer.state.n_updates, optimizer.state.lr_multiplier = 5, 0.5
    optimizer.step()
    assert seen == [5]
    assert theta == -0.5


@pytest.mark.parametrize("block", [1, 2, 5, 7, 8, 100])
def test_the_penalty_acts_on_weights_alone_and_before_the_rule(block, monkeypatch):
    """Whether a block holds weights, biases or both: [0, 5) and [5, 10), or [8, 10) alone."""
    monkeypatch.setattr(optimizers, "BLOCK", block)
    options = {"n_weights": 7, "l2": 0.5}
    theta, _ = train(GradientDescent(), np.ones(10), np.zeros((1, 10)), **options)
    assert_allclose(theta, np.repeat([1 - 0.1 * 0.5, 1], [7, 3]))
    theta, _ = train(GradientDescent(), np.ones(10), GRADIENTS[:1], **options)
    assert_allclose(theta, 1 - 0.1 * (GRADIENTS[0] + np.repeat([0.5, 0], [7, 3])))
    theta, _ = train(Adam(0.9, 0.999, 1e-8), np.ones(10), np.zeros((1, 10)), **options)
    assert_allclose(theta, np.repeat([0.9, 1], [7, 3]), rtol=1e-5)


@every_rule
@pytest.mark.parametrize("block", [1, 3, 4, 100])
def test_blocks_change_nothing(rule, block, monkeypatch):
    expected, whole = train(rule, np.ones(10), GRADIENTS, **EVERYTHING)
    assert any(math.sqrt(g @ g) > EVERYTHING["max_norm"] for g in GRADIENTS)
    monkeypatch.setattr(optimizers, "BLOCK", block)
    theta, blocks = train(rule, np.ones(10), GRADIENTS, **EVERYTHING)
    assert_array_equal(theta, expected)
    assert_allclose(blocks.norms, whole.norms, rtol=1e-12)


@every_rule
def test_going_on_from_t_and_slots_is_exact(rule):
    whole, _ = train(rule, np.ones(10), GRADIENTS, falling, **EVERYTHING)
    half, optimizer = train(rule, np.ones(10), GRADIENTS[:3], falling, **EVERYTHING)
    rest, _ = train(rule, half, GRADIENTS[3:], falling, state=optimizer.state, **EVERYTHING)
    assert_array_equal(rest, whole)


@every_rule
def test_float32_stays_float32(rule):
    theta, optimizer = train(rule, np.ones(10, np.float32), GRADIENTS, **EVERYTHING)
    exact, _ = train(rule, np.ones(10), GRADIENTS, **EVERYTHING)
    assert theta.dtype == np.float32
    assert {slot.dtype for slot in optimizer.state.slots} <= {np.dtype(np.float32)}
    assert_allclose(theta, exact, rtol=1e-5)


class TestWeightDecay:
    @every_rule
    def test_it_is_a_share_of_the_weights_whatever_the_rule(self, rule):
        """One step: the rule's own step, and rate · weight_decay of each weight."""
        start = np.linspace(1, 2, 10)
        plain, _ = train(rule, start, GRADIENTS[:1])
        theta, _ = train(rule, start, GRADIENTS[:1], weight_decay=0.5)
        assert_allclose(theta, plain - 0.1 * 0.5 * start, rtol=1e-12)

    @every_rule
    @pytest.mark.parametrize("block", [1, 4, 7, 100])
    def test_biases_do_not_decay(self, rule, block, monkeypatch):
        monkeypatch.setattr(optimizers, "BLOCK", block)
        plain, _ = train(rule, np.ones(10), GRADIENTS)
        theta, _ = train(rule, np.ones(10), GRADIENTS, n_weights=7, weight_decay=0.5)
        assert_array_equal(theta[7:], plain[7:])
        assert (theta[:7] < plain[:7]).all()

    def test_the_scale_acts_on_it_as_on_the_rate(self):
        theta = np.ones(1)
        optimizer = Optimizer(GradientDescent(), constant, theta, np.zeros(1), 1, weight_decay=0.5)
        optimizer.state.lr_multiplier = 0.2
        optimizer.step()
        assert_allclose(theta, 1 - 0.1 * 0.2 * 0.5)

    @pytest.mark.parametrize("kind", ["AdamW", "SGD"])
    def test_pytorch_agrees(self, kind):
        """SGD of PyTorch adds decay to the gradient; there it is taken off by hand."""
        torch = pytest.importorskip("torch")
        start, rates = np.linspace(-1, 1, 10), [falling(t) for t in range(6)]
        rule = Adam(0.9, 0.99, 1e-12) if kind == "AdamW" else Momentum(0.9)
        ours, _ = train(rule, start, GRADIENTS, falling, n_weights=6, weight_decay=0.3)
        leaves = [torch.tensor(part, requires_grad=True) for part in (start[:6], start[6:])]
        if kind == "AdamW":
            decays, options = (0.3, 0), {"betas": (0.9, 0.99), "eps": 1e-12}
        else:
            decays, options = (0, 0), {"momentum": 0.9}
        groups = [{"params": [p], "weight_decay": d} for p, d in zip(leaves, decays, strict=True)]
        optimizer = getattr(torch.optim, kind)(groups, lr=1.0, **options)
        for rate, gradient in zip(rates, GRADIENTS, strict=True):
            for leaf, part in zip(leaves, (gradient[:6], gradient[6:]), strict=True):
                leaf.grad = torch.tensor(part)
            for group in optimizer.param_groups:
                group["lr"] = rate
            if kind == "SGD":
                leaves[0].data *= 1 - rate * 0.3
            optimizer.step()
        theirs = np.concatenate([leaf.detach().numpy() for leaf in leaves])
        assert_allclose(ours, theirs, rtol=1e-7)


class TestClipping:
    def test_a_long_gradient_is_shortened_to_the_norm(self):
        long, short = np.full(4, 5.0), np.full(4, 0.5)  # of norms 10 and 1
        for gradient, used in ((long, long / 5), (short, short), (long / 5, long / 5)):
            theta, _ = train(GradientDescent(), np.zeros(4), [gradient], max_norm=2.0)
            assert_allclose(theta, -0.1 * used)

    @pytest.mark.parametrize("max_norm", [0.5, 3.0, 1e6])
    def test_pytorch_agrees(self, max_norm):
        """PyTorch adds 1e-6 to the norm that it divides by."""
        torch = pytest.importorskip("torch")
        ours, _ = train(Momentum(0.9), np.ones(10), GRADIENTS, max_norm=max_norm)
        leaves = [torch.ones(n, dtype=torch.float64, requires_grad=True) for n in (6, 4)]
        optimizer = torch.optim.SGD(leaves, lr=0.1, momentum=0.9)
        for gradient in GRADIENTS:
            for leaf, part in zip(leaves, (gradient[:6], gradient[6:]), strict=True):
                leaf.grad = torch.tensor(part)
            torch.nn.utils.clip_grad_norm_(leaves, max_norm)
            optimizer.step()
        theirs = np.concatenate([leaf.detach().numpy() for leaf in leaves])
        assert_allclose(ours, theirs, rtol=1e-5)

    def test_the_penalty_does_not_count_and_is_not_shortened(self):
        gradient = np.array([3.0, 4.0])
        options = {"n_weights": 1, "l2": 100.0}
        theta, optimizer = train(GradientDescent(), np.ones(2), [gradient], max_norm=1, **options)
        assert_allclose(theta, [1 - 0.1 * (0.6 + 100), 1 - 0.1 * 0.8])
        assert optimizer.norms == 5

    @pytest.mark.parametrize("max_norm", [0.1, 3.0, math.inf])
    @pytest.mark.parametrize("block", [3, 100])
    def test_norms_are_summed_as_they_were_before(self, max_norm, block, monkeypatch):
        monkeypatch.setattr(optimizers, "BLOCK", block)
        options = {"max_norm": max_norm, "l2": 0.5}
        _, optimizer = train(Adam(0.9, 0.99, 1e-8), np.ones(10), GRADIENTS, **options)
        assert_allclose(optimizer.norms, np.linalg.norm(GRADIENTS, axis=1).sum())

    @pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e30), (np.float64, 1e200)])
    def test_a_gradient_whose_square_overflows_is_shortened_too(self, dtype, size):
        gradient = np.array([3 * size, -4 * size])
        start = np.zeros(2, dtype)
        with np.errstate(over="ignore"):
            theta, optimizer = train(GradientDescent(), start, [gradient], max_norm=1.0)
        assert_allclose(theta, [-0.06, 0.08], rtol=1e-6)
        assert_allclose(optimizer.norms, 5 * size, rtol=1e-6)

    def test_a_gradient_that_is_not_finite_is_not_hidden(self):
        for value in (np.inf, np.nan):
            gradient = np.array([value, 1.0])
            theta, _ = train(GradientDescent(), np.zeros(2), [gradient], max_norm=1.0)
            assert not np.isfinite(theta[0])

    def test_a_gradient_of_zeros_is_no_trouble(self):
        theta, optimizer = train(Momentum(0.9), np.ones(10), np.zeros((2, 10)), max_norm=1.0)
        assert_array_equal(theta, 1)
        assert optimizer.norms == 0


class TestEMA:
    @pytest.mark.parametrize("decay", [0.5, 0.9, 0.999])
    def test_at_first_the_j_th_step_counts_like_the_binomial_of_j_plus_8_over_9(self, decay):
        """What mean holds before the first step counts for nothing, and old steps for little."""
        n = min(40, math.ceil(10 / (1 - decay)) - 9)
        course, mean = average(np.random.default_rng(1).normal(size=(n, 10)), decay)
        weights = comb(np.arange(1, n + 1) + 8, 9)
        assert_allclose(mean, weights @ course / weights.sum(), rtol=1e-10)

    @pytest.mark.parametrize(("decay", "n"), [(0.5, 11), (0.9, 91), (0.0, 1)])
    def test_later_the_weight_of_a_step_falls_by_the_decay(self, decay, n):
        """From the n-th step on."""
        gradients = np.random.default_rng(1).normal(size=(n + 5, 10))
        _, mean = average(gradients[: n - 1], decay)
        course, end = average(gradients, decay)
        weights = (1 - decay) * decay ** np.arange(6)[::-1]
        assert_allclose(end, decay**6 * mean + weights @ course[n - 1 :], rtol=1e-10)

    def test_at_first_the_mean_is_as_old_as_a_tenth_of_the_steps(self):
        """theta moves by 0.1 a step, so the mean lies behind by a tenth of its age."""
        course, mean = average(np.ones((500, 10)), 0.9999)
        assert_allclose((mean - course[-1]) / 0.1, 499 / 11, rtol=1e-10)

    def test_the_steps_are_those_of_the_optimizer(self):
        course, _ = average(GRADIENTS, 0.9)
        assert_array_equal(course[-1], train(GradientDescent(), np.ones(10), GRADIENTS)[0])

    @pytest.mark.parametrize("block", [1, 3, 4, 100])
    def test_blocks_change_nothing(self, block, monkeypatch):
        _, expected = average(GRADIENTS, 0.9)
        monkeypatch.setattr(optimizers, "BLOCK", block)
        assert_array_equal(average(GRADIENTS, 0.9)[1], expected)

    def test_going_on_from_the_mean_and_n_is_exact(self):
        course, whole = average(GRADIENTS, 0.9)
        _, half = average(GRADIENTS[:3], 0.9)
        _, rest = average(GRADIENTS[3:], 0.9, theta=course[2].copy(), mean=half, n=3)
        assert_array_equal(rest, whole)

    def test_float32_stays_float32(self):
        theta, mean, g = np.ones((3, 10), np.float32)
        ema = EMA(theta, 0.9, mean)
        Optimizer(GradientDescent(), constant, theta, g, 10, ema=ema).step()
        assert mean.dtype == np.float32
        assert_allclose(mean, 0.9, rtol=1e-6)


class TestOptimizerState:
    def test_a_rule_of_the_same_class_goes_on_with_rescaled_slots(self):
        theta, before = np.zeros(3), OptimizerState.start(Adam(0.5, 0.75, 1e-8), np.zeros(3))
        for slot in before.slots:
            slot[:] = 1
        before.n_updates, before.lr_multiplier = 7, 0.5
        now = OptimizerState.start(Adam(0.75, 0.5, 1e-8), theta, before)
        assert (now.n_updates, now.lr_multiplier, now.units) == (7, 1.0, (0.25, 0.5))
        assert_array_equal(now.slots, [[2, 2, 2], [0.5, 0.5, 0.5]])
        assert all(np.shares_memory(a, b) for a, b in zip(now.slots, before.slots, strict=True))

    def test_another_rule_starts_anew(self):
        before = OptimizerState.start(Momentum(0.9), np.zeros(3))
        before.slots[0][:], before.n_updates = 1, 7
        now = OptimizerState.start(Nesterov(0.9), np.zeros(3, np.float32), before)
        assert (now.rule, now.n_updates) == ("Nesterov", 0)
        assert_array_equal(now.slots, np.zeros((1, 3)))
        assert now.slots[0].dtype == np.float32

    @every_rule
    def test_its_dict_is_all_that_it_needs(self, rule):
        _, optimizer = train(rule, np.ones(10), GRADIENTS, falling)
        saved = optimizer.state.state_dict()
        again = OptimizerState.from_state_dict(saved)
        assert again == optimizer.state
        other = OptimizerState.start(rule, np.ones(10))
        other.load_state_dict(saved)
        assert other.n_updates == 6
        assert_array_equal(other.slots, optimizer.state.slots)
        assert not any(map(np.shares_memory, other.slots, optimizer.state.slots))

    def test_an_empty_dict_is_no_state(self):
        assert OptimizerState.from_state_dict({}) is None
