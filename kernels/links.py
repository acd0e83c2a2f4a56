"""Serve one street: arrivals leave it, drivers change lanes, trips enter it."""

from __future__ import annotations

import math

from .compile import bare, woven
from .driving import safe_speed
from .following import next_obstacle
from .keep_clear import loops_have_room
from .lane_change import LONGER, change_lanes
from .lane_gaps import fits_before, fits_behind, gap_ahead, pace_behind, place_in_lane
from .pace import STOP_MARGIN_M, headway_on, wished_speed
from .passing import is_hemmed_in
from .people import to_people
from .rings import at, insert, is_full, remove
from .traffic_tables import (
    ARRIVALS,
    ARRIVED,
    ARRIVED_S,
    ASK,
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
    DESTINATION,
    DESTINATION_M,
    DRIVEN_M,
    DRIVING,
    DUE_STEP,
    ENTERED,
    ENTERED_S,
    ENTRY,
    ENTRY_DUE,
    ENTRY_NEXT,
    FIRST_ENTRY,
    FIRST_LANE,
    FIRST_SENSOR,
    GRANTED_COUNT,
    LANE,
    LANE_LENGTH_M,
    LENGTH_M,
    MIN_GAP_M,
    NO_PASSING,
    NO_ROUTE,
    NOTHING,
    OCCUPIED_BY,
    OPPOSITE,
    ORIGIN_M,
    PASSES,
    PENDING,
    POSITION_M,
    PROMISED_M,
    REAR_IN,
    ROUTE_AT,
    ROUTE_SIZE,
    SENSOR_AT_M,
    SENSOR_COUNT,
    SENSOR_SPEED_SUM,
    SPEED_MPS,
    STANDING_S,
    STATUS,
    UNREACHABLE,
    VEHICLE_M,
    WAITING,
    WENT_OUT,
    City,
)
from .ways import FITS, goes_on, link_ahead, may_use, suits, way_on

FAR_STEP = 2.0e9  # later than any step
NO_WAY = 1000  # as LONGER, for a lane that does not lead to the next link


@woven
def head_start(city: City, lane: int, k: int, position: float, kind: int, wish: float, waits_s: float) -> float:
    """Metres that a driver who waited for a gap has gone since there was one, in the step that has just passed.

    Of the gap to whoever is in the lane ahead of place ``k``, what is more than he wants opened within the step. At
    whole steps alone a queue beside a road would leave up to half of what the lane carries unused.
    """
    if k == 0 or waits_s < city.step_s:
        return 0.0
    gap = gap_ahead(city, lane, k, position)
    pace = min(wish, city.vehicle_f[at(city, lane, k - 1), SPEED_MPS])
    wanted = city.driver[kind, MIN_GAP_M] + pace * headway_on(city, lane, kind)
    return max(0.0, min(gap - wanted, pace * city.step_s))


@woven
def count_passed(city: City, lane: int, begin: float, end: float, speed: float) -> None:
    """Have sensors between two places of a lane count a vehicle."""
    for sensor in range(city.lane_i[FIRST_SENSOR, lane], city.lane_i[FIRST_SENSOR, lane + 1]):
        if begin < city.sensor[SENSOR_AT_M, sensor] <= end:
            city.sensor[SENSOR_COUNT, sensor] += 1
            city.sensor[SENSOR_SPEED_SUM, sensor] += speed


@bare
def enter(city: City, link: int, vehicle: int, t_s: float) -> bool:
    """Put a waiting vehicle on the emptiest lane that suits it, at the place of its origin, if there is a gap."""
    kind = city.vehicle_i[vehicle, CLASS]
    access = city.class_access[kind]
    length = city.driver[kind, LENGTH_M]
    comfort = city.driver[kind, COMFORT_DECEL]
    first, last = city.link[FIRST_LANE, link], city.link[FIRST_LANE, link + 1]
    wanted = link_ahead(city, vehicle, 1)
    origin = city.vehicle_f[vehicle, ORIGIN_M]
    tried = 0
    for _ in range(first, last):
        lane, best = -1, 0
        for other in range(first, last):
            if (tried >> (other - first)) & 1 or not may_use(city, other, access):
                continue
            crowd = city.lane_i[COUNT, other]
            if wanted >= 0:
                serves = suits(city, vehicle, other)
                crowd += LONGER * (FITS - serves) if serves > 0 else NO_WAY
            if lane < 0 or crowd < best:
                lane, best = other, crowd
        if lane < 0:
            city.vehicle_i[vehicle, CAUSE] = ENTRY if tried else CLOSED
            return False
        tried |= 1 << (lane - first)
        place = place_in_lane(city, lane, origin)
        if place < city.lane_i[GRANTED_COUNT, lane] or is_full(city, lane):
            continue
        if city.lane_i[OPPOSITE, lane] != NO_PASSING and is_hemmed_in(city, lane, place, origin):
            continue
        needed = length + city.driver[kind, MIN_GAP_M]
        if not loops_have_room(city, -1, lane, needed, t_s):
            continue
        wish = wished_speed(city, lane, vehicle)
        pace = pace_behind(city, lane, place, origin, kind, wish)
        if pace < 0.0:
            continue
        stop = next_obstacle(city, lane, origin)
        if wanted >= 0:
            stop = min(stop, city.lane_f[LANE_LENGTH_M, lane])
        if city.crossed_f.shape[1] > 0:
            stop = min(stop, origin + to_people(city, vehicle, lane, -origin))
        waits_s = t_s - city.vehicle_f[vehicle, DEPART_S]
        ahead_m = head_start(city, lane, place, origin, kind, wish, waits_s)
        ahead_m = max(0.0, min(ahead_m, stop - origin - STOP_MARGIN_M))
        position = origin + ahead_m
        speed = min(fits_behind(city, lane, place, position), pace, wish)
        if speed < 0.0:
            continue
        if ahead_m > 0.0:
            speed = min(speed, max(0.0, pace_behind(city, lane, place, position, kind, 0.0)))
        if stop < math.inf:
            speed = min(speed, safe_speed(stop - position - STOP_MARGIN_M, comfort, city.step_s))
        rear = position - length
        if rear < 0.0 and length > city.lane_f[LANE_LENGTH_M, lane]:
            rear = 0.0  # longer than the lane: it may hang over into the junction, or it would never get away
        if not fits_before(city, lane, place, rear, speed, False, False):
            continue
        insert(city, lane, place, vehicle)
        city.lane_f[PROMISED_M, lane] = -1.0
        city.vehicle_i[vehicle, STATUS] = DRIVING
        city.vehicle_i[vehicle, LANE] = lane
        city.vehicle_f[vehicle, POSITION_M] = position
        city.vehicle_f[vehicle, SPEED_MPS] = speed
        city.vehicle_i[vehicle, ROUTE_AT] = 0
        city.vehicle_i[vehicle, CONNECTOR] = way_on(city, vehicle, lane, -1)
        city.vehicle_i[vehicle, CONTENT] = 0
        city.vehicle_i[vehicle, CAUSE] = NOTHING
        city.vehicle_f[vehicle, STANDING_S] = 0.0
        city.vehicle_f[vehicle, ENTERED_S] = t_s
        if wanted < 0:
            city.link[DESTINATION, link] = 1
        city.counter[ENTERED] += 1
        city.lane_i[CAME_IN, lane] += 1
        if ahead_m > 0.0:
            city.vehicle_f[vehicle, DRIVEN_M] += ahead_m
            city.lane_f[VEHICLE_M, lane] += ahead_m
            count_passed(city, lane, origin, position, speed)
        return True
    return False


