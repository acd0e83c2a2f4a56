"""What the map has closed to cars becomes a street where a plan opens it."""

from __future__ import annotations

from citytwin.scenarios.osm_opened import not_joined, open_roads
from citytwin.scenarios.osm_streets import build_streets
from citytwin.scenarios.streets import CAR

from .osm_case import RESIDENTIAL, town
from .plan_case import change

PLACES = {1: (0, 0), 2: (100, 0), 3: (200, 0), 4: (100, 100), 5: (200, 100), 6: (0, 100), 7: (50, 100)}
WAYS = [
    (10, [1, 2, 3], RESIDENTIAL),
    (11, [1, 6, 7, 4, 5, 3], RESIDENTIAL),
    (12, [2, 4], {"highway": "pedestrian", "name": "Mall", "motor_vehicle": "no"}),
    (13, [7, 1], {"highway": "service", "access": "private", "oneway": "yes", "lanes": "1"}),
]


def test_a_pedestrian_street_becomes_a_street_for_cars() -> None:
    data, found = open_roads(town(PLACES, WAYS), [change("road_opened", ways=["way/12"], speed_kmh=20, lanes=1)])
    assert not found
    graph = build_streets(data)
    opened = [street for street in graph.streets if street.source_ways == ("way/12",)]
    assert [(one.name, one.road_class, round(one.speed_mps * 3.6)) for one in opened] == [
        ("Mall", "residential", 20)
    ] * 2
    assert all(lanes & CAR for one in opened for lanes in one.lane_access)
    assert not any("way/12" in street.source_ways for street in build_streets(town(PLACES, WAYS)).streets)


def test_a_private_road_keeps_its_direction_and_gets_the_class_that_is_wanted() -> None:
    entry = change("road_opened", ways=["way/13"], road_class="tertiary", lanes=2)
    graph = build_streets(open_roads(town(PLACES, WAYS), [entry])[0])
    (opened,) = [street for street in graph.streets if street.source_ways == ("way/13",)]
    assert (opened.road_class, len(opened.lane_access), opened.oneway) == ("tertiary", 2, True)


def test_a_bollard_goes() -> None:
    closed = town(PLACES, WAYS, node_tags={7: {"barrier": "bollard", "ref": "7"}})
    data, found = open_roads(closed, [change("road_opened", barriers=["node/7"])])
    assert not found
    assert data.node_tags[7] == {"ref": "7"}
    parted, whole = ({street.to_junction for street in build_streets(one).streets} for one in (closed, data))
    assert "node/7b" in parted - whole


def test_what_cannot_be_opened_is_told() -> None:
    entries = [
        change("lanes", link="a", lanes=1),
        change("road_opened", ways=["way/10", "way/99"], barriers=["node/1"]),
    ]
    assert open_roads(town(PLACES, WAYS), entries)[1] == [
        (1, ("ways", 0), "is open to cars already: nothing would change."),
        (1, ("ways", 1), 'no such way in town.osm. Closest: "way/10", "way/11", "way/12".'),
        (1, ("barriers", 0), "is no closed barrier on a road in town.osm."),
    ]
    graph = build_streets(town(PLACES, WAYS))
    said = (1, ("ways", 1), "becomes no street: it has no length, or is an area.")
    assert not_joined(graph, entries) == [said]
