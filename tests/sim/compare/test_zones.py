"""Trips are told by zone: those of OD matrices, else squares of a round size; the map shows who gains and loses."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import shapely
from comparison_case import write_plans
from traffic_case import BLOCK_DEGREES, TOWN_AT, write_scenario

from citytwin.sim.compare.plans import read_plans
from citytwin.sim.compare.zones import ENDS, SQUARES_ACROSS, zones_of
from citytwin.sim.report import zone_maps


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A town whose trips are random: no zones."""
    folder = tmp_path_factory.mktemp("random")
    base = write_scenario(folder)
    (folder / "same.yaml").write_text("base: town.yaml\n")
    return read_plans([base, folder / "same.yaml"])[0]


def test_every_trip_lies_in_the_square_it_is_counted_in(town):
    zones = zones_of(town)
    assert zones.kind == "square" and zones.size_m in (20.0, 50.0, 100.0)
    links = town.network.links
    for end in ENDS:
        for trip, name in enumerate(zones.of_trips[end][:50]):
            line = shapely.LineString(town.network.link_shape_xy(int(getattr(town.trips, f"{end}_link")[trip])))
            along_m = getattr(town.trips, f"{end}_m")[trip]
            share = 0.5 if np.isnan(along_m) else along_m / links.length_m[getattr(town.trips, f"{end}_link")[trip]]
            assert zones.outlines[name].distance(line.interpolate(share, normalized=True)) < 1e-6


def test_squares_are_named_like_those_of_an_atlas(town):
    outlines = zones_of(town).outlines
    west = min(outline.bounds[0] for outline in outlines.values())
    north = max(outline.bounds[3] for outline in outlines.values())
    for name, outline in outlines.items():
        column, row = ord(name[0]) - ord("A"), int(name[1:]) - 1
        size_m = outline.bounds[2] - outline.bounds[0]
        assert (outline.bounds[0] - west, north - outline.bounds[3]) == (column * size_m, row * size_m)
        assert max(column, row) < SQUARES_ACROSS


def test_zones_without_an_outline_are_drawn_around_their_trips(found):
    zones = found.zones
    assert (zones.kind, set(zones.outlines)) == ("zone", {"west", "east"})
    west, east = (zones.outlines[name].centroid.x for name in ("west", "east"))
    assert east - west > 200.0


def test_zones_with_an_outline_keep_it(tmp_path):
    plans = write_plans(tmp_path)
    west = [TOWN_AT[0] - 0.001, TOWN_AT[1] - 0.001, TOWN_AT[0] + BLOCK_DEGREES[0], TOWN_AT[1] + 0.01]
    east = [TOWN_AT[0] + 2 * BLOCK_DEGREES[0], TOWN_AT[1] - 0.001, TOWN_AT[0] + 0.01, TOWN_AT[1] + 0.01]
    features = [
        {"type": "Feature", "properties": {"id": name}, "geometry": shapely.geometry.mapping(shapely.box(*box))}
        for name, box in (("west", west), ("east", east))
    ]
    (tmp_path / "zones.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    plans[0].write_text(plans[0].read_text().replace("zones.csv", "zones.geojson"))
    zones = zones_of(read_plans(plans[:2])[0])
    assert len(shapely.get_coordinates(zones.outlines["west"])) == 5
    assert zones.outlines["west"].bounds[2] - zones.outlines["west"].bounds[0] == pytest.approx(228, abs=3)


def test_zones_that_chance_could_have_changed_are_grey(found):
    """With every zone found, each has a colour of the ramps; with none, only the legend has."""
    table = found.differences.zones
    ramps = [f"var(--{side}{step})" for side in ("less", "more") for step in (1, 2, 3)]

    def fills(known: bool) -> int:
        differences = replace(found.differences, zones=table.assign(found=known))
        told = replace(found)
        told.__dict__["differences"] = differences
        picture = zone_maps.zone_map(told, "2_closed", "origin")
        assert picture.title.startswith("Trips that begin in zone" if known else "In no zone do trips that begin")
        return sum(picture.svg.count(f"fill: {colour}") for colour in ramps)

    assert (fills(known=True), fills(known=False)) == (2, 0)
