"""The scenario file of the architecture page, its schema, and what no file may do: end in a traceback."""

from __future__ import annotations

import json
import pickle
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from citytwin.scenarios.problems import InputError, Problem, ScenarioError, SourceError, describe
from citytwin.scenarios.read_scenario import read_scenario
from citytwin.scenarios.scenario import (
    City,
    Incident,
    OdMatrix,
    RandomTrips,
    RoadClosure,
    Scenario,
    check_scenario,
    load_scenario,
)

EXAMPLE = """\
citytwin: 1
name: Bridge closed, morning peak
base: morning.yaml            # everything of that file, then the changes below
seed: 42
start: "2026-05-04T07:00"
duration_s: 7200
city: {osm: town.osm.gz}
demand:
  - {kind: od_matrix, file: od.csv, zones: zones.geojson, departures: profile.csv}
  - {kind: random_trips, per_hour: 4000, min_distance_m: 800}
events:
  - {kind: road_closure, link: "way/123:0-1", start_s: 600, end_s: 5400, known_to: sight}
sensors:
  - {kind: loop, link: "way/456:2-3", every_s: 300, observed: counts.csv}
outputs: {links_every_s: 300}
"""
FULL = """\
citytwin: 1
name: Everything
seed: 7
start: 2026-05-04 07:00:00
duration_s: 3600
step_s: 0.5
city: {osm: town.osm.gz}
network:
  defaults: {residential: {speed_kmh: 30, lanes_twoway: 1}}
  driving_side: right
  country: MC
  merge: [[node/1, node/2]]
  keep: [node/3]
streets:
  - {id: bypass, kind: road_added, line: [[7.42, 43.73], [7.43, 43.74]], speed_kmh: 50, lanes: 2, one_way: true}
  - {id: zone, kind: speed_zone, polygon: [[7.42, 43.73], [7.43, 43.73], [7.43, 43.74]], speed_kmh: 30}
  - {id: filter, kind: modal_filter, link: way/1:0-1, open_to: [], both_directions: false}
demand:
  - {id: persons, kind: random_trips, per_hour: 100, weights: population, file: grid.csv, start_s: 0, end_s: 600}
demand_changes:
  - {kind: scale, factor: 1.1, demand: persons}
events:
  - {id: shut, kind: road_closure, links: [way/1:0-1, way/2:0-1], lanes: [0], start_s: 0, known_to: broadcast}
  - {kind: speed_limit, link: way/1:0-1, speed_kmh: 30, start_s: 60, end_s: 120}
  - {kind: signal_plan, junction: node/1, start_s: 0, cycle_s: 60, offset_s: 5, green_s: [20, 30.5]}
  - {kind: incident, link: way/1:0-1, lane: 1, position_m: 12.5, start_s: 60, duration_s: 1200}
measures:
  - {id: bridge, kind: toll, links: [way/1:0-1], price: 2}
public_transport:
  - {id: "4", kind: bus_line, headway_s: 600, stops: [{link: way/1:0-1}, {link: way/2:0-1}]}
walks:
  - {id: strollers, kind: random_trips, per_hour: 10}
walking: {preset: code_conservative, speed_mps: 1.2, speed_sd_mps: 0, links_every_s: 60}
patches: [{id: market, polygon: [[7.42, 43.73], [7.43, 43.73], [7.43, 43.74]]}]
crowd_monitor: {every_s: 5, moving: {watch: 1.5, amber: 3, red: 5}, hold_s: 20}
air_warnings:
  - {id: smog, series: counts.csv, pollutant: no2, levels: [{name: alarm, at: 400}]}
hazards:
  - {id: cordon, kind: blocked_area, polygon: [[7.42, 43.73], [7.43, 43.73], [7.43, 43.74]], start_s: 600, end_s: 900}
evacuation:
  zones: [{id: port, polygon: [[7.42, 43.73], [7.43, 43.73], [7.43, 43.74]], population: 900}]
  orders: [{id: first, zones: [port], start_s: 600}]
  shelters: [{id: hall, at: [7.42, 43.74], capacity: 600}]
responders:
  units: [{id: A1, at: [7.42, 43.74]}]
  random_calls: [{id: ill, per_hour: 6}]
air:
  meteorology: {kind: constant, wind_mps: 3, wind_from_deg: 270}
  fleet: {country: DE, year: 2024}
  sources:
    - {id: plant, kind: stack, at: [7.42, 43.74], height_m: 30, diameter_m: 1, exit_speed_mps: 8,
       exit_temperature_c: 120, rates_gps: {nox: 0.5}}
  receptors: [{id: school, kind: point, at: [7.42, 43.74]}, {id: map, kind: grid, spacing_m: 200}]
sensors:
  - {id: loop, kind: loop, link: way/1:0-1, lane: 0, position_m: 3, every_s: 60, observed: counts.csv}
signals:
  control:
    - {kind: actuated, road_classes: [primary], min_green_s: 5, max_green_s: 40, passage_s: 2.5, priority: [bus]}
    - {kind: max_pressure, junctions: [node/1], every_s: 10, pedestrians: false}
  coordination: {groups: [[node/1, node/2]], speed_kmh: 45, cycle_s: 80}
outputs: {links_every_s: 60, network_every_s: 30, stuck_after_s: 600}
checkpoint: {every_s: 60, keep: 5}
drivers: {headway_s: 1.4, speed_factor_sd: 0}
routes:
  {choice: shortest, perception_noise: 0, plan_every_s: 60, reroute_blocked_after_s: never,
   value_of_time_per_h: {car: 9}}
remedies: {impatience: {gap_share: 0.6, after_s: 60}, leave_locks_after_s: 120}
report: {routes: [{name: Harbour, links: [way/1:0-1]}]}
values: {currency: EUR, hour: {car: 12.5}, hours_a_year: 500}
"""


