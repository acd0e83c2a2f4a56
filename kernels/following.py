"""Move the vehicles of one lane: follow the leader, stop where one must, keep the limit."""

from __future__ import annotations

import math

from .chance import DRIVER_IMPERFECTION, uniform
from .compile import bare, woven
from .driving import KRAUSS, brake_distance, dawdled, safe_speed, slowed
from .gaps import rear_beyond, room_before_others
from .lane_desire import KEEPS_PACE_MPS, KEEPS_PACE_MPS2, SHORTEST, relaxed
from .merging import merging_ahead, zip_ahead
from .pace import STOP_MARGIN_M, aimed, before_wall, behind, behind_next, headway_on, wall, wished_speed
from .passing import behind_those_ahead, keep_order
from .people import to_people
from .rings import at
from .shared import add_shared
from .traffic_tables import (
    CAUSE,
    CHANCE,
    CLASS,
    COMFORT_DECEL,
    CONNECTOR,
    CONTENT,
    COUNT,
    DRIVEN_M,
    FIRST_SENSOR,
    FURTHER_OBSTACLES_END,
    FURTHER_OBSTACLES_M,
    GRANTED,
    IMPERFECTION,
    JOINED,
    LANE_LENGTH_M,
    LAST_OUT,
    LEADER,
    LENGTH_M,
    LETS_IN,
    LIMIT_MPS,
    LONGEST_QUEUE,
    MATCHES,
    MAX_ACCEL,
    MIN_GAP_M,
    MODEL,
    NEXT_POSITION_M,
    NEXT_SPEED_MPS,
    NO_PASSING,
    OBSTACLE,
    OBSTACLE_M,
    OCCUPIED,
    OCCUPIED_BY,
    ON_LINK,
    ON_TRUST,
    OPPOSITE,
    PASSES,
    PASSES_AT_KERB,
    PASSING_TO_M,
    PEOPLE,
    POSITION_M,
    REAR_IN,
    REAR_LEFT_M,
    SENSOR_AT_M,
    SENSOR_COUNT,
    SENSOR_OCCUPIED_S,
    SENSOR_SPEED_SUM,
    SHORTER,
    SPEED_FACTOR,
    SPEED_MPS,
    STANDING_S,
    STANDING_STEPS,
    STOPS,
    TO_LANE,
    VEHICLE_M,
    VEHICLE_S,
    YIELDS_TO,
    ZIPS,
    City,
)
from .ways import goes_on

MOVING_MPS = 0.1  # slower than this a vehicle stands
FAST_MPS = 60.0 / 3.6  # the critical speed of MOBIL: where the limit is lower, lanes may be chosen freely
CLOSE_UP = 0.999999  # of the least gap: nearer than this nobody goes on, however numbers are rounded
DIVERGE_M = 3.0  # beyond the stop line, paths from one lane have parted


@woven
def beyond_line(city: City, vehicle: int, distance: float, lane: int, steps: int, desired_speed: float) -> float:
    """Speed for the coming step given what is on road lane ``lane``, which begins ``distance`` ahead.

    ``steps`` is how far that lane's link lies ahead on the route. Behind somebody it is also such that it could stop
    before that link ends: whoever is ahead may go on where it must not.
    """
    count = city.lane_i[COUNT, lane]
    if count > 0:
        last = at(city, lane, count - 1)
        length = city.driver[city.vehicle_i[last, CLASS], LENGTH_M]
        gap = distance + city.vehicle_f[last, POSITION_M] - length
        pace = behind(city, vehicle, gap, city.vehicle_f[last, SPEED_MPS], desired_speed)
        if goes_on(city, vehicle, steps + 1):
            reach = distance + city.lane_f[LANE_LENGTH_M, lane] - STOP_MARGIN_M
            pace = min(pace, safe_speed(reach, city.max_decel, city.step_s))
        return pace
    free = behind(city, vehicle, math.inf, 0.0, desired_speed)
    rear = rear_beyond(city, lane)
    if rear < 0.0:
        gap = distance + city.lane_f[LANE_LENGTH_M, lane] + rear
        free = behind(city, vehicle, gap, city.vehicle_f[city.lane_i[LAST_OUT, lane], SPEED_MPS], desired_speed)
    end = city.lane_f[OBSTACLE_M, lane]
    if goes_on(city, vehicle, steps + 1):
        end = min(end, city.lane_f[LANE_LENGTH_M, lane])
    if end < math.inf:
        return before_wall(city, vehicle, distance + end, free)
    return free


