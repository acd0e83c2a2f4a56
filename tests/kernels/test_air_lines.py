"""Lines near the ground against what is known of them: carried mass, endless lines, many points."""

from __future__ import annotations

import math

import numpy as np
import pytest

from citytwin.kernels import air_lines as lines
from citytwin.kernels import air_surface_layer as layer
from citytwin.kernels.air_spread_table import COLUMNS, ROWS, fill_spreads, look_up

HEIGHT_M, INITIAL_M, WIDE_M = 0.5, 1.3, 1.5


def air(obukhov_m, ustar_mps=0.3, mixing_m=800.0):
    side = layer.sideways_mps(ustar_mps, layer.convective_mps(ustar_mps, obukhov_m, mixing_m))
    return layer.Layer(ustar_mps, obukhov_m, 0.1, 0.5, mixing_m, side, 1.0, layer.SPREADS_2013)


AIRS = {"unstable": air(-20.0), "neutral": air(math.inf), "stable": air(30.0, 0.15, 200.0)}


@pytest.fixture(scope="module", params=AIRS)
def weather(request):
    table = np.empty((ROWS, COLUMNS))
    fill_spreads(AIRS[request.param], HEIGHT_M, INITIAL_M, table)
    return AIRS[request.param], table


def test_the_table_says_what_the_formulas_say(weather):
    air, table = weather
    for x_m in (1.0, 7.3, 55.5, 333.3, 2700.0):
        np.testing.assert_allclose(look_up(table, x_m), layer.spreads_at(air, HEIGHT_M, INITIAL_M, x_m), rtol=1e-6)


def test_a_spread_agrees_with_the_wind_that_it_decides(weather):
    air, _ = weather
    for x_m in (2.0, 50.0, 800.0):
        vertical, lateral, wind = layer.spreads_at(air, HEIGHT_M, 0.0, x_m)
        assert wind == pytest.approx(layer.effective_wind_mps(air, layer.mean_height_m(HEIGHT_M, vertical)), rel=1e-9)
        assert vertical == pytest.approx(layer.vertical_spread_m(air, x_m, wind), rel=1e-9)
        assert lateral == pytest.approx(layer.lateral_spread_m(air, vertical), rel=1e-9)


def test_wind_shear_is_the_slope_of_the_wind(weather):
    air, _ = weather
    for z_m in (2.0, 10.0, 40.0):
        slope = (layer.wind_mps(air, z_m + 1e-4) - layer.wind_mps(air, z_m - 1e-4)) / 2e-4
        above_m = z_m - air.displacement_m
        assert slope == pytest.approx(
            air.ustar_mps / (layer.KARMAN * above_m) * layer.phi_m(above_m / air.obukhov_m), rel=1e-5
        )


def test_heat_is_carried_as_dyer_says():
    """Businger and Dyer: over heated ground the gradient of heat is the square of that of wind."""
    for zeta in (-2.0, -0.3):
        assert layer.phi_h(zeta) == pytest.approx(layer.phi_m(zeta) ** 2, rel=1e-12)
    assert layer.phi_h(0.0) == layer.phi_m(0.0) == 1.0
    assert layer.phi_h(0.4) == pytest.approx(3.0)


def test_fading_is_the_exponential():
    x = np.linspace(0.0, 49.9, 500)
    np.testing.assert_allclose([layer.fading(v) for v in x], np.exp(-x), rtol=1e-12)
    assert layer.fading(50.0) == layer.fading(1e6) == 0.0


def test_wind_carries_all_that_was_released(weather):
    """Straight part times wind over a plane across it, and the other part over a cylinder: their shares."""
    air, table = weather
    for x_m in (30.0, 300.0):
        vertical, lateral, wind = look_up(table, x_m)
        share = layer.meander_share(air.sigma_v_mps, wind)
        y = np.linspace(-7.0, 7.0, 281) * math.hypot(lateral, WIDE_M)
        z = np.linspace(0.0, HEIGHT_M + 8.0 * vertical, 400)
        over_z = np.trapezoid([lines.layered(each, HEIGHT_M, vertical) for each in z], z)
        across = [lines.straight_point(table, air.sigma_v_mps, x_m, each, 2.0, HEIGHT_M, WIDE_M) for each in y]
        per_height = np.trapezoid(across, y) * wind / lines.layered(2.0, HEIGHT_M, vertical)
        assert per_height * over_z == pytest.approx(1.0 - share, rel=1e-3)
        around = lines.round_point(table, air.sigma_v_mps, x_m, 2.0, HEIGHT_M) * 2.0 * math.pi * x_m * wind
        assert around / lines.layered(2.0, HEIGHT_M, vertical) * over_z == pytest.approx(share, rel=1e-3)


