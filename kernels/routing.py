"""Find shortest paths from link to link over allowed turns, many at a time.

Nodes of the graph are links and its arcs are movements, so a forbidden turn is an arc that does not exist. What a
driver expects to pay is the sum over the links of a route (first and last included) and over its movements. Times may
differ by the time of day: what a link and the turn at its end take is looked up at the moment at which it is entered.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

from .chance import ROUTE_NOISE, exp, normal
from .compile import bare, kernel, parallel, woven
from .heap import pop, push

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
Number = Any  # a scalar; numba compiles anew for each kind of it, so calls agree on int64 and float64

CHUNKS = 64  # at most; each has its own work space. Fixed, so that the number of threads changes nothing
BATCH = 8192  # trips whose routes are held in one padded table
FIRST_CAPACITY = 192  # links of a route before the table is widened
NONE: Floats = np.zeros(0)


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
    """What the next routes are planned on.

    With times by interval (``[link, interval]``) a time holds in the middle of its interval and changes evenly from
    middle to middle; before the first and after the last middle it stays.
    """

    link_s: Floats  # [link] time to drive along a link, or [link, interval]
    movement_s: Floats  # [movement] time lost before and in a turn, or [movement, interval]
    open_link: NDArray[np.bool_]  # [link] False: may not be entered; who is on it may leave
    every_s: float = np.inf  # length of an interval
    extra_s: Floats = NONE  # [movement] what turns cost besides their time, in seconds; left out: nothing


class Wishes(NamedTuple):
    """Who wants to go where. Shapes ``[trip]`` unless said otherwise."""

    origin: Ints  # link
    destination: Ints  # link
    key: NDArray[np.uint64]  # names the person in the random numbers
    first_start: NDArray[np.int64]  # [trip + 1] into first_link; an empty range allows every first turn
    first_link: Ints  # links into which a vehicle may turn from where it is
    depart_s: Floats = NONE  # when each sets out; left out: at 0


Table = TypeVar("Table", TurnGraph, Wishes)


class _Work(NamedTuple):
    """Scratch memory of one search; ``*_mark`` equal to the search's number means valid."""

    entry_s: Floats  # [node] perceived cost until its link is entered
    paid_s: Floats  # [node] what of it is no time
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
    origin share a search, unless times differ by the time of day: then nobody gains by setting out later as long as no
    time falls by more than an interval from one interval to the next. Ties go to the lower node. The result does not
    depend on the number of threads or on which trips are planned together.

    Returns
    -------
    route_start : [trip + 1]
        Where each route begins in ``route_link``; a trip without a way has an empty route.
    route_link : [...]
        Links from origin to destination, both included.
    cost_s : [trip]
        Expected cost of the route without the person's noise, at the times of day at which the person believes to be
        there; inf without a way.

    Raises
    ------
    ValueError
        A time is negative or not a number: shortest paths would be undefined.
    """
    for name, times in (("link_s", expected.link_s), ("movement_s", expected.movement_s)):
        if not (times >= 0.0).all():
            worst = np.argwhere(~(times >= 0.0))[0]
            place = ", ".join(map(str, worst))
            raise ValueError(f"{name}[{place}] = {times[tuple(worst)]} is no time; times are 0 or more")
    if not graph.number.size:
        graph = graph._replace(number=np.arange(expected.open_link.size, dtype=np.int32))
    trips = wishes.origin.size
    depart_s = wishes.depart_s if wishes.depart_s.size else np.zeros(trips)
    graph, expected, wishes = _writable(graph), _by_interval(expected), _writable(wishes._replace(depart_s=depart_s))
    length = np.zeros(trips, np.int64)
    cost_s = np.full(trips, np.inf)
    tables = []
    # One person, one search, as soon as searches of the same origin differ.
    alone = noise > 0.0 or wishes.first_link.size > 0 or expected.link_s.shape[1] > 1
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


def _by_interval(expected: Expectation) -> Expectation:
    """The same times with an axis for intervals, copied where they are read-only."""
    times = (np.require(times_s, requirements=("C", "W")) for times_s in (expected.link_s, expected.movement_s))
    link_s, movement_s = (times_s if times_s.ndim > 1 else times_s.reshape(-1, 1) for times_s in times)
    open_link = np.require(expected.open_link, requirements=("C", "W"))
    extra_s = expected.extra_s if expected.extra_s.size else np.zeros(movement_s.shape[0])
    return Expectation(link_s, movement_s, open_link, expected.every_s, np.require(extra_s, requirements=("C", "W")))


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
    nodes, links, arcs = graph.node_link.size, expected.open_link.size, graph.arc_to.size
    work = _Work(
        np.empty(nodes, np.float64),
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


@woven
def timed(times_s: Floats, row: Number, at_s: Number, every_s: float) -> Number:
    """Time of a link or movement at a moment: between the middles of two intervals, or the only one there is."""
    last = times_s.shape[1] - 1
    if last == 0:
        return times_s[row, 0]
    place = at_s / every_s - 0.5
    if place <= 0.0:
        return times_s[row, 0]
    if place >= last:
        return times_s[row, last]
    before = np.int64(place)
    share = place - before
    return (1.0 - share) * times_s[row, before] + share * times_s[row, before + 1]


@kernel
def perceived_s(link_s: Number, link: Number, key: Any, seed: Any, noise: float) -> float:
    """Time that a person believes a link takes."""
    if noise == 0.0:
        return link_s
    return link_s * exp(noise * normal(seed, key, ROUTE_NOISE, link))


@bare
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
    depart_s = wishes.depart_s[trip]
    along_s = timed(expected.link_s, origin, depart_s, expected.every_s)
    leave_s = perceived_s(along_s, graph.number[origin], key, seed, noise)
    size: Number = np.int64(0)
    no_parent: Number = np.int64(-1)
    for arc in range(graph.arc_start[origin], graph.arc_start[origin + 1]):
        if first == last or _contains(wishes.first_link, first, last, graph.node_link[graph.arc_to[arc]]):
            size = _relax(graph, expected, arc, no_parent, leave_s, 0.0, depart_s, mark, work, size)
    while size > 0:
        now_s, node = work.heap_s[0], np.int64(work.heap_node[0])
        size = pop(work.heap_s, work.heap_node, size)
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
        paid_s = work.paid_s[node]
        clock_s = depart_s + now_s - paid_s
        along_s = timed(expected.link_s, link, clock_s, expected.every_s)
        leave_s = now_s + perceived_s(along_s, graph.number[link], key, seed, noise)
        for arc in range(graph.arc_start[node], graph.arc_start[node + 1]):
            size = _relax(graph, expected, arc, node, leave_s, paid_s, clock_s, mark, work, size)


@woven
def _relax(
    graph: TurnGraph,
    expected: Expectation,
    arc: Number,
    parent: Number,
    leave_s: Number,
    paid_s: Number,
    clock_s: Number,
    mark: Number,
    work: _Work,
    size: int,
) -> Number:
    """Enter the link behind an arc if that is the best way so far; the heap's new size.

    The link before it was entered at ``clock_s``, and until then cost ``paid_s`` besides time.
    """
    node = graph.arc_to[arc]
    movement = graph.arc_movement[arc]
    entry_s = leave_s + (timed(expected.movement_s, movement, clock_s, expected.every_s) + expected.extra_s[movement])
    if not expected.open_link[graph.node_link[node]] or not entry_s < np.inf:
        return size
    if work.node_mark[node] == mark and not entry_s < work.entry_s[node]:
        return size
    work.node_mark[node] = mark
    work.entry_s[node] = entry_s
    work.paid_s[node] = paid_s + expected.extra_s[movement]
    work.parent[node] = parent
    work.arc_in[node] = arc
    return push(work.heap_s, work.heap_node, size, entry_s, node)


@bare
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
    origin, destination, depart_s = wishes.origin[trip], wishes.destination[trip], wishes.depart_s[trip]
    origin_s = timed(expected.link_s, origin, depart_s, expected.every_s)
    if origin == destination:
        row[0] = origin
        length[trip], cost_s[trip] = 1, origin_s
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
        before, movement = work.parent[node], graph.arc_movement[work.arc_in[node]]
        clock_s = depart_s + work.entry_s[node] - work.paid_s[node]
        clock_before_s = depart_s + (work.entry_s[before] - work.paid_s[before] if before >= 0 else 0.0)
        turn_s = timed(expected.movement_s, movement, clock_before_s, expected.every_s) + expected.extra_s[movement]
        total_s += timed(expected.link_s, link, clock_s, expected.every_s) + turn_s
        node = before
        place -= 1
    row[0] = origin
    cost_s[trip] = total_s + origin_s


@woven
def _contains(values: Ints, first: Number, last: Number, wanted: Number) -> bool:
    for i in range(first, last):  # noqa: SIM110  numba compiles this, not any()
        if values[i] == wanted:
            return True
    return False


@kernel
def _pack(rows: NDArray[np.int64], table: Ints, route_start: NDArray[np.int64], route_link: Ints) -> None:
    for i in range(rows.size):
        start = route_start[rows[i]]
        for place in range(route_start[rows[i] + 1] - start):
            route_link[start + place] = table[i, place]
