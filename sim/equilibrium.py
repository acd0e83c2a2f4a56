"""Let people get used to the streets: repeat a day until nobody has a quicker way, or for as many days as one likes.

Dynamic user assignment in which the simulation itself says how long streets take. An iteration simulates the day with
one route for every trip, takes the times of all turns by when their links were entered, finds the way on which each
trip would have been quickest, and lets some trips change to it.

The relative gap says how far that is from an equilibrium (Chiu et al. 2011, Dynamic traffic assignment: a primer):
``(total - shortest) / shortest``, where ``total`` is the time of all trips on their routes and ``shortest`` that on the
quickest ones, both at the times of that day. It is 0 where nobody could do better alone (Wardrop 1952). Tolls count as
the time that they are worth to who pays them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..agents.measures import Terms
from ..agents.routes import RouteTable, merged
from ..agents.travel_times import TravelTimes, drive_s, paid_s
from ..scenarios.chance import draws
from ..scenarios.route_choice import GAP, ITERATIONS, LEARNING_RATE

if TYPE_CHECKING:
    from ..agents.measures import Measures
    from ..agents.routes import Router
    from ..scenarios.route_choice import Routes
    from ..scenarios.trips import TripTable

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Rows = NDArray[np.int64]

SURE_GAIN = 0.05  # who would save so much of the time or more changes as soon as anybody does
FIRST_DIVISOR = 2.0  # one in so many changes after the first iteration
AFTER_WORSE, AFTER_BETTER = 1.5, 0.2  # how much the divisor grows with an iteration


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a day showed on which every trip had its route."""

    times: TravelTimes
    set_out_s: Floats  # [trip] when it entered its first link; if it did not, when it wanted to
    mean_travel_s: float  # of those who arrived


Load = Callable[["TripTable"], Loaded]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Iteration:
    """One row of the table ``equilibrium``."""

    iteration: int
    relative_gap: float
    total_s: float  # of all trips that have a choice, from their first link to the beginning of their last
    shortest_s: float  # the same on the quickest routes
    mean_travel_s: float  # of all who arrived
    changed_share: float  # of the trips that have a choice: whose route is not that of the iteration before


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """Trips with the routes of people who know the streets, and how it came to them."""

    routes: Routes
    trips: TripTable
    iterations: tuple[Iteration, ...]
    chosen: Iteration  # whose routes these are

    @property
    def wanted_gap(self) -> float | None:
        """The gap that was to be reached; None where days are only counted."""
        return _wanted_gap(self.routes)

    @property
    def missed(self) -> str:
        """What is to be said where the gap is not as small as wanted, else empty."""
        gap = self.chosen.relative_gap
        if self.wanted_gap is None or gap <= self.wanted_gap:
            return ""
        return (
            f"No equilibrium of routes was reached: after {len(self.iterations)} iterations the relative gap is "
            f"{100 * gap:.1f} %, not {100 * self.wanted_gap:g} %. Give more iterations; where streets jam, fewer trips."
        )

    def columns(self) -> dict[str, list[Any]]:
        """The table ``equilibrium``."""
        rows = [asdict(row) for row in self.iterations]
        return {name: [row[name] for row in rows] for name in rows[0]}

    def facts(self) -> dict[str, Any]:
        """What a summary says of it."""
        return {"relative_gap": self.chosen.relative_gap, "route_iterations": self.chosen.iteration}


def settle_routes(
    routes: Routes,
    router: Router,
    trips: TripTable,
    load: Load,
    usual: TravelTimes,
    *,
    measures: Measures | None = None,
    no_choice: Bools | None = None,
    seed: int,
    tell: Tell,
) -> Settled:
    """Repeat a day until its routes are an equilibrium, or for so many days.

    Parameters
    ----------
    routes
        How people choose, and when it is enough.
    router
        Finds ways; what is closed in it is closed on every day.
    trips
        Those that are bound to a route keep it. So do those that end on the link they begin on.
    load
        One day with given routes.
    usual
        What people expect of the streets before the first day.
    measures
        What people pay, and where they may not drive.
    no_choice : [trip]
        Trips that find their way by other rules, such as buses of a line.
    seed
        Of chance: whose turn it is to change, and how people judge streets.
    tell
        Is told of every iteration.
    """
    people = _People(routes, router, trips, measures, no_choice, seed)
    wanted = _wanted_gap(routes)
    current = people.first(usual)
    known, before = usual, current
    rows: list[Iteration] = []
    best: tuple[Iteration, TripTable] | None = None
    most, divisor = routes.iterations or ITERATIONS, FIRST_DIVISOR
    for number in range(1, most + 1):
        bound = people.bound(current)
        day = load(bound)
        row, quickest, gain = people.judge(current, before, day, number)
        rows.append(row)
        tell(_told(row, most, routes.choice))
        if number > 1:
            divisor += AFTER_WORSE if row.relative_gap > rows[-2].relative_gap else AFTER_BETTER
        if best is None or wanted is None or row.relative_gap < best[0].relative_gap:
            best = row, bound
        if wanted is not None and row.relative_gap <= wanted:
            break
        before = current
        if wanted is not None:
            current = current.with_those_of(quickest, people.movers(gain, 1.0 / divisor, number))
        else:
            known = known.smoothed(day.times, routes.learning_rate or LEARNING_RATE)
            current = people.judged(known, day.set_out_s)
    assert best is not None, "there is at least one iteration"
    return Settled(routes, best[1], tuple(rows), best[0])


