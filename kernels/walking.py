"""Move people on foot by whole seconds, members side by side: within their cells, then from cell to cell."""

from __future__ import annotations

from numba import prange

from .compile import bare, bare_entry, parallel, woven
from .walk_gates import go_on, may_enter, put, serve_node, want
from .walk_standing import stand
from .walking_laws import busiest_density, falling_share, speed_ratio
from .walking_tables import (
    AREA_M2,
    ARRIVED,
    ARRIVED_S,
    CAPACITY,
    CELL,
    CELL_M,
    COUNT,
    DEPART_S,
    DESTINATION_CELL,
    DESTINATION_M,
    DUE,
    ENTERED_S,
    ENTRY_HEAD,
    ENTRY_TAIL,
    FOLLOWING,
    HEAD,
    INCAPACITATED,
    IS_OPEN,
    LEFT_M,
    NEXT,
    NO_ROUTE,
    OPPOSITE,
    ORIGIN_CELL,
    ORIGIN_LEFT_M,
    OUT,
    PENDING,
    PERSON_M,
    PERSON_S,
    QUEUE,
    QUEUED,
    RATIO,
    RECEIVE,
    ROUTE_AT,
    ROUTE_SIZE,
    SEND,
    SHUT_STEPS,
    SINCE_STEP,
    SLOT,
    SLOW,
    SPEED_MPS,
    STANDS_COLUMNS,
    STATUS,
    STEPS,
    STOOD_S,
    UPDATES,
    WAITING,
    WALKED_M,
    WALKING,
    WANTED,
    Walk,
)

# The order within a step.
PHASES = (
    "set_out",  # walks whose departure has come, where there is room
    "share_room",  # speed and flow of every cell, by who is in it and who wants to be
    "count_step",  # who spends it where
    "walk_on",  # everybody in their cell, up to its end
    "go_on_everywhere",  # from the end of a cell into the next, on links and at nodes
)


@woven
def set_out(walk: Walk, t_s: float) -> None:
    """Let those out whose departure has come, each in the cell where the walk begins."""
    rows = walk.walker_f.shape[0]
    while walk.counter[DUE] < rows and walk.walker_f[walk.counter[DUE], DEPART_S] <= t_s:
        walker = walk.counter[DUE]
        walk.counter[DUE] += 1
        if walk.walker_i[walker, STATUS] != PENDING:
            continue  # sent out during the run
        if walk.walker_i[walker, ROUTE_SIZE] == 0:
            walk.walker_i[walker, STATUS] = NO_ROUTE
            continue
        cell = walk.walker_i[walker, ORIGIN_CELL]
        walk.walker_i[walker, STATUS] = WAITING
        walk.walker_i[walker, NEXT] = -1
        if walk.cell_i[ENTRY_HEAD, cell] < 0:
            walk.cell_i[ENTRY_HEAD, cell] = walker
        else:
            walk.walker_i[walk.cell_i[ENTRY_TAIL, cell], NEXT] = walker
        walk.cell_i[ENTRY_TAIL, cell] = walker
    for cell in range(walk.cell_i.shape[1]):
        while walk.cell_i[ENTRY_HEAD, cell] >= 0 and may_enter(walk, cell):
            walker = walk.cell_i[ENTRY_HEAD, cell]
            walk.cell_i[ENTRY_HEAD, cell] = walk.walker_i[walker, NEXT]
            _let_out(walk, walker, cell, t_s)


@woven
def _let_out(walk: Walk, walker: int, cell: int, t_s: float) -> None:
    walk.walker_i[walker, STATUS] = WALKING
    walk.walker_i[walker, ROUTE_AT] = 0
    walk.walker_f[walker, ENTERED_S] = max(t_s, walk.walker_f[walker, DEPART_S])
    walk.walker_f[walker, LEFT_M] = walk.walker_f[walker, ORIGIN_LEFT_M]
    if walk.walker_i[walker, ROUTE_SIZE] == 1 and walk.walker_i[walker, DESTINATION_CELL] == cell:
        walk.walker_f[walker, LEFT_M] -= walk.cell_f[CELL_M, cell] - walk.walker_f[walker, DESTINATION_M]
    put(walk, walker, cell)
    slot = walk.counter[OUT]
    walk.active[slot] = walker
    walk.stands[SINCE_STEP, slot] = 0
    walk.walker_i[walker, SLOT] = slot
    walk.counter[OUT] += 1


