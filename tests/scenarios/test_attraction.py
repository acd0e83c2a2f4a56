"""Buildings and land use draw trips to the streets where they stand."""

from __future__ import annotations

import numpy as np
import pytest

from citytwin.scenarios.attraction import ATTRACTION, building_weights
from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.places import find_places
from citytwin.scenarios.scenario import City
from citytwin.scenarios.trips import build_trips

from .demand_case import lon_lat, random_demand, scenario, town


def osm_file(folder, *areas):
    """An OpenStreetMap file with one square (x, y, side, tags) per area, and nothing else."""
    nodes, ways = [], []
    for x_m, y_m, side_m, tags in areas:
        corners = []
        for dx, dy in ((0, 0), (side_m, 0), (side_m, side_m), (0, side_m)):
            lon, lat = lon_lat(town(), x_m + dx, y_m + dy)
            corners.append(len(nodes) + 1)
            nodes.append(f'<node id="{len(nodes) + 1}" lon="{lon}" lat="{lat}"/>')
        refs = "".join(f'<nd ref="{ref}"/>' for ref in [*corners, corners[0]])
        keys = "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        ways.append(f'<way id="{len(ways) + 1}">{refs}{keys}</way>')
    file = folder / "town.osm"
    file.write_text(f"<osm>{''.join(nodes)}{''.join(ways)}</osm>")
    return file


def test_floor_area_and_use_count(tmp_path):
    network, places = town(), find_places(town())
    file = osm_file(
        tmp_path,
        (90, 10, 10, {"building": "house", "building:levels": "3"}),
        (290, 10, 10, {"building": "retail", "building:levels": "1"}),
        (490, 10, 10, {"building": "garage"}),
        (490, 210, 20, {"building": "yes", "building:levels": "many"}),
        (480, 200, 60, {"landuse": "commercial"}),
    )
    weight, trouble = building_weights(file, network, places)
    assert trouble == ""
    drawn = np.flatnonzero(weight)
    wanted = [
        (95, 15, 300 * ATTRACTION["house"]),
        (295, 15, 100 * ATTRACTION["retail"]),
        (500, 220, 400 * 2 * ATTRACTION["commercial"]),
    ]
    assert drawn.size == len(wanted)
    for x_m, y_m, floor in wanted:
        nearest = drawn[np.argmin(np.hypot(places.x_m[drawn] - x_m, places.y_m[drawn] - y_m))]
        assert weight[nearest] == pytest.approx(floor, rel=0.01)  # degrees and back
        assert abs(places.y_m[nearest] - y_m) < 30


def test_land_use_without_drawn_buildings_counts_by_length(tmp_path):
    network, places = town(), find_places(town())
    file = osm_file(tmp_path, (-20, -20, 240, {"landuse": "residential"}))
    weight, _ = building_weights(file, network, places)
    inside = weight > 0
    assert (places.x_m[inside] < 220).all()
    ratio = weight[inside] / network.links.length_m[inside]
    np.testing.assert_allclose(ratio, ratio[0])


def test_a_far_building_draws_nobody(tmp_path):
    weight, trouble = building_weights(
        osm_file(tmp_path, (3000, 0, 10, {"building": "yes"})), town(), find_places(town())
    )
    assert trouble.startswith("this extract holds next to no buildings")
    assert weight.sum() == 0


@pytest.mark.parametrize(
    "content, said",
    [
        ("<osm/>", "this extract holds no buildings and no land use. Use `weights: uniform`."),
        ("", "town.osm: the file is empty."),
    ],
)
def test_an_extract_without_buildings_is_explained(tmp_path, content, said):
    file = tmp_path / "town.osm"
    file.write_text(content)
    assert building_weights(file, town(), find_places(town()))[1].endswith(said)


def test_the_bundled_city_draws_trips_to_its_buildings(library):
    file = library / "monaco" / "monaco_core.osm.gz"
    network = load_network(file)
    weight, trouble = building_weights(file, network, find_places(network))
    assert trouble == ""
    assert (weight > 0).mean() > 0.5
    trips = build_trips(scenario(random_demand(weights="buildings"), city=City(osm=file)), network)
    assert len(trips) == 400
    assert (weight[trips.destination_link] > 0).all()
