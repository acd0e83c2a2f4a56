"""Find those of an evacuation of whom something is to be done, in one pass over everybody, once a second."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compile import bare_entry

Longs = NDArray[np.int64]


@bare_entry
def find_people(
    under_way: NDArray[np.bool_],
    doing: NDArray[np.int8],
    what: int,
    row: Longs,
    status: NDArray[np.int32],
    wanted: int,
    or_this: int,
    found: Longs,
) -> int:
    """People who are under way, do something, and whose walk or vehicle has one of two statuses.

    Parameters
    ----------
    under_way, doing, row : [person]
        Whether they are under way, what they do, and their row in ``status``.
    what
        What they are to do.
    status : [row]
        Of walks or vehicles.
    wanted, or_this
        The statuses asked for.
    found : [person]
        Written: who they are, in order.

    Returns
    -------
    int
        How many.
    """
    count = 0
    for person in range(doing.size):
        if under_way[person] and doing[person] == what:
            has = status[row[person]]
            if has in (wanted, or_this):
                found[count] = person
                count += 1
    return count
