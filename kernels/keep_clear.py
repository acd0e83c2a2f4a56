"""Keep junctions clear: let in only whoever will find room behind, or hinders nobody inside."""

from __future__ import annotations

import math

from .chance import LOOP_TURN, uniform
from .compile import bare, woven
from .gaps import rear_beyond
from .pace import STOP_MARGIN_M
from .rings import at
from .traffic_tables import (
    CLASS,
    CONNECTOR,
    COUNT,
    FIRST_CONNECTOR,
    FIRST_LOOP,
    FIRST_LOOP_LANE,
    FROM_LANE,
    GRANTED,
    INBOUND_M,
    JOINED,
    JOINT,
    KNOT,
    LANE_LENGTH_M,
    LAST_OUT,
    LEAVING,
    LENGTH_M,
    LOOP_FREE_M,
    LOOP_RESERVE,
    LOOP_SPACE_M,
    MIN_GAP_M,
    OVERHANG_M,
    POSITION_M,
    PROMISED_M,
    SPEED_MPS,
    STANDING_S,
    STILL_PROMISED,
    TO_LANE,
    WANTED,
    WANTED_BEFORE,
    City,
)

MOVES_UP_M = 3.0  # behind whoever stands: for less nobody goes beyond the stop line
FORESIGHT_S = 3.0  # how far ahead the last vehicle behind a junction is assumed to drive on


@woven
def free_room(city: City, lane: int, needed: float, overhang_m: float) -> float:
    """Metres at a lane's start that will be free soon, promises to others not counted.

    ``overhang_m``: at its end, what those who leave it may go on to fill.
    """
    count = city.lane_i[COUNT, lane]
    # Nobody needs the gap that is counted in front of the first, but for what it stops short of the line.
    length = city.lane_f[LANE_LENGTH_M, lane] + city.driver[0, MIN_GAP_M] - STOP_MARGIN_M
    if count == 0:
        return max(length, needed) - overhang_m  # whoever is longer than an empty lane may enter it
    last = at(city, lane, count - 1)
    rear = city.vehicle_f[last, POSITION_M] - city.driver[city.vehicle_i[last, CLASS], LENGTH_M]
    stay = count - city.lane_i[LEAVING, lane]
    moving_on = min(rear + city.vehicle_f[last, SPEED_MPS] * FORESIGHT_S, length - overhang_m - stay * needed)
    return max(rear, moving_on)


@bare
def can_move_up(city: City, lane: int, least: float) -> bool:
    """Whether the last to leave a lane is under way, or has left so many metres behind the stop line."""
    last = city.lane_i[LAST_OUT, lane]
    return rear_beyond(city, lane) >= least or city.vehicle_f[last, STANDING_S] == 0.0


@bare
def has_room_beyond(city: City, connector: int, needed: float) -> bool:
    """Whether a vehicle that needs so many metres will not come to rest on a connector where it hinders others.

    Where nobody crosses or joins its way it may: what others were promised has to fit behind the stop line, no more.
    """
    to_lane = city.connector[TO_LANE, connector]
    overhang_m = max(0.0, city.lane_f[OVERHANG_M, to_lane])
    free_m = free_room(city, to_lane, needed, overhang_m) - city.lane_f[INBOUND_M, to_lane]
    if city.connector[JOINT, connector] != 0:
        inside_m = city.lane_f[LANE_LENGTH_M, city.road_lanes + connector]
        return free_m + inside_m >= 0.0 and can_move_up(city, city.connector[FROM_LANE, connector], MOVES_UP_M)
    return free_m >= needed


@woven
def note_overhang(city: City, lane: int) -> None:
    """Note how much of a lane's end whoever goes on to a joint last will fill, for want of room beyond."""
    needed, most = city.driver[0, LENGTH_M] + city.driver[0, MIN_GAP_M], 0.0
    for connector in range(city.lane_i[FIRST_CONNECTOR, lane], city.lane_i[FIRST_CONNECTOR, lane + 1]):
        if city.connector[JOINT, connector] != 0:
            to_lane = city.connector[TO_LANE, connector]
            inside_m = city.lane_f[LANE_LENGTH_M, city.road_lanes + connector]
            most = max(most, city.lane_f[INBOUND_M, to_lane] - free_room(city, to_lane, needed, 0.0) - inside_m)
    city.lane_f[OVERHANG_M, lane] = most


