"""Compile kernels for NVIDIA GPUs so that they compute what the CPU computes, to the last bit.

Three things are settled here. *No fused multiply-add*: it rounds once where the CPU rounds twice; numba-cuda has no
option for it (its issue 118), so libNVVM is told directly. *No link-time optimisation*, which would pass code by that
setting. *Atomic additions* where rows of a phase meet.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from typing import Any

from numba import config, cuda

from .shared import add_shared
from .traffic_tables import Ints

THREADS_IN_SIMULATOR = 3  # of a block, and two blocks: enough to see an index that is wrong


def gpu_kernel(function: Callable[..., None]) -> Any:
    """Compile a function whose threads run on a GPU."""
    if config.ENABLE_CUDASIM:
        return cuda.jit(function)
    return cuda.jit(function, lto=False, cache=True)


def grid_of(size: int, block: int) -> tuple[int, int]:
    """Blocks, and threads of a block, for ``size`` rows."""
    if config.ENABLE_CUDASIM:
        return 2, THREADS_IN_SIMULATOR
    return max(1, -(-size // block)), block


@functools.cache
def prepare() -> None:
    """Set the compiler up; before the first kernel is compiled."""
    if config.ENABLE_CUDASIM or importlib.util.find_spec("numba_cuda") is None:
        return
    from numba.cuda import codegen
    from numba.cuda.extending import overload

    compile_ir = codegen.nvvm.compile_ir

    @functools.wraps(compile_ir)
    def without_fused_multiply_add(ir: Any, **options: Any) -> Any:
        return compile_ir(ir, **{"fma": False, **options})

    codegen.nvvm.compile_ir = without_fused_multiply_add

    @overload(add_shared, target="cuda")
    def _add(table: Ints, column: int, row: int, amount: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
        def atomic(table: Ints, column: int, row: int, amount: int) -> None:
            cuda.atomic.add(table, (column, row), amount)

        return atomic
