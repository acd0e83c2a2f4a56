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

from .air_plumes import URBAN, Plume
from .cuda_kernels import add_up_counters, phases_of, put_column, take_column
from .traffic_tables import COUNTERS, City

ARCHITECTURES = ((8, 0), (9, 0))  # A100, H100
Launch = tuple[Any, tuple[Any, ...]]  # a kernel and the types of its arguments


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
    counts = np.zeros((1, 1, COUNTERS), np.int64)
    own = numba.typeof(cities._replace(counter=counts)), numba.int64[::1], numba.int64
    launches: list[Launch] = [(phase.kernel, own) for phase in phases_of(cities)]
    launches.append((add_up_counters, (numba.typeof(counts), numba.int64[:, ::1])))
    column = numba.float64[:, :, ::1], numba.int64, numba.float64[:, ::1]
    launches += [(take_column, column), (put_column, column)]
    return _assembled(launches, architectures)


def air_resources_of(architectures: Sequence[tuple[int, int]] = ARCHITECTURES) -> list[Resources]:
    """Compile every kernel of dispersion; needs what ``resources_of`` needs."""
    from . import cuda_air as air

    number, row, table = numba.float64, numba.float64[::1], numba.float64[:, ::1]
    plume = numba.typeof(Plume(*(1.0,) * 6, URBAN[0]))
    pairs = air.Pairs(np.zeros((1, 1, 1)), np.zeros(1, np.int64), np.zeros((1, 1)), np.zeros((1, 1)))
    cells = numba.typeof(air.Cells(np.zeros((1, 1)), np.zeros((1, 1))))
    return _assembled(
        [
            (air.pair_lines, (numba.typeof(pairs), number, table)),
            (air.place_plume, (plume, number, number, row, row, row, row)),
            (air.place_puff, (plume, number, row, row, row, row)),
            (air.place_timed, (plume, number, number, row, row, row, row)),
            (air.place_canyons, (table, row)),
            (air.move_cells_east, (cells, number, table, table)),
            (air.move_cells_north, (cells, number, table, table)),
            (air.settle_cells, (number, table, table)),
        ],
        architectures,
    )


def calibration_resources_of(architectures: Sequence[tuple[int, int]] = ARCHITECTURES) -> list[Resources]:
    """Compile every kernel of calibration; needs what ``resources_of`` needs."""
    from . import cuda_calibration as calibration

    whole, row, table = numba.int64, numba.float64[::1], numba.float64[:, ::1]
    flat, deep = np.zeros((1, 1)), np.zeros((1, 1, 1))
    whole_flat, whole_deep = np.zeros((1, 1), np.int32), np.zeros((1, 1, 1), np.int32)
    readings = numba.typeof(calibration.Readings(flat, flat[0], flat, deep))
    links = whole_flat[0]
    passings = numba.typeof(calibration.Passings(whole_deep, whole_flat, links, links, links, links, whole_deep))
    replicas = numba.typeof(calibration.Replicas(deep, flat[0], flat, flat, flat, flat))
    return _assembled(
        [
            (calibration.weigh_readings, (readings,)),
            (calibration.average_distances, (readings, row)),
            (calibration.count_passings, (passings, whole)),
            (calibration.find_unexplained, (replicas,)),
            (calibration.mend_slopes, (replicas, table)),
        ],
        architectures,
    )


def _assembled(launches: Sequence[Launch], architectures: Sequence[tuple[int, int]]) -> list[Resources]:
    # A kernel that calls functions asks the current device for its capability; the one that counts is named below.
    there, numba.cuda.dispatcher.get_current_device = numba.cuda.dispatcher.get_current_device, _pretended_device
    try:
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
