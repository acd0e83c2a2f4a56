"""Give and take back the right to enter junctions, vehicle by vehicle.

One junction owns the ends of its incoming lanes, its connectors and the beginnings of its outgoing lanes, so junctions
can be served in any order or at once. A *grant* entitles a vehicle to enter on one connector. It is given when the
vehicle would otherwise have to begin braking for the stop line, and taken back only from a vehicle that can still stop:
when its light ends, its way closes, or a vehicle that was waiting uses the time until it arrives. A connector is
*occupied* from a front crossing the stop line to that vehicle's rear leaving it, and nobody enters against an occupied
one.
"""

from __future__ import annotations

import math

from .compile import bare, woven
from .driving import brake_distance, stops_within
from .gaps import (
    BLOCKED,
    CLEAR,
    CREEP_MPS,
    DARK,
    all_clear,
    approaches,
    can_join,
    claimed,
    critical_gap,
    light_of,
    will_be_clear,
)
from .impatience import gap_share, is_gap_small
from .keep_clear import ask_for_room, has_room_beyond, loops_have_room, promise_room, settle_promise
from .merging import first_to_stand_back, may_join
from .passing import is_in_a_pass
from .people import people_before
from .rings import at
from .shares import goes_later, keeps_turn
from .traffic_tables import (
    ASK,
    ASK_AFTER_S,
    CANDIDATE,
    CAUSE,
    CLASS,
    CLOSED,
    COMFORT_DECEL,
    CONNECTOR,
    COUNT,
    FIRST_CONNECTOR_IN,
    FIRST_FOE,
    FIRST_LANE_IN,
    FIRST_LANE_OUT,
    FOE,
    FOE_GIVES_WAY,
    FOE_MERGES,
    FOE_PASS_S,
    FOE_REACH_M,
    FOE_YIELDED_TO,
    FROM_LANE,
    GRANTED,
    GRANTED_COUNT,
    INSIDE,
    KNOT,
    LANE_LENGTH_M,
    LENGTH_M,
    LIGHT_GREEN,
    LIGHT_RED,
    LIGHT_YELLOW,
    LIMIT_MPS,
    LOOKS,
    MAX_ACCEL,
    MIN_GAP_M,
    NEED_M,
    NO_PASSING,
    NO_ROOM,
    NOTHING,
    OCCUPIED,
    OCCUPIED_BY,
    ON_TRUST,
    OPEN,
    OPPOSITE,
    OWES,
    PEOPLE,
    PHASE_LEFT_S,
    POSITION_M,
    RED,
    SIGNAL,
    SMALL_GAPS,
    SPEED_FACTOR,
    SPEED_MPS,
    STANDING_S,
    STOP,
    TO_LANE,
    WRONG_LANE,
    YIELD,
    YIELDS_TO,
    City,
)
from .turns import STOPPED_MPS, ZIP_MPS, is_kept_wrongly, is_let_in, serve_first
from .ways import goes_on, may_use, way_on

CLEARING_S = 2.5  # from the stop line until a vehicle is out of the way of others
UNKNOWN = -2  # which vehicle of a lane asks to enter
SIGHT_M = 4.5  # SUMO's distance from which drivers on a minor road see the others (its visibilityDistance)
AT_LINE_M = 5.0  # a vehicle standing closer than this waits at the stop line


