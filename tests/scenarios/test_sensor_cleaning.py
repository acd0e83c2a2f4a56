"""Cleaning does what its rules say, keeps what was written, and lists every change."""

from __future__ import annotations

import numpy as np
import pytest
from observation_case import NAMES, counts, write_counts

from citytwin.scenarios.data_health import examine
from citytwin.scenarios.sensor_cleaning import clean
from citytwin.scenarios.sensor_files import read_observations

STEPS = 48


def cleaned(folder, values, rules: str, **keys: str):
    path = write_counts(folder, values, **keys)
    path.write_text(path.read_text() + f"cleaning: [{rules}]\n")
    return clean(examine(read_observations(path)))


def of(result, name: str) -> np.ndarray:
    readings = result.readings
    return readings.value[readings.of(NAMES.index(name))]


@pytest.fixture
def values() -> np.ndarray:
    return counts()


def test_without_rules_nothing_changes(tmp_path, values):
    result = cleaned(tmp_path, values, "")
    assert result.changes == ()
    np.testing.assert_array_equal(result.readings.value, result.raw.value)


def test_readings_are_dropped_by_what_was_found(tmp_path, values):
    values[100, 1] = -3
    values[200:208, 1] = 111
    result = cleaned(tmp_path, values, "{kind: drop, findings: [negative, stuck]}")
    assert np.flatnonzero(np.isnan(of(result, "east"))).tolist() == [100, *range(200, 208)]
    assert len(result.changes) == 9
    assert result.changes[0].words == "not used: below zero, stuck at one value"
    assert result.changes[0].before == -3
    assert np.isfinite(result.raw.value).all()


def test_readings_are_dropped_by_name_and_time(tmp_path, values):
    rule = '{kind: drop, sensors: [west], begin: "2026-03-03T00:00", end: "2026-03-03T02:00"}'
    result = cleaned(tmp_path, values, rule)
    assert np.flatnonzero(np.isnan(of(result, "west"))).tolist() == [48, 49, 50, 51]
    assert {change.sensor for change in result.changes} == {NAMES.index("west")}


def test_a_factor_and_a_clock_are_put_right(tmp_path, values):
    result = cleaned(
        tmp_path, values, "{kind: scale, sensors: [north], factor: 2}, {kind: shift, sensors: [south], by_s: 3600}"
    )
    np.testing.assert_array_equal(of(result, "north"), 2 * values[:, 0])
    rows = result.readings.of(NAMES.index("south"))
    np.testing.assert_array_equal(result.readings.begin_s[rows] - result.raw.begin_s[rows], 3600.0)
    np.testing.assert_array_equal(result.readings.value[rows], values[:, 2])
    assert {change.moved_s for change in result.changes} == {0.0, 3600.0}


def test_a_gap_is_filled_as_the_usual_day_and_a_longer_one_stays(tmp_path, values):
    truth = values.copy()
    values[10 * STEPS + 16 : 10 * STEPS + 20, 0] = np.nan
    values[4 * STEPS : 5 * STEPS, 1] = np.nan
    result = cleaned(tmp_path, values, "{kind: fill, longest_s: 7200}")
    filled = of(result, "north")[10 * STEPS + 16 : 10 * STEPS + 20]
    np.testing.assert_allclose(filled, truth[10 * STEPS + 16 : 10 * STEPS + 20, 0], rtol=0.2)
    assert np.isnan(of(result, "east")).sum() == STEPS
    assert [change.words for change in result.changes] == ["filled as the usual day"] * 4
    busy = values.copy()
    busy[10 * STEPS : 11 * STEPS] *= 1.5  # a busy day is filled as one
    more = of(cleaned(tmp_path, busy, "{kind: fill}"), "north")[10 * STEPS + 16 : 10 * STEPS + 20]
    np.testing.assert_allclose(more, 1.5 * filled, rtol=0.05)


def test_a_gap_is_filled_in_a_line(tmp_path, values):
    values[100:103, 0] = np.nan
    result = cleaned(tmp_path, values, "{kind: fill, by: line}")
    np.testing.assert_allclose(of(result, "north")[99:104], np.linspace(values[99, 0], values[103, 0], 5))


def test_rows_that_are_missing_are_filled_too_and_rules_follow_each_other(tmp_path, values):
    path = write_counts(tmp_path, values)
    table = tmp_path / "counts.csv"
    lines = table.read_text().splitlines()
    table.write_text("\n".join([*lines[:101], *lines[103:]]) + "\n")
    path.write_text(path.read_text() + "cleaning: [{kind: fill, by: line}, {kind: scale, factor: 10}]\n")
    result = clean(examine(read_observations(path)))
    assert len(result.readings) == len(result.raw) + 2 * len(NAMES)
    assert (result.raw_row == -1).sum() == 2 * len(NAMES)
    line = np.linspace(values[99, 0], values[102, 0], 4)
    np.testing.assert_allclose(of(result, "north")[99:103], 10 * line)


def test_of_two_readings_of_one_interval_the_first_is_used(tmp_path):
    (tmp_path / "counts.csv").write_text(
        "time,sensor,count\n2026-03-02T07:00,a,30\n2026-03-02T08:00,a,40\n2026-03-02T08:00,a,44\n"
    )
    (tmp_path / "town.yaml").write_text("observations: 1\nfiles: [{file: counts.csv, interval_s: 3600}]\n")
    result = clean(examine(read_observations(tmp_path / "town.yaml")))
    assert result.readings.value[:2].tolist() == [30, 40]
    assert np.isnan(result.readings.value[2])
    assert [(change.before, change.words) for change in result.changes] == [(44.0, "read before")]
