"""Find where streets are cut at the edge of an extract: vehicles enter and leave the city there."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from .network import ROAD_CLASSES
from .osm_chains import XY, ChainGraph

EDGE_M = 40.0
MAIN_RANK = ROAD_CLASSES["tertiary"]  # roads from here up do not end in nothing, but for stubs
STUB_M = 40.0


def find_gates(
    graph: ChainGraph, cut_nodes: Collection[int], corners_xy: Collection[XY], all_xy: Mapping[int, XY]
) -> dict[int, str]:
    """Node → "entry", "exit" or "both" for every street end that is a cut, not a dead end.

    A one-way street that ends is a cut by itself. A two-way one is where the source says that it goes on, near the
    outline of the extract (``corners_xy`` of its bounding box, or the hull of all nodes), or when it is a main road.
    """
    ends = sorted(node for node in graph.at if graph.degree(node) == 1 and node not in graph.alias)
    near = _near_edge([graph.xy[node] for node in ends], corners_xy, all_xy)
    gates = {}
    for node, at_edge in zip(ends, near, strict=True):
        chain = graph.chains[graph.at[node][0]]
        if chain.oneway:
            gates[node] = "exit" if bool(chain.forward) == (chain.v == node) else "entry"
            continue
        run = chain.forward[-1] if chain.v == node else chain.forward[0]
        rank = ROAD_CLASSES[graph.roads[run.way].road_class]
        main = rank >= MAIN_RANK and graph.length_m(graph.at[node][0]) >= STUB_M
        if node in cut_nodes or at_edge or main:
            gates[node] = "both"
    return gates


def _near_edge(points: list[XY], corners_xy: Collection[XY], all_xy: Mapping[int, XY]) -> list[bool]:
    if not points:
        return []
    import shapely

    outlines = [shapely.multipoints(np.array(list(all_xy.values()))).convex_hull.boundary]
    if corners_xy:
        outlines.append(shapely.Polygon(list(corners_xy)).boundary)
    places = shapely.points(np.asarray(points))
    distance_m = np.minimum.reduce([shapely.distance(places, outline) for outline in outlines])
    return [bool(distance <= EDGE_M) for distance in distance_m]
