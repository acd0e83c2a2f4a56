"""Move a crowd in the plane by steps of a tenth of a second, everybody by where all were before the step."""

from __future__ import annotations

import math

from .compile import bare_entry, woven
from .crowd_choices import decide
from .crowd_field import look_up
from .crowd_places import cell_of, gap, room_at, wall_at
from .crowd_tables import (
    BEHIND,
    CORE_TO_X,
    CORE_TO_Y,
    CORE_X,
    CORE_Y,
    CREDIT,
    ENTERED_S,
    EXIT,
    EY,
    FIRST_OUT,
    HERE_ROOM,
    HERE_TO_GO,
    INSIDE,
    LEFT,
    LEFT_S,
    NEXT_X,
    NEXT_Y,
    OPEN,
    PASSED,
    PENDING,
    PEOPLE,
    PER_S,
    RADIUS,
    ROWS,
    SLOW_MPS,
    START_S,
    STATUS,
    STOOD_S,
    TO_GO,
    UPDATES,
    VX,
    VY,
    WALKED_M,
    WHO,
    Crowd,
    X,
    Y,
)

# The order within a step.
PHASES = (
    "let_in",  # those whose start has come, where there is room
    "sort_into_cells",
    "decide",  # direction and speed of everybody
    "move",  # and who is through an exit
)
INTO_WALL = 0.02  # metres by which a wall may be missed at the edge of a corner before somebody is put beside it


@woven
def _beside(crowd: Crowd, cell: int, across: int, up: int) -> int:
    """Cell so many columns and rows away; -1 outside."""
    column, row = cell % crowd.cells_across + across, cell // crowd.cells_across + up
    if row < 0 or row >= crowd.cells_up:
        return -1
    if crowd.period_m > 0.0:
        column = (column + crowd.cells_across) % crowd.cells_across
    if column < 0 or column >= crowd.cells_across:
        return -1
    return row * crowd.cells_across + column


@woven
def let_in(crowd: Crowd, t_s: float) -> None:
    """Let those in whose start has come, where nobody stands."""
    numbers, rows = crowd.person_f, crowd.person_i
    first = crowd.counter[FIRST_OUT]
    while first < crowd.counter[ROWS] and rows[STATUS, first] != PENDING:
        first += 1
    crowd.counter[FIRST_OUT] = first
    if first >= crowd.counter[ROWS] or numbers[START_S, first] > t_s + 1e-9:
        return
    crowd.cell_start[:] = -1  # first person of every cell, for now
    for place in range(crowd.counter[PEOPLE]):
        _list(crowd, crowd.order[place])
    for person in range(first, crowd.counter[ROWS]):
        if numbers[START_S, person] > t_s + 1e-9:
            return
        if rows[STATUS, person] == PENDING and _has_room(crowd, person):
            rows[STATUS, person] = INSIDE
            numbers[ENTERED_S, person] = max(t_s, numbers[START_S, person])
            crowd.order[crowd.counter[PEOPLE]] = person
            crowd.counter[PEOPLE] += 1
            _list(crowd, person)


@woven
def _list(crowd: Crowd, person: int) -> None:
    cell = cell_of(crowd, crowd.person_f[X, person], crowd.person_f[Y, person])
    crowd.person_i[BEHIND, person] = crowd.cell_start[cell]
    crowd.cell_start[cell] = person


@woven
def _has_room(crowd: Crowd, person: int) -> bool:
    x, y = crowd.person_f[X, person], crowd.person_f[Y, person]
    cell = cell_of(crowd, x, y)
    for up in range(-1, 2):
        for across in range(-1, 2):
            beside = _beside(crowd, cell, across, up)
            other = -1 if beside < 0 else crowd.cell_start[beside]
            while other >= 0:
                dx, dy = gap(crowd, crowd.person_f[X, other] - x), crowd.person_f[Y, other] - y
                if dx * dx + dy * dy < crowd.law.body_m**2:
                    return False
                other = crowd.person_i[BEHIND, other]
    return True


@woven
def sort_into_cells(crowd: Crowd) -> None:
    """Sort those inside by cell and, within it, by row, and copy what others see of them side by side."""
    count = crowd.counter[PEOPLE]
    start = crowd.cell_start
    start[:] = 0
    for place in range(count):
        person = crowd.order[place]
        cell = cell_of(crowd, crowd.person_f[X, person], crowd.person_f[Y, person])
        crowd.person_i[BEHIND, person] = cell
        start[cell + 1] += 1
    for cell in range(start.size - 1):
        start[cell + 1] += start[cell]
    for place in range(count):
        person = crowd.order[place]
        cell = crowd.person_i[BEHIND, person]
        slot = start[cell]
        start[cell] += 1  # becomes where the cell ends
        for column in range(EY + 1):
            crowd.sorted_f[column, slot] = crowd.person_f[column, person]
        crowd.sorted_f[HERE_TO_GO, slot] = crowd.person_f[TO_GO, person]
        crowd.sorted_f[HERE_ROOM, slot] = room_at(crowd, crowd.person_f[X, person], crowd.person_f[Y, person])
        crowd.sorted_f[WHO, slot] = person
    for cell in range(start.size - 1, 0, -1):
        start[cell] = start[cell - 1]
    start[0] = 0
    for slot in range(count):
        crowd.order[slot] = int(crowd.sorted_f[WHO, slot])


