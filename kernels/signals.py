"""Run signals whose stages do not follow the clock alone: actuated ones, max pressure, priority, commands.

A *stage* is a set of lights in which green goes on. It begins with its shortest green, which nothing cuts, and may then
last. From every stage to every other there is a *way*, phases of yellow and all-red with their durations, laid out
beforehand; whoever decides chooses stages only, so that no decision makes two conflicting greens or a green that turns
red without yellow.
"""

from __future__ import annotations

import math

from .compile import bare, woven
from .rings import at
from .traffic_tables import (
    ACTUATED,
    APPROACHES,
    CLASS,
    CLOCK_S,
    CLOCKED,
    COMMAND,
    COMMANDED,
    CONNECTOR,
    CONTROL,
    COUNT,
    CYCLE_S,
    ENDS,
    EXTENDED,
    FAVOURED,
    FIRST_APPROACH,
    FIRST_FEEDER,
    FIRST_STAGE,
    FIRST_WAY,
    FROM_LANE,
    GROUP,
    LANE_LENGTH_M,
    LEAST,
    LIGHT_GREEN_YIELD,
    LONGEST_RED_S,
    MAX_PRESSURE,
    MORE,
    PASSAGE_S,
    PHASE,
    PHASE_LEFT_S,
    POSITION_M,
    REACH_M,
    RECALLED,
    SENSOR_AT_M,
    SENSOR_COUNT,
    SENSOR_GAP_S,
    SENSOR_OCCUPIED_S,
    SENSOR_SEEN,
    SINCE,
    SKIPS,
    STAGE,
    STAGE_ROWS,
    STAGES,
    TO_LANE,
    URGENT,
    VEHICLE_CLASS,
    WAITS_S,
    WAY_END,
    City,
)

OVER_S = 1e-9  # less than this is no time left
LONGEST_URGENT_S = 120.0  # whoever has not passed by then is held up by something that green does not cure


@woven
def stage_row(city: City, controller: int, stage: int, row: int) -> int:
    """Row of a stage among the phases."""
    return city.controller_i[FIRST_STAGE, controller] + STAGE_ROWS * stage + row


@woven
def has_green(city: City, controller: int, stage: int, connector: int) -> bool:
    """Whether a connector has green in a stage."""
    start = city.phase_light[stage_row(city, controller, stage, LEAST)]
    return city.light[start + city.connector[GROUP, connector]] >= LIGHT_GREEN_YIELD


@woven
def listen(city: City, controller: int) -> None:
    """Note how long ago each detector last felt a vehicle."""
    place = city.controller_i[FIRST_APPROACH, controller]
    for _ in range(city.controller_i[APPROACHES, controller]):
        detector = city.listed[place + 1]
        place += 3
        if detector >= 0:
            felt = city.sensor[SENSOR_COUNT, detector] + city.sensor[SENSOR_OCCUPIED_S, detector]
            if felt != city.sensor[SENSOR_SEEN, detector]:
                city.sensor[SENSOR_SEEN, detector] = felt
                city.sensor[SENSOR_GAP_S, detector] = 0.0
            else:
                city.sensor[SENSOR_GAP_S, detector] += city.step_s


@woven
def stages_for(city: City, controller: int, stages: int, vehicle: int) -> int:
    """Bits of the stages, of those of its lane, in which a vehicle has green where it wants to go."""
    connector, found = city.vehicle_i[vehicle, CONNECTOR], 0
    for stage in range(city.controller_i[STAGES, controller]):
        if (stages >> stage) & 1 != 0 and (connector < 0 or has_green(city, controller, stage, connector)):
            found |= 1 << stage
    return found


@woven
def calls(city: City, controller: int, now: int) -> int:
    """Bits of the stages that somebody waits for: a vehicle between detector and stop line has red in stage ``now``."""
    called = city.controller_i[RECALLED, controller] & ~(1 << now)
    place = city.controller_i[FIRST_APPROACH, controller]
    for _ in range(city.controller_i[APPROACHES, controller]):
        lane, detector, stages = city.listed[place], city.listed[place + 1], city.listed[place + 2]
        place += 3
        if detector >= 0 and city.lane_i[COUNT, lane] > 0:
            first = at(city, lane, 0)
            if city.vehicle_f[first, POSITION_M] >= city.sensor[SENSOR_AT_M, detector]:
                wanted = stages_for(city, controller, stages, first)
                called |= wanted if (wanted >> now) & 1 == 0 else 0
    return called


