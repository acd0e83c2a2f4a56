"""Change lanes within a street: who wants to, who is let in, who drops behind.

Drivers change for their route, round obstacles and to shorter queues; ``overtaking`` says who does for a better pace.
"""

from __future__ import annotations

import math

from .compile import bare, woven
from .cycle_lanes import cycle_lane
from .driving import brake_distance
from .following import FAST_MPS, gets_at_most, next_obstacle
from .keep_clear import loops_have_room
from .lane_desire import CHANGES, IS_LET_IN, SYNCHRONISES, way_wanted
from .lane_gaps import copes_with, fits_among, fits_before, fits_behind, place_in_lane, shorten
from .overtaking import QUEUE_MPS, faster_lane, looks_aside
from .passing import is_bicycle
from .people import people_before
from .rings import at, insert, is_full, remove
from .traffic_tables import (
    ASK,
    ASK_AFTER_S,
    CAUSE,
    CLASS,
    COMFORT_DECEL,
    CONNECTOR,
    CONTENT,
    COUNT,
    COURTEOUS,
    FIRST_LANE,
    GRANTED,
    GRANTED_COUNT,
    HAS_LET_IN,
    JOINED,
    JOINT,
    KNOT,
    LANE,
    LANE_CHANGES,
    LANE_LENGTH_M,
    LENGTH_M,
    LIMIT_MPS,
    MATCHES,
    MIN_GAP_M,
    NOTHING,
    OBSTACLE,
    OBSTACLE_M,
    ON_TRUST,
    OPEN,
    POSITION_M,
    PROMISED_M,
    SIGNAL,
    SPEED_MPS,
    STANDING_S,
    STILL_PROMISED,
    TO_LANE,
    WRONG_LANE,
    YIELDS_TO,
    City,
)
from .ways import lane_towards, leads, link_ahead, may_use, suits, way_on

SEE_OBSTACLE_M = 150.0
BESIDE_M = 10.0
FEWER = 2  # vehicles ahead, that make a change of lanes worth while
LONGER = 6  # vehicles that a queue may have more if its lane serves the link after the next too
ROOM_TO_CHANGE_M = 40.0  # on the next link, for who leaves the change of lanes until then
ASK_FOR_GAP_MPS = 3.0  # slower than this, or so near the lane's end, a driver who must change lanes is let in
ASK_FOR_GAP_M = 60.0
ASK_FOR_GAP_S = 4.0
CROSS_OVER_AFTER_S = 3.0  # of standing beside somebody who wants the own lane, whose lane one wants
ABREAST_M = 1.0  # who stand so nearly beside each other can cross over into each other's very place
LOST_TURN_AFTER_S = 20.0  # of standing in a lane that does not lead there, after which a driver gives up a turn


@woven
def is_next_short(city: City, vehicle: int) -> bool:
    """Whether the next link of a vehicle's route leaves no room to change lanes."""
    link = link_ahead(city, vehicle, 1)
    return link >= 0 and city.lane_f[LANE_LENGTH_M, city.link[FIRST_LANE, link]] < ROOM_TO_CHANGE_M


@woven
def no_shorter_queue(city: City, link: int, lane: int, k: int, position: float) -> bool:
    """Whether ``shorter_queue`` has none for who is in place ``k`` of a lane: as many are ahead in each lane beside.

    Told by one vehicle of each, the one whose place would have to be further back.
    """
    place = k - FEWER
    for side in range(-1, 2, 2):
        other = lane + side
        if city.link[FIRST_LANE, link] <= other < city.link[FIRST_LANE, link + 1]:
            if city.lane_i[COUNT, other] <= place:
                return False
            if city.vehicle_f[at(city, other, place), POSITION_M] < position:
                return False
    return True


