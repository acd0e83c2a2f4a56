"""Trips of a file may be bound to a route; what cannot be driven is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from citytwin.scenarios.demand_files import trips_from_file
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.places import find_places
from citytwin.scenarios.sumo_network import read_sumo_net
from citytwin.scenarios.trips import TripTable

from .sumo_case import write_net

HEAD = "trip_id,depart_s,origin_link,destination_link,vehicle_class,route\n"


@pytest.fixture
def town(tmp_path: Path) -> RoadNetwork:
    return read_sumo_net(write_net(tmp_path))


def read(town: RoadNetwork, folder: Path, rows: str) -> tuple[TripTable | None, list[str]]:
    path = folder / "trips.csv"
    path.write_text(HEAD + rows)
    table, problems = trips_from_file(path, town, find_places(town))
    return table, [str(problem).split("trips.csv")[1] for problem in problems]


def test_routes_follow_their_trips_when_these_are_sorted(town: RoadNetwork, tmp_path: Path) -> None:
    rows = "late,9,in,out,bus,in out\nfree,5,side,-in,,\nfirst,1,-out,-side,car,-out -side\n"
    table, problems = read(town, tmp_path, rows)
    assert not problems
    assert table is not None
    ways = [[town.links.id[link] for link in table.route(trip)] for trip in range(3)]
    assert dict(zip(table.id, ways, strict=True)) == {"first": ["-out", "-side"], "free": [], "late": ["in", "out"]}
    both = TripTable.joined([table, TripTable.sorted(["a"], [0.0], [0], [1])])
    ways = [[town.links.id[link] for link in both.route(trip)] for trip in range(4)]
    assert dict(zip(both.id, ways, strict=True))["late"] == ["in", "out"]
    assert dict(zip(both.id, ways, strict=True))["a"] == []


WRONG = [
    ("unknown", "a,0,in,out,,in outt out", ':2  route = "in outt out"  names outt, which is no link. Closest: "out"'),
    ("turn", "a,0,in,-in,,in -in", ':2  route = "in -in"  turns from in to -in, where no car can.'),
    ("begin", "a,0,side,out,,in out", "must lead from the origin, side, to the destination, out."),
    ("end", "a,0,in,-side,,in out", "must lead from the origin, in, to the destination, -side."),
]


@pytest.mark.parametrize("row, said", [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_route_that_cannot_be_driven_is_a_problem(town: RoadNetwork, tmp_path: Path, row: str, said: str) -> None:
    table, problems = read(town, tmp_path, row + "\n")
    assert table is None
    assert any(said in problem for problem in problems), problems


def test_a_street_for_buses_is_none_for_cars(tmp_path: Path) -> None:
    path = write_net(tmp_path)
    path.write_text(path.read_text().replace('disallow="pedestrian"', 'allow="bus"'))
    town = read_sumo_net(path)
    _, problems = read(town, tmp_path, "a,0,in,out,car,in out\nb,0,in,out,bus,in out\n")
    assert problems == [':2  route = "in out"  begins on in, where no lane is for a car.']
