"""Draw a curve for every pair of lanes through a junction and find the curves that get in each other's way."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from .movements import far_turn
from .network import Bools, Bytes, Floats, FoeKind, Ints, Turn
from .street_rows import ONCOMING_FROM_RAD, StreetRows

CURVE_POINTS = 9
CORNER_CUTS = 2  # Chaikin's corner cutting of inner paths, this many times
HANDLE = 0.4  # length of a curve's handles as part of the distance between its ends
VEHICLE_WIDTH_M = 1.8
SIDE_ROOM_M = 0.4
SHORTEST_M = 2.0
ALONG_RAD = math.radians(45.0)  # roads that join or part at less of an angle run side by side
APART_M = 30.0  # from the junction, where it shows which of them lies on which side


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Centre lines of connectors, all with ``CURVE_POINTS`` points."""

    xy: Floats  # [connector, point, 2] m
    length_m: Floats
    turned_rad: Floats  # from the first direction of travel to the last, at most π


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Connectors by the links and lanes they join. Shapes ``[connector]``, sorted as the network has them."""

    movement: Ints
    from_link: Ints
    to_link: Ints
    from_lane: Ints
    to_lane: Ints
    turn: Bytes
    speed_mps: Floats  # limit through the curve
    junction: Ints
    spare: Bools  # another lane to enter, of a movement that has one without it
    junction_start: Ints  # [junction + 1]


@dataclass(frozen=True, slots=True, eq=False)
class Conflicts:
    """Pairs of connectors that may not be used together, each pair in both orders, sorted. Shapes ``[pair]``."""

    own: Ints
    foe: Ints
    kind: Bytes  # FoeKind
    enter_m: Floats  # along the own connector, where it comes within a vehicle's width of the foe
    leave_m: Floats  # and where it is clear again


def draw_curves(
    start_xy: Floats,
    start_rad: Floats,
    end_xy: Floats,
    end_rad: Floats,
    path_xy: list[NDArray[np.float64] | None],
    left_of_path_m: Floats,
) -> Curves:
    """Draw connectors as cubic curves, or along the inner path of a merged junction where there is one.

    Parameters
    ----------
    start_xy, end_xy
        ``[connector, 2]`` m, where a lane ends and the next begins.
    start_rad, end_rad
        ``[connector]`` direction of travel there.
    path_xy
        Inner path per connector; its inner points lie where the source drew the streets' axes.
    left_of_path_m
        ``[connector, 2]`` how far left of the axes the lanes lie, at the start and at the end; negative is right.
    """
    reach = HANDLE * np.hypot(*(end_xy - start_xy).T)[:, None]
    handle_out = start_xy + reach * _unit(start_rad)
    handle_in = end_xy - reach * _unit(end_rad)
    t = np.linspace(0.0, 1.0, CURVE_POINTS)[None, :, None]
    xy = (
        (1 - t) ** 3 * start_xy[:, None]
        + 3 * (1 - t) ** 2 * t * handle_out[:, None]
        + 3 * (1 - t) * t**2 * handle_in[:, None]
        + t**3 * end_xy[:, None]
    )
    for row, path in enumerate(path_xy):
        # Round a single node the cubic is the better curve: the node is where axes meet, not where anybody drives.
        if path is not None and len(path) > 3:
            xy[row] = _along(path, start_xy[row], end_xy[row], left_of_path_m[row])
    steps = np.diff(xy, axis=1)
    length = np.hypot(steps[..., 0], steps[..., 1]).sum(axis=1)
    turned = np.abs(np.angle(np.exp(1j * (end_rad - start_rad))))
    return Curves(xy, np.maximum(length, SHORTEST_M), turned)


def _unit(angle_rad: Floats) -> Floats:
    return np.stack((np.cos(angle_rad), np.sin(angle_rad)), axis=1)


def _along(path: NDArray[np.float64], start: Floats, end: Floats, left_m: Floats) -> Floats:
    """Lead a lane beside an inner path, from the end of one street's lane to the start of another's."""
    along = _along_m(path)
    steps = np.diff(path, axis=0)
    forward = steps / np.maximum(np.hypot(steps[:, 0], steps[:, 1]), 1e-9)[:, None]
    onward = forward[:-1] + forward[1:]
    onward /= np.maximum(np.hypot(onward[:, 0], onward[:, 1]), 1e-9)[:, None]
    left = np.stack((-onward[:, 1], onward[:, 0]), axis=1)
    aside = np.interp(along[1:-1], along[[0, -1]], left_m)
    beside = np.concatenate((start[None], path[1:-1] + aside[:, None] * left, end[None]))
    for _ in range(CORNER_CUTS):
        cut = np.stack((0.75 * beside[:-1] + 0.25 * beside[1:], 0.25 * beside[:-1] + 0.75 * beside[1:]), axis=1)
        beside = np.concatenate((start[None], cut.reshape(-1, 2)[1:-1], end[None]))
    along = _along_m(beside)
    want = np.linspace(0.0, along[-1], CURVE_POINTS)
    return np.stack((np.interp(want, along, beside[:, 0]), np.interp(want, along, beside[:, 1])), axis=1)


def _along_m(line: NDArray[np.float64]) -> Floats:
    """Distance along a line to each of its points."""
    steps = np.diff(line, axis=0)
    return np.concatenate(([0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))))


def find_conflicts(rows: StreetRows, ways: Ways, curves: Curves) -> Conflicts:
    """Find the pairs of connectors of one junction that meet.

    Two connectors into one lane merge. Two connectors out of one lane are one queue and never meet. Any others cross
    where lanes of a vehicle's width plus side room overlap. Drivers who run side by side, out of one link or into
    one, or straight on towards each other, keep to their lanes, and those who turn across each other from opposite
    directions pass in front of each other: they meet only where their curves cut. Roads that join or part at an acute
    angle and keep the order of their lanes, as where a ramp brings a lane of its own, do not meet at all: at the
    junction their axes may cut, their lanes do not.
    """
    import shapely

    first, second = _pairs_within(ways.junction_start)
    apart = ways.from_lane[first] != ways.from_lane[second]
    first, second = first[apart], second[apart]
    merge = ways.to_lane[first] == ways.to_lane[second]
    low, high = curves.xy.min(axis=1), curves.xy.max(axis=1)
    width = VEHICLE_WIDTH_M + SIDE_ROOM_M
    near = np.all((low[first] <= high[second] + width) & (low[second] <= high[first] + width), axis=1)
    lines = shapely.linestrings(curves.xy)
    cross = near & ~merge
    aware = _aware_of_each_other(rows, ways, first, second)
    wide, cut = cross & ~aware, cross & aware
    cross[wide] = shapely.dwithin(lines[first[wide]], lines[second[wide]], width)
    cross[cut] = shapely.intersects(lines[first[cut]], lines[second[cut]])
    cross &= ~_keep_their_order(rows, ways, curves, first, second)
    meet = merge | cross
    first, second, merge = first[meet], second[meet], merge[meet]
    own = np.concatenate((first, second))
    foe = np.concatenate((second, first))
    kind = np.where(np.concatenate((merge, merge)), FoeKind.MERGE, FoeKind.CROSS).astype(np.int8)
    order = np.lexsort((foe, own))
    own, foe, kind = own[order], foe[order], kind[order]
    enter, leave = _zones(curves, lines, own, foe, width)
    return Conflicts(own.astype(np.int32), foe.astype(np.int32), kind, enter, leave)


def drop_spare(ways: Ways, curves: Curves, conflicts: Conflicts) -> tuple[Ways, Curves, Conflicts]:
    """Leave out spare connectors straight on that would cut streams straight on of other roads."""
    own, foe = conflicts.own, conflicts.foe
    straight = ways.turn == Turn.STRAIGHT
    cuts = (conflicts.kind == FoeKind.CROSS) & straight[own] & straight[foe]
    cuts &= ways.spare[own] & (ways.from_link[own] != ways.from_link[foe])
    keep = np.ones(ways.movement.size, dtype=bool)
    keep[own[cuts]] = False
    row = (np.cumsum(keep) - 1).astype(np.int32)
    start = np.concatenate(([0], np.cumsum(keep)))[ways.junction_start].astype(np.int32)
    columns = {f.name: getattr(ways, f.name)[keep] for f in fields(Ways) if f.name != "junction_start"}
    stay = keep[own] & keep[foe]
    return (
        Ways(**columns, junction_start=start),
        Curves(curves.xy[keep], curves.length_m[keep], curves.turned_rad[keep]),
        Conflicts(
            row[own[stay]], row[foe[stay]], conflicts.kind[stay], conflicts.enter_m[stay], conflicts.leave_m[stay]
        ),
    )


def mirrored(conflicts: Conflicts) -> NDArray[np.int64]:
    """For each pair, the row in which its foe is the owner."""
    return np.lexsort((conflicts.own, conflicts.foe))


def _aware_of_each_other(rows: StreetRows, ways: Ways, first: NDArray[np.int64], second: NDArray[np.int64]) -> Bools:
    """Pairs that run side by side or towards each other, or turn in front of each other from opposite directions."""
    side_by_side = (ways.from_link[first] == ways.from_link[second]) | (ways.to_link[first] == ways.to_link[second])
    heading = rows.heading_in[ways.from_link]
    opposite = np.abs(np.angle(np.exp(1j * (heading[first] - heading[second])))) >= ONCOMING_FROM_RAD
    across = ways.turn == far_turn(rows.drives_on_left)
    straight = ways.turn == Turn.STRAIGHT
    alike = (across[first] & across[second]) | (straight[first] & straight[second])
    aware: Bools = side_by_side | (opposite & alike)
    return aware


def _keep_their_order(
    rows: StreetRows, ways: Ways, curves: Curves, first: NDArray[np.int64], second: NDArray[np.int64]
) -> Bools:
    """Pairs into one link, or out of one, at acute angles to it: who is further left has the lane further left.

    Which road is further left is looked up away from the junction.
    """
    left = -1.0 if rows.drives_on_left else 1.0  # in which direction the numbers of lanes grow
    heading_in, heading_out = rows.heading_in[ways.from_link], rows.heading_out[ways.to_link]
    acute = np.abs(np.angle(np.exp(1j * (heading_out - heading_in)))) < ALONG_RAD
    joins = (ways.to_link[first] == ways.to_link[second]) & (ways.from_link[first] != ways.from_link[second])
    parts = (ways.from_link[first] == ways.from_link[second]) & (ways.to_link[first] != ways.to_link[second])
    before = curves.xy[:, 0] - APART_M * _unit(heading_in)
    beyond = curves.xy[:, -1] + APART_M * _unit(heading_out)
    found = np.zeros(first.size, dtype=bool)
    for pairs, place, common, lane in (
        (joins, before, heading_out, ways.to_lane),
        (parts, beyond, heading_in, ways.from_lane),
    ):
        one, two = first[pairs], second[pairs]
        ahead, aside = _unit(common[one]), place[one] - place[two]
        further_left = left * (ahead[:, 0] * aside[:, 1] - ahead[:, 1] * aside[:, 0])
        found[pairs] = acute[one] & acute[two] & (further_left * (lane[one] - lane[two]) > 0.0)
    return found


def _pairs_within(junction_start: Ints) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of connectors of the same junction."""
    sizes = np.diff(junction_start)
    triangle = {int(size): np.triu_indices(size, 1) for size in np.unique(sizes)}
    firsts = [triangle[int(size)][0] + start for start, size in zip(junction_start[:-1], sizes, strict=True)]
    seconds = [triangle[int(size)][1] + start for start, size in zip(junction_start[:-1], sizes, strict=True)]
    if not firsts:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(firsts).astype(np.int64), np.concatenate(seconds).astype(np.int64)


def _zones(
    curves: Curves, lines: NDArray[np.object_], own: NDArray[np.int64], foe: NDArray[np.int64], width_m: float
) -> tuple[Floats, Floats]:
    """Part of each connector that lies within ``width_m`` of its foe, to the nearest point of its curve."""
    import shapely

    if own.size == 0:
        return np.zeros(0), np.zeros(0)
    inside = shapely.distance(shapely.points(curves.xy)[own], lines[foe][:, None]) <= width_m
    steps = np.diff(curves.xy, axis=1)
    along = np.concatenate(
        (np.zeros((len(steps), 1)), np.cumsum(np.hypot(steps[..., 0], steps[..., 1]), axis=1)), axis=1
    )
    along = along[own]
    # One point of tolerance on both sides: the true edge lies between two points.
    first = np.where(inside.any(axis=1), np.maximum(inside.argmax(axis=1) - 1, 0), 0)
    last = np.where(inside.any(axis=1), np.minimum(CURVE_POINTS - inside[:, ::-1].argmax(axis=1), CURVE_POINTS - 1), -1)
    rows = np.arange(own.size)
    return along[rows, first], along[rows, last]
