"""A street canyon: the leeward side breathes more, wider and windier streets less, and nothing divides by nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from citytwin.kernels import air_canyon as canyon


def share(height=18.0, width=20.0, length=100.0, roof=4.0, across=1.0, stirred=0.3, leeward=1.0):
    out = np.empty(1)
    one = [np.array([float(v)]) for v in (height, width, length, across, stirred, leeward)]
    canyon.fill_canyons(one[0], one[1], one[2], roof, one[3], one[4], one[5], out)
    return out[0]


def test_both_sides_are_worked_out_by_hand():
    """Roof wind 4 m/s across a street of 20 by 18 m, in which vehicles stir 0.3 m/s."""
    wind = 4.0 * math.log(2.0 / 0.6) / math.log(18.0 / 0.6) * 0.8
    mixing = math.hypot(0.1 * wind, 0.3)
    direct = math.sqrt(2 / math.pi) / (20.0 * mixing) * math.log(1.0 + mixing * 20.0 / (wind * 2.0))
    top = math.hypot(0.4, math.sqrt(0.4) * 0.3)
    side = max(wind, mixing) * (2.0 / 20.0) * math.hypot(10.0, 18.0)
    again = 1.0 / (top * 10.0 + side)
    assert share(leeward=0.0) == pytest.approx(again, rel=1e-12)
    assert share(leeward=1.0) == pytest.approx(again + direct, rel=1e-12)


def test_what_makes_air_better_makes_it_better():
    assert share(leeward=1.0) > 1.5 * share(leeward=0.0)
    for name, less, more in (("roof", 2.0, 6.0), ("width", 15.0, 30.0), ("stirred", 0.1, 0.6)):
        assert share(**{name: more}) < share(**{name: less}), name


def test_calm_air_is_mixed_by_vehicles():
    assert 0.0 < share(roof=0.0) < 1.0
    assert 0.0 < share(roof=0.0, stirred=0.0) < 10.0
    assert share(across=0.0, length=50.0) < share(across=0.0, length=500.0)


def test_vehicles_stir_as_their_drag_says():
    assert canyon.stirred_mps(0.05, 10.0, 2.0, 20.0) == pytest.approx(0.3 * 10.0 * math.sqrt(0.05 * 2.0 / 20.0))
    assert canyon.stirred_mps(0.0, 10.0, 2.0, 20.0) == 0.0