@woven
def next_obstacle(city: City, lane: int, position: float) -> float:
    """Where the first blocked place of a lane beyond a position lies, m; inf: none."""
    obstacle = city.lane_f[OBSTACLE_M, lane]
    if obstacle > position:
        return obstacle
    for column in range(FURTHER_OBSTACLES_M, FURTHER_OBSTACLES_END):
        obstacle = city.lane_f[column, lane]
        if obstacle > position:
            return obstacle
    return math.inf


@woven
def into_junction(city: City, vehicle: int, left: float, desired_speed: float) -> float:
    """Speed for the coming step of a vehicle that may enter the junction ``left`` metres ahead."""
    road_lanes = city.road_lanes
    connector = city.vehicle_i[vehicle, CONNECTOR]
    row = road_lanes + connector
    count = city.lane_i[COUNT, row]
    if count > 0:
        last = at(city, row, count - 1)
        length = city.driver[city.vehicle_i[last, CLASS], LENGTH_M]
        gap = left + city.vehicle_f[last, POSITION_M] - length
        speed = city.vehicle_f[last, SPEED_MPS]
        return behind(city, vehicle, gap, speed, desired_speed)
    far = left + city.lane_f[LANE_LENGTH_M, row]
    to_lane = city.connector[TO_LANE, connector]
    return beyond_line(city, vehicle, far, to_lane, 1, desired_speed)


@woven
def behind_beside(city: City, vehicle: int, beside: int, desired: float) -> float:
    """Speed for the coming step of a driver who does not pass, on the kerb side, somebody in free traffic ahead.

    Kesting, Treiber, Helbing (2007), eq. 6: above the critical speed he follows whoever is ahead in the lane away from
    the kerb. Who is beside already, or has to leave the lane, goes on; nobody brakes more than gently for it.
    """
    speed, its_speed = city.vehicle_f[vehicle, SPEED_MPS], city.vehicle_f[beside, SPEED_MPS]
    gap = city.vehicle_f[beside, POSITION_M] - city.driver[city.vehicle_i[beside, CLASS], LENGTH_M]
    gap -= city.vehicle_f[vehicle, POSITION_M]
    if gap < 0.0 or its_speed <= FAST_MPS or its_speed >= desired or city.vehicle_i[vehicle, CONTENT] <= 0:
        return math.inf
    pace = aimed(city, vehicle, max(gap, 0.1), its_speed, desired, SHORTEST)
    return max(pace, its_speed, speed - KEEPS_PACE_MPS2 * city.step_s)


@bare
def people_ahead(city: City, vehicle: int, lane: int, left: float, granted: bool) -> float:
    """Metres to the first crossing at which a vehicle, ``left`` before the end of its lane row, stops for people."""
    if lane >= city.road_lanes:
        return to_people(city, vehicle, city.connector[TO_LANE, lane - city.road_lanes], left)
    free = to_people(city, vehicle, lane, left - city.lane_f[LANE_LENGTH_M, lane])
    if free == math.inf and granted:
        connector = city.vehicle_i[vehicle, CONNECTOR]
        far = left + city.lane_f[LANE_LENGTH_M, city.road_lanes + connector]
        free = to_people(city, vehicle, city.connector[TO_LANE, connector], far)
    return free


@woven
def lost_by_chance(city: City, vehicle: int, number: int) -> float:
    """Speed (m/s) that an imperfect driver loses in step ``number``, see ``dawdled``."""
    kind = city.vehicle_i[vehicle, CLASS]
    if city.driver[kind, IMPERFECTION] == 0.0 or city.driver[kind, MODEL] != KRAUSS:
        return 0.0
    draw = uniform(0, city.vehicle_i[vehicle, CHANCE], DRIVER_IMPERFECTION, number)
    return city.driver[kind, IMPERFECTION] * city.driver[kind, MAX_ACCEL] * city.step_s * draw


@woven
def loses_all(city: City, vehicle: int, room: float, within_s: float, number: int) -> bool:
    """Whether a driver loses by chance, in step ``number`` (-1: never), all speed that so much room would give him.

    ``within_s`` is the time within which the room would be gone. The draw is left out where no chance can be enough.
    """
    kind = city.vehicle_i[vehicle, CLASS]
    most = city.driver[kind, IMPERFECTION] * city.driver[kind, MAX_ACCEL] * city.step_s
    if number < 0 or room >= CLOSE_UP * most * within_s:
        return False
    return room < CLOSE_UP * lost_by_chance(city, vehicle, number) * within_s


@woven
def gets_at_most(city: City, vehicle: int) -> float:
    """How far a vehicle may get in the coming step, m."""
    accel = city.driver[city.vehicle_i[vehicle, CLASS], MAX_ACCEL]
    return city.step_s * (city.vehicle_f[vehicle, SPEED_MPS] + accel * city.step_s)


