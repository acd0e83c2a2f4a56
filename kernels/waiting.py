"""Find queues that wait for each other for good: what holds the first vehicle of a lane whatever its light shows.

The questions are those of ``junctions.refusal``, asked of vehicles that stand: is there room behind the junction, is
whoever is inside it in the way, is the lane beside full. What holds a queue is again a lane. Held for good are the
lanes of the largest set in which every way on of each is held by another of the set (a knot of waiting, not a mere
ring, since a queue with two ways on needs only one of them). A red light, a yield, a closed road and an incident end
some time; they hold nobody here.
"""

from __future__ import annotations

import math

from .compile import bare, bare_entry, woven
from .gaps import can_join, is_clear
from .keep_clear import has_room_beyond
from .members import member_of
from .rings import at
from .traffic_tables import (
    CAUSE,
    CLASS,
    CLOSED,
    CONNECTOR,
    COUNT,
    FIRST_CONNECTOR,
    FIRST_FOE,
    FIRST_LANE,
    FIRST_LOOP,
    FIRST_LOOP_LANE,
    FOE,
    FOE_CLEAR_M,
    FOE_MERGES,
    GRANTED,
    GRANTED_COUNT,
    KNOT,
    LANE,
    LANE_LENGTH_M,
    LAST_OUT,
    LEADER,
    LENGTH_M,
    LETS_IN,
    MIN_GAP_M,
    OBSTACLE,
    OBSTACLE_M,
    OCCUPIED_BY,
    ON_LINK,
    ON_TRUST,
    PEOPLE,
    POSITION_M,
    REAR_IN,
    STANDING_S,
    TO_LANE,
    City,
    Ints,
)
from .ways import leads, link_ahead, may_use, way_on

# Rows of ``waits``.
WAITING_LANE = 0
HOLDING_LANE = 1
FOR_ROOM = 2  # 1: it holds by being full to its last vehicle
WAIT_ROWS = 3

AT_ONCE = 16  # lanes that are looked at with a few instructions; most are empty
SETTLED_S = 5.0  # the last of a queue has closed up when it has stood for so long


@woven
def is_queue(city: City, lane: int, standing_s: float) -> bool:
    """Whether the first vehicle of a lane has stood for long, and not for something that will end."""
    if (
        city.lane_i[COUNT, lane] == 0
        or city.lane_i[GRANTED_COUNT, lane] > 0
        or city.lane_f[OBSTACLE_M, lane] < math.inf
    ):
        return False
    first = at(city, lane, 0)
    waits_for = city.vehicle_i[first, CAUSE]
    return city.vehicle_f[first, STANDING_S] >= standing_s and waits_for not in (CLOSED, OBSTACLE, LETS_IN, PEOPLE)


@bare
def can_drain(city: City, lane: int, held: Ints) -> bool:
    """Whether somebody who queues on a held lane may change to one beside that moves on and serves the same turn."""
    first, last = (
        city.link[FIRST_LANE, city.lane_i[ON_LINK, lane]],
        city.link[FIRST_LANE, city.lane_i[ON_LINK, lane] + 1],
    )
    for side in range(-1, 2, 2):
        other = lane + side
        if not first <= other < last or held[other] != 0:
            continue
        for k in range(1, city.lane_i[COUNT, lane]):
            vehicle = at(city, lane, k)
            wanted = link_ahead(city, vehicle, 1)
            if may_use(city, other, city.class_access[city.vehicle_i[vehicle, CLASS]]) and (
                wanted < 0 or leads(city, other, wanted)
            ):
                return True
    return False


@bare
def stays_full(city: City, connector: int, needed: float, held: Ints) -> bool:
    """Whether there is and will be no room on a held lane: its last vehicle has closed up, and nobody leaves it."""
    lane = city.connector[TO_LANE, connector]
    last = at(city, lane, city.lane_i[COUNT, lane] - 1)
    if city.vehicle_f[last, STANDING_S] < SETTLED_S or has_room_beyond(city, connector, needed):
        return False
    return not can_drain(city, lane, held)


