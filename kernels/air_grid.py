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

from .compile import bare, kernel, parallel, woven

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


@kernel
def face_flux(c0: float, c1: float, c2: float, c3: float, courant: float, exchange: float) -> float:
    """``flux``, as a call."""
    return flux(c0, c1, c2, c3, courant, exchange)


@bare
def move_row_east(before: Floats, courant: Floats, exchange: float, after: Floats) -> float:
    """Move one row along itself; ``courant`` is ``[face]``. Says how much left over both ends, in cells.

    Outside is clean air: wind carries out, and nothing in.
    """
    last = before.size - 1
    west = min(courant[0], 0.0) * before[0]
    gone = -west
    for i in range(last):
        behind, beyond = before[max(i - 1, 0)], before[min(i + 2, last)]
        east = flux(behind, before[i], before[i + 1], beyond, courant[i + 1], exchange)
        after[i] = max(before[i] + (west - east), 0.0)  # rounding may leave -1e-16
        west = east
    east = max(courant[last + 1], 0.0) * before[last]
    after[last] = max(before[last] + (west - east), 0.0)
    return gone + east


@bare
def move_row_north(before: Floats, row: int, south: Floats, north: Floats, exchange: float, after: Floats) -> float:
    """Move one row across itself; courant numbers are those of its edges. Says how much left the grid, in cells."""
    last = before.shape[0] - 1
    c0, c1 = max(row - 2, 0), max(row - 1, 0)
    c3, c4 = min(row + 1, last), min(row + 2, last)
    gone = 0.0
    for i in range(after.size):
        here = before[row, i]
        if row > 0:
            inflow = flux(before[c0, i], before[c1, i], here, before[c3, i], south[i], exchange)
        else:
            inflow = min(south[i], 0.0) * here
            gone -= inflow
        if row < last:
            outflow = flux(before[c1, i], here, before[c3, i], before[c4, i], north[i], exchange)
        else:
            outflow = max(north[i], 0.0) * here
            gone += outflow
        after[i] = max(here + (inflow - outflow), 0.0)
    return gone


@parallel
def move_east(before: Floats, courant: Floats, exchange: float, after: Floats, gone: Floats) -> None:
    """Move all rows along themselves: ``courant`` is ``[row, face]``, ``gone``, ``[row]``, what left over the edge."""
    for j in prange(before.shape[0]):
        gone[j] = move_row_east(before[j], courant[j], exchange, after[j])


@parallel
def move_north(before: Floats, courant: Floats, exchange: float, after: Floats, gone: Floats) -> None:
    """Move all rows across themselves: ``courant`` is ``[face, column]``, ``gone``, ``[row]``, what left the grid."""
    for j in prange(before.shape[0]):
        gone[j] = move_row_north(before, j, courant[j], courant[j + 1], exchange, after[j])


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
