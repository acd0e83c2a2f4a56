"""Where one ramp comes in and another leaves within a few dozen metres, drivers weave and nobody gets stuck."""

from __future__ import annotations

import numpy as np
import pytest
from micro_traffic import Part
from wave_roads import NO_DETOURS, node_network, simulate

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.network import RoadNetwork

PLACES = {
    "A": (-600.0, 20.0),
    "B": (-600.0, -20.0),
    "M": (0.0, 0.0),
    "N": (60.0, 0.0),
    "C": (560.0, 20.0),
    "D": (560.0, -20.0),
}
LINKS = {
    "a": ("A", "M", Part(600.0, 3, 100.0)),
    "b": ("B", "M", Part(600.0, 1, 50.0)),
    "w": ("M", "N", Part(60.0, 4, 100.0)),
    "c": ("N", "C", Part(500.0, 3, 100.0)),
    "d": ("N", "D", Part(500.0, 1, 50.0)),
}
FLOWS = {("a", "c"): 2600.0, ("a", "d"): 400.0, ("b", "c"): 400.0}  # vehicles an hour
MINUTES = 30


@pytest.fixture(scope="module")
def cloverleaf() -> RoadNetwork:
    """Three lanes of a motorway and 60 m of a fourth, by which one ramp comes in and another leaves."""
    return node_network(PLACES, LINKS)


def weaving(network, seed):
    """Evenly spaced trips of each way, over half an hour."""
    rng, rows = np.random.default_rng(seed), []
    for (start, end), vph in FLOWS.items():
        times = np.arange(rng.uniform(0.0, 3600.0 / vph), 60.0 * MINUTES, 3600.0 / vph)
        rows += [(f"{start}{end}{k}", float(t), start, end, 0, 0.0, 1e9) for k, t in enumerate(times)]
    return simulate(network, rows, seed=seed, duration_s=60 * MINUTES + 600, routes=NO_DETOURS, step_s=1.0)


@pytest.mark.parametrize("seed", range(3))
def test_all_get_through(cloverleaf, seed):
    simulation = weaving(cloverleaf, seed)
    simulation.run()
    assert (simulation.model.fleet.vehicles.status[0] == table.ARRIVED).all()


def test_nobody_follows_past_the_end_of_a_lane_that_must_be_left(cloverleaf):
    """Who comes at 28 m/s behind somebody who goes on must not enter a link of 60 m as fast as that one."""
    simulation = weaving(cloverleaf, 0)
    fleet = simulation.model.fleet
    length = fleet.cities.lane_f[0, table.LANE_LENGTH_M]
    for t_s in range(1, 180):
        simulation.run(float(t_s))
        vehicle_i, vehicle_f = fleet.cities.vehicle_i[0], fleet.cities.vehicle_f[0]
        lane = vehicle_i[:, table.LANE]
        waits = (lane >= 0) & (lane < fleet.network.lane_count) & (vehicle_i[:, table.GRANTED] == 0)
        to_go = vehicle_i[:, table.ROUTE_AT] + 1 < vehicle_i[:, table.ROUTE_SIZE]
        rows = np.flatnonzero(waits & to_go)
        assert (vehicle_f[rows, table.POSITION_M] <= length[lane[rows]]).all()