@woven
def waits_at_line(city: City, vehicle: int, left: float) -> bool:
    """Whether a vehicle on a road, ``left`` metres before the stop line, has to stop there for all that it knows.

    Who has just changed lanes among those who may enter may not before the junction has taken notice.
    """
    granted = city.vehicle_i[vehicle, GRANTED]
    if granted == JOINED:
        return left <= gets_at_most(city, vehicle)
    return granted == 0 or city.vehicle_i[vehicle, PASSES] >= 0


@woven
def stays(city: City, vehicle: int, ahead: int, lane: int, left: float, number: int) -> bool:
    """Whether a vehicle that stands goes on standing for sure, so that nobody need ask by which rule.

    At less than the least gap behind the next in its lane (``ahead``, -1: nobody), who stands and will not move, every
    model of following tells it to go backwards, and no rule but those asked for here to go further back. So does the
    stop line the first, ``left`` metres before it, at the distance where vehicles come to rest. Who loses by chance all
    that he would have does not go either: in step ``number``, -1 where he might be told to stop for something else.
    """
    kind = city.vehicle_i[vehicle, CLASS]
    granted = city.vehicle_i[vehicle, GRANTED]
    if ahead >= 0:
        if city.vehicle_f[ahead, SPEED_MPS] != 0.0 or city.vehicle_f[ahead, NEXT_SPEED_MPS] != 0.0:
            return False
        gap = city.vehicle_f[ahead, POSITION_M] - city.vehicle_f[vehicle, POSITION_M]
        gap = max(gap - city.driver[city.vehicle_i[ahead, CLASS], LENGTH_M], 0.1)
        room = gap - CLOSE_UP * city.driver[kind, MIN_GAP_M]
        headway = headway_on(city, lane, kind) * (1.0 - city.vehicle_f[vehicle, SHORTER])
        if granted == ON_TRUST or (room >= 0.0 and not loses_all(city, vehicle, room, headway, number)):
            return False
    else:
        room = left - STOP_MARGIN_M
        if granted != 0 or (room > 0.0 and not loses_all(city, vehicle, room, city.step_s, number)):
            return False
        if not goes_on(city, vehicle, 1):
            return False
    connector = city.vehicle_i[vehicle, CONNECTOR]
    zips = connector >= 0 and city.connector[ZIPS, connector] != 0
    return not zips and city.vehicle_i[vehicle, YIELDS_TO] < 0


