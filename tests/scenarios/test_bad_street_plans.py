"""Broken plans for the streets of a small town, each with the exact words a person gets to read."""

from __future__ import annotations

from pathlib import Path

import pytest
from traffic_case import write_town

from citytwin.scenarios.problems import describe
from citytwin.scenarios.scenario import check_scenario

from .test_bad_input import GOOD

# ruff: noqa: E501 (a message is one line)
BESIDE = {
    "two.geojson": '{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[9, 47], [9.001, 47]]}}, {"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[9, 47], [9, 47.001]]}}]}',
    "point.geojson": '{"type": "Point", "coordinates": [9, 47]}',
    "cut.geojson": '{"type": "Poly',
    "metres.geojson": '{"type": "Polygon", "coordinates": [[[500000, 5200000], [500100, 5200000], [500100, 5200100], [500000, 5200000]]]}',
}
CASES: list[tuple[str, str, list[str]]] = [
    (
        "an unknown kind",
        "- {id: a, kind: bus_lanes, link: x}",
        [
            'scenario.yaml:7  streets[0].kind = "bus_lanes"  no such kind. Closest: "bus_lane", "lanes". All: road_added, road_removed, road_opened, lanes, turn_pocket, parking_removed, parking_added, bus_lane, cycle_lane, speed_zone, one_way, one_way_turned, two_way, turn_ban, turn_allowed, signal_added, signal_removed, roundabout, modal_filter.',
        ],
    ),
    (
        "without an id, with a slash in one, and twice",
        "- {kind: one_way, link: x}\n  - {id: a/b, kind: one_way, link: x}\n  - {id: c, kind: one_way, link: x}\n  - {id: c, kind: one_way, link: x}",
        [
            "scenario.yaml:7  streets[0].id  is missing. A name of your own; a file that inherits this one changes the entry by it.",
            'scenario.yaml:8  streets[1].id = "a/b"  must be of letters, digits, `_`, `-` and `.`: new links are named after it.',
            'scenario.yaml:10  streets[3].id = "c"  is the id of streets[2] already. Ids differ.',
        ],
    ),
    (
        "a road with its coordinates swapped",
        "- {id: a, kind: road_added, line: [[47, 9], [147, 9], [9, 147]], speed_kmh: 30}",
        [
            "scenario.yaml:7  streets[0].line[2] = [9, 147]  is no [longitude, latitude]. Did you swap them?",
        ],
    ),
    (
        "a road with neither line nor file, and one with both",
        "- {id: a, kind: road_added, speed_kmh: 30}\n  - {id: b, kind: road_added, line: [[9, 47], [9, 47.1]], file: two.geojson, speed_kmh: 30}",
        [
            "scenario.yaml:7  streets[0]  needs `line` or `file`: where the road runs.",
            'scenario.yaml:8  streets[1].file = "two.geojson"  is given besides `line`. Keep one; an inherited one is removed by `null`.',
        ],
    ),
    (
        "several at once, each in its line",
        "- {id: a, kind: lanes, link: way/101:0-9, lanes: 2}\n  - {id: b, kind: signal_removed, junction: node/1}\n  - {id: c, kind: bus_lane, links: [way/101:1-2, Street 101]}",
        [
            'scenario.yaml:7  streets[0].link = "way/101:0-9"  no such link. Closest: "way/101:0-1", "way/101:1-0", "way/101:1-2".',
            'scenario.yaml:8  streets[1].junction = "node/1"  no such junction. Closest: "node/11", "node/12", "node/13".',
            'scenario.yaml:9  streets[2].links[1] = "Street 101"  is the name of a street: give the id of a link. Its links: "way/101:0-1", "way/101:1-0", "way/101:1-2", "way/101:2-1" and 2 more.',
        ],
    ),
    (
        "a road out in the fields",
        "- {id: a, kind: road_added, line: [[9.0, 47.00135], [9.1, 47.00135]], speed_kmh: 30}",
        [
            "scenario.yaml:7  streets[0].line = [[9.0, 47.00135], [9.1, 47.00135]]  joins nothing there: 7,145 m from its last point is way/203:1-2. Draw it nearer, or allow more: `join_within_m` (25).",
        ],
    ),
    (
        "files that hold something else",
        "- {id: a, kind: road_added, file: two.geojson, speed_kmh: 30}\n  - {id: b, kind: road_added, file: point.geojson, speed_kmh: 30}\n  - {id: c, kind: speed_zone, file: cut.geojson, speed_kmh: 30}\n  - {id: d, kind: speed_zone, file: metres.geojson, speed_kmh: 30}",
        [
            'scenario.yaml:7  streets[0].file = "two.geojson"  holds 2 lines; a road is one LineString. Write one entry for each.',
            'scenario.yaml:8  streets[1].file = "point.geojson"  holds a Point; here it is LineString.',
            'scenario.yaml:9  streets[2].file = "cut.geojson"  cannot be read as GeoJSON: Unterminated string starting at: line 1 column 10 (char 9).',
            'scenario.yaml:10  streets[3].file = "metres.geojson"  500000, 5200000 is no place on Earth. GeoJSON is in longitude and latitude (EPSG:4326).',
        ],
    ),
    (
        "a way that is no way",
        "- {id: a, kind: road_opened, ways: ['12']}",
        [
            'scenario.yaml:7  streets[0].ways[0] = "12"  must be the id of an OpenStreetMap way such as way/123.',
        ],
    ),
    (
        "a way and a barrier that are open, and a way that is not there",
        "- {id: a, kind: road_opened, ways: [way/100, way/300], barriers: [node/12]}",
        [
            'scenario.yaml:7  streets[0].ways[0] = "way/100"  is open to cars already: nothing would change.',
            'scenario.yaml:7  streets[0].ways[1] = "way/300"  no such way in town.osm. Closest: "way/100", "way/200", "way/101".',
            'scenario.yaml:7  streets[0].barriers[0] = "node/12"  is no closed barrier on a road in town.osm.',
        ],
    ),
    (
        "the only way out of a corner, with an event that names a link",
        "- {id: a, kind: modal_filter, links: [way/100:1-2, way/201:0-1, way/200:1-2, way/101:0-1]}\nevents: [{kind: incident, link: x, start_s: 0, duration_s: 60}]",
        [
            "scenario.yaml:6  streets  the streets cannot be changed so, so the links, junctions and places under `events` were not looked up. Put the rest right and validate again.",
            'scenario.yaml:7  streets[0].links = ["way/100:1-2", "way/201:0-1", "way/200:1-2", "way/101:0-1"]  leaves "way/100:1-0", "way/200:1-0" without a way there or back for cars. Change them too, or leave a way.',
        ],
    ),
    (
        "events on links that the plan takes away or splits",
        "- {id: a, kind: road_removed, link: way/101:1-2}\n  - {id: b, kind: road_added, line: [[9.001, 47.00135], [9.001, 47.0027]], speed_kmh: 30}\nevents: [{kind: speed_limit, links: [way/101:1-2, way/102:1-0], speed_kmh: 30, start_s: 0}]",
        [
            'scenario.yaml:9  events[0].links[0] = "way/101:1-2"  is not there any more: streets[0] takes it away or gives it another id.',
            'scenario.yaml:9  events[0].links[1] = "way/102:1-0"  is split by a new road (`streets`) into "way/102:1-0.1" and "way/102:1-0.2".',
        ],
    ),
]


@pytest.mark.parametrize("entries, want", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_every_problem_in_its_words(
    entries: str, want: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_town(tmp_path / "town.osm")
    for name, text in BESIDE.items():
        (tmp_path / name).write_text(text)
    Path("scenario.yaml").write_text(f"{GOOD}streets:\n  {entries}\n")
    count = "1 problem" if len(want) == 1 else f"{len(want)} problems"
    assert describe(check_scenario("scenario.yaml")).splitlines() == [*want, f"{count}, nothing was run."]
