"""Find streets that cross on one level without a node: a bridge without its tag, or a node that was not shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .network import Fault
from .osm_chains import XY
from .osm_read import OsmWay
from .osm_tags import Road


def crossings_without_node(ways: Sequence[OsmWay], roads: Sequence[Road], xy: Mapping[int, XY]) -> list[Fault]:
    """List crossings that only a mapper can settle; nothing is joined there, for most are bridges.

    Returns
    -------
    list of Fault
        Of kind ``crosses_without_node``, one for each pair of ways, named by the way with the lower id.
    """
    import shapely

    points = np.array([xy[node] for way in ways for node in way.nodes])
    rows = np.repeat(np.arange(len(ways)), [len(way.nodes) for way in ways])
    lines = shapely.linestrings(points, indices=rows)
    first, second = shapely.STRtree(lines).query(lines, predicate="crosses")
    faults = []
    for a, b in zip(first.tolist(), second.tolist(), strict=True):
        if a >= b or roads[a].layer != roads[b].layer or not set(ways[a].nodes).isdisjoint(ways[b].nodes):
            continue
        place = shapely.intersection(lines[a], lines[b]).centroid
        text = f"crosses way/{ways[b].id} on the same level without a node"
        faults.append(Fault("crosses_without_node", f"way/{ways[a].id}", float(place.x), float(place.y), text))
    return sorted(faults, key=lambda fault: (fault.where, fault.text))
