"""Leave people alone who stand in queues: what a step adds to each of them is added when somebody looks or they go on.

In a city whose streets are full most people stand. Their seconds are added one by one, as if each step had done so, so
that it makes no difference to a single bit when that is.
"""

from __future__ import annotations

from .compile import bare, bare_entry, woven
from .walking_tables import (
    CROSSING,
    CROSSING_S,
    IS_OPEN,
    LEFT_M,
    OUT,
    QUEUED_S,
    SHUT_BEFORE,
    SHUT_STEPS,
    SINCE_STEP,
    SLOT,
    STEPS,
    TO_CELL,
    Walk,
)


@woven
def stand(walk: Walk, walker: int, slot: int) -> None:
    """Leave somebody alone from this step on, who stood at the end of a cell when it began."""
    walk.walker_f[walker, LEFT_M] = 0.0
    walk.stands[SINCE_STEP, slot] = walk.counter[STEPS]
    crossing = walk.cell_i[CROSSING, walk.walker_i[walker, TO_CELL]]
    if crossing >= 0:
        shut_now = 1 - walk.crossing_i[IS_OPEN, crossing]
        walk.stands[SHUT_BEFORE, slot] = walk.crossing_i[SHUT_STEPS, crossing] - shut_now


@bare
def stand_no_more(walk: Walk, walker: int, slot: int) -> None:
    """Add to somebody's row for how long they have stood."""
    since = walk.stands[SINCE_STEP, slot]
    if since == 0:
        return
    walk.stands[SINCE_STEP, slot] = 0
    queued_s = walk.walker_f[walker, QUEUED_S]
    for _ in range(walk.counter[STEPS] + 1 - since):
        queued_s += walk.step_s
    walk.walker_f[walker, QUEUED_S] = queued_s
    crossing = walk.cell_i[CROSSING, walk.walker_i[walker, TO_CELL]]
    if crossing >= 0:
        crossing_s = walk.walker_f[walker, CROSSING_S]
        for _ in range(walk.crossing_i[SHUT_STEPS, crossing] - walk.stands[SHUT_BEFORE, slot]):
            crossing_s += walk.step_s
        walk.walker_f[walker, CROSSING_S] = crossing_s


@bare_entry
def settle(walk: Walk, walker: int) -> None:
    """Have what somebody has stood so far in their row, before it is read or where they stand is changed."""
    stand_no_more(walk, walker, walk.walker_i[walker, SLOT])


@bare_entry
def settle_all(walk: Walk) -> None:
    """Have what everybody has stood so far in their rows."""
    for slot in range(walk.counter[OUT]):
        stand_no_more(walk, walk.active[slot], slot)
