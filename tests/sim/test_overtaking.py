"""Changing lanes for a better pace: who is slower is overtaken, and on fast roads one goes back to the kerb."""

from __future__ import annotations

import numpy as np
import pytest
from micro_traffic import Part
from traffic_case import Row, simulate
from traffic_laws import TrafficLaws
from wave_roads import node_network

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.network import RoadNetwork
from citytwin.sim.simulation import Simulation

TRUCK = 1
SLOW_TRUCKS = {"speed_factor_sd": 0.0, "classes": {"truck": {"speed_factor_mean": 0.6}}}


def straight_road(limit_kmh: float, lanes: int = 2) -> RoadNetwork:
    """Three kilometres."""
    places = {"O": (0.0, 0.0), "D": (3000.0, 0.0)}
    return node_network(places, {"road": ("O", "D", Part(3000.0, lanes, limit_kmh))})


def share_at_kerb(simulation: Simulation, times_s: range) -> float:
    """Part of the vehicles beyond the first kilometre that are in lane 0, over some times."""
    vehicles, seen = simulation.model.fleet.vehicles, []
    for t_s in times_s:
        simulation.run(float(t_s))
        there = (vehicles.status[0] == table.DRIVING) & (vehicles.position_m[0] > 1000.0)
        seen += simulation.model.network.lanes.index[vehicles.lane[0][there]].tolist()
    assert len(seen) > 50
    return seen.count(0) / len(seen)


def test_cars_overtake_a_slow_truck_and_no_law_is_broken() -> None:
    """A truck at six tenths of the limit ahead of cars: all but it arrive as if the road were theirs."""
    rows: list[Row] = [("truck", 0.0, "road", "road", TRUCK, 0.0, 1e9)]
    rows += [(f"car{k}", 5.0 + 4.0 * k, "road", "road", 0, 0.0, 1e9) for k in range(20)]
    simulation = simulate(straight_road(100.0), rows, duration_s=400, drivers=SLOW_TRUCKS)
    laws = TrafficLaws(simulation)
    for _ in range(250):
        laws.step()
    ids, arrived_s = simulation.model.fleet.trips.id, simulation.model.fleet.vehicles.arrived_s[0]
    took_s = arrived_s - simulation.model.fleet.vehicles.entered_s[0]
    cars = [ids.index(f"car{k}") for k in range(20)]
    free_s = 3000.0 / (100.0 / 3.6)
    assert took_s[ids.index("truck")] > free_s / 0.65
    assert np.nanmax(took_s[cars]) < 1.15 * free_s
    assert int(simulation.model.fleet.cities.counter[0, table.LANE_CHANGES]) >= 5


@pytest.mark.parametrize("limit_kmh, low, high", [(100.0, 0.8, 1.0), (50.0, 0.35, 0.65)])
def test_sparse_traffic_keeps_to_the_kerb_on_fast_roads_only(limit_kmh: float, low: float, high: float) -> None:
    rows: list[Row] = [(f"car{k}", 8.0 * k, "road", "road", 0, 0.0, 1e9) for k in range(60)]
    simulation = simulate(straight_road(limit_kmh), rows, duration_s=500, drivers={"speed_factor_sd": 0.0})
    assert low <= share_at_kerb(simulation, range(200, 480, 20)) <= high


def test_nobody_leaves_the_lane_of_the_turn_to_overtake() -> None:
    """The lane beside is empty, but leads elsewhere: who is behind the slow truck stays behind it."""
    places = {"O": (0.0, 0.0), "M": (1500.0, 0.0), "L": (2300.0, 300.0), "R": (2300.0, -300.0)}
    links = {"road": ("O", "M", Part(1500.0, 2, 100.0)), "right": ("M", "R", Part(850.0, 1, 100.0))}
    network = node_network(places, links | {"left": ("M", "L", Part(850.0, 1, 100.0))})
    rows: list[Row] = [("truck", 0.0, "road", "right", TRUCK, 0.0, 1e9)]
    rows += [(f"car{k}", 5.0 + 4.0 * k, "road", "right", 0, 0.0, 1e9) for k in range(10)]
    never = {"reroute_blocked_after_s": "never"}
    simulation = simulate(network, rows, duration_s=300, drivers=SLOW_TRUCKS, routes=never)
    simulation.run(60.0)
    vehicles = simulation.model.fleet.vehicles
    before = vehicles.position_m[0].copy()
    simulation.run(75.0)
    lanes = simulation.model.network.lanes.index[vehicles.lane[0][vehicles.status[0] == table.DRIVING]]
    assert set(lanes.tolist()) == {0}
    moved = vehicles.position_m[0] - before
    ahead = simulation.model.fleet.trips.id.index("truck")
    follower = simulation.model.fleet.trips.id.index("car0")
    assert moved[follower] == pytest.approx(moved[ahead], rel=0.1)


def test_drivers_draw_near_the_lane_that_they_will_need_on_the_next_street() -> None:
    """Only lane 0 of the section leads to the exit, and no lane before it: who leaves comes in beside it, not afar."""
    places = {"A": (-800.0, 40.0), "B": (-800.0, -40.0), "M": (0.0, 0.0), "N": (400.0, 0.0)}
    places |= {"C": (1200.0, 40.0), "D": (1200.0, -40.0)}
    links = {
        "a": ("A", "M", Part(800.0, 3, 80.0)),
        "b": ("B", "M", Part(800.0, 1, 80.0)),
        "w": ("M", "N", Part(400.0, 4, 80.0)),
        "c": ("N", "C", Part(800.0, 3, 80.0)),
        "d": ("N", "D", Part(800.0, 1, 80.0)),
    }
    rows: list[Row] = [(f"v{k}", 6.0 * k, "a", "d", 0, 0.0, 1e9) for k in range(40)]
    simulation = simulate(node_network(places, links), rows, duration_s=400)
    fleet, cities = simulation.model.fleet, simulation.model.fleet.cities
    first = int(fleet.network.links.lane_start[fleet.network.link_row["a"]])
    last_lane = np.full(len(rows), -1)
    while simulation.t_s < 400.0:
        simulation.run(simulation.t_s + 1.0)
        lane = cities.vehicle_i[0, :, table.LANE]
        there = (lane >= first) & (lane < first + 3)
        last_lane[there] = lane[there] - first
    assert (fleet.vehicles.status[0] == table.ARRIVED).mean() > 0.8
    assert (last_lane[last_lane >= 0] == 0).mean() > 0.9


def test_who_does_not_pass_at_the_kerb_fills_the_other_lane_in_dense_traffic() -> None:
    """3,000 vehicles an hour on three lanes; all laws hold."""
    rows: list[Row] = [(f"car{k}", 1.2 * k, "road", "road", 0, 0.0, 1e9) for k in range(400)]
    road, share = straight_road(120.0, lanes=3), {}
    for passes in (True, False):
        drivers = {"speed_factor_sd": 0.1, "passes_at_kerb": passes}
        simulation = simulate(road, rows, duration_s=500, step_s=0.5, drivers=drivers)
        share[passes] = share_at_kerb(simulation, range(150, 450, 10))
    assert share[False] < share[True] - 0.02
    simulation = simulate(road, rows, duration_s=500, step_s=0.5, drivers=drivers)
    laws = TrafficLaws(simulation)
    for _ in range(200):
        laws.step()
