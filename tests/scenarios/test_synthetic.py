"""Cities made by rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network_laws import network_digest
from citytwin.scenarios.synthetic import grid_city, random_city


@given(st.integers(1, 5), st.integers(1, 5))
@settings(max_examples=20)
def test_a_grid_has_the_streets_of_a_grid(rows, columns):
    graph = grid_city(rows, columns)
    assert len(graph.junctions) == rows * columns
    assert len(graph.streets) == 2 * (rows * (columns - 1) + columns * (rows - 1))


@given(st.integers(0, 2**31), st.booleans())
@settings(max_examples=60)
def test_every_link_of_a_random_city_can_be_reached(seed, drives_on_left):
    network = build_network(random_city(seed, drives_on_left=drives_on_left))
    links, movements = network.links, network.movements
    turns = coo_array(
        (np.ones(movements.turn.size), (movements.from_link, movements.to_link)), shape=(network.link_count,) * 2
    )
    gate = np.array([name != "" for name in network.junctions.gate])
    inner = ~gate[links.from_junction] & ~gate[links.to_junction]
    _, part = connected_components(turns.tocsr(), directed=True, connection="strong")
    assert len(set(part[inner])) == 1
    entered = np.bincount(movements.to_link, minlength=network.link_count) > 0
    assert np.all(entered | gate[links.from_junction])


def test_a_seed_is_a_city():
    first, again, other = (network_digest(build_network(random_city(seed))) for seed in (7, 7, 8))
    assert first == again != other


def test_links_end_at_their_stop_lines():
    network = build_network(grid_city(3, 3, block_m=100, lanes=2))
    assert network.links.length_m == pytest.approx(np.full(24, 100 - 2 * (6.0 + 4.0)))