@woven
def wanted_lane(city: City, link: int, lane: int, k: int, vehicle: int) -> int:
    """Lane beside the present one that a driver, ``k`` places behind its head, wants to change to, -1: none."""
    position = city.vehicle_f[vehicle, POSITION_M]
    if is_bicycle(city, vehicle):
        own = cycle_lane(city, link, lane, vehicle)
        if own >= 0:
            return -1 if own == lane else own
    evades = next_obstacle(city, lane, position) < position + SEE_OBSTACLE_M
    queues = k >= FEWER and city.vehicle_f[vehicle, SPEED_MPS] < QUEUE_MPS
    queues = queues and not no_shorter_queue(city, link, lane, k, position)
    if not (evades or queues) and city.vehicle_i[vehicle, CONTENT] > 0:
        return -1
    access = city.class_access[city.vehicle_i[vehicle, CLASS]]
    wanted = link_ahead(city, vehicle, 1)
    if evades:
        first, last = city.link[FIRST_LANE, link], city.link[FIRST_LANE, link + 1]
        found = -1
        for side in range(-1, 2, 2):
            other = lane + side
            if not first <= other < last or not may_use(city, other, access) or blocked_soon(city, other, position):
                continue
            if found < 0 or (wanted >= 0 and leads(city, other, wanted)):
                found = other
        return found
    target = -1
    if wanted >= 0 and city.vehicle_i[vehicle, CONTENT] <= 0:
        target = lane_towards(city, vehicle, link, lane)
    if target < 0:
        city.vehicle_i[vehicle, CONTENT] = 1
        return shorter_queue(city, link, lane, k, vehicle) if queues else -1
    city.vehicle_i[vehicle, CONTENT] = -abs(target - lane)
    beside = lane + 1 if target > lane else lane - 1
    if blocked_soon(city, beside, position):
        return -1
    optional = city.vehicle_i[vehicle, CONNECTOR] >= 0 and not is_next_short(city, vehicle)
    left = city.lane_f[LANE_LENGTH_M, lane] - position
    optional = optional and way_wanted(city, vehicle, lane, left) < SYNCHRONISES
    if optional and place_in_lane(city, beside, position) > k + LONGER:
        return -1  # the present lane leads to the next link too: there is time to change behind the junction
    return beside


@bare
def shorter_queue(city: City, link: int, lane: int, k: int, vehicle: int) -> int:
    """Lane beside the present one in which fewer vehicles queue ahead and that serves the route too, -1: none."""
    access = city.class_access[city.vehicle_i[vehicle, CLASS]]
    position = city.vehicle_f[vehicle, POSITION_M]
    wanted = link_ahead(city, vehicle, 1)
    first, last = city.link[FIRST_LANE, link], city.link[FIRST_LANE, link + 1]
    found, fewest = -1, k - FEWER + 1
    for side in range(-1, 2, 2):
        other = lane + side
        if not first <= other < last or not may_use(city, other, access) or blocked_soon(city, other, position):
            continue
        ahead = place_in_lane(city, other, position)
        if ahead >= fewest:
            continue
        if wanted >= 0:
            here, there = suits(city, vehicle, lane), suits(city, vehicle, other)
            if there == 0:
                continue
            if there < here:
                if is_next_short(city, vehicle):
                    continue
                ahead += LONGER
        if ahead < fewest:
            found, fewest = other, ahead
    return found


@woven
def blocked_soon(city: City, lane: int, position: float) -> bool:
    """Whether something blocks a lane beside or not far ahead of a position."""
    return next_obstacle(city, lane, position - BESIDE_M) < position + SEE_OBSTACLE_M


@woven
def ask_for_gap(city: City, vehicle: int, lane: int, first: int, rear: float, in_vain: bool) -> None:
    """Ask the first driver of the lane beside, from a place on, who can still fall behind a vehicle to let it in.

    Where drivers could be asked ``in_vain``, since those who come fast go on, only those are who can slow down
    comfortably to whoever is slow: else all of a stream would brake, one after the other as they pass.
    """
    speed = city.vehicle_f[vehicle, SPEED_MPS]
    for k in range(first, city.lane_i[COUNT, lane]):
        host = at(city, lane, k)
        kind, its_speed = city.vehicle_i[host, CLASS], city.vehicle_f[host, SPEED_MPS]
        room = rear - city.vehicle_f[host, POSITION_M] - city.driver[kind, MIN_GAP_M] / 2.0
        can = room >= 0.0
        if in_vain and speed < ASK_FOR_GAP_MPS:
            comfort, step = city.driver[kind, COMFORT_DECEL], city.step_s
            can = can and brake_distance(its_speed, comfort, step) <= room + brake_distance(speed, comfort, step)
        else:
            can = can or its_speed > QUEUE_MPS  # beside each other: it falls behind
        if can and city.vehicle_i[host, HAS_LET_IN] == 0:
            if city.vehicle_i[host, YIELDS_TO] < 0:
                city.vehicle_i[host, YIELDS_TO] = vehicle
            break