def _wanted_gap(routes: Routes) -> float | None:
    return (routes.gap or GAP) if routes.choice == "equilibrium" else None


class _People:
    """The trips that have a choice."""

    def __init__(
        self,
        routes: Routes,
        router: Router,
        trips: TripTable,
        measures: Measures | None,
        no_choice: Bools | None,
        seed: int,
    ) -> None:
        self._routes, self._router, self._trips, self._seed = routes, router, trips, seed
        free = (np.diff(trips.route_start) == 0) & (trips.origin_link != trips.destination_link)
        rows = np.flatnonzero(free if no_choice is None else free & ~no_choice)
        self.rows = rows if measures is None else measures.admitted(rows, trips.depart_s[rows])
        self._measures = measures

    def first(self, usual: TravelTimes) -> RouteTable:
        """Routes by what is expected; trips without a way are left out from now on."""
        found = self.judged(usual, self._trips.depart_s)
        some = np.flatnonzero(np.diff(found.start) > 0)
        self.rows = self.rows[some]
        return found.of([found.route(int(trip)) for trip in some], found.cost_s[some])

    def judged(self, times: TravelTimes, set_out_s: Floats) -> RouteTable:
        """The quickest routes as each person sees them."""
        return self._plan(times, set_out_s[self.rows], self._routes.perception_noise)

    def bound(self, routes: RouteTable) -> TripTable:
        """All trips, with these routes."""
        return self._trips.bound_to(self.rows, routes.start, routes.link)

    def judge(
        self, routes: RouteTable, before: RouteTable, day: Loaded, number: int
    ) -> tuple[Iteration, RouteTable, Floats]:
        """How a day went, the routes that would have been quickest, and the share of its time each would have saved."""
        set_out_s = day.set_out_s[self.rows]
        quickest = self._plan(day.times, set_out_s, 0.0)
        took_s = self._cost_s(routes, day.times, set_out_s)
        least_s = np.minimum(took_s, self._cost_s(quickest, day.times, set_out_s))
        total_s, shortest_s = float(took_s.sum()), float(least_s.sum())
        row = Iteration(
            number,
            (total_s - shortest_s) / shortest_s if shortest_s > 0.0 else 0.0,
            total_s,
            shortest_s,
            day.mean_travel_s,
            float(routes.differs(before).mean()) if self.rows.size else 0.0,
        )
        return row, quickest, (took_s - least_s) / np.maximum(took_s, 1e-9)

    def movers(self, gain: Floats, share: float, number: int) -> Bools:
        """Who changes to the quickest route: this share of those who would save ``SURE_GAIN`` or more of their time.

        Those with most to gain go first: who would save less has a chance that is as much smaller (as in the gap
        function approach of Lu, Mahmassani, Zhou 2009).
        """
        chance = share * np.minimum(1.0, gain / SURE_GAIN)
        return np.asarray(draws(self._seed, self._trips.key[self.rows], f"changes route {number}") < chance)

    def _plan(self, times: TravelTimes, set_out_s: Floats, noise: float) -> RouteTable:
        trips, parts = self._trips, []
        for some, terms in self._terms():
            rows = self.rows[some]
            planned = self._router.plan(
                trips.origin_link[rows],
                trips.destination_link[rows],
                trips.key[rows],
                noise=noise,
                seed=self._seed,
                open_link=self._router.open_link & terms.open_link,
                vehicle_class=trips.vehicle_class[rows],
                extra_s=terms.extra_s,
                times=times,
                depart_s=set_out_s[some],
            )
            parts.append((some, planned))
        return parts[0][1] if len(parts) == 1 else merged(parts, self.rows.size)

    def _cost_s(self, routes: RouteTable, times: TravelTimes, set_out_s: Floats) -> Floats:
        """Time of every route, and what is paid on it as time."""
        cost_s = drive_s(self._router, routes, times, set_out_s)
        for some, terms in self._terms():
            if terms.extra_s.any():
                cost_s[some] += paid_s(self._router, routes, terms.extra_s)[some]
        return cost_s

    def _terms(self) -> list[tuple[Rows, Terms]]:
        """Groups of people for whom the same measures hold."""
        network, rows = self._router.network, self.rows
        if self._measures is None or not rows.size:
            anywhere = np.ones(network.link_count, np.bool_)
            return [(np.arange(rows.size), Terms(anywhere, np.zeros(network.movements.from_link.size)))]
        trips = self._trips
        return self._measures.terms(rows, trips.origin_link[rows], trips.destination_link[rows], trips.depart_s[rows])


def _told(row: Iteration, most: int, choice: str) -> str:
    day = "day" if choice == "day_to_day" else "iteration"
    of = f"of {most}" if choice == "day_to_day" else f"of at most {most}"
    changed = "" if row.iteration == 1 else f", {100 * row.changed_share:.1f} % of the trips changed their route"
    return f"routes: {day} {row.iteration} {of}, relative gap {100 * row.relative_gap:.2f} %{changed}"
