"""Bring lanes together: who joins before whom where two ways lead into the same lane, and who follows whom.

What counts is the way that is left to the place where they join, the end of both connectors. Whoever has less of it
goes first, and the other follows as behind a leader in the own lane, from the moment when both hold a grant.
"""

from __future__ import annotations

import math

from .compile import bare, woven
from .driving import brake_distance
from .gaps import CREEP_MPS, can_join
from .pace import before_wall, behind, headway_on, wished_speed
from .rings import at
from .traffic_tables import (
    CLASS,
    COMFORT_DECEL,
    CONNECTOR,
    COUNT,
    FIRST_FOE,
    FOE,
    FOE_GIVES_WAY,
    FOE_MERGES,
    FOE_YIELDED_TO,
    FROM_LANE,
    GRANTED,
    GRANTED_COUNT,
    LANE,
    LANE_LENGTH_M,
    LENGTH_M,
    MAX_ACCEL,
    MERGES,
    MIN_GAP_M,
    OCCUPIED_BY,
    POSITION_M,
    SPEED_MPS,
    STANDING_S,
    TURN_AT,
    TURN_TAKES,
    City,
)

ZIP_AHEAD_S = 5.0  # before the stop line, and at least so many metres, drivers fall in behind who is nearer
ZIP_AHEAD_M = 50.0
RUN_UP_MPS = 5.0  # whoever lets others go first waits where it still gets as fast before the stop line
TURN_WITHIN_S = 30.0  # whoever stands longer waits for something else than its turn
WAITS_S = 2.0  # whoever stands longer without a grant waits for something else


@woven
def gap_between(city: City, its_way: float, other: int, way: float) -> float:
    """Metres between a vehicle that has ``way`` left to where it joins and the rear of another that has less."""
    return way - its_way - city.driver[city.vehicle_i[other, CLASS], LENGTH_M]


@woven
def way_left(city: City, vehicle: int, lane: int, row: int) -> float:
    """Metres from a vehicle on a road lane to the end of the connector, lane row ``row``, that it means to use."""
    return city.lane_f[LANE_LENGTH_M, lane] - city.vehicle_f[vehicle, POSITION_M] + city.lane_f[LANE_LENGTH_M, row]


@woven
def merging_ahead(city: City, vehicle: int, connector: int, to_join: float, desired_speed: float) -> float:
    """Speed for the coming step behind those with a grant for other ways into the same lane who are nearer to it.

    ``to_join`` is the vehicle's own way to where they join, the end of all of these connectors.
    """
    speed = math.inf
    if city.connector[MERGES, connector] == 0:
        return speed
    for place in range(city.connector[FIRST_FOE, connector], city.connector[FIRST_FOE, connector + 1]):
        if city.foe[FOE_MERGES, place] == 0:
            continue
        foe = city.foe[FOE, place]
        row, lane = city.road_lanes + foe, city.connector[FROM_LANE, foe]
        ahead, its_way = -1, math.inf
        for k in range(city.lane_i[GRANTED_COUNT, lane] - 1, -1, -1):
            other = at(city, lane, k)
            its_way = way_left(city, other, lane, row)
            if city.vehicle_i[other, CONNECTOR] == foe and its_way < to_join:
                ahead = other
                break
        if ahead < 0:
            for k in range(city.lane_i[COUNT, row] - 1, -1, -1):
                other = at(city, row, k)
                its_way = city.lane_f[LANE_LENGTH_M, row] - city.vehicle_f[other, POSITION_M]
                if its_way < to_join:
                    ahead = other
                    break
        if ahead >= 0:
            gap = gap_between(city, its_way, ahead, to_join)
            speed = min(speed, behind(city, vehicle, gap, city.vehicle_f[ahead, SPEED_MPS], desired_speed))
    return speed


@woven
def run_s(speed: float, accel: float, way: float, top_speed: float) -> float:
    """Seconds that somebody who speeds up as he can needs for so many metres."""
    arrives = min(math.sqrt(speed * speed + 2.0 * accel * way), max(speed, top_speed))
    return 2.0 * way / (speed + arrives)


@bare
def last_before(city: City, connector: int, place: int, turn: float, to_join: float) -> tuple[int, float]:
    """Who goes last, on the road of the foe ``place``, before a ``turn`` of ``connector`` (-1: nobody), and its way.

    Whoever holds a grant and is nearer goes before as well; whoever is far away, or stands too long, is not waited for.
    """
    foe = city.foe[FOE, place]
    row, lane = city.road_lanes + foe, city.connector[FROM_LANE, foe]
    takes, its_turn = city.lane_f[TURN_TAKES, row], city.lane_f[TURN_AT, row]
    ahead, way_ahead = -1, 0.0
    if city.foe[FOE_MERGES, place] == 0 or takes == 0.0:
        return ahead, way_ahead
    for k in range(city.lane_i[COUNT, lane]):
        other = at(city, lane, k)
        granted = city.vehicle_i[other, GRANTED] != 0
        if city.vehicle_i[other, CONNECTOR] != foe:
            if not granted:
                break  # whoever is behind it waits for it first
            continue
        its_way = way_left(city, other, lane, row)
        before = its_turn < turn or (its_turn == turn and foe < connector)
        if not before and not (granted and its_way <= to_join):
            break
        if its_way > max(city.vehicle_f[other, SPEED_MPS] * ZIP_AHEAD_S, ZIP_AHEAD_M):
            break
        its_turn += takes
        if granted or city.vehicle_f[other, STANDING_S] <= TURN_WITHIN_S:
            ahead, way_ahead = other, its_way
    return ahead, way_ahead


