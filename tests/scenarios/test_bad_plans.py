"""Broken plans for demand, charges and public transport, each with the exact words a person gets to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from citytwin.scenarios.problems import describe
from citytwin.scenarios.scenario import check_scenario

from .test_bad_input import GOOD, write

# ruff: noqa: E501 (a message is one line)
CASES: list[tuple[str, str, list[str]]] = [
    (
        "a factor of one",
        "demand_changes:\n  - {kind: scale, factor: 1}\n",
        ["scenario.yaml:7  demand_changes[0].factor = 1  changes nothing: leave the entry out."],
    ),
    (
        "a negative factor, and a slash in the name",
        "demand_changes:\n  - {kind: scale, id: a/b, factor: -1}\n",
        [
            'scenario.yaml:7  demand_changes[0].id = "a/b"  must not hold a `/`: the ids of new trips end with it.',
            "scenario.yaml:7  demand_changes[0].factor = -1  must be at least 0.",
        ],
    ),
    (
        "a scaling twice",
        "demand_changes:\n  - {kind: scale, id: a, factor: 2}\n  - {kind: scale, id: a, factor: 3}\n",
        ['scenario.yaml:8  demand_changes[1].id = "a"  is the id of demand_changes[0] already. Ids differ.'],
    ),
    (
        "an area of two corners",
        "demand_changes:\n  - {kind: scale, factor: 2, from_polygon: [[7, 43], [8, 43]]}\n",
        [
            "scenario.yaml:7  demand_changes[0].from_polygon = [[7, 43], [8, 43]]  has 2 corners; an area has at least 3."
        ],
    ),
    (
        "corners out of order",
        "demand_changes:\n  - {kind: scale, factor: 2, to_polygon: [[7, 43], [8, 44], [8, 43], [7, 44]]}\n",
        [
            "scenario.yaml:7  demand_changes[0].to_polygon = [[7, 43], [8, 44], [8, 43], [7, 44]]  its sides cross. Name the corners in the order in which one walks round."
        ],
    ),
    (
        "corners in metres",
        "demand_changes:\n  - {kind: scale, factor: 2, to_polygon: [[500, 43], [600, 44], [500, 44]]}\n",
        [
            "scenario.yaml:7  demand_changes[0].to_polygon = [[500, 43], [600, 44], [500, 44]]  corner 0 (500, 43) is no place on Earth: longitude, then latitude."
        ],
    ),
    (
        "a development nowhere",
        "demand:\n  - {kind: development, uses: {dwelling: 5}}\n",
        ["scenario.yaml:7  demand[0]  needs `polygon` or `links`: where it is."],
    ),
    (
        "a development in two places, without a house",
        "demand:\n  - {kind: development, polygon: [[7, 43], [8, 43], [8, 44]], links: [a], uses: {}}\n",
        [
            'scenario.yaml:7  demand[0].links = ["a"]  is given besides `polygon`. Keep one; an inherited one is removed by `null`.',
            "scenario.yaml:7  demand[0].uses = {}  must have at least 1 entry.",
        ],
    ),
    (
        "a development of an unknown use",
        "demand:\n  - {kind: development, links: [a], uses: {flats: 5, dwelling: 0}}\n",
        [
            "scenario.yaml:7  demand[0].uses.dwelling = 0  must be above 0.",
            "scenario.yaml:7  demand[0].uses.flats = 5  no rates for this use. All: dwelling, office_m2, shop_m2.",
        ],
    ),
    (
        "uses without rates",
        "demand:\n  - {kind: development, links: [a], uses: {dweling: 5}}\n",
        [
            'scenario.yaml:7  demand[0].uses.dweling = 5  no rates for this use. Closest: "dwelling". All: dwelling, office_m2, shop_m2.'
        ],
    ),
    (
        "a toll without a value of time",
        "measures:\n  - {kind: toll, links: [a], price: 0}\n  - {kind: toll, links: [a], price: 1}\n",
        [
            "scenario.yaml:7  measures[0].price = 0  must be above 0.",
        ],
    ),
    (
        "nobody knows what time is worth",
        "measures:\n  - {kind: toll, links: [a], price: 1}\nroutes: {value_of_time_per_h: {truck: 30}}\n",
        [
            "scenario.yaml:8  routes  with a toll, say what drivers would pay to save an hour: `routes: {value_of_time_per_h: {car: 12}}`.",
        ],
    ),
    (
        "nor is it said anywhere",
        "measures:\n  - {kind: toll, links: [a], price: 1}\n",
        [
            "scenario.yaml:1  routes  with a toll, say what drivers would pay to save an hour: `routes: {value_of_time_per_h: {car: 12}}`.",
        ],
    ),
    (
        "a toll for nobody that exists",
        "measures:\n  - {kind: toll, price: 1, exempt: [tram], prices: {van: 1}}\n",
        [
            'scenario.yaml:7  measures[0].prices.van = 1  must be "car", "truck", "bus", "emergency" or "bicycle".',
            'scenario.yaml:7  measures[0].exempt[0] = "tram"  must be "car", "truck", "bus", "emergency" or "bicycle".',
        ],
    ),
    (
        "a zone nowhere, for nobody",
        "measures:\n  - {kind: low_emission_zone, banned: [], compliant_share: 60}\n",
        [
            "scenario.yaml:7  measures[0].banned = []  must have at least 1 entry.",
            "scenario.yaml:7  measures[0].compliant_share = 60  must be at most 1.",
        ],
    ),
    (
        "a line with one stop, too often, before it begins",
        "public_transport:\n  - {kind: bus_line, id: '4', stops: [{link: a}], headway_s: 10, start_s: 60, end_s: 50}\n",
        [
            'scenario.yaml:7  public_transport[0].stops = [{"link": "a"}]  must have at least 2 entries.',
            "scenario.yaml:7  public_transport[0].headway_s = 10  must be at least 30.",
            "scenario.yaml:7  public_transport[0].end_s = 50  must be after start_s (60). Did you swap them?",
        ],
    ),
    (
        "a line without a name",
        "public_transport:\n  - {kind: bus_line, stops: [{link: a}, {lnk: b}], headway_s: 600}\n",
        [
            "scenario.yaml:7  public_transport[0].id  is missing. Its name or number, which the ids of its buses begin with.",
            "scenario.yaml:7  public_transport[0].stops[1].link  is missing. Link id as listed by `citytwin network`.",
            'scenario.yaml:7  public_transport[0].stops[1].lnk = "b"  no such key. Closest: "link". Allowed here: boarding_per_h, dwell_min_s, link, name, position_m.',
        ],
    ),
    (
        "a scaling after the run",
        "demand_changes:\n  - {kind: scale, factor: 2, start_s: 600}\n",
        [
            "scenario.yaml:7  demand_changes[0].start_s = 600  is not before the end of the run (duration_s = 600 in line 4): nothing would come of it. Begin earlier, make the run longer, or remove the entry."
        ],
    ),
]


@pytest.mark.parametrize("name,text,want", CASES, ids=[name for name, _, _ in CASES])
def test_every_problem_in_its_words(
    name: str, text: str, want: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, GOOD + text)
    monkeypatch.chdir(tmp_path)
    told = describe(check_scenario("scenario.yaml", with_network=False)).splitlines()
    assert told[:-1] == want
