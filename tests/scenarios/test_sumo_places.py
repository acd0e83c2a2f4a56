"""A net without a place on Earth is a city all the same: what needs degrees says so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from citytwin.scenarios.nearest_links import project
from citytwin.scenarios.network_doctor import examine, to_geojson
from citytwin.scenarios.problems import SourceError, describe
from citytwin.scenarios.references import check_against_network
from citytwin.scenarios.scenario import check_scenario
from citytwin.scenarios.sumo_network import read_sumo_net
from citytwin.scenarios.yaml_lines import parse_yaml
from citytwin.sim.network_facts import network_facts, to_lon_lat

from .sumo_case import write_net

SCENARIO = {
    "citytwin": 1,
    "name": "T",
    "start": "2026-05-04T07:00",
    "duration_s": 600,
    "city": {"sumo_net": "t.net.xml"},
}


def problems_of(folder: Path, **keys: object) -> str:
    """What is wrong with a scenario on the T."""
    write_net(folder)
    path = folder / "t.yaml"
    path.write_text(json.dumps(SCENARIO | keys), encoding="utf-8")  # JSON is YAML
    return describe(check_scenario(path))


def test_trips_by_link_need_no_coordinates(tmp_path: Path) -> None:
    (tmp_path / "trips.csv").write_text("trip_id,depart_s,origin_link,destination_link\na,0,side,out\n")
    assert problems_of(tmp_path, demand=[{"kind": "trips", "file": "trips.csv"}]) == "No problems found."


def test_coordinates_mean_nothing_there(tmp_path: Path) -> None:
    head = "trip_id,depart_s,origin_lon,origin_lat,destination_link\n"
    (tmp_path / "trips.csv").write_text(f"{head}a,0,7.4,43.7,out\n")
    said = problems_of(tmp_path, demand=[{"kind": "trips", "file": "trips.csv"}])
    assert "lies nowhere on Earth" in said
    assert "demand[0]" in said
    with pytest.raises(SourceError, match="Name links"):
        project(read_sumo_net(tmp_path / "t.net.xml"), np.zeros(1), np.zeros(1))


def test_faults_have_no_degrees(tmp_path: Path) -> None:
    assert np.isnan(to_lon_lat(np.zeros(2), np.zeros(2), 0)).all()
    path = write_net(tmp_path)
    text = path.read_text()
    (ahead,) = [line for line in text.splitlines() if 'from="in" to="out" fromLane="0"' in line]
    path.write_text(text.replace(ahead, ""))  # the bus lane leads nowhere
    network = read_sumo_net(path)
    collection = to_geojson(network, examine(network).faults)
    assert collection["features"]
    assert all(feature["geometry"] is None for feature in collection["features"])
    assert network_facts(network)["epsg"] == 0


@pytest.mark.parametrize("option", ["country", "driving_side", "keep"])
def test_options_of_maps_have_no_effect_on_a_net(tmp_path: Path, option: str) -> None:
    value = {"country": "IT", "driving_side": "left", "keep": ["node/1"]}[option]
    said = problems_of(tmp_path, network={option: value})
    assert f"network.{option}" in said
    assert "has no effect on a SUMO net" in said


def test_programmes_of_sumo_need_a_net_of_sumo(tmp_path: Path) -> None:
    text = "city: {osm: town.osm}\nnetwork: {signal_programmes: [p.add.xml]}\n"
    tree, _ = parse_yaml(text, Path("town.yaml"))
    (problem,) = check_against_network(None, tree, read_sumo_net(write_net(tmp_path)))
    assert problem.key == "network.signal_programmes"
    assert "needs `city.sumo_net`" in problem.text


def test_a_net_is_no_map(tmp_path: Path) -> None:
    assert "is a SUMO net: write it under `sumo_net` instead" in problems_of(tmp_path, city={"osm": "t.net.xml"})
    assert "is given besides `sumo_net`" in problems_of(tmp_path, city={"sumo_net": "t.net.xml", "place": "Monaco"})
