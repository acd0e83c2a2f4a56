"""Share a large city out to several threads of this process, or keep it to one where that is quicker."""

from __future__ import annotations

import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

import numba
import numpy as np

from ..kernels.threads import CALLED_OFF, GATE_SHAPE, run_part
from ..kernels.traffic_tables import COUNTERS, City

WORTH_A_THREAD = 1000  # vehicles on the road
LEAST_SHARE = 0.7  # of the cores' time; who gets less is not quicker than one alone
ALONE = 15  # times that one then works alone
MOST_THREADS = 256  # who waits for one that cannot start would wait for ever


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
    worth = min(driving // WORTH_A_THREAD, MOST_THREADS)
    return 1 if worth < 2 else max(1, min(int(numba.get_num_threads()), worth))


def run_on_threads(
    cities: City, m: int, first_step: int, last_step: int, threads: int, *, as_left: bool = False
) -> None:
    """Run steps ``first_step`` up to, not including, ``last_step`` of one member on so many threads.

    With ``as_left`` nobody has moved vehicles or changed routes or lanes since the step before: nothing is looked
    through anew.

    On one where the others are at work for somebody else, and for a while where they got too little of the cores: who
    waits at a gate for somebody who waits for a core is slower than one alone. The result is the same.
    """
    if threads == 1 or not _team.free.acquire(blocking=False):
        _share_out(cities, m, first_step, last_step, 1, as_left=as_left)
        return
    try:
        if _team.alone > 0:
            _team.alone -= 1
            threads = 1
        cpu_s, wall_s = time.process_time(), time.perf_counter()
        _share_out(cities, m, first_step, last_step, threads, as_left=as_left)
        had_s, wanted_s = time.process_time() - cpu_s, (time.perf_counter() - wall_s) * threads
        if threads > 1 and had_s < LEAST_SHARE * wanted_s:
            _team.alone = ALONE
    finally:
        _team.free.release()


def _share_out(cities: City, m: int, first_step: int, last_step: int, threads: int, *, as_left: bool) -> None:
    counts = cities.counter[m : m + 1] if threads == 1 else np.zeros((threads, COUNTERS), np.int64)
    gate = np.zeros(GATE_SHAPE, np.int64)
    work = (cities, m, first_step, last_step, as_left, counts, gate)
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
    if threads > 1:
        cities.counter[m] += counts.sum(axis=0)
