"""Have trips stand by that no scenario has, so that more people can set out when a rehearsal says so.

The arrays of a run have a row for every trip from the beginning. Trips of the reserve have theirs too, and a status
that everything passes over until they are called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..agents.pedestrian import NOT_CALLED as NOT_CALLED_ON_FOOT
from ..agents.remembering import Remembers
from ..agents.vehicle import NOT_CALLED
from ..kernels import traffic_tables as table
from ..kernels import walking_tables
from ..scenarios.chance import draws
from ..scenarios.trips import TripTable

if TYPE_CHECKING:
    from .simulation import Simulation

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CAR = 0  # row of VEHICLE_CLASSES
MARK = "+reserve"  # in the ids of its trips


def with_reserve(trips: TripTable, share: float, seed: int, *, on_foot: bool = False) -> TripTable:
    """Trips and a reserve of a share of them: the same ways, each at the time of another trip that is drawn.

    Of trips on the streets those by car have one, of trips ``on_foot`` all.
    """
    draw = draws(seed, trips.key, "reserve")
    whole, rest = divmod(share, 1.0)
    has_one = np.ones(len(trips), np.bool_) if on_foot else trips.vehicle_class == CAR
    copies = np.where(has_one, whole + (draw < rest), 0).astype(np.int64)
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

    KEEPS = ("_stands_by", "_stand_by_on_foot")

    def __init__(self, simulation: Simulation, share: float) -> None:
        trips, walkers = simulation.model.fleet.trips, simulation.model.walkers
        self.share = share
        self._stands_by = _in_reserve(trips)
        self._draw = draws(simulation.seed, trips.key, "called")
        simulation.model.fleet.vehicles.status[:, self._stands_by] = NOT_CALLED
        self._stand_by_on_foot: NDArray[np.bool_] = np.zeros(0, np.bool_)
        if walkers is not None:
            self._stand_by_on_foot = _in_reserve(walkers.trips)
            self._draw_on_foot = draws(simulation.seed, walkers.trips.key, "called")
            walkers.people.status[:, self._stand_by_on_foot] = NOT_CALLED_ON_FOOT

    def call(self, simulation: Simulation, share: float, from_s: float, until_s: float) -> int:
        """Let some of those who stand by set out by car at their times in a window, and return how many.

        ``share`` is how many, as a share of those who set out anyway; who is called is drawn by the trip's id.
        """
        fleet = simulation.model.fleet
        called = self._called(self._stands_by, self._draw, fleet.trips.depart_s, share, (from_s, until_s))
        fleet.vehicles.status[0, called] = table.PENDING
        return int(called.size)

    def call_on_foot(self, simulation: Simulation, share: float, from_s: float, until_s: float) -> int:
        """The same on foot."""
        walkers = simulation.model.walkers
        assert walkers is not None, "the inject was checked"
        depart_s = walkers.trips.depart_s
        called = self._called(self._stand_by_on_foot, self._draw_on_foot, depart_s, share, (from_s, until_s))
        walkers.people.status[0, called] = walking_tables.PENDING
        return int(called.size)

    def _called(
        self, stand_by: Bools, draw: Floats, depart_s: Floats, share: float, window_s: tuple[float, float]
    ) -> NDArray[np.intp]:
        """Who is called; they stand by no more."""
        within = (depart_s > window_s[0]) & (depart_s < window_s[1])
        called = np.flatnonzero(stand_by & within & (draw < share / max(self.share, 1e-9)))
        stand_by[called] = False
        return called


def _in_reserve(trips: TripTable) -> Bools:
    return np.array([MARK in name for name in trips.id], np.bool_)
