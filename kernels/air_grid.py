"""Move, spread and deposit a cloud on a grid of cells so that not a gram is lost: finite volumes with limited fluxes.

Advection is second order where the cloud is smooth and first order at its edges (monotonised central limiter, van Leer
1977, Journal of Computational Physics 23, 276-299; LeVeque 2002, Finite volume methods for hyperbolic problems, ch. 6
and 20), by directions in turn (Strang 1968). What flows out of a cell flows into the next, so mass only leaves over the
edge or onto the ground, and both are counted. Cells are ``[row, column]``, rows to the north, columns to the east. A
scalar function a formula; every row is worked out alone, so that the number of threads changes no bit.
"""

from __future__ import annotations

import numpy as np
from numba import prange
from numpy.typing import NDArray

from .compile import bare, bare_entry, kernel, parallel, woven

Floats = NDArray[np.float64]


@woven
def limited(behind: float, here: float, ahead: float) -> float:
    """Slope of a cell between its neighbours that makes no new extremes: monotonised central, van Leer (1977)."""
    back, forth = here - behind, ahead - here
    if back * forth <= 0.0:
        return 0.0
    middle = 0.5 * abs(back + forth)
    least = min(middle, 2.0 * min(abs(back), abs(forth)))
    return least if back > 0.0 else -least


@woven
def flux(c0: float, c1: float, c2: float, c3: float, courant: float, exchange: float) -> float:
    """What passes the face between the second and the third of four cells in a step, as a share of a cell.

    ``courant`` is the speed at the face times step over cell, at most 1 in size; ``exchange`` the diffusivity times
    step over the cell's square.
    """
    if courant >= 0.0:
        carried = courant * (c1 + 0.5 * (1.0 - courant) * limited(c0, c1, c2))
    else:
        carried = courant * (c2 - 0.5 * (1.0 + courant) * limited(c1, c2, c3))
    return carried - exchange * (c2 - c1)


@bare_entry
def flux_east(cells: Floats, row: int, face: int, courant: Floats, exchange: float) -> float:
    """What passes the west face of a cell to the east; ``face`` 0 and the last are the grid's edges.

    Outside is clean air: wind carries out, and nothing in. ``courant`` is ``[row, face]``.
    """
    last = cells.shape[1] - 1
    if face == 0:
        return min(courant[row, 0], 0.0) * cells[row, 0]
    if face > last:
        return max(courant[row, face], 0.0) * cells[row, last]
    behind, beyond = cells[row, max(face - 2, 0)], cells[row, min(face + 1, last)]
    return flux(behind, cells[row, face - 1], cells[row, face], beyond, courant[row, face], exchange)


@bare_entry
def flux_north(cells: Floats, face: int, column: int, courant: Floats, exchange: float) -> float:
    """What passes the south face of a cell to the north; ``courant`` is ``[face, column]``."""
    last = cells.shape[0] - 1
    if face == 0:
        return min(courant[0, column], 0.0) * cells[0, column]
    if face > last:
        return max(courant[face, column], 0.0) * cells[last, column]
    behind, beyond = cells[max(face - 2, 0), column], cells[min(face + 1, last), column]
    return flux(behind, cells[face - 1, column], cells[face, column], beyond, courant[face, column], exchange)


@kernel
def after(here: float, inflow: float, outflow: float) -> float:
    """What a cell holds afterwards; rounding may leave -1e-16, which is nothing."""
    return max(here + (inflow - outflow), 0.0)


@bare
def move_row_east(before: Floats, row: int, courant: Floats, exchange: float, then: Floats, gone: Floats) -> None:
    """Move one row along itself; ``gone`` is what left over its two ends, in cells."""
    size = before.shape[1]
    inflow = flux_east(before, row, 0, courant, exchange)
    gone[0] = -inflow
    for i in range(size):
        if 0 < i < size - 2:  # ``flux_east`` without the edges, for vector instructions
            cells = before[row, i - 1], before[row, i], before[row, i + 1], before[row, i + 2]
            outflow = flux(cells[0], cells[1], cells[2], cells[3], courant[row, i + 1], exchange)
        else:
            outflow = flux_east(before, row, i + 1, courant, exchange)
        then[i] = after(before[row, i], inflow, outflow)
        inflow = outflow
    gone[1] = inflow


@bare
def move_row_north(before: Floats, row: int, courant: Floats, exchange: float, then: Floats, gone: Floats) -> None:
    """Move one row across itself; ``gone`` is ``[column, edge]``, which the first and the last row write."""
    last = before.shape[0] - 1
    if 1 < row < last - 1:  # ``flux_north`` without the edges, for vector instructions
        for i in range(then.size):
            c1, here, c3 = before[row - 1, i], before[row, i], before[row + 1, i]
            inflow = flux(before[row - 2, i], c1, here, c3, courant[row, i], exchange)
            outflow = flux(c1, here, c3, before[row + 2, i], courant[row + 1, i], exchange)
            then[i] = after(here, inflow, outflow)
        return
    for i in range(then.size):
        inflow = flux_north(before, row, i, courant, exchange)
        outflow = flux_north(before, row + 1, i, courant, exchange)
        then[i] = after(before[row, i], inflow, outflow)
        if row == 0:
            gone[i, 0] = -inflow
        if row == last:
            gone[i, 1] = outflow


@parallel
def move_east(before: Floats, courant: Floats, exchange: float, then: Floats, gone: Floats) -> None:
    """Move all rows along themselves: ``courant`` is ``[row, face]``, ``gone``, ``[row, edge]``, what left the grid."""
    for j in prange(before.shape[0]):
        move_row_east(before, j, courant, exchange, then[j], gone[j])


@parallel
def move_north(before: Floats, courant: Floats, exchange: float, then: Floats, gone: Floats) -> None:
    """Move all rows across themselves: ``courant`` is ``[face, column]``, ``gone``, ``[column, edge]``."""
    for j in prange(before.shape[0]):
        move_row_north(before, j, courant, exchange, then[j], gone)


@bare
def settle_row(share: float, row: Floats, deposited: Floats) -> None:
    """Lay a share of every cell of a row on the ground."""
    for i in range(row.size):
        falls = share * row[i]
        row[i] -= falls
        deposited[i] += falls


@parallel
def settle(share: float, cells: Floats, deposited: Floats) -> None:
    """Lay a share of all cells on the ground: 1 - exp(-v step / depth)."""
    for j in prange(cells.shape[0]):
        settle_row(share, cells[j], deposited[j])
