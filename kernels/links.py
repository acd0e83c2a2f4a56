"""Serve one street: arrivals leave it, drivers change lanes, trips enter it."""

from __future__ import annotations

import math

from .compile import bare, woven
from .driving import brake_distance, safe_speed
from .following import STOP_MARGIN_M, next_obstacle, rear_beyond
from .keep_clear import loops_have_room
from .rings import at, insert, is_full, remove
from .traffic_tables import (
    ARRIVALS,
    ARRIVED,
    ARRIVED_S,
    ASK,
    ASK_AFTER_S,
    CAME_IN,
    CAUSE,
    CLASS,
    CLOSED,
    COMFORT_DECEL,
    CONNECTOR,
    CONTENT,
    COUNT,
    CREATED,
    DEPART_S,
    DESTINATION_M,
    DRIVING,
    ENTERED,
    ENTERED_S,
    ENTRY,
    ENTRY_DUE,
    ENTRY_NEXT,
    FIRST_ENTRY,
    FIRST_LANE,
    GRANTED_COUNT,
    HAS_LET_IN,
    HEADWAY_S,
    INBOUND_M,
    LANE,
    LANE_CHANGES,
    LANE_LENGTH_M,
    LAST_OUT,
    LENGTH_M,
    LETS_IN,
    LIMIT_MPS,
    MIN_GAP_M,
    NEED_M,
    NO_ROUTE,
    NOTHING,
    OBSTACLE,
    OBSTACLE_M,
    OCCUPIED_BY,
    OPEN,
    ORIGIN_M,
    PENDING,
    POSITION_M,
    PROMISED_M,
    REAR_IN,
    ROUTE_AT,
    ROUTE_SIZE,
    SPEED_FACTOR,
    SPEED_MPS,
    STANDING_S,
    STATUS,
    TO_LANE,
    UNREACHABLE,
    WAITING,
    WENT_OUT,
    WRONG_LANE,
    YIELDS_TO,
    City,
)
from .ways import lane_towards, leads, link_ahead, may_use, suits, way_on

SEE_OBSTACLE_M = 150.0
BESIDE_M = 10.0
QUEUE_MPS = 5.0  # slower than this, drivers look for a shorter queue
FEWER = 2  # vehicles ahead, that make a change of lanes worth while
LONGER = 6  # vehicles that a queue may have more if its lane serves the link after the next too
NO_WAY = 1000  # the same for a lane that does not lead to the next link
ROOM_TO_CHANGE_M = 40.0  # on the next link, for who leaves the change of lanes until then
ASK_FOR_GAP_MPS = 3.0  # slower than this, or so near the lane's end, a driver who must change lanes is let in
ASK_FOR_GAP_M = 60.0
CROSS_OVER_AFTER_S = 10.0  # of standing beside somebody who wants the own lane, whose lane one wants
LOST_TURN_AFTER_S = 20.0  # of standing in a lane that does not lead there, after which a driver gives up a turn


@woven
def place_in_lane(city: City, lane: int, position: float) -> int:
    """How many vehicles of a lane are at or beyond a position."""
    count = city.lane_i[COUNT, lane]
    for k in range(count - 1, -1, -1):
        if city.vehicle_f[POSITION_M, at(city, lane, k)] >= position:
            return k + 1
    return 0


@woven
def ahead_of(city: City, lane: int, k: int) -> int:
    """Whoever is ahead of place ``k`` of a lane; only if ``gap_ahead`` is finite."""
    return at(city, lane, k - 1) if k > 0 else city.lane_i[LAST_OUT, lane]


@woven
def gap_ahead(city: City, lane: int, k: int, position: float) -> float:
    """Room from a position to the rear of whoever is ahead of place ``k`` of a lane, inf without anybody."""
    if k > 0:
        ahead = at(city, lane, k - 1)
        return city.vehicle_f[POSITION_M, ahead] - city.driver[city.vehicle_i[CLASS, ahead], LENGTH_M] - position
    rear = rear_beyond(city, lane)
    return math.inf if rear >= 0.0 else rear + city.lane_f[LANE_LENGTH_M, lane] - position


