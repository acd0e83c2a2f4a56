"""Let people on foot and vehicles meet at crossings: who may step on the street now, and where vehicles must stop."""

from __future__ import annotations

from .compile import bare, bare_entry
from .driving import brake_distance
from .gaps import rear_beyond
from .members import member_of
from .people import COVERS_M
from .rings import at
from .traffic_tables import (
    CAUSE,
    CLASS,
    CONNECTOR,
    CONTROL,
    COUNT,
    FIRST_FEEDER,
    FIRST_PHASE,
    FIXED,
    FROM_LANE,
    GRANTED_COUNT,
    HELD,
    HELD_BY_ASKING,
    HELD_BY_CROSSING,
    HELD_BY_GREEN,
    HELD_BY_NOBODY,
    LANE_LENGTH_M,
    LENGTH_M,
    LIGHT_RED,
    PEOPLE,
    PHASE,
    PHASE_LEFT_S,
    POSITION_M,
    SPEED_MPS,
    City,
)
from .walk_gates import may_enter
from .walking import walkers_of
from .walking_tables import (
    AT_GREEN,
    AT_M,
    FIRST_GROUP,
    FIRST_LANE,
    GAPS,
    GOES_FIRST,
    IS_COVERED,
    IS_OPEN,
    LIGHT,
    NEEDS_S,
    OPPOSITE,
    QUEUE,
    RECEIVE,
    WALK_CELL,
    WANTED,
    Walk,
)
from .walking_tables import COUNT as PEOPLE_THERE

STANDS_MPS = 0.5  # people cross before a vehicle so slow


@bare_entry
def open_crossings(walks: Walk, cities: City, m: int) -> None:
    """Note for every crossing of one member whether people may start across now, by the vehicles as they are.

    With a light when it is green for them and who still comes can stop; elsewhere when the gap is long enough.
    """
    walk, city = walkers_of(walks, m), member_of(cities, m)
    for crossing in range(walk.crossing_f.shape[1]):
        needs_s, green = walk.crossing_f[NEEDS_S, crossing], True
        if walk.crossing_i[LIGHT, crossing] >= 0:
            needs_s, green = 0.0, shows_walk(walk, city, crossing)
            walk.crossing_i[GOES_FIRST, crossing] = AT_GREEN if green else GAPS
        covered = is_covered(walk, city, crossing)
        walk.crossing_i[IS_COVERED, crossing] = covered
        walk.crossing_i[IS_OPEN, crossing] = green and not covered and is_free(walk, city, crossing, needs_s)


@bare_entry
def hold_lanes(walks: Walk, cities: City, m: int) -> None:
    """Note for every place where people cross a lane of one member whether vehicles must stop there."""
    walk, city = walkers_of(walks, m), member_of(cities, m)
    for crossing in range(walk.crossing_f.shape[1]):
        held = held_by(walk, crossing)
        for place in range(walk.crossing_i[FIRST_LANE, crossing], walk.crossing_i[FIRST_LANE, crossing + 1]):
            city.crossed_f[HELD, walk.crossed_row[place]] = held


@bare
def held_by(walk: Walk, crossing: int) -> float:
    """For whom vehicles stop at a crossing; who has come to its end stands at the kerb.

    Not for who waits while a vehicle is on the crossing: two vehicles, each on one crossing and before the next, would
    wait for each other's people for ever.
    """
    cell = walk.crossing_i[WALK_CELL, crossing]
    other = walk.cell_i[OPPOSITE, cell]
    if is_walked_on(walk, cell) or is_walked_on(walk, other):
        return HELD_BY_CROSSING
    first = walk.crossing_i[GOES_FIRST, crossing]
    if first == GAPS or walk.crossing_i[IS_COVERED, crossing] == 1 or not (asks(walk, cell) or asks(walk, other)):
        return HELD_BY_NOBODY
    return HELD_BY_GREEN if first == AT_GREEN else HELD_BY_ASKING


@bare
def is_walked_on(walk: Walk, cell: int) -> bool:
    """Whether somebody is on their way over a cell, not yet at its end."""
    return walk.cell_i[PEOPLE_THERE, cell] > walk.cell_i[QUEUE, cell]


@bare
def asks(walk: Walk, cell: int) -> bool:
    """Whether somebody waits for nothing but the vehicles to get into a cell of a crossing."""
    return walk.cell_i[WANTED, cell] > 0 and walk.cell_f[RECEIVE, cell] >= 1.0 and may_enter(walk, cell)


@bare
def shows_walk(walk: Walk, city: City, crossing: int) -> bool:
    """Whether all vehicles that would cross the way have red, for as long as it takes to get across.

    How long a programme that follows the traffic shows red is not known: there people start at any red.
    """
    controller = walk.crossing_i[LIGHT, crossing]
    phase, left_s = city.controller_i[PHASE, controller], city.controller_f[PHASE_LEFT_S, controller]
    first, last = city.controller_i[FIRST_PHASE, controller], city.controller_i[FIRST_PHASE, controller + 1]
    if not all_red(walk, city, crossing, phase):
        return False
    if city.controller_i[CONTROL, controller] != FIXED:
        return True
    for _ in range(last - first):
        if left_s >= walk.crossing_f[NEEDS_S, crossing]:
            return True
        phase = phase + 1 if phase + 1 < last else first
        if not all_red(walk, city, crossing, phase):
            return False
        left_s += city.phase_s[phase]
    return True


