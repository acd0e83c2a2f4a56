"""Weigh readings, count who passed them and mend slopes on a GPU, with arrays that come from the host and go back.

Importing this module needs numba-cuda or numba's CUDA simulator, see ``cuda_compile``.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numba import cuda

from . import cuda_calibration as kernels
from .cuda_compile import grid_of
from .losses import Floats
from .passings import Parts
from .traffic_tables import Ints

THREADS = 128
Arrays = TypeVar("Arrays", kernels.Readings, kernels.Passings, kernels.Replicas)


def weigh(readings: Floats, share: Floats, simulated: Floats, written: Floats, mean: Floats) -> None:
    """Weigh the readings of every member, see ``losses.weigh``."""
    there, held = _on_device(kernels.Readings(readings, share, simulated, written))
    kernels.weigh_readings.launch(*grid_of(simulated.size, THREADS), 0, there)
    found = cuda.device_array(mean.shape, mean.dtype)
    kernels.average_distances.launch(*grid_of(mean.size, THREADS), 0, there, found)
    held.written.copy_to_host(written)
    found.copy_to_host(mean)


def mend_slopes(
    replicas: Floats, base: Floats, moved: Floats, inverse: Floats, slopes: Floats, change: Floats, mended: Floats
) -> None:
    """Slopes that explain what replicas gave, see ``passings.mend_slopes``."""
    there, held = _on_device(kernels.Replicas(replicas, base, moved, inverse, slopes, change))
    kernels.find_unexplained.launch(*grid_of(change.size, THREADS), 0, there)
    found = cuda.device_array(mended.shape, mended.dtype)
    kernels.mend_slopes.launch(*grid_of(mended.size, THREADS), 0, there, found)
    held.change.copy_to_host(change)
    found.copy_to_host(mended)


def count_passings(vehicles: Any, group: Ints, lanes: int, route: Any, parts: Parts, passed: Ints) -> None:
    """Count all vehicles of all members, see ``passings.count_passings``; vehicles and routes are on the device."""
    group_there, passed_there = cuda.to_device(group), cuda.to_device(passed)
    held = (vehicles, group_there, route, *map(cuda.to_device, parts), passed_there)
    there = kernels.Passings(*map(_bare, held))
    kernels.count_passings.launch(*grid_of(group.size, THREADS), 0, there, lanes)
    passed_there.copy_to_host(passed)


def _on_device(arrays: Arrays) -> tuple[Arrays, Arrays]:
    """What a kernel takes, and what holds it."""
    held = type(arrays)(*(cuda.to_device(np.ascontiguousarray(array)) for array in arrays))
    return type(arrays)(*map(_bare, held)), held


def _bare(array: Any) -> Any:
    """A simulated array out of its wrapping."""
    return getattr(array, "_ary", array)
