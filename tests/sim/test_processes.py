"""Events do what they say, for as long as they say, and leave things as they were."""

from __future__ import annotations

import numpy as np
import pytest
from traffic_case import link_between, road_of, simulate

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import Light
from citytwin.scenarios.retiming import green_phases
from citytwin.scenarios.synthetic import grid_city

ROAD = road_of([200.0, 200.0, 200.0], lanes=2)
FIRST, MIDDLE, LAST = ROAD.links.id
GRID = build_network(grid_city(3, 3, 150.0, 1, signalised=True, gates=True))


def stream(count: int, every_s: float = 4.0) -> list[tuple]:
    """Cars that drive the whole road, one after another."""
    return [(f"car {k:03d}", k * every_s, FIRST, LAST, 0, 0.0, np.nan) for k in range(count)]


def link_rows(simulation) -> np.ndarray:
    """Link of every vehicle, -1 off the road."""
    lane = simulation.model.fleet.vehicles.lane[0]
    return np.where(lane >= 0, simulation.model.fleet.cities.lane_i[0, table.ON_LINK, lane], -1)


def on_lanes_of(simulation, link: str) -> int:
    """Vehicles on the lanes of a link, those inside the junction behind it not counted."""
    first, last = simulation.model.network.links.lane_start[simulation.model.network.link_row[link] :][:2]
    return int(simulation.model.fleet.cities.lane_i[0, table.COUNT, first:last].sum())


def came_in(simulation, link: str) -> np.ndarray:
    """Vehicles that have come onto each lane of a link so far."""
    first, last = simulation.model.network.links.lane_start[simulation.model.network.link_row[link] :][:2]
    return simulation.model.fleet.cities.lane_i[0, table.CAME_IN, first:last].copy()


def test_who_is_on_a_closed_road_finishes_and_nobody_follows_until_it_opens():
    closure = {"kind": "road_closure", "link": MIDDLE, "start_s": 60, "end_s": 200}
    simulation = simulate(ROAD, stream(60), events=[closure])
    simulation.run(60)
    assert on_lanes_of(simulation, MIDDLE) > 0
    simulation.run(70)  # who could not stop any more has come in
    before = came_in(simulation, MIDDLE)
    simulation.run(130)
    assert on_lanes_of(simulation, MIDDLE) == 0
    assert (came_in(simulation, MIDDLE) == before).all()
    simulation.run(200)
    assert (came_in(simulation, MIDDLE) == before).all()
    waiting = np.flatnonzero(simulation.model.fleet.vehicles.cause[0] == table.CLOSED)
    assert waiting.size
    simulation.run(900)
    assert (simulation.model.fleet.vehicles.status[0] == table.ARRIVED).all()
    texts = [entry.text for entry in simulation.entries]
    assert texts == ["closed", "open again"]


def test_a_closed_lane_leaves_the_other_open():
    closure = {"kind": "road_closure", "link": MIDDLE, "lanes": [0], "start_s": 0}
    simulation = simulate(ROAD, stream(40), events=[closure])
    simulation.run(600)
    assert (simulation.model.fleet.vehicles.status[0] == table.ARRIVED).all()
    lane_0, lane_1 = came_in(simulation, MIDDLE)
    assert (lane_0, lane_1) == (0, 40)
    assert not simulation.journeys.closed.any(), "a road with an open lane is open"


def test_overlapping_closures_hold_until_the_last_has_ended():
    events = [
        {"kind": "road_closure", "link": MIDDLE, "start_s": 10, "end_s": 100},
        {"kind": "road_closure", "link": MIDDLE, "lanes": [1], "start_s": 50, "end_s": 150},
    ]
    simulation = simulate(ROAD, stream(5), events=events)
    lanes = slice(*ROAD.links.lane_start[ROAD.link_row[MIDDLE] :][:2])
    for until_s, is_open in ((9, [1, 1]), (20, [0, 0]), (60, [0, 0]), (110, [1, 0]), (160, [1, 1])):
        simulation.run(until_s)
        assert simulation.model.fleet.lane_open[0, lanes].tolist() == is_open


