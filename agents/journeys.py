"""Plan departures and plan anew: what drivers decide at events, in batches."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import traffic_tables as table
from .remembering import Remembers
from .routes import RouteTable, merged
from .vehicle import CAUSES, overrides

if TYPE_CHECKING:
    from .bus_lines import BusLines
    from .city_model import CityModel
    from .designated_routes import DesignatedRoutes
    from .measures import Measures, Terms

Rows = NDArray[np.int64]
Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

STOOD_FOR = (table.LEADER, table.YIELD, table.OCCUPIED, table.NO_ROOM)  # who looks for another way for want of progress
NOWHERE = -1  # of turns: none is possible
PATIENCE_S = 60.0  # between two attempts of the same driver to find another way
QUEUE_PATIENCE_S = 300.0  # the same for who stands in a queue


class RouteError(ValueError):
    """A route that a subclass chose and that cannot be driven."""


@dataclass(slots=True)
class Journeys(Remembers):
    """Routes of all trips of one member, and what drivers know of closures."""

    KEEPS = (
        "measures",
        "bus_lines",
        "free_flow_s",
        "reroutes",
        "left_locks",
        "rerouted_standing",
        "informed",
        "closed",
        "announced",
    )

    model: CityModel
    member: int
    seed: int
    noise: float
    measures: Measures | None = None
    bus_lines: BusLines | None = None
    designated: DesignatedRoutes | None = field(init=False, default=None)
    free_flow_s: Floats = field(init=False)  # [trip] of the route at departure, whole links, at the limit
    reroutes: Ints = field(init=False)  # [trip]
    left_locks: Ints = field(init=False)  # [trip] how often it turned off out of a lock
    rerouted_standing: int = field(init=False, default=0)  # reroutes of who had stood for long
    informed: Bools = field(init=False)  # [trip] has seen a closure, and minds all of them since
    closed: Bools = field(init=False)  # [link] nobody may enter
    announced: Bools = field(init=False)  # [link] closed, and everybody knows

    def __post_init__(self) -> None:
        trips, links = len(self.model.fleet.trips.id), self.model.network.link_count
        self.free_flow_s = np.full(trips, np.nan)
        self.reroutes = np.zeros(trips, np.int32)
        self.left_locks = np.zeros(trips, np.int32)
        self.informed = np.zeros(trips, np.bool_)
        self.closed = np.zeros(links, np.bool_)
        self.announced = np.zeros(links, np.bool_)

    def plan_departures(self, rows: Rows) -> None:
        """Plan trips that have not set out, or take the route they are bound to; without a way it stays empty."""
        fleet = self.model.fleet
        if self.measures is not None:
            rows = self.measures.admitted(rows, self._decides_at_s(rows))
        given = np.diff(fleet.trips.route_start)[rows] > 0
        for some, find in ((rows[given], self._given), (rows[~given], self._quickest)):
            if some.size:
                routes = self._as_chosen(some, find(some))
                top_mps = fleet.cities.driver[self.member, fleet.vehicles.kind[self.member, some], table.TOP_SPEED_MPS]
                self.free_flow_s[some] = self.model.router.free_flow_s(routes, top_mps)
                fleet.set_routes(self.member, some, routes.start, routes.link)

    def _given(self, rows: Rows) -> RouteTable:
        return RouteTable(*self.model.fleet.trips.routes(rows), np.zeros(rows.size))

    def _quickest(self, rows: Rows) -> RouteTable:
        origin = self.model.fleet.trips.origin_link[rows]
        routes = self._as_laid_out(rows, self._plan_trips(rows, origin, ~self.announced, None))
        if self.measures is not None:
            self._blame_measures(rows[np.diff(routes.start) == 0])
        return self._round_the_block(rows, routes)

    def _blame_measures(self, rows: Rows) -> None:
        """Find trips that would have a way without measures."""
        trips = self.model.fleet.trips
        ends = trips.origin_link[rows], trips.destination_link[rows]
        free = self._plan(rows, *ends, ~self.announced, None, with_measures=False)
        kept = rows[np.diff(free.start) > 0]
        if self.measures is not None:
            self.measures.note_no_way_round(kept, self._decides_at_s(kept))

    def _decides_at_s(self, rows: Rows) -> Floats:
        """When trips choose their way: when they set out or, under way, now."""
        return np.asarray(np.maximum(self.model.fleet.vehicles.depart_s[self.member, rows], self.model.t_s))

    def _round_the_block(self, rows: Rows, routes: RouteTable) -> RouteTable:
        """The same routes, but trips whose destination lies behind them on their own link drive round to it."""
        fleet = self.model.fleet
        trips, numbers = fleet.trips, fleet.cities.vehicle_f[self.member]
        behind = numbers[rows, table.DESTINATION_M] < numbers[rows, table.ORIGIN_M]
        behind &= trips.origin_link[rows] == trips.destination_link[rows]
        behind &= np.diff(routes.start) == 1  # not a line of buses that comes back to where it began
        if not behind.any():
            return routes
        new, cost_s = [routes.route(i) for i in range(rows.size)], routes.cost_s.copy()
        for i in np.flatnonzero(behind):
            new[i], cost_s[i] = self._way_round(int(rows[i]), int(trips.origin_link[rows[i]]), ~self.announced)
        return RouteTable.of(new, cost_s)

    def _way_round(self, row: int, link: int, open_link: Bools) -> tuple[Ints, float]:
        """Quickest way of a vehicle from a link back to its beginning, and its time; empty when there is none."""
        network = self.model.network
        first, last = network.links.movement_start[link : link + 2]
        onward = network.movements.to_link[first:last]
        onward = onward[open_link[onward]]
        if onward.size:
            back = self._plan(np.full(onward.size, row), onward, np.full_like(onward, link), open_link, None)
            best = int(back.cost_s.argmin())
            if np.isfinite(back.cost_s[best]):
                return np.concatenate([[link], back.route(best)]).astype(np.int32), float(back.cost_s[best])
        return np.zeros(0, np.int32), np.inf

    def _circle(self, rows: Rows, old: list[Ints], routes: RouteTable, open_link: Bools) -> RouteTable:
        """The same routes, but who is on the road before a closure and has no other way drives round, and tries again.

        Who stood there until it opens would keep everybody behind from turning off.
        """
        new, driving = [routes.route(i) for i in range(rows.size)], self._driving()[rows]
        for i in np.flatnonzero(driving & (np.diff(routes.start) == 0)):
            round_again, _ = self._way_round(int(rows[i]), int(old[i][0]), open_link)
            if round_again.size:
                new[i] = np.concatenate([round_again, old[i][1:]])
        return RouteTable.of(new, routes.cost_s)

    def answer_requests(self, t_s: float) -> int:
        """Let drivers who asked (blocked, closed, lost their turn) or queue find another way; how many did."""
        vehicles = self.model.fleet.vehicles
        ask, after_s = vehicles.ask[self.member], vehicles.ask_after_s[self.member]
        queue = vehicles.standing_s[self.member] >= self.model.fleet.cities.reroute_blocked_after_s / 2.0
        queue &= (vehicles.cause[self.member] == table.LEADER) & (after_s <= t_s) & (ask == table.NOTHING)
        queue &= self._driving()
        ask[queue] = table.LEADER
        asking = np.flatnonzero((ask != table.NOTHING) & self._driving())
        if not asking.size:
            return 0
        causes = ask[asking].copy()
        ask[asking] = table.NOTHING
        after_s[asking] = t_s + np.where(causes == table.LEADER, QUEUE_PATIENCE_S, PATIENCE_S)
        self.informed[asking[causes == table.CLOSED]] = True
        found = 0
        for cause in np.unique(causes):
            rows = asking[causes == cause]
            changed = self.replan(rows, int(cause), from_lane=cause != table.CLOSED)
            self.rerouted_standing += changed if cause in STOOD_FOR else 0
            found += changed
        return found

    def leave_locks(self, rows: Rows, held: Bools, t_s: float) -> Rows:
        """Let the first drivers of queues turn off into another street than they meant to, and return those who did.

        Parameters
        ----------
        rows
            Vehicles on road lanes.
        held
            Lanes that nobody can get into (``[lane row]``).
        t_s
            Time.
        """
        if not rows.size:
            return rows
        fleet, vehicles = self.model.fleet, self.model.fleet.vehicles
        routes = [fleet.route(self.member, int(row)) for row in rows]
        start, turns = self._turns_of_lanes(vehicles.lane[self.member, rows], routes, held)
        rows = rows[turns[start[:-1]] != NOWHERE]
        causes, before = vehicles.cause[self.member, rows].copy(), self.reroutes[rows].copy()
        for cause in np.unique(causes):
            self.replan(rows[causes == cause], int(cause), from_lane=True, held=held)
        gone = rows[self.reroutes[rows] > before]
        vehicles.ask[self.member, gone] = table.NOTHING
        vehicles.ask_after_s[self.member, gone] = t_s + PATIENCE_S
        self.left_locks[gone] += 1
        return gone

    def announce(self) -> int:
        """Tell everybody under way of the announced closures; those they concern look for another way."""
        fleet, vehicles = self.model.fleet, self.model.fleet.vehicles
        status = vehicles.status[self.member]
        rows = np.flatnonzero((status == table.WAITING) | (status == table.DRIVING))
        concerned = [row for row in rows if self.announced[fleet.route(self.member, int(row))[1:]].any()]
        return self.replan(np.array(concerned, np.int64), table.CLOSED)

    def replan(self, rows: Rows, cause: int, *, from_lane: bool = False, held: Bools | None = None) -> int:
        """Give vehicles another way from where they are, if there is one.

        Parameters
        ----------
        rows
            Vehicles that wait to enter or drive.
        cause
            Why, a cause of ``traffic_tables``.
        from_lane
            Only turns that their present lanes allow.
        held
            Of these only turns into another street than the next of their route, and into lanes that are not held
            (``[lane row]``).

        Returns
        -------
        int
            How many changed their route.
        """
        if overrides(self.model.vehicle_type, "replans"):
            text = CAUSES[cause]
            rows = np.array([row for row in rows if self.model.vehicle(int(row)).replans(text)], np.int64)
        if self.bus_lines is not None and cause not in (table.CLOSED, table.WRONG_LANE):
            rows = rows[~self.bus_lines.is_bus[rows]]  # buses keep to their line as long as they can
        if not rows.size:
            return 0
        fleet, vehicles = self.model.fleet, self.model.fleet.vehicles
        lane = vehicles.lane[self.member, rows]
        road_lanes = self.model.network.lane_count
        bound = (lane >= road_lanes) | (vehicles.granted[self.member, rows] != 0)  # the next link is settled
        found = 0
        informed = self.informed[rows]
        for settled, knows in itertools.product((False, True), (False, True)):
            group = rows[(bound == settled) & (informed == knows)]
            old = [fleet.route(self.member, int(row)) for row in group]
            keep = np.array([route.size > int(settled) for route in old], np.bool_)
            group, old = group[keep], [route for route, kept in zip(old, keep, strict=True) if kept]
            if not group.size:
                continue
            origin = np.array([route[int(settled)] for route in old], np.int32)
            lanes = vehicles.lane[self.member, group]
            first = self._turns_of_lanes(lanes, old, held) if from_lane and not settled else None
            closed = self.closed if knows else self.announced
            routes = self._plan_trips(group, origin, ~closed, first)
            if cause == table.CLOSED and not settled:
                routes = self._circle(group, old, routes, ~closed)
            routes = self._as_chosen(group, routes)
            found += self._take(group, old, routes, prefix=settled)
        return found

    def _driving(self) -> Bools:
        return np.asarray(self.model.fleet.vehicles.status[self.member] == table.DRIVING)

    def _plan_trips(self, rows: Rows, origin: Ints, open_link: Bools, first: tuple[Rows, Ints] | None) -> RouteTable:
        """Routes to where trips end; those of buses lead by the stops ahead, some cars follow a designated route."""
        destination = self.model.fleet.trips.destination_link[rows]
        led = np.zeros(rows.size, np.bool_) if self.bus_lines is None else self.bus_lines.is_bus[rows]
        led = led if self.designated is None else led | self.designated.follows(rows)
        if not led.any():
            return self._plan(rows, origin, destination, open_link, first)
        parts = []
        for some in (np.flatnonzero(~led), *np.flatnonzero(led)[:, np.newaxis]):
            first_of = None if first is None or not some.size else _some_of(first, some)
            if some.size and led[some[0]]:
                parts.append((some, self._led(int(rows[some[0]]), int(origin[some[0]]), open_link, first_of)))
            elif some.size:
                parts.append((some, self._plan(rows[some], origin[some], destination[some], open_link, first_of)))
        return merged(parts, rows.size)

    def _as_laid_out(self, rows: Rows, routes: RouteTable) -> RouteTable:
        """The same routes, but all buses of a line take the way of its first one."""
        if self.bus_lines is None or not self.bus_lines.is_bus[rows].any():
            return routes
        new, cost_s = [routes.route(i) for i in range(rows.size)], routes.cost_s.copy()
        for i in np.flatnonzero(self.bus_lines.is_bus[rows]):
            new[i], cost_s[i] = self.bus_lines.laid_out(int(rows[i]), new[i], float(cost_s[i]))
        return RouteTable.of(new, cost_s)

    def _led(self, row: int, origin: int, open_link: Bools, first: tuple[Rows, Ints] | None) -> RouteTable:
        """Way of a bus by its stops, or of a car along its designated route; where that is shut, the car's own way."""
        if self.bus_lines is not None and self.bus_lines.is_bus[row]:
            return self._by_links(row, self.bus_lines.stops_ahead(row), origin, open_link, first)
        assert self.designated is not None
        ahead = self.designated.links_ahead(row, self.model.fleet.route(self.member, row))
        end = self.model.fleet.trips.destination_link[row : row + 1]
        if ahead:
            along = self._by_links(row, [*ahead, int(end[0])], origin, open_link, first)
            if along.route(0).size:
                return along
        return self._plan(np.array([row]), np.array([origin], np.int32), end, open_link, first)

    def _by_links(
        self, row: int, targets: list[int], origin: int, open_link: Bools, first: tuple[Rows, Ints] | None
    ) -> RouteTable:
        """Quickest way from a link by all targets one after the other, as nobody misjudges it."""
        here = self.model.fleet.route(self.member, row)[:1]
        links, cost_s = [origin], 0.0
        for target in targets:
            if target == links[-1] or (len(links) == 1 and target in here):  # it is on that link, or about to leave it
                continue
            ends = np.array([links[-1]], np.int32), np.array([target], np.int32)
            leg = self._plan(np.array([row]), *ends, open_link, first, noise=0.0)
            if not leg.route(0).size:
                return RouteTable.of([np.zeros(0, np.int32)], np.array([np.inf]))
            links += leg.route(0)[1:].tolist()
            cost_s += float(leg.cost_s[0])
            first = None
        return RouteTable.of([np.array(links, np.int32)], np.array([cost_s]))

    def _plan(
        self,
        rows: Rows,
        origin: Ints,
        destination: Ints,
        open_link: Bools,
        first: tuple[Rows, Ints] | None,
        *,
        noise: float | None = None,
        with_measures: bool = True,
    ) -> RouteTable:
        """Routes on the terms that measures set, where there are any."""
        trips = self.model.fleet.trips
        terms: list[tuple[Rows, Terms | None]] = [(np.arange(rows.size), None)]
        if self.measures is not None and with_measures and rows.size:
            terms = list(self.measures.terms(rows, origin, destination, self._decides_at_s(rows)))
        parts = []
        for some, own in terms:
            of = rows[some]
            planned = self.model.router.plan(
                origin[some],
                destination[some],
                trips.key[of],
                noise=self.noise if noise is None else noise,
                seed=self.seed,
                open_link=open_link if own is None else open_link & own.open_link,
                allowed_next=first if first is None or own is None else _some_of(first, some),
                vehicle_class=trips.vehicle_class[of],
                extra_s=None if own is None else own.extra_s,
            )
            parts.append((some, planned))
        return parts[0][1] if len(parts) == 1 else merged(parts, rows.size)

    def _turns_of_lanes(self, lanes: Ints, routes: list[Ints], held: Bools | None) -> tuple[Rows, Ints]:
        """Links that lanes lead to, in compressed rows; with ``held`` not by held lanes, nor the next of a route."""
        network = self.model.network
        starts = network.lanes.connector_start
        count = np.maximum(starts[lanes + 1] - starts[lanes], 0)
        of = np.repeat(np.arange(lanes.size), count)
        within = np.arange(of.size) - np.repeat(np.cumsum(count) - count, count)
        to_lane = network.connectors.to_lane[starts[lanes][of] + within]
        turns = network.lanes.link[to_lane]
        if held is not None:
            meant = np.array([route[1] if route.size > 1 else NOWHERE for route in routes])
            kept = ~held[to_lane] & (turns != meant[of])
            of, turns = of[kept], turns[kept]
        none = np.setdiff1d(np.arange(lanes.size), of)  # an empty row would allow all
        of, turns = np.append(of, none), np.append(turns, np.full(none.size, NOWHERE))
        of, turns = np.divmod(np.unique(of * (network.link_count + 1) + turns - NOWHERE), network.link_count + 1)
        return np.searchsorted(of, np.arange(lanes.size + 1)), (turns + NOWHERE).astype(np.int32)

    def _take(self, rows: Rows, old: list[Ints], routes: RouteTable, *, prefix: bool) -> int:
        """Hand out routes that exist and differ from the old ones; with ``prefix`` behind the present link."""
        taken, parts = [], []
        for i, row in enumerate(rows):
            route = routes.route(i)
            if not route.size:
                continue
            if prefix:
                route = np.concatenate([old[i][:1], route])
            if not np.array_equal(route, old[i]):
                taken.append(row)
                parts.append(route)
        if not taken:
            return 0
        from ..kernels.ways import renew_ways

        changed = np.array(taken, np.int64)
        start = np.concatenate([[0], np.cumsum([part.size for part in parts])])
        fleet = self.model.fleet
        if self.measures is not None:
            self.measures.settle(fleet, self.member, changed, self.model.t_s)
            self.measures.begin_route(changed)
        fleet.set_routes(self.member, changed, start, np.concatenate(parts))
        self.reroutes[changed] += 1
        renew_ways(fleet.tables("vehicle_i", "lane_i"), self.member, changed)
        return len(taken)

    def _as_chosen(self, rows: Rows, routes: RouteTable) -> RouteTable:
        """What the drivers make of proposed routes, where their class decides itself."""
        if not overrides(self.model.vehicle_type, "choose_route"):
            return routes
        network = self.model.network
        chosen = []
        for i, row in enumerate(rows):
            proposed = tuple(network.links.id[link] for link in routes.route(i))
            if not proposed:
                chosen.append(routes.route(i))
                continue
            answer = self.model.vehicle(int(row)).choose_route(proposed)
            chosen.append(self._checked(int(row), proposed, tuple(answer)))
        return RouteTable.of(chosen, routes.cost_s)

    def _checked(self, row: int, proposed: tuple[str, ...], answer: tuple[str, ...]) -> Ints:
        """Rows of a route, if it can be driven.

        Raises
        ------
        RouteError
            When it begins or ends elsewhere, names an unknown link, or makes a turn that is not allowed.
        """
        network = self.model.network
        whose = f"choose_route of {self.model.vehicle_type.__name__} for trip {self.model.fleet.trips.id[row]!r}"
        unknown = [link for link in answer if link not in network.link_row]
        if unknown:
            msg = f"{whose} names {unknown[0]!r}, which is no link"
            raise RouteError(msg)
        if not answer or (answer[0], answer[-1]) != (proposed[0], proposed[-1]):
            msg = f"{whose} must begin with {proposed[0]!r} and end with {proposed[-1]!r}"
            raise RouteError(msg)
        route = np.array([network.link_row[link] for link in answer], np.int32)
        for here, there in itertools.pairwise(route):
            first, last = network.links.movement_start[here : here + 2]
            if there not in network.movements.to_link[first:last]:
                turn = f"from {network.links.id[here]!r} to {network.links.id[there]!r}"
                msg = f"{whose} turns {turn}, where no turn is allowed"
                raise RouteError(msg)
        return route


def _some_of(first: tuple[Rows, Ints], some: Rows) -> tuple[Rows, Ints]:
    """Compressed rows of some of the trips."""
    start, link = first
    parts = [link[start[row] : start[row + 1]] for row in some]
    return np.concatenate([[0], np.cumsum([part.size for part in parts])]), np.concatenate(parts)
