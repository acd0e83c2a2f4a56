"""Find the way on foot: the quickest with nobody around, with what crossing streets takes on average."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..kernels import walking_tables as table
from ..kernels.walk_routing import WalkGraph, count_links, grow_trees, write_links
from ..scenarios.walk_network import CrossingKind
from .walkers import Walkers

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]

# What people expect to wait at a crossing, s: assumptions, for the choice of the way only.
EXPECTED_WAIT_S = {CrossingKind.SIGNAL: 20.0, CrossingKind.ZEBRA: 5.0, CrossingKind.UNMARKED: 10.0}
TREES_AT_ONCE = 256


class WalkRouter:
    """Ways through a walk network."""

    def __init__(self, walkers: Walkers, speed_mps: float) -> None:
        self.walkers = walkers
        network = walkers.network
        slow = walkers.walks.cell_f[0, table.SLOW, walkers.walks.first_cell[:-1:2]]
        self.link_s = network.links.length_m / (speed_mps * slow)
        waits_s = np.array([EXPECTED_WAIT_S[CrossingKind(kind)] for kind in network.crossings.kind])
        self.link_s[network.crossings.link] += waits_s
        self.cost_s = self.link_s  # as people feel it, for the choice of the way
        self.length_m = network.links.length_m
        self.ends = np.column_stack([network.links.from_node, network.links.to_node])
        self._graph = self._join()

    def _join(self) -> WalkGraph:
        """Both directions of all links, by the node they leave."""
        links, nodes = self.walkers.network.links, len(self.walkers.network.nodes.id)
        one = np.column_stack([links.from_node, links.to_node]).ravel()
        other = np.column_stack([links.to_node, links.from_node]).ravel()
        order = np.argsort(one, kind="stable").astype(np.int32)
        first = np.concatenate([[0], np.cumsum(np.bincount(one, minlength=nodes))]).astype(np.int32)
        return WalkGraph(first, one[order], other[order], order, self.link_s[order // 2])

    def avoid(self, closed: Bools, felt: Floats | None = None) -> None:
        """Plan no more ways over closed links (``[link]``), and take others as so many times longer than they are."""
        self.cost_s = self.link_s if felt is None else self.link_s * felt
        self._graph = self._without(closed)

    def _without(self, closed: Bools) -> WalkGraph:
        arc_link = self._graph.arc_link
        return self._graph._replace(arc_s=np.where(closed[arc_link // 2], np.inf, self.cost_s[arc_link // 2]))

    def plan(self, member: int, walks: Longs) -> None:
        """Give walks their routes; those without a way get an empty one."""
        trips = self.walkers.trips
        origin, destination = trips.origin_link[walks], trips.destination_link[walks]
        begin_m, end_m = self.walkers.begin_m(walks), self.walkers.end_m(walks)
        alone = origin == destination
        sizes = alone.astype(np.int64)
        pieces: list[tuple[Longs, Ints]] = [(np.flatnonzero(alone), (2 * origin + (end_m < begin_m))[alone])]
        others = np.flatnonzero(~alone)
        places, own = np.unique(np.column_stack([origin[others], begin_m[others]]), axis=0, return_inverse=True)
        for first in range(0, len(places), TREES_AT_ONCE):
            chunk = places[first : first + TREES_AT_ONCE]
            rows = others[(own >= first) & (own < first + len(chunk))]
            tree = own[(own >= first) & (own < first + len(chunk))].astype(np.int64) - first
            sizes[rows], route = self._routes(chunk, tree, destination[rows], end_m[rows])
            pieces.append((rows, route))
        start = np.concatenate([[0], np.cumsum(sizes)])
        flat = np.zeros(start[-1], np.int32)
        for rows, route in pieces:
            place = np.repeat(start[rows] - np.cumsum(sizes[rows]) + sizes[rows], sizes[rows]) + np.arange(route.size)
            flat[place] = route
        self.walkers.set_routes(member, walks, start, flat)

    def _routes(self, places: Floats, tree: Longs, destination: Ints, end_m: Floats) -> tuple[Longs, Ints]:
        """Sizes of routes, and their directed links one after the other.

        ``places`` are origins (link, m along it), one for each tree; the others say of each walk in which tree it
        begins and where it ends.
        """
        return self.read(places, self.grow(places), tree, destination, end_m)

    def grow(self, places: Floats) -> tuple[Floats, Ints]:
        """Quickest ways from places (link, m along it) to all nodes: time, s, and last arc, ``[place, node]`` each."""
        nodes = len(self.walkers.network.nodes.id)
        origin, begin_m = places[:, 0].astype(np.int64), places[:, 1]
        seconds, arc_in = np.empty((len(places), nodes)), np.empty((len(places), nodes), np.int32)
        grow_trees(self._graph, self.ends[origin], self.to_ends(origin, begin_m), seconds, arc_in)
        return seconds, arc_in

    def read(
        self, places: Floats, grown: tuple[Floats, Ints], tree: Longs, destination: Ints, end_m: Floats
    ) -> tuple[Longs, Ints]:
        """Ways in trees that have grown, as ``_routes`` gives them; none leads to a place on its own first link."""
        links, ends = self.walkers.network.links, self.ends
        seconds, arc_in = grown
        origin = places[:, 0].astype(np.int64)
        there_s = seconds[tree[:, np.newaxis], ends[destination]] + self.to_ends(destination, end_m)
        end = there_s.argmin(axis=1)
        end_node = ends[destination, end].astype(np.int64)
        between = np.zeros(tree.size, np.int64)
        count_links(self._graph, arc_in, tree, end_node, between)
        sizes = np.where(np.isfinite(there_s.min(axis=1)), between + 2, 0)
        last = np.cumsum(sizes) - 1
        known = np.flatnonzero(sizes)
        route = np.zeros(sizes.sum(), np.int32)
        left_at = write_links(self._graph, arc_in, tree[known], end_node[known], last[known] - 1, route)
        route[last[known]] = 2 * destination[known] + end[known]
        first = origin[tree[known]]
        route[last[known] - sizes[known] + 1] = 2 * first + (left_at == links.from_node[first])
        return sizes, route

    def detours(self, walks: Longs, here: Ints, closed: Bools) -> tuple[Longs, Ints]:
        """Routes of people under way from the directed links that they are on, round closed links.

        Parameters
        ----------
        walks
            Rows, ``[n]``.
        here
            Directed link of each.
        closed
            Links that nobody may walk on (``[link]``).

        Returns
        -------
        start, link
            Route ``i`` is ``link[start[i]:start[i + 1]]``; an empty one means that there is no way.
        """
        graph, destination = self._without(closed), self.walkers.trips.destination_link[walks]
        tree, seconds, arc_in = self._from_ends(graph, here)
        ends = self.ends[destination]
        there_s = seconds[tree[:, np.newaxis], ends] + self.to_ends(destination, self.walkers.end_m(walks))
        there_s[closed[destination]] = np.inf
        end = there_s.argmin(axis=1)
        end_node, between = ends[np.arange(end.size), end].astype(np.int64), np.zeros(end.size, np.int64)
        count_links(graph, arc_in, tree, end_node, between)
        start = np.concatenate([[0], np.cumsum(np.where(np.isfinite(there_s.min(axis=1)), between + 2, 0))])
        known = np.flatnonzero(np.diff(start))
        route = np.zeros(start[-1], np.int32)
        write_links(graph, arc_in, tree[known], end_node[known], start[known + 1] - 2, route)
        route[start[known]] = here[known]
        route[start[known + 1] - 1] = 2 * destination[known] + end[known]
        return start, route

    def _from_ends(self, graph: WalkGraph, here: Ints) -> tuple[Longs, Floats, Ints]:
        """Quickest ways from the ends of directed links: the tree of each, and time, s, and last arc of all trees."""
        links = self.walkers.network.links
        leads_to = np.where(here % 2 == 1, links.from_node[here // 2], links.to_node[here // 2])
        node, tree = np.unique(leads_to, return_inverse=True)
        shape = node.size, len(self.walkers.network.nodes.id)
        seconds, arc_in = np.empty(shape), np.empty(shape, np.int32)
        at_once = np.tile([0.0, np.inf], (node.size, 1))
        grow_trees(graph, np.column_stack([node, node]).astype(np.int32), at_once, seconds, arc_in)
        return tree.astype(np.int64), seconds, arc_in

    def seconds_from(self, here: Ints, walks: Longs, closed: Bools) -> Floats:
        """Time from the ends of directed links to where walks end, over no closed link, ``[here, walk]`` s; or inf."""
        tree, seconds, _ = self._from_ends(self._without(closed), here)
        destination = self.walkers.trips.destination_link[walks]
        there_s = seconds[:, self.ends[destination]] + self.to_ends(destination, self.walkers.end_m(walks))
        there_s[:, closed[destination]] = np.inf
        return np.asarray(there_s.min(axis=2)[tree])

    def to_ends(self, link: Longs | Ints, at_m: Floats) -> Floats:
        """Time from places on links to the first and the last node of each, s."""
        share = at_m / self.length_m[link]
        return np.column_stack([self.cost_s[link] * share, self.cost_s[link] * (1.0 - share)])
