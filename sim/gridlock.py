"""Find locks: rings of lanes whose queues wait for each other, so that none of them will move again by itself.

A queue is *held* when whoever is first in it cannot go on however long its light stays green: the lane behind the
junction is full to its beginning, a vehicle that stands inside the junction is in the way, or the lane beside, into
which it must change, is full. What holds it is again a lane. Held for good are the lanes of the largest set in which
every way on of each is held by another of the set (Coffman, Elphick, Shoshani 1971: a knot of waiting, not a mere
ring, since a queue with two ways on needs only one). A red light, a yield, a closed road and an incident end some time;
they hold nobody here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..kernels import traffic_tables as table

if TYPE_CHECKING:
    from ..agents.fleet import Fleet

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

STANDING_S = 120.0  # longer than any red light
SETTLED_S = 5.0  # the last of a queue has closed up when it has stood for so long
UNHELD = (table.CLOSED, table.OBSTACLE, table.LETS_IN)  # what keeps a queue's first vehicle from waiting in vain


@dataclass(frozen=True, slots=True)
class Ring:
    """A ring of queues, each of which waits for the next, and the last for the first."""

    lanes: tuple[int, ...]  # lane rows, connectors behind the road lanes; the first has stood longest
    heads: tuple[int, ...]  # first vehicle of each
    links: tuple[str, ...]  # as people read it: a connector is its link, neighbours that are the same count once
    stood_s: tuple[float, ...]  # how long each first vehicle has not moved
    vehicles: int  # on these lanes


def find_locks(fleet: Fleet, standing_s: float = STANDING_S) -> list[tuple[str, ...]]:
    """Rings of links, longest first, each in the order in which its queues wait for one another.

    Parameters
    ----------
    fleet
        The traffic at a moment.
    standing_s
        Only queues whose first vehicle has stood for so long wait in vain.
    """
    return sorted((ring.links for ring in find_rings(fleet, standing_s)), key=lambda links: (-len(links), links))


def find_rings(fleet: Fleet, standing_s: float, known: NDArray[np.bool_] | None = None) -> list[Ring]:
    """Of every tangle of queues that are held for good the ring that closed first.

    Parameters
    ----------
    fleet
        The traffic at a moment; its first member.
    standing_s
        Only queues whose first vehicle has stood for so long count.
    known
        Lane rows that were found before; a tangle with one of them is left out (``[lane row]``).
    """
    if float(fleet.vehicles.standing_s[0].max(initial=0.0)) < standing_s:
        return []
    queues = _Queues(fleet, standing_s)
    if not queues.rows.size:
        return []
    waits = _held_for_good(queues, *_ways_on(queues))
    return _first_rings(queues, waits, known)


class _Queues:
    """Lanes whose first vehicle has stood for long and whose last has closed up."""

    def __init__(self, fleet: Fleet, standing_s: float) -> None:
        self.fleet = fleet
        cities, vehicles = fleet.cities, fleet.vehicles
        lane_i = cities.lane_i[0]
        self.road_lanes = fleet.network.lane_count
        count, begin = lane_i[table.COUNT, :-1].astype(np.int64), lane_i[table.RING_START]
        rows = np.flatnonzero(count > 0)
        slots = np.diff(begin)[rows]
        place = lane_i[table.HEAD, rows]
        first = cities.ring[0, begin[rows] + place]
        last = cities.ring[0, begin[rows] + (place + count[rows] - 1) % slots]
        stands = vehicles.standing_s[0]
        settled = stands[last] >= SETTLED_S
        free = np.isfinite(cities.lane_f[0, table.OBSTACLE_M, rows]) | np.isin(vehicles.cause[0, first], UNHELD)
        long = (stands[first] >= standing_s) & settled & ~free
        self.rows: Ints = rows[long]
        self.head = np.full(count.size, -1, np.int64)
        self.head[self.rows] = first[long]
        self.count = count
        self.stood_s = np.zeros(count.size)
        self.stood_s[self.rows] = stands[first[long]]
        # Where the last vehicle's rear is: so much is free at the beginning of a queue; inf where there is none.
        length_m = cities.driver[0, :, table.LENGTH_M][vehicles.vehicle_class[0, last[long]]]
        self.free_m = np.full(count.size, np.inf)
        self.free_m[self.rows] = vehicles.position_m[0, last[long]] - length_m
        self.free_m -= cities.lane_f[0, table.INBOUND_M]

    def occupants(self) -> tuple[Ints, Ints]:
        """Connectors on which a vehicle of a queue stands, whole or with its rear, and the queue's lane; sorted."""
        cities, vehicles = self.fleet.cities, self.fleet.vehicles
        stands = np.flatnonzero(
            (vehicles.status[0] == table.DRIVING)
            & (vehicles.standing_s[0] >= SETTLED_S)
            & ((cities.vehicle_i[0, table.REAR_IN] >= 0) | (vehicles.lane[0] >= self.road_lanes))
        )
        lane, rear = vehicles.lane[0, stands].astype(np.int64), cities.vehicle_i[0, table.REAR_IN, stands]
        inside, behind = lane >= self.road_lanes, rear >= 0
        connector = np.concatenate([lane[inside] - self.road_lanes, rear[behind]])
        held_in = np.concatenate([lane[inside], lane[behind]])
        known = self.head[held_in] >= 0
        pairs = np.unique(connector[known] * self.count.size + held_in[known])
        return pairs // self.count.size, pairs % self.count.size


