"""Every fault that is planted in healthy observations is found, named and placed; healthy ones are left in peace."""

from __future__ import annotations

import numpy as np
import pytest
from observation_case import MONDAY, NAMES, counts, fork, health_of, road, sorts

from citytwin.scenarios.data_health import examine, refuse_outages
from citytwin.scenarios.problems import ScenarioError, describe
from citytwin.scenarios.sensor_files import read_observations

STEPS = 48  # of a day


@pytest.fixture
def healthy() -> np.ndarray:
    return counts()


def only(health, sort: str):
    """The one finding of a sort, with its clock times."""
    (found,) = [one for one in health.findings if one.sort == sort]
    return health.name(found), found.when(health.readings), found.text


def test_nothing_is_found_where_nothing_is_wrong(tmp_path, healthy):
    assert health_of(tmp_path, healthy).findings == ()


@pytest.mark.parametrize("seed", range(2, 5))
def test_chance_alone_is_not_taken_for_a_fault(tmp_path, seed):
    assert health_of(tmp_path, counts(days=28, seed=seed)).findings == ()


def test_gaps_and_outages(tmp_path, healthy):
    healthy[3 * STEPS + 10 : 3 * STEPS + 14, 1] = np.nan
    healthy[8 * STEPS + 30 : 8 * STEPS + 34, 2] = 0
    health = health_of(tmp_path, healthy)
    assert only(health, "gap") == ("east", "2026-03-05 05:00-07:00", "no reading for 2 h (4 of 672 intervals).")
    name, when, text = only(health, "outage")
    assert (name, when) == ("south", "2026-03-10 15:00-17:00")
    assert text.startswith("0 veh in 2 h, where ")
    assert sorts(health) == {("gap", "east"), ("outage", "south")}


def test_a_quiet_night_is_no_outage(tmp_path):
    quiet = counts(level=4.0)
    assert not [one for one in health_of(tmp_path, quiet).findings if one.sort == "outage"]


def test_a_value_that_sticks(tmp_path, healthy):
    healthy[20:28, 0] = 317
    name, when, text = only(health_of(tmp_path, healthy), "stuck")
    assert (name, when, text) == ("north", "2026-03-02 10:00-14:00", "8 times 317 veh in a row, 4 h.")


def test_readings_below_zero_and_above_what_lanes_carry(tmp_path, healthy):
    healthy[15, 3], healthy[16, 3] = -4, 9500
    health = health_of(tmp_path, healthy)
    assert only(health, "negative") == ("west", "2026-03-02 07:30-08:00", "-4 veh.")
    text = "9,500 veh in 30 min; at most 9,000 veh can be on 6 lanes."
    assert only(health, "impossible") == ("west", "2026-03-02 08:00-08:30", text)
    assert [one.line for one in health.findings if one.sort == "impossible"] == [18]


def test_nothing_but_zeros_is_refused(tmp_path, healthy):
    healthy[:, 4] = 0
    health = health_of(tmp_path, healthy)
    assert only(health, "all_zero") == ("bridge", "2026-03-02 00:00-2026-03-16 00:00", "all 672 readings are 0.")
    with pytest.raises(ScenarioError) as caught:
        refuse_outages(health)
    assert "nothing but zeros: all 672 readings are 0. Take the sensor out (`drop`)" in describe(caught.value.problems)
    assert refuse_outages(health, force=True) == [
        "Fitted in spite of it (--force): nothing but zeros, all 672 readings are 0."
    ]


@pytest.mark.parametrize("kind", ["air", "queue"])
def test_clean_air_and_no_queue_are_no_outage(tmp_path, healthy, kind):
    healthy[:, :4] = 0
    health = health_of(tmp_path, healthy, kind=kind)
    assert not health.refused


def test_one_file_of_an_outage_among_those_of_other_days(tmp_path, healthy):
    for day in range(10):
        rows = [
            f"{name},{healthy[day * STEPS + 16, row] * (0.2 if day == 3 else 1):.0f}" for row, name in enumerate(NAMES)
        ]
        (tmp_path / f"2603{2 + day:02d}_08.csv").write_text("\n".join(["sensor,count", *rows]) + "\n")
    (tmp_path / "days.yaml").write_text(
        'observations: 1\nfiles:\n  - {file: "26*.csv", time_in_name: "%y%m%d_%H", interval_s: 1800}\n'
    )
    health = examine(read_observations(tmp_path / "days.yaml"))
    (refused,) = health.refused
    assert refused.sort == "outage_file"
    assert refused.text.startswith("260305_08.csv: ")
    assert "are usual (20 %)" in refused.text
    with pytest.raises(ScenarioError, match=r"260305_08\.csv  outage of the whole file: .* Fit another day"):
        refuse_outages(health)


