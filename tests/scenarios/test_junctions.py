"""Laws of a built network, over grids and random cities."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import Control, Turn
from citytwin.scenarios.network_laws import check_network, network_digest
from citytwin.scenarios.streets import JunctionSpec
from citytwin.scenarios.synthetic import grid_city, random_city
from citytwin.scenarios.synthetic_roads import Road, draw_city

from .small_streets import mirrored, shuffled


@given(
    st.tuples(st.integers(1, 4), st.integers(1, 4)).filter(lambda size: size != (1, 1)),
    st.integers(1, 4),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "US", "DE"]),
)
@settings(max_examples=40)
def test_grids_keep_the_laws(size, lanes, signalised, drives_on_left, gates, country):
    graph = grid_city(
        *size, lanes=lanes, signalised=signalised, drives_on_left=drives_on_left, gates=gates, country=country
    )
    check_network(build_network(graph))


@given(st.integers(0, 2**31), st.booleans(), st.sampled_from(["", "US", "DE"]))
@settings(max_examples=150)
def test_random_cities_keep_the_laws(seed, drives_on_left, country):
    network = build_network(random_city(seed, drives_on_left=drives_on_left, country=country))
    check_network(network)
    assert not network.faults


@given(st.integers(0, 2**31), st.integers(0, 99))
@settings(max_examples=25)
def test_the_order_of_the_source_leaves_no_trace(seed, order):
    graph = random_city(seed)
    assert network_digest(build_network(shuffled(graph, order))) == network_digest(build_network(graph))


@given(st.integers(0, 2**31))
@settings(max_examples=25)
def test_left_hand_traffic_is_the_mirror_image(seed):
    graph = random_city(seed)
    here, there = build_network(graph), build_network(mirrored(graph))
    for table, columns in (
        ("movements", ("from_link", "to_link")),
        ("connectors", ("from_lane", "to_lane", "foe_start", "foe", "foe_kind", "foe_yield", "priority")),
    ):
        for column in columns:
            assert np.array_equal(getattr(getattr(here, table), column), getattr(getattr(there, table), column)), column
    swap = np.array([Turn.STRAIGHT, Turn.LEFT, Turn.RIGHT, Turn.UTURN])
    assert np.array_equal(swap[here.movements.turn], there.movements.turn)
    np.testing.assert_allclose(here.connectors.speed_mps, there.connectors.speed_mps)
    assert np.array_equal(here.junctions.control == Control.SIGNAL, there.junctions.control == Control.SIGNAL)


def test_tables_are_immutable():
    network = build_network(grid_city(2, 2))
    with pytest.raises(ValueError, match="read-only"):
        network.links.length_m[0] = 1.0


def test_ids_must_be_unique_and_ends_known():
    graph = grid_city(2, 2)
    with pytest.raises(ValueError, match="two streets share one id"):
        build_network(replace(graph, streets=(*graph.streets, graph.streets[0])))
    with pytest.raises(ValueError, match="two junctions share one id"):
        build_network(replace(graph, junctions=(*graph.junctions, graph.junctions[0])))
    with pytest.raises(ValueError, match="which is no junction"):
        build_network(replace(graph, junctions=graph.junctions[1:]))


def test_a_link_nobody_can_leave_is_a_fault():
    specs = [JunctionSpec("a", 0, 0), JunctionSpec("b", 100, 0), JunctionSpec("c", 200, 0)]
    network = build_network(draw_city("trap", specs, [Road("a", "b"), Road("b", "c", backward_lanes=0)]))
    assert [(fault.kind, fault.where) for fault in network.faults] == [("no_exit", "way/b>c")]
    check_network(network)


def test_a_city_without_junctions_is_a_network_too():
    empty = build_network(draw_city("nothing", [JunctionSpec("a", 0, 0)], []))
    check_network(empty)
    assert empty.link_count == 0


def test_broken_tables_are_named():
    network = build_network(grid_city(3, 3))
    silent = network.connectors.foe_yield.copy()
    silent[:] = True
    with pytest.raises(ValueError, match="two foes yield to each other"):
        check_network(replace(network, connectors=replace(network.connectors, foe_yield=silent)))
    light = network.signals.light.copy()
    light[:] = 3
    with pytest.raises(ValueError, match="shows green to connectors"):
        check_network(replace(network, signals=replace(network.signals, light=light)))
    foe = network.connectors.foe.copy()
    foe[0] = foe[-1]
    with pytest.raises(ValueError, match="foe"):
        check_network(replace(network, connectors=replace(network.connectors, foe=foe)))
