"""Find what sources near the ground add at many places, and leave out what adds next to nothing.

Sources and places are in coordinates of the wind, ahead and to its left. Places are shared out among threads; each is
worked out alone and in one order, so that their number changes no bit.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import int64, prange, uint64
from numpy.typing import NDArray

from .air_lines import NEAREST_M, SIDEWAYS, layered, surface_line
from .air_spread_table import FARTHEST_M, FIRST, LATERAL_M, OCTAVE, VERTICAL_M, WIND_MPS, distance_of_m
from .air_surface_layer import SQRT_2_PI, meander_share
from .compile import bare, bare_entry, kernel, parallel, woven

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Ints = NDArray[np.int32]
Shorts = NDArray[np.uint16]
Singles = NDArray[np.float32]

# Columns of lines, ``[source, column]``; a point is a line whose ends are the same.
AHEAD_1: Final = 0
LEFT_1: Final = 1
AHEAD_2: Final = 2
LEFT_2: Final = 3
HEIGHT: Final = 4
WIDE: Final = 5
LINE_COLUMNS: Final = 6

# Columns of places, ``[place, column]``.
AHEAD: Final = 0
LEFT: Final = 1
Z: Final = 2

# Columns of hints, ``[row, column]``: what a point adds at places of one height, by distance.
STRAIGHT: Final = 0  # in the middle of its plume, for a lateral spread of 1 m
LATERAL_2: Final = 1
ROUND: Final = 2
HINTS: Final = 3

CLOSE: Final = 1.5  # lengths of a line from its middle within which it is worked out before it is weighed
BINS_AN_OCTAVE: Final = 4
BINS: Final = 400  # a hundred powers of two
LARGEST: Final = 40  # the exponent of two that the last bins are for
CAUTION: Final = 0.9  # of what may be dropped, since it is weighed by estimates


@bare_entry
def line_share(tables: Floats, table: int, sigma_v_mps: float, line: Floats, place: Floats) -> float:
    """What one line, or point, adds at one place, s/m³."""
    return surface_line(
        tables[table],
        sigma_v_mps,
        place[AHEAD] - line[AHEAD_1],
        place[LEFT] - line[LEFT_1],
        place[AHEAD] - line[AHEAD_2],
        place[LEFT] - line[LEFT_2],
        place[Z],
        line[HEIGHT],
        line[WIDE],
    )


@kernel
def fill_hints(table: Floats, sigma_v_mps: float, height_m: float, z_m: float, hints: Floats) -> None:
    """Write what points of one height add at places of another by distance, ``[row, column]`` beside the spreads'."""
    for row in range(table.shape[0]):
        wind, vertical, lateral = table[row, WIND_MPS], table[row, VERTICAL_M], table[row, LATERAL_M]
        around, share = meander_share(sigma_v_mps, wind), layered(z_m, height_m, vertical) / wind
        hints[row, STRAIGHT] = (1.0 - around) * share / SQRT_2_PI
        hints[row, LATERAL_2] = lateral * lateral
        hints[row, ROUND] = around * share / (2.0 * math.pi * max(distance_of_m(row), NEAREST_M))


@woven
def hint_row(far_m: float) -> tuple[int, float]:
    """``air_spread_table.place_of``, for distances of at least 1 m."""
    mantissa, exponent = math.frexp(min(far_m, FARTHEST_M))
    part = (mantissa - 0.5) * (2.0 * OCTAVE)
    row = int64(part)
    return (exponent - FIRST) * OCTAVE + row, part - row


@woven
def line_estimate(tables: Floats, table: int, hints: Floats, sigma_v_mps: float, line: Floats, place: Floats) -> float:
    """About ``line_share``, s/m³: a line far away is a point in its middle, spread to the side by its own breadth.

    ``hints`` is ``[table, row, column]``.
    """
    x_m = place[AHEAD] - 0.5 * (line[AHEAD_1] + line[AHEAD_2])
    y_m = place[LEFT] - 0.5 * (line[LEFT_1] + line[LEFT_2])
    dx, dy = line[AHEAD_2] - line[AHEAD_1], line[LEFT_2] - line[LEFT_1]
    far_2, long_2 = x_m * x_m + y_m * y_m, dx * dx + dy * dy
    if far_2 < CLOSE * CLOSE * long_2:
        return line_share(tables, table, sigma_v_mps, line, place)
    row, part = hint_row(max(math.sqrt(far_2), NEAREST_M))
    about = (1.0 - part) * hints[table, row, ROUND] + part * hints[table, row + 1, ROUND]
    if x_m > 0.0:
        row, part = hint_row(max(x_m, NEAREST_M))
        lateral_2 = (1.0 - part) * hints[table, row, LATERAL_2] + part * hints[table, row + 1, LATERAL_2]
        lateral_2 += line[WIDE] * line[WIDE] + dy * dy / 12.0
        if y_m * y_m <= SIDEWAYS * SIDEWAYS * lateral_2:
            middle = (1.0 - part) * hints[table, row, STRAIGHT] + part * hints[table, row + 1, STRAIGHT]
            about += middle * math.exp(-0.5 * y_m * y_m / lateral_2) / math.sqrt(lateral_2)
    return about