def test_an_endless_line_across_the_wind_is_what_theory_says(weather):
    """Per metre: q (1 - f) layered / Ue; a long line in the table's air, 1e-6."""
    air, table = weather
    for x_m in (5.0, 50.0, 500.0):
        half_m = 50.0 * x_m + 500.0
        got = lines.straight_line(
            table, air.sigma_v_mps, x_m, -half_m, x_m, half_m, 1.5, HEIGHT_M, WIDE_M
        ) * 2.0 * half_m  # fmt: skip
        vertical, _, wind = layer.spreads_at(air, HEIGHT_M, INITIAL_M, x_m)
        above, below = 1.5 - HEIGHT_M, 1.5 + HEIGHT_M
        want = math.exp(-0.5 * (above / vertical) ** 2) + math.exp(-0.5 * (below / vertical) ** 2)
        want *= (1.0 - 2.0 * (air.sigma_v_mps / wind) ** 2) / (math.sqrt(2.0 * math.pi) * vertical * wind)
        assert got == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize("angle", [0, 5, 20, 45, 60, 75, 90])
def test_a_line_is_its_points_at_every_angle(weather, angle):
    """2,000 points; 0° lies across the wind. The share of the largest at that distance also holds at the ends."""
    air, table = weather
    turn, half_m, count = math.radians(angle), 100.0, 2000
    east, north = half_m * math.sin(turn), half_m * math.cos(turn)
    at = (np.arange(count) + 0.5) / count * 2.0 - 1.0
    for apart_m in (5.0, 40.0, 300.0, 2000.0):
        got, want = [], []
        for along in (-1.2, -0.7, 0.0, 0.7, 1.2):
            x, y = along * east + apart_m * math.cos(turn), along * north - apart_m * math.sin(turn)
            ends = (x + east, y + north, x - east, y - north)
            got.append(lines.surface_line(table, air.sigma_v_mps, *ends, 1.5, HEIGHT_M, WIDE_M))
            want.append(
                np.mean(
                    [
                        lines.surface_point(table, air.sigma_v_mps, x + t * east, y + t * north, 1.5, HEIGHT_M, WIDE_M)
                        for t in at
                    ]
                )
            )
        np.testing.assert_allclose(got, want, rtol=0.01)


def test_swapping_the_ends_changes_nothing(weather):
    air, table = weather
    one = lines.surface_line(table, air.sigma_v_mps, 30.0, -20.0, 90.0, 15.0, 1.5, HEIGHT_M, WIDE_M)
    other = lines.surface_line(table, air.sigma_v_mps, 90.0, 15.0, 30.0, -20.0, 1.5, HEIGHT_M, WIDE_M)
    mirrored = lines.surface_line(table, air.sigma_v_mps, 30.0, 20.0, 90.0, -15.0, 1.5, HEIGHT_M, WIDE_M)
    assert one == pytest.approx(other, rel=1e-9)
    assert one == pytest.approx(mirrored, rel=1e-9)


def test_a_line_without_length_is_a_point(weather):
    air, table = weather
    place = 1.5, HEIGHT_M, WIDE_M
    assert lines.surface_line(table, air.sigma_v_mps, 30.0, 5.0, 30.0, 5.0, *place) == lines.surface_point(
        table, air.sigma_v_mps, 30.0, 5.0, *place
    )


def test_upwind_only_meander_arrives(weather):
    air, table = weather
    assert lines.straight_line(table, air.sigma_v_mps, -30.0, -50.0, -40.0, 50.0, 1.5, HEIGHT_M, WIDE_M) == 0.0
    assert lines.surface_line(table, air.sigma_v_mps, -30.0, -50.0, -40.0, 50.0, 1.5, HEIGHT_M, WIDE_M) > 0.0
