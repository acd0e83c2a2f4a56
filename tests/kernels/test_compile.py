"""The decorators keep results and arithmetic rules."""

from __future__ import annotations

import math

import numba
import numpy as np

from citytwin.kernels.compile import bare, bare_entry, kernel, parallel, row_by_row


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


def test_callers_with_integers_of_any_width_share_one_machine_code():
    @bare
    def twice(x):
        return 2 * x

    @kernel
    def total(narrow, count):
        return twice(narrow[0]) + twice(count) + twice(-3) + twice(x=1)

    assert total(np.array([5], np.int32), 2**40) == 10 + 2**41 - 6 + 2
    assert total(np.array([2**31 - 1], np.int32), 0) == 2 * (2**31 - 1) - 4  # as 64 bits, not around the end of 32
    assert twice.signatures == [(numba.types.int64,)]


def test_numbers_that_are_no_signed_integers_keep_their_type():
    @bare
    def half(x):
        return x / 2

    @kernel
    def halves(ratio, flag, big):
        return half(ratio), half(flag), half(big)

    assert halves(0.5, True, np.uint64(2**63)) == (0.25, 0.5, float(2**62))
    assert len(half.signatures) == 3


def test_loops_from_row_to_row_add_up_the_same_and_leave_the_compiler_as_it_was():
    def total(rows):
        found = 0
        for i in range(rows.size):
            found += rows[i]
        return found

    before, rows = numba.config.LOOP_VECTORIZE, np.arange(1000, dtype=np.int32)
    assert row_by_row(total)(rows) == bare_entry(total)(rows) == 499_500
    assert before == numba.config.LOOP_VECTORIZE != 0
