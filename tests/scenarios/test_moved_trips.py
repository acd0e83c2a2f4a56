"""A plan that changes the streets leaves people's trips as they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from traffic_case import make_scenario, make_trips, write_scenario

from citytwin.agents.routes import Router
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.moved_trips import moved
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.planned_streets import map_streets, planned_streets
from citytwin.scenarios.problems import describe
from citytwin.scenarios.scenario import check_scenario, load_scenario
from citytwin.scenarios.street_draft import of_map
from citytwin.scenarios.synthetic import grid_city
from citytwin.scenarios.trips import TripTable, build_trips

from .plan_case import change, changed, degrees

GRAPH = grid_city(3, 3)
ON_MAP = build_network(GRAPH)
GONE, BACK, ACROSS = (
    f"way/node/{name}" for name in ("000-000>node/000-001", "000-001>node/000-000", "001-000>node/001-001")
)


def test_random_trips_are_those_of_the_base_with_a_new_road_and_without_another(tmp_path) -> None:
    base = load_scenario(write_scenario(tmp_path))
    plan = base.model_copy(
        update={
            "streets": (
                change("road_added", line=[[9.001, 47.00135], [9.001, 47.0027]], speed_kmh=30),
                change("road_removed", id="gone", link="way/202:1-2"),
            )
        }
    )
    before, after = map_streets(base), planned_streets(plan)
    old, new = build_trips(base, before), build_trips(plan, after)
    assert old.id == new.id and len(old) > 200
    np.testing.assert_array_equal(old.depart_s, new.depart_s)
    for one, other in (("origin_link", "origin_link"), ("destination_link", "destination_link")):
        was = [before.links.id[row] for row in getattr(old, one)]
        now = [after.links.id[row] for row in getattr(new, other)]
        still = [name for name in was if name in after.link_row]
        assert [b for a, b in zip(was, now, strict=True) if a in after.link_row] == still
        assert 0 < len(was) - len(still) < len(was) / 3  # of the others, all found a street


def test_buses_drive_on_new_roads_and_everybody_else_as_before(tmp_path: Path) -> None:
    base = load_scenario(write_scenario(tmp_path))
    plan = tmp_path / "plan.yaml"
    road = "{id: b, kind: road_added, line: [[9.001, 47.00135], [9.001, 47.0027]], speed_kmh: 30}"
    stops = '[{link: "new/b:0-1", position_m: 60}, {link: "way/102:0-1.2"}]'
    line = f'{{id: bus, kind: bus_line, stops: {stops}, route: ["new/b:0-1", "way/102:0-1.2"], headway_s: 120}}'
    plan.write_text(f"base: town.yaml\nstreets: [{road}]\npublic_transport: [{line}]\n")
    assert describe(check_scenario(plan)) == "No problems found."
    scenario = load_scenario(plan)
    network = planned_streets(scenario)
    trips = build_trips(scenario, network)
    buses = [row for row, name in enumerate(trips.id) if name.startswith("bus/")]
    assert len(buses) == 5
    assert {network.links.id[trips.origin_link[row]] for row in buses} == {"new/b:0-1"}
    assert set(trips.id) - {trips.id[row] for row in buses} == set(build_trips(base, map_streets(base)).id)


def test_who_lived_on_a_street_that_is_gone_goes_to_the_nearest() -> None:
    trips = make_trips(ON_MAP, [("a", 0.0, GONE, ACROSS), ("b", 1.0, ACROSS, GONE, 0, np.nan, 5.0)])
    after = build_network(changed(GRAPH, change("road_removed", link=GONE, both_directions=False)))
    found = moved(trips, ON_MAP, after)
    assert [after.links.id[row] for row in (found.origin_link[0], found.destination_link[1])] == [BACK, BACK]
    assert found.origin_m[0] == after.links.length_m[after.link_row[BACK]] / 2
    assert found.destination_m[1] > after.links.length_m[after.link_row[BACK]] - 10  # where 5 m from its start were
    assert [after.links.id[row] for row in (found.destination_link[0], found.origin_link[1])] == [ACROSS, ACROSS]


def test_cars_keep_off_a_modal_filter_and_buses_do_not() -> None:
    trips = make_trips(ON_MAP, [("car", 0.0, GONE, ACROSS), ("bus", 0.0, GONE, ACROSS, 2)])
    after = build_network(changed(GRAPH, change("modal_filter", link=GONE)))
    found = moved(trips, ON_MAP, after)
    begin = dict(zip(found.id, [after.links.id[row] for row in found.origin_link], strict=True))
    assert begin["bus"] == GONE
    assert begin["car"] not in (GONE, BACK)


def test_a_given_route_follows_the_parts_of_a_split_street_or_is_given_up() -> None:
    route = [f"way/node/{name}" for name in ("001-000>node/000-000", "000-000>node/000-001", "000-001>node/000-002")]
    rows = [ON_MAP.link_row[name] for name in route]
    trips = TripTable.sorted(
        ("t",),
        np.zeros(1),
        np.array(rows[:1], np.int32),
        np.array(rows[-1:], np.int32),
        routes=(np.array([0, 3]), np.array(rows, np.int32)),
    )
    split = build_network(changed(GRAPH, change("road_added", line=degrees((100, 3), (100, 197)), speed_kmh=30)))
    found = moved(trips, ON_MAP, split)
    assert [split.links.id[row] for row in found.route(0)] == [route[0], f"{GONE}.1", f"{GONE}.2", route[2]]
    banned = build_network(changed(GRAPH, change("turn_ban", from_link=route[1], to_link=route[2])))
    assert moved(trips, ON_MAP, banned).route(0).size == 0
    assert moved(trips, ON_MAP, ON_MAP).route(0).tolist() == rows


def test_a_scenario_without_changes_has_the_streets_of_the_map(tmp_path) -> None:
    scenario = load_scenario(write_scenario(tmp_path))
    assert planned_streets(scenario).links.id == map_streets(scenario).links.id
    assert make_scenario().streets == ()


def test_people_misjudge_a_street_as_before_whatever_is_built_beside_it() -> None:
    graph = grid_city(4, 4)
    on_map = build_network(graph)
    network = build_network(changed(graph, change("road_added", line=degrees((100, 3), (100, 197)), speed_kmh=3)))
    numbers = dict(zip(network.links.id, network.numbers, strict=True))
    rows = {name: row for row, name in enumerate(on_map.links.id)}
    assert on_map.numbers == ()
    assert {name: row for name, row in rows.items() if name in numbers} == {
        name: number for name, number in numbers.items() if name in rows
    }
    assert numbers[f"{GONE}.1"] == numbers[f"{GONE}.2"] == rows[GONE]
    assert min(numbers["new/plan:0-1"], numbers["new/plan:1-0"]) > len(numbers)

    def ways(network: RoadNetwork) -> list[list[str]]:
        """What forty people drive across the town, parts of a street as one."""
        begin, end = (network.link_row[f"way/node/{name}"] for name in ("003-000>node/002-000", "000-002>node/000-003"))
        found = Router(network).plan(
            np.full(40, begin, np.int32), np.full(40, end, np.int32), np.arange(40, dtype=np.uint64), noise=0.6, seed=1
        )
        return [list(dict.fromkeys(of_map(network.links.id[row]) for row in found.route(trip))) for trip in range(40)]

    before = ways(on_map)
    assert len({tuple(way) for way in before}) > 3
    alike, without = (
        sum(a == b for a, b in zip(before, ways(one), strict=True)) for one in (network, replace(network, numbers=()))
    )
    print(alike, without)
    assert alike >= 38  # of 40: a junction more costs some time too
    assert without < 30
