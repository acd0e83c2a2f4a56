"""Merge the nodes that OpenStreetMap draws one junction with."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from .osm_chains import XY, ChainGraph, line_length, split_at_middle
from .osm_outlines import end_trims, width_m
from .osm_signals import Controls
from .osm_tags import Direction, Road

# The limits were tried on eight cities: wider ones join neighbouring junctions, narrower ones leave links that no car
# fits in.
SHORT_M = 15.0
SHORT_WITH_STOP_LINES_M = 20.0
ROOM_M = 7.5  # between stop lines
DUAL_M = 30.0  # between the carriageways of one road
SIGNALS_M = 30.0
SMALL_RING_M = 15.0
# Up to 40 m across, urban roundabouts have one lane (FHWA, Roundabouts: An Informational Guide, 2000, exhibit 1-9).
SINGLE_LANE_RING_M = 40.0
RING_ARC_M = 10.0
WIDEST_M = 45.0
WIDEST_WITH_SIGNALS_M = 63.0
MOST_APPROACHES = 8
TIGHT_M = 9.0  # a link on which no vehicle fits is worse than a junction that is a little too large
MOST_APPROACHES_IF_TIGHT = 12
LONGEST_INNER_M = 40.0
RAMP_DEG = 50.0


@dataclass(slots=True)
class Clusters:
    """Which junction each node belongs to, named by its lowest node, and the chains inside junctions."""

    of: dict[int, int]
    members: dict[int, tuple[int, ...]]
    inner: set[int] = field(default_factory=set)
    signalised: set[int] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


def find_clusters(
    graph: ChainGraph,
    controls: Controls,
    *,
    gates: Iterable[int] = (),
    merge: Iterable[Iterable[int]] = (),
    keep: Iterable[int] = (),
) -> Clusters:
    """Decide which nodes are one junction.

    Parameters
    ----------
    graph : ChainGraph
        Streets; loops longer than a junction is wide are halved here so that they stay streets.
    controls : Controls
        Where signals stand.
    gates : iterable of int
        Nodes at the cut edge of the extract; they never merge.
    merge, keep : iterables
        Groups of nodes to merge whatever their distance, and nodes to leave alone.
    """
    joiner = _Joiner(graph, _signalised_nodes(graph, controls), frozenset(gates) | frozenset(keep))
    for group in merge:
        known = sorted(node for node in set(group) if node in graph.at)
        for node in known[1:]:
            joiner.join(known[0], node, force=True)
    for ring in small_rings(graph):
        for node in ring[1:]:
            joiner.join(ring[0], node, force=True)
    for _, key in sorted(joiner.candidates()):
        chain = graph.chains[key]
        joiner.join(chain.u, chain.v, tight=graph.length_m(key) < TIGHT_M)
    return _finish(graph, joiner)


def _signalised_nodes(graph: ChainGraph, controls: Controls) -> set[int]:
    found = set(controls.signal_nodes)
    for chain in graph.chains.values():
        if chain.signal_forward:
            found.add(chain.v)
        if chain.signal_backward:
            found.add(chain.u)
    return found


def small_rings(graph: ChainGraph) -> list[list[int]]:
    """Nodes of each roundabout that is small enough to be one junction."""
    return [nodes for nodes, _, across_m in _rings(graph) if across_m <= SMALL_RING_M]


def narrow_rings(graph: ChainGraph) -> int:
    """Give roundabouts that are too small for two lanes a single one, unless their tags say how many; how many."""
    narrowed = 0
    for _, keys, across_m in _rings(graph):
        ways = {run.way for key in keys for run in graph.chains[key].forward or graph.chains[key].backward}
        wide = [way for way in sorted(ways) if _wider_than_known(graph.roads[way])]
        if across_m > SINGLE_LANE_RING_M or not wide:
            continue
        narrowed += 1
        roads = list(graph.roads)
        for way in wide:
            road = roads[way]
            roads[way] = replace(road, forward=_one_lane(road.forward), backward=_one_lane(road.backward))
        graph.roads = roads
    return narrowed


def _wider_than_known(road: Road) -> bool:
    return any(one is not None and "lanes" in one.assumed and len(one.lane_access) > 1 for one in _both(road))


def _both(road: Road) -> tuple[Direction | None, Direction | None]:
    return road.forward, road.backward


def _one_lane(direction: Direction | None) -> Direction | None:
    if direction is None:
        return None
    return replace(direction, lane_access=direction.lane_access[-1:], turn_lanes=None)


def _rings(graph: ChainGraph) -> list[tuple[list[int], list[int], float]]:
    """Nodes and chains of each roundabout, and how far it is across, m."""
    rings = [key for key in sorted(graph.chains) if graph.is_ring(key)]
    group: dict[int, list[int]] = {}
    for key in rings:
        chain = graph.chains[key]
        first, second = group.get(chain.u, [chain.u]), group.get(chain.v, [chain.v])
        if first is second:
            group[chain.u] = first
            continue
        first = first + second
        group.update(dict.fromkeys(first, first))
    found = []
    for nodes in {id(nodes): nodes for nodes in group.values()}.values():
        inside = set(nodes)
        keys = [key for key in rings if graph.chains[key].u in inside]
        found.append((sorted(inside), keys, diameter_m(p for key in keys for p in graph.line(key))))
    return sorted(found)


def diameter_m(points: Iterable[XY]) -> float:
    """Largest distance between two of the points."""
    points = list(points)
    return max((math.dist(a, b) for i, a in enumerate(points) for b in points[:i]), default=0.0)


class _Joiner:
    """Union of nodes under the limits of a junction's size."""

    def __init__(self, graph: ChainGraph, signalised: set[int], alone: frozenset[int]) -> None:
        self.graph, self.signalised, self.alone = graph, signalised, alone
        self.members: dict[int, list[int]] = {node: [node] for node in graph.at}
        self.of: dict[int, int] = {node: node for node in graph.at}
        self._widths = {key: width_m(graph, key) for key in graph.chains}
        self._trims: dict[int, dict[int, float]] = {}

    def join(self, a: int, b: int, *, force: bool = False, tight: bool = False) -> bool:
        """Merge the junctions of two nodes; False when they are one already or would grow too large."""
        first, second = sorted((self.of[a], self.of[b]))
        if first == second:
            return False
        nodes = self.members[first] + self.members[second]
        if not force and not self._fits(nodes, tight=tight):
            return False
        self.members[first] = nodes
        for node in self.members.pop(second):
            self.of[node] = first
        return True

    def _fits(self, nodes: list[int], *, tight: bool) -> bool:
        wide = tight or any(node in self.signalised for node in nodes)
        if diameter_m(self.graph.xy[node] for node in nodes) > (WIDEST_WITH_SIGNALS_M if wide else WIDEST_M):
            return False
        inside = set(nodes)
        approaches = 0
        for key in {key for node in nodes for key in self.graph.at[node]}:
            chain = self.graph.chains[key]
            if chain.u in inside and chain.v in inside and self.graph.length_m(key) <= LONGEST_INNER_M:
                continue
            approaches += bool(chain.forward) and chain.v in inside
            approaches += bool(chain.backward) and chain.u in inside
        return approaches <= (MOST_APPROACHES_IF_TIGHT if tight else MOST_APPROACHES)

    def candidates(self) -> list[tuple[float, int]]:
        """Length and number of every chain whose ends may be one junction."""
        found = []
        for key, chain in self.graph.chains.items():
            length = self.graph.length_m(key)
            if length >= max(DUAL_M, SIGNALS_M) or chain.u in self.alone or chain.v in self.alone:
                continue
            if self._wanted(key, length):
                found.append((length, key))
        return found

    def _wanted(self, key: int, length: float) -> bool:
        graph, chain = self.graph, self.graph.chains[key]
        if graph.is_ring(key):
            return length < RING_ARC_M
        if length < TIGHT_M:
            return True
        if self._is_ramp(chain.u) and self._is_ramp(chain.v):
            return False
        if length < SHORT_M:
            return True
        if graph.degree(chain.u) == 1 or graph.degree(chain.v) == 1:
            return False
        if length < SHORT_WITH_STOP_LINES_M and length - self._trim(key, chain.u) - self._trim(key, chain.v) < ROOM_M:
            return True
        if length < SIGNALS_M and chain.u in self.signalised and chain.v in self.signalised:
            return True
        return length < DUAL_M and self._joins_carriageways(key)

    def _trim(self, key: int, node: int) -> float:
        if node not in self._trims:
            self._trims[node] = end_trims(self.graph, node, self._widths)
        return self._trims[node][key]

    def _is_ramp(self, node: int) -> bool:
        """Three one-ways that part or join at a small angle."""
        keys = self.graph.at[node]
        if len(keys) != 3 or not all(self.graph.chains[key].oneway for key in keys):
            return False
        coming = [key for key in keys if self._arrives(key, node)]
        going = [key for key in keys if not self._arrives(key, node)]
        if len(coming) not in {1, 2}:
            return False
        (x1, y1), (x2, y2) = (self.graph.leaving(key, node) for key in (coming if len(coming) == 2 else going))
        return x1 * x2 + y1 * y2 >= math.cos(math.radians(RAMP_DEG))

    def _arrives(self, key: int, node: int) -> bool:
        chain = self.graph.chains[key]
        return bool(chain.forward) == (chain.v == node)

    def _joins_carriageways(self, key: int) -> bool:
        """Whether a chain links two opposite one-ways of one class, as the gap in a median does."""
        graph, chain = self.graph, self.graph.chains[key]
        across = graph.leaving(key, chain.u)
        courses: list[dict[str, list[XY]]] = []
        for node in (chain.u, chain.v):
            found: dict[str, list[XY]] = {}
            for other in graph.at[node]:
                one = graph.chains[other]
                if other == key or not one.oneway:
                    continue
                x, y = graph.leaving(other, node)
                sign = -1.0 if self._arrives(other, node) else 1.0
                if abs(x * across[0] + y * across[1]) < math.cos(math.radians(45.0)):
                    run = (one.forward or one.backward)[0]
                    found.setdefault(graph.roads[run.way].road_class, []).append((sign * x, sign * y))
            courses.append(found)
        return any(
            x1 * x2 + y1 * y2 < math.cos(math.radians(140.0))
            for road_class, there in courses[0].items()
            for x1, y1 in there
            for x2, y2 in courses[1].get(road_class, ())
        )


def _finish(graph: ChainGraph, joiner: _Joiner) -> Clusters:
    """Tell inner chains from loops, and halve the loops so that they stay streets."""
    of, members = joiner.of, joiner.members
    inner: set[int] = set()
    for key in sorted(graph.chains):
        chain = graph.chains[key]
        if of[chain.u] != of[chain.v]:
            continue
        length = line_length(graph.line(key))
        pieces = split_at_middle(graph, key) if length > LONGEST_INNER_M else None
        if pieces is None:
            inner.add(key)
        else:
            middle = graph.chains[pieces[0]].v
            of[middle], members[middle] = middle, [middle]
    lowest = {name: min(nodes, key=lambda node: (graph.alias.get(node, node), node)) for name, nodes in members.items()}
    return Clusters(
        of={node: lowest[name] for node, name in of.items()},
        members={lowest[name]: tuple(sorted(nodes)) for name, nodes in members.items()},
        inner=inner,
        signalised=joiner.signalised,
    )
