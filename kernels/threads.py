"""Advance the traffic of one city on several threads, phase by phase.

Rows of a phase may be served in any order, or at once (``cuda_phases``), so a run has the same bits on any number of
threads. They share out each phase and wait for each other behind it; what finds out where something may happen, one
does for all.
"""

from __future__ import annotations

from .busy import busy_rows, find_rows
from .compile import bare, row_by_row
from .members import member_counting
from .shared import add_at_once, let_others_go_on, read_at_once
from .traffic import (
    advance_lanes,
    begin_step,
    decide_junctions,
    enter_all_streets,
    follow_lanes,
    leave_all_streets,
    let_arrive,
    serve_links,
)
from .traffic_tables import City, Longs

# Rows of a gate, ``[row, …]``, each in cache lines of its own.
ARRIVED, OPENED, CALLED_OFF = range(3)
GATE_SHAPE = 3, 16
PATIENCE = 2000  # times a thread looks before it lets others have its core


@bare
def pass_gate(gate: Longs, threads: int) -> bool:
    """Wait until all threads are here; False if somebody has called it off."""
    times = read_at_once(gate, OPENED, 0)
    if add_at_once(gate, ARRIVED, 0, 1) == threads - 1:
        add_at_once(gate, ARRIVED, 0, -threads)
        add_at_once(gate, OPENED, 0, 1)
        return True
    looks = 0
    while read_at_once(gate, OPENED, 0) == times:
        if read_at_once(gate, CALLED_OFF, 0) != 0:
            return False
        looks += 1
        if looks > PATIENCE:
            let_others_go_on()
    return True


@row_by_row
def run_part(
    cities: City, m: int, first_step: int, last_step: int, as_left: bool, counts: Longs, gate: Longs, part: int
) -> None:
    """Run a thread's part of steps ``first_step`` up to, not including, ``last_step`` of one member.

    Parameters
    ----------
    as_left
        Nobody has moved vehicles or changed routes or lanes since the step before the first.
    counts
        What each thread counts, ``[thread, counter]``.
    gate
        Where they wait for each other, of ``GATE_SHAPE``, zeros. Whoever starts threads and cannot start all sets
        ``CALLED_OFF``: the others return without having changed anything.
    part
        Which thread this is.
    """
    threads = counts.shape[0]
    city = member_counting(cities, m, counts[part])
    if not pass_gate(gate, threads):
        return
    fresh_step = first_step - 1 if as_left else first_step  # that in which anything may be as nobody has noted it
    for step in range(first_step, last_step):
        t_s = step * city.step_s
        if part == 0:
            begin_step(city, step, fresh_step)
        pass_gate(gate, threads)
        decide_junctions(city, t_s, part, threads)
        pass_gate(gate, threads)
        let_arrive(city, t_s, step == fresh_step, part, threads)  # routes may have changed before it
        pass_gate(gate, threads)
        serve_links(city, t_s, part, threads)
        pass_gate(gate, threads)
        if part == 0:
            find_rows(city)
        pass_gate(gate, threads)
        rows = busy_rows(city)
        follow_lanes(city, step, rows, part, threads)
        pass_gate(gate, threads)
        advance_lanes(city, rows, part, threads)
        pass_gate(gate, threads)
        leave_all_streets(city, part, threads)
        pass_gate(gate, threads)
        enter_all_streets(city, part, threads)
        pass_gate(gate, threads)
