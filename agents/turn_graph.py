"""Build the graph in which routes are searched: links joined by the turns that a kind of vehicle may make."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kernels.routing import TurnGraph
from ..scenarios.network import Ints, RoadNetwork

Arcs = list[tuple[int, int, int]]  # node, node, movement


def build_turn_graph(network: RoadNetwork, access: int) -> TurnGraph:
    """Turns for vehicles with any of the ``access`` bits, as nodes and arcs.

    Two rules need more than one node a link. A forbidden sequence of links (a restriction via a way) gives a shadow
    node for each of its beginnings. A ``destination_only`` link has a second node for the last part of a route: the
    first part leads out of such links, the last part into them, and from the last part there is no way back.
    """
    links = network.link_count
    movement = _usable_movements(network, access)
    source, target = network.movements.from_link[movement], network.movements.to_link[movement]
    node_link = np.arange(links, dtype=np.int32)
    if network.forbidden_sequences:
        arcs = list(zip(source.tolist(), target.tolist(), movement.tolist(), strict=True))
        arcs, node_link = _without_sequences(arcs, network.forbidden_sequences, node_link)
        source, target, movement = (np.array(column, np.int32) for column in zip(*arcs, strict=True))
    if network.links.destination_only.any():
        source, target, movement, node_link = _with_last_parts(
            source, target, movement, node_link, network.links.destination_only
        )
    order = np.lexsort((target, source))
    start = np.searchsorted(source[order], np.arange(node_link.size + 1)).astype(np.int64)
    number = np.array(network.numbers, np.int32)
    return TurnGraph(start, target[order].astype(np.int32), movement[order].astype(np.int32), node_link, number)


def _usable_movements(network: RoadNetwork, access: int) -> Ints:
    """Movements that have a connector between two lanes which the vehicle may use."""
    connectors, lane_access = network.connectors, network.lanes.access
    usable = (lane_access[connectors.from_lane] & lane_access[connectors.to_lane] & access) != 0
    return np.unique(connectors.movement[usable]).astype(np.int32)


def _without_sequences(arcs: Arcs, forbidden: tuple[tuple[int, ...], ...], node_link: Ints) -> tuple[Arcs, Ints]:
    """Arcs in which no path runs through a forbidden sequence of links.

    A node stands for the longest beginning of a forbidden sequence that has just been driven (Aho, Corasick 1975).
    """
    banned = set(forbidden)
    beginnings = {sequence[:length] for sequence in forbidden for length in range(2, len(sequence))}
    node = {beginning: node_link.size + row for row, beginning in enumerate(sorted(beginnings))}
    behind: dict[int, list[tuple[int, int]]] = {}
    for source, target, movement in arcs:
        behind.setdefault(source, []).append((target, movement))
    result: Arcs = []
    for driven in [*((link,) for link in behind), *node]:
        source = driven[0] if len(driven) == 1 else node[driven]
        for link, movement in behind.get(driven[-1], ()):
            now = (*driven, link)
            endings = [now[start:] for start in range(len(now) - 1)]
            if banned.intersection(endings):
                continue
            target = next((node[ending] for ending in endings if ending in node), link)
            result.append((source, target, movement))
    last_links = np.array([beginning[-1] for beginning in node], np.int32)
    return result, np.concatenate((node_link, last_links))


def _with_last_parts(
    source: Ints, target: Ints, movement: Ints, node_link: Ints, destination_only: NDArray[np.bool_]
) -> tuple[Ints, Ints, Ints, Ints]:
    """Double the nodes of ``destination_only`` links: as they are in the first part of a route, copies in the last."""
    restricted = destination_only[node_link]
    copy = np.full(node_link.size, -1, np.int32)
    copy[restricted] = node_link.size + np.arange(int(restricted.sum()), dtype=np.int32)
    enters = ~restricted[source] & restricted[target]
    inside = restricted[source] & restricted[target]
    return (
        np.concatenate((source, copy[source[inside]])),
        np.concatenate((np.where(enters, copy[target], target), copy[target[inside]])),
        np.concatenate((movement, movement[inside])),
        np.concatenate((node_link, node_link[restricted])),
    )
