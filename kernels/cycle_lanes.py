"""Let cyclists use cycle lanes, and leave in time those that lead nowhere."""

from __future__ import annotations

from .compile import bare
from .traffic_tables import ACCESS, FIRST_LANE, LANE_LENGTH_M, OPEN, POSITION_M, City

MOTOR_BITS = 1 | 2 | 4 | 32  # as scenarios.streets.MOTOR
BICYCLE_BIT = 8
BACK_M = 50.0  # before the stop line cyclists take the lane that leads where they want


@bare
def is_cycle_lane(city: City, lane: int) -> bool:
    """Whether an open lane is for bicycles and no motor vehicles."""
    access = city.lane_i[ACCESS, lane]
    return city.lane_i[OPEN, lane] != 0 and access & BICYCLE_BIT != 0 and access & MOTOR_BITS == 0


@bare
def cycle_lane(city: City, link: int, lane: int, vehicle: int) -> int:
    """Cycle lane that a cyclist wants to be on, the present one or one beside it, -1: none."""
    if city.lane_f[LANE_LENGTH_M, lane] - city.vehicle_f[vehicle, POSITION_M] < BACK_M:
        return -1
    if is_cycle_lane(city, lane):
        return lane
    for side in range(-1, 2, 2):
        other = lane + side
        if city.link[FIRST_LANE, link] <= other < city.link[FIRST_LANE, link + 1] and is_cycle_lane(city, other):
            return other
    return -1
