"""Say what GPU kernels need of a GPU, without one: compile to PTX, assemble, read registers and spills."""

from __future__ import annotations

import re
import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numba
import numba.cuda.dispatcher
import numpy as np
from numba import cuda

from .cuda_kernels import add_up_counters, phases_of, put_column, take_column
from .traffic_tables import COUNTERS, City

ARCHITECTURES = ((8, 0), (9, 0))  # A100, H100


@dataclass(frozen=True, slots=True)
class Resources:
    """What one kernel needs on one architecture."""

    kernel: str
    architecture: str
    registers: int
    spilled_bytes: int  # stores and loads
    stack_bytes: int
    ptx: str


def resources_of(cities: City, architectures: Sequence[tuple[int, int]] = ARCHITECTURES) -> list[Resources]:
    """Compile every kernel for a city's array types.

    Needs numba-cuda with its toolkit wheels (libNVVM, nvJitLink); neither a driver nor a GPU.
    """
    # A kernel that calls functions asks the current device for its capability; the one that counts is named below.
    there, numba.cuda.dispatcher.get_current_device = numba.cuda.dispatcher.get_current_device, _pretended_device
    try:
        counts = np.zeros((1, 1, COUNTERS), np.int64)
        own = numba.typeof(cities._replace(counter=counts)), numba.int64[::1], numba.int64
        launches: list[tuple[Any, tuple[Any, ...]]] = [(phase.kernel, own) for phase in phases_of(cities)]
        launches.append((add_up_counters, (numba.typeof(counts), numba.int64[:, ::1])))
        column = numba.float64[:, :, ::1], numba.int64, numba.float64[:, ::1]
        launches += [(take_column, column), (put_column, column)]
        return [_assemble(kernel, signature, each) for kernel, signature in launches for each in architectures]
    finally:
        numba.cuda.dispatcher.get_current_device = there


def _pretended_device() -> Any:
    return types.SimpleNamespace(compute_capability=ARCHITECTURES[0])


def _assemble(kernel: Any, signature: tuple[Any, ...], architecture: tuple[int, int]) -> Resources:
    """Compile and assemble one kernel; what the assembler says of it."""
    from cuda.bindings import nvjitlink

    ptx, _ = cuda.compile_ptx(kernel.py_func, signature, cc=architecture)
    name = "sm_{}{}".format(*architecture)
    options = [f"-arch={name}", "-verbose"]
    link = nvjitlink.create(len(options), options)
    try:
        text = ptx.encode()
        nvjitlink.add_data(link, nvjitlink.InputType.PTX, text, len(text), kernel.__name__)
        nvjitlink.complete(link)
        log = bytearray(nvjitlink.get_info_log_size(link))
        nvjitlink.get_info_log(link, log)
    finally:
        nvjitlink.destroy(link)
    said = log.decode(errors="replace")
    found = {
        what: sum(map(int, re.findall(pattern, said)))
        for what, pattern in (
            ("used", r"Used (\d+) reg"),
            ("spill", r"(\d+) bytes spill"),
            ("stack", r"(\d+) bytes st"),
        )
    }
    return Resources(kernel.__name__, name, found["used"], found["spill"], found["stack"], ptx)
