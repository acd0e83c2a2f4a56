"""Vehicle types become kinds of drivers with their shares."""

from __future__ import annotations

from pathlib import Path

import pytest

from citytwin.scenarios.scenario import load_scenario
from citytwin.scenarios.sumo_import import import_sumo

from .test_sumo_import import write_case

TYPES = """<routes>
    <vType id="usual" sigma="0.3" length="4.2" tau="1.1"/>
    <vType id="quick" carFollowModel="IDM" accel="3" length="4.2" tau="1.1"/>
    <vType id="robot" carFollowModel="CACC" maxSpeed="9" tau="0.2"/>
    <vType id="coach" vClass="coach" carFollowModel="Wiedemann"/>
    <flow id="a" type="usual" from="in" to="out" begin="600" end="700" number="6"/>
    <flow id="b" type="quick" from="in" to="out" begin="600" end="700" number="3"/>
    <flow id="c" type="robot" from="in" to="out" begin="600" end="700" number="1"/>
    <flow id="d" type="coach" from="in" to="out" begin="600" end="700" number="2"/>
</routes>
"""


def test_types_keep_their_parameters_and_shares(tmp_path: Path) -> None:
    imported = import_sumo(write_case(tmp_path / "sumo", routes=TYPES), tmp_path / "out")
    drivers = load_scenario(imported.scenario).drivers
    assert (drivers.model, drivers.imperfection, drivers.length_m) == ("krauss", 0.3, 4.2)
    people = {(one.vehicle_class, one.drivers.model): one for one in drivers.populations()}
    assert people["car", "krauss"].share == pytest.approx(0.6)
    assert people["car", "idm"].share == pytest.approx(0.3)
    quick = people["car", "idm"].drivers
    assert (quick.max_accel_mps2, quick.imperfection, quick.headway_s) == (3.0, 0.0, 1.1)
    robot = people["car", "acc"]
    assert robot.share == pytest.approx(0.1)
    assert robot.drivers.headway_s == 0.5  # the least that a scenario may say
    coach = people["bus", "krauss"].drivers
    assert (coach.length_m, coach.max_accel_mps2, coach.imperfection) == (14.0, 2.0, 0.5)
    rows = imported.left_out.count
    assert rows["headway_s 0.2 of a vehicle type: 0.5"] == 1
    assert rows["the car-following model Wiedemann: Krauss"] == 1
    assert rows["vehicles slower than the fastest street (maxSpeed): the limit is theirs"] == 1
    assert rows["vehicles of class car, of several types: each draws its type by the shares"] == 10
