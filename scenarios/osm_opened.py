"""Open what OpenStreetMap has closed to cars, as a plan asks: ways become streets, barriers go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .network import ROAD_CLASSES
from .osm_defaults import defaults_for
from .osm_read import OsmData, OsmWay, Tags
from .osm_tags import ACCESS_KEYS, is_closed_barrier, read_road
from .problems import closest, shown_value
from .street_changes import RoadOpened
from .street_draft import Place
from .streets import StreetGraph

CLOSING = frozenset(key for keys in ACCESS_KEYS.values() for key in keys)
NOT_FOR_CARS = ("service", "track")  # no streets here, whatever their tags say
LANE_KEYS = ("lanes", "turn", "change", "bus", "psv", "access", "vehicle", "motor_vehicle")

Found = list[tuple[int, Place, str]]  # row of a change, keys in its entry, what is wrong


def open_roads(data: OsmData, changes: Sequence[object]) -> tuple[OsmData, Found]:
    """Map data in which everything is open that changes open, and what cannot be opened."""
    ways = {f"way/{way.id}": way for way in data.ways}
    opened: dict[int, Tags] = {}
    gone: set[int] = set()
    found: Found = []
    for row, change in enumerate(changes):
        if not isinstance(change, RoadOpened):
            continue
        for place, name in enumerate(change.ways or ()):
            if name not in ways:
                near = [shown_value(other) for other in closest(name, ways)]
                found.append((row, ("ways", place), f"no such way in {data.source}. Closest: {', '.join(near)}."))
            elif _is_open(ways[name]):
                found.append((row, ("ways", place), "is open to cars already: nothing would change."))
            else:
                opened[ways[name].id] = _open_tags(ways[name].tags, change)
        for place, name in enumerate(change.barriers or ()):
            node = int(name.removeprefix("node/"))
            if not is_closed_barrier(data.node_tags.get(node, {})):
                found.append((row, ("barriers", place), f"is no closed barrier on a road in {data.source}."))
            gone.add(node)
    node_tags = {
        node: {key: tags[key] for key in tags if key != "barrier"} if node in gone else tags
        for node, tags in data.node_tags.items()
    }
    new_ways = tuple(replace(way, tags=opened.get(way.id, way.tags)) for way in data.ways)
    return replace(data, ways=new_ways, node_tags=node_tags), found


def not_joined(graph: StreetGraph, changes: Sequence[object]) -> Found:
    """Opened ways of which no street came: they meet none."""
    streets = {way for street in graph.streets for way in street.source_ways}
    return [
        (row, ("ways", place), "becomes no street: it has no length, or is an area.")
        for row, change in enumerate(changes)
        if isinstance(change, RoadOpened)
        for place, name in enumerate(change.ways or ())
        if name not in streets
    ]


def _is_open(way: OsmWay) -> bool:
    if way.tags["highway"] not in ROAD_CLASSES or way.tags["highway"] in NOT_FOR_CARS:
        return False
    return read_road(way.tags, defaults_for("", {}), urban=True, on_left=False) is not None


def _open_tags(tags: Tags, change: RoadOpened) -> Tags:
    """Tags of a way without what closes it, and with what the plan says of it."""
    kept = {key: value for key, value in tags.items() if key.partition(":")[0] not in CLOSING and key != "area"}
    own = tags["highway"] if tags["highway"] in ROAD_CLASSES and tags["highway"] not in NOT_FOR_CARS else "residential"
    kept["highway"] = change.road_class or own
    if change.lanes is not None:
        kept = {key: value for key, value in kept.items() if key.partition(":")[0] not in LANE_KEYS}
        both = kept.get("oneway", "no") in ("no", "false", "0")
        kept["lanes"] = str(change.lanes * (2 if both else 1))
    if change.speed_kmh is not None:
        kept = {key: value for key, value in kept.items() if not key.startswith("maxspeed")}
        kept["maxspeed"] = f"{change.speed_kmh:g}"
    return kept
