"""Tags that depend on the time: what holds when, what is told, and networks built from them."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytwin.scenarios import load_network as loading
from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.osm_conditions import Conditions
from citytwin.scenarios.osm_read import OsmRelation
from citytwin.scenarios.osm_streets import build_streets
from citytwin.scenarios.period import Period
from citytwin.scenarios.scenario import check_scenario

from .osm_case import RESIDENTIAL, restriction, town

MONDAY = Period.lasting(dt.datetime(2026, 5, 4, 7), 7200)
SUNDAY = Period.lasting(dt.datetime(2026, 5, 3, 7), 7200)
DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")


@pytest.mark.parametrize(
    "rule,want",
    [
        ("30 @ (Mo-Fr 07:00-09:00)", "30"),
        ("30 @ (Mo-Fr 06:00-17:00)", "30"),
        ("30 @ Mo-Fr 06:00-17:00", "30"),
        ("30 @ (Sa-Su)", "50"),
        ("30 @ (24/7)", "30"),
        ("30 @ (09:00-17:00)", "50"),
        ("30 @ (22:00-07:30)", "30"),
        ("30 @ (Su 00:00-24:00; Mo-Sa 00:00-06:00,22:30-24:00)", "50"),
        ("30 @ (Mo-Fr 07:00-09:00); 20 @ (Mo-Fr 06:00-17:00)", "20"),  # of those that hold the last counts
        ("20 @ (Mo-Fr 06:00-17:00); 30 @ (Sa)", "20"),
        ("30 @ (Mo-Fr AND 06:00-17:00)", "30"),
        ("30 @ (Mo-Fr 06:00-17:00 AND weight>7.5)", "50"),
        ("30 @ (wet)", "50"),
        ("30 @ (weight>7.5); 20 @ (Mo)", "20"),
        ("30 @ (SH Mo-Fr 07:00-09:00)", "50"),
        ("30 @ (PH Mo-Fr 07:00-09:00)", "50"),
        ("30 @ (Mo-Fr,PH 07:00-09:00)", "30"),
        ("30 @ (sunrise-sunset)", "50"),
        ('30 @ (Mo-Fr 07:00-09:00 "when children are present")', "50"),
        ("30 @ (Nov-Apr)", "50"),
        ("30 @ (Mo-Fr 07-09)", "50"),
        ("30", "50"),
        ("", "50"),
    ],
)
def test_what_holds_on_monday_at_seven(rule: str, want: str) -> None:
    tags = Conditions(MONDAY).of_way({"maxspeed": "50", "maxspeed:conditional": rule}, "way/1")
    assert tags["maxspeed"] == want


def test_all_is_told() -> None:
    conditions = Conditions(MONDAY)
    for way in range(5):
        conditions.of_way({"maxspeed:conditional": "30 @ (Mo-Fr 08:00-17:00)"}, f"way/{way}")
    conditions.of_way({"access:conditional": "no @ (Mo-Fr 06:00-17:00)"}, "way/10")
    conditions.of_way({"access:conditional": "no @ (Sa,Su,PH 07:00-20:00)"}, "way/11")
    conditions.of_way({"motor_vehicle:conditional": "no @ (wet)", "oneway:conditional": "yes @ (ice)"}, "way/12")
    told = (
        "Tags that depend on the time (Monday 04 May 2026, 07:00 to 09:00): 1 hold during the whole run, 1 do not hold "
        "during it, 5 change during it, 2 were not read.\n"
        "Tags that change during the run, and stay as at its beginning: maxspeed:conditional=30 @ (Mo-Fr 08:00-17:00) "
        "on way/0, way/1, way/2 and 2 more.\n"
        "Tags that were not read, and so are left out: motor_vehicle:conditional=no @ (wet) on way/12; "
        "oneway:conditional=yes @ (ice) on way/12.\n"
        "Public holidays are not known: 1 places with rules for them are as on other days."
    )
    assert "\n".join(conditions.notes()) == told


def test_without_a_time_they_are_left_out_and_told_of() -> None:
    conditions = Conditions(None)
    tags = {"access": "yes", "access:conditional": "no @ (24/7)"}
    assert conditions.of_way(tags, "way/1") == tags
    assert conditions.notes() == [
        "Tags that depend on the time: 1, left out as only a scenario has one: access:conditional=no @ (24/7) on way/1."
    ]


def test_tags_that_matter_to_nobody_are_no_conditions() -> None:
    for tags in (
        {"maxspeed": "50"},
        {"parking:right:restriction:conditional": "no_parking @ (Mo-Fr 06:00-14:00)"},
        {"restriction:conditional": "loading_only @ (Mo-Fr 07:00-17:00)"},  # of a kerb; of turns only on a relation
    ):
        conditions = Conditions(MONDAY)
        assert conditions.of_way(tags, "way/1") == tags
        assert not conditions.met and conditions.notes() == []


def test_a_change_to_the_same_value_is_none() -> None:
    conditions = Conditions(MONDAY)
    conditions.of_way({"maxspeed": "50", "maxspeed:conditional": "50 @ (Mo-Fr 08:00-17:00)"}, "way/1")
    assert not any("change" in note for note in conditions.notes())


@given(
    days=st.sets(st.sampled_from(DAYS), min_size=1),
    hours=st.tuples(st.integers(0, 23), st.integers(1, 24)).filter(lambda pair: pair[0] < pair[1]),
    start=st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2027, 1, 1)).map(
        lambda at: at.replace(second=0, microsecond=0)
    ),
    minutes=st.integers(1, 2000),
)
def test_every_minute_agrees(days: set[str], hours: tuple[int, int], start: dt.datetime, minutes: int) -> None:
    text = f"{','.join(sorted(days))} {hours[0]:02}:00-{hours[1]:02}:00"
    conditions = Conditions(Period.lasting(start, minutes * 60))
    tags = conditions.of_way({"access:conditional": f"no @ ({text})"}, "way/1")
    holds = []
    for minute in range(minutes):
        at = start + dt.timedelta(minutes=minute)
        holds.append(DAYS[at.weekday()] in days and hours[0] <= at.hour < hours[1])
    assert ("access" in tags) == holds[0]
    outcome = "1 change" if len(set(holds)) == 2 else "1 hold " if holds[0] else "1 do not"
    assert outcome in conditions.notes()[0]


@given(st.text(alphabet='MoTuSaPHadswn0123456789:-,;@()+/" &<>[]|', max_size=40))
def test_no_text_is_too_much(text: str) -> None:
    conditions = Conditions(MONDAY)
    tags = conditions.of_way({"access:conditional": text, "maxspeed:conditional": f"30 @ ({text})"}, "way/1")
    assert set(tags) <= {"access", "access:conditional", "maxspeed", "maxspeed:conditional"}
    assert isinstance(conditions.notes(), list)


# Networks ----------------------------------------------------------------------------------------------------------

# A crossroads at node 3: west 10, east 11, north 12, south 13.
PLACES = {1: (-200, 0), 3: (0, 0), 4: (200, 0), 5: (0, 200), 6: (0, -200), 7: (100, 0)}
WAYS = {10: [1, 3], 11: [3, 7, 4], 12: [5, 3], 13: [3, 6]}


def streets(period: Period | None, *restrictions: OsmRelation, north: dict[str, str] | None = None, **more: object):
    tags = {12: north or {}}
    ways = [(way, nodes, RESIDENTIAL | tags.get(way, {})) for way, nodes in WAYS.items()]
    return build_streets(town(PLACES, ways, restrictions=restrictions, **more), None, period)


def banned(graph) -> frozenset[tuple[str, str]]:
    return next(spec.banned for spec in graph.junctions if spec.id == "node/3")


LEFT = frozenset({("way/10:0-1", "way/12:1-0")})


@pytest.mark.parametrize("period,want", [(MONDAY, LEFT), (SUNDAY, frozenset()), (None, frozenset())])
@pytest.mark.parametrize(
    "tags",
    [
        {"restriction:conditional": "no_left_turn @ (Mo-Fr 07:00-09:00)"},
        {"restriction:motorcar:conditional": "no_left_turn @ (Mo-Fr 07:00-22:00)"},
        {"restriction": "no_left_turn", "day_on": "Mo", "day_off": "Fr", "hour_on": "7", "hour_off": "18:00"},
        {"restriction": "no_left_turn", "restriction:conditional": "none @ (Sa-Su)"},
    ],
    ids=["conditional", "motorcar", "old", "exception"],
)
def test_a_turn_is_forbidden_at_its_hours(tags: dict[str, str], period: Period | None, want: object) -> None:
    kind = tags.get("restriction", "")
    graph = streets(period, restriction(1, kind, 10, 3, 12, **tags))
    if "none @ (Sa-Su)" in tags.values() and period is None:
        want = LEFT  # what is written without condition
    assert banned(graph) == want
    assert graph.depends_on_time
    note = next(note for note in graph.notes if note.startswith("Turn restrictions"))
    assert ("1 of 1 hold" in note) == bool(want) and ("1 do not hold at the time" in note) == (not want)


def test_restrictions_elsewhere_are_not_told_of() -> None:
    far = restriction(1, "", 99, 3, 12, **{"restriction:conditional": "no_left_turn @ (Mo-Fr 07:00-09:00)"})
    graph = streets(MONDAY, far)
    assert not graph.depends_on_time and not any("depend on the time" in note for note in graph.notes)


@pytest.mark.parametrize(
    "north,monday,sunday",
    [
        ({"access:conditional": "no @ (Mo-Fr 07:00-09:00)"}, 0, 2),
        ({"motor_vehicle": "no", "motor_vehicle:conditional": "yes @ (Mo-Fr 06:00-20:00)"}, 2, 0),
        ({"oneway:conditional": "yes @ (Mo-Fr 00:00-24:00)"}, 1, 2),
        ({"vehicle:backward:conditional": "no @ (Mo)"}, 1, 2),
    ],
)
def test_a_street_opens_and_shuts(north: dict[str, str], monday: int, sunday: int) -> None:
    counts = []
    for period in (MONDAY, SUNDAY):
        graph = streets(period, north=north)
        counts.append(sum("way/12" in street.source_ways for street in graph.streets))
    assert counts == [monday, sunday]


def test_a_limit_holds_at_its_hours() -> None:
    limits = {}
    for name, period in (("monday", MONDAY), ("sunday", SUNDAY), ("none", None)):
        graph = streets(period, north={"maxspeed": "50", "maxspeed:conditional": "20 @ (Mo-Fr 06:00-17:00)"})
        limits[name] = {round(s.speed_mps * 3.6) for s in graph.streets if "way/12" in s.source_ways}
    assert limits == {"monday": {20}, "sunday": {50}, "none": {50}}


def test_a_gate_shuts_at_its_hours() -> None:
    gate = {7: {"barrier": "gate", "access:conditional": "no @ (Mo-Fr 00:00-24:00)"}}
    reaches = [
        any(street.id == "way/11:0-2" for street in streets(period, node_tags=gate).streets)
        for period in (MONDAY, SUNDAY)
    ]
    assert reaches == [False, True]


TOWN = """<osm version="0.6">
  <node id="1" lat="47.0" lon="9.0"/><node id="2" lat="47.002" lon="9.0"/><node id="3" lat="47.002" lon="9.003"/>
  <node id="4" lat="47.004" lon="9.0"/>
  <way id="10"><nd ref="1"/><nd ref="2"/><nd ref="4"/><tag k="highway" v="residential"/></way>
  <way id="11"><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/>%s</way>