@woven
def note_wait(waits: Ints, n: int, lane: int, holder: int, for_room: int) -> int:
    """Write down that one lane holds another, if there is room for it; return how many there are."""
    if n < waits.shape[1]:
        waits[WAITING_LANE, n], waits[HOLDING_LANE, n], waits[FOR_ROOM, n] = lane, holder, for_room
    return n + 1


@woven
def in_the_way(city: City, vehicle: int, lane: int, connector: int, held: Ints, waits: Ints, n: int) -> int:
    """Note the held lanes whose last vehicle inside the junction a vehicle cannot pass; return how many there are."""
    left = city.lane_f[LANE_LENGTH_M, lane] - city.vehicle_f[vehicle, POSITION_M]
    for place in range(city.connector[FIRST_FOE, connector], city.connector[FIRST_FOE, connector + 1]):
        foe = city.foe[FOE, place]
        row = city.road_lanes + foe
        if city.lane_i[OCCUPIED_BY, row] == 0:
            continue
        holder = row
        if city.lane_i[COUNT, row] == 0:
            last = city.lane_i[LAST_OUT, row]
            holder = city.vehicle_i[last, LANE] if city.vehicle_i[last, REAR_IN] == foe else -1
        if holder < 0 or held[holder] == 0:
            continue
        if city.foe[FOE_MERGES, place] != 0:
            passes = can_join(city, vehicle, left + city.lane_f[LANE_LENGTH_M, city.road_lanes + connector], foe)
        else:
            passes = is_clear(city, foe, city.foe_f[FOE_CLEAR_M, place])
        if not passes:
            n = note_wait(waits, n, lane, holder, 0)
    return n


@bare
def full_knot(city: City, to_lane: int, lane: int, held: Ints, waits: Ints, n: int) -> int:
    """Note the lanes of the loops, all of them held, that a lane cannot get into; return how many there are."""
    found = n
    for place in range(city.lane_i[FIRST_LOOP, to_lane], city.lane_i[FIRST_LOOP, to_lane + 1]):
        loop = city.listed[place]
        for around in range(city.loop[FIRST_LOOP_LANE, loop], city.loop[FIRST_LOOP_LANE, loop + 1]):
            other = city.listed[around]
            if held[other] == 0:
                return n
            if other != lane:
                found = note_wait(waits, found, lane, other, 1)
    return found


@woven
def no_room(city: City, vehicle: int, lane: int, connector: int, held: Ints, waits: Ints, n: int) -> int:
    """Note what keeps full the lane behind one way on of the first vehicle of a lane; return how many there are."""
    kind, to_lane = city.vehicle_i[vehicle, CLASS], city.connector[TO_LANE, connector]
    needed = city.driver[kind, LENGTH_M] + city.driver[kind, MIN_GAP_M]
    if held[to_lane] != 0 and stays_full(city, connector, needed, held):
        return note_wait(waits, n, lane, to_lane, 1)
    if city.lane_i[KNOT, to_lane] >= 0:
        return full_knot(city, to_lane, lane, held, waits, n)
    return n


@bare
def beside_held(city: City, lane: int, wanted: int, held: Ints, waits: Ints, n: int) -> int:
    """Note the lanes beside, on the sides of those that lead to a link, if all of them are held."""
    link, found = city.lane_i[ON_LINK, lane], n
    for side in range(-1, 2, 2):
        other = lane + side
        leading = False
        while city.lane_i[ON_LINK, lane] == link and 0 <= other < city.road_lanes:
            if city.lane_i[ON_LINK, other] != link:
                break
            leading = leading or leads(city, other, wanted)
            other += side
        if leading:
            if held[lane + side] == 0:
                return n
            found = note_wait(waits, found, lane, lane + side, 0)
    return found


