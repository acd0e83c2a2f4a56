"""Count who passed which sensor, by group, and turn what replicas counted into slopes.

CPU and GPU run the same functions (``cuda_calibration``); what rows add to together is whole numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import int64
from numpy.typing import NDArray

from . import traffic_tables as table
from .compile import bare_entry
from .shared import add_shared

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


class Parts(NamedTuple):
    """Streets that readings are about."""

    first: Ints  # [link + 1]: where the parts of each link begin
    part: Ints  # part by part of each link
    to_link: Ints  # [part], of those that count who turns into it; else below 0


@bare_entry
def note_passings(
    vehicle: Ints, group: int, lanes: int, route: Ints, first: Ints, part: Ints, to_link: Ints, passed: Ints
) -> None:
    """Add one vehicle to the parts of all links that it left, over their end or because it arrived.

    Parameters
    ----------
    vehicle
        Its row of ``vehicle_i``; its route is one that nobody changes.
    group
        That it belongs to; below 0: it does not exist.
    lanes
        Lanes of the network; rows from there on are connectors, on which the link before has been left.
    route
        Links, route after route.
    first, part, to_link
        See ``Parts``.
    passed : [part, group]
        Vehicles, added to.
    """
    status = vehicle[table.STATUS]
    if group < 0 or status not in (table.ARRIVED, table.DRIVING):
        return
    left = int64(vehicle[table.ROUTE_AT])
    if status == table.ARRIVED or vehicle[table.LANE] >= lanes:
        left += 1
    start = int64(vehicle[table.ROUTE_START])
    end = start + vehicle[table.ROUTE_SIZE]
    for place in range(start, start + left):
        link = route[place]
        for at in range(first[link], first[link + 1]):
            turn = to_link[part[at]]
            if turn < 0 or (place + 1 < end and route[place + 1] == turn):
                add_shared(passed, part[at], group, 1)


@bare_entry
def count_passings(vehicles: Ints, group: Ints, lanes: int, route: Ints, parts: Parts, passed: Ints) -> None:
    """Count all vehicles of all members, ``passed[member, part, group]``; see ``note_passings``."""
    for member in range(group.shape[0]):
        for row in range(group.shape[1]):
            note_passings(
                vehicles[member, row],
                group[member, row],
                lanes,
                route,
                parts.first,
                parts.part,
                parts.to_link,
                passed[member],
            )


@bare_entry
def unexplained(replicas: Floats, base: float, slopes: Floats, moved: Floats, row: int, at: int) -> float:
    """What a replica's reading, averaged over seeds, changed by beyond what slopes say, see ``mend_slopes``."""
    total = 0.0
    for seed in range(replicas.shape[0]):
        total += replicas[seed, at, row]
    change = total / replicas.shape[0] - base
    for column in range(moved.shape[1]):
        change -= slopes[row, column] * moved[at, column]
    return change


@bare_entry
def mended_slope(change: Floats, inverse: Floats, slope: float, column: int) -> float:
    """A slope with its part of the least change that explains what all replicas gave, see ``mend_slopes``."""
    total = 0.0
    for at in range(change.size):
        total += change[at] * inverse[at, column]
    return slope + total


@bare_entry
def mend_slopes(
    replicas: Floats, base: Floats, moved: Floats, inverse: Floats, slopes: Floats, change: Floats, mended: Floats
) -> None:
    """Change slopes as little as explains what replicas gave: the Jacobian from one run per direction and seed.

    Parameters
    ----------
    replicas : [seed, direction, reading]
        Simulated readings of the replicas.
    base : [reading]
        Simulated readings where they set out.
    moved : [direction, parameter]
        How far each went.
    inverse : [direction, parameter]
        The pseudo-inverse of ``moved``, transposed.
    slopes : [reading, parameter]
        What was believed.
    change : [reading, direction]
        Written: what was not explained.
    mended : [reading, parameter]
        Written.
    """
    for row in range(base.size):
        for at in range(moved.shape[0]):
            change[row, at] = unexplained(replicas, base[row], slopes, moved, row, at)
        for column in range(moved.shape[1]):
            mended[row, column] = mended_slope(change[row], inverse, slopes[row, column], column)