@woven
def joins_freely(city: City, vehicle: int, lane: int, left: float) -> bool:
    """Whether a vehicle, ``left`` metres before the junction, may come among those of a lane who may enter it.

    Only where nobody crosses or joins their way, as where a road parts, and so far away that the junction takes notice
    before it gets there; who stands waits for that (``following.waits_at_line``). Without it nobody would change lanes
    in the last 250 m of a motorway, and who has come to rest at the end of a lane would stand for as long as others
    keep coming.
    """
    connector = way_on(city, vehicle, lane, -1)
    if connector < 0 or city.connector[JOINT, connector] == 0:
        return False
    to_lane = city.connector[TO_LANE, connector]
    if city.lane_i[KNOT, to_lane] >= 0 or not may_use(city, to_lane, city.class_access[city.vehicle_i[vehicle, CLASS]]):
        return False
    if city.crossed_f.shape[1] > 0 and people_before(city, vehicle, connector, left, True):
        return False
    return left > (0.0 if city.vehicle_f[vehicle, SPEED_MPS] == 0.0 else gets_at_most(city, vehicle))


@woven
def leaves_freely(city: City, vehicle: int) -> bool:
    """Whether a vehicle that may enter the junction may still look for another lane."""
    if city.vehicle_i[vehicle, CONTENT] > 0 or city.vehicle_i[vehicle, GRANTED] == ON_TRUST:
        return False
    return city.connector[JOINT, city.vehicle_i[vehicle, CONNECTOR]] != 0


@woven
def put_beside(city: City, vehicle: int, lane: int, place: int) -> None:
    """Put a vehicle that has left the lane beside in its place in a lane."""
    city.lane_f[PROMISED_M, lane] = -1.0
    insert(city, lane, place, vehicle)
    city.vehicle_i[vehicle, LANE] = lane
    city.vehicle_i[vehicle, CONNECTOR] = way_on(city, vehicle, lane, -1)
    city.vehicle_i[vehicle, CONTENT] = 0
    city.vehicle_i[vehicle, CAUSE] = NOTHING
    city.vehicle_i[vehicle, HAS_LET_IN] = 0
    city.counter[LANE_CHANGES] += 1


@woven
def waits_for_lane(city: City, lane: int) -> bool:
    """Whether the first vehicle of a lane has stood for long because the lane does not lead where it wants."""
    if city.lane_i[COUNT, lane] == 0 or city.lane_i[GRANTED_COUNT, lane] > 0:
        return False
    first = at(city, lane, 0)
    return (
        city.vehicle_i[first, CONNECTOR] < 0
        and city.vehicle_i[first, CAUSE] != NOTHING  # else it has just come from another lane
        and link_ahead(city, first, 1) >= 0
        and city.vehicle_f[first, STANDING_S] > CROSS_OVER_AFTER_S
    )


@bare
def cross_over(city: City, link: int, lane: int, other: int) -> bool:
    """Let the first vehicles of two lanes, who stand beside each other in the lane that the other wants, cross over.

    Neither can leave, so no gap ever comes. Drivers then cross each other's way as they set off; here they change lanes
    where they stand, if there is room for both.
    """
    if not (waits_for_lane(city, lane) and waits_for_lane(city, other)):
        return False
    one, two = at(city, lane, 0), at(city, other, 0)
    kind_one, kind_two = city.vehicle_i[one, CLASS], city.vehicle_i[two, CLASS]
    if not (may_use(city, other, city.class_access[kind_one]) and may_use(city, lane, city.class_access[kind_two])):
        return False
    target = lane_towards(city, two, link, other)
    if target < 0 or (target > other) != (lane > other):
        return False
    position_one, position_two = city.vehicle_f[one, POSITION_M], city.vehicle_f[two, POSITION_M]
    if abs(position_one - position_two) < ABREAST_M:  # they leave each other the place that they have
        position_one, position_two = position_two, position_one
    if (
        fits_behind(city, other, 0, position_one) < 0.0
        or fits_behind(city, lane, 0, position_two) < 0.0
        or not fits_before(city, other, 1, position_one - city.driver[kind_one, LENGTH_M], 0.0, True, True)
        or not fits_before(city, lane, 1, position_two - city.driver[kind_two, LENGTH_M], 0.0, True, True)
    ):
        return False
    city.vehicle_f[one, POSITION_M], city.vehicle_f[two, POSITION_M] = position_one, position_two
    remove(city, lane, 0)
    remove(city, other, 0)
    put_beside(city, one, other, 0)
    put_beside(city, two, lane, 0)
    return True


