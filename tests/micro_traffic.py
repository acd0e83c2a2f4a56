"""Build roads of exact length, put traffic on them and record where everybody is: experiments with one question."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from traffic_case import Row, simulate

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import Light, RoadNetwork, Signals
from citytwin.scenarios.streets import MOTOR, JunctionSpec, Street, StreetGraph
from citytwin.sim.simulation import Simulation

JOINT_M = 2.0  # of road inside a junction between two streets in line, the shortest that networks have


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a one-way road, the junction behind it included."""

    length_m: float
    lanes: int = 1
    speed_kmh: float = 50.0
    signal_at_end: bool = False
    lane_width_m: float = 3.5


def street(name: str, start: str, end: str, shape: Sequence[Sequence[float]], part: Part, **more: Any) -> Street:
    """One street as every source describes it."""
    return Street(
        id=name,
        from_junction=start,
        to_junction=end,
        shape_xy=np.asarray(shape, float),
        road_class=more.pop("road_class", "secondary"),
        speed_mps=part.speed_kmh / 3.6,
        lane_width_m=part.lane_width_m,
        lane_access=(MOTOR,) * part.lanes,
        name=name,
        oneway=True,
        **more,
    )


def network_of(name: str, streets: Sequence[Street], specs: Sequence[JunctionSpec]) -> RoadNetwork:
    """A network of streets drawn by hand."""
    graph = StreetGraph(name, 32632, False, "", "made by rule", "", tuple(streets), tuple(specs))
    return build_network(graph)


def straight(parts: Sequence[Part]) -> RoadNetwork:
    """A one-way road along x whose parts ``"0"``, ``"1"``, … begin exactly where the one before ends."""
    ends = np.concatenate([[0.0], np.cumsum([part.length_m for part in parts])])
    streets, specs = [], [JunctionSpec("at 0", 0.0, 0.0, gate="entry")]
    for k, part in enumerate(parts):
        last = k + 1 == len(parts)
        stop = ends[k + 1] - (0.0 if last else JOINT_M)
        streets.append(street(str(k), f"at {k}", f"at {k + 1}", [[ends[k], 0.0], [stop, 0.0]], part))
        gate = "exit" if last else ""
        specs.append(JunctionSpec(f"at {k + 1}", ends[k + 1], 0.0, gate=gate, crossing_signal=part.signal_at_end))
    return network_of("road", streets, specs)


def ring(length_m: float, *, lanes: int = 1, speed_kmh: float = 50.0) -> RoadNetwork:
    """A circular road of exactly this length: two half circles ``"0"`` and ``"1"``."""
    half_m = length_m / 2.0 - JOINT_M
    part = Part(half_m, lanes, speed_kmh)
    angles = np.linspace(0.0, math.pi, 65)
    arc = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    arc *= half_m / np.hypot(*np.diff(arc, axis=0).T).sum()
    joint = np.array([0.0, -JOINT_M])  # the second half lies lower, so that the joints have a length
    streets = [street("0", "east", "west", arc, part), street("1", "west", "east", joint - arc, part)]
    radius = arc[0, 0]
    specs = [JunctionSpec("east", radius, -1.0), JunctionSpec("west", -radius, -1.0)]
    return network_of("ring", streets, specs)


def with_programme(network: RoadNetwork, green_s: float, cycle_s: float, yellow_s: float = 3.0) -> RoadNetwork:
    """The same network whose every signal shows green, yellow and red to everybody, green from t = 0."""
    signals = network.signals
    count, groups = len(signals.id), int(signals.group_count.max())
    lights = np.repeat([Light.GREEN, Light.YELLOW, Light.RED], groups)
    programme = Signals(
        id=signals.id,
        junction=signals.junction.copy(),
        offset_s=np.zeros(count),
        phase_start=np.arange(count + 1, dtype=np.int32) * 3,
        phase_s=np.tile([green_s, yellow_s, cycle_s - green_s - yellow_s], count),
        group_count=np.full(count, groups, np.int32),
        light_start=np.arange(3 * count + 1, dtype=np.int32) * groups,
        light=np.tile(lights, count).astype(np.int8),
        assumed=np.ones(count, bool),
    )
    return replace(network, signals=programme)


def go_round(network: RoadNetwork, laps: int) -> np.ndarray:
    """Route of ``laps`` rounds on a ring, as link rows."""
    pair = [network.link_row["0"], network.link_row["1"]]
    return np.array(pair * laps, np.int32)


def ring_at(length_m: float, vehicles: int, speed_mps: float, *, moved_m: float = 0.0, **keys: Any) -> Simulation:
    """A ring with vehicles at equal distances and one speed; the first stands ``moved_m`` further back."""
    network = ring(length_m, speed_kmh=keys.pop("speed_kmh", 50.0))
    laps = int(keys["duration_s"] * 40.0 / length_m) + 5
    keys.setdefault("routes", {"reroute_blocked_after_s": "never"})
    simulation = simulate(network, [(str(k), 0.0, "0", "1") for k in range(vehicles)], **keys)
    simulation.run(0)  # routes are planned at t = 0: what follows replaces them
    fleet = simulation.model.fleet
    route = go_round(network, laps)
    place_m = np.arange(vehicles) * (length_m / vehicles)
    place_m[0] = (place_m[0] - moved_m) % length_m
    half_m = length_m / 2.0
    for link in (0, 1):
        there = np.flatnonzero((place_m >= link * half_m) & (place_m < (link + 1) * half_m))
        there = there[np.argsort(-place_m[there])]
        for trip in there:
            own = route if link == 0 else route[1:]
            fleet.set_routes(0, np.array([trip]), np.array([0, own.size]), own)
        row = network.link_row[str(link)]
        put_on(simulation, int(network.links.lane_start[row]), there, place_m[there] - link * half_m, speed_mps)
    return simulation