@woven
def refusal(city: City, vehicle: int, connector: int, left: float, t_s: float) -> int:
    """Why a vehicle may not enter a junction now, 0 if it may."""
    kind = city.vehicle_i[vehicle, CLASS]
    to_lane = city.connector[TO_LANE, connector]
    if not may_use(city, to_lane, city.class_access[kind]):
        return CLOSED
    light = light_of(city, connector)
    waits_at_line = left < AT_LINE_M and city.vehicle_f[vehicle, STANDING_S] > 0.0
    # Comes to rest in the first half of the coming step, so that stopping costs as much as it takes, on the average.
    rests_s = city.vehicle_f[vehicle, SPEED_MPS] / city.driver[kind, COMFORT_DECEL]
    has_stopped = left < AT_LINE_M and rests_s <= city.step_s / 2.0
    first, last = city.connector[FIRST_FOE, connector], city.connector[FIRST_FOE, connector + 1]
    if light == LIGHT_RED:
        return RED
    if light == LIGHT_YELLOW:
        # Who waited for a gap in oncoming traffic leaves while that traffic is stopping.
        gives_way = False
        for place in range(first, last):
            gives_way = gives_way or city.foe[FOE_YIELDED_TO, place] != 0
        if not (gives_way and waits_at_line):
            return RED
    to_join = left + city.lane_f[LANE_LENGTH_M, city.road_lanes + connector]
    for place in range(first, last):
        foe, within_s = city.foe[FOE, place], time_needed(city, vehicle, left, place)
        if light == DARK and city.foe[FOE_MERGES, place] != 0:
            if not may_join(city, vehicle, to_join, place, within_s):
                return OCCUPIED
            continue
        if claimed(city, place, within_s):
            return OCCUPIED
        if city.lane_i[OCCUPIED_BY, city.road_lanes + foe] == 0:
            continue
        if city.foe[FOE_MERGES, place] != 0:
            if not can_join(city, vehicle, to_join, foe):
                return OCCUPIED
        elif will_be_clear(city, vehicle, place, left) == BLOCKED:
            return OCCUPIED
    if light != LIGHT_GREEN:
        if city.connector[STOP, connector] != 0 and light == DARK and not has_stopped:
            return YIELD
        if city.connector[LOOKS, connector] != 0 and light == DARK and left > SIGHT_M:
            return YIELD
        for place in range(first, last):
            foe, reach = city.foe[FOE, place], city.foe_f[FOE_REACH_M, place]
            if city.foe[FOE_YIELDED_TO, place] == 0 or (light == DARK and city.connector[STOP, foe] != 0):
                continue  # who has to stop first does not come yet
            if light == DARK and city.foe[FOE_MERGES, place] != 0:
                reach = city.lane_f[LANE_LENGTH_M, city.road_lanes + foe]
            if approaches(city, foe, time_needed(city, vehicle, left, place), reach):
                return YIELD
    if city.crossed_f.shape[1] > 0 and people_before(city, vehicle, connector, left, light == DARK):
        return PEOPLE
    needed = city.driver[kind, LENGTH_M] + city.driver[kind, MIN_GAP_M]
    lane = city.connector[FROM_LANE, connector]
    has_room = has_room_beyond(city, connector, needed) and loops_have_room(city, lane, to_lane, needed, t_s)
    return NOTHING if has_room else NO_ROOM


@woven
def release(city: City, lane: int, kept: int) -> None:
    """Take grants back from all vehicles of a lane but the first ``kept``."""
    for k in range(kept, city.lane_i[GRANTED_COUNT, lane]):
        vehicle = at(city, lane, k)
        settle_promise(city, vehicle)
        city.vehicle_i[vehicle, GRANTED] = 0
        promise_room(city, vehicle, -1.0)
    city.lane_i[GRANTED_COUNT, lane] = min(kept, city.lane_i[GRANTED_COUNT, lane])


@woven
def overtake_claims(city: City, vehicle: int, connector: int, left: float) -> None:
    """Take back the grants of conflicting vehicles, which are far enough away to stop (see ``refusal``)."""
    dark = light_of(city, connector) == DARK
    to_join = left + city.lane_f[LANE_LENGTH_M, city.road_lanes + connector]
    for place in range(city.connector[FIRST_FOE, connector], city.connector[FIRST_FOE, connector + 1]):
        foe = city.foe[FOE, place]
        lane, stands = city.connector[FROM_LANE, foe], -1
        if dark and city.foe[FOE_MERGES, place] != 0:
            stands = first_to_stand_back(city, vehicle, to_join, place, time_needed(city, vehicle, left, place))
        else:
            for k in range(city.lane_i[GRANTED_COUNT, lane]):
                if city.vehicle_i[at(city, lane, k), CONNECTOR] == foe:
                    stands = k
                    break
        if stands >= 0:
            release(city, lane, stands)
            city.lane_i[CANDIDATE, lane] = -1  # not whoever came behind: the lane is not served again in this step


@woven
def time_needed(city: City, vehicle: int, left: float, place: int) -> float:
    """Seconds for which nobody may come on the foe ``place`` while a vehicle ``left`` m before its line goes on.

    A gap begins between two steps, on the average half a step before a driver can see it.
    """
    arrival_s = left / max(city.vehicle_f[vehicle, SPEED_MPS], CREEP_MPS)
    gap_s = critical_gap(city, vehicle, place) * gap_share(city, vehicle) - city.step_s / 2.0
    return max(gap_s - city.foe_f[FOE_PASS_S, place], arrival_s + CLEARING_S)


