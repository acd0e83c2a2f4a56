"""Move the vehicles of one lane: follow the leader, stop where one must, keep the limit."""

from __future__ import annotations

import math

from .chance import DRIVER_IMPERFECTION, uniform
from .compile import woven
from .driving import aimed_speed, brake_distance, dawdled, safe_speed, slowing_speed, stopping_speed
from .rings import at
from .shared import add_shared
from .traffic_tables import (
    CAUSE,
    CHANCE,
    CLASS,
    COMFORT_DECEL,
    CONNECTOR,
    COUNT,
    DRIVEN_M,
    FIRST_FOE,
    FIRST_SENSOR,
    FOE,
    FOE_MERGES,
    FROM_LANE,
    FURTHER_OBSTACLES_M,
    GRANTED,
    HEADWAY_S,
    IMPERFECTION,
    LANE,
    LANE_F_COLUMNS,
    LANE_LENGTH_M,
    LAST_OUT,
    LEADER,
    LENGTH_M,
    LETS_IN,
    LIMIT_MPS,
    MAX_ACCEL,
    MIN_GAP_M,
    MODEL,
    NEXT_POSITION_M,
    NEXT_SPEED_MPS,
    OBSTACLE,
    OBSTACLE_M,
    OCCUPIED_BY,
    POSITION_M,
    REAR_IN,
    REAR_LEFT_M,
    SENSOR_AT_M,
    SENSOR_COUNT,
    SENSOR_OCCUPIED_S,
    SENSOR_SPEED_SUM,
    SPEED_FACTOR,
    SPEED_MPS,
    STANDING_S,
    TO_LANE,
    VEHICLE_M,
    VEHICLE_S,
    YIELDS_TO,
    City,
)
from .ways import goes_on

STOP_MARGIN_M = 1.0  # how far before a stop line or an obstacle a vehicle comes to rest
MOVING_MPS = 0.1  # slower than this a vehicle stands
DIVERGE_M = 3.0  # beyond the stop line, paths from one lane have parted


@woven
def behind(city: City, vehicle: int, gap: float, leader_speed: float, desired_speed: float) -> float:
    """Speed for the coming step behind a leader, never so high that hard braking of the leader could end in a crash."""
    kind, speed, step = city.vehicle_i[vehicle, CLASS], city.vehicle_f[vehicle, SPEED_MPS], city.step_s
    aimed = aimed_speed(
        int(city.driver[kind, MODEL]),
        speed,
        max(gap, 0.1),
        leader_speed,
        desired_speed,
        city.driver[kind, HEADWAY_S],
        city.driver[kind, MIN_GAP_M],
        city.driver[kind, MAX_ACCEL],
        city.driver[kind, COMFORT_DECEL],
        step,
    )
    if gap == math.inf:
        return aimed
    reach = gap + brake_distance(leader_speed, city.max_decel, step)
    return min(aimed, safe_speed(reach, city.max_decel, step))


@woven
def wall(city: City, vehicle: int, distance: float) -> float:
    """Speed for the coming step on the way to something one must not pass."""
    kind, speed = city.vehicle_i[vehicle, CLASS], city.vehicle_f[vehicle, SPEED_MPS]
    reach = max(distance - STOP_MARGIN_M, 0.0)
    comfort = city.driver[kind, COMFORT_DECEL]
    return stopping_speed(speed, reach, comfort, city.firm_decel, city.max_decel, city.step_s)


@woven
def rear_beyond(city: City, lane: int) -> float:
    """Where the rear of the vehicle is that left a road lane last: metres beyond the lane's end, less than 0 before it.

    inf when it is clear of the junction.
    """
    vehicle = city.lane_i[LAST_OUT, lane]
    if vehicle < 0:
        return math.inf
    row = city.vehicle_i[vehicle, LANE]
    rear = city.vehicle_f[vehicle, POSITION_M] - city.driver[city.vehicle_i[vehicle, CLASS], LENGTH_M]
    if row >= city.road_lanes:
        return rear if city.connector[FROM_LANE, row - city.road_lanes] == lane else math.inf
    connector = city.vehicle_i[vehicle, REAR_IN]
    if connector >= 0 and city.connector[FROM_LANE, connector] == lane:
        return rear + city.lane_f[LANE_LENGTH_M, city.road_lanes + connector]
    return math.inf