def put_on(
    simulation: Simulation, lane: int, vehicles: np.ndarray, position_m: np.ndarray, speed_mps: float | np.ndarray
) -> None:
    """Put vehicles on an empty lane, the first nearest its end; whoever is beyond it begins at the end."""
    fleet = simulation.model.fleet
    cities, state = fleet.cities, fleet.vehicles
    start = cities.lane_i[0, table.RING_START, lane]
    cities.ring[0, start : start + vehicles.size] = vehicles
    cities.lane_i[0, table.HEAD, lane] = 0
    cities.lane_i[0, table.COUNT, lane] = vehicles.size
    cities.lane_i[0, table.CAME_IN, lane] += vehicles.size
    state.lane[0, vehicles] = lane
    state.status[0, vehicles] = table.DRIVING
    state.position_m[0, vehicles] = np.minimum(position_m, cities.lane_f[0, table.LANE_LENGTH_M, lane])
    state.speed_mps[0, vehicles] = speed_mps
    state.entered_s[0, vehicles] = 0.0
    cities.counter[0, [table.CREATED, table.ENTERED]] += vehicles.size


def signal_road() -> RoadNetwork:
    """A road whose signal has just become green, for good."""
    return with_programme(straight([Part(300.0, signal_at_end=True), Part(400.0)]), 300.0, 301.0, 1.0)


def discharge_vph(road: RoadNetwork, drivers: dict[str, Any]) -> float:
    """Flow of the 5th to the 12th car that leave a queue at the signal of a ``signal_road``."""
    simulation = simulate(road, [(str(k), 0.0, "0", "1") for k in range(20)], duration_s=600, drivers=drivers)
    simulation.run(0)
    vehicles = np.arange(20)
    fleet = simulation.model.fleet
    fleet.set_routes(0, vehicles, 2 * np.arange(21), np.tile([0, 1], 20).astype(np.int32))
    put_on(simulation, 0, vehicles, 297.0 - 6.5 * vehicles, 0.0)
    fleet.vehicles.connector[0, vehicles] = 0
    passed = record(simulation, 60.0).when_past(299.0)
    return float(3600.0 * 8 / (passed[12] - passed[4]))


@dataclass(frozen=True, slots=True)
class Tracks:
    """Where everybody was, ``[time, vehicle]``; nan off the road."""

    t_s: np.ndarray  # [time]
    x_m: np.ndarray  # front bumper along the road
    speed_mps: np.ndarray
    driven_m: np.ndarray  # since entering
    lane: np.ndarray  # lane row

    def when_past(self, x_m: float) -> np.ndarray:
        """When each vehicle's front passed a place, s, interpolated; nan for who never did. Sorted."""
        times = np.full(self.x_m.shape[1], np.nan)
        for vehicle in range(times.size):
            x = self.x_m[:, vehicle]
            seen = np.flatnonzero(~np.isnan(x))
            if seen.size < 2 or x[seen[0]] > x_m:
                continue
            after = seen[np.searchsorted(x[seen], x_m) % seen.size]
            before = after - 1
            if x[after] >= x_m and before >= 0 and x[before] < x_m:
                share = (x_m - x[before]) / (x[after] - x[before])
                times[vehicle] = self.t_s[before] + share * (self.t_s[after] - self.t_s[before])
        return np.sort(times[~np.isnan(times)])


def road_offsets(network: RoadNetwork) -> np.ndarray:
    """Where every lane row begins along a straight road, m."""
    begins = np.array([network.link_shape_xy(link)[0, 0] for link in range(network.link_count)])
    lanes = begins[network.lanes.link]
    behind = lanes + network.links.length_m[network.lanes.link]
    return np.concatenate([lanes, behind[network.connectors.from_lane]])


def record(simulation: Simulation, until_s: float, *, every: int = 1, offset_m: np.ndarray | None = None) -> Tracks:
    """Run until a time and note every ``every``-th step."""
    fleet = simulation.model.fleet
    state, dt = fleet.vehicles, simulation.scenario.step_s
    offset = road_offsets(fleet.network) if offset_m is None else offset_m
    times, places, speeds, driven, lanes = [], [], [], [], []
    while simulation.t_s < until_s - 1e-9:
        simulation.run(simulation.t_s + every * dt)
        lane = state.lane[0].copy()
        on = lane >= 0
        times.append(simulation.t_s)
        places.append(np.where(on, offset[lane] + state.position_m[0], np.nan))
        speeds.append(np.where(on, state.speed_mps[0], np.nan))
        driven.append(state.driven_m[0].copy())
        lanes.append(lane)
    return Tracks(*(np.array(column) for column in (times, places, speeds, driven, lanes)))


def arrivals(
    rng: np.random.Generator, vph: float, until_s: float, *, at_random: bool = True, least_s: float = 0.0
) -> np.ndarray:
    """Departure times, s: evenly spaced, or shifted exponential headways with ``least_s`` between any two."""
    mean_s = 3600.0 / vph
    count = int(until_s / mean_s * 1.3) + 20
    gaps = least_s + rng.exponential(mean_s - least_s, count) if at_random else np.full(count, mean_s)
    times = np.cumsum(gaps)
    return times[times < until_s]


def rows_from(times_s: np.ndarray, origin: str, destination: str, prefix: str = "") -> list[Row]:
    """Trips that set out where the origin begins and go to the end of the destination."""
    return [(f"{prefix}{k}", float(t), origin, destination, 0, 0.0, 1e9) for k, t in enumerate(times_s)]