@bare
def crosses_in_time(city: City, vehicle: int, connector: int, left: float, slow: float) -> bool:
    """Whether a vehicle is over the stop line before its yellow ends, even if it brakes now for a place at ``slow``."""
    speed, step = city.vehicle_f[vehicle, SPEED_MPS], city.step_s
    comfort = city.driver[city.vehicle_i[vehicle, CLASS], COMFORT_DECEL]
    yellow_s = city.controller_f[PHASE_LEFT_S, city.connector[SIGNAL, connector]]
    reach = 0.0
    while yellow_s > 1e-9:
        speed = max(speed - comfort * step, min(speed, slow))
        reach += speed * step
        yellow_s -= step
    return reach >= left


@woven
def take_back(city: City, lane: int) -> None:
    """Take grants back where the light is ending, the way closed or the vehicle stands, from those who can stop."""
    length = city.lane_f[LANE_LENGTH_M, lane]
    kept = city.lane_i[GRANTED_COUNT, lane]
    for k in range(kept):
        vehicle = at(city, lane, k)
        settle_promise(city, vehicle)
        connector = city.vehicle_i[vehicle, CONNECTOR]
        light = light_of(city, connector)
        left, speed = length - city.vehicle_f[vehicle, POSITION_M], city.vehicle_f[vehicle, SPEED_MPS]
        to_lane = city.connector[TO_LANE, connector]
        stand = False
        if light == LIGHT_YELLOW:
            stand = brake_distance(speed, city.firm_decel, city.step_s) <= left
            if not stand and brake_distance(speed, city.max_decel, city.step_s) <= left:
                # Who slows down for the curve, or behind somebody who does, may meet the red light too close to stop.
                row = city.road_lanes + connector
                slow = city.lane_f[LIMIT_MPS, row] * city.vehicle_f[vehicle, SPEED_FACTOR]
                if k > 0 or city.lane_i[OCCUPIED_BY, row] > 0:
                    slow = min(slow, CREEP_MPS)
                stand = not crosses_in_time(city, vehicle, connector, left, slow)
        elif light == LIGHT_RED:
            stand = brake_distance(speed, city.max_decel, city.step_s) <= left
        elif city.lane_i[OPEN, to_lane] == 0:
            stand = brake_distance(speed, city.firm_decel, city.step_s) <= left
        else:
            stand = city.vehicle_f[vehicle, STANDING_S] > 2.0
        if city.vehicle_i[vehicle, GRANTED] == ON_TRUST and not stand:
            clear = all_clear(city, vehicle, connector, left)
            stand = clear == BLOCKED and brake_distance(speed, city.max_decel, city.step_s) <= left
            city.vehicle_i[vehicle, GRANTED] = 1 if clear == CLEAR else ON_TRUST
        if stand:
            kept = k
            break
    release(city, lane, kept)


@woven
def is_red(city: City, vehicle: int, connector: int) -> bool:
    """Whether nothing but its light, which is red, keeps a vehicle from a connector, whoever else asks."""
    return light_of(city, connector) == LIGHT_RED and may_use(
        city, city.connector[TO_LANE, connector], city.class_access[city.vehicle_i[vehicle, CLASS]]
    )


@woven
def still_waits(city: City, vehicle: int) -> bool:
    """Whether a vehicle that was told to wait at a red light goes on to, so that nothing need be asked again."""
    connector = city.vehicle_i[vehicle, CONNECTOR]
    return city.vehicle_i[vehicle, CAUSE] == RED and connector >= 0 and is_red(city, vehicle, connector)


