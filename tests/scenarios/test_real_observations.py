"""Real counts, left as they are and spoilt on purpose."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import pytest

from citytwin.scenarios.data_health import Health, examine, refuse_outages
from citytwin.scenarios.lone_counts import read_lone_counts
from citytwin.scenarios.problems import ScenarioError
from citytwin.scenarios.sensor_files import read_observations


def described(folder: Path, text: str) -> Health:
    (folder / "real.yaml").write_text(f"observations: 1\n{text}")
    return examine(read_observations(folder / "real.yaml"))


@pytest.mark.parametrize("instance, sensors", [("1ramp", 3), ("2corridor", 6), ("4smallRegion", 31)])
def test_a_week_of_freeway_counts_has_gaps_and_nothing_else(data, tmp_path, instance, sensors):
    files = data / "calibration" / "bo4mob" / instance / "counts" / "*.csv"
    keys = f'file: "{files}", time_in_name: "%y%m%d_%H", interval_s: 3600'
    health = described(tmp_path, f"timezone: America/Los_Angeles\nfiles: [{{{keys}}}]\n")
    assert len(health.readings.sensors) == sensors
    assert set(health.counts()) <= {"gap"}


def test_a_workday_with_a_third_of_its_vehicles_is_refused(data, tmp_path):
    source = data / "calibration" / "bo4mob" / "4smallRegion" / "counts"
    for file in source.glob("*08-09.csv"):
        header, *rows = file.read_text().splitlines()
        if file.name.startswith("221012"):
            rows = [f"{link},{float(value) / 3:.0f}" for link, value in (row.split(",") for row in rows)]
        (tmp_path / file.name).write_text("\n".join([header, *rows]) + "\n")
    health = described(tmp_path, 'files: [{file: "*.csv", time_in_name: "%y%m%d_%H", interval_s: 3600}]\n')
    (refused,) = health.refused
    assert refused.text.startswith("221012_08-09.csv: ")
    assert refused.text.endswith("are usual (35 %).")


def test_one_table_is_held_against_those_of_other_days_beside_it(data, tmp_path):
    source = data / "calibration" / "bo4mob" / "4smallRegion" / "counts"
    for file in source.glob("*08-09.csv"):
        (tmp_path / file.name).write_text(file.read_text())
    eight = dt.datetime(2022, 10, 14, 8)
    assert examine(read_lone_counts(tmp_path / "221012_08-09.csv", eight, 3600.0)).findings == ()
    header, *rows = (tmp_path / "221012_08-09.csv").read_text().splitlines()
    spoilt = [f"{link},{float(value) / 3:.0f}" for link, value in (row.split(",") for row in rows)]
    (tmp_path / "221012_08-09.csv").write_text("\n".join([header, *spoilt]) + "\n")
    with pytest.raises(ScenarioError, match=r"outage of the whole file: .* are usual \(35 %\)"):
        refuse_outages(examine(read_lone_counts(tmp_path / "221012_08-09.csv", eight, 3600.0)))
    other = examine(read_lone_counts(tmp_path / "221013_08-09.csv", eight, 3600.0))
    assert other.findings == ()  # what is wrong with another day's table is not its fault


@pytest.fixture(scope="module")
def glasgow(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """Ten detectors of the city centre from March to mid-April 2023, over the beginning of summer time."""
    data = request.getfixturevalue("data")
    folder = tmp_path_factory.mktemp("glasgow")
    with gzip.open(data / "counts" / "glasgow" / "scoot_flow_30min_2023-03_2023-06.csv.gz", "rt") as file:
        lines = [",".join(line.rstrip().split(",")[:11]) for _, line in zip(range(42 * 48), file, strict=False)]
    (folder / "flows.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_detectors_that_repeat_a_value_are_found(glasgow):
    health = described(glasgow, "timezone: Europe/London\nfiles: [{file: flows.csv, layout: wide, timezone: UTC}]\n")
    stuck = [found for found in health.findings if found.sort == "stuck"]
    assert ("GA0401_R", "2023-04-09 07:30-21:30", "28 times 8 veh in a row, 14 h.") in {
        (health.name(found), found.when(health.readings), found.text) for found in stuck
    }
    assert not {"clock_shift", "double", "hour_never"} & set(health.counts())


def test_the_wrong_time_zone_shows(glasgow):
    health = described(glasgow, "timezone: Europe/London\nfiles: [{file: flows.csv, layout: wide}]\n")
    of_file = [found for found in health.findings if found.sort == "clock_shift" and health.name(found) == "the file"]
    assert {abs(found.value) for found in of_file} == {3600.0}
    assert health.counts()["hour_never"] == 1