@woven
def flows(city: City, controller: int, now: int) -> bool:
    """Whether vehicles still come over the detectors of a stage closer than the passage time."""
    place = city.controller_i[FIRST_APPROACH, controller]
    for _ in range(city.controller_i[APPROACHES, controller]):
        detector, stages = city.listed[place + 1], city.listed[place + 2]
        place += 3
        gap_s = city.sensor[SENSOR_GAP_S, detector] if detector >= 0 and (stages >> now) & 1 != 0 else math.inf
        if gap_s < city.controller_f[PASSAGE_S, controller] - OVER_S:
            return True
    return False


@woven
def is_of(city: City, vehicle: int, classes: int) -> bool:
    """Whether a vehicle is of one of some classes (bits)."""
    return (classes >> int(city.driver[city.vehicle_i[vehicle, CLASS], VEHICLE_CLASS])) & 1 != 0


@woven
def noticed(city: City, row: int, from_m: float, classes: int, way_on: int) -> bool:
    """Whether a vehicle of some classes (bits) is beyond a place on a lane row, bound for ``way_on`` (-1: any)."""
    for k in range(city.lane_i[COUNT, row]):
        vehicle = at(city, row, k)
        if city.vehicle_f[vehicle, POSITION_M] < from_m:
            break
        if is_of(city, vehicle, classes) and (way_on < 0 or city.vehicle_i[vehicle, CONNECTOR] == way_on):
            return True
    return False


@bare
def serving(city: City, controller: int, classes: int) -> int:
    """Bits of the stages that give green to a vehicle of some classes (bits) on its way to the stop line.

    Where the lane is shorter than the reach, who comes into it from the lane before is noticed too. Which way such a
    vehicle will turn is not known yet.
    """
    found = 0
    place = city.controller_i[FIRST_APPROACH, controller]
    for _ in range(city.controller_i[APPROACHES, controller] if classes != 0 else 0):
        lane, stages = city.listed[place], city.listed[place + 2]
        place += 3
        from_m = city.lane_f[LANE_LENGTH_M, lane] - city.controller_f[REACH_M, controller]
        for k in range(city.lane_i[COUNT, lane]):
            vehicle = at(city, lane, k)
            if city.vehicle_f[vehicle, POSITION_M] < from_m:
                break
            if is_of(city, vehicle, classes):
                found |= stages_for(city, controller, stages, vehicle)
        if from_m < 0.0:
            for feeder in range(city.lane_i[FIRST_FEEDER, lane], city.lane_i[FIRST_FEEDER, lane + 1]):
                connector = city.listed[feeder]
                row, before = city.road_lanes + connector, city.connector[FROM_LANE, connector]
                on_way_m = city.lane_f[LANE_LENGTH_M, row] + from_m
                on_lane_m = city.lane_f[LANE_LENGTH_M, before] + on_way_m
                if noticed(city, row, on_way_m, classes, -1) or noticed(city, before, on_lane_m, classes, connector):
                    found |= stages
    return found


@woven
def pressure(city: City, controller: int, stage: int) -> float:
    """Weight of a stage: Varaiya (2013), Transp. Res. C 36, eq. 9, with lanes for links.

    A lane is a queue of its own, so the weight of a movement out of it is the lane's vehicles less those in the lane it
    leads to, counted with the share of its vehicles that make the movement, and never below zero, since a stage need
    not let anybody pass.
    """
    total = 0.0
    place = city.controller_i[FIRST_APPROACH, controller]
    for _ in range(city.controller_i[APPROACHES, controller]):
        lane, stages = city.listed[place], city.listed[place + 2]
        place += 3
        count = city.lane_i[COUNT, lane]
        if (stages >> stage) & 1 != 0 and count > 0:
            for k in range(count):
                connector = city.vehicle_i[at(city, lane, k), CONNECTOR]
                if connector >= 0 and has_green(city, controller, stage, connector):
                    beyond = city.lane_i[COUNT, city.connector[TO_LANE, connector]]
                    total += max(0.0, 1.0 - beyond / count)
    return total