@woven
def candidate(city: City, lane: int, t_s: float) -> int:
    """The first vehicle of a lane without a grant if it must know by now whether it may enter, else -1.

    Who is slowing down to let somebody into the lane does not ask: the other one is to go first.
    """
    k = city.lane_i[GRANTED_COUNT, lane]
    if k >= city.lane_i[COUNT, lane]:
        return -1
    vehicle = at(city, lane, k)
    if still_waits(city, vehicle):
        return -1
    settle_promise(city, vehicle)
    kind, left = city.vehicle_i[vehicle, CLASS], city.lane_f[LANE_LENGTH_M, lane] - city.vehicle_f[vehicle, POSITION_M]
    soon = city.vehicle_f[vehicle, SPEED_MPS] + city.driver[kind, MAX_ACCEL] * city.step_s
    comfort = city.driver[kind, COMFORT_DECEL]
    if stops_within(soon, left - 2.0, comfort, city.step_s) or not goes_on(city, vehicle, 1):
        return -1
    if left > soon * city.step_s + brake_distance(soon, comfort, city.step_s) + 2.0:
        return -1
    if city.lane_i[OPPOSITE, lane] != NO_PASSING and is_in_a_pass(city, lane, k):
        return -1
    if city.vehicle_i[vehicle, YIELDS_TO] >= 0 and city.vehicle_f[vehicle, SPEED_MPS] > STOPPED_MPS:
        return -1
    if city.vehicle_i[vehicle, CONNECTOR] < 0:
        city.vehicle_i[vehicle, CONNECTOR] = way_on(city, vehicle, lane, -1)
    if city.vehicle_i[vehicle, CONNECTOR] < 0:
        city.vehicle_i[vehicle, CAUSE] = WRONG_LANE
        return -1
    if is_red(city, vehicle, city.vehicle_i[vehicle, CONNECTOR]):
        city.vehicle_i[vehicle, CAUSE] = RED  # whoever else asks, in whatever order
        return -1
    return vehicle


@bare
def hold_back(city: City, first: int, last: int, vehicle: int, slower_mps: float, t_s: float) -> None:
    """Keep others who are slower than that from going into the junction before a vehicle whose way theirs meets.

    ``slower_mps`` of inf: only those who give way to it. Where roads share a merge, also those whose turn comes later.
    """
    connector = city.vehicle_i[vehicle, CONNECTOR]
    for place in range(first, last):
        lane = city.listed[place]
        if city.lane_i[CANDIDATE, lane] == UNKNOWN:
            city.lane_i[CANDIDATE, lane] = candidate(city, lane, t_s)
        rival = city.lane_i[CANDIDATE, lane]
        if rival < 0:
            continue
        way, slow = city.vehicle_i[rival, CONNECTOR], city.vehicle_f[rival, SPEED_MPS] < slower_mps
        for pair in range(city.connector[FIRST_FOE, connector], city.connector[FIRST_FOE, connector + 1]):
            if city.foe[FOE, pair] != way:
                continue
            stands_back = slow and (slower_mps < math.inf or city.foe[FOE_GIVES_WAY, pair] != 0)
            if stands_back or (city.foe[FOE_MERGES, pair] != 0 and goes_later(city, rival, vehicle)):
                city.lane_i[CANDIDATE, lane] = -1
                city.vehicle_i[rival, CAUSE] = YIELD
                break


@woven
def admit(city: City, lane: int, vehicle: int, t_s: float) -> bool:
    """Give a vehicle its grant, or note why not."""
    left = city.lane_f[LANE_LENGTH_M, lane] - city.vehicle_f[vehicle, POSITION_M]
    connector, why = city.vehicle_i[vehicle, CONNECTOR], NOTHING
    for attempt in range(2):
        why = refusal(city, vehicle, connector, left, t_s)
        if attempt == 1 or why not in (NO_ROOM, CLOSED):
            break
        other = way_on(city, vehicle, lane, connector)  # to another lane of the same link
        if other == connector:
            break
        connector = other
        city.vehicle_i[vehicle, CONNECTOR] = connector
    if why != NOTHING:
        city.vehicle_i[vehicle, CAUSE] = why
        ask_for_room(city, city.connector[TO_LANE, connector], t_s)
        if t_s >= city.vehicle_f[vehicle, ASK_AFTER_S]:
            if why == CLOSED:
                city.vehicle_i[vehicle, ASK] = CLOSED
            elif (
                city.vehicle_f[vehicle, STANDING_S] >= city.reroute_blocked_after_s
                and why != RED
                and city.lane_i[KNOT, lane] < 0  # who waits for an exit of a roundabout does not set out round it
            ):
                city.vehicle_i[vehicle, ASK] = why
        return False
    if gap_share(city, vehicle) < 1.0 and is_gap_small(city, vehicle, connector, left):
        city.counter[SMALL_GAPS] += 1
    city.vehicle_i[vehicle, GRANTED] = 1 if all_clear(city, vehicle, connector, left) == CLEAR else ON_TRUST
    city.vehicle_i[vehicle, CAUSE] = NOTHING
    city.lane_i[GRANTED_COUNT, lane] += 1
    promise_room(city, vehicle, 1.0)
    overtake_claims(city, vehicle, connector, left)
    return True


