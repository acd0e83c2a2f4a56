"""Find shortest paths from link to link over allowed turns, many at a time.

Nodes of the graph are links and its arcs are movements, so a forbidden turn is an arc that does not exist. What a
driver expects to pay is the sum over the links of a route (first and last included) and over its movements.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

from .chance import ROUTE_NOISE, exp, normal
from .compile import kernel, parallel

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
Number = Any  # a scalar; numba compiles anew for each kind of it, so calls agree on int64 and float64

CHUNKS = 64  # at most; each has its own work space. Fixed, so that the number of threads changes nothing
BATCH = 8192  # trips whose routes are held in one padded table
FIRST_CAPACITY = 192  # links of a route before the table is widened


class TurnGraph(NamedTuple):
    """Links joined by movements, in compressed rows.

    Several nodes may stand for the same link (reached in different ways); node ``i`` stands for link ``i`` as long as
    there are links, and that is where a route begins.
    """

    arc_start: NDArray[np.int64]  # [node + 1]
    arc_to: Ints  # [arc] node
    arc_movement: Ints  # [arc]
    node_link: Ints  # [node]
    number: Ints = np.zeros(0, np.int32)  # [link] by which chance knows a link; left out: its row


class Expectation(NamedTuple):
    """What the next routes are planned on."""

    link_s: Floats  # [link] time to drive along a link
    movement_s: Floats  # [movement] time lost before and in a turn
    open_link: NDArray[np.bool_]  # [link] False: may not be entered; who is on it may leave


class Wishes(NamedTuple):
    """Who wants to go where. Shapes ``[trip]`` unless said otherwise."""

    origin: Ints  # link
    destination: Ints  # link
    key: NDArray[np.uint64]  # names the person in the random numbers
    first_start: NDArray[np.int64]  # [trip + 1] into first_link; an empty range allows every first turn
    first_link: Ints  # links into which a vehicle may turn from where it is


Table = TypeVar("Table", TurnGraph, Expectation, Wishes)


class _Work(NamedTuple):
    """Scratch memory of one search; ``*_mark`` equal to the search's number means valid."""

    entry_s: Floats  # [node] perceived time at which its link is entered
    parent: Ints  # [node] node before, -1: the route's first turn leads here
    arc_in: Ints  # [node]
    node_mark: Ints  # [node]
    wanted_mark: Ints  # [link] somebody's destination, not reached yet
    found_mark: Ints  # [link]
    found_node: Ints  # [link] the node by which it was reached first
    heap_s: Floats
    heap_node: Ints


def plan_routes(
    graph: TurnGraph, expected: Expectation, wishes: Wishes, *, seed: int, noise: float
) -> tuple[NDArray[np.int64], Ints, Floats]:
    """Cheapest route of every trip, as the person who drives perceives it.

    A person perceives a link's time as ``link_s * exp(noise * z)``, ``z`` standard normal and fixed for person and link
    (a lognormal probit in the family of logit-like choice). With ``noise = 0`` everybody is exact and trips of one
    origin share a search. Ties go to the lower node. The result does not depend on the number of threads or on which
    trips are planned together.

    Returns
    -------
    route_start : [trip + 1]
        Where each route begins in ``route_link``; a trip without a way has an empty route.
    route_link : [...]
        Links from origin to destination, both included.
    cost_s : [trip]
        Expected time of the route without the person's noise; inf without a way.

    Raises
    ------
    ValueError
        A time is negative or not a number: shortest paths would be undefined.
    """
    for name, times in (("link_s", expected.link_s), ("movement_s", expected.movement_s)):
        if not (times >= 0.0).all():
            worst = int(np.flatnonzero(~(times >= 0.0))[0])
            raise ValueError(f"{name}[{worst}] = {times[worst]} is no time; times are 0 or more")
    if not graph.number.size:
        graph = graph._replace(number=np.arange(expected.link_s.size, dtype=np.int32))
    graph, expected, wishes = _writable(graph), _writable(expected), _writable(wishes)
    trips = wishes.origin.size
    length = np.zeros(trips, np.int64)
    cost_s = np.full(trips, np.inf)
    tables = []
    # One person, one search, as soon as searches of the same origin differ.
    alone = noise > 0.0 or wishes.first_link.size > 0
    order = np.arange(trips) if alone else np.argsort(wishes.origin, kind="stable")
    for low in range(0, trips, BATCH):
        rows = order[low : low + BATCH]
        origin = wishes.origin[rows]
        is_first = np.ones(rows.size, np.bool_)
        if not alone:
            is_first[1:] = origin[1:] != origin[:-1]
        groups = np.append(np.flatnonzero(is_first), rows.size)
        capacity = FIRST_CAPACITY
        while True:
            table = np.empty((rows.size, capacity), np.int32)
            _plan(graph, expected, wishes, np.uint64(seed), float(noise), rows, groups, table, length, cost_s)
            longest = int(length[rows].max(initial=0))
            if longest <= capacity:
                break
            capacity = longest
        tables.append((rows, table))
    route_start = np.concatenate(([0], np.cumsum(length)))
    route_link = np.empty(route_start[-1], np.int32)
    for rows, table in tables:
        _pack(rows, table, route_start, route_link)
    return route_start, route_link, cost_s