@woven
def fits_behind(city: City, lane: int, k: int, position: float) -> float:
    """Highest speed at which a vehicle can be put at a position in place ``k`` of a lane, -1 when there is no gap."""
    gap = gap_ahead(city, lane, k, position)
    if gap == math.inf:
        return math.inf
    ahead = ahead_of(city, lane, k)
    if gap < city.driver[city.vehicle_i[CLASS, ahead], MIN_GAP_M] / 2.0:
        return -1.0
    reach = brake_distance(city.vehicle_f[SPEED_MPS, ahead], city.max_decel, city.step_s)
    return safe_speed(gap + reach, city.max_decel, city.step_s)


@woven
def pace_behind(city: City, lane: int, k: int, position: float, kind: int, wanted: float) -> float:
    """Speed at which the gap to whoever is ahead is the one that a driver wants, -1 if that is less than keeping pace.

    Who squeezed in behind a moving vehicle and braked would make everybody behind start from rest: a queue beside the
    road would enter at two thirds of what a lane carries.
    """
    gap = gap_ahead(city, lane, k, position)
    if gap == math.inf:
        return math.inf
    pace = (gap - city.driver[kind, MIN_GAP_M]) / city.driver[kind, HEADWAY_S]
    return pace if pace >= min(city.vehicle_f[SPEED_MPS, ahead_of(city, lane, k)], wanted) else -1.0


@woven
def fits_before(city: City, lane: int, k: int, rear: float, speed: float, tight: bool) -> bool:
    """Whether whoever comes behind place ``k`` of a lane can cope with a vehicle put there, its rear at ``rear``.

    ``tight``: whoever stands there copes with any gap, as do those who have stopped to let somebody in.
    """
    step, hard = city.step_s, city.max_decel
    if k >= city.lane_i[COUNT, lane]:
        room = rear >= city.lane_f[INBOUND_M, lane]  # what was promised to others stays free
        return room and rear + brake_distance(speed, hard, step) >= city.lane_f[NEED_M, lane]
    behind = at(city, lane, k)
    kind, its_speed = city.vehicle_i[CLASS, behind], city.vehicle_f[SPEED_MPS, behind]
    gap = rear - city.vehicle_f[POSITION_M, behind]
    any_gap = its_speed == 0.0 and (tight or city.vehicle_i[CAUSE, behind] == LETS_IN)
    if gap < (-1e-9 if any_gap else city.driver[kind, MIN_GAP_M] / 2.0):
        return False
    comfort = city.driver[kind, COMFORT_DECEL]
    return gap + brake_distance(speed, hard, step) >= brake_distance(its_speed, hard, step) and gap + brake_distance(
        speed, comfort, step
    ) >= brake_distance(its_speed, comfort, step)


@woven
def is_next_short(city: City, vehicle: int) -> bool:
    """Whether the next link of a vehicle's route leaves no room to change lanes."""
    link = link_ahead(city, vehicle, 1)
    return link >= 0 and city.lane_f[LANE_LENGTH_M, city.link[FIRST_LANE, link]] < ROOM_TO_CHANGE_M


