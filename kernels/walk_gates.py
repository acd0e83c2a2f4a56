"""Let people on foot go from the end of a cell into the next one, within links and at nodes."""

from __future__ import annotations

from .compile import bare, bare_entry, woven
from .walk_standing import stand_no_more
from .walking_tables import (
    BEFORE,
    CAME_IN,
    CELL,
    CELL_M,
    CELL_WIDTH_M,
    COUNT,
    CROSSING,
    CURSOR,
    DESTINATION_CELL,
    DESTINATION_M,
    FOLLOWING,
    HEAD,
    IS_OPEN,
    LEFT_M,
    NEXT,
    OPPOSITE,
    QUEUE,
    RECEIVE,
    RESERVED,
    ROUTE_AT,
    ROUTE_SIZE,
    ROUTE_START,
    SEND,
    SERVED,
    SLOT,
    STATUS,
    STORE,
    TAIL,
    TO_CELL,
    WALKING,
    WANTED,
    WENT_OUT,
    Walk,
)


@woven
def may_enter(walk: Walk, cell: int) -> bool:
    """Whether there is room for one more in this direction.

    Each direction has some places that the other never takes, so that two streams which meet cannot lock each other.
    """
    against = max(float(walk.cell_i[COUNT, walk.cell_i[OPPOSITE, cell]]), walk.cell_f[RESERVED, cell])
    return walk.cell_i[COUNT, cell] + 1.0 <= walk.cell_f[STORE, cell] - against


@woven
def may_cross(walk: Walk, cell: int) -> bool:
    """Whether a cell is no crossing, or one that people may step on now."""
    crossing = walk.cell_i[CROSSING, cell]
    return crossing < 0 or walk.crossing_i[IS_OPEN, crossing] == 1


@woven
def put(walk: Walk, walker: int, cell: int) -> None:
    """Put somebody into a cell."""
    walk.walker_i[walker, CELL] = cell
    walk.cell_i[COUNT, cell] += 1
    walk.cell_i[CAME_IN, cell] += 1


@woven
def want(walk: Walk, walker: int, cell: int) -> None:
    """Queue somebody at the end of a cell for the one that the route leads to."""
    to = walk.cell_i[FOLLOWING, cell]
    if to < 0:
        to = walk.first_cell[walk.route[walk.walker_i[walker, ROUTE_START] + walk.walker_i[walker, ROUTE_AT] + 1]]
    walk.walker_i[walker, TO_CELL] = to
    walk.walker_i[walker, NEXT] = -1
    if walk.cell_i[HEAD, cell] < 0:
        walk.cell_i[HEAD, cell] = walker
    else:
        walk.walker_i[walk.cell_i[TAIL, cell], NEXT] = walker
    walk.cell_i[TAIL, cell] = walker
    walk.cell_i[QUEUE, cell] += 1
    walk.cell_i[WANTED, to] += 1


@woven
def _unlink(walk: Walk, walker: int, before: int, cell: int, to: int) -> None:
    """Take somebody out of a cell's queue; ``before`` stands before them in it, -1: nobody."""
    stand_no_more(walk, walker, walk.walker_i[walker, SLOT])
    behind = walk.walker_i[walker, NEXT]
    if before < 0:
        walk.cell_i[HEAD, cell] = behind
    else:
        walk.walker_i[before, NEXT] = behind
    if behind < 0:
        walk.cell_i[TAIL, cell] = before
    walk.cell_i[QUEUE, cell] -= 1
    walk.cell_i[WANTED, to] -= 1


@bare_entry
def leave_queue(walk: Walk, walker: int) -> None:
    """Take somebody out of the queue at the end of a cell; they stay in the cell."""
    cell, before = walk.walker_i[walker, CELL], -1
    other = walk.cell_i[HEAD, cell]
    while other != walker:
        before, other = other, walk.walker_i[other, NEXT]
    _unlink(walk, walker, before, cell, walk.walker_i[walker, TO_CELL])
    walk.walker_i[walker, STATUS] = WALKING


@bare_entry
def turn_round(walk: Walk, walker: int) -> None:
    """Turn somebody round who stands at the end of a cell."""
    cell = walk.walker_i[walker, CELL]
    leave_queue(walk, walker)
    walk.cell_i[COUNT, cell] -= 1
    walk.cell_i[WENT_OUT, cell] += 1
    opposite = walk.cell_i[OPPOSITE, cell]
    put(walk, walker, opposite)
    walk.walker_f[walker, LEFT_M] = walk.cell_f[CELL_M, opposite]


