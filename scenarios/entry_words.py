"""Say in a sentence what an entry of a scenario is: an event, a demand, a sensor, a rule for signals or drivers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from .air import Accident, AreaSource, ReceptorGrid, ReceptorPoint, ReceptorResidents, Stack
from .air_warnings import AirWarning
from .areas import area_words
from .change_words import change_sentence, change_title
from .demand_kinds import DemandScale
from .drivers import OtherDrivers
from .evacuation import (
    Ambulances,
    CellBroadcast,
    DesignatedRoute,
    Door,
    DoorToDoor,
    EvacuationZone,
    Group,
    Neighbours,
    Order,
    Pickup,
    Shelter,
    Siren,
    WayOut,
)
from .events import Contraflow, Incident, RoadClosure, SignalPlan, SpeedLimit
from .hazards import BlockedArea, Fire, Flood, Gas, RasterAt, Smoke
from .measure_words import MEASURES, measure_sentence, measure_title
from .patches import Patch
from .planner_words import clock, label, lasting, number, percent_change, plain_words, value_words, window
from .public_transport import BusLine, Stop
from .responders import EmergencyCall
from .scenario import Loop, Scenario
from .street_words import PlaceNames, listed
from .told import NamedRoute

KINDS = {
    "development": "new development",
    "od_matrix": "OD matrix",
    "python": "a Python object's",
    "trips": "trip file",
}
EVACUATION_ENTRIES = {
    EvacuationZone: "zone",
    Group: "building",
    Order: "order",
    Shelter: "shelter",
    WayOut: "exit",
    Pickup: "buses from",
    Ambulances: "ambulances of",
    DesignatedRoute: "designated route",
}
KNOWN = {"sight": "drivers learn of it when they get there", "broadcast": "everybody knows of it at once"}
KNOWN_HAZARD = {"sight": "people learn of it when they get there", "broadcast": "everybody knows of it at once"}
QUANTITY = r"(?P<number>[\d.,]+(, [\d.,]+)*) (?P<unit>\D+)"
HAZARDS = BlockedArea | Fire | Flood | Gas | Smoke
AIR_ENTRIES = {
    Stack: "stack",
    AreaSource: "area that emits",
    Accident: "accident",
    ReceptorPoint: "receptor",
    ReceptorGrid: "grid of receptors",
    ReceptorResidents: "residents of",
}
AREAS = ("polygon", "from_polygon", "to_polygon")
NAMING_LINKS = ("link", "links", "link_ids", "fcd_links", "from_link", "route", "to_link")


@dataclass(frozen=True, slots=True)
class Side:
    """One of two scenarios that are compared, and what its streets are called."""

    scenario: Scenario
    names: PlaceNames

    def say(self, model: type[BaseModel], key: str, value: object) -> str:
        """A value of a key, with clock times and the names of places."""
        moment = key in ("start_s", "end_s") or (key == "t_s" and model is EmergencyCall)
        if moment and isinstance(value, (int, float)):
            return clock(self.scenario.start, value)
        if value and key in NAMING_LINKS:
            return self.names.links((value,) if isinstance(value, str) else tuple(map(str, _items(value))))
        if value and key in AREAS:
            return area_words([(lon, lat) for lon, lat in _items(value)])
        if key == "action" and isinstance(value, str):
            return plain_words(value)
        if key == "price" and isinstance(value, float):
            return self.money(value)
        if key in ("prices", "value_of_time_per_h") and isinstance(value, dict) and value:
            return listed([f"{self.money(amount)} for {kind}" for kind, amount in value.items()])
        if key == "junction" and isinstance(value, str):
            return self.names.junction(value)
        if value and key == "junctions":
            return listed([self.names.junction(str(name)) for name in _items(value)])
        if key == "line" and isinstance(value, tuple):
            return f"of {len(value)} points"
        if key == "doors" and value:
            widths = listed([number(door.width_m) for door in _items(value)])
            return f"{'door' if len(_items(value)) == 1 else 'doors'} of {widths} m"
        if isinstance(value, BaseModel):
            kind = getattr(value, "kind", None)
            return ", ".join([*([plain_words(kind)] if kind else []), *filter(None, [details(value, self)])])
        if isinstance(value, tuple) and value and all(isinstance(item, BaseModel) for item in value):
            return "; ".join(self.say(model, key, item) for item in value)
        if key == "groups":
            groups = [[self.names.junction(str(name)) for name in _items(group)] for group in _items(value)]
            return "; ".join(" – ".join(group) for group in groups)
        return value_words(model, key, value)

    def money(self, amount: float) -> str:
        """An amount in the scenario's currency."""
        return f"{number(amount)} {self.scenario.routes.currency}"

    def window(
        self,
        entry: RoadClosure | Contraflow | SpeedLimit | SignalPlan | Incident | MEASURES | BusLine | HAZARDS,
    ) -> str:
        """From when to when an event lasts."""
        return window(self.scenario.start, entry.start_s, entry.end_s)


