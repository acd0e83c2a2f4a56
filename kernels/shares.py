"""Let roads that share a merge take turns in the proportion they were given.

Each way into a shared lane has a clock, which every vehicle that goes in moves on by one over the way's share. Whoever
has the earlier turn goes first: start-time fair queueing (Goyal, Vin, Cheng 1996), of which taking turns one by one is
the case of equal shares.
"""

from __future__ import annotations

from .compile import bare, woven
from .gaps import claimed
from .traffic_tables import (
    CAUSE,
    CLASS,
    CONNECTOR,
    CRITICAL_GAP_S,
    FIRST_FOE,
    FOE,
    FOE_MERGES,
    GRANTED_COUNT,
    LANE,
    OCCUPIED,
    OCCUPIED_BY,
    TURN_AT,
    TURN_TAKES,
    City,
)

SAVED_TURNS = 2.0  # that a road may have let pass and take later; more are lost, as on a road without a queue


@woven
def by_turns(city: City, one: int, other: int) -> bool:
    """Whether the roads of two vehicles have shares of the lanes that they mean to go into."""
    row = city.road_lanes + city.vehicle_i[one, CONNECTOR]
    other_row = city.road_lanes + city.vehicle_i[other, CONNECTOR]
    return city.lane_f[TURN_TAKES, row] > 0.0 and city.lane_f[TURN_TAKES, other_row] > 0.0


@woven
def turn_of(city: City, vehicle: int) -> float:
    """The turn of a vehicle that asks to enter: behind those of its lane who may enter already."""
    row = city.road_lanes + city.vehicle_i[vehicle, CONNECTOR]
    may_enter = city.lane_i[GRANTED_COUNT, city.vehicle_i[vehicle, LANE]]
    return city.lane_f[TURN_AT, row] + city.lane_f[TURN_TAKES, row] * may_enter


@woven
def goes_later(city: City, vehicle: int, other: int) -> bool:
    """Whether the turn of a vehicle comes after that of another, where their roads share the lane that both go into."""
    if not by_turns(city, vehicle, other):
        return False
    turn, its_turn = turn_of(city, vehicle), turn_of(city, other)
    if turn == its_turn:
        return city.vehicle_i[vehicle, CONNECTOR] > city.vehicle_i[other, CONNECTOR]
    return turn > its_turn


@bare
def waits_to_join(city: City, vehicle: int, connector: int) -> bool:
    """Whether nobody whose way crosses a connector is inside, or may enter, before a vehicle."""
    within_s = city.driver[city.vehicle_i[vehicle, CLASS], CRITICAL_GAP_S]
    for place in range(city.connector[FIRST_FOE, connector], city.connector[FIRST_FOE, connector + 1]):
        inside = city.lane_i[OCCUPIED_BY, city.road_lanes + city.foe[FOE, place]] > 0
        if city.foe[FOE_MERGES, place] == 0 and (inside or claimed(city, place, within_s)):
            return False
    return True


@woven
def keeps_turn(city: City, vehicle: int) -> bool:
    """Whether a vehicle whose road shares a lane that it means to go into waits only for those who join it there."""
    connector = city.vehicle_i[vehicle, CONNECTOR]
    if city.lane_f[TURN_TAKES, city.road_lanes + connector] == 0.0 or city.vehicle_i[vehicle, CAUSE] != OCCUPIED:
        return False
    return waits_to_join(city, vehicle, connector)


@bare
def take_turn(city: City, connector: int) -> None:
    """Note that somebody went in on a connector; roads that joined it could not use save few turns."""
    row = city.road_lanes + connector
    turn = city.lane_f[TURN_AT, row]
    city.lane_f[TURN_AT, row] = turn + city.lane_f[TURN_TAKES, row]
    for place in range(city.connector[FIRST_FOE, connector], city.connector[FIRST_FOE, connector + 1]):
        foe_row = city.road_lanes + city.foe[FOE, place]
        takes = city.lane_f[TURN_TAKES, foe_row]
        if city.foe[FOE_MERGES, place] != 0 and takes > 0.0:
            city.lane_f[TURN_AT, foe_row] = max(city.lane_f[TURN_AT, foe_row], turn - SAVED_TURNS * takes)