@woven
def most_pressed(city: City, controller: int, now: int) -> int:
    """The stage with the greatest pressure, ``now`` among equals; before it, the one that has been red for too long."""
    best, best_weight = now, pressure(city, controller, now)
    oldest, oldest_s = -1, city.controller_f[LONGEST_RED_S, controller]
    for stage in range(city.controller_i[STAGES, controller]):
        if stage != now:
            weight = pressure(city, controller, stage)
            red_s = city.phase_s[stage_row(city, controller, stage, SINCE)]
            wanted = weight > 0.0 or (city.controller_i[RECALLED, controller] >> stage) & 1 != 0
            if wanted and red_s >= oldest_s:
                oldest, oldest_s = stage, red_s
            if weight > best_weight:
                best, best_weight = stage, weight
    return oldest if oldest >= 0 else best


@woven
def next_in(city: City, controller: int, now: int, stages: int) -> int:
    """The first of some stages (bits) after ``now`` in their order; ``now`` if there is no other."""
    count = city.controller_i[STAGES, controller]
    for step in range(1, count):
        stage = (now + step) % count
        if (stages >> stage) & 1 != 0:
            return stage
    return now


@bare
def choose_stage(city: City, controller: int, now: int) -> int:
    """The stage that is to come, ``now`` to stay; asked when the shortest green of ``now`` is over."""
    everything = (1 << city.controller_i[STAGES, controller]) - 1
    kind, left_s = city.controller_i[CONTROL, controller], city.controller_f[PHASE_LEFT_S, controller]
    ordered = city.controller_i[COMMAND, controller]
    city.controller_i[COMMAND, controller] = -1
    green_s = city.phase_s[stage_row(city, controller, now, SINCE)]
    urgent = serving(city, controller, city.controller_i[URGENT, controller])
    if urgent != 0 and (urgent >> now) & 1 == 0:
        return next_in(city, controller, now, urgent)
    if urgent != 0 and green_s < LONGEST_URGENT_S:
        return now
    if kind == COMMANDED:
        if ordered >= 0:
            return ordered
        return next_in(city, controller, now, everything) if left_s <= OVER_S else now
    favoured = serving(city, controller, city.controller_i[FAVOURED, controller])
    if kind == MAX_PRESSURE:
        if favoured != 0 and (favoured >> now) & 1 == 0:
            return next_in(city, controller, now, favoured)
        if favoured != 0 and green_s < city.controller_f[LONGEST_RED_S, controller]:
            return now
        return most_pressed(city, controller, now) if left_s <= OVER_S else now
    called = everything
    if kind == ACTUATED and city.controller_i[SKIPS, controller] != 0:
        called = calls(city, controller, now) | favoured
        if called & ~(1 << now) == 0:
            city.controller_f[PHASE_LEFT_S, controller] += city.step_s  # the longest green counts from the first call
            return now
    if favoured != 0:
        if (favoured >> now) & 1 == 0:
            return next_in(city, controller, now, called)
        if left_s > OVER_S - city.controller_f[WAITS_S, controller]:
            return now
    if left_s > OVER_S:
        lasts = kind == CLOCKED or (city.controller_i[EXTENDED, controller] >> now) & 1 != 0
        if lasts or flows(city, controller, now):
            return now
    return next_in(city, controller, now, called)


