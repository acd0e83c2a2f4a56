"""Find locks: rings of lanes whose queues wait for each other, so that none will ever move again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ..kernels import traffic_tables as table

if TYPE_CHECKING:
    from ..agents.fleet import Fleet

STANDING_S = 120.0  # longer than any red light


def find_locks(fleet: Fleet, standing_s: float = STANDING_S) -> list[tuple[str, ...]]:
    """Rings of links, longest first, each in the order in which its queues wait for one another.

    Parameters
    ----------
    fleet
        The traffic at a moment.
    standing_s
        Only vehicles that have stood for so long wait in vain.
    """
    waits_for: dict[int, set[int]] = {}
    for lane, other in _waits(fleet, standing_s):
        waits_for.setdefault(lane, set()).add(other)
    links, ids = fleet.cities.lane_i[0, table.ON_LINK], fleet.network.links.id
    rings = set()
    for ring in _rings(waits_for):
        names = [ids[links[lane]] for lane in ring]
        rings.add(tuple(name for place, name in enumerate(names) if name != names[place - 1]) or (names[0],))
    return sorted(rings, key=lambda ring: (-len(ring), ring))


def _waits(fleet: Fleet, standing_s: float) -> Iterator[tuple[int, int]]:
    """Lane rows, and the lane rows that their first standing vehicle waits for."""
    cities, vehicles, network = fleet.cities, fleet.vehicles, fleet.network
    lane_i, connector_i, road_lanes = cities.lane_i[0], cities.connector, network.lane_count
    driving = vehicles.status[0] == table.DRIVING
    long = np.flatnonzero(driving & (vehicles.standing_s[0] >= standing_s))
    first: dict[int, int] = {}  # of each lane row, whoever stands farthest ahead
    for row in long:
        lane = int(vehicles.lane[0, row])
        if lane not in first or vehicles.position_m[0, row] > vehicles.position_m[0, first[lane]]:
            first[lane] = int(row)
    inside: dict[int, list[int]] = {}  # connector → lane rows of the vehicles that occupy it
    for row in long:
        rear, lane = int(cities.vehicle_i[0, table.REAR_IN, row]), int(vehicles.lane[0, row])
        if rear >= 0:
            inside.setdefault(rear, []).append(lane)
        if lane >= road_lanes:
            inside.setdefault(lane - road_lanes, []).append(lane)
    for lane, leader in first.items():
        cause, connector = int(vehicles.cause[0, leader]), int(vehicles.connector[0, leader])
        if lane >= road_lanes:
            yield lane, int(connector_i[table.TO_LANE, lane - road_lanes])
        elif cause == table.NO_ROOM and connector >= 0:
            yield lane, int(connector_i[table.TO_LANE, connector])
        elif cause == table.OCCUPIED and connector >= 0:
            foes = connector_i[table.FIRST_FOE, connector : connector + 2]
            for foe in cities.foe[table.FOE, foes[0] : foes[1]]:
                for other in inside.get(int(foe), ()):
                    yield lane, other
        elif cause == table.WRONG_LANE:
            start = network.links.lane_start[lane_i[table.ON_LINK, lane] : lane_i[table.ON_LINK, lane] + 2]
            for other in range(start[0], start[1]):
                if other != lane and other in first:
                    yield lane, other


def _rings(waits_for: dict[int, set[int]]) -> list[tuple[int, ...]]:
    """One ring through each lane that waits, over others, for itself; rings of the same lanes once."""
    found: dict[frozenset[int], tuple[int, ...]] = {}
    settled: set[int] = set()
    for start in sorted(waits_for):
        if start in settled:
            continue
        path: list[int] = []
        place: dict[int, int] = {}
        branches = [iter([start])]
        while branches:
            lane = next(branches[-1], None)
            if lane is None:
                branches.pop()
                if path:
                    gone = path.pop()
                    del place[gone]
                    settled.add(gone)
            elif lane in place:
                ring = tuple(path[place[lane] :])
                found.setdefault(frozenset(ring), ring)
            elif lane not in settled:
                place[lane] = len(path)
                path.append(lane)
                branches.append(iter(sorted(waits_for.get(lane, ()))))
    return list(found.values())