TABLES = {
    "town.osm.gz": "",
    "od.csv": "from_zone,to_zone,trips\na,b,10\n",
    "zones.geojson": json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"id": name},
                    "geometry": {"type": "Polygon", "coordinates": [[[x, 0], [x + 1, 0], [x, 1], [x, 0]]]},
                }
                for x, name in enumerate("ab")
            ],
        }
    ),
    "profile.csv": "start_s,share\n0,1\n",
    "counts.csv": "",
    "grid.csv": "lon,lat,population\n0,0,10\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the examples name."""
    for name, text in TABLES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "morning.yaml").write_text("citytwin: 1\nname: Morning\noutputs: {network_every_s: 30}\n")
    (tmp_path / "example.yaml").write_text(EXAMPLE)
    (tmp_path / "full.yaml").write_text(FULL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_example_of_the_architecture_page(folder: Path) -> None:
    scenario = load_scenario(folder / "example.yaml")
    assert scenario.name == "Bridge closed, morning peak"
    assert scenario.start == datetime(2026, 5, 4, 7)
    assert scenario.city.source == folder / "town.osm.gz"
    matrix, random_trips = scenario.demand
    assert isinstance(matrix, OdMatrix) and matrix.departures == folder / "profile.csv"
    assert isinstance(random_trips, RandomTrips) and random_trips.per_hour == 4000
    (closure,) = scenario.events
    assert isinstance(closure, RoadClosure) and closure.link_ids == ("way/123:0-1",)
    assert scenario.outputs.links_every_s == 300 and scenario.outputs.network_every_s == 30
    assert scenario.folder == folder and scenario.file == folder / "example.yaml"
    names = [file.name for file in scenario.input_files()]
    assert names == [
        *("example.yaml", "morning.yaml", "town.osm.gz", "od.csv", "zones.geojson", "profile.csv", "counts.csv"),
    ]


def test_every_key_is_read(folder: Path) -> None:
    scenario = load_scenario("full.yaml")
    assert scenario.routes.reroute_blocked_after_s is None
    assert scenario.network.merge == (("node/1", "node/2"),)
    incident = scenario.events[3]
    assert isinstance(incident, Incident) and incident.end_s == 1260
    assert scenario.start == datetime(2026, 5, 4, 7)
    written = set(YAML(typ="safe").load(FULL))
    assert written == set(Scenario.model_fields) - {"base"}


def test_a_scenario_stays_as_it_is(folder: Path) -> None:
    scenario = load_scenario("full.yaml")
    with pytest.raises(ValueError, match="frozen"):
        scenario.seed = 3  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(scenario)) == scenario
    assert Scenario.model_validate(scenario.model_dump()).model_dump() == scenario.model_dump()


def test_a_scenario_can_be_made_in_python(folder: Path) -> None:
    scenario = Scenario(
        citytwin=1, name="Mine", start=datetime(2026, 5, 4, 7), duration_s=60, city=City(place="Monaco")
    )
    assert scenario.file is None and scenario.input_files() == () and scenario.city.source == "Monaco"


def test_an_event_made_in_python_begins_before_the_end(folder: Path) -> None:
    start, city = datetime(2026, 5, 4, 7), City(place="Monaco")
    made = {"citytwin": 1, "name": "Mine", "start": start, "duration_s": 60, "city": city}
    crash = {"kind": "incident", "link": "a", "duration_s": 9999}
    assert len(Scenario.model_validate(made | {"events": [crash | {"start_s": 59}]}).events) == 1
    with pytest.raises(ValueError, match=r"begins at 60\.0 s, but the run ends at 60\.0 s"):
        Scenario.model_validate(made | {"events": [crash | {"start_s": 60}]})


def test_an_unnamed_scenario_is_called_like_its_file(folder: Path) -> None:
    (folder / "quiet.yaml").write_text('citytwin: 1\nstart: "2026-05-04T07:00"\nduration_s: 9\ncity: {place: Monaco}\n')
    assert load_scenario("quiet.yaml").name == "quiet"


