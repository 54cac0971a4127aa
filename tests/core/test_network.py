"""The two passes against finite differences, and the memory they share."""

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from skscratch.core.activations import ACTIVATIONS, Logistic, ReLU, Tanh
from skscratch.core.losses import LOSSES, LogisticCrossEntropy, SoftmaxCrossEntropy
from skscratch.core.network import (
    Architecture,
    Gradient,
    InputGradient,
    Parameters,
    Workspace,
    allocate,
    backward,
    backward_input,
    forward,
    outputs,
    views,
)
from skscratch.core.regression_losses import Quantile

SOFTMAX, LOGISTIC = SoftmaxCrossEntropy(), LogisticCrossEntropy()


def buffers(ws, grad):
    masks = [mask for mask in ws.mask if mask is not None]
    return [*ws.z, *ws.a, *ws.h, *masks, *grad.delta, grad.ones]


every_dropout = pytest.mark.parametrize("rates", [(0.0, 0.0), (0.5, 0.0), (0.3, 0.5)], ids=str)
one_or_three = pytest.mark.parametrize("members", [1, 3])


def slope(problem, direction, step=1e-6):
    """Return the derivative of the loss along a direction, by central differences."""
    start, losses = problem.theta.copy(), []
    for sign in (1, -1):
        problem.theta[:] = start + sign * step * direction
        losses.append(problem.loss())
    problem.theta[:] = start
    return (losses[0] - losses[1]) / (2 * step)


def assert_gradient_is_right(problem):
    gradient = problem.gradient().copy()
    for seed in range(3):
        direction = np.random.default_rng(seed).normal(size=gradient.size)
        assert_allclose(gradient @ direction, slope(problem, direction), rtol=1e-6)


def test_gradient_along_random_directions(problem):
    assert_gradient_is_right(problem)


EVERY_LOSS = LOSSES | {"quantile-three": Quantile((0.2, 0.5, 0.7))}
every_loss = pytest.mark.parametrize("loss", EVERY_LOSS.values(), ids=EVERY_LOSS)
every_depth = pytest.mark.parametrize(
    ("hidden", "activations"),
    [((), ()), ((6,), (Tanh(),)), ((6, 5, 4), (Tanh(), ReLU(), Logistic()))],
)


@every_loss
@every_depth
@one_or_three
def test_gradient_of_any_depth_and_of_mixed_activations(
    make_problem, loss, hidden, activations, members
):
    network = {"hidden": hidden, "members": members}
    assert_gradient_is_right(make_problem(activations, loss, weighted=True, **network))


@every_loss
@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_gradient_of_networks_side_by_side(make_problem, loss, activation):
    problem = make_problem([activation] * 2, loss, weighted=True, members=3)
    assert_gradient_is_right(problem)
    assert_gradient_is_right(problem.with_dropout((0.4, 0.3)))


@every_loss
@every_depth
@pytest.mark.parametrize("n", [1, 12])
def test_networks_side_by_side_are_each_as_if_alone(make_problem, loss, hidden, activations, n):
    three = make_problem(activations, loss, weighted=True, hidden=hidden, n=n, members=3)
    total, z = three.loss(), three.ws.z[-1].copy()
    of_three, losses = views(three.gradient(), three.arch.sizes, members=3), []
    for i in range(3):
        alone = make_problem(activations, loss, hidden=hidden, n=n)
        alone.X, alone.y, alone.w = three.X[i], three.y[i], three.w[i]
        for own, of_members in zip(alone.params, three.params, strict=True):
            for array, arrays in zip(own, of_members, strict=True):
                array[...] = arrays[i]
        losses.append(alone.loss())
        assert_allclose(z[i], alone.ws.z[-1], rtol=1e-10)
        gradient = views(alone.gradient(), alone.arch.sizes)
        for own, of_members in zip(gradient, of_three, strict=True):
            for array, arrays in zip(own, of_members, strict=True):
                assert_allclose(arrays[i], array, rtol=1e-10, atol=1e-14)
    assert_allclose(total, sum(losses), rtol=1e-12)


@pytest.mark.parametrize("rates", [(0.5, 0.3), (0.4, 0.0), (0.0, 0.4)], ids=str)
def test_gradient_where_the_same_activations_are_dropped(problem, rates):
    assert_gradient_is_right(problem.with_dropout(rates))


def test_only_layers_with_a_rate_have_dropout(make_problem):
    problem = make_problem([Tanh()] * 3, SOFTMAX, hidden=(6, 5, 4))
    problem.with_dropout((0.1, 0.0, 0.9)).loss()
    first, second, third = problem.ws.h
    assert (first == 0).mean() < 0.5 < (third == 0).mean() < 1
    assert second is problem.ws.a[1]
    assert problem.ws.mask[1] is None
    assert second.all()


