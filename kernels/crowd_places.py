"""Find cells, walls and the shorter way round for the kernels of crowds."""

from __future__ import annotations

import math

from .compile import woven
from .crowd_field import look_up
from .crowd_tables import Crowd


@woven
def column_and_row(crowd: Crowd, x: float, y: float) -> tuple[int, int]:
    """Column and row of the cell of a place."""
    across = int((x - crowd.left_m) / crowd.law.range_m)
    up = int((y - crowd.bottom_m) / crowd.law.range_m)
    return min(max(across, 0), crowd.cells_across - 1), min(max(up, 0), crowd.cells_up - 1)


@woven
def cell_of(crowd: Crowd, x: float, y: float) -> int:
    """Cell of a place."""
    column, row = column_and_row(crowd, x, y)
    return row * crowd.cells_across + column


@woven
def gap(crowd: Crowd, dx: float) -> float:
    """The shorter way along x, where space begins anew."""
    if crowd.period_m > 0.0:
        if dx > 0.5 * crowd.period_m:
            return dx - crowd.period_m
        if dx < -0.5 * crowd.period_m:
            return dx + crowd.period_m
    return dx


@woven
def unit(x: float, y: float, instead_x: float, instead_y: float) -> tuple[float, float]:
    """A direction of length one, or another where there is none."""
    size = math.sqrt(x * x + y * y)
    if size < 1e-9:
        return instead_x, instead_y
    return x / size, y / size


@woven
def room_at(crowd: Crowd, x: float, y: float) -> float:
    """Room to the nearest wall."""
    room, _, _ = look_up(crowd.wall, (x - crowd.left_m) / crowd.grid_m, (y - crowd.bottom_m) / crowd.grid_m)
    return room


@woven
def wall_at(crowd: Crowd, x: float, y: float) -> tuple[float, float, float]:
    """Room to the nearest wall, and the direction away from it."""
    across, up = (x - crowd.left_m) / crowd.grid_m, (y - crowd.bottom_m) / crowd.grid_m
    room, slope_x, slope_y = look_up(crowd.wall, across, up)
    away_x, away_y = unit(slope_x, slope_y, 0.0, 0.0)
    return room, away_x, away_y