@woven
def beyond_line(city: City, vehicle: int, distance: float, lane: int, steps: int, desired_speed: float) -> float:
    """Speed for the coming step given what is on road lane ``lane``, which begins ``distance`` ahead.

    ``steps`` is how far that lane's link lies ahead on the route.
    """
    count = city.lane_i[COUNT, lane]
    if count > 0:
        last = at(city, lane, count - 1)
        length = city.driver[city.vehicle_i[last, CLASS], LENGTH_M]
        gap = distance + city.vehicle_f[last, POSITION_M] - length
        return behind(city, vehicle, gap, city.vehicle_f[last, SPEED_MPS], desired_speed)
    free = behind(city, vehicle, math.inf, 0.0, desired_speed)
    rear = rear_beyond(city, lane)
    if rear < 0.0:
        gap = distance + city.lane_f[LANE_LENGTH_M, lane] + rear
        free = behind(city, vehicle, gap, city.vehicle_f[city.lane_i[LAST_OUT, lane], SPEED_MPS], desired_speed)
    end = city.lane_f[OBSTACLE_M, lane]
    if goes_on(city, vehicle, steps + 1):
        end = min(end, city.lane_f[LANE_LENGTH_M, lane])
    if end < math.inf:
        return min(free, wall(city, vehicle, distance + end))
    return free


@woven
def next_obstacle(city: City, lane: int, position: float) -> float:
    """Where the first blocked place of a lane beyond a position lies, m; inf: none."""
    obstacle = city.lane_f[OBSTACLE_M, lane]
    if obstacle > position:
        return obstacle
    for column in range(FURTHER_OBSTACLES_M, LANE_F_COLUMNS):
        obstacle = city.lane_f[column, lane]
        if obstacle > position:
            return obstacle
    return math.inf


@woven
def merging_ahead(city: City, vehicle: int, connector: int, to_join: float, desired_speed: float) -> float:
    """Speed for the coming step behind those on other connectors into the same lane who are nearer to where they join.

    ``to_join`` is the vehicle's own way to that place, the end of all of these connectors.
    """
    road_lanes = city.road_lanes
    speed = math.inf
    for place in range(city.connector[FIRST_FOE, connector], city.connector[FIRST_FOE, connector + 1]):
        if city.foe[FOE_MERGES, place] == 0:
            continue
        row = road_lanes + city.foe[FOE, place]
        for k in range(city.lane_i[COUNT, row] - 1, -1, -1):
            other = at(city, row, k)
            its_way = city.lane_f[LANE_LENGTH_M, row] - city.vehicle_f[other, POSITION_M]
            if its_way < to_join:
                gap = to_join - its_way - city.driver[city.vehicle_i[other, CLASS], LENGTH_M]
                speed = min(speed, behind(city, vehicle, gap, city.vehicle_f[other, SPEED_MPS], desired_speed))
                break
    return speed


@woven
def into_junction(city: City, vehicle: int, left: float, desired_speed: float) -> float:
    """Speed for the coming step of a vehicle that may enter the junction ``left`` metres ahead."""
    road_lanes = city.road_lanes
    connector = city.vehicle_i[vehicle, CONNECTOR]
    row = road_lanes + connector
    joining = merging_ahead(city, vehicle, connector, left + city.lane_f[LANE_LENGTH_M, row], desired_speed)
    count = city.lane_i[COUNT, row]
    if count > 0:
        last = at(city, row, count - 1)
        length = city.driver[city.vehicle_i[last, CLASS], LENGTH_M]
        gap = left + city.vehicle_f[last, POSITION_M] - length
        speed = city.vehicle_f[last, SPEED_MPS]
        return min(joining, behind(city, vehicle, gap, speed, desired_speed))
    far = left + city.lane_f[LANE_LENGTH_M, row]
    to_lane = city.connector[TO_LANE, connector]
    return min(joining, beyond_line(city, vehicle, far, to_lane, 1, desired_speed))