def test_a_file_in_which_most_is_silent_is_refused_alone(tmp_path, healthy):
    healthy[:, :4] = np.nan
    (refused,) = health_of(tmp_path, healthy).refused
    assert refused.text == "counts.csv: 2688 of 4032 readings are empty, zero or below."


def test_a_file_without_most_of_its_sensors(tmp_path, healthy):
    for day in range(5):
        names = NAMES[:2] if day == 2 else NAMES
        rows = [f"{name},{healthy[day * STEPS + 16, row]:.0f}" for row, name in enumerate(names)]
        (tmp_path / f"26030{2 + day}_08.csv").write_text("\n".join(["sensor,count", *rows]) + "\n")
    (tmp_path / "days.yaml").write_text(
        'observations: 1\nfiles:\n  - {file: "26*.csv", time_in_name: "%y%m%d_%H", interval_s: 1800}\n'
    )
    (refused,) = examine(read_observations(tmp_path / "days.yaml")).refused
    assert refused.text == "260304_08.csv: 4 of 6 sensors that other files have are missing."


def test_drift_against_the_others(tmp_path):
    values = counts(days=35)
    values[:, 2] = np.round(values[:, 2] * np.linspace(1.0, 0.6, len(values)))
    health = health_of(tmp_path, values)
    assert sorts(health) == {("drift", "south")}
    assert only(health, "drift")[2].endswith("% against the other sensors in 34 days.")
    grown = np.round(counts(days=35) * np.linspace(1.0, 1.5, len(values))[:, None])
    assert not [one for one in health_of(tmp_path, grown).findings if one.sort == "drift"]  # all grow: traffic does


def test_a_copy_of_another_sensor(tmp_path, healthy):
    healthy[:, 5] = healthy[:, 0]
    assert only(health_of(tmp_path, healthy), "copy") == ("tunnel", "", "all 672 readings are those of north.")


def test_one_clock_that_is_an_hour_late(tmp_path, healthy):
    days = slice(3 * STEPS, 5 * STEPS)
    healthy[days, 1] = np.roll(healthy[days, 1], 2)
    name, when, text = only(health_of(tmp_path, healthy), "clock_shift")
    assert (name, when) == ("east", "2026-03-05 00:00-2026-03-07 00:00")
    assert text.startswith("2 days 1 h late against the usual day: correlation 0.9")


def test_a_file_in_the_wrong_time_zone(tmp_path):
    """Three weeks over the change of clocks, written in UTC but said to be the place's clock."""
    zone = "timezone: Europe/London\n"
    values = counts(days=42)  # 2 March to 12 April; clocks go forward on 29 March
    hours = np.arange(len(values)) / 2
    written_in_utc = values.copy()
    summer = hours >= 27 * 24
    written_in_utc[np.flatnonzero(summer)[:-2]] = values[np.flatnonzero(summer)[2:]]
    wrong = health_of(tmp_path, written_in_utc, more=zone)
    shifted = [one for one in wrong.findings if one.sort == "clock_shift"]
    assert {wrong.name(one) for one in shifted} == {"the file"}
    assert {abs(one.value) for one in shifted} == {3600.0}
    assert ("hour_never", "the file") in sorts(wrong)
    right = health_of(tmp_path, written_in_utc, more=zone, timezone="UTC")
    assert not {"clock_shift", "hour_never", "double"} & {one.sort for one in right.findings}


def test_hours_that_are_written_twice(tmp_path):
    (tmp_path / "counts.csv").write_text(
        "time,sensor,count\n2026-03-02T07:00,a,30\n2026-03-02T08:00,a,40\n2026-03-02T08:00,a,44\n2026-03-02T09:00,a,40\n"
    )
    (tmp_path / "town.yaml").write_text("observations: 1\nfiles: [{file: counts.csv}]\n")
    health = examine(read_observations(tmp_path / "town.yaml"))
    assert only(health, "double") == (
        "a",
        "2026-03-02 08:00-09:00",
        "this time was read already in line 3: 40, and here 44.",
    )