@bare
def zip_by_turns(city: City, vehicle: int, connector: int, left: float, desired_speed: float) -> float:
    """Speed for the coming step of a driver who lets those go first who share the merge and have an earlier turn.

    These may be further away, where their road has the larger share and moves faster. One follows whoever goes last
    before oneself, or waits where one still gets some speed before the line, until one would come to where they join a
    headway later; one does not wait for somebody in free traffic who comes a headway later oneself.
    """
    own_speed, kind = city.vehicle_f[vehicle, SPEED_MPS], city.vehicle_i[vehicle, CLASS]
    begins_m = max(own_speed * ZIP_AHEAD_S, ZIP_AHEAD_M)
    if left >= begins_m or city.vehicle_i[vehicle, GRANTED] != 0:
        return math.inf
    own_row, own_lane = city.road_lanes + connector, city.vehicle_i[vehicle, LANE]
    to_join, turn = left + city.lane_f[LANE_LENGTH_M, own_row], city.lane_f[TURN_AT, own_row]
    for k in range(city.lane_i[COUNT, own_lane]):
        other = at(city, own_lane, k)
        if other == vehicle:
            break
        if city.vehicle_i[other, CONNECTOR] == connector:
            turn += city.lane_f[TURN_TAKES, own_row]
    accel, min_gap = city.driver[kind, MAX_ACCEL], city.driver[kind, MIN_GAP_M]
    headway_s = headway_on(city, own_lane, kind)
    own_s, run_up = run_s(own_speed, accel, to_join, desired_speed), RUN_UP_MPS * RUN_UP_MPS / (2.0 * accel)
    arrives_mps = math.sqrt(own_speed * own_speed + 2.0 * accel * to_join)
    speed = math.inf
    for place in range(city.connector[FIRST_FOE, connector], city.connector[FIRST_FOE, connector + 1]):
        ahead, its_way = last_before(city, connector, place, turn, to_join)
        if ahead < 0:
            continue
        its_speed, its_kind = city.vehicle_f[ahead, SPEED_MPS], city.vehicle_i[ahead, CLASS]
        length, its_accel = city.driver[its_kind, LENGTH_M], city.driver[its_kind, MAX_ACCEL]
        its_s, apart_s = (
            run_s(its_speed, its_accel, its_way, desired_speed),
            headway_s + (length + min_gap) / arrives_mps,
        )
        if own_s >= its_s + apart_s or (its_speed > RUN_UP_MPS and own_s + apart_s <= its_s):
            continue
        if its_way <= to_join:
            place_m = (min_gap + own_speed * headway_s + length) * left / begins_m
            gap = gap_between(city, its_way, ahead, to_join) + place_m
            speed = min(speed, behind(city, vehicle, gap, its_speed, desired_speed))
        elif left > run_up:
            speed = min(speed, before_wall(city, vehicle, left - run_up, desired_speed))
    return max(speed, own_speed - city.driver[kind, COMFORT_DECEL] * city.step_s)


@bare
def zip_ahead(city: City, vehicle: int, connector: int, left: float, desired_speed: float) -> float:
    """Speed for the coming step of a driver who falls in behind those of equal lanes who are nearer to where they join.

    They may not have a grant yet: drivers arrange themselves before they get there, or everybody would stop. They do so
    little by little, from side by side where they begin, to one behind the other at the stop line ``left`` metres
    ahead. Braking is comfortable; who stands and has no grant is not waited for.
    """
    if city.lane_f[TURN_TAKES, city.road_lanes + connector] > 0.0:
        return zip_by_turns(city, vehicle, connector, left, desired_speed)
    own_speed, kind = city.vehicle_f[vehicle, SPEED_MPS], city.vehicle_i[vehicle, CLASS]
    begins_m = max(own_speed * ZIP_AHEAD_S, ZIP_AHEAD_M)
    if left >= begins_m:
        return math.inf
    to_join = left + city.lane_f[LANE_LENGTH_M, city.road_lanes + connector]
    wanted_gap = city.driver[kind, MIN_GAP_M] + own_speed * headway_on(city, city.vehicle_i[vehicle, LANE], kind)
    speed = math.inf
    for place in range(city.connector[FIRST_FOE, connector], city.connector[FIRST_FOE, connector + 1]):
        if city.foe[FOE_MERGES, place] == 0:
            continue
        if city.foe[FOE_YIELDED_TO, place] != 0 or city.foe[FOE_GIVES_WAY, place] != 0:
            continue
        foe = city.foe[FOE, place]
        row, lane = city.road_lanes + foe, city.connector[FROM_LANE, foe]
        for k in range(city.lane_i[COUNT, lane]):
            other = at(city, lane, k)
            its_way = way_left(city, other, lane, row)
            if its_way > to_join or (its_way == to_join and foe > connector):
                break
            if city.vehicle_i[other, CONNECTOR] != foe:
                continue
            if city.vehicle_i[other, GRANTED] == 0 and city.vehicle_f[other, STANDING_S] > WAITS_S:
                continue
            place_m = wanted_gap + city.driver[city.vehicle_i[other, CLASS], LENGTH_M]
            gap = gap_between(city, its_way, other, to_join) + place_m * left / begins_m
            speed = min(speed, behind(city, vehicle, gap, city.vehicle_f[other, SPEED_MPS], desired_speed))
    return max(speed, own_speed - city.driver[kind, COMFORT_DECEL] * city.step_s)


