"""Read what SUMO's additional files put on the streets: detectors, closures, signal programmes and the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .network import RoadNetwork
from .problems import closest_hint
from .sumo_left_out import LeftOut
from .sumo_signals import Programme, read_programmes
from .sumo_xml import Node, SumoFile, truth

LOOPS = ("e1Detector", "inductionLoop", "instantInductionLoop")
DRAWN = ("poly", "poi", "param")  # pictures on the map
LONGEST_S = 86_400.0
# What is known and has no counterpart, in words.
KNOWN: Mapping[str, str] = {
    "trainStop": "stops of trains",
    "containerStop": "container stops",
    "parkingArea": "parking areas",
    "chargingStation": "charging stations",
    "e2Detector": "lane area detectors (E2)",
    "laneAreaDetector": "lane area detectors (E2)",
    "e3Detector": "entry-exit detectors (E3)",
    "entryExitDetector": "entry-exit detectors (E3)",
    "edgeData": "edgeData outputs: citytwin writes its own table of links",
    "laneData": "laneData outputs",
    "routeProbe": "route probes",
    "calibrator": "calibrators",
    "variableSpeedSign": "variable speed signs",
    "taz": "traffic assignment zones",
    "tazs": "traffic assignment zones",
    "timedEvent": "outputs at events",
    "WAUT": "changes between signal programmes (WAUT)",
    "wautJunction": "changes between signal programmes (WAUT)",
}


@dataclass(slots=True)
class SumoAdditional:
    """Sensors, events and signal programmes of any number of files, as entries of a scenario file."""

    network: RoadNetwork
    other_edges: set[str]
    earlier_m: Mapping[str, float]  # by how much links begin earlier than edges
    begin_s: float
    duration_s: float
    left_out: LeftOut
    programmes: dict[str, Programme]  # in force so far, by signal
    sensors: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)  # signals whose programme is not the net's

    def take(self, file: SumoFile, node: Node) -> None:
        """Read one element; what is not understood is noted."""
        if node.tag in LOOPS:
            self._take_loop(file, node)
        elif node.tag == "tlLogic":
            self._take_programme(file, node)
        elif node.tag == "rerouter":
            for interval in node.all("interval"):
                self._take_closures(file, node, interval)
        elif node.tag not in DRAWN:
            self.left_out.note(KNOWN.get(node.tag, f"<{node.tag}>"), node.get("id"))

    def _take_loop(self, file: SumoFile, node: Node) -> None:
        name, lane = file.text(node, "id"), file.text(node, "lane")
        if node.tag == "instantInductionLoop":
            self.left_out.note("instant induction loops: they count by intervals here", name)
        place = self._lane(file, node, "lane", lane)
        if place is None:
            return
        link, index = place
        length_m = float(self.network.links.length_m[self.network.link_row[link]])
        position_m = file.number(node, "pos")
        position_m += length_m if position_m < 0 else self.earlier_m.get(link, 0.0)
        if -2.0 <= position_m < 0:  # on the part of the edge that belongs to the junction here
            position_m = 0.0
        if not 0 <= position_m <= length_m and not math.isnan(position_m):
            if not truth(node.get("friendlyPos")):
                file.complain(node, "pos", node.get("pos"), f"lies beyond the lane ({length_m:.2f} m).")
            position_m = min(max(position_m, 0.0), length_m)
        every = "period" if node.get("period") else "freq"
        every_s = file.seconds(node, every, min(max(self.duration_s, 1.0), LONGEST_S))
        if every_s < 1 or every_s > LONGEST_S:
            self.left_out.note("intervals of loops below 1 s or above a day: the nearest of these", name)
            every_s = min(max(every_s, 1.0), LONGEST_S)
        self.sensors.append(
            {
                "kind": "loop",
                "id": name,
                "link": link,
                "lane": index,
                "position_m": round(position_m, 3),
                "every_s": every_s,
            }
        )
        if node.get("vTypes"):
            self.left_out.note("loops for some vehicle types: they count all", name)

    def _take_programme(self, file: SumoFile, node: Node) -> None:
        name = node.get("id")
        if name and name not in self.programmes:
            file.complain(node, "id", name, f"no such signal in the net.{closest_hint(name, self.programmes)}")
            return
        self.programmes = read_programmes(file, [node], self.programmes)
        self.changed.add(name)

    def _take_closures(self, file: SumoFile, rerouter: Node, interval: Node) -> None:
        begin_s = max(file.seconds(interval, "begin", 0.0) - self.begin_s, 0.0)
        end_s = file.seconds(interval, "end", math.inf) - self.begin_s
        for node in interval.children:
            if node.tag not in ("closingReroute", "closingLaneReroute"):
                self.left_out.note(f"rerouters' {node.tag}", rerouter.get("id"))
                continue
            if node.get("allow") or node.get("disallow") not in ("", "all"):
                self.left_out.note("closures for some vehicle classes: closed to all", node.get("id"))
            if end_s <= begin_s:
                self.left_out.note("closures outside the simulated time", node.get("id"))
                continue
            if file.number(rerouter, "probability", 1.0) < 1:
                self.left_out.note("rerouters for some drivers only: whoever sees the closure looks for a way", "")
            event: dict[str, Any] = {"kind": "road_closure", "start_s": begin_s}
            if math.isfinite(end_s):
                event["end_s"] = end_s
            if node.tag == "closingReroute":
                link = file.text(node, "id")
                if not self._known(file, node, "id", link):
                    continue
                event["link"] = link
            else:
                place = self._lane(file, node, "id", file.text(node, "id"))
                if place is None:
                    continue
                event |= {"link": place[0], "lanes": [place[1]]}
            self.events.append(event)

    def _known(self, file: SumoFile, node: Node, key: str, link: str) -> bool:
        if link in self.network.link_row:
            return True
        if link in self.other_edges or link.startswith(":"):
            self.left_out.note(f"{node.tag} on edges that are no roads here", link)
        elif link:
            file.complain(node, key, link, f"no such edge in the net.{closest_hint(link, self.network.links.id)}")
        return False

    def _lane(self, file: SumoFile, node: Node, key: str, lane: str) -> tuple[str, int] | None:
        """Link and place from the kerb of a lane id."""
        link, _, index = lane.rpartition("_")
        if not self._known(file, node, key, link or lane):
            return None
        row = self.network.link_row[link]
        count = int(self.network.links.lane_start[row + 1] - self.network.links.lane_start[row])
        if not index.isdecimal() or int(index) >= count:
            file.complain(node, key, lane, f"no such lane: the edge {link} has {count}, from 0 on.")
            return None
        return link, int(index)
