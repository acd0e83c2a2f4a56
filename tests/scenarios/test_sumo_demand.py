"""Vehicles, trips and flows become trips; what they ask for besides is counted."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from citytwin.scenarios.drivers import Drivers
from citytwin.scenarios.sumo_demand import SumoDemand
from citytwin.scenarios.sumo_drivers import drivers_of
from citytwin.scenarios.sumo_left_out import LeftOut
from citytwin.scenarios.sumo_net_file import read_net_file
from citytwin.scenarios.sumo_network import build_sumo_network
from citytwin.scenarios.sumo_xml import SumoFile

from .sumo_case import write_net

Read = Callable[..., tuple[SumoDemand, SumoFile]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read the elements of a route file on the T."""
    rows = read_net_file(write_net(tmp_path))
    network, _ = build_sumo_network(rows)

    def reader(text: str, *, begin_s: float = 0.0, end_s: float = 3600.0) -> tuple[SumoDemand, SumoFile]:
        path = tmp_path / "r.rou.xml"
        path.write_text(f"<routes>\n{text}\n</routes>")
        demand, file = (
            SumoDemand(network, rows.other_edges, rows.earlier_m, begin_s, end_s, 1, LeftOut()),
            SumoFile(path),
        )
        for node in file.elements():
            assert demand.take(file, node)
        return demand, file

    return reader


def test_a_vehicle_is_bound_to_its_route(read: Read) -> None:
    demand, file = read('<vehicle id="a" depart="5.5"><route edges="in out"/></vehicle>')
    (trip,) = demand.trips
    assert not file.problems()
    assert (trip.id, trip.depart_s, trip.links, trip.bound) == ("a", 5.5, ("in", "out"), True)
    assert trip.origin_m == 0.0
    assert trip.destination_m == pytest.approx(demand.network.links.length_m[demand.network.link_row["out"]])
    assert trip.vehicle_class == "car"


def test_a_trip_finds_its_way(read: Read) -> None:
    demand, _ = read('<trip id="a" depart="0" from="side" to="-in" departPos="20" arrivalPos="-30"/>')
    (trip,) = demand.trips
    assert (trip.links, trip.bound, trip.origin_m) == (("side", "-in"), False, 20.0)
    length_m = demand.network.links.length_m[demand.network.link_row["-in"]]
    assert trip.destination_m == pytest.approx(length_m - 30)


def test_named_routes_and_their_repetitions(read: Read) -> None:
    demand, file = read(
        '<route id="ahead" edges="in out"/><route id="round" edges="-out -side" repeat="0"/>'
        '<vehicle id="a" depart="0" route="ahead"/><vehicle id="b" depart="1" route="round"/>'
        '<vehicle id="c" depart="1" route="abroad"/>'
    )
    assert [trip.links for trip in demand.trips] == [("in", "out"), ("-out", "-side")]
    (problem,) = file.problems()
    assert "no such route before this line" in problem.text


FLOWS = [
    ("number", 'begin="0" end="100" number="10"', [10.0 * k for k in range(10)]),
    ("vehsPerHour", 'begin="10" end="70" vehsPerHour="360"', [10.0 + 10 * k for k in range(6)]),
    ("period", 'begin="0" end="9" period="2"', [0.0, 2.0, 4.0, 6.0, 8.0]),
    ("number and period", 'begin="3" number="3" period="5"', [3.0, 8.0, 13.0]),
    ("the end of the simulation", 'period="1000"', [0.0, 1000.0, 2000.0, 3000.0]),
    ("never", 'begin="0" end="100" number="0"', []),
]


@pytest.mark.parametrize("text, want", [row[1:] for row in FLOWS], ids=[row[0] for row in FLOWS])
def test_flows_set_out_evenly(read: Read, text: str, want: list[float]) -> None:
    demand, file = read(f'<flow id="f" from="in" to="out" {text}/>')
    assert not file.problems()
    assert [trip.depart_s for trip in demand.trips] == pytest.approx(want)
    assert [trip.id for trip in demand.trips] == [f"f.{k}" for k in range(len(want))]


@pytest.mark.parametrize("text", ['probability="0.2"', 'period="exp(0.2)"'])
def test_random_flows_have_their_rate(read: Read, text: str) -> None:
    demand, _ = read(f'<flow id="f" from="in" to="out" begin="0" end="36000" {text}/>', end_s=36_000.0)
    times = np.array([trip.depart_s for trip in demand.trips])
    assert len(times) == pytest.approx(7200, abs=4 * math.sqrt(7200))
    gaps = np.diff(times)
    assert gaps.mean() == pytest.approx(5.0, rel=0.05)
    assert gaps.std() == pytest.approx(5.0 if "exp" in text else math.sqrt(0.8) / 0.2, rel=0.1)
    if "probability" in text:
        assert (gaps >= 1).all()
        assert (gaps == np.round(gaps)).all()


