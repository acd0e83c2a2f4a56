"""Plumes and puffs against what is known of them: analytic values, mass, mirrors, Briggs' worked numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from citytwin.kernels import air_plumes as plumes
from citytwin.kernels import air_puffs as puffs

CLASS_D = plumes.URBAN[3]
PLUME = plumes.Plume(60.0, 4.0, 1.0, 0.0, 0.0, 1000.0, CLASS_D)


def at_places(fill, x, y, z, plume=PLUME, *more):
    x, y, z = (np.ascontiguousarray(a, float) for a in np.broadcast_arrays(x, y, z))
    share = np.empty(x.shape)
    fill(plume, *more, x.ravel(), y.ravel(), z.ravel(), share.reshape(-1))
    return share


def open_share(x, y, z, plume=PLUME):
    return at_places(lambda p, *rest: plumes.fill_open(p, 0.0, 0.0, *rest), x, y, z, plume)


def all_share(x, y, z, plume=PLUME):
    return at_places(lambda p, *rest: plumes.fill_plume(p, 0.0, 0.0, *rest), x, y, z, plume)


def textbook(x, y, z, height=60.0, wind=4.0):
    """Turner (1970), eq. 3.1, with Briggs' urban class D written out."""
    sy = 0.16 * x / math.sqrt(1 + 0.0004 * x)
    sz = 0.14 * x / math.sqrt(1 + 0.0003 * x)
    mirrored = math.exp(-0.5 * ((z - height) / sz) ** 2) + math.exp(-0.5 * ((z + height) / sz) ** 2)
    return math.exp(-0.5 * (y / sy) ** 2) * mirrored / (2 * math.pi * sy * sz * wind)


@pytest.mark.parametrize("x", [50.0, 400.0, 900.0])
def test_the_open_plume_is_the_textbook_s(x):
    for y, z in ((0.0, 1.5), (40.0, 30.0), (10.0, 80.0)):
        assert open_share(x, y, z) == pytest.approx(textbook(x, y, z), rel=1e-6)
        assert all_share(x, y, z) == pytest.approx(textbook(x, y, z), rel=1e-6)


def test_nothing_arrives_upwind():
    assert open_share(-100.0, 0.0, 60.0) == 0.0


@pytest.mark.parametrize("vertical", [30.0, 150.0, 399.0, 401.0, 900.0])
def test_a_lid_mirrors_as_a_thousand_mirrors_do(vertical):
    """Also where the sum goes over from mirrors to waves."""
    n = np.arange(-500, 501)
    for z in (0.0, 1.5, 200.0, 480.0):
        below, above = z - 60.0 + 2 * n * 500.0, z + 60.0 + 2 * n * 500.0
        want = np.sum(np.exp(-0.5 * (below / vertical) ** 2) + np.exp(-0.5 * (above / vertical) ** 2))
        want /= math.sqrt(2 * math.pi) * vertical
        assert plumes.lidded(z, 60.0, vertical, 500.0) == pytest.approx(want, rel=1e-6)


def test_below_the_lid_is_all_that_was_released():
    z = np.linspace(0.0, 500.0, 2001)
    for vertical in (20.0, 250.0, 600.0):
        assert np.trapezoid([plumes.lidded(each, 60.0, vertical, 500.0) for each in z], z) == pytest.approx(
            1.0, rel=1e-6
        )
    assert plumes.lidded(1.5, 501.0, 200.0, 500.0) == 0.0
    assert plumes.lidded(501.0, 60.0, 200.0, 500.0) == 0.0


@pytest.mark.parametrize("x", [200.0, 6000.0])
def test_the_wind_carries_all_through_a_plane(x):
    y = np.linspace(-6.0, 6.0, 61)[:, None] * 0.16 * x
    z = np.linspace(0.0, 1000.0, 201)[None, :]
    mass = np.trapezoid(np.trapezoid(all_share(x, y, z), z[0], axis=1), y[:, 0]) * PLUME.wind_mps
    assert mass == pytest.approx(1.0, rel=1e-3)


def test_what_meanders_goes_round():
    half = PLUME._replace(share=0.5)
    turn = np.radians(np.arange(0.0, 360.0, 15.0))
    round_only = all_share(-300.0, 0.0, 30.0, half)
    around = all_share(300.0 * np.cos(turn), 300.0 * np.sin(turn), 30.0, half)
    assert around.min() == pytest.approx(round_only, rel=1e-9)
    sz = 0.14 * 300.0 / math.sqrt(1.09)
    layered = (math.exp(-0.5 * (30 / sz) ** 2) + math.exp(-0.5 * (90 / sz) ** 2)) / (math.sqrt(2 * math.pi) * sz)
    assert round_only == pytest.approx(0.5 * layered / (2 * math.pi * 300.0 * 4.0), rel=1e-6)


