"""Let somebody in a crowd look around and choose a direction and a speed."""

from __future__ import annotations

import math

from .compile import bare, woven
from .crowd_field import look_up
from .crowd_laws import (
    FAINT,
    anticipated_m,
    breadth_between,
    influence,
    shrink,
    speed_share,
    turned,
    wall_influence,
)
from .crowd_places import column_and_row, gap, room_at, unit, wall_at
from .crowd_tables import (
    EX,
    EXIT,
    EY,
    HERE_ROOM,
    HERE_TO_GO,
    MOST_NEAR,
    NEAR_APART,
    NEAR_X,
    NEAR_Y,
    NEXT_X,
    NEXT_Y,
    SPEED_MPS,
    STANDING,
    STRAIGHT_ON,
    VX,
    VY,
    Crowd,
    X,
    Y,
)

HELD_UP = (
    0.1  # share of the desired speed below which somebody whom people block who do not walk the same way steps aside
)
SIDE_STEPS = ((1.0, 0.0), (0.707, 0.707), (0.707, -0.707), (0.0, 1.0), (0.0, -1.0))  # ahead, to the left
HARD_TURN = 0.25  # share of the desired speed at which people step straight to the side
MAKES_WAY = 0.1  # share of the desired speed below which people step off those whom they touch and who come before them
BACKWARDS = 0.3  # share of the desired speed at which they do
TOUCH_M = 0.05  # beyond the distance at a standstill: what is asked of the foremost reaches those who stand behind them
BEHIND_M = 0.6  # people who are farther behind somebody than that do not count
GIVES_M = 0.15  # more room that people leave to those whom they let go first, where these walk another way
ALIKE = 0.3  # cosine between the directions of two people above which they walk the same way
MEETING = -0.3  # cosine between the directions of two people who meet
FASTEST_APPROACH_MPS = 5.0
FROM_WALLS = 1.01  # whole steps to the nearest wall above which none leads into it
KEEP_RIGHT_M = (
    0.3  # to the right of the way ahead, up to which people still pass on the right of somebody whom they meet
)


@woven
def _sees(crowd: Crowd, slot: int, other: int, dx: float, dy: float, apart2: float) -> bool:
    """Whether no wall lies between two people."""
    if crowd.convex:
        return True
    room = crowd.sorted_f[HERE_ROOM, slot]
    both = room + crowd.sorted_f[HERE_ROOM, other]
    return apart2 < both * both or _is_clear(crowd, slot, dx, dy, math.sqrt(apart2))


@bare
def _is_clear(crowd: Crowd, slot: int, dx: float, dy: float, apart: float) -> bool:
    """Follow the line between two people by as much as the room at each place allows."""
    x, y, at = crowd.sorted_f[X, slot], crowd.sorted_f[Y, slot], 0.0
    while at < apart:
        room = room_at(crowd, x + dx * at / apart, y + dy * at / apart)
        if room <= 0.0:
            return False
        at += max(room, 0.5 * crowd.grid_m)
    return True


@woven
def _slots_beside(crowd: Crowd, row: int, column: int, beyond: int) -> tuple[int, int]:
    """First slot, and last + 1, of the people in a row of cells, from the cell before a column to the one after it.

    Where space begins anew the cell before the first column is the last one: ``beyond`` is -1 for it, 1 for the one
    after the last column, otherwise 0.
    """
    last = crowd.cells_across - 1
    if beyond == 0:
        begin, end = max(column - 1, 0), min(column + 1, last)
    elif crowd.period_m == 0.0 or column != (0 if beyond < 0 else last):
        return 0, 0
    else:
        begin = end = last - column
    return crowd.cell_start[row * (last + 1) + begin], crowd.cell_start[row * (last + 1) + end + 1]


