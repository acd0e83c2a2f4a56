"""What mixes the air follows from sun, cloud and wind as the papers say."""

from __future__ import annotations

import math

import pytest

from citytwin.kernels import meteorology as kernel


def test_the_sun_stands_where_almanacs_have_it():
    noon = kernel.sun_elevation_rad(172, 12.0, 52.0, 0.0)  # summer solstice: 90 - 52 + 23.44 degrees
    assert math.degrees(noon) == pytest.approx(61.4, abs=0.3)
    assert math.degrees(kernel.sun_elevation_rad(355, 12.0, 52.0, 0.0)) == pytest.approx(14.6, abs=0.3)
    assert kernel.sun_elevation_rad(172, 0.0, 52.0, 0.0) < 0.0
    assert kernel.sun_elevation_rad(80, 11.0, 45.0, 15.0) == pytest.approx(
        kernel.sun_elevation_rad(80, 12.0, 45.0, 0.0), abs=0.01
    )


def test_clouds_take_three_quarters_of_the_radiation():
    clear = kernel.radiation_wpm2(math.radians(30.0), 0.0)
    assert clear == pytest.approx(465.0) and kernel.radiation_wpm2(math.radians(30.0), 1.0) == pytest.approx(clear / 4)
    assert kernel.radiation_wpm2(-0.1, 0.0) == 0.0


def test_the_ground_heats_the_air_by_day_and_cools_it_by_night():
    assert 100.0 < kernel.heat_flux_wpm2(700.0, 0.0, 293.0) < 400.0
    assert kernel.heat_flux_wpm2(0.0, 0.0, 283.0) < 0.0
    friction, length_m = kernel.by_day(3.0, 7.5, 0.5, 293.0, 200.0)
    heat = -(friction**3) * kernel.HEAT_CAPACITY * 293.0 / (kernel.KARMAN * kernel.GRAVITY_MPS2 * length_m)
    assert length_m < 0.0 and heat == pytest.approx(200.0, rel=1e-6)
    shear = math.log(7.5 / 0.5) - kernel.psi_m(7.5 / length_m) + kernel.psi_m(0.5 / length_m)
    assert friction == pytest.approx(0.4 * 3.0 / shear, rel=1e-6)


def test_nights_are_stable_and_windy_ones_less():
    lengths = [kernel.by_night(wind, 7.5, 0.5, 283.0, 0.2)[1] for wind in (0.0, 0.5, 2.0, 4.0, 8.0)]
    assert lengths == sorted(lengths) and lengths[0] == kernel.LEAST_L_M
    friction = kernel.by_night(20.0, 7.5, 0.5, 283.0, 1.0)[0]
    assert friction == pytest.approx(0.4 * 20.0 / math.log(15.0), rel=0.02)  # nearly neutral
    clear, cloudy = (kernel.by_night(4.0, 7.5, 0.5, 283.0, cloud)[1] for cloud in (0.0, 1.0))
    assert clear < cloudy


def test_classes_are_golder_s():
    assert kernel.of_class("D", 0.5) == math.inf
    assert kernel.of_class("A", 1.0) == pytest.approx(-1 / 0.096) and kernel.of_class("F", 1.0) == pytest.approx(
        1 / 0.035
    )
    lengths = [1.0 / kernel.of_class(letter, 0.1) for letter in "ABCDEF"]
    assert lengths == sorted(lengths)


def test_mixing_heights():
    turning = 1.4584e-4 * math.sin(math.radians(45.0))
    assert kernel.mixing_height_m(0.3, math.inf, 45.0) == pytest.approx(0.3 * 0.3 / turning)
    assert kernel.mixing_height_m(0.2, 50.0, 45.0) == pytest.approx(0.4 * math.sqrt(0.2 * 50.0 / turning))
    assert kernel.mixing_height_m(0.01, 1.0, 45.0) == kernel.LOWEST_M
    assert kernel.mixing_height_m(2.0, -10.0, 1.0) == kernel.HIGHEST_M
