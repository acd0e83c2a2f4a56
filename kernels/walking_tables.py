"""Name the columns of the tables that the walking kernels read and write.

A link of the walk network is cut into cells of 10 to 25 m, and every cell stands there twice, once for each direction:
the *directed cells* of a link lie one after the other, those of its direction first, then those against it. A
*directed link* is twice the link's row, plus one against its direction. ``FIRST_…`` columns are compressed rows.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]

# What somebody is doing.
PENDING: Final = 0  # the departure lies ahead
WAITING: Final = 1  # wants to set out, no room yet
WALKING: Final = 2
QUEUED: Final = 3  # stands at the end of a cell and wants to go on
ARRIVED: Final = 4
NO_ROUTE: Final = 5
INCAPACITATED: Final = 6  # lies in a cell and goes nowhere
IN_PATCH: Final = 7  # walks in the plane, in no cell

# Columns of ``walker_f``, ``[walker, column]``, one row per walk; rows are never reordered.
DEPART_S: Final = 0
SPEED_MPS: Final = 1  # what the person walks where nobody is in the way
LEFT_M: Final = 2  # to the end of the cell, or to the destination in it; what lies beyond it while below 0
ENTERED_S: Final = 3  # nan before
ARRIVED_S: Final = 4  # nan before
WALKED_M: Final = 5
QUEUED_S: Final = 6  # stood at the end of cells, at crossings too
CROSSING_S: Final = 7  # of it, waited for a light or a gap
ORIGIN_LEFT_M: Final = 8  # on the first cell
DESTINATION_M: Final = 9  # on the last cell, from its beginning
WALKER_F_COLUMNS: Final = 10

# Columns of ``walker_i``, ``[walker, column]``.
STATUS: Final = 0
CELL: Final = 1  # directed cell, -1 off the streets
NEXT: Final = 2  # who stands behind in the same queue, -1
ROUTE_START: Final = 3  # into route, a list of directed links
ROUTE_SIZE: Final = 4
ROUTE_AT: Final = 5
ORIGIN_CELL: Final = 6
DESTINATION_CELL: Final = 7
TO_CELL: Final = 8  # where somebody in a queue wants to go on to
SLOT: Final = 9  # in the list of those who are out
WALKER_I_COLUMNS: Final = 10

# Columns of ``cell_f``, ``[column, directed cell]``.
CELL_M: Final = 0  # length
AREA_M2: Final = 1  # of both directions together
STORE: Final = 2  # people who find room in it, of both directions together
RESERVED: Final = 3  # places of it that each direction has for itself
CAPACITY: Final = 4  # people a second through a cross-section, of both directions together
SLOW: Final = 5  # speed there over speed on the level
RATIO: Final = 6  # present speed over the desired one
SEND: Final = 7  # people who may leave it now
RECEIVE: Final = 8  # people who may enter it now
SERVED: Final = 9  # people who have left it by their share of the width; who has the least is next
CELL_WIDTH_M: Final = 10  # effective
PERSON_S: Final = 11  # time that people spent in it so far; from here on only watched
PERSON_M: Final = 12
STOOD_S: Final = 13  # time that people stood at its end so far
CELL_F_COLUMNS: Final = 14

# Columns of ``cell_i``, ``[column, directed cell]``.
OPPOSITE: Final = 0  # the same cell in the other direction
FOLLOWING: Final = 1  # cell behind it on the same link, -1 at the link's end
CROSSING: Final = 2  # row of the crossing that it belongs to, -1
COUNT: Final = 3  # people in it
HEAD: Final = 4  # first in the queue at its end, -1
TAIL: Final = 5
QUEUE: Final = 6  # people in that queue
WANTED: Final = 7  # people who stand somewhere and want to enter it
ENTRY_HEAD: Final = 8  # first of those who want to set out in it, -1
ENTRY_TAIL: Final = 9
CAME_IN: Final = 10  # people so far
WENT_OUT: Final = 11
CURSOR: Final = 12  # where a node is in its queue, and who stands before
BEFORE: Final = 13
CELL_I_COLUMNS: Final = 14

# Columns of ``crossing_f``, ``[column, crossing]``.
CROSSING_M: Final = 0
NEEDS_S: Final = 1  # gap between vehicles, or time left of a light, that somebody asks for
CROSSING_F_COLUMNS: Final = 2

# Columns of ``crossing_i``, ``[column, crossing + 1]``.
LIGHT: Final = 0  # controller that shows its light, -1
FIRST_GROUP: Final = 1  # into group: groups of signals that must be red
FIRST_LANE: Final = 2  # into crossed: road lanes that it crosses
IS_OPEN: Final = 3  # whether people may start across
GOES_FIRST: Final = 4  # who waits there: GAPS, ZEBRA or GREEN
WALK_CELL: Final = 5  # its directed cell; the other one is opposite
IS_COVERED: Final = 6  # whether a vehicle stands or drives on it
SHUT_STEPS: Final = 7  # steps so far in which nobody might start across
CROSSING_I_COLUMNS: Final = 8

# What ``GOES_FIRST`` may say.
GAPS: Final = 0  # vehicles
AT_ZEBRA: Final = 1  # people, at a crossing that is marked
AT_GREEN: Final = 2  # people, whose light shows green at the moment

# Columns of ``crossed_f``, ``[column, …]``: what lies beside ``crossed``.
AT_M: Final = 0  # where along the lane
CROSSED_F_COLUMNS: Final = 1

# Columns of ``counter``.
OUT: Final = 0  # people who are out: the length of active
DUE: Final = 1  # walks up to this row have their departure behind them
UPDATES: Final = 2
STEPS: Final = 3  # steps so far
COUNTERS: Final = 4

# Columns of ``stands``, ``[column, place in active]``: those who stand are left alone until they go on
# (kernels.walk_standing).
SINCE_STEP: Final = 0  # first step of it that is not yet in their row, 0: does not stand
SHUT_BEFORE: Final = 1  # SHUT_STEPS of the crossing before them then
STANDS_COLUMNS: Final = 2


class Walk(NamedTuple):
    """Everything of one member's walkers; with a leading ``[member]`` axis in the arrays of ``OWN``, of all members."""

    walker_f: Floats
    walker_i: Ints
    cell_f: Floats
    cell_i: Ints
    active: Ints  # walks that are out, in no order
    stands: Ints
    counter: NDArray[np.int64]
    crossing_f: Floats
    crossing_i: Ints
    group: Ints
    crossed: Ints  # road lanes
    crossed_row: Ints  # of the traffic's table of such places
    crossed_f: Floats
    first_cell: Ints  # [directed link + 1]
    node_start: Ints  # [node + 1] into node_cell
    node_cell: Ints  # last cells of directed links that lead to a node
    route: Ints
    law: int  # kernels.walking_laws
    step_s: float


OWN: Final = ("walker_f", "walker_i", "cell_f", "cell_i", "active", "stands", "counter", "crossing_i")
