"""Ways become streets between places where drivers have a choice."""

from __future__ import annotations

import pytest

from citytwin.scenarios.osm_chains import ChainGraph, build_chains, split_at_middle, weld_duplicates
from citytwin.scenarios.osm_defaults import defaults_for
from citytwin.scenarios.osm_read import OsmWay
from citytwin.scenarios.osm_tags import read_road

TWO_WAY = {"highway": "residential"}
ONE_WAY = {"highway": "residential", "oneway": "yes"}
RING = {"highway": "residential", "junction": "roundabout"}


def chains(places, ways, barriers=()):
    ways = [OsmWay(number, tuple(nodes), tags) for number, nodes, tags in ways]
    roads = [read_road(way.tags, defaults_for("FI"), urban=True, on_left=False) for way in ways]
    return build_chains(ways, roads, places, frozenset(barriers))


def drawn(graph: ChainGraph):
    """Every direction of every chain as the nodes it passes, sorted."""
    return sorted(
        tuple(graph.run_nodes(runs))
        for chain in graph.chains.values()
        for runs in (chain.forward, chain.backward)
        if runs
    )


CROSS = {1: (0, 0), 2: (100, 0), 3: (200, 0), 4: (100, 100), 5: (100, -100), 6: (150, 0)}


def test_ways_are_split_where_they_share_a_node():
    graph, notes = chains(CROSS, [(10, [1, 2, 6, 3], TWO_WAY), (11, [4, 2, 5], ONE_WAY)])
    assert drawn(graph) == [(1, 2), (2, 1), (2, 5), (2, 6, 3), (3, 6, 2), (4, 2)]
    assert notes == []


def test_ways_are_chained_where_nothing_else_meets_them():
    graph, _ = chains(CROSS, [(10, [1, 2], TWO_WAY), (11, [6, 2], TWO_WAY), (12, [6, 3], TWO_WAY)])
    assert drawn(graph) == [(1, 2, 6, 3), (3, 6, 2, 1)]
    assert len(graph.chains) == 1


def test_a_one_way_that_begins_is_not_chained_to_a_two_way():
    graph, _ = chains(CROSS, [(10, [1, 2], TWO_WAY), (11, [2, 3], ONE_WAY)])
    assert drawn(graph) == [(1, 2), (2, 1), (2, 3)]


def test_one_ways_that_meet_head_on_are_not_chained():
    graph, _ = chains(CROSS, [(10, [1, 2], ONE_WAY), (11, [3, 2], ONE_WAY)])
    assert drawn(graph) == [(1, 2), (3, 2)]


def test_ways_drawn_backwards():
    graph, _ = chains(CROSS, [(10, [1, 2], ONE_WAY), (11, [3, 2], {**TWO_WAY, "oneway": "-1"})])
    assert drawn(graph) == [(1, 2, 3)]


@pytest.mark.parametrize("tags", [TWO_WAY, ONE_WAY])
def test_ways_drawn_out_and_back_are_folded(tags):
    graph, _ = chains(CROSS, [(10, [1, 2, 3, 2, 1], tags)])
    assert drawn(graph) == [(1, 2, 3), (3, 2, 1)]
    assert len(graph.chains) == 1


def test_folding_is_said():
    _, notes = chains(CROSS, [(10, [1, 2, 1], TWO_WAY), (11, [1, 2], TWO_WAY)])
    assert "2 stretches were drawn twice" in notes[0]


def test_repeated_nodes_are_harmless():
    graph, _ = chains(CROSS, [(10, [1, 1, 2, 2, 3], TWO_WAY)])
    assert drawn(graph) == [(1, 2, 3), (3, 2, 1)]


def test_loops_are_halved():
    graph, notes = chains(CROSS, [(10, [1, 2], TWO_WAY), (11, [2, 4, 3, 5, 2], TWO_WAY)])
    assert all(chain.u != chain.v for chain in graph.chains.values())
    assert drawn(graph) == [(1, 2), (2, 1), (2, 4, 3), (2, 5, 3), (3, 4, 2), (3, 5, 2)]
    assert "1 loops" in notes[-1]


