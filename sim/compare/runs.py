"""Run one scenario of a comparison with one seed, and leave its result as a run folder, whole or not at all."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tarfile
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..run_folder import Run, RunFolder, RunFolderError, read_run, write_json
from .executor import Job

if TYPE_CHECKING:
    from ...agents.city_model import CityModel
    from ..observers import Observer
    from .plans import Plan

RUNS = "runs"  # folder of the results
COST = "cost.json"


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Does a job: call it with one. It may be sent to another process; plans are read once, by who sends it."""

    plans: Sequence[Plan]
    folder: Path  # of the comparison
    threads: int | None = None  # for planning routes; None: as they are set

    def __call__(self, job: Job) -> None:
        """Run a scenario with a seed, unless its result is there already."""
        plan = self.plans[job.scenario]
        place = result_folder(self.folder, plan.key, job.seed)
        if is_done(place):
            return
        beside = place.with_name(f".{place.name}.{os.getpid()}")
        shutil.rmtree(beside, ignore_errors=True)
        _get_ready(plan, job.seed, self.threads)
        cost = _run(plan, job.seed, beside)
        write_json(beside / COST, cost)
        shutil.rmtree(place, ignore_errors=True)  # one that somebody damaged
        beside.replace(place)

    def pack(self, job: Job) -> bytes:
        """Do a job in a folder of this machine's own, and give its result as a packed archive."""
        with tempfile.TemporaryDirectory(prefix="citytwin-") as folder:
            there = replace(self, folder=Path(folder))
            there(job)
            packed = io.BytesIO()
            with tarfile.open(fileobj=packed, mode="w") as archive:
                archive.add(result_folder(there.folder, self.plans[job.scenario].key, job.seed), arcname=".")
        return packed.getvalue()

    def unpack(self, job: Job, packed: bytes) -> None:
        """Put a packed result in its place, whole or not at all."""
        place = result_folder(self.folder, self.plans[job.scenario].key, job.seed)
        beside = place.with_name(f".{place.name}.{os.getpid()}")
        shutil.rmtree(beside, ignore_errors=True)
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(beside, filter="data")
        shutil.rmtree(place, ignore_errors=True)
        beside.replace(place)


def result_folder(folder: Path, key: str, seed: int) -> Path:
    """Where the result of one scenario and seed lies."""
    return folder / RUNS / key / f"seed_{seed}"


def is_done(place: Path) -> bool:
    """Whether a result is there and whole."""
    try:
        run = read_run(place)
    except RunFolderError:
        return False
    return run.manifest.get("status") == "finished" and "state_hash" in run.summary


def read_result(folder: Path, key: str, seed: int) -> Run:
    """The result of one scenario and seed."""
    return read_run(result_folder(folder, key, seed))


def _run(plan: Plan, seed: int, path: Path) -> dict[str, Any]:
    """Run, write, and tell what it cost: seconds without compiling, and the most memory its process has held."""
    from ..observers import LinkTable, NetworkTable
    from ..run import finish
    from ..simulation import Simulation

    scenario = plan.scenario
    begun_s = time.perf_counter()
    facts: dict[str, Any] = {"scenario": scenario.name, "scenario_file": plan.file, "duration_s": scenario.duration_s}
    path.parent.mkdir(parents=True, exist_ok=True)
    with RunFolder(path, seed=seed, start=scenario.start, **facts) as folder:
        simulation = Simulation(scenario, plan.network, plan.trips, seed=seed, on_foot=plan.on_foot)
        fleet, outputs = simulation.model.fleet, scenario.outputs
        observers: list[Observer] = [
            LinkTable(folder, fleet, scenario.duration_s),
            NetworkTable(folder, fleet, outputs.network_every_s, outputs.stuck_after_s),
        ]
        if simulation.air is not None:
            from ..air_tables import AirTables

            observers.append(AirTables(folder, simulation.air))
        simulation.watch([*observers, _Interrupts()])
        setup_s = time.perf_counter() - begun_s
        loop_from_s = time.perf_counter()
        simulation.run()
        loop_s = time.perf_counter() - loop_from_s
        for observer in observers:
            observer.observe(simulation.t_s, simulation.model)
        finish(folder, simulation, setup_s=setup_s, loop_s=loop_s, settled=plan.settled)
    return {"wall_s": time.perf_counter() - begun_s, "kernel_s": loop_s, "peak_bytes": _peak_bytes()}


class _Interrupts:
    """Ends a run where a Ctrl-C got lost."""

    every_s = 60.0

    def observe(self, t_s: float, model: CityModel) -> None:
        """Look whether somebody asked to stop."""
        from ..interrupts import stop_if_asked

        stop_if_asked()


def _get_ready(plan: Plan, seed: int, threads: int | None) -> None:
    """Compile the kernels, or read them from the cache, once in a process: it is no part of what a run costs."""
    if not _compiled:
        import numba

        from ..simulation import Simulation

        if threads is not None:
            numba.set_num_threads(threads)
        simulation = Simulation(plan.scenario, plan.network, plan.trips, seed=seed, on_foot=plan.on_foot)
        simulation.run(0.0)
        simulation.model.fleet.advance(0, 0)
        if simulation.walking is not None:
            simulation.walking.walkers.advance(0, 0)
        _compiled.append(True)


_compiled: list[bool] = []  # something in it: this process has


def _peak_bytes() -> int | None:
    """Most memory that this process has held; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
