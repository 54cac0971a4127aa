"""Every optimised kernel gives what its textbook version gives."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from benchmarks.kernels import kernels

# n rows, p inputs, h hidden units, q outputs
SHAPES = [(1, 1, 1, 1), (1, 5, 3, 2), (7, 4, 3, 1), (32, 30, 32, 3), (200, 784, 100, 10)]
N_KERNELS = len(kernels(1, 1, 1, 1, "f8"))
RTOL = {"f4": 1e-5, "f8": 1e-12}


@pytest.mark.parametrize("i", range(N_KERNELS))
@pytest.mark.parametrize("dtype", RTOL)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_fast_and_naive_agree(shape, dtype, i):
    """Three times in a row: buffers are used again, and optimizers go on."""
    kernel = kernels(*shape, np.dtype(dtype))[i]
    for _ in range(3):
        kernel.reset()
        for fast, naive in zip(kernel.fast(), kernel.naive(), strict=True):
            # of the largest number too: in sums of both signs a small one has lost digits
            atol = RTOL[dtype] * np.abs(naive).max()
            assert_allclose(fast, naive, rtol=RTOL[dtype], atol=atol, err_msg=kernel.name)
            assert np.shape(fast) == np.shape(naive)
            assert np.ndim(fast) == 0 or fast.dtype == naive.dtype
