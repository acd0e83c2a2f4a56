"""Chain pieces of ways into streets between places where drivers have a choice."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from .osm_read import OsmWay
from .osm_tags import Direction, Road

XY = tuple[float, float]
SAUSAGE_M = 60.0  # a street that splits and rejoins within this length is drawn as one
BEARING_M = 10.0  # directions at a node are taken this far along


@dataclass(frozen=True, slots=True)
class Run:
    """Part of a way as driven: from its node ``first`` to its node ``last``, backwards when ``last < first``."""

    way: int  # row in ChainGraph.ways
    first: int
    last: int

    def reversed(self) -> Run:
        """The same part driven the other way."""
        return Run(self.way, self.last, self.first)


@dataclass(frozen=True, slots=True)
class Chain:
    """A street between two nodes; ``forward`` runs from u to v, ``backward`` from v to u, () where nobody may drive."""

    u: int
    v: int
    forward: tuple[Run, ...]
    backward: tuple[Run, ...]
    # At the downstream end of each direction:
    signal_forward: bool = False
    signal_backward: bool = False
    sign_forward: str = ""
    sign_backward: str = ""

    def turned(self) -> Chain:
        """The same street seen from its other end."""
        return Chain(
            self.v,
            self.u,
            self.backward,
            self.forward,
            self.signal_backward,
            self.signal_forward,
            self.sign_backward,
            self.sign_forward,
        )

    @property
    def oneway(self) -> bool:
        """Whether it may be driven in one direction only."""
        return not (self.forward and self.backward)


class ChainGraph:
    """Chains by number, and which of them meet at a node. A loop counts twice at its node."""

    def __init__(self, ways: Sequence[OsmWay], roads: Sequence[Road], xy: Mapping[int, XY]) -> None:
        self.ways, self.roads = ways, roads
        self.xy: dict[int, XY] = dict(xy)
        self.chains: dict[int, Chain] = {}
        self.at: dict[int, list[int]] = {}
        self.alias: dict[int, int] = {}  # a copy of a node, made where a barrier parts a street → the node
        self._next = 0
        self._lengths: dict[int, float] = {}

    # Editing -----------------------------------------------------------------------------------------------------

    def add(self, chain: Chain) -> int:
        """Add a chain and return its number."""
        key = self._next
        self._next += 1
        self.chains[key] = chain
        self.at.setdefault(chain.u, []).append(key)
        self.at.setdefault(chain.v, []).append(key)
        return key

    def remove(self, key: int) -> Chain:
        """Take a chain out; nodes without chains disappear."""
        chain = self.chains.pop(key)
        self._lengths.pop(key, None)
        for node in (chain.u, chain.v):
            self.at[node].remove(key)
            if not self.at[node]:
                del self.at[node]
        return chain

    def put(self, key: int, chain: Chain) -> None:
        """Change what is known about a chain, its ends and nodes staying."""
        self.chains[key] = chain

    def split(self, key: int, node: int) -> tuple[int, int] | None:
        """Split a chain at an inner node; None when its directions do not both pass there."""
        chain = self.chains[key]
        forward = self._split_runs(chain.forward, node)
        backward = self._split_runs(chain.backward, node)
        if forward is None or backward is None:
            return None
        self.remove(key)
        first = Chain(
            chain.u,
            node,
            forward[0],
            backward[1],
            signal_backward=chain.signal_backward,
            sign_backward=chain.sign_backward,
        )
        second = Chain(
            node, chain.v, forward[1], backward[0], signal_forward=chain.signal_forward, sign_forward=chain.sign_forward
        )
        return self.add(first), self.add(second)

    def _split_runs(self, runs: tuple[Run, ...], node: int) -> tuple[tuple[Run, ...], tuple[Run, ...]] | None:
        if not runs:
            return (), ()
        for number, run in enumerate(runs):
            step = 1 if run.last > run.first else -1
            nodes = self.ways[run.way].nodes
            for index in range(run.first, run.last + step, step):
                if nodes[index] != node:
                    continue
                before, after = runs[:number], runs[number + 1 :]
                if index != run.first:
                    before = (*before, Run(run.way, run.first, index))
                if index != run.last:
                    after = (Run(run.way, index, run.last), *after)
                return (before, after) if before and after else None
        return None

    # Reading -----------------------------------------------------------------------------------------------------

    def run_nodes(self, runs: Iterable[Run]) -> list[int]:
        """Nodes along runs, in driving order."""
        nodes: list[int] = []
        for run in runs:
            way = self.ways[run.way].nodes
            piece = way[run.first : run.last + 1] if run.last > run.first else way[run.last : run.first + 1][::-1]
            nodes.extend(piece[1:] if nodes else piece)
        return nodes

    def shape(self, key: int, *, forward: bool) -> list[XY]:
        """Way centre line of one direction in driving order, m; ends lie at the chain's own nodes."""
        chain = self.chains[key]
        runs = chain.forward if forward else chain.backward
        return [self.xy[node] for node in self.run_nodes(runs)]

    def nodes_of(self, key: int) -> list[int]:
        """Nodes of a chain from u to v, whichever direction may be driven."""
        chain = self.chains[key]
        return self.run_nodes(chain.forward) if chain.forward else self.run_nodes(chain.backward)[::-1]

    def line(self, key: int) -> list[XY]:
        """Centre line from u to v, whichever direction may be driven."""
        return [self.xy[node] for node in self.nodes_of(key)]

    def length_m(self, key: int) -> float:
        """Length from node to node."""
        if key not in self._lengths:
            self._lengths[key] = line_length(self.line(key))
        return self._lengths[key]

    def direction(self, run: Run) -> Direction:
        """What tags say about the way of a run in its direction."""
        road = self.roads[run.way]
        found = road.forward if run.last > run.first else road.backward
        assert found is not None  # runs are made of drivable directions only
        return found

    def degree(self, node: int) -> int:
        """Chain ends at a node."""
        return len(self.at.get(node, ()))

    def is_ring(self, key: int) -> bool:
        """Whether a chain is part of a roundabout."""
        chain = self.chains[key]
        return any(self.roads[run.way].roundabout for run in (chain.forward or chain.backward))

    def leaving(self, key: int, node: int) -> XY:
        """Unit vector of a chain's course as it leaves a node."""
        line = self.line(key)
        if self.chains[key].u != node:
            line.reverse()
        return unit_along(line, BEARING_M)


