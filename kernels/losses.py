"""Weigh how far simulated readings are from observed ones: distances with their slopes, and means over readings.

Sources of the distances: GEH, Department for Transport, TAG Unit M3.1; Poisson's deviance, McCullagh, Nelder (1989),
Generalized Linear Models, table 2.1. CPU and GPU run the same functions (``cuda_calibration``).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .chance import log
from .compile import bare_entry

Floats = NDArray[np.float64]

DISTANCES: Final = ("l1", "l2", "poisson", "geh")
L1: Final = 0
L2: Final = 1
POISSON: Final = 2
GEH: Final = 3

# Columns of what was observed, ``[reading, column]``.
DISTANCE: Final = 0  # one of the above
SEEN: Final = 1
UNIT: Final = 2  # errors of L1 and L2 are counted in it
SOFT: Final = 3  # in that unit: within, L1 is rounded off
READING_COLUMNS: Final = 4

# Columns of what is written of each reading, ``[member, reading, column]``.
TERM: Final = 0  # the distance
SLOPE: Final = 1  # its derivative by the simulated reading
BEND: Final = 2  # weight of the squared error in the parabola that touches it
COLUMNS: Final = 3

LEAST_RATE: Final = 0.5  # vehicles: below, a Poisson rate is so small that one vehicle more says everything


@bare_entry
def write_distance(reading: Floats, simulated: float, written: Floats) -> None:
    """Write distance, slope and bend of one reading.

    ``L1``: |error|, rounded off within ``SOFT``: sqrt(error² + soft²) − soft. ``L2``: error². Both of errors in
    ``UNIT``. ``POISSON``: the deviance 2 (c ln(c/m) − c + m) of a count c that is expected to be m. ``GEH``:
    GEH² = 2 (m − c)² / (m + c).
    """
    distance, seen, unit, soft = reading[DISTANCE], reading[SEEN], reading[UNIT], reading[SOFT]
    error = (simulated - seen) / unit
    if distance == L1:
        root = math.sqrt(error * error + soft * soft)
        written[TERM] = root - soft
        written[SLOPE] = error / root / unit
        written[BEND] = 1.0 / root / unit / unit
    elif distance == L2:
        written[TERM] = error * error
        written[SLOPE] = 2.0 * error / unit
        written[BEND] = 2.0 / unit / unit
    elif distance == GEH:
        both = simulated + seen
        total = max(both, 1.0)
        share = (simulated - seen) / total
        written[TERM] = 2.0 * (simulated - seen) * share
        written[SLOPE] = 4.0 * share - (2.0 * share * share if both > 1.0 else 0.0)
        written[BEND] = 4.0 / total
    else:
        rate = max(simulated, LEAST_RATE)
        logs = seen * log(max(seen, LEAST_RATE) / rate) if seen > 0.0 else 0.0
        written[TERM] = 2.0 * (logs - seen + rate)
        written[SLOPE] = 2.0 * (1.0 - seen / rate) if simulated > LEAST_RATE else 0.0
        written[BEND] = 2.0 / rate


@bare_entry
def mean_distance(share: Floats, written: Floats) -> float:
    """Mean distance of one member by the readings' shares, added up in their order."""
    total = 0.0
    for row in range(share.size):
        total += share[row] * written[row, TERM]
    return total


@bare_entry
def weigh(readings: Floats, share: Floats, simulated: Floats, written: Floats, mean: Floats) -> None:
    """Weigh the readings of every member.

    Parameters
    ----------
    readings : [reading, column]
        What was observed.
    share : [reading]
        Part in the mean.
    simulated : [member, reading]
        Simulated readings.
    written : [member, reading, column]
        Distance, slope and bend, written.
    mean : [member]
        Written.
    """
    for member in range(simulated.shape[0]):
        for row in range(share.size):
            write_distance(readings[row], simulated[member, row], written[member, row])
        mean[member] = mean_distance(share, written[member])
