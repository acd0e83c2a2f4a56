"""Read who travels in SUMO's route files: vehicles, trips, flows and routes become trips of ours."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from .chance import draws, keys_of, stream
from .given_routes import turns_by_class
from .network import RoadNetwork
from .problems import NO_VALUE, closest_hint
from .streets import MODES
from .sumo_buses import DRIVES_ON, StopCall, SumoStops
from .sumo_left_out import LeftOut
from .sumo_vehicle_types import LOOKS, VehicleType, VehicleTypes, choose
from .sumo_xml import Node, SumoFile
from .trips import VEHICLE_CLASSES

ROUTE_TAGS = ("vehicle", "trip", "flow", "route", "routeDistribution", "vType", "vTypeDistribution")
PEOPLE = ("person", "personFlow", "container", "containerFlow")
TAKEN = (
    *("id", "type", "route", "from", "to", "depart", "departPos", "arrivalPos"),
    *("begin", "end", "number", "vehsPerHour", "perHour", "period", "probability", "color"),
)
PLAIN_WORDS: Mapping[str, tuple[str, ...]] = {  # values that ask for nothing else than what happens here
    "departLane": ("best", "free", "first", "allowed", "best_prob"),
    "arrivalLane": ("current", "random"),
    "arrivalSpeed": ("current",),
}
MOST_OF_A_FLOW = 5_000_000


@dataclass(frozen=True, slots=True)
class FoundTrip:
    """One vehicle that sets out."""

    id: str
    depart_s: float  # by the clock of the files
    vehicle_type: VehicleType
    vehicle_class: str  # ours
    links: tuple[str, ...]  # its route; origin and destination only where it is free
    bound: bool
    origin_m: float
    destination_m: float
    calls: tuple[StopCall, ...] = ()  # where it stands on the way


@dataclass(slots=True)
class SumoDemand:
    """Trips of any number of files."""

    network: RoadNetwork
    other_edges: set[str]  # of the net, that are no links here
    earlier_m: Mapping[str, float]  # by how much links begin earlier than edges
    begin_s: float
    end_s: float  # inf: the simulation has no end
    seed: int  # for what the files leave to chance
    left_out: LeftOut
    types: VehicleTypes = field(init=False)
    stops: SumoStops = field(init=False)
    trips: list[FoundTrip] = field(default_factory=list)
    _routes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _calls_of_route: dict[str, tuple[StopCall, ...] | None] = field(default_factory=dict)
    _choices: dict[str, tuple[list[str], list[float]]] = field(default_factory=dict)
    _lines: dict[str, int] = field(default_factory=dict)
    _drivable: list[set[tuple[int, int]]] = field(init=False)
    _class_of_route: dict[tuple[tuple[str, ...], str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.types = VehicleTypes(self.left_out)
        self.stops = SumoStops(self.network, self.other_edges, self.earlier_m, self.left_out)
        self._drivable = turns_by_class(self.network)

    def take(self, file: SumoFile, node: Node) -> bool:
        """Read one element; whether it is one of demand."""
        if node.tag in ("vType", "vTypeDistribution"):
            self.types.take(file, node)
        elif node.tag == "route":
            self._take_route(file, node, file.text(node, "id"))
        elif node.tag == "routeDistribution":
            self._take_choice(file, node, file.text(node, "id"))
        elif node.tag in ("vehicle", "trip"):
            self._take_vehicle(file, node)
        elif node.tag == "flow":
            self._take_flow(file, node)
        elif node.tag == "busStop":
            self.stops.take(file, node)
        elif node.tag in PEOPLE:
            self.left_out.note(f"<{node.tag}>: only vehicles travel here", node.get("id"))
        else:
            return False
        return True

    def _take_route(self, file: SumoFile, node: Node, name: str) -> None:
        edges = tuple(re.split(r"[,\s]+", node.get("edges").strip())) if node.get("edges").strip() else ()
        if not edges:
            self.left_out.note("routes without edges", name)
            return
        times = max(file.integer(node, "repeat", 0), 0) + 1
        if node.get("cycleTime"):
            self.left_out.note("cycleTime of repeated routes", name)
        for edge in edges:
            if edge not in self.network.link_row and edge not in self.other_edges:
                hint = closest_hint(edge, self.network.links.id)
                file.complain(node, "edges", edge, f"no such edge in the net.{hint}")
        self._routes[name] = edges * times
        self._calls_of_route[name] = self.stops.calls(file, node)

    def _take_choice(self, file: SumoFile, node: Node, name: str) -> None:
        """A distribution of routes, defined inside or by name."""
        names, shares = [], []
        for place, inner in enumerate(node.all("route")):
            known = inner.get("refId") or inner.get("id") or f"{name} {place}"
            if inner.get("edges"):
                self._take_route(file, inner, known)
            elif known not in self._routes:
                file.complain(inner, "refId", known, f"no such route.{closest_hint(known, self._routes)}")
            if known in self._routes:
                names.append(known)
                shares.append(file.number(inner, "probability", 1.0, low=0.0))
        listed, written = node.get("routes").split(), node.get("probabilities").split()
        for place, known in enumerate(listed):
            if known not in self._routes:
                file.complain(node, "routes", known, f"no such route.{closest_hint(known, self._routes)}")
                continue
            names.append(known)
            shares.append(float(written[place]) if place < len(written) else 1.0)
        if not names or not sum(shares) > 0:
            file.complain(node, "", NO_VALUE, "holds no route with a probability above 0.")
            return
        self._choices[name] = names, shares

    def _take_vehicle(self, file: SumoFile, node: Node) -> None:
        name = file.text(node, "id")
        written = node.get("depart")
        if written in ("triggered", "containerTriggered", "split"):
            self.left_out.note(f'vehicles with depart="{written}"', name)
            return
        depart_s = self.begin_s if written == "begin" else file.seconds(node, "depart")
        if self._way(file, node, name) and not math.isnan(depart_s):
            self._note_attributes(node)
            self._add(file, node, name, depart_s, self.stops.calls(file, node))

    def _take_flow(self, file: SumoFile, node: Node) -> None:
        name = file.text(node, "id")
        times = self._times(file, node, name)
        if times is None or not self._way(file, node, name):
            return
        self._note_attributes(node)
        calls = self.stops.calls(file, node)
        for number, depart_s in enumerate(times):
            self._add(file, node, f"{name}.{number}", depart_s, calls)

    def _times(self, file: SumoFile, node: Node, name: str) -> list[float] | None:
        """Departures of a flow, s; None where it does not say how many."""
        begin = self.begin_s if node.get("begin") in ("", "begin") else file.seconds(node, "begin")
        end = file.seconds(node, "end", math.inf)
        number = file.integer(node, "number", -1, low=-1)
        last = min(end, self.end_s)
        per_hour = file.number(node, "vehsPerHour" if node.get("vehsPerHour") else "perHour", 0.0, low=0.0)
        random = re.fullmatch(r"\s*exp\(\s*([0-9.eE+-]+)\s*\)\s*", node.get("period"))
        if any(math.isnan(value) for value in (begin, end, per_hour)):
            return None
        if random or node.get("probability"):
            rate = float(random[1]) if random else file.number(node, "probability", low=0.0, high=1.0)
            if not math.isfinite(last) and number < 0:
                file.complain(node, "end", NO_VALUE, "is missing: neither the flow nor the simulation has an end.")
                return None
            if not rate > 0:
                return []
            drawn = self._random_gaps(name, rate, each_second=not random)
            return _until(drawn, begin, last, number)
        if number >= 0 and not per_hour and not node.get("period"):
            if not math.isfinite(end):
                if not math.isfinite(self.end_s):
                    file.complain(node, "end", NO_VALUE, "is missing: neither the flow nor the simulation has an end.")
                    return None
                end = self.end_s
            step = (end - begin) / max(number, 1)
        elif per_hour:
            step = 3600.0 / per_hour
        elif node.get("period"):
            step = file.seconds(node, "period")
        else:
            said = "needs one of number, vehsPerHour, period and probability."
            file.complain(node, "", NO_VALUE, said)
            return None
        if not step > 0:
            file.complain(node, "period", node.get("period", str(step)), "must be more than 0.")
            return None
        if number < 0 and not math.isfinite(last):
            file.complain(node, "end", NO_VALUE, "is missing: neither the flow nor the simulation has an end.")
            return None
        count = math.ceil((last - begin) / step - 1e-9) if math.isfinite(last) else number
        count = min(count, number) if number >= 0 else count
        return [begin + place * step for place in range(min(max(count, 0), MOST_OF_A_FLOW))]

    def _random_gaps(self, name: str, rate: float, *, each_second: bool) -> Iterator[float]:
        """Gaps between departures: exponential ones, or seconds until a draw in each second succeeds."""
        random = stream(self.seed, f"flow {name}")
        while True:
            for draw in random.random(256):
                if each_second:
                    yield 1.0 if rate >= 1 else float(math.floor(math.log1p(-draw) / math.log1p(-rate)) + 1)
                else:
                    yield -math.log1p(-float(draw)) / rate

    def _way(self, file: SumoFile, node: Node, name: str) -> bool:
        """Whether a vehicle or flow says where it goes in a way that is understood; complains or notes where not."""
        inner = next(node.all("route"), None)
        choice = next(node.all("routeDistribution"), None)
        if inner is not None:
            self._take_route(file, inner, f"!{name}")
            return f"!{name}" in self._routes
        if choice is not None:
            self._take_choice(file, choice, f"!{name}")
            return f"!{name}" in self._choices
        wanted = node.get("route")
        if wanted:
            if wanted in self._routes or wanted in self._choices:
                return True
            hint = closest_hint(wanted, [*self._routes, *self._choices])
            file.complain(node, "route", wanted, f"no such route before this line.{hint}")
            return False
        if node.get("from") and node.get("to"):
            for key in ("from", "to"):
                edge = node.get(key)
                if edge not in self.network.link_row and edge not in self.other_edges:
                    hint = closest_hint(edge, self.network.links.id)
                    file.complain(node, key, edge, f"no such edge in the net.{hint}")
            return True
        for key in ("fromTaz", "toTaz", "fromJunction", "toJunction", "from", "to"):
            if node.get(key):
                self.left_out.note(f"vehicles that travel between zones, junctions or to nowhere ({key})", name)
                return False
        if any(True for _ in node.all("stop")):
            self.left_out.note("vehicles whose way is given by their stops only", name)
            return False
        file.complain(node, "route", NO_VALUE, "is missing: give a route, or from and to.")
        return False

    def _note_attributes(self, node: Node) -> None:
        """Note what a vehicle asks for besides."""
        for key, value in node.attributes.items():
            if key in TAKEN or key in LOOKS or value in PLAIN_WORDS.get(key, ()):
                continue
            shown = value if not _is_number(value) else "a number"
            self.left_out.note(f"{key}={shown}", f'{node.tag} "{node.get("id")}"')

    def _add(self, file: SumoFile, node: Node, name: str, depart_s: float, calls: tuple[StopCall, ...] | None) -> None:
        """Add one vehicle, or note why not; ``calls`` are those at its own stops (None: not understood)."""
        if name in self._lines:
            file.complain(node, "id", name, f"stands in line {self._lines[name]} already. Ids differ.")
            return
        self._lines[name] = node.line
        if depart_s < self.begin_s or depart_s >= self.end_s:
            when = "before the simulation begins" if depart_s < self.begin_s else "after it ends"
            self.left_out.note(f"vehicles that set out {when}", name)
            return
        wanted = node.get("type", "DEFAULT_VEHTYPE")
        draw = self._draw(name, "vehicle type") if wanted in self.types.choices else 0.0
        kind = self.types.find(wanted, draw)
        if kind is None:
            hint = closest_hint(wanted, self.types.names())
            file.complain(node, "type", wanted, f"no such vehicle type before this line.{hint}")
            return
        if not kind.our_class:
            self.left_out.note(f"vehicles of the class {kind.vehicle_class}", name)
            return
        links, bound, way = self._links(node, name)
        if any(link not in self.network.link_row for link in links):
            known = all(link in self.other_edges for link in links if link not in self.network.link_row)
            if known:
                self.left_out.note("vehicles whose way uses edges that are no roads here", name)
            return
        if bound:
            as_class = self._class_for(links, kind)
            if not as_class:
                self.left_out.note("vehicles whose route has a turn that no vehicle can make here", name)
                return
        else:
            as_class = kind.our_class
        if kind.vehicle_class not in ("passenger", as_class):
            self.left_out.note(f"vehicles of the class {kind.vehicle_class} that drive as class {as_class}", name)
        origin_m = self._position(file, node, "departPos", links[0], 0.0)
        destination_m = self._position(file, node, "arrivalPos", links[-1], math.inf)
        if len(links) == 1 and not destination_m > origin_m:
            self.left_out.note("vehicles that would end before they begin", name)
            return
        on_way = self._calls_of_route.get(way, ())
        calls = None if calls is None or on_way is None else (*on_way, *calls)
        stops = len(calls) if calls is not None else max(sum(1 for _ in node.all("stop")), 1)
        if calls is None or not bound or as_class != "bus":
            self.left_out.note(DRIVES_ON, f'{node.tag} "{node.get("id")}"', stops)
            calls = ()
        place = links, bound, origin_m, destination_m
        self.trips.append(FoundTrip(name, depart_s, kind, as_class, *place, calls))

    def _links(self, node: Node, name: str) -> tuple[tuple[str, ...], bool, str]:
        """Edges of a vehicle's way, whether it is bound to them, and what its route is called."""
        own = f"!{node.get('id')}"
        wanted = own if own in self._routes or own in self._choices else node.get("route")
        if wanted in self._choices:
            wanted = choose(*self._choices[wanted], self._draw(name, "route"))
        if wanted:
            return self._routes[wanted], True, wanted
        ends = (node.get("from"), node.get("to"))
        return (ends if ends[0] != ends[1] else ends[:1]), False, ""

    def _draw(self, name: str, purpose: str) -> float:
        return float(draws(self.seed, keys_of([name]), f"sumo {purpose}")[0])

    def _class_for(self, links: tuple[str, ...], kind: VehicleType) -> str:
        """Class whose vehicles can drive a route: the type's own, for those that SUMO lets go anywhere another."""
        if (links, kind.vehicle_class) not in self._class_of_route:
            own = kind.our_class
            tried = [own, "emergency"] if own == "car" and kind.vehicle_class != "passenger" else [own]
            able = [name for name in tried if self._can_drive(links, name)]
            self._class_of_route[links, kind.vehicle_class] = able[0] if able else ""
        return self._class_of_route[links, kind.vehicle_class]

    def _can_drive(self, links: tuple[str, ...], name: str) -> bool:
        rows = [self.network.link_row[link] for link in links]
        first, last = self.network.links.lane_start[rows[0] : rows[0] + 2]
        if not np.any(self.network.lanes.access[first:last] & MODES[name]):
            return False
        drivable = self._drivable[VEHICLE_CLASSES.index(name)]
        return all(turn in drivable for turn in pairwise(rows))

    def _position(self, file: SumoFile, node: Node, key: str, link: str, default: float) -> float:
        """Place on a link where a vehicle enters or leaves, m; NaN: its middle."""
        length_m = float(self.network.links.length_m[self.network.link_row[link]])
        written = node.get(key)
        plain = {"": default, "base": 0.0, "max": math.inf}
        if written in plain:
            value = plain[written]
        elif _is_number(written):
            value = float(written) + (length_m if float(written) < 0 else self.earlier_m.get(link, 0.0))
        else:
            value = default  # noted with the other attributes
            self.left_out.note(f"{key}={written}: at the {'beginning' if default == 0 else 'end'}", node.get("id"))
        return min(max(value, 0.0), length_m)


def _until(gaps: Iterator[float], begin_s: float, end_s: float, number: int) -> list[float]:
    """Times from ``begin_s`` on, before ``end_s`` and at most ``number`` of them (-1: any)."""
    times: list[float] = []
    t_s = begin_s
    for gap in gaps:
        t_s += gap
        if t_s >= end_s or len(times) in (number, MOST_OF_A_FLOW):
            return times
        times.append(t_s)
    return times


def _is_number(written: str) -> bool:
    try:
        return math.isfinite(float(written))
    except ValueError:
        return False
