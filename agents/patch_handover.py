"""Move everybody from cells of links into the plane at once, and back: for patches that come and go during a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from ..kernels import walking_tables as table
from ..kernels.walk_gates import leave_queue
from .patch_ground import Point, beside

if TYPE_CHECKING:
    from .crowd_patches import Patch, Visit
    from .walkers import Walkers

Longs = NDArray[np.int64]

APART_M = 0.4  # between people who are put side by side and behind each other
FROM_EDGE_M = 0.25


def take_over(walkers: Walkers, patch: Patch, t_s: float) -> None:
    """Put everybody who is in the cells that a patch takes into the plane, about where they are.

    Where people stand closer than 0.4 m the rest enter when there is room, as at portals.
    """
    rows = walkers.walks.walker_i[0]
    out = np.sort(walkers.walks.active[0, : walkers.walks.counter[0, table.OUT]])
    own = out[patch.taken[rows[out, table.CELL]]]
    walk = walkers.of_member(0)
    for one in own[rows[own, table.STATUS] == table.QUEUED].tolist():
        leave_queue(walk, one)
    for lower in patch.lower.tolist():
        upper = int(walkers.walks.cell_i[0, table.OPPOSITE, lower])
        here = own[np.isin(rows[own, table.CELL], (lower, upper))]
        for walker, place in zip(here.tolist(), _places(walkers, patch, lower, here), strict=True):
            cell = int(rows[walker, table.CELL])
            lies = rows[walker, table.STATUS] == table.INCAPACITATED
            walkers.walks.cell_i[0, table.WENT_OUT, cell] += 1
            walkers.take_out(walker)
            patch.begin(walker, cell, place, t_s)
            if lies:
                patch.lay_down(walker)


def _places(walkers: Walkers, patch: Patch, lower: int, people: Longs) -> list[Point]:
    """Places in the plane of people in both directions of a cell: abreast across its width, in their order along it."""
    walks, line = walkers.walks, patch.line(lower)
    width_m, length_m = patch.width_m(lower), float(walks.cell_f[0, table.CELL_M, lower])
    abreast = int((width_m - 2 * FROM_EDGE_M) / APART_M + 1e-9) + 1
    ranks = max(int(length_m / APART_M), 1)
    rows, numbers = walks.walker_i[0, people], walks.walker_f[0, people]
    last = (rows[:, table.ROUTE_AT] == rows[:, table.ROUTE_SIZE] - 1) & (
        rows[:, table.CELL] == rows[:, table.DESTINATION_CELL]
    )
    whole = np.where(last, numbers[:, table.DESTINATION_M], length_m)
    along_m = np.clip(whole - numbers[:, table.LEFT_M], 0.0, length_m)
    along_m = np.where(rows[:, table.CELL] == lower, along_m, length_m - along_m)
    slot = np.minimum((along_m / length_m * ranks).astype(np.int64), ranks - 1) * abreast
    order = np.argsort(along_m, kind="stable")
    taken = _spread(slot[order], ranks * abreast)
    places: list[Point] = [(0.0, 0.0)] * people.size
    for person, number in zip(order.tolist(), taken.tolist(), strict=True):
        rank, file = divmod(number, abreast)
        places[person] = beside(line, (rank + 0.5) / ranks, (file - (abreast - 1) / 2.0) * APART_M)
    return places


def _spread(wanted: Longs, count: int) -> Longs:
    """Different places of a row for those who want some in order, the nearest that are free; shared where too few."""
    if wanted.size > count:
        return np.arange(wanted.size) * count // wanted.size
    number = np.arange(wanted.size)
    after = np.maximum.accumulate(wanted - number) + number
    return np.asarray(np.minimum(after, count - wanted.size + number))


def hand_back(walkers: Walkers, patch: Patch) -> None:
    """Put everybody in a patch that is given up back into the cells of their ways, as far from where they go."""
    for row, visit in list(patch.visits.items()):
        cell, left_m, route_at = _cell_of(walkers, patch, visit, row)
        lies = walkers.people.status[0, visit.walker] == table.INCAPACITATED
        patch.put_back(row, cell, left_m, route_at)
        if lies:
            walkers.walks.walker_i[0, visit.walker, table.STATUS] = table.INCAPACITATED


def _cell_of(walkers: Walkers, patch: Patch, visit: Visit, row: int) -> tuple[int, float, int]:
    """Cell of somebody's way that is nearest, what is left in it, m, and the place of its link in the route."""
    people, walks = patch.crowd.people, walkers.walks
    here = shapely.Point(people.x_m[row], people.y_m[row])
    own = walks.walker_i[0, visit.walker]
    destination = int(own[table.DESTINATION_CELL])
    best_m, best = np.inf, (visit.to_cell, 0.0, visit.route_at)
    for route_at in range(int(own[table.ROUTE_AT]), visit.route_at + 1):
        directed = int(walks.route[own[table.ROUTE_START] + route_at])
        for cell in range(int(walks.first_cell[directed]), int(walks.first_cell[directed + 1])):
            is_last = route_at == visit.route_at
            beyond = is_last and cell >= visit.to_cell if visit.to_cell >= 0 else is_last and cell > destination
            if not patch.taken[cell] or beyond:
                continue
            line = patch.line(cell)
            away_m = line.distance(here)
            if away_m < best_m - 1e-9:
                ends = visit.to_cell < 0 and is_last and cell == destination
                whole_m = float(walks.walker_f[0, visit.walker, table.DESTINATION_M]) if ends else line.length
                best_m, best = away_m, (cell, max(whole_m - line.project(here), 0.0), route_at)
    if np.isfinite(best_m):
        return best
    exit_row = patch.crowd.exit_row[patch.exit_of(visit)]
    to_go = float(patch.crowd.space.metres_to(exit_row, people.x_m[row : row + 1], people.y_m[row : row + 1])[0])
    if visit.to_cell < 0:
        return destination, to_go, visit.route_at
    return visit.to_cell, float(walks.cell_f[0, table.CELL_M, visit.to_cell]) + to_go, visit.route_at
