"""Hand people over between the links of a walk network and the patches in which they walk in the plane."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from ..kernels import crowd_tables
from ..kernels import walking_tables as table
from ..kernels.walk_standing import settle
from ..scenarios.walk_network import WalkKind
from .crowd import Crowd
from .crowd_space import Area, Exit, Spot
from .patch_ground import CellLines, NearestCells, beside
from .remembering import Remembers, State
from .walkers import Walkers

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GRID_M = 0.2
NARROWEST_M = 1.6  # of the room along links that enter a patch
SPOT_M = 0.6  # people are at a portal, or where they go, within so much
LANE_M = 0.5  # between people who enter side by side
TO_WALL_M = 0.25
STEPS_A_SECOND = 10


class Visit(NamedTuple):
    """What becomes of somebody in a patch."""

    walker: int
    to_cell: int  # directed cell in which they go on, -1: they are there
    route_at: int


class Patch(Remembers):
    """One area, the pieces of links that it takes the place of, and the people in it.

    People come and go at *portals*: the ends of the cells (10 to 25 m) that lie in the area by their middle. They leave
    only into cells that have room; until then they stand. Crossings and stairs stay links.

    Parameters
    ----------
    name
        What people call it.
    taken
        Directed cells that it takes the place of, ``[cell]``.
    walkers
        Everybody on foot.
    cells
        Where all cells lie.
    area
        Ground besides that of the cells, in the network's coordinates, m. Without it the patch is one that comes and
        goes: what happens in it counts as happening on its links.
    """

    def __init__(
        self, name: str, taken: NDArray[np.bool_], walkers: Walkers, cells: CellLines, area: Area | None = None
    ) -> None:
        self.name, self._walkers = name, walkers
        walks, inside = walkers.walks, taken
        self._line = cells.line
        self.taken, self.comes_and_goes = taken, area is None
        self._width_m = np.maximum(walks.cell_f[0, table.CELL_WIDTH_M], NARROWEST_M)
        strips = shapely.buffer(self._line[inside], self._width_m[inside] / 2.0)
        whole = shapely.union_all([*([] if area is None else [area]), *strips])
        after = {cell for row in np.flatnonzero(inside).tolist() for cell in cells.after[row]}
        self.portals = sorted(cell for cell in after if not inside[cell])
        self.enters = [
            cell for cell in np.flatnonzero(~inside).tolist() if any(inside[after] for after in cells.after[cell])
        ]
        self._entries: list[int] = np.flatnonzero(inside).tolist()
        exits: dict[str, Exit] = {
            f"to {cell}": Spot(_place(self._line[cell], 0.0), SPOT_M, per_s=0.0) for cell in self.portals
        }
        for cell in [] if area is None else self._destinations():
            exits[f"at {cell}"] = self._goal(cell)
        self.crowd = Crowd(whole, exits, grid_m=GRID_M)
        self._first_exits, self._more_goals = len(exits), list[int]()
        self.visits: dict[int, Visit] = {}  # by row of the crowd
        self._lane = 0
        self.entered = self.left = 0
        self.lower = np.flatnonzero(inside & (np.arange(inside.size) < walks.cell_i[0, table.OPPOSITE]))
        self._is_slowed = False
        self.closed: NDArray[np.bool_] = np.zeros(self.lower.size, np.bool_)

    @classmethod
    def of_area(cls, name: str, area: Area, walkers: Walkers, cells: CellLines) -> Patch:
        """The patch of an area: it takes the cells that lie in it by their middle, of the level with most of them."""
        middle = shapely.line_interpolate_point(cells.line, 0.5, normalized=True)
        inside = shapely.contains(area, middle) & may_be_taken(walkers)
        layer = layer_of_cells(walkers)
        levels, count = np.unique(layer[inside], return_counts=True)
        level = levels[count.argmax()] if levels.size else 0
        return cls(name, inside & (layer == level), walkers, cells, area)

    def _destinations(self) -> list[int]:
        """Taken cells in which a walk ends: of each pair the lower one, whichever way people come.

        Where evacuees go is decided on the way, and those cells are added then.
        """
        walkers = self._walkers
        rows = np.flatnonzero(np.isfinite(walkers.trips.depart_s))
        opposite = walkers.walks.cell_i[0, table.OPPOSITE]
        found: set[int] = set()
        for against in (0, 1):
            directed = (2 * walkers.trips.destination_link[rows] + against).astype(np.int32)
            cell = walkers.place(directed, walkers.end_m(rows))[0]
            cell = cell[self.taken[cell]]
            found |= set(np.minimum(cell, opposite[cell]).tolist())
        return sorted(found)

    def pass_second(self, t_s: float) -> None:
        """Let one second pass that began at ``t_s`` and whose people on links have walked already."""
        for cell in self._entries:
            if self._walkers.walks.cell_i[0, table.ENTRY_HEAD, cell] >= 0:
                self._set_out(cell, t_s)
        waiting = (self.crowd.people.status == crowd_tables.PENDING).sum()
        for cell in self.enters:
            if self._walkers.walks.cell_i[0, table.HEAD, cell] >= 0:
                self._take_queue(cell, t_s, int(waiting))
        self._let_leave()
        self._feel_the_ground()
        if not self.visits:
            self.crowd.step += STEPS_A_SECOND
            return
        self.crowd.advance(STEPS_A_SECOND)
        status = self.crowd.people.status
        for row in [row for row in self.visits if status[row] == crowd_tables.LEFT]:
            self._go_on(row)

    def _set_out(self, cell: int, t_s: float) -> None:
        """Let those begin in the plane whose walk begins here."""
        walks = self._walkers.walks
        walker = int(walks.cell_i[0, table.ENTRY_HEAD, cell])
        while walker >= 0:
            behind = int(walks.walker_i[0, walker, table.NEXT])
            length_m = walks.cell_f[0, table.CELL_M, cell]
            share = 1.0 - walks.walker_f[0, walker, table.ORIGIN_LEFT_M] / length_m
            walks.walker_i[0, walker, table.ROUTE_AT] = 0
            walks.walker_f[0, walker, table.ENTERED_S] = t_s
            self.begin(walker, cell, self._start(cell, min(max(share, 0.0), 1.0)), t_s)
            walker = behind
        walks.cell_i[0, [table.ENTRY_HEAD, table.ENTRY_TAIL], cell] = -1

    def _start(self, cell: int, share: float) -> tuple[float, float]:
        """Where somebody begins; in a patch that comes and goes abreast of others, as links let people set out."""
        if not self.comes_and_goes:
            return _place(self._line[cell], share)
        self._lane += 1
        count = max(int((self._width_m[cell] - 2 * TO_WALL_M) / LANE_M) + 1, 1)
        return beside(self._line[cell], share, (self._lane % count - (count - 1) / 2.0) * LANE_M)

    def _take_queue(self, cell: int, t_s: float, waiting: int) -> None:
        """Take people who stand at the end of a cell and want into the patch, as many as fit side by side."""
        walks = self._walkers.walks
        places = self._abreast(cell)
        before, walker = -1, int(walks.cell_i[0, table.HEAD, cell])
        free = len(places) - min(waiting, len(places))
        while walker >= 0 and free > 0 and walks.cell_f[0, table.SEND, cell] >= 1.0:
            behind = int(walks.walker_i[0, walker, table.NEXT])
            to = int(walks.walker_i[0, walker, table.TO_CELL])
            if self.taken[to]:
                self._unqueue(walker, before, cell, to)
                self._lane += 1
                self.begin(walker, to, places[self._lane % len(places)], t_s)
                free -= 1
            else:
                before = walker
            walker = behind

    def _abreast(self, cell: int) -> list[tuple[float, float]]:
        """Places side by side at the end of a cell."""
        line = self._line[cell]
        (ax, ay), (bx, by) = line.coords[-2], line.coords[-1]
        length_m = max(float(np.hypot(bx - ax, by - ay)), 1e-9)
        across = ((ay - by) / length_m, (bx - ax) / length_m)
        width_m = float(self._walkers.walks.cell_f[0, table.CELL_WIDTH_M, cell])
        count = max(int((width_m - 2 * TO_WALL_M) / LANE_M) + 1, 1)
        offsets = (np.arange(count) - (count - 1) / 2.0) * LANE_M
        places = [(bx + offset * across[0], by + offset * across[1]) for offset in offsets.tolist()]
        return [place for place in places if self._has_ground(*place)] or [(bx, by)]

    def _has_ground(self, x: float, y: float) -> bool:
        space = self.crowd.space
        row = round((y - space.bottom_m) / space.grid_m)
        column = round((x - space.left_m) / space.grid_m)
        rows, columns = space.wall.shape
        return 0 <= row < rows and 0 <= column < columns and bool(space.wall[row, column] > TO_WALL_M)

    def _unqueue(self, walker: int, before: int, cell: int, to: int) -> None:
        """Take somebody off the queue of a cell and off the links."""
        walks = self._walkers.walks
        settle(self._walkers.of_member(0), walker)
        numbers, cells, rows = walks.cell_f[0], walks.cell_i[0], walks.walker_i[0]
        behind = int(rows[walker, table.NEXT])
        if before < 0:
            cells[table.HEAD, cell] = behind
        else:
            rows[before, table.NEXT] = behind
        if behind < 0:
            cells[table.TAIL, cell] = before
        cells[table.QUEUE, cell] -= 1
        cells[table.WANTED, to] -= 1
        cells[table.WENT_OUT, cell] += 1
        numbers[table.SEND, cell] -= 1.0
        if cells[table.FOLLOWING, cell] < 0:
            rows[walker, table.ROUTE_AT] += 1
        self._walkers.take_out(walker)

    def begin(self, walker: int, cell: int, place: tuple[float, float], t_s: float) -> None:
        """Put somebody who is about to be in a taken cell into the plane, on the way to where they leave it."""
        walks = self._walkers.walks
        rows = walks.walker_i[0, walker]
        visit = self.visit_from(walker, cell, int(rows[table.ROUTE_AT]))
        rows[table.STATUS], rows[table.CELL] = table.IN_PATCH, -1
        speed = float(walks.walker_f[0, walker, table.SPEED_MPS])
        start_s = max(t_s, self.crowd.t_s)
        row = int(self.crowd.add(*place, None, speed_mps=speed, start_s=start_s)[0])
        self.visits[row] = visit
        self.entered += 1
        self.send(row, visit)

    def visit_from(self, walker: int, cell: int, route_at: int) -> Visit:
        """Where somebody leaves who is in a taken cell, at a place of the route."""
        walks = self._walkers.walks
        rows, here = walks.walker_i[0, walker], cell
        while not (route_at == rows[table.ROUTE_SIZE] - 1 and here == rows[table.DESTINATION_CELL]):
            following = int(walks.cell_i[0, table.FOLLOWING, here])
            if following < 0:
                route_at += 1
                following = int(walks.first_cell[walks.route[rows[table.ROUTE_START] + route_at]])
            here = following
            if not self.taken[here]:
                return Visit(walker, here, route_at)
        return Visit(walker, -1, route_at)

    def exit_of(self, visit: Visit) -> str:
        """The exit that somebody makes for."""
        if visit.to_cell >= 0:
            return f"to {visit.to_cell}"
        walks = self._walkers.walks
        cell = int(walks.walker_i[0, visit.walker, table.DESTINATION_CELL])
        cell = min(cell, int(walks.cell_i[0, table.OPPOSITE, cell]))
        name = f"at {cell}"
        if name not in self.crowd.exit_row:
            self._more_goals.append(cell)
            self.crowd.add_spot(name, self._goal(cell))
        return name

    def _goal(self, cell: int) -> Spot:
        return Spot(_place(self._line[cell], 0.5), 2.0 * SPOT_M)

    def send(self, row: int, visit: Visit) -> None:
        """Let somebody make for an exit; without a way there they stand."""
        self.visits[row] = visit
        name = self.exit_of(visit)
        if self.crowd.reaches(row, name)[0]:
            self.crowd.send(row, name)
        else:
            self.crowd.halt(row)

    def _feel_the_ground(self) -> None:
        """Let everybody walk as fast as hazards leave them where they are, and make for nothing that is closed."""
        walkers, cells = self._walkers, self.lower
        closed = walkers.shut[cells]
        if (closed != self.closed).any():
            self._close(closed)
            for row, visit in self.visits.items():
                if walkers.people.status[0, visit.walker] != table.INCAPACITATED:
                    self.send(row, visit)
        slow = walkers.walks.cell_f[0, table.SLOW] / walkers.own_slow
        is_slowed = bool((slow[cells] != 1.0).any())
        if is_slowed or self._is_slowed:
            rows, people, near = self.rows_and_cells()
            own_mps = walkers.walks.walker_f[0, people, table.SPEED_MPS]
            self.crowd.people.desired_mps[rows] = own_mps * slow[near]
        self._is_slowed = is_slowed

    def _close(self, closed: NDArray[np.bool_]) -> None:
        self.closed = closed
        shut = np.isin(self._nearest.nodes(self.crowd.space), self.lower[closed])
        self.crowd.close_ground(shut)

    def places(self) -> dict[int, tuple[float, float]]:
        """Where everybody in it is, m, by walk."""
        people = self.crowd.people
        return {visit.walker: (float(people.x_m[row]), float(people.y_m[row])) for row, visit in self.visits.items()}

    def lay_down(self, walker: int) -> None:
        """Let somebody lie where they are."""
        self._walkers.walks.walker_i[0, walker, table.STATUS] = table.INCAPACITATED
        self.crowd.halt([row for row, visit in self.visits.items() if visit.walker == walker])

    @cached_property
    def _nearest(self) -> NearestCells:
        return NearestCells(self.crowd.space, self.lower, self._line[self.lower])

    def rows_and_cells(self) -> tuple[Ints, Ints, Ints]:
        """Everybody in it: rows of the crowd and of walks, and the piece of link (its lower cell) nearest to each."""
        rows = np.array(list(self.visits), np.int64)
        walkers = np.array([visit.walker for visit in self.visits.values()], np.int64)
        people = self.crowd.people
        return rows, walkers, self._nearest.at(people.x_m[rows], people.y_m[rows])

    def _let_leave(self) -> None:
        """Say how many may leave into each cell in the next second: as many as it takes in."""
        walks = self._walkers.walks
        numbers, cells = walks.cell_f[0], walks.cell_i[0]
        for cell in self.portals:
            crossing = int(cells[table.CROSSING, cell])
            is_open = crossing < 0 or walks.crossing_i[0, table.IS_OPEN, crossing] == 1
            against = max(float(cells[table.COUNT, cells[table.OPPOSITE, cell]]), numbers[table.RESERVED, cell])
            room = numbers[table.STORE, cell] - against - cells[table.COUNT, cell]
            free = int(max(min(numbers[table.RECEIVE, cell], room), 0.0)) if is_open else 0
            self.crowd.tables.exit_f[crowd_tables.CREDIT, self.crowd.exit_row[f"to {cell}"]] = free

    def _go_on(self, row: int) -> None:
        """Let somebody who has left the plane go on along their links, or be where they wanted to be."""
        walks, visit = self._walkers.walks, self.visits[row]
        if visit.to_cell < 0:
            self._account(row)
            rows, numbers = walks.walker_i[0, visit.walker], walks.walker_f[0, visit.walker]
            rows[table.ROUTE_AT], rows[table.STATUS] = visit.route_at, table.ARRIVED
            numbers[table.ARRIVED_S] = self.crowd.people.left_s[row]
            return
        cell, rows = visit.to_cell, walks.walker_i[0, visit.walker]
        at_last = visit.route_at == rows[table.ROUTE_SIZE] - 1 and cell == rows[table.DESTINATION_CELL]
        length_m = float(walks.cell_f[0, table.CELL_M, cell])
        left_m = float(walks.walker_f[0, visit.walker, table.DESTINATION_M]) if at_last else length_m
        walks.cell_f[0, table.RECEIVE, cell] -= 1.0
        self.put_back(row, cell, left_m, visit.route_at)

    def put_back(self, row: int, cell: int, left_m: float, route_at: int) -> None:
        """Let somebody be on a link again."""
        visit = self._account(row)
        self._walkers.walks.walker_i[0, visit.walker, table.ROUTE_AT] = route_at
        self._walkers.put_in(visit.walker, cell, left_m)

    def _account(self, row: int) -> Visit:
        """Note what somebody walked here who is here no more."""
        visit, people = self.visits.pop(row), self.crowd.people
        numbers = self._walkers.walks.walker_f[0, visit.walker]
        numbers[table.WALKED_M] += people.walked_m[row]
        numbers[table.QUEUED_S] += people.stood_s[row]
        self.left += 1
        return visit

    def set_clock(self, t_s: float) -> None:
        """Let it be now in a patch that has just come."""
        self.crowd.step = round(t_s * STEPS_A_SECOND)

    def watch(self) -> int:
        """Count a second of everybody in it as spent on the links; returns how many they are."""
        rows, _, cell = self.rows_and_cells()
        numbers, people = self._walkers.walks.cell_f[0], self.crowd.people
        speed_mps = np.hypot(people.vx_mps[rows], people.vy_mps[rows])
        np.add.at(numbers[table.PERSON_S], cell, 1.0)
        np.add.at(numbers[table.PERSON_M], cell, speed_mps)
        np.add.at(numbers[table.STOOD_S], cell, (speed_mps < crowd_tables.SLOW_MPS).astype(np.float64))
        return int(rows.size)

    def along_links(self) -> tuple[Ints, Floats, Floats]:
        """Nearest cell (of each pair the lower) of everybody in it, velocity along it and speed, m/s."""
        rows, _, cell = self.rows_and_cells()
        people = self.crowd.people
        ends = np.array([[*self._line[one].coords[0], *self._line[one].coords[-1]] for one in cell.tolist()])
        dx, dy = (ends.reshape(-1, 4)[:, 2:] - ends.reshape(-1, 4)[:, :2]).T
        vx, vy = people.vx_mps[rows], people.vy_mps[rows]
        return cell, (vx * dx + vy * dy) / np.maximum(np.hypot(dx, dy), 1e-9), np.hypot(vx, vy)

    def line(self, cell: int) -> shapely.LineString:
        """Centre line of a cell, in its direction."""
        return self._line[cell]

    def width_m(self, cell: int) -> float:
        """Width of the ground of a cell."""
        return float(self._width_m[cell])

    @property
    def inside(self) -> int:
        """People in it, and at its portals about to step in."""
        return len(self.visits)

    def state(self) -> State:
        """Everybody in it, and where they go on."""
        visits = np.array([[row, *visit] for row, visit in self.visits.items()], np.int64).reshape(-1, 4)
        return {
            "crowd": self.crowd.state(),
            "visits": visits,
            "counts": [self._lane, self.entered, self.left],
            "more_goals": list(self._more_goals),
            "closed": self.closed.copy(),
            "is_slowed": self._is_slowed,
        }

    def restore(self, state: State) -> None:
        """Be again as it was."""
        self.crowd.keep_exits(self._first_exits)
        self._more_goals = [int(cell) for cell in state["more_goals"]]
        for cell in self._more_goals:
            self.crowd.add_spot(f"at {cell}", self._goal(cell))
        if (state["closed"] != self.closed).any():
            self._close(state["closed"].copy())
        self._is_slowed = bool(state["is_slowed"])
        self.crowd.restore(state["crowd"])
        self.visits = {int(row): Visit(*map(int, rest)) for row, *rest in state["visits"]}
        self._lane, self.entered, self.left = (int(count) for count in state["counts"])


def may_be_taken(walkers: Walkers) -> NDArray[np.bool_]:
    """Cells that patches may take the place of: neither crossings nor stairs."""
    kind = walkers.network.links.kind[walkers.link_of]
    return np.asarray((kind != WalkKind.CROSSING) & (kind != WalkKind.STEPS))


def layer_of_cells(walkers: Walkers) -> NDArray[np.int8]:
    """Level of every directed cell."""
    return np.asarray(walkers.network.links.layer[walkers.link_of])


def _place(line: shapely.LineString, share: float) -> tuple[float, float]:
    point = line.interpolate(share, normalized=True)
    return float(point.x), float(point.y)
