"""The JSON Schema: what editors are told agrees with what the reader accepts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from citytwin.scenarios.scenario import Scenario, scenario_schema

WHOLE = """\
citytwin: 1
start: "2026-05-04T07:00"
duration_s: 7200
city: {osm: monaco}
demand: [{id: a, kind: random_trips, per_hour: 4000, min_distance_m: 800}]
events:
  - {id: shut, kind: road_closure, link: "way/123:0-1", start_s: 600, end_s: 5400, known_to: sight}
  - {kind: signal_plan, junction: node/1, start_s: 0, green_s: [20, 30.5]}
sensors: [{kind: loop, link: "way/456:2-3", every_s: 300}]
routes: {reroute_blocked_after_s: never}
"""
CHANGES = [
    "base: morning.yaml\n",
    "base: morning.yaml\nseed: null\ncity: {osm: null, graphml: town.graphml}\n",
    "base: morning.yaml\nevents: [{id: shut, end_s: 900}]\n",
    "base: morning.yaml\nevents: {shut: null}\ndrivers: {headway_s: null}\n",
    "base: monaco/morning\nevents:\n  - {kind: incident, link: a, start_s: 0, duration_s: 60}\n",
]
WRONG = [
    "citytwin: 1\n",
    WHOLE.replace("duration_s: 7200", "duration_s: -1"),
    WHOLE.replace("citytwin: 1", "citytwin: 2"),
    WHOLE.replace("city: {osm: monaco}", "city: {}"),
    WHOLE.replace("city: {osm: monaco}", "city: {osm: monaco, place: Monaco}"),
    WHOLE.replace("known_to: sight", "known_to: radio"),
    WHOLE.replace("kind: random_trips", "kind: random"),
    WHOLE.replace('start: "2026-05-04T07:00"', "start: Monday"),
    WHOLE + "evnts: []\n",
    "base: morning.yaml\nevnts: []\n",
    "base: morning.yaml\nduration_s: -1\n",
    "base: morning.yaml\ndrivers: {headway: 1}\n",
    "base: morning.yaml\nevents: [{id: shut, end: 900}]\n",
]
VALIDATOR = Draft202012Validator(json.loads(json.dumps(scenario_schema())))


def read(text: str) -> Any:
    return YAML(typ="safe").load(text)


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(scenario_schema())
    assert scenario_schema()["properties"].keys() == Scenario.model_fields.keys()


@pytest.mark.parametrize("text", [WHOLE, *CHANGES])
def test_right_files_pass(text: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(read(text))] == []


@pytest.mark.parametrize("text", WRONG)
def test_wrong_files_do_not(text: str) -> None:
    assert not VALIDATOR.is_valid(read(text))


def test_every_key_is_described() -> None:
    def walk(schema: Any) -> None:
        if isinstance(schema, dict):
            for key, value in schema.get("properties", {}).items():
                assert value.get("description"), key
            for inner in schema.values():
                walk(inner)

    walk(scenario_schema()["$defs"])
