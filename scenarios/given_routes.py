"""Read the routes that trips of a file are bound to, and check that they can be driven."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .demand_tables import SHOWN
from .network import Ints, RoadNetwork
from .problems import closest_hint
from .streets import MODES
from .trips import VEHICLE_CLASSES

if TYPE_CHECKING:
    from .demand_files import TripRows


def read_routes(rows: TripRows, ends: dict[str, Ints], network: RoadNetwork) -> tuple[NDArray[np.int64], Ints]:
    """Where each trip's route begins (``[trip + 1]``) in the links of all, and these; wrong ones are complained of.

    A route is the ids of its links with spaces between. It begins with the trip's origin, ends with its destination,
    and every turn of it can be made by the trip's vehicle. An empty cell leaves the way to the driver.
    """
    cells = rows.table.columns.get("route")
    if cells is None:
        return np.zeros(rows.table.size + 1, np.int64), np.zeros(0, np.int32)
    drivable = turns_by_class(network)
    sizes = np.zeros(rows.table.size, np.int64)
    links: list[int] = []
    known: dict[tuple[str, int], tuple[list[int], str]] = {}  # many trips share a route
    for row, cell in enumerate(cells):
        if not cell:
            continue
        kind = int(rows.vehicle_class[row])
        if (cell, kind) not in known:
            known[cell, kind] = read_route(cell, kind, network, drivable)
        route, wrong = known[cell, kind]
        begin, end = int(ends["origin"][row]), int(ends["destination"][row])
        if not wrong and (begin, end) != (route[0], route[-1]) and begin >= 0 and end >= 0:
            ids = network.links.id
            wrong = f"must lead from the origin, {ids[begin]}, to the destination, {ids[end]}."
        if wrong:
            rows.table.complaints.add("route", row, "route", cell, wrong)
            continue
        sizes[row] = len(route)
        links += route
    return np.concatenate([[0], np.cumsum(sizes)]), np.array(links, np.int32)


def read_route(
    cell: str, kind: int, network: RoadNetwork, drivable: list[set[tuple[int, int]]]
) -> tuple[list[int], str]:
    """Rows of the links of a route, and what is wrong with it."""
    names = cell.split()
    unknown = [name for name in names if name not in network.link_row]
    if unknown:
        hint = closest_hint(unknown[0], network.links.id) if len(unknown) <= SHOWN else ""
        return [], f"names {unknown[0]}, which is no link.{hint}"
    route = [network.link_row[name] for name in names]
    who = VEHICLE_CLASSES[kind]
    first, last = network.links.lane_start[route[0] : route[0] + 2]
    if not np.any(network.lanes.access[first:last] & MODES[who]):
        return [], f"begins on {names[0]}, where no lane is for a {who}."
    for place, turn in enumerate(pairwise(route)):
        if turn not in drivable[kind]:
            return [], f"turns from {names[place]} to {names[place + 1]}, where no {who} can."
    return route, ""


def turns_by_class(network: RoadNetwork) -> list[set[tuple[int, int]]]:
    """Pairs of links that each class of vehicles may drive one after the other."""
    connectors, movements, access = network.connectors, network.movements, network.lanes.access
    both = access[connectors.from_lane] & access[connectors.to_lane]
    result = []
    for name in VEHICLE_CLASSES:
        used = np.unique(connectors.movement[(both & MODES[name]) != 0])
        pairs = zip(movements.from_link[used].tolist(), movements.to_link[used].tolist(), strict=True)
        result.append(set(pairs))
    return result
