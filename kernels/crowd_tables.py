"""Name the columns of the tables that the kernels of crowds read and write.

A *person* here is one visit of a space: rows are appended in the order of their starts and never reordered. A *node* is
a point of the grid on which distances to walls and times to exits are known.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .crowd_laws import Law

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]

# What somebody is doing.
PENDING: Final = 0  # the start lies ahead, or there is no room at the place where they start
INSIDE: Final = 1
LEFT: Final = 2

# Exits that are none.
STRAIGHT_ON: Final = -1  # walks along x for ever
STANDING: Final = -2

# Columns of ``person_f``, ``[column, person]``.
X: Final = 0
Y: Final = 1
VX: Final = 2  # during the last step
VY: Final = 3
EX: Final = 4  # direction
EY: Final = 5
SPEED_MPS: Final = 6  # desired
START_S: Final = 7
ENTERED_S: Final = 8  # nan before
LEFT_S: Final = 9  # nan before
TO_GO: Final = 10  # metres to the exit, those along walls counted more
WALKED_M: Final = 11
STOOD_S: Final = 12  # slower than SLOW_MPS
NEXT_X: Final = 13
NEXT_Y: Final = 14
PERSON_F_COLUMNS: Final = 15

# Columns of ``person_i``, ``[column, person]``.
STATUS: Final = 0
EXIT: Final = 1
BEHIND: Final = 2  # next in a list of people in a cell
PERSON_I_COLUMNS: Final = 3

# Columns of ``sorted_f``, ``[column, slot]``: X to EY as above, and then
HERE_TO_GO: Final = 6
HERE_ROOM: Final = 7  # metres to the nearest wall
WHO: Final = 8  # row
SORTED_COLUMNS: Final = 9

# Columns of ``near``, ``[column, place]``: those around somebody.
NEAR_X: Final = 0  # from somebody to the other
NEAR_Y: Final = 1
NEAR_APART: Final = 2
NEAR_COLUMNS: Final = 3
MOST_NEAR: Final = 64

# Columns of ``exit_f``, ``[column, exit]``: people have left who are within RADIUS of a line beyond the door.
CORE_X: Final = 0
CORE_Y: Final = 1
CORE_TO_X: Final = 2
CORE_TO_Y: Final = 3
RADIUS: Final = 4
PER_S: Final = 5  # people a second who may leave, inf; 0: as many as CREDIT says at present
CREDIT: Final = 6  # people who may leave now
EXIT_F_COLUMNS: Final = 7

# Columns of ``exit_i``, ``[column, exit]``.
OPEN: Final = 0
PASSED: Final = 1  # people so far
EXIT_I_COLUMNS: Final = 2

# Columns of ``counter``.
ROWS: Final = 0  # people in the tables
FIRST_OUT: Final = 1  # all rows before are in, or have been
PEOPLE: Final = 2  # inside: the length of order
UPDATES: Final = 3
COUNTERS: Final = 4

SLOW_MPS: Final = 0.1


class Crowd(NamedTuple):
    """Everything of one space and the people in it."""

    person_f: Floats
    person_i: Ints
    order: Ints  # people inside, cell by cell
    sorted_f: Floats  # what others see of those people, in that order
    cell_start: Ints  # [cell + 1] into order
    near: Floats
    near_slot: Ints  # [place]; from MOST_NEAR on those who are looked at
    exit_f: Floats
    exit_i: Ints
    counter: NDArray[np.int64]
    wall: Floats  # [row, column of nodes]: metres to the nearest wall, below 0 in it
    to_go: Floats  # [exit, row, column of nodes]
    left_m: float  # of the first node
    bottom_m: float
    grid_m: float
    cells_across: int
    cells_up: int
    convex: bool  # nobody is ever hidden from anybody by a wall
    period_m: float  # people who have walked so far along x begin anew; 0: they do not
    law: Law
    step_s: float
