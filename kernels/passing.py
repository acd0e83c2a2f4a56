"""Pass bicycles on a street with one lane: when drivers begin, whom they leave aside, and when they are through.

Bicycles ride in the lane and keep their place in its order. Who passes one stays in the order too and takes no notice
of it, nor it of him, until his rear is so far ahead that it can follow; the order changes when their fronts do. He
drives beside it: within the lane where that is wide enough, else on the opposite lane, which must be free for as long
as it takes (``docs/decisions/bicycles.md``).
"""

from __future__ import annotations

import math

from .compile import bare, kernel, woven
from .driving import accel_on_slope, brake_distance, power_accel
from .merging import can_follow
from .pace import STOP_MARGIN_M, behind, headway_on, wished_speed
from .rings import at
from .traffic_tables import (
    BICYCLE_CLASS,
    CLASS,
    COMFORT_DECEL,
    COUNT,
    GRADIENT,
    GRANTED_COUNT,
    HEAD,
    LANE,
    LANE_LENGTH_M,
    LENGTH_M,
    LIMIT_MPS,
    MAX_ACCEL,
    MIN_GAP_M,
    NO_OPPOSITE,
    OBSTACLE_M,
    OPPOSITE,
    PASSES,
    PASSING_ROOM_M,
    PASSING_TO_M,
    POSITION_M,
    POWER_PER_MASS,
    RING_START,
    SPEED_MPS,
    VEHICLE_CLASS,
    WIDTH_M,
    City,
)

LOOKS_AHEAD_S = 8.0  # how far ahead a driver thinks of passing: before he would slow down
SLOWER_MPS = 1.0  # than wanted: for less nobody passes
SHARE_OF_ACCEL = 0.6  # what drivers keep up on average while they gain speed
NEAR_WISH = 0.9  # of the wanted speed, which the model reaches only in the end
ONCOMING_SHARE = 1.25  # of the limit, the fastest that anybody comes
CLEAR_M = 30.0  # between who has passed and who comes: AASHTO's clearance of passing sight distance up to 65 km/h
GAINS_MPS = 0.5  # who is alongside and hardly faster gives it up
NEIGHBOURS = 3  # in the order of a lane, to look at on either side


@woven
def is_bicycle(city: City, vehicle: int) -> bool:
    """Whether a vehicle is a bicycle."""
    return city.driver[city.vehicle_i[vehicle, CLASS], VEHICLE_CLASS] == BICYCLE_CLASS


@woven
def rear_of(city: City, vehicle: int) -> float:
    """Where the rear of a vehicle is on its lane, m."""
    return city.vehicle_f[vehicle, POSITION_M] - city.driver[city.vehicle_i[vehicle, CLASS], LENGTH_M]


@woven
def is_beside(city: City, one: int, other: int) -> bool:
    """Whether one of two vehicles of a lane passes the other, so that they drive side by side."""
    front = city.vehicle_i[one, PASSES]
    if front >= 0 and city.vehicle_f[other, POSITION_M] <= city.vehicle_f[front, POSITION_M]:
        return is_bicycle(city, other)
    front = city.vehicle_i[other, PASSES]
    if front >= 0 and city.vehicle_f[one, POSITION_M] <= city.vehicle_f[front, POSITION_M]:
        return is_bicycle(city, one)
    return False


@kernel
def passing_time(distance: float, speed: float, wish: float, accel: float, slow: float) -> float:
    """Seconds until a vehicle has gained ``distance`` m on something that goes at ``slow``, inf if it hardly does.

    It accelerates evenly by ``accel`` from ``speed`` to ``wish`` and then drives on at that.
    """
    if wish - slow < SLOWER_MPS or accel <= 0.0:
        return math.inf
    if speed >= wish:
        return distance / (wish - slow)
    until = (wish - speed) / accel
    gained = (speed + wish) / 2.0 * until - slow * until
    if gained < distance:
        return until + (distance - gained) / (wish - slow)
    ahead = speed - slow
    return (math.sqrt(ahead * ahead + 2.0 * accel * distance) - ahead) / accel


