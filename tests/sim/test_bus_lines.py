"""Buses of a line stand at their stops as long as people take, and everybody behind them waits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from traffic_case import Notebook, make_scenario, road_of

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.public_transport import bus_trips
from citytwin.scenarios.synthetic import grid_city
from citytwin.scenarios.trips import TripTable
from citytwin.sim.bus_lines import write_stops
from citytwin.sim.outcome import summarise
from citytwin.sim.simulation import Simulation

ROAD = road_of([400.0, 400.0, 400.0])
A, B, C = ROAD.links.id


def line(**keys: Any) -> dict[str, Any]:
    stops = [{"link": A, "position_m": 50}, {"link": B, "position_m": 200, "name": "Market"}, {"link": C}]
    return {"kind": "bus_line", "id": "4", "stops": stops, "headway_s": 120, "boarding_per_h": 180, **keys}


def run(*lines: dict[str, Any], network: RoadNetwork = ROAD, cars: TripTable | None = None, **keys: Any) -> Simulation:
    scenario = make_scenario(public_transport=list(lines), **{"duration_s": 600, "seed": 4} | keys)
    tables = [*bus_trips(scenario, network), *([] if cars is None else [cars])]
    simulation = Simulation(scenario, network, TripTable.joined(tables))
    simulation.run()
    return simulation


def stops_of(simulation: Simulation) -> list[dict[str, Any]]:
    book = Notebook()
    write_stops(book, simulation)
    table = book.table("stops")
    return [{key: table[key][row].item() for key in table} for row in range(len(table["line"]))]


def test_a_bus_stands_at_its_place_for_as_long_as_people_take():
    simulation = run(line(end_s=60, boarding_per_h=1800, board_s_per_passenger=0.5))
    first, market, last = stops_of(simulation)
    assert [call["stop"] for call in (first, market, last)] == [A, "Market", C]
    assert (first["arrived_s"], first["left_s"], first["boarded"]) == (0.0, 0.0, 60)  # of 1,800 an hour in 120 s
    assert (market["boarded"], market["left_behind"]) == (80 - 30, 60 - 50)  # half of the 60 on board got off
    assert market["left_s"] - market["arrived_s"] == 25.0  # 50 x 0.5 s
    assert np.isnan(last["left_s"]) and last["arrived_s"] > market["left_s"]


def test_a_stop_may_ask_for_a_longer_or_shorter_stay_than_its_line():
    stops = [{"link": A, "position_m": 50}, {"link": A, "position_m": 200, "dwell_min_s": 3}, {"link": B}, {"link": C}]
    calls = stops_of(run(line(stops=stops, end_s=60, boarding_per_h=0, dwell_min_s=15), duration_s=300))
    assert [call["left_s"] - call["arrived_s"] for call in calls[1:3]] == [3.0, 15.0]


def test_it_comes_to_rest_within_a_metre_without_braking_hard():
    simulation = run(line(end_s=60), duration_s=400)
    again = Simulation(simulation.scenario, ROAD, simulation.model.fleet.trips)
    speeds, places = [], []
    for second in range(1, 61):
        again.run(float(second))
        vehicle = again.model.vehicle(0)
        if vehicle.link == B:
            speeds.append(vehicle.speed_mps)
            places.append(vehicle.position_m)
    standing = [place for place, speed in zip(places, speeds, strict=True) if speed < 0.1]
    assert len(standing) >= 9
    assert 199.0 <= min(standing) <= max(standing) <= 200.05
    assert np.diff(speeds).min() >= -2.01  # the comfortable deceleration


def test_a_stop_on_a_short_link_is_seen_from_the_link_before():
    road = road_of([400.0, 40.0, 400.0])
    stops = [{"link": road.links.id[0], "position_m": 50}, {"link": road.links.id[1]}, {"link": road.links.id[2]}]
    simulation = run(line(stops=stops, end_s=1), network=road, duration_s=30)
    speeds = [float("inf")]
    while len(stops_of(simulation)) < 2:
        simulation.run(simulation.t_s + 1.0)
        speeds.append(simulation.model.vehicle(0).speed_mps)
    vehicle = simulation.model.vehicle(0)
    assert vehicle.link == road.links.id[1]
    assert -1.0 <= vehicle.position_m - float(road.links.length_m[1]) / 2.0 <= 0.05
    assert np.diff(speeds[1:]).min() >= -2.01


def test_who_follows_it_waits_behind_it():
    car = TripTable.sorted(["car"], np.array([15.0]), np.array([0], np.int32), np.array([2], np.int32))
    alone = run(cars=car)
    behind = run(line(end_s=60, dwell_min_s=60), cars=car)
    arrived_s = [
        simulation.model.fleet.vehicles.arrived_s[0, simulation.model.fleet.trips.id.index("car")]
        for simulation in (alone, behind)
    ]
    (market,) = [call for call in stops_of(behind) if call["stop"] == "Market"]
    assert market["left_s"] - market["arrived_s"] == 60.0
    assert arrived_s[0] < market["left_s"] < arrived_s[1]


def test_buses_keep_their_headway_and_what_fills_up_leaves_people_behind():
    simulation = run(line(capacity=8))
    facts = summarise(simulation, setup_s=0.0, loop_s=0.0)
    assert facts["created"] == facts["arrived"] + facts["active"] + facts["waiting"] + facts["stuck"] == 5
    told = facts["bus_lines"]["4"]
    calls = stops_of(simulation)
    assert told["buses"] == 5 and told["missed"] == 0
    assert told["boarded"] == sum(call["boarded"] for call in calls)
    assert told["headway_s"] == pytest.approx(120.0, abs=5.0)
    assert told["headway_variation"] < 0.05
    assert all(call["on_board"] <= 8 for call in calls)
    assert max(call["left_behind"] for call in calls if call["stop"] == "Market") > 0
    # Nobody is lost: who came to a stop got on, or waits there.
    for stop in (A, "Market"):
        own = [call for call in calls if call["stop"] == stop]
        when = "left_s" if stop == A else "arrived_s"
        came = int(180 / 3600 * (120 + own[-1][when] - own[0][when]) + 1e-9)
        assert sum(call["boarded"] for call in own) + own[-1]["left_behind"] == came


def test_the_same_buses_have_the_same_ids_with_another_headway():
    scenarios = (make_scenario(public_transport=[line(headway_s=headway)], duration_s=600) for headway in (60, 120))
    often, seldom = (set(bus_trips(scenario, ROAD)[0].id) for scenario in scenarios)
    assert seldom < often
    assert "4/07:02:00" in seldom


GRID = build_network(grid_city(3, 3, block_m=200.0))


def link(a: str, b: str) -> str:
    return f"way/node/00{a[0]}-00{a[1]}>node/00{b[0]}-00{b[1]}"


# Up the west side; a stop in the north that is a detour; down the east side.
AROUND = [{"link": link("00", "10")}, {"link": link("20", "21")}, {"link": link("12", "02")}]


def test_a_bus_goes_by_all_its_stops_the_same_way():
    simulation = run(line(stops=AROUND, headway_s=60, end_s=200), network=GRID, routes={"perception_noise": 1.0})
    calls = stops_of(simulation)
    assert [call["number"] for call in calls if not np.isnan(call["arrived_s"])].count(1) == 4
    driven = simulation.model.fleet.vehicles.driven_m[0]
    assert (simulation.model.fleet.vehicles.status[0] == 3).all()
    assert np.ptp(driven) < 30.0


def test_a_closure_on_the_way_sends_it_round_and_it_still_calls_at_its_stops():
    shut = {"kind": "road_closure", "link": link("22", "12"), "start_s": 5, "known_to": "broadcast"}
    simulation = run(line(stops=AROUND, end_s=1), network=GRID, events=[shut])
    assert simulation.journeys.reroutes.sum() == 1
    assert [call["number"] for call in stops_of(simulation)] == [0, 1, 2]


def test_a_given_route_is_driven():
    route = [link("00", "10"), link("10", "11"), link("11", "21"), link("21", "20")]
    stops = [{"link": route[0]}, {"link": route[2]}, {"link": route[3]}]
    simulation = run(line(stops=stops, route=route, end_s=1), network=GRID)
    assert [call["link"] for call in stops_of(simulation)] == [route[0], route[2], route[3]]


def test_the_same_seed_gives_the_same_bits_and_watching_changes_nothing():
    one, two = (run(line(stops=AROUND, headway_s=60), network=GRID, duration_s=200) for _ in range(2))
    assert one.model.fleet.state_hash() == two.model.fleet.state_hash()
    watched = Simulation(one.scenario, GRID, one.model.fleet.trips)
    for second in range(7, 200, 7):
        watched.run(float(second))
    watched.run()
    assert watched.model.fleet.state_hash() == one.model.fleet.state_hash()