@woven
def follow_lane(city: City, lane: int, number: int) -> None:
    """Find next speed and position of every vehicle on a lane row from the present state of all, in step ``number``."""
    road_lanes = city.road_lanes
    on_road = lane < road_lanes
    step = city.step_s
    length = city.lane_f[LANE_LENGTH_M, lane]
    blocked, rear = False, math.inf
    if on_road:
        rear = rear_beyond(city, lane)
        blocked = city.lane_f[OBSTACLE_M, lane] < math.inf
    passing = city.lane_i[OPPOSITE, lane] != NO_PASSING
    watched = city.lane_i[FIRST_SENSOR, lane] < city.lane_i[FIRST_SENSOR, lane + 1]  # of a connector: none
    may_stay = not passing and not watched
    line_m = length if on_road and rear >= 0.0 else math.inf  # where nobody's rear is beyond
    people = city.crossed_f.shape[1] > 0
    chance = -1 if blocked or people else number
    ahead, beside, next_beside, those_beside = -1, -1, 0, 0
    if lane + 1 < road_lanes and city.lane_f[LIMIT_MPS, lane] > FAST_MPS:
        those_beside = (
            city.lane_i[COUNT, lane + 1] if city.lane_i[ON_LINK, lane] == city.lane_i[ON_LINK, lane + 1] else 0
        )
    for k in range(city.lane_i[COUNT, lane]):
        vehicle = at(city, lane, k)
        stands = may_stay and city.vehicle_f[vehicle, SPEED_MPS] == 0.0
        if stands and stays(city, vehicle, ahead, lane, line_m - city.vehicle_f[vehicle, POSITION_M], chance):
            if ahead >= 0:
                city.vehicle_i[vehicle, CAUSE] = LEADER
            city.vehicle_f[vehicle, NEXT_SPEED_MPS] = 0.0
            city.vehicle_f[vehicle, NEXT_POSITION_M] = city.vehicle_f[vehicle, POSITION_M]
            ahead = vehicle
            continue
        kind = city.vehicle_i[vehicle, CLASS]
        position, speed = city.vehicle_f[vehicle, POSITION_M], city.vehicle_f[vehicle, SPEED_MPS]
        comfort = city.driver[kind, COMFORT_DECEL]
        factor = city.vehicle_f[vehicle, SPEED_FACTOR]
        wish = wished_speed(city, lane, vehicle)
        desired = max(wish, speed - comfort * step)  # a lower limit is reached without hard braking
        left = length - position
        standing_for = 0
        connector = city.vehicle_i[vehicle, CONNECTOR]
        granted = on_road and city.vehicle_i[vehicle, GRANTED] != 0

        if passing:
            new_speed = behind_those_ahead(city, lane, k, vehicle, desired)
            standing_for = LEADER if k > 0 else standing_for
        elif ahead >= 0:
            gap = city.vehicle_f[ahead, POSITION_M] - position
            gap -= city.driver[city.vehicle_i[ahead, CLASS], LENGTH_M]
            new_speed = behind_next(city, vehicle, ahead, gap, desired)
            standing_for = LEADER
        else:
            new_speed = behind(city, vehicle, math.inf, 0.0, desired)
        if on_road:
            if granted:
                standing_for = LEADER
                far = left + city.lane_f[LANE_LENGTH_M, road_lanes + connector]
                new_speed = min(new_speed, merging_ahead(city, vehicle, connector, far, desired))
                if ahead < 0 or city.vehicle_i[ahead, CONNECTOR] != connector:
                    new_speed = min(new_speed, into_junction(city, vehicle, left, desired))
            if goes_on(city, vehicle, 1) and waits_at_line(city, vehicle, left):
                new_speed = before_wall(city, vehicle, left, new_speed)
            if connector >= 0 and city.connector[ZIPS, connector] != 0:
                pace = zip_ahead(city, vehicle, connector, left, desired)
                if pace < new_speed:
                    new_speed, standing_for = pace, LETS_IN
            if ahead < 0 and rear < (DIVERGE_M if granted else 0.0):
                rear_speed = city.vehicle_f[city.lane_i[LAST_OUT, lane], SPEED_MPS]
                pace = behind(city, vehicle, left + rear, rear_speed, desired)
                if pace < new_speed:
                    new_speed, standing_for = pace, LEADER
            if connector >= 0:
                curve = city.lane_f[LIMIT_MPS, road_lanes + connector] * factor
                new_speed = slowed(new_speed, left, curve, comfort, step)
            if blocked:
                free = next_obstacle(city, lane, position) - position
                if free < math.inf and brake_distance(speed, city.max_decel, step) <= free:
                    halt = wall(city, vehicle, free)
                    if halt < new_speed:
                        new_speed, standing_for = halt, OBSTACLE
            guest = city.vehicle_i[vehicle, YIELDS_TO]
            if guest >= 0:
                gap = city.vehicle_f[guest, POSITION_M] - city.driver[city.vehicle_i[guest, CLASS], LENGTH_M] - position
                pace = aimed(city, vehicle, max(gap, 0.1), city.vehicle_f[guest, SPEED_MPS], desired, SHORTEST)
                pace = max(pace, speed - comfort * step)
                if connector < 0:  # leave the guest, who comes to the same end, room to stop ahead
                    room = city.driver[city.vehicle_i[guest, CLASS], LENGTH_M] + city.driver[kind, MIN_GAP_M]
                    pace = min(pace, max(wall(city, vehicle, left - room), speed - comfort * step))
                if pace < new_speed:
                    new_speed, standing_for = pace, LETS_IN
            if those_beside > 0 and city.driver[kind, PASSES_AT_KERB] == 0.0:
                while next_beside < those_beside:
                    other = at(city, lane + 1, next_beside)
                    if city.vehicle_f[other, POSITION_M] < position:
                        break
                    beside, next_beside = other, next_beside + 1
                if beside >= 0:
                    new_speed = min(new_speed, behind_beside(city, vehicle, beside, desired))
            match = city.vehicle_i[vehicle, MATCHES]
            if match >= 0:
                gap = city.vehicle_f[match, POSITION_M] - city.driver[city.vehicle_i[match, CLASS], LENGTH_M] - position
                pace = aimed(city, vehicle, max(gap, 0.1), city.vehicle_f[match, SPEED_MPS], desired, SHORTEST)
                new_speed = min(new_speed, max(pace, speed - KEEPS_PACE_MPS2 * step, KEEPS_PACE_MPS))
        else:
            to_lane = city.connector[TO_LANE, lane - road_lanes]
            if ahead < 0:
                new_speed, standing_for = min(new_speed, beyond_line(city, vehicle, left, to_lane, 1, desired)), LEADER
            new_speed = min(new_speed, merging_ahead(city, vehicle, lane - road_lanes, left, desired))
            slower = city.lane_f[LIMIT_MPS, to_lane] * factor
            new_speed = slowed(new_speed, left, slower, comfort, step)
        if city.vehicle_i[vehicle, GRANTED] == ON_TRUST:
            room = room_before_others(city, connector, left if on_road else -position)
            if room < math.inf:
                halt = wall(city, vehicle, room)
                if halt < new_speed:
                    new_speed, standing_for = halt, OCCUPIED
            elif not on_road:
                city.vehicle_i[vehicle, GRANTED] = 0  # nobody gets in the way any more of who is inside
        if people:
            free = people_ahead(city, vehicle, lane, left, granted)
            if free < math.inf:
                halt = wall(city, vehicle, free)
                if halt < new_speed:
                    new_speed, standing_for = halt, PEOPLE
        if city.driver[kind, IMPERFECTION] > 0.0:
            draw = uniform(0, city.vehicle_i[vehicle, CHANCE], DRIVER_IMPERFECTION, number)
            imperfection, accel = city.driver[kind, IMPERFECTION], city.driver[kind, MAX_ACCEL]
            new_speed = dawdled(new_speed, imperfection, accel, step, draw)
        new_speed = max(0.0, min(max(new_speed, speed - city.max_decel * step), desired))
        new_position = position + new_speed * step

        if on_road:
            vehicle_length = city.driver[kind, LENGTH_M]
            for sensor in range(city.lane_i[FIRST_SENSOR, lane], city.lane_i[FIRST_SENSOR, lane + 1]):
                place = city.sensor[SENSOR_AT_M, sensor]
                if position < place <= new_position:
                    city.sensor[SENSOR_COUNT, sensor] += 1
                    city.sensor[SENSOR_SPEED_SUM, sensor] += new_speed
                if new_position - vehicle_length < place <= new_position:
                    city.sensor[SENSOR_OCCUPIED_S, sensor] += step
        if new_speed < MOVING_MPS and standing_for != 0:
            city.vehicle_i[vehicle, CAUSE] = standing_for
        city.vehicle_f[vehicle, NEXT_SPEED_MPS] = new_speed
        city.vehicle_f[vehicle, NEXT_POSITION_M] = new_position
        ahead = vehicle