def as_links(values: np.ndarray, *names: str) -> str:
    """Counts of links in rows."""
    rows = [f"{MONDAY.isoformat()},{name},{value:g}" for name, value in zip(names, values, strict=True)]
    return "\n".join(["time,link,count", *rows]) + "\n"


def on_links(folder, network, text: str, more: str = "", kind: str = "count"):
    (folder / "links.csv").write_text(text)
    part = f"{{file: links.csv, interval_s: 3600, kind: {kind}}}"
    (folder / "links.yaml").write_text(f"observations: 1\n{more}files: [{part}]\n")
    return examine(read_observations(folder / "links.yaml"), network)


def test_what_drives_in_drives_out(tmp_path):
    network = fork()
    whole = on_links(tmp_path, network, as_links([2000, 900, 1080], "in", "left", "right"))
    assert whole.findings == ()
    lost = on_links(tmp_path, network, as_links([2000, 900, 600], "in", "left", "right"))
    text = "2,000 veh enter over in, 1,500 leave over left + right in the 1 interval that all have (-25 %)."
    assert only(lost, "not_conserved")[::2] == ("in", text)
    part = on_links(tmp_path, network, as_links([2000, 900], "in", "left"))
    assert part.findings == ()  # where the others went is not counted
    more = on_links(tmp_path, network, as_links([2000, 2900], "in", "left"))
    assert [one.sort for one in more.findings] == ["not_conserved"]


def test_turns_of_a_link_are_those_that_it_counts(tmp_path):
    network = fork()

    def with_turns(left: int, right: int | None):
        turns = [
            f"{MONDAY.isoformat()},in,left,{left}",
            *([] if right is None else [f"{MONDAY.isoformat()},in,right,{right}"]),
        ]
        (tmp_path / "turns.csv").write_text("\n".join(["time,link,to_link,count", *turns]) + "\n")
        (tmp_path / "links.csv").write_text(as_links([2000], "in"))
        parts = "{file: links.csv, interval_s: 3600}, {file: turns.csv, kind: turning_count, interval_s: 3600}"
        (tmp_path / "links.yaml").write_text(f"observations: 1\nfiles: [{parts}]\n")
        return examine(read_observations(tmp_path / "links.yaml"), network)

    assert with_turns(900, 1080).findings == ()
    assert with_turns(900, None).findings == ()  # the others went the other way
    text = (
        "2,000 veh are counted over in, 1,500 turn over in > left + in > right in the 1 interval that all have (-25 %)."
    )
    assert only(with_turns(900, 600), "not_conserved")[2] == text
    assert [one.sort for one in with_turns(2900, None).findings] == ["not_conserved"]


def test_a_travel_time_in_which_nobody_can_drive_that_far(tmp_path):
    times = "time,sensor,link,value\n2026-03-02T00:00,way,0;1;2,12\n2026-03-02T01:00,way,0;1;2,70\n"
    health = on_links(tmp_path, road(), times, kind="travel_time")
    assert only(health, "impossible")[1:] == ("2026-03-02 00:00-01:00", "12 s for 896 m: faster than 200 km/h.")


def test_quiet_motorways_by_day_are_an_outage(tmp_path):
    day = as_links([60, 20], "in", "left").replace("T00:00", "T08:00")
    assert on_links(tmp_path, fork(), day).refused[0].text == (
        "links.csv: 2 of 2 on motorways by day are under 40 veh/h a lane."
    )
    assert not on_links(tmp_path, fork(), as_links([60, 20], "in", "left")).refused  # at midnight they may be


def test_lanes_of_the_link_bound_what_can_be(tmp_path):
    health = on_links(tmp_path, road(lanes=2), as_links([6500, 5900, 5900], "0", "1", "2"))
    text = "6,500 veh in 1 h; at most 6,000 veh can be on 2 lanes."
    assert only(health, "impossible") == ("0", "2026-03-02 00:00-01:00", text)


def test_links_and_lanes_that_are_not_there(tmp_path):
    lanes = "time,link,lane,count\n2026-03-02T00:00,in,1,5\n2026-03-02T00:00,rihgt,0,5\n"
    health = on_links(tmp_path, fork(), lanes)
    assert only(health, "unknown_link")[2] == '"rihgt" is no link. Closest: "right".'
    health = on_links(tmp_path, fork(), lanes.replace("in,1,5", "in,2,5").replace("rihgt", "left"))
    assert only(health, "unknown_lane")[2] == "lane 2 of in, which has 2 (0 to 1)."
