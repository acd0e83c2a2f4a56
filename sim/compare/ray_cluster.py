"""Do jobs on a Ray cluster, or on a Ray of this machine: whoever asks gets the results back as bytes.

Ray (Moritz et al. 2018; extra ``cluster``) sends jobs to the machines, and does one again whose worker or machine was
lost. Machines need citytwin installed, but no folder in common: a result travels as bytes and is put in its place here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from ...scenarios.problems import InputError
from .executor import ATTEMPTS, Job, Work, WorkerKilled

if TYPE_CHECKING:
    from types import ModuleType

LOCAL = "local-ray"
CLUSTER = "ray://"


@runtime_checkable
class Portable(Protocol):
    """Work that may be done where its folder is not."""

    def pack(self, job: Job) -> bytes:
        """Do a job somewhere, and give what it makes."""

    def unpack(self, job: Job, packed: bytes) -> None:
        """Put what was made in its place."""


class Ray:
    """Workers of a Ray cluster, one processor each.

    Parameters
    ----------
    address
        Of the cluster, as ``ray.init`` takes it; None starts a Ray of this machine.
    workers
        Processors of that Ray; as many as there are when left out.
    """

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        self._address, self._count = address, workers
        self._ray: ModuleType | None = None

    @property
    def workers(self) -> int:
        """Processors of the cluster."""
        return max(1, int(self._connected().cluster_resources().get("CPU", 1)))

    def run(self, jobs: Sequence[Job], work: Work) -> Iterator[Job]:
        """Do all jobs, and give back each as it is done, in any order.

        Raises
        ------
        WorkerKilled
            When the worker of one job was lost ``ATTEMPTS`` times.
        """
        portable: object = work
        if not isinstance(portable, Portable):
            msg = f"{type(work).__name__} cannot be sent to other machines: it has no pack and unpack"
            raise TypeError(msg)
        ray = self._connected()
        do = ray.remote(num_cpus=1, max_retries=ATTEMPTS - 1)(_pack)
        shared = ray.put(portable)  # sent to every machine once
        running: dict[Any, Job] = {do.remote(shared, job): job for job in jobs}
        try:
            while running:
                (done,), _ = ray.wait(list(running), num_returns=1)
                job = running.pop(done)
                portable.unpack(job, self._result(done, job))
                yield job
        finally:
            for left in running:
                ray.cancel(left, force=True)

    def close(self) -> None:
        """Leave the cluster; end a Ray that was started here."""
        if self._ray is not None:
            self._ray.shutdown()
            self._ray = None

    def _result(self, done: Any, job: Job) -> bytes:
        ray = self._connected()
        try:
            return cast("bytes", ray.get(done))
        except ray.exceptions.RayTaskError as error:
            raise error.cause or error from None
        except (ray.exceptions.WorkerCrashedError, ray.exceptions.ObjectLostError) as error:
            msg = f"the worker of seed {job.seed} was lost {ATTEMPTS} times; is its memory too small?"
            raise WorkerKilled(msg) from error

    def _connected(self) -> ModuleType:
        """Ray, connected to the cluster."""
        if self._ray is not None:
            return self._ray
        ray = _import_ray()
        more: dict[str, Any] = {"address": self._address} if self._address else {"address": "local"}
        if self._address is None:
            more |= {"num_cpus": self._count, "include_dashboard": False}
        try:
            ray.init(log_to_driver=False, logging_level="ERROR", **more)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise InputError(f"--on {self._address or LOCAL}: no Ray answers there ({error}).") from error
        self._ray = ray
        return ray


def _import_ray() -> ModuleType:
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise InputError("--on ray://… and --on local-ray need Ray: pip install 'citytwin[cluster]'") from error
    return cast("ModuleType", ray)


def _pack(work: Portable, job: Job) -> bytes:
    return work.pack(job)
