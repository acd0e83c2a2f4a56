"""The command tells what is doubtful about observations, writes a page that needs nothing else, and cleans by rules."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner
from observation_case import counts, write_counts

from citytwin.sim.cli import main

STEPS = 48


def call(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["observations", *args])
    code = result.return_value if isinstance(result.return_value, int) else result.exit_code
    return code, result.output


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    values = counts()
    values[8 * STEPS + 30 : 8 * STEPS + 34, 2] = 0
    values[20:28, 0] = 317
    path = write_counts(folder, values)
    path.write_text(path.read_text() + "cleaning: [{kind: drop, findings: [outage, stuck]}]\n")
    return path


def test_it_tells_people_what_was_found(town):
    code, text = call(str(town))
    assert code == 0
    assert (
        "6 sensors, 4\N{NARROW NO-BREAK SPACE}032 readings on 14 days, 2026-03-02 to 2026-03-15; time zone not said."
        in text
    )
    assert "May be fitted, with care: 2 doubtful things; at 2 sensors some readings cannot be right." in text
    assert "  south  2026-03-10 15:00-17:00  0 veh in 2 h, where " in text
    assert "[counts.csv:416]" in text
    assert "Way out: Drop it" in text


def test_it_tells_programs_the_same(town):
    _, text = call(str(town), "--json")
    answer = json.loads(text)
    assert answer["counts"] == {"outage": 1, "stuck": 1}
    assert answer["may_be_fitted"] is True
    stuck = next(found for found in answer["findings"] if found["finding"] == "stuck")
    assert (stuck["sensor"], stuck["begin"], stuck["value"], stuck["line"]) == (
        "north",
        "2026-03-02T10:00:00",
        317.0,
        22,
    )
    assert [sensor["findings"] for sensor in answer["sensors"]] == [1, 0, 1, 0, 0, 0]


def test_the_page_pictures_every_doubtful_sensor_and_loads_nothing(town, tmp_path):
    page = tmp_path / "health.html"
    _, text = call(str(town), "-o", str(page))
    assert f"Written: {page}" in text
    html = page.read_text()
    assert html.count("<svg") == 2
    assert "<h2>south: outage</h2>" in html
    assert "<h2>north: stuck at one value</h2>" in html
    assert "http" not in html.replace("http://www.w3.org", "")


def test_cleaned_readings_stand_beside_the_raw_ones(town, tmp_path):
    path = tmp_path / "cleaned.csv"
    call(str(town), "--cleaned", str(path))
    with path.open() as file:
        rows = list(csv.DictReader(file))
    changed = [row for row in rows if row["value"] != row["raw_value"]]
    assert len(rows) == 4032
    assert len(changed) == 12
    assert changed[0] == {
        "sensor": "north",
        "kind": "count",
        "begin": "2026-03-02T10:00:00",
        "interval_s": "1800",
        "value": "",
        "raw_value": "317",
        "changes": "not used: outage, stuck at one value",
    }


def test_what_must_not_be_fitted_is_said_first(tmp_path):
    values = counts()
    values[:, 1:] = np.nan
    _, text = call(str(write_counts(tmp_path, values)))
    why = "counts.csv: 3360 of 4032 readings are empty, zero or below"
    assert f"Not to be fitted as it is: outage of the whole file ({why})." in text


def test_a_lone_table_is_held_against_the_streets_of_a_scenario(tmp_path, library):
    (tmp_path / "counts.csv").write_text("link_id,count\nway/4098197:14-0,120\nway/4098197:14-9,80\n")
    _, text = call(str(tmp_path / "counts.csv"), "--on", "monaco/morning", "--json")
    answer = json.loads(text)
    assert answer["scenario"] == "Monaco, a working morning"
    assert answer["sensors"][0]["links"] == ["way/4098197:14-0"]
    (found,) = answer["findings"]
    assert (found["finding"], found["sensor"]) == ("unknown_link", "way/4098197:14-9")
    assert "way/4098197:14-0" in found["text"]


def test_a_file_that_is_not_there_is_wrong_input(tmp_path):
    result = CliRunner().invoke(main, ["observations", str(tmp_path / "counts.csv")])
    assert "no such file" in result.output + str(result.exception)
