"""Emissions are those of the guidebook, of engines by their power, and never less than nothing."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from citytwin.kernels import emissions as kernel
from citytwin.scenarios.emission_factors import FACTORS, NUMBERS


def test_every_row_of_the_bundled_table_gives_what_its_formula_says():
    check_rows(FACTORS)


def test_every_row_of_the_guidebook_s_table_gives_what_its_formula_says(data):
    check_rows(data / "air" / "emep_eea_hot_factors.csv")


def check_rows(file):
    with file.open(encoding="utf-8") as lines:
        rows = np.array([[float(row[name]) for name in NUMBERS] for row in csv.DictReader(lines)])
    curve = np.column_stack([rows, np.zeros(len(rows)), np.full(len(rows), np.inf)])
    a, b, c, d, e, z, h, rf, low, high = rows.T
    for v_kmh in (1.0, 7.3, 18.0, 50.0, 86.4, 129.0, 160.0):
        v = np.clip(v_kmh, low, high)
        wanted = (a * v**2 + b * v + c + d / v) / (e * v**2 + z * v + h) * (1 - rf)
        found = [kernel.hot_factor(row, v_kmh) for row in curve]
        assert found == pytest.approx(wanted, rel=1e-9, abs=0.0)


def test_of_several_curves_the_one_for_the_speed_holds():
    curve = np.zeros((2, kernel.CURVE_COLUMNS))
    curve[:, [kernel.GAMMA, kernel.HTA, kernel.V_MAX_KMH]] = [[1.0, 1.0, 130.0], [2.0, 1.0, 130.0]]
    curve[:, [kernel.FROM_KMH, kernel.TO_KMH]] = [[0.0, 50.0], [50.0, np.inf]]
    assert [kernel.factor_at(curve, 0, 2, v) for v in (0.0, 49.9, 50.0, 300.0)] == [1.0, 1.0, 2.0, 2.0]
    assert kernel.factor_at(curve, 0, 0, 30.0) == 0.0


def test_wear_is_that_of_the_guidebook():
    trait = np.zeros(kernel.TRAITS)
    trait[kernel.TYRE_G_PER_KM : kernel.ROAD_G_PER_KM + 1] = 0.0107, 0.0075, 0.0150
    pm10, pm25 = kernel.wear_g_per_km(trait, 30.0)
    assert pm10 == pytest.approx(0.0107 * 1.39 * 0.6 + 0.0075 * 1.67 * 0.98 + 0.0150 * 0.5)
    assert pm25 == pytest.approx(0.0107 * 1.39 * 0.42 + 0.0075 * 1.67 * 0.39 + 0.0150 * 0.27)
    assert kernel.tyre_correction(80.0) == pytest.approx(1.0, abs=1e-2)
    assert kernel.brake_correction(65.0) == pytest.approx(1.0, abs=6e-3)
    faster = [kernel.wear_g_per_km(trait, v)[0] for v in (20.0, 60.0, 90.0, 120.0)]
    assert faster == sorted(faster, reverse=True) and faster[-1] > 0.0


def test_power_is_not_below_nothing():
    assert kernel.power_w_per_kg(False, 10.0, 1.0, 0.0) == pytest.approx(10 * (1.1 + 0.132) + 0.302)
    assert kernel.power_w_per_kg(True, 10.0, 0.0, 0.05) == pytest.approx(10 * (0.4905 + 0.092) + 0.21)
    assert kernel.power_w_per_kg(False, 10.0, -3.0, 0.0) == 0.0
