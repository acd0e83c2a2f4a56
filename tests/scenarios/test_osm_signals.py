"""Lights and signs belong to the approach they stand at."""

from __future__ import annotations

import pytest

from citytwin.scenarios.osm_streets import build_streets

from .osm_case import ONEWAY, RESIDENTIAL, town

LIGHT = {"highway": "traffic_signals"}


def cross(at_m, tags, node_tags, *, street=RESIDENTIAL):
    """A street along x into a crossroads at x = 0, with one more node at ``x = at_m``."""
    places = {1: (-300, 0), 2: (at_m, 0), 3: (0, 0), 4: (200, 0), 5: (0, 200), 6: (0, -200)}
    first = [1, 2, 3, 4] if at_m < 0 else [1, 3, 2, 4]
    ways = [(10, first, {**street, **tags}), (11, [5, 3, 6], RESIDENTIAL)]
    return build_streets(town(places, ways, node_tags={2: node_tags}))


def approach(graph, ways="way/10", towards="node/3"):
    return [street for street in graph.streets if street.to_junction == towards and ways in street.source_ways]


def junction(graph, name="node/3"):
    return next(spec for spec in graph.junctions if spec.id == name)


def test_a_light_on_the_junction():
    places = {1: (-300, 0), 3: (0, 0), 4: (200, 0), 5: (0, 200), 6: (0, -200)}
    ways = [(10, [1, 3, 4], RESIDENTIAL), (11, [5, 3, 6], RESIDENTIAL)]
    graph = build_streets(town(places, ways, node_tags={3: LIGHT}))
    assert junction(graph).signalised
    assert all(street.signalised for street in graph.streets if street.to_junction == "node/3")


@pytest.mark.parametrize("at_m", [-12.0, -25.0, -39.0])
def test_a_light_on_the_approach(at_m):
    graph = cross(at_m, {}, LIGHT)
    assert junction(graph).signalised
    lit = {street.id for street in graph.streets if street.signalised}
    assert lit == {"way/10:0-2"}


def test_a_light_just_behind_a_junction_on_a_one_way_is_that_junctions():
    graph = cross(15.0, {}, LIGHT, street=ONEWAY)
    assert junction(graph).signalised
    assert not any(spec.crossing_signal for spec in graph.junctions)


def test_a_light_in_mid_block_is_a_junction_of_its_own():
    graph = cross(-150.0, {}, LIGHT)
    assert not junction(graph).signalised
    crossing = junction(graph, "node/2")
    assert crossing.crossing_signal
    assert crossing.signalised
    assert len([street for street in graph.streets if "node/2" in (street.from_junction, street.to_junction)]) == 4


def test_the_direction_of_a_light_decides_which_junction_it_serves():
    towards = cross(-25.0, {}, {**LIGHT, "traffic_signals:direction": "forward"})
    assert junction(towards).signalised
    away = cross(-25.0, {}, {**LIGHT, "traffic_signals:direction": "backward"})
    assert not any(street.signalised for street in approach(away))


def test_a_crossing_with_lights_beside_a_cars_light_adds_nothing():
    places = {1: (-300, 0), 2: (-150, 0), 7: (-140, 0), 3: (0, 0), 4: (200, 0), 5: (0, 200), 6: (0, -200)}
    ways = [(10, [1, 2, 7, 3, 4], RESIDENTIAL), (11, [5, 3, 6], RESIDENTIAL)]
    tags = {2: LIGHT, 7: {"highway": "crossing", "crossing": "traffic_signals"}}
    graph = build_streets(town(places, ways, node_tags=tags))
    assert [spec.id for spec in graph.junctions if spec.crossing_signal] == ["node/2"]
    alone = build_streets(town(places, ways, node_tags={7: tags[7]}))
    assert [spec.id for spec in alone.junctions if spec.crossing_signal] == ["node/7"]


@pytest.mark.parametrize("sign", ["stop", "give_way"])
def test_a_sign_stands_at_the_end_of_its_street(sign):
    graph = cross(-10.0, {}, {"highway": sign})
    assert [street.sign for street in approach(graph)] == ["", sign] or [s.sign for s in approach(graph)] == [sign, ""]
    assert [street.id for street in graph.streets if street.sign] == ["way/10:0-2"]


def test_a_sign_for_the_other_direction():
    graph = cross(-10.0, {}, {"highway": "stop", "direction": "backward"})
    assert not [street.id for street in graph.streets if street.sign and street.to_junction == "node/3"]


def test_all_way_stop():
    places = {1: (-300, 0), 3: (0, 0), 4: (200, 0), 5: (0, 200), 6: (0, -200)}
    ways = [(10, [1, 3, 4], {"highway": "tertiary"}), (11, [5, 3, 6], RESIDENTIAL)]
    graph = build_streets(town(places, ways, node_tags={3: {"highway": "stop", "stop": "all"}}))
    assert junction(graph).all_way_stop
    minor = build_streets(town(places, ways, node_tags={3: {"highway": "stop", "stop": "minor"}}))
    assert not junction(minor).all_way_stop
    assert {street.source_ways for street in minor.streets if street.sign == "stop"} == {("way/11",)}


def test_mini_roundabout():
    places = {1: (-300, 0), 3: (0, 0), 4: (200, 0), 5: (0, 200)}
    ways = [(10, [1, 3, 4], RESIDENTIAL), (11, [5, 3], RESIDENTIAL)]
    graph = build_streets(town(places, ways, node_tags={3: {"highway": "mini_roundabout"}}))
    assert junction(graph).mini_roundabout
