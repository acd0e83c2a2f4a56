"""Keep a city's traffic on a GPU: it lives there, and what somebody wants to see is copied.

Importing this module needs numba-cuda or numba's CUDA simulator, see ``cuda_compile``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import cuda

from .cuda_compile import StepGraph, grid_of, step_graph
from .cuda_kernels import add_up_counters, phases_of, put_column, take_column
from .passings import Parts
from .traffic_tables import BY_VEHICLE, City, column_of


class DeviceCity:
    """The device's copy of all members of a city.

    Parameters
    ----------
    cities
        State to begin with. Its arrays stay the host's copy: ``fetch`` writes into them and ``push`` reads from them.
    """

    def __init__(self, cities: City) -> None:
        self.host = cities
        self._arrays = {
            name: cuda.to_device(value) for name, value in cities._asdict().items() if isinstance(value, np.ndarray)
        }
        self._phases = phases_of(cities)
        members, counters = cities.counter.shape
        rows = max(phase.rows for phase in self._phases)
        self._counts = cuda.to_device(np.zeros((members, rows, counters), np.int64))
        self._clock = cuda.to_device(np.zeros(1, np.int64))
        self._step = 0  # what the clock shows
        self._update_arguments()
        for phase in self._phases:
            phase.kernel.compile_for(self._cities, self._clock, phase.rows)

    def _update_arguments(self) -> None:
        """What kernels are launched with; simulated arrays are taken out of their wrapping for compiled functions."""
        arrays = self._arrays | {"counter": self._counts}
        self._cities = self.host._replace(**{name: getattr(array, "_ary", array) for name, array in arrays.items()})
        self._graph: StepGraph | None = None
        self._recorded = False  # with these addresses

    def run(self, first_step: int, last_step: int) -> None:
        """Run steps ``first_step`` up to, not including, ``last_step`` of all members, and wait for the last.

        Launching a kernel takes Python about a millisecond, because of the many arrays; so a step's launches are
        recorded once, and the record is played. Where that cannot be done each is launched anew.
        """
        if first_step != self._step:
            self._clock.copy_to_device(np.array([first_step], np.int64))
        for _ in range(first_step, last_step):
            if not self._recorded:
                self._graph, self._recorded = step_graph(self._launch), True
            if self._graph is None:
                self._launch(0)
            else:
                self._graph.play()
        if self._graph is not None:
            self._graph.wait()
        cuda.synchronize()
        self._step = last_step

    def _launch(self, stream: Any) -> None:
        """Launch one step."""
        members = self.host.counter.shape[0]
        for phase in self._phases:
            blocks, threads = grid_of(members * phase.rows, phase.block)
            phase.kernel.launch(blocks, threads, stream, self._cities, self._clock, phase.rows)

    def fetch(self, name: str, column: int | None = None) -> None:
        """Copy an array, or one column of it, from the device to the host."""
        if name == "counter":
            members, rows, _ = self._counts.shape
            add_up_counters.launch(*grid_of(members * rows, 128), 0, self._counts, self._arrays[name])
        if column is not None and name in BY_VEHICLE and getattr(self.host, name).size:
            host = column_of(name, getattr(self.host, name), column)
            packed = cuda.device_array(host.shape, host.dtype)
            take_column.launch(*grid_of(host.size, 128), 0, self._arrays[name], column, packed)
            host[:] = packed.copy_to_host()
            return
        for device, host in self._pieces(name, column):
            device.copy_to_host(host)

    def push(self, name: str, column: int | None = None) -> None:
        """Copy an array, or one column of it, from the host to the device."""
        if column is not None and name in BY_VEHICLE and getattr(self.host, name).size:
            packed = cuda.to_device(np.ascontiguousarray(column_of(name, getattr(self.host, name), column)))
            put_column.launch(*grid_of(packed.size, 128), 0, self._arrays[name], column, packed)
            return
        for device, host in self._pieces(name, column):
            device.copy_to_device(host)

    def count_passings(self, group: Any, lanes: int, parts: Parts, passed: Any) -> None:
        """Count who passed which sensor, by group, see ``passings.count_passings``."""
        from .cuda_readings import count_passings

        count_passings(self._arrays["vehicle_i"], group, lanes, self._arrays["route"], parts, passed)

    def push_routes(self, route: Any, used: int, needed: int) -> None:
        """Take over places ``used`` up to, not including, ``needed`` of the host's routes, maybe in a larger array."""
        if route.size != self._arrays["route"].size:
            self._arrays["route"] = cuda.to_device(route)
            self.host = self.host._replace(route=route)
            self._update_arguments()
        elif needed > used:
            self._arrays["route"][used:needed].copy_to_device(route[used:needed])

    def _pieces(self, name: str, column: int | None) -> list[tuple[Any, Any]]:
        """Contiguous pieces of a device array and of its host copy."""
        device, host = self._arrays[name], getattr(self.host, name)
        if not host.size:
            return []
        if column is None:
            return [(device, host)]
        return [(device[m, column], host[m, column]) for m in range(host.shape[0])]
