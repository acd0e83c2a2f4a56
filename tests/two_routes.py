"""Build roads on which two or three routes compete, with bottlenecks whose capacity is known from the drivers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from micro_traffic import Part
from traffic_case import make_scenario, make_trips
from wave_roads import NO_DETOURS, node_network, slow_stretch, wave_drivers

from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.scenario import Scenario
from citytwin.scenarios.trips import TripTable

FREE_MPS = 20.0
SETTLE = {"choice": "equilibrium", "interval_s": 60, **NO_DETOURS}
# Who joins a stream takes a gap of 2 s: these roads are about bottlenecks, not about who gives way.
DRIVERS = wave_drivers(FREE_MPS, 5.0, 0.15) | {"critical_gap_s": 2.0}


def fast(length_m: float, lanes: int = 1) -> Part:
    """A stretch driven at 20 m/s."""
    return Part(length_m, lanes=lanes, speed_kmh=3.6 * FREE_MPS)


def bottleneck(length_m: float, capacity: float) -> Part:
    """A stretch that carries just so many vehicles a second."""
    return Part(length_m, speed_kmh=slow_stretch(DRIVERS, capacity))


def two_routes(capacity: float, longer_s: float) -> RoadNetwork:
    """A route through a bottleneck, and one round it that takes so much longer when both are free."""
    slow = bottleneck(400.0, capacity)
    short_s = 1200.0 / FREE_MPS + 400.0 / slow.speed_kmh * 3.6
    round_m = (short_s + longer_s) * FREE_MPS
    places = {"in": (-600, 0), "o": (0, 0), "a": (600, 300), "b": (600, -300), "d": (1200, 0), "out": (1800, 0)}
    links = {
        "in": ("in", "o", fast(500.0)),
        "short": ("o", "a", fast(1200.0)),
        "slow": ("a", "d", slow),
        "round": ("o", "b", fast(round_m / 2.0)),
        "round 2": ("b", "d", fast(round_m / 2.0)),
        "out": ("d", "out", fast(300.0, 2)),
    }
    return node_network(places, links)


def braess(capacity: float, *, bridge: bool) -> RoadNetwork:
    """Braess' network (1968) with bottlenecks for the costs that grow, and long roads for those that hardly do."""
    slow = bottleneck(200.0, capacity)
    places = {
        "in": (-600, 0),
        "o": (0, 0),
        "p": (300, 300),
        "1": (600, 300),
        "2": (600, -300),
        "q": (800, -300),
        "s": (1000, -200),
        "d": (1200, 0),
        "out": (1800, 0),
    }
    links = {
        "in": ("in", "o", fast(500.0)),
        "o1": ("o", "p", fast(1000.0)),
        "o1 slow": ("p", "1", slow),
        "1d": ("1", "d", fast(6500.0)),
        "o2": ("o", "2", fast(6500.0)),
        "2d": ("2", "q", fast(1000.0)),
        "2d slow": ("q", "s", slow),
        "2d end": ("s", "d", fast(300.0)),
        "out": ("d", "out", fast(300.0, 2)),
    }
    return node_network(places, links | ({"bridge": ("1", "2", fast(100.0))} if bridge else {}))


def evenly(network: RoadNetwork, per_s: float, until_s: float) -> TripTable:
    """Trips over the whole network, evenly spaced."""
    times = np.arange(1.0, until_s, 1.0 / per_s)
    return make_trips(network, [(f"{k:04d}", float(t), "in", "out", 0, 0.0, 250.0) for k, t in enumerate(times)])


def on_roads(duration_s: float, routes: Mapping[str, Any], **keys: Any) -> Scenario:
    """A scenario of these drivers."""
    return make_scenario(duration_s=duration_s, drivers=DRIVERS, routes=dict(SETTLE) | dict(routes), **keys)


def who_uses(network: RoadNetwork, trips: TripTable, link: str) -> np.ndarray:
    """Which trips are bound to a route over a link, ``[trip]``."""
    row = network.link_row[link]
    return np.array([row in trips.route(trip) for trip in range(len(trips))])
