"""A street between houses: its own pollution stays in it, most on the leeward side; all else is as before."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
import shapely
from traffic_case import road_of

from citytwin.agents.air_canyons import Canyons, canyons_of, with_canyons
from citytwin.agents.air_sources import Receptors
from citytwin.agents.air_weather import Weather
from citytwin.kernels.air_canyon import CLOSED, canyon_share
from citytwin.kernels.air_surface_layer import effective_wind_mps
from citytwin.scenarios.buildings import Houses
from citytwin.scenarios.street_canyons import street_sides

NORTHERLY = Weather(0.0, 4.0, 0.35)
OPEN = scipy.sparse.csr_array(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
EAST = 0.0


def houses(*boxes, height_m):
    outlines = np.array([shapely.box(*corners) for corners in boxes], object)
    return Houses(outlines, np.array(height_m, float), np.ones(len(boxes), bool))


def test_the_side_below_the_roof_that_the_wind_comes_over_breathes_most():
    canyons = Canyons([0, 1], 0, 18.0, 20.0, 100.0, EAST, [1.0, 0.0])
    north, south = with_canyons(OPEN, canyons, NORTHERLY).toarray()[:2, 0]
    roof = effective_wind_mps(NORTHERLY.layer(), 18.0)
    turn = -0.5 * math.pi
    assert north == pytest.approx(canyon_share(18.0, 20.0, 100.0, roof, turn, 0.1, 1.0, 1.5) / 100.0, rel=1e-9)
    assert south == pytest.approx(canyon_share(18.0, 20.0, 100.0, roof, turn, 0.1, 0.0, 1.5) / 100.0, rel=1e-9)
    assert north > 1.5 * south
    turned = with_canyons(OPEN, canyons, Weather(180.0, 4.0, 0.35)).toarray()[:2, 0]
    np.testing.assert_allclose(turned, [south, north], rtol=1e-9)


def test_only_a_street_s_own_places_change_and_only_where_houses_are_high():
    after = with_canyons(OPEN, Canyons([0, 1, 2], [0, 0, 1], [18.0, 18.0, 9.0], 20.0, 100.0, EAST), NORTHERLY)
    changed = OPEN.toarray() != after.toarray()
    assert changed.tolist() == [[True, False], [True, False], [False, False]]


def test_canyons_that_cannot_be_are_named():
    with pytest.raises(ValueError) as told:
        Canyons([0, -1], 0, [18.0, 0.0], 20.0, 100.0, EAST)
    assert str(told.value) == "Canyons cannot have receptor[1] = -1 (1 like it); height_m[1] = 0 (1 like it)"


@pytest.fixture(scope="module")
def road():
    """A road that runs 300 m east, in three links; houses stand along the first two, 8 m north and 12 m south of it."""
    network = road_of([100.0, 100.0, 100.0])
    walls = houses((0, 8, 200, 20), (0, -30, 100, -12), (100, -30, 200, -12), height_m=[20.0, 10.0, np.nan])
    return network, walls


def test_houses_are_measured_from_the_middle_of_the_street(road):
    network, walls = road
    sides = street_sides(network, walls, None)
    assert sides.away_m[0] == pytest.approx([8.0, 12.0]) and sides.height_m[0] == pytest.approx([20.0, 10.0])
    assert sides.width_m[0] == pytest.approx(20.0) and sides.ratio[0] == pytest.approx(0.75)
    assert np.isnan(sides.away_m[2]).all() and (sides.built_share[2] == 0.0).all()
    assert (sides.houses, sides.without_height) == (3, 1)
    assert sides.closed(CLOSED).tolist() == [True, False, False]
    assert sides.unknown_share[1].tolist() == [0.0, 1.0] and not sides.assumed_share.any()


def test_an_assumed_height_counts_where_the_map_says_none(road):
    network, walls = road
    sides = street_sides(network, walls, 4.0)
    assert sides.closed(CLOSED).tolist() == [True, True, False]
    assert sides.height_m[1] == pytest.approx([20.0, 4.0]) and sides.assumed_share[1].tolist() == [0.0, 1.0]
    assert sides.height_m[0] == pytest.approx([20.0, 10.0])


def test_no_higher_than_half_the_width_is_no_canyon_and_gaps_lower_a_side():
    network = road_of([100.0])
    for height_m, closed in ((9.99, False), (10.01, True)):
        both = houses((0, 10, 100, 20), (0, -20, 100, -10), height_m=[height_m, height_m])
        assert street_sides(network, both, None).closed(CLOSED).tolist() == [closed]
    gap = houses((0, 10, 75, 20), (0, -20, 100, -10), height_m=[20.0, 20.0])
    sides = street_sides(network, gap, None)
    assert sides.built_share[0, 0] == pytest.approx(0.75)
    assert sides.height_m[0, 0] == pytest.approx(20.0 * sides.built_share[0, 0])


def test_receptors_between_the_houses_and_below_the_roofs_are_in_the_canyon(road):
    network, walls = road
    sides = street_sides(network, walls, None)
    #                on the road, north, south, behind the houses, above the roofs, beyond the end
    x, y = [50.0, 50.0, 50.0, 50.0, 50.0, 250.0], [0.0, 7.0, -11.0, 9.0, 0.0, 0.0]
    canyons = canyons_of(sides, network, Receptors(x, y, [1.5, 1.5, 1.5, 1.5, 16.0, 1.5]))
    assert canyons.receptor.tolist() == [0, 1, 2] and set(canyons.link) == {0}
    assert canyons.left == pytest.approx([0.6, 0.95, 0.05])
    assert canyons.width_m == pytest.approx(20.0) and canyons.height_m == pytest.approx(15.0)
    assert np.cos(canyons.heading_rad) == pytest.approx(1.0)


def test_no_houses_no_canyons(road):
    network, _ = road
    nothing = Houses(np.empty(0, object), np.empty(0), np.empty(0, bool))
    canyons = canyons_of(street_sides(network, nothing, 18.0), network, Receptors(50.0, 0.0))
    assert len(canyons) == 0 and with_canyons(OPEN, canyons, NORTHERLY) is OPEN


def test_both_directions_of_a_street_are_closed_in_or_neither(road):
    network, walls = road
    sides = street_sides(network, walls, 4.0)
    assert sides.closed(CLOSED).tolist() == [True, True, False]
    assert replace(sides, twin=np.array([2, -1, 0])).closed(CLOSED).tolist() == [False, True, False]
    assert replace(sides, twin=np.array([1, 0, -1])).closed(CLOSED).tolist() == [True, True, False]
