"""Country, side of the road and built-up land."""

from __future__ import annotations

import dataclasses

import pytest

from citytwin.scenarios.osm_place import find_place, project, side_evidence, urban_ways, utm_epsg
from citytwin.scenarios.osm_read import OsmWay, read_osm
from citytwin.scenarios.problems import SourceError

from .osm_case import RESIDENTIAL, town

PLACES = {1: (0, 0), 2: (200, 0)}


def place(data, **said):
    epsg = utm_epsg(9.0, 47.0)
    return find_place(data, project(data.nodes, epsg), epsg, **said)


def test_what_a_scenario_says_comes_first_then_tags_then_the_map():
    data = dataclasses.replace(town(PLACES, [(10, [1, 2], RESIDENTIAL)]), countries={"GB": 1, "LI": 3})
    assert place(data, country="FI").country == "FI"
    assert place(data).country == "LI"
    assert "3 objects" in place(data).notes[0]
    assumed = place(dataclasses.replace(data, countries={}))
    assert assumed.country == "CH"
    assert "assumed from the position" in assumed.notes[0]


@pytest.mark.parametrize(
    "name, left, right",
    [("monaco/monaco_core", 0, 20), ("leeds/leeds", 20, 0), ("helsinki_centre/helsinki_centre", 0, 20)],
)
def test_carriageways_and_rings_show_the_side(data, name, left, right):
    source = read_osm(data / "osm" / f"{name}.osm.gz")
    ways = [
        way
        for way in source.ways
        if way.tags["highway"] in {"primary", "secondary", "tertiary", "trunk", "residential"}
    ]
    xy = project(source.nodes, utm_epsg(*next(iter(source.nodes.values()))))
    found = side_evidence(ways, xy)
    assert found[0] >= left
    assert found[1] >= right
    assert min(found) <= 0.05 * max(found)


def test_evidence_wins_over_the_country(data):
    source = read_osm(data / "osm" / "leeds" / "leeds.osm.gz")
    epsg = utm_epsg(-1.5, 53.8)
    found = find_place(source, project(source.nodes, epsg), epsg, country="FR")
    assert found.on_left
    assert "Traffic keeps left" in found.notes[-1]
    assert not find_place(source, project(source.nodes, epsg), epsg, driving_side="right").on_left


def test_built_up_land():
    xy = {number: (100.0 * (number % 10), 100.0 * (number // 10)) for number in range(100)}
    xy |= {1000: (50_000.0, 0.0), 1001: (50_400.0, 0.0)}
    ways = [OsmWay(row, tuple(range(10 * row, 10 * row + 10)), {}) for row in range(10)]
    ways.append(OsmWay(99, (1000, 1001), {}))
    assert urban_ways(ways, xy) == [True] * 10 + [False]


def test_swapped_coordinates_are_noticed_by_the_country_that_tags_name():
    data = town(PLACES, [(10, [1, 2], RESIDENTIAL)])
    swapped = dataclasses.replace(
        data, nodes={node: (lat, lon) for node, (lon, lat) in data.nodes.items()}, countries={"CH": 5}
    )
    with pytest.raises(SourceError, match="longitude and latitude swapped"):
        find_place(swapped, {}, 32632)
