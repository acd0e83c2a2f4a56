"""What is wrong with warnings, their measurements and measures against bad air is told in words, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from traffic_case import road_of

from citytwin.scenarios.air_checks import concentrations_of
from citytwin.scenarios.scenario import check_scenario

# ruff: noqa: E501 (a message is one line)
GOOD = """citytwin: 1
name: Town
start: "2026-05-04T07:00"
duration_s: 600
city: {place: nowhere}
"""
SERIES = "station,t_s,no2_ugm3\nport,-3600,90\nport,0,110\n"
WARNING = "air_warnings: [{id: smog, series: air.csv, pollutant: no2, levels: [{name: alarm, at: 400}]}]\n"
WHEN = "measures: [{kind: slow_zone, links: [a], speed_kmh: 30, when: {warning: %s, level: %s}}]\n"
SCENARIOS: list[tuple[str, str, list[str]]] = [
    ("good", WARNING + WHEN % ("smog", "alarm"), []),
    (
        "limits and people in vehicles that cannot be",
        "air: {meteorology: {kind: constant, wind_mps: 2, wind_from_deg: 0}, sources: [{id: a, kind: stack, at: [0, 0], height_m: 9, diameter_m: 1, exit_speed_mps: 1, exit_temperature_c: 20}], limits_ugm3: {no2: 0, so2: 5}, occupants: {car: 0.5, tram: 3}}\nreport: {rank_by: noise}\n",
        [
            "town.yaml:6  air.occupants.car = 0.5  must be at least 1.",
            'town.yaml:6  air.occupants.tram = 3  must be "car", "truck", "bus", "emergency" or "bicycle".',
            "town.yaml:6  air.limits_ugm3.no2 = 0  must be above 0.",
            'town.yaml:6  air.limits_ugm3.so2 = 5  must be "nox", "no2", "pm10", "pm25", "co" or "voc".',
            "town.yaml:6  air.sources[0].rates_gps  emits nothing. Give `rates_gps: {nox: 1.5}` in g/s, or `rates_file`.",
            'town.yaml:7  report.rank_by = "noise"  must be "air".',
        ],
    ),
    (
        "nothing watched",
        "air_warnings: [{id: smog, series: air.csv, levels: [{name: a, at: 4}]}]\n",
        [
            "town.yaml:6  air_warnings[0]  needs `pollutant` or `index` (us_epa, eu_eaqi, cn_hj633, cn_hj633_2012): what is watched."
        ],
    ),
    (
        "both watched, and what belongs to neither",
        "air_warnings: [{id: smog, series: air.csv, pollutant: no2, index: eu_eaqi, average_h: 8, nowcast: true, levels: [{name: a, at: 4}]}]\n",
        [
            'town.yaml:6  air_warnings[0].index = "eu_eaqi"  is given besides `pollutant`. Keep one; an inherited one is removed by `null`.',
            "town.yaml:6  air_warnings[0].nowcast = true  belongs to `index: us_epa`: other indices have no NowCast.",
        ],
    ),
    (
        "levels and times",
        "air_warnings: [{id: smog, series: air.csv, pollutant: o3, every_s: 700, stale_after_s: 0, lowered_at: 1.5, levels: [{name: b, at: 180}, {name: a, at: 120}]}]\n",
        [
            "town.yaml:6  air_warnings[0].every_s = 700  must fit into an hour a whole number of times: 300, 600, 900, 1800, 3600.",
            'town.yaml:6  air_warnings[0].levels = [{"name": "b", "at": 180}, {"name": "a", "at": 120}]  must rise: "a" (120) does not lie above "b" (180).',
            "town.yaml:6  air_warnings[0].lowered_at = 1.5  must be at most 1.",
            "town.yaml:6  air_warnings[0].stale_after_s = 0  must be above 0.",
        ],
    ),
    (
        "one name twice",
        "air_warnings: [{id: smog, series: air.csv, pollutant: no2, levels: [{name: a, at: 180}, {name: a, at: 240}]}]\n",
        [
            'town.yaml:6  air_warnings[0].levels = [{"name": "a", "at": 180}, {"name": "a", "at": 240}]  have one name twice. Call each something else.'
        ],
    ),
    (
        "no such station, nothing measured",
        "air_warnings: [{id: smog, series: air.csv, pollutant: o3, stations: [ports], levels: [{name: a, at: 180}]}]\n",
        [
            'town.yaml:6  air_warnings[0].stations[0] = "ports"  no such station in air.csv. Closest: "port". It has: port.',
            'town.yaml:6  air_warnings[0].pollutant = "o3"  nothing of it was measured in air.csv, only no2.',
        ],
    ),
    (
        "no such warning",
        WHEN % ("fog", "alarm"),
        [
            'town.yaml:6  measures[0].when.warning = "fog"  no such warning. Say what is watched under `air_warnings`.',
        ],
    ),
    (
        "no such level",
        WARNING + WHEN % ("smog", "alert"),
        ['town.yaml:7  measures[0].when.level = "alert"  no such level of it. Closest: "alarm". All: alarm.'],
    ),
    (
        "shares and nobody who walks",
        "measures: [{kind: cancelled_walks, share: 0.5}, {kind: plate_restriction, exempt_share: 2, may_drive: prime}]\n",
        [
            'town.yaml:6  measures[1].may_drive = "prime"  must be "odd", "even" or "by_date".',
            "town.yaml:6  measures[1].exempt_share = 2  must be at most 1.",
            'town.yaml:6  measures[0].kind = "cancelled_walks"  nobody walks in this scenario. Say who does under `walks`, or leave this out.',
        ],
    ),
    (
        "standards of no fleet",
        "measures: [{kind: low_emission_zone, links: [a], banned: [car], least_euro: {diesel: 6}}, {kind: low_emission_zone, links: [a], banned: [car], compliant_share: 0.2, least_euro: {diesel: 4}}]\n",
        [
            "town.yaml:6  measures[1].least_euro  is given besides `compliant_share`: who is clean enough follows from one of them.",
            'town.yaml:6  measures[0].least_euro = {"diesel": 6}  nothing says which standards the vehicles keep. Give `air: {fleet: {country: DE, year: 2024}}`.',
        ],
    ),
    (
        "nobody works out the air",
        (
            "air_warnings: [{id: smog, receptors: [school], stations: [port], pollutant: no2, levels: [{name: a, at: 4}]}, {id: x, pollutant: no2, levels: [{name: a, at: 4}]}, {id: y, receptors: [school], pollutant: no2, levels: [{name: a, at: 4}]}]\n"
            "measures: [{kind: source_cap, cut: 0.3}, {kind: air_detour, pollutant: no2, s_per_km_ugm3: 1}, {kind: air_detour, s_per_km_ugm3: 1}]\n"
        ),
        [
            'town.yaml:6  air_warnings[0].stations = ["port"]  stands beside `receptors`: stations are those of a `series`. Remove it.',
            "town.yaml:6  air_warnings[1]  needs `series` or `receptors`: where it is watched.",
            'town.yaml:6  air_warnings[0].receptors[0] = "school"  no such receptor. Say under `air: receptors` where the air is breathed.',
            'town.yaml:6  air_warnings[2].receptors[0] = "school"  no such receptor. Say under `air: receptors` where the air is breathed.',
            "town.yaml:7  measures[2]  needs `concentrations` or `pollutant`: which air is bad.",
            'town.yaml:7  measures[0].kind = "source_cap"  there are no sources. Say who emits under `air: sources`, or leave this out.',
            'town.yaml:7  measures[1].pollutant = "no2"  nobody works out the air of this run. Give `air`, or a table of `concentrations`.',
        ],
    ),
    (
        "what is wrong with a part of the air hides nothing else",
        (
            "air: {meteorology: {kind: constant, wind_kmh: 9, wind_from_deg: 0}, fleet: {country: XX, year: 2024}, "
            "sources: [{id: a, kind: accident, at: [0, 0], start_s: 0, released_g: {nox: -1}}, {id: b, kind: accident, at: [0, 0], start_s: 900, released_g: {nox: 1}}], "
            "receptors: [{id: x, kind: point}, {id: y, kind: point, at: [0, 0]}, {id: y, kind: point, at: [0, 0]}], limits_ugm3: {no2: -1}}\n"
            "air_warnings: [{id: smog, receptors: [x], pollutant: no2, levels: [{name: a, at: 4}]}, {id: fog, receptors: [z], pollutant: no2, levels: [{name: a, at: 4}]}]\n"
            "measures: [{kind: source_cap, sources: [a], cut: 0.3}]\n"
        ),
        [
            "town.yaml:6  air.meteorology.wind_mps  is missing. Mean wind, m/s. Below 0.5 it is calm: air goes to all sides.",
            'town.yaml:6  air.meteorology.wind_kmh = 9  no such key. Closest: "wind_mps", "wind_from_deg", "wind_height_m". Allowed here: cloud_share, friction_velocity_mps, kind, mixing_height_m, obukhov_length_m, radiation_wpm2, roughness_m, temperature_c, utc_offset_h, wind_from_deg, wind_height_m, wind_mps, wind_sideways_mps.',
            "town.yaml:6  air.sources[0].released_g.nox = -1  must be at least 0.",
            "town.yaml:6  air.receptors[0].at  is missing. Where it is: [longitude, latitude].",
            "town.yaml:6  air.limits_ugm3.no2 = -1  must be above 0.",
            'town.yaml:6  air.fleet.country = "XX"  no such fleet. All: {country: DE, year: 2024}, {country: DE-HE, year: 2020}.',
            "town.yaml:6  air.sources[1].start_s = 900  is not before the end of the run (duration_s = 600): nothing would come of it.",
            'town.yaml:6  air.receptors[2].id = "y"  is the id of air.receptors[1] already. Ids differ.',
            'town.yaml:7  air_warnings[1].receptors[0] = "z"  no such receptor. All: y, y.',
        ],
    ),
    (
        "two warnings of one name",
        WARNING.replace("}]}]", "}]}, {id: smog, series: air.csv, pollutant: no2, levels: [{name: x, at: 1}]}]"),
        ['town.yaml:6  air_warnings[1].id = "smog"  is the id of air_warnings[0] already. Ids differ.'],
    ),
]
TABLES: list[tuple[str, str, list[str]]] = [
    ("empty", "", ["air.csv  is empty. It needs the columns station, t_s."]),
    (
        "no concentration",
        "station,t_s\nport,0\n",
        ["air.csv:1  has no column with a concentration, such as `no2_ugm3` or `pm25_ugm3`."],
    ),
    (
        "a column without unit",
        "station,t_s,no2\nport,0,50\n",
        [
            "air.csv:1  has a column `no2` that does not say its unit. Call it one of `no2_ugm3`, `no2_mgm3`, `no2_ppb`, `no2_ppm`."
        ],
    ),
    (
        "two units",
        "station,t_s,no2_ugm3,no2_ppb\nport,0,50,26\n",
        ["air.csv:1  holds one pollutant in two units. Keep one of them."],
    ),
    (
        "cells",
        'station,t_s,no2_ugm3\nport,0,-3\nport,07:00,5\nport,60,"4,5"\n,120,3\nport,180,2e6\nport,0,7\n',
        [
            'air.csv:5  station = ""  is empty.',
            'air.csv:3  t_s = "07:00"  is a clock time: give seconds after the scenario\'s start.',
            "air.csv:2  no2_ugm3 = -3.0  must lie between 0 and 1e+06 µg/m³.",
            'air.csv:4  no2_ugm3 = "4,5"  is not a number: write the decimal sign as a point.',
            "air.csv:6  no2_ugm3 = 2000000.0  must lie between 0 and 1e+06 µg/m³.",
            'air.csv:7  t_s = 0.0  is there twice for station "port". Keep one row.',
        ],
    ),
    (
        "a misspelt column",
        "station,t_s,no2_ugm\nport,0,50\n",
        ["air.csv:1  has a column `no2_ugm`, which means nothing here. Is it `no2_ugm3`?"],
    ),
]


def test_concentrations_of_streets(tmp_path):
    file = tmp_path / "no2.csv"
    file.write_text(
        "link,ugm3\nway/place 0>place 1,40\nway/place 1>place 0,40\nway/place 0>place 1,-1\n", encoding="utf-8"
    )
    ugm3, found = concentrations_of(file, road_of([100.0, 100.0]))
    assert ugm3.tolist() == [40.0, 0.0]
    assert [str(problem).removeprefix(f"{tmp_path}/") for problem in found] == [
        "no2.csv:4  ugm3 = -1.0  must lie between 0 and 1e+06 µg/m³.",
        'no2.csv:3  link = "way/place 1>place 0"  no such link. Closest: "way/place 1>place 2", "way/place 0>place 1". List all: citytwin network FILE --links',
        'no2.csv:4  link = "way/place 0>place 1"  is there twice. Keep one row.',
    ]


def problems_of(folder: Path, text: str, series: str) -> list[str]:
    (folder / "air.csv").write_text(series, encoding="utf-8")
    (folder / "town.yaml").write_text(GOOD + text, encoding="utf-8")
    found = check_scenario(folder / "town.yaml", with_network=False)
    return [str(problem).replace(f"{folder}/", "") for problem in found]


@pytest.mark.parametrize("text, wanted", [case[1:] for case in SCENARIOS], ids=[case[0] for case in SCENARIOS])
def test_what_a_scenario_says_of_the_air(tmp_path, text, wanted):
    assert problems_of(tmp_path, text, SERIES) == wanted


@pytest.mark.parametrize("series, wanted", [case[1:] for case in TABLES], ids=[case[0] for case in TABLES])
def test_tables_of_measurements(tmp_path, series, wanted):
    assert sorted(problems_of(tmp_path, WARNING, series)) == sorted(wanted)
