"""Say what a junction's lights show, and who is about to come: the gaps that others may use."""

from __future__ import annotations

import math

from .compile import bare, woven
from .driving import brake_distance
from .rings import at
from .traffic_tables import (
    CLASS,
    CONNECTOR,
    COUNT,
    CRITICAL_GAP_S,
    FIRST_FEEDER,
    FIRST_FOE,
    FOE,
    FOE_CLEAR_M,
    FOE_GAP,
    FOE_MERGES,
    FOE_REACH_M,
    FOE_STOP_M,
    FROM_LANE,
    GRANTED,
    GRANTED_COUNT,
    GROUP,
    LANE,
    LANE_LENGTH_M,
    LAST_OUT,
    LENGTH_M,
    LIGHT_RED,
    LIGHT_YELLOW,
    MAX_ACCEL,
    MIN_GAP_M,
    OCCUPIED_BY,
    ON_TRUST,
    PHASE,
    POSITION_M,
    REAR_IN,
    REAR_LEFT_M,
    SIGNAL,
    SPEED_MPS,
    City,
)

CLEAR, TRUSTED, BLOCKED = 0, 1, 2
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
def critical_gap(city: City, vehicle: int, place: int) -> float:
    """Gap (s) that a vehicle asks for on the foe ``place`` when it comes to its line."""
    return city.driver[city.vehicle_i[vehicle, CLASS], CRITICAL_GAP_S] * city.foe_f[FOE_GAP, place]


@woven
def claimed(city: City, place: int, within_s: float) -> bool:
    """Whether a vehicle with a grant for the foe ``place`` will be in the way within some seconds, or cannot stop."""
    connector = city.foe[FOE, place]
    lane, reach = city.connector[FROM_LANE, connector], city.foe_f[FOE_REACH_M, place]
    for k in range(city.lane_i[GRANTED_COUNT, lane]):
        vehicle = at(city, lane, k)
        if city.vehicle_i[vehicle, CONNECTOR] != connector:
            continue
        speed = city.vehicle_f[vehicle, SPEED_MPS]
        left = city.lane_f[LANE_LENGTH_M, lane] - city.vehicle_f[vehicle, POSITION_M]
        soon = left < CREEP_MPS * within_s or left + reach < speed * within_s  # whoever stands will speed up
        if soon or brake_distance(speed, city.firm_decel, city.step_s) > left:
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
def last_inside(city: City, row: int) -> int:
    """Whoever entered last on an occupied connector, its lane row ``row``, and has not left it with its rear."""
    count = city.lane_i[COUNT, row]
    return at(city, row, count - 1) if count > 0 else city.lane_i[LAST_OUT, row]


@woven
def way_to_clear(city: City, place: int) -> float:
    """Metres until the rears of all who have entered on the foe ``place`` are out of the way.

    0 when they are, or will be at the end of the coming step however hard they brake.
    """
    foe = city.foe[FOE, place]
    row, step = city.road_lanes + foe, city.step_s
    if city.lane_i[OCCUPIED_BY, row] == 0:
        return 0.0
    to_go = room_behind(city, foe) - city.lane_f[LANE_LENGTH_M, row] + city.foe_f[FOE_CLEAR_M, place]
    its_speed = city.vehicle_f[last_inside(city, row), SPEED_MPS]
    return 0.0 if to_go <= max(0.0, its_speed - city.max_decel * step) * step else to_go


@bare
def will_be_clear(city: City, vehicle: int, place: int, left: float) -> int:
    """Whether the rears of all who have entered on the foe ``place`` are out of the way of a vehicle before its line.

    ``CLEAR``: now, or at the end of the coming step however hard they brake. ``TRUSTED``: by their speed they will be
    when it gets to where the ways meet, and it can still stop there if they are not; before its line if somebody there
    is trusting others. Else ``BLOCKED``.
    """
    to_go = way_to_clear(city, place)
    if to_go == 0.0:
        return CLEAR
    row, step = city.road_lanes + city.foe[FOE, place], city.step_s
    other = last_inside(city, row)
    its_speed, kind = city.vehicle_f[other, SPEED_MPS], city.vehicle_i[vehicle, CLASS]
    trusts = city.lane_i[COUNT, row] > 0 and city.vehicle_i[other, GRANTED] == ON_TRUST
    reach = left if trusts else left + city.foe_f[FOE_STOP_M, place]
    soon = city.vehicle_f[vehicle, SPEED_MPS] + city.driver[kind, MAX_ACCEL] * step
    in_time = its_speed > CREEP_MPS and to_go / its_speed + step <= reach / soon
    return TRUSTED if in_time and soon * step + brake_distance(soon, city.max_decel, step) <= reach else BLOCKED


@bare
def room_before_others(city: City, connector: int, left: float) -> float:
    """Metres that a vehicle, ``left`` before its line, may go before it gets in the way of others inside; inf: all."""
    room = math.inf
    for place in range(city.connector[FIRST_FOE, connector], city.connector[FIRST_FOE, connector + 1]):
        if city.foe[FOE_MERGES, place] == 0 and way_to_clear(city, place) > 0.0:
            room = min(room, left + city.foe_f[FOE_STOP_M, place])
    return room


@bare
def all_clear(city: City, vehicle: int, connector: int, left: float) -> int:
    """The worst that ``will_be_clear`` says of those who cross a vehicle's way, ``left`` metres before its line."""
    worst = CLEAR
    for place in range(city.connector[FIRST_FOE, connector], city.connector[FIRST_FOE, connector + 1]):
        if city.foe[FOE_MERGES, place] == 0:
            worst = max(worst, will_be_clear(city, vehicle, place, left))
    return worst


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
def can_join(city: City, vehicle: int, to_join: float, foe: int) -> bool:
    """Whether a vehicle, ``to_join`` metres from where they meet, can follow whoever entered last on a foe."""
    last = last_inside(city, city.road_lanes + foe)
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
