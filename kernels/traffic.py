"""Advance the traffic of a city by whole steps, members side by side, without returning to Python in between."""

from __future__ import annotations

from numba import prange

from .busy import busy_junctions, busy_links, busy_rows, find_busy, find_rows
from .compile import bare, parallel, row_by_row, woven
from .crossing import enter_streets, leave_streets
from .following import advance_lane, follow_lane
from .junctions import decide_junction
from .keep_clear import note_loop_room, note_overhang
from .links import let_all_arrive, serve_link
from .members import member_of
from .near import AHEAD, MANY, fetch_inside, fetch_junctions, fetch_leaving, fetch_links, fetch_rows
from .signals import run_stages
from .traffic_tables import (
    BUSY_JUNCTIONS,
    BUSY_LINKS,
    BUSY_ROWS,
    CONTROL,
    COUNT,
    DESTINATION,
    FIRST_LANE,
    FIRST_LANE_OUT,
    FIRST_PHASE,
    FIXED,
    INBOUND_M,
    JOINT,
    KNOT,
    OVERHANG_M,
    PHASE,
    PHASE_LEFT_S,
    PROMISED_M,
    STRETCH_S,
    UPDATES,
    WANTED,
    WANTED_BEFORE,
    City,
)

# The order within a step. Each phase reads what the one before left; within a phase the order does not matter.
PHASES = (
    "advance_signals",  # programmes go on, detectors are read, stages chosen
    "note_promises",  # what of short loops is filled or promised, for all of their lanes to read
    "decide_junctions",  # who may enter, by the present state of all
    "let_all_arrive",  # vehicles at their destination leave the road
    "serve_links",  # lane changes, entries
    "follow_lanes",  # next speeds and positions, from the present ones
    "advance_lanes",  # the next state becomes the present one
    "leave_streets",  # vehicles past their stop line go on to a connector
    "enter_streets",  # those at its end go on to the next street
)


@woven
def advance_signal(city: City, controller: int) -> None:
    """Move a controller on by one step."""
    city.controller_f[PHASE_LEFT_S, controller] -= city.step_s
    if city.controller_i[CONTROL, controller] != FIXED:
        run_stages(city, controller)
        return
    while city.controller_f[PHASE_LEFT_S, controller] <= 1e-9:
        phase = city.controller_i[PHASE, controller] + 1
        if phase >= city.controller_i[FIRST_PHASE, controller + 1]:
            phase = city.controller_i[FIRST_PHASE, controller]
            city.controller_f[PHASE_LEFT_S, controller] += city.controller_f[STRETCH_S, controller]
            city.controller_f[STRETCH_S, controller] = 0.0
        city.controller_i[PHASE, controller] = phase
        city.controller_f[PHASE_LEFT_S, controller] += city.phase_s[phase]


@woven
def note_promise(city: City, lane: int) -> None:
    """Note what of a lane in a short loop or before a joint is or will be filled.

    Reading it must not depend on which junction is served first.
    """
    if city.lane_f[OVERHANG_M, lane] >= 0.0:
        note_overhang(city, lane)
    if city.lane_i[KNOT, lane] >= 0:
        city.lane_f[PROMISED_M, lane] = city.lane_f[INBOUND_M, lane]
        city.lane_i[WANTED_BEFORE, lane] = city.lane_i[WANTED, lane]
        note_loop_room(city, lane)


@woven
def note_promises(city: City, step: int, first_step: int) -> None:
    """Note what of short loops is filled or promised: everywhere at first, then where the step before was busy."""
    if city.loop.shape[1] == 1 and city.connector[JOINT, city.connector.shape[1] - 1] == 0:
        return
    if step == first_step:
        for lane in range(city.road_lanes):
            note_promise(city, lane)
        return
    for i in range(busy_links(city)):
        link = city.busy[BUSY_LINKS, i]
        for lane in range(city.link[FIRST_LANE, link], city.link[FIRST_LANE, link + 1]):
            note_promise(city, lane)
    for i in range(busy_junctions(city)):
        junction = city.busy[BUSY_JUNCTIONS, i]
        for place in range(city.junction[FIRST_LANE_OUT, junction], city.junction[FIRST_LANE_OUT, junction + 1]):
            note_promise(city, city.listed[place])


@woven
def begin_step(city: City, step: int, first_step: int) -> None:
    """Move controllers on, note promises, and find where something may happen."""
    for controller in range(city.controller_f.shape[1]):
        advance_signal(city, controller)
    note_promises(city, step, first_step)
    find_busy(city, step)


# What follows is one thread's share of a phase. Of ``parts`` threads the one numbered ``part`` serves neighbours, the
# same in every phase, so that what it needs stays near its core. The order does not matter, nor how many share a phase.


