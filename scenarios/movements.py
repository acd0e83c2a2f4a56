"""Find the turns that exist at every junction and the lanes that make them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from .network import Turn
from .street_rows import StreetRows, wrap

STRAIGHT_WITHIN_RAD = math.radians(35.0)
UTURN_BEYOND_RAD = math.radians(155.0)
ISLAND_M = 60.0  # a street that splits and joins again within this length is one street
SHARED_LANE_FROM = 0.1  # part of a lane's width that an exit must cover to be served from that lane too

# Arrows of turn:lanes from left to right, with the turn they mean in degrees to the left.
ARROWS = {
    "sharp_left": 135.0,
    "left": 90.0,
    "slight_left": 40.0,
    "merge_to_left": 0.0,
    "through": 0.0,
    "merge_to_right": 0.0,
    "slight_right": -40.0,
    "right": -90.0,
    "sharp_right": -135.0,
}


@dataclass(frozen=True, slots=True)
class Exit:
    """One way out of a link at its junction."""

    to_link: int
    turn: Turn
    angle_rad: float  # to the left of straight on
    path_xy: NDArray[np.float64] | None  # inside a merged cluster


@dataclass(frozen=True, slots=True)
class MovementDraft:
    """A turn from link to link with its lanes, counted within their links from the kerb."""

    from_link: int
    to_link: int
    turn: Turn
    lanes: tuple[tuple[int, int], ...]
    spare: frozenset[tuple[int, int]]  # those of the lanes that the movement could do without
    path_xy: NDArray[np.float64] | None


def draft_movements(rows: StreetRows) -> list[MovementDraft]:
    """List every movement of a city, sorted by link left, then link entered."""
    found: list[tuple[int, Exit, list[int]]] = []
    for link in range(len(rows.streets)):
        exits = list_exits(rows, link)
        found += [(link, way_out, lanes) for way_out, lanes in zip(exits, assign_lanes(rows, link, exits), strict=True)]
    goals = _first_goals(rows, found)
    pairs = [
        _join_lanes(rows, link, way_out, lanes, goals.get((link, way_out.to_link), 0)) for link, way_out, lanes in found
    ]
    spare = _feed_every_lane(rows, found, pairs)
    drafts = [
        MovementDraft(link, way_out.to_link, way_out.turn, tuple(sorted({*joined, *more})), more, way_out.path_xy)
        for (link, way_out, _), joined, more in zip(found, pairs, spare, strict=True)
        if joined
    ]
    return sorted(drafts, key=lambda draft: (draft.from_link, draft.to_link))


def list_exits(rows: StreetRows, link: int) -> list[Exit]:
    """List the turns a driver may make at the end of a link, from the kerb side to the far side, U-turns last."""
    junction = rows.junctions[rows.to_junction[link]]
    twin = int(rows.twin[link])
    own_id = rows.streets[link].id
    exits: list[Exit] = []
    back: list[Exit] = []
    round_island: list[Exit] = []
    for to_link in rows.links_out[rows.to_junction[link]]:
        pair = (own_id, rows.streets[to_link].id)
        path = None if junction.inner_paths is None else junction.inner_paths.get(pair)
        angle = wrap(float(rows.heading_out[to_link] - rows.heading_in[link]))
        if to_link == twin:
            back.append(Exit(to_link, Turn.UTURN, angle, path))
        elif pair in junction.banned or (junction.inner_paths is not None and path is None):
            continue
        elif _rounds_an_island(rows, link, to_link):
            round_island.append(Exit(to_link, Turn.UTURN, angle, path))
        elif rows.motor_lanes[to_link]:
            exits.append(Exit(to_link, _turn(angle), angle, path))
    # A car that finds no other way turns round, but never at the edge of an extract, where the street goes on.
    must_turn_back = not any(rows.car_lanes[way_out.to_link] for way_out in exits) and not junction.gate
    if must_turn_back:
        exits.extend(round_island or back)
    elif _has_arrow(rows, link, "reverse"):
        exits.extend(e for e in back if (own_id, rows.streets[e.to_link].id) not in junction.banned)
    near_side = 1.0 if rows.drives_on_left else -1.0  # side of the kerb, as the sign of an angle
    return sorted(exits, key=lambda e: (e.turn is Turn.UTURN, -near_side * e.angle_rad, rows.streets[e.to_link].id))


def _rounds_an_island(rows: StreetRows, link: int, to_link: int) -> bool:
    """Whether two one-way links lead round an island in the middle of one street, where nobody turns back.

    A few vehicles that did would fill both sides and wait for each other.
    """
    here, there = (rows.junctions[row] for row in (rows.to_junction[link], rows.from_junction[link]))
    if here.inner_paths is not None and there.inner_paths is None:
        return False  # round a ring that was merged into one junction, which is where people do turn back
    there_and_back = rows.from_junction[link] == rows.to_junction[to_link]
    return bool(there_and_back) and rows.length_m[link] < ISLAND_M and rows.length_m[to_link] < ISLAND_M


def _turn(angle_rad: float) -> Turn:
    if abs(angle_rad) <= STRAIGHT_WITHIN_RAD:
        return Turn.STRAIGHT
    if abs(angle_rad) > UTURN_BEYOND_RAD:
        return Turn.UTURN
    return Turn.LEFT if angle_rad > 0 else Turn.RIGHT


def _has_arrow(rows: StreetRows, link: int, arrow: str) -> bool:
    return any(arrow in lane for lane in rows.streets[link].turn_lanes or ())


def near_turn(drives_on_left: bool) -> Turn:
    """Return the turn that hugs the kerb and crosses nobody."""
    return Turn.LEFT if drives_on_left else Turn.RIGHT


def far_turn(drives_on_left: bool) -> Turn:
    """Return the turn that crosses the oncoming traffic."""
    return Turn.RIGHT if drives_on_left else Turn.LEFT


def assign_lanes(rows: StreetRows, link: int, exits: Sequence[Exit]) -> list[list[int]]:
    """Say which lanes of a link serve each of its exits (lanes counted from the kerb).

    Arrows on the road decide where they fit the exits; otherwise near-side turns leave from the kerb lane, far-side
    turns from the innermost, straight on from all. Lanes that only some vehicles may use are served besides.
    """
    car_lanes, motor_lanes = rows.car_lanes[link], rows.motor_lanes[link]
    for_cars = [bool(rows.car_lanes[way_out.to_link]) for way_out in exits]
    car_exits = [way_out for way_out, wanted in zip(exits, for_cars, strict=True) if wanted]
    pocket = rows.streets[link].pocket
    cars = iter(_from_arrows(rows, link, car_exits, car_lanes) or _by_habit(rows, car_exits, car_lanes, pocket))
    everybody = _by_habit(rows, exits, motor_lanes, pocket)
    served = []
    for lanes, wanted in zip(everybody, for_cars, strict=True):
        if wanted:
            served.append(sorted({*next(cars), *(lane for lane in lanes if lane not in car_lanes)}))
        else:
            served.append(lanes)
    return served


def _by_habit(rows: StreetRows, exits: Sequence[Exit], lanes: Sequence[int], pocket: str) -> list[list[int]]:
    """Lanes per exit where no arrows say otherwise."""
    if not lanes:
        return [[] for _ in exits]
    if not exits:
        return []
    kerb, innermost = lanes[0], lanes[-1]
    far = far_turn(rows.drives_on_left)
    ahead = [way_out for way_out in exits if way_out.turn is Turn.STRAIGHT]
    if not ahead:  # the street ends: its lanes are shared out among the turns
        ahead = [way_out for way_out in exits if way_out.turn is not Turn.UTURN]
        turning: list[Exit] = []
        through = list(lanes)
    else:
        turning = [way_out for way_out in exits if way_out.turn in (Turn.LEFT, Turn.RIGHT)]
        own_lane = (len(lanes) >= 3 or pocket == "middle") and any(way_out.turn is far for way_out in turning)
        at_kerb = pocket == "kerb" and any(way_out.turn is not far for way_out in turning)
        through = list(lanes[1 if at_kerb else 0 : -1 if own_lane else None])
    if not ahead:
        return [list(lanes) for _ in exits] if len(exits) == 1 else [[innermost] for _ in exits]
    widths = [len(rows.motor_lanes[way_out.to_link]) for way_out in ahead]
    parts: dict[int, Sequence[int]] = {ahead[0].to_link: range(len(through))}
    if len(ahead) > 1:
        parts = dict(zip([way_out.to_link for way_out in ahead], share_lanes(len(through), widths), strict=True))
    served = []
    for way_out in exits:
        if way_out.to_link in parts:
            served.append([through[position] for position in parts[way_out.to_link]])
        elif way_out.turn is Turn.UTURN or way_out.turn is far:
            served.append([innermost])
        else:
            served.append([kerb])
    return served


def share_lanes(lane_count: int, exit_lanes: Sequence[int]) -> list[list[int]]:
    """Share lanes among exits side by side, in proportion to the lanes of the exits.

    Neighbouring exits share at most one lane, so no two lanes of one approach cross.

    >>> share_lanes(3, [1, 3])  # an off-ramp beside a through road
    [[0], [0, 1, 2]]
    >>> share_lanes(2, [2, 2])
    [[0], [1]]
    """
    total = sum(exit_lanes)
    edges = [lane_count * before / total for before in accumulate(exit_lanes, initial=0)]
    shares = []
    for low, high in pairwise(edges):
        covered = [min(high, lane + 1) - max(low, lane) for lane in range(lane_count)]
        best = max(range(lane_count), key=lambda lane: covered[lane])
        shares.append([lane for lane in range(lane_count) if covered[lane] >= SHARED_LANE_FROM or lane == best])
    for lane in range(lane_count):  # a lane cut into many thin slices still leads somewhere
        if not any(lane in share for share in shares):
            shares[min(range(len(shares)), key=lambda e: abs((edges[e] + edges[e + 1]) / 2 - lane - 0.5))].append(lane)
    return [sorted(share) for share in shares]


def _from_arrows(
    rows: StreetRows, link: int, exits: Sequence[Exit], car_lanes: Sequence[int]
) -> list[list[int]] | None:
    """Lanes per exit as the arrows on the road say, or None where they do not fit the exits.

    Arrows are ordinal: exits and arrows are both sorted by direction and matched in that order.
    """
    tag = rows.streets[link].turn_lanes
    if tag is None or len(tag) != len(rows.streets[link].lane_access) or not exits or not car_lanes:
        return None
    from_kerb = list(tag) if rows.drives_on_left else list(reversed(tag))
    onward = sorted((e for e in exits if e.turn is not Turn.UTURN), key=lambda e: -e.angle_rad)
    shown = {arrow for lane in car_lanes for arrow in from_kerb[lane] if arrow in ARROWS}
    directions = sorted({ARROWS[arrow] for arrow in shown}, reverse=True)
    matched = match_in_order(directions, [math.degrees(way_out.angle_rad) for way_out in onward])
    if matched is None:
        return None
    exit_of = {directions[position]: onward[way_out].to_link for position, way_out in enumerate(matched)}
    served: dict[int, set[int]] = {way_out.to_link: set() for way_out in exits}
    back = [way_out.to_link for way_out in exits if way_out.turn is Turn.UTURN]
    straightest = min(onward, key=lambda e: abs(e.angle_rad)).to_link
    for lane in car_lanes:
        for arrow in from_kerb[lane]:
            if arrow in ARROWS:
                served[exit_of[ARROWS[arrow]]].add(lane)
            elif arrow == "reverse":
                for to_link in back:
                    served[to_link].add(lane)
        if not any(lane in lanes for lanes in served.values()):
            served[straightest].add(lane)
    for to_link in back:
        served[to_link] = served[to_link] or {car_lanes[-1]}
    return [sorted(served[way_out.to_link]) for way_out in exits]


def match_in_order(arrows_deg: Sequence[float], exits_deg: Sequence[float]) -> list[int] | None:
    """Give each arrow an exit, both from left to right, so that every exit has an arrow and the angles fit best.

    Returns the exit of every arrow, or None where there are fewer arrows than exits.
    """
    arrows, exits = len(arrows_deg), len(exits_deg)
    if exits == 0 or arrows < exits:
        return None
    best: dict[int, tuple[float, list[int]]] = {0: (abs(arrows_deg[0] - exits_deg[0]), [0])}
    for arrow in range(1, arrows):
        step: dict[int, tuple[float, list[int]]] = {}
        for way_out in range(exits):
            before = [best[e] for e in (way_out - 1, way_out) if e in best]
            if before:
                cost, path = min(before)
                step[way_out] = (cost + abs(arrows_deg[arrow] - exits_deg[way_out]), [*path, way_out])
        best = step
    return best[exits - 1][1] if exits - 1 in best else None


def _first_goals(rows: StreetRows, found: Sequence[tuple[int, Exit, list[int]]]) -> dict[tuple[int, int], int]:
    """First lane, from the kerb, that each movement straight on enters: streams that join lie side by side.

    Alone, a stream keeps its place from the kerb as far as it fits.
    """
    joining: dict[int, list[tuple[float, int, list[int]]]] = {}
    far_side = -1.0 if rows.drives_on_left else 1.0
    for link, way_out, lanes in found:
        places = [place for place, lane in enumerate(rows.car_lanes[link]) if lane in lanes]
        if way_out.turn is Turn.STRAIGHT and places:
            joining.setdefault(way_out.to_link, []).append((far_side * way_out.angle_rad, link, places))
    first = {}
    for to_link, streams in joining.items():
        room = len(rows.car_lanes[to_link])
        total = sum(len(places) for _, _, places in streams)
        before = 0
        for _, link, places in sorted(streams):  # who comes from the kerb side bears least to the far side
            count = len(places)
            if len(streams) == 1:
                start = places[0] + (rows.streets[to_link].pocket == "kerb")
            elif total <= room:
                start = before
            else:
                start = round(before * (room - count) / (total - count))
            first[link, to_link] = max(0, min(start, room - count))
            before += count
    return first


def _join_lanes(
    rows: StreetRows, link: int, way_out: Exit, from_lanes: Iterable[int], first_goal: int
) -> list[tuple[int, int]]:
    """Pair the lanes of a movement with lanes of the link entered; what does not fit merges."""
    car_lanes = set(rows.car_lanes[link])
    targets = rows.car_lanes[way_out.to_link] or rows.motor_lanes[way_out.to_link]
    from_inside = way_out.turn in (Turn.UTURN, far_turn(rows.drives_on_left))
    pairs = []
    for group, goals, first in (
        ([lane for lane in from_lanes if lane in car_lanes], targets, first_goal),
        ([lane for lane in from_lanes if lane not in car_lanes], rows.motor_lanes[way_out.to_link], 0),
    ):
        for position, lane in enumerate(group):
            if from_inside:
                goal = goals[max(0, len(goals) - len(group) + position)]
            else:
                goal = goals[min(first + position, len(goals) - 1)]
            pairs.append((lane, goal))
    return pairs


def _feed_every_lane(
    rows: StreetRows, found: Sequence[tuple[int, Exit, list[int]]], pairs: Sequence[list[tuple[int, int]]]
) -> list[frozenset[tuple[int, int]]]:
    """Open lanes that no movement enters, such as those of a street that widens, to the nearest stream beside them."""
    spare: list[set[tuple[int, int]]] = [set() for _ in found]
    entering: dict[int, list[int]] = {}
    for row, (_, way_out, _) in enumerate(found):
        if way_out.turn is not Turn.UTURN and pairs[row]:
            entering.setdefault(way_out.to_link, []).append(row)
    for to_link, movements in entering.items():
        fed = {goal for row in movements for _, goal in pairs[row]}
        streams = [
            (found[row][1].turn is not Turn.STRAIGHT, row, own, goal)
            for row in movements
            for own, goal in pairs[row]
            if own in rows.car_lanes[found[row][0]]
        ]
        for lane in rows.car_lanes[to_link]:
            if lane in fed or not streams:
                continue
            side = 1 if lane > max(goal for *_, goal in streams) else -1  # inner lanes open to inner streams
            *_, row, own, _ = min(streams, key=lambda s: (abs(s[3] - lane), s[0], found[s[1]][0], -side * s[2]))
            spare[row].add((own, lane))
    return [frozenset(more) for more in spare]