def _ways_on(queues: _Queues) -> tuple[Ints, Ints, Ints]:
    """What every queue waits for: the queue of each way on; and pairs of way and lane that holds it."""
    fleet = queues.fleet
    cities, vehicles = fleet.cities, fleet.vehicles
    connector_i, lane_i = cities.connector, cities.lane_i[0]
    inside = queues.rows >= queues.road_lanes
    owner: list[Ints] = []
    held_way: list[Ints] = []
    holder: list[Ints] = []
    ways = 0

    def add(owners: Ints, way: Ints, lanes: Ints) -> None:
        nonlocal ways
        owner.append(owners)
        held_way.append(way + ways)
        holder.append(lanes)
        ways += owners.size

    # Inside a junction one can only go on to the lane behind it.
    rows = queues.rows[inside]
    ahead = connector_i[table.TO_LANE, rows - queues.road_lanes].astype(np.int64)
    full = np.flatnonzero(queues.head[ahead] >= 0)
    add(rows, full, ahead[full])

    rows = queues.rows[~inside]
    head = queues.head[rows]
    step = vehicles.route_at[0, head] + 1
    goes_on = step < vehicles.route_size[0, head]
    wanted = np.full(rows.size, -1, np.int64)
    wanted[goes_on] = cities.route[vehicles.route_start[0, head[goes_on]] + step[goes_on]]
    # Behind a vehicle whose rear has not left the own lane.
    pushed = np.flatnonzero(goes_on & (vehicles.cause[0, head] == table.LEADER))
    before = vehicles.lane[0, lane_i[table.LAST_OUT, rows[pushed]]].astype(np.int64)
    gone = np.flatnonzero(before < 0)
    add(rows[pushed], np.delete(np.arange(pushed.size), gone), np.delete(before, gone))

    others = np.flatnonzero(goes_on & (vehicles.cause[0, head] != table.LEADER))
    rows, head, wanted = rows[others], head[others], wanted[others]
    queue, connector = _expand(lane_i[table.FIRST_CONNECTOR], rows)
    leads = connector_i[table.TO_LINK, connector] == wanted[queue]
    queue, connector = queue[leads], connector[leads]
    wrong = np.setdiff1d(np.arange(rows.size), queue)
    for at in wrong:
        beside = _lanes_beside(fleet, int(rows[at]), int(wanted[at]))
        held = np.flatnonzero(queues.head[beside] >= 0)
        add(np.full(beside.size, rows[at]), held, beside[held])

    to_lane = connector_i[table.TO_LANE, connector].astype(np.int64)
    access = cities.class_access[vehicles.vehicle_class[0, head]]
    usable = (lane_i[table.OPEN, to_lane] != 0) & ((lane_i[table.ACCESS, to_lane] & access[queue]) != 0)
    queue, connector, to_lane = queue[usable], connector[usable], to_lane[usable]
    in_the_way, by = _in_the_way(queues, connector)
    # Whom somebody inside the junction keeps from the own way does not look for another lane behind it.
    own = connector == vehicles.connector[0, head[queue]]
    bound = np.zeros(rows.size, np.bool_)
    bound[queue[in_the_way[own[in_the_way]]]] = True
    keep = own | ~bound[queue]
    kind = vehicles.vehicle_class[0, head[queue]]
    needed_m = cities.driver[0, kind, table.LENGTH_M] + cities.driver[0, kind, table.MIN_GAP_M]
    no_room = queues.free_m[to_lane] < needed_m
    for at in _kept_clear(queues, connector, rows[queue], own & ~no_room):
        beyond = _no_way_off(queues, int(head[queue[at]]), int(connector[at]))
        if beyond.size:
            keep &= queue != queue[at]
            add(np.full(beyond.size, rows[queue[at]]), np.arange(beyond.size), beyond)
    place = np.cumsum(keep) - 1
    full = np.flatnonzero(keep & no_room)
    kept = keep[in_the_way]
    way = place[np.concatenate([full, in_the_way[kept]])]
    add(rows[queue[keep]], way, np.concatenate([to_lane[full], by[kept]]))
    return np.concatenate(owner), np.concatenate(held_way), np.concatenate(holder)