@woven
def let_arrive(city: City, lane: int, t_s: float) -> int:
    """Take vehicles that reached their destination off a lane; how many have still to go there on it."""
    to_go = 0
    for k in range(city.lane_i[COUNT, lane] - 1, -1, -1):
        vehicle = at(city, lane, k)
        if goes_on(city, vehicle, 1):
            continue
        if city.vehicle_f[vehicle, POSITION_M] < city.vehicle_f[vehicle, DESTINATION_M]:
            to_go += 1
            continue
        remove(city, lane, k)
        if city.vehicle_i[vehicle, REAR_IN] >= 0:
            city.lane_i[OCCUPIED_BY, city.road_lanes + city.vehicle_i[vehicle, REAR_IN]] -= 1
            city.vehicle_i[vehicle, REAR_IN] = -1
        city.vehicle_i[vehicle, STATUS] = ARRIVED
        city.vehicle_i[vehicle, LANE] = -1
        city.vehicle_i[vehicle, CONNECTOR] = -1
        city.vehicle_i[vehicle, CAUSE] = NOTHING
        city.vehicle_i[vehicle, ASK] = NOTHING
        city.vehicle_i[vehicle, PASSES] = -1
        city.vehicle_f[vehicle, SPEED_MPS] = 0.0
        city.vehicle_f[vehicle, ARRIVED_S] = t_s
        city.counter[ARRIVALS] += 1
        city.lane_i[WENT_OUT, lane] += 1
    return to_go


@woven
def let_all_arrive(city: City, link: int, t_s: float) -> None:
    """Take those who have arrived off a link.

    Before anything else happens in any link: whoever looks across a junction for the rear of the vehicle ahead must not
    see it vanish while he looks.
    """
    to_go = 0
    for lane in range(city.link[FIRST_LANE, link], city.link[FIRST_LANE, link + 1]):
        if city.lane_i[COUNT, lane] > 0:
            to_go += let_arrive(city, lane, t_s)
    city.link[DESTINATION, link] = 1 if to_go > 0 else 0


@woven
def let_in(city: City, link: int, t_s: float) -> None:
    """Let trips whose time has come enter a link, first come first served."""
    due = city.link[ENTRY_DUE, link]
    if t_s / city.step_s + 0.5 < city.link[DUE_STEP, link] and city.link[ENTRY_NEXT, link] == due:
        return
    end = city.link[FIRST_ENTRY, link + 1]
    while due < end and city.vehicle_f[city.listed[due], DEPART_S] <= t_s:
        vehicle = city.listed[due]
        if city.vehicle_i[vehicle, STATUS] == PENDING:
            city.counter[CREATED] += 1
            if city.vehicle_i[vehicle, ROUTE_SIZE] == 0:
                city.vehicle_i[vehicle, STATUS] = NO_ROUTE
                city.vehicle_i[vehicle, CAUSE] = UNREACHABLE
            else:
                city.vehicle_i[vehicle, STATUS] = WAITING
                city.vehicle_i[vehicle, CAUSE] = ENTRY
        due += 1
    city.link[ENTRY_DUE, link] = due
    wait_s = city.vehicle_f[city.listed[due], DEPART_S] if due < end else math.inf
    city.link[DUE_STEP, link] = int(min(wait_s / city.step_s, FAR_STEP))
    while city.link[ENTRY_NEXT, link] < due:
        vehicle = city.listed[city.link[ENTRY_NEXT, link]]
        if city.vehicle_i[vehicle, STATUS] == WAITING and not enter(city, link, vehicle, t_s):
            break
        city.link[ENTRY_NEXT, link] += 1


@woven
def serve_link(city: City, link: int, t_s: float) -> None:
    """Do everything else that happens within a link and to no other: lane changes, entries."""
    change_lanes(city, link, t_s)
    let_in(city, link, t_s)