@woven
def begin_stage(city: City, controller: int) -> None:
    """Give green to the stage that was being changed to, and start its detectors' clocks."""
    stage = city.controller_i[STAGE, controller]
    phase = stage_row(city, controller, stage, LEAST)
    city.controller_i[WAY_END, controller] = -1
    city.controller_i[PHASE, controller] = phase
    city.controller_f[PHASE_LEFT_S, controller] += city.phase_s[phase]
    city.phase_s[stage_row(city, controller, stage, SINCE)] = 0.0
    place = city.controller_i[FIRST_APPROACH, controller]
    for _ in range(city.controller_i[APPROACHES, controller]):
        detector, stages = city.listed[place + 1], city.listed[place + 2]
        place += 3
        if detector >= 0 and (stages >> stage) & 1 != 0:
            city.sensor[SENSOR_GAP_S, detector] = 0.0


@woven
def go_on(city: City, controller: int) -> None:
    """Let a stage last after its shortest green: for its longest, or to where the programme ends it."""
    stage = city.controller_i[STAGE, controller]
    more = stage_row(city, controller, stage, MORE)
    city.controller_i[PHASE, controller] = more
    left_s = city.phase_s[more]
    if city.controller_i[CONTROL, controller] == CLOCKED:
        cycle_s = city.controller_f[CYCLE_S, controller]
        ends_s = city.phase_s[stage_row(city, controller, stage, ENDS)]
        ends_in_s = (ends_s - city.controller_f[CLOCK_S, controller]) % cycle_s
        green_s = left_s + city.phase_s[stage_row(city, controller, stage, LEAST)]
        late = ends_in_s > left_s + (cycle_s - green_s) / 2.0
        left_s = 0.0 if late else ends_in_s
        city.controller_f[PHASE_LEFT_S, controller] = 0.0
    city.controller_f[PHASE_LEFT_S, controller] += left_s


@woven
def leave(city: City, controller: int, stage: int) -> None:
    """Begin the change to another stage; where no green ends by it, the stage itself."""
    now = city.controller_i[STAGE, controller]
    place = city.controller_i[FIRST_WAY, controller] + 2 * (now * city.controller_i[STAGES, controller] + stage)
    first, phases = city.listed[place], city.listed[place + 1]
    city.phase_s[stage_row(city, controller, now, SINCE)] = 0.0
    city.controller_i[STAGE, controller] = stage
    city.controller_f[PHASE_LEFT_S, controller] = 0.0
    if phases == 0:
        begin_stage(city, controller)
    else:
        city.controller_i[WAY_END, controller] = first + phases - 1
        city.controller_i[PHASE, controller] = first
        city.controller_f[PHASE_LEFT_S, controller] = city.phase_s[first]


@bare
def run_stages(city: City, controller: int) -> None:
    """Move a controller on by one step; its present phase has been shortened by the step already."""
    listen(city, controller)
    cycle_s = city.controller_f[CYCLE_S, controller]
    if cycle_s > 0.0:
        city.controller_f[CLOCK_S, controller] = (city.controller_f[CLOCK_S, controller] + city.step_s) % cycle_s
    for stage in range(city.controller_i[STAGES, controller]):
        city.phase_s[stage_row(city, controller, stage, SINCE)] += city.step_s
    while city.controller_f[PHASE_LEFT_S, controller] <= OVER_S:
        phase, way_end = city.controller_i[PHASE, controller], city.controller_i[WAY_END, controller]
        if 0 <= way_end and phase < way_end:
            city.controller_i[PHASE, controller] = phase + 1
            city.controller_f[PHASE_LEFT_S, controller] += city.phase_s[phase + 1]
        elif 0 <= way_end:
            begin_stage(city, controller)
        elif phase == stage_row(city, controller, city.controller_i[STAGE, controller], LEAST):
            go_on(city, controller)
            break
        else:
            break
    now = city.controller_i[STAGE, controller]
    if city.controller_i[PHASE, controller] == stage_row(city, controller, now, MORE):
        stage = choose_stage(city, controller, now)
        over = city.controller_f[PHASE_LEFT_S, controller] <= OVER_S
        if stage != now:
            leave(city, controller, stage)
        elif over and city.controller_i[CONTROL, controller] == MAX_PRESSURE:
            city.controller_f[PHASE_LEFT_S, controller] = city.phase_s[stage_row(city, controller, now, MORE)]