def _kept_clear(queues: _Queues, connector: Ints, lane: Ints, asked: Bools) -> Ints:
    """Places in ``connector`` whose vehicle may not enter a short street, since it would not get off it again."""
    cities = queues.fleet.cities
    tight, cause = cities.lane_i[0, table.TIGHT], queues.fleet.vehicles.cause[0, queues.head[lane]]
    enters = (tight[cities.connector[table.TO_LANE, connector]] != 0) & (tight[lane] == 0)
    places: Ints = np.flatnonzero(asked & enters & (cause == table.NO_ROOM))
    return places


def _no_way_off(queues: _Queues, vehicle: int, connector: int) -> Ints:
    """Full lanes behind a short street that the one who wants to enter it, or somebody on it, waits for."""
    fleet = queues.fleet
    cities = fleet.cities
    lane = int(cities.connector[table.TO_LANE, connector])
    ring = cities.ring[0, slice(*cities.lane_i[0, table.RING_START, lane : lane + 2])]
    on_it = (cities.lane_i[0, table.HEAD, lane] + np.arange(queues.count[lane])) % ring.size
    for other, steps in ((vehicle, 2), *((int(row), 1) for row in ring[on_it])):
        route = fleet.route(0, other)
        if route.size <= steps:
            continue
        _, ways = _expand(cities.lane_i[0, table.FIRST_CONNECTOR], np.array([lane]))
        ways = ways[cities.connector[table.TO_LINK, ways] == route[steps]]
        beyond: Ints = cities.connector[table.TO_LANE, ways].astype(np.int64)
        kind = fleet.vehicles.vehicle_class[0, other]
        needed_m = cities.driver[0, kind, table.LENGTH_M] + cities.driver[0, kind, table.MIN_GAP_M]
        if beyond.size and (queues.free_m[beyond] < needed_m).all():
            return beyond
    return np.zeros(0, np.int64)


def _expand(start: NDArray[Any], rows: Ints) -> tuple[Ints, Ints]:
    """Compressed rows laid out: for every entry the place of its row in ``rows``, and the entry."""
    first = start[rows].astype(np.int64)
    size = start[rows + 1].astype(np.int64) - first
    place = np.repeat(np.arange(rows.size), size)
    entry = np.arange(place.size) - np.repeat(np.cumsum(size) - size, size) + np.repeat(first, size)
    return place, entry


def _in_the_way(queues: _Queues, connector: Ints) -> tuple[Ints, Ints]:
    """Places in ``connector`` that a standing vehicle inside the junction is in the way of, and its lane."""
    cities = queues.fleet.cities
    occupied, lane = queues.occupants()
    way, entry = _expand(cities.connector[table.FIRST_FOE], connector)
    foe = cities.foe[table.FOE, entry].astype(np.int64)
    first, last = np.searchsorted(occupied, foe, "left"), np.searchsorted(occupied, foe, "right")
    which = np.repeat(np.arange(foe.size), last - first)
    entry = np.arange(which.size) - np.repeat(np.cumsum(last - first) - (last - first), last - first)
    return way[which], lane[first[which] + entry]


