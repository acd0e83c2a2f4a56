"""Carry vehicles across junctions: from their lane to a connector, and from its end to the next street."""

from __future__ import annotations

from .compile import woven
from .gaps import light_of
from .rings import at, is_full, pop, push
from .shared import add_shared
from .shares import take_turn
from .traffic_tables import (
    CAME_IN,
    CLASS,
    CONNECTOR,
    CONTENT,
    COUNT,
    DESTINATION,
    FIRST_CONNECTOR_IN,
    FIRST_LANE_IN,
    FIRST_SENSOR,
    GRANTED,
    GRANTED_COUNT,
    HAS_LET_IN,
    INBOUND_M,
    INSIDE,
    LANE,
    LANE_LENGTH_M,
    LAST_OUT,
    LEAVING,
    LENGTH_M,
    LIGHT_RED,
    MATCHES,
    MIN_GAP_M,
    OCCUPIED_BY,
    ON_TRUST,
    OWES,
    POSITION_M,
    REAR_IN,
    REAR_LEFT_M,
    RED_RUNS,
    ROUTE_AT,
    SENSOR_AT_M,
    SENSOR_COUNT,
    SENSOR_SPEED_SUM,
    SPEED_MPS,
    TO_LANE,
    TO_LINK,
    TURN_TAKES,
    WENT_OUT,
    YIELDS_TO,
    City,
)
from .ways import goes_on, way_on


@woven
def leave_streets(city: City, junction: int) -> None:
    """Carry vehicles that passed a stop line onto their connector."""
    if city.junction[OWES, junction] == 0:
        return  # nobody held a grant when they were given and taken back
    road_lanes = city.road_lanes
    for place in range(city.junction[FIRST_LANE_IN, junction], city.junction[FIRST_LANE_IN, junction + 1]):
        lane = city.listed[place]
        if city.lane_i[GRANTED_COUNT, lane] == 0:
            city.lane_i[LEAVING, lane] = 0
            continue
        length = city.lane_f[LANE_LENGTH_M, lane]
        while city.lane_i[GRANTED_COUNT, lane] > 0:
            vehicle = at(city, lane, 0)
            if city.vehicle_f[vehicle, POSITION_M] < length:
                break
            connector = city.vehicle_i[vehicle, CONNECTOR]
            row = road_lanes + connector
            pop(city, lane)
            push(city, row, vehicle)
            if light_of(city, connector) == LIGHT_RED:
                city.counter[RED_RUNS] += 1
            if city.vehicle_i[vehicle, GRANTED] != ON_TRUST:  # who is has to stop before whoever is in the way
                city.vehicle_i[vehicle, GRANTED] = 0
            city.vehicle_i[vehicle, YIELDS_TO] = -1
            city.vehicle_i[vehicle, MATCHES] = -1
            city.vehicle_i[vehicle, HAS_LET_IN] = 0
            city.lane_i[OCCUPIED_BY, row] += 1
            city.vehicle_i[vehicle, LANE] = row
            city.vehicle_f[vehicle, POSITION_M] -= length
            city.lane_i[GRANTED_COUNT, lane] -= 1
            city.lane_i[LAST_OUT, lane] = vehicle
            city.lane_i[WENT_OUT, lane] += 1
            city.lane_i[CAME_IN, row] += 1
            city.junction[INSIDE, junction] += 1
            if city.lane_f[TURN_TAKES, row] > 0.0:
                take_turn(city, connector)
        city.lane_i[LEAVING, lane] = city.lane_i[GRANTED_COUNT, lane]


@woven
def enter_streets(city: City, junction: int) -> None:
    """Carry vehicles at the end of their connector onto the next street."""
    if city.junction[INSIDE, junction] == 0:
        return
    road_lanes = city.road_lanes
    for connector in range(
        city.junction[FIRST_CONNECTOR_IN, junction], city.junction[FIRST_CONNECTOR_IN, junction + 1]
    ):
        row = road_lanes + connector
        length = city.lane_f[LANE_LENGTH_M, row]
        to_lane = city.connector[TO_LANE, connector]
        while city.lane_i[COUNT, row] > 0:
            vehicle = at(city, row, 0)
            if city.vehicle_f[vehicle, POSITION_M] < length or is_full(city, to_lane):
                break
            pop(city, row)
            push(city, to_lane, vehicle)
            city.lane_i[LAST_OUT, row] = vehicle
            kind = city.vehicle_i[vehicle, CLASS]
            vehicle_length = city.driver[kind, LENGTH_M]
            city.lane_f[INBOUND_M, to_lane] -= vehicle_length + city.driver[kind, MIN_GAP_M]
            if city.vehicle_i[vehicle, REAR_IN] >= 0:  # longer than the street before: its rear was two junctions back
                add_shared(city.lane_i, OCCUPIED_BY, road_lanes + city.vehicle_i[vehicle, REAR_IN], -1)
            position = city.vehicle_f[vehicle, POSITION_M] - length
            city.vehicle_f[vehicle, POSITION_M] = position
            city.vehicle_i[vehicle, LANE] = to_lane
            city.vehicle_i[vehicle, ROUTE_AT] += 1
            city.vehicle_i[vehicle, GRANTED] = 0
            city.vehicle_i[vehicle, REAR_IN] = connector
            city.vehicle_f[vehicle, REAR_LEFT_M] = vehicle_length - position
            if position >= vehicle_length:
                add_shared(city.lane_i, OCCUPIED_BY, row, -1)
                city.vehicle_i[vehicle, REAR_IN] = -1
            city.vehicle_i[vehicle, CONNECTOR] = way_on(city, vehicle, to_lane, -1)
            city.vehicle_i[vehicle, CONTENT] = 0
            if not goes_on(city, vehicle, 1):
                city.link[DESTINATION, city.connector[TO_LINK, connector]] = 1
            city.junction[INSIDE, junction] -= 1
            city.lane_i[WENT_OUT, row] += 1
            city.lane_i[CAME_IN, to_lane] += 1
            for sensor in range(city.lane_i[FIRST_SENSOR, to_lane], city.lane_i[FIRST_SENSOR, to_lane + 1]):
                if city.sensor[SENSOR_AT_M, sensor] <= position:  # else it is passed on the lane, see follow_lane
                    city.sensor[SENSOR_COUNT, sensor] += 1
                    city.sensor[SENSOR_SPEED_SUM, sensor] += city.vehicle_f[vehicle, SPEED_MPS]
