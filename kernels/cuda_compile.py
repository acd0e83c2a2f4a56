"""Compile and launch GPU kernels so that they compute what the CPU computes, to the last bit.

Four things are settled here. *No fused multiply-add*: it rounds once where the CPU rounds twice; numba-cuda has no
option for it (its issue 118), so libNVVM is told directly. *No link-time optimisation*, which would pass code by that
setting. *Nothing is taken out of loops by libNVVM*: it does not know how many registers there are, while the assembler,
which does so as well, does. *Atomic additions* where rows of a phase meet.

Importing this module needs numba-cuda or numba's CUDA simulator (``NUMBA_ENABLE_CUDASIM=1``).
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numba
from numba import cuda

from .numba_cache import shared_cache_folder
from .shared import add_shared
from .traffic_tables import Ints

SIMULATED = bool(numba.config.ENABLE_CUDASIM)
SIMULATED_GRID = 2, 3  # blocks and threads: enough to see an index that is wrong
SETTINGS = {"fma": False, "Xopt": None, "do_licm": False}  # of libNVVM; what follows "Xopt" is for its optimiser


def grid_of(size: int, threads: int) -> tuple[int, int]:
    """Blocks, and threads of a block, for so many rows."""
    return SIMULATED_GRID if SIMULATED else (max(1, -(-size // threads)), threads)


class GpuKernel:
    """A kernel, compiled the way this module's docstring says.

    Parameters
    ----------
    function
        What each thread does.
    """

    def __init__(self, function: Callable[..., None]) -> None:
        self.__name__, self.__doc__ = function.__name__, function.__doc__
        self.py_func = function
        self._kernel = cuda.jit(function) if SIMULATED else cuda.jit(function, lto=False, cache=True)

    def launch(self, blocks: int, threads: int, stream: Any, *arguments: Any) -> None:
        """Run on the device, behind whatever was launched before."""
        self._kernel[blocks, threads, stream](*arguments)

    def compile_for(self, *arguments: Any) -> None:
        """Compile for arguments of these types, or take the code from the cache."""
        if not SIMULATED:
            self._kernel.compile(tuple(numba.typeof(argument) for argument in arguments))


class StepGraph:
    """Launches that were recorded and can be repeated."""

    def __init__(self, launch: Callable[[Any], None]) -> None:
        from cuda.core import Device

        device = Device()
        device.set_current()
        builder = device.create_graph_builder()
        builder.begin_building()
        launch(builder)
        self._graph = builder.end_building().complete()
        self._stream = device.create_stream()

    def play(self) -> None:
        """Run it, behind what was played before."""
        self._graph.launch(self._stream)

    def wait(self) -> None:
        """Wait until everything that was played has been run."""
        self._stream.sync()


def step_graph(launch: Callable[[Any], None]) -> StepGraph | None:
    """Record what ``launch`` launches on the stream it is given; None, with a warning, where that cannot be done."""
    if SIMULATED:
        return None
    cuda.synchronize()
    try:
        return StepGraph(launch)
    except Exception as error:  # of libraries that are young: what they cannot do, we do without
        warnings.warn(f"steps are launched kernel by kernel: {type(error).__name__}: {error}", stacklevel=2)
        return None


@functools.cache
def prepare() -> None:
    """Set the compiler up, before the first kernel is defined."""
    if SIMULATED:
        return
    from numba.cuda import codegen
    from numba.cuda.core import config
    from numba.cuda.extending import overload

    config.CACHE_DIR = str(shared_cache_folder())
    config.CUDA_LOW_OCCUPANCY_WARNINGS = 0  # a small city has few rows
    compile_ir = codegen.nvvm.compile_ir

    @functools.wraps(compile_ir)
    def with_our_settings(ir: Any, **options: Any) -> Any:
        return compile_ir(ir, **{**SETTINGS, **options})

    codegen.nvvm.compile_ir = with_our_settings

    @overload(add_shared, target="cuda")
    def _add(table: Ints, column: int, row: int, amount: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
        def atomic(table: Ints, column: int, row: int, amount: int) -> None:
            cuda.atomic.add(table, (column, row), amount)

        return atomic
