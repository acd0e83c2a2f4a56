"""Junctions of real extracts: every law, and the figures that say whether they were built as the street has them."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.load_network import load_streets
from citytwin.scenarios.network import Control, Light, RoadNetwork, Turn
from citytwin.scenarios.network_laws import check_network, network_digest, programme
from citytwin.scenarios.streets import StreetGraph

from .small_streets import mirrored, shuffled

OSM = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "osm"
CITIES = {
    "monaco": "monaco/monaco_core.osm.gz",
    "helsinki": "helsinki_centre/helsinki_centre.osm.gz",
    "leeds": "leeds/leeds.osm.gz",
    "shanghai": "shanghai/shanghai.osm.gz",
    "kotka": "kotka/kotka.osm.gz",
}


@cache
def streets_of(city: str) -> StreetGraph:
    path = OSM / CITIES[city]
    if not path.exists():
        pytest.skip(f"the extract is not on this machine ({path.name} is missing)")
    return load_streets(path)


@cache
def network_of(city: str) -> RoadNetwork:
    return build_network(streets_of(city))


@pytest.fixture(params=sorted(CITIES))
def city(request) -> str:
    return request.param


def test_every_law_holds(city):
    check_network(network_of(city))


def test_no_car_is_trapped(city):
    assert not [fault for fault in network_of(city).faults if fault.kind == "no_exit"]


def test_no_movement_breaks_a_restriction(city):
    banned = {pair for junction in streets_of(city).junctions for pair in junction.banned}
    network = network_of(city)
    links, movements = network.links, network.movements
    made = {(links.id[a], links.id[b]) for a, b in zip(movements.from_link, movements.to_link, strict=True)}
    assert not made & banned


def test_no_movement_is_invented_inside_a_merged_junction(city):
    network = network_of(city)
    links, movements = network.links, network.movements
    paths = {junction.id: junction.inner_paths for junction in streets_of(city).junctions}
    for row in np.flatnonzero(links.twin[movements.from_link] != movements.to_link):
        inner = paths[network.junctions.id[movements.junction[row]]]
        pair = (links.id[movements.from_link[row]], links.id[movements.to_link[row]])
        assert inner is None or pair in inner


def test_most_signals_need_two_stages(city):
    """Signals in mid-block have one for vehicles; more than three are for the few where many approaches meet."""
    network = network_of(city)
    stages = Counter()
    for row in range(len(network.signals.id)):
        _, lights = programme(network.signals, row)
        stages[int((lights == Light.YELLOW).any(axis=1).sum())] += 1
    assert stages[1] + stages[2] >= 0.75 * stages.total()
    assert max(stages, default=1) <= 6


def test_the_order_of_the_source_leaves_no_trace():
    graph = streets_of("helsinki")
    assert network_digest(build_network(shuffled(graph, seed=3))) == network_digest(network_of("helsinki"))


def test_leeds_is_its_mirror_image_where_traffic_keeps_right():
    here, there = network_of("leeds"), build_network(mirrored(streets_of("leeds")))
    assert here.drives_on_left and not there.drives_on_left
    for column in ("from_lane", "to_lane", "foe_start", "foe", "foe_kind"):
        assert np.array_equal(getattr(here.connectors, column), getattr(there.connectors, column)), column
    assert np.array_equal(np.array([0, 2, 1, 3])[here.movements.turn], there.movements.turn)
    np.testing.assert_allclose(here.connectors.length_m, there.connectors.length_m, rtol=1e-6)


def test_turning_back_is_rare(city):
    network = network_of(city)
    own_way_back = network.links.twin[network.movements.from_link] == network.movements.to_link
    exits = np.bincount(network.movements.from_link, minlength=network.link_count)
    arrows = {s.id for s in streets_of(city).streets if any("reverse" in lane for lane in s.turn_lanes or ())}
    for row in np.flatnonzero(own_way_back):
        link = int(network.movements.from_link[row])
        assert exits[link] == 1 or network.links.id[link] in arrows
        assert network.movements.turn[row] == Turn.UTURN


def test_all_kinds_of_control_occur():
    kinds = Counter(int(k) for city in ("monaco", "helsinki") for k in network_of(city).junctions.control)
    assert all(kinds[kind] for kind in (Control.PRIORITY, Control.SIGNAL, Control.RIGHT_BEFORE_LEFT, Control.FREE))
