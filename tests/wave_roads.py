"""Build networks of a few links by rule, let kinematic-wave drivers on them and measure flow, density and speed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from micro_traffic import Part, network_of, street
from traffic_case import Row, simulate

from citytwin.scenarios.network import FoeKind, Light, RoadNetwork, Signals
from citytwin.scenarios.streets import JunctionSpec

NODE_M = 6.0  # from the last stop line before a node to the first metre behind it
STEP_S = 0.25  # trips enter at whole steps: 1.25 s apart where the capacity is 0.8 vehicles/s
NOTE_EVERY_S = 0.5
NO_DETOURS = {"reroute_blocked_after_s": "never"}


def wave_drivers(free_mps: float, wave_mps: float, jam_per_m: float, length_m: float = 3.0) -> dict[str, Any]:
    """Drivers whose equilibria are Newell's triangle: gap = standing gap + headway × speed, up to the free speed.

    Krauss' model without dawdling has them; high accelerations come near to the theory, which has no bounds to them.
    """
    spacing_m = 1.0 / jam_per_m
    return {
        "model": "krauss",
        "headway_s": spacing_m / wave_mps,
        "min_gap_m": spacing_m - length_m,
        "length_m": length_m,
        "max_accel_mps2": 5.0,
        "comfort_decel_mps2": 6.0,
        "max_decel_mps2": 9.0,
        "speed_factor_sd": 0.0,
    }


def slow_stretch(drivers: Mapping[str, Any], flow: float) -> float:
    """Speed limit, km/h, at which such drivers carry just a flow (veh/s and lane)."""
    spacing_m = drivers["min_gap_m"] + drivers["length_m"]
    return 3.6 * spacing_m * flow / (1.0 - flow * drivers["headway_s"])


def node_network(places: Mapping[str, tuple[float, float]], links: Mapping[str, tuple[str, str, Part]]) -> RoadNetwork:
    """One-way links between places; each is as long as its part says, half of each node included."""
    into = [end for _, end, _ in links.values()]
    out_of = [start for start, _, _ in links.values()]
    streets = []
    for name, (start, end, part) in links.items():
        a, b = np.array(places[start], float), np.array(places[end], float)
        along = (b - a) / math.hypot(*(b - a))
        inside = start in into, end in out_of
        shape = [a + along * NODE_M / 2 * inside[0], b - along * NODE_M / 2 * inside[1]]
        streets.append(street(name, start, end, shape, part, length_m=part.length_m - NODE_M / 2 * sum(inside)))
    specs = []
    for name, (x, y) in places.items():
        gate = "entry" if name not in into else "exit" if name not in out_of else ""
        signal = any(part.signal_at_end for _, end, part in links.values() if end == name)
        specs.append(JunctionSpec(name, x, y, gate=gate, signalised=signal))
    return network_of("nodes", streets, specs)


def with_turns(network: RoadNetwork, phases: Sequence[tuple[Sequence[str], float]]) -> RoadNetwork:
    """The same network whose one signal gives green to the named links in turn, for so many seconds."""
    connectors, lanes = network.connectors, network.lanes
    at = np.flatnonzero(connectors.signal >= 0)
    names = sorted({network.links.id[lanes.link[connectors.from_lane[connector]]] for connector in at})
    group = connectors.group.copy()
    for connector in at:
        group[connector] = names.index(network.links.id[lanes.link[connectors.from_lane[connector]]])
    lights = [Light.GREEN if name in links else Light.RED for links, _ in phases for name in names]
    count = len(phases)
    signals = Signals(
        id=network.signals.id,
        junction=network.signals.junction.copy(),
        offset_s=np.zeros(1),
        phase_start=np.array([0, count], np.int32),
        phase_s=np.array([seconds for _, seconds in phases]),
        group_count=np.array([len(names)], np.int32),
        light_start=np.arange(count + 1, dtype=np.int32) * len(names),
        light=np.array(lights, np.int8),
        assumed=np.ones(1, bool),
    )
    return replace(network, signals=signals, connectors=replace(connectors, group=group))


def without_crossings(network: RoadNetwork) -> RoadNetwork:
    """The same network whose ways pass over one another: only those into the same lane meet."""
    connectors = network.connectors
    merges = connectors.foe_kind == FoeKind.MERGE
    before = np.concatenate([[0], np.cumsum(merges)])
    pairs = {
        name: getattr(connectors, name)[merges]
        for name in ("foe", "foe_kind", "foe_yield", "foe_reach_m", "foe_clear_m")
    }
    foe_start = before[connectors.foe_start].astype(np.int32)
    return replace(network, connectors=replace(connectors, foe_start=foe_start, **pairs))


def trips(origin: str, destination: str, windows: Sequence[tuple[float, float, float]]) -> list[Row]:
    """Evenly spaced trips over two links' whole length: from, until (s) and flow (veh/s) of every window."""
    times = np.concatenate([np.arange(first + 0.5 / flow, last, 1.0 / flow) for first, last, flow in windows])
    return [(f"{origin}>{destination} {k}", float(t), origin, destination, 0, 0.0, 1e9) for k, t in enumerate(times)]


