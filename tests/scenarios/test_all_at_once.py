"""What is wrong in a file and what is wrong with the places that it names is told in one go, and nothing twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evacuation_case import box, corner, write_case
from hazard_case import write_raster

from citytwin.scenarios.scenario import Scenario, check_scenario
from citytwin.scenarios.usable_part import usable_part
from citytwin.scenarios.yaml_lines import as_written

# ruff: noqa: E501 (a message is one line)
HALL = {"id": "hall", "at": corner(2, 2)}


def problems_of(file: Path) -> list[str]:
    return [str(found).split("  ", 1)[1] for found in check_scenario(file)]


def zones(**outlines: Any) -> str:
    features = [
        {"type": "Feature", "properties": {"id": name}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for name, ring in outlines.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def test_all_that_is_wrong_with_an_evacuation_at_once(tmp_path, monkeypatch):
    """A misspelt key, a door without width, an open outline, a zone nobody knows, a shelter without a path, a raster elsewhere."""
    monkeypatch.chdir(tmp_path)
    depth_m = write_raster(Path("depth.tif"), np.ones((2, 2)), "EPSG:25832", 1000.0, 2000.0, 10.0)
    ring = box(2, 0, 3, 3)
    Path("zones.geojson").write_text(zones(east=ring, north=[*box(0, 2, 3, 3), box(0, 2, 3, 3)[0]]))
    file = write_case(
        Path(),
        scenario={"hazards": [{"kind": "flood", "id": "water", "rasters": [{"t_s": 0, "file": str(depth_m)}]}]},
        zones=[{"id": "west", "polygon": box(0, 0, 1, 3), "populaton": 120}],
        zones_file="zones.geojson",
        groups=[{"id": "school", "at": corner(0, 0), "persons": 40, "doors": [{"width_m": 0}]}],
        orders=[{"zones": ["wets", "east", "north"], "start_s": 0, "compliance": 9}],
        shelters=[{"id": "hut", "at": [9.05, 47.0], "by": ["foot"]}, HALL],
        pickups=[{"id": "a", "at": corner(0, 0), "to": "hal"}],
    )
    assert sorted(problems_of(file)) == sorted(
        [
            'evacuation.zones[0].populaton = 120  no such key. Closest: "population", "polygon". Allowed here: id, modes, polygon, population.',
            "evacuation.groups[0].doors[0].width_m = 0  must be at least 0.4.",
            "evacuation.orders[0].compliance = 9  must be at most 1.",
            'evacuation.orders[0].zones[0] = "wets"  no such zone. Closest: "west". All: "west", "east", "north".',
            "evacuation.shelters[0].at = [9.05, 47.0]  no path leads to it: the nearest that joins the others is 3,341 m away. Move it.",
            'evacuation.pickups[0].to = "hal"  no such shelter. Closest: "hall". All: "hut", "hall".',
            "features[0]: the polygon is not closed: its last corner is not its first.",
            'crs = "EPSG:25832"  is the raster\'s coordinate system, the streets are in EPSG:32632. Say so in the scenario, and its cells are looked up there: `crs: "EPSG:25832"`; or reproject it.',
        ]
    )


def test_names_of_entries_that_are_wrong_are_known_and_places_in_lists_stay(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = write_case(
        Path(),
        zones=[{"id": "west", "polygon": box(0, 0, 1, 3)[:2]}, {"id": "east", "polygon": box(2, 0, 3, 3)}],
        groups=[],
        orders=[{"zones": ["west"]}, {"zones": ["west", "wets"], "start_s": 0}],
        shelters=[{"id": "park"}, HALL],
        pickups=[{"id": "a", "at": corner(0, 0), "to": "park"}, {"id": "b", "at": corner(0, 0), "to": "hall"}],
    )
    outline = json.dumps(box(0, 0, 1, 3)[:2])
    found = problems_of(file)
    assert found[0].startswith("evacuation.zones[0].polygon = [[") and "has 2 corners" in found[0], outline
    assert (
        found[1:]
        == [
            "evacuation.orders[0].start_s  is missing. When it is given, seconds after the scenario's start; with `when` not before then.",
            "evacuation.orders[0]  is not right, so `zones` could not be looked up. Put it right and validate again.",
            'evacuation.orders[1].zones[1] = "wets"  no such zone. Closest: "west", "east". All: "west", "east".',
            "evacuation.shelters[0].at  is missing. Where it is: [longitude, latitude].",
            'evacuation.pickups[1].to = "hall"  cannot be reached by bus. Add `bus` to the shelter\'s `by`.',
        ]
        or found
    )


def test_what_does_not_go_together_is_told_beside_the_rest(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = write_case(
        Path(),
        groups=[],
        orders=[{"zones": ["wets"], "start_s": -1}],
        shelters=[HALL, HALL | {"at": [9.05, 47.0], "by": ["foot"]}],
        modes={"car": 0.5, "bus": 0.2},
    )
    assert sorted(problems_of(file)) == sorted(
        [
            'evacuation  names two of its shelters "hall". Ids differ.',
            "evacuation  has people who take a bus (`modes`), and no `pickups` where buses take them up.",
            'evacuation.orders[0].zones[0] = "wets"  no such zone. Closest: "west". All: "west", "east".',
            "evacuation.orders[0].start_s = -1  must be at least 0.",
            "evacuation.shelters[1].at = [9.05, 47.0]  no path leads to it: the nearest that joins the others is 3,341 m away. Move it.",
        ]
    )


@pytest.mark.parametrize("section", ["walks", "responders"])
def test_places_of_other_parts_are_looked_up_beside_mistakes(section, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parts: dict[str, Any] = {
        "walks": [{"kind": "random_trips", "per_hour": "many"}, {"kind": "trips", "file": "walks.csv", "id": 3}],
        "responders": {
            "units": [{"id": "A", "at": [9.05, 47.0], "kind": "helicopter"}, {"id": "B", "at": [9.05, 47.0]}],
            "calls": [{"id": "c", "at": [9.05, 47.0], "t_s": -1, "needs": "fire_engine"}],
        },
    }
    told = {
        "walks": [
            'walks[0].per_hour = "many"  must be a number.',
            "walks[1].id = 3  must be text: put it in quotes.",
            'origin_link = "way/1:2-3"  no such link. Closest: "way/100:2-3/right", "way/101:2-3/right", "way/102:2-3/right". List all: `citytwin network --walk`.',
            'destination_link = "way/1:2-3"  no such link. Closest: "way/100:2-3/right", "way/101:2-3/right", "way/102:2-3/right". List all: `citytwin network --walk`.',
        ],
        "responders": [
            'responders.units[0].kind = "helicopter"  must be "ambulance" or "fire_engine".',
            "responders.units[0].at = [9.05, 47.0]  is 3,344 m from the nearest street that a vehicle can use (at most 500 m). Wrong place?",
            "responders.units[1].at = [9.05, 47.0]  is 3,344 m from the nearest street that a vehicle can use (at most 500 m). Wrong place?",
            "responders.calls[0].t_s = -1  must be at least 0.",
            "responders.calls[0].at = [9.05, 47.0]  is 3,344 m from the nearest street that a vehicle can use (at most 500 m). Wrong place?",
        ],
    }
    Path("walks.csv").write_text("id,depart_s,origin_link,destination_link\na,0,way/1:2-3,way/1:2-3\n")
    file = write_case(Path(), scenario={section: parts[section]})
    assert sorted(problems_of(file)) == sorted(told[section])


def test_a_usable_part_says_where_what_is_left_stood():
    plain = {
        "citytwin": 1,
        "name": "x",
        "start": "2026-05-04T07:00",
        "duration_s": 60,
        "city": {"place": "a"},
        "sensors": [{"kind": "loop"}, {"kind": "loop", "link": "a", "lane": -1}],
    }
    part = usable_part(Scenario, as_written(plain), {})
    assert part.whole is not None and [loop.link for loop in part.whole.sensors] == ["a"]
    assert set(part.left_out_at) == {("sensors", 1, "lane"), ("sensors", 0, "link"), ("sensors", 0)}
    assert part.tree.problem(("sensors", 0, "link"), "").key == "sensors[1].link"
    assert usable_part(Scenario, as_written({"name": 3}), {}).whole is None