@bare
def is_oncoming_far(city: City, lane: int, vehicle: int, way: float, lasts: float) -> bool:
    """Whether the opposite lane stays free for a vehicle that drives ``way`` metres on it in ``lasts`` seconds.

    Nobody on it may be so near that they meet, nor anybody who comes onto it at its beginning.
    """
    opposite = city.lane_i[OPPOSITE, lane]
    if opposite == NO_OPPOSITE:
        return False
    needed = way + city.lane_f[LIMIT_MPS, opposite] * ONCOMING_SHARE * lasts + CLEAR_M
    length, position = city.lane_f[LANE_LENGTH_M, lane], city.vehicle_f[vehicle, POSITION_M]
    if length - position < needed:
        return False
    own = city.driver[city.vehicle_i[vehicle, CLASS], LENGTH_M]
    for k in range(city.lane_i[COUNT, opposite]):
        other = at(city, opposite, k)
        away = length - city.vehicle_f[other, POSITION_M] - position
        if -own - city.driver[city.vehicle_i[other, CLASS], LENGTH_M] < away < needed:
            return False
    return True


@bare
def may_begin(city: City, lane: int, k: int, vehicle: int) -> int:
    """Foremost of the bicycles that the driver in place ``k`` of a lane can pass now in one go, -1: none."""
    first, kind = at(city, lane, k - 1), city.vehicle_i[vehicle, CLASS]
    position, speed = city.vehicle_f[vehicle, POSITION_M], city.vehicle_f[vehicle, SPEED_MPS]
    length, min_gap = city.driver[kind, LENGTH_M], city.driver[kind, MIN_GAP_M]
    if k - 1 < city.lane_i[GRANTED_COUNT, lane] or not is_bicycle(city, first) or is_bicycle(city, vehicle):
        return -1
    if position < length or city.lane_f[OBSTACLE_M, lane] < math.inf:
        return -1
    if rear_of(city, first) - position > min_gap + speed * LOOKS_AHEAD_S:
        return -1
    wish, gradient = wished_speed(city, lane, vehicle) * NEAR_WISH, city.lane_f[GRADIENT, lane]
    accel = SHARE_OF_ACCEL * accel_on_slope(city.driver[kind, MAX_ACCEL], gradient)
    if gradient > 0.0:
        accel = min(accel, power_accel(wish, gradient, city.driver[kind, POWER_PER_MASS]))
    comfort = city.driver[kind, COMFORT_DECEL]
    within_lane = city.lane_f[PASSING_ROOM_M, lane] >= city.driver[kind, WIDTH_M]
    found, found_end, front, slow, j = -1, 0.0, first, 0.0, k - 1
    while True:
        of_front = city.vehicle_i[front, CLASS]
        slow = max(slow, wished_speed(city, lane, front), city.vehicle_f[front, SPEED_MPS])
        room = city.driver[of_front, MIN_GAP_M] + slow * headway_on(city, lane, of_front)
        distance = city.vehicle_f[front, POSITION_M] - position + length + room
        lasts = passing_time(distance, speed, wish, accel, slow)
        end = position + distance + slow * lasts
        stops = brake_distance(wish, comfort, city.step_s)
        if end + stops + STOP_MARGIN_M > city.lane_f[LANE_LENGTH_M, lane]:  # also if it lasts for ever
            break
        j -= 1
        while within_lane and j >= 0 and city.vehicle_i[at(city, lane, j), PASSES] >= 0:
            j -= 1  # whoever passes them too
        ahead = at(city, lane, j) if j >= 0 else -1
        next_is_bicycle = ahead >= 0 and is_bicycle(city, ahead)
        lands = within_lane or ahead < 0
        if not lands and next_is_bicycle:
            closes = max(slow - city.vehicle_f[ahead, SPEED_MPS], 0.0) * lasts
            lands = rear_of(city, ahead) - city.vehicle_f[front, POSITION_M] - closes > length + 2.0 * room
        elif not lands:  # nobody knows how long he would have to stay on the other side if the one ahead brakes
            reach = rear_of(city, ahead) + brake_distance(city.vehicle_f[ahead, SPEED_MPS], comfort, city.step_s)
            lands = end + stops + min_gap <= reach
        if lands and (within_lane or is_oncoming_far(city, lane, vehicle, end - position, lasts)):
            found, found_end = front, end
        near = min_gap + speed * LOOKS_AHEAD_S
        if not next_is_bicycle or rear_of(city, ahead) - city.vehicle_f[front, POSITION_M] > near:
            break
        front = ahead
    if found >= 0 and not within_lane:
        city.lane_f[PASSING_TO_M, lane] = max(city.lane_f[PASSING_TO_M, lane], found_end)
    return found


