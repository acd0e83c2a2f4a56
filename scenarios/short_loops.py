"""Find closed loops of short lanes, where a few vehicles that all want to go on round a loop can lock it."""

from __future__ import annotations

from itertools import islice

import numpy as np

from .network import Ints, RoadNetwork

SHORT_M = 45.0  # six cars fit on a lane
MOST_LANES = 12  # of a loop; longer ones hold so many cars that others turn off before they fill
MOST_LOOPS = 64  # of one knot


def find_short_loops(network: RoadNetwork) -> tuple[Ints, list[list[int]]]:
    """Knots and loops of the lanes of links that are short or part of a roundabout.

    A knot is a strongly connected part of the graph of these lanes and the connectors between them: a roundabout, an
    island, a wide median. Its loops are the ways round in it; in a figure of eight there are two.

    Returns
    -------
    knot : [lane]
        Knot that each lane belongs to, -1: none.
    loops
        Lanes of each loop, in the order of driving.
    """
    links, lanes, connectors = network.links, network.lanes, network.connectors
    short = (links.roundabout | (links.length_m < SHORT_M))[lanes.link]
    inside = short[connectors.from_lane] & short[connectors.to_lane]
    knot = np.full(network.lane_count, -1, np.int32)
    loops: list[list[int]] = []
    if not inside.any():
        return knot, loops
    import networkx as nx

    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_edges_from(zip(connectors.from_lane[inside].tolist(), connectors.to_lane[inside].tolist(), strict=True))
    parts = sorted(sorted(part) for part in nx.strongly_connected_components(graph) if len(part) > 1)
    for number, part in enumerate(parts):
        knot[part] = number
        found = nx.simple_cycles(graph.subgraph(part), length_bound=MOST_LANES)
        loops += sorted(_from_lowest(loop) for loop in islice(found, MOST_LOOPS))
    return knot, loops


def _from_lowest(loop: list[int]) -> list[int]:
    first = loop.index(min(loop))
    return loop[first:] + loop[:first]
