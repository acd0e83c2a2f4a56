"""Keep a city's traffic on a GPU: it lives there, and what somebody wants to see is copied.

Importing this module needs numba-cuda or numba's CUDA simulator, see ``cuda_compile``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from .cuda_compile import grid_of
from .cuda_kernels import add_up_counters, phases_of
from .traffic_tables import City


class DeviceCity:
    """The device's copy of all members of a city.

    Parameters
    ----------
    cities
        State to begin with; its arrays stay the host's copy, into which ``fetch`` writes and from which ``push`` reads.
    """

    def __init__(self, cities: City) -> None:
        self.host = cities
        self._arrays = {
            name: cuda.to_device(value) for name, value in cities._asdict().items() if isinstance(value, np.ndarray)
        }
        self._phases = phases_of(cities)
        rows = max(phase.rows for phase in self._phases)
        members, counters = cities.counter.shape
        self._counts = cuda.to_device(np.zeros((members, rows, counters), np.int64))
        self._counted = False
        self._update_arguments()

    def _update_arguments(self) -> None:
        """What kernels are launched with; simulated arrays are taken out of their wrapping for compiled functions."""
        arrays = self._arrays | {"counter": self._counts}
        self._arguments = self.host._replace(**{name: getattr(array, "_ary", array) for name, array in arrays.items()})

    def run(self, first_step: int, last_step: int) -> None:
        """Run steps ``first_step`` up to, not including, ``last_step`` of all members."""
        members = self.host.counter.shape[0]
        launches = [(phase.kernel[grid_of(members * phase.rows, phase.block)], phase.rows) for phase in self._phases]
        for step in range(first_step, last_step):
            t_s = step * self.host.step_s
            for kernel, rows in launches:
                kernel(self._arguments, rows, t_s)
        self._counted = self._counted or last_step > first_step

    def synchronize(self) -> None:
        """Wait until everything has been run."""
        cuda.synchronize()

    def fetch(self, name: str, column: int | None = None) -> None:
        """Copy an array, or one column of it, from the device to the host."""
        if name == "counter" and self._counted:
            add_up_counters[grid_of(self._counts.size // self._counts.shape[2], 128)](self._counts, self._arrays[name])
            self._counted = False
        for device, host in self._pieces(name, column):
            device.copy_to_host(host)

    def push(self, name: str, column: int | None = None) -> None:
        """Copy an array, or one column of it, from the host to the device."""
        for device, host in self._pieces(name, column):
            device.copy_to_device(host)

    def replace_routes(self, route: Any, used: int, needed: int) -> None:
        """Take over routes ``used`` up to, not including, ``needed`` of the host's table, which may be a larger one."""
        if route.size != self._arrays["route"].size:
            self._arrays["route"] = cuda.to_device(route)
            self.host = self.host._replace(route=route)
            self._update_arguments()
        elif needed > used:
            self._arrays["route"][used:needed].copy_to_device(route[used:needed])

    def _pieces(self, name: str, column: int | None) -> list[tuple[Any, Any]]:
        """Contiguous pieces of a device array and of its host copy."""
        device, host = self._arrays[name], getattr(self.host, name)
        if column is None:
            return [(device, host)]
        return [(device[m, column], host[m, column]) for m in range(host.shape[0])]
