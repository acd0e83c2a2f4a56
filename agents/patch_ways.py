"""Let people who are in patches take other ways: to another goal, or round what is closed.

In a patch people may leave at any portal, so their ways begin there: the quickest is the least of the way in the plane
and the way along links from the portal on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import crowd_tables
from ..kernels import walking_tables as table
from .late_departures import redirect_walkers

if TYPE_CHECKING:
    from .crowd_patches import Patch
    from .walk_routes import WalkRouter
    from .walkers import Walkers

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]

SEES_M = 10.0  # people see what is closed before them; as far as the shortest cells of links let them


def lead_inside(walkers: Walkers, patch: Patch, router: WalkRouter, walks: Longs, closed: Bools) -> int:
    """Let people in a patch take the quickest ways to where they are bound, over no closed link (``[link]``).

    Returns
    -------
    int
        How many have one; the others keep the way they had.
    """
    row_of = {visit.walker: row for row, visit in patch.visits.items()}
    walks = np.array([walk for walk in walks.tolist() if walk in row_of], np.int64)
    if not walks.size:
        return 0
    rows = np.array([row_of[walk] for walk in walks.tolist()], np.int64)
    inside = _end_inside(walkers, patch, walks, closed)
    found = int((inside >= 0).sum())
    for walk, row, last in zip(walks.tolist(), rows.tolist(), inside.tolist(), strict=True):
        if last >= 0:
            _give(walkers, patch, walk, row, np.array([last], np.int32), -1)
    walks, rows = walks[inside < 0], rows[inside < 0]
    if not walks.size:
        return found
    portal, cost_s = _best_portals(walkers, patch, router, walks, rows, closed)
    known = np.isfinite(cost_s)
    walks, rows, portal = walks[known], rows[known], portal[known]
    directed = _directed(walkers, portal)
    start, route = router.detours(walks, directed, closed)
    for walk, row, cell, own, first, last in zip(
        *(each.tolist() for each in (walks, rows, portal, directed, start[:-1], start[1:])), strict=True
    ):
        ends_ahead = _ends_ahead(walkers, cell, own, np.array([walk]))[0]
        way = np.array([own], np.int32) if ends_ahead else route[first:last]
        if way.size:
            _give(walkers, patch, walk, row, way, cell)
            found += 1
    return found


def stand_before(walkers: Walkers, patch: Patch, shut_cells: Bools) -> tuple[Longs, Longs]:
    """Who in a patch sees that the way on is closed, and the cell that is: a portal, or ground between."""
    walks, ahead = [], []
    shut_here = np.flatnonzero(shut_cells & patch.taken)
    people = patch.crowd.people
    for row, visit in patch.visits.items():
        lies = walkers.people.status[0, visit.walker] == table.INCAPACITATED
        if lies or people.status[row] != crowd_tables.INSIDE:
            continue
        at_portal = visit.to_cell >= 0 and shut_cells[visit.to_cell] and _is_near(patch, row, visit.to_cell)
        cut_off = people.exit_row[row] == crowd_tables.STANDING and shut_here.size > 0
        if at_portal or cut_off:
            walks.append(visit.walker)
            ahead.append(visit.to_cell if at_portal else int(shut_here[0]))
    return np.array(walks, np.int64), np.array(ahead, np.int64)


def onward(walkers: Walkers, patch: Patch) -> dict[int, Ints]:
    """Links that everybody in a patch has before them, by walk; that of the portal where it is shut from there on."""
    ways = {}
    for visit in patch.visits.values():
        row = walkers.walks.walker_i[0, visit.walker]
        first, last = row[table.ROUTE_START] + visit.route_at, row[table.ROUTE_START] + row[table.ROUTE_SIZE]
        if visit.to_cell < 0:
            first = last
        elif not _is_shut_from(walkers, visit.to_cell):
            first += 1
        ways[visit.walker] = walkers.walks.route[first:last]
    return ways


def _is_shut_from(walkers: Walkers, cell: int) -> bool:
    """Whether nobody may enter a cell, or one after it on its directed link."""
    after = np.searchsorted(walkers.walks.first_cell, cell, side="right")
    return bool(walkers.shut[cell : walkers.walks.first_cell[after]].any())


def _is_near(patch: Patch, row: int, cell: int) -> bool:
    people = patch.crowd.people
    to_go = patch.crowd.space.metres_to(
        patch.crowd.exit_row[f"to {cell}"], people.x_m[row : row + 1], people.y_m[row : row + 1]
    )
    return bool(to_go[0] <= SEES_M)


def _directed(walkers: Walkers, cells: Longs) -> Ints:
    return (np.searchsorted(walkers.walks.first_cell, cells, side="right") - 1).astype(np.int32)


def _end_inside(walkers: Walkers, patch: Patch, walks: Longs, closed: Bools) -> Longs:
    """Directed link on which each walk ends in the patch itself, -1: it ends elsewhere, or where it is closed."""
    link = walkers.trips.destination_link[walks]
    directed = (2 * link).astype(np.int32)
    cell, _ = walkers.place(directed, walkers.end_m(walks))
    return np.where(patch.taken[cell] & ~closed[link], directed, -1).astype(np.int64)


def _best_portals(
    walkers: Walkers, patch: Patch, router: WalkRouter, walks: Longs, rows: Longs, closed: Bools
) -> tuple[Longs, Floats]:
    """Portal at which each person is out quickest on the way to where they are bound, and the time there, s."""
    portals = np.array(patch.portals, np.int64)
    directed = _directed(walkers, portals)
    after_s = router.seconds_from(directed, walks, closed)  # from the end of the portal's link
    left = (walkers.walks.first_cell[directed + 1] - portals) / np.diff(walkers.walks.first_cell)[directed]
    people = patch.crowd.people
    speed_mps = np.maximum(walkers.people.speed_mps[0, walks], 1e-6)
    cost_s = np.full((portals.size, walks.size), np.inf)
    for place, portal in enumerate(portals.tolist()):
        if closed[directed[place] // 2] and _is_shut_from(walkers, portal):
            continue
        name = f"to {portal}"
        to_go = patch.crowd.space.metres_to(patch.crowd.exit_row[name], people.x_m[rows], people.y_m[rows])
        whole_s = left[place] * router.link_s[directed[place] // 2] + after_s[place]
        on_it = _ends_ahead(walkers, portal, int(directed[place]), walks)
        reached = patch.crowd.reaches(rows, name)
        cost_s[place, reached] = (to_go / speed_mps + np.where(on_it, 0.0, whole_s))[reached]
    best = cost_s.argmin(axis=0)
    return portals[best], cost_s[best, np.arange(walks.size)]


def _ends_ahead(walkers: Walkers, cell: int, directed: int, walks: Longs) -> Bools:
    """Which walks end on a directed link, in a cell or after it."""
    on_it = walkers.trips.destination_link[walks] == directed // 2
    at, _ = walkers.place(np.full(walks.size, directed, np.int32), walkers.end_m(walks))
    return np.asarray(on_it & (at >= cell))


def _give(walkers: Walkers, patch: Patch, walk: int, row: int, way: Ints, to_cell: int) -> None:
    """Give somebody in a patch a way that begins with the link of a portal, or ends in the patch (-1)."""
    redirect_walkers(walkers, 0, np.array([walk]), np.array([0, way.size]), way)
    patch.send(row, patch.visits[row]._replace(to_cell=to_cell, route_at=0))
