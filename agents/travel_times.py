"""Hold how long links with the turns at their ends take at each time of day, and add them up along routes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..scenarios.network import Floats, RoadNetwork
from .routes import Router, RouteTable

Moments = NDArray[np.float64]


@dataclass(frozen=True)
class TravelTimes:
    """Time from entering a link to entering the next one, by the turn taken and by when the link was entered.

    A time holds in the middle of its interval and changes evenly from middle to middle; before the first and after the
    last middle it stays.
    """

    network: RoadNetwork
    turn_s: Floats  # [movement, interval] along the link it leaves, waits included, and through the junction
    every_s: float  # length of an interval

    @cached_property
    def link_s(self) -> Floats:
        """Part of the time that all turns of a link share, ``[link, interval]``; 0 where nothing leads on."""
        shared_s = np.full((self.network.link_count, self.turn_s.shape[1]), np.inf)
        np.minimum.at(shared_s, self.network.movements.from_link, self.turn_s)
        return np.where(np.isinf(shared_s), 0.0, shared_s)

    @cached_property
    def movement_s(self) -> Floats:
        """What each turn takes longer than the quickest one of its link, ``[movement, interval]``."""
        return self.turn_s - self.link_s[self.network.movements.from_link]

    def at(self, movement: NDArray[np.integer], at_s: Moments) -> Moments:
        """Times of some movements whose links are entered at these moments, s."""
        last = self.turn_s.shape[1] - 1
        place = np.clip(at_s / self.every_s - 0.5, 0.0, last)
        before = np.minimum(place.astype(np.int64), max(last - 1, 0))
        share = place - before
        after = np.minimum(before + 1, last)
        return np.asarray((1.0 - share) * self.turn_s[movement, before] + share * self.turn_s[movement, after])

    def smoothed(self, other: TravelTimes, weight: float) -> TravelTimes:
        """These times with so much weight on others, 0 to 1."""
        return TravelTimes(self.network, (1.0 - weight) * self.turn_s + weight * other.turn_s, self.every_s)


def drive_s(router: Router, routes: RouteTable, times: TravelTimes, set_out_s: Moments) -> Moments:
    """Time of every route until its last link is entered, s, for those who set out at these moments."""
    start, movement = router.turns(routes)
    sizes = np.diff(start)
    clock_s = np.array(set_out_s, np.float64)
    for step in range(int(sizes.max(initial=0))):
        rows = np.flatnonzero(sizes > step)
        clock_s[rows] += times.at(movement[start[rows] + step], clock_s[rows])
    return clock_s - set_out_s


def paid_s(router: Router, routes: RouteTable, extra_s: Floats) -> Floats:
    """What every route costs besides time, s, from what each movement does."""
    start, movement = router.turns(routes)
    trip = np.repeat(np.arange(start.size - 1), np.diff(start))
    return np.bincount(trip, weights=extra_s[movement], minlength=start.size - 1).astype(np.float64)


def usual_times(router: Router, every_s: float, intervals: int) -> TravelTimes:
    """What people expect of streets that they have never driven on: the limit, and light traffic at junctions."""
    network = router.network
    turn_s = router.link_s[network.movements.from_link] + router.movement_s
    return TravelTimes(network, np.repeat(turn_s[:, np.newaxis], intervals, axis=1), every_s)
