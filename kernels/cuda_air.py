"""Define the GPU kernels of dispersion: a thread per pair, place or cell, with the functions that the CPU runs.

Exponentials, logarithms and error functions are the device's own, so that a GPU's numbers agree with the CPU's but for
the last digits; what has none of these (the grid) agrees bit for bit. Importing this module needs numba-cuda or numba's
CUDA simulator, see ``cuda_compile``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from numba import cuda

from . import air_canyon as canyon
from .air_grid import after, flux_east, flux_north
from .air_pairs import line_share
from .air_plumes import open_share, whole_share
from .air_puffs import puff_share, timed_share
from .cuda_compile import GpuKernel, prepare

prepare()


class Pairs(NamedTuple):
    """Arrays of ``air_pairs`` on the device; together, because the simulator leaves tuples as they are."""

    tables: Any
    table_of: Any
    lines: Any
    places: Any


class Cells(NamedTuple):
    """Arrays of ``air_grid`` on the device."""

    before: Any
    courant: Any


@GpuKernel
def pair_lines(pairs: Pairs, sigma_v_mps: float, share: Any) -> None:
    """What every line adds at every place: ``share`` is ``[place, source]``, see ``air_pairs``."""
    sources = share.shape[1]
    for i in range(cuda.grid(1), share.size, cuda.gridsize(1)):
        r, s = i // sources, i % sources
        table = pairs.table_of[s]
        share[r, s] = line_share(pairs.tables, table, sigma_v_mps, pairs.lines[s], pairs.places[r])


@GpuKernel
def place_plume(plume: Any, x_m: float, y_m: float, ahead_m: Any, left_m: Any, z_m: Any, share: Any) -> None:
    """What a stack adds at every place, see ``air_plumes.fill_plume``."""
    for r in range(cuda.grid(1), share.size, cuda.gridsize(1)):
        dx, dy = ahead_m[r] - x_m, left_m[r] - y_m
        share[r] = whole_share(plume, dx, dy, z_m[r], open_share(plume, dx, dy, z_m[r]))


@GpuKernel
def place_puff(plume: Any, gone_s: float, ahead_m: Any, left_m: Any, z_m: Any, share: Any) -> None:
    """What a puff adds at every place, see ``air_puffs.fill_puff``."""
    for r in range(cuda.grid(1), share.size, cuda.gridsize(1)):
        share[r] = puff_share(plume, gone_s, ahead_m[r], left_m[r], z_m[r])


@GpuKernel
def place_timed(plume: Any, since_s: float, lasts_s: float, ahead_m: Any, left_m: Any, z_m: Any, share: Any) -> None:
    """What a release of some duration adds at every place, see ``air_puffs.fill_timed``."""
    for r in range(cuda.grid(1), share.size, cuda.gridsize(1)):
        share[r] = timed_share(plume, since_s, lasts_s, ahead_m[r], left_m[r], z_m[r])


@GpuKernel
def place_canyons(streets: Any, share: Any) -> None:
    """What traffic adds in its own street, see ``air_canyon.fill_canyons``."""
    for r in range(cuda.grid(1), share.size, cuda.gridsize(1)):
        share[r] = canyon.canyon_share(
            streets[r, canyon.HEIGHT], streets[r, canyon.WIDTH], streets[r, canyon.LENGTH],
            streets[r, canyon.ROOF_MPS], streets[r, canyon.TURN], streets[r, canyon.STIRRED],
            streets[r, canyon.LEFT], streets[r, canyon.Z],
        )  # fmt: skip


@GpuKernel
def move_cells_east(cells: Cells, exchange: float, then: Any, gone: Any) -> None:
    """Move a cloud along rows, see ``air_grid.move_east``."""
    before, courant = cells.before, cells.courant
    columns = before.shape[1]
    for i in range(cuda.grid(1), before.size, cuda.gridsize(1)):
        row, column = i // columns, i % columns
        inflow = flux_east(before, row, column, courant, exchange)
        outflow = flux_east(before, row, column + 1, courant, exchange)
        then[row, column] = after(before[row, column], inflow, outflow)
        if column == 0:
            gone[row, 0] = -inflow
        if column == columns - 1:
            gone[row, 1] = outflow


@GpuKernel
def move_cells_north(cells: Cells, exchange: float, then: Any, gone: Any) -> None:
    """Move a cloud across rows, see ``air_grid.move_north``."""
    before, courant = cells.before, cells.courant
    rows, columns = before.shape
    for i in range(cuda.grid(1), before.size, cuda.gridsize(1)):
        row, column = i // columns, i % columns
        inflow = flux_north(before, row, column, courant, exchange)
        outflow = flux_north(before, row + 1, column, courant, exchange)
        then[row, column] = after(before[row, column], inflow, outflow)
        if row == 0:
            gone[column, 0] = -inflow
        if row == rows - 1:
            gone[column, 1] = outflow


@GpuKernel
def settle_cells(share: float, cells: Any, deposited: Any) -> None:
    """Lay a share of every cell on the ground, see ``air_grid.settle``."""
    columns = cells.shape[1]
    for i in range(cuda.grid(1), cells.size, cuda.gridsize(1)):
        row, column = i // columns, i % columns
        falls = share * cells[row, column]
        cells[row, column] -= falls
        deposited[row, column] += falls