@woven
def share_room(walk: Walk) -> None:
    """Speed in every cell, and who may leave and enter it.

    Where two streams meet each has half of a cross-section, and what the other half does not need of its own: a crowd
    that wants in cannot keep those inside from getting out.
    """
    busiest = busiest_density(walk.law)
    ratio_at_busiest = speed_ratio(walk.law, busiest)
    for cell in range(walk.cell_i.shape[1]):
        other = walk.cell_i[OPPOSITE, cell]
        if other < cell:
            continue  # done with it
        people = walk.cell_i[COUNT, cell] + walk.cell_i[COUNT, other]
        if people == 0 and walk.cell_i[WANTED, cell] == 0 and walk.cell_i[WANTED, other] == 0:
            _rest(walk, cell)
            _rest(walk, other)
            continue
        density = people / walk.cell_f[AREA_M2, cell]
        # Beyond the density at which most get through it is the room ahead that holds people up, which the next cell
        # sees to: within a cell they go on as at that density, so that a queue's head gets away at capacity.
        ratio, supply = ratio_at_busiest, 1.0
        if density > busiest:
            supply = falling_share(density * speed_ratio(walk.law, density), busiest * ratio_at_busiest)
        else:
            ratio = speed_ratio(walk.law, density)
        _divide(walk, cell, ratio, supply)
        _divide(walk, other, ratio, supply)


@woven
def _rest(walk: Walk, cell: int) -> None:
    """Leave a cell as one in which nobody is and which nobody wants to enter."""
    walk.cell_f[RATIO, cell] = walk.cell_f[SLOW, cell]
    walk.cell_f[SEND, cell] = walk.cell_f[RECEIVE, cell] = _topped_up(walk, cell, 1e9, 1.0)


@woven
def _divide(walk: Walk, cell: int, ratio: float, supply: float) -> None:
    """Say how fast people are in a cell, and how many may leave and enter it, by the law and those who come against."""
    walk.cell_f[RATIO, cell] = walk.cell_f[SLOW, cell] * ratio
    out_share, in_share = _share(walk, cell, WANTED), _share(walk, cell, QUEUE)
    walk.cell_f[SEND, cell] = _topped_up(walk, cell, walk.cell_f[SEND, cell], out_share)
    walk.cell_f[RECEIVE, cell] = _topped_up(walk, cell, walk.cell_f[RECEIVE, cell], supply * in_share)


@woven
def _share(walk: Walk, cell: int, column: int) -> float:
    """Share of a cross-section that is left by those who want to pass it the other way (``column`` counts them)."""
    against = walk.cell_i[column, walk.cell_i[OPPOSITE, cell]]
    return max(0.5, 1.0 - against / (walk.cell_f[CAPACITY, cell] * walk.step_s))


@woven
def _topped_up(walk: Walk, cell: int, credit: float, share: float) -> float:
    """What may pass now: the rest of before and one step's flow, at most one person more than that."""
    flow = walk.cell_f[CAPACITY, cell] * share * walk.step_s
    return min(credit + flow, 1.0 + flow)


@woven
def count_step(walk: Walk) -> None:
    """Note for every cell who spends this step in it, and for every crossing whether people may start across."""
    walk.counter[STEPS] += 1
    for cell in range(walk.cell_i.shape[1]):
        if walk.cell_i[COUNT, cell] > 0:
            walk.cell_f[PERSON_S, cell] += walk.cell_i[COUNT, cell] * walk.step_s
            walk.cell_f[STOOD_S, cell] += walk.cell_i[QUEUE, cell] * walk.step_s
    for crossing in range(walk.crossing_f.shape[1]):
        walk.crossing_i[SHUT_STEPS, crossing] += 1 - walk.crossing_i[IS_OPEN, crossing]