</osm>
"""
SHUT = '<tag k="access:conditional" v="no @ (Mo-Fr 06:00-10:00)"/>'


def test_the_cache_knows_the_time_where_it_matters(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(loading, "cache_folder", lambda: tmp_path / "cache")
    file = tmp_path / "town.osm"
    file.write_text(TOWN % "")
    assert {load_network(file, period=period).link_count for period in (MONDAY, SUNDAY, None)} == {6}
    assert len(list(tmp_path.glob("cache/networks/*"))) == 1, "one network for all times"
    file.write_text(TOWN % SHUT)
    for _ in range(2):
        assert [load_network(file, period=period).link_count for period in (None, MONDAY, SUNDAY)] == [6, 2, 6]
    assert len(list(tmp_path.glob("cache/networks/*"))) == 4


def test_a_scenario_has_the_streets_of_its_time(tmp_path) -> None:
    (tmp_path / "town.osm").write_text(TOWN % SHUT)
    file = tmp_path / "town.yaml"
    keys = []
    for start in ("2026-05-04T07:00", "2026-05-04T10:00"):
        file.write_text(
            f'citytwin: 1\nstart: "{start}"\nduration_s: 600\ncity: {{osm: town.osm}}\n'
            'events: [{kind: road_closure, link: "way/11:0-1", start_s: 5}]\n'
        )
        keys.append([problem.key for problem in check_scenario(file)])
    assert keys == [["events[0].link"], []]