@woven
def note_needs(city: City, junction: int, granted: bool) -> None:
    """Write down how much room behind their start outgoing lanes owe to vehicles on their way in.

    ``granted``: somebody on an incoming lane may hold a grant, or did until this step.
    """
    road_lanes, inside = city.road_lanes, city.junction[INSIDE, junction]
    if city.junction[OWES, junction] != 0:
        for place in range(city.junction[FIRST_LANE_OUT, junction], city.junction[FIRST_LANE_OUT, junction + 1]):
            city.lane_f[NEED_M, city.listed[place]] = 0.0
    city.junction[OWES, junction] = 1 if granted or inside > 0 else 0
    first, last = city.junction[FIRST_CONNECTOR_IN, junction], city.junction[FIRST_CONNECTOR_IN, junction + 1]
    for connector in range(first, last if inside > 0 else first):
        row = road_lanes + connector
        for k in range(city.lane_i[COUNT, row]):
            vehicle = at(city, row, k)
            to_lane = city.connector[TO_LANE, connector]
            left = city.lane_f[LANE_LENGTH_M, row] - city.vehicle_f[vehicle, POSITION_M]
            need = brake_distance(city.vehicle_f[vehicle, SPEED_MPS], city.max_decel, city.step_s) - left
            city.lane_f[NEED_M, to_lane] = max(city.lane_f[NEED_M, to_lane], need)
    first, last = city.junction[FIRST_LANE_IN, junction], city.junction[FIRST_LANE_IN, junction + 1]
    for place in range(first, last if granted else first):
        lane = city.listed[place]
        for k in range(city.lane_i[GRANTED_COUNT, lane]):
            vehicle = at(city, lane, k)
            connector = city.vehicle_i[vehicle, CONNECTOR]
            to_lane = city.connector[TO_LANE, connector]
            left = (
                city.lane_f[LANE_LENGTH_M, lane]
                - city.vehicle_f[vehicle, POSITION_M]
                + city.lane_f[LANE_LENGTH_M, road_lanes + connector]
            )
            need = brake_distance(city.vehicle_f[vehicle, SPEED_MPS], city.max_decel, city.step_s) - left
            city.lane_f[NEED_M, to_lane] = max(city.lane_f[NEED_M, to_lane], need)


@woven
def decide_junction(city: City, junction: int, t_s: float) -> None:
    """Take back and give grants at one junction, candidates in the order of right of way."""
    first, last = city.junction[FIRST_LANE_IN, junction], city.junction[FIRST_LANE_IN, junction + 1]
    present, granted = 0, False
    for place in range(first, last):
        lane = city.listed[place]
        present += city.lane_i[COUNT, lane]
        if city.lane_i[GRANTED_COUNT, lane] > 0:
            take_back(city, lane)
            granted = True
    if present > 0:
        nobody_asked = True
        while True:
            best, best_lane = -1, -1
            for place in range(first, last):
                lane = city.listed[place]
                if nobody_asked or city.lane_i[CANDIDATE, lane] == UNKNOWN:
                    city.lane_i[CANDIDATE, lane] = candidate(city, lane, t_s)
                vehicle = city.lane_i[CANDIDATE, lane]
                if vehicle >= 0 and (best < 0 or serve_first(city, vehicle, best)):
                    best, best_lane = vehicle, lane
            if best < 0:
                break
            nobody_asked = False
            admitted = admit(city, best_lane, best, t_s)
            city.lane_i[CANDIDATE, best_lane] = UNKNOWN if admitted else -1
            granted = granted or admitted
            if not admitted:
                slower_mps = ZIP_MPS if is_let_in(city, best) else -1.0
                if slower_mps < 0.0 and is_kept_wrongly(city, best):
                    slower_mps = math.inf
                if slower_mps > 0.0 or keeps_turn(city, best):
                    hold_back(city, first, last, best, slower_mps, t_s)
    note_needs(city, junction, granted)