@woven
def wanted_lane(city: City, link: int, lane: int, k: int, vehicle: int) -> int:
    """Lane beside the present one that a driver, ``k`` places behind its head, wants to change to, -1: none."""
    position = city.vehicle_f[POSITION_M, vehicle]
    evades = next_obstacle(city, lane, position) < position + SEE_OBSTACLE_M
    queues = k >= FEWER and city.vehicle_f[SPEED_MPS, vehicle] < QUEUE_MPS
    if not (evades or queues) and city.vehicle_i[CONTENT, vehicle] != 0:
        return -1
    access = city.class_access[city.vehicle_i[CLASS, vehicle]]
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
    if wanted >= 0 and city.vehicle_i[CONTENT, vehicle] == 0:
        target = lane_towards(city, link, lane, wanted, link_ahead(city, vehicle, 2), access)
    if target < 0:
        city.vehicle_i[CONTENT, vehicle] = 1
        return shorter_queue(city, link, lane, k, vehicle) if queues else -1
    beside = lane + 1 if target > lane else lane - 1
    if blocked_soon(city, beside, position):
        return -1
    optional = city.vehicle_i[CONNECTOR, vehicle] >= 0 and not is_next_short(city, vehicle)
    if optional and place_in_lane(city, beside, position) > k + LONGER:
        return -1  # the present lane leads to the next link too: there is time to change behind the junction
    return beside


@bare
def shorter_queue(city: City, link: int, lane: int, k: int, vehicle: int) -> int:
    """Lane beside the present one in which fewer vehicles queue ahead and that serves the route too, -1: none."""
    access = city.class_access[city.vehicle_i[CLASS, vehicle]]
    position = city.vehicle_f[POSITION_M, vehicle]
    wanted, after = link_ahead(city, vehicle, 1), link_ahead(city, vehicle, 2)
    first, last = city.link[FIRST_LANE, link], city.link[FIRST_LANE, link + 1]
    found, fewest = -1, k - FEWER + 1
    for side in range(-1, 2, 2):
        other = lane + side
        if not first <= other < last or not may_use(city, other, access) or blocked_soon(city, other, position):
            continue
        ahead = place_in_lane(city, other, position)
        if wanted >= 0:
            here, there = suits(city, lane, wanted, after), suits(city, other, wanted, after)
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
def ask_for_gap(city: City, vehicle: int, lane: int, rear: float) -> None:
    """Ask the first driver of the lane beside who can still fall behind a vehicle to let it in."""
    for k in range(city.lane_i[GRANTED_COUNT, lane], city.lane_i[COUNT, lane]):
        host = at(city, lane, k)
        gap = rear - city.vehicle_f[POSITION_M, host]
        can = gap >= city.driver[city.vehicle_i[CLASS, host], MIN_GAP_M] / 2.0
        if can and city.vehicle_i[HAS_LET_IN, host] == 0:
            if city.vehicle_i[YIELDS_TO, host] < 0:
                city.vehicle_i[YIELDS_TO, host] = vehicle
            break


@woven
def put_beside(city: City, vehicle: int, lane: int, place: int) -> None:
    """Put a vehicle that has left the lane beside in its place in a lane."""
    city.lane_f[PROMISED_M, lane] = -1.0
    insert(city, lane, place, vehicle)
    city.vehicle_i[LANE, vehicle] = lane
    city.vehicle_i[CONNECTOR, vehicle] = way_on(city, vehicle, lane, -1)
    city.vehicle_i[CONTENT, vehicle] = 0
    city.vehicle_i[CAUSE, vehicle] = NOTHING
    city.vehicle_i[HAS_LET_IN, vehicle] = 0
    city.counter[LANE_CHANGES] += 1


