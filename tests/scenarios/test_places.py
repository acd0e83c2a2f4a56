"""Where trips may begin and end: whoever sets out arrives."""

from __future__ import annotations

import dataclasses

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.places import find_places
from citytwin.scenarios.streets import BUS
from citytwin.scenarios.synthetic import grid_city, random_city

from .demand_case import town


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), residents_only=st.sampled_from([0.0, 0.2]), pruned=st.sampled_from([0.0, 0.3, 0.6]))
def test_every_beginning_reaches_every_end(seed, residents_only, pruned):
    network = build_network(random_city(seed))
    rng = np.random.default_rng(seed)
    links = dataclasses.replace(network.links, destination_only=rng.random(network.link_count) < residents_only)
    # Without some of its connectors a city falls into pieces, as the cut edge of an extract does.
    dead = rng.random(network.lane_count) < pruned
    lanes = dataclasses.replace(network.lanes, access=np.where(dead, BUS, network.lanes.access).astype(np.int32))
    network = dataclasses.replace(network, links=links, lanes=lanes)
    places = find_places(network)
    connectors, access = network.connectors, network.lanes.access
    by_car = (access[connectors.from_lane] & access[connectors.to_lane] & 1) != 0
    street = nx.DiGraph()
    street.add_nodes_from(range(network.link_count))
    for movement in np.unique(connectors.movement[by_car]):
        street.add_edge(int(network.movements.from_link[movement]), int(network.movements.to_link[movement]))
    ends = set(np.flatnonzero(places.may_end).tolist())
    for link in np.flatnonzero(places.may_begin).tolist():
        assert ends <= nx.descendants(street, link) | {link}


def test_gates_let_in_and_out():
    network = town()
    places = find_places(network)
    assert places.entry_gate.sum() == places.exit_gate.sum() == 16
    assert (places.may_begin & places.entry_gate).sum() == 16
    assert not (places.may_begin & places.exit_gate).any()  # from there the way leads out of the map only
    assert not (places.may_end & places.entry_gate).any()
    assert (places.begin_m(np.flatnonzero(places.entry_gate)) == 0).all()
    assert np.isnan(places.begin_m(np.flatnonzero(~places.entry_gate))).all()
    out = np.flatnonzero(places.exit_gate)
    np.testing.assert_array_equal(places.end_m(out, network), network.links.length_m[out])


def test_the_middle_of_a_link_lies_on_it():
    network = town()
    places = find_places(network)
    for link in range(network.link_count):
        start, end = network.link_shape_xy(link)[[0, -1]]
        np.testing.assert_allclose([places.x_m[link], places.y_m[link]], (start + end) / 2, atol=1e-9)


def test_nobody_lives_on_a_motorway():
    network = build_network(grid_city(2, 3, road_class="motorway"))
    assert not find_places(network).addressed.any()
