"""Roundabouts and islands are found lane by lane, with every way round them."""

from __future__ import annotations

import numpy as np
from yield_roads import junction_of, roundabout

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.short_loops import find_short_loops
from citytwin.scenarios.synthetic import grid_city


def test_the_lanes_of_a_roundabout_are_one_loop():
    network = roundabout()
    knot, loops = find_short_loops(network)
    ring = np.flatnonzero(network.links.roundabout[network.lanes.link])
    assert [sorted(loop) for loop in loops] == [ring.tolist()]
    assert set(knot[ring]) == {0}
    assert (np.delete(knot, ring) == -1).all()


def test_a_loop_is_listed_in_the_order_of_driving():
    network = roundabout()
    _, (loop,) = find_short_loops(network)
    connectors = set(zip(network.connectors.from_lane.tolist(), network.connectors.to_lane.tolist(), strict=True))
    assert all((here, there) in connectors for here, there in zip(loop, loop[1:] + loop[:1], strict=True))


def test_streets_and_crossings_are_no_loops():
    for network in (junction_of("wens"), build_network(grid_city(3, 3, 200.0))):
        knot, loops = find_short_loops(network)
        assert not loops
        assert (knot == -1).all()


def test_blocks_so_short_that_few_cars_fit_are_loops():
    knot, loops = find_short_loops(build_network(grid_city(2, 2, 40.0)))
    assert loops
    assert all((knot[loop] >= 0).all() for loop in loops)
