"""Say what a junction's lights show, and who is about to come: the gaps that others may use."""

from __future__ import annotations

from .compile import woven
from .driving import brake_distance
from .rings import at
from .traffic_tables import (
    CLASS,
    CONNECTOR,
    COUNT,
    FIRST_FEEDER,
    FROM_LANE,
    GRANTED_COUNT,
    GROUP,
    LANE_LENGTH_M,
    LAST_OUT,
    LENGTH_M,
    LIGHT_RED,
    LIGHT_YELLOW,
    MIN_GAP_M,
    OCCUPIED_BY,
    PHASE,
    POSITION_M,
    REAR_IN,
    REAR_LEFT_M,
    SIGNAL,
    SPEED_MPS,
    City,
)

DARK = 9  # no signal: the signs alone rule
CREEP_MPS = 3.0  # how fast, at least, a vehicle with a grant is expected to come
LOOK_BACK = 6  # vehicles of a priority lane that are looked at


@woven
def light_of(city: City, connector: int) -> int:
    """What a connector is shown now."""
    controller = city.connector[SIGNAL, connector]
    if controller < 0:
        return DARK
    start = city.phase_light[city.controller_i[PHASE, controller]]
    return city.light[start + city.connector[GROUP, connector]]


@woven
def claimed(city: City, connector: int, within_s: float) -> bool:
    """Whether a vehicle with a grant for a connector will be at its stop line within some seconds, or cannot stop."""
    lane = city.connector[FROM_LANE, connector]
    for k in range(city.lane_i[GRANTED_COUNT, lane]):
        vehicle = at(city, lane, k)
        if city.vehicle_i[vehicle, CONNECTOR] != connector:
            continue
        speed = city.vehicle_f[vehicle, SPEED_MPS]
        left = city.lane_f[LANE_LENGTH_M, lane] - city.vehicle_f[vehicle, POSITION_M]
        if left < max(speed, CREEP_MPS) * within_s or brake_distance(speed, city.firm_decel, city.step_s) > left:
            return True
    return False


@woven
def is_clear(city: City, connector: int, beyond_m: float) -> bool:
    """Whether the rears of all who have entered on a connector are ``beyond_m`` metres along it, or further."""
    row = city.road_lanes + connector
    if city.lane_i[OCCUPIED_BY, row] == 0:
        return True
    return room_behind(city, connector) <= city.lane_f[LANE_LENGTH_M, row] - beyond_m


@woven
def room_behind(city: City, connector: int) -> float:
    """Metres from the rear of whoever entered last on an occupied connector to its end."""
    row = city.road_lanes + connector
    count = city.lane_i[COUNT, row]
    if count > 0:
        last = at(city, row, count - 1)
        return (
            city.lane_f[LANE_LENGTH_M, row]
            - city.vehicle_f[last, POSITION_M]
            + city.driver[city.vehicle_i[last, CLASS], LENGTH_M]
        )
    last = city.lane_i[LAST_OUT, row]
    if city.vehicle_i[last, REAR_IN] == connector:
        return city.vehicle_f[last, REAR_LEFT_M]
    return city.lane_f[LANE_LENGTH_M, row]  # its rear reaches back over more than one street


@woven
def can_join(city: City, vehicle: int, to_join: float, foe: int) -> bool:
    """Whether a vehicle, ``to_join`` metres from where they meet, can follow whoever entered last on a foe."""
    row = city.road_lanes + foe
    count = city.lane_i[COUNT, row]
    last = at(city, row, count - 1) if count > 0 else city.lane_i[LAST_OUT, row]
    gap = to_join - room_behind(city, foe) - city.driver[city.vehicle_i[vehicle, CLASS], MIN_GAP_M] / 2.0
    hard, step = city.max_decel, city.step_s
    needs = brake_distance(city.vehicle_f[vehicle, SPEED_MPS], hard, step)
    return gap > 0.0 and gap + brake_distance(city.vehicle_f[last, SPEED_MPS], hard, step) >= needs


@woven
def approaches(city: City, connector: int, within_s: float, beyond_m: float) -> bool:
    """Whether a vehicle that means to use a connector will be ``beyond_m`` behind its stop line within some seconds.

    Those with a grant are counted by ``claimed``; whoever stands is waiting for somebody else.
    """
    light = light_of(city, connector)
    if light in (LIGHT_RED, LIGHT_YELLOW):
        return False
    lane = city.connector[FROM_LANE, connector]
    length = city.lane_f[LANE_LENGTH_M, lane]
    first = city.lane_i[GRANTED_COUNT, lane]
    count = city.lane_i[COUNT, lane]
    for k in range(first, min(count, first + LOOK_BACK)):
        vehicle = at(city, lane, k)
        if city.vehicle_i[vehicle, CONNECTOR] != connector:
            continue
        speed = city.vehicle_f[vehicle, SPEED_MPS]
        if speed > 0.5 and length + beyond_m - city.vehicle_f[vehicle, POSITION_M] < speed * within_s:
            return True
    if count == first:
        road_lanes = city.road_lanes
        for place in range(city.lane_i[FIRST_FEEDER, lane], city.lane_i[FIRST_FEEDER, lane + 1]):
            row = road_lanes + city.listed[place]
            if city.lane_i[COUNT, row] > 0:
                vehicle = at(city, row, 0)
                left = length + beyond_m + city.lane_f[LANE_LENGTH_M, row] - city.vehicle_f[vehicle, POSITION_M]
                if left < city.vehicle_f[vehicle, SPEED_MPS] * within_s:
                    return True
    return False