def test_types_and_their_distributions(read: Read) -> None:
    demand, file = read(
        '<vType id="van" vClass="delivery" length="6" speedFactor="normc(0.9,0.2,0.2,2)"/>'
        '<vTypeDistribution id="mix"><vType id="one" probability="3" tau="1.5"/>'
        '<vType id="two" probability="1" vClass="bus"/></vTypeDistribution>'
        '<flow id="f" type="mix" from="in" to="out" number="400"/>'
        '<trip id="v" type="van" from="in" to="out" depart="0"/>'
    )
    assert not file.problems()
    kinds = [trip.vehicle_type.id for trip in demand.trips]
    assert kinds.count("one") == pytest.approx(300, abs=35)
    assert kinds.count("one") + kinds.count("two") == 400
    van = demand.trips[-1].vehicle_type
    assert (van.length_m, van.speed_factor_mean, van.speed_factor_sd) == (6.0, 0.9, 0.2)
    assert {trip.vehicle_class for trip in demand.trips} == {"car", "bus"}
    assert demand.types.types["one"].headway_s == 1.5
    assert demand.left_out.count["vehicles of the class delivery that drive as class car"] == 1


def test_only_who_may_drives_in_the_bus_lane(read: Read) -> None:
    """A route is taken only by a class that can drive it: cars reach the end of the street by their own lane."""
    demand, _ = read(
        '<vType id="bike" vClass="tram"/><trip id="b" type="bike" from="in" to="out" depart="0"/>'
        '<vehicle id="c" depart="0"><route edges="out in"/></vehicle>'
        '<vehicle id="p" depart="0"><route edges="path"/></vehicle>'
        '<person id="w" depart="0"/><vehicle id="s" depart="triggered"><route edges="in"/></vehicle>'
    )
    assert not demand.trips
    assert dict(demand.left_out.count) == {
        "vehicles of the class tram": 1,
        "vehicles whose route has a turn that no vehicle can make here": 1,
        "vehicles whose way uses edges that are no roads here": 1,
        "<person>: only vehicles travel here": 1,
        'vehicles with depart="triggered"': 1,
    }


def test_bicycles_ride_as_they_do_in_sumo(read: Read) -> None:
    demand, file = read(
        '<vType id="slow" vClass="bicycle" maxSpeed="4"/><trip id="a" type="slow" from="in" to="out" depart="0"/>'
        '<trip id="b" type="DEFAULT_BIKETYPE" from="in" to="out" depart="1"/>'
        '<trip id="c" from="in" to="out" depart="2"/>'
    )
    assert not file.problems()
    assert [trip.vehicle_class for trip in demand.trips] == ["bicycle", "bicycle", "car"]
    drivers = Drivers.model_validate(drivers_of(demand.trips, demand.network, demand.left_out))
    rest, slow = (people.drivers for people in drivers.populations() if people.vehicle_class == "bicycle")
    assert {rest.top_speed_mps, slow.top_speed_mps} == {4.0, round(20 / 3.6, 4)}
    assert (slow.length_m, slow.min_gap_m, slow.max_accel_mps2) == (1.6, 0.5, 1.2)
    assert drivers.top_speed_mps is None


def test_what_is_not_expressed_is_counted(read: Read) -> None:
    demand, _ = read(
        '<vehicle id="a" depart="0" departLane="1" departSpeed="max" departPos="random" arrivalPos="max" via="out">'
        '<route edges="in out"/><stop lane="in_1" duration="20"/><stop lane="out_0" duration="20"/></vehicle>'
        '<vehicle id="z" depart="5000"><route edges="in out"/></vehicle>'
    )
    assert [trip.id for trip in demand.trips] == ["a"]
    assert dict(demand.left_out.count) == {
        "departLane=a number": 1,
        "departSpeed=max": 1,
        "via=out": 1,
        "stops of vehicles: they drive on": 2,
        "departPos=random: at the beginning": 1,
        "vehicles that set out after it ends": 1,
    }


BAD = [
    ("unknown edge", '<trip id="a" depart="0" from="inn" to="out"/>', 'no such edge in the net. Closest: "in"'),
    (
        "bus stop",
        '<busStop id="here" lane="in_0"/><flow id="a" number="1"><route edges="in out"/><stop busStop="her"/></flow>',
        'no such bus stop before this line. Closest: "here"',
    ),
    ("edge of a stop", '<busStop id="a" lane="inn_0"/>', 'no such edge in the net. Closest: "in"'),
    ("route", '<vehicle id="a" depart="0"><route edges="in gone"/></vehicle>', "no such edge in the net"),
    ("depart", '<trip id="a" depart="soon" from="in" to="out"/>', "is not a number"),
    ("no depart", '<trip id="a" from="in" to="out"/>', "is missing: give a number"),
    ("type", '<trip id="a" type="car" depart="0" from="in" to="out"/>', "no such vehicle type before this line"),
    ("double", '<trip id="a" depart="0" from="in" to="out"/>' * 2, "already. Ids differ"),
    ("nowhere", '<trip id="a" depart="0"/>', "is missing: give a route, or from and to"),
    ("flow", '<flow id="a" from="in" to="out"/>', "needs one of number, vehsPerHour, period and probability"),
    ("probability", '<flow id="a" from="in" to="out" probability="3"/>', "must be at most 1"),
    ("factor", '<vType id="a" speedFactor="fast"/>', "must be a number, norm(mean,dev)"),
    ("empty mix", '<vTypeDistribution id="a"/>', "holds no vehicle type"),
]


@pytest.mark.parametrize("text, said", [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_what_is_wrong_is_named_with_its_line(read: Read, text: str, said: str) -> None:
    _, file = read(text)
    messages = [str(problem) for problem in file.problems()]
    assert any(said in message and ".rou.xml:2  " in message for message in messages), messages
