"""A SUMO configuration becomes a scenario folder that can be checked and run, and says what it lacks."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pytest

from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.problems import InputError
from citytwin.scenarios.scenario import check_scenario, load_scenario
from citytwin.scenarios.sumo_import import REPORT, SCENARIO, SIGNALS, TRIPS, TYPES, import_sumo
from citytwin.scenarios.trips import build_trips

from .sumo_case import programme, t_net

LIGHTS = programme((30.0, "GgrrGGG"), (3.0, "yyryyyy"), (20.0, "rrGGrrr"), (3.0, "rryyrrr"))
CONFIG = """<sumoConfiguration>
    <input><net-file value="t.net.xml"/><route-files value="r.rou.xml"/><additional-files value="a.add.xml"/></input>
    <time><begin value="{begin}"/>{end}<step-length value="0.5"/></time>
    <random_number><seed value="7"/></random_number>
    <output><tripinfo-output value="t.xml"/></output>
    <processing><lateral-resolution value="0.8"/>{more}</processing>
    <report><verbose value="true"/></report>
</sumoConfiguration>
"""
ROUTES = """<routes>
    <vType id="car" length="4" tau="1.4" sigma="0" carFollowModel="IDM" speedFactor="normc(0.95,0.05,0.2,2)"/>
    <vehicle id="a" type="car" depart="700"><route edges="in out"/></vehicle>
    <flow id="f" type="car" from="side" to="-in" begin="700" end="1000" number="3"/>
    <person id="w" depart="700"><walk edges="path"/></person>
</routes>
"""
ADDITIONAL = """<additional>
    <inductionLoop id="d" lane="out_0" pos="40" period="60" file="x"/>
    <rerouter id="r" edges="in"><interval begin="900" end="1200"><closingReroute id="-side"/></interval></rerouter>