def _writable(table: Table) -> Table:
    """The same arrays, copied where they are read-only: to numba those are other types, compiled apart."""
    columns: Any = (np.require(column, requirements=("C", "W")) for column in table)
    return type(table)(*columns)


def _plan(graph: TurnGraph, expected: Expectation, wishes: Wishes, *rest: Any) -> None:
    groups = rest[3].size - 1
    chunks = min(CHUNKS, groups)
    if chunks < 4:  # waking threads costs more than the searches
        for chunk in range(chunks):
            _plan_chunk(chunk, chunks, graph, expected, wishes, *rest)
    else:
        _plan_chunks(chunks, graph, expected, wishes, *rest)


@parallel
def _plan_chunks(
    chunks: int,
    graph: TurnGraph,
    expected: Expectation,
    wishes: Wishes,
    seed: Any,
    noise: float,
    rows: NDArray[np.int64],
    groups: NDArray[np.int64],
    table: Ints,
    length: NDArray[np.int64],
    cost_s: Floats,
) -> None:
    for chunk in numba.prange(chunks):
        # prange counts in uint64: without the cast everything below would be compiled twice.
        _plan_chunk(np.int64(chunk), chunks, graph, expected, wishes, seed, noise, rows, groups, table, length, cost_s)


@kernel
def _plan_chunk(
    chunk: Number,
    chunks: int,
    graph: TurnGraph,
    expected: Expectation,
    wishes: Wishes,
    seed: Any,
    noise: float,
    rows: NDArray[np.int64],
    groups: NDArray[np.int64],
    table: Ints,
    length: NDArray[np.int64],
    cost_s: Floats,
) -> None:
    """Plan every ``chunks``-th group of trips, ``rows[groups[g]:groups[g + 1]]``; write to the trips' own places."""
    nodes, links, arcs = graph.node_link.size, expected.link_s.size, graph.arc_to.size
    work = _Work(
        np.empty(nodes, np.float64),
        np.empty(nodes, np.int32),
        np.empty(nodes, np.int32),
        np.zeros(nodes, np.int32),
        np.zeros(links, np.int32),
        np.zeros(links, np.int32),
        np.empty(links, np.int32),
        np.empty(arcs + 1, np.float64),
        np.empty(arcs + 1, np.int32),
    )
    for group in range(chunk, groups.size - 1, chunks):
        mark = group + 1
        first, last = groups[group], groups[group + 1]
        wanted = np.int64(0)  # a bare 0 is a type of its own to numba: callees would be compiled once more
        for i in range(first, last):
            destination = wishes.destination[rows[i]]
            if work.wanted_mark[destination] != mark:
                work.wanted_mark[destination] = mark
                wanted += 1
        _search(graph, expected, wishes, seed, noise, rows[first], mark, wanted, work)
        for i in range(first, last):
            _trace(graph, expected, wishes, rows[i], mark, work, table[i], length, cost_s)


@kernel
def perceived_s(link_s: Number, link: Number, key: Any, seed: Any, noise: float) -> float:
    """Time that a person believes a link takes."""
    if noise == 0.0:
        return link_s
    return link_s * exp(noise * normal(seed, key, ROUTE_NOISE, link))


@kernel
def _search(
    graph: TurnGraph,
    expected: Expectation,
    wishes: Wishes,
    seed: Any,
    noise: float,
    trip: Number,
    mark: Number,
    wanted: Number,
    work: _Work,
) -> None:
    """Dijkstra from one trip's origin until ``wanted`` marked links are reached.

    A link is charged when it is left, so that noise is drawn once a link. The origin is no node of the search: a route
    that must turn away first may come back through it.
    """
    origin: Number = wishes.origin[trip]
    key: Number = wishes.key[trip]
    if work.wanted_mark[origin] == mark:  # already there
        work.wanted_mark[origin] = 0
        wanted -= 1
    if wanted == 0:
        return
    first, last = wishes.first_start[trip], wishes.first_start[trip + 1]
    leave_s = perceived_s(expected.link_s[origin], graph.number[origin], key, seed, noise)
    size: Number = np.int64(0)
    no_parent: Number = np.int64(-1)
    for arc in range(graph.arc_start[origin], graph.arc_start[origin + 1]):
        if first == last or _contains(wishes.first_link, first, last, graph.node_link[graph.arc_to[arc]]):
            size = _relax(graph, expected, arc, no_parent, leave_s, mark, work, size)
    while size > 0:
        now_s, node = work.heap_s[0], np.int64(work.heap_node[0])
        size = _pop(work.heap_s, work.heap_node, size)
        if now_s > work.entry_s[node]:
            continue  # a better entry was found after this one
        link = graph.node_link[node]
        if work.wanted_mark[link] == mark:
            work.wanted_mark[link] = 0
            work.found_mark[link] = mark
            work.found_node[link] = node
            wanted -= 1
            if wanted == 0:
                return
        leave_s = now_s + perceived_s(expected.link_s[link], graph.number[link], key, seed, noise)
        for arc in range(graph.arc_start[node], graph.arc_start[node + 1]):
            size = _relax(graph, expected, arc, node, leave_s, mark, work, size)


