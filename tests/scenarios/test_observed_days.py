"""Days and sensors are taken, resampled and left out as asked, the same for the same seed."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from observation_case import fork

from citytwin.scenarios.data_health import examine
from citytwin.scenarios.observed import KINDS, Observed
from citytwin.scenarios.observed_days import (
    days_of,
    draw_days,
    is_weekend,
    leave_days_out,
    leave_sensors_out,
    observed_on,
    roughened,
)
from citytwin.scenarios.sensor_files import read_observations
from citytwin.scenarios.sensor_places import positions

from .walk_case import walk_town

PRIMARY = {"highway": "primary", "sidewalk": "both"}
TWO_WEEKS = [dt.date(2026, 3, 2) + dt.timedelta(days=day) for day in range(14)]


def observations(folder, **files: str):
    parts = []
    for kind, text in files.items():
        (folder / f"{kind}.csv").write_text(text)
        parts.append(f"{{file: {kind}.csv, kind: {kind}, interval_s: 900}}")
    text = f"observations: 1\ntimezone: Europe/Paris\nfiles: [{', '.join(parts)}]\n"
    (folder / "town.yaml").write_text(text)
    return read_observations(folder / "town.yaml")


def test_a_run_gets_the_whole_intervals_within_it(tmp_path):
    rows = "".join(f"2026-03-02T0{7 + q // 4}:{q % 4 * 15:02d},in,{10 + q}\n" for q in range(8))
    described = observations(
        tmp_path,
        count="time,link,value\n" + rows + "2026-03-02T07:15,left,\n",
        turning_count="time,link,to_link,value\n2026-03-02T07:15,in,right,4\n",
        screen_line="time,sensor,link,value\n2026-03-02T07:15,river,left;right,9\n",
    )
    network = fork()
    placed = examine(described, network).placed
    found = observed_on(described.readings, placed, dt.datetime(2026, 3, 2, 7, 10), 3000.0, weights={"count": 2.0})
    rows_found = [
        (KINDS[kind], network.links.id[link], start_s, end_s, value, weight)
        for kind, link, start_s, end_s, value, weight in zip(
            found.kind, found.link, found.start_s, found.end_s, found.value, found.weight, strict=True
        )
    ]
    assert rows_found == [
        ("count", "in", 300.0, 1200.0, 11.0, 2.0),
        ("count", "in", 1200.0, 2100.0, 12.0, 2.0),
        ("count", "in", 2100.0, 3000.0, 13.0, 2.0),
        ("turning_count", "in", 300.0, 1200.0, 4.0, 1.0),
        ("screen_line", "left", 300.0, 1200.0, 9.0, 1.0),
        ("screen_line", "right", 300.0, 1200.0, 9.0, 1.0),
    ]
    assert network.links.id[found.to_link[3]] == "right"
    assert days_of(described.readings) == [dt.date(2026, 3, 2)]
    assert len(observed_on(described.readings, placed, dt.datetime(2026, 3, 3, 7), 3600.0)) == 0


def test_air_and_walkers_are_taken_without_a_road(tmp_path):
    described = observations(tmp_path, air="time,sensor,value\n2026-03-02T07:00,roof,31.5\n")
    found = observed_on(described.readings, examine(described, fork()).placed, dt.datetime(2026, 3, 2, 7), 900.0)
    assert (found.sensor_id, found.link.tolist(), found.value.tolist()) == (("roof",), [-1], [31.5])


def test_days_are_drawn_from_their_like_and_by_the_seed():
    drawn = draw_days(TWO_WEEKS, 7)
    assert [is_weekend(day) for day in drawn] == [is_weekend(day) for day in TWO_WEEKS]
    assert drawn == draw_days(TWO_WEEKS, 7)
    assert drawn != draw_days(TWO_WEEKS, 8)
    assert drawn != draw_days(TWO_WEEKS, 7, 1)
    assert len(set(drawn)) < len(TWO_WEEKS)


def test_days_left_out_are_of_both_kinds():
    out = leave_days_out(TWO_WEEKS, seed=3)
    assert [is_weekend(day) for day in out].count(True) == 1
    assert len(out) == 3
    assert out == leave_days_out(TWO_WEEKS, seed=3)
    assert leave_days_out(TWO_WEEKS[:1], seed=3) == []


def table(sensors: int, rows_each: int = 4, value: float = 100.0) -> Observed:
    names = [f"s{number}" for number in range(sensors) for _ in range(rows_each)]
    return Observed.counts(names, np.arange(len(names), dtype=np.int32), 0.0, 900.0, np.full(len(names), value))


def test_roughened_counts_keep_their_mean_and_have_the_chance_of_counting():
    observed = table(400, 5)
    plain = roughened(observed, {}, 1)
    assert plain.value.mean() == pytest.approx(100.0, rel=0.01)
    assert plain.value.std() == pytest.approx(10.0, rel=0.05)  # Poisson
    poor = roughened(observed, {f"s{number}": 0.3 for number in range(400)}, 1)
    of_sensor = poor.value.reshape(400, 5).mean(axis=1)
    assert of_sensor.mean() == pytest.approx(100.0, rel=0.04)
    assert of_sensor.std() == pytest.approx(30.0, rel=0.15)  # one factor for all readings of a detector
    np.testing.assert_array_equal(poor.value, roughened(observed, {f"s{n}": 0.3 for n in range(400)}, 1).value)
    assert not np.array_equal(plain.value, roughened(observed, {}, 2).value)


def test_what_is_no_count_has_no_chance_of_counting():
    observed = table(3)
    speeds = Observed(
        **{name: getattr(observed, name) for name in observed.__dataclass_fields__} | {"kind": np.ones(12, np.int8)}
    )
    np.testing.assert_array_equal(roughened(speeds, {}, 1).value, speeds.value)


def test_every_part_of_town_is_in_both_halves_of_a_split():
    observed = table(40)
    corner = np.repeat(np.arange(4), 40)  # ten sensors in each corner
    x_m, y_m = 1000.0 * (corner % 2), 1000.0 * (corner // 2)
    split = leave_sensors_out(observed, x_m, y_m, share=0.2, seed=5)
    out = np.isin(np.array(observed.sensor_id), split.left_out)
    assert len(split.left_out) == 8
    assert np.bincount(corner[out]).tolist() == [8, 8, 8, 8]  # two sensors with four rows each
    np.testing.assert_array_equal(split.fitted, ~out)
    assert split.left_out == leave_sensors_out(observed, x_m, y_m, share=0.2, seed=5).left_out
    assert split.left_out != leave_sensors_out(observed, x_m, y_m, share=0.2, seed=6).left_out
    assert leave_sensors_out(table(2), np.zeros(8), np.zeros(8)).left_out == ()


def test_walkers_are_counted_on_links_of_the_walk_network(tmp_path):
    walk, roads = walk_town(
        tmp_path, {1: (0, 0), 2: (200, 0), 3: (200, 150)}, [(10, (1, 2), PRIMARY), (11, (2, 3), PRIMARY)]
    )
    row = walk.link_count - 1
    name = walk.links.id[row]
    counts = f"time,link,value\n2026-03-02T07:00,{name},12\n2026-03-02T07:00,way/99:1-2,3\n"
    described = observations(
        tmp_path, walkers=counts, count=f"time,link,value\n2026-03-02T07:00,{roads.links.id[0]},7\n"
    )
    health = examine(described, roads, walk=walk)
    assert [(found.sort, health.name(found)) for found in health.findings] == [("unknown_link", "way/99:1-2")]
    found = observed_on(described.readings, health.placed, dt.datetime(2026, 3, 2, 7), 900.0)
    kinds = [KINDS[kind] for kind in found.kind]
    assert dict(zip(kinds, found.link.tolist(), strict=True)) == {"walkers": row, "count": 0}
    unplaced = observed_on(described.readings, examine(described, roads).placed, dt.datetime(2026, 3, 2, 7), 900.0)
    assert unplaced.link.tolist() == [0]  # without the walk network nobody knows where walkers are


def test_where_sensors_are(tmp_path):
    network = fork()
    described = observations(tmp_path, count="time,link,value\n2026-03-02T07:00,in,7\n2026-03-02T07:00,lost,7\n")
    x_m, y_m = positions(described.readings, examine(described, network).placed, network)
    np.testing.assert_allclose([x_m[0], y_m[0]], [200.0, 0.0], atol=5.0)
    assert np.isnan([x_m[1], y_m[1]]).all()
