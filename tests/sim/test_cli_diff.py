"""`citytwin diff` answers as `diff` does, in words, and with the names of the bundled cities' streets."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from traffic_case import BLOCK_DEGREES, TOWN_AT, write_scenario

from citytwin.sim.cli import main

TOWN = """citytwin: 1
name: Town
start: "2026-05-04T07:00"
duration_s: 7200
city: {osm: town.osm}
demand:
  - {id: everybody, kind: random_trips, per_hour: 100}
"""
CLOSED = 'events: [{id: bridge, kind: road_closure, link: "way/1:0-1", start_s: 600, end_s: 5400}]\n'


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("morning.yaml").write_text(TOWN)
    Path("closed.yaml").write_text("base: morning.yaml\nname: Closed\n" + CLOSED)
    Path("town.osm").write_text("<osm/>")


def examples(repository: Path) -> list[tuple[str, str]]:
    """Commands of the page on the command line with what it says they print."""
    text = (repository / "docs" / "command_line.md").read_text(encoding="utf-8")
    return re.findall(r"^\$ citytwin (.*)\n((?:(?!```).*\n)+)", text, re.MULTILINE)


def test_the_page_shows_what_the_commands_print(repository: Path):
    shown = examples(repository)
    assert len(shown) == 3
    for command, printed in shown:
        assert call(*shlex.split(command)).stdout == printed


def test_files_that_differ_give_1_and_the_same_file_0():
    assert call("diff", "morning.yaml", "closed.yaml").exit_code == 1
    answer = call("diff", "morning.yaml", "morning.yaml")
    assert (answer.exit_code, answer.stdout) == (0, "morning.yaml → morning.yaml\nNo differences.\n")


def test_a_copy_under_another_name_does_not_differ():
    unnamed = TOWN.replace("name: Town\n", "")
    Path("a.yaml").write_text(unnamed)
    Path("b.yaml").write_text(unnamed)
    assert call("diff", "a.yaml", "b.yaml").exit_code == 0
    assert call("diff", "a.yaml", "morning.yaml").exit_code == 1


def test_without_the_streets_places_are_told_by_their_ids_and_that_is_said():
    Path("town.osm").unlink()
    answer = call("diff", "morning.yaml", "closed.yaml")
    assert answer.exit_code == 1, answer.stderr
    lines = answer.stdout.splitlines()
    assert "  new: link way/1:0-1 closed 07:10-08:30; drivers learn of it when they get there" in lines
    (note,) = [line for line in lines if "could not be read" in line]
    assert note.startswith("Links and junctions by their ids:")
    assert "town.osm" in note


def test_the_streets_are_not_read_where_nobody_names_them(monkeypatch: pytest.MonkeyPatch):
    def refuse(*args: object, **extra: object) -> None:
        raise AssertionError("the streets were read")

    monkeypatch.setattr("citytwin.scenarios.diff_files.planned_streets", refuse)
    Path("busy.yaml").write_text("base: morning.yaml\ndemand: {everybody: {per_hour: 120}}\n")
    answer = call("diff", "morning.yaml", "busy.yaml")
    assert answer.exit_code == 1
    assert '  demand "everybody" (random trips): 100 → 120 departures an hour (+20 %)\n' in answer.stdout


def test_json_holds_every_difference():
    answer = call("diff", "morning.yaml", "closed.yaml", "--json")
    assert answer.exit_code == 1
    told = json.loads(answer.stdout)
    assert (told["before"], told["after"], len(told["notes"])) == ("morning.yaml", "closed.yaml", 1)
    name, closure = told["differences"]
    assert name == {
        "kind": "name",
        "key": "name",
        "place": [],
        "before": "Town",
        "after": "Closed",
        "text": 'name: "Town" → "Closed"',
    }
    assert (closure["kind"], closure["key"], closure["place"]) == ("event", "events.bridge", ["way/1:0-1"])
    assert closure["before"] is None
    assert closure["after"]["end_s"] == 5400


def test_all_problems_of_both_files_are_told_at_once():
    Path("bad.yaml").write_text(TOWN.replace("7200", "-1"))
    Path("worse.yaml").write_text(TOWN.replace("citytwin: 1", "citytwin: 2") + "colour: red\n")
    answer = call("diff", "bad.yaml", "worse.yaml")
    assert (answer.exit_code, answer.stdout) == (2, "")
    for expected in ("bad.yaml:4  duration_s = -1", "worse.yaml:1  citytwin = 2", "worse.yaml:8  colour", "3 problems"):
        assert expected in answer.stderr
    as_json = call("diff", "bad.yaml", "worse.yaml", "--json")
    assert len(json.loads(as_json.stdout)["problems"]) == 3


def test_nothing_is_downloaded_for_a_city_that_is_wrong(monkeypatch: pytest.MonkeyPatch):
    def refuse(*args: object, **extra: object) -> None:
        raise AssertionError("streets were looked for")

    monkeypatch.setattr("citytwin.scenarios.diff_files.planned_streets", refuse)
    Path("bad.yaml").write_text(TOWN.replace("{osm: town.osm}", "{osm: 3}").replace("7200", "-1") + CLOSED)
    Path("orphan.yaml").write_text("base: nobody.yaml\n" + CLOSED)
    answer = call("diff", "bad.yaml", "orphan.yaml")
    assert answer.exit_code == 2
    assert "3 problems" in answer.stderr


def test_a_table_that_cannot_be_used_is_a_problem():
    matrix = "demand: [{id: od, kind: od_matrix, file: FILE, zones: zones.csv}]\n"
    Path("zones.csv").write_text("zone,node\n3,1\n7,2\n")
    for name, trips in (("good", "100"), ("bad", "many")):
        Path(f"{name}.csv").write_text(f"from_zone,to_zone,trips\n3,7,{trips}\n")
        Path(f"{name}.yaml").write_text("base: morning.yaml\n" + matrix.replace("FILE", f"{name}.csv"))
    answer = call("diff", "good.yaml", "bad.yaml")
    assert answer.exit_code == 2
    assert 'bad.csv:2  trips = "many"' in answer.stderr


def test_a_link_that_is_not_there_is_a_problem():
    Path("wrong.yaml").write_text("base: monaco/road_closed\nevents: {boulevard_d_italie: {links: [way/1:0-1]}}\n")
    answer = call("diff", "monaco/morning", "wrong.yaml")
    assert answer.exit_code == 2
    assert "no such link" in answer.stderr


def test_a_street_that_a_road_splits_is_the_same_street(tmp_path: Path):
    """Whole in one file, its halves in the other: no closure goes, and none comes."""
    write_scenario(tmp_path, demand=[])
    split = "way/101:0-1"
    line = [[TOWN_AT[0] + 0.001, TOWN_AT[1] + row * BLOCK_DEGREES[1]] for row in (1, 2)]
    road = f"streets: [{{id: bypass, kind: road_added, line: {line}, speed_kmh: 50}}]\n"
    for name, links, slow in (("whole", [split], split), ("halves", [f"{split}.1", f"{split}.2"], f"{split}.1")):
        closure = f"{{kind: road_closure, links: {links}, start_s: 0, end_s: 60}}"
        events = f"- {closure}\n- {{kind: speed_limit, link: {slow}, speed_kmh: 30, start_s: 0}}"
        plan = f"base: town.yaml\nname: Plan\n{road if name == 'halves' else ''}events:\n{events}\n"
        Path(f"{name}.yaml").write_text(plan)
    told = call("diff", "whole.yaml", "halves.yaml").stdout.splitlines()
    assert [line for line in told if line.startswith(("  no longer", "  new"))] == [told[1]]
    same, slow = (f"  {what} Street 101 ({split}, one direction): " for what in ("closure of", "speed limit on"))
    assert told[2:4] == [
        f"{same}the same street, split elsewhere, {split} → {split}.1 and {split}.2",
        f"{slow}another part of the same street, {split} → {split}.1",
    ]
    back = call("diff", "halves.yaml", "whole.yaml").stdout
    assert f"the same street, split elsewhere, {split}.1 and {split}.2 → {split}\n" in back


def test_a_misspelt_bundled_city_is_a_problem():
    Path("wrong.yaml").write_text(TOWN.replace("town.osm", "monnaco"))
    answer = call("diff", "morning.yaml", "wrong.yaml")
    assert answer.exit_code == 2
    assert "no bundled city of that name" in answer.stderr


def test_of_many_relations_the_largest_changes_are_listed_and_the_others_counted():
    Path("zones.csv").write_text("zone,node\n" + "".join(f"{zone},{zone}\n" for zone in range(20)))
    for name, more in (("a", 0), ("b", 1)):
        rows = "".join(f"0,{zone},{100 + more * zone}\n" for zone in range(1, 20))
        Path(f"{name}.csv").write_text("from_zone,to_zone,trips\n" + rows)
        demand = f"demand: [{{id: od, kind: od_matrix, file: {name}.csv, zones: zones.csv}}]\n"
        Path(f"{name}.yaml").write_text("base: morning.yaml\n" + demand)
    lines = call("diff", "a.yaml", "b.yaml").stdout.splitlines()
    assert '  demand "od" (OD matrix): zone 0 → 19: 100 → 119 trips (+19 %)' in lines
    assert "  … and 9 more relations. All: --json" in lines
    assert lines[-1] == "21 differences."
    told = json.loads(call("diff", "a.yaml", "b.yaml", "--json").stdout)["differences"]
    assert [found["place"] for found in told][-1] == ["0", "1"]
