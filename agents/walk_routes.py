"""Find the way on foot: the quickest with nobody around, with what crossing streets takes on average."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kernels import walking_tables as table
from ..scenarios.walk_network import CrossingKind
from .walkers import Walkers

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

# What people expect to wait at a crossing, s: assumptions, for the choice of the way only.
EXPECTED_WAIT_S = {CrossingKind.SIGNAL: 20.0, CrossingKind.ZEBRA: 5.0, CrossingKind.UNMARKED: 10.0}
ORIGINS_AT_ONCE = 256


class WalkRouter:
    """Ways through a walk network."""

    def __init__(self, walkers: Walkers, speed_mps: float) -> None:
        self.walkers = walkers
        network = walkers.network
        slow = walkers.walks.cell_f[0, table.SLOW, walkers.walks.first_cell[:-1:2]]
        self.link_s = network.links.length_m / (speed_mps * slow)
        waits_s = np.array([EXPECTED_WAIT_S[CrossingKind(kind)] for kind in network.crossings.kind])
        self.link_s[network.crossings.link] += waits_s
        ends = np.column_stack([network.links.from_node, network.links.to_node])
        self._pair, self._directed = _quickest_between(ends, self.link_s, len(network.nodes.id))

    def plan(self, member: int, walks: Longs) -> None:
        """Give walks their routes; those without a way get an empty one."""
        trips = self.walkers.trips
        origin, destination = trips.origin_link[walks], trips.destination_link[walks]
        begin_m, end_m = self.walkers.begin_m(walks), self.walkers.end_m(walks)
        routes: list[list[int]] = [[] for _ in walks]
        alone = origin == destination
        for row in np.flatnonzero(alone):
            routes[row] = [2 * int(origin[row]) + int(end_m[row] < begin_m[row])]
        others = np.flatnonzero(~alone)
        places, own = np.unique(np.column_stack([origin[others], begin_m[others]]), axis=0, return_inverse=True)
        for first in range(0, len(places), ORIGINS_AT_ONCE):
            chunk = places[first : first + ORIGINS_AT_ONCE]
            seconds, before = self._trees(chunk[:, 0].astype(np.int64), chunk[:, 1])
            for row in others[(own >= first) & (own < first + len(chunk))]:
                tree = int(own[np.searchsorted(others, row)]) - first
                routes[row] = self._trace(
                    seconds[tree], before[tree], int(origin[row]), int(destination[row]), float(end_m[row])
                )
        sizes = np.array([len(route) for route in routes], np.int64)
        start = np.concatenate([[0], np.cumsum(sizes)])
        flat = np.array([link for route in routes for link in route], np.int32)
        self.walkers.set_routes(member, walks, start, flat)

    def _trees(self, link: Longs, at_m: Floats) -> tuple[Floats, Ints]:
        """Time to every node from places on links, and the node before it; the places are nodes of their own."""
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import dijkstra

        links, nodes = self.walkers.network.links, len(self.walkers.network.nodes.id)
        count = nodes + link.size
        share = at_m / links.length_m[link]
        start = nodes + np.arange(link.size)
        seconds = np.concatenate([self.link_s[self._directed // 2], self.link_s[link] * share])
        seconds = np.concatenate([seconds, self.link_s[link] * (1.0 - share)]) + 1e-9  # scipy takes 0 for no edge
        one = np.concatenate([self._pair // nodes, start, start])
        other = np.concatenate([self._pair % nodes, links.from_node[link], links.to_node[link]])
        graph = csr_array((seconds, (one, other)), shape=(count, count))
        found, before = dijkstra(graph, indices=start, return_predecessors=True)
        return found, before

    def _trace(self, seconds: Floats, before: Ints, origin: int, destination: int, end_m: float) -> list[int]:
        """Directed links from the origin's link to the destination's."""
        links, nodes = self.walkers.network.links, len(self.walkers.network.nodes.id)
        share = end_m / links.length_m[destination]
        by_from = seconds[links.from_node[destination]] + self.link_s[destination] * share
        by_to = seconds[links.to_node[destination]] + self.link_s[destination] * (1.0 - share)
        if not np.isfinite(min(by_from, by_to)):
            return []
        forward = by_from <= by_to
        node = int(links.from_node[destination] if forward else links.to_node[destination])
        route = [2 * destination + int(not forward)]
        while before[node] < nodes:
            previous = int(before[node])
            route.append(int(self._directed[np.searchsorted(self._pair, previous * nodes + node)]))
            node = previous
        route.append(2 * origin + int(node == links.from_node[origin]))
        return route[::-1]


def _quickest_between(ends: Ints, link_s: Floats, nodes: int) -> tuple[Longs, Ints]:
    """Pairs of joined nodes (one times the number of nodes plus the other), and the quickest directed link of each."""
    one = np.concatenate([ends[:, 0], ends[:, 1]]).astype(np.int64)
    other = np.concatenate([ends[:, 1], ends[:, 0]]).astype(np.int64)
    directed = np.concatenate([2 * np.arange(len(ends)), 2 * np.arange(len(ends)) + 1]).astype(np.int32)
    pair = one * nodes + other
    order = np.lexsort((directed, link_s[directed // 2], pair))
    first = np.unique(pair[order], return_index=True)[1]
    return pair[order][first], directed[order][first]
