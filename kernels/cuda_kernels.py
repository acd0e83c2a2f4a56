"""Define the GPU kernels of traffic: one per phase, one thread per member and row.

The threads run the functions of ``cuda_phases``, which are those of the CPU: numba compiles them for both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from numba import cuda

from . import cuda_phases as phases
from .cuda_compile import SIMULATED, GpuKernel, prepare
from .traffic_tables import City, Longs

prepare()

if SIMULATED:  # threads are Python there

    def _on_device(phase: int, function: Callable[..., None]) -> Callable[..., None]:
        def serve(*arguments: Any) -> None:
            phases.serve_row(phase, *arguments)

        return serve

else:

    def _on_device(phase: int, function: Callable[..., None]) -> Callable[..., None]:
        return function


_signal_row = _on_device(phases.SIGNALS, phases.signal_row)
_promise_row = _on_device(phases.PROMISES, phases.promise_row)
_decision_row = _on_device(phases.DECISIONS, phases.decision_row)
_arrival_row = _on_device(phases.ARRIVALS, phases.arrival_row)
_link_row = _on_device(phases.LINKS, phases.link_row)
_follow_row = _on_device(phases.FOLLOW, phases.follow_row)
_advance_row = _on_device(phases.ADVANCE, phases.advance_row)
_leave_row = _on_device(phases.LEAVE, phases.leave_row)
_enter_row = _on_device(phases.ENTER, phases.enter_row)


# Every kernel: its threads share out ``rows`` rows of every member. The time is read on the device, so that a step is
# launched with the same arguments each time.


@GpuKernel
def advance_signals(cities: City, clock: Longs, rows: int) -> None:
    """Programmes go on."""
    t_s = clock[0] * cities.step_s
    for i in range(cuda.grid(1), cities.counter.shape[0] * rows, cuda.gridsize(1)):
        _signal_row(cities, i // rows, i % rows, t_s)


@GpuKernel
def note_promises(cities: City, clock: Longs, rows: int) -> None:
    """Copy what junctions have promised."""
    t_s = clock[0] * cities.step_s
    for i in range(cuda.grid(1), cities.counter.shape[0] * rows, cuda.gridsize(1)):
        _promise_row(cities, i // rows, i % rows, t_s)


@GpuKernel
def decide_junctions(cities: City, clock: Longs, rows: int) -> None:
    """Decide who may enter."""
    t_s = clock[0] * cities.step_s
    for i in range(cuda.grid(1), cities.counter.shape[0] * rows, cuda.gridsize(1)):
        _decision_row(cities, i // rows, i % rows, t_s)


@GpuKernel
def let_all_arrive(cities: City, clock: Longs, rows: int) -> None:
    """Take those who have arrived off the road."""
    t_s = clock[0] * cities.step_s
    for i in range(cuda.grid(1), cities.counter.shape[0] * rows, cuda.gridsize(1)):
        _arrival_row(cities, i // rows, i % rows, t_s)


@GpuKernel
def serve_links(cities: City, clock: Longs, rows: int) -> None:
    """Change lanes, enter."""
    t_s = clock[0] * cities.step_s
    for i in range(cuda.grid(1), cities.counter.shape[0] * rows, cuda.gridsize(1)):
        _link_row(cities, i // rows, i % rows, t_s)


@GpuKernel
def follow_lanes(cities: City, clock: Longs, rows: int) -> None:
    """Find next speeds and positions."""
    t_s = clock[0] * cities.step_s
    for i in range(cuda.grid(1), cities.counter.shape[0] * rows, cuda.gridsize(1)):
        _follow_row(cities, i // rows, i % rows, t_s)


@GpuKernel
def advance_lanes(cities: City, clock: Longs, rows: int) -> None:
    """Take them over."""
    t_s = clock[0] * cities.step_s
    for i in range(cuda.grid(1), cities.counter.shape[0] * rows, cuda.gridsize(1)):
        _advance_row(cities, i // rows, i % rows, t_s)


@GpuKernel
def leave_streets(cities: City, clock: Longs, rows: int) -> None:
    """Carry vehicles into junctions."""
    t_s = clock[0] * cities.step_s
    for i in range(cuda.grid(1), cities.counter.shape[0] * rows, cuda.gridsize(1)):
        _leave_row(cities, i // rows, i % rows, t_s)


@GpuKernel
def enter_streets(cities: City, clock: Longs, rows: int) -> None:
    """Carry vehicles out of junctions."""
    t_s = clock[0] * cities.step_s
    for i in range(cuda.grid(1), cities.counter.shape[0] * rows, cuda.gridsize(1)):
        _enter_row(cities, i // rows, i % rows, t_s)


@GpuKernel
def end_step(cities: City, clock: Longs, rows: int) -> None:
    """Move the clock on."""
    if cuda.grid(1) == 0:
        clock[0] += 1


@GpuKernel
def add_up_counters(counts: Any, counter: Any) -> None:
    """Add the rows' counters to those of their members and set them to zero.

    ``counts`` is ``[member, row, counter]``, ``counter`` ``[member, counter]``.
    """
    rows = counts.shape[1]
    for i in range(cuda.grid(1), counts.shape[0] * rows, cuda.gridsize(1)):
        m, row = i // rows, i % rows
        for k in range(counts.shape[2]):
            if counts[m, row, k] != 0:
                cuda.atomic.add(counter, (m, k), counts[m, row, k])
                counts[m, row, k] = 0


@GpuKernel
def take_column(table: Any, column: int, packed: Any) -> None:
    """Copy one column of a ``[member, vehicle, column]`` table to ``packed``, ``[member, vehicle]``."""
    for i in range(cuda.grid(1), packed.size, cuda.gridsize(1)):
        m, row = i // packed.shape[1], i % packed.shape[1]
        packed[m, row] = table[m, row, column]


@GpuKernel
def put_column(table: Any, column: int, packed: Any) -> None:
    """Copy ``packed`` to one column of a table, the other way round than ``take_column``."""
    for i in range(cuda.grid(1), packed.size, cuda.gridsize(1)):
        m, row = i // packed.shape[1], i % packed.shape[1]
        table[m, row, column] = packed[m, row]


class Phase(NamedTuple):
    """One launch of a step."""

    kernel: Any
    rows: int  # of one member
    block: int  # threads


def phases_of(cities: City) -> tuple[Phase, ...]:
    """The launches of a step, in their order, for a city."""
    junctions, links = cities.junction.shape[2] - 1, cities.link.shape[2] - 1
    lane_rows, controllers = cities.lane_f.shape[2], cities.controller_f.shape[2]
    step = (
        Phase(advance_signals, controllers, 64),
        Phase(note_promises, cities.road_lanes, 256),
        Phase(decide_junctions, junctions, 64),
        Phase(let_all_arrive, links, 128),
        Phase(serve_links, links, 64),
        Phase(follow_lanes, lane_rows, 128),
        Phase(advance_lanes, lane_rows, 128),
        Phase(leave_streets, junctions, 64),
        Phase(enter_streets, junctions, 64),
        Phase(end_step, 1, 32),
    )
    return tuple(phase for phase in step if phase.rows > 0)
