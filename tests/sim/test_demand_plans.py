"""The bundled plans for demand read well, and run: a few minutes of each, nobody lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from citytwin.scenarios.diff_files import diff_files
from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.references import check_against_network
from citytwin.scenarios.scenario import load_scenario
from citytwin.scenarios.trips import build_trips
from citytwin.sim.outcome import summarise
from citytwin.sim.simulation import Simulation

SHORT_S = 240
# What `citytwin diff monaco/morning PLAN` says of each, after the name.
PLANS = {
    "monaco/bus_line": (
        "new: bus line cross-town: every 7 min 30 s from 07:00 to the end of the run, by Boulevard Charles III, "
        "Boulevard Albert 1er, Avenue de la Costa, Boulevard des Moulins and Boulevard d'Italie, 60 passengers an "
        "hour and stop"
    ),
    "monaco/demand_scaled": (
        "new: all trips to an area of 34 ha round 43.7400, 7.4263 that set out 07:00-08:30: 0.8 times as many (-20 %)"
    ),
    "monaco/development": (
        'new: demand "quarter" (new development): an area of 13 ha round 43.7433, 7.4315, 120 dwellings, 2,000 m² of '
        "offices and 1,500 m² of shops, shortest trip 600 m, other ends by buildings"
    ),
    "monaco/low_emission_zone": (
        "new: low-emission zone in an area of 34 ha round 43.7400, 7.4263, from 07:00 to the end of the run: closed to "
        "car but for the 80 % that comply; trips that begin or end there may drive in"
    ),
    "monaco/toll": (
        "new: toll in an area of 34 ha round 43.7400, 7.4263, 07:00-08:30: 3 EUR each time one drives in, nothing by "
        "bus or emergency or bicycle\nroutes: value of an hour none → 12 EUR for car"
    ),
}


@pytest.fixture(scope="module")
def monaco() -> RoadNetwork:
    scenario = load_scenario("monaco/morning")
    return load_network(scenario.city.source, scenario.network)


@pytest.mark.parametrize("name", PLANS)
def test_the_difference_reads_well(name: str) -> None:
    _, *told = diff_files("monaco/morning", name).differences
    assert "\n".join(found.text for found in told) == PLANS[name]


@pytest.mark.parametrize("name", PLANS)
def test_nobody_is_lost(name: str, monaco: RoadNetwork, tmp_path: Path) -> None:
    file = tmp_path / "short.yaml"
    file.write_text(f"base: {name}\nduration_s: {SHORT_S}\n")
    scenario = load_scenario(file)
    assert check_against_network(scenario, scenario.source_map, monaco) == []
    simulation = Simulation(scenario, monaco, build_trips(scenario, monaco))
    simulation.run()
    summary = summarise(simulation, setup_s=0.0, loop_s=0.0)
    there = summary["arrived"] + summary["active"] + summary["waiting"] + summary["stuck"]
    assert summary["created"] == there > 100
