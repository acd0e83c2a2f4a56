"""A street between houses: its own pollution stays in it, most on the leeward side; all else is as before."""

from __future__ import annotations

import numpy as np
import pytest

from citytwin.agents.air_canyons import Canyons, with_canyons
from citytwin.agents.air_matrix import dispersion_matrix
from citytwin.agents.air_sources import LineSources, Receptors
from citytwin.agents.air_weather import Weather
from citytwin.kernels.air_canyon import canyon_share
from citytwin.kernels.air_surface_layer import effective_wind_mps

ROADS = LineSources([0.0, 0.0], [0.0, 80.0], [100.0, 100.0], [0.0, 80.0])  # both run east
PLACES = Receptors([50.0, 50.0, 50.0], [8.0, -8.0, 88.0])
NORTHERLY = Weather(0.0, 4.0, 0.35)


def shares(weather, canyons):
    return with_canyons(dispersion_matrix(ROADS, PLACES, weather, 0.0), ROADS, PLACES, weather, canyons)


def test_the_side_below_the_roof_that_the_wind_comes_over_breathes_most():
    found = shares(NORTHERLY, Canyons([0, 1], 0, 18.0, 20.0))
    roof = effective_wind_mps(NORTHERLY.layer(), 18.0)
    north, south = found.matrix[[0, 1], :].toarray()[:, 0]
    assert north == pytest.approx(canyon_share(18.0, 20.0, 100.0, roof, 1.0, 0.1, 1.0) / 100.0, rel=1e-9)
    assert south == pytest.approx(canyon_share(18.0, 20.0, 100.0, roof, 1.0, 0.1, 0.0) / 100.0, rel=1e-9)
    turned = shares(Weather(180.0, 4.0, 0.35), Canyons([0, 1], 0, 18.0, 20.0)).matrix[[0, 1], :].toarray()[:, 0]
    np.testing.assert_allclose(turned, [south, north], rtol=1e-9)


def test_wind_along_the_street_treats_both_sides_alike():
    north, south = shares(Weather(90.0, 4.0, 0.35), Canyons([0, 1], 0, 18.0, 20.0)).matrix[[0, 1], :].toarray()[:, 0]
    assert north == pytest.approx(south, rel=1e-9)


def test_only_a_street_s_own_places_change_and_only_where_houses_are_high():
    before = dispersion_matrix(ROADS, PLACES, NORTHERLY, 0.0).matrix.toarray()
    found = shares(NORTHERLY, Canyons([0, 1, 2], [0, 0, 1], [18.0, 18.0, 9.0], 20.0))
    after = found.matrix.toarray()
    changed = before != after
    assert changed.tolist() == [[True, False], [True, False], [False, False]]
    assert found.said == ("2 of 3 places between houses are in a street canyon, the others in open streets",)


def test_canyons_that_cannot_be_are_named():
    with pytest.raises(ValueError) as told:
        Canyons([0, -1], 0, [18.0, 0.0], 20.0)
    assert str(told.value) == "Canyons cannot have receptor[1] = -1 (1 like it); height_m[1] = 0 (1 like it)"