def test_nobody_enters_a_closed_road_from_its_kerb():
    closure = {"kind": "road_closure", "link": MIDDLE, "start_s": 0, "end_s": 100}
    simulation = simulate(ROAD, [("car", 5.0, MIDDLE, LAST)], events=[closure])
    simulation.run(90)
    vehicle = simulation.model.vehicle("car")
    assert (vehicle.status, vehicle.cause) == ("waiting", "road closed")
    simulation.run(200)
    assert vehicle.status == "arrived"
    assert simulation.model.fleet.vehicles.entered_s[0, 0] >= 100


def way_through_grid() -> tuple[str, str, str]:
    """Straight through the middle of the grid: from its west to its east gate."""
    west, east = link_between("gate/w001", "node/001-000"), link_between("node/001-002", "gate/e001")
    return west, link_between("node/001-001", "node/001-002"), east


def test_a_closure_on_the_radio_is_known_to_all_and_one_by_sight_to_who_comes_there():
    west, middle, east = way_through_grid()
    trips = [(f"car {k}", k * 30.0, west, east, 0, 0.0, np.nan) for k in range(12)]
    taken = {}
    for known_to in ("broadcast", "sight"):
        closure = {"kind": "road_closure", "link": middle, "start_s": 20, "known_to": known_to}
        simulation = simulate(GRID, trips, events=[closure], routes={"perception_noise": 0, "plan_every_s": 30})
        simulation.run(60)
        closed = GRID.link_row[middle]
        second = simulation.model.fleet.trips.id.index("car 2")
        taken[known_to] = closed in simulation.model.fleet.route(0, second)
        simulation.run(1500)
        assert (simulation.model.fleet.vehicles.status[0] == table.ARRIVED).all()
        assert simulation.model.fleet.cities.lane_i[0, table.CAME_IN, GRID.links.lane_start[closed]] == 0
        assert simulation.journeys.reroutes.sum() > 0
    assert taken == {"broadcast": False, "sight": True}


def test_a_road_that_opens_again_is_used_again():
    west, middle, east = way_through_grid()
    trips = [(f"car {k}", k * 30.0, west, east, 0, 0.0, np.nan) for k in range(20)]
    closure = {"kind": "road_closure", "link": middle, "start_s": 0, "end_s": 300, "known_to": "broadcast"}
    simulation = simulate(GRID, trips, events=[closure], routes={"perception_noise": 0, "plan_every_s": 30})
    simulation.run(300)
    lane = GRID.links.lane_start[GRID.link_row[middle]]
    assert simulation.model.fleet.cities.lane_i[0, table.CAME_IN, lane] == 0
    simulation.run(1500)
    assert simulation.model.fleet.cities.lane_i[0, table.CAME_IN, lane] > 0
    assert not simulation.journeys.announced.any()


def test_a_lower_limit_slows_everybody_and_ends():
    limit = {"kind": "speed_limit", "links": [FIRST, MIDDLE, LAST], "start_s": 100, "end_s": 200, "speed_kmh": 18}
    simulation = simulate(ROAD, stream(80), events=[limit])
    vehicles = simulation.model.fleet.vehicles
    simulation.run(100)
    assert vehicles.speed_mps[0].max() > 10
    simulation.run(110)  # from 15 to 6 m/s at 2 m/s² takes 5 s
    wanted = 5.0 * vehicles.speed_factor[0]
    driving = vehicles.status[0] == table.DRIVING
    assert (vehicles.speed_mps[0] <= wanted + 1e-9)[driving].all()
    simulation.run(230)
    assert vehicles.speed_mps[0].max() > 10
    assert simulation.model.fleet.lane_limit_mps[0, 0] == pytest.approx(ROAD.links.speed_mps[0])


def test_of_two_limits_the_later_holds_and_the_first_comes_back():
    events = [
        {"kind": "speed_limit", "link": MIDDLE, "start_s": 10, "end_s": 100, "speed_kmh": 30},
        {"kind": "speed_limit", "link": MIDDLE, "start_s": 50, "end_s": 150, "speed_kmh": 10},
        {"kind": "speed_limit", "link": MIDDLE, "start_s": 60, "end_s": 70, "speed_kmh": 80},
    ]
    simulation = simulate(ROAD, [], events=events)
    lane = ROAD.links.lane_start[ROAD.link_row[MIDDLE]]
    seen = []
    for until_s in (5, 20, 55, 65, 80, 120, 160):
        simulation.run(until_s)
        seen.append(round(float(simulation.model.fleet.lane_limit_mps[0, lane]) * 3.6))
    assert seen == [50, 30, 10, 80, 10, 10, 50]


