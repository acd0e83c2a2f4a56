"""Sensors are put on the links and lanes they stand on, and those that stand wrong are named."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Transformer

from citytwin.scenarios.data_health import examine
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.nearest_links import lane_beside
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.scenario import Scenario
from citytwin.scenarios.sensor_files import read_observations
from citytwin.scenarios.synthetic import grid_city


@pytest.fixture(scope="module")
def network() -> RoadNetwork:
    return build_network(grid_city(2, 3, 200.0, 2))


def beside(network: RoadNetwork, link: str, right_m: float, along: float = 0.5) -> str:
    """Longitude and latitude of a point to the right of the middle of a link."""
    line = network.link_shape_xy(network.link_row[link])
    forward = (line[-1] - line[0]) / np.hypot(*(line[-1] - line[0]))
    x_m, y_m = line[0] + along * (line[-1] - line[0]) + right_m * np.array([forward[1], -forward[0]])
    lon, lat = Transformer.from_crs(f"EPSG:{network.epsg}", "EPSG:4326", always_xy=True).transform(x_m, y_m)
    return f"{lon:.7f},{lat:.7f}"


def examine_places(folder, network, sensors: str, names: str, scenario=None, value: int = 40):
    (folder / "places.csv").write_text(sensors)
    rows = [f"2026-05-04T07:00,{name},{value}" for name in names.split()]
    (folder / "counts.csv").write_text("\n".join(["time,sensor,count", *rows]) + "\n")
    text = "observations: 1\nsensors: {file: places.csv}\nfiles: [{file: counts.csv, interval_s: 900}]\n"
    (folder / "town.yaml").write_text(text)
    return examine(read_observations(folder / "town.yaml"), network, scenario)


def heading_of(network: RoadNetwork, link: str) -> float:
    line = network.link_shape_xy(network.link_row[link])
    return float(np.degrees(np.arctan2(*(line[-1] - line[0])))) % 360


def two_ways(network: RoadNetwork) -> tuple[str, str]:
    """A link and the one of the other direction."""
    row = int(np.flatnonzero(network.links.twin >= 0)[0])
    return network.links.id[row], network.links.id[network.links.twin[row]]


def test_a_coordinate_with_a_heading_finds_its_link_its_lane_and_distance(tmp_path, network):
    there, back = two_ways(network)
    facing = heading_of(network, there)
    table = "sensor,lon,lat,heading\n"
    table += (
        f"a,{beside(network, there, 2.0)},{facing:.0f}\nb,{beside(network, there, 2.0)},{(facing + 180) % 360:.0f}\n"
    )
    health = examine_places(tmp_path, network, table, "a b")
    placed = health.placed
    assert [network.links.id[rows[0]] for rows in placed.links] == [there, back]
    assert placed.distance_m == pytest.approx([2.0, 8.0], abs=0.05)
    assert placed.matched.all()
    assert placed.lanes.tolist() == [2.0, 2.0]
    assert health.findings == ()


def test_without_a_heading_the_kerb_decides(tmp_path, network):
    there, back = two_ways(network)
    health = examine_places(tmp_path, network, f"sensor,lon,lat\na,{beside(network, there, -5.0)}\n", "a")
    assert network.links.id[health.placed.link[0]] == back


def test_lanes_are_told_by_the_way_from_the_middle_of_the_road(network):
    there, _ = two_ways(network)
    row = network.link_row[there]
    width_m = network.lanes.width_m[network.links.lane_start[row]]
    line = network.link_shape_xy(row)
    forward = (line[-1] - line[0]) / np.hypot(*(line[-1] - line[0]))
    right = np.array([forward[1], -forward[0]])
    lanes = [
        lane_beside(network, row, *(line.mean(axis=0) + metres * right))
        for metres in (-0.5 * width_m, 0.5 * width_m, 9.0)
    ]
    assert lanes == [1, 0, 0]


def test_a_sensor_far_from_every_street(tmp_path, network):
    there, _ = two_ways(network)
    health = examine_places(tmp_path, network, f"sensor,lon,lat\na,{beside(network, there, 5000.0)}\n", "a")
    (found,) = health.findings
    assert found.sort == "far"
    assert found.text.endswith("(at most 50 m).")
    assert health.placed.links[0].size == 0


def test_a_sensor_that_names_another_link_than_it_stands_on(tmp_path, network):
    there, back = two_ways(network)
    far = next(name for name in network.links.id if name not in (there, back))
    facing = heading_of(network, there)
    place = beside(network, there, 3.0)
    table = f"sensor,link,lon,lat,heading\na,{far},{place},\nb,{back},{place},{facing:.0f}\n"
    health = examine_places(tmp_path, network, table, "a b")
    found = {one.sort: one.text for one in health.findings}
    assert set(found) == {"other_link", "other_direction"}
    assert f"m from {far}, but 3 m from {there}." in found["other_link"]
    assert found["other_direction"] == f"faces {facing:.0f}°, 180° off the direction of {back}. {there} runs that way."


def test_a_sensor_that_is_nowhere(tmp_path, network):
    health = examine_places(tmp_path, network, "sensor,lon,lat\nother,,\n", "a")
    assert [(one.sort, one.text) for one in health.findings] == [("nowhere", "names no link and has no coordinate.")]


def test_a_sensor_called_like_a_link_stands_on_it(tmp_path, network):
    there, _ = two_ways(network)
    health = examine_places(tmp_path, network, "sensor,lon,lat\nother,,\n", there)
    assert network.links.id[health.placed.link[0]] == there
    assert health.findings == ()


def test_a_sensor_that_counts_on_a_closed_link(tmp_path, network):
    there, back = two_ways(network)
    closure = {"kind": "road_closure", "link": there, "start_s": 0, "end_s": 1800}
    keys = {"citytwin": 1, "name": "t", "duration_s": 3600, "city": {"place": "nowhere"}}
    scenario = Scenario.model_validate(keys | {"start": "2026-05-04T07:00", "events": [closure]})
    health = examine_places(tmp_path, network, "sensor,lon,lat\nother,,\n", f"{there} {back}", scenario)
    (found,) = health.findings
    assert (found.sort, health.name(found), found.when(health.readings)) == (
        "closed_link",
        there,
        "2026-05-04 07:00-07:15",
    )
    assert found.text == f"40 veh while {there} is closed in the scenario."
    later = Scenario.model_validate(keys | {"start": "2026-05-04T09:00", "events": [closure]})
    assert examine_places(tmp_path, network, "sensor,lon,lat\nother,,\n", there, later).findings == ()