@woven
def _look_around(crowd: Crowd, slot: int, x: float, y: float, e0x: float, e0y: float) -> int:
    """Write down those around somebody, as far as they are not well behind; how many they are."""
    count = 0
    column, row = column_and_row(crowd, x, y)
    for up in range(max(row - 1, 0), min(row + 2, crowd.cells_up)):
        for beyond in range(-1, 2):
            first, last = _slots_beside(crowd, up, column, beyond)
            for begin in range(first, last, MOST_NEAR):
                count = _keep_near(crowd, slot, begin, min(begin + MOST_NEAR, last), count, x, y, e0x, e0y)
    return count


@woven
def _keep_near(
    crowd: Crowd, slot: int, first: int, last: int, count: int, x: float, y: float, e0x: float, e0y: float
) -> int:
    """Add those of at most ``MOST_NEAR`` slots to those around somebody who are; how many these are now."""
    found, reach2 = count, crowd.law.range_m**2
    for other in range(first, last):  # without a branch: most are too far away, and nobody can guess who
        dx, dy = gap(crowd, crowd.sorted_f[X, other] - x), crowd.sorted_f[Y, other] - y
        crowd.near_slot[found] = other
        found += int((dx * dx + dy * dy < reach2) & (e0x * dx + e0y * dy >= -BEHIND_M) & (other != slot))
    for k in range(count, found):
        other = crowd.near_slot[k]
        dx, dy = gap(crowd, crowd.sorted_f[X, other] - x), crowd.sorted_f[Y, other] - y
        apart2 = dx * dx + dy * dy
        if count < MOST_NEAR and _sees(crowd, slot, other, dx, dy, apart2):
            crowd.near[NEAR_X, count] = dx
            crowd.near[NEAR_Y, count] = dy
            crowd.near[NEAR_APART, count] = math.sqrt(apart2)
            crowd.near_slot[count] = other
            count += 1
    return count


@woven
def _is_before(crowd: Crowd, slot: int, other: int) -> bool:
    """Whether somebody is nearer to the exit than another person who makes for it; never both are."""
    own, theirs = crowd.sorted_f[HERE_TO_GO, slot], crowd.sorted_f[HERE_TO_GO, other]
    return own < theirs or (own == theirs and crowd.order[slot] < crowd.order[other])


@woven
def _share_along(crowd: Crowd, slot: int, count: int, ex: float, ey: float) -> tuple[float, bool]:
    """Share of the desired speed at which somebody can walk in a direction, and whether those follow it who hold up."""
    law = crowd.law
    exit_row = crowd.person_i[EXIT, crowd.order[slot]]
    least, followed = 1.0, True
    found = MOST_NEAR
    for k in range(count):
        ahead = ex * crowd.near[NEAR_X, k] + ey * crowd.near[NEAR_Y, k]
        across = abs(ex * crowd.near[NEAR_Y, k] - ey * crowd.near[NEAR_X, k])
        crowd.near_slot[found] = k
        found += int((ahead > 0.0) & (across < law.breadth_m))
    for place in range(MOST_NEAR, found):
        k = crowd.near_slot[place]
        ahead = ex * crowd.near[NEAR_X, k] + ey * crowd.near[NEAR_Y, k]
        across = abs(ex * crowd.near[NEAR_Y, k] - ey * crowd.near[NEAR_X, k])
        other = crowd.near_slot[k]
        alike = ex * crowd.sorted_f[EX, other] + ey * crowd.sorted_f[EY, other]
        share, follows = 1.0, alike > ALIKE and across < ahead
        together = not follows or crowd.person_i[EXIT, crowd.order[other]] == exit_row
        if exit_row >= 0 and together and _is_before(crowd, slot, other):
            if across < law.body_m:  # somebody who lets them go first: only their body counts
                room = ahead - math.sqrt(law.body_m**2 - across * across)
                share, follows = min(max(room / law.contact_m, 0.0), 1.0), False
        else:
            part = shrink(across, breadth_between(law.breadth_m, law.stop_m, alike))
            if part > 0.0:
                stop_m = law.stop_m + (GIVES_M if exit_row >= 0 and alike < ALIKE else 0.0)
                share = speed_share(ahead, part, stop_m, law.headway_m)
        if share < least:
            least, followed = share, follows
    return least, followed