@bare
def can_follow(city: City, vehicle: int, ahead: int, gap: float, calmly: bool) -> bool:
    """Whether a vehicle can follow another at a gap whatever that one does; ``calmly``: with no more than comfort."""
    kind, speed = city.vehicle_i[vehicle, CLASS], city.vehicle_f[vehicle, SPEED_MPS]
    its_speed = city.vehicle_f[ahead, SPEED_MPS]
    if gap <= city.driver[kind, MIN_GAP_M] / 2.0:
        return False
    hard, step = city.max_decel, city.step_s
    if gap + brake_distance(its_speed, hard, step) < brake_distance(speed, hard, step):
        return False
    if not calmly:
        return True
    wish = max(wished_speed(city, city.vehicle_i[vehicle, LANE], vehicle), speed)
    return behind(city, vehicle, gap, its_speed, wish) >= speed - city.driver[kind, COMFORT_DECEL] * step


@woven
def joins_with(
    city: City, vehicle: int, to_join: float, place: int, other: int, its_way: float, within_s: float
) -> bool:
    """Whether a vehicle finds its place before or behind another that has a grant for the foe ``place``.

    Behind, it follows calmly. Before one with right of way it needs ``within_s`` seconds; before others so many, or as
    much room as they need to follow calmly.
    """
    if its_way < to_join:
        return can_follow(city, vehicle, other, gap_between(city, its_way, other, to_join), True)
    gap = gap_between(city, to_join, vehicle, its_way)
    in_time = its_way >= max(city.vehicle_f[other, SPEED_MPS], CREEP_MPS) * within_s
    if city.foe[FOE_YIELDED_TO, place] != 0 and not in_time:
        return False
    return can_follow(city, other, vehicle, gap, not in_time)


@woven
def stands_back(city: City, place: int, other: int, lane: int, within_s: float) -> bool:
    """Whether somebody with a grant for the foe ``place`` gives way to its owner, is not near and can still stop."""
    if city.foe[FOE_GIVES_WAY, place] == 0 or city.foe[FOE_YIELDED_TO, place] != 0:
        return False
    left, speed = (
        city.lane_f[LANE_LENGTH_M, lane] - city.vehicle_f[other, POSITION_M],
        city.vehicle_f[other, SPEED_MPS],
    )
    return left >= max(speed, CREEP_MPS) * within_s and brake_distance(speed, city.firm_decel, city.step_s) <= left


@bare
def may_join(city: City, vehicle: int, to_join: float, place: int, within_s: float) -> bool:
    """Whether a vehicle, ``to_join`` metres from where they meet, finds its place among all who go on a merging foe."""
    foe = city.foe[FOE, place]
    row, lane = city.road_lanes + foe, city.connector[FROM_LANE, foe]
    for k in range(city.lane_i[GRANTED_COUNT, lane]):
        other = at(city, lane, k)
        if city.vehicle_i[other, CONNECTOR] != foe:
            continue
        its_way = way_left(city, other, lane, row)
        if not joins_with(city, vehicle, to_join, place, other, its_way, within_s):
            if stands_back(city, place, other, lane, within_s):
                break  # and whoever comes behind it
            return False
    for k in range(city.lane_i[COUNT, row]):
        other = at(city, row, k)
        its_way = city.lane_f[LANE_LENGTH_M, row] - city.vehicle_f[other, POSITION_M]
        if not joins_with(city, vehicle, to_join, place, other, its_way, within_s):
            return False
    if city.lane_i[COUNT, row] == 0 and city.lane_i[OCCUPIED_BY, row] > 0:
        return can_join(city, vehicle, to_join, foe)
    return True


@bare
def first_to_stand_back(city: City, vehicle: int, to_join: float, place: int, within_s: float) -> int:
    """Place in its lane of the first with a grant for a merging foe who has to stand back for a vehicle, -1: nobody."""
    foe = city.foe[FOE, place]
    row, lane = city.road_lanes + foe, city.connector[FROM_LANE, foe]
    for k in range(city.lane_i[GRANTED_COUNT, lane]):
        other = at(city, lane, k)
        if city.vehicle_i[other, CONNECTOR] == foe:
            its_way = way_left(city, other, lane, row)
            if not joins_with(city, vehicle, to_join, place, other, its_way, within_s):
                return k
    return -1
