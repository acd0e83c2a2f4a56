"""Clock times become moments: in time zones, over the hour that exists twice and the one that never was."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from citytwin.scenarios.sensor_times import in_name, known_zone, moments, parsed

HELSINKI = "Europe/Helsinki"


def utc(text: str) -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()


def test_times_mean_what_the_clocks_of_the_place_say():
    found = moments(["2026-01-15T08:00", "2026-07-15T08:00"], np.zeros(2, np.int32), None, HELSINKI)
    assert found.utc_s.tolist() == [utc("2026-01-15T06:00"), utc("2026-07-15T05:00")]
    assert not found.never.any() and not found.twice.any()


def test_an_offset_in_a_time_goes_before_the_zone():
    found = moments(["2026-07-15T08:00Z", "2026-07-15T08:00+02:00"], np.zeros(2, np.int32), None, HELSINKI)
    assert found.utc_s.tolist() == [utc("2026-07-15T08:00"), utc("2026-07-15T06:00")]


def test_an_hour_that_never_was_is_told():
    texts = ["2026-03-29 02:30", "2026-03-29 03:30", "2026-03-29 04:30"]
    assert moments(texts, np.zeros(3, np.int32), None, HELSINKI).never.tolist() == [False, True, False]


def test_of_an_hour_that_is_there_twice_the_second_reading_is_an_hour_later():
    texts = ["2026-10-25 03:00", "2026-10-25 03:30", "2026-10-25 03:00", "2026-10-25 03:30"]
    found = moments(texts, np.zeros(4, np.int32), None, HELSINKI)
    assert np.diff(found.utc_s).tolist() == [1800.0] * 3
    assert not found.twice.any()


def test_where_it_is_written_once_nobody_knows_which_was_meant():
    texts = ["2026-10-25 03:00", "2026-10-25 03:00"]
    found = moments(texts, np.array([0, 1], np.int32), None, HELSINKI)  # two sensors
    assert found.twice.all()
    assert found.utc_s.tolist() == [utc("2026-10-25T00:00")] * 2


def test_a_clock_without_a_zone_never_jumps():
    found = moments(["2026-03-29 03:30", "2026-10-25 03:30"], np.zeros(2, np.int32), None, "")
    assert not found.never.any() and not found.twice.any()


def test_other_ways_to_write_a_time():
    assert parsed("2026-03-02 24:00", None) == dt.datetime(2026, 3, 3)
    assert parsed("02.03.2026 07:15", "%d.%m.%Y %H:%M") == dt.datetime(2026, 3, 2, 7, 15)
    assert parsed("yesterday", None) is None
    assert in_name("no date.csv", "%y%m%d_%H") is None
    with pytest.raises(ValueError, match=r'no such time zone\. Closest: "Europe/Helsinki"'):
        known_zone("Europe/Helsingi")
