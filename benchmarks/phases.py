"""Say where the time of a step goes, and how far it is from what the memory can give.

    python benchmarks/phases.py [ROWS …] [--vehicles N]

Runs grids of signalised two-lane blocks phase by phase, each phase timed by itself (CPU time, one thread; calling a
kernel from Python, timed with an empty one, is subtracted), and checks that the state is the one that whole steps
leave. The *roofline* counts every byte of a vehicle's state as read once and written once a step, which is less than
what is moved, and compares with what copying an array moves in the same run.

With ``--vehicles`` as many set out within ten minutes on the grid of the first size, on random ways; the memory of the
process is told beside what it was before. They run on all cores (``NUMBA_NUM_THREADS``), timed by the clock.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import numba
import numpy as np
from numpy.typing import NDArray
from traffic import WARM_UP_S as FIRST_STEP
from traffic import busy_grid

from citytwin.agents.fleet import Fleet, build_fleet
from citytwin.kernels import traffic
from citytwin.kernels import traffic_tables as table
from citytwin.kernels.busy import busy_rows, find_busy, find_rows
from citytwin.kernels.compile import bare_entry, woven
from citytwin.kernels.members import member_of
from citytwin.kernels.traffic_tables import UPDATES, City
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.scenario import Drivers
from citytwin.scenarios.synthetic import grid_city
from citytwin.scenarios.trips import TripTable

STRETCH_S = 300
SETTING_OUT_S, DRIVING_S, WAY_LINKS = 600, 300, 80
COPIED_MB = 256


@woven
def step_at(city: City, t_s: float) -> int:
    """Number of the step that begins at a time."""
    return int(t_s / city.step_s + 0.5)


@bare_entry
def nothing(cities: City, m: int, t_s: float) -> None:
    city = member_of(cities, m)
    city.counter[UPDATES] += 0


@bare_entry
def advance_signals(cities: City, m: int, t_s: float) -> None:
    city = member_of(cities, m)
    for controller in range(city.controller_f.shape[1]):
        traffic.advance_signal(city, controller)


@bare_entry
def all_promises(cities: City, m: int, t_s: float) -> None:
    city = member_of(cities, m)
    traffic.note_promises(city, step_at(city, t_s), FIRST_STEP)


@bare_entry
def all_busy(cities: City, m: int, t_s: float) -> None:
    city = member_of(cities, m)
    find_busy(city, step_at(city, t_s))


@bare_entry
def decide_junctions(cities: City, m: int, t_s: float) -> None:
    traffic.decide_junctions(member_of(cities, m), t_s, 0, 1)


@bare_entry
def all_arrive(cities: City, m: int, t_s: float) -> None:
    traffic.let_arrive(member_of(cities, m), t_s, False, 0, 1)


@bare_entry
def serve_links(cities: City, m: int, t_s: float) -> None:
    traffic.serve_links(member_of(cities, m), t_s, 0, 1)


@bare_entry
def all_rows(cities: City, m: int, t_s: float) -> None:
    find_rows(member_of(cities, m))


@bare_entry
def follow_lanes(cities: City, m: int, t_s: float) -> None:
    city = member_of(cities, m)
    traffic.follow_lanes(city, step_at(city, t_s), busy_rows(city), 0, 1)


@bare_entry
def advance_lanes(cities: City, m: int, t_s: float) -> None:
    city = member_of(cities, m)
    traffic.advance_lanes(city, busy_rows(city), 0, 1)


@bare_entry
def all_leave(cities: City, m: int, t_s: float) -> None:
    traffic.leave_all_streets(member_of(cities, m), 0, 1)


@bare_entry
def all_enter(cities: City, m: int, t_s: float) -> None:
    traffic.enter_all_streets(member_of(cities, m), 0, 1)


# As kernels.traffic.PHASES orders them; before the decisions a CPU looks where something may happen.
PHASES: dict[str, Callable[[City, int, float], None]] = {
    "advance_signals": advance_signals,
    "note_promises": all_promises,
    "find_busy": all_busy,
    "decide_junctions": decide_junctions,
    "let_all_arrive": all_arrive,
    "serve_links": serve_links,
    "find_rows": all_rows,
    "follow_lanes": follow_lanes,
    "advance_lanes": advance_lanes,
    "leave_streets": all_leave,
    "enter_streets": all_enter,
}


def time_phases(fleet: Fleet, first: int, last: int) -> dict[str, float]:
    """CPU time of every phase over some steps, s."""
    kernels = {**PHASES, "": nothing}
    spent_s = dict.fromkeys(kernels, 0.0)
    clock, cities, step_s = time.process_time, fleet.cities, fleet.cities.step_s
    for step in range(first, last):
        for name, kernel in kernels.items():
            begun_s = clock()
            kernel(cities, 0, step * step_s)
            spent_s[name] += clock() - begun_s
    calling_s = spent_s.pop("")
    return {name: max(all_s - calling_s, 0.0) for name, all_s in spent_s.items()}


def copied_gb_per_s() -> float:
    """Bytes that copying an array reads and writes in a second; the best of five."""
    source = np.ones(COPIED_MB * 1_000_000 // 8)
    target = np.zeros_like(source)
    best_s = np.inf
    for _ in range(5):
        begun_s = time.process_time()
        np.copyto(target, source)
        best_s = min(best_s, time.process_time() - begun_s)
    return 2 * source.nbytes / best_s / 1e9


def state_bytes(fleet: Fleet) -> int:
    """Bytes of one vehicle's row in the tables that change, its place in a lane included."""
    cities = fleet.cities
    return sum(array.shape[2] * array.itemsize for array in (cities.vehicle_f, cities.vehicle_i)) + cities.ring.itemsize


