"""Find what people fear at each crossing: the signal groups that must show red, and the lanes vehicles come on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..kernels import walking_tables as table
from ..scenarios.network import Light, RoadNetwork, Turn
from ..scenarios.network_laws import programme
from ..scenarios.walk_network import WalkNetwork
from ..scenarios.walk_presets import GAP_MPS, GAP_START_S, SIGNAL_MPS

LOOK_EVERY_S = 1.0  # people look at the lights


class CrossingTables(NamedTuple):
    """What the kernels read of crossings."""

    numbers: NDArray[np.float64]
    rows: NDArray[np.int32]
    group: NDArray[np.int32]
    lane: NDArray[np.int32]
    lane_f: NDArray[np.float64]


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
    lanes: list[tuple[int, float]] = []
    for crossing in range(count):
        rows[table.FIRST_GROUP, crossing], rows[table.FIRST_LANE, crossing] = len(groups), len(lanes)
        first, last = crossings.road_start[crossing : crossing + 2]
        links = crossings.road_link[first:last]
        controller = int(crossings.controller[crossing])
        own = feared_groups(roads, controller, links) if controller >= 0 else []
        needs_s = float(length_m[crossing]) / SIGNAL_MPS
        if controller >= 0 and longest_red_s(roads, controller, own) < needs_s + LOOK_EVERY_S:
            controller = -1
        rows[table.LIGHT, crossing] = controller
        if controller >= 0:
            groups += own
        else:
            needs_s = float(length_m[crossing]) / GAP_MPS + GAP_START_S
        numbers[table.NEEDS_S, crossing] = needs_s
        for link, at_m in zip(links.tolist(), crossings.road_at_m[first:last].tolist(), strict=True):
            lanes += [(lane, at_m) for lane in range(*roads.links.lane_start[link : link + 2].tolist())]
    rows[table.FIRST_GROUP, count], rows[table.FIRST_LANE, count] = len(groups), len(lanes)
    return CrossingTables(
        numbers,
        rows,
        np.array(groups, np.int32),
        np.array([lane for lane, _ in lanes], np.int32),
        np.array([[at_m for _, at_m in lanes]], np.float64),
    )


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
