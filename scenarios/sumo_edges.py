"""Tell of the edges of a SUMO net what the file does not say in so many words: twins, gates, classes, centre lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from .network import ROAD_CLASSES, Floats, Ints, Movements
from .sumo_net_file import EdgeRow

MOTORWAY_FROM_MPS = 27.0  # of an edge that does not say what it is


def twins(edges: Sequence[EdgeRow], from_junction: Ints, to_junction: Ints) -> Ints:
    """Opposite direction of each edge: the one named so (``-12`` of ``12``), else the only one the other way."""
    twin = np.full(len(edges), -1, np.int32)
    between: dict[tuple[int, int], list[int]] = {}
    for row, ends in enumerate(zip(from_junction.tolist(), to_junction.tolist(), strict=True)):
        between.setdefault(ends, []).append(row)
    for (start, end), there in between.items():
        back = between.get((end, start), [])
        if start >= end or not back:
            continue
        named = {edges[row].id: row for row in back}
        for row in there:
            other = named.get(edges[row].id[1:] if edges[row].id.startswith("-") else f"-{edges[row].id}")
            if other is not None:
                twin[row], twin[other] = other, row
        alone = [row for row in there if twin[row] < 0], [row for row in back if twin[row] < 0]
        if len(alone[0]) == len(alone[1]) == 1:
            (one,), (other,) = alone
            twin[one], twin[other] = other, one
    return twin


def gates(count: int, from_junction: Ints, to_junction: Ints, movements: Movements) -> tuple[str, ...]:
    """Where the net is cut: junctions at which edges end or begin and nobody drives on or turns back."""
    passed = np.zeros(count, bool)
    passed[movements.junction] = True
    ends, begins = np.zeros(count, bool), np.zeros(count, bool)
    ends[to_junction], begins[from_junction] = True, True
    names = {(True, True): "both", (True, False): "exit", (False, True): "entry", (False, False): ""}
    return tuple("" if passed[row] else names[bool(ends[row]), bool(begins[row])] for row in range(count))


def road_class(edge: EdgeRow) -> tuple[str, bool]:
    """Our class of an edge, and whether it was assumed: of OpenStreetMap's, where its type names one."""
    for part in re.split(r"[|.]", edge.node.get("type")):
        if part in ROAD_CLASSES:
            return part, False
    fast = max(lane.speed_mps for lane in edge.lanes) >= MOTORWAY_FROM_MPS
    return ("motorway" if fast else "unclassified"), True


def centre_line(edge: EdgeRow) -> Floats:
    """Middle of the lanes; of the middle lane where the lanes are drawn with different numbers of points."""
    shapes = [lane.shape_xy for lane in edge.lanes]
    if len({len(shape) for shape in shapes}) == 1:
        middle: Floats = np.mean(shapes, axis=0)
        return middle
    return shapes[len(shapes) // 2]
