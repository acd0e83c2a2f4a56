"""Serve one row of one phase: what one GPU thread does.

Rows of a phase may be served in any order (``tests/kernels/test_phase_order.py``), and here they are served at once,
so a row may write only to what is its own; the few exceptions go through ``shared.add_shared``. Every row has counters
of its own, ``cities.counter`` being ``[member, row, counter]``.
"""

from __future__ import annotations

from .compile import bare_entry, woven
from .crossing import enter_streets, leave_streets
from .following import advance_lane, follow_lane
from .junctions import decide_junction
from .links import let_all_arrive, serve_link
from .members import member_counting
from .traffic import advance_signal, note_promise
from .traffic_tables import COUNT, UPDATES, City

# The phases of ``traffic.PHASES``.
SIGNALS, PROMISES, DECISIONS, ARRIVALS, LINKS, FOLLOW, ADVANCE, LEAVE, ENTER = range(9)


@woven
def view_of(cities: City, m: int, row: int) -> City:
    """A member as one row sees it."""
    return member_counting(cities, m, cities.counter[m, row])


@woven
def signal_row(cities: City, m: int, row: int, t_s: float) -> None:
    """Move a controller on."""
    advance_signal(view_of(cities, m, row), row)


@woven
def promise_row(cities: City, m: int, row: int, t_s: float) -> None:
    """Copy what was promised on a lane."""
    note_promise(view_of(cities, m, row), row)


@woven
def decision_row(cities: City, m: int, row: int, t_s: float) -> None:
    """Decide who may enter a junction."""
    decide_junction(view_of(cities, m, row), row, t_s)


@woven
def arrival_row(cities: City, m: int, row: int, t_s: float) -> None:
    """Take those who have arrived off a link."""
    let_all_arrive(view_of(cities, m, row), row, t_s)


@woven
def link_row(cities: City, m: int, row: int, t_s: float) -> None:
    """Let vehicles change lanes on a link and enter it."""
    serve_link(view_of(cities, m, row), row, t_s)


@woven
def follow_row(cities: City, m: int, row: int, t_s: float) -> None:
    """Find the next speeds and positions on a lane."""
    city = view_of(cities, m, row)
    if city.lane_i[COUNT, row] > 0:
        city.counter[UPDATES] += city.lane_i[COUNT, row]
        follow_lane(city, row, int(t_s / city.step_s + 0.5))


@woven
def advance_row(cities: City, m: int, row: int, t_s: float) -> None:
    """Take over the next speeds and positions on a lane."""
    city = view_of(cities, m, row)
    if city.lane_i[COUNT, row] > 0:
        advance_lane(city, row)


@woven
def leave_row(cities: City, m: int, row: int, t_s: float) -> None:
    """Carry vehicles into a junction."""
    leave_streets(view_of(cities, m, row), row)


@woven
def enter_row(cities: City, m: int, row: int, t_s: float) -> None:
    """Carry vehicles out of a junction."""
    enter_streets(view_of(cities, m, row), row)


@bare_entry
def serve_row(phase: int, cities: City, m: int, row: int, t_s: float) -> None:
    """Serve a row of any phase: for numba's CUDA simulator, whose threads are Python and call one compiled function.

    One instead of nine, because what unpacks a table of arrays takes longer to compile than the function.
    """
    if phase == SIGNALS:
        signal_row(cities, m, row, t_s)
    elif phase == PROMISES:
        promise_row(cities, m, row, t_s)
    elif phase == DECISIONS:
        decision_row(cities, m, row, t_s)
    elif phase == ARRIVALS:
        arrival_row(cities, m, row, t_s)
    elif phase == LINKS:
        link_row(cities, m, row, t_s)
    elif phase == FOLLOW:
        follow_row(cities, m, row, t_s)
    elif phase == ADVANCE:
        advance_row(cities, m, row, t_s)
    elif phase == LEAVE:
        leave_row(cities, m, row, t_s)
    else:
        enter_row(cities, m, row, t_s)