def line_length(line: Sequence[XY]) -> float:
    """Length of a polyline."""
    return sum(math.dist(a, b) for a, b in itertools.pairwise(line))


def unit_along(line: Sequence[XY], distance_m: float) -> XY:
    """Unit vector from the first point of a line to the point that lies so far along, or to its end."""
    x0, y0 = line[0]
    left = distance_m
    x, y = line[-1]
    for a, b in itertools.pairwise(line):
        step = math.dist(a, b)
        if step >= left > 0.0:
            x, y = a[0] + (b[0] - a[0]) * left / step, a[1] + (b[1] - a[1]) * left / step
            break
        left -= step
    size = math.hypot(x - x0, y - y0)
    return ((x - x0) / size, (y - y0) / size) if size > 0.0 else (1.0, 0.0)


def build_chains(
    ways: Sequence[OsmWay], roads: Sequence[Road], xy: Mapping[int, XY], barriers: frozenset[int] = frozenset()
) -> tuple[ChainGraph, list[str]]:
    """Split ways at shared nodes and chain them through nodes where there is no choice.

    Parameters
    ----------
    ways, roads
        Ways that cars use, sorted by id, and what their tags mean.
    xy : mapping
        Node positions in m.
    barriers : frozenset of int
        Nodes that cars cannot pass; a street is parted there.

    Returns
    -------
    ChainGraph
        Streets between nodes where three or more of them meet, where they end, or where a one-way begins.
    list of str
        What was repaired, in words.
    """
    graph = ChainGraph(ways, roads, xy)
    notes: list[str] = []
    ends = _segment_ends(ways)
    # A bollard on a crossroads says which arm it closes nowhere: only one on a plain street parts it.
    closed = frozenset(node for node in barriers if ends[node] <= 2)
    if closed:
        ways, roads = _part_at_barriers(ways, roads, closed, graph)
        graph.ways, graph.roads = ways, roads
    shared = _shared_nodes(ways)
    folded = 0
    driven: set[tuple[int, int]] = set()
    for row, (way, road) in enumerate(zip(ways, roads, strict=True)):
        folded += _add_pieces(graph, row, way, road, shared, driven)
    folded += _fold_opposites(graph, same_line=True)  # before the turning point is taken for a plain node
    if folded:
        notes.append(f"{folded} stretches were drawn twice (out and back, or by two ways) and were folded into one.")
    join_at_plain_nodes(graph)
    sausages = 0
    while found := _fold_opposites(graph, same_line=False):
        sausages += found
        join_at_plain_nodes(graph)
    if sausages:
        notes.append(f"{sausages} streets that split and rejoin within {SAUSAGE_M:g} m became one street.")
    loops = halve_loops(graph)
    if loops:
        notes.append(f"{loops} loops that begin and end at one junction were halved.")
    return graph, notes


