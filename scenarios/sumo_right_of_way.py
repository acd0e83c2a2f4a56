"""Turn the requests of SUMO's junctions into conflicts and right of way between connectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .conflicts import SIDE_ROOM_M, VEHICLE_WIDTH_M
from .network import Bytes, Control, Floats, FoeKind, Ints, Light
from .sumo_net_file import ConnectionRow, JunctionRow, NetRows
from .sumo_signals import LETTERS

CONTROLS = {
    "right_before_left": Control.RIGHT_BEFORE_LEFT,
    "left_before_right": Control.RIGHT_BEFORE_LEFT,  # as Control counts it where traffic drives on the left
    "allway_stop": Control.ALL_WAY_STOP,
}
STOP_SIGNS = ("s", "w")  # states of a connection: stop sign, all-way stop
SAMPLES = 17  # places along a connector at which it is compared with its foes
DEEPEST = 7  # levels of giving way that are told apart in the order of service


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Conflicts of one junction's connectors, counted within the junction."""

    foes: tuple[tuple[int, int], ...]  # each pair once, from different lanes
    yields: frozenset[tuple[int, int]]  # (a, b): a gives way to b
    control: Control
    stop: tuple[bool, ...]  # [connector]


def request_rows(rows: NetRows, junction: JunctionRow, connections: Sequence[ConnectionRow]) -> list[int]:
    """Which request of a junction each of its connections has; -1 where the file says nothing of it.

    A connection's inner lane (behind the place where it waits inside, if there is one) stands in the junction's
    ``intLanes`` at that row. A net without inner lanes lists connections lane by lane, as ``incLanes`` orders them.
    """
    place = {lane: row for row, lane in enumerate(junction.inner_lanes)}
    in_lane = {lane: row for row, lane in enumerate(junction.in_lanes)}
    order = sorted(
        range(len(connections)),
        key=lambda i: (in_lane.get(f"{connections[i].from_edge}_{connections[i].from_lane}", len(in_lane)), i),
    )
    listed = {i: row for row, i in enumerate(order)}
    found = []
    for i, connection in enumerate(connections):
        row = -1
        via = connection.via
        while via and row < 0:
            row = place.get(via, -1)
            via = rows.onward.get(via, "")
        if not connection.via:
            row = listed[i]
        found.append(row if row in junction.requests else -1)
    return found


def read_conflicts(
    rows: NetRows, junction: JunctionRow, connections: Sequence[ConnectionRow]
) -> tuple[Conflicts, Counter[str]]:
    """Conflicts and right of way of the connectors of one junction, and what is not expressed, in words."""
    left_out: Counter[str] = Counter()
    request = request_rows(rows, junction, connections)
    of_request = {row: i for i, row in enumerate(request) if row >= 0}
    pairs: set[tuple[int, int]] = set()
    yields: set[tuple[int, int]] = set()
    for i, row in enumerate(request):
        if row < 0:
            if junction.requests:
                left_out["connections without a request of their own: they meet others only where lanes join"] += 1
            continue
        wish = junction.requests[row]
        left_out["connections that wait inside their junction: they wait at the stop line"] += wish.waits_inside
        for other, j in of_request.items():
            apart = i != j and _lane(connections[i]) != _lane(connections[j])
            if apart and ((wish.foes | wish.response) >> other) & 1:
                pairs.add((min(i, j), max(i, j)))
            if apart and (wish.response >> other) & 1:
                yields.add((i, j))
    _add_merges(connections, pairs, left_out)
    control = CONTROLS.get(junction.kind, Control.PRIORITY)
    if control is not Control.ALL_WAY_STOP:
        mutual = {(i, j) for i, j in yields if (j, i) in yields}
        yields -= mutual
        left_out["pairs of connections that give way to each other: they go in order of arrival"] += sum(
            i < j and _drive_together(rows, connections[i], connections[j]) for i, j in mutual
        )
    if not any(connections[i].from_edge != connections[j].from_edge for i, j in pairs):
        control = Control.FREE
    stop = tuple(connection.state in STOP_SIGNS for connection in connections)
    return Conflicts(tuple(sorted(pairs)), frozenset(yields), control, stop), +left_out


def _lane(connection: ConnectionRow) -> tuple[str, int]:
    return connection.from_edge, connection.from_lane


def _drive_together(rows: NetRows, one: ConnectionRow, other: ConnectionRow) -> bool:
    """Whether two connections are ever green at once; without a common signal there is nothing to keep them apart."""
    programme = rows.programmes.get(one.signal)
    if programme is None or one.signal != other.signal or min(one.signal_column, other.signal_column) < 0:
        return True
    shown = [(phase.state[one.signal_column], phase.state[other.signal_column]) for phase in programme.phases]
    return any(LETTERS[a] >= Light.GREEN_YIELD and LETTERS[b] >= Light.GREEN_YIELD for a, b in shown)


def _add_merges(connections: Sequence[ConnectionRow], pairs: set[tuple[int, int]], left_out: Counter[str]) -> None:
    """Add what SUMO leaves to the vehicles: two connections into one lane meet in it."""
    into: dict[tuple[str, int], list[int]] = {}
    for i, connection in enumerate(connections):
        into.setdefault((connection.to_edge, connection.to_lane), []).append(i)
    for joining in into.values():
        for place, i in enumerate(joining):
            for j in joining[place + 1 :]:
                if _lane(connections[i]) != _lane(connections[j]) and (i, j) not in pairs:
                    pairs.add((i, j))
                    left_out["merges without right of way in the file: they go in order of arrival"] += 1


def service_order(count: int, yields: frozenset[tuple[int, int]] | set[tuple[int, int]]) -> list[int]:
    """Rank of each connector in the order of service, higher first: whoever gives way comes after those it waits for.

    Where everybody gives way in a circle, all in it have the lowest rank.
    """
    depth = [0] * count
    for _ in range(DEEPEST):
        for i, j in yields:
            depth[i] = max(depth[i], min(depth[j] + 1, DEEPEST))
    return [DEEPEST - level for level in depth]


def in_the_way_along_foe(
    shapes: Sequence[Floats], length_m: Floats, foe_start: Ints, foe: Ints, kind: Bytes
) -> tuple[Floats, Floats]:
    """Where along each foe it begins to get in the owner's way and where it no longer does, ``[foe]`` m.

    That is where a vehicle's width does not fit between the two curves; a merge lasts to the end, and a conflict that
    the file names though the curves keep apart from the beginning to the end.
    """
    import shapely

    if not foe.size:
        return np.zeros(0), np.zeros(0)
    lines = shapely.linestrings([point for shape in shapes for point in shape], indices=_owners(shapes))
    share = np.linspace(0.0, 1.0, SAMPLES)
    points = shapely.line_interpolate_point(lines[:, None], share[None, :], normalized=True)
    own = np.repeat(np.arange(len(shapes)), np.diff(foe_start))
    inside = shapely.distance(points[foe], lines[own][:, None]) <= VEHICLE_WIDTH_M + SIDE_ROOM_M
    meet = inside.any(axis=1)
    first = np.where(meet, np.maximum(inside.argmax(axis=1) - 1, 0), 0)  # the sample before the first one inside
    last = SAMPLES - inside[:, ::-1].argmax(axis=1)  # the sample behind the last one inside
    last = np.where(meet & (kind == FoeKind.CROSS), np.minimum(last, SAMPLES - 1), SAMPLES - 1)
    return share[first] * length_m[foe], share[last] * length_m[foe]


def _owners(shapes: Sequence[Floats]) -> Ints:
    return np.repeat(np.arange(len(shapes)), [len(shape) for shape in shapes]).astype(np.int32)
