"""Advance the traffic of one city on several threads, phase by phase.

Rows of a phase may be served in any order, or at once (``cuda_phases``), so a run has the same bits on any number of
threads. They share out each phase and wait for each other behind it; what finds out where something may happen, one
does for all.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

import numba
import numpy as np

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
from .traffic_tables import COUNTERS, City, Longs

# Rows of a gate, ``[row, …]``, each in cache lines of its own.
ARRIVED, OPENED, CALLED_OFF = range(3)
GATE_SHAPE = 3, 16
PATIENCE = 2000  # times a thread looks before it lets others have its core
WORTH_A_THREAD = 1000  # vehicles on the road
LEAST_SHARE = 0.7  # of the cores' time; who gets less is not quicker than one alone
ALONE = 15  # times that one then works alone
MOST_THREADS = 256  # who waits for one that cannot start would wait for ever


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
def run_part(cities: City, m: int, first_step: int, last_step: int, counts: Longs, gate: Longs, part: int) -> None:
    """Run a thread's part of steps ``first_step`` up to, not including, ``last_step`` of one member.

    Parameters
    ----------
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
    for step in range(first_step, last_step):
        t_s = step * city.step_s
        if part == 0:
            begin_step(city, step, first_step)
        pass_gate(gate, threads)
        decide_junctions(city, t_s, part, threads)
        pass_gate(gate, threads)
        let_arrive(city, t_s, step == first_step, part, threads)  # routes may have changed before the first
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


class _Team:
    """Threads that wait for work. Whoever forks leaves them behind."""

    def __init__(self) -> None:
        self.gather()

    def gather(self) -> None:
        """Begin with nobody."""
        self.free = Lock()
        self.alone = 0  # how often still nobody is called
        self._pool: ThreadPoolExecutor | None = None

    def pool(self) -> ThreadPoolExecutor:
        """Who runs what is submitted."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(MOST_THREADS, "traffic")  # it starts as many as it needs
        return self._pool


_team = _Team()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_team.gather)


def threads_for(driving: int) -> int:
    """How many threads are worth while for so many vehicles on the road, of those that numba may use."""
    return max(1, min(numba.get_num_threads(), driving // WORTH_A_THREAD, MOST_THREADS))


def run_on_threads(cities: City, m: int, first_step: int, last_step: int, threads: int) -> None:
    """Run steps ``first_step`` up to, not including, ``last_step`` of one member on so many threads.

    On one where the others are at work for somebody else, and for a while where they got too little of the cores: who
    waits at a gate for somebody who waits for a core is slower than one alone. The result is the same.
    """
    if threads == 1 or not _team.free.acquire(blocking=False):
        _share_out(cities, m, first_step, last_step, 1)
        return
    try:
        if _team.alone > 0:
            _team.alone -= 1
            threads = 1
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        _share_out(cities, m, first_step, last_step, threads)
        had_s, wanted_s = time.process_time() - cpu_s, (time.perf_counter() - wall_s) * threads
        if threads > 1 and had_s < LEAST_SHARE * wanted_s:
            _team.alone = ALONE
    finally:
        _team.free.release()


def _share_out(cities: City, m: int, first_step: int, last_step: int, threads: int) -> None:
    counts, gate = np.zeros((threads, COUNTERS), np.int64), np.zeros(GATE_SHAPE, np.int64)
    work = (cities, m, first_step, last_step, counts, gate)
    others: list[Future[None]] = []
    try:
        others.extend(_team.pool().submit(run_part, *work, part) for part in range(1, threads))
        run_part(*work, 0)
    except BaseException:
        gate[CALLED_OFF] = 1
        raise
    finally:
        for other in others:
            other.result()
    cities.counter[m] += counts.sum(axis=0)
