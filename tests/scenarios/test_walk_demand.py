"""Walks are made by the same kinds of demand as trips, and what is wrong with them is said in full."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from citytwin.scenarios.differences import differences
from citytwin.scenarios.scenario import Scenario, check_scenario, load_scenario
from citytwin.scenarios.walk_demand import build_walks, walk_network_of
from citytwin.scenarios.walk_network import WalkKind
from citytwin.scenarios.walking import Walking
from citytwin.sim.run import network_of

from .test_bad_tables_and_streets import GOOD_FILES, MATRIX, SCENARIO

# ruff: noqa: E501 (a message is one line)


def scenario_with(folder: Path, walks: str, **files: str) -> Path:
    for name, content in {**GOOD_FILES, **files}.items():
        (folder / name).write_text(content)
    (folder / "scenario.yaml").write_text(SCENARIO % "town.osm" + walks)
    return folder / "scenario.yaml"


def walks_of(file: Path):
    scenario: Scenario = load_scenario(file)
    walk = walk_network_of(scenario, network_of(scenario))
    return build_walks(scenario, walk), walk


def test_random_walks_begin_and_end_beside_streets(tmp_path):
    walks, walk = walks_of(
        scenario_with(tmp_path, "walks: [{kind: random_trips, per_hour: 600, min_distance_m: 50}]\n")
    )
    assert len(walks) == 100
    for ends in (walks.origin_link, walks.destination_link):
        assert (walk.links.kind[ends] != WalkKind.CROSSING).all()
    again, _ = walks_of(scenario_with(tmp_path, "walks: [{kind: random_trips, per_hour: 1200, min_distance_m: 50}]\n"))
    first = dict(zip(walks.id, walks.origin_link.tolist(), strict=True))
    more = dict(zip(again.id, again.origin_link.tolist(), strict=True))
    assert all(more[name] == origin for name, origin in first.items())  # more walks change no other


def test_walks_between_zones(tmp_path):
    text = "walks: [{kind: od_matrix, file: od.csv, zones: zones.geojson}]\n"
    walks, _ = walks_of(scenario_with(tmp_path, text))
    assert len(walks) == 10 and all(name.startswith("walk od_matrix/a/b/") for name in walks.id)


def test_walks_of_a_table_go_either_way_on_a_link(tmp_path):
    file = scenario_with(tmp_path, "walks: [{kind: random_trips, per_hour: 60}]\n")
    _, walk = walks_of(file)
    link = walk.links.id[int(np.argmax(walk.links.length_m))]
    table = "trip_id,depart_s,origin_link,destination_link,origin_m,destination_m\n"
    table += f"there,0,{link},{link},5,40\nback,1,{link},{link},40,5\n"
    walks, _ = walks_of(scenario_with(tmp_path, "walks: [{kind: trips, file: foot.csv}]\n", **{"foot.csv": table}))
    assert walks.id == ("there", "back") and walks.origin_m.tolist() == [5.0, 40.0]


CASES: list[tuple[str, str, dict[str, str], list[str]]] = [
    (
        "too far",
        "walks: [{kind: random_trips, per_hour: 60, min_distance_m: 90000}]\n",
        {},
        [
            "scenario.yaml:6  walks[0].min_distance_m = 90000  no two streets of this map lie so far apart (the map is 732 m across). Lower it."
        ],
    ),
    (
        "a link of the road network",
        "walks: [{kind: trips, file: foot.csv}]\n",
        {"foot.csv": "trip_id,depart_s,origin_link,destination_link\na,0,way/14:0-1/rigt,way/14:0-1/right\n"},
        [
            'foot.csv:2  origin_link = "way/14:0-1/rigt"  no such link. Closest: "way/14:0-1/right", "way/11:0-1/right", "way/12:0-1/right". List all: `citytwin network --walk`.'
        ],
    ),
    (
        "an unknown zone",
        "walks: [{kind: od_matrix, file: od.csv, zones: zones.geojson}]\n",
        {"od.csv": MATRIX + "a,c,10\n"},
        ['od.csv:2  to_zone = "c"  no such zone.'],
    ),
    (
        "the same walk twice",
        "walks:\n  - {kind: random_trips, per_hour: 60, id: x}\n  - {kind: od_matrix, file: od.csv, zones: zones.geojson, id: x}\n",
        {},
        ['scenario.yaml:8  walks[1].id = "x"  is the id of walks[0] already. Ids differ.'],
    ),
]


@pytest.mark.parametrize("walks, files, told", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_wrong_with_walks(walks, files, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scenario_with(tmp_path, walks, **files)
    assert [str(problem) for problem in check_scenario(Path("scenario.yaml"))] == told


@pytest.mark.parametrize(
    "text, told",
    [
        (
            "walking: {preset: lab, speed_mps: 9, width: 2}\n",
            [
                'scenario.yaml:6  walking.preset = "lab"  must be "lab_calibrated" or "code_conservative".',
                "scenario.yaml:6  walking.speed_mps = 9  must be at most 3.",
                "scenario.yaml:6  walking.width = 2  no such key. Allowed here: door_less_per_s, door_per_m_s, hazard_weight, links_every_s, patches_above_per_m2, preset, speed_mps, speed_sd_mps.",
            ],
        ),
        (
            "walks: [{kind: development, uses: {dwelling: 3}}]\n",
            ['scenario.yaml:6  walks[0].kind = "development"  no such kind. All: random_trips, od_matrix, trips.'],
        ),
    ],
)
def test_what_is_wrong_with_how_people_walk(text, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scenario_with(tmp_path, text)
    assert [str(problem) for problem in check_scenario(Path("scenario.yaml"), with_network=False)] == told


def test_diff_tells_walks_from_trips():
    before, after = load_scenario("monaco/morning"), load_scenario("monaco/on_foot")
    texts = [found.text for found in differences(before, after)]
    assert texts[1:] == ['new: on foot "errands" (random trips): 3,000 departures an hour, shortest trip 200 m']
    faster = after.model_copy(update={"walking": Walking(speed_mps=1.2, preset="code_conservative")})
    assert [found.text for found in differences(after, faster)] == [
        "walking: people walk as lab_calibrated → code_conservative",
        "walking: mean speed on foot the preset's → 1.2 m/s",
    ]


def test_a_plan_for_the_streets_changes_their_sidewalks(tmp_path):
    def names(streets: str) -> set[str]:
        scenario = load_scenario(scenario_with(tmp_path, streets))
        walk = walk_network_of(scenario, network_of(scenario))
        return {name for name, inferred in zip(walk.links.id, walk.links.inferred, strict=True) if inferred}

    road = "streets: [{id: short, kind: road_added, line: [[7.40, 43.70], [7.404, 43.703]], speed_kmh: 30}]\n"
    new = names(road) - names("")
    assert {"new/short:0-1/right", "new/short:1-0/right"} <= new
