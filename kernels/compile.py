"""Compile kernels: the two decorators that every kernel uses, typed so that a kernel keeps its signature.

``error_model="numpy"`` makes the CPU divide as a GPU does (no ZeroDivisionError), ``cache=True`` keeps the machine
code. Use ``parallel`` for a few lines of ``prange`` that call a ``kernel``: a long body inside ``prange`` takes five
times as long to compile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

import numba

from .indexing import count_from_the_start
from .numba_cache import caching

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


count_from_the_start()

INSIDE = {"_nrt": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # for what only kernels call


def kernel(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a scalar function or a serial loop; CUDA kernels may call it too."""
    return _compiled(function)


def parallel(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a thin ``prange`` loop whose iterations write to places of their own."""
    return _compiled(function, parallel=True)


def bare(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a function that allocates nothing and that only other kernels call.

    Without reference counts (two atomic operations per array and use) and without the code that unpacks Python
    arguments, which for a table of arrays takes longer to compile than the function.
    """
    return _compiled(function, **INSIDE)


def woven(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a ``bare`` function into its callers: for small ones, and for long ones that have one caller.

    A call hands over every array of a table by value, about 50 ns, which matters for what every vehicle does.
    """
    return _compiled(function, **INSIDE, forceinline=True)


def bare_entry(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a ``bare`` function that Python calls."""
    return _compiled(function, _nrt=False)


def row_by_row(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a ``bare_entry`` whose loops go from one row of a table to the next, with all that it calls.

    Most end after two or three rows: to look several up at once, as the compiler likes to, takes longer. While it runs,
    other threads of Python may.
    """
    dispatcher: Any = _compiled(function, _nrt=False, nogil=True)
    general = dispatcher.compile

    def compile_plainly(*signature: Any) -> Any:
        before = numba.config.LOOP_VECTORIZE
        numba.config.LOOP_VECTORIZE = 0
        try:
            return general(*signature)
        finally:
            numba.config.LOOP_VECTORIZE = before

    dispatcher.compile = compile_plainly
    return cast("Callable[Parameters, Result]", dispatcher)


def _compiled(function: Callable[Parameters, Result], **options: bool) -> Callable[Parameters, Result]:
    with caching(function.__code__.co_filename):
        dispatcher = numba.njit(error_model="numpy", cache=True, **options)(function)
    _widen_integers(dispatcher)
    return cast("Callable[Parameters, Result]", dispatcher)


def _widen_integers(dispatcher: Any) -> None:
    """Have other kernels hand over signed integers as 64 bits.

    A constant, an element of a 32-bit table and a counter are three types to numba, and it would compile a function,
    with all that it calls, for each mixture of them: up to nine times (docs/decisions/compiled_code.md).
    """
    resolve = dispatcher.get_call_template

    def get_call_template(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        return resolve(tuple(map(_wide, arguments)), {name: _wide(kind) for name, kind in keywords.items()})

    dispatcher.get_call_template = get_call_template


def _wide(kind: Any) -> Any:
    plain = numba.types.unliteral(kind)
    return numba.types.int64 if isinstance(plain, numba.types.Integer) and plain.signed else kind
