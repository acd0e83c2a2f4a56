"""Acceptance tables judge as their guidelines say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from citytwin.sim.calibrate.acceptance import (
    acceptance_table,
    fhwa_2004_flows,
    fhwa_2019,
    fhwa_2019_sensors,
    journey_times,
    representative_day,
    table_rows,
    tag_flows,
    tag_screen_lines,
    within_flow_band,
)
from citytwin.sim.calibrate.losses import geh


def test_geh_of_known_flows():
    """By hand: √(2 · 100² / 1900) = 3.2444."""
    got = geh(np.array([1000.0, 500.0, 0.0]), np.array([900.0, 500.0, 0.0]))
    np.testing.assert_allclose(got, [3.2444, 0.0, 0.0], atol=1e-4)


@pytest.mark.parametrize(
    "counted, near, off",
    [(100, 200, 201), (699, 599, 598), (700, 805, 806), (2700, 2295, 2294), (2701, 3101, 3102), (6000, 5600, 5599)],
)
def test_flow_bands_at_their_edges(counted, near, off):
    flows = np.array([near, off], float)
    assert within_flow_band(flows, np.full(2, float(counted))).tolist() == [True, False]


def test_flows_pass_when_enough_of_them_do():
    counted = np.full(20, 1000.0)
    modelled = counted.copy()
    modelled[:3] = 1300.0
    band, good_geh = tag_flows(modelled, counted)
    assert (band.measured, band.met, good_geh.measured, good_geh.met) == (0.85, True, 0.85, True)
    modelled[3] = 1300.0
    assert [one.met for one in tag_flows(modelled, counted)] == [False, False]


def test_the_sum_of_flows_is_judged_too():
    counted = np.full(10, 1000.0)
    *_, share, sum_geh = fhwa_2004_flows(counted * 1.04, counted)
    assert share.measured == pytest.approx(0.04)
    assert share.met is True
    assert sum_geh.measured == pytest.approx(math.sqrt(2 * 400**2 / 20_400))
    assert sum_geh.met is True
    assert fhwa_2004_flows(counted * 1.06, counted)[2].met is False


def test_journey_times_have_a_minute_at_least():
    measured = np.array([100.0, 100.0, 1000.0, 1000.0])
    got = journey_times(np.array([160.0, 161.0, 1150.0, 1151.0]), measured)
    assert (got.measured, got.met, got.cases) == (0.5, False, 4)


def test_screen_lines_within_five_percent():
    got = tag_screen_lines(np.array([1040.0, 1060.0]), np.array([1000.0, 1000.0]))
    assert (got.measured, got.met) == (0.5, False)


def test_four_criteria_against_a_representative_day():
    """Three days by hand: the middle one represents them, the others lie 10 off, so the standard deviation is 10."""
    days = np.array([[90.0] * 4, [100.0] * 4, [110.0] * 4])
    assert representative_day(days) == 1
    modelled = np.array([100.0, 105.0, 112.0, 125.0])
    outliers, inliers, absolute, bias = fhwa_2019(modelled, days)
    assert (outliers.measured, outliers.wanted, outliers.met) == (0.75, 0.75, True)  # one of four may lie outside
    assert (inliers.measured, inliers.met) == (0.5, False)
    assert (absolute.measured, absolute.wanted, absolute.met) == (10.5, 10.0, False)
    assert bias.measured == 10.5
    assert bias.wanted == pytest.approx(10.0 / 3.0)
    assert bias.met is False
    assert all(one.met for one in fhwa_2019(days[1], days))
    with pytest.raises(ValueError, match="at least three days"):
        fhwa_2019(modelled, days[:2])


def test_of_many_times_one_in_twenty_may_lie_outside():
    rng = np.random.default_rng(1)
    days = 500.0 + rng.normal(0.0, 20.0, (10, 40))
    typical = days[representative_day(days)]
    modelled = typical.copy()
    modelled[:2] += 1000.0
    assert fhwa_2019(modelled, days)[0].met is True
    modelled[2] += 1000.0
    assert fhwa_2019(modelled, days)[0].met is False


def test_of_many_sensors_the_share_that_meets_each_criterion_is_told():
    """Two sensors of four intervals: one is as the representative day, one off by the double; a third has one."""
    days = np.tile(np.array([[90.0], [100.0], [110.0]]), (1, 9))
    modelled = np.concatenate([np.full(4, 100.0), np.full(4, 200.0), [100.0]])
    sensors = ["a"] * 4 + ["b"] * 4 + ["c"]
    table = fhwa_2019_sensors(modelled, days, sensors)
    assert [one.guideline for one in table] == [f"FHWA 2019 {row}" for row in ("I", "II", "III", "IV")]
    assert [(one.measured, one.met, one.cases) for one in table] == [(0.5, False, 2)] * 4
    assert [one.met for one in fhwa_2019_sensors(modelled[:4], days[:, :4], sensors[:4])] == [True] * 4
    days[2] = np.nan
    assert {one.met for one in fhwa_2019_sensors(modelled, days, sensors)} == {None}


def test_a_table_is_by_the_hour_whatever_the_interval():
    counted, modelled = np.array([250.0, 100.0]), np.array([250.0, 126.0])
    table = acceptance_table(modelled, counted, np.full(2, 900.0), travel_s=(np.array([50.0]), np.array([60.0])))
    assert table[0].measured == 0.5  # 104 veh/h off at 400
    rows = table_rows(table)
    assert [row["guideline"] for row in rows] == ["TAG M3.1"] * 2 + ["FHWA 2004"] * 4 + ["TAG M3.1", "FHWA 2004"]
    assert rows[0]["met"] is False
    empty = acceptance_table(np.zeros(0), np.zeros(0), np.zeros(0))
    assert {row["met"] for row in table_rows(empty)} == {None}
