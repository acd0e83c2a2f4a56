"""Know how far it is to each exit from everywhere, and how far to the nearest wall, on a grid."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .compile import kernel

Floats = NDArray[np.float64]

FAR: Final = 1e12  # where no way leads from


@kernel
def upwind(a: float, b: float, step: float) -> float:
    """Value at a node whose smaller neighbours along the two axes are known, where the slope is ``step`` a node.

    The first-order solution of the eikonal equation (Zhao 2005, A fast sweeping method for eikonal equations).
    """
    if abs(a - b) >= step:
        return min(a, b) + step
    return 0.5 * (a + b + math.sqrt(2.0 * step * step - (a - b) ** 2))


@kernel
def _lower(time: Floats, step: Floats, row: int, column: int) -> float:
    """Improve one node; by how much."""
    if step[row, column] >= FAR:
        return 0.0
    rows, columns = time.shape
    a = min(
        time[row, column - 1] if column > 0 else FAR,
        time[row, column + 1] if column + 1 < columns else FAR,
    )
    b = min(time[row - 1, column] if row > 0 else FAR, time[row + 1, column] if row + 1 < rows else FAR)
    if min(a, b) >= FAR:
        return 0.0
    better = upwind(a, b, step[row, column])
    gain = time[row, column] - better
    if gain <= 0.0:
        return 0.0
    time[row, column] = better
    return gain


@kernel
def sweep(time: Floats, step: Floats, sweeps: int) -> bool:
    """Find the least time to all nodes from those where it is known already.

    Parameters
    ----------
    time
        ``[row, column]``: known, or ``FAR``.
    step
        ``[row, column]``: time from one node to the next; ``FAR`` in walls.
    sweeps
        How often to go over the grid, each time in all four directions, at most.

    Returns
    -------
    bool
        Whether the last sweep changed nothing.
    """
    rows, columns = time.shape
    for _ in range(sweeps):
        most = 0.0
        for direction in range(4):
            for r in range(rows):
                row = r if direction < 2 else rows - 1 - r
                for c in range(columns):
                    column = c if direction % 2 == 0 else columns - 1 - c
                    most = max(most, _lower(time, step, row, column))
        if most < 1e-9:
            return True
    return False


@kernel
def look_up(field: Floats, across: float, up: float) -> tuple[float, float, float]:
    """Value and slopes along x and y (per node) between four nodes, at a place counted in nodes; bilinear."""
    rows, columns = field.shape
    column = min(max(int(across), 0), columns - 2)
    row = min(max(int(up), 0), rows - 2)
    u, w = across - column, up - row
    a, b = field[row, column], field[row, column + 1]
    c, d = field[row + 1, column], field[row + 1, column + 1]
    value = (a * (1.0 - u) + b * u) * (1.0 - w) + (c * (1.0 - u) + d * u) * w
    return value, (b - a) * (1.0 - w) + (d - c) * w, (c - a) * (1.0 - u) + (d - b) * u
