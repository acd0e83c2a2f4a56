"""Vehicles and people on foot meet at crossings: nobody is run over, and who goes first does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from traffic_case import write_scenario
from traffic_laws import TrafficLaws

from citytwin.kernels import traffic_tables, walking_tables
from citytwin.kernels.people import COVERS_M
from citytwin.kernels.traffic_tables import DRIVING, HELD, HELD_BY_ASKING, HELD_BY_CROSSING, HELD_BY_GREEN, PEOPLE
from citytwin.scenarios.scenario import load_scenario
from citytwin.scenarios.walk_network import CrossingKind
from citytwin.sim.run import network_of, trips_of
from citytwin.sim.simulation import Simulation
from citytwin.sim.walking import on_foot_of

WALKS = [{"kind": "random_trips", "per_hour": 4000, "min_distance_m": 100}]
LASTS_S = 240


def town_with(folder: Path, *, zebras: bool = False, **keys: Any) -> Simulation:
    """A town where people walk; with zebras instead of crossings where nothing is marked."""
    scenario = load_scenario(write_scenario(folder, walks=WALKS, **keys))
    network = network_of(scenario)
    on_foot = on_foot_of(scenario, network)
    if zebras:
        crossings = on_foot.network.crossings
        kind = np.where(crossings.kind == CrossingKind.UNMARKED, CrossingKind.ZEBRA, crossings.kind)
        streets = replace(on_foot.network, crossings=replace(crossings, kind=kind.astype(np.int8)))
        on_foot = replace(on_foot, network=streets)
    return Simulation(scenario, network, trips_of(scenario, network), on_foot=on_foot)


def seconds_of(simulation: Simulation, until_s: int) -> Iterator[tuple[Any, np.ndarray, np.ndarray]]:
    """Every second: the places held as it began, and position and lane of the vehicles then."""
    for t_s in range(1, until_s + 1):
        fleet = simulation.model.fleet
        held = fleet.cities.crossed_f[0, HELD].copy()
        before = fleet.vehicles.position_m[0].copy(), fleet.vehicles.lane[0].copy()
        simulation.run(t_s)
        yield held, *before


def covers(simulation: Simulation) -> np.ndarray:
    """Of every place where people cross a lane, whether a vehicle stands or drives on it, by looking at all of them."""
    fleet = simulation.model.fleet
    cities, vehicles, network = fleet.cities, fleet.vehicles, fleet.network
    found = np.zeros(cities.crossed_f.shape[2], bool)
    first = cities.lane_i[0, traffic_tables.FIRST_CROSSED]
    for row in np.flatnonzero(vehicles.status[0] == DRIVING):
        lane, front_m = int(vehicles.lane[0, row]), float(vehicles.position_m[0, row])
        rear_m = front_m - float(cities.driver[0, vehicles.kind[0, row], traffic_tables.LENGTH_M])
        lanes = [(lane, front_m, rear_m)]
        if lane >= network.lane_count:  # its rear may still be on the lane it came from
            came_from = int(network.connectors.from_lane[lane - network.lane_count])
            length_m = float(cities.lane_f[0, traffic_tables.LANE_LENGTH_M, came_from])
            lanes = [(came_from, length_m + front_m, length_m + rear_m)]
        for on, to_m, from_m in lanes:
            at_m = cities.crossed_f[0, traffic_tables.CROSSED_AT_M, first[on] : first[on + 1]]
            found[first[on] : first[on + 1]] |= (at_m > from_m - COVERS_M) & (at_m < to_m + COVERS_M - 1e-9)
    return found


@pytest.mark.parametrize("zebras", [False, True])
def test_no_vehicle_drives_onto_a_crossing_with_people_on_it_and_nobody_steps_before_one(tmp_path, zebras):
    simulation = town_with(tmp_path, zebras=zebras)
    walks, cities = simulation.model.walkers.walks, simulation.model.fleet.cities
    at_m = cities.crossed_f[0, traffic_tables.CROSSED_AT_M]
    cells = walks.crossing_i[0, walking_tables.WALK_CELL, :-1]
    both = np.stack([cells, walks.cell_i[0, walking_tables.OPPOSITE, cells]])
    first = walks.crossing_i[0, walking_tables.FIRST_LANE]
    places = [walks.crossed_row[first[k] : first[k + 1]] for k in range(cells.size)]
    came, met = walks.cell_i[0, walking_tables.CAME_IN, both].sum(axis=0), 0
    for held, was_at_m, was_on in seconds_of(simulation, LASTS_S):
        vehicles = simulation.model.fleet.vehicles
        start = cities.lane_i[0, traffic_tables.FIRST_CROSSED]
        for row in np.flatnonzero((was_on >= 0) & (was_on < simulation.model.network.lane_count)):
            lane = int(was_on[row])
            left = vehicles.lane[0, row] >= simulation.model.network.lane_count
            now_m = np.inf if left else vehicles.position_m[0, row]
            if vehicles.lane[0, row] != lane and not left:
                continue
            for place in range(start[lane], start[lane + 1]):
                if held[place] == HELD_BY_CROSSING and was_at_m[row] <= at_m[place] - COVERS_M:
                    assert now_m <= at_m[place] - COVERS_M + 1e-9
                    met += 1
        now = walks.cell_i[0, walking_tables.CAME_IN, both].sum(axis=0)
        covered = covers(simulation)
        for crossing in np.flatnonzero(now > came):
            assert not covered[places[crossing]].any()
        came = now
    assert met > 20 and came.sum() > 50


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_the_laws_of_traffic_hold_where_people_cross(tmp_path, share):
    simulation = town_with(tmp_path, zebras=True, drivers={"zebra_yield_share": share, "model": "krauss"})
    laws = TrafficLaws(simulation)
    for _ in range(LASTS_S):
        laws.step()
    assert simulation.model.fleet.cities.counter[0, traffic_tables.ARRIVALS] > 10


def standing_for_people(simulation: Simulation) -> int:
    vehicles = simulation.model.fleet.vehicles
    return int(((vehicles.status[0] == DRIVING) & (vehicles.standing_s[0] > 0) & (vehicles.cause[0] == PEOPLE)).sum())


def test_drivers_stop_at_zebras_for_who_waits_as_many_as_the_scenario_says(tmp_path):
    waited_s, stood = {}, {}
    for share in (0.0, 1.0):
        busy = [{"kind": "random_trips", "per_hour": 5000, "min_distance_m": 200}]
        simulation = town_with(tmp_path, zebras=True, demand=busy, drivers={"zebra_yield_share": share})
        asked = stood[share] = 0
        for held, *_ in seconds_of(simulation, LASTS_S):
            asked += int((held == HELD_BY_ASKING).sum())
            stood[share] += standing_for_people(simulation)
        assert asked > 20
        waited_s[share] = float(simulation.model.walkers.people.crossing_s[0].sum())
    assert waited_s[1.0] < 0.8 * waited_s[0.0], waited_s
    assert stood[1.0] > stood[0.0]


def test_who_turns_at_a_light_waits_inside_the_junction_for_people_who_have_green(tmp_path):
    simulation = town_with(tmp_path)
    inside = asked = 0
    for held, *_ in seconds_of(simulation, LASTS_S):
        asked += int((held == HELD_BY_GREEN).sum())
        vehicles = simulation.model.fleet.vehicles
        in_junction = vehicles.lane[0] >= simulation.model.network.lane_count
        inside += int((in_junction & (vehicles.standing_s[0] > 0) & (vehicles.cause[0] == PEOPLE)).sum())
    assert asked > 0 and inside > 0


def test_the_same_seed_meets_the_same_people(tmp_path):
    hashes = set()
    for _ in range(2):
        simulation = town_with(tmp_path, zebras=True, drivers={"zebra_yield_share": 0.5})
        simulation.run(LASTS_S)
        hashes.add((simulation.model.fleet.state_hash(), simulation.model.walkers.state_hash()))
    assert len(hashes) == 1