@woven
def move(crowd: Crowd, t_s: float) -> None:
    """Put everybody where they are after the step; who is through an exit that lets people through has left."""
    numbers, rows = crowd.person_f, crowd.person_i
    for row in range(crowd.exit_f.shape[1]):
        flow = crowd.exit_f[PER_S, row] * crowd.step_s
        if flow > 0.0:  # otherwise somebody else says how many may leave
            crowd.exit_f[CREDIT, row] = min(crowd.exit_f[CREDIT, row] + flow, 1.0 + flow)
    kept = 0
    for slot in range(crowd.counter[PEOPLE]):
        person = crowd.order[slot]
        x, y = numbers[X, person], numbers[Y, person]
        to_x, to_y = _beside_wall(crowd, numbers[NEXT_X, person], numbers[NEXT_Y, person], x, y)
        gone = False
        exit_row = rows[EXIT, person]
        if exit_row >= 0 and _is_through(crowd, exit_row, to_x, to_y):
            gone = crowd.exit_i[OPEN, exit_row] == 1 and crowd.exit_f[CREDIT, exit_row] >= 1.0
            if not gone:
                to_x, to_y = x, y
        elif _is_out(crowd, exit_row, to_x, to_y):
            to_x, to_y = x, y
        dx, dy = to_x - x, to_y - y
        walked = math.sqrt(dx * dx + dy * dy)
        numbers[VX, person], numbers[VY, person] = dx / crowd.step_s, dy / crowd.step_s
        numbers[WALKED_M, person] += walked
        if walked < SLOW_MPS * crowd.step_s:
            numbers[STOOD_S, person] += crowd.step_s
        if crowd.period_m > 0.0 and to_x >= crowd.left_m + crowd.period_m:
            to_x -= crowd.period_m
        numbers[X, person], numbers[Y, person] = to_x, to_y
        if gone:
            rows[STATUS, person] = LEFT
            numbers[LEFT_S, person] = t_s + crowd.step_s
            crowd.exit_f[CREDIT, exit_row] -= 1.0
            crowd.exit_i[PASSED, exit_row] += 1
            continue
        if exit_row >= 0:
            across, up = (to_x - crowd.left_m) / crowd.grid_m, (to_y - crowd.bottom_m) / crowd.grid_m
            numbers[TO_GO, person], _, _ = look_up(crowd.to_go[exit_row], across, up)
        crowd.order[kept] = person
        kept += 1
    crowd.counter[UPDATES] += crowd.counter[PEOPLE]
    crowd.counter[PEOPLE] = kept


@woven
def _beside_wall(crowd: Crowd, x: float, y: float, before_x: float, before_y: float) -> tuple[float, float]:
    """A place at which nobody is in a wall: this one, one beside it, or the one before."""
    if room_at(crowd, x, y) >= crowd.law.wall_m - INTO_WALL:
        return x, y
    room, away_x, away_y = wall_at(crowd, x, y)
    back = crowd.law.wall_m - INTO_WALL - room
    if back < crowd.law.body_m:
        x, y = x + back * away_x, y + back * away_y
        if room_at(crowd, x, y) >= crowd.law.wall_m - 2.0 * INTO_WALL:
            return x, y
    return before_x, before_y


@woven
def _is_through(crowd: Crowd, exit_row: int, x: float, y: float) -> bool:
    """Whether a place is beyond a door: within a distance of a line that lies as far behind it."""
    ax, ay = crowd.exit_f[CORE_X, exit_row], crowd.exit_f[CORE_Y, exit_row]
    bx, by = crowd.exit_f[CORE_TO_X, exit_row] - ax, crowd.exit_f[CORE_TO_Y, exit_row] - ay
    size2 = bx * bx + by * by
    along = 0.0 if size2 == 0.0 else min(max(((x - ax) * bx + (y - ay) * by) / size2, 0.0), 1.0)
    dx, dy = x - ax - along * bx, y - ay - along * by
    return dx * dx + dy * dy <= crowd.exit_f[RADIUS, exit_row] ** 2


@woven
def _is_out(crowd: Crowd, own: int, x: float, y: float) -> bool:
    """Whether a place is beyond a door that is not somebody's own; spots lie within, and are walked across."""
    for row in range(crowd.exit_f.shape[1]):
        long_x = crowd.exit_f[CORE_TO_X, row] - crowd.exit_f[CORE_X, row]
        long_y = crowd.exit_f[CORE_TO_Y, row] - crowd.exit_f[CORE_Y, row]
        if row != own and (long_x != 0.0 or long_y != 0.0) and _is_through(crowd, row, x, y):
            return True
    return False


@bare_entry
def advance_crowd(crowd: Crowd, first_step: int, last_step: int) -> None:
    """Run steps ``first_step`` up to, not including, ``last_step``."""
    for step in range(first_step, last_step):
        t_s = step * crowd.step_s
        let_in(crowd, t_s)
        sort_into_cells(crowd)
        for slot in range(crowd.counter[PEOPLE]):
            decide(crowd, slot)
        move(crowd, t_s)
