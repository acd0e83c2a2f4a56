"""Let the same people make the same trips on streets that a plan has changed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .demand import make_trips, shared_with_buses
from .given_routes import turns_by_class
from .nearest_links import nearest_links
from .network import Bools, Floats, Ints, RoadNetwork
from .places import find_places, link_access
from .planned_streets import map_streets
from .problems import Problem
from .public_transport import bus_trips
from .scenario import Scenario
from .street_draft import in_parts, parts_by_street
from .streets import MODES
from .trips import VEHICLE_CLASSES, TripTable


def trips_on_changed(scenario: Scenario, network: RoadNetwork) -> tuple[list[TripTable], list[Problem]]:
    """Trips of a scenario whose plan changes the streets.

    They are made on the streets of the map, so that they are those of the base, and then brought to the changed ones.
    Demand that is not possible on the map, since it names new links, is made on the changed streets; so are buses,
    whose lines name the links that are there.
    """
    on_map = map_streets(scenario)
    tables, problems = make_trips(scenario.model_copy(update={"public_transport": ()}), on_map)
    if problems:
        return make_trips(scenario, network)
    tables, buses = [moved(table, on_map, network) for table in tables], bus_trips(scenario, network)
    return [*tables, *buses], shared_with_buses(scenario, tables, buses)


def moved(trips: TripTable, before: RoadNetwork, after: RoadNetwork) -> TripTable:
    """The same trips on other streets.

    Who begins or ends on a link that is gone, or that their vehicle may no longer use, does so on the nearest one. A
    route that is given follows the parts of links that were split; one that can no longer be driven is left to the
    driver.
    """
    same = np.array([after.link_row.get(name, -1) for name in before.links.id], np.int32)
    places = find_places(after)
    classes = [link_access(after, MODES[name]) for name in VEHICLE_CLASSES]
    origin, origin_m = _ends(trips, trips.origin_link, trips.origin_m, before, after, same, places.may_begin, classes)
    end, end_m = _ends(
        trips, trips.destination_link, trips.destination_m, before, after, same, places.may_end, classes, beside=origin
    )
    routes = _routes(trips, before, after, origin, end)
    return TripTable.sorted(
        trips.id,
        trips.depart_s,
        origin,
        end,
        origin_m=origin_m,
        destination_m=end_m,
        vehicle_class=trips.vehicle_class,
        routes=routes,
    )


def _ends(
    trips: TripTable,
    link: Ints,
    along_m: Floats,
    before: RoadNetwork,
    after: RoadNetwork,
    same: Ints,
    may: Bools,
    classes: list[Bools],
    *,
    beside: Ints | None = None,
) -> tuple[Ints, Floats]:
    """Link and place on it of one end of every trip; not the one it begins on (``beside``) where it did not before."""
    new, new_m = same[link], np.minimum(along_m, after.links.length_m[same[link]])
    usable = np.stack(classes)[trips.vehicle_class, np.maximum(new, 0)] & (new >= 0)
    lost = np.flatnonzero(~usable)
    at = np.array([_place(before, int(link[row]), float(along_m[row])) for row in lost]).reshape(-1, 2)
    for kind in np.unique(trips.vehicle_class[lost]).tolist():
        own = trips.vehicle_class[lost] == kind
        rows = lost[own]
        allowed = classes[kind] & may
        if not allowed.any():
            allowed = classes[kind]
        found = nearest_links(after, at[own, 0], at[own, 1], allowed)
        new[rows], new_m[rows] = found.link, found.along_m
        for row, place in zip(rows.tolist(), at[own], strict=True):
            if beside is not None and new[row] == beside[row] and link[row] != trips.origin_link[row]:
                elsewhere = allowed.copy()
                elsewhere[beside[row]] = False
                other = nearest_links(after, place[:1], place[1:], elsewhere)
                new[row], new_m[row] = other.link[0], other.along_m[0]
    return new, new_m


def _place(network: RoadNetwork, link: int, along_m: float) -> tuple[float, float]:
    """A place on a link, m; its middle where it is not said how far along."""
    import shapely

    share = 0.5 if np.isnan(along_m) else along_m / float(network.links.length_m[link])
    point = shapely.LineString(network.link_shape_xy(link)).interpolate(share, normalized=True)
    return point.x, point.y


def _routes(
    trips: TripTable, before: RoadNetwork, after: RoadNetwork, origin: Ints, end: Ints
) -> tuple[NDArray[np.int64], Ints]:
    """Routes that are given, as far as they can still be driven from the same links to the same ones."""
    drivable = turns_by_class(after) if trips.route_link.size else []
    parts = parts_by_street(after.links.id)
    start, links = [0], list[int]()
    for trip in range(len(trips)):
        names = [before.links.id[link] for link in trips.route(trip).tolist()]
        route = [after.link_row.get(name, -1) for name in in_parts(names, after.link_row, parts)]
        first, last = int(origin[trip]), int(end[trip])
        if first in route and last in route:  # of a link that was split they begin and end on one part
            route = route[route.index(first) : len(route) - route[::-1].index(last)]
            turns = drivable[int(trips.vehicle_class[trip])]
            links += route if all(turn in turns for turn in pairwise(route)) else []
        start.append(len(links))
    return np.array(start, np.int64), np.array(links, np.int32)
