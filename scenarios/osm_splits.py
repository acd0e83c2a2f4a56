"""Split streets in mid-block: at signalled pedestrian crossings, and where lanes or speed change."""

from __future__ import annotations

import itertools
import math

from .osm_chains import Chain, ChainGraph
from .osm_clusters import Clusters
from .osm_outlines import PLAIN_TRIM_M, end_trims, width_m
from .osm_signals import Controls

SHORTEST_BY_CROSSING_M = 15.0  # stop line to stop line
SHORTEST_BY_CHANGE_M = 25.0
SPEED_STEP_KMH = 9.5


def split_at_crossings(graph: ChainGraph, controls: Controls, clusters: Clusters) -> list[str]:
    """Make a junction of every mid-block signal that leaves streets long enough on both sides."""
    near = _end_trims(graph)
    skipped = 0
    for key, node in controls.crossings:
        found = _chain_through(graph, key, node)
        if found is None or found in clusters.inner:
            skipped += 1
            continue
        chain = graph.chains[found]
        nodes = graph.nodes_of(found)
        place = nodes.index(node)
        before, after = (_length(graph, part) for part in (nodes[: place + 1], nodes[place:]))
        room_before = before - near.get((found, chain.u), near.get((key, chain.u), PLAIN_TRIM_M)) - PLAIN_TRIM_M
        room_after = after - near.get((found, chain.v), near.get((key, chain.v), PLAIN_TRIM_M)) - PLAIN_TRIM_M
        if min(room_before, room_after) < SHORTEST_BY_CROSSING_M or (pieces := graph.split(found, node)) is None:
            skipped += 1
            continue
        clusters.of[node], clusters.members[node] = node, (node,)
        controls.crossing_nodes.add(node)
        controls.signal_nodes.add(node)
        for piece, end in zip(pieces, (chain.u, chain.v), strict=True):
            near[piece, end] = near.get((found, end), PLAIN_TRIM_M)
    if not skipped:
        return []
    return [f"{skipped} signalled crossings stand too near a junction to be one of their own; they were left out."]


def _end_trims(graph: ChainGraph) -> dict[tuple[int, int], float]:
    widths = {key: width_m(graph, key) for key in graph.chains}
    return {(key, node): trim for node in graph.at for key, trim in end_trims(graph, node, widths).items()}


def _chain_through(graph: ChainGraph, key: int, node: int) -> int | None:
    """The chain that passes a node now; an earlier split may have renumbered it."""

    def passes(other: int) -> bool:
        chain = graph.chains[other]
        return node in graph.run_nodes(chain.forward or chain.backward)[1:-1]

    if key in graph.chains:
        return key if passes(key) else None
    return next((other for other in graph.chains if other > key and passes(other)), None)


def _length(graph: ChainGraph, nodes: list[int]) -> float:
    return sum(math.dist(graph.xy[a], graph.xy[b]) for a, b in itertools.pairwise(nodes))


def split_at_changes(graph: ChainGraph, clusters: Clusters) -> None:
    """Split streets where their lanes, access or speed change for longer than a few vehicles' length.

    Shorter stretches take on what the longest stretch of their street has.
    """
    for key in sorted(graph.chains):
        if key in clusters.inner or graph.is_ring(key):
            continue
        for node in _change_nodes(graph, key):
            pieces = graph.split(key, node)
            if pieces is not None:
                clusters.of[node], clusters.members[node] = node, (node,)
                key = pieces[1]


def _change_nodes(graph: ChainGraph, key: int) -> list[int]:
    """Nodes from u to v at which a new stretch begins, short stretches joined to their likelier neighbour."""
    boundaries = _boundaries(graph, graph.chains[key])
    if not boundaries:
        return []
    line = graph.nodes_of(key)
    along = {line[0]: 0.0}
    travelled = 0.0
    for a, b in itertools.pairwise(line):
        travelled += math.dist(graph.xy[a], graph.xy[b])
        along.setdefault(b, travelled)
    cuts = sorted((along[node], node) for node in boundaries if node in along)
    while cuts:
        places = [0.0, *(place for place, _ in cuts), travelled]
        sizes = [after - before for before, after in itertools.pairwise(places)]
        shortest = min(range(len(sizes)), key=lambda number: (sizes[number], number))
        if sizes[shortest] >= SHORTEST_BY_CHANGE_M:
            break
        # Drop the boundary towards the longer neighbour.
        left = sizes[shortest - 1] if shortest > 0 else -1.0
        right = sizes[shortest + 1] if shortest + 1 < len(sizes) else -1.0
        cuts.pop(shortest - 1 if left >= right else shortest)
    return [node for _, node in cuts]


def _boundaries(graph: ChainGraph, chain: Chain) -> set[int]:
    found: set[int] = set()
    for runs in (chain.forward, chain.backward):
        for before, after in itertools.pairwise(runs):
            a, b = graph.direction(before), graph.direction(after)
            if (
                a.lane_access != b.lane_access
                or a.destination_only != b.destination_only
                or abs(a.speed_kmh - b.speed_kmh) >= SPEED_STEP_KMH
            ):
                found.add(graph.ways[before.way].nodes[before.last])
    return found
