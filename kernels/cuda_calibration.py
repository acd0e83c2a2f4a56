"""Define the GPU kernels of calibration: a thread per reading, member, vehicle or slope.

The threads run the functions of ``losses`` and ``passings``, which are those of the CPU, and give its bits. Importing
this module needs numba-cuda or numba's CUDA simulator, see ``cuda_compile``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import cuda

from .cuda_compile import GpuKernel, prepare
from .losses import mean_distance, write_distance
from .passings import mended_slope, note_passings, unexplained

prepare()


class Readings(NamedTuple):
    """Arrays of ``losses.weigh`` on the device; together, because the simulator leaves tuples as they are."""

    readings: Any
    share: Any
    simulated: Any
    written: Any


class Passings(NamedTuple):
    """Arrays of ``passings.count_passings`` on the device."""

    vehicles: Any
    group: Any
    route: Any
    first_part: Any
    part: Any
    to_link: Any
    passed: Any


class Replicas(NamedTuple):
    """Arrays of ``passings.mend_slopes`` on the device."""

    replicas: Any
    base: Any
    moved: Any
    inverse: Any
    slopes: Any
    change: Any


@GpuKernel
def weigh_readings(there: Readings) -> None:
    """Distance, slope and bend of every member's readings, see ``losses.weigh``."""
    readings = there.share.size
    for i in range(cuda.grid(1), there.simulated.size, cuda.gridsize(1)):
        member, row = i // readings, i % readings
        write_distance(there.readings[row], there.simulated[member, row], there.written[member, row])


@GpuKernel
def average_distances(there: Readings, mean: Any) -> None:
    """Mean distance of every member, see ``losses.weigh``."""
    for member in range(cuda.grid(1), mean.size, cuda.gridsize(1)):
        mean[member] = mean_distance(there.share, there.written[member])


@GpuKernel
def count_passings(there: Passings, lanes: int) -> None:
    """Add every vehicle of every member to what it passed, see ``passings.count_passings``."""
    rows = there.group.shape[1]
    for i in range(cuda.grid(1), there.group.size, cuda.gridsize(1)):
        member, row = i // rows, i % rows
        note_passings(
            there.vehicles[member, row],
            there.group[member, row],
            lanes,
            there.route,
            there.first_part,
            there.part,
            there.to_link,
            there.passed[member],
        )


@GpuKernel
def find_unexplained(there: Replicas) -> None:
    """What replicas changed beyond what slopes say, see ``passings.mend_slopes``."""
    directions = there.change.shape[1]
    for i in range(cuda.grid(1), there.change.size, cuda.gridsize(1)):
        row, at = i // directions, i % directions
        there.change[row, at] = unexplained(there.replicas, there.base[row], there.slopes, there.moved, row, at)


@GpuKernel
def mend_slopes(there: Replicas, mended: Any) -> None:
    """Slopes that explain what replicas gave, see ``passings.mend_slopes``."""
    columns = mended.shape[1]
    for i in range(cuda.grid(1), mended.size, cuda.gridsize(1)):
        row, column = i // columns, i % columns
        mended[row, column] = mended_slope(there.change[row], there.inverse, there.slopes[row, column], column)