@woven
def _wish(crowd: Crowd, slot: int, count: int, e0x: float, e0y: float) -> tuple[float, float]:
    """Direction in which somebody wants to go among others, not of length one."""
    law = crowd.law
    vx, vy = crowd.sorted_f[VX, slot], crowd.sorted_f[VY, slot]
    aside = 0.0  # to the left
    farthest = law.stop_m + FAINT * law.reach_m + FASTEST_APPROACH_MPS * law.anticipation_s
    for k in range(count):
        dx, dy = crowd.near[NEAR_X, k], crowd.near[NEAR_Y, k]
        if e0x * dx + e0y * dy <= 0.0:
            continue
        other = crowd.near_slot[k]
        apart = crowd.near[NEAR_APART, k]
        if apart > farthest:
            continue
        rx, ry = vx - crowd.sorted_f[VX, other], vy - crowd.sorted_f[VY, other]
        later = anticipated_m(apart, (rx * dx + ry * dy) / max(apart, 1e-6), law.anticipation_s)
        alike = e0x * crowd.sorted_f[EX, other] + e0y * crowd.sorted_f[EY, other]
        pull = influence(law.strength, alike, later, law.stop_m, law.reach_m)
        if pull > 0.0:
            left = e0x * (dy - ry * law.anticipation_s) - e0y * (dx - rx * law.anticipation_s)
            aside += pull if left < (-KEEP_RIGHT_M if alike < MEETING else 0.0) else -pull
    return e0x - e0y * aside, e0y + e0x * aside


@woven
def decide(crowd: Crowd, slot: int) -> None:
    """Choose direction and speed of somebody, and where they are after the step."""
    law, person = crowd.law, crowd.order[slot]
    numbers = crowd.person_f
    x, y = crowd.sorted_f[X, slot], crowd.sorted_f[Y, slot]
    numbers[NEXT_X, person], numbers[NEXT_Y, person] = x, y
    exit_row = crowd.person_i[EXIT, person]
    if exit_row == STANDING:
        return
    e0x, e0y = 1.0, 0.0
    if exit_row != STRAIGHT_ON:
        e0x, e0y = _to_exit(crowd, exit_row, x, y)
    room = crowd.sorted_f[HERE_ROOM, slot]
    allowed = max(room - law.wall_m, 0.0) / (numbers[SPEED_MPS, person] * crowd.step_s)
    push = wall_influence(law.wall_strength, room - law.wall_m, law.wall_reach_m)
    wall_x, wall_y = 0.0, 0.0
    if push > 0.0 or not allowed > FROM_WALLS:
        _, wall_x, wall_y = wall_at(crowd, x, y)
    count = _look_around(crowd, slot, x, y, e0x, e0y)
    wx, wy = _wish(crowd, slot, count, e0x, e0y)
    wx, wy = unit(wx + push * wall_x, wy + push * wall_y, e0x, e0y)
    ex = turned(crowd.sorted_f[EX, slot], wx, law.turning_s, crowd.step_s)
    ey = turned(crowd.sorted_f[EY, slot], wy, law.turning_s, crowd.step_s)
    ex, ey = unit(ex, ey, wx, wy)
    numbers[EX, person], numbers[EY, person] = ex, ey
    ex, ey, part = _along_wall(ex, ey, wall_x, wall_y, allowed)
    share, followed = _share_along(crowd, slot, count, ex, ey)
    share *= part
    stands = crowd.sorted_f[VX, slot] == 0.0 and crowd.sorted_f[VY, slot] == 0.0
    if share < HELD_UP and (stands or not followed):
        ex, ey, share = _aside(crowd, slot, count, e0x, e0y, ex, ey, share, wall_x, wall_y, allowed)
    if share * (ex * e0x + ey * e0y) < MAKES_WAY:
        ex, ey, share = _make_way(crowd, slot, count, ex, ey, share, wall_x, wall_y, allowed)
    speed = numbers[SPEED_MPS, person] * share
    numbers[NEXT_X, person] = x + ex * speed * crowd.step_s
    numbers[NEXT_Y, person] = y + ey * speed * crowd.step_s


