"""Describe lines of buses, and make the trips of their buses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from .strict import EndSeconds, Listed, Seconds, Strict
from .trips import VEHICLE_CLASSES, TripTable

if TYPE_CHECKING:
    from .network import RoadNetwork
    from .scenario import Scenario

LEAST_FROM_BEGINNING_M = 12.0  # a bus is so long: its rear would stand in the junction
LEAST_FROM_END_M = 8.0  # it would stand at the stop line
LEAST_HEADWAY_S = 30.0
LONGEST_DWELL_S = 600.0  # that may be asked for whoever gets on


class Stop(Strict):
    """A place where the buses of a line stand while people get on and off."""

    link: str = Field(min_length=1, description="Link id as listed by `citytwin network`.")
    position_m: float | None = Field(
        None, ge=0, description="Metres from the beginning of the link to the front of the bus. Left out: its middle."
    )
    name: str | None = Field(None, min_length=1, description="What people call it.")
    boarding_per_h: float | None = Field(
        None, ge=0, description="Passengers who come to it in an hour. Left out: the line's."
    )
    dwell_min_s: float | None = Field(
        None, ge=0, le=LONGEST_DWELL_S, description="A bus stands so long at least at it, s. Left out: the line's."
    )

    @property
    def called(self) -> str:
        """Its name, or its link."""
        return self.name or self.link


class BusLine(Strict):
    """Buses that go from stop to stop, one every so often, and stand as long as people take to get on.

    At the first stop a bus appears at its time and takes whoever waits there; at the last one everybody gets off and
    it leaves the street. In between it stands on its lane. Passengers come evenly, and get off evenly over the stops
    ahead.
    """

    kind: Literal["bus_line"] = Field(description="`bus_line`.")
    id: str = Field(min_length=1, description="Its name or number, which the ids of its buses begin with.")
    stops: Listed[Stop] = Field(min_length=2, description="Its stops, in their order.")
    route: Listed[str] = Field(
        (),
        description="Links that it drives, from the first stop's to the last one's. Left out: the quickest way.",
    )
    headway_s: float = Field(ge=LEAST_HEADWAY_S, le=86_400, description="Between two buses, s.")
    start_s: Seconds = Field(0.0, description="The first bus sets out, seconds after the scenario's start.")
    end_s: EndSeconds = Field(
        None,
        description="No bus sets out from, seconds after the scenario's start. Left out: until the end of the run.",
    )
    boarding_per_h: float = Field(0.0, ge=0, le=100_000, description="Passengers who come to each stop in an hour.")
    # Transit Capacity and Quality of Service Manual (3rd edition), ch. 6: 2.75 s each with a smart card at one door.
    board_s_per_passenger: float = Field(2.75, ge=0, le=60, description="Time that one passenger takes to get on, s.")
    dwell_min_s: float = Field(
        10.0, ge=0, le=LONGEST_DWELL_S, description="A bus stands so long at least at each stop, s."
    )
    capacity: int = Field(80, ge=1, le=1000, description="Passengers that fit into one bus.")

    def boarding_per_h_at(self, stop: int) -> float:
        """Passengers who come to one of its stops in an hour."""
        own = self.stops[stop].boarding_per_h
        return self.boarding_per_h if own is None else own

    def dwell_min_s_at(self, stop: int) -> float:
        """How long a bus stands at one of its stops at least, s."""
        own = self.stops[stop].dwell_min_s
        return self.dwell_min_s if own is None else own

    def departures_s(self, duration_s: float) -> Iterator[float]:
        """When its buses set out, within a run of so long."""
        last_s = duration_s if self.end_s is None else min(self.end_s, duration_s)
        number = 0
        while (depart_s := self.start_s + number * self.headway_s) < last_s:
            yield depart_s
            number += 1

    def bus_id(self, start: dt.datetime, depart_s: float) -> str:
        """What the bus that sets out then is called: by the line and the clock, the same with any other headway."""
        at = start.replace(tzinfo=None) + dt.timedelta(seconds=depart_s)
        days = (at.date() - start.date()).days
        return f"{self.id}/{at:%H:%M:%S}" + (f"+{days}d" if days else "")


def stop_places(line: BusLine, network: RoadNetwork) -> list[tuple[int, float]]:
    """Link and metres along it of every stop of a line."""
    places = []
    for stop in line.stops:
        link = network.link_row[stop.link]
        middle_m = float(network.links.length_m[link]) / 2.0
        places.append((link, middle_m if stop.position_m is None else stop.position_m))
    return places


def bus_trips(scenario: Scenario, network: RoadNetwork) -> list[TripTable]:
    """Trips of the buses of every line."""
    return [_trips_of(line, scenario, network) for line in scenario.public_transport if _is_known(line, network)]


def _is_known(line: BusLine, network: RoadNetwork) -> bool:
    """Whether its links are there; where not, that is said of the scenario."""
    return all(link in network.link_row for link in (*(stop.link for stop in line.stops), *line.route))


def _trips_of(line: BusLine, scenario: Scenario, network: RoadNetwork) -> TripTable:
    depart_s = np.array(list(line.departures_s(scenario.duration_s)))
    count, places = depart_s.size, stop_places(line, network)
    route = np.array([network.link_row[link] for link in line.route], np.int32)
    return TripTable.sorted(
        [line.bus_id(scenario.start, second) for second in depart_s.tolist()],
        depart_s,
        np.full(count, places[0][0], np.int32),
        np.full(count, places[-1][0], np.int32),
        origin_m=np.full(count, places[0][1]),
        destination_m=np.full(count, places[-1][1]),
        vehicle_class=np.full(count, VEHICLE_CLASSES.index("bus"), np.int8),
        routes=(np.arange(count + 1, dtype=np.int64) * route.size, np.tile(route, count)),
    )
