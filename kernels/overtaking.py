"""Change lanes for a better pace: overtake who is slower, spread over the lanes, go back to the kerb on fast roads.

The incentive is that of MOBIL (Kesting, Treiber, Helbing 2007, *General Lane-Changing Model MOBIL for Car-Following
Models*, Transportation Research Record 1999, eq. 3 to 7): what a driver would gain in acceleration, and what those
behind in both lanes would gain or lose, weighed by politeness. Whether the change is safe is asked by ``change_lane``,
as of every change of lanes.
"""

from __future__ import annotations

import math

from .compile import bare, kernel, woven
from .following import FAST_MPS
from .lane_gaps import ahead_of, gap_ahead, place_in_lane
from .pace import behind, headway_on, wished_speed
from .rings import at
from .traffic_tables import (
    CHANCE,
    CLASS,
    CONNECTOR,
    COUNT,
    FIRST_LANE,
    GRANTED_COUNT,
    KNOT,
    LENGTH_M,
    LIMIT_MPS,
    MIN_GAP_M,
    OBSTACLE_M,
    PASSES_AT_KERB,
    POSITION_M,
    SPEED_MPS,
    City,
)
from .ways import link_ahead, may_use, suits

POLITENESS = 0.2  # the paper tries 0 to 1; 0.2 to 0.5 are realistic (its section 4)
THRESHOLD_MPS2 = 0.1  # as in its table 1
KERB_BIAS_MPS2 = 0.2  # 0.3 in its table 1; with less, lanes are shared and changed more nearly as measured
LOOKS_EVERY_S = 1.0  # how often a driver considers it
QUEUE_MPS = 5.0  # slower than this, drivers look for a shorter queue instead
FAR_GAPS = 3.0  # times the gap one keeps: whoever is further ahead is not in the way


@kernel
def incentive(own_gain: float, new_follower_gain: float, old_follower_gain: float, politeness: float) -> float:
    """What a change of lanes brings (m/s²), to the driver and, weighed, to those behind in the new and the old lane.

    Kesting, Treiber, Helbing (2007), left side of eq. 3.
    """
    return own_gain + politeness * (new_follower_gain + old_follower_gain)


@bare
def accel_behind(city: City, vehicle: int, lane: int, gap: float, leader_speed: float) -> float:
    """Acceleration (m/s²) of a vehicle on a lane with so much room to the rear of somebody."""
    wish = wished_speed(city, lane, vehicle)
    speed = city.vehicle_f[vehicle, SPEED_MPS]
    return (behind(city, vehicle, gap, leader_speed, max(wish, speed)) - speed) / city.step_s


@bare
def accel_at(city: City, vehicle: int, lane: int, k: int) -> float:
    """Acceleration (m/s²) of a vehicle if it were in place ``k`` of a lane where it is now along the road."""
    gap = gap_ahead(city, lane, k, city.vehicle_f[vehicle, POSITION_M])
    if gap == math.inf:
        return accel_behind(city, vehicle, lane, gap, 0.0)
    return accel_behind(city, vehicle, lane, gap, city.vehicle_f[ahead_of(city, lane, k), SPEED_MPS])


@bare
def followers_gain(city: City, lane: int, k: int, other: int, place: int) -> float:
    """What those behind gain (m/s², less than 0: lose) when the vehicle in place ``k`` of a lane goes to another."""
    vehicle, gain = at(city, lane, k), 0.0
    rear = city.vehicle_f[vehicle, POSITION_M] - city.driver[city.vehicle_i[vehicle, CLASS], LENGTH_M]
    speed = city.vehicle_f[vehicle, SPEED_MPS]
    if place < city.lane_i[COUNT, other]:
        new = at(city, other, place)
        gain += accel_behind(city, new, other, rear - city.vehicle_f[new, POSITION_M], speed)
        gain -= accel_at(city, new, other, place)
    if k + 1 < city.lane_i[COUNT, lane]:
        old = at(city, lane, k + 1)
        gain += accel_at(city, old, lane, k)
        gain -= accel_at(city, old, lane, k + 1)
    return gain


@woven
def looks_aside(city: City, link: int, lane: int, k: int, vehicle: int) -> bool:
    """Whether the driver in place ``k`` of a lane comes up behind somebody, or could go back to the kerb."""
    speed, limit = city.vehicle_f[vehicle, SPEED_MPS], city.lane_f[LIMIT_MPS, lane]
    if speed < QUEUE_MPS:
        return False
    if limit > FAST_MPS and lane > city.link[FIRST_LANE, link]:
        return True
    if k == 0:
        return False
    ahead, kind = at(city, lane, k - 1), city.vehicle_i[vehicle, CLASS]
    gap = city.vehicle_f[ahead, POSITION_M] - city.vehicle_f[vehicle, POSITION_M]
    gap -= city.driver[city.vehicle_i[ahead, CLASS], LENGTH_M]
    return gap < FAR_GAPS * (city.driver[kind, MIN_GAP_M] + speed * headway_on(city, lane, kind))


@bare
def faster_lane(city: City, link: int, lane: int, k: int, vehicle: int, t_s: float) -> int:
    """Lane beside the present one in which the driver in place ``k`` of a lane gets on better, -1: none.

    Only lanes that serve the route as well.
    """
    period = max(1, math.floor(LOOKS_EVERY_S / city.step_s + 0.5))
    if (city.vehicle_i[vehicle, CHANCE] + math.floor(t_s / city.step_s + 0.5)) % period != 0:
        return -1
    wanted = link_ahead(city, vehicle, 1)
    if wanted >= 0 and city.vehicle_i[vehicle, CONNECTOR] < 0:
        return -1
    access, position = city.class_access[city.vehicle_i[vehicle, CLASS]], city.vehicle_f[vehicle, POSITION_M]
    bias = KERB_BIAS_MPS2 if city.lane_f[LIMIT_MPS, lane] > FAST_MPS else 0.0
    here, serves = accel_at(city, vehicle, lane, k), -1  # how well lanes serve is asked last: it takes longest
    fast = bias > 0.0 and city.vehicle_f[vehicle, SPEED_MPS] > FAST_MPS
    stays_behind = fast and city.driver[city.vehicle_i[vehicle, CLASS], PASSES_AT_KERB] == 0.0
    found, most = -1, 0.0
    for side in range(-1, 2, 2):
        other = lane + side
        if not city.link[FIRST_LANE, link] <= other < city.link[FIRST_LANE, link + 1]:
            continue
        if not may_use(city, other, access) or city.lane_i[KNOT, other] >= 0:
            continue
        if city.lane_f[OBSTACLE_M, other] < math.inf:
            continue
        place = place_in_lane(city, other, position)
        if place < city.lane_i[GRANTED_COUNT, other]:
            continue
        needed = THRESHOLD_MPS2 + side * bias  # lane 0 is at the kerb, on whichever side one drives
        gain = accel_at(city, vehicle, other, place) - here
        if stays_behind and side < 0:
            gain = min(gain, 0.0)  # nobody passes there (eq. 6)
        more = incentive(gain, followers_gain(city, lane, k, other, place), 0.0, POLITENESS) - needed
        if more <= most:
            continue
        if wanted >= 0:
            serves = suits(city, vehicle, lane) if serves < 0 else serves
            if suits(city, vehicle, other) < serves:
                continue
        found, most = other, more
    return found
