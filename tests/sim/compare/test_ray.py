"""On a Ray cluster of two machines' worth of workers: the same results as here, though a worker is killed.

Runs where Ray is installed: ``pip install -e '.[cluster]'``, then ``pytest tests/sim/compare/test_ray.py``.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from citytwin.sim.compare import compare
from citytwin.sim.compare.executor import Job, WorkerKilled
from citytwin.sim.compare.ray_cluster import Ray

pytest.importorskip("ray", reason="Ray is not installed: pip install 'citytwin[cluster]'")

JOBS = [Job(scenario, seed) for seed in range(3) for scenario in (0, 1)]


@dataclass(frozen=True)
class Note:
    """Gives who did a job; the worker of ``victim`` kills itself the first ``times`` times."""

    folder: Path
    victim: Job | None = None
    times: int = 0
    fails: bool = False

    def __call__(self, job: Job) -> None:
        raise AssertionError("is done elsewhere")

    def pack(self, job: Job) -> bytes:
        import ray

        if self.fails:
            msg = f"no streets for {job.seed}"
            raise ValueError(msg)
        if job == self.victim:
            attempts = len(list(self.folder.glob("attempt*")))
            (self.folder / f"attempt{attempts}").touch()
            if attempts < self.times:
                os.kill(os.getpid(), signal.SIGKILL)
        return f"{ray.get_runtime_context().get_node_id()} {os.getpid()}".encode()

    def unpack(self, job: Job, packed: bytes) -> None:
        (self.folder / f"{job.scenario}-{job.seed}").write_bytes(packed)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Two machines with one worker each, as far as Ray can tell."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    yield cluster.address
    cluster.shutdown()


@pytest.fixture
def cluster(address: str) -> Iterator[Ray]:
    executor = Ray(address)
    yield executor
    executor.close()


def test_every_job_is_done_once_though_a_worker_is_killed(cluster: Ray, tmp_path: Path):
    assert cluster.workers == 2
    assert sorted(cluster.run(JOBS, Note(tmp_path, victim=JOBS[2], times=2))) == sorted(JOBS)
    assert {path.name for path in tmp_path.glob("*-*")} == {f"{job.scenario}-{job.seed}" for job in JOBS}
    assert len(list(tmp_path.glob("attempt*"))) == 3
    assert {path.read_text().split()[1] for path in tmp_path.glob("*-*")}.isdisjoint({str(os.getpid())})


def test_a_job_whose_worker_is_killed_every_time_is_given_up(cluster: Ray, tmp_path: Path):
    with pytest.raises(WorkerKilled, match="the worker of seed 0 was lost 3 times"):
        list(cluster.run(JOBS[:1], Note(tmp_path, victim=JOBS[0], times=99)))


def test_an_error_of_a_worker_is_the_callers(cluster: Ray, tmp_path: Path):
    with pytest.raises(ValueError, match="no streets for 0"):
        list(cluster.run(JOBS[:1], Note(tmp_path, fails=True)))


def test_a_cluster_computes_what_one_process_does(address: str, found, plans: list[Path], tmp_path: Path):
    again = compare(plans, seeds=len(found.seeds), out=tmp_path / "out", executor=Ray(address))
    assert again.summary()["state_hashes"] == found.summary()["state_hashes"]
    assert again.differences.network.equals(found.differences.network)
