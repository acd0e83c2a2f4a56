"""Every job is done once, and again where its process was killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from citytwin.scenarios.problems import InputError
from citytwin.sim.compare.executor import Job, Processes, Serial, WorkerKilled, choose_executor
from citytwin.sim.compare.ray_cluster import Ray

JOBS = [Job(scenario, seed) for seed in range(3) for scenario in (0, 1)]


@dataclass(frozen=True)
class Write:
    """Leaves a file for every job; the process of ``victim`` kills itself the first ``times`` times."""

    folder: Path
    victim: Job | None = None
    times: int = 0
    fails: bool = False

    def __call__(self, job: Job) -> None:
        if self.fails:
            msg = f"no streets for {job.seed}"
            raise ValueError(msg)
        if job == self.victim:
            attempts = len(list(self.folder.glob("attempt*")))
            (self.folder / f"attempt{attempts}").touch()
            if attempts < self.times:
                os.kill(os.getpid(), signal.SIGKILL)
        (self.folder / f"{job.scenario}-{job.seed}").write_text(str(os.getpid()))


@dataclass(frozen=True)
class Sleep:
    """Takes longer than anybody waits."""

    folder: Path

    def __call__(self, job: Job) -> None:
        (self.folder / str(os.getpid())).touch()
        time.sleep(600)


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if "-" in path.name}


def names(jobs: list[Job]) -> set[str]:
    return {f"{job.scenario}-{job.seed}" for job in jobs}


def test_one_worker_is_this_process(tmp_path):
    executor = choose_executor(1)
    assert list(executor.run(JOBS, Write(tmp_path))) == JOBS
    assert {path.read_text() for path in tmp_path.iterdir()} == {str(os.getpid())}


def test_several_processes_do_every_job_once_though_one_is_killed(tmp_path):
    executor = Processes(2)
    try:
        done = list(executor.run(JOBS, Write(tmp_path, victim=JOBS[2], times=2)))
        assert sorted(done) == sorted(JOBS)
        assert left(tmp_path) == names(JOBS)
        assert len(list(tmp_path.glob("attempt*"))) == 3
        again = list(executor.run(JOBS[:1], Write(tmp_path)))
        assert again == JOBS[:1]
    finally:
        executor.close()
    assert not multiprocessing.active_children()


def test_a_job_whose_process_is_killed_every_time_is_given_up(tmp_path):
    executor = Processes(1)
    with pytest.raises(WorkerKilled, match="seed 0 was killed 3 times"):
        list(executor.run(JOBS[:1], Write(tmp_path, victim=JOBS[0], times=99)))
    executor.close()


def test_an_error_in_a_process_is_the_callers(tmp_path):
    executor = Processes(1)
    with pytest.raises(ValueError, match="no streets for 0"):
        list(executor.run(JOBS[:1], Write(tmp_path, fails=True)))
    executor.close()


def test_closing_ends_processes_in_the_middle_of_a_job(tmp_path):
    executor = Processes(1)
    jobs = executor.run(JOBS[:1], Sleep(tmp_path))
    pool = executor._started()
    pool.submit(Sleep(tmp_path), JOBS[0])
    until_s = time.monotonic() + 60
    while not list(tmp_path.iterdir()):
        assert time.monotonic() < until_s
        time.sleep(0.05)
    (path,) = tmp_path.iterdir()
    executor.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(path.name), 0)
    jobs.close()


def test_serial_needs_no_closing():
    Serial().close()


@pytest.mark.parametrize(
    "workers,on,kind",
    [
        (1, None, Serial),
        (2, None, Processes),
        (2, "serial", Serial),
        (1, "processes", Processes),
        (2, "local-ray", Ray),
        (2, "ray://head:10001", Ray),
    ],
)
def test_where_jobs_are_done_is_chosen_by_name(workers, on, kind):
    assert type(choose_executor(workers, on)) is kind


@pytest.mark.parametrize("on", ["ray", "ray://", "cloud"])
def test_an_unknown_place_is_refused(on):
    with pytest.raises(InputError) as raised:
        choose_executor(2, on)
    assert str(raised.value) == f"--on {on}: no such place. All: serial, processes, local-ray, ray://HOST:PORT"


def test_without_ray_it_is_said_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)

    class Anywhere(Write):
        def pack(self, job):
            raise AssertionError

        def unpack(self, job, packed):
            raise AssertionError

    with pytest.raises(InputError, match=r"need Ray: pip install 'citytwin\[cluster\]'"):
        list(Ray().run(JOBS, Anywhere(tmp_path)))


def test_work_that_cannot_travel_is_not_sent(tmp_path):
    with pytest.raises(TypeError, match="Write cannot be sent to other machines"):
        list(Ray().run(JOBS, Write(tmp_path)))
