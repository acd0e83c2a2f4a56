"""Turn SUMO's bus stops, and the buses that stand at them, into lines of buses."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .network import RoadNetwork
from .problems import closest_hint
from .public_transport import LEAST_FROM_BEGINNING_M, LEAST_FROM_END_M, LEAST_HEADWAY_S, LONGEST_DWELL_S
from .sumo_left_out import LeftOut
from .sumo_xml import Node, SumoFile, truth

if TYPE_CHECKING:
    from .sumo_demand import FoundTrip

DRIVES_ON = "stops of vehicles: they drive on"
ELSEWHERE = ("containerStop", "parkingArea", "chargingStation", "trainStop")
WAITS = ("triggered", "expected", "expectedContainers")
SAME_S = 1e-6


@dataclass(frozen=True, slots=True)
class StopCall:
    """Where a vehicle is to stand, and for how long."""

    link: str
    position_m: float  # of its front
    dwell_s: float
    name: str  # of the stop; "" where it has none


@dataclass(slots=True)
class SumoStops:
    """Bus stops of any number of files, and who calls at them."""

    network: RoadNetwork
    other_edges: set[str]
    earlier_m: Mapping[str, float]  # by how much links begin earlier than edges
    left_out: LeftOut
    _places: dict[str, tuple[str, float, str]] = field(default_factory=dict)  # link, end, name of each bus stop
    _elsewhere: set[str] = field(default_factory=set)  # bus stops on edges that are no roads here

    def take(self, file: SumoFile, node: Node) -> None:
        """Read one bus stop."""
        name, lane = file.text(node, "id"), file.text(node, "lane")
        place = self._place(file, node, lane)
        if place is None:
            self._elsewhere.add(name)
        else:
            self._places[name] = *place, node.get("name", name)

    def calls(self, file: SumoFile, node: Node) -> tuple[StopCall, ...] | None:
        """Where a vehicle or route stands; None where that cannot be said of one of its stops."""
        found = [self._call(file, stop) for stop in node.all("stop")]
        return None if None in found else tuple(call for call in found if call is not None)

    def _call(self, file: SumoFile, stop: Node) -> StopCall | None:
        wanted = stop.get("busStop")
        if wanted and wanted not in self._places:
            if wanted not in self._elsewhere:
                hint = closest_hint(wanted, self._places)
                file.complain(stop, "busStop", wanted, f"no such bus stop before this line.{hint}")
            return None
        dwell_s = file.seconds(stop, "duration", math.nan)
        if any(stop.get(key) for key in ELSEWHERE) or any(truth(stop.get(key)) for key in WAITS):
            return None
        if not 0.0 <= dwell_s <= LONGEST_DWELL_S:
            return None
        lane = stop.get("lane") or f"{stop.get('edge')}_0"
        place = self._places[wanted][:2] if wanted else self._place(file, stop, lane)
        if place is None:
            return None
        if stop.get("until"):
            self.left_out.note("times until which buses wait at stops: they stand for the duration", wanted)
        if truth(stop.get("parking")):
            self.left_out.note("stops beside the lane: buses stand on it", wanted)
        return StopCall(*place, dwell_s, self._places[wanted][2] if wanted else "")

    def _place(self, file: SumoFile, node: Node, lane: str) -> tuple[str, float] | None:
        """Link and metres to the end of a stop; None, with a complaint or a note, where there is none."""
        link = lane.rpartition("_")[0]
        row = self.network.link_row.get(link)
        if row is None:
            if link in self.other_edges or link.startswith(":"):
                self.left_out.note("bus stops on edges that are no roads here", node.get("id"))
            else:
                hint = closest_hint(link, self.network.links.id)
                file.complain(node, "lane", lane, f"no such edge in the net.{hint}")
            return None
        length_m = float(self.network.links.length_m[row])
        if not node.get("endPos"):
            return link, length_m
        at_m = file.number(node, "endPos")
        return link, min(max(at_m + (length_m if at_m < 0 else self.earlier_m.get(link, 0.0)), 0.0), length_m)


def bus_lines(
    trips: Sequence[FoundTrip], network: RoadNetwork, begin_s: float, left_out: LeftOut
) -> tuple[list[dict[str, Any]], list[FoundTrip]]:
    """Lines for all buses that stand somewhere, as entries of a scenario file, and the trips of everybody else."""
    alike: dict[str, tuple[list[dict[str, Any]], list[FoundTrip]]] = {}
    others = []
    for trip in trips:
        stops = _stops(trip, network, left_out) if trip.calls else None
        if stops is None:
            others.append(trip)
            left_out.note(DRIVES_ON, trip.id, len(trip.calls))
        else:
            alike.setdefault(repr((_stem(trip), trip.links, stops)), (stops, []))[1].append(trip)
    lines: dict[str, dict[str, Any]] = {}
    for stops, buses in alike.values():
        for run in _regular(sorted(buses, key=lambda trip: trip.depart_s)):
            name = _stem(run[0]) if len(run) > 1 else ""
            name = name if name and name not in lines else run[0].id
            lines[name] = _line(name, run, stops, begin_s)
    return list(lines.values()), others


def _stem(trip: FoundTrip) -> str:
    """What the buses of a line are called but for their numbers: line 11 has 11_0 and 11_300."""
    return re.sub(r"[\W_]*\d+$", "", trip.id)


def _regular(buses: list[FoundTrip]) -> Iterator[list[FoundTrip]]:
    """Buses that follow one another at one headway, run by run."""
    run = buses[:1]
    for bus in buses[1:]:
        gap_s = bus.depart_s - run[-1].depart_s
        if gap_s < LEAST_HEADWAY_S or (len(run) > 1 and abs(gap_s - (run[1].depart_s - run[0].depart_s)) > SAME_S):
            yield run
            run = []
        run.append(bus)
    yield run


def _line(name: str, buses: list[FoundTrip], stops: list[dict[str, Any]], begin_s: float) -> dict[str, Any]:
    first_s, last_s = buses[0].depart_s - begin_s, buses[-1].depart_s - begin_s
    headway_s = (last_s - first_s) / (len(buses) - 1) if len(buses) > 1 else 3600.0
    return {
        "id": name,
        "kind": "bus_line",
        "headway_s": round(headway_s, 6),
        "start_s": first_s,
        "end_s": last_s + 0.5 * headway_s,
        "route": list(buses[0].links),
        "stops": stops,
    }


def _stops(trip: FoundTrip, network: RoadNetwork, left_out: LeftOut) -> list[dict[str, Any]] | None:
    """Stops of a bus with the ends of its way; None where its line would not be one of ours."""
    ends = (StopCall(trip.links[0], trip.origin_m, 0.0, ""), StopCall(trip.links[-1], trip.destination_m, 0.0, ""))
    stops: list[dict[str, Any]] = []
    step, at_m = 0, -math.inf
    for number, call in enumerate((ends[0], *trip.calls, ends[1])):
        length_m = float(network.links.length_m[network.link_row[call.link]])
        inner = 0 < number <= len(trip.calls)
        apart_m = 1.0 if inner else 0.0  # a stop is behind where the bus appears, and before where it leaves
        least_m, most_m = LEAST_FROM_BEGINNING_M + apart_m, length_m - LEAST_FROM_END_M - apart_m
        place_m = math.floor(1000.0 * min(max(call.position_m, least_m), most_m)) / 1000.0
        if most_m < least_m or call.link not in trip.links[step:]:
            return None
        onward = trip.links[step:].index(call.link)
        if onward == 0 and place_m <= at_m:
            return None
        step, at_m = step + onward, place_m
        moved = inner and abs(place_m - call.position_m) > 0.01
        left_out.note("bus stops nearer to a junction than a bus is long: further off", call.name, int(moved))
        said: dict[str, Any] = {"link": call.link, "position_m": place_m}
        stops.append(
            said | ({"dwell_min_s": call.dwell_s} if inner else {}) | ({"name": call.name} if call.name else {})
        )
    return stops
