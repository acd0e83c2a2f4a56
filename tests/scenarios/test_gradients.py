"""Every source that knows how streets rise says so: OpenStreetMap, OSMnx, SUMO, and the file of a new road."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.osm_streets import build_streets
from citytwin.scenarios.streets import JunctionSpec
from citytwin.scenarios.synthetic_roads import Road, draw_city

from .osm_case import RESIDENTIAL, town
from .plan_case import change, changed, degrees, street
from .sumo_case import write_net

PLACES = {1: (0.0, 0.0), 2: (100.0, 0.0), 3: (300.0, 0.0), 4: (300.0, 200.0), 5: (300.0, -200.0)}


def gradients(ways, node_tags=None) -> dict[str, float | None]:
    graph = build_streets(town(PLACES, ways, node_tags=node_tags))
    return {one.id: one.gradient for one in graph.streets}


def test_incline_holds_in_the_direction_in_which_the_way_is_drawn() -> None:
    across = (7, (4, 3, 5), RESIDENTIAL)
    found = gradients([(1, (1, 2, 3), {**RESIDENTIAL, "incline": "6%"}), across])
    assert found["way/1:0-2"] == pytest.approx(0.06)
    assert found["way/1:2-0"] == pytest.approx(-0.06)
    assert found["way/7:0-1"] is None


def test_a_street_of_several_ways_has_their_mean_or_none() -> None:
    first = (1, (1, 2), {**RESIDENTIAL, "incline": "9%"})
    across = (7, (4, 3, 5), RESIDENTIAL)
    found = gradients([first, (2, (2, 3), {**RESIDENTIAL, "incline": "-3%"}), across])
    assert found["way/1:0-1"] == pytest.approx((9.0 * 100 - 3.0 * 200) / 300 / 100, abs=1e-4)
    found = gradients([first, (2, (2, 3), {**RESIDENTIAL, "incline": "up"}), across])
    assert found["way/1:0-1"] is None


@pytest.mark.parametrize("key", ["ele", "elevation"])
def test_heights_of_nodes_go_before_incline(key: str) -> None:
    ways = [(1, (1, 2, 3), {**RESIDENTIAL, "incline": "6%"}), (7, (4, 3, 5), RESIDENTIAL)]
    found = gradients(ways, {1: {key: "210"}, 3: {key: "222.0"}})
    assert found["way/1:0-2"] == pytest.approx(12.0 / 300.0, abs=1e-4)


def test_an_incline_that_cannot_be_meant_is_told() -> None:
    ways = [(1, (1, 2, 3), {**RESIDENTIAL, "incline": "60%"}), (7, (4, 3, 5), {**RESIDENTIAL, "incline": "steep"})]
    graph = build_streets(town(PLACES, ways))
    assert "incline is no number of % or ° up to 40 %: it was passed over (2 ways)." in graph.notes
    assert all(one.gradient is None for one in graph.streets)


def test_sumo_shapes_with_heights(tmp_path: Path) -> None:
    net = write_net(tmp_path)
    text = net.read_text(encoding="utf-8")
    flat = load_network(net, use_cache=False)
    assert np.isnan(flat.links.gradient).all()
    net.write_text(text.replace("1.60,-100.00 1.60,-7.20", "1.60,-100.00,10.00 1.60,-7.20,14.64"), encoding="utf-8")
    for felt in (True, False):
        network = load_network(net, {"slopes": felt}, use_cache=False)
        assert network.links.gradient[network.link_row["side"]] == pytest.approx(4.64 / 92.8)
        assert network.slopes is felt
    assert any("edges with heights: level unless" in note for note in network.notes)
    told = load_network(net, {"slopes": True}, use_cache=False).notes[-1]
    assert told == "5 of 6 links have no slope in the source: they are level."


def test_a_new_road_with_heights(tmp_path: Path) -> None:
    specs = [JunctionSpec(name, x, y) for name, x, y in (("a", 0, 0), ("b", 400, 0), ("c", 0, 300), ("d", 400, 300))]
    graph = draw_city("two", specs, [Road("a", "b"), Road("c", "d"), Road("a", "c"), Road("b", "d")])
    file = tmp_path / "road.geojson"
    places = degrees((200.0, 0.0), (200.0, 300.0))
    heights = [[*place, height] for place, height in zip(places, (100.0, 115.0), strict=True)]
    for coordinates, wanted in ((heights, 0.05), (places, None)):
        file.write_text(json.dumps({"type": "LineString", "coordinates": coordinates}), encoding="utf-8")
        after = changed(graph, change("road_added", file=file, speed_kmh=30))
        up, down = street(after, "new/plan:0-1").gradient, street(after, "new/plan:1-0").gradient
        assert up == (wanted if wanted is None else pytest.approx(wanted, abs=1e-3))
        assert down == (None if up is None else -up)
    turned = changed(after, change("road_removed", link="new/plan:0-1", both_directions=False))
    assert street(turned, "new/plan:1-0").gradient is None
