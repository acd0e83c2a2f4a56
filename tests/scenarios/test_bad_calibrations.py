"""Descriptions of calibrations that cannot be used are answered in words, all of them at once."""

from __future__ import annotations

import json

import pytest
from traffic_case import write_scenario

from citytwin.scenarios.calibration_file import read_calibration
from citytwin.scenarios.problems import InputError, ScenarioError, describe
from citytwin.sim.calibrate.calibration import calibrate

# ruff: noqa: E501 (a message is one line)
TOLD = [
    'fit.yaml:4  parameters[0].kind = "free_sped"  no such kind. Closest: "free_speed", "route_spread". All: route_spread, free_speed, headway, signal, walking, emission, source_rate, source_place, departures, key.',
    'fit.yaml:4  parameters[1].road_class = "primari"  no such road class. Closest: "primary", "primary_link". All: motorway, trunk, primary, secondary, tertiary, motorway_link, trunk_link, primary_link, secondary_link, tertiary_link, unclassified, residential, living_street, service, track.',
    "fit.yaml:4  parameters[2].scale = 0  must be above 0.",
    'fit.yaml:4  parameters[2].key = "speed"  must be "speed_mps", "speed_sd_mps", "door_per_m_s" or "door_less_per_s".',
    "fit.yaml:4  parameters[3].prior = 2  must lie in low … high (0 … 1).",
    'fit.yaml:5  weights  `speeds` is no kind of reading. Closest: "speed", "walk_speed". All: count, speed, travel_time, turning_count, screen_line, queue, walkers, air, walk_speed, bottleneck_flow.',
    'fit.yaml:6  experiments[0].file = "doors.csv"  no such file.',
    'fit.yaml:7  routes = "free"  must be "chosen" or "kept".',
    "8 problems, nothing was run.",
]
GOOD = {"calibration": 1, "scenario": "town.yaml", "observations": "counts.csv"}


def write(folder, **keys):
    (folder / "counts.csv").write_text("link,count\nway/101:0-1,30\n")
    (folder / "fit.yaml").write_text("\n".join(f"{key}: {json.dumps(value)}" for key, value in (GOOD | keys).items()))
    return folder / "fit.yaml"


def test_what_is_left_out_has_a_default(tmp_path):
    asked, _ = read_calibration(write(tmp_path))
    assert asked.demand is not None
    assert (asked.demand.by, asked.loss, asked.budget) == ("pair", "l2", 100)


def test_all_problems_come_at_once_with_their_lines(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = write(
        tmp_path,
        observations="count.csv",
        demand={"by": "zones", "least": 2, "most": 3},
        drivers=[{"key": "headway_s", "low": 2.0, "high": 1.0}, {"key": "patience", "low": 0, "high": 1}],
        loss="rmse",
        budgets=4,
    )
    with pytest.raises(ScenarioError) as caught:
        read_calibration(file)
    told = describe(caught.value.problems).splitlines()
    assert told[0] == 'fit.yaml:3  observations = "count.csv"  no such file. Closest: "counts.csv".'
    for line, words in enumerate(
        (
            'fit.yaml:4  demand.by = "zones"',
            "fit.yaml:4  demand.least = 2",
            "fit.yaml:5  drivers[0].high = 1.0  must be above low (2).",
            'fit.yaml:5  drivers[1].key = "patience"',
            'fit.yaml:6  loss = "rmse"',
            "fit.yaml:7  budgets = 4",
        ),
        start=1,
    ):
        assert told[line].startswith(words)
    assert told[-1] == "7 problems, nothing was run."


def test_what_may_change_and_weigh_is_checked_word_by_word(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = write(
        tmp_path,
        parameters=[
            {"kind": "free_sped", "road_class": "primary", "low": 0, "high": 1},
            {"kind": "free_speed", "road_class": "primari", "low": 0.5, "high": 1},
            {"kind": "walking", "key": "speed", "low": 1, "high": 2, "scale": 0},
            {"kind": "route_spread", "low": 0, "high": 1, "prior": 2},
        ],
        weights={"speeds": 1},
        experiments=[{"file": "doors.csv", "kind": "bottleneck_flow"}],
        routes="free",
    )
    with pytest.raises(ScenarioError) as caught:
        read_calibration(file)
    assert describe(caught.value.problems).splitlines() == TOLD


def test_a_file_that_is_not_there_names_the_closest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    with pytest.raises(ScenarioError, match=r'fit\.yml  no such file\. Closest: "fit\.yaml"'):
        read_calibration((tmp_path / "fit.yml").relative_to(tmp_path))


def test_counts_of_other_days_are_named(tmp_path):
    write_scenario(tmp_path)
    file = write(tmp_path, observations="seen.yaml")
    (tmp_path / "day.csv").write_text(
        "time,link,value\n2026-05-06T07:00,way/101:0-1,30\n2026-05-06T07:05,way/101:0-1,3\n"
    )
    (tmp_path / "seen.yaml").write_text("observations: 1\nfiles: [{file: day.csv}]\n")
    with pytest.raises(
        InputError, match=r"no counts within the run \(2026-05-04 07:00, 600 s\)\. It has those of 2026-05-06"
    ):
        calibrate(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "rows, words",
    [
        ("way/101:0-2,30\n", ("is no link", 'Closest: "way/101:0-1"', "has no counts within the run")),
        ("way/101:0-1,0\nway/101:1-2,0\n", ("outage of the whole file", "--force fits it all the same")),
        ("way/101:0-1,-4\n", ("outage of the whole file", "--force fits it all the same")),
    ],
)
def test_counts_that_cannot_be_fitted_are_refused(tmp_path, rows, words):
    write_scenario(tmp_path)
    file = write(tmp_path)
    (tmp_path / "counts.csv").write_text(f"link,count\n{rows}")
    with pytest.raises(InputError) as caught:
        calibrate(file, tmp_path / "out")
    told = describe(caught.value.problems)
    assert all(word in told for word in words), told
    assert not (tmp_path / "out").exists()


def test_a_budget_must_leave_runs_for_the_search(tmp_path):
    write_scenario(tmp_path)
    with pytest.raises(InputError, match=r"a budget of 5 runs is too small: 5 are for fresh seeds"):
        calibrate(write(tmp_path), tmp_path / "out", budget=5)