@bare
def all_red(walk: Walk, city: City, crossing: int, phase: int) -> bool:
    """Whether the vehicles that a crossing has to fear have red in a phase."""
    for place in range(walk.crossing_i[FIRST_GROUP, crossing], walk.crossing_i[FIRST_GROUP, crossing + 1]):
        if city.light[city.phase_light[phase] + walk.group[place]] != LIGHT_RED:
            return False
    return True


@bare
def is_covered(walk: Walk, city: City, crossing: int) -> bool:
    """Whether a vehicle stands or drives on a crossing."""
    for place in range(walk.crossing_i[FIRST_LANE, crossing], walk.crossing_i[FIRST_LANE, crossing + 1]):
        lane, at_m = walk.crossed[place], walk.crossed_f[AT_M, place]
        if rear_beyond(city, lane) < at_m + COVERS_M - city.lane_f[LANE_LENGTH_M, lane] or is_on(city, lane, at_m):
            return True
        for feeder in range(city.lane_i[FIRST_FEEDER, lane], city.lane_i[FIRST_FEEDER, lane + 1]):
            inside = city.road_lanes + city.listed[feeder]
            if is_on(city, inside, city.lane_f[LANE_LENGTH_M, inside] + at_m):
                return True
    return False


@bare
def is_on(city: City, lane: int, at_m: float) -> bool:
    """Whether a vehicle of a lane row is on a place."""
    for k in range(city.lane_i[COUNT, lane]):
        vehicle = at(city, lane, k)
        beyond_m = city.vehicle_f[vehicle, POSITION_M] - (at_m - COVERS_M)
        if beyond_m <= 0.0:
            return False
        if beyond_m - city.driver[city.vehicle_i[vehicle, CLASS], LENGTH_M] < 2.0 * COVERS_M:
            return True
    return False


@bare
def is_free(walk: Walk, city: City, crossing: int, needs_s: float) -> bool:
    """Whether no vehicle comes to a crossing before ``needs_s`` are over; with 0 s: none that cannot stop."""
    courteous = walk.crossing_i[GOES_FIRST, crossing] != GAPS
    for place in range(walk.crossing_i[FIRST_LANE, crossing], walk.crossing_i[FIRST_LANE, crossing + 1]):
        lane, at_m = walk.crossed[place], walk.crossed_f[AT_M, place]
        if not is_lane_free(city, lane, at_m, needs_s, courteous):
            return False
        for feeder in range(city.lane_i[FIRST_FEEDER, lane], city.lane_i[FIRST_FEEDER, lane + 1]):
            connector = city.listed[feeder]
            inside = city.road_lanes + connector
            far_m = city.lane_f[LANE_LENGTH_M, inside] + at_m
            if not is_lane_free(city, inside, far_m, needs_s, courteous):
                return False
            if not is_entry_free(city, connector, far_m, needs_s, courteous):
                return False
    return True


@bare
def is_lane_free(city: City, lane: int, at_m: float, needs_s: float, courteous: bool) -> bool:
    """Whether the first vehicle before a place on a lane lets people across."""
    for k in range(city.lane_i[COUNT, lane]):
        vehicle = at(city, lane, k)
        left_m = at_m - COVERS_M - city.vehicle_f[vehicle, POSITION_M]
        if left_m >= 0.0:
            return lets_across(city, vehicle, left_m, needs_s, courteous)
    return True


@bare
def is_entry_free(city: City, connector: int, far_m: float, needs_s: float, courteous: bool) -> bool:
    """Whether the first vehicle that may enter a junction lets people across ``far_m`` behind its stop line."""
    lane = city.connector[FROM_LANE, connector]
    for k in range(city.lane_i[GRANTED_COUNT, lane]):
        vehicle = at(city, lane, k)
        if city.vehicle_i[vehicle, CONNECTOR] == connector:
            left_m = city.lane_f[LANE_LENGTH_M, lane] - city.vehicle_f[vehicle, POSITION_M] + far_m - COVERS_M
            return lets_across(city, vehicle, left_m, needs_s, courteous)
    return True


@bare
def lets_across(city: City, vehicle: int, left_m: float, needs_s: float, courteous: bool) -> bool:
    """Whether people may cross before a vehicle ``left_m`` away.

    Who stands lets them; but one that has stopped for those who cross, where vehicles go first, has its turn next.
    """
    speed = city.vehicle_f[vehicle, SPEED_MPS]
    if speed < STANDS_MPS:
        return courteous or city.vehicle_i[vehicle, CAUSE] != PEOPLE
    return left_m >= max(speed * needs_s, brake_distance(speed, city.firm_decel, city.step_s))
