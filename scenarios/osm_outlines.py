"""Find where streets end at a junction's outline, and the centre line of each direction."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Iterable, Sequence

from .osm_chains import XY, ChainGraph, Run

SETBACK_M = 1.5  # from the corner of the crossing street to the stop line
LARGEST_TRIM_M = 16.0
LARGEST_SHARE = 0.45  # of a street's length that may be lost at one end
ONE_VEHICLE_M = 7.5  # room that a waiting vehicle takes
TWO_VEHICLES_M = 15.0
PLAIN_TRIM_M = 1.0  # where a street only changes its lanes or speed
STRAIGHT_ON_DEG = 150.0


def runs_width_m(graph: ChainGraph, runs: Iterable[Run]) -> float:
    """Width of one direction's lanes: that of its longest part."""
    best, width = -1, 0.0
    for run in runs:
        size = abs(run.last - run.first)
        if size > best:
            direction = graph.direction(run)
            best, width = size, len(direction.lane_access) * direction.lane_width_m
    return width


def width_m(graph: ChainGraph, key: int) -> float:
    """Width of a street's lanes in both directions."""
    chain = graph.chains[key]
    return runs_width_m(graph, chain.forward) + runs_width_m(graph, chain.backward)


def end_trims(graph: ChainGraph, node: int, widths: dict[int, float]) -> dict[int, float]:
    """Distance from a node to the stop line on every chain that meets there, m.

    Two streets' edges meet at ``(w2 + w1 cos φ) / sin φ`` along the first one, with half widths ``w`` and ``φ`` the
    angle between them; the stop line stands a little behind the farthest such corner.
    """
    keys = sorted(set(graph.at.get(node, ())))
    if len(keys) < 2:
        return dict.fromkeys(keys, 0.0)
    if graph.degree(node) == 2:
        return dict.fromkeys(keys, PLAIN_TRIM_M)
    courses = {key: graph.leaving(key, node) for key in keys}
    trims = {}
    for key in keys:
        farthest = 0.0
        for other in keys:
            if other == key:
                continue
            (x1, y1), (x2, y2) = courses[key], courses[other]
            cosine = max(-1.0, min(1.0, x1 * x2 + y1 * y2))
            if cosine <= math.cos(math.radians(STRAIGHT_ON_DEG)):
                continue
            sine = max(math.sqrt(1.0 - cosine * cosine), 0.2)
            farthest = max(farthest, (widths[other] + widths[key] * cosine) / 2.0 / sine)
        trims[key] = min(farthest + SETBACK_M, LARGEST_TRIM_M)
    return trims


def fit_trims(length_m: float, start_m: float, end_m: float) -> tuple[float, float]:
    """Shorten what is cut off both ends so that two vehicles fit in between, or at least one.

    A street for one vehicle passes a vehicle only when the one before has left it whole: that halves its flow.

    Examples
    --------
    >>> fit_trims(100.0, 5.0, 6.0)
    (5.0, 6.0)
    >>> start, end = fit_trims(22.0, 6.0, 6.0)
    >>> round(22.0 - start - end, 3)
    15.0
    """
    start_m, end_m = min(start_m, LARGEST_SHARE * length_m), min(end_m, LARGEST_SHARE * length_m)
    for_one = min(length_m / 4.0, length_m - ONE_VEHICLE_M)
    room = max(length_m - TWO_VEHICLES_M, for_one, 0.1 * length_m)
    total = start_m + end_m
    if total > room:
        start_m, end_m = start_m * room / total, end_m * room / total
    return start_m, end_m


def offset_line(line: Sequence[XY], offset_m: float) -> list[XY]:
    """Line beside another one, to the right of it when the offset is positive.

    Corners keep the distance to both sides up to a limit, so that hairpins do not grow spikes.
    """
    if offset_m == 0.0 or len(line) < 2:
        return list(line)
    rights = []
    for (x1, y1), (x2, y2) in itertools.pairwise(line):
        size = math.hypot(x2 - x1, y2 - y1) or 1.0
        rights.append(((y2 - y1) / size, (x1 - x2) / size))
    moved = []
    for (x, y), (ax, ay), (bx, by) in zip(line, [rights[0], *rights], [*rights, rights[-1]], strict=True):
        # The sum of two unit normals, times 2 over its square, keeps the distance to both segments.
        nx, ny = ax + bx, ay + by
        scale = 2.0 * offset_m / max(nx * nx + ny * ny, 1.0)
        moved.append((x + scale * nx, y + scale * ny))
    return moved


def clean_line(line: Sequence[XY], smallest_m: float = 0.01) -> list[XY]:
    """The line without points that repeat the one before them; at least its two ends stay."""
    kept = [line[0], *(b for a, b in itertools.pairwise(line) if math.dist(a, b) > smallest_m)]
    return kept if len(kept) >= 2 else [line[0], line[-1]]


def cut_line(line: Sequence[XY], start_m: float, end_m: float) -> list[XY]:
    """Line without its first ``start_m`` and last ``end_m`` metres."""
    along = list(itertools.accumulate((math.dist(a, b) for a, b in itertools.pairwise(line)), initial=0.0))
    first, last = start_m, along[-1] - end_m
    if last <= first:
        return list(line)
    inner = [point for point, place in zip(line, along, strict=True) if first + 0.01 < place < last - 0.01]
    return [_point_along(line, along, first), *inner, _point_along(line, along, last)]


def _point_along(line: Sequence[XY], along: Sequence[float], place: float) -> XY:
    number = min(max(bisect.bisect_right(along, place) - 1, 0), len(line) - 2)
    (x1, y1), (x2, y2) = line[number], line[number + 1]
    step = along[number + 1] - along[number]
    share = (place - along[number]) / step if step > 0.0 else 0.0
    return x1 + (x2 - x1) * share, y1 + (y2 - y1) * share


def extend_line(line: Sequence[XY], extra_m: float, *, at_end: bool) -> list[XY]:
    """Line that goes straight on at one end."""
    if not at_end:
        return extend_line(line[::-1], extra_m, at_end=True)[::-1]
    (x1, y1), (x2, y2) = line[-2:]
    size = math.hypot(x2 - x1, y2 - y1)
    if size == 0.0:  # a stub without a course: to the east
        return [*line[:-1], (x2 + extra_m, y2)]
    longer = 1.0 + extra_m / size
    return [*line[:-1], (x1 + (x2 - x1) * longer, y1 + (y2 - y1) * longer)]
