"""Keep spreads and wind by distance in a table, because finding them takes iterations that every pair would repeat.

512 distances an octave from 1/16 m to 262 km, straight lines between them: within 4e-7 of the formulas. A place in it
is read from the bits of the distance, so that neither CPU nor GPU needs a logarithm.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import int64
from numpy.typing import NDArray

from .air_surface_layer import Layer, spreads_at
from .compile import bare_entry, kernel

Floats = NDArray[np.float64]

OCTAVE: Final = 512
FIRST: Final = -3  # exponent of the first octave: from 2⁻⁴ m
OCTAVES: Final = 22
ROWS: Final = OCTAVE * OCTAVES + 1
NEAREST_M: Final = 2.0 ** (FIRST - 1)
FARTHEST_M: Final = 2.0 ** (FIRST - 1 + OCTAVES) * (1.0 - 1e-12)
VERTICAL_M: Final = 0  # columns
LATERAL_M: Final = 1
WIND_MPS: Final = 2
COLUMNS: Final = 3


@kernel
def place_of(x_m: float) -> tuple[int, float]:
    """Row of the table before a distance, and which share of the way to the next row it has gone."""
    mantissa, exponent = math.frexp(min(max(x_m, NEAREST_M), FARTHEST_M))
    part = (mantissa - 0.5) * (2.0 * OCTAVE)
    row = int64(part)
    return (exponent - FIRST) * OCTAVE + row, part - row


@kernel
def distance_of_m(row: int) -> float:
    """Distance of a row, m."""
    return math.ldexp(0.5 + (row % OCTAVE) / (2.0 * OCTAVE), FIRST + row // OCTAVE)


@bare_entry
def look_up(table: Floats, x_m: float) -> tuple[float, float, float]:
    """Vertical spread, m, lateral spread, m, and effective wind, m/s, at a distance, from ``[row, column]``."""
    row, share = place_of(x_m)
    rest = 1.0 - share
    return (
        rest * table[row, VERTICAL_M] + share * table[row + 1, VERTICAL_M],
        rest * table[row, LATERAL_M] + share * table[row + 1, LATERAL_M],
        rest * table[row, WIND_MPS] + share * table[row + 1, WIND_MPS],
    )


@kernel
def fill_spreads(layer: Layer, height_m: float, initial_m: float, table: Floats) -> None:
    """Write the table, ``[row, column]``, of releases at a height with an initial vertical spread."""
    for row in range(table.shape[0]):
        vertical, lateral, wind = spreads_at(layer, height_m, initial_m, distance_of_m(row))
        table[row, VERTICAL_M], table[row, LATERAL_M], table[row, WIND_MPS] = vertical, lateral, wind
