"""Heights of buildings are read as they are tagged, courtyards stay open, and what is no wall closes nothing in."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from traffic_case import BLOCK_DEGREES, TOWN_AT, write_town

from citytwin.scenarios.buildings import height_m, houses_of
from citytwin.scenarios.load_network import load_network

LON, LAT = TOWN_AT[0] + 0.3 * BLOCK_DEGREES[0], TOWN_AT[1] + 0.3 * BLOCK_DEGREES[1]


@pytest.mark.parametrize(
    "tags, metres",
    [
        ({"height": "12"}, 12.0),
        ({"height": "12.5 m"}, 12.5),
        ({"height": "12,5"}, 12.5),
        ({"height": "40'"}, 12.192),
        ({"height": "40'6\""}, 12.3444),
        ({"height": "7", "building:levels": "9"}, 7.0),
        ({"building:levels": "4"}, 12.0),
        ({"height": "high", "building:levels": "4"}, 12.0),
        ({"building:levels": "several"}, math.nan),
        ({"height": "0"}, math.nan),
        ({}, math.nan),
    ],
)
def test_heights_are_read_as_they_are_tagged(tags, metres):
    assert height_m(tags) == pytest.approx(metres, nan_ok=True)


def ring(first, size, at=(LON, LAT), parts=1):
    """Nodes of a square, and its outline as one way or as two that meet."""
    corners = [(0.0, 0.0), (size, 0.0), (size, size), (0.0, size)]
    nodes = "".join(f'<node id="{first + k}" lat="{at[1] + y}" lon="{at[0] + x}"/>' for k, (x, y) in enumerate(corners))
    around = [*range(first, first + 4), first]
    cut = [around] if parts == 1 else [around[:3], around[2:]]
    return nodes, ["".join(f'<nd ref="{ref}"/>' for ref in part) for part in cut]


def tagged(**tags):
    return "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())


def test_buildings_around_a_courtyard_leave_it_open_and_roofs_are_no_walls(tmp_path):
    outer_nodes, outer = ring(900, 4e-4, parts=2)
    inner_nodes, inner = ring(910, 2e-4, at=(LON + 1e-4, LAT + 1e-4))
    roof_nodes, roof = ring(920, 1e-4, at=(LON + 6e-4, LAT))
    cellar_nodes, cellar = ring(930, 1e-4, at=(LON, LAT + 6e-4))
    ways = [f'<way id="{950 + k}">{refs}</way>' for k, refs in enumerate([*outer, *inner])]
    ways.append(f'<way id="960">{roof[0]}{tagged(building="roof", height="5")}</way>')
    ways.append(f'<way id="961">{cellar[0]}{tagged(building="yes", layer="-1")}</way>')
    members = "".join(
        f'<member type="way" ref="{950 + k}" role="{role}"/>' for k, role in enumerate(("outer", "outer", "inner"))
    )
    block = f'<relation id="990">{members}{tagged(type="multipolygon", building="yes", height="21")}</relation>'
    town = write_town(tmp_path / "town.osm")
    more = "".join([outer_nodes, inner_nodes, roof_nodes, cellar_nodes, *ways, block])
    town.write_text(town.read_text().replace("</osm>", f"{more}</osm>"))
    houses = houses_of(town, load_network(town))
    assert houses.wall.tolist() == [False, False, True]
    assert houses.height_m == pytest.approx([5.0, np.nan, 21.0], nan_ok=True)
    whole = shapely.convex_hull(houses.outline[2])
    assert shapely.area(houses.outline[2]) == pytest.approx(0.75 * shapely.area(whole), rel=1e-3)
