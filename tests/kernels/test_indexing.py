"""Kernels count elements from the start only; whoever else compiles with numba keeps counting from the end, too."""

from __future__ import annotations

import numba
import numpy as np

import citytwin.kernels.compile  # noqa: F401  # sets the compiler up

SOURCE = "def element(row, at):\n    return row[at]\n"


def element_as_compiled_in(module: str):
    made = {"__name__": module}
    exec(SOURCE, made)
    return numba.njit(made["element"])


def test_others_count_from_the_end():
    row = np.arange(6.0)
    assert element_as_compiled_in("somebody.else")(row[2:5], -1) == 4.0
    assert element_as_compiled_in("somebody.else")(row[2:5], 0) == 2.0


def test_kernels_take_an_index_as_it_is():
    row = np.arange(6.0)
    assert element_as_compiled_in("citytwin.kernels.some")(row[2:5], -1) == 1.0
    assert element_as_compiled_in("citytwin.kernels.some")(row[2:5], 0) == 2.0
