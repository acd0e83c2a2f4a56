"""Choose routes: what drivers expect of streets and turns, and the way they take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels.routing import Expectation, TurnGraph, Wishes, plan_routes
from ..scenarios.drivers import OF_CLASS
from ..scenarios.network import Bools, Bytes, Floats, Ints, Light, RoadNetwork, Turn
from ..scenarios.streets import MODES
from ..scenarios.trips import VEHICLE_CLASSES
from .remembering import Remembers
from .turn_graph import build_turn_graph

if TYPE_CHECKING:
    from .travel_times import TravelTimes

# Seconds that drivers expect to lose where no signal tells: orders of magnitude at moderate traffic (HCM 6, level of
# service A at unsignalised junctions is up to 10 s). They steer people away from needless turns, no more.
YIELD_S, STOP_S, ACROSS_S, UTURN_S = 3.0, 6.0, 3.0, 15.0


@dataclass(frozen=True, slots=True)
class RouteTable:
    """Routes of trips, in the order they were asked for; a trip without a way has an empty one."""

    start: NDArray[np.int64]  # [trip + 1] where each route begins in link
    link: Ints  # from the origin link to the destination link, both included
    cost_s: Floats  # [trip] expected time; inf without a way

    def route(self, trip: int) -> Ints:
        """Links of one trip."""
        return self.link[self.start[trip] : self.start[trip + 1]]

    @classmethod
    def of(cls, routes: Sequence[Ints], cost_s: Floats) -> RouteTable:
        """Routes one after the other."""
        start = np.cumsum([0, *(route.size for route in routes)])
        return cls(start, np.concatenate([np.zeros(0, np.int32), *routes]), cost_s)

    def differs(self, other: RouteTable) -> Bools:
        """Whose route is not the same in another table of the same trips, ``[trip]``."""
        sizes = np.diff(self.start)
        result = sizes != np.diff(other.start)
        trip = np.repeat(np.arange(sizes.size), sizes)
        alike = ~result[trip]
        trip_alike = np.repeat(~result, np.diff(other.start))
        result[trip[alike][self.link[alike] != other.link[trip_alike]]] = True
        return np.asarray(result)

    def with_those_of(self, other: RouteTable, take: Bools) -> RouteTable:
        """The routes of another table for some trips (``[trip]``), the others' as they are."""
        routes = [(other if taken else self).route(trip) for trip, taken in enumerate(take)]
        return RouteTable.of(routes, np.where(take, other.cost_s, self.cost_s))


