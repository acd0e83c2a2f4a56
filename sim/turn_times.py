"""Watch how long vehicles take from street to street, by the turn they make and by when they came."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..agents.travel_times import TravelTimes
from ..kernels import traffic_tables as table
from .interrupts import stop_if_asked

if TYPE_CHECKING:
    from ..agents.city_model import CityModel
    from .simulation import Simulation

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

LOOK_EVERY_S = 5.0
USUAL_COUNTS = 1.0


class TurnTimes:
    """Collects the time from entering a link to entering the next; an observer.

    A vehicle that sets out in the middle of a link counts with the time that the part before would have taken. One that
    is still on a link at the end counts with the time so far where that is more than usual. Buses of lines do not
    count: they stand at stops.
    """

    every_s = LOOK_EVERY_S

    def __init__(self, simulation: Simulation, usual: TravelTimes) -> None:
        fleet, network = simulation.model.fleet, simulation.model.network
        vehicles, numbers = fleet.vehicles, fleet.cities.vehicle_f[0]
        self._simulation, self._usual = simulation, usual
        self._pairs = network.movements.from_link.astype(np.int64) * network.link_count + network.movements.to_link
        origin = fleet.trips.origin_link
        self._before_s = numbers[:, table.ORIGIN_M] / network.links.speed_mps[origin]
        self._start, self._at = vehicles.route_start[0].copy(), vehicles.route_at[0].copy()
        self._came_s = np.full(len(fleet.trips), np.nan)  # when each entered the link it is on
        buses = simulation.journeys.bus_lines
        self._counts = np.ones(len(fleet.trips), np.bool_) if buses is None else ~buses.is_bus
        shape = usual.turn_s.shape
        self._sum_s, self._count = np.zeros(shape), np.zeros(shape)

    def observe(self, t_s: float, model: CityModel) -> None:
        """Note who has entered another link since the last time."""
        stop_if_asked()
        vehicles, route = model.fleet.vehicles, model.fleet.cities.route
        status = vehicles.status[0]
        start, at = vehicles.route_start[0], vehicles.route_at[0]
        here = ((status == table.DRIVING) | (status == table.ARRIVED)) & self._counts
        new = np.flatnonzero(here & np.isnan(self._came_s))
        self._came_s[new] = vehicles.entered_s[0, new] - self._before_s[new]
        moved = np.flatnonzero(here & ((start != self._start) | (at != self._at)))
        steps = at[moved] - self._at[moved]
        for i in np.flatnonzero(start[moved] != self._start[moved]):  # another route, which begins where it was given
            steps[i] = self._steps(int(moved[i]), int(route[start[moved[i]] + at[moved[i]]]), route)
        self._note(moved, steps.astype(np.int64), route, t_s - self.every_s / 2.0)
        waiting = ~here
        self._start[moved], self._at[moved] = start[moved], at[moved]
        self._start[waiting], self._at[waiting] = start[waiting], at[waiting]

    def times(self) -> TravelTimes:
        """Mean times until now; where nobody drove what is usual, and what the other turns of the link took longer."""
        sum_s, count = self._sum_s.copy(), self._count.copy()
        self._add_those_on_the_way(sum_s, count)
        usual_s = self._usual.turn_s
        turn_s = (sum_s + USUAL_COUNTS * usual_s) / (count + USUAL_COUNTS)
        more_s = np.where(count > 0, turn_s - usual_s, np.inf)
        least_s = np.full((self._simulation.model.network.link_count, usual_s.shape[1]), np.inf)
        link = self._simulation.model.network.movements.from_link
        np.minimum.at(least_s, link, more_s)
        shared_s = np.where(np.isinf(least_s), 0.0, np.maximum(least_s, 0.0))
        turn_s = np.where(count > 0, turn_s, usual_s + shared_s[link])
        for k in range(1, turn_s.shape[1]):  # who comes later does not leave earlier
            np.maximum(turn_s[:, k], turn_s[:, k - 1] - self._usual.every_s, out=turn_s[:, k])
        return TravelTimes(self._usual.network, turn_s, self._usual.every_s)

    def _steps(self, row: int, link: int, route: NDArray[np.int32]) -> int:
        """How many links a vehicle has gone on along the route it had, until the one it is on."""
        size = route.size
        place = int(self._start[row] + self._at[row])
        for step in range(64):
            if place + step < size and route[place + step] == link:
                return step
        return 0

    def _note(self, rows: Rows, steps: Rows, route: NDArray[np.int32], now_s: float) -> None:
        """Add what vehicles took that went on by so many links; those in between were passed since the last look."""
        first = self._start[rows] + self._at[rows]
        left_s = np.full(rows.size, now_s)
        for step in range(int(steps.max(initial=0)) - 1, -1, -1):
            some = np.flatnonzero(steps > step)
            quick_s = left_s[some] - self.every_s / steps[some]
            came_s = quick_s if step else np.minimum(self._came_s[rows[some]], left_s[some])
            movement = self._movement(route[first[some] + step], route[first[some] + step + 1])
            interval = self._interval(came_s)
            np.add.at(self._sum_s, (movement, interval), left_s[some] - came_s)
            np.add.at(self._count, (movement, interval), 1.0)
            left_s[some] = came_s
        self._came_s[rows[steps > 0]] = now_s

    def _add_those_on_the_way(self, sum_s: Floats, count: Floats) -> None:
        """Count those who are still on a link with the time so far, where that is more than usual."""
        vehicles, route = self._simulation.model.fleet.vehicles, self._simulation.model.fleet.cities.route
        goes_on = vehicles.route_at[0] + 1 < vehicles.route_size[0]
        rows = np.flatnonzero((vehicles.status[0] == table.DRIVING) & goes_on & ~np.isnan(self._came_s))
        place = vehicles.route_start[0, rows] + vehicles.route_at[0, rows]
        movement, interval = self._movement(route[place], route[place + 1]), self._interval(self._came_s[rows])
        so_far_s = self._simulation.t_s - self._came_s[rows]
        mean_s = np.maximum(sum_s[movement, interval] / np.maximum(count[movement, interval], 1.0), 0.0)
        late = so_far_s > np.maximum(mean_s, self._usual.turn_s[movement, interval])
        np.add.at(sum_s, (movement[late], interval[late]), so_far_s[late])
        np.add.at(count, (movement[late], interval[late]), 1.0)

    def _movement(self, link: NDArray[np.int32], to_link: NDArray[np.int32]) -> Rows:
        pair = link.astype(np.int64) * self._simulation.model.network.link_count + to_link
        return np.searchsorted(self._pairs, pair)

    def _interval(self, came_s: Floats) -> Rows:
        last = self._usual.turn_s.shape[1] - 1
        return np.clip((came_s / self._usual.every_s).astype(np.int64), 0, last)