@bare
def holders(city: City, lane: int, held: Ints, waits: Ints, n: int) -> int:
    """Note the held lanes that hold a lane; none are noted if any way on is free of them. Return how many there are."""
    vehicle = at(city, lane, 0)
    if lane >= city.road_lanes:
        if city.vehicle_i[vehicle, GRANTED] == ON_TRUST:
            return in_the_way(city, vehicle, lane, lane - city.road_lanes, held, waits, n)
        to_lane = city.connector[TO_LANE, lane - city.road_lanes]
        drains = held[to_lane] == 0 or can_drain(city, to_lane, held)
        return n if drains else note_wait(waits, n, lane, to_lane, 1)
    wanted = link_ahead(city, vehicle, 1)
    if wanted < 0:
        return n
    if city.vehicle_i[vehicle, CAUSE] == LEADER:  # the rear of whoever left last still sticks out of the junction
        last = city.lane_i[LAST_OUT, lane]
        holder = city.vehicle_i[last, LANE] if last >= 0 else -1
        return n if holder < 0 or held[holder] == 0 else note_wait(waits, n, lane, holder, 0)
    own = city.vehicle_i[vehicle, CONNECTOR]
    if own >= 0:  # whom somebody inside keeps from the own way does not look for another lane behind the junction
        bound = in_the_way(city, vehicle, lane, own, held, waits, n)
        if bound > n:
            return bound
    access = city.class_access[city.vehicle_i[vehicle, CLASS]]
    usable = own >= 0 and may_use(city, city.connector[TO_LANE, own], access)
    if usable and no_room(city, vehicle, lane, own, held, waits, n) == n:
        return n  # as most at a red light, without a look for another lane
    # As in junctions.admit: however empty a lane behind the junction is, nobody takes it who would be worse off there.
    other = way_on(city, vehicle, lane, own)
    found, closed = n, False
    for connector in range(city.lane_i[FIRST_CONNECTOR, lane], city.lane_i[FIRST_CONNECTOR, lane + 1]):
        if connector != own and connector != other:  # noqa: PLR1714 (no tuples in kernels)
            continue
        closed = True
        if may_use(city, city.connector[TO_LANE, connector], access):
            before = found
            found = in_the_way(city, vehicle, lane, connector, held, waits, found)
            found = no_room(city, vehicle, lane, connector, held, waits, found)
            if found == before:
                return n
    if closed:
        return found
    return beside_held(city, lane, wanted, held, waits, n)


@woven
def find_queues(city: City, standing_s: float, held: Ints, rows: Ints) -> int:
    """List the lanes that ``is_queue`` is true of, and have ``held`` be 1 for these; return how many there are."""
    queues = 0
    for begin in range(0, held.size, AT_ONCE):
        end = min(begin + AT_ONCE, held.size)
        vehicles = 0
        for lane in range(begin, end):
            vehicles += city.lane_i[COUNT, lane]
            held[lane] = 0
        if vehicles > 0:
            for lane in range(begin, end):
                if is_queue(city, lane, standing_s):
                    held[lane], rows[queues] = 1, lane
                    queues += 1
    return queues


@bare_entry
def find_waits(cities: City, m: int, standing_s: float, held: Ints, rows: Ints, waits: Ints) -> int:
    """Find the lanes of a member that are held for good, and what holds them.

    Parameters
    ----------
    standing_s
        Only queues whose first vehicle has stood for so long, s.
    held
        Becomes 1 for lanes that are held for good, 0 for the others (``[lane row]``).
    rows
        Room for as many: the queues that are looked at.
    waits
        Becomes pairs of a held lane and one that holds it (``[WAIT_ROWS, …]``); those for which there is no room are
        counted only.

    Returns
    -------
    int
        Number of pairs.
    """
    city = member_of(cities, m)
    queues = find_queues(city, standing_s, held, rows)
    looked_at = queues + 1
    while queues < looked_at:
        looked_at, queues = queues, 0
        for i in range(looked_at):
            if holders(city, rows[i], held, waits, 0) == 0:
                held[rows[i]] = 0
            else:
                rows[queues] = rows[i]
                queues += 1
    n = 0
    for i in range(queues):
        n = holders(city, rows[i], held, waits, n)
    return n