@bare
def go_on(walk: Walk, walker: int, before: int, cell: int, to: int) -> None:
    """Move somebody from a cell's queue into the next cell; ``before`` stands before them in the queue, -1: nobody."""
    _unlink(walk, walker, before, cell, to)
    walk.cell_f[SEND, cell] -= 1.0
    walk.cell_f[RECEIVE, to] -= 1.0
    walk.cell_i[COUNT, cell] -= 1
    walk.cell_i[WENT_OUT, cell] += 1
    if walk.cell_i[FOLLOWING, cell] < 0:
        walk.walker_i[walker, ROUTE_AT] += 1
    walk.walker_i[walker, STATUS] = WALKING
    left_m = walk.cell_f[CELL_M, to] + walk.walker_f[walker, LEFT_M]  # what was walked beyond the cell's end counts
    at_last_link = walk.walker_i[walker, ROUTE_AT] == walk.walker_i[walker, ROUTE_SIZE] - 1
    if at_last_link and to == walk.walker_i[walker, DESTINATION_CELL]:
        left_m += walk.walker_f[walker, DESTINATION_M] - walk.cell_f[CELL_M, to]
    walk.walker_f[walker, LEFT_M] = left_m
    put(walk, walker, to)


@woven
def serve_node(walk: Walk, node: int) -> None:
    """Let people who stand at a node go on, links by the share of their widths, on each link who came first.

    Who wants into a full link, or has to wait for a light or a gap, holds up nobody who wants elsewhere.
    """
    first, last = walk.node_start[node], walk.node_start[node + 1]
    waiting, least = 0, 0.0
    for place in range(first, last):
        cell = walk.node_cell[place]
        if walk.cell_i[HEAD, cell] >= 0:
            least = walk.cell_f[SERVED, cell] if waiting == 0 else min(least, walk.cell_f[SERVED, cell])
            waiting += 1
    if waiting == 0:
        return
    for place in range(first, last):
        cell = walk.node_cell[place]
        walk.cell_i[CURSOR, cell] = walk.cell_i[HEAD, cell]
        walk.cell_i[BEFORE, cell] = -1
        if walk.cell_i[HEAD, cell] < 0:  # whoever had nobody waiting has saved up nothing
            walk.cell_f[SERVED, cell] = least
    goes_on = may_go_on_somewhere(walk, first, last)
    while goes_on:
        chosen = -1
        for place in range(first, last):
            cell = walk.node_cell[place]
            ready = walk.cell_i[CURSOR, cell] >= 0 and walk.cell_f[SEND, cell] >= 1.0
            if ready and (chosen < 0 or walk.cell_f[SERVED, cell] < walk.cell_f[SERVED, chosen]):
                chosen = cell
        if chosen < 0:
            return
        walker = walk.cell_i[CURSOR, chosen]
        walk.cell_i[CURSOR, chosen] = walk.walker_i[walker, NEXT]
        to = walk.walker_i[walker, TO_CELL]
        if takes_in(walk, to):
            go_on(walk, walker, walk.cell_i[BEFORE, chosen], chosen, to)
            walk.cell_f[SERVED, chosen] += 1.0 / walk.cell_f[CELL_WIDTH_M, chosen]
            goes_on = may_go_on_somewhere(walk, first, last)
        else:
            walk.cell_i[BEFORE, chosen] = walker


@woven
def takes_in(walk: Walk, cell: int) -> bool:
    """Whether the first cell of a link takes in one more now."""
    return walk.cell_f[RECEIVE, cell] >= 1.0 and may_cross(walk, cell) and may_enter(walk, cell)


@woven
def may_go_on_somewhere(walk: Walk, first: int, last: int) -> bool:
    """Whether a link that leaves a node is wanted and takes somebody in; else nobody there need be asked.

    The links that leave it lie opposite those that lead to it.
    """
    for place in range(first, last):
        to = walk.cell_i[OPPOSITE, walk.node_cell[place]]
        if walk.cell_i[WANTED, to] > 0 and takes_in(walk, to):
            return True
    return False
