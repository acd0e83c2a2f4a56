"""What water and smoke do to people and vehicles is what was published."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from citytwin.agents.hazard_field import SEEN
from citytwin.kernels import hazards as effect


@pytest.fixture(scope="module")
def published(data: Path) -> dict:
    return json.loads((data / "pedestrian" / "smoke_and_water_speed.json").read_text())


def test_cars_in_water_drive_as_pregnolato_and_others_fitted(published):
    assert "0.0009*w^2-0.5529*w+86.9448" in published["flood_vehicles"]["rule"]
    for depth_mm in (1.0, 50.0, 150.0, 299.0):
        fitted_kmh = 0.0009 * depth_mm**2 - 0.5529 * depth_mm + 86.9448
        assert 3.6 * effect.car_speed_in_water(depth_mm / 1000) == pytest.approx(fitted_kmh, rel=1e-9)
    assert math.isinf(effect.car_speed_in_water(0.0))
    speeds = [effect.car_speed_in_water(depth_m) for depth_m in np.linspace(0.001, 1.0, 200)]
    assert (np.diff(speeds) <= 0.0).all() and speeds[-1] > 0.0


def test_people_in_water_walk_as_measured():
    assert effect.walking_ratio_in_water(0.35) == pytest.approx(1.0 - (0.386 + 0.448) / 2)  # Li and others (2026)
    ratios = [effect.walking_ratio_in_water(depth_m) for depth_m in np.linspace(0.0, 1.0, 50)]
    assert ratios[0] == 1.0 and (np.diff(ratios) < 0.0).all() and (np.diff(ratios, 2) > 0.0).all()


def test_people_in_smoke_walk_as_in_lund(published):
    lund = published["smoke_lund"]
    for extinction in (0.0, 0.5, 4.35, 8.7, 30.0):
        expected = max(lund["min_factor"], 1 + lund["beta"] * extinction / lund["alpha"])
        assert effect.walking_ratio_in_smoke(extinction, 0.0) == pytest.approx(expected)


def test_people_in_smoke_walk_as_fridolf_says_by_what_they_see(published):
    assert published["smoke_fridolf"]["factor"] == "V/(V+2), V=C/K, C=3 reflective, 8 lit"
    for law, seen in (("fridolf_reflective", 3.0), ("fridolf_lit", 8.0)):
        for extinction in (0.5, 2.0, 8.0):
            visible_m = seen / extinction
            ratio = effect.walking_ratio_in_smoke(extinction, SEEN[law])
            assert ratio == pytest.approx(visible_m / (visible_m + 2))
        assert effect.walking_ratio_in_smoke(0.0, seen) == 1.0


def test_nist_2_6_incapacitated_by_what_is_breathed(data):
    cases = json.loads((data / "pedestrian" / "nist_imo_tests.json").read_text())
    (case,) = [one for one in cases["nist"] if one["id"] == "nist_2.6"]
    assert case["pass_criterion"].startswith("FED = 1 at 208.7 s")
    assert 1.0 / effect.dose_per_s(5000.0, 2.0, 20.9 - 18.0) == pytest.approx(208.7, abs=1.0)


@pytest.mark.parametrize("extinction", [0.01, 0.1, 1.0, 5.0])
def test_drivers_can_stop_within_what_they_see(extinction):
    speed_mps = effect.car_speed_in_smoke(extinction)
    assert 2.5 * speed_mps + speed_mps**2 / (2 * 3.4) == pytest.approx(3.0 / extinction)
    assert math.isinf(effect.car_speed_in_smoke(0.0))


def test_doses_are_those_of_the_published_formulas(published):
    co_ppm, co2, lacks = 1500.0, 4.0, 8.0
    per_min = 2.764e-5 * co_ppm**1.036 * math.exp(0.1903 * co2 + 2.0004) / 7.1
    per_s = per_min / 60 + 1 / (60 * math.exp(8.13 - 0.54 * (20.9 - (20.9 - lacks))))
    assert effect.dose_per_s(co_ppm, co2, lacks) == pytest.approx(per_s, rel=1e-9)
    assert "1/(60*exp(8.13-0.54*(20.9-O2pct)))" in published["fed"]["o2_per_s"]
    assert effect.dose_per_s(0.0, 0.0, 0.0) == 0.0


def test_the_rating_of_water():
    assert effect.hazard_rating(1.0, 1.0) == 1.5  # Defra FD2321 without debris: danger to most