class Router(Remembers):
    """Plans routes on one network, on what is known at the moment.

    Parameters
    ----------
    network
        Streets and turns.

    Attributes
    ----------
    link_s : [link]
        Time expected on a link itself, without the wait at its end; ``observe`` and ``set_speed`` change it.
    movement_s : [movement]
        Time expected for a turn: the wait for green or for a gap, and the way through the junction.
    open_link : [link]
        False: closed to whoever plans now. May be written to; who is on a closed link may still leave it.
    """

    KEEPS = ("_free_s", "link_s", "movement_s", "open_link")

    def __init__(self, network: RoadNetwork) -> None:
        links, movements = network.links, network.movements
        self.network = network
        self._graphs: dict[int, TurnGraph] = {}
        self._free_s = links.length_m / links.speed_mps
        self._through_s = drive_through_s(network)
        wait_s = expected_wait_s(network)
        self._wait_s = wait_s
        self.movement_s = self._through_s + wait_s
        count = np.bincount(movements.from_link, minlength=network.link_count)
        total_s = np.bincount(movements.from_link, weights=wait_s, minlength=network.link_count)
        self._wait_at_end_s = total_s / np.maximum(count, 1)
        self.link_s = self._free_s.copy()
        self.open_link = np.ones(network.link_count, np.bool_)
        self._pair = movements.from_link.astype(np.int64) * network.link_count + movements.to_link

    def set_speed(self, link: int, speed_mps: float) -> None:
        """Take note of another speed limit."""
        self._free_s[link] = self.network.links.length_m[link] / speed_mps
        self.link_s[link] = self._free_s[link]

    def observe(self, link_time_s: Floats, turn_more_s: Floats | None = None) -> None:
        """Learn how long links took lately.

        Parameters
        ----------
        link_time_s : [link]
            Wait at the end included; NaN where nobody drove.
        turn_more_s : [movement]
            How much longer than others on their link those took who queued in the lanes of a turn; NaN: not known.
        """
        driven_s = np.maximum(np.maximum(link_time_s, self._free_s) - self._wait_at_end_s, 0.0)
        self.link_s = np.where(np.isnan(link_time_s), self._free_s, driven_s)
        if turn_more_s is not None:
            usual_s = self._through_s + self._wait_s
            self.movement_s = np.maximum(usual_s + np.nan_to_num(turn_more_s, nan=0.0), self._through_s)

    def plan(
        self,
        origin: Ints,
        destination: Ints,
        key: NDArray[np.uint64],
        *,
        noise: float,
        seed: int,
        cost_s: Floats | None = None,
        open_link: Bools | None = None,
        allowed_next: tuple[NDArray[np.int64], Ints] | None = None,
        vehicle_class: Bytes | None = None,
        extra_s: Floats | None = None,
        times: TravelTimes | None = None,
        depart_s: Floats | None = None,
    ) -> RouteTable:
        """Route of every trip from its origin link to its destination link.

        Parameters
        ----------
        origin, destination : [trip]
            Rows of links. To plan anew, the link where the vehicle is now.
        key : [trip]
            Names the person: the same person misjudges the same links each time.
        noise
            Spread of perception: a link's time is believed to be ``exp(noise * z)`` times what is expected.
        seed
            Of the run.
        cost_s : [link]
            Replaces ``link_s``.
        open_link : [link]
            Replaces the router's own.
        allowed_next : (start [trip + 1], link [...])
            Links into which a vehicle may turn from its lane, ``link[start[i]:start[i + 1]]``; an empty range: any.
        vehicle_class : [trip]
            Rows of ``VEHICLE_CLASSES``; all cars without it.
        extra_s : [movement]
            What movements cost besides their time, in seconds: tolls.
        times
            Replace ``link_s`` and ``movement_s`` by times that depend on when a link is entered.
        depart_s : [trip]
            When each sets out, s; needed with ``times``.
        """
        origin = np.asarray(origin, np.int32)
        start, first = (np.zeros(origin.size + 1, np.int64), np.zeros(0, np.int32))
        if allowed_next is not None:
            start, first = np.asarray(allowed_next[0], np.int64), np.asarray(allowed_next[1], np.int32)
        wishes = Wishes(
            origin, np.asarray(destination, np.int32), np.asarray(key, np.uint64), start, np.ascontiguousarray(first)
        )
        is_open = self.open_link if open_link is None else np.asarray(open_link, np.bool_)
        paid_s = np.zeros(self.movement_s.size) if extra_s is None else extra_s
        if times is None:
            link_s = self.link_s if cost_s is None else np.asarray(cost_s, np.float64)
            expected = Expectation(link_s, self.movement_s, is_open, extra_s=paid_s)
        else:
            expected = Expectation(times.link_s, times.movement_s, is_open, times.every_s, paid_s)
            wishes = wishes._replace(depart_s=np.asarray(depart_s, np.float64))
        kinds = np.zeros(1, np.int8) if vehicle_class is None else np.unique(vehicle_class)
        if vehicle_class is None or kinds.size <= 1:
            kind = int(kinds[0]) if kinds.size else 0
            whole = plan_routes(self._graph(kind), self._at_own_speed(expected, kind), wishes, seed=seed, noise=noise)
            return RouteTable(*whole)
        parts = []
        for kind in kinds:
            rows = np.flatnonzero(vehicle_class == kind)
            own = self._at_own_speed(expected, int(kind))
            planned = plan_routes(self._graph(int(kind)), own, _only(wishes, rows), seed=seed, noise=noise)
            parts.append((rows, RouteTable(*planned)))
        return merged(parts, origin.size)

    def free_flow_s(self, routes: RouteTable, top_mps: Floats | None = None) -> Floats:
        """Time of each route with empty streets and green lights, ``[trip]``; NaN without a way.

        ``top_mps`` (``[trip]``) is how fast each goes where the limit is higher; left out, all go at the limit.
        """
        trips = routes.cost_s.size
        length = np.diff(routes.start)
        trip = np.repeat(np.arange(trips), length)
        most_mps = np.full(trips, np.inf) if top_mps is None else top_mps
        links_m, turns_m = self.network.links.length_m, self.network.movements.length_m
        link_s = np.maximum(self._free_s[routes.link], links_m[routes.link] / most_mps[trip])
        total_s = np.bincount(trip, weights=link_s, minlength=trips)
        start, movement = self.turns(routes)
        trip = np.repeat(np.arange(trips), np.diff(start))
        turn_s = np.maximum(self._through_s[movement], turns_m[movement] / most_mps[trip])
        total_s += np.bincount(trip, weights=turn_s, minlength=trips)
        return np.where(length > 0, total_s, np.nan)

    def turns(self, routes: RouteTable) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the turns of each route begin, ``[trip + 1]``, and their movements, one after the other."""
        length = np.diff(routes.start)
        trip = np.repeat(np.arange(length.size), length)
        inside = trip[1:] == trip[:-1]
        pair = routes.link[:-1].astype(np.int64) * self.network.link_count + routes.link[1:]
        start = np.concatenate([[0], np.cumsum(np.maximum(length - 1, 0))])
        return start, np.searchsorted(self._pair, pair[inside])

    def _at_own_speed(self, expected: Expectation, vehicle_class: int) -> Expectation:
        """What a class that is slower than the limits expects: no less time on a link than it takes."""
        top_mps = OF_CLASS[VEHICLE_CLASSES[vehicle_class]].get("top_speed_mps")  # type: ignore[index]
        if top_mps is None:
            return expected
        own_s = self.network.links.length_m / top_mps
        own_s = own_s if expected.link_s.ndim == 1 else own_s[:, np.newaxis]
        return expected._replace(link_s=np.maximum(expected.link_s, own_s))

    def _graph(self, vehicle_class: int) -> TurnGraph:
        if vehicle_class not in self._graphs:
            access = MODES[VEHICLE_CLASSES[vehicle_class]]
            self._graphs[vehicle_class] = build_turn_graph(self.network, access)
        return self._graphs[vehicle_class]


def drive_through_s(network: RoadNetwork) -> Floats:
    """Time from stop line to the next link at the speed of the curve, ``[movement]``, fastest lane."""
    connectors = network.connectors
    through_s = np.full(network.movements.from_link.size, np.inf)
    np.minimum.at(through_s, connectors.movement, connectors.length_m / connectors.speed_mps)
    return np.where(np.isinf(through_s), 0.0, through_s)


def expected_wait_s(network: RoadNetwork) -> Floats:
    """Time a driver expects to lose before each movement when traffic is light, ``[movement]``.

    At signals the first term of Webster's delay (1958) without load: ``(cycle - green)² / (2 cycle)``, best lane.
    Elsewhere fixed sums for giving way, stopping, crossing the oncoming traffic and turning round.
    """
    connectors, movements = network.connectors, network.movements
    wait_s = np.where(_any_by_row(connectors.foe_start, connectors.foe_yield), YIELD_S, 0.0)
    wait_s[connectors.stop] = STOP_S
    red_s = _red_wait_s(network)
    has_signal = (connectors.signal >= 0) & (connectors.group >= 0)
    wait_s[has_signal] = [
        red_s[s][g] for s, g in zip(connectors.signal[has_signal], connectors.group[has_signal], strict=True)
    ]
    least_s = np.full(movements.from_link.size, np.inf)
    np.minimum.at(least_s, connectors.movement, wait_s)
    least_s[np.isinf(least_s)] = 0.0
    across = Turn.RIGHT if network.drives_on_left else Turn.LEFT
    return (
        least_s
        + np.where(movements.turn == across, ACROSS_S, 0.0)
        + np.where(movements.turn == Turn.UTURN, UTURN_S, 0.0)
    )


def _red_wait_s(network: RoadNetwork) -> list[Floats]:
    """Mean wait of a random arrival, for each group of each controller; a group that never gets green waits a cycle."""
    signals = network.signals
    waits = []
    for controller, groups in enumerate(signals.group_count.tolist()):
        first, last = signals.phase_start[controller], signals.phase_start[controller + 1]
        phase_s = signals.phase_s[first:last]
        lights = signals.light[signals.light_start[first] : signals.light_start[last]].reshape(last - first, groups)
        cycle_s = float(phase_s.sum())
        green_s = (phase_s[:, None] * (lights >= Light.GREEN_YIELD)).sum(axis=0)
        waits.append(np.where(green_s > 0, (cycle_s - green_s) ** 2 / (2 * max(cycle_s, 1e-9)), cycle_s))
    return waits


def _any_by_row(start: NDArray[np.integer], flags: Bools) -> Bools:
    """Whether any flag of a compressed row is set, ``[row]``."""
    sums = np.concatenate(([0], np.cumsum(flags)))
    return np.asarray(sums[start[1:]] > sums[start[:-1]])


def _only(wishes: Wishes, rows: NDArray[np.int64]) -> Wishes:
    """The same wishes for some of the trips."""
    length = np.diff(wishes.first_start)
    keep = np.zeros(length.size, np.bool_)
    keep[rows] = True
    return Wishes(
        wishes.origin[rows],
        wishes.destination[rows],
        wishes.key[rows],
        np.concatenate(([0], np.cumsum(length[rows]))),
        wishes.first_link[np.repeat(keep, length)],
        wishes.depart_s[rows] if wishes.depart_s.size else wishes.depart_s,
    )


def merged(parts: list[tuple[NDArray[np.int64], RouteTable]], trips: int) -> RouteTable:
    """One table from the tables of some rows each."""
    length, cost_s = np.zeros(trips, np.int64), np.empty(trips)
    for rows, table in parts:
        length[rows], cost_s[rows] = np.diff(table.start), table.cost_s
    start = np.concatenate(([0], np.cumsum(length)))
    link = np.empty(start[-1], np.int32)
    for rows, table in parts:
        for row, trip in enumerate(rows):
            link[start[trip] : start[trip + 1]] = table.route(row)
    return RouteTable(start, link, cost_s)
