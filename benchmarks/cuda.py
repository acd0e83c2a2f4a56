"""Time the traffic on a GPU against one CPU core, and list what its kernels need.

    python benchmarks/cuda.py              # registers and spills; with a GPU also equality and speed
    python benchmarks/cuda.py 40 100 200   # single cities, rows of their grids; the last has a million vehicles

Registers need the extra [cuda12] or [cuda13] and no GPU. With a GPU: a city of each size on both, whether the states
are equal to the last bit, and an ensemble in one launch against its members one after the other.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from dataclasses import dataclass

import numpy as np

from citytwin.agents.fleet import Fleet, build_fleet
from citytwin.agents.routes import Router
from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.scenario import Drivers
from citytwin.scenarios.synthetic import grid_city
from citytwin.scenarios.trips import TripTable
from citytwin.sim.backend import device_name, on_backend, what_cuda_lacks

WARM_UP_S, STRETCH_S = 900, 300
HOURS = (WARM_UP_S + STRETCH_S) / 3600.0


@dataclass(frozen=True)
class Case:
    """A grid of ``rows × rows`` blocks; departures per junction and hour."""

    rows: int
    density: float
    members: int = 1


SINGLE = (Case(20, 20.0), Case(40, 20.0), Case(100, 20.0))
MILLION = 80.0  # departures per junction and hour: a million on a 200 × 200 grid, whose trips outlast the run
ENSEMBLE = Case(40, 60.0, members=64)


def fleet_of(case: Case) -> Fleet:
    """Traffic with routes; every member has drivers of its own."""
    network = build_network(grid_city(case.rows, case.rows))
    count = int(case.density * case.rows**2 * HOURS)
    rng = np.random.default_rng(1)
    trips = TripTable.sorted(
        [f"trip {i}" for i in range(count)],
        rng.uniform(0.0, 3600.0 * HOURS, count),
        rng.integers(0, network.link_count, count).astype(np.int32),
        rng.integers(0, network.link_count, count).astype(np.int32),
    )
    routes = Router(network).plan(trips.origin_link, trips.destination_link, trips.key, noise=0.1, seed=1)
    fleet = build_fleet(network, trips, Drivers(), seed=1, members=case.members)
    for member in range(case.members):
        fleet.set_routes(member, np.arange(count), routes.start, routes.link)
    return fleet


def timed(fleet: Fleet, first: int, last: int) -> tuple[float, int]:
    """Seconds on the wall, and updates of all members."""
    before = int(fleet.cities.counter[:, table.UPDATES].sum())
    begun_s = time.perf_counter()
    fleet.advance(first, last)
    spent_s = time.perf_counter() - begun_s
    return spent_s, int(fleet.cities.counter[:, table.UPDATES].sum()) - before


def compare(case: Case) -> None:
    """Print one line: the same stretch on one CPU core (members one after the other) and on the GPU."""
    from citytwin.kernels.traffic import run_member

    here = fleet_of(case)
    there = on_backend(fleet_of(case), "cuda")
    for first, last in ((0, WARM_UP_S), (WARM_UP_S, WARM_UP_S + STRETCH_S)):
        before = int(here.cities.counter[:, table.UPDATES].sum())
        begun_s = time.perf_counter()
        for member in range(case.members):
            run_member(here.cities, member, first, last)
        cpu_s, updates = time.perf_counter() - begun_s, int(here.cities.counter[:, table.UPDATES].sum()) - before
        gpu_s, _ = timed(there, first, last)
    equal = all(here.state_hash(member) == there.state_hash(member) for member in range(case.members))
    driving = int((here.vehicles.status == table.DRIVING).sum())
    print(
        f"{case.members:7} {f'{case.rows} x {case.rows}':>9} {driving:11,} {updates / cpu_s:13,.0f} "
        f"{updates / gpu_s:13,.0f} {cpu_s / gpu_s:8.1f}x {STRETCH_S / gpu_s:10,.0f}x {'yes' if equal else 'NO':>6}"
    )


def list_resources() -> None:
    """Print registers and spilled bytes of every kernel."""
    from citytwin.kernels.cuda_resources import resources_of

    found = resources_of(fleet_of(Case(3, 10.0)).cities)
    kernels = list(dict.fromkeys(one.kernel for one in found))
    by = {(one.kernel, one.architecture): one for one in found}
    print(f"{'kernel':>18} {'registers sm_80':>16} {'sm_90':>6} {'spilled bytes':>14}")
    for kernel in kernels:
        old, new = by[kernel, "sm_80"], by[kernel, "sm_90"]
        print(f"{kernel:>18} {old.registers:16} {new.registers:6} {old.spilled_bytes + new.spilled_bytes:14}")


def main(sizes: list[int]) -> None:
    """Print what can be measured here."""
    if importlib.util.find_spec("numba_cuda") is None:
        print("Registers: not listed; they need pip install 'citytwin[cuda12]' (no GPU).")
    else:
        list_resources()
    lacks = what_cuda_lacks()
    if lacks:
        print(f"Speed: not measured; {lacks}")
        return
    print(f"\n{device_name()} against one CPU core")
    columns = ("members", "grid", "on the road", "CPU updates/s", "GPU updates/s", "ratio", "real time", "equal")
    print("{:>7} {:>9} {:>11} {:>13} {:>13} {:>9} {:>11} {:>6}".format(*columns))
    singles = [Case(rows, MILLION if rows >= 200 else 20.0) for rows in sizes] or SINGLE
    for case in (*singles, ENSEMBLE):
        compare(case)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]])
