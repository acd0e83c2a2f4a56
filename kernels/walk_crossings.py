"""Say at which crossings people may step on the street now, by the lights and by the gaps between vehicles."""

from __future__ import annotations

from .compile import bare, bare_entry
from .members import member_of
from .rings import at
from .traffic_tables import (
    CLASS,
    CONTROL,
    COUNT,
    FIRST_FEEDER,
    FIRST_PHASE,
    FIXED,
    LANE_LENGTH_M,
    LENGTH_M,
    LIGHT_RED,
    PHASE,
    PHASE_LEFT_S,
    POSITION_M,
    SPEED_MPS,
    City,
)
from .walking import walkers_of
from .walking_tables import AT_M, FIRST_GROUP, FIRST_LANE, IS_OPEN, LIGHT, NEEDS_S, Walk

STANDS_MPS = 0.5  # people cross before a vehicle so slow
COVERS_M = 1.0  # before and behind the middle of a crossing a vehicle leaves no way across


@bare_entry
def open_crossings(walks: Walk, cities: City, m: int) -> None:
    """Note for every crossing of one member whether people may start across now, by the vehicles as they are."""
    walk, city = walkers_of(walks, m), member_of(cities, m)
    for crossing in range(walk.crossing_f.shape[1]):
        if walk.crossing_i[LIGHT, crossing] >= 0:
            walk.crossing_i[IS_OPEN, crossing] = shows_walk(walk, city, crossing)
        else:
            walk.crossing_i[IS_OPEN, crossing] = has_gap(walk, city, crossing)


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
def has_gap(walk: Walk, city: City, crossing: int) -> bool:
    """Whether no vehicle stands on a crossing, or reaches it before one is across."""
    needs_s = walk.crossing_f[NEEDS_S, crossing]
    for place in range(walk.crossing_i[FIRST_LANE, crossing], walk.crossing_i[FIRST_LANE, crossing + 1]):
        lane, at_m = walk.crossed[place], walk.crossed_f[AT_M, place]
        if not is_lane_free(city, lane, at_m, needs_s):
            return False
        for feeder in range(city.lane_i[FIRST_FEEDER, lane], city.lane_i[FIRST_FEEDER, lane + 1]):
            inside = city.road_lanes + city.listed[feeder]
            if not is_lane_free(city, inside, city.lane_f[LANE_LENGTH_M, inside] + at_m, needs_s):
                return False
    return True


@bare
def is_lane_free(city: City, lane: int, at_m: float, needs_s: float) -> bool:
    """Whether the first vehicle before a place on a lane is far enough away, and none stands across it."""
    for k in range(city.lane_i[COUNT, lane]):
        vehicle = at(city, lane, k)
        front_m, speed = city.vehicle_f[vehicle, POSITION_M], city.vehicle_f[vehicle, SPEED_MPS]
        if front_m <= at_m - COVERS_M:
            return speed < STANDS_MPS or at_m - COVERS_M - front_m >= speed * needs_s
        if front_m - city.driver[city.vehicle_i[vehicle, CLASS], LENGTH_M] < at_m + COVERS_M:
            return False
    return True