def test_spreads_are_briggs_at_a_kilometre():
    """Values worked out by hand from the table of 1973."""
    rural = [(209.8, 200.0), (152.6, 120.0), (104.9, 73.0), (76.3, 37.9), (57.2, 23.1), (38.1, 12.3)]
    for spread, (side, up) in zip(plumes.RURAL, rural, strict=True):
        assert math.sqrt(plumes.lateral_2(spread, 1000.0)) == pytest.approx(side, rel=2e-3)
        assert math.sqrt(plumes.vertical_2(spread, 1000.0)) == pytest.approx(up, rel=2e-3)
    assert math.sqrt(plumes.vertical_2(plumes.URBAN[0], 1000.0)) == pytest.approx(240.0 * math.sqrt(2.0), rel=1e-9)


def test_a_plume_rises_as_briggs_says():
    """A stack of 2 m, 15 m/s, 400 K into 288 K air at 5 m/s."""
    flux = plumes.buoyancy_m4ps3(2.0, 15.0, 400.0, 288.0)
    assert flux == pytest.approx(9.81 * 15.0 * 1.0 * 112.0 / 400.0)
    speed = plumes.momentum_m4ps2(2.0, 15.0, 400.0, 288.0)
    assert plumes.rise_m(flux, speed, 5.0, 15.0, 2.0, 0.0) == pytest.approx(21.425 * flux**0.75 / 5.0)
    assert plumes.rise_m(100.0, speed, 5.0, 15.0, 2.0, 0.0) == pytest.approx(38.71 * 100.0**0.6 / 5.0)
    assert plumes.rise_m(flux, speed, 5.0, 15.0, 2.0, 7e-4) == pytest.approx(2.6 * (flux / (5.0 * 7e-4)) ** (1 / 3))
    assert plumes.rise_m(0.0, speed, 5.0, 15.0, 2.0, 0.0) == pytest.approx(18.0)


def test_a_slow_plume_sinks_behind_its_stack_and_a_building_catches_a_low_one():
    assert plumes.tip_m(3.0, 6.0, 2.0) == pytest.approx(-4.0)
    assert plumes.tip_m(15.0, 6.0, 2.0) == 0.0
    assert plumes.is_caught(40.0, 20.0, 30.0)
    assert not plumes.is_caught(51.0, 20.0, 30.0)
    assert not plumes.is_caught(5.0, 0.0, 0.0)
    assert plumes.wake_spreads_m(20.0, 30.0) == pytest.approx((14.0, 7.0))


def puff_share(gone_s, x, y, z):
    return at_places(lambda p, *rest: puffs.fill_puff(p, gone_s, *rest), x, y, z)


def test_a_puff_is_the_textbook_s_and_keeps_its_mass():
    gone = 300.0
    sy = 0.16 * 1200.0 / math.sqrt(1.48)
    sz = 0.14 * 1200.0 / math.sqrt(1.36)
    want = math.exp(-0.5 * ((1150.0 - 1200.0) ** 2 + 20.0**2) / sy**2) / (2 * math.pi * sy**2)
    want *= (math.exp(-0.5 * (58.5 / sz) ** 2) + math.exp(-0.5 * (61.5 / sz) ** 2)) / (math.sqrt(2 * math.pi) * sz)
    assert puff_share(gone, 1150.0, 20.0, 1.5) == pytest.approx(want, rel=1e-6)
    flat = np.linspace(-6.0, 6.0, 41) * sy
    z = np.linspace(0.0, 1000.0, 81)
    cells = puff_share(gone, 1200.0 + flat[:, None, None], flat[None, :, None], z[None, None, :])
    mass = np.trapezoid(np.trapezoid(np.trapezoid(cells, z), flat), flat)
    assert mass == pytest.approx(1.0, rel=1e-3)
    assert np.all(cells >= 0.0)


def timed(since_s, lasts_s, x):
    return at_places(lambda p, *rest: puffs.fill_timed(p, since_s, lasts_s, *rest), x, 0.0, 1.5).item()


def test_a_long_release_becomes_the_plume_and_a_short_one_carries_what_it_released():
    steady = open_share(800.0, 0.0, 1.5).item()
    assert timed(3600.0, 1e9, 800.0) == pytest.approx(steady, rel=1e-6)
    assert timed(10.0, 1e9, 800.0) < 1e-3 * steady
    when = np.linspace(0.0, 1200.0, 601)
    dose = np.trapezoid([timed(t, 60.0, 800.0) for t in when], when)
    assert dose == pytest.approx(60.0 * steady, rel=1e-3)


def test_a_cloud_arrives_when_its_concentration_first_reaches_the_threshold():
    x = np.array([400.0, 800.0, 800.0])
    when = np.empty(3)
    level = 1e-5
    puffs.fill_arrivals(PLUME, 1000.0, level, x, np.array([0.0, 0.0, 5000.0]), np.full(3, 1.5), when)
    assert math.isinf(when[2])
    for k in range(2):
        assert 1000.0 * puff_share(when[k], x[k], 0.0, 1.5) == pytest.approx(level, rel=1e-6)
        assert 1000.0 * puff_share(0.9 * when[k], x[k], 0.0, 1.5) < level
        assert when[k] < x[k] / PLUME.wind_mps
