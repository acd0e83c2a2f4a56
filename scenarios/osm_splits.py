"""Split streets in mid-block: at signalled pedestrian crossings, and where lanes or speed change."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

from .osm_chains import ChainGraph, Run
from .osm_clusters import Clusters
from .osm_outlines import PLAIN_TRIM_M, end_trims, width_m
from .osm_signals import Controls
from .osm_tags import Direction

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
    """Nodes from u to v at which a new stretch begins, short stretches taken into their longer neighbour."""
    stretches = _stretches(graph, key)
    while True:
        merged: list[_Stretch] = []
        for stretch in stretches:
            if merged and _alike(merged[-1], stretch):
                merged[-1] = replace(merged[-1], length_m=merged[-1].length_m + stretch.length_m)
            else:
                merged.append(stretch)
        shortest = min(range(len(merged)), key=lambda number: (merged[number].length_m, number))
        if len(merged) == 1 or merged[shortest].length_m >= SHORTEST_BY_CHANGE_M:
            return [stretch.node for stretch in merged[1:]]
        # Give the shortest stretch what its longer neighbour has; they are one in the next round.
        beside = [number for number in (shortest - 1, shortest + 1) if 0 <= number < len(merged)]
        longer = merged[max(beside, key=lambda number: (merged[number].length_m, -number))]
        merged[shortest] = replace(merged[shortest], forward=longer.forward, backward=longer.backward)
        stretches = merged


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Part of a street along which nothing changes, from ``node`` on."""

    node: int
    length_m: float
    forward: Direction | None
    backward: Direction | None


def _stretches(graph: ChainGraph, key: int) -> list[_Stretch]:
    chain = graph.chains[key]
    ahead = _directions_from(graph, chain.forward)
    back = _directions_from(graph, tuple(run.reversed() for run in reversed(chain.backward)), against=True)
    line = graph.nodes_of(key)
    found: list[_Stretch] = []
    forward = backward = None
    for a, b in itertools.pairwise(line):
        step = math.dist(graph.xy[a], graph.xy[b])
        if a in ahead or a in back or not found:
            forward, backward = ahead.get(a, forward), back.get(a, backward)
            found.append(_Stretch(a, step, forward, backward))
        else:
            found[-1] = replace(found[-1], length_m=found[-1].length_m + step)
    return found


def _directions_from(graph: ChainGraph, runs: tuple[Run, ...], *, against: bool = False) -> dict[int, Direction]:
    """What holds from the first node of each run on, runs being listed from u to v."""
    return {graph.ways[run.way].nodes[run.first]: graph.direction(run.reversed() if against else run) for run in runs}


def _alike(a: _Stretch, b: _Stretch) -> bool:
    return all(
        one is other
        or (
            one is not None
            and other is not None
            and one.lane_access == other.lane_access
            and one.destination_only == other.destination_only
            and abs(one.speed_kmh - other.speed_kmh) < SPEED_STEP_KMH
        )
        for one, other in ((a.forward, b.forward), (a.backward, b.backward))
    )