def weld_duplicates(
    ways: Sequence[OsmWay], roads: Sequence[Road], places: Mapping[int, tuple[float, float]]
) -> tuple[list[OsmWay], int]:
    """Let ways of one level share a node where they have two at exactly one place; how many nodes that spared.

    Nodes at one place that follow each other on a way are one too: it joins their levels.
    """
    spot = {node: (round(places[node][0], 7), round(places[node][1], 7)) for way in ways for node in way.nodes}
    if len(set(spot.values())) == len(spot):
        return list(ways), 0
    same: dict[int, int] = {}  # node → one with a lower number that it is welded to

    def root(node: int) -> int:
        while node in same:
            node = same[node]
        return node

    def weld(a: int, b: int) -> None:
        low, high = sorted((root(a), root(b)))
        if low != high:
            same[high] = low

    first: dict[tuple[int, float, float], int] = {}
    levels: set[int] = set()
    for way, road in zip(ways, roads, strict=True):
        for node in way.nodes:
            if node not in levels:  # a node of two levels joins them already
                levels.add(node)
                weld(node, first.setdefault((road.layer, *spot[node]), node))
        for a, b in itertools.pairwise(way.nodes):
            if spot[a] == spot[b]:
                weld(a, b)
    if not same:
        return list(ways), 0
    return [replace(way, nodes=tuple(root(node) for node in way.nodes)) for way in ways], len(same)


def _segment_ends(ways: Sequence[OsmWay]) -> Counter[int]:
    ends: Counter[int] = Counter()
    for way in ways:
        ends.update(way.nodes[:-1])
        ends.update(way.nodes[1:])
    return ends


def _part_at_barriers(
    ways: Sequence[OsmWay], roads: Sequence[Road], barriers: frozenset[int], graph: ChainGraph
) -> tuple[list[OsmWay], list[Road]]:
    """Cut ways at barriers; one piece keeps the barrier's node, every other gets a copy of it."""
    parted: list[OsmWay] = []
    parted_roads: list[Road] = []
    taken: set[int] = set()
    copies = 0
    lowest = min(0, *graph.xy)
    for way, road in zip(ways, roads, strict=True):
        inner = [index for index in range(1, len(way.nodes) - 1) if way.nodes[index] in barriers]
        cuts = [0, *inner, len(way.nodes) - 1]
        for start, end in itertools.pairwise(cuts):
            nodes = list(way.nodes[start : end + 1])
            for place in (0, -1):
                node = nodes[place]
                if node in barriers and node in taken:
                    copies += 1
                    copy = lowest - copies
                    graph.alias[copy], graph.xy[copy] = node, graph.xy[node]
                    nodes[place] = copy
                elif node in barriers:
                    taken.add(node)
            parted.append(replace(way, nodes=tuple(nodes), first_index=way.first_index + start))
            parted_roads.append(road)
    return parted, parted_roads


def _shared_nodes(ways: Sequence[OsmWay]) -> set[int]:
    """Nodes where ways meet, begin, end, turn back or cross themselves."""
    seen: set[int] = set()
    shared: set[int] = set()
    for way in ways:
        shared.add(way.nodes[0])
        shared.add(way.nodes[-1])
        for node in way.nodes:
            if node in seen:
                shared.add(node)
            seen.add(node)
        shared.update(b for a, b, c in zip(way.nodes, way.nodes[1:], way.nodes[2:], strict=False) if a == c)
    return shared


