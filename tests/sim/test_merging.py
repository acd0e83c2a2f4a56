"""Where ways lead into one lane: whoever is nearer goes first, the other follows, and right of way holds."""

from __future__ import annotations

import numpy as np
import pytest
from micro_traffic import Part
from traffic_case import Row, link_between, simulate
from traffic_laws import TrafficLaws
from wave_roads import node_network
from yield_roads import junction_of

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.network import RoadNetwork

NEVER = {"reroute_blocked_after_s": "never"}


def two_into_one() -> RoadNetwork:
    """Two equal roads of one lane that become one."""
    places = {"O1": (-300.0, 20.0), "O2": (-300.0, -20.0), "M": (0.0, 0.0), "D": (300.0, 0.0)}
    part = Part(300.0)
    return node_network(places, {"a": ("O1", "M", part), "b": ("O2", "M", part), "c": ("M", "D", part)})


def test_two_queues_that_become_one_fill_a_lane_without_a_collision() -> None:
    """All laws hold at every step, trucks among the cars, and one lane is as full as it can be."""
    rows: list[Row] = []
    for start in "ab":
        rows += [(f"{start}{k}", 2.0 * k, start, "c", int(k % 6 == 5), 0.0, 1e9) for k in range(300)]
    simulation = simulate(two_into_one(), rows, duration_s=600, routes=NEVER)
    laws = TrafficLaws(simulation)
    vehicles = simulation.model.fleet.vehicles
    for _ in range(600):
        laws.step()
    arrived_s = vehicles.arrived_s[0]
    flow = 3600.0 * (arrived_s > 200.0).sum() / 400.0
    assert flow > 1400.0


@pytest.mark.parametrize("first, second", [("a", "b"), ("b", "a")])
def test_whoever_is_nearer_goes_first_and_the_other_falls_in_behind(first: str, second: str) -> None:
    rows = [("first", 0.0, first, "c"), ("second", 1.0, second, "c")]
    simulation = simulate(two_into_one(), rows, duration_s=120, step_s=0.5, drivers={"speed_factor_sd": 0.0})
    vehicles, ids = simulation.model.fleet.vehicles, simulation.model.fleet.trips.id
    speeds = []
    while simulation.t_s < 60.0:
        simulation.run(simulation.t_s + 0.5)
        driving = vehicles.status[0] == table.DRIVING
        speeds.append(vehicles.speed_mps[0][driving].min(initial=np.inf))
    assert min(speeds) > 8.0, "nobody stops"
    simulation.run()
    arrived_s = vehicles.arrived_s[0]
    assert arrived_s[ids.index("first")] < arrived_s[ids.index("second")]


def test_equals_take_turns_where_there_is_room_for_one_at_a_time() -> None:
    """Behind the junction a short street that moves up now and then: the shorter way in does not always go first."""
    places = {"O1": (-300.0, 0.0), "O2": (-300.0, 80.0), "M": (0.0, 0.0), "N": (15.0, 0.0), "D": (300.0, 0.0)}
    links = {"a": ("O1", "M", Part(300.0)), "b": ("O2", "M", Part(300.0))}
    links |= {"c": ("M", "N", Part(15.0)), "d": ("N", "D", Part(285.0))}
    stops = [
        {"kind": "incident", "link": "d", "position_m": 10.0, "start_s": 25 * k, "duration_s": 22} for k in range(60)
    ]
    rows = [(f"{start}{k}", 4.0 * k, start, "d") for start in "ab" for k in range(120)]
    simulation = simulate(node_network(places, links), rows, events=stops, routes=NEVER)
    simulation.run(1500.0)
    fleet = simulation.model.fleet
    arrived = fleet.vehicles.status[0] == table.ARRIVED
    from_a = np.array([name.startswith("a") for name in fleet.trips.id])
    of_a, of_b = (arrived & from_a).sum(), (arrived & ~from_a).sum()
    assert min(of_a, of_b) > 20
    assert abs(of_a - of_b) <= 2


def test_who_turns_into_the_main_road_makes_nobody_brake_hard() -> None:
    """A queue on the minor road, gaps of 3 and 9 s on the main one: the short ones are left, the long ones taken."""
    network = junction_of("wes", minor="s")
    way_in, way_out = link_between("w", "middle"), link_between("middle", "e")
    rows: list[Row] = [(f"main {k}", 6.0 * k + 3.0 * (k % 2), way_in, way_out) for k in range(60)]
    rows += [(f"minor {k}", 2.0 * k, link_between("s", "middle"), way_out) for k in range(60)]
    simulation = simulate(network, rows, duration_s=420, drivers={"speed_factor_sd": 0.0}, routes=NEVER)
    fleet = simulation.model.fleet
    main = np.array([name.startswith("main") for name in fleet.trips.id])
    vehicles, hardest = fleet.vehicles, 0.0
    before = vehicles.speed_mps[0].copy()
    while simulation.t_s < 360.0:
        simulation.run(simulation.t_s + 1.0)
        driving = main & (vehicles.status[0] == table.DRIVING) & (before > 0.0)
        hardest = max(hardest, float((before - vehicles.speed_mps[0])[driving].max(initial=0.0)))
        before = vehicles.speed_mps[0].copy()
    assert hardest < 3.0
    joined = (~main & (vehicles.arrived_s[0] < 360.0)).sum()
    assert joined > 25, f"{joined} joined"