def test_a_street_that_splits_and_rejoins_soon_is_one():
    places = {1: (-100, 0), 2: (0, 0), 3: (20, 4), 4: (20, -4), 5: (40, 0), 6: (140, 0)}
    ways = [(10, [1, 2], TWO_WAY), (11, [2, 4, 5], ONE_WAY), (12, [5, 3, 2], ONE_WAY), (13, [5, 6], TWO_WAY)]
    graph, _ = chains(places, ways)
    assert drawn(graph) == [(1, 2, 4, 5, 6), (6, 5, 3, 2, 1)]
    assert len(graph.chains) == 1


def test_a_street_that_splits_for_longer_stays_split():
    places = {1: (-100, 0), 2: (0, 0), 3: (50, 4), 4: (50, -4), 5: (100, 0), 6: (240, 0)}
    ways = [(10, [1, 2], TWO_WAY), (11, [2, 4, 5], ONE_WAY), (12, [5, 3, 2], ONE_WAY), (13, [5, 6], TWO_WAY)]
    assert len(chains(places, ways)[0].chains) == 4


def test_rings_are_not_chained_to_streets():
    places = {1: (-100, 0), 2: (0, 0), 3: (10, 10), 4: (20, 0), 5: (10, -10)}
    graph, _ = chains(places, [(10, [1, 2], TWO_WAY), (11, [2, 5, 4, 3, 2], RING)])
    assert sum(graph.is_ring(key) for key in graph.chains) == 2  # a loop, so halved


def test_a_bollard_parts_a_street():
    graph, _ = chains(CROSS, [(10, [1, 2, 3], TWO_WAY)], barriers=[2])
    assert len(graph.chains) == 2
    assert [graph.alias[node] for node in graph.at if node in graph.alias] == [2]
    assert all(graph.degree(node) == 1 for node in graph.at)


def test_a_bollard_between_two_ways_parts_them():
    graph, _ = chains(CROSS, [(10, [1, 2], TWO_WAY), (11, [2, 3], TWO_WAY)], barriers=[2])
    assert len(graph.chains) == 2


def test_a_bollard_on_a_crossroads_parts_nothing():
    graph, _ = chains(CROSS, [(10, [1, 2, 3], TWO_WAY), (11, [4, 2, 5], TWO_WAY)], barriers=[2])
    assert graph.degree(2) == 4


def test_nodes_at_one_place_are_welded_on_one_level_only():
    places = {1: (9.0, 47.0), 2: (9.001, 47.0), 3: (9.001, 47.0), 4: (9.002, 47.0)}
    ways = [OsmWay(10, (1, 2), TWO_WAY), OsmWay(11, (3, 4), TWO_WAY)]
    bridge = [OsmWay(10, (1, 2), TWO_WAY), OsmWay(11, (3, 4), {**TWO_WAY, "bridge": "yes"})]
    for drawn_ways, expected in ((ways, 1), (bridge, 0)):
        roads = [read_road(way.tags, defaults_for("FI"), urban=True, on_left=False) for way in drawn_ways]
        welded, count = weld_duplicates(drawn_ways, roads, places)
        assert count == expected
        assert welded[1].nodes == ((2, 4) if expected else (3, 4))


def test_splitting_keeps_both_directions_together():
    graph, _ = chains(CROSS, [(10, [1, 2, 6, 3], TWO_WAY)])
    (key,) = graph.chains
    assert graph.length_m(key) == pytest.approx(200.0)
    assert split_at_middle(graph, key) is not None
    assert drawn(graph) == [(1, 2), (2, 1), (2, 6, 3), (3, 6, 2)]
    assert graph.split(max(graph.chains), 99) is None


def test_the_order_of_ends_does_not_matter():
    chain = next(iter(chains(CROSS, [(10, [1, 2, 3], TWO_WAY)])[0].chains.values()))
    assert chain.turned().turned() == chain
    assert chain.turned().forward == chain.backward
