"""Hold all trips of a run in one table, and build it from a scenario's demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .chance import keys_of
from .network import Bytes, Floats, Ints, RoadNetwork
from .problems import Problem, ScenarioError

if TYPE_CHECKING:
    from .scenario import Scenario

VEHICLE_CLASSES = ("car", "truck", "bus", "emergency", "bicycle")


@dataclass(frozen=True, slots=True, eq=False)
class TripTable:
    """Who wants to go where and when. Shapes ``[trip]``, sorted by departure, then id."""

    id: tuple[str, ...]
    key: NDArray[np.uint64]  # stands for the id in the random numbers
    depart_s: Floats  # after the scenario's start
    origin_link: Ints
    destination_link: Ints
    origin_m: Floats  # along the link; NaN: its middle
    destination_m: Floats
    vehicle_class: Bytes  # row in VEHICLE_CLASSES
    route_start: NDArray[np.int64]  # [trip + 1] into route_link; nothing there: the driver finds the way
    route_link: Ints  # links of the routes that are given, from origin to destination

    def __len__(self) -> int:
        return len(self.id)

    def route(self, trip: int) -> Ints:
        """The links a trip is bound to drive; empty where its driver finds the way."""
        return self.route_link[self.route_start[trip] : self.route_start[trip + 1]]

    def routes(self, rows: NDArray[np.integer]) -> tuple[NDArray[np.int64], Ints]:
        """Where the given routes of some trips begin, ``[n + 1]``, and their links, one after the other."""
        return _reordered((self.route_start, self.route_link), rows)

    def part(
        self, rows: NDArray[np.integer], *, ids: Sequence[str] | None = None, depart_s: Floats | None = None
    ) -> TripTable:
        """A table of some of the trips, a trip as often as it is named, with other ids or departures if you like."""
        return TripTable.sorted(
            [self.id[row] for row in rows.tolist()] if ids is None else ids,
            self.depart_s[rows] if depart_s is None else depart_s,
            self.origin_link[rows],
            self.destination_link[rows],
            origin_m=self.origin_m[rows],
            destination_m=self.destination_m[rows],
            vehicle_class=self.vehicle_class[rows],
            routes=self.routes(rows),
        )

    def bound_to(self, trips: NDArray[np.integer], start: NDArray[np.int64], link: Ints) -> TripTable:
        """The same trips, of which some (rows) are bound to routes: ``link[start[i]:start[i + 1]]``."""
        sizes = np.diff(self.route_start)
        sizes[trips] = np.diff(start)
        begin = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        links = np.empty(begin[-1], np.int32)
        given = np.ones(len(self), np.bool_)
        given[trips] = False
        links[np.repeat(given, sizes)] = self.route_link[np.repeat(given, np.diff(self.route_start))]
        links[np.repeat(~given, sizes)] = link
        for column in (begin, links):
            column.setflags(write=False)
        return replace(self, route_start=begin, route_link=links)

    def open_ended(self) -> TripTable:
        """The same trips, whose ends may still be written to: people who learn on the way where they go."""
        ends = ("origin_link", "destination_link", "origin_m", "destination_m")
        return replace(self, **{name: getattr(self, name).copy() for name in ends})

    @classmethod
    def sorted(
        cls,
        ids: Sequence[str],
        depart_s: Floats,
        origin_link: Ints,
        destination_link: Ints,
        *,
        origin_m: Floats | None = None,
        destination_m: Floats | None = None,
        vehicle_class: Bytes | None = None,
        routes: tuple[NDArray[np.int64], Ints] | None = None,
    ) -> TripTable:
        """A table from columns in any order.

        Positions left out are in the middle of the link, vehicles are cars, and drivers find their way. ``routes`` are
        where each one begins (``[trip + 1]``) in the links of all, and these.
        """
        count = len(ids)
        order = np.lexsort((np.array(ids, dtype=str), depart_s))
        names = tuple(ids[row] for row in order)
        middle = np.full(count, np.nan)
        table = cls(
            names,
            keys_of(names),
            np.asarray(depart_s, np.float64)[order],
            np.asarray(origin_link, np.int32)[order],
            np.asarray(destination_link, np.int32)[order],
            middle if origin_m is None else np.asarray(origin_m, np.float64)[order],
            middle if destination_m is None else np.asarray(destination_m, np.float64)[order],
            np.zeros(count, np.int8) if vehicle_class is None else np.asarray(vehicle_class, np.int8)[order],
            *_reordered(routes or (np.zeros(count + 1, np.int64), np.zeros(0, np.int32)), order),
        )
        for column in cls.__dataclass_fields__:
            if column != "id":
                getattr(table, column).setflags(write=False)
        return table

    @classmethod
    def joined(cls, tables: Sequence[TripTable]) -> TripTable:
        """All trips of several tables; their ids must differ."""
        if not tables:
            return cls.sorted((), np.zeros(0), np.zeros(0, np.int32), np.zeros(0, np.int32))
        return cls.sorted(
            [name for table in tables for name in table.id],
            np.concatenate([table.depart_s for table in tables]),
            np.concatenate([table.origin_link for table in tables]),
            np.concatenate([table.destination_link for table in tables]),
            origin_m=np.concatenate([table.origin_m for table in tables]),
            destination_m=np.concatenate([table.destination_m for table in tables]),
            vehicle_class=np.concatenate([table.vehicle_class for table in tables]),
            routes=(
                np.concatenate([[0], np.cumsum(np.concatenate([np.diff(table.route_start) for table in tables]))]),
                np.concatenate([table.route_link for table in tables]),
            ),
        )


def _reordered(routes: tuple[NDArray[np.int64], Ints], order: NDArray[np.integer]) -> tuple[NDArray[np.int64], Ints]:
    """The same routes in another order of trips."""
    start, link = routes
    sizes = np.diff(start)[order]
    begin = np.concatenate([[0], np.cumsum(sizes)])
    place = np.arange(begin[-1]) + np.repeat(start[:-1][order] - begin[:-1], sizes)
    return begin.astype(np.int64), np.asarray(link, np.int32)[place]


def build_trips(scenario: Scenario, network: RoadNetwork) -> TripTable:
    """Trips of all demand of a scenario. Whether there is a way is the router's affair: such trips stay in the table.

    Raises
    ------
    ScenarioError
        With every problem of every demand file.
    """
    tables, problems = _made(scenario, network)
    if problems:
        raise ScenarioError(problems)
    return TripTable.joined(tables)


def check_demand_files(scenario: Scenario, network: RoadNetwork | None = None) -> list[Problem]:
    """Every problem of a scenario's demand files; with a network also whether their places exist in it."""
    from .demand import check_files

    return check_files(scenario) if network is None else _made(scenario, network)[1]


def _made(scenario: Scenario, network: RoadNetwork) -> tuple[list[TripTable], list[Problem]]:
    """Trips of each item of demand, and every problem."""
    if scenario.streets:
        from .moved_trips import trips_on_changed

        return trips_on_changed(scenario, network)
    from .demand import make_trips

    return make_trips(scenario, network)