@bare
def drop_behind(city: City, link: int, lane: int, vehicle: int, other: int) -> None:
    """Let a vehicle fall back behind whoever is alongside, in the lane it wants, and has to change lanes too.

    Of two who drive side by side and want to change, nobody would find a gap: they would come to rest at the stop line
    beside each other, for good if each wants the other's lane. Who is ahead goes on, of two abreast the one in the lane
    with the higher number, so that whoever is first along the road never waits.
    """
    position = city.vehicle_f[vehicle, POSITION_M]
    place = place_in_lane(city, other, position)
    if place <= city.lane_i[GRANTED_COUNT, other] or city.vehicle_i[vehicle, YIELDS_TO] >= 0:
        return
    ahead = at(city, other, place - 1)
    kind = city.vehicle_i[ahead, CLASS]
    if city.vehicle_f[ahead, POSITION_M] == position and lane > other:
        return
    gap = city.vehicle_f[ahead, POSITION_M] - city.driver[kind, LENGTH_M] - position
    if gap >= city.driver[kind, MIN_GAP_M] / 2.0 or city.vehicle_i[ahead, CONTENT] > 0:
        return
    if gap < 0.0 and city.vehicle_f[ahead, STANDING_S] > 0.0:
        return  # too late
    wanted = link_ahead(city, ahead, 1)
    if wanted < 0:
        return
    if lane_towards(city, ahead, link, other) >= 0:
        city.vehicle_i[vehicle, YIELDS_TO] = ahead


