"""Time the traffic loop: vehicle updates per second on grids of growing size, and the share of each phase.

    python benchmarks/traffic.py [ROWS …]

Prints, per grid of signalised two-lane blocks, vehicles on the road, updates a second of one thread (process time, the
best of three stretches, so that a busy machine matters less) and the real-time factor; then the cost per vehicle of the
largest grid over the smallest, which says whether the cost stays flat.
"""

from __future__ import annotations

import sys
import time

import numba
import numpy as np

from citytwin.agents.fleet import Fleet, build_fleet
from citytwin.agents.routes import Router
from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.scenario import Drivers
from citytwin.scenarios.synthetic import grid_city
from citytwin.scenarios.trips import TripTable

DEPARTURES_PER_JUNCTION_AND_HOUR = 20.0
WARM_UP_S, STRETCH_S, STRETCHES = 900, 300, 3


def busy_grid(rows: int) -> Fleet:
    """A grid of ``rows × rows`` junctions with random trips, after its warm-up."""
    network = build_network(grid_city(rows, rows))
    hours = (WARM_UP_S + STRETCH_S * STRETCHES) / 3600.0
    count = int(DEPARTURES_PER_JUNCTION_AND_HOUR * rows * rows * hours)
    rng = np.random.default_rng(1)
    trips = TripTable.sorted(
        [f"trip {i}" for i in range(count)],
        rng.uniform(0.0, 3600.0 * hours, count),
        rng.integers(0, network.link_count, count).astype(np.int32),
        rng.integers(0, network.link_count, count).astype(np.int32),
    )
    routes = Router(network).plan(trips.origin_link, trips.destination_link, trips.key, noise=0.1, seed=1)
    fleet = build_fleet(network, trips, Drivers(), seed=1)
    fleet.set_routes(0, np.arange(count), routes.start, routes.link)
    fleet.advance(0, WARM_UP_S)
    return fleet


def main(sizes: list[int]) -> None:
    """Print one line per grid."""
    numba.set_num_threads(1)
    print(f"{'grid':>8} {'on the road':>12} {'updates/s':>12} {'ns/update':>10} {'real time':>10}")
    cost_ns = []
    for rows in sizes:
        fleet = busy_grid(rows)
        best = 0.0
        for stretch in range(STRETCHES):
            first = WARM_UP_S + stretch * STRETCH_S
            updates, begun_s = int(fleet.cities.counter[0, table.UPDATES]), time.process_time()
            fleet.advance(first, first + STRETCH_S)
            spent_s = time.process_time() - begun_s
            rate = (int(fleet.cities.counter[0, table.UPDATES]) - updates) / spent_s
            if rate > best:
                best, factor = rate, STRETCH_S / spent_s
        driving = int((fleet.vehicles.status[0] == table.DRIVING).sum())
        cost_ns.append(1e9 / best)
        print(f"{f'{rows} x {rows}':>8} {driving:12,} {best:12,.0f} {cost_ns[-1]:10.0f} {factor:9,.0f}x")
    print(f"cost per vehicle, {sizes[-1]} x {sizes[-1]} over {sizes[0]} x {sizes[0]}: {cost_ns[-1] / cost_ns[0]:.2f}")


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10, 20, 40])