@woven
def bin_of(share: float) -> int:
    """Bin of a positive number: four an octave."""
    mantissa, exponent = math.frexp(share)
    octave = exponent - LARGEST + (BINS // BINS_AN_OCTAVE - 1)
    return max(min(octave * BINS_AN_OCTAVE + int64((mantissa - 0.5) * (2 * BINS_AN_OCTAVE)), BINS - 1), 0)


@woven
def least_kept(bins: Floats, may_drop: float) -> float:
    """Number from which on all must be kept so that no more than ``may_drop`` is left out."""
    dropped = 0.0
    for at in range(BINS):
        dropped += bins[at]
        if dropped > may_drop:
            octave, part = at // BINS_AN_OCTAVE, at % BINS_AN_OCTAVE
            exponent = octave - (BINS // BINS_AN_OCTAVE - 1) + LARGEST
            return math.ldexp(0.5 + part / (2.0 * BINS_AN_OCTAVE), exponent) if at > 0 else 0.0
    return math.inf


@bare
def fill_row(
    tables: Floats,
    table_of: Longs,
    hints: Floats,
    sigma_v_mps: float,
    lines: Floats,
    weight: Floats,
    place: Floats,
    max_dropped: float,
    share: Floats,
    source: Ints,
    bins: Floats,
) -> tuple[int, float, float]:
    """Write what the lines that matter add at a place, and which they are; how many, what was dropped, what kept.

    ``weight`` says how much each is expected to release; what is dropped and kept is weighed by it. ``share`` and
    ``source`` are ``[source]``; their first places are written. ``hints`` are those for the height of the place,
    ``bins`` is for notes.
    """
    bins[:] = 0.0
    total = 0.0
    for s in range(lines.shape[0]):
        guess = weight[s] * line_estimate(tables, table_of[s], hints, sigma_v_mps, lines[s], place)
        share[s] = guess
        if guess > 0.0:
            bins[bin_of(guess)] += guess
            total += guess
    least = least_kept(bins, CAUTION * max_dropped * total)
    dropped, kept, count = 0.0, 0.0, 0
    for s in range(lines.shape[0]):
        guess = share[s]
        if guess <= 0.0:
            continue
        if guess < least:
            dropped += guess
            continue
        exact = line_share(tables, table_of[s], sigma_v_mps, lines[s], place)
        if exact > 0.0:
            share[count], source[count] = exact, s
            kept += weight[s] * exact
            count += 1
    return count, dropped, kept


@parallel
def fill_rows(
    tables: Floats,
    table_of: Longs,
    hints: Floats,
    hints_of: Longs,
    sigma_v_mps: float,
    lines: Floats,
    weight: Floats,
    places: Floats,
    max_dropped: float,
    share: Floats,
    source: Ints,
    bins: Floats,
    count: Longs,
    dropped: Floats,
    kept: Floats,
) -> None:
    """Write the row of every place: ``share`` and ``source`` are ``[place, source]``, the last three ``[place]``.

    ``hints`` are ``[height, table, row, column]``, ``hints_of`` says which height each place has.
    """
    for r in prange(places.shape[0]):
        count[r], dropped[r], kept[r] = fill_row(
            tables, table_of, hints[hints_of[r]], sigma_v_mps, lines, weight, places[r], max_dropped,
            share[r], source[r], bins[r],
        )  # fmt: skip


@woven
def row_sum(first: int, end: int, source: Ints | Shorts, share: Singles, rate_gps: Floats) -> float:
    """Sum of one row of a sparse matrix times ``[source]``, in four parts, so that additions need not wait."""
    k, last = uint64(first), uint64(end)
    sum_0 = sum_1 = sum_2 = sum_3 = 0.0
    for _ in range((last - k) // uint64(4)):
        sum_0 += share[k] * rate_gps[source[k]]
        sum_1 += share[k + uint64(1)] * rate_gps[source[k + uint64(1)]]
        sum_2 += share[k + uint64(2)] * rate_gps[source[k + uint64(2)]]
        sum_3 += share[k + uint64(3)] * rate_gps[source[k + uint64(3)]]
        k += uint64(4)
    while k < last:
        sum_0 += share[k] * rate_gps[source[k]]
        k += uint64(1)
    return (sum_0 + sum_1) + (sum_2 + sum_3)


@parallel
def add_up(first: Ints | Longs, source: Ints | Shorts, share: Singles, rate_gps: Floats, sum_gm3: Floats) -> None:
    """Add up what all sources add at every place, g/m³: the rows of a sparse matrix times ``[source]``.

    Unsigned counters, since numba asks of every signed one whether it counts from the end.
    """
    for r in prange(sum_gm3.size):
        sum_gm3[r] = row_sum(first[r], first[r + 1], source, share, rate_gps)
