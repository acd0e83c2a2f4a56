"""What the network doctor finds."""

from __future__ import annotations

import json

import pytest

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.network_doctor import examine, to_geojson, write_geojson
from citytwin.scenarios.osm_streets import build_streets

from .osm_case import LAT, LON, ONEWAY, RESIDENTIAL, town

PLACES = {1: (-200, 0), 2: (0, 0), 3: (200, 0), 4: (200, 200), 5: (0, 200), 6: (400, 0), 7: (-50, -100), 8: (-50, 100)}
BLOCK = (10, [2, 3, 4, 5, 2], RESIDENTIAL)


def examined(ways, **more):
    network = build_network(build_streets(town(PLACES, ways, **more)))
    return network, examine(network)


def found(examination, kind):
    return {fault.where for fault in examination.faults if fault.kind == kind}


def test_a_dead_end_is_a_fault_and_a_gate_is_not():
    ways = [BLOCK, (11, [1, 2], RESIDENTIAL), (12, [3, 6], RESIDENTIAL)]
    _, examination = examined(ways, cut_nodes=[6])
    assert found(examination, "dead_end") == {"node/1"}
    assert examination.junctions["gates"] == 1
    assert examination.fault_counts["dead_end"] == 1


def test_one_ways_at_the_edge_are_reached_from_outside_and_lead_there():
    _, examination = examined([BLOCK, (11, [1, 2], ONEWAY), (12, [3, 6], ONEWAY)])
    assert found(examination, "unreachable") == found(examination, "no_way_on") == set()
    cars = examination.reach[0]
    assert (cars.mode, cars.links, cars.cut_off) == ("car", 6, 0)
    assert (cars.strongly_connected, cars.parts) == (2, 2)  # once round the block, either way


def test_an_island_is_cut_off():
    places = {**PLACES, 21: (900, 900), 22: (1000, 900), 23: (1000, 1000)}
    ways = [BLOCK, (11, [1, 2], RESIDENTIAL), (20, [21, 22, 23], RESIDENTIAL)]
    network = build_network(build_streets(town(places, ways)))
    assert found(examine(network), "unreachable") == {"way/20:0-2", "way/20:2-0"}
    assert found(examine(network), "no_way_on") == {"way/20:0-2", "way/20:2-0"}


def test_other_modes_list_only_what_cars_do_not():
    ways = [BLOCK, (11, [1, 2], {**RESIDENTIAL, "hgv": "no"})]
    _, examination = examined(ways)
    trucks = next(reach for reach in examination.reach if reach.mode == "truck")
    cars = next(reach for reach in examination.reach if reach.mode == "car")
    assert trucks.links == cars.links - 2
    assert not [fault for fault in examination.faults if fault.mode == "bus"]


def test_streets_that_cross_without_a_node():
    ways = [BLOCK, (11, [1, 2], RESIDENTIAL), (12, [7, 8], RESIDENTIAL)]
    network, examination = examined(ways)
    (fault,) = [fault for fault in examination.faults if fault.kind == "crosses_without_node"]
    assert fault.where == "way/11"
    assert "way/12" in fault.text
    features = to_geojson(network, [fault])["features"]
    assert features[0]["geometry"]["coordinates"] == pytest.approx([LON - 50 / 75_900, LAT], abs=1e-4)
    bridge = [BLOCK, (11, [1, 2], RESIDENTIAL), (12, [7, 8], {**RESIDENTIAL, "bridge": "yes"})]
    assert not found(examined(bridge)[1], "crosses_without_node")


def test_counts_and_shares():
    network, examination = examined([BLOCK, (11, [1, 2], {"highway": "primary", "maxspeed": "50", "lanes": "2"})])
    rows = {row.road_class: row for row in examination.classes}
    assert rows["primary"].links == 2
    assert rows["primary"].length_km == pytest.approx(0.39, abs=0.03)
    assert sum(row.links for row in examination.classes) == network.link_count
    assert examination.assumed_share["lane_width_m"] == 1.0
    assert examination.assumed_share["speed_mps"] == pytest.approx(1 - 2 / network.link_count)
    assert json.loads(json.dumps(examination.as_dict()))["faults"] == examination.fault_counts


def test_geojson_is_written(tmp_path):
    network, examination = examined([BLOCK, (11, [1, 2], RESIDENTIAL)])
    write_geojson(network, examination.faults, tmp_path / "faults.geojson")
    collection = json.loads((tmp_path / "faults.geojson").read_text(encoding="utf-8"))
    assert collection["type"] == "FeatureCollection"
    assert len(collection["features"]) == len(examination.faults)
    assert all(abs(f["geometry"]["coordinates"][0] - LON) < 0.1 for f in collection["features"])
    assert to_geojson(network, [])["features"] == []


def test_real_faults_of_shanghai(data):
    network = load_network(data / "osm" / "shanghai" / "shanghai.osm.gz", use_cache=False)
    examination = examine(network)
    assert examination.fault_counts["crosses_without_node"] == 24
    assert 0.4 < examination.reach[0].strongly_connected / network.link_count < 0.65
