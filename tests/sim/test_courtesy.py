"""Drivers in slow traffic let others in; those in free traffic, who would have to brake, do not."""

from __future__ import annotations

import numpy as np
import pytest
from traffic_case import link_between, simulate
from traffic_laws import TrafficLaws
from yield_roads import junction_of

from citytwin.kernels import traffic_tables as table
from citytwin.sim.simulation import Simulation

CAR_S = 2.0  # between two cars that want to set out on the main road: more than it carries
MAIN_CARS = 300


def waits_s(minor_to: str, slow_kmh: float | None) -> tuple[float, int]:
    """How long ten cars from a minor road took at most, and how many on the main road were there before the last."""
    network = junction_of("wes", minor="s")
    way_in, way_out = link_between("w", "middle"), link_between("middle", "e")
    rows = [(f"main {k}", CAR_S * k, way_in, way_out) for k in range(MAIN_CARS)]
    origin, destination = link_between("s", "middle"), link_between("middle", minor_to)
    rows += [(f"minor {k}", 300.0 + k, origin, destination) for k in range(10)]
    events = []
    if slow_kmh is not None:
        events = [{"kind": "speed_limit", "links": [way_in, way_out], "start_s": 120.0, "speed_kmh": slow_kmh}]
    simulation = simulate(network, rows, duration_s=3600.0, events=events, routes={"reroute_blocked_after_s": "never"})
    laws = TrafficLaws(simulation)
    for _ in range(2400):
        laws.step()
    minor = np.array([trip.startswith("minor") for trip in simulation.model.fleet.trips.id])
    vehicles = simulation.model.fleet.vehicles
    arrived_s = np.where(vehicles.status[0] == table.ARRIVED, vehicles.arrived_s[0], np.inf)
    last_s = float(arrived_s[minor].max())
    return last_s, int((arrived_s[~minor] > last_s).sum())


@pytest.mark.parametrize("minor_to", ["e", "w"])
def test_a_slow_queue_without_gaps_lets_the_minor_road_in(minor_to: str) -> None:
    """Who turns into the queue and who crosses it alike."""
    last_s, after = waits_s(minor_to, 8.0)
    assert last_s < 900.0
    assert after > MAIN_CARS / 3, "the main road had not run empty"


def test_who_drives_freely_lets_nobody_in() -> None:
    last_s, after = waits_s("w", None)
    assert after == 0, f"{after} on the main road stood back, the minor road was through at {last_s} s"


@pytest.mark.parametrize("arms, least_vph", [("n", 690.0), ("ne", 580.0), ("nesw", 430.0)])
def test_at_an_all_way_stop_nobody_waits_for_those_who_have_not_stopped(arms: str, least_vph: float) -> None:
    """Out of each arm with a queue, straight on; 654, 298 and 300 when they waited for whoever rolled up behind.

    718, 400 and 360 when nobody set off before whoever crosses was out of the way.
    """
    simulation = all_way_stop(arms)
    simulation.run(900.0)
    arrived_s = simulation.model.fleet.vehicles.arrived_s[0]
    assert ((arrived_s > 300.0) & (arrived_s <= 900.0)).sum() / len(arms) * 6.0 > least_vph


def test_who_sets_off_while_others_leave_stops_before_their_way() -> None:
    simulation, trusted = all_way_stop("nesw"), 0
    laws, roads = TrafficLaws(simulation), simulation.model.fleet.cities.road_lanes
    rows = simulation.model.fleet.cities.vehicle_i[0]
    for _ in range(300):
        laws.step()
        trusted += int(((rows[:, table.GRANTED] == table.ON_TRUST) & (rows[:, table.LANE] >= roads)).sum())
    assert trusted > 20


def all_way_stop(arms: str) -> Simulation:
    """Four arms, of which some have queues of cars that go straight on."""
    across = {"n": "s", "s": "n", "e": "w", "w": "e"}
    ends = {arm: (link_between(arm, "middle"), link_between("middle", across[arm])) for arm in arms}
    rows = [(f"{arm}{k}", 2.0 * k, *ends[arm], 0, 300.0) for arm in arms for k in range(400)]
    return simulate(junction_of("wens", all_way_stop=True), rows, routes={"reroute_blocked_after_s": "never"})