@kernel
def _relax(
    graph: TurnGraph,
    expected: Expectation,
    arc: Number,
    parent: Number,
    leave_s: Number,
    mark: Number,
    work: _Work,
    size: int,
) -> Number:
    """Enter the link behind an arc if that is the best way so far; the heap's new size."""
    node = graph.arc_to[arc]
    entry_s = leave_s + expected.movement_s[graph.arc_movement[arc]]
    if not expected.open_link[graph.node_link[node]] or not entry_s < np.inf:
        return size
    if work.node_mark[node] == mark and not entry_s < work.entry_s[node]:
        return size
    work.node_mark[node] = mark
    work.entry_s[node] = entry_s
    work.parent[node] = parent
    work.arc_in[node] = arc
    return _push(work.heap_s, work.heap_node, size, entry_s, node)


@kernel
def _trace(
    graph: TurnGraph,
    expected: Expectation,
    wishes: Wishes,
    trip: Number,
    mark: Number,
    work: _Work,
    row: Ints,
    length: NDArray[np.int64],
    cost_s: Floats,
) -> None:
    """Write one route, as far as it fits into ``row``, with its true length and cost."""
    origin, destination = wishes.origin[trip], wishes.destination[trip]
    if origin == destination:
        row[0] = origin
        length[trip], cost_s[trip] = 1, expected.link_s[origin]
        return
    if work.found_mark[destination] != mark:
        length[trip], cost_s[trip] = 0, np.inf
        return
    links = 1
    node = work.found_node[destination]
    while node >= 0:
        links += 1
        node = work.parent[node]
    length[trip] = links
    total_s: Number = 0.0
    node, place = work.found_node[destination], links - 1
    while node >= 0:
        link = graph.node_link[node]
        if place < row.size:
            row[place] = link
        total_s += expected.link_s[link] + expected.movement_s[graph.arc_movement[work.arc_in[node]]]
        node = work.parent[node]
        place -= 1
    row[0] = origin
    cost_s[trip] = total_s + expected.link_s[origin]


@kernel
def _contains(values: Ints, first: Number, last: Number, wanted: Number) -> bool:
    for i in range(first, last):  # noqa: SIM110  numba compiles this, not any()
        if values[i] == wanted:
            return True
    return False


@kernel
def _push(heap_s: Floats, heap_node: Ints, size: Number, time_s: Number, node: Number) -> Number:
    """Add to a binary heap ordered by (time, node); its new size."""
    place = size
    while place > 0:
        above = (place - 1) >> 1
        if heap_s[above] < time_s or (heap_s[above] == time_s and heap_node[above] <= node):
            break
        heap_s[place], heap_node[place] = heap_s[above], heap_node[above]
        place = above
    heap_s[place], heap_node[place] = time_s, node
    return size + 1


@kernel
def _pop(heap_s: Floats, heap_node: Ints, size: Number) -> Number:
    """Drop the heap's first entry; its new size."""
    size -= 1
    time_s, node = heap_s[size], heap_node[size]
    place, below = 0, 1
    while below < size:
        right = below + 1
        if right < size and (
            heap_s[right] < heap_s[below] or (heap_s[right] == heap_s[below] and heap_node[right] < heap_node[below])
        ):
            below = right
        if time_s < heap_s[below] or (time_s == heap_s[below] and node <= heap_node[below]):
            break
        heap_s[place], heap_node[place] = heap_s[below], heap_node[below]
        place, below = below, 2 * below + 1
    heap_s[place], heap_node[place] = time_s, node
    return size


@kernel
def _pack(rows: NDArray[np.int64], table: Ints, route_start: NDArray[np.int64], route_link: Ints) -> None:
    for i in range(rows.size):
        start = route_start[rows[i]]
        for place in range(route_start[rows[i] + 1] - start):
            route_link[start + place] = table[i, place]
