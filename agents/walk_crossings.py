"""Find what people fear at each crossing: the signal groups that must show red, and the lanes vehicles come on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..kernels import walking_tables as table
from ..scenarios.network import Light, RoadNetwork, Turn
from ..scenarios.network_laws import programme
from ..scenarios.walk_network import CrossingKind, WalkNetwork
from ..scenarios.walk_presets import GAP_MPS, GAP_START_S, SIGNAL_MPS

LOOK_EVERY_S = 1.0  # people look at the lights


class CrossingTables(NamedTuple):
    """What the kernels read of crossings."""

    numbers: NDArray[np.float64]
    rows: NDArray[np.int32]
    group: NDArray[np.int32]


class CrossedLanes(NamedTuple):
    """Places where people cross road lanes, crossing after crossing, all lanes of a street at each."""

    first: NDArray[np.int32]  # [crossing + 1] of those of each crossing
    lane: NDArray[np.int32]  # [place]
    at_m: NDArray[np.float64]  # along the lane
    row: NDArray[np.int32]  # in the order of lanes and along each, as the traffic needs them


def crossing_tables(network: WalkNetwork, roads: RoadNetwork) -> CrossingTables:
    """Lay out the crossings of a walk network.

    One whose light never leaves people time to get across is crossed through gaps, as one without a light.
    """
    crossings = network.crossings
    count = crossings.link.size
    length_m = network.links.length_m[crossings.link]
    numbers = np.zeros((table.CROSSING_F_COLUMNS, count))
    numbers[table.CROSSING_M] = length_m
    rows = np.zeros((table.CROSSING_I_COLUMNS, count + 1), np.int32)
    groups: list[int] = []
    for crossing in range(count):
        rows[table.FIRST_GROUP, crossing] = len(groups)
        first, last = crossings.road_start[crossing : crossing + 2]
        links = crossings.road_link[first:last]
        controller = int(crossings.controller[crossing])
        own = feared_groups(roads, controller, links) if controller >= 0 else []
        needs_s = float(length_m[crossing]) / SIGNAL_MPS
        if controller >= 0 and longest_red_s(roads, controller, own) < needs_s + LOOK_EVERY_S:
            controller = -1
        rows[table.LIGHT, crossing] = controller
        if crossings.kind[crossing] == CrossingKind.ZEBRA:
            rows[table.GOES_FIRST, crossing] = table.AT_ZEBRA
        if controller >= 0:
            groups += own
        else:
            needs_s = float(length_m[crossing]) / GAP_MPS + GAP_START_S
        numbers[table.NEEDS_S, crossing] = needs_s
    rows[table.FIRST_GROUP, count] = len(groups)
    return CrossingTables(numbers, rows, np.array(groups, np.int32))


def crossed_lanes(network: WalkNetwork, roads: RoadNetwork) -> CrossedLanes:
    """Find where people cross road lanes."""
    crossings, lane_start = network.crossings, roads.links.lane_start
    lanes = np.diff(lane_start)[crossings.road_link]
    first = np.concatenate([[0], np.cumsum(lanes)])
    within = np.arange(first[-1]) - np.repeat(first[:-1], lanes)
    lane = np.repeat(lane_start[crossings.road_link], lanes) + within
    at_m = np.repeat(crossings.road_at_m, lanes)
    row = np.empty(lane.size, np.int32)
    row[np.lexsort((at_m, lane))] = np.arange(lane.size)
    return CrossedLanes(first[crossings.road_start].astype(np.int32), lane.astype(np.int32), at_m, row)


def feared_groups(roads: RoadNetwork, controller: int, links: NDArray[np.int32]) -> list[int]:
    """Groups of a controller that let vehicles over some links at a junction.

    Those that come in on them, and those that go straight on into them; who turns into them gives way to people. Where
    vehicles only turn into them, all that do.
    """
    connectors, movements = roads.connectors, roads.movements
    own = np.flatnonzero((connectors.signal == controller) & (connectors.group >= 0))
    movement = connectors.movement[own]
    coming = np.isin(movements.from_link[movement], links)
    going = np.isin(movements.to_link[movement], links)
    straight = going & (movements.turn[movement] == Turn.STRAIGHT)
    chosen = coming | straight
    return sorted({int(group) for group in connectors.group[own[chosen if chosen.any() else going]]})


def longest_red_s(roads: RoadNetwork, controller: int, groups: list[int]) -> float:
    """Longest time in a row that all groups have red in the programme of the map; inf where they always do."""
    phase_s, lights = programme(roads.signals, controller)
    red = (lights[:, groups] == Light.RED).all(axis=1)
    if red.all():
        return float("inf")
    longest_s = running_s = 0.0
    for is_red, duration_s in zip([*red, *red], [*phase_s, *phase_s], strict=True):  # red may last into the next cycle
        running_s = running_s + float(duration_s) if is_red else 0.0
        longest_s = max(longest_s, running_s)
    return longest_s