def test_without_rng_nothing_is_dropped(make_problem):
    problem = make_problem([Tanh()] * 2, SOFTMAX)
    expected = logits(problem.arch, problem.params, problem.X, 5)
    problem.with_dropout((0.5, 0.3)).loss()
    assert_array_equal(logits(problem.arch, problem.params, problem.X, 5), expected)
    forward(problem.arch, problem.params, problem.ws, problem.X)
    assert_allclose(problem.ws.z[-1], expected, rtol=1e-12)


def test_no_rates_are_rates_of_zero():
    assert Architecture((2, 3, 4, 1), (Tanh(), Tanh()), LOGISTIC).dropout == (0, 0)


def test_forward_by_hand():
    """Two inputs, one relu unit, one output: z = (1·2 + 2·3 + 1)·4 + 5."""
    arch = Architecture((2, 1, 1), (ReLU(),), LOGISTIC)
    params = Parameters(
        [np.array([[2.0], [3.0]]), np.array([[4.0]])], [np.array([1.0]), np.array([5.0])]
    )
    ws = Workspace.empty(arch, 1, np.float64)
    forward(arch, params, ws, np.array([[1.0, 2.0]]))
    assert_array_equal(ws.z[-1], [[41.0]])


def test_theta_is_all_weights_then_all_biases_and_shares_their_memory():
    theta, (weights, biases) = allocate((2, 3, 1), np.float32)
    assert theta.dtype == np.float32
    assert [W.shape for W in weights] == [(2, 3), (3, 1)]
    assert [b.shape for b in biases] == [(3,), (1,)]
    for i, view in enumerate([*weights, *biases]):
        view[...] = i
    assert_array_equal(theta, np.repeat([0, 1, 2, 3], [6, 3, 3, 1]))


@every_dropout
@one_or_three
def test_head_shares_memory_and_leaves_the_gradient_whole(make_problem, rates, members):
    problem = make_problem([Tanh()] * 2, SOFTMAX, members=members).with_dropout(rates)
    ws, grad = problem.ws.head(4), problem.grad.head(4)
    *passes, ones = buffers(ws, grad)
    assert {buffer.shape[-2] for buffer in passes} == {len(ones)} == {4}
    whole, head = buffers(problem.ws, problem.grad), buffers(ws, grad)
    assert all(np.shares_memory(a, b) for a, b in zip(head, whole, strict=True))
    assert grad.g is problem.grad.g


@every_dropout
@one_or_three
@pytest.mark.parametrize("n", [1, 4, 11, 12])
@every_loss
def test_heads_hold_what_a_workspace_of_their_own_would(make_problem, loss, n, rates, members):
    problem = make_problem([Tanh()] * 2, loss, members=members).with_dropout(rates)
    shared_ws, shared_grad = problem.ws.head(n), problem.grad.head(n)
    own = Workspace.empty(problem.arch, n, np.float64), Gradient.empty(problem.arch, n, np.float64)
    pairs = zip(buffers(shared_ws, shared_grad), buffers(*own), strict=True)
    assert all(shared.strides == alone.strides for shared, alone in pairs)
    assert_array_equal(shared_grad.ones, np.ones(n))
    rows = *(slice(None),) * (problem.w.ndim - 1), slice(n)
    X, y, w = problem.X[rows], problem.y[rows], np.full_like(problem.w[rows], 1 / n)
    own = [kind.empty(problem.arch, n, np.float64) for kind in (Workspace, Gradient)]
    gradients = []
    for ws, grad in ((shared_ws, shared_grad), own):
        forward(problem.arch, problem.params, ws, X, np.random.default_rng(1))
        loss.forward(ws.z[-1], y, w)
        loss.backward(ws.z[-1], y, w)
        backward(problem.arch, problem.params, ws, grad, X, ws.z[-1])
        gradients.append(grad.g)
    assert_array_equal(*gradients)


def test_of_members_every_part_of_theta_has_one_after_the_other():
    theta, (weights, biases) = allocate((2, 3, 1), np.float32, members=2)
    assert [W.shape for W in weights] == [(2, 2, 3), (2, 3, 1)]
    assert [b.shape for b in biases] == [(2, 3), (2, 1)]
    for i, view in enumerate([*weights, *biases]):
        view[0], view[1] = i, i + 0.5
    assert_array_equal(theta, np.repeat(np.arange(8) / 2, [6, 6, 3, 3, 3, 3, 1, 1]))


