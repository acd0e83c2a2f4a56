"""Say in advance whether streets are asked for more than they can carry, whoever drives how.

Trips are assigned so that nobody gains much by another route (method of successive averages: Sheffi 1985, *Urban
Transportation Networks*, ch. 5.4), and the flow out of every link is held against what handbooks say it carries: the
saturation flow of its lanes while they have green, at signals; what gaps in the traffic that it gives way to leave,
elsewhere. Turns across oncoming traffic, short lanes and queues that reach back cost more: a street above 1 is
overloaded, one below it may still be.
"""

from __future__ import annotations

import numpy as np

from citytwin.agents.routes import Router
from citytwin.scenarios.capacity import siegloch_capacity
from citytwin.scenarios.network import Floats, Light, RoadNetwork
from citytwin.scenarios.trips import TripTable

SATURATION_FLOW_PER_H = 1800.0  # vehicles an hour of one lane while it is green
CRITICAL_GAP_S, FOLLOW_UP_S = 4.5, 2.6  # of drivers who give way
ITERATIONS = 20
BPR_FACTOR, BPR_POWER = 0.15, 4.0  # Bureau of Public Roads (1964), Traffic Assignment Manual
MOST = 0.85  # of its capacity that a street is asked for where traffic is moderate


def green_share(network: RoadNetwork) -> Floats:
    """Part of the cycle in which each connector has green, 1 without a signal; ``[connector]``."""
    connectors, signals = network.connectors, network.signals
    green = np.ones(connectors.movement.size)
    for controller, groups in enumerate(signals.group_count.tolist()):
        first, last = signals.phase_start[controller : controller + 2]
        phase_s = signals.phase_s[first:last]
        lights = signals.light[signals.light_start[first] : signals.light_start[last]].reshape(last - first, groups)
        share = (phase_s[:, None] * (lights >= Light.GREEN_YIELD)).sum(axis=0) / phase_s.sum()
        own = np.flatnonzero((connectors.signal == controller) & (connectors.group >= 0))
        green[own] = share[connectors.group[own]]
    return green


def carries_per_h(network: RoadNetwork, movement_per_h: Floats, green: Floats) -> Floats:
    """Vehicles an hour that a lane carries if all of them make one movement, ``[movement]``: its best lane."""
    connectors = network.connectors
    ways = np.bincount(connectors.movement, minlength=movement_per_h.size)
    per_h = (movement_per_h / np.maximum(ways, 1))[connectors.movement]
    own = np.repeat(np.arange(connectors.movement.size), np.diff(connectors.foe_start))
    yields = connectors.foe_yield.astype(bool)
    conflicting = np.bincount(own[yields], weights=per_h[connectors.foe[yields]], minlength=per_h.size)
    minor = (connectors.signal < 0) & (np.bincount(own[yields], minlength=per_h.size) > 0)
    of_connector = SATURATION_FLOW_PER_H * green
    of_connector[minor] = [siegloch_capacity(q, CRITICAL_GAP_S, FOLLOW_UP_S) for q in conflicting[minor]]
    carried = np.full(movement_per_h.size, 1.0)
    np.maximum.at(carried, connectors.movement, of_connector)
    return carried


def saturation(network: RoadNetwork, trips: TripTable, duration_s: float, *, iterations: int = ITERATIONS) -> Floats:
    """Flow over capacity of every link once drivers have spread over the routes, ``[link]``; 0 where nobody drives.

    A lane that several movements share is used up by each in proportion (HCM 7, eq. 20-59). A movement has the lanes
    that lead there: a street of four lanes of which everybody needs the one that turns is full when that one is.
    """
    router, movements = Router(network), network.movements
    free_s, green = router.link_s.copy(), green_share(network)
    lanes = np.bincount(network.lanes.link, minlength=network.link_count)
    approaches = np.unique(np.stack([network.connectors.movement, network.connectors.from_lane]), axis=1)[0]
    turning_lanes = np.maximum(np.bincount(approaches, minlength=movements.from_link.size), 1)
    pairs = movements.from_link.astype(np.int64) * network.link_count + movements.to_link
    per_h, x = np.zeros(pairs.size), np.zeros(network.link_count)
    for iteration in range(iterations):
        routes = router.plan(
            trips.origin_link,
            trips.destination_link,
            trips.key,
            noise=0.0,
            seed=0,
            cost_s=free_s * (1.0 + BPR_FACTOR * x**BPR_POWER),
        )
        trip = np.repeat(np.arange(routes.cost_s.size), np.diff(routes.start))
        turns = trip[1:] == trip[:-1]
        made = routes.link[:-1][turns].astype(np.int64) * network.link_count + routes.link[1:][turns]
        now = np.bincount(np.searchsorted(pairs, made), minlength=pairs.size) * 3600.0 / duration_s
        per_h += (now - per_h) / (iteration + 1.0)
        used = per_h / carries_per_h(network, per_h, green)
        x = np.bincount(movements.from_link, weights=used, minlength=lanes.size) / np.maximum(lanes, 1)
        np.maximum.at(x, movements.from_link, used / turning_lanes)
    return x
