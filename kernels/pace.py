"""Say how fast a vehicle may go in the coming step, behind a leader or before a place it must not pass."""

from __future__ import annotations

import math

from .compile import woven
from .driving import KRAUSS, accel_on_slope, aimed_speed, power_accel, safely, stopping_speed, stops_within
from .traffic_tables import (
    CLASS,
    COMFORT_DECEL,
    GRADIENT,
    HEADWAY_FACTOR,
    HEADWAY_S,
    LANE,
    LIMIT_MPS,
    MAX_ACCEL,
    MIN_GAP_M,
    MODEL,
    NEXT_SPEED_MPS,
    POWER_PER_MASS,
    SHORTER,
    SPEED_FACTOR,
    SPEED_MPS,
    TOP_SPEED_MPS,
    City,
)

STOP_MARGIN_M = 1.0  # how far before a stop line or an obstacle a vehicle comes to rest


@woven
def wished_speed(city: City, lane: int, vehicle: int) -> float:
    """Speed at which a driver would like to go on a lane row."""
    most = min(city.lane_f[LIMIT_MPS, lane], city.driver[city.vehicle_i[vehicle, CLASS], TOP_SPEED_MPS])
    return most * city.vehicle_f[vehicle, SPEED_FACTOR]


@woven
def headway_on(city: City, lane: int, kind: int) -> float:
    """Headway (s) that drivers of a kind like on a lane row."""
    return city.driver[kind, HEADWAY_S] * city.lane_f[HEADWAY_FACTOR, lane]


@woven
def aimed(city: City, vehicle: int, gap: float, leader_speed: float, desired_speed: float, shorter: float) -> float:
    """Speed that a driver aims at behind a leader, with a headway shorter by a share than wished; may be negative."""
    kind, speed, step = city.vehicle_i[vehicle, CLASS], city.vehicle_f[vehicle, SPEED_MPS], city.step_s
    gradient = city.lane_f[GRADIENT, city.vehicle_i[vehicle, LANE]]
    found = aimed_speed(
        int(city.driver[kind, MODEL]),
        speed,
        max(gap, 0.1),
        leader_speed,
        desired_speed,
        headway_on(city, city.vehicle_i[vehicle, LANE], kind) * (1.0 - shorter),
        city.driver[kind, MIN_GAP_M],
        accel_on_slope(city.driver[kind, MAX_ACCEL], gradient),
        city.driver[kind, COMFORT_DECEL],
        step,
    )
    if gradient > 0.0:
        found = min(found, speed + power_accel(speed, gradient, city.driver[kind, POWER_PER_MASS]) * step)
    return found


@woven
def calmly(city: City, vehicle: int, pace: float) -> float:
    """Speed of a driver ahead of whom somebody changed lanes: for the gap's sake nobody brakes harder than firmly."""
    if city.vehicle_f[vehicle, SHORTER] == 0.0:
        return pace
    return max(pace, city.vehicle_f[vehicle, SPEED_MPS] - city.firm_decel * city.step_s)


@woven
def behind(city: City, vehicle: int, gap: float, leader_speed: float, desired_speed: float) -> float:
    """Speed for the coming step behind a leader, never so high that hard braking of the leader could end in a crash."""
    speed = aimed(city, vehicle, gap, leader_speed, desired_speed, city.vehicle_f[vehicle, SHORTER])
    if gap == math.inf:
        return speed
    speed = calmly(city, vehicle, speed)
    return safely(speed, gap, leader_speed, city.max_decel, city.step_s)


@woven
def behind_next(city: City, vehicle: int, ahead: int, gap: float, desired_speed: float) -> float:
    """As ``behind``, of the next in a lane, whose coming step is known: nobody need fear what it will not do."""
    leader_speed, new_speed = city.vehicle_f[ahead, SPEED_MPS], city.vehicle_f[ahead, NEXT_SPEED_MPS]
    if int(city.driver[city.vehicle_i[vehicle, CLASS], MODEL]) != KRAUSS:
        leader_speed = (leader_speed + new_speed) / 2.0  # midway through the step
    speed = aimed(city, vehicle, gap, leader_speed, desired_speed, city.vehicle_f[vehicle, SHORTER])
    speed = calmly(city, vehicle, speed)
    return safely(speed, gap + new_speed * city.step_s, new_speed, city.max_decel, city.step_s)


@woven
def wall(city: City, vehicle: int, distance: float) -> float:
    """Speed for the coming step on the way to something one must not pass."""
    kind, speed = city.vehicle_i[vehicle, CLASS], city.vehicle_f[vehicle, SPEED_MPS]
    reach = max(distance - STOP_MARGIN_M, 0.0)
    comfort = city.driver[kind, COMFORT_DECEL]
    return stopping_speed(speed, reach, comfort, city.firm_decel, city.max_decel, city.step_s)


@woven
def before_wall(city: City, vehicle: int, distance: float, pace: float) -> float:
    """The lower of a speed and the one on the way to something one must not pass."""
    decel = min(city.driver[city.vehicle_i[vehicle, CLASS], COMFORT_DECEL], city.max_decel)
    if stops_within(pace, distance - STOP_MARGIN_M, decel, city.step_s):
        return pace  # braking harder one could come still faster
    return min(pace, wall(city, vehicle, distance))
