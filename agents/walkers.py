"""Hold all people on foot as one table, lay out the cells they walk in, and hand both to the kernels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import chance
from ..kernels import walking_tables as table
from ..kernels.walk_standing import settle_all
from ..kernels.walking import advance_member, advance_walkers
from ..kernels.walking_laws import HYDRAULIC, HYDRAULIC_JAM, WEIDMANN, WEIDMANN_JAM
from ..kernels.walking_tables import Walk
from ..scenarios.network import RoadNetwork
from ..scenarios.trips import TripTable
from ..scenarios.walk_network import WalkKind, WalkNetwork
from ..scenarios.walk_presets import DOOR_M, FASTEST_MPS, LEAST_DOOR_PER_S, SLOWEST_MPS, WalkPreset
from .remembering import Remembers, State, overwrite
from .walk_crossings import crossed_lanes, crossing_tables

if TYPE_CHECKING:
    from .crowd_patches import Patch

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

STEP_S = 1.0
CELL_M = 15.0  # cells are as near to this as the length of their link allows
ONE_CELL_M = 22.5  # links up to this length are one cell
ROOM_M = 5.0  # people on a shorter link use the room before and behind it too
NARROWEST_M = 0.3  # effective width
RESERVED_SHARE = 0.1  # of a cell that each direction has for itself
LEAST_STORE = 4.0  # people who find room in the smallest cell: one each way, and one to spare


@dataclass(slots=True)
class PedestrianState:
    """All people on foot, one row a walk: views ``[member, walk]`` of the kernels' tables."""

    depart_s: Floats
    speed_mps: Floats  # desired
    entered_s: Floats  # nan before
    arrived_s: Floats  # nan before
    walked_m: Floats
    left_m: Floats  # to the end of the cell
    status: Ints
    cell: Ints  # directed cell, -1 off the streets
    route_start: Ints
    route_size: Ints
    route_at: Ints
    walks: Walk

    @property
    def queued_s(self) -> Floats:
        """How long everybody stood at the end of cells so far."""
        return settled(self.walks).walker_f[..., table.QUEUED_S]

    @property
    def crossing_s(self) -> Floats:
        """How long of it everybody waited to cross a street."""
        return settled(self.walks).walker_f[..., table.CROSSING_S]

    @classmethod
    def of(cls, walks: Walk) -> PedestrianState:
        """Views of tables."""
        numbers, rows = walks.walker_f, walks.walker_i
        return cls(
            depart_s=numbers[..., table.DEPART_S],
            speed_mps=numbers[..., table.SPEED_MPS],
            entered_s=numbers[..., table.ENTERED_S],
            arrived_s=numbers[..., table.ARRIVED_S],
            walked_m=numbers[..., table.WALKED_M],
            left_m=numbers[..., table.LEFT_M],
            status=rows[..., table.STATUS],
            cell=rows[..., table.CELL],
            route_start=rows[..., table.ROUTE_START],
            route_size=rows[..., table.ROUTE_SIZE],
            route_at=rows[..., table.ROUTE_AT],
            walks=walks,
        )