@one_or_three
def test_what_is_for_training_is_left_out_of_predictions(members):
    loss = SoftmaxCrossEntropy(smoothing=0.1)
    arch = Architecture((2, 3, 2), (Tanh(),), loss, (0.5,), members)
    assert arch.for_prediction() == Architecture((2, 3, 2), (Tanh(),), SOFTMAX, members=members)


@one_or_three
def test_hidden_layers_lie_row_by_row_and_logits_column_by_column(make_problem, members):
    problem = make_problem([Tanh()] * 2, SOFTMAX, members=members)
    *hidden, logits = problem.ws.z
    assert all(a.flags.c_contiguous for a in (*hidden, *problem.ws.a, *problem.grad.delta))
    assert logits.mT.flags.c_contiguous
    assert not logits.flags.c_contiguous


def logits(*args):
    return outputs(*args, finish=lambda z: z)


@pytest.mark.parametrize("container", [np.asarray, csr_array])
@pytest.mark.parametrize("batch_size", [1, 5, 12, 100])
def test_logits_in_batches_equal_one_forward_pass(make_problem, container, batch_size):
    problem = make_problem([Tanh()] * 2, SOFTMAX)
    forward(problem.arch, problem.params, problem.ws, problem.X)
    z = logits(problem.arch, problem.params, container(problem.X), batch_size)
    assert_allclose(z, problem.ws.z[-1], rtol=1e-12)


@pytest.mark.parametrize("batch_size", [1, 5, 12, 100])
def test_outputs_may_be_of_any_dtype_and_shape_and_write_over_the_logits(make_problem, batch_size):
    problem = make_problem([Tanh()] * 2, SOFTMAX)

    def largest(z):
        best = z.argmax(axis=1)
        z[...] = np.nan
        return best

    seen = outputs(problem.arch, problem.params, problem.X, batch_size, largest)
    z = logits(problem.arch, problem.params, problem.X, batch_size)
    assert seen.dtype == np.intp
    assert_array_equal(seen, z.argmax(axis=1))


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float64])
@pytest.mark.parametrize("container", [np.asarray, csr_array])
def test_outputs_cast_batch_by_batch(make_problem, container, dtype):
    problem = make_problem([Tanh()] * 2, SOFTMAX)
    single = Parameters(*([a.astype(np.float32) for a in part] for part in problem.params))
    X = (10 * problem.X.clip(0)).astype(dtype)
    z = logits(problem.arch, single, container(X), 5)
    assert z.dtype == np.float32
    assert_array_equal(z, logits(problem.arch, single, container(X.astype(np.float32)), 5))


@pytest.mark.parametrize("rates", [(0.0, 0.0), (0.5, 0.5)], ids=str)
def test_passes_allocate_a_few_numbers_a_row_and_no_matrix(make_problem, rates):
    """NumPy's broadcasting keeps a buffer of fixed size, so peaks are compared between batches."""
    peaks = {}
    for n in (512, 2048):
        problem = make_problem([ReLU()] * 2, SOFTMAX, hidden=(256, 256), n=n)
        problem.with_dropout(rates).gradient()
        tracemalloc.start()
        problem.gradient()
        peaks[n] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    a_row = (peaks[2048] - peaks[512]) / (2048 - 512)
    assert a_row < 64 < 256 * 8, "bytes a row; one hidden layer has 256 floats of 8 bytes"


@pytest.mark.parametrize("hidden", [(), (6,), (6, 4)], ids=str)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradient_of_the_inputs(name, hidden):
    rng = np.random.default_rng(0)
    arch = Architecture((5, *hidden, 3), (ACTIVATIONS[name],) * len(hidden), SOFTMAX)
    theta, params = allocate(arch.sizes, np.float64)
    theta[:] = rng.normal(size=theta.size)
    X, d = rng.normal(size=(2, 7, 5))
    ws = Workspace.empty(arch, 9, np.float64).head(7)
    grad, dX = InputGradient.empty(arch, 9, np.float64).head(7), np.empty((7, 5))
    c = rng.normal(size=(2, 7, 3))
    forward(arch, params, ws, X)
    grad.differentiate(arch, ws)
    for delta in c:  # one forward pass serves several outputs
        backward_input(params, grad, delta, dX)
        sums = []
        for step in (1e-6, -1e-6):
            other = Workspace.empty(arch, 7, np.float64)
            forward(arch, params, other, X + step * d)
            sums.append((delta * other.z[-1]).sum(axis=1))
        expected = (sums[0] - sums[1]) / 2e-6
        assert_allclose((dX * d).sum(axis=1), expected, atol=1e-7)
