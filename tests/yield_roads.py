"""Build places where somebody gives way, T-junctions, crossroads, roundabouts, and count what the minor carries."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from micro_traffic import arrivals
from traffic_case import link_between, simulate

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.streets import JunctionSpec, Street
from citytwin.scenarios.synthetic_roads import Road, draw_city
from citytwin.sim.simulation import Simulation

ARM_M = 500.0
WARM_S = 600.0
RING_RADIUS_M = 20.0
RING_CLEAR_M = 7.5  # from the middle of an arm to where the ring's street ends
ARMS = {"w": (-1.0, 0.0), "e": (1.0, 0.0), "s": (0.0, -1.0), "n": (0.0, 1.0)}
MOVEMENTS = {
    # who gives way: from, to; who has the right of way: from, to
    "minor_right": (("s", "e"), ("w", "e")),
    "minor_left_T": (("s", "w"), ("w", "e")),
    "minor_through": (("s", "n"), ("w", "e")),
    "minor_left": (("s", "w"), ("w", "e")),
    "major_left": (("w", "n"), ("e", "w")),
}


def junction_of(arms: str, *, minor: str = "", all_way_stop: bool = False) -> RoadNetwork:
    """Two-way streets of one lane each way that meet; ``minor`` are those that give way by sign."""
    specs = [JunctionSpec("middle", 0.0, 0.0, all_way_stop=all_way_stop)]
    roads = []
    for arm in arms:
        x, y = ARMS[arm]
        specs.append(JunctionSpec(arm, x * ARM_M, y * ARM_M, gate="both"))
        signs = {"middle": "give_way"} if arm in minor else {}
        road_class = "tertiary" if minor and arm in minor else "primary"
        roads.append(Road(arm, "middle", 1, 1, road_class, 50.0, 3.5, signs=signs))
    return build_network(draw_city("crossing", specs, roads))


def roundabout() -> RoadNetwork:
    """A roundabout of one lane with four arms, as round as they are built: nobody slows down between its arms."""
    specs, roads = [], []
    order = "enws"  # anticlockwise, as traffic on the right drives round
    ring = order
    for arm in order:
        x, y = ARMS[arm]
        specs.append(JunctionSpec(arm, x * ARM_M, y * ARM_M, gate="both"))
        specs.append(JunctionSpec(f"ring {arm}", x * RING_RADIUS_M, y * RING_RADIUS_M))
        roads.append(Road(arm, f"ring {arm}", 1, 1, "tertiary", 50.0, 3.5))
    for here, there in zip(ring, ring[1:] + ring[0], strict=True):
        roads.append(Road(f"ring {here}", f"ring {there}", 1, 0, "tertiary", 30.0, 4.0, roundabout=True))
    city = draw_city("roundabout", specs, roads)
    return build_network(replace(city, streets=tuple(_bent(street) for street in city.streets)))


def _bent(street: Street) -> Street:
    """A street of the ring along its circle instead of its chord."""
    if not street.roundabout:
        return street
    first, last = (
        math.atan2(ARMS[place[-1]][1], ARMS[place[-1]][0]) for place in (street.from_junction, street.to_junction)
    )
    clear = RING_CLEAR_M / RING_RADIUS_M
    angles = first + np.linspace(clear, (last - first) % math.tau - clear, 9)
    return replace(street, shape_xy=RING_RADIUS_M * np.column_stack([np.cos(angles), np.sin(angles)]))


def with_queue(
    network: RoadNetwork,
    minor: tuple[str, str],
    major: tuple[str, str],
    major_vph: float,
    until_s: float,
    *,
    minor_vph: float = 1500.0,
    seed: int = 0,
    middle: str = "middle",
    **keys: Any,
) -> Simulation:
    """Traffic that has right of way, at random, and more than can get through from a minor road."""
    rng = np.random.default_rng(seed)

    def stream(name: str, way: tuple[str, str], vph: float) -> list[tuple[Any, ...]]:
        near = [middle.format(arm) for arm in way]
        origin, destination = link_between(way[0], near[0]), link_between(near[1], way[1])
        times = arrivals(rng, vph, until_s) if vph > 0.0 else np.zeros(0)
        return [(f"{name}{k}", float(t), origin, destination, 0, 0.0, math.inf) for k, t in enumerate(times)]

    rows = [*stream("minor ", minor, minor_vph), *stream("major ", major, major_vph)]
    return simulate(network, rows, duration_s=until_s, seed=seed, routes={"reroute_blocked_after_s": "never"}, **keys)


def minor_capacity(
    network: RoadNetwork,
    minor: tuple[str, str],
    major: tuple[str, str],
    major_vph: float,
    *,
    hours: float = 1.0,
    middle: str = "middle",
    **keys: Any,
) -> tuple[float, float]:
    """Vehicles an hour that get through from a minor road with a queue, and of the traffic that has right of way."""
    until_s = WARM_S + 3600.0 * hours
    simulation = with_queue(network, minor, major, major_vph, until_s, middle=middle, **keys)
    lanes = [
        int(network.links.lane_start[network.link_row[link_between(w[0], middle.format(w[0]))]]) for w in (minor, major)
    ]
    simulation.run(WARM_S)
    before = simulation.model.fleet.cities.lane_i[0, table.WENT_OUT, lanes].copy()
    simulation.run(until_s)
    after = simulation.model.fleet.cities.lane_i[0, table.WENT_OUT, lanes]
    minor_vph, major_vph = ((after - before) / hours).tolist()
    return minor_vph, major_vph


def gaps_and_capacity(
    network: RoadNetwork,
    minor: tuple[str, str],
    major: tuple[str, str],
    major_vph: float,
    joins: str,
    *,
    hours: float = 1.0,
    middle: str = "middle",
) -> tuple[np.ndarray, float]:
    """Headways (s) of traffic that has right of way on the link where both join; what gets in from a queue, veh/h."""
    until_s = WARM_S + 3600.0 * hours
    simulation = with_queue(network, minor, major, major_vph, until_s, middle=middle)
    simulation.run(WARM_S)
    fleet, link = simulation.model.fleet, network.link_row[joins]
    first, last = network.links.lane_start[link : link + 2]
    has_way = np.array([name.startswith("major") for name in fleet.trips.id])
    passed_s = np.full(has_way.size, np.nan)
    for t_s in np.arange(WARM_S, until_s) + 1.0:
        simulation.run(float(t_s))
        rows, state = fleet.cities.vehicle_i[0], fleet.cities.vehicle_f[0]
        there = (rows[:, table.STATUS] == table.DRIVING) & (first <= rows[:, table.LANE]) & (rows[:, table.LANE] < last)
        new = np.flatnonzero(there & np.isnan(passed_s))
        passed_s[new] = t_s - state[new, table.POSITION_M] / np.maximum(state[new, table.SPEED_MPS], 1.0)
    times = np.sort(passed_s[has_way & ~np.isnan(passed_s)])
    within = (times[0] <= passed_s[~has_way]) & (passed_s[~has_way] <= times[-1])
    return np.diff(times), float(within.sum() / (times[-1] - times[0]) * 3600.0)
