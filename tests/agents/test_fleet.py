"""The fleet lays out what network, trips and drivers say, and keeps routes."""

from __future__ import annotations

import numpy as np
import pytest
from traffic_case import make_scenario, make_trips, road_of

from citytwin.agents.fleet import Sensor, build_fleet
from citytwin.agents.signal_clocks import phases_at
from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.synthetic import grid_city

ROAD = road_of([100.0, 60.0, 100.0], lanes=2)
LINKS = ROAD.links.id
DRIVERS = make_scenario(drivers={"speed_factor_sd": 0.3, "length_m": 5.0}).drivers


def fleet_of(rows, **keys):
    return build_fleet(ROAD, make_trips(ROAD, rows), DRIVERS, **keys)


def test_nobody_is_on_the_road_at_first():
    fleet = fleet_of([(f"car {k}", float(k), LINKS[0], LINKS[2]) for k in range(5)], members=2)
    assert fleet.members == 2
    assert (fleet.vehicles.status == table.PENDING).all()
    assert (fleet.vehicles.lane == -1).all()
    assert not fleet.cities.counter.any()
    assert np.isnan(fleet.vehicles.entered_s).all()
    assert fleet.route(0, 3).size == 0


def test_vehicles_start_and_end_within_their_links():
    rows = [
        ("middle", 0.0, LINKS[0], LINKS[2]),
        ("start", 1.0, LINKS[0], LINKS[2], 0, 0.0, 0.0),
        ("beyond", 2.0, LINKS[0], LINKS[2], 0, 1e9, 1e9),
        ("truck", 3.0, LINKS[0], LINKS[2], 1, 2.0, np.nan),
    ]
    numbers = fleet_of(rows).cities.vehicle_f[0]
    first, last = ROAD.links.length_m[[0, 2]]
    assert numbers[:, table.ORIGIN_M].tolist() == [first / 2, 5.0, first, 12.0], "the rear is on the lane too"
    assert numbers[:, table.DESTINATION_M] == pytest.approx([last / 2, 0.0, last, last / 2], abs=1e-5)
    assert (numbers[:, table.DESTINATION_M] < last).all()


def test_wanted_speeds_are_spread_around_the_limit_within_bounds():
    rows = [(f"car {k}", 0.0, LINKS[0], LINKS[2]) for k in range(4000)]
    factor = fleet_of(rows, seed=3).vehicles.speed_factor[0]
    assert factor.mean() == pytest.approx(1.0, abs=0.02)
    assert factor.std() == pytest.approx(0.3, abs=0.02)
    assert factor.min() >= 0.3
    assert factor.max() <= 1.0 + 2.5 * 0.3 + 1e-12


def test_every_lane_has_slots_for_all_that_fit():
    fleet = fleet_of([])
    slots = np.diff(fleet.cities.lane_i[0, table.RING_START])
    lengths = fleet.cities.lane_f[0, table.LANE_LENGTH_M]
    assert (slots * DRIVERS.length_m > lengths + DRIVERS.length_m).all()


def test_sensors_are_found_by_their_lanes():
    sensors = (Sensor("late", 3, 40.0), Sensor("early", 3, 10.0), Sensor("first", 0, 5.0))
    fleet = fleet_of([], sensors=sensors)
    assert [sensor.name for sensor in fleet.sensors] == ["first", "early", "late"]
    first = fleet.cities.lane_i[0, table.FIRST_SENSOR]
    assert [tuple(first[lane : lane + 2]) for lane in (0, 1, 3)] == [(0, 1), (1, 1), (1, 3)]


def test_routes_are_kept_while_the_store_grows():
    fleet = fleet_of([(f"car {k}", float(k), LINKS[0], LINKS[2]) for k in range(3)])
    rng, kept = np.random.default_rng(1), {}
    for _ in range(200):
        trips = rng.permutation(3)[:2]
        routes = [rng.integers(0, 3, rng.integers(0, 30)).astype(np.int32) for _ in trips]
        start = np.concatenate([[0], np.cumsum([route.size for route in routes])])
        fleet.set_routes(0, trips, start, np.concatenate(routes))
        kept |= dict(zip(trips.tolist(), routes, strict=True))
        for trip, route in kept.items():
            assert (fleet.route(0, trip) == route).all()


def test_phases_at_a_time_are_those_of_the_programme():
    grid = build_network(grid_city(2, 3, 120.0, 1, gates=True))
    signals = grid.signals
    for t_s in (0.0, 0.5, 17.0, 333.25):
        phase, left_s = phases_at(grid, t_s)
        for controller in range(len(signals.id)):
            first, last = signals.phase_start[controller : controller + 2]
            into_s = (t_s - signals.offset_s[controller]) % signals.phase_s[first:last].sum()
            row = first
            while into_s >= signals.phase_s[row]:
                into_s -= signals.phase_s[row]
                row += 1
            assert phase[controller] == row
            assert left_s[controller] == pytest.approx(signals.phase_s[row] - into_s)
