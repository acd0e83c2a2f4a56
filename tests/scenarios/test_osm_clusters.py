"""One junction is one junction, however many nodes it is drawn with."""

from __future__ import annotations

import math

import numpy as np

from citytwin.scenarios.osm_streets import build_streets

from .osm_case import ONEWAY, RESIDENTIAL, town

PRIMARY = {"highway": "primary", "oneway": "yes", "lanes": "2"}


def junction_of(graph, node):
    return next(spec for spec in graph.junctions if node in spec.source_nodes)


def dual_carriageway(gap_m=16.0, cross=RESIDENTIAL):
    """A dual carriageway along x, eastbound in the south, crossed by a street along y at x = 0."""
    places = {
        1: (-300, 0),
        2: (0, 0),
        3: (300, 0),
        4: (300, gap_m),
        5: (0, gap_m),
        6: (-300, gap_m),
        7: (0, -200),
        8: (0, 200),
    }
    ways = [(10, [1, 2, 3], PRIMARY), (11, [4, 5, 6], PRIMARY), (12, [7, 2, 5, 8], cross)]
    return places, ways


def test_both_carriageways_and_their_crossing_are_one_junction():
    graph = build_streets(town(*dual_carriageway()))
    spec = junction_of(graph, 2)
    assert spec.source_nodes == (2, 5)
    assert spec.id == "node/2"
    assert len(graph.streets) == 8


def test_inner_paths_are_exactly_the_legal_turns():
    graph = build_streets(town(*dual_carriageway()))
    paths = junction_of(graph, 2).inner_paths
    ids = {street.id for street in graph.streets}
    assert {street for pair in paths for street in pair} <= ids
    pairs = set(paths)
    east_in, east_out, west_in, west_out = "way/10:0-1", "way/10:1-2", "way/11:0-1", "way/11:1-2"
    south_in, south_out, north_in, north_out = "way/12:0-1", "way/12:1-0", "way/12:3-2", "way/12:2-3"
    for a in (east_in, west_in, south_in, north_in):
        for b in (east_out, west_out, south_out, north_out):
            assert (a, b) in pairs
    crossing = paths[south_in, north_out]
    assert np.hypot(*np.diff(crossing, axis=0).T).sum() > 16.0  # the carriageways' distance is not lost


def test_a_restriction_inside_a_junction_removes_the_path():
    from .osm_case import restriction

    places, ways = dual_carriageway()
    no_left = restriction(1, "no_left_turn", 10, 2, 12)
    graph = build_streets(town(places, ways, restrictions=[no_left]))
    spec = junction_of(graph, 2)
    assert ("way/10:0-1", "way/12:2-3") not in spec.inner_paths
    assert ("way/10:0-1", "way/12:2-3") in spec.banned
    assert ("way/10:0-1", "way/12:1-0") in spec.inner_paths


def test_carriageways_far_apart_stay_two_junctions():
    graph = build_streets(town(*dual_carriageway(gap_m=60.0)))
    assert junction_of(graph, 2).source_nodes == (2,)


def test_a_scenario_may_merge_and_keep():
    far = build_streets(town(*dual_carriageway(gap_m=60.0)), {"merge": [["node/2", "5"]]})
    assert junction_of(far, 2).source_nodes == (2, 5)
    near = build_streets(town(*dual_carriageway()), {"keep": ["node/5"]})
    assert junction_of(near, 2).source_nodes == (2,)


def test_junctions_between_signals_merge_and_without_do_not():
    places = {1: (-200, 0), 2: (0, 0), 3: (27, 0), 4: (200, 0), 5: (0, 200), 6: (27, -200)}
    ways = [(10, [1, 2, 3, 4], RESIDENTIAL), (11, [2, 5], RESIDENTIAL), (12, [3, 6], RESIDENTIAL)]
    lights = {2: {"highway": "traffic_signals"}, 3: {"highway": "traffic_signals"}}
    assert junction_of(build_streets(town(places, ways)), 2).source_nodes == (2,)
    merged = junction_of(build_streets(town(places, ways, node_tags=lights)), 2)
    assert merged.source_nodes == (2, 3)
    assert merged.signalised


def ring(radius_m, arms=4):
    """A roundabout with its arms."""
    places, ways, on_ring = {}, [], []
    for number in range(arms):
        angle = 2 * math.pi * number / arms
        places[number + 1] = (radius_m * math.cos(angle), radius_m * math.sin(angle))
        places[number + 11] = (200 * math.cos(angle), 200 * math.sin(angle))
        ways.append((20 + number, [number + 11, number + 1], RESIDENTIAL))
        on_ring.append(number + 1)
    ways.append((10, [*on_ring, on_ring[0]], {"highway": "residential", "junction": "roundabout"}))
    return places, ways


def test_a_small_ring_is_one_junction_with_legal_paths_round_it():
    graph = build_streets(town(*ring(7.0)))
    assert len(graph.streets) == 8
    spec = junction_of(graph, 1)
    assert len(spec.source_nodes) == 4
    # From the eastern arm: the northern one is the first exit, the southern one the third, the way round.
    assert ("way/20:0-1", "way/21:1-0") in spec.inner_paths
    first = np.hypot(*np.diff(spec.inner_paths["way/20:0-1", "way/21:1-0"], axis=0).T).sum()
    third = np.hypot(*np.diff(spec.inner_paths["way/20:0-1", "way/23:1-0"], axis=0).T).sum()
    assert third > first + 15.0


def test_a_large_ring_stays_a_ring():
    graph = build_streets(town(*ring(20.0)))
    arcs = [street for street in graph.streets if street.roundabout]
    assert len(arcs) == 4
    assert all(street.oneway and not street.twin for street in arcs)
    assert len(graph.junctions) == 8


def test_ramps_that_part_and_join_do_not_merge():
    places = {1: (-300, 0), 2: (0, 0), 3: (18, 0), 4: (300, 0), 5: (-200, -60), 6: (250, -60)}
    ways = [(10, [1, 2, 3, 4], PRIMARY), (11, [5, 2], PRIMARY), (12, [3, 6], PRIMARY)]
    graph = build_streets(town(places, ways))
    assert junction_of(graph, 2).source_nodes == (2,)


def test_a_chain_of_near_junctions_does_not_grow_without_end():
    places = {number: (14.0 * number, 0.0) for number in range(1, 12)}
    places |= {number + 100: (14.0 * number, 150.0 * (-1) ** number) for number in range(1, 12)}
    ways = [(10, list(range(1, 12)), RESIDENTIAL)]
    ways += [(20 + number, [number, number + 100], RESIDENTIAL) for number in range(1, 12)]
    graph = build_streets(town(places, ways))
    for spec in graph.junctions:
        spread = [places[node][0] for node in spec.source_nodes]
        assert max(spread) - min(spread) <= 45.0


def test_a_loop_inside_one_junction_is_a_street():
    places = {1: (-200, 0), 2: (0, 0), 3: (12, 0), 4: (200, 0), 5: (-20, 60), 6: (32, 60)}
    ways = [(10, [1, 2, 3, 4], RESIDENTIAL), (11, [2, 5, 6, 3], ONEWAY)]
    graph = build_streets(town(places, ways))
    assert junction_of(graph, 2).source_nodes == (2, 3)
    loop = [street for street in graph.streets if "way/11" in street.source_ways]
    assert len(loop) == 2
    assert all(street.from_junction != street.to_junction for street in graph.streets)
