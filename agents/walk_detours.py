"""Lead people on foot round what is closed: those who hear of it, and those who come to stand before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import walking_tables as table
from ..kernels.walk_gates import turn_round
from .late_departures import redirect_walkers
from .patch_ways import lead_inside, onward, stand_before
from .remembering import Remembers, State
from .walk_routes import WalkRouter
from .walkers import Walkers

if TYPE_CHECKING:
    from .crowd_patches import Patch

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]


class WalkDetours(Remembers):
    """What people of one member know of closed links, and which way they take then.

    Who has come to a closed link minds all of them since, as drivers do.
    """

    KEEPS = ("closed", "announced", "informed", "felt")

    def __init__(self, walkers: Walkers, router: WalkRouter, member: int = 0) -> None:
        self.walkers, self.router, self.member = walkers, router, member
        links = walkers.network.link_count
        self.closed = np.zeros(links, np.bool_)
        self.announced = np.zeros(links, np.bool_)  # closed, and everybody knows
        self.informed = np.zeros(len(walkers.trips.id), np.bool_)
        self.felt = np.ones(links)  # how many times longer links feel for what everybody knows to be there

    def restore(self, state: State) -> None:
        """Know again what was known."""
        super().restore(state)
        self.router.avoid(self.announced, self.felt)

    def find(self, shut_cells: Bools) -> int:
        """Let people find their way round, as they know it; returns how many changed it.

        Parameters
        ----------
        shut_cells
            Directed cells that nobody may enter.
        """
        rows = self.walkers.walks.walker_i[self.member]
        out = self._out()
        queued = out[rows[out, table.STATUS] == table.QUEUED]
        before = queued[shut_cells[rows[queued, table.TO_CELL]]]
        self.informed[before] = True
        blocked = np.zeros(self.informed.size, np.bool_)
        blocked[before] = True
        changed = 0
        for knows in (True, False):
            closed = self.closed if knows else self.announced
            some = out[self.informed[out] == knows]
            some = some[rows[some, table.ROUTE_AT] < rows[some, table.ROUTE_SIZE] - 1]  # others are on their last link
            if closed.any():
                meets = [walk for walk in some.tolist() if closed[self.walkers.route(self.member, walk)[1:] // 2].any()]
                some = np.union1d(meets, some[blocked[some]]).astype(np.int64)
                changed += self._redirect(some, closed, shut_cells)
        return changed + sum(self._find_inside(patch, shut_cells) for patch in self.walkers.patches)

    def _find_inside(self, patch: Patch, shut_cells: Bools) -> int:
        """Let people in a patch find their way round; returns how many changed it."""
        before, _ = stand_before(self.walkers, patch, shut_cells)
        self.informed[before] = True
        _, walks, near = patch.rows_and_cells()
        lies = self.walkers.people.status[0, walks] == table.INCAPACITATED
        walks = walks[~lies & ~shut_cells[near]]
        ways, changed = onward(self.walkers, patch), 0
        for knows in (True, False):
            closed = self.closed if knows else self.announced
            if closed.any():
                own = walks[self.informed[walks] == knows].tolist()
                meets = [walk for walk in own if closed[ways[walk] // 2].any() or walk in before]
                changed += lead_inside(self.walkers, patch, self.router, np.array(meets, np.int64), closed)
        return changed

    def replan_pending(self, rows: Longs) -> None:
        """Plan the ways anew of people who have not set out, where links are announced on them or feel longer."""
        people = self.walkers.walks.walker_i[self.member]
        planned = rows[np.isin(people[rows, table.STATUS], (table.PENDING, table.WAITING))]
        planned = planned[people[planned, table.ROUTE_SIZE] > 0]
        minded = self.announced | (self.felt > 1.0)
        meets = [walk for walk in planned.tolist() if minded[self.walkers.route(self.member, walk) // 2].any()]
        pending = [walk for walk in meets if people[walk, table.STATUS] == table.PENDING]
        if pending:
            self.router.plan(self.member, np.array(pending, np.int64))

    def _out(self) -> Longs:
        walks = self.walkers.walks
        return np.sort(walks.active[self.member, : walks.counter[self.member, table.OUT]]).astype(np.int64)

    def _redirect(self, some: Longs, closed: Bools, shut_cells: Bools) -> int:
        rows = self.walkers.walks.walker_i[self.member]
        lies = (rows[some, table.STATUS] == table.INCAPACITATED) | shut_cells[rows[some, table.CELL]]
        some = some[~lies]
        if not some.size:
            return 0
        here = np.array([self.walkers.route(self.member, int(walk))[0] for walk in some], np.int32)
        cell = rows[some, table.CELL]
        following = self.walkers.walks.cell_i[self.member, table.FOLLOWING, cell]
        queued = rows[some, table.STATUS] == table.QUEUED
        turns = queued & (following >= 0) & shut_cells[np.maximum(following, 0)]
        start, link = self.router.detours(some, np.where(turns, here ^ 1, here), closed)
        found = np.flatnonzero(np.diff(start))
        if not found.size:
            return 0
        walk = self.walkers.of_member(self.member)
        for one in found[turns[found]].tolist():
            turn_round(walk, int(some[one]))
        first = np.concatenate([[0], np.cumsum(np.diff(start)[found])])
        redirect_walkers(self.walkers, self.member, some[found], first, link)
        return int(found.size)