def show_phases(rows: int, fleet: Fleet, whole: Fleet) -> None:
    """Print the table of one grid; ``whole`` is the same fleet, to be run by whole steps."""
    first = FIRST_STEP
    time_phases(fleet, first, first + 1)  # compiles
    before = int(fleet.cities.counter[0, UPDATES])
    spent_s = time_phases(fleet, first + 1, first + STRETCH_S)
    updates = int(fleet.cities.counter[0, UPDATES]) - before
    whole.advance(first, first + 1)
    begun_s = time.process_time()
    whole.advance(first + 1, first + STRETCH_S)
    whole_ns = 1e9 * (time.process_time() - begun_s) / updates
    if fleet.state_hash() != whole.state_hash():
        raise SystemExit("The phases one by one do not leave the state that whole steps leave.")
    total_s = sum(spent_s.values())
    print(f"\n{rows} x {rows}: {updates:,} updates, {whole_ns:.0f} ns each in whole steps")
    for name, phase_s in spent_s.items():
        print(f"{name:>20} {1e9 * phase_s / updates:8.1f} ns {phase_s / total_s:6.0%}")
    moved, given = 2 * state_bytes(fleet), copied_gb_per_s()
    took = moved / whole_ns
    share = f"{took:.2f} GB/s of {given:.1f} GB/s that copying moves ({took / given:.0%})"
    print(f"roofline: {moved} bytes an update, {share}")


def peak_mib() -> float:
    """The most memory this process had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def show_crowd(rows: int, count: int) -> None:
    """Print memory and speed with many vehicles on random ways."""
    network = build_network(grid_city(rows, rows))
    before_mib = peak_mib()
    rng = np.random.default_rng(1)
    way = random_ways(network.movements.from_link, network.movements.to_link, network.link_count, count, rng)
    depart_s = np.sort(rng.uniform(0.0, SETTING_OUT_S, count))
    names = [f"{number:07}" for number in range(count)]
    trips = TripTable.sorted(names, depart_s, way[:, 0].copy(), way[:, -1].copy())
    fleet = build_fleet(network, trips, Drivers(), seed=1)
    start = np.arange(count + 1, dtype=np.int64) * WAY_LINKS
    fleet.set_routes(0, np.arange(count), start, way.ravel())
    fleet.advance(0, SETTING_OUT_S)
    before, begun_s = int(fleet.cities.counter[0, UPDATES]), time.perf_counter()
    fleet.advance(SETTING_OUT_S, SETTING_OUT_S + DRIVING_S)
    spent_s = time.perf_counter() - begun_s
    updates = int(fleet.cities.counter[0, UPDATES]) - before
    driving = int((fleet.vehicles.status[0] == table.DRIVING).sum())
    more = (peak_mib() - before_mib) * 2**20 / count
    print(f"{rows} x {rows}, {count:,} vehicles, {driving:,} on the road at the end")
    how = f"{DRIVING_S / spent_s:.1f} x real time on {numba.get_num_threads()} threads"
    print(f"{updates / spent_s / 1e6:.2f} M updates/s, {how}")
    print(f"peak {peak_mib():,.0f} MiB, of it {before_mib:,.0f} before there were trips: {more:.0f} bytes a vehicle")
    print(f"{state_bytes(fleet)} of them are its state, {4 * WAY_LINKS} its route")


def random_ways(
    came: NDArray[np.int32], goes: NDArray[np.int32], links: int, count: int, rng: np.random.Generator
) -> NDArray[np.int32]:
    """Ways of ``WAY_LINKS`` links that turn as chance will, ``[way, link]``."""
    order = np.argsort(came, kind="stable")
    first = np.searchsorted(came[order], np.arange(links + 1))
    way = np.empty((count, WAY_LINKS), np.int32)
    way[:, 0] = rng.integers(0, links, count)
    for step in range(1, WAY_LINKS):
        here = way[:, step - 1]
        way[:, step] = goes[order[first[here] + (rng.random(count) * (first[here + 1] - first[here])).astype(np.int64)]]
    return way


def main() -> None:
    """Print phases of every grid, or one line about a crowd."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", type=int, default=[20, 40])
    parser.add_argument("--vehicles", type=int, help="of a crowd on the first grid")
    arguments = parser.parse_args()
    if arguments.vehicles:
        show_crowd(arguments.rows[0], arguments.vehicles)
        return
    numba.set_num_threads(1)
    for rows in arguments.rows:
        show_phases(rows, busy_grid(rows), busy_grid(rows))


if __name__ == "__main__":
    main()
