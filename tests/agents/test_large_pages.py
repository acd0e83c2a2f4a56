"""A city's tables in large pages are the same tables."""

from __future__ import annotations

import itertools
import mmap

import numpy as np
import pytest
from cuda_cases import busy_fleet

from citytwin.agents import fleet as fleets
from citytwin.agents.large_pages import LINE_BYTES, WORTH_IT_BYTES, in_large_pages
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.synthetic import grid_city

LARGE = {"trips": 3000, "every_s": 0.05, "members": 4}


def arrays_of(cities):
    return {name: array for name, array in cities._asdict().items() if isinstance(array, np.ndarray)}


@pytest.mark.skipif(not hasattr(mmap, "MADV_HUGEPAGE"), reason="this system has no large pages")
def test_a_run_in_large_pages_has_the_bits_of_one_in_small_ones(monkeypatch):
    network = build_network(grid_city(14, 14))
    there = busy_fleet(network, **LARGE)
    monkeypatch.setattr(fleets, "in_large_pages", lambda cities: cities)
    here = busy_fleet(network, **LARGE)
    moved, plain = arrays_of(there.cities), arrays_of(here.cities)
    assert sum(array.nbytes for array in plain.values()) > WORTH_IT_BYTES
    places = []
    for name, array in moved.items():
        assert array.shape == plain[name].shape and array.dtype == plain[name].dtype
        assert array.flags.c_contiguous and array.flags.writeable
        if array.size and name != "route":  # which grows
            assert array.ctypes.data % LINE_BYTES == 0
            places.append((array.ctypes.data, array.nbytes))
    places.sort()
    assert all(begin + size <= after for (begin, size), (after, _) in itertools.pairwise(places))
    here.advance(0, 120)
    there.advance(0, 120)
    assert [there.state_hash(m) for m in range(4)] == [here.state_hash(m) for m in range(4)]
    assert np.shares_memory(there.vehicles.speed_mps, there.cities.vehicle_f) and (there.vehicles.speed_mps > 0).any()


def test_small_cities_stay_where_they_are():
    fleet = busy_fleet(build_network(grid_city(3, 3)), trips=20, members=1)
    assert in_large_pages(fleet.cities) is fleet.cities
