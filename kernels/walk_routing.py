"""Find the quickest ways on foot: a tree of shortest paths from every place where walks begin, and routes along it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from .compile import kernel, parallel
from .heap import pop, push

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Floats = NDArray[np.float64]


class WalkGraph(NamedTuple):
    """Nodes joined by directed links, in compressed rows: arcs ``first_arc[n]`` up to ``first_arc[n + 1]`` leave n."""

    first_arc: Ints  # [node + 1]
    arc_from: Ints
    arc_to: Ints
    arc_link: Ints  # directed link
    arc_s: Floats


@parallel
def grow_trees(graph: WalkGraph, start_node: Ints, start_s: Floats, seconds: Floats, arc_in: Ints) -> None:
    """Shortest paths from every place to all nodes.

    Parameters
    ----------
    graph
        Where one can walk.
    start_node, start_s : [place, 2]
        Both ends of the link that a place is on, and the time to each.
    seconds, arc_in : [place, node]
        Written: time to a node (inf: no way), and the arc one comes by (-1: none, one starts there).
    """
    for place in prange(start_node.shape[0]):
        grow_tree(graph, start_node[place], start_s[place], seconds[place], arc_in[place])


@kernel
def grow_tree(graph: WalkGraph, start_node: Ints, start_s: Floats, seconds: Floats, arc_in: Ints) -> None:
    """One tree, by Dijkstra (1959); of two ways that take the same time the one by the lower node."""
    heap_s, heap_node = np.empty(graph.arc_to.size + 2), np.empty(graph.arc_to.size + 2, np.int32)
    seconds[:] = np.inf
    arc_in[:] = -1
    size = 0
    for end in range(2):
        node = start_node[end]
        if start_s[end] < seconds[node]:
            seconds[node] = start_s[end]
            size = push(heap_s, heap_node, size, start_s[end], node)
    while size > 0:
        node, at_s = heap_node[0], heap_s[0]
        size = pop(heap_s, heap_node, size)
        if at_s > seconds[node]:
            continue
        for arc in range(graph.first_arc[node], graph.first_arc[node + 1]):
            other, there_s = graph.arc_to[arc], at_s + graph.arc_s[arc]
            if there_s < seconds[other]:
                seconds[other] = there_s
                arc_in[other] = arc
                size = push(heap_s, heap_node, size, there_s, other)


@kernel
def count_links(graph: WalkGraph, arc_in: Ints, tree: Longs, end_node: Longs, count: Longs) -> None:
    """How many directed links lie between the first and the last link of every walk."""
    for walk in range(tree.size):
        node, found = end_node[walk], 0
        while arc_in[tree[walk], node] >= 0:
            node = graph.arc_from[arc_in[tree[walk], node]]
            found += 1
        count[walk] = found


@kernel
def write_links(graph: WalkGraph, arc_in: Ints, tree: Longs, end_node: Longs, last: Longs, route: Ints) -> Longs:
    """Write these links to ``route``, each walk's backwards from ``last``; the node where each walk leaves its link."""
    start_node = np.empty(tree.size, np.int64)
    for walk in range(tree.size):
        node, place = end_node[walk], last[walk]
        while arc_in[tree[walk], node] >= 0:
            arc = arc_in[tree[walk], node]
            route[place] = graph.arc_link[arc]
            node, place = graph.arc_from[arc], place - 1
        start_node[walk] = node
    return start_node
