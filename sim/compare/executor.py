"""Do a list of jobs, here or in several processes, and do a job again whose process was killed.

A backend is whatever has ``run``: it takes jobs and a function, and gives back each job as it is done. The function
leaves what it makes where the caller finds it (a file); a job that is done twice must leave the same.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, NamedTuple, Protocol

from ...scenarios.problems import InputError

ATTEMPTS = 3  # of one job whose process is killed
REAPED_S = 10.0  # at most, until a process that was killed counts as ended


class Job(NamedTuple):
    """One run: which scenario of the comparison (0 is the base), with which seed."""

    scenario: int
    seed: int


Work = Callable[[Job], None]  # for processes: picklable


class WorkerKilled(RuntimeError):
    """A process that did a job was killed again and again."""


class Executor(Protocol):
    """Where jobs are done."""

    @property
    def workers(self) -> int:
        """How many at the same time."""

    def run(self, jobs: Sequence[Job], work: Work) -> Iterator[Job]:
        """Do all jobs, and give back each as it is done, in any order."""

    def close(self) -> None:
        """Let go of what was started."""


class Serial:
    """One job after the other, in this process."""

    workers = 1

    def run(self, jobs: Sequence[Job], work: Work) -> Iterator[Job]:
        """Do all jobs in their order."""
        for job in jobs:
            work(job)
            yield job

    def close(self) -> None:
        """Nothing was started."""


class _Context(SpawnContext):
    """Starts processes afresh, and knows which ones it started."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[SpawnProcess] = []

    def Process(self, *arguments: Any, **keywords: Any) -> SpawnProcess:  # type: ignore[override]
        """A new process."""
        self.started.append(SpawnProcess(*arguments, **keywords))
        return self.started[-1]


class Processes:
    """Several processes of this machine, started afresh: compiled code and threads do not survive a fork.

    Parameters
    ----------
    workers
        Processes at the same time; each is given one job at a time.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._context = _Context()

    def run(self, jobs: Sequence[Job], work: Work) -> Iterator[Job]:
        """Do all jobs.

        Raises
        ------
        WorkerKilled
            When the process of one job was killed ``ATTEMPTS`` times.
        """
        waiting = list(reversed(jobs))
        running: dict[Future[None], Job] = {}
        killed: Counter[Job] = Counter()
        while waiting or running:
            pool = self._started()
            try:
                while waiting and len(running) < self.workers:
                    running[pool.submit(work, waiting[-1])] = waiting[-1]
                    waiting.pop()
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    future.result()
                    yield running.pop(future)
            except BrokenProcessPool as error:
                lost = list(running.values())
                running.clear()
                self.close()
                killed.update(lost)
                often = sorted({job.seed for job in lost if killed[job] >= ATTEMPTS})
                if often:
                    msg = f"the process of seed {often[0]} was killed {ATTEMPTS} times; is the memory too small?"
                    raise WorkerKilled(msg) from error
                waiting += reversed(lost)

    def close(self) -> None:
        """End the processes, also those in the middle of a job."""
        if self._pool is None:
            return
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = None
        for process in self._context.started:
            process.kill()
            process.join()
            until_s = time.monotonic() + REAPED_S
            while process.is_alive() and time.monotonic() < until_s:  # the pool's thread may know first, and say later
                time.sleep(0.01)
        self._context.started.clear()

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self.workers, mp_context=self._context, initializer=_begin_worker)
        return self._pool


def choose_executor(workers: int, on: str | None = None) -> Executor:
    """Choose where jobs are done.

    Parameters
    ----------
    workers
        How many at the same time; one is the process that asks, unless ``on`` says otherwise.
    on
        ``serial``, ``processes``, ``local-ray``, or a Ray cluster: ``ray://HOST:PORT``, which has its own number.

    Raises
    ------
    InputError
        There is no such place.
    """
    from .ray_cluster import CLUSTER, LOCAL, Ray

    if on is None:
        on = "serial" if workers == 1 else "processes"
    if on == "serial":
        return Serial()
    if on == "processes":
        return Processes(workers)
    if on == LOCAL:
        return Ray(workers=workers)
    if on.startswith(CLUSTER) and on != CLUSTER:
        return Ray(on)
    raise InputError(f"--on {on}: no such place. All: serial, processes, {LOCAL}, {CLUSTER}HOST:PORT")


def cores() -> int:
    """How many processes run at the same time on this machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _begin_worker() -> None:
    """Leave Ctrl-C to the parent, and end when it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
