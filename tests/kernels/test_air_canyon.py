"""A street canyon: what is emitted leaves, the leeward side breathes more, windy streets less, calm has a value."""

from __future__ import annotations

import math

import numpy as np
import pytest

from citytwin.kernels import air_canyon as canyon

NORTHERLY = -0.5 * math.pi  # wind across a street that runs east: it blows to the right


def share(height=18.0, width=20.0, length=100.0, roof=4.0, turn=NORTHERLY, stirred=0.3, left=1.0, z=1.5):
    found = np.empty(1)
    canyon.fill_canyons(np.array([[height, width, length, roof, turn, stirred, left, z]]), found)
    return float(found[0])


def test_both_sides_are_worked_out_by_hand():
    """Roof wind 4 m/s across a street of 20 by 18 m, in which vehicles stir 0.3 m/s; the vortex is longer than it."""
    wind = 4.0 * math.log(2.0 / 0.6) / math.log(18.0 / 0.6) * 0.8
    mixing, leaving = math.hypot(0.1 * wind, 0.3), math.hypot(0.4, math.sqrt(0.4) * 0.3)
    direct = math.sqrt(2.0 / math.pi) / (20.0 * mixing) * math.log(1.0 + mixing / wind * 20.0 / 2.0)
    slant = math.hypot(18.0, 18.0)
    open_m = slant * (18.0 - (36.0 - 20.0) / 18.0 * 18.0) / 18.0
    aside = (open_m * math.hypot(wind, 0.3) + slant * 4.0) / (open_m + slant)
    again = 1.0 / (leaving * 18.0 + aside * open_m)
    lee, luv = (canyon.side_share(18.0, 20.0, 100.0, 4.0, NORTHERLY, 0.3, 1.5, side) for side in (True, False))
    assert luv == pytest.approx(again, rel=1e-9)
    assert lee == pytest.approx(again + direct, rel=1e-9)


@pytest.mark.parametrize("height, width", [(20.0, 10.0), (20.0, 20.0), (20.0, 35.0)])
def test_what_is_emitted_into_the_box_leaves_it(height, width):
    """Concentration on the windward side times the air that leaves the box is what traffic in the vortex emits."""
    wind, roof, stirred = canyon.street_wind_mps(3.0, height, 1.0), 3.0, 0.1
    leaving = canyon.mixed_mps(roof, math.sqrt(canyon.ROOF) * stirred)
    leaves = canyon.leaves_m2ps(height, width, canyon.vortex_m(height, roof), wind, roof, stirred, leaving)
    assert leaves * canyon.side_share(height, width, 500.0, roof, NORTHERLY, stirred, 1.5, False) == pytest.approx(1.0)
    if width <= height:  # by the top alone: houses close the slant side of the vortex
        assert leaves == pytest.approx(leaving * width, rel=1e-12)
    else:
        assert leaves > 1.5 * leaving * height


def test_the_side_below_the_roofs_that_the_wind_comes_over_breathes_most():
    assert share(left=1.0) > 1.5 * share(left=0.0)
    assert share(left=1.0) == pytest.approx(share(left=0.0, turn=-NORTHERLY), rel=1e-12)
    assert share(left=0.5) == pytest.approx(0.5 * (share(left=0.0) + share(left=1.0)), rel=1e-12)


@pytest.mark.parametrize("keys", [{"turn": 0.0}, {"turn": math.pi}, {"roof": 0.0}])
def test_wind_along_the_street_and_still_air_treat_both_sides_alike(keys):
    assert share(left=1.0, **keys) == pytest.approx(share(left=0.0, **keys), rel=1e-2)


def test_what_makes_air_better_makes_it_better():
    for name, less, more in (("roof", 2.5, 6.0), ("width", 12.0, 30.0), ("stirred", 0.1, 0.6), ("z", 1.5, 15.0)):
        assert share(**{name: more}) < share(**{name: less}), name


def test_nothing_is_negative_or_divided_by_nothing():
    rng = np.random.default_rng(1)
    low, high = [3.0, 3.0, 5.0, 0.0, -7.0, 0.0, 0.0, 0.0], [80.0, 120.0, 900.0, 15.0, 7.0, 1.0, 1.0, 90.0]
    streets, found = rng.uniform(low, high, (2000, canyon.STREET_COLUMNS)), np.empty(2000)
    streets[:200, canyon.ROOF_MPS] = 0.0
    streets[:100, canyon.STIRRED] = 0.0
    canyon.fill_canyons(streets, found)
    assert np.isfinite(found).all() and (found > 0.0).all()


def test_vehicles_stir_as_their_drag_says():
    assert canyon.stirred_mps(0.05, 10.0, 2.0, 20.0) == pytest.approx(0.3 * 10.0 * math.sqrt(0.05 * 2.0 / 20.0))
    assert canyon.stirred_mps(0.0, 10.0, 2.0, 20.0) == 0.0
