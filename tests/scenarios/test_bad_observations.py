"""Broken files of observations as a person meets them: each with its exact words."""

from __future__ import annotations

import pytest

from citytwin.scenarios.problems import ScenarioError, describe
from citytwin.scenarios.sensor_files import read_observations

# ruff: noqa: E501 (a message is one line)
GOOD = "time,sensor,value\n2026-03-02T07:00,a,10\n2026-03-02T07:15,a,12\n"
HEAD = "observations: 1\n"

CASES: list[tuple[str, str, dict[str, str | bytes], list[str]]] = [
    ("no files", HEAD, {}, ["town.yaml:1  files  is missing. Files of readings."]),
    (
        "a file that is not there",
        HEAD + "files: [{file: count.csv}]\n",
        {},
        ['town.yaml:2  files[0].file = "count.csv"  no such file. Closest: "counts.csv".'],
    ),
    (
        "a pattern without a file",
        HEAD + 'files: [{file: "2*.csv"}]\n',
        {},
        ['town.yaml:2  files[0].file = "2*.csv"  no file has such a name in town.'],
    ),
    (
        "words that are none",
        HEAD
        + "timezone: Europe/Helsingi\nfiles:\n  - {file: counts.csv, kind: counts, layout: row, columns: {tme: t}, units: m/s}\n",
        {},
        [
            'town.yaml:2  timezone = "Europe/Helsingi"  no such time zone. Closest: "Europe/Helsinki". Names are those of the IANA data: Europe/Helsinki, UTC.',
            'town.yaml:4  files[0].kind = "counts"  no such kind. Closest: "count". All: count, speed, travel_time, turning_count, screen_line, queue, walkers, air.',
            'town.yaml:4  files[0].layout = "row"  must be "rows", "wide", "pems" or "edgedata".',
            'town.yaml:4  files[0].columns  `tme` is none of ours. Closest: "time", "time_s", "step". All: time, time_s, step, interval_s, end_s, sensor, link, to_link, lane, value.',
            'town.yaml:4  files[0].units = "m/s"  no such key. Closest: "unit". Allowed here: attributes, begins, columns, file, interval_s, kind, layout, sensor, separator, time_format, time_in_name, timezone, unit.',
        ],
    ),
    (
        "a unit of another kind",
        HEAD + "files: [{file: counts.csv, kind: speed, unit: mi/h}]\n",
        {},
        ['town.yaml:2  files[0]  no such unit of speed. Closest: "km/h", "m/s", "mph". All: m/s, km/h, mph.'],
    ),
    (
        "a finding that is none",
        HEAD + "files: [{file: counts.csv}]\ncleaning: [{kind: drop, findings: [stuk]}]\n",
        {},
        [
            'town.yaml:3  cleaning[0].findings[0] = "stuk"  no such finding. Closest: "stuck". All: outage_file, all_zero, negative, impossible, outage, stuck, double, hour_never, hour_twice, clock_shift, drift, copy, not_conserved, unknown_link, unknown_lane, nowhere, far, other_link, other_direction, closed_link, gap.'
        ],
    ),
    (
        "a rule for a sensor that is not there",
        HEAD + "files: [{file: counts.csv}]\ncleaning:\n  - {kind: scale, factor: 2, sensors: [a, aa]}\n",
        {},
        ['town.yaml:4  cleaning[0].sensors[1] = "aa"  no such sensor. Closest: "a".'],
    ),
    (
        "columns that are not there",
        HEAD + "files: [{file: counts.csv, columns: {value: vehicle}}]\n",
        {"counts.csv": GOOD.replace("value", "vehicles")},
        [
            'counts.csv:1  has no column `vehicle`, which `columns` names as value. Closest: "vehicles". It has: time, sensor, vehicles.'
        ],
    ),
    (
        "a column nobody can guess",
        HEAD + "files: [{file: counts.csv}]\n",
        {"counts.csv": GOOD.replace("value", "Anzahl")},
        ["counts.csv:1  has no column `value`. It has: time, sensor, Anzahl. Say which with `columns`."],
    ),
    (
        "cells that are no numbers and times that are none",
        HEAD + "files: [{file: counts.csv}]\n",
        {"counts.csv": GOOD + '02.03.2026 07:30,a,many\n2026-03-02T07:45,a,"1,5"\n,a,inf\n'},
        [
            'counts.csv:4  value = "many"  is not a number.',
            'counts.csv:4  time = "02.03.2026 07:30"  is no time as ISO 8601 writes it. Say how with `time_format`.',
            'counts.csv:5  value = "1,5"  is not a number: write the decimal sign as a point.',
            'counts.csv:6  value = "inf"  is not a number.',
            'counts.csv:6  time = ""  is no time as ISO 8601 writes it. Say how with `time_format`.',
        ],
    ),
    (
        "no time at all",
        HEAD + "files: [{file: counts.csv, interval_s: 900}]\n",
        {"counts.csv": "sensor,value\na,10\n"},
        ["counts.csv  has no times: name their column (`columns: {time: …}`), or say when it `begins`."],
    ),
    (
        "no time in the name",
        HEAD + 'files: [{file: counts.csv, interval_s: 900, time_in_name: "%y%m%d_%H"}]\n',
        {"counts.csv": "sensor,value\na,10\n"},
        ["counts.csv  has no time as %y%m%d_%H in its name (`time_in_name`)."],
    ),
    (
        "no length of an interval",
        HEAD + "files: [{file: counts.csv}]\n",
        {"counts.csv": "time,sensor,value\n2026-03-02T07:00,a,10\n"},
        ["counts.csv  does not say how long its intervals are: give `interval_s`."],
    ),
    (
        "separated by semicolons",
        HEAD + "files: [{file: counts.csv}]\n",
        {"counts.csv": GOOD.replace(",", ";")},
        ["counts.csv:1  is separated by semicolons. Save it with commas between columns and a point in numbers."],
    ),
    (
        "half a gzip file",
        HEAD + "files: [{file: counts.csv}]\n",
        {"counts.csv": b"\x1f\x8b\x08\x00half"},
        ["counts.csv  is not a whole gzip file. Copy it again."],
    ),
    (
        "a header alone",
        HEAD + "files: [{file: counts.csv}]\n",
        {"counts.csv": "time,sensor,value\n"},
        ["counts.csv  holds a header but no rows. Was the export cut off?"],
    ),
    (
        "a sensor that moves, and one without a name",
        HEAD + "files: [{file: counts.csv, interval_s: 900}]\n",
        {
            "counts.csv": "time,sensor,link,value\n2026-03-02T07:00,a,x,10\n2026-03-02T07:15,a,y,10\n2026-03-02T07:15,,x,10\n"
        },
        [
            'counts.csv:3  link = "y"  stands on x in an earlier row. A sensor stays where it is: give it two names.',
            'counts.csv:4  sensor = ""  is empty: whose reading is it?',
        ],
    ),
    (
        "no station file",
        HEAD + "files: [{file: counts.csv, layout: pems}]\n",
        {"counts.csv": "03/02/2026 07:00:00,400001,4,101,N,ML,.5,20,100,48,.05,65.0,1\n"},
        [
            "counts.csv:1  has 13 columns; a PeMS station file has 12 and five for each lane. Is it another kind of file?"
        ],
    ),
    (
        "edge data that ends too early",
        HEAD + 'files: [{file: edges.xml, layout: edgedata, begins: "2026-03-02T07:00"}]\n',
        {"edges.xml": "<meandata><interval"},
        ["edges.xml:1  is not whole XML (unclosed token). Was it cut off? Copy it again."],
    ),
    (
        "a table of sensors with doubles and headings that are none",
        HEAD + "sensors: {file: places.csv}\nfiles: [{file: counts.csv}]\n",
        {"places.csv": "id,lon,lat,dir\na,7.4,43.7,up\na,7.4,43.7,N\nb,east,43.7,400\n"},
        [
            'places.csv:2  heading = "up"  must be degrees from north (0 to 360), or one of N, NE, E, SE, S, SW, W, NW.',
            'places.csv:3  id = "a"  stands in line 2 already. Names differ.',
            'places.csv:4  lon = "east"  is not a number.',
            'places.csv:4  heading = "400"  must be degrees from north (0 to 360), or one of N, NE, E, SE, S, SW, W, NW.',
        ],
    ),
]


@pytest.mark.parametrize("description, files, expected", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_problem_has_its_words(tmp_path, monkeypatch, description, files, expected):
    folder = tmp_path / "town"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name, content in ({"counts.csv": GOOD} | files).items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    (folder / "town.yaml").write_text(description)
    with pytest.raises(ScenarioError) as caught:
        read_observations(folder / "town.yaml")
    count = "1 problem" if len(expected) == 1 else f"{len(expected)} problems"
    assert describe(caught.value.problems).splitlines() == [*expected, f"{count}, nothing was run."]


def test_a_description_that_is_not_there(tmp_path):
    (tmp_path / "town.yaml").write_text(HEAD)
    with pytest.raises(ScenarioError, match=r'no such file\. Closest: "town\.yaml"'):
        read_observations(tmp_path / "twon.yaml")
