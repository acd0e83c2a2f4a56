"""Imported SUMO scenarios run from the command line and keep the laws of traffic."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from traffic_laws import TrafficLaws

from citytwin.kernels.traffic_tables import ARRIVED, DRIVING, WAITING
from citytwin.scenarios.scenario import load_scenario
from citytwin.scenarios.sumo_import import import_sumo
from citytwin.sim.cli import main
from citytwin.sim.run import network_of, trips_of
from citytwin.sim.simulation import Simulation

PASUBIO = Path("sumo", "bologna_pasubio", "run.sumocfg")


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def simulation_of(path: Path) -> Simulation:
    scenario = load_scenario(path)
    network = network_of(scenario)
    return Simulation(scenario, network, trips_of(scenario, network))


def test_import_answers_in_text_and_json(data: Path, tmp_path: Path) -> None:
    told = call("import", "sumo", data / PASUBIO, "-o", tmp_path / "a")
    assert told.exit_code == 0
    assert "8,664 trips, 12 bus lines" in told.stdout
    answer = call("import", "sumo", data / PASUBIO, "-o", tmp_path / "b", "--json")
    assert json.loads(answer.stdout)["trips"] == 8664
    assert call("validate", tmp_path / "a" / "scenario.yaml").exit_code == 0


def test_what_cannot_be_imported_is_wrong_input(tmp_path: Path) -> None:
    answer = call("import", "sumo", tmp_path / "gone.sumocfg", "-o", tmp_path / "out", "--json")
    assert answer.exit_code == 2
    (problem,) = json.loads(answer.stdout)["problems"]
    assert "no such file" in problem["text"]
    assert not (tmp_path / "out").exists()


def test_the_published_district_keeps_all_laws(data: Path, tmp_path: Path) -> None:
    """Each step of its first minutes is checked: nobody is lost, runs a red light or drives through anybody."""
    simulation = simulation_of(import_sumo(data / PASUBIO, tmp_path / "out").scenario)
    simulation.run(0.0)
    laws = TrafficLaws(simulation)
    while simulation.t_s < 240.0:
        simulation.run(simulation.t_s + 1.0)
        laws.check()
    vehicles, fleet = simulation.model.fleet.vehicles, simulation.model.fleet
    arrived = np.flatnonzero(vehicles.status[0] == ARRIVED)
    assert arrived.size > 100
    for row in arrived.tolist():  # each over its own route, to its end
        route = fleet.trips.route(row)
        assert fleet.route(0, row).tolist() == route[-1:].tolist()


@pytest.fixture(scope="module")
def peak_hour(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    """The published peak hour and the hour after it, with its own vehicle types (Krauss, sigma 0.5) and step (1 s)."""
    simulation = simulation_of(import_sumo(data / PASUBIO, tmp_path_factory.mktemp("pasubio") / "out").scenario)
    simulation.run()
    return simulation


@pytest.mark.slow
def test_nobody_of_the_published_peak_hour_is_lost(peak_hour: Simulation) -> None:
    status = peak_hour.model.fleet.vehicles.status[0]
    assert sum(int((status == state).sum()) for state in (WAITING, DRIVING, ARRIVED)) == status.size == 8776
    assert (status == ARRIVED).sum() > 6000


@pytest.mark.slow
def test_the_published_peak_hour_arrives(peak_hour: Simulation) -> None:
    """All 8,776 vehicles arrive within the hour after the peak, as in SUMO 1.28 without teleports."""
    assert (peak_hour.model.fleet.vehicles.status[0] == ARRIVED).all()