def test_paths_are_relative_to_the_file_they_stand_in(folder: Path) -> None:
    (folder / "variants").mkdir()
    (folder / "variants/more.yaml").write_text("base: ../example.yaml\ndemand: [{kind: trips, file: trips.csv}]\n")
    (folder / "variants/trips.csv").write_text("")
    scenario = load_scenario("variants/more.yaml")
    assert scenario.city.osm == Path("town.osm.gz")
    assert scenario.demand[0].file == Path("variants/trips.csv")


def test_a_file_wins_over_a_bundled_city(folder: Path) -> None:
    text = 'citytwin: 1\nstart: "2026-05-04T07:00"\nduration_s: 9\ncity: {osm: Monaco}\n'
    (folder / "bundled.yaml").write_text(text)
    source = load_scenario("bundled.yaml").city.osm
    assert source is not None and source.is_absolute() and source.name == "monaco_core.osm.gz"
    (folder / "Monaco").write_text("")
    assert [problem.key for problem in check_scenario("bundled.yaml", with_network=False)] == ["city.osm"]


def test_problems_of_all_kinds_in_one_pass(folder: Path) -> None:
    (folder / "many.yaml").write_text(
        EXAMPLE.replace("seed: 42", "seed: x").replace("5400", "300").replace("od.csv", "do.csv")
    )
    assert [(problem.line, problem.key) for problem in check_scenario("many.yaml", with_network=False)] == [
        (4, "seed"),
        (9, "demand[0].file"),
        (12, "events[0].end_s"),
    ]


def test_errors_carry_their_problems() -> None:
    problem = Problem(Path("a.yaml"), 3, "seed", "x", "must be a whole number.")
    error = ScenarioError([problem])
    assert isinstance(error, InputError)
    assert error.problems == pickle.loads(pickle.dumps(error)).problems == (problem,)
    assert str(SourceError("no nodes.")) == "no nodes."
    assert describe([]) == "No problems found."


def test_the_house_style_example() -> None:
    file = Path("bridge_out.yaml")
    hint = 'no such link. Closest: "B12a", "B2". List all: citytwin network bridge_out.yaml'
    problems = [
        Problem(file, 16, "events[0].end_s", 1800, "must be after start_s (3600). Did you swap them?"),
        Problem(file, 14, "events[0].link", "B12", hint),
    ]
    assert describe(problems).splitlines() == [
        f'bridge_out.yaml:14  events[0].link = "B12"  {hint}',
        "bridge_out.yaml:16  events[0].end_s = 1800  must be after start_s (3600). Did you swap them?",
        "2 problems, nothing was run.",
    ]


# Mutations: whatever is done to a good file, it is refused in words or it is a scenario.

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["way/1:0-1", "null", "2026-05-04", "never", "monaco", ".", "/", "x.csv", "road_closure", "~"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["kind", "id", "x"]), st.text(max_size=2), max_size=2),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to everything in a plain value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([path] if path else []), *(place for key, child in inner for place in places(child, (*path, key)))]


def mutate(data: st.DataObject) -> str:
    """One of the good files with some of its values dropped, doubled, renamed or replaced."""
    value = YAML(typ="safe").load(data.draw(st.sampled_from([EXAMPLE, FULL])))
    for _ in range(data.draw(st.integers(1, 4))):
        found = places(value)
        if not found:
            break
        *path, last = data.draw(st.sampled_from(found))
        around = value
        for part in path:
            around = around[part]
        match data.draw(st.sampled_from(["drop", "double", "rename", "replace"])):
            case "drop":
                del around[last]
            case "double" if isinstance(around, list):
                around.insert(last, around[last])
            case "rename" if isinstance(around, dict):
                around[data.draw(st.text(max_size=6))] = around.pop(last)
            case _:
                around[last] = data.draw(leaves)
    return json.dumps(value, default=str)  # JSON is YAML, NaN and all


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_mutation_of_a_file_gives_a_traceback(folder: Path, data: st.DataObject) -> None:
    (folder / "mutant.yaml").write_text(mutate(data), encoding="utf-8")
    refuse_or_read(folder / "mutant.yaml")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_the_bytes_gives_a_traceback(folder: Path, data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from([EXAMPLE, FULL])).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content)))
        end = at + data.draw(st.integers(0, 12))
        content[at:end] = data.draw(
            st.one_of(st.binary(max_size=4), st.sampled_from([b"\t", b"&a ", b"*a", b": ", b"- ", b"{", b"["]))
        )
    (folder / "damaged.yaml").write_bytes(bytes(content))
    refuse_or_read(folder / "damaged.yaml")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=60), st.text(st.sampled_from("ab:-[]{}&*!|>'\"%@\t\n ,?#1"), max_size=40)))
def test_no_bytes_give_a_traceback(folder: Path, content: bytes | str) -> None:
    (folder / "bytes.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    refuse_or_read(folder / "bytes.yaml")


def refuse_or_read(file: Path) -> None:
    problems = check_scenario(file, with_network=False)
    reading = read_scenario(file)
    assert set(map(str, reading.problems)) <= set(map(str, problems))
    assert (reading.scenario is None) == bool(reading.problems)
    for problem in problems:
        assert problem.text and problem.file is not None
        assert "\n" not in str(problem)
