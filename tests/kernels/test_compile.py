"""The decorators keep results and arithmetic rules."""

from __future__ import annotations

import math

import numba
import numpy as np

from citytwin.kernels.compile import kernel, parallel


def test_a_kernel_divides_as_a_gpu_does():
    @kernel
    def divide(a, b):
        return a / b

    assert math.isinf(divide(1.0, 0.0))


def test_a_parallel_loop_calls_kernels():
    @kernel
    def square(x):
        return x * x

    @parallel
    def squares(values, out):
        for i in numba.prange(values.size):
            out[i] = square(values[i])

    out = np.zeros(100)
    squares(np.arange(100.0), out)
    np.testing.assert_array_equal(out, np.arange(100.0) ** 2)