class Walkers(Remembers):
    """The people on foot of a run, and where they walk."""

    def __init__(self, network: WalkNetwork, trips: TripTable, walks: Walk) -> None:
        self.network, self.trips, self.walks = network, trips, walks
        self.people = PedestrianState.of(walks)
        self.routes_used = 0
        self.link_of = np.repeat(np.arange(walks.first_cell.size - 1) // 2, np.diff(walks.first_cell))
        self.shut = np.zeros(self.link_of.size, np.bool_)  # cells that nobody may enter
        self.patches: list[Patch] = []  # where the first member's people walk in the plane
        self.own_slow = walks.cell_f[0, table.SLOW].copy()  # of cells without hazards
        self._own_store = walks.cell_f[0, table.STORE].copy()

    def advance(self, first_step: int, last_step: int) -> None:
        """Let steps of one second pass."""
        if self.walks.counter.shape[0] == 1:
            advance_member(self.walks, 0, first_step, last_step)
        else:
            advance_walkers(self.walks, first_step, last_step)

    def of_member(self, member: int) -> Walk:
        """Views of one member's tables."""
        return member_of(self.walks, member)

    def set_routes(self, member: int, walks: NDArray[np.int64], start: NDArray[np.int64], link: Ints) -> None:
        """Give walks their routes.

        Parameters
        ----------
        member
            Whose people.
        walks
            Rows, ``[n]``.
        start, link
            Route ``i`` is ``link[start[i]:start[i + 1]]``: directed links, twice the row of a link, plus one against
            its direction. An empty one means that there is no way.
        """
        used, needed = self.routes_used, self.routes_used + link.size
        self._make_room_for_routes(needed)
        self.walks.route[used:needed] = link
        self.routes_used = needed
        numbers, rows = self.walks.walker_f[member], self.walks.walker_i[member]
        rows[walks, table.ROUTE_START] = used + start[:-1]
        rows[walks, table.ROUTE_SIZE] = np.diff(start)
        with_way = np.flatnonzero(np.diff(start) > 0)
        walks, first, last = walks[with_way], link[start[:-1][with_way]], link[start[1:][with_way] - 1]
        cell, into_m = self.place(first, self.begin_m(walks))
        rows[walks, table.ORIGIN_CELL] = cell
        numbers[walks, table.ORIGIN_LEFT_M] = self.walks.cell_f[0, table.CELL_M, cell] - into_m
        cell, into_m = self.place(last, self.end_m(walks))
        rows[walks, table.DESTINATION_CELL] = cell
        numbers[walks, table.DESTINATION_M] = into_m

    def _make_room_for_routes(self, needed: int) -> None:
        if needed > self.walks.route.size:
            larger = np.zeros(max(needed, 2 * self.walks.route.size), np.int32)
            larger[: self.routes_used] = self.walks.route[: self.routes_used]
            self.walks = self.walks._replace(route=larger)

    def state(self) -> State:
        """All that changes while people walk."""
        return {
            **{name: getattr(self.walks, name).copy() for name in table.OWN},
            "route": self.walks.route[: self.routes_used].copy(),
            "shut": self.shut.copy(),
        }

    def restore(self, state: State) -> None:
        """Have everybody on foot where they were.

        Raises
        ------
        ValueError
            When they were others.
        """
        overwrite(self.walks, table.OWN, state)
        self.shut[:] = state["shut"]
        self.routes_used = 0
        self._make_room_for_routes(state["route"].size)
        self.routes_used = state["route"].size
        self.walks.route[: self.routes_used] = state["route"]

    def route(self, member: int, walk: int) -> Ints:
        """Directed links of somebody's route from the present one (or where it begins) to the last."""
        row = self.walks.walker_i[member, walk]
        start = row[table.ROUTE_START]
        return self.walks.route[start + row[table.ROUTE_AT] : start + row[table.ROUTE_SIZE]]

    def begin_m(self, walks: NDArray[np.int64]) -> Floats:
        """Where along its first link each walk begins, m."""
        return self._along(self.trips.origin_link[walks], self.trips.origin_m[walks])

    def end_m(self, walks: NDArray[np.int64]) -> Floats:
        """Where along its last link each walk ends, m."""
        return self._along(self.trips.destination_link[walks], self.trips.destination_m[walks])

    def _along(self, link: Ints, at_m: Floats) -> Floats:
        length_m = self.network.links.length_m[link]
        return np.where(np.isnan(at_m), length_m / 2.0, np.clip(at_m, 0.0, length_m))

    def place(self, directed: Ints, at_m: Floats) -> tuple[Ints, Floats]:
        """Cell of places on directed links, and how far into it, m."""
        link = directed // 2
        at_m = np.where(directed % 2 == 1, self.network.links.length_m[link] - at_m, at_m)
        first, last = self.walks.first_cell[directed], self.walks.first_cell[directed + 1]
        cell_m = self.network.links.length_m[link] / (last - first)
        number = np.minimum((at_m / cell_m).astype(np.int32), last - first - 1)
        return (first + number).astype(np.int32), at_m - number * cell_m

    def people_out(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Walks of the first member that are out, in order, and the directed cell each is in.

        Those in patches are in the piece of link that is nearest to them.
        """
        out = self.walks.active[0, : self.walks.counter[0, table.OUT]].astype(np.int64)
        cell = self.walks.walker_i[0, out, table.CELL].astype(np.int64)
        for patch in self.patches:
            _, walks, near = patch.rows_and_cells()
            out, cell = np.concatenate([out, walks]), np.concatenate([cell, near])
        order = np.argsort(out, kind="stable")
        return out[order], cell[order]

    def open_cells(self) -> None:
        """Let the first member's people into all cells but those that are shut or taken by patches."""
        taken = self.shut.copy()
        for patch in self.patches:
            taken |= patch.taken
        self.walks.cell_f[0, table.STORE] = np.where(taken, 0.0, self._own_store)

    def take_out(self, walk: int) -> None:
        """Take somebody of the first member off the links who stands in no queue."""
        rows, counter = self.walks.walker_i[0], self.walks.counter[0]
        self.walks.cell_i[0, table.COUNT, rows[walk, table.CELL]] -= 1
        slot, last = int(rows[walk, table.SLOT]), int(counter[table.OUT]) - 1
        moved = int(self.walks.active[0, last])
        self.walks.active[0, slot], rows[moved, table.SLOT] = moved, slot
        self.walks.stands[0, :, slot] = self.walks.stands[0, :, last]
        counter[table.OUT] = last

    def put_in(self, walk: int, cell: int, left_m: float) -> None:
        """Put somebody of the first member who is off the links into a cell."""
        rows, counter = self.walks.walker_i[0], self.walks.counter[0]
        rows[walk, table.STATUS], rows[walk, table.CELL] = table.WALKING, cell
        self.walks.walker_f[0, walk, table.LEFT_M] = left_m
        self.walks.cell_i[0, table.COUNT, cell] += 1
        self.walks.cell_i[0, table.CAME_IN, cell] += 1
        slot = int(counter[table.OUT])
        self.walks.active[0, slot], rows[walk, table.SLOT] = walk, slot
        self.walks.stands[0, table.SINCE_STEP, slot] = 0
        counter[table.OUT] = slot + 1

    def link(self, member: int, walk: int) -> int:
        """Row of the link somebody is on, -1 off the streets."""
        cell = int(self.people.cell[member, walk])
        return -1 if cell < 0 else int(self.link_of[cell])

    def cell_middles(self) -> tuple[Floats, Floats]:
        """Where the directed cells are, m."""
        import shapely

        first = self.walks.first_cell
        count = np.diff(first)
        directed = np.repeat(np.arange(count.size), count)
        share = (np.arange(directed.size) - first[directed] + 0.5) / count[directed]
        share = np.where(directed % 2 == 1, 1.0 - share, share)
        rows = range(self.network.link_count)
        lines = np.array([shapely.LineString(self.network.link_shape_xy(row)) for row in rows])
        points = shapely.line_interpolate_point(lines[directed // 2], share, normalized=True)
        return shapely.get_x(points), shapely.get_y(points)

    def of_links(self, member: int, cells: NDArray[np.generic]) -> Floats:
        """Sum of a quantity of cells over both directions of every link, ``[link]``."""
        weights = cells.astype(np.float64)
        return np.bincount(self.link_of, weights=weights, minlength=self.network.link_count).astype(np.float64)

    def area_m2(self) -> Floats:
        """Room of every link for people, ``[link]``."""
        return self.of_links(0, self.walks.cell_f[0, table.AREA_M2]) / 2.0

    def state_hash(self, member: int = 0) -> str:
        """SHA-256 over everything that decides how people go on, routes included."""
        digest = hashlib.sha256()
        settle_all(self.of_member(member))
        rows = self.walks.walker_i[member].copy()
        rows[:, table.ROUTE_START] = 0  # where routes lie in memory depends on the other members
        digest.update(rows.tobytes())
        digest.update(self.walks.walker_f[member].tobytes())
        digest.update(self.walks.cell_f[member].tobytes())
        digest.update(self.walks.cell_i[member, : table.CURSOR].tobytes())
        return digest.hexdigest()


def member_of(walks: Walk, member: int) -> Walk:
    """Views of one member's tables, from Python.

    ``kernels.walking.walkers_of`` is for kernels: where one that counts no references compiled it, it hands Python
    the tables of all members.
    """
    return walks._replace(**{name: getattr(walks, name)[member] for name in table.OWN})


def settled(walks: Walk) -> Walk:
    """The tables, once what those who stand have stood so far is in their rows."""
    for member in range(walks.counter.shape[0]):
        settle_all(member_of(walks, member))
    return walks


def build_walkers(
    network: WalkNetwork,
    roads: RoadNetwork,
    trips: TripTable,
    preset: WalkPreset,
    *,
    seed: int = 0,
    members: int = 1,
) -> Walkers:
    """Lay out the state at t = 0: nobody is out. Member ``m`` draws its people with seed ``seed + m``."""
    first_cell, cell_f, cell_i = _cells(network, preset)
    node_start, node_cell = _nodes(network, first_cell)
    crossing, crossed = crossing_tables(network, roads), crossed_lanes(network, roads)
    crossing.rows[table.FIRST_LANE] = crossed.first
    crossing.rows[table.WALK_CELL, :-1] = first_cell[2 * network.crossings.link]
    rows = np.zeros((members, len(trips.id), table.WALKER_I_COLUMNS), np.int32)
    rows[..., (table.CELL, table.NEXT)] = -1
    walks = Walk(
        walker_f=_people(trips, preset, seed=seed, members=members),
        walker_i=rows,
        cell_f=np.repeat(cell_f[np.newaxis], members, axis=0),
        cell_i=np.repeat(cell_i[np.newaxis], members, axis=0),
        active=np.zeros((members, max(len(trips.id), 1)), np.int32),
        stands=np.zeros((members, table.STANDS_COLUMNS, max(len(trips.id), 1)), np.int32),
        counter=np.zeros((members, table.COUNTERS), np.int64),
        crossing_f=crossing.numbers,
        crossing_i=np.repeat(crossing.rows[np.newaxis], members, axis=0),
        group=crossing.group,
        crossed=crossed.lane,
        crossed_row=crossed.row,
        crossed_f=crossed.at_m[np.newaxis],
        first_cell=first_cell,
        node_start=node_start,
        node_cell=node_cell,
        route=np.zeros(1024, np.int32),
        law=WEIDMANN if preset.law == "weidmann" else HYDRAULIC,
        step_s=STEP_S,
    )
    return Walkers(network, trips, walks)


def _people(trips: TripTable, preset: WalkPreset, *, seed: int, members: int) -> Floats:
    numbers = np.zeros((members, len(trips.id), table.WALKER_F_COLUMNS))
    numbers[..., table.DEPART_S] = trips.depart_s
    numbers[..., (table.ENTERED_S, table.ARRIVED_S)] = np.nan
    spread = np.empty(len(trips.id))
    for member in range(members):
        chance.fill_normals(np.uint64(seed + member), trips.key, chance.WALKER_SPEED, spread)
        speed_mps = preset.speed_mps + preset.speed_sd_mps * spread
        least, most = min(SLOWEST_MPS, preset.speed_mps), max(FASTEST_MPS, preset.speed_mps)
        numbers[member, :, table.SPEED_MPS] = np.clip(speed_mps, least, most)
    return numbers


def _cells(network: WalkNetwork, preset: WalkPreset) -> tuple[Ints, Floats, Ints]:
    """Cells of all links: where those of each directed link begin, and both tables."""
    links = network.links
    one = (links.kind == WalkKind.CROSSING) | (links.length_m <= ONE_CELL_M)
    number = np.where(one, 1, np.maximum(np.rint(links.length_m / CELL_M), 1)).astype(np.int32)
    first_cell = np.concatenate([[0], np.cumsum(np.repeat(number, 2))]).astype(np.int32)
    link = np.repeat(np.arange(network.link_count), 2 * number)
    count = link.size
    width_m = np.maximum(links.width_m - 2.0 * preset.boundary_m, np.minimum(NARROWEST_M, links.width_m))[link]
    length_m = (links.length_m / number)[link]
    steps = (links.kind == WalkKind.STEPS)[link]
    jam = WEIDMANN_JAM if preset.law == "weidmann" else HYDRAULIC_JAM
    numbers = np.zeros((table.CELL_F_COLUMNS, count))
    numbers[table.CELL_M] = length_m
    numbers[table.CELL_WIDTH_M] = width_m
    numbers[table.AREA_M2] = np.maximum(length_m, ROOM_M) * width_m
    numbers[table.STORE] = np.maximum(numbers[table.AREA_M2] * jam, LEAST_STORE)
    numbers[table.RESERVED] = np.maximum(numbers[table.STORE] * RESERVED_SHARE, 1.0)
    door = (links.length_m <= DOOR_M)[link] & (links.kind != WalkKind.CROSSING)[link] & ~steps
    flow = np.where(steps, preset.stairs_per_m_s, preset.level_per_m_s) * width_m
    through_door = np.maximum(preset.door_per_m_s * width_m - preset.door_less_per_s, LEAST_DOOR_PER_S)
    numbers[table.CAPACITY] = np.where(door, through_door, flow)
    numbers[table.SLOW] = np.where(steps, preset.stairs_slow, 1.0)
    numbers[table.RATIO] = numbers[table.SLOW]
    rows = np.zeros((table.CELL_I_COLUMNS, count), np.int32)
    rows[[table.HEAD, table.TAIL, table.ENTRY_HEAD, table.ENTRY_TAIL, table.CROSSING]] = -1
    begin = first_cell[:-1:2][link]  # of the link's cells; the last of them lies opposite the first
    cell = np.arange(count)
    rows[table.OPPOSITE] = 2 * begin + 2 * number[link] - 1 - cell
    rows[table.FOLLOWING] = cell + 1
    rows[table.FOLLOWING, first_cell[1:] - 1] = -1
    crossings = network.crossings.link
    for directed in (2 * crossings, 2 * crossings + 1):
        rows[table.CROSSING, first_cell[directed]] = np.arange(crossings.size)
    return first_cell, numbers, rows


def _nodes(network: WalkNetwork, first_cell: Ints) -> tuple[Ints, Ints]:
    """Last cells of the directed links that lead to each node: where those of a node begin, and the cells."""
    links = network.links
    to_node = np.column_stack([links.to_node, links.from_node]).ravel()
    order = np.argsort(to_node, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(to_node, minlength=len(network.nodes.id)))])
    return start.astype(np.int32), (first_cell[1:] - 1)[order].astype(np.int32)
