"""Let vehicles and people set out whose departure is decided during the run, and send them elsewhere on the way.

Their rows are there from the beginning, with a departure that never comes; see ``TripTable.open_ended``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import traffic_tables
from ..kernels import walking_tables as table
from ..kernels.walk_standing import settle

if TYPE_CHECKING:
    from .fleet import Fleet
    from .walkers import Walkers

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


def release_vehicles(fleet: Fleet, member: int, rows: Longs, depart_s: float) -> None:
    """Let vehicles enter their first link from a time on, behind those that wait there already."""
    cities = fleet.cities
    cities.vehicle_f[member, rows, traffic_tables.DEPART_S] = depart_s
    for row in rows.tolist():
        link = fleet.trips.origin_link[row]
        due = int(cities.link[member, traffic_tables.ENTRY_DUE, link])
        last = int(cities.link[member, traffic_tables.FIRST_ENTRY, link + 1])
        place = due + int(np.flatnonzero(cities.listed[due:last] == row)[0])
        while place > due and cities.vehicle_f[member, cities.listed[place - 1], traffic_tables.DEPART_S] > depart_s:
            cities.listed[place] = cities.listed[place - 1]
            place -= 1
        cities.listed[place] = row
        cities.link[member, traffic_tables.DUE_STEP, link] = 0


def bind_vehicles(fleet: Fleet, member: int, rows: Longs, link: Ints, at_m: Floats) -> None:
    """Give vehicles another destination; their routes are planned by whoever asks for it."""
    fleet.trips.destination_link[rows] = link
    fleet.trips.destination_m[rows] = at_m
    end_m = fleet.network.links.length_m[link] - 1e-6
    fleet.cities.vehicle_f[member, rows, traffic_tables.DESTINATION_M] = np.minimum(at_m, end_m)


def send_walkers(walkers: Walkers, member: int, rows: Longs, t_s: float) -> None:
    """Let people set out now by the routes they have, or set out again who had arrived."""
    numbers, people, cells = (
        walkers.walks.walker_f[member],
        walkers.walks.walker_i[member],
        walkers.walks.cell_i[member],
    )
    fresh = rows[people[rows, table.STATUS] == table.PENDING]
    numbers[fresh, table.DEPART_S] = t_s
    numbers[rows, table.ARRIVED_S] = np.nan
    people[rows, table.STATUS] = table.WAITING
    people[rows, table.NEXT] = -1
    for row in rows.tolist():
        cell = people[row, table.ORIGIN_CELL]
        if cells[table.ENTRY_HEAD, cell] < 0:
            cells[table.ENTRY_HEAD, cell] = row
        else:
            people[cells[table.ENTRY_TAIL, cell], table.NEXT] = row
        cells[table.ENTRY_TAIL, cell] = row


def bind_walkers(walkers: Walkers, rows: Longs, link: Ints, at_m: Floats) -> None:
    """Give people on foot another destination; whoever asks for it gives them their routes."""
    walkers.trips.destination_link[rows] = link
    walkers.trips.destination_m[rows] = at_m


def place_of_walkers(walkers: Walkers, member: int, rows: Longs) -> tuple[Ints, Ints]:
    """Directed links on which people walk, and their node ahead."""
    directed = np.searchsorted(walkers.walks.first_cell, walkers.people.cell[member, rows], side="right") - 1
    links = walkers.network.links
    ahead = np.where(directed % 2 == 1, links.from_node[directed // 2], links.to_node[directed // 2])
    return directed.astype(np.int32), ahead.astype(np.int32)


def redirect_walkers(walkers: Walkers, member: int, rows: Longs, start: Longs, link: Ints) -> None:
    """Give people who are on the streets other routes, each from the link they are on to their new destination.

    Parameters
    ----------
    start, link
        Route ``i`` is ``link[start[i]:start[i + 1]]``; it begins with the directed link that the person is on. Whoever
        is to turn round does so at its end.
    """
    numbers, people, cells = (
        walkers.walks.walker_f[member],
        walkers.walks.walker_i[member],
        walkers.walks.cell_i[member],
    )
    cell = people[rows, table.CELL]
    walk = walkers.of_member(member)
    for row in rows[people[rows, table.STATUS] == table.QUEUED].tolist():
        settle(walk, row)
    _shift_ends(walkers, member, rows, sign=1.0)
    kept = people[rows][:, [table.ORIGIN_CELL]].copy(), numbers[rows][:, [table.ORIGIN_LEFT_M]].copy()
    walkers.set_routes(member, rows, start, link)
    people[rows, table.ORIGIN_CELL], numbers[rows, table.ORIGIN_LEFT_M] = kept[0][:, 0], kept[1][:, 0]
    people[rows, table.ROUTE_AT] = 0
    _shift_ends(walkers, member, rows, sign=-1.0)
    queued = np.flatnonzero((people[rows, table.STATUS] == table.QUEUED) & (cells[table.FOLLOWING, cell] < 0))
    for row in rows[queued].tolist():
        ahead = walkers.walks.route[people[row, table.ROUTE_START] + 1]
        cells[table.WANTED, people[row, table.TO_CELL]] -= 1
        people[row, table.TO_CELL] = walkers.walks.first_cell[ahead]
        cells[table.WANTED, people[row, table.TO_CELL]] += 1


def _shift_ends(walkers: Walkers, member: int, rows: Longs, *, sign: float) -> None:
    """Lengthen (1) or shorten (-1) what those have left to walk in a cell who end in it."""
    numbers, people = walkers.walks.walker_f[member], walkers.walks.walker_i[member]
    last = people[rows, table.ROUTE_AT] == people[rows, table.ROUTE_SIZE] - 1
    ending = rows[last & (people[rows, table.CELL] == people[rows, table.DESTINATION_CELL])]
    cell_m = walkers.walks.cell_f[member, table.CELL_M, people[ending, table.CELL]]
    numbers[ending, table.LEFT_M] += sign * (cell_m - numbers[ending, table.DESTINATION_M])
