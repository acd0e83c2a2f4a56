"""Let drivers take turns at a junction without a light: who goes first, and whom nobody keeps waiting for ever."""

from __future__ import annotations

from .compile import bare, woven
from .gaps import DARK, claimed, light_of
from .merging import way_left
from .rings import at
from .shares import by_turns, goes_later
from .traffic_tables import (
    CAUSE,
    CLASS,
    CONNECTOR,
    COUNT,
    CRITICAL_GAP_S,
    FIRST_FOE,
    FOE,
    FOE_GIVES_WAY,
    FOE_MERGES,
    FOE_YIELDED_TO,
    FROM_LANE,
    GRANTED_COUNT,
    LANE,
    LANE_LENGTH_M,
    OCCUPIED,
    POSITION_M,
    PRIORITY,
    SPEED_MPS,
    STANDING_S,
    TO_LANE,
    YIELD,
    City,
)

ZIP_MPS = 3.0  # slower than this, lanes that join take turns and drivers let others in
TAKE_TURNS_S = 10.0  # of standing on both sides, after which drivers let each other in
STOPPED_MPS = 0.5


@woven
def serve_first(city: City, one: int, other: int) -> bool:
    """Whether one candidate is served before another: higher priority first, among equals who has waited longer.

    Where both stand, right of way has stopped to work, and drivers take turns; so they do in slow traffic where two
    lanes become one. Of equals whose lanes join, whoever is nearer goes first, unless both stand: the shorter way would
    always be the nearer one.
    """
    waited_one, waited_other = city.vehicle_f[one, STANDING_S], city.vehicle_f[other, STANDING_S]
    way_of_one, way_of_other = city.vehicle_i[one, CONNECTOR], city.vehicle_i[other, CONNECTOR]
    of_one, of_other = city.connector[PRIORITY, way_of_one], city.connector[PRIORITY, way_of_other]
    join = city.connector[TO_LANE, way_of_one] == city.connector[TO_LANE, way_of_other]
    if join and by_turns(city, one, other):
        return goes_later(city, other, one)
    if join and of_one == of_other and min(waited_one, waited_other) == 0.0:
        lane_one, lane_other = city.vehicle_i[one, LANE], city.vehicle_i[other, LANE]
        row_one, row_other = city.road_lanes + way_of_one, city.road_lanes + way_of_other
        return way_left(city, one, lane_one, row_one) < way_left(city, other, lane_other, row_other)
    if of_one == of_other or (waited_one > TAKE_TURNS_S and waited_other > TAKE_TURNS_S):
        return waited_one > waited_other
    if join:
        slow = city.vehicle_f[one, SPEED_MPS] < ZIP_MPS and city.vehicle_f[other, SPEED_MPS] < ZIP_MPS
        if slow and max(waited_one, waited_other) > TAKE_TURNS_S:
            return waited_one > waited_other
    return of_one > of_other


@woven
def comes_fast(city: City, lane: int, connector: int, within_s: float) -> bool:
    """Whether somebody with a grant for a connector, or next to ask for one, is near and not in slow traffic."""
    for k in range(min(city.lane_i[COUNT, lane], city.lane_i[GRANTED_COUNT, lane] + 1)):
        vehicle = at(city, lane, k)
        speed = city.vehicle_f[vehicle, SPEED_MPS]
        left = city.lane_f[LANE_LENGTH_M, lane] - city.vehicle_f[vehicle, POSITION_M]
        if city.vehicle_i[vehicle, CONNECTOR] == connector and speed >= ZIP_MPS and left < speed * within_s:
            return True
    return False


@woven
def is_let_in(city: City, vehicle: int) -> bool:
    """Whether a vehicle that has stood long without a signal waits only for slow traffic, whose drivers let it in."""
    why, connector = city.vehicle_i[vehicle, CAUSE], city.vehicle_i[vehicle, CONNECTOR]
    if why not in (OCCUPIED, YIELD) or city.vehicle_f[vehicle, STANDING_S] <= TAKE_TURNS_S:
        return False
    if light_of(city, connector) != DARK:
        return False
    within_s = city.driver[city.vehicle_i[vehicle, CLASS], CRITICAL_GAP_S]
    for place in range(city.connector[FIRST_FOE, connector], city.connector[FIRST_FOE, connector + 1]):
        foe = city.foe[FOE, place]
        row = city.road_lanes + foe
        if city.foe[FOE_MERGES, place] == 0 and city.lane_i[COUNT, row] > 0:
            last = at(city, row, city.lane_i[COUNT, row] - 1)
            if city.vehicle_f[last, SPEED_MPS] < STOPPED_MPS:
                return False  # the way is blocked, whoever lets in
        if comes_fast(city, city.connector[FROM_LANE, foe], foe, within_s):
            return False
    return True


@bare
def is_kept_wrongly(city: City, vehicle: int) -> bool:
    """Whether only those who should give way keep a standing vehicle from a junction without a signal.

    Who stands is taken for somebody who waits for others: a stream that should give way would go on for ever.
    """
    connector = city.vehicle_i[vehicle, CONNECTOR]
    if city.vehicle_i[vehicle, CAUSE] != OCCUPIED or city.vehicle_f[vehicle, STANDING_S] <= TAKE_TURNS_S:
        return False
    if light_of(city, connector) != DARK:
        return False
    found, within_s = False, city.driver[city.vehicle_i[vehicle, CLASS], CRITICAL_GAP_S]
    for place in range(city.connector[FIRST_FOE, connector], city.connector[FIRST_FOE, connector + 1]):
        foe = city.foe[FOE, place]
        row = city.road_lanes + foe
        count = city.lane_i[COUNT, row]
        if count > 0 and city.vehicle_f[at(city, row, count - 1), SPEED_MPS] < STOPPED_MPS:
            return False
        if count > 0 or claimed(city, place, within_s):
            if city.foe[FOE_GIVES_WAY, place] == 0 or city.foe[FOE_YIELDED_TO, place] != 0:
                return False
            found = True
    return found