@dataclass(frozen=True, slots=True)
class Log:
    """Who was where, ``[time, vehicle]``: link row (−1: none), metres from its start. A node is of the link before."""

    network: RoadNetwork
    every_s: float
    t_s: np.ndarray  # [time]
    link: np.ndarray
    x_m: np.ndarray
    speed_mps: np.ndarray
    lane: np.ndarray
    depart_s: np.ndarray  # [vehicle]
    entered_s: np.ndarray
    arrived_s: np.ndarray

    def state(self, link: str, x_m: tuple[float, float], t_s: tuple[float, float]) -> dict[str, float]:
        """Flow (veh/s), density (veh/m) and speed (m/s) of a stretch in a time, all lanes: Edie (1963)."""
        rows = (self.t_s > t_s[0]) & (self.t_s <= t_s[1])
        there = (
            (self.link[rows] == self.network.link_row[link]) & (self.x_m[rows] >= x_m[0]) & (self.x_m[rows] < x_m[1])
        )
        area = (x_m[1] - x_m[0]) * rows.sum()
        density, flow = there.sum() / area, self.speed_mps[rows][there].sum() / area
        return {"q": float(flow), "k": float(density), "v": float(flow / density) if density else math.nan}

    def times_on(self, link: str) -> np.ndarray:
        """How long each vehicle that left a link was on it, s."""
        there = self.link == self.network.link_row[link]
        seen = np.flatnonzero(there.any(axis=0))
        gone = seen[~there[-1, seen]]
        return there[:, gone].sum(axis=0) * self.every_s

    def mean_time_on(self, link: str, free_s: float, until_s: float) -> float:
        """Mean over time of what whoever entered a link last took for it, s; before the first as on an empty road.

        So UXsim averages the times of a link (``Link.traveltime_actual``): who comes last counts until the end.
        """
        there = self.link == self.network.link_row[link]
        seen = np.flatnonzero(there.any(axis=0))
        gone = seen[~there[-1, seen]]
        in_order = gone[np.argsort(there[:, gone].argmax(axis=0), kind="stable")]
        entered_s = self.t_s[there[:, in_order].argmax(axis=0)]
        took_s = there[:, in_order].sum(axis=0) * self.every_s
        lasts_s = np.diff(np.concatenate([[0.0], entered_s, [until_s]]))
        return float(np.average(np.concatenate([[free_s], took_s]), weights=lasts_s))

    def left(self, link: str) -> np.ndarray:
        """When vehicles left a link, s, sorted."""
        there = self.link == self.network.link_row[link]
        gone = np.flatnonzero(there.any(axis=0) & ~there[-1])
        last = there.shape[0] - 1 - np.argmax(there[::-1, gone], axis=0)
        return np.sort(self.t_s[last])

    def flow(self, link: str, t_s: tuple[float, float]) -> float:
        """Vehicles that left a link, per second."""
        times = self.left(link)
        return float(((times > t_s[0]) & (times <= t_s[1])).sum() / (t_s[1] - t_s[0]))

    @property
    def trip_s(self) -> np.ndarray:
        """From departure to arrival, the wait beside the road included, of those who arrived."""
        took = self.arrived_s - self.depart_s
        return took[~np.isnan(took)]


def watch(
    network: RoadNetwork,
    rows: Sequence[Row],
    until_s: float,
    *,
    step_s: float = STEP_S,
    every_s: float = NOTE_EVERY_S,
    **keys: Any,
) -> Log:
    """Run traffic and note everybody's place every so often, at least a step."""
    every_s = max(step_s, every_s)
    keys.setdefault("routes", NO_DETOURS)
    simulation = simulate(network, rows, duration_s=math.ceil(until_s), step_s=step_s, **keys)
    fleet = simulation.model.fleet
    state, lanes = fleet.vehicles, network.lanes
    link_of = np.concatenate([lanes.link, lanes.link[network.connectors.from_lane], [-1]])
    start_m = np.concatenate([np.zeros(lanes.link.size), network.links.length_m[link_of[lanes.link.size : -1]], [0.0]])
    times, lane_rows, places, speeds = [], [], [], []
    while simulation.t_s < until_s - 1e-9:
        simulation.run(simulation.t_s + every_s)
        lane = state.lane[0].astype(np.int16)
        times.append(simulation.t_s)
        lane_rows.append(lane)
        places.append((state.position_m[0] + start_m[lane]).astype(np.float32))
        speeds.append(state.speed_mps[0].astype(np.float32))
    lane = np.array(lane_rows)
    return Log(
        network, every_s, np.array(times), link_of.astype(np.int16)[lane], np.array(places), np.array(speeds), lane,
        state.depart_s[0].copy(), state.entered_s[0].copy(), state.arrived_s[0].copy(),
    )  # fmt: skip
