"""Compile kernels: the two decorators that every kernel uses, typed so that a kernel keeps its signature.

``error_model="numpy"`` makes the CPU divide as a GPU does (no ZeroDivisionError), ``cache=True`` keeps the machine
code. Use ``parallel`` for a few lines of ``prange`` that call a ``kernel``: a long body inside ``prange`` takes five
times as long to compile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def kernel(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a scalar function or a serial loop; CUDA kernels may call it too."""
    compiled = numba.njit(error_model="numpy", cache=True)(function)
    return cast("Callable[Parameters, Result]", compiled)


def parallel(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a thin ``prange`` loop whose iterations write to places of their own."""
    compiled = numba.njit(error_model="numpy", cache=True, parallel=True)(function)
    return cast("Callable[Parameters, Result]", compiled)


def bare(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a function that allocates nothing and that only other kernels call.

    Without reference counts (two atomic operations per array and use) and without the code that unpacks Python
    arguments, which for a table of arrays takes longer to compile than the function.
    """
    compiled = numba.njit(error_model="numpy", cache=True, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)(
        function
    )
    return cast("Callable[Parameters, Result]", compiled)


def woven(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a ``bare`` function into its callers: for small ones, and for long ones that have one caller.

    A call hands over every array of a table by value, about 50 ns, which matters for what every vehicle does.
    """
    compiled = numba.njit(
        error_model="numpy", cache=True, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True
    )(function)
    return cast("Callable[Parameters, Result]", compiled)


def bare_entry(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a ``bare`` function that Python calls."""
    compiled = numba.njit(error_model="numpy", cache=True, _nrt=False)(function)
    return cast("Callable[Parameters, Result]", compiled)
