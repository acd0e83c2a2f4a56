"""Say in a planner's words what a plan changes in the streets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import street_changes as plan
from .planner_words import number
from .street_words import PlaceNames, listed

USERS = {"car": "cars", "bus": "buses", "truck": "trucks", "bicycle": "cycles", "emergency": "emergency vehicles"}
EVERYBODY = {"car", "bus", "truck", "emergency"}
ON_LINKS: Mapping[type[plan.ChangeOnLinks], tuple[str, str]] = {  # what is told of links, before and after them
    plan.RoadRemoved: ("", "removed"),
    plan.ParkingRemoved: ("parking removed on", ""),
    plan.ParkingAdded: ("parking in place of a lane on", ""),
    plan.CycleLane: ("cycle lane on", ""),
    plan.BusLane: ("bus lane on", ""),
    plan.OneWay: ("", "becomes one-way"),
    plan.OneWayTurned: ("", "driven the other way round"),
    plan.TwoWay: ("", "opened in both directions"),
    plan.ModalFilter: ("modal filter on", ""),
    plan.LaneCount: ("lanes of", ""),
    plan.TurnPocket: ("turn pocket on", ""),
}


def change_title(change: Any, names: PlaceNames) -> str | None:
    """What a change is and where; None for what is no change of the streets."""
    if isinstance(change, plan.ChangeOnLinks):
        before, after = ON_LINKS[type(change)]
        return " ".join(part for part in (before, _where(change, names), after) if part)
    if isinstance(change, plan.RoadAdded):
        return f'road "{change.name or change.id}"'
    if isinstance(change, plan.RoadOpened):
        return f"opening of {listed([names.way(name) for name in (*(change.ways or ()), *(change.barriers or ()))])}"
    if isinstance(change, plan.SpeedZone):
        return f'speed zone "{change.id}"'
    if isinstance(change, (plan.TurnBan, plan.TurnAllowed)):
        turn = f"turn from {names.links((change.from_link,))} into {names.links((change.to_link,))}"
        return f"{turn} {'banned' if isinstance(change, plan.TurnBan) else 'allowed'}"
    if isinstance(change, (plan.SignalAdded, plan.SignalRemoved)):
        done = "put up" if isinstance(change, plan.SignalAdded) else "removed"
        return f"signals {done} at {names.junction(change.junction)}"
    if isinstance(change, plan.Roundabout):
        mini = "mini-roundabout" if change.diameter_m is None else "roundabout"
        return f"{mini} at {names.junction(change.junction)}"
    return None


def change_sentence(change: Any, names: PlaceNames) -> str | None:
    """All that a change says; None for what is no change of the streets."""
    title = change_title(change, names)
    if title is None:
        return None
    if isinstance(change, plan.LaneCount):
        now = names.lane_count(change.link_ids)
        were = "" if now is None else f"{now} → "
        side = " at the kerb" if change.side == "kerb" else ""
        return f"{_where(change, names)}: {were}{_lanes(change.lanes)}{side}{_both(change, names)}"
    more: Mapping[type, Callable[[Any, PlaceNames], str]] = {
        plan.RoadAdded: _road,
        plan.RoadOpened: _opened,
        plan.ParkingRemoved: lambda one, _: f"a lane for {_users(one.open_to)} instead",
        plan.BusLane: lambda one, _: f"lane {_numbered(one.lane)} is for {_users(one.open_to)} only",
        plan.CycleLane: lambda one, _: f"lane {_numbered(one.lane)} is for cycles only",
        plan.SpeedZone: _zone,
        plan.TurnPocket: lambda one, _: f"{number(one.length_m)} m before its end, at the {one.side}",
        plan.OneWay: lambda one, _: "" if one.lanes is None else f"with {_lanes(one.lanes)}",
        plan.TwoWay: _two_way,
        plan.ModalFilter: lambda one, _: f"open to {_users((*one.open_to, 'foot'))} only",
        plan.Roundabout: _roundabout,
    }
    said = more[type(change)](change, names) if type(change) in more else ""
    both = _both(change, names) if isinstance(change, plan.ChangeOnLinks) else ""
    return f"{title}{': ' if said else ''}{said}{both}"


def _road(change: plan.RoadAdded, names: PlaceNames) -> str:
    lanes = f"{_lanes(change.lanes)}{', one-way' if change.one_way else ' in each direction'}"
    where = names.new_road(change.id)
    level = {1: ", on a bridge", -1: ", in a tunnel"}.get(
        change.level, f", on level {change.level}" if change.level else ""
    )
    return (
        f"{change.road_class.replace('_', ' ')}, {lanes}, {number(change.speed_kmh)} km/h{level}{where and ', '}{where}"
    )


def _opened(change: plan.RoadOpened, names: PlaceNames) -> str:
    said = ["a street for cars from now on" if change.ways else "open to cars from now on"]
    said += [change.road_class.replace("_", " ")] if change.road_class is not None else []
    said += [_lanes(change.lanes)] if change.lanes is not None else []
    said += [f"{number(change.speed_kmh)} km/h"] if change.speed_kmh is not None else []
    return ", ".join(said)


def _zone(change: plan.SpeedZone, names: PlaceNames) -> str:
    only = (
        f" on {listed([name.replace('_', ' ') for name in change.road_classes])} streets" if change.road_classes else ""
    )
    return f"{number(change.speed_kmh)} km/h{only}"


def _two_way(change: plan.TwoWay, names: PlaceNames) -> str:
    said = [f"{_lanes(change.lanes)} as before" if change.lanes is not None else ""]
    said += [f"{_lanes(change.lanes_back)} in the new direction" if change.lanes_back is not None else ""]
    return ", ".join(part for part in said if part)


def _roundabout(change: plan.Roundabout, names: PlaceNames) -> str:
    control = names.control(change.junction)
    instead = f"in place of {control}" if control else ""
    if change.diameter_m is None:
        return instead
    ring = f"a ring of {number(change.diameter_m)} m with {_lanes(change.lanes)}, {number(change.speed_kmh)} km/h"
    return f"{ring}{instead and ', '}{instead}"


def _where(change: plan.ChangeOnLinks, names: PlaceNames) -> str:
    """The links of a change as the map has them, with their opposite directions where these change too."""
    both = getattr(change, "both_directions", False)
    return names.on_map.links(names.on_map.both_ways(change.link_ids) if both else change.link_ids)


def _both(change: plan.ChangeOnLinks, names: PlaceNames) -> str:
    """That a change is one of both directions, where the names of the links do not say it."""
    if not getattr(change, "both_directions", False) or names.on_map.both_ways(change.link_ids) != change.link_ids:
        return ""
    return ", both directions"


def _numbered(lane: int) -> str:
    return "0 (at the kerb)" if lane == 0 else str(lane)


def _lanes(count: int) -> str:
    return "1 lane" if count == 1 else f"{count} lanes"


def _users(users: Sequence[str]) -> str:
    if set(users) == EVERYBODY:
        return "everybody"
    return listed([USERS.get(user, "people on foot") for user in users])