def _add_pieces(
    graph: ChainGraph, row: int, way: OsmWay, road: Road, shared: set[int], driven: set[tuple[int, int]]
) -> int:
    """Add the pieces of a way between shared nodes; segments that were driven before are left out and counted."""
    start = 0
    kind: tuple[bool, bool] | None = None
    folded = 0

    def finish(end: int) -> None:
        if kind is not None and end > start and any(kind):
            run = Run(row, start, end)
            forward, backward = kind
            graph.add(
                Chain(
                    way.nodes[start], way.nodes[end], (run,) if forward else (), (run.reversed(),) if backward else ()
                )
            )

    for index, (a, b) in enumerate(zip(way.nodes, way.nodes[1:], strict=False)):
        new = (
            road.forward is not None and a != b and (a, b) not in driven,
            road.backward is not None and a != b and (b, a) not in driven,
        )
        if a != b and not any(new):
            folded += 1
        if new != kind or a in shared:
            finish(index)
            start, kind = index, new
        if new[0]:
            driven.add((a, b))
        if new[1]:
            driven.add((b, a))
    finish(len(way.nodes) - 1)
    return folded


def join_at_plain_nodes(graph: ChainGraph) -> None:
    """Join two chains wherever nothing else meets them and traffic flows through."""
    waiting = sorted(graph.at)
    for node in waiting:
        keys = graph.at.get(node, [])
        if len(keys) != 2 or keys[0] == keys[1] or node in graph.alias:
            continue
        before, after = sorted(keys, key=lambda key: _age(graph, key))
        first, second = graph.chains[before], graph.chains[after]
        first = first if first.v == node else first.turned()
        second = second if second.u == node else second.turned()
        if bool(first.forward) != bool(second.forward) or bool(first.backward) != bool(second.backward):
            continue
        if graph.is_ring(before) != graph.is_ring(after):
            continue
        graph.remove(before)
        graph.remove(after)
        graph.add(Chain(first.u, second.v, (*first.forward, *second.forward), (*second.backward, *first.backward)))


def _age(graph: ChainGraph, key: int) -> tuple[int, int]:
    """Order that does not depend on how a file lists its ways."""
    chain = graph.chains[key]
    return min((run.way, min(run.first, run.last)) for run in (*chain.forward, *chain.backward))


def _fold_opposites(graph: ChainGraph, *, same_line: bool) -> int:
    """Make one two-way chain of two opposite one-ways: on one line, or parting from one street and rejoining soon."""
    folded = 0
    for key in sorted(graph.chains, key=lambda key: _age(graph, key)):
        if key not in graph.chains:
            continue
        chain = graph.chains[key]
        if not chain.oneway or chain.u == chain.v or graph.is_ring(key):
            continue
        twins = [
            other
            for other in graph.at[chain.u]
            if other != key
            and {graph.chains[other].u, graph.chains[other].v} == {chain.u, chain.v}
            and graph.chains[other].oneway
            and not graph.is_ring(other)
        ]
        if len(twins) != 1:
            continue
        if not chain.forward:
            chain = chain.turned()
        twin = graph.chains[twins[0]]
        twin = twin if twin.v == chain.u else twin.turned()
        if not twin.forward:  # both lead the same way
            continue
        if same_line:
            fits = graph.run_nodes(twin.forward)[::-1] == graph.run_nodes(chain.forward)
        else:
            plain = graph.degree(chain.u) == 3 and graph.degree(chain.v) == 3
            fits = plain and max(graph.length_m(key), graph.length_m(twins[0])) <= SAUSAGE_M
        if not fits:
            continue
        graph.remove(key)
        graph.remove(twins[0])
        graph.add(Chain(chain.u, chain.v, chain.forward, twin.forward))
        folded += 1
    return folded


def halve_loops(graph: ChainGraph) -> int:
    """Split chains that return to where they began at the node nearest their middle."""
    halved = 0
    for key in sorted(graph.chains, key=lambda key: _age(graph, key)):
        if graph.chains[key].u != graph.chains[key].v:
            continue
        if split_at_middle(graph, key) is None:
            graph.remove(key)
        halved += 1
    return halved


def split_at_middle(graph: ChainGraph, key: int) -> tuple[int, int] | None:
    """Split a chain at the inner node nearest its middle; None when it has none that both directions pass."""
    chain = graph.chains[key]
    nodes = graph.run_nodes(chain.forward or chain.backward)
    middle = graph.length_m(key) / 2.0
    travelled, best = 0.0, []
    for a, b in itertools.pairwise(nodes):
        travelled += math.dist(graph.xy[a], graph.xy[b])
        best.append((abs(travelled - middle), b))
    for _, node in sorted(best):
        pieces = graph.split(key, node)
        if pieces is not None:
            return pieces
    return None
