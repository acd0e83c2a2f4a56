"""Find where streets end at a junction's outline, and the centre line of each direction."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from .osm_chains import ChainGraph, Run

SETBACK_M = 1.5  # from the corner of the crossing street to the stop line
LARGEST_TRIM_M = 16.0
LARGEST_SHARE = 0.45  # of a street's length that may be lost at one end
SHORTEST_STREET_M = 7.5  # room for one waiting vehicle
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
    """Shorten what is cut off both ends so that a vehicle fits in between.

    Examples
    --------
    >>> fit_trims(100.0, 5.0, 6.0)
    (5.0, 6.0)
    >>> start, end = fit_trims(12.0, 5.0, 5.0)
    >>> round(12.0 - start - end, 3)
    7.5
    """
    start_m, end_m = min(start_m, LARGEST_SHARE * length_m), min(end_m, LARGEST_SHARE * length_m)
    room = max(length_m - SHORTEST_STREET_M, 0.1 * length_m)
    total = start_m + end_m
    if total > room:
        start_m, end_m = start_m * room / total, end_m * room / total
    return start_m, end_m


def offset_line(points: NDArray[np.float64], offset_m: float) -> NDArray[np.float64]:
    """Line beside another one, to the right of it when the offset is positive.

    Corners keep the distance to both sides up to a limit, so that hairpins do not grow spikes.
    """
    if offset_m == 0.0 or len(points) < 2:
        return points
    steps = np.diff(points, axis=0)
    sizes = np.hypot(steps[:, 0], steps[:, 1])
    right = np.column_stack((steps[:, 1], -steps[:, 0])) / sizes[:, None]
    normals = np.vstack((right[:1], right[:-1] + right[1:], right[-1:]))
    if len(points) > 2:
        inner = normals[1:-1]
        square = np.einsum("ij,ij->i", inner, inner)  # |n1 + n2|² = 2 + 2 cos of the bend
        # n1 + n2 scaled by 2 / |n1 + n2|² keeps the distance to both segments.
        inner *= (2.0 / np.maximum(square, 1.0))[:, None]
    return points + offset_m * normals


def clean_line(points: NDArray[np.float64], smallest_m: float = 0.01) -> NDArray[np.float64]:
    """The line without points that repeat the one before them; at least its two ends stay."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    keep = np.concatenate(([True], steps > smallest_m))
    if keep.all():
        return points
    kept = points[keep]
    return kept if len(kept) >= 2 else points[[0, -1]]


def cut_line(points: NDArray[np.float64], start_m: float, end_m: float) -> NDArray[np.float64]:
    """Line without its first ``start_m`` and last ``end_m`` metres."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate(([0.0], np.cumsum(steps)))
    first, last = start_m, along[-1] - end_m
    if last <= first:
        return points
    inner = points[(along > first + 0.01) & (along < last - 0.01)]
    ends = np.column_stack([np.interp((first, last), along, points[:, axis]) for axis in (0, 1)])
    return np.vstack((ends[:1], inner, ends[1:]))


def extend_line(points: NDArray[np.float64], extra_m: float, *, at_end: bool) -> NDArray[np.float64]:
    """Line that goes straight on at one end."""
    if not at_end:
        return extend_line(points[::-1], extra_m, at_end=True)[::-1]
    course = points[-1] - points[-2]
    return np.vstack((points[:-1], points[-1] + course * (extra_m / np.hypot(*course))))