@bare
def decide_junctions(city: City, t_s: float, part: int, parts: int) -> None:
    """Say who may enter junctions."""
    count = busy_junctions(city)
    first, last, many = part * count // parts, (part + 1) * count // parts, busy_links(city) > MANY
    for begin in range(first, last, AHEAD):
        end = min(begin + AHEAD, last)
        if many:
            fetch_junctions(city, end, min(end + AHEAD, last))
        for i in range(begin, end):
            decide_junction(city, city.busy[BUSY_JUNCTIONS, i], t_s)


@bare
def let_arrive(city: City, t_s: float, everywhere: bool, part: int, parts: int) -> None:
    """Take those who have arrived off the road."""
    count = busy_links(city)
    for i in range(part * count // parts, (part + 1) * count // parts):
        link = city.busy[BUSY_LINKS, i]
        if everywhere or city.link[DESTINATION, link] != 0:
            let_all_arrive(city, link, t_s)


@bare
def serve_links(city: City, t_s: float, part: int, parts: int) -> None:
    """Let vehicles change lanes and enter."""
    count = busy_links(city)
    first, last = part * count // parts, (part + 1) * count // parts
    for begin in range(first, last, AHEAD):
        end = min(begin + AHEAD, last)
        if count > MANY:
            fetch_links(city, end, min(end + AHEAD, last))
        for i in range(begin, end):
            serve_link(city, city.busy[BUSY_LINKS, i], t_s)


@bare
def follow_lanes(city: City, step: int, rows: int, part: int, parts: int) -> None:
    """Find next speeds and positions on the ``rows`` lane rows that are listed."""
    updates, first, last = 0, part * rows // parts, (part + 1) * rows // parts
    for begin in range(first, last, AHEAD):
        end = min(begin + AHEAD, last)
        if rows > MANY:
            fetch_rows(city, end, min(end + AHEAD, last))
        for i in range(begin, end):
            lane = city.busy[BUSY_ROWS, i]
            updates += city.lane_i[COUNT, lane]
            follow_lane(city, lane, step)
    city.counter[UPDATES] += updates


@bare
def advance_lanes(city: City, rows: int, part: int, parts: int) -> None:
    """Take them over."""
    first, last = part * rows // parts, (part + 1) * rows // parts
    for begin in range(first, last, AHEAD):
        end = min(begin + AHEAD, last)
        if rows > MANY:
            fetch_rows(city, end, min(end + AHEAD, last))
        for i in range(begin, end):
            advance_lane(city, city.busy[BUSY_ROWS, i])


@bare
def leave_all_streets(city: City, part: int, parts: int) -> None:
    """Carry vehicles into junctions."""
    count = busy_junctions(city)
    first, last, many = part * count // parts, (part + 1) * count // parts, busy_links(city) > MANY
    for begin in range(first, last, AHEAD):
        end = min(begin + AHEAD, last)
        if many:
            fetch_leaving(city, end, min(end + AHEAD, last))
        for i in range(begin, end):
            leave_streets(city, city.busy[BUSY_JUNCTIONS, i])


@bare
def enter_all_streets(city: City, part: int, parts: int) -> None:
    """Carry vehicles out of junctions."""
    count = busy_junctions(city)
    first, last, many = part * count // parts, (part + 1) * count // parts, busy_links(city) > MANY
    for begin in range(first, last, AHEAD):
        end = min(begin + AHEAD, last)
        if many:
            fetch_inside(city, end, min(end + AHEAD, last))
        for i in range(begin, end):
            enter_streets(city, city.busy[BUSY_JUNCTIONS, i])


@row_by_row
def run_member(cities: City, m: int, first_step: int, last_step: int) -> None:
    """Run steps ``first_step`` up to, not including, ``last_step`` of one member."""
    city = member_of(cities, m)
    for step in range(first_step, last_step):
        t_s = step * city.step_s
        begin_step(city, step, first_step)
        decide_junctions(city, t_s, 0, 1)
        let_arrive(city, t_s, step == first_step, 0, 1)  # routes may have changed before the first
        serve_links(city, t_s, 0, 1)
        find_rows(city)
        rows = busy_rows(city)
        follow_lanes(city, step, rows, 0, 1)
        advance_lanes(city, rows, 0, 1)
        leave_all_streets(city, 0, 1)
        enter_all_streets(city, 0, 1)


@parallel
def run_members(cities: City, first_step: int, last_step: int) -> None:
    """Run steps ``first_step`` up to, not including, ``last_step`` of every member, members in parallel.

    Each member is written by one thread only, so the result is the same for any number of threads.
    """
    for m in prange(cities.counter.shape[0]):
        run_member(cities, m, first_step, last_step)
