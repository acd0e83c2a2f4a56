"""The air monitor: hand-made series with gaps, flapping and stale data give exactly the events one expects."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from citytwin.agents.air_monitor import AirMonitor
from citytwin.kernels.air_means import mean_with_gaps, nowcast
from citytwin.scenarios.air_warnings import AirWarning

GAP = math.nan
LEVELS = [{"name": "information", "at": 200}, {"name": "alarm", "at": 400}]


def monitor(stations=("a",), pollutants=("no2",), **keys: Any) -> AirMonitor:
    given = {"id": "smog", "series": __file__, "levels": LEVELS, "hold_s": 7200, **keys}
    given |= {} if "index" in given else {"pollutant": "no2"} | keys
    return AirMonitor(AirWarning.model_validate(given), stations, pollutants)


def events(watched: AirMonitor, *hours: float) -> list[tuple[int, str, int, int]]:
    """Number of the look, what happened, level now and before."""
    told = []
    for number, ugm3 in enumerate(hours, start=1):
        told += [(number, event.what, event.level, event.before) for event in watched.look(np.array([[ugm3]]))]
    return told


def test_a_level_is_raised_after_its_hold_time_and_lowered_below_nine_tenths_of_it():
    series = (100, 250, 250, 450, 450, 190, 190, 185, 179, 179, 50)
    assert events(monitor(), *series) == [
        (3, "raised", 1, 0),
        (5, "raised", 2, 1),
        (7, "lowered", 1, 2),  # below 360 for two hours, but not below 180
        (10, "lowered", 0, 1),
    ]


def test_a_jump_over_a_level_raises_the_higher_one_at_once():
    assert events(monitor(hold_s=0), 500, 50) == [(1, "raised", 2, 0), (2, "lowered", 0, 2)]


def test_flapping_raises_nothing_and_lowers_nothing():
    assert events(monitor(), *[250, 150] * 6) == []
    assert events(monitor(), 250, 250, *[170, 250] * 6) == [(2, "raised", 1, 0)]
    assert events(monitor(), 250, 250, *[185] * 12) == [(2, "raised", 1, 0)]  # between 180 and 200
    without = monitor(hold_s=0, lowered_at=1)
    assert events(without, *[210, 190] * 3) == [
        (number, *("raised" if number % 2 else "lowered", number % 2, 1 - number % 2)) for number in range(1, 7)
    ]


def test_a_level_may_be_lowered_after_another_time_than_it_is_raised():
    watched = monitor(hold_s=0, lower_after_s=10_800)
    assert events(watched, 250, 50, 50, 50) == [
        (1, "raised", 1, 0),
        (4, "lowered", 0, 1),
    ]


def test_a_short_gap_only_stops_the_clock():
    assert events(monitor(), 250, GAP, GAP, 250) == [(4, "raised", 1, 0)]
    assert events(monitor(), 250, GAP, 150, 250) == []


def test_data_that_stop_are_stale_and_the_level_stays():
    series = (250, 250, GAP, GAP, GAP, GAP, 50, 50, 50)
    assert events(monitor(), *series) == [
        (2, "raised", 1, 0),
        (5, "stale", 1, 1),  # three hours
        (7, "back", 1, 1),
        (8, "lowered", 0, 1),
    ]


def test_what_held_before_data_stopped_counts_no_more():
    assert events(monitor(), 250, GAP, GAP, GAP, 250, 250) == [
        (4, "stale", 0, 0),
        (5, "back", 0, 0),
        (6, "raised", 1, 0),
    ]


def test_no_data_at_all_is_told_once():
    watched = monitor()
    assert events(watched, *[GAP] * 9) == [(3, "stale", 0, 0)]
    assert watched.stale and math.isnan(watched.value)


def test_a_mean_over_hours_needs_enough_of_them():
    """Three of four hours are enough: 300, 300, -, 300 make 300; with one less nothing is known."""
    four = monitor(average_h=4, hold_s=0, data_share=0.75, stale_after_s=86_400)
    assert events(four, 300, 300) == []
    assert math.isnan(four.value)
    assert events(four, GAP, 300) == [(2, "raised", 1, 0)]
    assert four.value == 300.0
    assert events(four, GAP) == [] and math.isnan(four.value)


def test_data_that_come_too_thin_for_a_mean_are_stale_too():
    assert events(monitor(average_h=4), *[300, GAP] * 3) == [(3, "stale", 0, 0)]


def test_of_several_stations_the_worst_or_their_mean_counts():
    for combine, value in (("worst", 300.0), ("mean", 200.0)):
        two = monitor(("a", "b"), combine=combine, hold_s=0)
        told = two.look(np.array([[300.0, 100.0]]))
        assert two.value == value and told[0].what == "raised"
    told = two.look(np.array([[300.0, GAP]]))  # half of the stations
    assert told == [] and math.isnan(two.value)


def test_events_read_like_sentences():
    watched = monitor(hold_s=0)
    assert watched.look(np.array([[450.0]]))[0].text == "alarm raised: NO2 (1-hour mean) 450 µg/m³ at a"
    assert watched.look(np.array([[100.0]]))[0].text == (
        "alarm lowered: no level in force: NO2 (1-hour mean) 100 µg/m³ at a"
    )
    for _ in range(3):
        told = watched.look(np.array([[GAP]]))
    assert told[0].text == "no data for 180 min: no level in force as before, marked as stale"
    european = monitor(pollutants=("no2", "o3"), index="eu_eaqi", levels=[{"name": "poor", "at": 4}], hold_s=0)
    assert european.look(np.array([[61.0], [90.0]]))[0].text == (
        "poor raised: European Air Quality Index (2024) 4, Poor (NO2, 1-hour mean) at a"
    )


def test_the_us_index_takes_the_nowcast_of_particles_where_it_is_asked_to():
    """Clean air for 20 hours, then smoke: the mean of 24 hours does not know it yet, the NowCast does."""
    levels = [{"name": "unhealthy", "at": 151}]
    keys = {"index": "us_epa", "levels": levels, "hold_s": 0, "stale_after_s": 86_400}
    slow, quick = (monitor(pollutants=("pm25",), nowcast=now, **keys) for now in (False, True))
    series = [5.0] * 21 + [150.0] * 3
    assert events(slow, *series) == []
    assert events(quick, *series) == [(22, "raised", 1, 0)]
    assert slow.value == 77  # 23.125 µg/m³: 51 + 49 / 26.3 * (23.1 - 9.1) = 77.08
    assert quick.value == 207  # weights 1, 1/2, 1/4, ...: 131.9 µg/m³, 201 + 99 / 99.9 * (131.9 - 125.5) = 207.3


def test_a_monitor_goes_on_from_what_was_kept():
    series = (250, GAP, 250, 450, 450, GAP, GAP, GAP, 50, 50)
    whole, first, second = monitor(), monitor(), monitor()
    wanted = events(whole, *series)
    told = events(first, *series[:4])
    second.restore(first.state())
    told += [(number + 4, *rest) for number, *rest in events(second, *series[4:])]
    assert told == wanted
    assert second.raised == whole.raised == [1, 1]


def test_means_with_gaps():
    assert mean_with_gaps(np.array([1.0, GAP, 3.0, 5.0]), 0.75) == 3.0
    assert math.isnan(mean_with_gaps(np.array([1.0, GAP, GAP, 5.0]), 0.75))
    assert math.isnan(mean_with_gaps(np.array([GAP]), 0.0))


@pytest.mark.parametrize(
    "hours, wanted",
    [
        ([10.0] * 12, 10.0),
        ([0.0] * 12, 0.0),
        ([20.0, 10.0], (10 + 0.5 * 20) / 1.5),  # least weight
        ([8.0, GAP, 10.0], (10 + 0.8**2 * 8) / (1 + 0.8**2)),
        ([99.0, *[10.0] * 12], 10.0),  # what is older than twelve hours does not count
        ([10.0, GAP, GAP], GAP),
        ([10.0, 10.0, GAP, GAP], GAP),
    ],
)
def test_the_nowcast(hours, wanted):
    assert nowcast(np.array(hours)) == pytest.approx(wanted, nan_ok=True)