def test_an_incident_blocks_its_lane_only_and_is_cleared():
    incident = {"kind": "incident", "link": MIDDLE, "lane": 0, "position_m": 150.0, "start_s": 30, "duration_s": 300}
    simulation = simulate(ROAD, stream(60, every_s=5.0), events=[incident])
    fleet = simulation.model.fleet
    lane = ROAD.links.lane_start[ROAD.link_row[MIDDLE]]
    position = fleet.vehicles.position_m[0]
    simulation.run(45)
    passed_by_lane_0 = int(fleet.cities.lane_i[0, table.WENT_OUT, lane])
    for until_s in range(46, 330):
        simulation.run(until_s)
        ahead = (fleet.vehicles.lane[0] == lane) & (position > 150.0)
        assert not ahead.any(), "somebody drove through the vehicle that stands there"
    assert fleet.cities.lane_i[0, table.WENT_OUT, lane] == passed_by_lane_0
    assert (fleet.vehicles.status[0] == table.ARRIVED).sum() > 30, "the other lane is open"
    simulation.run(900)
    assert (fleet.vehicles.status[0] == table.ARRIVED).all()
    assert np.isinf(fleet.obstacle_m).all()
    assert [entry.text for entry in simulation.entries] == ["a vehicle stands at 150 m", "cleared"]


def test_two_incidents_on_a_lane_end_one_by_one():
    events = [
        {"kind": "incident", "link": MIDDLE, "lane": 0, "position_m": 100.0, "start_s": 10, "duration_s": 50},
        {"kind": "incident", "link": MIDDLE, "lane": 0, "position_m": 40.0, "start_s": 20, "duration_s": 100},
    ]
    simulation = simulate(ROAD, [], events=events)
    lane = ROAD.links.lane_start[ROAD.link_row[MIDDLE]]
    seen = []
    for until_s in (15, 25, 70, 130):
        simulation.run(until_s)
        seen.append(float(simulation.model.fleet.obstacle_m[0, lane]))
    assert seen == [100.0, 40.0, 40.0, np.inf]


LANE = road_of([200.0, 200.0, 200.0], lanes=1)  # nobody gets past an incident
NEAR = {"id": "near", "kind": "incident", "link": MIDDLE, "position_m": 40.0, "duration_s": 100}
FAR = {"id": "far", "kind": "incident", "link": MIDDLE, "position_m": 150.0, "duration_s": 300}


def driven_through(events: list[dict], until_s: int) -> list[tuple[int, str]]:
    """When, in s, and at which of the incidents on the middle link a vehicle passed while it stood there."""
    simulation = simulate(LANE, stream(20, every_s=3.0), events=events)
    vehicles, lane = simulation.model.fleet.vehicles, LANE.links.lane_start[LANE.link_row[MIDDLE]]
    found, on_lane, before_m = [], vehicles.lane[0] == lane, vehicles.position_m[0].copy()
    for until in range(1, until_s + 1):
        simulation.run(until)
        stays, position_m = on_lane & (vehicles.lane[0] == lane), vehicles.position_m[0]
        for event in events:
            holds = event["start_s"] + 1 < until <= event["start_s"] + event["duration_s"]
            if holds and (stays & (before_m < event["position_m"]) & (position_m > event["position_m"])).any():
                found.append((until, event["id"]))
        on_lane, before_m = vehicles.lane[0] == lane, position_m.copy()
    return found


def test_the_second_of_two_incidents_holds_when_the_first_is_cleared():
    events = [NEAR | {"start_s": 1}, FAR | {"start_s": 1}]
    assert driven_through(events, 301) == []
    simulation = simulate(LANE, stream(20, every_s=3.0), events=events)
    simulation.run(101)
    position_m = simulation.model.fleet.vehicles.position_m[0]
    on_middle = link_rows(simulation) == LANE.link_row[MIDDLE]
    assert 30.0 < position_m[on_middle].max() < 40.0
    simulation.run(301)
    on_middle = link_rows(simulation) == LANE.link_row[MIDDLE]
    assert 140.0 < position_m[on_middle].max() < 150.0, "the queue has moved up to the second"
    assert on_lanes_of(simulation, LAST) == 0
    simulation.run(600)
    assert (simulation.model.fleet.vehicles.status[0] == table.ARRIVED).all()