@woven
def follow_lane(city: City, lane: int, number: int) -> None:
    """Find next speed and position of every vehicle on a lane row from the present state of all, in step ``number``."""
    road_lanes = city.road_lanes
    on_road = lane < road_lanes
    step = city.step_s
    length = city.lane_f[LANE_LENGTH_M, lane]
    limit = city.lane_f[LIMIT_MPS, lane]
    blocked, rear = False, math.inf
    if on_road:
        rear = rear_beyond(city, lane)
        blocked = city.lane_f[OBSTACLE_M, lane] < math.inf
    ahead = -1
    for k in range(city.lane_i[COUNT, lane]):
        vehicle = at(city, lane, k)
        kind = city.vehicle_i[vehicle, CLASS]
        position, speed = city.vehicle_f[vehicle, POSITION_M], city.vehicle_f[vehicle, SPEED_MPS]
        comfort = city.driver[kind, COMFORT_DECEL]
        factor = city.vehicle_f[vehicle, SPEED_FACTOR]
        desired = max(limit * factor, speed - comfort * step)  # a lower limit is reached without hard braking
        left = length - position
        standing_for = 0
        connector = city.vehicle_i[vehicle, CONNECTOR]
        granted = on_road and city.vehicle_i[vehicle, GRANTED] != 0

        if ahead >= 0:
            gap = city.vehicle_f[ahead, POSITION_M] - position
            gap -= city.driver[city.vehicle_i[ahead, CLASS], LENGTH_M]
            new_speed = behind(city, vehicle, gap, city.vehicle_f[ahead, SPEED_MPS], desired)
            standing_for = LEADER
        else:
            new_speed = behind(city, vehicle, math.inf, 0.0, desired)
        if on_road:
            if granted:
                standing_for = LEADER
                if ahead < 0 or city.vehicle_i[ahead, CONNECTOR] != connector:
                    new_speed = min(new_speed, into_junction(city, vehicle, left, desired))
            elif goes_on(city, vehicle, 1):
                new_speed = min(new_speed, wall(city, vehicle, left))
            if ahead < 0 and rear < (DIVERGE_M if granted else 0.0):
                rear_speed = city.vehicle_f[city.lane_i[LAST_OUT, lane], SPEED_MPS]
                pace = behind(city, vehicle, left + rear, rear_speed, desired)
                if pace < new_speed:
                    new_speed, standing_for = pace, LEADER
            if connector >= 0:
                curve = city.lane_f[LIMIT_MPS, road_lanes + connector] * factor
                if new_speed > curve:
                    new_speed = min(new_speed, slowing_speed(left, curve, comfort, step))
            if blocked:
                free = next_obstacle(city, lane, position) - position
                if free < math.inf and brake_distance(speed, city.max_decel, step) <= free:
                    halt = wall(city, vehicle, free)
                    if halt < new_speed:
                        new_speed, standing_for = halt, OBSTACLE
            guest = city.vehicle_i[vehicle, YIELDS_TO]
            if guest >= 0:
                gap = city.vehicle_f[guest, POSITION_M] - city.driver[city.vehicle_i[guest, CLASS], LENGTH_M] - position
                pace = behind(city, vehicle, gap, city.vehicle_f[guest, SPEED_MPS], desired)
                pace = max(pace, speed - comfort * step)
                if pace < new_speed:
                    new_speed, standing_for = pace, LETS_IN
        else:
            to_lane = city.connector[TO_LANE, lane - road_lanes]
            if ahead < 0:
                new_speed, standing_for = min(new_speed, beyond_line(city, vehicle, left, to_lane, 1, desired)), LEADER
            new_speed = min(new_speed, merging_ahead(city, vehicle, lane - road_lanes, left, desired))
            slower = city.lane_f[LIMIT_MPS, to_lane] * factor
            if new_speed > slower:
                new_speed = min(new_speed, slowing_speed(left, slower, comfort, step))
        if city.driver[kind, IMPERFECTION] > 0.0:
            draw = uniform(0, city.vehicle_i[vehicle, CHANCE], DRIVER_IMPERFECTION, number)
            imperfection, accel = city.driver[kind, IMPERFECTION], city.driver[kind, MAX_ACCEL]
            new_speed = dawdled(new_speed, imperfection, accel, step, draw)
        new_speed = max(0.0, min(max(new_speed, speed - city.max_decel * step), desired))
        new_position = position + new_speed * step

        if on_road:
            vehicle_length = city.driver[kind, LENGTH_M]
            for sensor in range(city.lane_i[FIRST_SENSOR, lane], city.lane_i[FIRST_SENSOR, lane + 1]):
                place = city.sensor[SENSOR_AT_M, sensor]
                if position < place <= new_position:
                    city.sensor[SENSOR_COUNT, sensor] += 1
                    city.sensor[SENSOR_SPEED_SUM, sensor] += new_speed
                if new_position - vehicle_length < place <= new_position:
                    city.sensor[SENSOR_OCCUPIED_S, sensor] += step
        if new_speed < MOVING_MPS:
            city.vehicle_f[vehicle, STANDING_S] += step
            if standing_for != 0:
                city.vehicle_i[vehicle, CAUSE] = standing_for
        else:
            city.vehicle_f[vehicle, STANDING_S] = 0.0
        city.vehicle_f[vehicle, NEXT_SPEED_MPS] = new_speed
        city.vehicle_f[vehicle, NEXT_POSITION_M] = new_position
        ahead = vehicle


@woven
def advance_lane(city: City, lane: int) -> None:
    """Take over the next speed and position of every vehicle on a lane row."""
    step = city.step_s
    count = city.lane_i[COUNT, lane]
    for k in range(count):
        vehicle = at(city, lane, k)
        speed = city.vehicle_f[vehicle, NEXT_SPEED_MPS]
        city.vehicle_f[vehicle, SPEED_MPS] = speed
        city.vehicle_f[vehicle, POSITION_M] = city.vehicle_f[vehicle, NEXT_POSITION_M]
        city.vehicle_f[vehicle, DRIVEN_M] += speed * step
        city.lane_f[VEHICLE_M, lane] += speed * step
        if city.vehicle_i[vehicle, REAR_IN] >= 0:
            city.vehicle_f[vehicle, REAR_LEFT_M] -= speed * step
            if city.vehicle_f[vehicle, REAR_LEFT_M] <= 0.0:
                add_shared(city.lane_i, OCCUPIED_BY, city.road_lanes + city.vehicle_i[vehicle, REAR_IN], -1)
                city.vehicle_i[vehicle, REAR_IN] = -1
    city.lane_f[VEHICLE_S, lane] += count * step