@bare
def _aside(
    crowd: Crowd,
    slot: int,
    count: int,
    e0x: float,
    e0y: float,
    ex: float,
    ey: float,
    share: float,
    wall_x: float,
    wall_y: float,
    allowed: float,
) -> tuple[float, float, float]:
    """Direction and share of the desired speed of somebody who is held up: aside, where that leads on better."""
    best = share * (ex * e0x + ey * e0y)
    for ahead, left in SIDE_STEPS:
        sx, sy, part = _along_wall(ahead * e0x - left * e0y, ahead * e0y + left * e0x, wall_x, wall_y, allowed)
        other, _ = _share_along(crowd, slot, count, sx, sy)
        other *= part * (1.0 if ahead > 0.0 else HARD_TURN)
        gain = other * max(sx * e0x + sy * e0y, 0.2)
        if gain > best + 0.02:
            best, ex, ey, share = gain, sx, sy, other
    return ex, ey, share


@bare
def _make_way(
    crowd: Crowd,
    slot: int,
    count: int,
    ex: float,
    ey: float,
    share: float,
    wall_x: float,
    wall_y: float,
    allowed: float,
) -> tuple[float, float, float]:
    """Direction and share of the desired speed of somebody who hardly walks: off those who come before, if any do."""
    sx, sy = _off_those_before(crowd, slot, count)
    if sx * sx + sy * sy == 0.0:
        return ex, ey, share
    sx, sy, part = _along_wall(sx, sy, wall_x, wall_y, allowed)
    other, _ = _share_along(crowd, slot, count, sx, sy)
    return sx, sy, BACKWARDS * other * part


@woven
def _off_those_before(crowd: Crowd, slot: int, count: int) -> tuple[float, float]:
    """Direction away from those whom somebody touches and lets go first, from the nearest most; or 0.

    Those are whoever comes before them at their exit and, of two people who meet, who has less far to go.
    """
    ox, oy = 0.0, 0.0
    ex, ey = crowd.sorted_f[EX, slot], crowd.sorted_f[EY, slot]
    exit_row = crowd.person_i[EXIT, crowd.order[slot]]
    touch = crowd.law.stop_m + TOUCH_M
    for k in range(count):
        other, apart = crowd.near_slot[k], crowd.near[NEAR_APART, k]
        if apart >= touch + GIVES_M or exit_row < 0 or not _is_before(crowd, other, slot):
            continue
        room = touch - apart
        if ex * crowd.sorted_f[EX, other] + ey * crowd.sorted_f[EY, other] < ALIKE:
            room += GIVES_M
        elif crowd.person_i[EXIT, crowd.order[other]] != exit_row:
            continue
        if room > 0.0:
            ox -= room * crowd.near[NEAR_X, k] / apart
            oy -= room * crowd.near[NEAR_Y, k] / apart
    return unit(ox, oy, 0.0, 0.0)


@woven
def _to_exit(crowd: Crowd, exit_row: int, x: float, y: float) -> tuple[float, float]:
    across, up = (x - crowd.left_m) / crowd.grid_m, (y - crowd.bottom_m) / crowd.grid_m
    _, slope_x, slope_y = look_up(crowd.to_go[exit_row], across, up)
    return unit(-slope_x, -slope_y, 0.0, 0.0)


@woven
def _along_wall(ex: float, ey: float, away_x: float, away_y: float, allowed: float) -> tuple[float, float, float]:
    """Direction without what leads too far into a wall, and how much of it is left.

    ``allowed`` is the share of a whole step that may lead towards the wall.
    """
    into = -(ex * away_x + ey * away_y)
    if into <= allowed:
        return ex, ey, 1.0
    sx, sy = ex + (into - allowed) * away_x, ey + (into - allowed) * away_y
    size = math.sqrt(sx * sx + sy * sy)
    if size < 1e-6:
        return ex, ey, 0.0
    return sx / size, sy / size, size