@woven
def promise_room(city: City, vehicle: int, times: float) -> None:
    """Promise a vehicle room beyond the junction; ``times`` is -1 to take that back."""
    kind, to_lane = city.vehicle_i[vehicle, CLASS], city.connector[TO_LANE, city.vehicle_i[vehicle, CONNECTOR]]
    city.lane_f[INBOUND_M, to_lane] += times * (city.driver[kind, LENGTH_M] + city.driver[kind, MIN_GAP_M])


@woven
def settle_promise(city: City, vehicle: int) -> None:
    """Promise room to a vehicle that has changed lanes at a junction where it goes now, and no longer where it went."""
    before, kind = city.vehicle_i[vehicle, STILL_PROMISED], city.vehicle_i[vehicle, CLASS]
    if before >= 0:
        city.lane_f[INBOUND_M, before] -= city.driver[kind, LENGTH_M] + city.driver[kind, MIN_GAP_M]
        city.vehicle_i[vehicle, STILL_PROMISED] = -1
    if city.vehicle_i[vehicle, GRANTED] == JOINED:
        city.vehicle_i[vehicle, GRANTED] = 1
        promise_room(city, vehicle, 1.0)


@woven
def note_loop_room(city: City, lane: int) -> None:
    """Note how much of a lane in a short loop is neither filled nor promised."""
    free = city.lane_f[LOOP_SPACE_M, lane] - city.lane_f[INBOUND_M, lane]
    for k in range(city.lane_i[COUNT, lane]):
        kind = city.vehicle_i[at(city, lane, k), CLASS]
        free -= city.driver[kind, LENGTH_M] + city.driver[kind, MIN_GAP_M]
    city.lane_f[LOOP_FREE_M, lane] = free


@woven
def step_at(city: City, t_s: float) -> int:
    """Number of the step that begins at a time."""
    return math.floor(t_s / city.step_s + 0.5)


@bare
def ask_for_room(city: City, lane: int, t_s: float) -> None:
    """Note that somebody wants to go into a lane of a short loop: in the next step it takes part in drawing lots."""
    if city.lane_i[KNOT, lane] >= 0:
        city.lane_i[WANTED, lane] = step_at(city, t_s) + 1


@bare
def lots_before(city: City, lane: int, first: int, last: int, step: int) -> int:
    """How many wanted lanes of those listed from ``first`` to ``last`` have a lower lot than a lane in this step."""
    own, before = uniform(0, lane, LOOP_TURN, step), 0
    for around in range(first, last):
        other = city.listed[around]
        if city.lane_i[WANTED_BEFORE, other] == step and uniform(0, other, LOOP_TURN, step) < own:
            before += 1
    return before


@bare
def loops_have_room(city: City, lane: int, to_lane: int, needed: float, t_s: float) -> bool:
    """Whether a vehicle may go from a lane (-1: from beside the road) into the short loops that another is part of.

    Vehicles that want round a roundabout, round an island, or back over a wide median wait for each other for ever once
    the last place of a loop is filled: some places stay free for who is on it. Who enters looks at the places that were
    free at the start of the step; where there are fewer than lanes, the lanes draw lots for them, step by step. A lane
    has one lot for all of its loops: turns that come round loop by loop may never come together.
    """
    knot, step = city.lane_i[KNOT, to_lane], step_at(city, t_s)
    if knot < 0:
        return True
    ask_for_room(city, to_lane, t_s)
    if city.lane_f[INBOUND_M, to_lane] > city.lane_f[PROMISED_M, to_lane]:
        return False  # somebody else has just been let in here
    from_knot = lane >= 0 and city.lane_i[KNOT, lane] == knot
    place_m = city.driver[0, LENGTH_M] + city.driver[0, MIN_GAP_M]
    for place in range(city.lane_i[FIRST_LOOP, to_lane], city.lane_i[FIRST_LOOP, to_lane + 1]):
        loop = city.listed[place]
        first, last = city.loop[FIRST_LOOP_LANE, loop], city.loop[FIRST_LOOP_LANE, loop + 1]
        # Who is in the knot already may use the places kept for it, but for one: else two of its loops wait in vain.
        free = -place_m if from_knot else -place_m * city.loop[LOOP_RESERVE, loop]
        goes_round = False
        for around in range(first, last):
            other = city.listed[around]
            free += city.lane_f[LOOP_FREE_M, other]
            goes_round = goes_round or other == lane
        served = math.floor(free / needed)
        if goes_round or served >= last - first:
            continue
        if city.lane_i[WANTED_BEFORE, to_lane] != step or lots_before(city, to_lane, first, last, step) >= served:
            return False
    return True
