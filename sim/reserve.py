"""Have trips stand by that no scenario has, so that more people can set out when a rehearsal says so.

The arrays of a run have a row for every trip from the beginning. Trips of the reserve have theirs too, and a status
that everything passes over until they are called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..agents.remembering import Remembers
from ..agents.vehicle import NOT_CALLED
from ..kernels import traffic_tables as table
from ..scenarios.chance import draws
from ..scenarios.trips import TripTable

if TYPE_CHECKING:
    from .simulation import Simulation

CAR = 0  # row of VEHICLE_CLASSES
MARK = "+reserve"  # in the ids of its trips


def with_reserve(trips: TripTable, share: float, seed: int) -> TripTable:
    """Trips and a reserve of a share of those by car: the same ways, each at the time of another trip that is drawn."""
    draw = draws(seed, trips.key, "reserve")
    whole, rest = divmod(share, 1.0)
    copies = np.where(trips.vehicle_class == CAR, whole + (draw < rest), 0).astype(np.int64)
    parent = np.repeat(np.arange(len(trips)), copies)
    number = np.arange(parent.size) - np.repeat(np.cumsum(copies) - copies, copies)
    ids = [f"{trips.id[row]}{MARK}.{copy + 1}" for row, copy in zip(parent.tolist(), number.tolist(), strict=True)]
    if not ids:
        return trips
    reserve = trips.part(parent, ids=ids)
    when = np.floor(draws(seed, reserve.key, "departure") * len(trips)).astype(np.int64)
    return TripTable.joined([trips, reserve.part(np.arange(len(ids)), depart_s=trips.depart_s[when])])


class Reserve(Remembers):
    """Who stands by.

    Parameters
    ----------
    simulation
        Of trips ``with_reserve``, at t = 0.
    share
        How many stand by, as a share of the others.
    """

    KEEPS = ("_stands_by",)

    def __init__(self, simulation: Simulation, share: float) -> None:
        trips = simulation.model.fleet.trips
        self.share = share
        self._stands_by: NDArray[np.bool_] = np.array([MARK in name for name in trips.id], np.bool_)
        self._draw = draws(simulation.seed, trips.key, "called")
        simulation.model.fleet.vehicles.status[:, self._stands_by] = NOT_CALLED

    def call(self, simulation: Simulation, share: float, from_s: float, until_s: float) -> int:
        """Let some of those who stand by set out at their times in a window, and return how many.

        ``share`` is how many, as a share of those who set out anyway; who is called is drawn by the trip's id.
        """
        fleet = simulation.model.fleet
        depart_s = fleet.trips.depart_s
        window = (depart_s > from_s) & (depart_s < until_s)
        called = np.flatnonzero(self._stands_by & window & (self._draw < share / max(self.share, 1e-9)))
        self._stands_by[called] = False
        fleet.vehicles.status[0, called] = table.PENDING
        return int(called.size)
