"""Members: split into networks of their own, and merged into one network."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skscratch.core.network import allocate, merge_members, outputs, split_members, views
from skscratch.training.scaling import Scaling

dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
depths = pytest.mark.parametrize("hidden", [(6,), (6, 2), (5, 6, 2)], ids=str)


class TestMerged:
    @depths
    @dtypes
    def test_the_logits_are_the_mean_of_those_of_the_members(self, hidden, dtype, ensemble):
        state, inputs = ensemble.state(hidden, dtype), ensemble.X.astype(dtype)
        weights, biases = state.params
        each = [
            ensemble.logits(state.arch, [W[i] for W in weights], [b[i] for b in biases], inputs)
            for i in range(3)
        ]
        one = merge_members(state.params)
        z = ensemble.logits(state.arch, *one, inputs)
        tolerance = 1e-5 if dtype == np.float32 else 1e-12
        assert_allclose(z, np.mean(each, axis=0), rtol=tolerance, atol=tolerance)
        assert {array.dtype for part in one for array in part} == {np.dtype(dtype)}

    @depths
    def test_it_has_the_shapes_of_a_network_as_wide_as_all_together(self, hidden, ensemble):
        _, expected = allocate((4, *(3 * width for width in hidden), 3), np.float64)
        for own, like in zip(merge_members(ensemble.state(hidden).params), expected, strict=True):
            assert [array.shape for array in own] == [array.shape for array in like]

    def test_nothing_leads_from_one_member_to_another(self, ensemble):
        W = merge_members(ensemble.state((6, 2)).params).weights[1]
        assert_array_equal(W != 0, np.kron(np.eye(3), np.ones((6, 2))))

    @depths
    def test_all_its_arrays_are_new(self, hidden, ensemble):
        state = ensemble.state(hidden)
        before = state.theta.copy()
        for part in merge_members(state.params):
            for array in part:
                array[...] = 99
        assert_array_equal(state.theta, before)

    def test_the_published_network_is_the_mean_of_the_members_on_unscaled_inputs(self, ensemble):
        state, X = ensemble.state((6, 2)), ensemble.X
        state.scaling = Scaling(np.arange(4) / 2, np.exp2(np.arange(4)))
        scaled = (X - state.scaling.center) / state.scaling.scale
        each = [ensemble.logits(one.arch, *one.params, scaled) for one in ensemble.alone(state)]
        arch, params = state.network(state.theta)
        assert (arch.sizes, arch.members) == ((4, 18, 6, 3), 1)
        assert_allclose(outputs(arch, params, X, 7, np.copy), np.mean(each, axis=0), rtol=1e-12)


class TestSplit:
    @depths
    def test_each_has_its_own_and_it_is_a_view(self, hidden, ensemble):
        params = ensemble.state(hidden).params
        for i, member in enumerate(split_members(params, 3)):
            for part, of_all in zip(member, params, strict=True):
                for array, arrays in zip(part, of_all, strict=True):
                    assert_array_equal(array, arrays[i])
                    array[...] = i
        for array in (*params.weights, *params.biases):
            assert_array_equal(array, np.arange(3).reshape(3, *[1] * (array.ndim - 1)) + 0 * array)

    def test_one_alone_is_what_there_is(self):
        params = views(np.arange(5.0), (4, 1))
        assert split_members(params, 1) == [params]