def _items(value: object) -> Sequence[Any]:
    return value if isinstance(value, (tuple, list)) else ()


def place_ids(entry: BaseModel) -> tuple[str, ...]:
    """Links and junctions that an entry speaks of."""
    found: list[str] = []
    for key in ("link", "links", "from_link", "to_link", "junction", "junctions"):
        value = getattr(entry, key, None)
        found += [value] if isinstance(value, str) else map(str, _items(value))
    return tuple(found)


def entry_title(entry: BaseModel, name: str, side: Side) -> str:
    """What an entry is and where, for the line that says what of it changed."""
    if isinstance(entry, RoadClosure):
        return f"closure of {side.names.links(entry.link_ids)}"
    if isinstance(entry, Contraflow):
        return f"contraflow on {side.names.links(entry.link_ids)}"
    if isinstance(entry, SpeedLimit):
        return f"speed limit on {side.names.links(entry.link_ids)}"
    if isinstance(entry, SignalPlan):
        return f"signal plan at {side.names.junction(entry.junction)}"
    if isinstance(entry, (Incident, Loop)):
        return f"{entry.kind} on {side.names.links((entry.link,))}"
    if (changed := change_title(entry, side.names)) is not None:
        return changed
    if isinstance(entry, OtherDrivers):
        return f"({entry.vehicle_class} {name})"
    if isinstance(entry, MEASURES):
        return measure_title(entry, side)
    if isinstance(entry, AirWarning):
        return f"warning {name}"
    if isinstance(entry, HAZARDS):
        where = f" in {area_words(entry.polygon)}" if isinstance(entry, BlockedArea) else ""
        return f"{plain_words(entry.kind)} {name}{where}"
    if isinstance(entry, RasterAt):
        return f"raster of {side.say(RasterAt, 't_s', entry.t_s)}"
    if isinstance(entry, BusLine):
        return f"bus line {entry.id}"
    if isinstance(entry, Stop):
        return f"at stop {entry.name or side.names.links((entry.link,))}"
    if isinstance(entry, DemandScale):
        return f"scaling of {_scaled_trips(entry, side)}"
    if isinstance(entry, NamedRoute):
        return f'"{entry.name}"'
    if isinstance(entry, Ambulances | DesignatedRoute | EvacuationZone | Group | Order | Pickup | Shelter | WayOut):
        return f"{EVACUATION_ENTRIES[type(entry)]} {name}"
    if isinstance(entry, Door | Patch):
        return f"{'door' if isinstance(entry, Door) else 'patch'} {name}"
    if (of_air := AIR_ENTRIES.get(type(entry))) is not None:
        return f"{of_air} {name}"
    if isinstance(entry, Siren | CellBroadcast | DoorToDoor | Neighbours):
        return f"warning by {plain_words(entry.kind)}"
    kind = getattr(entry, "kind", "")
    return f"{name} ({KINDS.get(kind, plain_words(kind))})" if kind else name


def entry_sentence(entry: BaseModel, name: str, side: Side) -> str:
    """All that an entry says, for the line of one that is new or gone."""
    if isinstance(entry, RoadClosure):
        lanes = "" if entry.lanes is None else f"{_lanes(entry.lanes)} of "
        return f"{lanes}{side.names.links(entry.link_ids)} closed {side.window(entry)}; {KNOWN[entry.known_to]}"
    if isinstance(entry, Contraflow):
        kept = f"; {entry.keep_lanes} at the kerb keep their direction" if entry.keep_lanes else ""
        return f"lanes of {side.names.links(entry.link_ids)} driven the other way {side.window(entry)}{kept}"
    if isinstance(entry, SpeedLimit):
        now = side.names.limit_kmh(entry.link_ids)
        limit = f"{'' if now is None else f'{number(now)} → '}{number(entry.speed_kmh)} km/h"
        return f"{side.names.links(entry.link_ids)}, {side.window(entry)}: speed limit {limit}"
    if isinstance(entry, SignalPlan):
        return f"{side.names.junction(entry.junction)}, {side.window(entry)}: {_programme(entry, side)}"
    if isinstance(entry, Incident):
        where = f"{_lanes((entry.lane,))} of {side.names.links((entry.link,))}"
        return f"a vehicle stands on {where}, {number(entry.position_m)} m from its beginning, {side.window(entry)}"
    if isinstance(entry, MEASURES):
        return measure_sentence(entry, side)
    if isinstance(entry, HAZARDS):
        return f"{entry_title(entry, name, side)}, {side.window(entry)}: {_danger(entry, side)}"
    if isinstance(entry, BusLine):
        return f"{entry_title(entry, name, side)}: {_service(entry, side)}"
    if isinstance(entry, DemandScale):
        change = percent_change(1.0, entry.factor)
        return f"{_scaled_trips(entry, side)}: {number(entry.factor)} times as many ({change})"
    if (changed := change_sentence(entry, side.names)) is not None:
        return changed
    told_in_title = {Loop: ("link",), NamedRoute: ("name",), Stop: ("link", "name")}.get(type(entry), ())
    said = details(entry, side, besides=("id", "kind", *told_in_title))
    title = entry_title(entry, name, side)
    return f"{title}: {said}" if said else title


