"""Broken scenario files, one a row, each with the exact words a person gets to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from citytwin.scenarios.problems import ScenarioError, describe
from citytwin.scenarios.scenario import Scenario, check_scenario, load_scenario

GOOD = """\
citytwin: 1
name: Town
start: "2026-05-04T07:00"
duration_s: 600
city: {osm: town.osm}
"""
# What lies beside every scenario file of this table. The town is never read here.
BESIDE = {
    "town.osm": "<osm/>",
    "town.graphml": "<graphml/>",
    "od.csv": "origin,destination,trips\n",
    "zones.geojson": "{}",
    "morning.yaml": GOOD,
    "busy.yaml": "base: morning.yaml\nevents:\n  - {id: fire, kind: incident, link: a, start_s: 300, duration_s: 60}\n"
    "demand: [{kind: random_trips, per_hour: 60, start_s: 500}]\n",
    "mistaken.yaml": GOOD + "seed: x\n",
    "broken.yaml": "name: [\n",
    "ring_a.yaml": "base: ring_b.yaml\n",
    "ring_b.yaml": "base: ring_a.yaml\n",
}


def swap(line: int, text: str) -> str:
    """``GOOD`` with another text in one line."""
    lines = GOOD.splitlines()
    lines[line - 1] = text
    return "\n".join(lines) + "\n"


TOP_LEVEL = ", ".join(sorted(Scenario.model_fields))

# ruff: noqa: E501 (a message is one line)
CASES: list[tuple[str, str | bytes, list[str]]] = [
    # the file as such
    ("empty", "", ["scenario.yaml  is empty. A scenario starts with `citytwin: 1`."]),
    ("only a comment", "# nothing\n", ["scenario.yaml  is empty. A scenario starts with `citytwin: 1`."]),
    ("a list", "- 1\n- 2\n", ["scenario.yaml:1  is a list, not a mapping of keys to values."]),
    ("a single value", "hello\n", ["scenario.yaml:1  is a single value, not a mapping of keys to values."]),
    (
        "gzip",
        b"\x1f\x8b\x08\x00abc",
        ["scenario.yaml  is compressed (gzip): a scenario file is plain text. Is it a city's streets?"],
    ),
    ("utf-16", GOOD.encode("utf-16"), ["scenario.yaml  is UTF-16 text. Save it as UTF-8."]),
    (
        "latin-1",
        "citytwin: 1\nname: Café\n".encode("latin-1"),
        ["scenario.yaml:2  is not UTF-8 text (byte 0xE9). Save the file as UTF-8."],
    ),
    (
        "control character",
        "citytwin: 1\nname: \x07\n",
        ["scenario.yaml:2  holds the control character U+0007: not a text file?"],
    ),
    (
        "too large",
        "# " + "x" * 600_000,
        [
            "scenario.yaml  has 0.6 MB; a scenario file may have 0.5 MB. Put tables (trips, counts) into files of their own and name them."
        ],
    ),
    # YAML
    ("tab", swap(5, "city:\n\tosm: town.osm"), ["scenario.yaml:6  a tab is used for indentation. Use spaces."]),
    ("open bracket", GOOD + "events: [1, 2\n", ["scenario.yaml:7  a bracket is not closed. It was opened in line 6."]),
    (
        "open quote",
        swap(2, 'name: "Town'),
        ["scenario.yaml:3  wrong indentation, or a quote that is not closed above."],
    ),
    (
        "two colons",
        swap(2, "name: Town: the morning"),
        ["scenario.yaml:2  a second `:` in one line, or wrong indentation. Put texts with a colon in quotes."],
    ),
    (
        "reserved character",
        swap(2, "name: @town"),
        ["scenario.yaml:2  a text that starts with a character YAML reserves. Put it in quotes."],
    ),
    (
        "wrong indentation",
        GOOD + "  seed: 1\n",
        ["scenario.yaml:6  wrong indentation, or a quote that is not closed above."],
    ),
    (
        "two documents",
        GOOD + "---\nciytwin: 1\n",
        ["scenario.yaml:6  a second document starts here (`---`): one scenario a file."],
    ),
    (
        "undefined alias",
        GOOD + "seed: *number\n",
        ["scenario.yaml:6  found undefined alias 'number': write &name at the value that is meant."],
    ),
    (
        "duplicate keys, all of them",
        GOOD + "seed: 1\nseed: 2\noutputs: {links_every_s: 60, links_every_s: 30}\n",
        [
            "scenario.yaml:7  seed = 2  is written twice (first in line 6). Keep one.",
            "scenario.yaml:8  outputs.links_every_s = 30  is written twice (first in line 8). Keep one.",
        ],
    ),
    (
        "merge key",
        GOOD + "outputs:\n  <<: {links_every_s: 60}\n",
        ["scenario.yaml:7  outputs.<<  merge keys are not read. Inherit a whole file with `base:` instead."],
    ),
    (
        "a tag",
        GOOD + "seed: !!python/object:os.system 1\n",
        [
            'scenario.yaml:6  seed  the tag "python/object:os.system" is not allowed: write plain values.',
            'scenario.yaml:6  seed = "1"  must be a whole number: remove the quotes.',
        ],
    ),
    (
        "half a character",
        swap(2, 'name: "\\ud83d"'),
        ["scenario.yaml:2  name  holds half a character: write it out instead of escaping it."],
    ),
    (
        "a list as key",
        GOOD + "? [1, 2]\n: 3\n",
        ["scenario.yaml:6  has a key that is a list or a mapping: keys are words."],
    ),
    (
        "a number as key",
        GOOD + "7: 3\n",
        [
            "scenario.yaml:6  7  is not a word: put the key in quotes.",
            "scenario.yaml:6  7 = 3  no such key. Allowed here: " + TOP_LEVEL + ".",
        ],
    ),
    (
        "contains itself",
        GOOD + "events: &all [*all]\n",
        ["scenario.yaml:6  events[0]  contains itself through an alias (*name)."],
    ),
    (
        "billion laughs",
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdef", "bcdefg", strict=True)
        ),
        ["scenario.yaml:1  holds more than 100,000 values once its aliases (*name) are followed: a YAML bomb?"],
    ),
    (
        "very deep",
        "a: " + "[" * 3000 + "]" * 3000,
        ["scenario.yaml:1  is nested more than 40 levels deep: a YAML bomb?"],
    ),
    ("rather deep", "a: " + "[" * 60 + "]" * 60, ["scenario.yaml:1  is nested more than 40 levels deep: a YAML bomb?"]),
    # inheritance
    (
        "base missing",
        "base: mornin.yaml\nseed: 1\n",
        ['scenario.yaml:1  base = "mornin.yaml"  no such file. Closest: "morning.yaml", "ring_a.yaml", "ring_b.yaml".'],
    ),
    ("base is no path", "base: [a]\n", ['scenario.yaml:1  base = ["a"]  must be text: put it in quotes.']),
    (
        "base is itself",
        GOOD + "base: scenario.yaml\n",
        [
            'scenario.yaml:6  base = "scenario.yaml"  inherits from itself: scenario.yaml → scenario.yaml. Remove one `base`.'
        ],
    ),
    (
        "base in a ring",
        "base: ring_a.yaml\n",
        [
            'ring_b.yaml:1  base = "ring_a.yaml"  inherits from itself: ring_a.yaml → ring_b.yaml → ring_a.yaml. Remove one `base`.'
        ],
    ),
    (
        "base broken",
        "base: broken.yaml\nseed: x\n",
        [
            "broken.yaml:2  is not valid YAML: expected the node content, but found '<stream end>'.",
            'scenario.yaml:2  seed = "x"  must be a whole number.',
        ],
    ),
    ("mistake in the base", "base: mistaken.yaml\n", ['mistaken.yaml:6  seed = "x"  must be a whole number.']),
    (
        "removed what is needed",
        "base: morning.yaml\nduration_s: null\n",
        ["scenario.yaml:1  duration_s  is missing. Length of the run, s."],
    ),
    (
        "base has streets already",
        "base: morning.yaml\ncity: {graphml: town.graphml}\n",
        [
            'scenario.yaml:2  city.graphml = "town.graphml"  is given besides `osm`. Keep one; an inherited one is removed by `null`.'
        ],
    ),
    # top level
    (
        "nothing of what is needed",
        "seed: 1\n",
        [
            "scenario.yaml:1  citytwin  is missing. Version of the file format: 1.",
            'scenario.yaml:1  start  is missing. Date and time of the run\'s beginning, local: `"2026-05-04T07:00"`.',
            "scenario.yaml:1  duration_s  is missing. Length of the run, s.",
            "scenario.yaml:1  city  is missing. Whose streets.",
        ],
    ),
    ("other version", swap(1, "citytwin: 2"), ["scenario.yaml:1  citytwin = 2  must be 1."]),
    ("version in quotes", swap(1, 'citytwin: "1"'), ['scenario.yaml:1  citytwin = "1"  must be 1.']),
    ("name is a number", swap(2, "name: 12"), ["scenario.yaml:2  name = 12  must be text: put it in quotes."]),
    ("name empty", swap(2, 'name: ""'), ['scenario.yaml:2  name = ""  must not be empty.']),
    (
        "start is no date",
        swap(3, "start: Monday"),
        ['scenario.yaml:3  start = "Monday"  must be a date and time such as "2026-05-04T07:00".'],
    ),
    (
        "start has no such day",
        swap(3, 'start: "2026-02-30T07:00"'),
        ['scenario.yaml:3  start = "2026-02-30T07:00"  must be a date and time such as "2026-05-04T07:00".'],
    ),
    (
        "start is a number",
        swap(3, "start: 7"),
        ['scenario.yaml:3  start = 7  must be a date and time such as "2026-05-04T07:00".'],
    ),
    (
        "duration in words",
        swap(4, "duration_s: two hours"),
        ['scenario.yaml:4  duration_s = "two hours"  must be a number.'],
    ),
    (
        "duration in quotes",
        swap(4, 'duration_s: "600"'),
        ['scenario.yaml:4  duration_s = "600"  must be a number: remove the quotes.'],
    ),
    ("duration zero", swap(4, "duration_s: 0"), ["scenario.yaml:4  duration_s = 0  must be above 0."]),
    ("duration negative", swap(4, "duration_s: -5"), ["scenario.yaml:4  duration_s = -5  must be above 0."]),
    ("duration NaN", swap(4, "duration_s: .nan"), ["scenario.yaml:4  duration_s = NaN  must be a finite number."]),
    (
        "duration infinite",
        swap(4, "duration_s: .inf"),
        ["scenario.yaml:4  duration_s = Infinity  must be a finite number."],
    ),
    (
        "duration of a month",
        swap(4, "duration_s: 2592000"),
        ["scenario.yaml:4  duration_s = 2592000  must be at most 604800."],
    ),
    ("duration is yes", swap(4, "duration_s: true"), ["scenario.yaml:4  duration_s = true  must be a number."]),
    ("duration null", swap(4, "duration_s: null"), ["scenario.yaml:4  duration_s = null  must be a number."]),
    ("seed with a fraction", GOOD + "seed: 1.5\n", ["scenario.yaml:6  seed = 1.5  must be a whole number."]),
    ("seed negative", GOOD + "seed: -1\n", ["scenario.yaml:6  seed = -1  must be at least 0."]),
    (
        "seed enormous",
        GOOD + "seed: 99999999999999999999999\n",
        ["scenario.yaml:6  seed = 99999999999999999999999  must be at most 9223372036854775807."],
    ),
    ("step too long", GOOD + "step_s: 5\n", ["scenario.yaml:6  step_s = 5  must be at most 1."]),
    ("step too short", GOOD + "step_s: 0.01\n", ["scenario.yaml:6  step_s = 0.01  must be at least 0.1."]),
    (
        "unknown key with a near one",
        GOOD + "event: []\n",
        ['scenario.yaml:6  event = []  no such key. Closest: "events". Allowed here: ' + TOP_LEVEL + "."],
    ),
    (
        "unknown key like nothing",
        GOOD + "zzz: 1\n",
        ["scenario.yaml:6  zzz = 1  no such key. Allowed here: " + TOP_LEVEL + "."],
    ),
    # the city
    (
        "city is a text",
        swap(5, "city: monaco"),
        ['scenario.yaml:5  city = "monaco"  must be a mapping of keys to values.'],
    ),
    (
        "city empty",
        swap(5, "city: {}"),
        ["scenario.yaml:5  city  needs one of `osm`, `graphml`, `sumo_net`, `tntp`, `gmns` and `place`."],
    ),
    (
        "city twice",
        swap(5, "city: {osm: town.osm, place: Monaco}"),
        [
            'scenario.yaml:5  city.place = "Monaco"  is given besides `osm`. Keep one; an inherited one is removed by `null`.'
        ],
    ),
    (
        "streets missing",
        swap(5, "city: {osm: twon.osm}"),
        ['scenario.yaml:5  city.osm = "twon.osm"  no such file. Closest: "town.osm".'],
    ),
    (
        "streets in another folder",
        swap(5, "city: {osm: maps/town.osm}"),
        ['scenario.yaml:5  city.osm = "maps/town.osm"  no such file.'],
    ),
    (
        "streets are a folder",
        swap(5, "city: {osm: ./.}"),
        ['scenario.yaml:5  city.osm = "./."  is a folder, not a file.'],
    ),
    (
        "no such bundled city",
        swap(5, "city: {osm: atlantis}"),
        [
            'scenario.yaml:5  city.osm = "atlantis"  no such file, and no bundled city of that name. Bundled: helsinki, monaco.'
        ],
    ),
    (
        "GraphML as OSM",
        swap(5, "city: {osm: town.graphml}"),
        ['scenario.yaml:5  city.osm = "town.graphml"  is a GraphML file: write it under `graphml` instead.'],
    ),
    (
        "OSM as GraphML",
        swap(5, "city: {graphml: town.osm}"),
        ['scenario.yaml:5  city.graphml = "town.osm"  is an OpenStreetMap file: write it under `osm` instead.'],
    ),
    (
        "CSV as OSM",
        swap(5, "city: {osm: od.csv}"),
        ['scenario.yaml:5  city.osm = "od.csv"  is not of a kind that is read here: .osm, .osm.gz, .osm.bz2, .pbf.'],
    ),
    ("streets are a number", swap(5, "city: {osm: 5}"), ["scenario.yaml:5  city.osm = 5  must be the path of a file."]),
    (
        "city misspelt",
        swap(5, "city: {osmm: town.osm}"),
        [
            'scenario.yaml:5  city.osmm = "town.osm"  no such key. Closest: "osm". Allowed here: gmns, graphml, osm, place, sumo_net, tntp.'
        ],
    ),
    (
        "no GMNS network",
        swap(5, "city: {gmns: town}"),
        ['scenario.yaml:5  city.gmns = "town"  is no folder with a GMNS network: it has no node.csv and no link.csv.'],
    ),
    (
        "no such road class",
        GOOD + "network: {defaults: {residentail: {speed_kmh: 30}}}\n",
        [
            'scenario.yaml:6  network.defaults.residentail  no such road class. Closest: "residential". All: motorway, trunk, primary, secondary, tertiary, motorway_link, trunk_link, primary_link, secondary_link, tertiary_link, unclassified, residential, living_street, service, track.'
        ],
    ),
    (
        "no lanes",
        GOOD + "network: {defaults: {residential: {lanes_oneway: 0}}}\n",
        ["scenario.yaml:6  network.defaults.residential.lanes_oneway = 0  must be at least 1."],
    ),
    (
        "driving in the middle",
        GOOD + "network: {driving_side: middle}\n",
        ['scenario.yaml:6  network.driving_side = "middle"  must be "left" or "right".'],
    ),
    (
        "country in words",
        GOOD + "network: {country: Monaco}\n",
        ['scenario.yaml:6  network.country = "Monaco"  must be two capital letters such as MC.'],
    ),
    (
        "merge is flat",
        GOOD + 'network: {merge: ["node/1", "node/2"]}\n',
        [
            'scenario.yaml:6  network.merge[0] = "node/1"  must be a list.',
            'scenario.yaml:6  network.merge[1] = "node/2"  must be a list.',
        ],
    ),
    # demand
    (
        "demand is a mapping",
        GOOD + "demand: {kind: random_trips, per_hour: 5}\n",
        ['scenario.yaml:6  demand = {"kind": "random_trips", "per_hour": 5}  must be a list.'],
    ),
    (
        "demand without kind",
        GOOD + "demand:\n  - {per_hour: 5}\n",
        ["scenario.yaml:7  demand[0].kind  is missing. One of: trips, od_matrix, random_trips, development."],
    ),
    (
        "demand of unknown kind",
        GOOD + "demand:\n  - {kind: od_matrx, file: od.csv}\n",
        [
            'scenario.yaml:7  demand[0].kind = "od_matrx"  no such kind. Closest: "od_matrix". All: trips, od_matrix, random_trips, development.'
        ],
    ),
    (
        "demand is a text",
        GOOD + "demand:\n  - random_trips\n",
        ['scenario.yaml:7  demand[0] = "random_trips"  must be a mapping of keys to values.'],
    ),
    (
        "trips without file",
        GOOD + "demand:\n  - {kind: trips}\n",
        [
            "scenario.yaml:7  demand[0].file  is missing. CSV or Parquet, a trip a row: trip_id, depart_s, origin_link and destination_link (or origin_lon, origin_lat, destination_lon, destination_lat), and if you like vehicle_class (car, truck, bus, emergency, bicycle) and route (the links to drive, with spaces between; empty: the driver finds the way)."
        ],
    ),
    (
        "matrix without zones",
        GOOD + "demand:\n  - {kind: od_matrix, file: od.csv}\n",
        [
            "scenario.yaml:7  demand[0].zones  is missing. Zones: GeoJSON polygons with the property `id`, or CSV with zone, node."
        ],
    ),
    (
        "tables missing",
        GOOD + "demand:\n  - {kind: od_matrix, file: do.csv, zones: zone.geojson, departures: p.csv}\n",
        [
            'scenario.yaml:7  demand[0].file = "do.csv"  no such file. Closest: "od.csv".',
            'scenario.yaml:7  demand[0].zones = "zone.geojson"  no such file. Closest: "zones.geojson".',
            'scenario.yaml:7  demand[0].departures = "p.csv"  no such file. Closest: "od.csv".',
        ],
    ),
    (
        "no trips per hour",
        GOOD + "demand:\n  - {kind: random_trips, per_hour: 0}\n",
        ["scenario.yaml:7  demand[0].per_hour = 0  must be above 0."],
    ),
    (
        "distance negative",
        GOOD + "demand:\n  - {kind: random_trips, per_hour: 9, min_distance_m: -1}\n",
        ["scenario.yaml:7  demand[0].min_distance_m = -1  must be at least 0."],
    ),
    (
        "weights unknown",
        GOOD + "demand:\n  - {kind: random_trips, per_hour: 9, weights: people}\n",
        ['scenario.yaml:7  demand[0].weights = "people"  must be "uniform", "buildings" or "population".'],
    ),
    (
        "population without grid",
        GOOD + "demand:\n  - {kind: random_trips, per_hour: 9, weights: population}\n",
        ["scenario.yaml:7  demand[0].file  is missing: `weights: population` needs a population grid (CSV)."],
    ),
    (
        "grid without use",
        GOOD + "demand:\n  - {kind: random_trips, per_hour: 9, file: od.csv}\n",
        ['scenario.yaml:7  demand[0].file = "od.csv"  is used with `weights: population` only.'],
    ),
    (
        "departures end first",
        GOOD + "demand:\n  - {kind: random_trips, per_hour: 9, start_s: 300, end_s: 300}\n",
        ["scenario.yaml:7  demand[0].end_s = 300  must be after start_s (300). Did you swap them?"],
    ),
    (
        "two demands of one id",
        GOOD + "demand:\n" + "  - {id: a, kind: random_trips, per_hour: 9}\n" * 2,
        ['scenario.yaml:8  demand[1].id = "a"  is the id of demand[0] already. Ids differ.'],
    ),
    # events
    (
        "closure ends before it starts, and more",
        GOOD + "events:\n  - {kind: road_closure, link: B12, start_s: 3600, end_s: 1800, known_to: radio}\n",
        [
            "scenario.yaml:7  events[0].end_s = 1800  must be after start_s (3600). Did you swap them?",
            'scenario.yaml:7  events[0].known_to = "radio"  must be "sight" or "broadcast".',
        ],
    ),
    (
        "closure nowhere",
        GOOD + "events:\n  - {kind: road_closure, start_s: 0}\n",
        ["scenario.yaml:7  events[0]  needs `link` or `links`: ids as listed by `citytwin network`."],
    ),
    (
        "closure at two keys",
        GOOD + "events:\n  - {kind: road_closure, link: a, links: [b], start_s: 0}\n",
        [
            'scenario.yaml:7  events[0].links = ["b"]  is given besides `link`. Keep one; an inherited one is removed by `null`.'
        ],
    ),
    (
        "closure of no links",
        GOOD + "events:\n  - {kind: road_closure, links: [], start_s: 0}\n",
        ["scenario.yaml:7  events[0].links = []  must have at least 1 entry."],
    ),
    (
        "links is a text",
        GOOD + "events:\n  - {kind: road_closure, links: a, start_s: 0}\n",
        ['scenario.yaml:7  events[0].links = "a"  must be a list.'],
    ),
    (
        "link is a number",
        GOOD + "events:\n  - {kind: road_closure, link: 5, start_s: 0}\n",
        ["scenario.yaml:7  events[0].link = 5  must be text: put it in quotes."],
    ),
    (
        "link misspelt",
        GOOD + "events:\n  - {kind: road_closure, lnik: a, start_s: 0}\n",
        [
            'scenario.yaml:7  events[0].lnik = "a"  no such key. Closest: "link", "links". Allowed here: end_s, id, kind, known_to, lanes, link, links, start_s.'
        ],
    ),
    (
        "lanes are words",
        GOOD + "events:\n  - {kind: road_closure, link: a, lanes: [left, -1], start_s: 0}\n",
        [
            'scenario.yaml:7  events[0].lanes[0] = "left"  must be a whole number.',
            "scenario.yaml:7  events[0].lanes[1] = -1  must be at least 0.",
        ],
    ),
    (
        "no start",
        GOOD + "events:\n  - {kind: road_closure, link: a}\n",
        ["scenario.yaml:7  events[0].start_s  is missing. From, in seconds after the scenario's start."],
    ),
    (
        "start negative",
        GOOD + "events:\n  - {kind: road_closure, link: a, start_s: -1}\n",
        ["scenario.yaml:7  events[0].start_s = -1  must be at least 0."],
    ),
    (
        "speed zero",
        GOOD + "events:\n  - {kind: speed_limit, link: a, start_s: 0, speed_kmh: 0}\n",
        ["scenario.yaml:7  events[0].speed_kmh = 0  must be at least 3."],
    ),
    (
        "speed with unit",
        GOOD + "events:\n  - {kind: speed_limit, link: a, start_s: 0, speed_kmh: 30 km/h}\n",
        ['scenario.yaml:7  events[0].speed_kmh = "30 km/h"  must be a number.'],
    ),
    (
        "plan that changes nothing",
        GOOD + "events:\n  - {kind: signal_plan, junction: j, start_s: 0}\n",
        ["scenario.yaml:7  events[0]  changes nothing: give `cycle_s`, `offset_s` or `green_s`."],
    ),
    (
        "greens negative",
        GOOD + "events:\n  - {kind: signal_plan, junction: j, start_s: 0, green_s: [20, -3]}\n",
        ["scenario.yaml:7  events[0].green_s[1] = -3  must be at least 1."],
    ),
    (
        "incident for no time",
        GOOD + "events:\n  - {kind: incident, link: a, start_s: 0, duration_s: 0}\n",
        ["scenario.yaml:7  events[0].duration_s = 0  must be above 0."],
    ),
    (
        "incident with an end",
        GOOD + "events:\n  - {kind: incident, link: a, start_s: 0, end_s: 9}\n",
        [
            "scenario.yaml:7  events[0].duration_s  is missing. How long it stands, s.",
            "scenario.yaml:7  events[0].end_s = 9  no such key. Allowed here: duration_s, id, kind, lane, link, position_m, start_s.",
        ],
    ),
    (
        "event of unknown kind",
        GOOD + "events:\n  - {kind: closure, link: a}\n",
        [
            'scenario.yaml:7  events[0].kind = "closure"  no such kind. Closest: "road_closure". All: road_closure, speed_limit, signal_plan, incident, contraflow.'
        ],
    ),
    (
        "event null",
        GOOD + "events:\n  -\n",
        ["scenario.yaml:7  events[0] = null  must be a mapping of keys to values."],
    ),
    # sensors, outputs, drivers, routes
    (
        "sensor of unknown kind",
        GOOD + "sensors:\n  - {kind: camera, link: a}\n",
        ['scenario.yaml:7  sensors[0].kind = "camera"  must be "loop".'],
    ),
    (
        "sensor reads never",
        GOOD + "sensors:\n  - {kind: loop, link: a, every_s: 0}\n",
        ["scenario.yaml:7  sensors[0].every_s = 0  must be at least 1."],
    ),
    (
        "counts missing",
        GOOD + "sensors:\n  - {kind: loop, link: a, observed: counts.csv}\n",
        ['scenario.yaml:7  sensors[0].observed = "counts.csv"  no such file.'],
    ),
    (
        "a year without a calendar",
        swap(3, 'start: "9999-12-31T23:59"'),
        ['scenario.yaml:3  start = "9999-12-31T23:59"  must lie in a year from 1900 to 9998.'],
    ),
    (
        "begins when the run is over",
        GOOD
        + "events:\n  - kind: incident\n    link: a\n    start_s: 600\n    duration_s: 9\n"
        + "  - {kind: road_closure, link: a, start_s: 599, end_s: 9000}\n"
        + "demand:\n  - {kind: random_trips, per_hour: 60, start_s: 700}\n",
        [
            "scenario.yaml:9  events[0].start_s = 600  is not before the end of the run (duration_s = 600 in line 4): nothing would come of it. Begin earlier, make the run longer, or remove the entry.",
            "scenario.yaml:13  demand[0].start_s = 700  is not before the end of the run (duration_s = 600 in line 4): nothing would come of it. Begin earlier, make the run longer, or remove the entry.",
        ],
    ),
    (
        "changed to begin after the end that the base says",
        "base: busy.yaml\nevents: {fire: {start_s: 600}}\n",
        [
            "scenario.yaml:2  events[0].start_s = 600  is not before the end of the run (duration_s = 600 in morning.yaml:4): nothing would come of it. Begin earlier, make the run longer, or remove the entry.",
        ],
    ),
    (
        "cut short before an inherited event",
        "base: busy.yaml\nduration_s: 300\n",
        [
            "scenario.yaml:2  duration_s = 300  ends the run before demand[0] begins (busy.yaml:4, start_s = 500). Make the run longer, or take the entry out: `demand:` with those that are to stay.",
            "scenario.yaml:2  duration_s = 300  ends the run before events[0] begins (busy.yaml:3, start_s = 300). Make the run longer, or take the entry out: `events: {fire: null}`.",
        ],
    ),
    (
        "routes without a way, with two, and with coordinates the wrong way round",
        GOOD
        + "report:\n  routes:\n    - {name: A}\n    - {name: B, links: [a], origin: [7, 43]}\n"
        + "    - {name: C, origin: [7, 43], destination: [43, 97]}\n    - {name: D, origin: [7], destination: [7, 43]}\n",
        [
            "scenario.yaml:8  report.routes[0]  needs `links`, or `origin` and `destination` as [longitude, latitude].",
            "scenario.yaml:9  report.routes[1]  names links and places. Keep one: `links`, or `origin` and `destination`.",
            "scenario.yaml:10  report.routes[2].destination = [43, 97]  is no [longitude, latitude]. Did you swap them?",
            "scenario.yaml:11  report.routes[3].origin = [7]  must be [longitude, latitude].",
        ],
    ),
    (
        "values without what an hour is worth",
        GOOD + "values: {currency: EUR, hours_a_year: 0, cost_a_year: -1}\n",
        [
            "scenario.yaml:6  values.hour  is missing. What an hour of a vehicle is worth, by class.",
            "scenario.yaml:6  values.hours_a_year = 0  must be above 0.",
            "scenario.yaml:6  values.cost_a_year = -1  must be at least 0.",
        ],
    ),
    (
        "outputs is a number",
        GOOD + "outputs: 300\n",
        ["scenario.yaml:6  outputs = 300  must be a mapping of keys to values."],
    ),
    (
        "checkpoints too often and too few",
        GOOD + "checkpoint: {every_s: 0.1, keep: 1, folder: /tmp}\n",
        [
            "scenario.yaml:6  checkpoint.every_s = 0.1  must be at least 1.",
            "scenario.yaml:6  checkpoint.keep = 1  must be at least 2.",
            'scenario.yaml:6  checkpoint.folder = "/tmp"  no such key. Allowed here: every_s, keep.',
        ],
    ),
    (
        "patches that are nowhere, twice somewhere, and have two corners",
        GOOD + "patches: [{id: a}, {id: b, polygon: [[7, 43], [8, 43], [8, 44]], file: no.geojson}, "
        "{id: c, polygon: [[7, 43], [8, 43]]}]\n",
        [
            "scenario.yaml:6  patches[0]  needs `polygon` or `file`: where people walk in the plane.",
            'scenario.yaml:6  patches[1].file = "no.geojson"  no such file. Closest: "zones.geojson".',
            "scenario.yaml:6  patches[2].polygon = [[7, 43], [8, 43]]  has 2 corners; an area has at least 3.",
        ],
    ),
    (
        "a crowd that is watched, and a square, where nobody walks",
        GOOD + "crowd_monitor: {every_s: 5}\npatches: [{id: a, polygon: [[7, 43], [8, 43], [8, 44]]}]\n",
        [
            "scenario.yaml:6  crowd_monitor  nobody walks in this scenario. Say who does under `walks`, or leave this out.",
            (
                'scenario.yaml:7  patches = [{"id": "a", "polygon": [[7, 43], [8, 43], [8, 44]]}]  nobody walks in this '
                "scenario. Say who does under `walks`, or leave this out."
            ),
        ],
    ),
    (
        "a crowd monitor whose levels do not rise",
        GOOD + "crowd_monitor: {moving: {watch: 3, amber: 2, red: 5}, area_m2: 0, standing: {watch: 3}}\n",
        [
            "scenario.yaml:6  crowd_monitor.moving  watch, amber and red must rise in this order.",
            "scenario.yaml:6  crowd_monitor.standing.amber  is missing. Somebody should act, people per m².",
            "scenario.yaml:6  crowd_monitor.standing.red  is missing. Danger, people per m².",
            "scenario.yaml:6  crowd_monitor.area_m2 = 0  must be above 0.",
        ],
    ),
    (
        "checkpoints without a rhythm",
        GOOD + "checkpoint: {keep: 5}\n",
        ["scenario.yaml:6  checkpoint.every_s  is missing. Simulated time between two snapshots, s."],
    ),
    (
        "output key misspelt",
        GOOD + "outputs: {link_every_s: 300}\n",
        [
            'scenario.yaml:6  outputs.link_every_s = 300  no such key. Closest: "links_every_s", "network_every_s", "fcd_every_s". Allowed here: fcd_every_s, fcd_links, links_every_s, network_every_s, stuck_after_s, sumo, sumo_gzip.'
        ],
    ),
    (
        "drivers out of range",
        GOOD
        + "drivers: {headway_s: 0, max_accel_mps2: 50, length_m: x, power_per_mass_w_per_kg: 1, passing_clearance_m: 0.1, classes: {bicycle: {top_speed_mps: 0}, bike: {}}}\nnetwork: {slopes: 5}\n",
        [
            "scenario.yaml:6  drivers.headway_s = 0  must be at least 0.5.",
            "scenario.yaml:6  drivers.max_accel_mps2 = 50  must be at most 5.",
            'scenario.yaml:6  drivers.length_m = "x"  must be a number.',
            "scenario.yaml:6  drivers.power_per_mass_w_per_kg = 1  must be at least 2.",
            "scenario.yaml:6  drivers.passing_clearance_m = 0.1  must be at least 0.5.",
            "scenario.yaml:6  drivers.classes.bicycle.top_speed_mps = 0  must be at least 1.",
            'scenario.yaml:6  drivers.classes.bike = {}  must be "car", "truck", "bus", "emergency" or "bicycle".',
            "scenario.yaml:7  network.slopes = 5  must be true or false.",
        ],
    ),
    (
        "brakes below comfort",
        GOOD + "drivers: {comfort_decel_mps2: 4, max_decel_mps2: 3}\n",
        ["scenario.yaml:6  drivers.max_decel_mps2 = 3  must not be below comfort_decel_mps2 (4)."],
    ),
    (
        "routes unknown",
        GOOD + "routes: {choice: fastest, perception_noise: 9}\n",
        [
            'scenario.yaml:6  routes.choice = "fastest"  must be "known", "equilibrium", "day_to_day" or "shortest".',
            "scenario.yaml:6  routes.perception_noise = 9  must be at most 2.",
        ],
    ),
    (
        "keys of another choice of routes",
        GOOD + "routes: {iterations: 5, gap: 0.01, learning_rate: 0.5, interval_s: 60}\n",
        [
            f"scenario.yaml:6  routes.{key} = {value}  is used with {choices} only. Remove it; an inherited one is removed by `null`."
            for key, value, choices in (
                ("iterations", 5, "`choice: equilibrium` or `choice: day_to_day`"),
                ("gap", 0.01, "`choice: equilibrium`"),
                ("interval_s", 60, "`choice: equilibrium` or `choice: day_to_day`"),
                ("learning_rate", 0.5, "`choice: day_to_day`"),
            )
        ],
    ),
    (
        "an equilibrium out of range",
        GOOD + "routes: {choice: equilibrium, iterations: 0, gap: 2, interval_s: 1, learning_rate: 0.5}\n",
        [
            "scenario.yaml:6  routes.iterations = 0  must be at least 1.",
            "scenario.yaml:6  routes.gap = 2  must be at most 0.5.",
            "scenario.yaml:6  routes.interval_s = 1  must be at least 30.",
            "scenario.yaml:6  routes.learning_rate = 0.5  is used with `choice: day_to_day` only. Remove it; an inherited one is removed by `null`.",
        ],
    ),
    (
        "remedies out of range and unknown",
        GOOD
        + "remedies:\n  impatience: {gap_share: 1, after_s: 0}\n  leave_locks_after_s: 10\n  teleport_after_s: 60\n",
        [
            "scenario.yaml:7  remedies.impatience.gap_share = 1  must be at most 0.95.",
            "scenario.yaml:7  remedies.impatience.after_s = 0  must be at least 1.",
            "scenario.yaml:8  remedies.leave_locks_after_s = 10  must be at least 30.",
            'scenario.yaml:9  remedies.teleport_after_s = 60  no such key. Closest: "leave_locks_after_s". Allowed here: impatience, leave_locks_after_s.',
        ],
    ),
    (
        "impatience that does not say how long",
        GOOD + "remedies: {impatience: {gap_share: 0.5}}\n",
        [
            "scenario.yaml:6  remedies.impatience.after_s  is missing. Wait at the line after which it is, s; until then the gap shrinks evenly."
        ],
    ),
    (
        "remedies in one word",
        GOOD + "remedies: {impatience: yes, leave_locks_after_s: soon}\n",
        [
            'scenario.yaml:6  remedies.impatience = "yes"  must be a mapping of keys to values.',
            'scenario.yaml:6  remedies.leave_locks_after_s = "soon"  must be a number.',
        ],
    ),
]


def write(folder: Path, text: str | bytes) -> None:
    for name, content in BESIDE.items():
        (folder / name).write_text(content, encoding="utf-8")
    (folder / "scenario.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.mark.parametrize("name,text,want", CASES, ids=[name for name, _, _ in CASES])
def test_every_problem_in_its_words(
    name: str, text: str | bytes, want: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, text)
    monkeypatch.chdir(tmp_path)
    count = "1 problem" if len(want) == 1 else f"{len(want)} problems"
    assert describe(check_scenario("scenario.yaml", with_network=False)) == "\n".join(
        [*want, f"{count}, nothing was run."]
    )
    with pytest.raises(ScenarioError):
        load_scenario("scenario.yaml")


def test_there_are_many_kinds() -> None:
    assert len(CASES) >= 60
    assert len({name for name, _, _ in CASES}) == len(CASES)


def test_the_good_one_is_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, GOOD)
    monkeypatch.chdir(tmp_path)
    assert check_scenario("scenario.yaml", with_network=False) == []
    assert load_scenario("scenario.yaml").city.osm == Path("town.osm")


@pytest.mark.parametrize(
    "path,want",
    [
        ("nowhere.yaml", "nowhere.yaml  no such file."),
        ("scenaro.yaml", 'scenaro.yaml  no such file. Closest: "scenario.yaml".'),
        (".", ".  is a folder, not a scenario file."),
        (
            "monaco/mornin",
            'monaco/mornin  no such file. Closest: "monaco/morning", "monaco/morning_adapted", "monaco/incident".',
        ),
        ("a\0b", "a\0b  no such file."),
        ("x" * 5000, "x" * 5000 + "  no such file."),
    ],
)
def test_files_that_are_none(path: str, want: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, GOOD)
    monkeypatch.chdir(tmp_path)
    assert describe(check_scenario(path, with_network=False)).splitlines()[0] == want