@woven
def advance_lane(city: City, lane: int) -> None:
    """Take over the next speed and position of every vehicle on a lane row."""
    step, driven_m = city.step_s, city.lane_f[VEHICLE_M, lane]
    count = city.lane_i[COUNT, lane]
    standing, stops = 0, 0
    for k in range(count):
        vehicle = at(city, lane, k)
        speed = city.vehicle_f[vehicle, NEXT_SPEED_MPS]
        stands, stood_s = speed < MOVING_MPS, city.vehicle_f[vehicle, STANDING_S]
        standing += 1 if stands else 0
        stops += 1 if stands and stood_s == 0.0 else 0
        city.vehicle_f[vehicle, SPEED_MPS] = speed
        city.vehicle_f[vehicle, STANDING_S] = stood_s + step if stands else 0.0
        city.vehicle_f[vehicle, POSITION_M] = city.vehicle_f[vehicle, NEXT_POSITION_M]
        city.vehicle_f[vehicle, DRIVEN_M] += speed * step
        city.vehicle_f[vehicle, SHORTER] = relaxed(city.vehicle_f[vehicle, SHORTER], step)
        driven_m += speed * step
        if city.vehicle_i[vehicle, REAR_IN] >= 0:
            city.vehicle_f[vehicle, REAR_LEFT_M] -= speed * step
            if city.vehicle_f[vehicle, REAR_LEFT_M] <= 0.0:
                add_shared(city.lane_i, OCCUPIED_BY, city.road_lanes + city.vehicle_i[vehicle, REAR_IN], -1)
                city.vehicle_i[vehicle, REAR_IN] = -1
    if city.lane_i[OPPOSITE, lane] != NO_PASSING and not keep_order(city, lane):
        city.lane_f[PASSING_TO_M, lane] = 0.0
    city.lane_f[VEHICLE_S, lane] += count * step
    city.lane_f[VEHICLE_M, lane] = driven_m
    city.lane_i[STOPS, lane] += stops
    if standing > 0:
        city.lane_i[STANDING_STEPS, lane] += standing
        city.lane_i[LONGEST_QUEUE, lane] = max(city.lane_i[LONGEST_QUEUE, lane], standing)