def test_nobody_between_two_incidents_drives_through_the_second():
    assert driven_through([NEAR | {"start_s": 60}, FAR | {"start_s": 1}], 300) == []


def lights_each_second(simulation, until_s: int) -> np.ndarray:
    """Lights of the groups of the first controller, ``[second, group]``."""
    signals, rows = simulation.model.network.signals, []
    groups = int(signals.group_count[0])
    while simulation.t_s < until_s:
        simulation.run(simulation.t_s + 1)
        start = signals.light_start[simulation.model.fleet.cities.controller_i[0, table.PHASE, 0]]
        rows.append(signals.light[start : start + groups])
    return np.array(rows)


def test_a_signal_plan_runs_its_greens_at_its_offset_and_ends():
    junction = GRID.signals.id[0]
    greens = [float(9 + 2 * k) for k in range(len(green_phases(GRID, 0)))]
    plan = {
        "kind": "signal_plan",
        "junction": junction,
        "start_s": 200,
        "end_s": 600,
        "green_s": greens,
        "offset_s": 17,
    }
    simulation = simulate(GRID, [], events=[plan])
    lights = lights_each_second(simulation, 1000)
    signals = GRID.signals
    first, last = signals.phase_start[:2]
    own_s = np.array(signals.phase_s[first:last])
    planned_s = own_s.copy()
    planned_s[np.array(green_phases(GRID, 0)) - first] = greens

    def expected(t_s: int, phase_s: np.ndarray, offset_s: float) -> np.ndarray:
        into_s = (t_s - offset_s) % phase_s.sum()
        phase = first + int(np.searchsorted(np.cumsum(phase_s), into_s + 1e-9, side="right"))
        return signals.light[signals.light_start[phase] : signals.light_start[phase + 1]]

    for t_s in range(200):
        assert (lights[t_s] == expected(t_s, own_s, signals.offset_s[0])).all()
    settled = 200 + int(2 * planned_s.sum() + own_s.sum())  # the next cycle is stretched, the one after is on time
    assert settled < 560
    for t_s in range(settled, 600):
        assert (lights[t_s] == expected(t_s, planned_s, 17.0)).all()
    for t_s in range(600 + int(2 * own_s.sum() + planned_s.sum()), 1000):
        assert (lights[t_s] == expected(t_s, own_s, signals.offset_s[0])).all()
    to_red = (lights[:-1] >= Light.GREEN_YIELD) & (lights[1:] == Light.RED)
    assert not to_red.any(), "green turned red without yellow"


def test_of_two_signal_plans_the_first_comes_back():
    junction = GRID.signals.id[0]
    events = [
        {"kind": "signal_plan", "junction": junction, "start_s": 10, "end_s": 900, "cycle_s": 100},
        {"kind": "signal_plan", "junction": junction, "start_s": 100, "end_s": 400, "cycle_s": 60},
    ]
    simulation = simulate(GRID, [], events=events)
    first, last = GRID.signals.phase_start[:2]
    seen = []
    for until_s in (5, 50, 200, 500, 1000):
        simulation.run(until_s)
        seen.append(float(simulation.model.fleet.cities.phase_s[0, first:last].sum()))
    own = float(GRID.signals.phase_s[first:last].sum())
    assert seen == pytest.approx([own, 100, 60, 100, own])


def test_events_of_steps_shorter_than_a_second_come_on_time():
    closure = {"kind": "road_closure", "link": MIDDLE, "start_s": 10.25, "end_s": 20.5}
    simulation = simulate(ROAD, [], events=[closure], step_s=0.5)
    simulation.run(30)
    assert [(entry.t_s, entry.text) for entry in simulation.entries] == [(10.25, "closed"), (20.5, "open again")]


def test_nothing_moves_without_somebody_who_set_out():
    simulation = simulate(ROAD, [])
    simulation.run()
    assert simulation.t_s == simulation.scenario.duration_s
    assert not simulation.model.fleet.cities.counter[0].any()
    assert (link_rows(simulation) == -1).all()