@woven
def walk_on(walk: Walk, t_s: float) -> None:
    """Let everybody walk in their cell for one step; at its end they queue, at their destination they are there."""
    slot = 0
    while slot < walk.counter[OUT]:
        if walk.stands[SINCE_STEP, slot] > 0:
            slot += 1
            continue
        walker = walk.active[slot]
        if walk.walker_i[walker, STATUS] == QUEUED:
            stand(walk, walker, slot)
            slot += 1
            continue
        if walk.walker_i[walker, STATUS] == INCAPACITATED:
            slot += 1
            continue
        cell = walk.walker_i[walker, CELL]
        speed = walk.walker_f[walker, SPEED_MPS] * walk.cell_f[RATIO, cell]
        walk.walker_f[walker, LEFT_M] -= speed * walk.step_s
        walk.walker_f[walker, WALKED_M] += speed * walk.step_s
        walk.cell_f[PERSON_M, cell] += speed * walk.step_s
        left_m = walk.walker_f[walker, LEFT_M]
        if left_m <= 0.0:
            last = walk.walker_i[walker, ROUTE_AT] == walk.walker_i[walker, ROUTE_SIZE] - 1
            if last and cell == walk.walker_i[walker, DESTINATION_CELL]:
                walk.walker_f[walker, ARRIVED_S] = t_s + walk.step_s + left_m / speed
                walk.walker_f[walker, WALKED_M] += left_m
                walk.cell_f[PERSON_M, cell] += left_m
                _arrive(walk, walker, cell, slot)
                continue
            walk.walker_i[walker, STATUS] = QUEUED
            want(walk, walker, cell)
        slot += 1
    walk.counter[UPDATES] += walk.counter[OUT]


@woven
def _arrive(walk: Walk, walker: int, cell: int, slot: int) -> None:
    walk.walker_i[walker, STATUS] = ARRIVED
    walk.walker_i[walker, CELL] = -1
    walk.cell_i[COUNT, cell] -= 1
    walk.counter[OUT] -= 1
    last = walk.active[walk.counter[OUT]]
    walk.active[slot] = last
    walk.walker_i[last, SLOT] = slot
    for column in range(STANDS_COLUMNS):
        walk.stands[column, slot] = walk.stands[column, walk.counter[OUT]]


@woven
def go_on_everywhere(walk: Walk) -> None:
    """Let people at the end of a cell go on: within links, then at nodes."""
    for cell in range(walk.cell_i.shape[1]):
        following = walk.cell_i[FOLLOWING, cell]
        if following < 0:
            continue
        while walk.cell_i[HEAD, cell] >= 0:
            may_leave = walk.cell_f[SEND, cell] >= 1.0 and walk.cell_f[RECEIVE, following] >= 1.0
            if not (may_leave and may_enter(walk, following)):
                break
            go_on(walk, walk.cell_i[HEAD, cell], -1, cell, following)
    for node in range(walk.node_start.size - 1):
        serve_node(walk, node)


@bare
def walkers_of(walks: Walk, m: int) -> Walk:
    """Views of one member's arrays."""
    return Walk(
        walks.walker_f[m],
        walks.walker_i[m],
        walks.cell_f[m],
        walks.cell_i[m],
        walks.active[m],
        walks.stands[m],
        walks.counter[m],
        walks.crossing_f,
        walks.crossing_i[m],
        walks.group,
        walks.crossed,
        walks.crossed_row,
        walks.crossed_f,
        walks.first_cell,
        walks.node_start,
        walks.node_cell,
        walks.route,
        walks.law,
        walks.step_s,
    )


@bare_entry
def advance_member(walks: Walk, m: int, first_step: int, last_step: int) -> None:
    """Run steps ``first_step`` up to, not including, ``last_step`` of one member."""
    walk = walkers_of(walks, m)
    for step in range(first_step, last_step):
        t_s = step * walk.step_s
        set_out(walk, t_s)
        share_room(walk)
        count_step(walk)
        walk_on(walk, t_s)
        go_on_everywhere(walk)


@parallel
def advance_walkers(walks: Walk, first_step: int, last_step: int) -> None:
    """Run steps of all members; each has its own people, so that the number of threads changes nothing."""
    for m in prange(walks.counter.shape[0]):
        advance_member(walks, m, first_step, last_step)