@bare
def goes_on_passing(city: City, lane: int, k: int, vehicle: int) -> int:
    """Foremost of the bicycles that a driver who passes some has still to pass, -1 once that is done or given up."""
    front = city.vehicle_i[vehicle, PASSES]
    if city.vehicle_i[front, LANE] != lane:  # it has left the street; those that are alongside are still to pass
        beside = at(city, lane, k - 1) if k > 0 else -1
        if beside < 0 or not is_bicycle(city, beside):
            return -1
        return beside if rear_of(city, beside) < city.vehicle_f[vehicle, POSITION_M] else -1
    gap = rear_of(city, vehicle) - city.vehicle_f[front, POSITION_M]
    if gap > 0.0 and can_follow(city, front, vehicle, gap, True):
        return -1
    gains = city.vehicle_f[vehicle, SPEED_MPS] > city.vehicle_f[front, SPEED_MPS] + GAINS_MPS
    alongside = city.vehicle_f[vehicle, POSITION_M] > rear_of(city, front)
    return -1 if alongside and not gains else front  # he falls back, or the bicycle does


@bare
def behind_those_ahead(city: City, lane: int, k: int, vehicle: int, desired_speed: float) -> float:
    """Speed for the coming step of the vehicle in place ``k`` of a lane on which bicycles are passed.

    It follows everybody up to the next who neither passes nor is passed.
    """
    if city.vehicle_i[vehicle, PASSES] >= 0:
        city.vehicle_i[vehicle, PASSES] = goes_on_passing(city, lane, k, vehicle)
    elif k > 0:
        city.vehicle_i[vehicle, PASSES] = may_begin(city, lane, k, vehicle)
    speed = behind(city, vehicle, math.inf, 0.0, desired_speed)
    position = city.vehicle_f[vehicle, POSITION_M]
    for j in range(k - 1, -1, -1):
        ahead = at(city, lane, j)
        if is_beside(city, vehicle, ahead):
            continue
        gap = rear_of(city, ahead) - position
        speed = min(speed, behind(city, vehicle, gap, city.vehicle_f[ahead, SPEED_MPS], desired_speed))
        if city.vehicle_i[ahead, PASSES] < 0 and not is_bicycle(city, ahead):
            break
    return speed


@woven
def is_in_a_pass(city: City, lane: int, k: int) -> bool:
    """Whether the vehicle in place ``k`` of a lane passes or is being passed: it cannot go on yet."""
    if city.vehicle_i[at(city, lane, k), PASSES] >= 0:
        return True
    while is_bicycle(city, at(city, lane, k)) and k + 1 < city.lane_i[COUNT, lane]:
        k += 1
        if city.vehicle_i[at(city, lane, k), PASSES] >= 0:
            return True
    return False


@woven
def keep_order(city: City, lane: int) -> bool:
    """Put those in their new order who have passed in this step; whether anybody still passes somebody."""
    anybody = False
    for k in range(city.lane_i[COUNT, lane]):
        vehicle = at(city, lane, k)
        anybody = anybody or city.vehicle_i[vehicle, PASSES] >= 0
        j = k
        while j > 0 and city.vehicle_f[at(city, lane, j - 1), POSITION_M] < city.vehicle_f[vehicle, POSITION_M]:
            swap(city, lane, j)
            j -= 1
    return anybody


@woven
def swap(city: City, lane: int, k: int) -> None:
    """Let the vehicle in place ``k`` of a lane and the one before it change places."""
    start = city.lane_i[RING_START, lane]
    size = city.lane_i[RING_START, lane + 1] - start
    one, other = city.lane_i[HEAD, lane] + k, city.lane_i[HEAD, lane] + k - 1
    one, other = start + (one - size if one >= size else one), start + (other - size if other >= size else other)
    city.ring[one], city.ring[other] = city.ring[other], city.ring[one]


@woven
def is_hemmed_in(city: City, lane: int, place: int, position: float) -> bool:
    """Whether somebody who passes a bicycle is too near, on this side or the other, for a trip to enter a lane."""
    for k in range(max(place - NEIGHBOURS, 0), min(place + NEIGHBOURS, city.lane_i[COUNT, lane])):
        if city.vehicle_i[at(city, lane, k), PASSES] >= 0:
            return True
    opposite = city.lane_i[OPPOSITE, lane]
    return opposite >= 0 and city.lane_f[PASSING_TO_M, opposite] > city.lane_f[LANE_LENGTH_M, lane] - position