def details(entry: BaseModel, side: Side, *, besides: Sequence[str] = ("id", "kind")) -> str:
    """What an entry says other than by default."""
    model = type(entry)
    said = [
        f"{label(model, key)} {side.say(model, key, value)}".strip()
        for key, field in model.model_fields.items()
        if key not in besides and (value := getattr(entry, key)) != field.get_default(call_default_factory=True)
    ]
    return ", ".join(said)


def _danger(hazard: HAZARDS, side: Side) -> str:
    """Where a hazard is described, and what it says other than by default."""
    rasters = getattr(hazard, "rasters", None)
    where = [f"{len(rasters)} {'raster' if len(rasters) == 1 else 'rasters'}"] if rasters else []
    more = details(hazard, side, besides=("id", "kind", "start_s", "end_s", "known_to", "polygon", "rasters"))
    return "; ".join([", ".join([*where, *([more] if more else [])]), KNOWN_HAZARD[hazard.known_to]]).removeprefix("; ")


def _service(line: BusLine, side: Side) -> str:
    """Where a line runs, how often, and what its passengers need."""
    stops = listed([stop.name or side.names.links((stop.link,)) for stop in line.stops])
    often = f"every {lasting(line.headway_s)} {side.window(line)}, by {stops}"
    people = f"{number(line.boarding_per_h)} passengers an hour and stop" if line.boarding_per_h else ""
    return ", ".join([often, *([people] if people else [])])


def _scaled_trips(change: DemandScale, side: Side) -> str:
    """Of which trips a change speaks."""
    said = ["all trips" if change.demand is None else f'trips of demand "{change.demand}"']
    for end in ("from", "to"):
        zone, area = getattr(change, f"{end}_zone"), getattr(change, f"{end}_polygon")
        said += [f"{end} zone {zone}"] if zone else []
        said += [f"{end} {area_words(area)}"] if area else []
    said += [f"by {change.vehicle_class}"] if change.vehicle_class else []
    if change.start_s > 0.0 or change.end_s is not None:
        said.append(f"that set out {window(side.scenario.start, change.start_s, change.end_s)}")
    return " ".join(said)


def _lanes(lanes: Sequence[int]) -> str:
    named = [f"{lane} (at the kerb)" if lane == 0 else str(lane) for lane in lanes]
    return f"{'lane' if len(lanes) == 1 else 'lanes'} {listed(named)}"


def _programme(plan: SignalPlan, side: Side) -> str:
    """What a signal plan changes: against the map's programme where that is known."""
    own, planned = (side.names.programme(plan.junction, wanted) for wanted in (None, plan))
    said = []
    for key, written in (("cycle_s", plan.cycle_s), ("green_s", plan.green_s), ("offset_s", plan.offset_s)):
        if own is None or planned is None:
            if written is not None:
                said.append(f"{label(SignalPlan, key)} {value_words(SignalPlan, key, written)}")
        elif own[key] != planned[key]:
            said.append(f"{label(SignalPlan, key)} {change_words(SignalPlan, key, own[key], planned[key])}")
    return ", ".join(said) or "as it is without"


def change_words(model: type[BaseModel], key: str, before: object, after: object) -> str:
    """What a value was and is, the unit said once.

    Examples
    --------
    >>> change_words(SignalPlan, "cycle_s", 60.0, 90.0), change_words(SignalPlan, "cycle_s", None, 90.0)
    ('60 → 90 s', 'as it is → 90 s')
    """
    values = [tuple(value) if isinstance(value, list) else value for value in (before, after)]
    return arrow(*(value_words(model, key, value) for value in values))


def arrow(before: str, after: str) -> str:
    """Two values with an arrow between them; a unit that both have is said once.

    Examples
    --------
    >>> arrow("10 min", "20 min"), arrow("10, 20 s", "15, 15 s"), arrow("2 h", "1 h 30 min")
    ('10 → 20 min', '10, 20 → 15, 15 s', '2 h → 1 h 30 min')
    """
    was, now = (re.fullmatch(QUANTITY, text) for text in (before, after))
    once = was is not None and now is not None and was["unit"] == now["unit"]
    return f"{was['number'] if was is not None and once else before} → {after}"


def entry_names(entries: Sequence[BaseModel]) -> list[str]:
    """What each entry is called in a list: its id in quotes, else its kind, numbered from the second on."""
    seen: Counter[str] = Counter()
    names = []
    for entry in entries:
        kind = getattr(entry, "kind", getattr(entry, "vehicle_class", ""))
        seen[kind] += 1
        own = getattr(entry, "id", None) or getattr(entry, "called", None)
        names.append(f'"{own}"' if own is not None else f"number {seen[kind]}")
    return names