@bare
def change_lane(city: City, lane: int, k: int, other: int, t_s: float, to_gain: bool) -> bool:
    """Move a vehicle to the lane beside if there is a gap; ask to be let in when it has nearly stopped for it."""
    vehicle = at(city, lane, k)
    position, speed = city.vehicle_f[vehicle, POSITION_M], city.vehicle_f[vehicle, SPEED_MPS]
    length = city.driver[city.vehicle_i[vehicle, CLASS], LENGTH_M]
    rear, needed = position - length, length + city.driver[city.vehicle_i[vehicle, CLASS], MIN_GAP_M]
    place = place_in_lane(city, other, position)
    left = city.lane_f[LANE_LENGTH_M, other] - position
    connector = city.vehicle_i[vehicle, CONNECTOR]
    blocked = city.lane_f[OBSTACLE_M, lane] < math.inf
    must = connector < 0 or blocked or city.lane_i[OPEN, city.connector[TO_LANE, connector]] == 0
    must = must or (city.vehicle_i[vehicle, CONTENT] <= 0 and is_next_short(city, vehicle))
    wish = max(CHANGES, way_wanted(city, vehicle, lane, left))
    to_queue = city.vehicle_i[vehicle, CONTENT] > 0 and not to_gain
    if city.lane_f[LIMIT_MPS, lane] <= FAST_MPS:  # in towns, a queue before a light soon moves
        to_queue = to_queue and connector >= 0 and city.connector[SIGNAL, connector] < 0
    must = must or wish >= SYNCHRONISES or to_queue
    pace = fits_behind(city, other, place, position)
    among = place < city.lane_i[GRANTED_COUNT, other]
    freely = joins_freely(city, vehicle, other, left)
    if (
        (not among or freely)
        and rear >= 0.0
        and not is_full(city, other)
        and 0.0 <= pace
        and (
            speed <= pace + (city.firm_decel * city.step_s if must else 0.0)
            or (place > 0 and fits_among(city, vehicle, other, place, wish))
        )
        and (
            fits_before(city, other, place, rear, speed, False, True)
            or (wish >= IS_LET_IN and copes_with(city, other, place, rear, speed))
        )
        and brake_distance(speed, city.max_decel, city.step_s) <= left
        and loops_have_room(city, lane, other, needed, t_s)
    ):
        way, was_granted = city.vehicle_i[vehicle, CONNECTOR], city.vehicle_i[vehicle, GRANTED] != 0
        remove(city, lane, k)
        put_beside(city, vehicle, other, place)
        if was_granted:
            city.lane_i[GRANTED_COUNT, lane] -= 1
            if city.vehicle_i[vehicle, GRANTED] != JOINED:
                city.vehicle_i[vehicle, STILL_PROMISED] = city.connector[TO_LANE, way]
            city.vehicle_i[vehicle, GRANTED] = 0
        if among or (was_granted and freely and place == city.lane_i[GRANTED_COUNT, other]):
            city.vehicle_i[vehicle, GRANTED] = JOINED
            city.lane_i[GRANTED_COUNT, other] += 1
        if must and place + 1 < city.lane_i[COUNT, other]:
            city.vehicle_i[at(city, other, place + 1), HAS_LET_IN] = 1
        shorten(city, other, place)
        if place + 1 < city.lane_i[COUNT, other]:
            shorten(city, other, place + 1)
        return True
    if wish >= SYNCHRONISES and place > 0:
        city.vehicle_i[vehicle, MATCHES] = at(city, other, place - 1)
    lost = connector < 0 and city.vehicle_f[vehicle, STANDING_S] > LOST_TURN_AFTER_S
    if lost and t_s >= city.vehicle_f[vehicle, ASK_AFTER_S]:
        city.vehicle_i[vehicle, ASK] = WRONG_LANE
    near = to_queue or wish >= IS_LET_IN or speed < ASK_FOR_GAP_MPS or left < max(ASK_FOR_GAP_M, speed * ASK_FOR_GAP_S)
    if must and rear > 0.0 and near:
        asked = place if freely else max(place, city.lane_i[GRANTED_COUNT, other])
        ask_for_gap(city, vehicle, other, asked, rear, freely and connector < 0 and not blocked)
        if city.vehicle_i[vehicle, CAUSE] == NOTHING:
            city.vehicle_i[vehicle, CAUSE] = OBSTACLE if blocked and connector >= 0 else WRONG_LANE
    return False


@woven
def forget_courtesies(city: City, link: int) -> None:
    """Have nobody on a link yield to, or keep pace with, anybody any more: who still needs it asks again."""
    for lane in range(city.link[FIRST_LANE, link], city.link[FIRST_LANE, link + 1]):
        for k in range(city.lane_i[COUNT, lane]):
            city.vehicle_i[at(city, lane, k), YIELDS_TO] = -1
            city.vehicle_i[at(city, lane, k), MATCHES] = -1
    city.link[COURTEOUS, link] = 0


@woven
def change_lanes(city: City, link: int, t_s: float) -> None:
    """Let drivers on a link change lanes, those ahead first; nobody by more than one lane a step."""
    first, last = city.link[FIRST_LANE, link], city.link[FIRST_LANE, link + 1]
    if last - first > 1:
        if city.link[COURTEOUS, link] != 0:
            forget_courtesies(city, link)
        just_came = -1
        for lane in range(first, last):
            came_before, just_came = just_came, -1
            granted = city.lane_i[GRANTED_COUNT, lane]
            for k in range(city.lane_i[COUNT, lane]):
                vehicle = at(city, lane, k)
                if vehicle == came_before:  # one lane a step
                    continue
                if k < granted and not leaves_freely(city, vehicle):
                    continue
                other = wanted_lane(city, link, lane, k, vehicle)
                to_gain = other < 0 and k >= granted and looks_aside(city, link, lane, k, vehicle)
                if to_gain:
                    other = faster_lane(city, link, lane, k, vehicle, t_s)
                if other < 0:
                    continue
                city.link[COURTEOUS, link] = 1
                if change_lane(city, lane, k, other, t_s, to_gain) or (k == 0 and cross_over(city, link, lane, other)):
                    just_came = vehicle
                    break
                if not to_gain:
                    drop_behind(city, link, lane, vehicle, other)