</additional>
"""


def write_case(
    folder: Path, *, begin: float = 600, end: str = '<end value="1800"/>', more: str = "", **files: str
) -> Path:
    """A configuration with its files; ``files`` replace those of the case (net, routes, additional)."""
    texts = {
        "t.net.xml": files.get("net", t_net(kind="traffic_light", programmes=LIGHTS)),
        "r.rou.xml": files.get("routes", ROUTES),
        "a.add.xml": files.get("additional", ADDITIONAL),
        "case.sumocfg": CONFIG.format(begin=begin, end=end, more=more),
    }
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "case.sumocfg"


def test_a_configuration_becomes_a_scenario_folder(tmp_path: Path) -> None:
    imported = import_sumo(write_case(tmp_path / "sumo"), tmp_path / "out")
    assert {file.name for file in imported.files} == {SCENARIO, "t.net.xml", TRIPS, TYPES, SIGNALS, REPORT}
    assert all(file.is_file() for file in imported.files)
    assert imported.counts == {
        "links": 6,
        "lanes": 7,
        "signals": 1,
        "trips": 4,
        "bus_lines": 0,
        "sensors": 1,
        "events": 1,
    }
    assert check_scenario(imported.scenario) == []
    scenario = load_scenario(imported.scenario)
    assert (scenario.name, scenario.seed, scenario.duration_s, scenario.step_s) == ("case", 7, 1200.0, 0.5)
    assert scenario.start.isoformat() == "2000-01-01T00:10:00"
    assert (scenario.drivers.length_m, scenario.drivers.headway_s) == (4.0, 1.4)
    assert (scenario.drivers.speed_factor_mean, scenario.drivers.speed_factor_sd) == (0.95, 0.05)
    assert scenario.routes.reroute_blocked_after_s == 300.0
    closure, loop = scenario.events[0], scenario.sensors[0]
    assert (closure.link_ids, closure.start_s, closure.end_s) == (("-side",), 300.0, 600.0)
    assert (loop.link, loop.position_m, loop.every_s) == ("out", 40.0, 60.0)
    network = load_network(scenario.city.source, scenario.network)
    trips = build_trips(scenario, network)
    assert trips.id == ("a", "f.0", "f.1", "f.2")
    assert trips.depart_s.tolist() == [100.0, 100.0, 200.0, 300.0]
    assert [network.links.id[link] for link in trips.route(0)] == ["in", "out"]
    assert trips.route(1).size == 0
    assert (tmp_path / "out" / "t.net.xml").read_bytes() == (tmp_path / "sumo" / "t.net.xml").read_bytes()


def test_what_is_not_expressed_is_told_and_written(tmp_path: Path) -> None:
    imported = import_sumo(write_case(tmp_path / "sumo"), tmp_path / "out")
    rows = {row["kind"]: row["count"] for row in imported.as_dict()["not_expressed"]}
    assert rows["<person>: only vehicles travel here"] == 1
    assert rows["option lateral-resolution = 0.8"] == 1
    assert rows["outputs of SUMO: citytwin writes its own tables"] == 1
    assert rows["connections that wait inside their junction: they wait at the stop line"] == 1
    assert rows["footways (no lane for cars, buses or trucks)"] == 1
    assert not any("verbose" in kind for kind in rows)
    report = (tmp_path / "out" / REPORT).read_text()
    assert all(kind in report for kind in rows)


def test_signals_keep_the_clock_of_the_files(tmp_path: Path) -> None:
    """A scenario begins at 0 what SUMO begins at 600 s: its programmes are there where they were."""
    out = tmp_path / "out"
    scenario = load_scenario(import_sumo(write_case(tmp_path / "sumo"), out).scenario)
    signals = load_network(scenario.city.source, scenario.network).signals
    assert signals.offset_s.tolist() == [(0 - 600) % 56]
    at_start = import_sumo(write_case(tmp_path / "at_start", begin=0), tmp_path / "other")
    assert SIGNALS not in {file.name for file in at_start.files}  # nothing to change: the net's own hold


def test_programmes_of_additional_files_hold(tmp_path: Path) -> None:
    other = ADDITIONAL.replace(
        "<additional>", "<additional>" + programme((40.0, "GgrrGGG"), (9.0, "rrGGrrr"), name="b")
    )
    case = write_case(tmp_path / "sumo", begin=0, additional=other)
    scenario = load_scenario(import_sumo(case, tmp_path / "out").scenario)
    assert load_network(scenario.city.source, scenario.network).signals.phase_s.tolist() == [40.0, 9.0]


def test_without_an_end_an_hour_is_left_to_arrive(tmp_path: Path) -> None:
    imported = import_sumo(write_case(tmp_path / "sumo", end=""), tmp_path / "out")
    assert load_scenario(imported.scenario).duration_s == 300.0 + 3600.0


def test_who_is_never_teleported_keeps_its_route(tmp_path: Path) -> None:
    case = write_case(tmp_path / "sumo", more='<time-to-teleport value="-1"/>')
    assert load_scenario(import_sumo(case, tmp_path / "out").scenario).routes.reroute_blocked_after_s is None


def test_packed_files_are_read(tmp_path: Path) -> None:
    case = write_case(tmp_path / "sumo")
    for name in ("t.net.xml", "r.rou.xml"):
        path = case.parent / name
        path.write_bytes(gzip.compress(path.read_bytes()))
    imported = import_sumo(case, tmp_path / "out")
    assert imported.counts["trips"] == 4
    assert check_scenario(imported.scenario) == []


def test_an_import_may_be_done_again_but_overwrites_nothing_else(tmp_path: Path) -> None:
    case = write_case(tmp_path / "sumo")
    import_sumo(case, tmp_path / "out")
    import_sumo(case, tmp_path / "out")
    with pytest.raises(InputError, match="is a folder with other files"):
        import_sumo(case, tmp_path / "sumo")
    with pytest.raises(InputError, match="is a file"):
        import_sumo(case, case)


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    case = write_case(
        tmp_path / "sumo",
        routes=ROUTES.replace("in out", "in outt").replace('type="car" from', 'type="van" from'),
        additional=ADDITIONAL.replace("out_0", "out_3"),
    )
    with pytest.raises(InputError) as caught:
        import_sumo(case, tmp_path / "out")
    said = str(caught.value)
    assert 'r.rou.xml:3  route.edges = "outt"  no such edge in the net. Closest: "out"' in said
    assert 'flow[id="f"].type = "van"  no such vehicle type' in said
    assert 'a.add.xml:2  inductionLoop[id="d"].lane = "out_3"  no such lane' in said
    assert not (tmp_path / "out").exists()


BROKEN = [
    ("case.sumocfg", b"<sumoConfiguration><input>", "Was it cut off?"),
    ("case.sumocfg", b"<routes/>", "is of another kind"),
    ("case.sumocfg", b"<sumoConfiguration/>", "net-file  is missing: a scenario needs a net"),
    (
        "case.sumocfg",
        b'<sumoConfiguration><input><net-file value="tt.net.xml"/></input></sumoConfiguration>',
        'no such file. Closest: "t.net.xml"',
    ),
    ("t.net.xml", b"<net", "Was it cut off?"),
    ("t.net.xml", b"<net/>", "holds no roads"),
    ("r.rou.xml", b"\x1f\x8b\x08\x00abc", "is not a whole gzip file"),
    ("a.add.xml", b"<net/>", "is of another kind"),
]


@pytest.mark.parametrize("name, content, said", BROKEN)
def test_damaged_files_are_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    case = write_case(tmp_path / "sumo")
    (case.parent / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        import_sumo(case, tmp_path / "out")
    assert said in str(caught.value)
    assert {problem.file.name for problem in caught.value.problems if problem.file} == {name}


def test_the_published_district_comes_whole(data: Path, tmp_path: Path) -> None:
    """Bologna, Pasubio: all 8,776 vehicles of the files, 112 of them buses with 499 stops, none without its route."""
    imported = import_sumo(data / "sumo" / "bologna_pasubio" / "run.sumocfg", tmp_path / "out")
    assert imported.counts == {
        "links": 111,
        "lanes": 186,
        "signals": 14,
        "trips": 8664,
        "bus_lines": 12,
        "sensors": 64,
        "events": 0,
    }
    with (tmp_path / "out" / TRIPS).open(newline="") as file:
        trips = list(csv.DictReader(file))
    assert all(len(trip["route"].split()) > 1 for trip in trips)
    classes = [trip["vehicle_class"] for trip in trips]
    assert (classes.count("car"), classes.count("bus"), classes.count("emergency")) == (8133, 0, 531)
    scenario = load_scenario(imported.scenario)
    runs = [len(list(line.departures_s(scenario.duration_s))) for line in scenario.public_transport]
    assert sum(runs) == 112
    stops = [stop for line in scenario.public_transport for stop in line.stops[1:-1]]
    assert sum(run * len(line.stops[1:-1]) for run, line in zip(runs, scenario.public_transport, strict=True)) == 499
    assert {stop.dwell_min_s for stop in stops} == {20.0} and all(stop.name.startswith("busStop#") for stop in stops)
    rows = imported.left_out.count
    assert rows["vehicles of the class ignoring that drive as class emergency"] == 531
    assert rows["stops of vehicles: they drive on"] == 0
    assert check_scenario(imported.scenario) == []
