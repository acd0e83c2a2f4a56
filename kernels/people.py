"""Say where a vehicle has to stop for people on foot: before crossings that they are on, or may step on first."""

from __future__ import annotations

import math

from .chance import ZEBRA, uniform
from .compile import bare
from .driving import brake_distance
from .traffic_tables import (
    CHANCE,
    CLASS,
    COMFORT_DECEL,
    CROSSED_AT_M,
    FIRST_CROSSED,
    FROM_LANE,
    HELD,
    HELD_BY_ASKING,
    HELD_BY_CROSSING,
    LANE_LENGTH_M,
    SPEED_MPS,
    TO_LANE,
    ZEBRA_YIELD_SHARE,
    City,
)

COVERS_M = 0.95  # before and behind the middle of a crossing a vehicle leaves no way across; less than the margin at
# which vehicles stop before a place (pace.STOP_MARGIN_M), so that who has stopped for people is not in their way


@bare
def to_people(city: City, vehicle: int, lane: int, before_m: float) -> float:
    """Metres from a vehicle's front to the first crossing of a road lane at which it stops for people, inf: to none.

    ``before_m`` is how far the lane's beginning lies ahead of the front, less than 0 behind it. For people who are on a
    crossing everybody stops who can; for people who wait at one where they go first, who can do so comfortably, and at
    zebras who yields at all.
    """
    speed = city.vehicle_f[vehicle, SPEED_MPS]
    for place in range(city.lane_i[FIRST_CROSSED, lane], city.lane_i[FIRST_CROSSED, lane + 1]):
        held, left = city.crossed_f[HELD, place], before_m + city.crossed_f[CROSSED_AT_M, place]
        if held == 0.0 or left < COVERS_M:
            continue
        if held == HELD_BY_CROSSING:
            stops = brake_distance(speed, city.max_decel, city.step_s) <= left - COVERS_M
        else:
            kind = city.vehicle_i[vehicle, CLASS]
            stops = brake_distance(speed, city.driver[kind, COMFORT_DECEL], city.step_s) <= left - COVERS_M
            if held == HELD_BY_ASKING and city.driver[kind, ZEBRA_YIELD_SHARE] < 1.0:
                draw = uniform(0, city.vehicle_i[vehicle, CHANCE], ZEBRA, place)
                stops = stops and draw < city.driver[kind, ZEBRA_YIELD_SHARE]
        if stops:
            return left
    return math.inf


@bare
def people_before(city: City, vehicle: int, connector: int, left: float, dark: bool) -> bool:
    """Whether people keep a vehicle from entering: at its stop line, and without a light beyond the junction too.

    Who turns at a light waits for people inside the junction.
    """
    lane = city.connector[FROM_LANE, connector]
    if to_people(city, vehicle, lane, left - city.lane_f[LANE_LENGTH_M, lane]) < math.inf:
        return True
    far = left + city.lane_f[LANE_LENGTH_M, city.road_lanes + connector]
    return dark and to_people(city, vehicle, city.connector[TO_LANE, connector], far) < math.inf
