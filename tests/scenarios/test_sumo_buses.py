"""SUMO's buses become lines with their stops; who cannot drives on and is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from citytwin.scenarios.scenario import Scenario, check_scenario, load_scenario
from citytwin.scenarios.sumo_buses import DRIVES_ON
from citytwin.scenarios.sumo_import import Imported, import_sumo

from .sumo_case import t_net

STOPS = """
<vType id="bus" vClass="bus"/>
<busStop id="harbour" name="Harbour" lane="in_0" startPos="40" endPos="60"/>
<busStop id="corner" lane="out_0" startPos="80" endPos="-1"/>
"""


def imported(folder: Path, text: str) -> tuple[Imported, Scenario]:
    """Import the T with this in a route file."""
    (folder / "t.net.xml").write_text(t_net())
    (folder / "t.rou.xml").write_text(f"<routes>{text}</routes>")
    config = folder / "t.sumocfg"
    config.write_text(
        '<configuration><input><net-file value="t.net.xml"/><route-files value="t.rou.xml"/></input>'
        '<time><begin value="100"/><end value="3700"/></time></configuration>'
    )
    found = import_sumo(config, folder / "out")
    assert check_scenario(found.scenario) == []
    return found, load_scenario(found.scenario)


def bus(name: str, depart: float, stops: str, edges: str = "in out") -> str:
    return f'<vehicle id="{name}" type="bus" depart="{depart}"><route edges="{edges}"/>{stops}</vehicle>'


CALL = '<stop busStop="harbour" duration="25"/>'


def test_buses_at_one_headway_are_a_line(tmp_path: Path) -> None:
    text = "".join(bus(f"7_{second}", second, CALL) for second in (160, 460, 760))
    found, scenario = imported(tmp_path, STOPS + text)
    (line,) = scenario.public_transport
    assert (line.id, line.headway_s, line.route) == ("7", 300.0, ("in", "out"))
    assert list(line.departures_s(scenario.duration_s)) == [60.0, 360.0, 660.0]  # the run begins at 100 s
    begin, harbour, end = line.stops
    assert (harbour.link, harbour.position_m, harbour.dwell_min_s, harbour.name) == ("in", 60.0, 25.0, "Harbour")
    assert (begin.link, begin.position_m, end.link) == ("in", 12.0, "out")  # as long as a bus; to the end of its way
    assert not scenario.demand and DRIVES_ON not in found.left_out.count


def test_a_flow_and_stops_of_a_route_are_a_line_too(tmp_path: Path) -> None:
    text = (
        f'<route id="way" edges="in out">{CALL}</route>'
        '<flow id="f" type="bus" route="way" begin="100" end="1000" period="120"><stop lane="out_0" endPos="70"'
        ' duration="40"/></flow>'
    )
    _, scenario = imported(tmp_path, STOPS + text)
    (line,) = scenario.public_transport
    assert (line.id, line.headway_s, len(list(line.departures_s(3600.0)))) == ("f", 120.0, 8)
    assert [(stop.link, stop.dwell_min_s) for stop in line.stops[1:-1]] == [("in", 25.0), ("out", 40.0)]


def test_another_headway_and_another_way_are_other_lines(tmp_path: Path) -> None:
    text = "".join(bus(f"7_{second}", second, CALL) for second in (160, 460, 1000))
    text += bus("8", 200, CALL, edges="in -side") + bus("9", 300, "")
    found, scenario = imported(tmp_path, STOPS + text)
    starts = {line.id: list(line.departures_s(3600.0)) for line in scenario.public_transport}
    assert starts == {"7": [60.0, 360.0], "8": [100.0], "7_1000": [900.0]}
    assert found.counts["trips"] == 1  # who stops nowhere is a trip like any other


@pytest.mark.parametrize(
    "vehicle",
    [
        f'<vehicle id="car" depart="200"><route edges="in out"/>{CALL}</vehicle>',
        bus("before", 200, '<stop lane="out_0" duration="9"/><stop lane="in_0" duration="9"/>'),
        bus("until", 200, '<stop busStop="harbour" until="900"/>'),
        bus("long", 200, '<stop busStop="harbour" duration="3600"/>'),
        bus("depot", 200, '<stop parkingArea="depot" duration="60"/>'),
        bus("person", 200, '<stop busStop="harbour" duration="60" triggered="true"/>'),
    ],
)
def test_who_cannot_stand_where_it_should_drives_on(tmp_path: Path, vehicle: str) -> None:
    found, scenario = imported(tmp_path, STOPS + vehicle)
    assert not scenario.public_transport and found.counts["trips"] == 1
    assert found.left_out.count[DRIVES_ON] == vehicle.count("<stop ")


def test_a_stop_at_a_junction_moves_off_it(tmp_path: Path) -> None:
    found, scenario = imported(tmp_path, STOPS + bus("b", 200, '<stop busStop="corner" duration="15" parking="true"/>'))
    (line,) = scenario.public_transport
    assert line.stops[1].position_m == pytest.approx(92.8 - 9.0, abs=0.01)
    assert found.left_out.count["bus stops nearer to a junction than a bus is long: further off"] == 1
    assert found.left_out.count["stops beside the lane: buses stand on it"] == 1