@woven
def waits_for_lane(city: City, lane: int) -> bool:
    """Whether the first vehicle of a lane has stood for long because the lane does not lead where it wants."""
    if city.lane_i[COUNT, lane] == 0 or city.lane_i[GRANTED_COUNT, lane] > 0:
        return False
    first = at(city, lane, 0)
    return (
        city.vehicle_i[CONNECTOR, first] < 0
        and city.vehicle_i[CAUSE, first] != NOTHING  # else it has just come from another lane
        and link_ahead(city, first, 1) >= 0
        and city.vehicle_f[STANDING_S, first] > CROSS_OVER_AFTER_S
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
    kind_one, kind_two = city.vehicle_i[CLASS, one], city.vehicle_i[CLASS, two]
    if not (may_use(city, other, city.class_access[kind_one]) and may_use(city, lane, city.class_access[kind_two])):
        return False
    target = lane_towards(
        city, link, other, link_ahead(city, two, 1), link_ahead(city, two, 2), city.class_access[kind_two]
    )
    if target < 0 or (target > other) != (lane > other):
        return False
    position_one, position_two = city.vehicle_f[POSITION_M, one], city.vehicle_f[POSITION_M, two]
    if (
        fits_behind(city, other, 0, position_one) < 0.0
        or fits_behind(city, lane, 0, position_two) < 0.0
        or not fits_before(city, other, 1, position_one - city.driver[kind_one, LENGTH_M], 0.0, True)
        or not fits_before(city, lane, 1, position_two - city.driver[kind_two, LENGTH_M], 0.0, True)
    ):
        return False
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
    position = city.vehicle_f[POSITION_M, vehicle]
    place = place_in_lane(city, other, position)
    if place <= city.lane_i[GRANTED_COUNT, other] or city.vehicle_i[YIELDS_TO, vehicle] >= 0:
        return
    ahead = at(city, other, place - 1)
    kind = city.vehicle_i[CLASS, ahead]
    if city.vehicle_f[POSITION_M, ahead] == position and lane > other:
        return
    gap = city.vehicle_f[POSITION_M, ahead] - city.driver[kind, LENGTH_M] - position
    if gap >= city.driver[kind, MIN_GAP_M] / 2.0 or city.vehicle_i[CONTENT, ahead] != 0:
        return
    if gap < 0.0 and city.vehicle_f[STANDING_S, ahead] > 0.0:
        return  # too late
    wanted = link_ahead(city, ahead, 1)
    if wanted < 0:
        return
    after, access = link_ahead(city, ahead, 2), city.class_access[kind]
    if lane_towards(city, link, other, wanted, after, access) >= 0:
        city.vehicle_i[YIELDS_TO, vehicle] = ahead


@woven
def change_lane(city: City, lane: int, k: int, other: int, t_s: float) -> bool:
    """Move a vehicle to the lane beside if there is a gap; ask to be let in when it has nearly stopped for it."""
    vehicle = at(city, lane, k)
    position, speed = city.vehicle_f[POSITION_M, vehicle], city.vehicle_f[SPEED_MPS, vehicle]
    length = city.driver[city.vehicle_i[CLASS, vehicle], LENGTH_M]
    rear, needed = position - length, length + city.driver[city.vehicle_i[CLASS, vehicle], MIN_GAP_M]
    place = place_in_lane(city, other, position)
    left = city.lane_f[LANE_LENGTH_M, other] - position
    connector = city.vehicle_i[CONNECTOR, vehicle]
    blocked = city.lane_f[OBSTACLE_M, lane] < math.inf
    must = connector < 0 or blocked or city.lane_i[OPEN, city.connector[TO_LANE, connector]] == 0
    must = must or (city.vehicle_i[CONTENT, vehicle] == 0 and is_next_short(city, vehicle))
    if (
        place >= city.lane_i[GRANTED_COUNT, other]
        and not is_full(city, other)
        and speed <= fits_behind(city, other, place, position)
        and fits_before(city, other, place, rear, speed, False)
        and brake_distance(speed, city.max_decel, city.step_s) <= left
        and loops_have_room(city, lane, other, needed, t_s)
    ):
        remove(city, lane, k)
        put_beside(city, vehicle, other, place)
        if must and place + 1 < city.lane_i[COUNT, other]:
            city.vehicle_i[HAS_LET_IN, at(city, other, place + 1)] = 1
        return True
    lost = connector < 0 and city.vehicle_f[STANDING_S, vehicle] > LOST_TURN_AFTER_S
    if lost and t_s >= city.vehicle_f[ASK_AFTER_S, vehicle]:
        city.vehicle_i[ASK, vehicle] = WRONG_LANE
    if must and rear > 0.0 and (speed < ASK_FOR_GAP_MPS or left < ASK_FOR_GAP_M):
        ask_for_gap(city, vehicle, other, rear)
        if city.vehicle_i[CAUSE, vehicle] == NOTHING:
            city.vehicle_i[CAUSE, vehicle] = OBSTACLE if blocked and connector >= 0 else WRONG_LANE
    return False


@woven
def enter(city: City, link: int, vehicle: int, t_s: float) -> bool:
    """Put a waiting vehicle on the emptiest lane that suits it, at the place of its origin, if there is a gap."""
    kind = city.vehicle_i[CLASS, vehicle]
    access = city.class_access[kind]
    length = city.driver[kind, LENGTH_M]
    comfort = city.driver[kind, COMFORT_DECEL]
    first, last = city.link[FIRST_LANE, link], city.link[FIRST_LANE, link + 1]
    wanted = link_ahead(city, vehicle, 1)
    position = city.vehicle_f[ORIGIN_M, vehicle]
    tried = 0
    for _ in range(first, last):
        lane, best = -1, 0
        for other in range(first, last):
            if (tried >> (other - first)) & 1 or not may_use(city, other, access):
                continue
            crowd = city.lane_i[COUNT, other]
            if wanted >= 0:
                serves = suits(city, other, wanted, link_ahead(city, vehicle, 2))
                crowd += 0 if serves == 2 else LONGER if serves == 1 else NO_WAY
            if lane < 0 or crowd < best:
                lane, best = other, crowd
        if lane < 0:
            city.vehicle_i[CAUSE, vehicle] = ENTRY if tried else CLOSED
            return False
        tried |= 1 << (lane - first)
        place = place_in_lane(city, lane, position)
        if place < city.lane_i[GRANTED_COUNT, lane] or is_full(city, lane):
            continue
        needed = length + city.driver[kind, MIN_GAP_M]
        if not loops_have_room(city, -1, lane, needed, t_s):
            continue
        wish = city.lane_f[LIMIT_MPS, lane] * city.vehicle_f[SPEED_FACTOR, vehicle]
        pace = pace_behind(city, lane, place, position, kind, wish)
        speed = min(fits_behind(city, lane, place, position), pace, wish)
        if speed < 0.0:
            continue
        stop = next_obstacle(city, lane, position)
        if wanted >= 0:
            stop = min(stop, city.lane_f[LANE_LENGTH_M, lane])
        if stop < math.inf:
            speed = min(speed, safe_speed(stop - position - STOP_MARGIN_M, comfort, city.step_s))
        rear = position - length
        if rear < 0.0 and length > city.lane_f[LANE_LENGTH_M, lane]:
            rear = 0.0  # longer than the lane: it may hang over into the junction, or it would never get away
        if not fits_before(city, lane, place, rear, speed, False):
            continue
        insert(city, lane, place, vehicle)
        city.lane_f[PROMISED_M, lane] = -1.0
        city.vehicle_i[STATUS, vehicle] = DRIVING
        city.vehicle_i[LANE, vehicle] = lane
        city.vehicle_f[POSITION_M, vehicle] = position
        city.vehicle_f[SPEED_MPS, vehicle] = speed
        city.vehicle_i[ROUTE_AT, vehicle] = 0
        city.vehicle_i[CONNECTOR, vehicle] = way_on(city, vehicle, lane, -1)
        city.vehicle_i[CONTENT, vehicle] = 0
        city.vehicle_i[CAUSE, vehicle] = NOTHING
        city.vehicle_f[STANDING_S, vehicle] = 0.0
        city.vehicle_f[ENTERED_S, vehicle] = t_s
        city.counter[ENTERED] += 1
        city.lane_i[CAME_IN, lane] += 1
        return True
    return False


@woven
def let_arrive(city: City, lane: int, t_s: float) -> None:
    """Take vehicles that reached their destination off a lane."""
    for k in range(city.lane_i[COUNT, lane] - 1, -1, -1):
        vehicle = at(city, lane, k)
        if link_ahead(city, vehicle, 1) >= 0:
            continue
        if city.vehicle_f[POSITION_M, vehicle] < city.vehicle_f[DESTINATION_M, vehicle]:
            continue
        remove(city, lane, k)
        if city.vehicle_i[REAR_IN, vehicle] >= 0:
            city.lane_i[OCCUPIED_BY, city.road_lanes + city.vehicle_i[REAR_IN, vehicle]] -= 1
            city.vehicle_i[REAR_IN, vehicle] = -1
        city.vehicle_i[STATUS, vehicle] = ARRIVED
        city.vehicle_i[LANE, vehicle] = -1
        city.vehicle_i[CONNECTOR, vehicle] = -1
        city.vehicle_i[CAUSE, vehicle] = NOTHING
        city.vehicle_i[ASK, vehicle] = NOTHING
        city.vehicle_f[SPEED_MPS, vehicle] = 0.0
        city.vehicle_f[ARRIVED_S, vehicle] = t_s
        city.counter[ARRIVALS] += 1
        city.lane_i[WENT_OUT, lane] += 1


@woven
def let_all_arrive(city: City, link: int, t_s: float) -> None:
    """Take those who have arrived off a link.

    Before anything else happens in any link: whoever looks across a junction for the rear of the vehicle ahead must not
    see it vanish while he looks.
    """
    for lane in range(city.link[FIRST_LANE, link], city.link[FIRST_LANE, link + 1]):
        if city.lane_i[COUNT, lane] > 0:
            let_arrive(city, lane, t_s)


@woven
def let_in(city: City, link: int, t_s: float) -> None:
    """Let trips whose time has come enter a link, first come first served."""
    end = city.link[FIRST_ENTRY, link + 1]
    due = city.link[ENTRY_DUE, link]
    while due < end and city.vehicle_f[DEPART_S, city.listed[due]] <= t_s:
        vehicle = city.listed[due]
        if city.vehicle_i[STATUS, vehicle] == PENDING:
            city.counter[CREATED] += 1
            if city.vehicle_i[ROUTE_SIZE, vehicle] == 0:
                city.vehicle_i[STATUS, vehicle] = NO_ROUTE
                city.vehicle_i[CAUSE, vehicle] = UNREACHABLE
            else:
                city.vehicle_i[STATUS, vehicle] = WAITING
                city.vehicle_i[CAUSE, vehicle] = ENTRY
        due += 1
    city.link[ENTRY_DUE, link] = due
    while city.link[ENTRY_NEXT, link] < due:
        vehicle = city.listed[city.link[ENTRY_NEXT, link]]
        if city.vehicle_i[STATUS, vehicle] == WAITING and not enter(city, link, vehicle, t_s):
            break
        city.link[ENTRY_NEXT, link] += 1


@woven
def serve_link(city: City, link: int, t_s: float) -> None:
    """Do everything else that happens within a link and to no other: lane changes, entries."""
    first, last = city.link[FIRST_LANE, link], city.link[FIRST_LANE, link + 1]
    if last - first > 1:
        for lane in range(first, last):
            for k in range(city.lane_i[COUNT, lane]):
                city.vehicle_i[YIELDS_TO, at(city, lane, k)] = -1
        just_came = -1
        for lane in range(first, last):
            came_before, just_came = just_came, -1
            for k in range(city.lane_i[GRANTED_COUNT, lane], city.lane_i[COUNT, lane]):
                vehicle = at(city, lane, k)
                if vehicle == came_before:  # one lane a step
                    continue
                other = wanted_lane(city, link, lane, k, vehicle)
                if other < 0:
                    continue
                if change_lane(city, lane, k, other, t_s) or (k == 0 and cross_over(city, link, lane, other)):
                    just_came = vehicle
                    break
                drop_behind(city, link, lane, vehicle, other)
    let_in(city, link, t_s)
