"""Fetching what is needed next changes nothing, in a city large enough for it."""

from __future__ import annotations

import numpy as np
from cuda_cases import busy_fleet
from phase_order import run_in_order

from citytwin.kernels import traffic_tables as table
from citytwin.kernels.near import MANY
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.synthetic import grid_city

STEPS = 150


def test_a_large_city_goes_on_as_one_whose_rows_are_served_one_by_one() -> None:
    network = build_network(grid_city(28, 28))
    fleet, plain = (busy_fleet(network, trips=6500, every_s=0.015, members=1) for _ in range(2))
    fleet.advance(0, STEPS)
    cities = fleet.cities
    assert cities.busy[0, table.BUSY_ROWS, cities.lane_f.shape[2]] > MANY
    assert cities.busy[0, table.BUSY_LINKS, network.link_count] > MANY
    sizes = cities.junction.shape[2] - 1, cities.link.shape[2] - 1, cities.lane_f.shape[2]
    run_in_order(plain.cities, *(np.arange(size) for size in sizes), STEPS)
    cities.counter[0, table.UPDATES] = 0  # which only the real step counts
    for name in table.OWN:
        np.testing.assert_array_equal(getattr(cities, name), getattr(plain.cities, name), err_msg=name)