def _lanes_beside(fleet: Fleet, lane: int, wanted: int) -> Ints:
    """Lanes beside one that does not lead to a link, on the sides where one does."""
    network, cities = fleet.network, fleet.cities
    link = int(cities.lane_i[0, table.ON_LINK, lane])
    lanes = np.arange(*network.links.lane_start[link : link + 2])
    place, connector = _expand(cities.lane_i[0, table.FIRST_CONNECTOR], lanes)
    leading = lanes[place[cities.connector[table.TO_LINK, connector] == wanted]]
    beside = [lane + side for side in (-1, 1) if (side * (leading - lane) > 0).any()]
    return np.array(beside, np.int64)


def _held_for_good(queues: _Queues, owner: Ints, way: Ints, holder: Ints) -> tuple[Ints, Ints]:
    """Pairs of a queue that is held for good and a lane that holds it, itself held for good."""
    held = np.zeros(queues.count.size, np.bool_)
    held[owner] = True
    while True:
        open_way = np.bincount(way[held[holder]], minlength=owner.size) == 0
        freed = owner[open_way & held[owner]]
        if not freed.size:
            break
        held[freed] = False
    binds = held[holder] & held[owner[way]]
    return owner[way[binds]], holder[binds]


def _first_rings(queues: _Queues, waits: tuple[Ints, Ints], known: Bools | None) -> list[Ring]:
    """The ring that closed first in every set of lanes that can all be reached from one another."""
    if not waits[0].size:
        return []
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    lanes, pairs = np.unique(np.concatenate(waits), return_inverse=True)
    source, target = pairs.reshape(2, -1)
    graph = coo_array((np.ones(source.size), (source, target)), (lanes.size, lanes.size))
    _, tangle = connected_components(graph, connection="strong")
    size = np.bincount(tangle)
    within = tangle[source] == tangle[target]
    onward: dict[int, list[int]] = {}
    for here, there in zip(lanes[source[within]].tolist(), lanes[target[within]].tolist(), strict=True):
        onward.setdefault(here, []).append(there)
    skip = set() if known is None else set(tangle[known[lanes]].tolist())
    order = np.lexsort((lanes, -queues.stood_s[lanes]))  # as they came to stand
    rings = []
    for group in dict.fromkeys(tangle[order].tolist()):
        if size[group] > 1 and group not in skip:
            members = order[tangle[order] == group]
            rings.append(_ring(queues, _first_ring(lanes[members].tolist(), onward)))
    return sorted(rings, key=lambda ring: ring.lanes)


def _first_ring(lanes: list[int], onward: dict[int, list[int]]) -> tuple[int, ...]:
    """The shortest of the rings that close first when lanes come to stand one after the other."""
    standing: set[int] = set()
    for last in lanes:
        standing.add(last)
        came_from: dict[int, int] = {}
        front = [last]
        while front and last not in came_from:
            reached = []
            for lane in front:
                for ahead in sorted(onward.get(lane, ())):
                    if ahead in standing and ahead not in came_from:
                        came_from[ahead] = lane
                        reached.append(ahead)
            front = reached
        if last in came_from:
            ring = [came_from[last]]
            while ring[-1] != last:
                ring.append(came_from[ring[-1]])
            ring = ring[::-1]
            start = min(range(len(ring)), key=lambda place: lanes.index(ring[place]))
            return (*ring[start:], *ring[:start])
    msg = "these lanes do not wait for each other in a ring"
    raise ValueError(msg)


def _ring(queues: _Queues, lanes: tuple[int, ...]) -> Ring:
    fleet = queues.fleet
    on_link, ids = fleet.cities.lane_i[0, table.ON_LINK], fleet.network.links.id
    names = [ids[on_link[lane]] for lane in lanes]
    rows = list(lanes)
    return Ring(
        lanes=lanes,
        heads=tuple(queues.head[rows].tolist()),
        links=tuple(name for place, name in enumerate(names) if name != names[place - 1]) or (names[0],),
        stood_s=tuple(queues.stood_s[rows].tolist()),
        vehicles=int(queues.count[rows].sum()),
    )
