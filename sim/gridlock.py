"""Find locks: rings of lanes whose queues wait for each other, so that none of them will move again by itself.

Which queues are held for good by which others, ``kernels.waiting`` finds (Coffman, Elphick, Shoshani 1971: where there
is a choice of ways on, a ring is a lock only if none of them leads out of it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..kernels import traffic_tables as table
from ..kernels import waiting

if TYPE_CHECKING:
    from ..agents.fleet import Fleet

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

STANDING_S = 120.0  # longer than any red light


@dataclass(frozen=True, slots=True)
class Ring:
    """A ring of queues, each of which waits for the next, and the last for the first."""

    lanes: tuple[int, ...]  # lane rows, connectors behind the road lanes; the first has stood longest
    heads: tuple[int, ...]  # first vehicle of each
    links: tuple[str, ...]  # as people read it: a connector is its link, neighbours that are the same count once
    stood_s: tuple[float, ...]  # how long each first vehicle has not moved
    closed_for_s: float  # how long no first vehicle has moved, and no last one of those that hold by being full
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
    rings = first_rings(fleet, find_waits(fleet, standing_s))
    return sorted((ring.links for ring in rings), key=lambda links: (-len(links), links))


def find_waits(fleet: Fleet, standing_s: float) -> Ints:
    """Find the queues that are held for good, and what holds them.

    Parameters
    ----------
    fleet
        The traffic at a moment; its first member.
    standing_s
        Only queues whose first vehicle has stood for so long count.

    Returns
    -------
    ndarray
        Pairs, ``[row, pair]``, rows as ``kernels.waiting`` names them.
    """
    held, rows = np.empty((2, fleet.network.lane_count + fleet.network.connectors.movement.size), np.int32)
    waits = np.empty((waiting.WAIT_ROWS, 256), np.int32)
    tables = fleet.tables("vehicle_f", "vehicle_i", "lane_f", "lane_i", "ring", "driver")
    while True:
        count = waiting.find_waits(tables, 0, standing_s, held, rows, waits)
        if count <= waits.shape[1]:
            return waits[:, :count]
        waits = np.empty((waiting.WAIT_ROWS, count), np.int32)


def first_rings(fleet: Fleet, waits: Ints, known: Bools | None = None, at_most_s: Floats | None = None) -> list[Ring]:
    """Of every tangle of queues that are held for good the ring that closed first.

    Parameters
    ----------
    fleet
        The traffic at a moment; its first member.
    waits
        Of ``find_waits``.
    known
        Lane rows that were found before; a tangle with one of them is left out (``[lane row]``).
    at_most_s
        How long each lane can have been held for good: a queue that stands may have had another way on until then.
    """
    if not waits.size:
        return []
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    lanes, pairs = np.unique(waits[:2], return_inverse=True)
    source, target = pairs.reshape(2, -1)
    graph = coo_array((np.ones(source.size), (source, target)), (lanes.size, lanes.size))
    _, tangle = connected_components(graph, connection="strong")
    skip = set() if known is None else set(tangle[known[lanes]].tolist())
    skip |= set(np.flatnonzero(np.bincount(tangle) == 1).tolist())
    held_s = _held_for_s(fleet, lanes, waits)
    if at_most_s is not None:
        held_s = np.minimum(held_s, at_most_s[lanes])
    order = np.lexsort((lanes, -held_s))  # as they came to be held
    within = tangle[source] == tangle[target]
    rings = []
    for group in dict.fromkeys(tangle[order].tolist()):
        if group in skip:
            continue
        inside = np.flatnonzero(within & (tangle[source] == group))
        onward: dict[int, list[int]] = {}
        for lane, ahead in waits[:2, inside].T.tolist():
            onward.setdefault(lane, []).append(ahead)
        ring = _first_ring(lanes[order[tangle[order] == group]].tolist(), onward)
        rings.append(_ring(fleet, ring, float(held_s[np.searchsorted(lanes, ring)].min())))
    return sorted(rings, key=lambda ring: ring.lanes)


def _held_for_s(fleet: Fleet, lanes: Ints, waits: Ints) -> Floats:
    """How long each lane has been held: its first vehicle has stood, and its last if it holds others by being full."""
    stood_s = fleet.vehicles.standing_s[0]
    held_s: Floats = stood_s[heads_of(fleet, lanes)].copy()
    full = np.searchsorted(lanes, np.unique(waits[waiting.HOLDING_LANE, waits[waiting.FOR_ROOM] == 1]))
    held_s[full] = np.minimum(held_s[full], stood_s[heads_of(fleet, lanes[full], last=True)])
    return held_s


def heads_of(fleet: Fleet, lanes: Ints, *, last: bool = False) -> Ints:
    """First vehicle of each lane, or the last; none of them is empty."""
    lane_i = fleet.cities.lane_i[0]
    begin, size = lane_i[table.RING_START, lanes], lane_i[table.RING_START, lanes + 1] - lane_i[table.RING_START, lanes]
    place = lane_i[table.HEAD, lanes] + (lane_i[table.COUNT, lanes] - 1 if last else 0)
    vehicles: Ints = fleet.cities.ring[0, begin + place % size]
    return vehicles


def _first_ring(lanes: list[int], onward: dict[int, list[int]]) -> tuple[int, ...]:
    """The shortest of the rings that close first when lanes come to be held one after the other."""
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
            return tuple(ring[::-1])
    msg = "these lanes do not wait for each other in a ring"
    raise ValueError(msg)


def _ring(fleet: Fleet, lanes: tuple[int, ...], closed_for_s: float) -> Ring:
    rows = np.array(lanes, np.int32)
    heads = heads_of(fleet, rows)
    stood_s = fleet.vehicles.standing_s[0, heads].tolist()
    start = int(np.argmax(stood_s))  # begin with who stood first

    def turned(items: list[Any]) -> tuple[Any, ...]:
        return (*items[start:], *items[:start])

    names = turned([fleet.network.links.id[link] for link in fleet.cities.lane_i[0, table.ON_LINK, rows]])
    return Ring(
        lanes=turned(list(lanes)),
        heads=turned(heads.tolist()),
        links=tuple(name for place, name in enumerate(names) if name != names[place - 1]) or (names[0],),
        stood_s=turned(stood_s),
        closed_for_s=closed_for_s,
        vehicles=int(fleet.cities.lane_i[0, table.COUNT, rows].sum()),
    )
